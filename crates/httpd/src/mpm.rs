//! What the MPM says about itself.

use crate::ffi;
use apr::bytes_at;
use std::ffi::c_int;

fn query(what: u32) -> Option<c_int> {
    let mut result = 0;
    // SAFETY: httpd writes one number.
    let status = unsafe { ffi::ap_mpm_query(what as c_int, &mut result) };
    (status == 0).then_some(result)
}

/// Whether requests run in several threads of a process (worker, event). Known once the configuration has loaded an MPM.
pub fn is_threaded() -> bool {
    query(ffi::AP_MPMQ_IS_THREADED).unwrap_or(0) != 0
}

/// Whether an answer that is not sent yet needs no thread of a child (event).
pub fn is_async() -> bool {
    query(ffi::AP_MPMQ_IS_ASYNC).unwrap_or(0) != 0
}

/// Its name: `event`, `worker`, `prefork`.
pub fn name() -> &'static [u8] {
    // SAFETY: the MPM's own static string.
    unsafe { bytes_at(ffi::ap_show_mpm()) }.unwrap_or_default()
}

/// Threads per child process; 1 without threads.
pub fn threads() -> c_int {
    query(ffi::AP_MPMQ_MAX_THREADS).unwrap_or(0).max(1)
}

/// The most threads a child process can have (`ThreadLimit`); 1 without threads.
pub fn hard_limit_threads() -> c_int {
    query(ffi::AP_MPMQ_HARD_LIMIT_THREADS).unwrap_or(0).max(1)
}

/// The most child processes there can ever be (`ServerLimit`).
pub fn hard_limit_daemons() -> c_int {
    query(ffi::AP_MPMQ_HARD_LIMIT_DAEMONS).unwrap_or(0)
}

/// The most child processes there can be.
pub fn max_daemons() -> c_int {
    query(ffi::AP_MPMQ_MAX_DAEMON_USED).unwrap_or(0)
}

/// The number of the current generation: one more after each graceful restart.
pub fn generation() -> c_int {
    query(ffi::AP_MPMQ_GENERATION).unwrap_or(0)
}

/// Whether the MPM is stopping or restarting.
pub fn is_stopping() -> bool {
    query(ffi::AP_MPMQ_MPM_STATE) == Some(ffi::AP_MPMQ_STOPPING as c_int)
}
