//! httpd's small helpers for text.

use crate::ffi;
use apr::{Pool, bytes_at, with_cstr};
use std::ffi::c_int;

/// Makes a method known to httpd; its number. While the configuration is read: httpd's list is one for all threads.
pub fn register_method(pool: &Pool, name: &[u8]) -> c_int {
    // SAFETY: the pool lives; so does the text in it.
    unsafe { ffi::ap_method_register(pool.as_ptr(), pool.cstr(name).as_ptr()) }
}

/// A time (microseconds since 1970) in a format of strftime's.
pub fn time(pool: &Pool, time: i64, format: &[u8], gmt: bool) -> Option<Vec<u8>> {
    with_cstr(format, |format| {
        // SAFETY: pool and text live for the call; the result is copied out.
        unsafe { bytes_at(ffi::ap_ht_time(pool.as_ptr(), time, format.as_ptr(), c_int::from(gmt))) }.map(<[u8]>::to_vec)
    })
}

/// A path as part of a URL; `partial`: a `:` before the first `/` needs no `./`.
pub fn escape_path(pool: &Pool, path: &[u8], partial: bool) -> Option<Vec<u8>> {
    with_cstr(path, |path| {
        // SAFETY: pool and text live for the call; the result is copied out.
        unsafe { bytes_at(ffi::ap_os_escape_path(pool.as_ptr(), path.as_ptr(), c_int::from(partial))) }
            .map(<[u8]>::to_vec)
    })
}

/// `%xx` decoded, up to the first NUL; what is no such thing stays (httpd calls that an error, and so does the status).
pub fn unescape_url(url: &[u8]) -> (Vec<u8>, c_int) {
    let mut room: Vec<_> = url.iter().copied().take_while(|b| *b != 0).collect();
    room.push(0);
    // SAFETY: a C string of ours; decoding only makes it shorter.
    let status = unsafe { ffi::ap_unescape_url(room.as_mut_ptr().cast()) };
    let len = room.iter().position(|b| *b == 0).unwrap_or(0);
    room.truncate(len);
    (room, status)
}

/// The user and group that children run as (`User`, `Group`).
pub fn unix_ids() -> (u32, u32) {
    // SAFETY: httpd's own record, written while the configuration is read.
    unsafe { (ffi::ap_unixd_config.user_id, ffi::ap_unixd_config.group_id) }
}

/// Writes the process's number to a file (`ap_log_pid`). httpd ends the process if it cannot.
pub fn log_pid(pool: &Pool, file: &[u8]) {
    // SAFETY: pool and text live for the call.
    with_cstr(file, |file| unsafe { ffi::ap_log_pid(pool.as_ptr(), file.as_ptr()) })
}

/// What the MPM says of itself (`AP_MPMQ_*`); `None` for what it does not know.
pub fn mpm_query(what: c_int) -> Option<c_int> {
    let mut result = 0;
    // SAFETY: httpd writes the result.
    (unsafe { ffi::ap_mpm_query(what, &mut result) } == 0).then_some(result)
}

/// The words of a line of configuration, quotes taken off as httpd does.
pub fn words(pool: &Pool, line: &[u8]) -> Vec<Vec<u8>> {
    with_cstr(line, |line| {
        let mut at = line.as_ptr();
        let mut words = Vec::new();
        // SAFETY: httpd moves the pointer on within the C string, which lives for the call; the words lie in the pool.
        unsafe {
            while *at != 0 {
                let Some(word) = bytes_at(ffi::ap_getword_conf(pool.as_ptr(), &raw mut at)) else { break };
                if !word.is_empty() {
                    words.push(word.to_vec());
                }
            }
        }
        words
    })
}

/// A text as the logs show it: what is not printable becomes `\\n`, `\\x00` and the like. It ends at the first NUL.
pub fn escape_logitem(pool: &Pool, text: &[u8]) -> Vec<u8> {
    with_cstr(text, |text| {
        // SAFETY: pool and text live for the call; the result is copied out.
        unsafe { bytes_at(ffi::ap_escape_logitem(pool.as_ptr(), text.as_ptr())) }.unwrap_or_default().to_vec()
    })
}

/// Whether a text matches a pattern with `*` and `?`.
pub fn matches(text: &[u8], pattern: &[u8], any_case: bool) -> bool {
    let compare = if any_case { ffi::ap_strcasecmp_match } else { ffi::ap_strcmp_match };
    // SAFETY: C strings for the call.
    with_cstr(text, |t| with_cstr(pattern, |p| unsafe { compare(t.as_ptr(), p.as_ptr()) == 0 }))
}

/// A path, if it is relative, below `DefaultRuntimeDir`; `None` if it leads out of the file system.
pub fn runtime_relative(pool: &Pool, path: &[u8]) -> Option<Vec<u8>> {
    with_cstr(path, |path| {
        // SAFETY: pool and text live for the call; the result is copied out.
        unsafe { bytes_at(ffi::ap_runtime_dir_relative(pool.as_ptr(), path.as_ptr())) }.map(<[u8]>::to_vec)
    })
}

/// What httpd says of itself (`AP_SQ_*`): -1 for what it does not know.
pub fn state_query(what: c_int) -> c_int {
    // SAFETY: no precondition.
    unsafe { ffi::ap_state_query(what) }
}
