//! A value of a script's that is held past the call.

use crate::{Dropped, Home, Kind, Val, apart::leaves_apart};
use std::{ffi::c_void, mem::ManuallyDrop, ptr, sync::Arc};

/// A script's value, by identity, held past the call. It may be dropped on any thread and is freed in its interpreter.
#[derive(Debug)]
pub struct Kept {
    pub(crate) raw: *mut c_void,
    pub(crate) home: Arc<Home>,
}

// SAFETY: a counted reference; only the holder of its interpreter looks into it, and dropping it only fills the drop box.
unsafe impl Send for Kept {}
// SAFETY: as above; shared access reads the pointer only.
unsafe impl Sync for Kept {}

impl Kept {
    /// # Safety
    /// `raw` is a counted reference of `home`'s engine; the count is given away here.
    pub unsafe fn from_raw(raw: *mut c_void, home: Arc<Home>) -> Kept {
        Kept { raw, home }
    }
    /// The engine's value; counted by `self`.
    pub fn as_raw(&self) -> *mut c_void {
        self.raw
    }
    /// The interpreter it lives in.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }
    /// The same variable, as a result.
    pub fn again(&self) -> Again {
        Again { raw: self.raw, home: Arc::as_ptr(&self.home), owned: false }
    }
    /// Gives the value back for good, as a result.
    pub fn give(self) -> Again {
        let again = Again { owned: true, ..self.again() };
        // The engine keeps a home alive as long as its interpreter runs, so this is not the last reference to it.
        let (_, home) = self.into_parts();
        drop(home);
        again
    }
    /// The value as an argument for a callback in its own interpreter.
    pub fn val(&self) -> Val {
        Val::of(Kind::Kept, self.raw as u64, 0)
    }
    /// Leaves the value in its interpreter's drop box, to be called there (with `arg`, if any) and freed. May be used on any thread and
    /// does not wait: for cleanups that must not acquire an interpreter.
    pub fn call_later(self, arg: Option<Kept>) {
        let arg = arg.map_or(ptr::null_mut(), |a| a.into_parts().0);
        let (value, home) = self.into_parts();
        home.leave(Dropped { value, arg, call: true, apart: true });
    }
    pub(crate) fn into_parts(self) -> (*mut c_void, Arc<Home>) {
        let k = ManuallyDrop::new(self);
        // SAFETY: `k` is not used or dropped after this.
        (k.raw, unsafe { ptr::read(&k.home) })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.home.leave(Dropped { value: self.raw, apart: leaves_apart(), ..Dropped::NONE });
    }
}

/// The very variable that was kept, given back. Made by [`crate::Kept`] and [`crate::Any`].
pub struct Again {
    pub(crate) raw: *mut std::ffi::c_void,
    pub(crate) home: *const Home,
    pub(crate) owned: bool,
}
