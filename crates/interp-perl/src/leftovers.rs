//! Puts back what a request has changed in its interpreter and must not leave to the next request.
//!
//! | what | put back |
//! |---|---|
//! | STDIN, STDOUT, STDERR: opened, closed, tied, layers, `$|`, their globs | when the entry ends |
//! | the selected handle, `$,` `$\\` `$/` `$;` `$"` `$0` `$^W` | when the entry ends |
//! | working directory, umask, alarm, a fixed `srand`; descriptors 0, 1 and 2 after `POSIX::close` or `POSIX::dup2` | when the outermost entry ends |
//!
//! "The entry" is that of a request's phase, or of a connection. What a phase before the response changes stays for the later phases.
//! An entry inside another (a subrequest) begins with what requests begin with, and its end gives the outer one's state back.
//! Descriptors 0, 1 and 2 are the process's and change only by number; a program that a script starts has the script's handles there.
//! What start-up code and the server's own phases set is what all requests begin with. Other changes of a request stay, as with mod_perl.

use crate::{Record, ffi, perl::Entered};
use interp::Raised;

/// A guard for an entry that serves a request or a connection; the entry ends when the guard is dropped.
#[must_use = "dropping it puts everything back"]
#[derive(Debug)]
pub struct Serving<'a> {
    perl: &'a Entered,
}

impl Entered {
    /// From here on, what the script changes of the interpreter is put back when the guard is dropped. `owner` is asked if
    /// an earlier entry left something, by [`Serving::leave`], and within another entry: a number not 0 that is that entry's takes it over.
    #[inline(always)]
    pub fn serve(&self, owner: impl FnOnce() -> u64) -> Serving<'_> {
        let record = self.raw().cast::<Record>();
        // SAFETY: this interpreter is entered; its record begins as `Record` does.
        unsafe {
            (*record).requests += 1;
            if (*record).touched != 0 || (*record).requests > 1 {
                let mut out = ffi::Out::EMPTY;
                ffi::mp_serve_begin(self.raw(), owner(), &raw mut out);
                let _ = self.finish(out);
            }
        }
        Serving { perl: self }
    }
}

impl Serving<'_> {
    /// Puts everything back; returns what was raised while a handle that the script left was closed.
    ///
    /// # Errors
    /// What closing such a handle raised.
    #[inline(always)]
    pub fn end(self) -> Result<(), Raised> {
        self.leave(|| 0)
    }

    /// As [`Serving::end`], but if `owner` gives a number that is not 0, the changes stay for the next entry with the same number.
    /// `owner` is called only if something has changed, and within another entry.
    ///
    /// # Errors
    /// As [`Serving::end`].
    #[inline(always)]
    pub fn leave(self, owner: impl FnOnce() -> u64) -> Result<(), Raised> {
        let result = self.put_back(owner);
        std::mem::forget(self);
        result
    }

    #[inline(always)]
    fn put_back(&self, owner: impl FnOnce() -> u64) -> Result<(), Raised> {
        let record = self.perl.raw().cast::<Record>();
        // SAFETY: the interpreter is still entered (the guard borrows it).
        let touched = unsafe { (*record).touched != 0 || (*record).requests > 1 };
        let result = if touched { self.put_back_touched(owner()) } else { Ok(()) };
        // SAFETY: as above.
        unsafe { (*record).requests -= 1 };
        result
    }

    #[cold]
    fn put_back_touched(&self, owner: u64) -> Result<(), Raised> {
        let mut out = ffi::Out::EMPTY;
        // SAFETY: the interpreter is still entered (the guard borrows it).
        unsafe { ffi::mp_serve_end(self.perl.raw(), owner, &raw mut out) };
        self.perl.finish(out).map(drop)
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let _ = self.put_back(|| 0);
    }
}
