//! Programs that the server runs as processes of their own.

use crate::{Pool, ffi};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::{io, ptr, ptr::NonNull};

/// Runs a program whose signals are as a new program's are: threads of a server block them, and a child would inherit that.
///
/// # Errors
/// What the system says.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    // SAFETY: what runs between fork and exec may be called there.
    unsafe { command.pre_exec(block_no_signal) };
    command.spawn()
}

/// Has this thread block no signal. May be called in a signal handler.
pub(crate) fn block_no_signal() -> io::Result<()> {
    // SAFETY: the set lies on this stack and is filled before it is read.
    let done = unsafe {
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Pool {
    /// A child of this process ends with the pool: it is asked by SIGTERM, killed after three seconds, and awaited.
    pub fn end_with_it(&self, child: u32) {
        let Ok(pid) = ffi::pid_t::try_from(child) else { return };
        let process: NonNull<ffi::apr_proc_t> = self.zeroed(size_of::<ffi::apr_proc_t>()).cast();
        // SAFETY: the record is zeroed memory of the pool, and so lives until the pool's end, when APR looks at it.
        unsafe {
            (*process.as_ptr()).pid = pid;
            ffi::apr_pool_note_subprocess(self.as_ptr(), process.as_ptr(), ffi::APR_KILL_AFTER_TIMEOUT);
        }
    }
}
