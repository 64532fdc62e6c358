//! The interpreter that start-up code runs in and clones are made from.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use interp::{Inside, Interp};
use once_cell::sync::OnceCell;
use parking_lot::{ReentrantMutex, ReentrantMutexGuard};

use crate::counted::Counted;
use crate::{Above, ending};

/// A parent. Entered by one thread at a time; entries nest on that thread. Without threads it serves requests, too.
pub struct Parent {
    /// Dropped first, as all that was made from a parent is.
    model: OnceCell<Model>,
    counted: ReentrantMutex<Counted>,
}

/// A copy of a parent that serves, from which clones are made in its place: what requests leave in the parent is not for others.
struct Model(Arc<Parent>);

impl Drop for Model {
    fn drop(&mut self) {
        self.0.run(|interp| interp.forget_end());
    }
}

impl Parent {
    /// Makes an interpreter a parent.
    pub fn new(interp: Box<dyn Interp>) -> Arc<Parent> {
        Arc::new(Parent { model: OnceCell::new(), counted: ReentrantMutex::new(Counted::new(interp)) })
    }

    /// Runs `f` with the interpreter, under its lock.
    pub fn run<R>(&self, f: impl FnOnce(&dyn Interp) -> R) -> R {
        let (counted, _inside) = self.lock_here();
        let _call = counted.call();
        f(&*counted.interp)
    }

    /// Makes another interpreter, which starts with what this one has loaded.
    ///
    /// # Errors
    /// The engine's message.
    pub(crate) fn duplicate(&self) -> Result<Box<dyn Interp>, String> {
        let of = self.model.get().map_or(self, |Model(model)| model);
        of.run(|interp| interp.duplicate())
    }

    /// From now on others begin with what it has loaded by now.
    ///
    /// # Errors
    /// The engine's message.
    pub fn keep_model(&self) -> Result<(), String> {
        self.model.get_or_try_init(|| Ok(Model(Parent::new(self.duplicate()?)))).map(drop)
    }

    /// Locks the interpreter; the lock goes before the mark, by which a cleanup inside a signal handler sees that it may be held.
    pub(crate) fn lock_here(&self) -> (ReentrantMutexGuard<'_, Counted>, Inside) {
        let inside = Inside::new();
        (self.counted.lock(), inside)
    }

    /// Runs the code that the interpreter has for its end, when the process or the configuration ends; returns what it raised.
    pub fn end<L: Above>(&self, lang: L) -> Vec<Vec<u8>> {
        ending(lang, || self.run(|interp| interp.end()))
    }

    /// Locks the interpreter for this thread until the guard is dropped, on this thread.
    pub(crate) fn lock(self: &Arc<Parent>) -> Locked {
        std::mem::forget(self.counted.lock());
        Locked { parent: self.clone(), _here: PhantomData }
    }

    /// The interpreter without its lock, for whoever has the interpreter.
    pub(crate) fn counted(&self) -> &Counted {
        // SAFETY: the record and the counts are looked at by whoever has the interpreter, which is under the lock.
        unsafe { &*self.counted.data_ptr() }
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
        unsafe { self.parent.counted.force_unlock() };
    }
}
