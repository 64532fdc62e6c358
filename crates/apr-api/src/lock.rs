//! `APR::ThreadMutex` and `APR::ThreadRWLock`: locks between threads. One that start-up code made is the same in each clone,
//! so a lock is destroyed with its pool, and not with an object.

use crate::Owns;
use apr::{Pool, ThreadMutex, ThreadRwLock};
use interp::*;

/// Its rows.
pub static THREAD_MUTEX: Class = Class::of::<ThreadMutex>(&[
    class_method("new(pool, [flags])", new_mutex).doc("A free lock, which dies with `pool`."),
    method("lock()", |m: &ThreadMutex| Status(m.lock().code(), "APR::ThreadMutex::lock"))
        .doc("Waits until the lock is free and takes it."),
    method("trylock()", |m: &ThreadMutex| i64::from(m.try_lock().code()))
        .doc("Takes the lock if it is free; returns EBUSY if it is not."),
    method("unlock()", |m: &ThreadMutex| Status(m.unlock().code(), "APR::ThreadMutex::unlock"))
        .doc("Gives the lock back."),
    method("pool_get()", ThreadMutex::pool).doc("The pool with which this object dies."),
])
.doc("A lock that one thread at a time can have.");

/// Its rows.
pub static THREAD_RWLOCK: Class = Class::of::<ThreadRwLock>(&[
    class_method("new(pool)", new_rwlock).doc("A free lock, which dies with `pool`."),
    method("rdlock()", |l: &ThreadRwLock| Status(l.read().code(), "APR::ThreadRWLock::rdlock"))
        .doc("Waits until nobody writes and takes the lock for reading."),
    method("tryrdlock()", |l: &ThreadRwLock| i64::from(l.try_read().code()))
        .doc("Takes the lock for reading if nobody writes; returns EBUSY if somebody does."),
    method("wrlock()", |l: &ThreadRwLock| Status(l.write().code(), "APR::ThreadRWLock::wrlock"))
        .doc("Waits until the lock is free and takes it for writing."),
    method("trywrlock()", |l: &ThreadRwLock| i64::from(l.try_write().code()))
        .doc("Takes the lock for writing if it is free; returns EBUSY if it is not."),
    method("unlock()", |l: &ThreadRwLock| Status(l.unlock().code(), "APR::ThreadRWLock::unlock"))
        .doc("Gives the lock back."),
    method("pool_get()", ThreadRwLock::pool).doc("The pool with which this object dies."),
])
.doc("A lock that many readers or one writer can have.");

fn new_mutex(_class: ClassName, pool: Obj<Pool>, flags: Option<u32>) -> Result<Owned<ThreadMutex>> {
    let made = ThreadMutex::new(&pool, flags.unwrap_or(apr::ffi::APR_THREAD_MUTEX_DEFAULT));
    Ok(pool.owns(made.map_err(|s| Raise::status(s.code(), "APR::ThreadMutex::new"))?))
}

fn new_rwlock(_class: ClassName, pool: Obj<Pool>) -> Result<Owned<ThreadRwLock>> {
    let made = ThreadRwLock::new(&pool);
    Ok(pool.owns(made.map_err(|s| Raise::status(s.code(), "APR::ThreadRWLock::new"))?))
}
