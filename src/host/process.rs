//! What this process is: the server's parent or a child of it, and how a child ends.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};

use httpd::server::RunMode;

/// The process id of this child of the server's; 0 in the server's parent.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// Whether a script called `CORE::exit`: the process then ends as it is.
static LEAVING: AtomicBool = AtomicBool::new(false);

/// Whether a script has this process take no more connections and end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Called at the beginning of a child of the server's.
pub fn begin_child() {
    interp::adopt_process();
    CHILD.store(std::process::id() as i32, SeqCst);
}

/// Whether this is a child of the server's (not of a script).
pub fn is_child() -> bool {
    CHILD.load(SeqCst) == std::process::id() as i32
}

/// Ends this process for a script that called `CORE::exit`.
pub fn leave(status: c_int) -> ! {
    LEAVING.store(true, SeqCst);
    std::process::exit(status)
}

/// Has this process end with status 0 when httpd ends it, and not with that for which httpd's parent believes that the system is short of
/// resources, makes fewer processes, and in the end gives up. False if that was said before.
pub fn end_well() -> bool {
    extern "C" fn at_exit() {
        // SAFETY: httpd has ended its pools and threads; what is in buffers of C's goes out as at any end.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            libc::_exit(0);
        }
    }
    let is_first = !ENDING.swap(true, SeqCst);
    if is_first {
        // SAFETY: the function is there as long as the process: this library is never unloaded.
        unsafe { libc::atexit(at_exit) };
    }
    is_first
}

/// Whether this process ends since a script called `CORE::exit`.
pub fn is_leaving() -> bool {
    LEAVING.load(SeqCst)
}

/// Whether this httpd is to serve. `httpd -t` and its like run no END blocks, since those could touch what the running server has.
pub fn serves() -> bool {
    httpd::server::run_mode() == RunMode::Normal
}

/// Called first when a child's pool dies. Prefork's SIGTERM runs the pool's end inside the signal handler: if the signal has
/// interrupted a script, no code of ours may run there, not even the end of the script's request.
pub fn leave_at_once_inside_a_script() {
    if !httpd::mpm::is_threaded() && interp::inside() > 0 && !interp::is_forked() && !is_leaving() {
        // Prefork's SIGTERM runs this inside a signal handler, in the middle of a script. All that can be done is to log that and end
        // the process: httpd's own cleanups, which come next, free memory, and would wait for ever if malloc was interrupted.
        let text = b"mod_interp: this process was ended by a signal inside a script: ChildExit handlers and END blocks are skipped\n";
        // SAFETY: the bytes are there; both may be called from a signal handler.
        unsafe {
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::_exit(0);
        }
    }
}
