//! Which process this is: one of the server's, or one that a script forked; and whether it is inside an interpreter.

use crate::ffi;
use std::sync::atomic::{AtomicUsize, Ordering::*};

static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// This process is the server's: called by the host in each new child, before anything runs there. Starting an interpreter
/// does it, too. After a fork that nobody announced so, [`is_forked`] is true.
pub fn adopt_process() {
    INSIDE.store(0, SeqCst);
    // SAFETY: sets a number.
    unsafe { ffi::mp_adopt_process() };
}

/// Whether a script forked this process. Then every cleanup and destructor of the server returns at once, and every way
/// back out of an interpreter ends the process.
pub fn is_forked() -> bool {
    // SAFETY: compares two numbers.
    unsafe { ffi::mp_is_forked() != 0 }
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
    /// Held from now on.
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
