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

macro_rules! http {
    ($($name:ident)*) => { $(
        #[doc = concat!("HTTP status ", stringify!($name), ".")]
        pub const $name: c_int = crate::ffi::$name as c_int;
    )* };
}
http! {
    HTTP_OK HTTP_PARTIAL_CONTENT HTTP_MOVED_TEMPORARILY HTTP_NOT_MODIFIED HTTP_BAD_REQUEST HTTP_UNAUTHORIZED
    HTTP_FORBIDDEN HTTP_NOT_FOUND HTTP_METHOD_NOT_ALLOWED HTTP_REQUEST_TIME_OUT HTTP_PRECONDITION_FAILED
    HTTP_REQUEST_ENTITY_TOO_LARGE HTTP_INTERNAL_SERVER_ERROR HTTP_NOT_IMPLEMENTED HTTP_BAD_GATEWAY
    HTTP_SERVICE_UNAVAILABLE
}

/// The reason phrase httpd writes for a status (`404 Not Found`); `None` if it has none.
pub fn line_of(pool: apr::Pool, status: c_int) -> Option<&'static [u8]> {
    // SAFETY: the pool lives. The line of a status known to httpd is static; of others it has only "500 ..." or a copy in
    // the pool, which is why those are not asked for.
    (100..=599)
        .contains(&status)
        .then(|| unsafe { apr::bytes_at(crate::ffi::ap_get_status_line_ex(pool.as_ptr(), status)) })?
}
