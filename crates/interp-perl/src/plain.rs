//! A perl that is not the server's, as in `perl -MAPR`: its interpreter was made by perl itself and runs already.
//!
//! `shim/plain.c` gives each of its interpreters a record and a home; crate `apr-perl` brings the rows, and what they ask.

use crate::{bind, ffi};
use interp::{Home, Kept, Raise};
use std::{ffi::c_void, sync::Arc};

/// What `mp_plain_boot`, to which `boot_APR` jumps, asks about an interpreter (`mp_plain`). Nothing may unwind out of these.
#[repr(C)]
#[derive(Debug)]
pub struct Host {
    /// [`home`] of an interpreter, or null if APR does not start.
    pub begin: unsafe extern "C" fn(ctx: *mut c_void) -> *const Home,
    /// The program is over and all its values are there: pools end.
    pub stop: unsafe extern "C" fn(home: *const Home),
    /// The interpreter is being destroyed: [`end`].
    pub end: unsafe extern "C" fn(home: *const Home),
}

/// The home of an interpreter, until [`end`]. The classes were registered before.
///
/// # Safety
/// `ctx` is a living interpreter, as the shim knows it.
pub unsafe fn home(ctx: *mut c_void) -> *const Home {
    bind::init();
    // SAFETY: the caller's promise; `end` closes the home before the interpreter is gone.
    Arc::into_raw(unsafe { Home::new(&ffi::mp_ops, ctx) })
}

/// The interpreter is being destroyed: its values are empty shells from now on.
///
/// # Safety
/// `home` was made by [`home`], and is not used by the shim afterwards.
pub unsafe fn end(home: *const Home) {
    // SAFETY: the caller's promise.
    unsafe { Arc::from_raw(home) }.close();
}

/// Calls code that was kept for the end of a pool if this thread is in its interpreter, which the shim told of as this library's
/// own; else leaves it there for later. What it dies of is a warning.
pub fn call_at_end(code: Kept, arg: Option<Kept>) {
    let home = code.home();
    // SAFETY: asks perl which interpreter this thread has.
    if home.ctx() != unsafe { ffi::mp_plain_current() } {
        return code.call_later(arg);
    }
    if !home.is_open() {
        return;
    }
    let args: Vec<_> = arg.iter().map(Kept::val).collect();
    // SAFETY: this thread is in that interpreter, which lives: its home is open.
    let Err(raised) = (unsafe { code.call_held(&args) }) else { return };
    if let Raise::Script(exception) = *raised {
        // SAFETY: as above; the exception is that interpreter's.
        unsafe { ffi::mp_plain_died(exception.as_raw()) };
    }
}
