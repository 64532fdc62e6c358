//! `APR::URI`: a URI in parts.

use crate::Owns;
use apr::{Pool, Uri};
use interp::*;

/// Its rows.
pub static URI: Class = Class::of::<Uri>(&[
    class_method("parse(pool, text)", |_class: ClassName, pool: Obj<Pool>, text: &[u8]| {
        pool.owns(Uri::parse(&pool, text))
    })
    .doc("The parts of a text; missing ones are undef."),
    rw("scheme", Uri::scheme, Uri::set_scheme).doc("The scheme: http."),
    rw("hostinfo", Uri::hostinfo, Uri::set_hostinfo).doc("Everything between // and the path."),
    rw("user", Uri::user, Uri::set_user).doc("The user's name."),
    rw("password", Uri::password, Uri::set_password).doc("The password."),
    rw("hostname", Uri::hostname, Uri::set_hostname).doc("The host's name."),
    rw("port", Uri::port, set_port).doc("The port."),
    rw("path", Uri::path, Uri::set_path).doc("The path."),
    rw("query", Uri::query, Uri::set_query).doc("What follows the question mark."),
    rw("fragment", Uri::fragment, Uri::set_fragment).doc("What follows the number sign."),
    ro("rpath", Uri::real_path).doc("The path without the path info."),
    method("unparse([flags])", |u: &Uri, flags: Option<u32>| u.unparse(flags.unwrap_or(OMIT_PASSWORD)))
        .doc("The parts as one text; without a password unless the flags say otherwise."),
    function("port_of_scheme(scheme)", |scheme: &[u8]| i64::from(Uri::port_of_scheme(scheme)))
        .anywhere()
        .doc("The usual port of a scheme; 0 for an unknown one."),
])
.doc("A URI in parts.");

/// `APR_URI_UNP_OMITPASSWORD`.
const OMIT_PASSWORD: u32 = apr::ffi::APR_URI_UNP_OMITPASSWORD;

/// A value that is no port removes the port.
fn set_port(u: &Uri, port: Option<&[u8]>) {
    u.set_port(port.and_then(|p| std::str::from_utf8(p).ok()?.trim().parse().ok()));
}
