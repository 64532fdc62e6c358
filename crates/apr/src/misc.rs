//! Small functions that belong to no record.

use crate::{Status, ffi, with_cstr};
use std::ffi::CStr;

/// A second, as APR counts time.
pub const SECOND: i64 = 1_000_000;

/// A size as people write it, in four characters: ` 42K`.
pub fn format_size(bytes: i64) -> Vec<u8> {
    let mut room = [0u8; 5];
    // SAFETY: APR writes four characters and a NUL.
    unsafe { ffi::apr_strfsize(bytes, room.as_mut_ptr().cast()) };
    room[..4].to_vec()
}

/// A date as in HTTP headers, microseconds since 1970; 0 if it is none.
pub fn parse_http_date(text: &[u8]) -> i64 {
    // SAFETY: a C string for the call.
    with_cstr(text, |text| unsafe { ffi::apr_date_parse_http(text.as_ptr()) })
}

/// A date as in mail headers and the like, microseconds since 1970; 0 if it is none.
pub fn parse_rfc_date(text: &[u8]) -> i64 {
    // SAFETY: a C string for the call.
    with_cstr(text, |text| unsafe { ffi::apr_date_parse_rfc(text.as_ptr()) })
}

/// Makes a function known to other modules by this name (`APR_RETRIEVE_OPTIONAL_FN`), until the configuration is read again.
///
/// # Safety
/// Modules call it with the arguments that its name has for them.
pub unsafe fn provide_function(name: &'static CStr, function: unsafe extern "C" fn()) {
    // SAFETY: a C string that stays; the function lives as long as the library.
    unsafe { ffi::apr_dynamic_fn_register(name.as_ptr(), Some(function)) };
}

/// A function that another module provides by this name (`APR_RETRIEVE_OPTIONAL_FN`), if it is loaded. The caller gives it
/// the type that its name has.
pub fn optional_function(name: &CStr) -> Option<unsafe extern "C" fn()> {
    // SAFETY: a C string for the call; APR's table is written only while the configuration is read.
    unsafe { ffi::apr_dynamic_fn_retrieve(name.as_ptr()) }
}

/// Microseconds since 1970.
pub fn now() -> i64 {
    // SAFETY: no precondition.
    unsafe { ffi::apr_time_now() }
}

/// Waits so many microseconds.
pub fn sleep(micros: i64) {
    // SAFETY: no precondition.
    unsafe { ffi::apr_sleep(micros.max(0)) }
}

/// A time (microseconds since 1970) as in HTTP headers; `None` for one that the system cannot tell.
pub fn rfc822_date(time: i64) -> Option<String> {
    let mut room = [0u8; 30];
    // SAFETY: APR writes 29 characters and a NUL.
    let status = unsafe { ffi::apr_rfc822_date(room.as_mut_ptr().cast(), time) };
    (status == 0).then(|| String::from_utf8_lossy(&room[..29]).into_owned())
}

/// A number for the running thread, which no other living thread has.
pub fn thread_id() -> u64 {
    // SAFETY: no precondition.
    unsafe { libc::pthread_self() }
}

/// Asks at the terminal, without an echo, for a password of less than `most` bytes: how that went, and what was typed. A longer one is cut
/// off (`APR_ENAMETOOLONG`).
pub fn ask_password(prompt: &[u8], most: usize) -> (Status, Vec<u8>) {
    let mut room = vec![0u8; most.max(1)];
    let mut size = room.len();
    // SAFETY: APR writes at most `size` bytes, a NUL among them.
    let status = with_cstr(prompt, |prompt| unsafe {
        ffi::apr_password_get(prompt.as_ptr(), room.as_mut_ptr().cast(), &mut size)
    });
    room.truncate(room.iter().position(|b| *b == 0).unwrap_or(room.len()));
    (Status(status), room)
}

/// Compares a password with its hash (crypt, MD5, SHA-1, bcrypt).
pub fn is_password(password: &[u8], hash: &[u8]) -> bool {
    // SAFETY: C strings for the call.
    with_cstr(password, |p| with_cstr(hash, |h| unsafe { ffi::apr_password_validate(p.as_ptr(), h.as_ptr()) == 0 }))
}
