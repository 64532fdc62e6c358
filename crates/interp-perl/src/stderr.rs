//! STDERR: what Perl code warns or prints there becomes lines for the host's log.
//!
//! The layer that makes lines of it (`shim/stderr.c`) is on the handle of every interpreter, from its first statement on.

use crate::ffi;
use std::{
    ffi::{c_char, c_int},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

/// Where the lines go.
pub trait ErrorLog: Sync {
    /// Whether the log takes what this thread writes now; else it is written to descriptor 2 as it is.
    fn takes(&self) -> bool;
    /// Called when a script has printed to the STDOUT of the process and not to that of a response.
    fn printed_to_stdout(&self) {}
    /// Takes a line, without its end; never more than 7,000 bytes.
    fn line(&self, text: &[u8]);
}

static LOG: OnceLock<&'static dyn ErrorLog> = OnceLock::new();

/// Sets the log, once for all interpreters. Without a log all is written to descriptor 2.
pub fn set_error_log(log: &'static dyn ErrorLog) {
    if LOG.set(log).is_ok() {
        // SAFETY: the functions live as long as the process.
        unsafe { ffi::mp_err_init(said, printed) };
    }
    stderr_is_the_log();
}

/// Notes that descriptor 2 is the server's log now. To be called before code of the configuration runs, and again when the server has
/// opened its log. Where a script puts another file in its place, what is written to STDERR goes to that file.
pub fn stderr_is_the_log() {
    // SAFETY: the server has one thread while it starts.
    unsafe { ffi::mp_err_here() };
}

unsafe extern "C" fn printed() {
    if let Some(log) = LOG.get() {
        let _ = catch_unwind(AssertUnwindSafe(|| log.printed_to_stdout()));
    }
}

/// For the shim: a line, or with null the question whether it would be taken.
unsafe extern "C" fn said(text: *const c_char, len: usize) -> c_int {
    let Some(log) = LOG.get() else { return 0 };
    let done = catch_unwind(AssertUnwindSafe(|| {
        if text.is_null() {
            return log.takes();
        }
        // SAFETY: the shim lends that many bytes for the call.
        log.line(unsafe { std::slice::from_raw_parts(text.cast(), len) });
        true
    }));
    c_int::from(done.unwrap_or(false))
}
