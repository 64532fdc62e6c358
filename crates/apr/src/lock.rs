//! Locks between the threads of a process. APR's own, so that they die with a pool as a script expects.

use crate::{Pool, Status, ffi};
use std::ptr;

crate::opaque! {
    /// An `apr_thread_mutex_t`. Unlike most, it may be used by several threads at once.
    pub struct ThreadMutex(ffi::apr_thread_mutex_t);
}

crate::opaque! {
    /// An `apr_thread_rwlock_t`. Unlike most, it may be used by several threads at once.
    pub struct ThreadRwLock(ffi::apr_thread_rwlock_t);
}

/// What to do with a lock. A row `lock: apr_thread_mutex_lock;` becomes a function that gives APR's status.
macro_rules! steps {
    ($t:ty: $($(#[$doc:meta])* $name:ident: $call:ident;)*) => {
        impl $t { $(
            $(#[$doc])*
            pub fn $name(&self) -> Status {
                // SAFETY: it lives; threads may use it at once.
                Status(unsafe { ffi::$call(self.as_ptr()) })
            }
        )* }
    };
}

steps! { ThreadMutex:
    /// Takes the lock; waits until it is free.
    lock: apr_thread_mutex_lock;
    /// Takes the lock if it is free; else the status is `EBUSY`.
    try_lock: apr_thread_mutex_trylock;
    /// Lets go of it.
    unlock: apr_thread_mutex_unlock;
}

steps! { ThreadRwLock:
    /// Takes the lock for reading; waits until nobody writes.
    read: apr_thread_rwlock_rdlock;
    /// Takes the lock for writing; waits until it is free.
    write: apr_thread_rwlock_wrlock;
    /// Takes the lock for reading if nobody writes; else the status is `EBUSY`.
    try_read: apr_thread_rwlock_tryrdlock;
    /// Takes the lock for writing if it is free; else the status is `EBUSY`.
    try_write: apr_thread_rwlock_trywrlock;
    /// Lets go of it.
    unlock: apr_thread_rwlock_unlock;
}

impl ThreadMutex {
    /// A free one, which dies with `pool`. `flags` are `APR_THREAD_MUTEX_*`.
    ///
    /// # Errors
    /// What APR says.
    pub fn new(pool: &Pool, flags: u32) -> Result<&ThreadMutex, Status> {
        let mut made = ptr::null_mut();
        // SAFETY: the pool lives; APR writes the pointer.
        Status(unsafe { ffi::apr_thread_mutex_create(&mut made, flags, pool.as_ptr()) }).ok()?;
        // SAFETY: lives as long as the pool.
        unsafe { ThreadMutex::at(made) }.ok_or(Status(libc::ENOMEM))
    }

    /// The pool it dies with.
    pub fn pool(&self) -> Option<&Pool> {
        // SAFETY: it lives, so its pool does.
        unsafe { Pool::at(ffi::apr_thread_mutex_pool_get(self.as_ptr())) }
    }
}

impl ThreadRwLock {
    /// A free one, which dies with `pool`.
    ///
    /// # Errors
    /// What APR says.
    pub fn new(pool: &Pool) -> Result<&ThreadRwLock, Status> {
        let mut made = ptr::null_mut();
        // SAFETY: the pool lives; APR writes the pointer.
        Status(unsafe { ffi::apr_thread_rwlock_create(&mut made, pool.as_ptr()) }).ok()?;
        // SAFETY: lives as long as the pool.
        unsafe { ThreadRwLock::at(made) }.ok_or(Status(libc::ENOMEM))
    }

    /// The pool it dies with.
    pub fn pool(&self) -> Option<&Pool> {
        // SAFETY: it lives, so its pool does.
        unsafe { Pool::at(ffi::apr_thread_rwlock_pool_get(self.as_ptr())) }
    }
}
