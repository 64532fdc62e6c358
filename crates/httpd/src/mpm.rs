//! What the MPM says about itself.

use crate::ffi;
use apr::bytes_at;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

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

/// Has the signal by which httpd's parent tells this process to end gracefully cut short no call to the system: APR installs handlers without
/// `SA_RESTART`, so that a script's read of a pipe would fail, with `EINTR`, in the midst of a request that is to be answered in whole. For a
/// process that serves without threads, where it is the serving thread that gets the signal. httpd's own waits need no interruption: the
/// handler closes the listeners, and an `accept` that goes on finds its socket closed.
pub fn restart_calls() {
    // SAFETY: the record lies on this stack and is filled before it is read; the handler stays httpd's own.
    unsafe {
        let mut action = MaybeUninit::uninit();
        if libc::sigaction(libc::SIGUSR1, ptr::null(), action.as_mut_ptr()) != 0 {
            return;
        }
        let mut action: libc::sigaction = action.assume_init();
        if ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction) {
            action.sa_flags |= libc::SA_RESTART;
            libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut());
        }
    }
}
