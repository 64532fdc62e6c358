//! `Apache2::URI`: URIs of requests, and escapes.

use apr::Pool;
use httpd::Request;
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::URI", ROWS);

static ROWS: &[Row] = &current([
    ro("parsed_uri", Request::uri_parts).doc("The URI in parts: a copy."),
    method("parse_uri(uri)", Request::parse_uri).doc("Sets uri, args and the parts from a text."),
    method("construct_server([host], [port], [pool])", construct_server)
        .doc("Host and, unless it is the usual one, port, for links."),
    method("construct_url([uri], [pool])", construct_url).doc("A URI with scheme, host and port before it."),
]);

/// Functions of the package; its methods are the request's. In Perl `unescape_url` changes its argument: see the module.
pub static URI: Class = Class::new(
    "Apache2::URI",
    &[
        function("unescape_url(url)", unescape).only(LUA).doc("Decodes %xx."),
        function("unescaped(url)", unescape).only(PERL).doc("Decodes %xx; used by unescape_url."),
    ],
)
.doc("URIs.");

fn unescape(url: &[u8]) -> Vec<u8> {
    httpd::util::unescape_url(url).0
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
