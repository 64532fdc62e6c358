//! The locks: std's, or loom's when the model checker runs (`--cfg loom`).
//!
//! No lock of this crate is held while code of others runs, so only a fault of this crate can poison one. Serving on is then better
//! than a panic in every later request: poison is ignored.
//!
//! Statistics and the counter behind [`ItemId`](crate::ItemId) use std's atomics under loom too: they are written
//! under the lock or stand alone, and would only multiply the states to explore.

use std::sync::PoisonError;
use std::time::Instant;

#[cfg(loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification, at most until `until` (`None`: for ever). May return early: callers loop.
#[cfg(not(loom))]
pub(crate) fn wait<'a, T>(cond: &Condvar, guard: MutexGuard<'a, T>, until: Option<Instant>) -> MutexGuard<'a, T> {
    let Some(until) = until else { return cond.wait(guard).unwrap_or_else(PoisonError::into_inner) };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return guard;
    }
    cond.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
}

/// Under loom time stands still: deadlines pass by `Tipool::expire_waits`.
#[cfg(loom)]
pub(crate) fn wait<'a, T>(cond: &Condvar, guard: MutexGuard<'a, T>, _: Option<Instant>) -> MutexGuard<'a, T> {
    cond.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
