//! `Apache2::RequestRec` (mod_lua: `request_rec`): its fields. What other modules bring of the class stands in the files named
//! after them.

use super::{
    access, dicts, filter, hook_run, host::host, interpreter, log, lua, needs, request_io, request_util, response,
    sub_process, sub_request, uri,
};
use apr::{ArrayHeader, Reenter, SECOND, Table};
use httpd::{Filter, Language, Request, content_handler};
use interp::*;

/// The class.
pub static REQUEST_REC: Class = Class::of::<Request>(ROWS)
    .called("r")
    .parts(&[
        &request_io::PART,
        &request_io::HANDLE,
        &request_util::PART,
        &request_util::MADE,
        &response::PART,
        &access::PART,
        &interpreter::OF_REQUEST,
        &dicts::OF_REQUEST,
        &log::OF_REQUEST,
        &hook_run::PART,
        &sub_request::PART,
        &sub_process::PART,
        &filter::OF_REQUEST,
        &uri::PART,
        &lua::fields::PART,
        &lua::body::PART,
        &lua::cookie::PART,
        &lua::output::PART,
        &lua::text::PART,
        &lua::files::PART,
        &lua::info::PART,
        &lua::ivm::PART,
        &lua::database::PART,
        &lua::websocket::PART,
        &lua::log::PART,
    ])
    .doc("One request.");

static ROWS: &[Row] = &current([
    rw("allowed", Request::allowed, Request::set_allowed).doc("Methods allowed, as bits."),
    rw("allowed_methods", Request::allowed_methods, Request::set_allowed_methods)
        .doc("Methods that the Allow header names."),
    rw("allowed_xmethods", Request::allowed_xmethods, set_allowed_xmethods).doc("Not used by httpd."),
    rw("ap_auth_type", Request::ap_auth_type, Request::set_ap_auth_type).doc("How the user was authenticated."),
    rw("args", Request::args, Request::set_args).doc("The query string."),
    rw("assbackwards", Request::assbackwards, set_assbackwards)
        .doc("Not 0 where the answer has no headers (HTTP/0.9)."),
    rw("bytes_sent", Request::bytes_sent, Request::set_bytes_sent).doc("Bytes of body sent so far."),
    ro("connection", Request::connection).doc("The connection on which the request came."),
    rw("content_encoding", Request::content_encoding, Request::set_content_encoding).doc("Encoding of the answer."),
    method("content_languages([languages])", content_languages).doc("Languages of the answer."),
    rw("content_type", Request::content_type, set_content_type).doc("Type of the answer."),
    rw("err_headers_out", Request::err_headers_out, Request::set_err_headers_out)
        .doc("Headers that are sent with an error and after an internal redirect too."),
    rw("filename", Request::filename, Request::set_filename)
        .needs(&[&needs::TEXT])
        .doc("The file for which the request's URI stands."),
    rw("finfo", Request::file_info, Request::set_file_info)
        .doc("What httpd knows of the request's file: size, times, kind."),
    rw("handler", Request::handler, set_handler).doc("The handler that makes the answer."),
    ro("header_only", Request::is_header_only).doc("Whether only headers are asked for."),
    rw("headers_in", Request::headers_in, Request::set_headers_in).doc("Headers of the request."),
    rw("headers_out", Request::headers_out, Request::set_headers_out).doc("Headers of the answer."),
    rw("hostname", Request::hostname, Request::set_hostname).doc("The host asked for."),
    rw("input_filters", Request::input_filters, set_input_filters)
        .needs(&[&needs::INPUT])
        .doc("The first of the input filters."),
    ro("main", Request::main).doc("The request that this one is a subrequest of."),
    rw("method", Request::method, Request::set_method).needs(&[&needs::TEXT]).doc("Name of the method."),
    rw("method_number", Request::method_number, Request::set_method_number)
        .needs(&[&needs::METHOD])
        .doc("Number of the method; HEAD has that of GET."),
    rw("mtime", |r: &Request| r.mtime() / SECOND, |r: &Request, t: i64| r.set_mtime(t * SECOND))
        .needs(&[&needs::TIME])
        .doc("When the request's resource was last changed, in seconds since 1970."),
    ro("next", Request::next).doc("The request that this one was redirected to."),
    rw("no_local_copy", Request::no_local_copy, Request::set_no_local_copy)
        .doc("Not 0 if If-Modified-Since and its kin do not count."),
    rw("notes", Request::notes, Request::set_notes).doc("Notes from module to module."),
    rw("output_filters", Request::output_filters, set_output_filters)
        .needs(&[&needs::OUTPUT])
        .doc("The first of the output filters."),
    rw("path_info", Request::path_info, Request::set_path_info).doc("What follows the file in the URI."),
    ro("per_dir_config", Request::per_dir_config)
        .doc("The modules' configuration of the request's directory, by module number."),
    ro("pool", Request::pool).doc("The pool that dies with this object."),
    ro("prev", Request::prev).doc("The request that was redirected to this one."),
    rw("proto_input_filters", Request::proto_input_filters, set_proto_input_filters)
        .needs(&[&needs::PROTO_INPUT])
        .doc("The first of the input filters that a redirect keeps."),
    rw("proto_output_filters", Request::proto_output_filters, set_proto_output_filters)
        .needs(&[&needs::PROTO_OUTPUT])
        .doc("The first of the output filters that a redirect keeps."),
    ro("proto_num", Request::proto_num).doc("The protocol as a number: 1001 for HTTP/1.1."),
    ro("protocol", Request::protocol).doc("The protocol, HTTP/1.1 and the like."),
    method("proxyreq([value])", proxyreq)
        .doc("PROXYREQ_*: 0 if it is for this server; when read, a URI with another host makes it one for a proxy."),
    ro("request_config", Request::request_config).doc("What modules keep for it."),
    ro("request_time", |r: &Request| r.request_time() / SECOND).doc("When the request came, in seconds since 1970."),
    ro("server", Request::server).doc("The server that the request is for."),
    rw("status", Request::status, Request::set_status).doc("Status of the answer; 200 unless set."),
    rw("status_line", Request::status_line, Request::set_status_line)
        .doc("The status line of the answer, if it is not httpd's own."),
    method("subprocess_env([key], [value])", subprocess_env)
        .doc("Environment for CGI and its kin: the table, a value, or a new value; in void context fills it."),
    rw("the_request", Request::the_request, Request::set_the_request)
        .needs(&[&needs::TEXT])
        .doc("The first line of the request."),
    ro("unparsed_uri", Request::unparsed_uri).doc("The URI as it was sent."),
    rw("uri", Request::uri, Request::set_uri).needs(&[&needs::TEXT]).doc("Path part of the URI, decoded."),
    rw("used_path_info", Request::used_path_info, Request::set_used_path_info).doc("Whether path info is an error."),
    rw("user", Request::user, Request::set_user).doc("The name of an authenticated user."),
    ro("useragent_addr", Request::useragent_addr).doc("Address of the client; behind a proxy that of its client."),
    rw("useragent_ip", Request::useragent_ip, Request::set_useragent_ip)
        .needs(&[&needs::TEXT])
        .doc("Address of the client; behind a proxy that of its client."),
]);

