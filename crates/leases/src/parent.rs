//! The interpreter that start-up code runs in and clones are made from.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use interp::{Inside, Interp};
use parking_lot::{ReentrantMutex, ReentrantMutexGuard};

use crate::counted::Counted;
use crate::{Above, ending};

/// A parent. Entered by one thread at a time; entries nest on that thread. Without threads it serves requests, too.
pub struct Parent(ReentrantMutex<Counted>);

impl Parent {
    /// Makes an interpreter a parent.
    pub fn new(interp: Box<dyn Interp>) -> Arc<Parent> {
        Arc::new(Parent(ReentrantMutex::new(Counted::new(interp))))
    }

    /// Runs `f` with the interpreter, under its lock.
    pub fn run<R>(&self, f: impl FnOnce(&dyn Interp) -> R) -> R {
        let (counted, _inside) = self.lock_here();
        let _call = counted.call();
        f(&*counted.interp)
    }

    /// Locks the interpreter; the lock goes before the mark, by which a cleanup inside a signal handler sees that it may be held.
    pub(crate) fn lock_here(&self) -> (ReentrantMutexGuard<'_, Counted>, Inside) {
        let inside = Inside::new();
        (self.0.lock(), inside)
    }

    /// Runs the code that the interpreter has for its end, when the process or the configuration ends; returns what it raised.
    pub fn end<L: Above>(&self, lang: L) -> Vec<Vec<u8>> {
        ending(lang, || self.run(|interp| interp.end()))
    }

    /// Locks the interpreter for this thread until the guard is dropped, on this thread.
    pub(crate) fn lock(self: &Arc<Parent>) -> Locked {
        std::mem::forget(self.0.lock());
        Locked { parent: self.clone(), _here: PhantomData }
    }

    /// The interpreter without its lock, for whoever has the interpreter.
    pub(crate) fn counted(&self) -> &Counted {
        // SAFETY: the record and the counts are looked at by whoever has the interpreter, which is under the lock.
        unsafe { &*self.0.data_ptr() }
    }
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parent")
    }
}

/// A parent's lock in somebody's hands.
pub struct Locked {
    parent: Arc<Parent>,
    _here: PhantomData<*const ()>,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: locked by `Parent::lock`, on this thread: the guard cannot leave it.
        unsafe { self.parent.0.force_unlock() };
    }
}
