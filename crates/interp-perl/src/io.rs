//! STDIN and STDOUT of a `perl-script` response: a PerlIO layer named `Apache2`, as mod_perl has it.
//!
//! The layer stays pushed on two handles of the interpreter and is pointed at each response in turn.

use crate::{call::Raised, ffi, perl::Entered};
use interp::Fail;
use std::{
    ffi::c_void,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Where the script's STDIN comes from and its STDOUT goes to. An error becomes a Perl exception at the script's line.
pub trait Stdio {
    /// Fills up to all of `to`; 0 is the end. Perl asks byte by byte where it looks for a line end: buffering is the host's.
    ///
    /// # Errors
    /// What the script shall see.
    fn read(&self, to: &mut [u8]) -> Result<usize, Fail>;
    /// Takes all of `from`. The bytes stay put even if script code (a filter) runs before this returns.
    ///
    /// # Errors
    /// What the script shall see.
    fn write(&self, from: &[u8]) -> Result<(), Fail>;
    /// Called where Perl flushes: `$|`, `$fh->flush`, and before it forks.
    ///
    /// # Errors
    /// What the script shall see.
    fn flush(&self) -> Result<(), Fail>;
}

/// STDIN and STDOUT are the response's until this is dropped. Responses nest: the inner one's end gives back the outer's.
#[must_use = "dropping it gives STDIN and STDOUT back"]
pub struct Redirect<'a> {
    perl: &'a Entered<'a>,
    // The address that the shim keeps while the redirection lasts.
    stdio: *mut c_void,
    _response: PhantomData<&'a dyn Stdio>,
}

impl<'a> Entered<'a> {
    /// Points STDIN and STDOUT at `stdio`.
    ///
    /// # Errors
    /// If the handles cannot be made.
    pub fn redirect<'s: 'a>(&'a self, stdio: &'a (dyn Stdio + 's)) -> Result<Redirect<'a>, Raised> {
        let stdio: *mut &'a dyn Stdio = Box::into_raw(Box::new(stdio));
        let guard = Redirect { perl: self, stdio: stdio.cast(), _response: PhantomData };
        let mut out = ffi::Out::EMPTY;
        // SAFETY: this interpreter is entered; the address lives in the guard.
        unsafe { ffi::mp_io_begin(self.raw(), &raw const TABLE, stdio.cast(), &raw mut out) };
        self.finish(out).map(|_| guard)
    }
}

impl Redirect<'_> {
    /// Gives STDIN and STDOUT back and says whether closing what the script left there raised something.
    ///
    /// # Errors
    /// What the script's last flush raised.
    pub fn end(self) -> Result<(), Raised> {
        let result = self.give_back();
        // SAFETY: made by Box::into_raw in `redirect`, given back just now.
        drop(unsafe { Box::from_raw(self.stdio.cast::<&dyn Stdio>()) });
        std::mem::forget(self);
        result
    }

    fn give_back(&self) -> Result<(), Raised> {
        let mut out = ffi::Out::EMPTY;
        // SAFETY: the interpreter is still entered (the guard borrows it).
        unsafe { ffi::mp_io_end(self.perl.raw(), &raw mut out) };
        self.perl.finish(out).map(drop)
    }
}

impl Drop for Redirect<'_> {
    fn drop(&mut self) {
        let _ = self.give_back();
        // SAFETY: made by Box::into_raw in `redirect`, given back just now.
        drop(unsafe { Box::from_raw(self.stdio.cast::<&dyn Stdio>()) });
    }
}

static TABLE: ffi::StdioTable = ffi::StdioTable { read, write, flush };

/// One place where panics stop.
fn door(ctx: *mut c_void, err: *mut *mut c_void, f: impl FnOnce(&dyn Stdio) -> Result<usize, Fail>) -> isize {
    // SAFETY: `ctx` is the box made in `redirect`, which outlives the redirection.
    let stdio: &dyn Stdio = unsafe { *ctx.cast::<&dyn Stdio>() };
    let fail = match catch_unwind(AssertUnwindSafe(|| f(stdio))) {
        Ok(Ok(n)) => return isize::try_from(n).unwrap_or(isize::MAX),
        Ok(Err(fail)) => fail,
        Err(_) => "Rust panic in the Apache2 layer".into(),
    };
    // SAFETY: the shim passes the address of a pointer and hands the box to the Rust side's `err` and `err_done`.
    unsafe { err.write(Box::into_raw(fail).cast()) };
    -1
}

unsafe extern "C" fn read(ctx: *mut c_void, to: *mut u8, n: usize, err: *mut *mut c_void) -> isize {
    // SAFETY: the shim passes Perl's buffer of n bytes.
    let to = unsafe { std::slice::from_raw_parts_mut(to, n) };
    door(ctx, err, |stdio| stdio.read(to))
}

unsafe extern "C" fn write(ctx: *mut c_void, from: *const u8, n: usize, err: *mut *mut c_void) -> isize {
    // SAFETY: the shim passes n bytes and holds them.
    let from = unsafe { std::slice::from_raw_parts(from, n) };
    door(ctx, err, |stdio| stdio.write(from).map(|()| n))
}

unsafe extern "C" fn flush(ctx: *mut c_void, err: *mut *mut c_void) -> isize {
    door(ctx, err, |stdio| stdio.flush().map(|()| 0))
}
