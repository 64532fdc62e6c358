//! Memory that all processes of a server see which are forked from the one that asked for it.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};

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
    mapped: Option<NonNull<T>>,
    own: T,
}

// SAFETY: what is shared is touched as atomics only.
unsafe impl<T: Words> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Words> Sync for Shared<T> {}

impl<T: Words> Shared<T> {
    /// A new one.
    pub fn new() -> Shared<T> {
        let (read_write, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping of the system's choice, filled with zeros; no file is behind it.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<T>(), read_write, shared, -1, 0) };
        let mapped = if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast()) };
        Shared { mapped, own: T::default() }
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
        // SAFETY: whole pages, aligned and filled with zeros, which are mapped until `self` is dropped.
        self.mapped.map_or(&self.own, |mapped| unsafe { mapped.as_ref() })
    }
}

impl<T: Words> Drop for Shared<T> {
    fn drop(&mut self) {
        if let Some(mapped) = self.mapped {
            // SAFETY: mapped by `new` with this length; nobody refers to it any more. Other processes have mappings of their own.
            unsafe { libc::munmap(mapped.as_ptr().cast(), size_of::<T>()) };
        }
    }
}

impl<T: Words + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
