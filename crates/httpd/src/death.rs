//! What is to be done when a record's pool dies.

use crate::Request;
use apr::Cleanup;
use std::ptr::NonNull;

/// A record that lies in the pool on which the closure is registered that owns this.
struct InPool<T>(NonNull<T>);

// SAFETY: it goes with its pool to the thread on which that dies, which is the only one that has the record then (SAFETY.md, "one
// thread at a time").
unsafe impl<T> Send for InPool<T> {}

impl<T> InPool<T> {
    fn get(&self) -> &T {
        // SAFETY: a pool's memory is freed after its cleanups, in one of which this is.
        unsafe { self.0.as_ref() }
    }
}

impl Request {
    /// Calls `f` when the request's pool dies, as [`apr::Pool::on_death`] does.
    pub fn on_death(&self, f: impl FnOnce(&Request) + Send + 'static) -> Cleanup {
        let r = InPool(NonNull::from(self));
        self.pool().on_death(move || f(r.get()))
    }

    /// Calls `f` when the request's pool is about to die, as [`apr::Pool::before_death`] does.
    pub fn before_death(&self, f: impl FnOnce(&Request) + Send + 'static) -> Cleanup {
        let r = InPool(NonNull::from(self));
        self.pool().before_death(move || f(r.get()))
    }
}
