//! Locks that are held for a moment, also by cleanups of pools.
//!
//! Prefork ends a child within its handler of a signal, which clears all pools wherever the thread is at that moment: in the middle of such a
//! moment, maybe. A cleanup that then wants the same lock would wait for its own thread for ever. So each thread counts the locks it
//! has, and a cleanup that begins while it has one does nothing ([`Pool::on_death`](crate::Pool::on_death)): no pool dies under such a lock
//! otherwise.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{Ordering::SeqCst, compiler_fence},
    },
};

thread_local! {
    /// How many of these locks this thread has, or is about to take. No destructor: one in the main thread would keep the library mapped.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread has such a lock.
#[inline]
pub(crate) fn is_held_here() -> bool {
    HELD.get() > 0
}

/// A value behind a lock under which nothing is called that runs scripts or clears pools.
#[derive(Debug, Default)]
pub struct Momentary<T>(Mutex<T>);

impl<T> Momentary<T> {
    /// The value behind its lock.
    pub const fn new(value: T) -> Momentary<T> {
        Momentary(Mutex::new(value))
    }

    /// Waits for the lock.
    #[inline]
    pub fn lock(&self) -> Held<'_, T> {
        let count = Count::new();
        Held { value: self.0.lock().unwrap_or_else(PoisonError::into_inner), _count: count }
    }
}

/// The value, as long as the lock is held.
#[derive(Debug)]
pub struct Held<'a, T> {
    // Dropped first: the count covers the lock.
    value: MutexGuard<'a, T>,
    _count: Count,
}

impl<T> Deref for Held<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Held<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[derive(Debug)]
struct Count;

impl Count {
    #[inline]
    fn new() -> Count {
        HELD.set(HELD.get() + 1);
        compiler_fence(SeqCst);
        Count
    }
}

impl Drop for Count {
    #[inline]
    fn drop(&mut self) {
        compiler_fence(SeqCst);
        HELD.set(HELD.get() - 1);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Pool, Reenter};
    use std::sync::Arc;

    #[test]
    fn a_cleanup_that_interrupts_the_holder_of_a_lock_does_nothing() {
        Pool::initialize().unwrap();
        let (value, run) = (Momentary::new(1), Arc::new(Momentary::new(0)));
        for (expected, is_held) in [(1, false), (1, true), (2, false)] {
            let pool = Pool::root().unwrap();
            let runs = run.clone();
            let _ = pool.on_death(move || *runs.lock() += 1);
            let held = is_held.then(|| value.lock());
            // SAFETY: a test runs no script, and uses nothing of the pool afterwards.
            unsafe { pool.destroy(Reenter::assume()) };
            drop(held);
            assert_eq!(*run.lock(), expected);
        }
        assert!(!is_held_here());
    }
}
