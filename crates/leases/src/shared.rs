//! Memory that all processes of a server see which are forked from the one that asked for it.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};

use shm::Mapping;

/// What may lie in shared memory.
///
/// # Safety
/// It is made of atomics alone, and all bits 0 are a value of it.
pub unsafe trait Words: Default + Sync {}
// SAFETY: an atomic.
unsafe impl Words for AtomicU32 {}
// SAFETY: an atomic.
unsafe impl Words for AtomicI32 {}
// SAFETY: an atomic.
unsafe impl Words for AtomicU64 {}

/// A value in such memory, at first all 0. Where the system has none to give, each process has a value of its own.
pub struct Shared<T: Words> {
    mapped: Option<Mapping>,
    own: T,
}

impl<T: Words> Shared<T> {
    /// A new one.
    pub fn new() -> Shared<T> {
        Shared { mapped: Mapping::new(size_of::<T>()).ok(), own: T::default() }
    }
}

impl<T: Words> Default for Shared<T> {
    fn default() -> Shared<T> {
        Shared::new()
    }
}

impl<T: Words> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: whole pages, aligned and filled with zeros, which are mapped until `self` is dropped, and touched as atomics only.
        self.mapped.as_ref().map_or(&self.own, |mapped| unsafe { mapped.at().cast().as_ref() })
    }
}

impl<T: Words + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