/// Who says so sends headers of its own, if any.
fn set_assbackwards(r: &Request, value: i32) -> Result<()> {
    r.set_assbackwards(value);
    if value != 0 {
        host()?.output.headers_are_set(r);
    }
    Ok(())
}

fn set_content_type(r: &Request, value: Option<&[u8]>) -> Result<()> {
    r.set_content_type(value);
    host()?.output.headers_are_set(r);
    Ok(())
}

/// Within the response phase it is too late for another kind of ours.
fn set_handler(r: &Request, handler: Maybe<&[u8]>) -> Result<()> {
    let new = handler.0.ok_or("the new handler must be a string")?;
    let old = r.handler().unwrap_or_default();
    let ours = |name: &[u8]| content_handler(name).is_some_and(|content| content.is_of(Language::Perl));
    if host()?.calls.phase() == Some("PerlResponseHandler") && ours(old) && ours(new) && old != new {
        let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
        return Err(format!("Can't switch from '{old}' to '{new}' response handler").into());
    }
    r.set_handler(Some(new));
    r.note_handler_of_script();
    Ok(())
}

fn set_allowed_xmethods(r: &Request, array: &ArrayHeader) -> Result<()> {
    if r.set_allowed_xmethods(array) { Ok(()) } else { Err("the array could be gone before the request".into()) }
}

fn fits(put: bool) -> Result<()> {
    if put { Ok(()) } else { Err(super::filter::GONE.into()) }
}
fn set_input_filters(r: &Request, filter: &Filter) -> Result<()> {
    fits(r.set_input_filters(filter))
}
fn set_output_filters(r: &Request, filter: &Filter) -> Result<()> {
    fits(r.set_output_filters(filter))
}
fn set_proto_input_filters(r: &Request, filter: &Filter) -> Result<()> {
    fits(r.set_proto_input_filters(filter))
}
fn set_proto_output_filters(r: &Request, filter: &Filter) -> Result<()> {
    fits(r.set_proto_output_filters(filter))
}

fn proxyreq(r: &Request, value: Option<i32>) -> i32 {
    if value.is_none() {
        r.detect_proxy();
    }
    let old = r.proxyreq();
    if let Some(value) = value {
        r.set_proxyreq(value);
    }
    old
}

fn content_languages(r: &Request, languages: Option<Strings>) -> Result<Array<Vec<u8>>> {
    if languages.is_some_and(|l| !l.is_array()) {
        return Err("the languages: Not an array reference".into());
    }
    let old = Array(r.content_languages().iter().map(|l| l.to_vec()).collect());
    if let Some(new) = languages {
        r.set_content_languages(&new.iter().collect::<Vec<_>>());
    }
    Ok(old)
}

fn subprocess_env<'r>(
    r: &'r Request,
    key: Option<&[u8]>,
    value: Option<Maybe<&[u8]>>,
    want: Want,
    cx: Reenter,
) -> Result<Either<&'r Table, Tainted<Option<Vec<u8>>>>> {
    host()?.output.complete_env(cx, r);
    if let Some(key) = key {
        return Ok(Either::B(Tainted(request_util::get_or_set(r.subprocess_env(), key, value))));
    }
    if want == Want::Void {
        host()?.output.fill_env(cx, r)?;
    }
    Ok(Either::A(r.subprocess_env()))
}
