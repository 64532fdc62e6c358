//! The home of values: one interpreter, what it can do with its values, and the box for values that are dropped elsewhere.

use crate::Val;
use apr::{Held, Momentary};
use std::{
    collections::VecDeque,
    ffi::{c_int, c_void},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::*},
    },
};

/// What an engine can do with its values (`mi_ops`, where each is explained). Called only by whoever holds the interpreter.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Ops {
    pub call: unsafe extern "C" fn(*mut c_void, *const Val, *const Val, usize, *mut Val) -> i32,
    pub keep: unsafe extern "C" fn(*mut c_void, *const Val, *mut Val),
    pub put: unsafe extern "C" fn(*mut c_void, *mut Val, usize, *const u8, usize) -> i32,
    pub room: unsafe extern "C" fn(*mut c_void, *mut Val, usize, usize) -> *mut u8,
    pub fill: unsafe extern "C" fn(*mut c_void, *mut Val, usize) -> i32,
    pub bag: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    pub bag_set: unsafe extern "C" fn(*mut c_void, *mut c_void, *const u8, usize, *mut c_void) -> i32,
    pub bag_get: unsafe extern "C" fn(*mut c_void, *mut c_void, *const u8, usize) -> *mut c_void,
    pub find: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> *mut c_void,
    pub text: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut usize) -> *const u8,
    /// `None` where an interpreter is one home.
    pub bag_move: Option<BagMove>,
}

/// The home's `ctx`; its bag; another home, which may be of another interpreter, and its bag; a key (null: all); whether the values are only
/// taken away there. 0, or why not all could be moved (`mi_ops`).
pub type BagMove =
    unsafe extern "C" fn(*mut c_void, *mut c_void, *const Home, *mut c_void, *const u8, usize, c_int) -> c_int;

/// An interpreter (`mi_home`). Lives until the interpreter and every value kept from it are gone; after
/// [`close`](Home::close) those values are empty shells.
#[repr(C)]
#[derive(Debug)]
pub struct Home {
    pub(crate) ops: *const Ops,
    pub(crate) ctx: *mut c_void,
    /// Not 0 while the drop box has something. A hint that the doors read without the lock.
    drops: AtomicU32,
    /// The drop box; `None` once the interpreter is gone. Locked only for a push or to take one out; nothing of a script
    /// runs under it, nothing is freed under it.
    dropped: Momentary<Option<VecDeque<Dropped>>>,
}

// SAFETY: `ops` points to a static; `ctx` is only passed to `ops` by whoever holds the interpreter; the rest is atomic or locked.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

/// A value to be freed in its interpreter, or called there and then freed (`mi_drop`).
#[repr(C)]
#[derive(Debug)]
pub struct Dropped {
    pub(crate) value: *mut c_void,
    pub(crate) arg: *mut c_void,
    pub(crate) call: bool,
    /// Whether it was left by others than the request whose call finds it.
    pub(crate) apart: bool,
}

// SAFETY: counted references that only their own interpreter's holder looks into.
unsafe impl Send for Dropped {}

impl Dropped {
    pub(crate) const NONE: Dropped =
        Dropped { value: ptr::null_mut(), arg: ptr::null_mut(), call: false, apart: false };
}

impl Home {
    /// The home of the interpreter whose engine passes `ctx` as first argument of `ops`.
    ///
    /// # Safety
    /// `ops` may be called with `ctx` by whoever holds the interpreter, until [`close`](Home::close).
    pub unsafe fn new(ops: &'static Ops, ctx: *mut c_void) -> Arc<Home> {
        let dropped = Momentary::new(Some(VecDeque::new()));
        Arc::new(Home { ops, ctx, drops: AtomicU32::new(0), dropped })
    }

    fn dropped(&self) -> Held<'_, Option<VecDeque<Dropped>>> {
        self.dropped.lock()
    }

    /// Puts something into the drop box, from any thread. When the interpreter is gone it is only forgotten, since its memory is gone, too.
    pub(crate) fn leave(&self, d: Dropped) {
        let mut dropped = self.dropped();
        if let Some(queue) = &mut *dropped {
            queue.push_back(d);
            self.drops.store(1, Release);
        }
    }

    /// Takes the oldest entry out of the drop box. Only whoever holds the interpreter asks for it, and frees it after the lock was released.
    pub(crate) fn take(&self) -> Option<Dropped> {
        let mut dropped = self.dropped();
        let queue = dropped.as_mut()?;
        let first = queue.pop_front();
        if queue.is_empty() {
            self.drops.store(0, Release);
        }
        first
    }

    /// Whether the drop box has an entry.
    pub fn has_drops(&self) -> bool {
        self.drops.load(Acquire) != 0
    }

    /// The interpreter is about to be destroyed. Its engine empties the drop box first; what comes later is forgotten.
    pub fn close(&self) {
        let last = self.dropped().take();
        self.drops.store(0, Release);
        drop(last);
    }

    /// Whether the interpreter still lives.
    pub fn is_open(&self) -> bool {
        self.dropped().is_some()
    }

    /// The engine's own pointer to its interpreter.
    pub fn ctx(&self) -> *mut c_void {
        self.ctx
    }
}

#[cfg(test)]
impl Home {
    pub(crate) const OFFSETS: &[(&str, usize)] = &[
        ("struct mi_home, ops", std::mem::offset_of!(Home, ops)),
        ("struct mi_home, ctx", std::mem::offset_of!(Home, ctx)),
        ("struct mi_home, drops", std::mem::offset_of!(Home, drops)),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::home;

    #[test]
    fn a_drop_box_gives_back_in_order_and_knows_when_it_is_empty() {
        let h = home();
        for i in 1..=3usize {
            h.leave(Dropped { value: i as *mut c_void, ..Dropped::NONE });
        }
        assert!(h.has_drops());
        let order: Vec<_> = std::iter::from_fn(|| h.take()).map(|d| d.value as usize).collect();
        assert_eq!(order, [1, 2, 3]);
        assert!(!h.has_drops());
    }

    #[test]
    fn what_is_left_after_the_interpreter_is_gone_is_forgotten() {
        let h = home();
        h.close();
        h.leave(Dropped { value: ptr::dangling_mut(), ..Dropped::NONE });
        assert!(!h.has_drops() && !h.is_open() && h.take().is_none());
    }
}
