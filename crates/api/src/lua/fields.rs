//! Fields of a request that Perl does not have, or has as methods or with another meaning.

use httpd::{Request, ffi, scoreboard, server};
use interp::*;

/// Fields of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [
        ro("allowoverrides", allowoverrides).doc("AllowOverride here: All, None, or kinds of directives."),
        ro("assbackwards", |r: &Request| r.assbackwards() != 0).doc("Whether the client speaks HTTP/0.9."),
        ro("auth_name", auth_name).doc("AuthName; empty without one."),
        ro("banner", |_: &Request| server::banner()).doc("What the Server header says."),
        ro("basic_auth_pw", basic_auth_pw).doc("The password of Basic authentication; empty without one."),
        ro("canonical_filename", Request::canonical_filename).doc("The file's name after httpd made it canonical."),
        ro("content_encoding", Request::content_encoding).doc("Content-Encoding of the answer."),
        ro("context_document_root", Request::context_document_root)
            .doc("The directory that context_prefix stands for."),
        ro("context_prefix", Request::context_prefix).doc("The part of the URI that Alias and its kin have mapped."),
        ro("document_root", Request::document_root).doc("DocumentRoot."),
        ro("err_headers_out", Request::err_headers_out).doc("Headers that are sent with an error too."),
        rw("handler", Request::handler, set_handler).doc("The handler that makes the answer."),
        ro("headers_in", Request::headers_in).doc("Headers of the request."),
        ro("headers_out", Request::headers_out).doc("Headers of the answer."),
        ro("hostname", Request::hostname).doc("The host asked for."),
        ro("is_https", Request::is_https).doc("Whether it came by TLS."),
        ro("is_initial_req", Request::is_initial)
            .doc("Whether the request came from the client: false for subrequests and redirects."),
        ro("limit_req_body", Request::limit_req_body).doc("LimitRequestBody, bytes; 0 is unlimited."),
        ro("log_id", Request::log_id).doc("What the logs call the request."),
        ro("method", Request::method).doc("Name of the method."),
        ro("notes", Request::notes).doc("Notes from module to module."),
        ro("options", options).doc("Options here, by name."),
        ro("path_info", Request::path_info).doc("What follows the file in the URI."),
        ro("port", |r: &Request| i64::from(r.server_port())).doc("The port to use for this server in links."),
        rw("proxyreq", proxyreq, Request::set_proxyreq)
            .doc("PROXYREQ_*, as text when it is read and as number when it is set: whether it is for a proxy."),
        ro("range", Request::range).doc("The Range header, once httpd has looked at it."),
        ro("remaining", Request::remaining).doc("Bytes of the body not read yet, as far as httpd knows."),
        ro("server_built", |_: &Request| server::built()).doc("When httpd was built."),
        ro("server_name", server_name).doc("The name to use for this server in links."),
        ro("some_auth_required", Request::some_auth_required).doc("Whether a Require line asks for a user."),
        ro("started", started).doc("When the server was started or restarted, seconds since 1970."),
        ro("subprocess_env", Request::subprocess_env).doc("Environment for CGI and its kin."),
        ro("the_request", Request::the_request).doc("The request's first line."),
        ro("useragent_ip", Request::useragent_ip).doc("The client's address, as modules such as mod_remoteip see it."),
        method("set_document_root(path)", Request::set_own_document_root).doc("Sets DocumentRoot for this request."),
        method("set_context_info(prefix, root)", Request::set_context)
            .doc("Sets context_prefix and context_document_root."),
        method("get_server_name_for_url()", Request::server_name_for_url)
            .doc("server_name, an IPv6 address in brackets."),
        method("ssl_var_lookup(name)", Request::ssl_variable).doc("A variable of mod_ssl's."),
    ],
);

/// Names for bits, those that are set, one space between them.
fn names(bits: i32, all: &[(u32, &str)]) -> String {
    let set = all.iter().filter(|(bit, _)| bits & *bit as i32 == *bit as i32).map(|(_, name)| *name);
    set.collect::<Vec<_>>().join(" ")
}

pub(super) fn options(r: &Request) -> String {
    names(
        r.allow_options(),
        &[
            (ffi::OPT_INDEXES, "Indexes"),
            (ffi::OPT_INCLUDES, "Includes"),
            (ffi::OPT_SYM_LINKS, "FollowSymLinks"),
            (ffi::OPT_EXECCGI, "ExecCGI"),
            (ffi::OPT_MULTI, "MultiViews"),
            (ffi::OPT_ALL, "All"),
        ],
    )
}

pub(super) fn allowoverrides(r: &Request) -> String {
    match r.allow_overrides() as u32 {
        bits if bits & ffi::OR_ALL == ffi::OR_ALL => "All".into(),
        ffi::OR_NONE => "None".into(),
        bits => names(
            bits as i32,
            &[
                (ffi::OR_LIMIT, "Limit"),
                (ffi::OR_OPTIONS, "Options"),
                (ffi::OR_FILEINFO, "FileInfo"),
                (ffi::OR_AUTHCFG, "AuthCfg"),
                (ffi::OR_INDEXES, "Indexes"),
            ],
        ),
    }
}

pub(super) fn proxyreq(r: &Request) -> Option<&'static str> {
    Some(match u32::try_from(r.proxyreq()).ok()? {
        ffi::PROXYREQ_NONE => "PROXYREQ_NONE",
        ffi::PROXYREQ_PROXY => "PROXYREQ_PROXY",
        ffi::PROXYREQ_REVERSE => "PROXYREQ_REVERSE",
        ffi::PROXYREQ_RESPONSE => "PROXYREQ_RESPONSE",
        _ => return None,
    })
}

/// Seconds since 1970.
pub(super) fn started(_r: &Request) -> i64 {
    scoreboard::started() / apr::SECOND
}

pub(super) fn server_name(r: &Request) -> &[u8] {
    r.server_name().unwrap_or(b"localhost")
}

pub(super) fn auth_name(r: &Request) -> &[u8] {
    r.auth_name().unwrap_or_default()
}

pub(super) fn basic_auth_pw(r: &Request) -> &[u8] {
    r.basic_auth_pw().1.unwrap_or_default()
}

fn set_handler(r: &Request, handler: Option<&[u8]>) {
    r.set_handler(handler);
    r.note_handler_of_script();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_bits_that_are_all_set() {
        assert_eq!(names(0b101, &[(1, "a"), (2, "b"), (4, "c"), (5, "ac"), (7, "all")]), "a c ac");
        assert_eq!(names(0, &[(1, "a")]), "");
    }
}
