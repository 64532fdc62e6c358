//! Which process this is: one of the server's, or one that a script forked; and whether it is inside an interpreter.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::{
    Once,
    atomic::{AtomicU32, AtomicUsize, Ordering::*},
};

/// A count of forks, and the count when this process was last declared the server's (`mi_process`).
#[repr(C)]
#[derive(Debug)]
pub struct Process {
    forks: AtomicU32,
    ours: AtomicU32,
}

pub(crate) static PROCESS: Process = Process { forks: AtomicU32::new(0), ours: AtomicU32::new(0) };
static INSIDE: AtomicUsize = AtomicUsize::new(0);

extern "C" fn forked() {
    PROCESS.forks.fetch_add(1, Relaxed);
}

/// Begins to count forks. An engine calls this when it starts.
pub fn count_forks() {
    static ONCE: Once = Once::new();
    // SAFETY: the handler adds to a number, which may be done in a forked child.
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(forked));
    });
}

/// This process is the server's: called by the host in each new child, before anything runs there. Starting an interpreter
/// does it, too. After a fork that nobody announced so, [`is_forked`] is true.
pub fn adopt_process() {
    INSIDE.store(0, SeqCst);
    PROCESS.ours.store(PROCESS.forks.load(Relaxed), Relaxed);
}

/// Whether a script forked this process. Then every cleanup and destructor of the server returns at once, and every way
/// back out of an interpreter ends the process.
#[inline]
pub fn is_forked() -> bool {
    PROCESS.forks.load(Relaxed) != PROCESS.ours.load(Relaxed)
}

/// How many entries into interpreters, or locks of ours, are held in this process. A cleanup that runs inside a signal
/// handler and finds this non-zero must do nothing.
pub fn inside() -> usize {
    INSIDE.load(SeqCst)
}

/// Raises [`inside`] while it lives.
#[derive(Debug)]
pub struct Inside(());

impl Inside {
    /// Raises the count.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Inside {
        INSIDE.fetch_add(1, SeqCst);
        Inside(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, SeqCst);
    }
}

/// No signal reaches this thread while it lives, nor a thread made meanwhile, which inherits the mask.
pub struct SignalsBlocked(libc::sigset_t);

impl SignalsBlocked {
    /// Blocks the signals.
    #[allow(clippy::new_without_default)]
    pub fn new() -> SignalsBlocked {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: writes both, which lie on this stack, before they are read.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            SignalsBlocked(before.assume_init())
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the mask that was saved above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}

/// What this process does on the signals that scripts are wont to handle, as it was when this was made; put back when it is dropped.
#[derive(Debug)]
pub struct SignalsKept([(c_int, MaybeUninit<libc::sigaction>); 10]);

impl SignalsKept {
    /// Notes what holds now.
    #[allow(clippy::new_without_default)]
    pub fn new() -> SignalsKept {
        use libc::*;
        let all = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGCHLD, SIGWINCH];
        SignalsKept(all.map(|signal| {
            let mut action = MaybeUninit::uninit();
            // SAFETY: writes the record; the signals exist.
            unsafe { sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
            (signal, action)
        }))
    }
}

impl Drop for SignalsKept {
    fn drop(&mut self) {
        for (signal, action) in &self.0 {
            // SAFETY: the record was filled above, by a call that cannot fail.
            unsafe { libc::sigaction(*signal, action.as_ptr(), std::ptr::null_mut()) };
        }
    }
}

#[cfg(test)]
impl Process {
    pub(crate) const OFFSETS: [(&str, usize); 2] = [
        ("mi_process, forks", std::mem::offset_of!(Process, forks)),
        ("mi_process, ours", std::mem::offset_of!(Process, ours)),
    ];
}
