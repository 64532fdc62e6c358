//! `APR::Status` and the text of `APR::Error`: what a status code means. The error class itself is Perl.

use apr::Status;
use interp::*;

/// Whether `status` is `code`.
const fn is(status: i64, code: i32) -> bool {
    status == code as i64
}

/// Its rows.
pub static STATUS: Class = Class::new(
    "APR::Status",
    &[
        function("is_EACCES(status)", |s: i64| is(s, libc::EACCES)).anywhere().doc("Permission denied."),
        function("is_EAGAIN(status)", |s: i64| is(s, libc::EAGAIN)).anywhere().doc("Would block: try again."),
        function("is_ECONNABORTED(status)", |s: i64| is(s, libc::ECONNABORTED))
            .anywhere()
            .doc("The connection was aborted."),
        function("is_ECONNRESET(status)", |s: i64| is(s, libc::ECONNRESET))
            .anywhere()
            .doc("The peer reset the connection."),
        function("is_ENOENT(status)", |s: i64| is(s, libc::ENOENT)).anywhere().doc("No such file."),
        function("is_EOF(status)", |s: i64| is(s, Status::EOF.code())).anywhere().doc("End of file."),
        function("is_TIMEUP(status)", |s: i64| is(s, Status::TIMEUP.code())).anywhere().doc("The time is up."),
    ],
)
.doc("What a status code means.");

/// Functions of `APR::Error`; its methods and operators are Perl.
pub static ERROR: Class = Class::new(
    "APR::Error",
    &[function("strerror(status)", |s: i32| match own_text(s) {
        Some(text) => text.to_string(),
        None => Status(s).message(),
    })
    .anywhere()
    .doc("Text of a status, mod_perl's own codes included.")],
)
.doc("What API functions throw.");

/// mod_perl's own codes (120000: `ModPerl::EXIT`, 120001: a filter's handler failed), and httpd's for output whose filter has failed.
fn own_text(status: i32) -> Option<&'static str> {
    match status {
        120_000 => Some("exit was called"),
        120_001 => Some("filter handler has failed"),
        -102 => Some("the output's filter has failed"),
        _ => None,
    }
}
