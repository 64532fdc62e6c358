//! An interpreter, and how many calls of ours are in it.

use std::cell::Cell;
use std::ffi::c_int;

use interp::Interp;

/// An interpreter that counts its calls. Its own count of users is higher by the number of holds that other modules have.
pub struct Counted {
    pub interp: Box<dyn Interp>,
    calls: Cell<c_int>,
}

impl Counted {
    pub fn new(interp: Box<dyn Interp>) -> Counted {
        Counted { interp, calls: Cell::new(0) }
    }

    #[inline]
    pub fn count(&self, by: c_int) {
        self.calls.set(self.calls.get() + by);
        // SAFETY: the count lives as long as the interpreter, which whoever counts has.
        unsafe { *self.interp.users().as_mut() += by };
    }

    /// Counts a call of ours until the guard is dropped.
    #[inline]
    pub fn call(&self) -> Call<'_> {
        self.count(1);
        Call(self)
    }

    #[inline]
    pub fn is_held_by_others(&self) -> bool {
        // SAFETY: as above.
        unsafe { *self.interp.users().as_ref() > self.calls.get() }
    }
}

/// A call that is counted.
pub struct Call<'a>(&'a Counted);

impl Drop for Call<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.count(-1);
    }
}
