//! What a thread has of this floor: its innermost call, and the language of an interpreter that is ending there.

use std::cell::Cell;
use std::ptr;

use crate::Above;

/// The calls that run on one thread.
pub struct Chain<L: Above> {
    /// The innermost; null or a `Frame` of `L`. Only `frame` and `standing` put one there.
    pub(crate) current: Cell<*const ()>,
    /// The language of an interpreter that is ending here.
    pub(crate) ending: Cell<Option<L>>,
}

impl<L: Above> Chain<L> {
    /// The chain of a thread on which no call runs.
    #[allow(clippy::new_without_default, reason = "it is wanted in a constant")]
    pub const fn new() -> Chain<L> {
        Chain { current: Cell::new(ptr::null()), ending: Cell::new(None) }
    }
}

/// Runs `f`, in which an interpreter of this language ends: its code then runs in no call.
pub fn ending<L: Above, R>(lang: L, f: impl FnOnce() -> R) -> R {
    let before = L::chain().with(|chain| chain.ending.replace(Some(lang)));
    let result = f();
    L::chain().with(|chain| chain.ending.set(before));
    result
}
