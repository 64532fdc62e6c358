//! What hooks and handlers return.

use std::ffi::c_int;

/// The module did what was asked.
pub const OK: c_int = crate::ffi::OK as c_int;
/// The module leaves it to others.
pub const DECLINED: c_int = crate::ffi::DECLINED;
/// The request (or start-up, in `-t`) is served completely; nothing else is to run.
pub const DONE: c_int = crate::ffi::DONE;
/// The handler goes on later, without a thread.
pub const SUSPENDED: c_int = crate::ffi::SUSPENDED;

/// An error page has been sent, or none can be: what a filter returns that ends a connection.
pub const AP_FILTER_ERROR: c_int = crate::ffi::AP_FILTER_ERROR;

/// A script that filters input failed: `MODPERL_FILTER_ERROR` of mod_perl, which has this number from APR's range for programs.
pub const FILTER_FAILED: c_int = 120_001;

macro_rules! http {
    ($($name:ident)*) => { $(
        #[doc = concat!("HTTP status ", stringify!($name), ".")]
        pub const $name: c_int = crate::ffi::$name as c_int;
    )* };
}
http! {
    HTTP_OK HTTP_PARTIAL_CONTENT HTTP_MULTIPLE_CHOICES HTTP_MOVED_TEMPORARILY HTTP_NOT_MODIFIED HTTP_BAD_REQUEST HTTP_UNAUTHORIZED
    HTTP_FORBIDDEN HTTP_NOT_FOUND HTTP_METHOD_NOT_ALLOWED HTTP_REQUEST_TIME_OUT HTTP_PRECONDITION_FAILED
    HTTP_REQUEST_ENTITY_TOO_LARGE HTTP_INTERNAL_SERVER_ERROR HTTP_NOT_IMPLEMENTED HTTP_BAD_GATEWAY
    HTTP_SERVICE_UNAVAILABLE
}

/// What httpd is told of a script's result. [`SUSPENDED`] is a promise to go on with the request later: no script can keep it, and the
/// client would wait for ever.
pub const fn of_script(number: c_int) -> c_int {
    if number == SUSPENDED { HTTP_INTERNAL_SERVER_ERROR } else { number }
}

/// Whether it is a status of HTTP that says that a request failed.
pub const fn is_error(status: c_int) -> bool {
    400 <= status && status < 600
}

/// The status line that httpd writes (`404 Not Found`), for a status it knows; else `None`.
pub fn line_of(pool: &apr::Pool, status: c_int) -> Option<&[u8]> {
    if !(100..=599).contains(&status) {
        return None;
    }
    // SAFETY: the pool lives; the line is static or lies in it.
    unsafe { apr::bytes_at(crate::ffi::ap_get_status_line_ex(pool.as_ptr(), status)) }
}
