//! `Apache2::Response`: headers and status of the answer.

use super::{host::host, needs};
use apr::{Reenter, SECOND};
use httpd::Request;
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::Response", ROWS);

static ROWS: &[Row] = &current([
    method("set_content_length([length])", |r: &Request, length: Option<i64>| {
        r.set_content_length(length.unwrap_or_else(|| r.file_info().map_or(0, |file| file.disk_size())))
    })
    .doc("Sets Content-Length; without a length that of the file."),
    method("set_last_modified([mtime])", set_last_modified)
        .needs(&[&needs::TIME])
        .doc("Sets Last-Modified, after raising mtime (seconds) if one is given."),
    method("update_mtime([mtime])", |r: &Request, t: Option<i64>| r.update_mtime(t.unwrap_or(0) * SECOND))
        .needs(&[&needs::TIME])
        .doc("Raises mtime to this, seconds since 1970; without it nothing changes."),
    method("rationalize_mtime(mtime)", |r: &Request, t: i64| r.rationalize_mtime(t * SECOND) / SECOND)
        .needs(&[&needs::TIME])
        .doc("The time, or the request's if that is earlier."),
    method("set_etag()", Request::set_etag).doc("Sets ETag from the file."),
    method("meets_conditions()", Request::meets_conditions)
        .doc("Says by a status whether the page is to be sent: OK, 304 (not modified) or 412 (precondition failed)."),
    method("set_keepalive()", Request::set_keepalive).doc("Decides whether the connection can stay open."),
    method("send_cgi_header(text)", send_cgi_header)
        .doc("Takes a block of CGI headers; what follows the blank line is body."),
    method("make_etag([weak])", |r: &Request, weak: Option<bool>| {
        r.make_etag(weak.unwrap_or(false)).map(<[u8]>::to_vec)
    })
    .doc("An entity tag for the file."),
    method("send_error_response(status)", Request::send_error_response)
        .doc("Sends httpd's page for the request's status."),
    method("custom_response(status, text)", Request::custom_response)
        .doc("What is sent for a status: text, a path or a URL."),
    method("send_mmap(mmap, [offset], [length])", send_mmap)
        .only(PERL)
        .doc("Dies: no class brings memory-mapped files. sendfile has httpd map the file itself."),
]);

fn send_mmap(_: &Request, _mmap: Any, _offset: Option<i64>, _length: Option<i64>) -> Result<i64> {
    Err("no class brings memory-mapped files: $r->sendfile has httpd map the file itself".into())
}

fn set_last_modified(r: &Request, mtime: Option<i64>) {
    if let Some(t) = mtime {
        r.update_mtime(t * SECOND);
    }
    r.set_last_modified();
}

fn send_cgi_header(r: &Request, cx: Reenter, text: &[u8]) -> Result<()> {
    let sent = host()?.output.cgi_headers(cx, r, text);
    sent.map_err(|e| e.fail("Apache2::Response::send_cgi_header", "$r->send_cgi_header"))
}
