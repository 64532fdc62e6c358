//! `Apache2::RequestRec` (mod_lua: `request_rec`): one row per name a script can use; the work is in crate `httpd` or in the
//! files named after the modules that bring the rows.

use super::{log, needs, request_io as io, request_util as util, sub_process, sub_request as sub};
use apr::{ArrayHeader, Pool, Reenter, Table};
use httpd::{Filter, Request, log::Level};
use interp::*;

const IO: &str = "Apache2::RequestIO";
const UTIL: &str = "Apache2::RequestUtil";
const RESPONSE: &str = "Apache2::Response";
const ACCESS: &str = "Apache2::Access";
const LOG: &str = "Apache2::Log";
const SUBREQUEST: &str = "Apache2::SubRequest";
const HOOKS: &str = "Apache2::HookRun";
const URI: &str = "Apache2::URI";

/// Its rows.
pub static REQUEST_REC: Class = Class::of::<Request>(&[
    // Fields.
    rw("allowed", Request::allowed, Request::set_allowed).current().doc("Methods allowed, as bits."),
    rw("allowed_methods", Request::allowed_methods, Request::set_allowed_methods)
        .current()
        .doc("Methods that the Allow header names."),
    rw("allowed_xmethods", Request::allowed_xmethods, set_allowed_xmethods).current().doc("Not used by httpd."),
    rw("ap_auth_type", Request::ap_auth_type, Request::set_ap_auth_type)
        .current()
        .doc("How the user was authenticated."),
    rw("args", Request::args, Request::set_args).current().doc("The query string."),
    rw("assbackwards", Request::assbackwards, Request::set_assbackwards)
        .current()
        .doc("Not 0 where the answer has no headers (HTTP/0.9)."),
    rw("bytes_sent", Request::bytes_sent, Request::set_bytes_sent).current().doc("Bytes of body sent so far."),
    ro("connection", Request::connection).current().doc("The connection on which the request came."),
    rw("content_encoding", Request::content_encoding, Request::set_content_encoding)
        .current()
        .doc("Encoding of the answer."),
    method("content_languages([languages])", content_languages).current().doc("Languages of the answer."),
    rw("content_type", Request::content_type, set_content_type).current().doc("Type of the answer."),
    rw("err_headers_out", Request::err_headers_out, |r: &Request, t: &Table| r.set_err_headers_out(*t))
        .current()
        .doc("Headers that are sent with an error and after an internal redirect too."),
    rw("filename", Request::filename, Request::set_filename)
        .needs(&[&needs::TEXT])
        .current()
        .doc("The file for which the request's URI stands."),
    rw("finfo", Request::file_info, Request::set_file_info).current().doc("What httpd knows of the request's file: size, times, kind."),
    rw("handler", Request::handler, set_handler).current().doc("The handler that makes the answer."),
    ro("header_only", Request::is_header_only).current().doc("Whether only headers are asked for."),
    rw("headers_in", Request::headers_in, |r: &Request, t: &Table| r.set_headers_in(*t))
        .current()
        .doc("Headers of the request."),
    rw("headers_out", Request::headers_out, |r: &Request, t: &Table| r.set_headers_out(*t))
        .current()
        .doc("Headers of the answer."),
    rw("hostname", Request::hostname, Request::set_hostname).current().doc("The host asked for."),
    rw("input_filters", Request::input_filters, set_input_filters)
        .needs(&[&needs::INPUT])
        .current()
        .doc("The first of the input filters."),
    ro("main", Request::main).current().doc("The request that this one is a subrequest of."),
    rw("method", Request::method, Request::set_method).needs(&[&needs::TEXT]).current().doc("Name of the method."),
    rw("method_number", Request::method_number, Request::set_method_number)
        .needs(&[&needs::METHOD])
        .current()
        .doc("Number of the method; HEAD has that of GET."),
    rw("mtime", |r: &Request| r.mtime() / SECOND, |r: &Request, t: i64| r.set_mtime(t * SECOND))
        .needs(&[&needs::TIME])
        .current()
        .doc("When the request's resource was last changed, in seconds since 1970."),
    ro("next", Request::next).current().doc("The request that this one was redirected to."),
    method("no_cache([flag])", no_cache)
        .current()
        .load(UTIL)
        .doc("Whether the answer must not be cached; sets the headers that say so."),
    rw("no_local_copy", Request::no_local_copy, Request::set_no_local_copy)
        .current()
        .doc("Not 0 if If-Modified-Since and its kin do not count."),
    rw("notes", Request::notes, |r: &Request, t: &Table| r.set_notes(*t)).current().doc("Notes from module to module."),
    rw("output_filters", Request::output_filters, set_output_filters)
        .needs(&[&needs::OUTPUT])
        .current()
        .doc("The first of the output filters."),
    rw("path_info", Request::path_info, Request::set_path_info).current().doc("What follows the file in the URI."),
    ro("per_dir_config", Request::per_dir_config).current().doc("The modules' configuration of the request's directory, by module number."),
    ro("pool", Request::pool).current().doc("The pool that dies with this object."),
    ro("prev", Request::prev).current().doc("The request that was redirected to this one."),
    rw("proto_input_filters", Request::proto_input_filters, set_proto_input_filters)
        .needs(&[&needs::PROTO_INPUT])
        .current()
        .doc("The first of the input filters that a redirect keeps."),
    rw("proto_output_filters", Request::proto_output_filters, set_proto_output_filters)
        .needs(&[&needs::PROTO_OUTPUT])
        .current()
        .doc("The first of the output filters that a redirect keeps."),
    ro("proto_num", Request::proto_num).current().doc("The protocol as a number: 1001 for HTTP/1.1."),
    ro("protocol", Request::protocol).current().doc("The protocol, HTTP/1.1 and the like."),
    method("proxyreq([value])", proxyreq)
        .current()
        .doc("PROXYREQ_*: 0 if it is for this server; when read, a URI with another host makes it one for a proxy."),
    ro("request_config", Request::request_config).current().doc("What modules keep for it."),
    ro("request_time", |r: &Request| r.request_time() / SECOND).current().doc("When the request came, in seconds since 1970."),
    ro("server", Request::server).current().doc("The server that the request is for."),
    rw("status", Request::status, Request::set_status).current().doc("Status of the answer; 200 unless set."),
    rw("status_line", Request::status_line, Request::set_status_line)
        .current()
        .doc("The status line of the answer, if it is not httpd's own."),
    method("subprocess_env([key], [value])", subprocess_env)
        .current()
        .doc("Environment for CGI and its kin: the table, a value, or a new value; in void context fills it."),
    rw("the_request", Request::the_request, Request::set_the_request)
        .needs(&[&needs::TEXT])
        .current()
        .doc("The first line of the request."),
    ro("unparsed_uri", Request::unparsed_uri).current().doc("The URI as it was sent."),
    rw("uri", Request::uri, Request::set_uri).needs(&[&needs::TEXT]).current().doc("Path part of the URI, decoded."),
    rw("used_path_info", Request::used_path_info, Request::set_used_path_info)
        .current()
        .doc("Whether path info is an error."),
    rw("user", Request::user, Request::set_user).current().doc("The name of an authenticated user."),
    ro("useragent_addr", Request::useragent_addr)
        .current()
        .doc("Address of the client; behind a proxy that of its client."),
    rw("useragent_ip", Request::useragent_ip, Request::set_useragent_ip)
        .needs(&[&needs::TEXT])
        .current()
        .doc("Address of the client; behind a proxy that of its client."),
    // Input and output.
    method("print(@data)", io::print)
        .current()
        .load(IO)
        .doc("Sends strings; returns how many bytes, 0E0 for none. Flushes if $| is set."),
    method("PRINT(@data)", io::print).only(PERL).load(IO).doc("As print, for a tied handle."),
    method("spawned(program, @arguments)", sub_process::spawned)
        .only(PERL)
        .load("Apache2::SubProcess")
        .doc("Runs a program, for spawn_proc_prog: the numbers of three files, its input, output and errors; nothing if it cannot be run, and the log says why."),
    method("puts(@data)", io::puts).current().load(IO).doc("Sends strings; returns how many bytes."),
    method("write(buffer, [length], [offset])", io::write)
        .current()
        .load(IO)
        .doc("Sends a part of a string; returns how many bytes."),
    method("WRITE(buffer, [length], [offset])", io::write).only(PERL).load(IO).doc("As write, for a tied handle."),
    method("rflush()", io::rflush).current().load(IO).doc("Sends what is held back."),
    method("read(buffer, length, [offset])", io::read)
        .current()
        .load(IO)
        .doc("Reads body bytes into a buffer; returns how many, 0 at the end."),
    method("READ(buffer, length, [offset])", io::read).only(PERL).load(IO).doc("As read, for a tied handle."),
    method("GETC()", io::getc).only(PERL).load(IO).doc("One byte of the body, for a tied handle."),
    method("sendfile(filename, [offset], [length])", io::sendfile)
        .current()
        .load(IO)
        .doc("Sends a file; in void context a failure is thrown, else its status is returned."),
    method("discard_request_body()", |r: &Request, cx: Reenter| r.discard_request_body(cx))
        .current()
        .load(IO)
        .doc("Reads and throws away what is left of the body."),
    method("setup_client_block([policy])", |r: &Request, policy: Option<i32>| {
        r.setup_client_block(policy.unwrap_or(1))
    })
    .current()
    .load(IO)
    .doc("Prepares reading with get_client_block; a status."),
    method("should_client_block()", |r: &Request, cx: Reenter| r.should_client_block(cx))
        .current()
        .load(IO)
        .doc("Whether there is a body to read."),
    method("get_client_block(buffer, size)", io::get_client_block)
        .current()
        .load(IO)
        .doc("Reads a piece of the body; returns how many bytes."),
    method("BINMODE([layer])", |_: &Request, _layer: Option<&[u8]>| true)
        .only(PERL)
        .load(IO)
        .doc("Does nothing: bodies are bytes."),
    method("CLOSE()", |_: &Request| true).only(PERL).load(IO).doc("Does nothing: the body ends with the request."),
    method("UNTIE(count)", |_: &Request, _count: i64| true).only(PERL).load(IO).doc("Does nothing."),
    // What the host keeps.
    method("pnotes([key], [value])", util::pnotes)
        .current()
        .load(UTIL)
        .doc("Values of the script, kept until the request ends: the hash, a value, or a new value."),
    method("pnotes_kill()", util::pnotes_kill).current().load(UTIL).doc("Frees these values now."),
    method("dir_config([key], [value])", util::dir_config)
        .current()
        .load(UTIL)
        .doc("Values of PerlSetVar and PerlAddVar: the table, a value, or a new value."),
    method("push_handlers(phase, handlers)", util::push_handlers)
        .current()
        .load(UTIL)
        .doc("Adds handlers to a phase of this request."),
    method("set_handlers(phase, handlers)", util::set_handlers)
        .current()
        .load(UTIL)
        .doc("Replaces the handlers of a phase of this request; undef: none."),
    method("get_handlers(phase)", util::get_handlers).current().load(UTIL).doc("The handlers of a phase."),
    method("is_perl_option_enabled(flag)", |r: &Request, flag: &[u8]| runtime()?.is_option_enabled(Owner::of(r), flag))
        .current()
        .load(UTIL)
        .doc("Whether a PerlOptions flag is on here."),
    method("add_config(lines, [override], [path], [options])", util::add_config)
        .current()
        .load(UTIL)
        .doc("Adds configuration lines for this request."),
    method("location_merge(location)", util::location_merge)
        .current()
        .load(UTIL)
        .doc("Lets the section with exactly this text apply to the request in place of its present configuration; false if there is no such section."),
    class_method("new(c, [pool])", util::new)
        .load(UTIL)
        .doc("A request that no client sent, for other protocols: a GET of /, in a pool below that of the connection."),
    method("child_terminate()", util::child_terminate)
        .current()
        .load(UTIL)
        .doc("Ends the process when the request is over; not with threads."),
    method("location()", |r: &Request| Ok::<_, Fail>(runtime()?.location(Owner::of(r))))
        .current()
        .load(UTIL)
        .doc("The path of the <Location> section whose configuration applies to the request."),
    method("is_initial_req()", Request::is_initial)
        .current()
        .load(UTIL)
        .doc("Whether the request came from the client: false for subrequests and redirects."),
    method("get_server_name()", Request::server_name)
        .current()
        .load(UTIL)
        .doc("The name to use for this server in links."),
    method("get_server_port()", |r: &Request| i32::from(r.server_port()))
        .current()
        .load(UTIL)
        .doc("The port to use for this server in links."),
    method("get_limit_req_body()", Request::limit_req_body)
        .current()
        .load(UTIL)
        .doc("LimitRequestBody, bytes; 0 is unlimited."),
    method("document_root([root])", util::document_root)
        .current()
        .load(UTIL)
        .doc("DocumentRoot; one that is set lasts until the request ends, and cannot be with threads."),
    method("as_string()", util::as_string)
        .current()
        .load(UTIL)
        .doc("Request line and headers of both directions, as text."),
    method("slurp_filename([tainted])", util::slurp_filename)
        .current()
        .load(UTIL)
        .doc("The content of the request's file, as one string."),
    method("psignature(prefix)", |r: &Request, prefix: &[u8]| r.signature(prefix).map(<[u8]>::to_vec))
        .current()
        .load(UTIL)
        .doc("The line that ServerSignature asks for, behind a prefix."),
    method("set_basic_credentials(user, password)", util::set_basic_credentials)
        .current()
        .load(UTIL)
        .doc("Sets the Authorization header for Basic authentication."),
    // The answer.
    method("set_content_length([length])", |r: &Request, length: Option<i64>| {
        r.set_content_length(length.unwrap_or_else(|| r.file_info().map_or(0, |file| file.disk_size())))
    })
    .current()
    .load(RESPONSE)
    .doc("Sets Content-Length; without a length that of the file."),
    method("set_last_modified([mtime])", set_last_modified)
        .needs(&[&needs::TIME])
        .current()
        .load(RESPONSE)
        .doc("Sets Last-Modified, after raising mtime (seconds) if one is given."),
    method("update_mtime(mtime)", |r: &Request, t: i64| r.update_mtime(t * SECOND))
        .needs(&[&needs::TIME])
        .current()
        .load(RESPONSE)
        .doc("Raises mtime to this, seconds since 1970."),
    method("rationalize_mtime(mtime)", |r: &Request, t: i64| r.rationalize_mtime(t * SECOND) / SECOND)
        .needs(&[&needs::TIME])
        .current()
        .load(RESPONSE)
        .doc("The time, or the request's if that is earlier."),
    method("set_etag()", Request::set_etag).current().load(RESPONSE).doc("Sets ETag from the file."),
    method("meets_conditions()", Request::meets_conditions)
        .current()
        .load(RESPONSE)
        .doc("Says by a status whether the page is to be sent: OK, 304 (not modified) or 412 (precondition failed)."),
    method("set_keepalive()", Request::set_keepalive)
        .current()
        .load(RESPONSE)
        .doc("Decides whether the connection can stay open."),
    method("send_cgi_header(text)", io::send_cgi_header)
        .current()
        .load(RESPONSE)
        .doc("Takes a block of CGI headers; what follows the blank line is body."),
    method("make_etag([weak])", |r: &Request, weak: Option<bool>| {
        r.make_etag(weak.unwrap_or(false)).map(<[u8]>::to_vec)
    })
    .current()
    .load(RESPONSE)
    .doc("An entity tag for the file."),
    method("send_error_response(status)", |r: &Request, recursive: i32, cx: Reenter| {
        r.send_error_response(recursive, cx)
    })
    .current()
    .load(RESPONSE)
    .doc("Sends httpd's page for the request's status."),
    method("custom_response(status, text)", Request::custom_response)
        .current()
        .load(RESPONSE)
        .doc("What is sent for a status: text, a path or a URL."),
    // Access.
    method("auth_name([name])", auth_name).current().load(ACCESS).doc("AuthName; sets it for this request."),
    method("auth_type([type])", auth_type)
        .current()
        .load(ACCESS)
        .doc("AuthType, none if there is none; sets it for this request."),
    method("some_auth_required()", Request::some_auth_required)
        .current()
        .load(ACCESS)
        .doc("Whether a Require line asks for a user."),
    method("get_basic_auth_pw()", basic_auth_pw)
        .current()
        .load(ACCESS)
        .doc("OK and the password of Basic authentication, or a status and undef."),
    method("note_auth_failure()", |r: &Request, cx: Reenter| r.note_auth_failure(cx))
        .current()
        .load(ACCESS)
        .doc("Asks the client to authenticate, as AuthType says."),
    method("note_basic_auth_failure()", |r: &Request, cx: Reenter| r.note_basic_auth_failure(cx))
        .current()
        .load(ACCESS)
        .doc("Asks the client for Basic authentication."),
    method("note_digest_auth_failure()", |r: &Request, cx: Reenter| r.note_digest_auth_failure(cx))
        .current()
        .load(ACCESS)
        .doc("Asks the client for Digest authentication."),
    method("allow_options()", Request::allow_options).current().load(ACCESS).doc("Options here, as bits."),
    method("allow_override_opts()", Request::allow_override_opts)
        .current()
        .load(ACCESS)
        .doc("The options that AllowOverride Options= permits here, as bits."),
    method("allow_overrides()", Request::allow_overrides).current().load(ACCESS).doc("AllowOverride here, as bits."),
    method("allow_methods(reset, @methods)", |r: &Request, reset: bool, methods: Rest| {
        r.allow_methods(reset, methods.iter())
    })
    .current()
    .load(ACCESS)
    .doc("Adds to the methods that the Allow header names, or begins them anew."),
    method("get_remote_logname()", get_remote_logname)
        .current()
        .load(ACCESS)
        .doc("The name that the client's identd gave."),
    method("satisfies()", Request::satisfies).current().load(ACCESS).doc("Satisfy here."),
    // The log.
    method("log()", |r: Obj<Request>| log::of_request(r)).current().load(LOG).doc("The log, by level: $r->log->info."),
    method("log_error(@text)", |r: Maybe<&Request>, text: Rest| {
        log::line(r.0.map(Request::server), Level::Error, text)
    })
    .loose()
    .current()
    .load(LOG)
    .doc("Writes an error to the log."),
    method("warn(@text)", |r: Maybe<&Request>, text: Rest| log::line(r.0.map(Request::server), Level::Warn, text))
        .loose()
        .current()
        .load(LOG)
        .doc("Writes a warning to the log."),
    method("log_reason(text, [filename])", log::reason)
        .current()
        .load(LOG)
        .doc("Writes to the log why the client did not get a file."),
    method("log_rerror(file, line, level, status, text, @more)", log::rerror)
        .current()
        .load(LOG)
        .doc("Writes a line with all its parts to the log."),
    // Single hooks.
    method("run_access_checker()", |r: &Request, cx: Reenter| r.run_access_checker(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook access_checker; its status."),
    method("run_auth_checker()", |r: &Request, cx: Reenter| r.run_auth_checker(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook auth_checker; its status."),
    method("run_check_user_id()", |r: &Request, cx: Reenter| r.run_check_user_id(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook check_user_id; its status."),
    method("run_fixups()", |r: &Request, cx: Reenter| r.run_fixups(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook fixups; its status."),
    method("run_handler()", |r: &Request, cx: Reenter| r.run_handler(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook handler; its status."),
    method("run_header_parser()", |r: &Request, cx: Reenter| r.run_header_parser(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook header_parser; its status."),
    method("run_log_transaction()", |r: &Request, cx: Reenter| r.run_log_transaction(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook log_transaction; its status."),
    method("run_map_to_storage()", |r: &Request, cx: Reenter| r.run_map_to_storage(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook map_to_storage; its status."),
    method("run_post_read_request()", |r: &Request, cx: Reenter| r.run_post_read_request(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook post_read_request; its status."),
    method("run_translate_name()", |r: &Request, cx: Reenter| r.run_translate_name(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook translate_name; its status."),
    method("run_type_checker()", |r: &Request, cx: Reenter| r.run_type_checker(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Runs the hook type_checker; its status."),
    method("invoke_handler()", |r: &Request, cx: Reenter| r.invoke_handler(cx))
        .needs(&[&needs::SHALLOW, &needs::URI])
        .current()
        .load(HOOKS)
        .doc("Inserts filters and runs the handler; its status."),
    // Subrequests.
    method("lookup_uri(uri, [filters])", sub::lookup_uri)
        .current()
        .load(SUBREQUEST)
        .doc("A subrequest that shows what a URI would be served as."),
    method("lookup_file(file, [filters])", sub::lookup_file)
        .needs(&[&needs::FILENAME, &needs::URI])
        .current()
        .load(SUBREQUEST)
        .doc("A subrequest that shows what a file would be served as."),
    method("lookup_method_uri(method, uri, [filters])", sub::lookup_method_uri)
        .current()
        .load(SUBREQUEST)
        .doc("A subrequest that shows what a URI would be served as, with another method."),
    method("lookup_dirent(entry, [kind], [filters])", sub::lookup_dirent)
        .needs(&[&needs::FILENAME, &needs::URI])
        .current()
        .load(SUBREQUEST)
        .doc("A subrequest that shows what an entry of the request's directory would be served as."),
    // Elsewhere.
    method("internal_fast_redirect(sub)", sub::internal_fast_redirect)
        .needs(&[&needs::OWN_SUBREQUEST])
        .current()
        .load(SUBREQUEST)
        .doc("Answers the request with what a subrequest stands for."),
    method("internal_redirect(uri)", |r: &Request, uri: &[u8], cx: Reenter| r.internal_redirect(uri, cx))
        .current()
        .load(SUBREQUEST)
        .doc("Answers the request with what another URI stands for."),
    method("internal_redirect_handler(uri)", |r: &Request, uri: &[u8], cx: Reenter| {
        r.internal_redirect_handler(uri, cx)
    })
    .current()
    .load(SUBREQUEST)
    .doc("Does what internal_redirect does, and keeps the handler of this request."),
    method("die(status)", |r: &Request, status: i32, cx: Reenter| r.die(status, cx))
        .current()
        .load(HOOKS)
        .doc("Ends the request with a status, as if a phase had returned it."),
    ro("parsed_uri", Request::uri_parts).current().load(URI).doc("The URI in parts: a copy."),
    method("parse_uri(uri)", Request::parse_uri).current().load(URI).doc("Sets uri, args and the parts from a text."),
    method("construct_server([host], [port], [pool])", construct_server)
        .current()
        .load(URI)
        .doc("Host and, unless it is the usual one, port, for links."),
    method("construct_url([uri], [pool])", construct_url)
        .current()
        .load(URI)
        .doc("A URI with scheme, host and port before it."),
])
.lua(super::lua::REQUEST)
.doc("One request.");

/// APR counts time in microseconds.
const SECOND: i64 = 1_000_000;

fn set_content_type(r: &Request, value: Option<&[u8]>) -> Result<()> {
    r.set_content_type(value);
    runtime()?.headers_are_set(Owner::of(r));
    Ok(())
}

/// Within the response phase it is too late for another kind of ours.
fn set_handler(r: &Request, handler: Maybe<&[u8]>) -> Result<()> {
    let new = handler.0.ok_or("the new handler must be a string")?;
    let old = r.handler().unwrap_or_default();
    let ours = |name: &[u8]| name == b"modperl" || name == b"perl-script";
    if runtime()?.current_phase() == Some("PerlResponseHandler") && ours(old) && ours(new) && old != new {
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

/// As with mod_perl a value that httpd refuses is a warning. One in quotes is taken as it is.
fn set_auth(r: &Request, directive: &str, value: &[u8]) -> Result<()> {
    const OR_AUTHCFG: i32 = 8;
    let value: Vec<u8> = value.iter().copied().filter(|b| *b != b'\n').collect();
    let value = match value.first() {
        Some(b'"' | b'\'') => value,
        _ => [b"\"", &value[..], b"\""].concat(),
    };
    let line = [directive.as_bytes(), b" ", &value].concat();
    if runtime()?.add_config(Owner::of(r), &[&line], OR_AUTHCFG, None, -1).is_err() {
        let text = format!("Can't change {directive} to '{}'", String::from_utf8_lossy(&value));
        log::text(&r.server(), Level::Warn, text.as_bytes());
    }
    Ok(())
}
fn auth_name(r: &Request, name: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
    if let Some(name) = name {
        set_auth(r, "AuthName", name)?;
    }
    Ok(r.auth_name().map(<[u8]>::to_vec))
}
fn auth_type(r: &Request, kind: Option<&[u8]>) -> Result<Vec<u8>> {
    if let Some(kind) = kind {
        set_auth(r, "AuthType", kind)?;
    }
    Ok(r.auth_type().unwrap_or(b"none").to_vec())
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

fn no_cache(r: &Request, flag: Option<i32>) -> i32 {
    let old = r.no_cache();
    if let Some(flag) = flag {
        r.set_no_cache(flag);
    }
    let headers = r.headers_out();
    for name in [&b"Pragma"[..], b"Cache-Control"] {
        match (r.no_cache() != 0, flag) {
            (true, _) => headers.set(name, b"no-cache"),
            (false, Some(_)) => headers.unset(name),
            (false, None) => {}
        }
    }
    old
}

fn subprocess_env(
    r: &Request,
    key: Option<&[u8]>,
    value: Option<Maybe<&[u8]>>,
    want: Want,
    cx: Reenter,
) -> Result<Either<Table, Tainted<Option<Vec<u8>>>>> {
    if let Some(key) = key {
        return Ok(Either::B(Tainted(util::get_or_set(r.subprocess_env(), key, value))));
    }
    if want == Want::Void {
        runtime()?.fill_env(cx, Owner::of(r))?;
    }
    Ok(Either::A(r.subprocess_env()))
}

fn set_last_modified(r: &Request, mtime: Option<i64>) {
    if let Some(t) = mtime {
        r.update_mtime(t * SECOND);
    }
    r.set_last_modified();
}

/// Without an AuthType the directory's becomes Basic.
fn basic_auth_pw(r: &Request) -> Result<List<Either<i32, Option<Vec<u8>>>>> {
    if r.auth_type().is_none() {
        set_auth(r, "AuthType", b"Basic")?;
    }
    let (status, password) = r.basic_auth_pw();
    Ok(List(vec![Either::A(status), Either::B(password.map(<[u8]>::to_vec))]))
}

/// The text lies in the request's pool, whichever is given.
fn construct_url<'r>(r: &'r Request, uri: Option<&[u8]>, _pool: Option<&Pool>) -> Option<&'r [u8]> {
    r.construct_url(uri.or(r.uri()).unwrap_or_default())
}

fn construct_server<'r>(
    r: &'r Request,
    host: Option<&[u8]>,
    port: Option<i64>,
    _pool: Option<&Pool>,
) -> Option<&'r [u8]> {
    let host = host.or(r.server_name()).unwrap_or_default();
    let port = port.and_then(|p| u16::try_from(p).ok()).unwrap_or(r.server_port());
    r.construct_server(host, port)
}

fn get_remote_logname<'r>(r: &'r Request, cx: Reenter) -> Option<&'r [u8]> {
    r.remote_logname(cx)
}
