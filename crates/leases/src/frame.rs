//! What runs on this thread: a chain of calls into interpreters, the innermost first.
//!
//! A thread has a current interpreter only while a call runs; calls nest, and each sees the one around it.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::LocalKey;

use interp::{Interp, Ticket};
use parking_lot::ReentrantMutex;

use crate::{Above, Chain, Hold, Stock};

/// A call that runs.
pub struct Frame<'a, L: Above> {
    /// What the call is about.
    pub about: L::About<'a>,
    /// What the call does for it; `None` for code outside of any phase.
    pub phase: Option<L::Phase>,
    /// The stock from which the interpreter came.
    pub stock: &'a Arc<Stock<L>>,
    /// The interpreter.
    pub hold: &'a Hold<L>,
    pub(crate) outer: Cell<*const Frame<'static, L>>,
    /// `Some` in a frame that is not on the stack: whether the frame has ended, under a lock since another thread may end it.
    pub(crate) ended: Option<&'a ReentrantMutex<Cell<bool>>>,
}

#[inline(always)]
fn innermost<L: Above>() -> *const Frame<'static, L> {
    L::chain().with(|chain| chain.current.get()).cast()
}

/// The language of the code that runs on this thread.
#[inline(always)]
pub fn running<L: Above>() -> Option<L> {
    // SAFETY: as in `Frame::find`; a frame on the stack has not ended.
    match unsafe { innermost::<L>().as_ref() } {
        Some(frame) if frame.ended.is_none() => Some(frame.stock.lang),
        _ => lang_around(),
    }
}

#[cold]
#[inline(never)]
fn lang_around<L: Above>() -> Option<L> {
    Frame::<L>::find(|frame| Some(frame.stock.lang)).or(L::chain().with(|chain| chain.ending.get()))
}

impl<'a, L: Above> Frame<'a, L> {
    /// A call from begin to end: runs `f` with the interpreter as the innermost call of whichever thread runs it.
    #[inline(always)]
    pub fn enter<R>(
        about: L::About<'a>,
        phase: Option<L::Phase>,
        stock: &'a Arc<Stock<L>>,
        hold: &'a Hold<L>,
        f: impl FnOnce(&dyn Interp) -> R,
    ) -> R {
        hold.run(|interp| Frame::run(about, phase, stock, hold, || f(interp)))
    }

    /// Runs `f` as the innermost call of this thread, which has the interpreter already or enters it itself.
    #[inline]
    pub fn run<R>(
        about: L::About<'a>,
        phase: Option<L::Phase>,
        stock: &'a Arc<Stock<L>>,
        hold: &'a Hold<L>,
        f: impl FnOnce() -> R,
    ) -> R {
        struct Back<'f, L: Above> {
            chain: &'static LocalKey<Chain<L>>,
            outer: &'f Cell<*const Frame<'static, L>>,
        }
        impl<L: Above> Drop for Back<'_, L> {
            #[inline]
            fn drop(&mut self) {
                // Read only now: a standing frame around this one may have ended meanwhile.
                self.chain.with(|chain| chain.current.set(self.outer.get().cast()));
            }
        }
        // The chain that was asked for first is the one from which the frame is taken again, whatever `L` says then.
        let chain = L::chain();
        let outer = Cell::new(chain.with(|chain| chain.current.get()).cast());
        let frame = Frame { about, phase, stock, hold, outer, ended: None };
        let _back = Back { chain, outer: &frame.outer };
        chain.with(|chain| chain.current.set((&raw const frame).cast()));
        f()
    }

    /// The innermost call of this thread for which `f` has an answer.
    pub fn find<R>(mut f: impl FnMut(&Frame<'_, L>) -> Option<R>) -> Option<R> {
        let mut at: *const Frame<'_, L> = innermost::<L>().cast();
        // SAFETY: frames lie on this thread's stack below us; `run` takes each out of the chain before it ends.
        while let Some(frame) = unsafe { at.as_ref() } {
            let found = match frame.ended {
                None => f(frame),
                Some(ended) => {
                    let ended = ended.lock();
                    if ended.get() { None } else { f(frame) }
                }
            };
            if found.is_some() {
                return found;
            }
            at = frame.outer.get().cast();
        }
        None
    }

    /// Notes that the interpreter this thread is in gets objects with this ticket, which are void when it is lent to others.
    pub fn show(ticket: Ticket) {
        let innermost: *const Frame<'_, L> = innermost::<L>().cast();
        // SAFETY: as in `find`.
        match unsafe { innermost.as_ref() } {
            Some(frame) if frame.ended.is_none() => frame.hold.show(ticket),
            _ => {
                Frame::<L>::find(|frame| {
                    frame.hold.show(ticket);
                    Some(())
                });
            }
        }
    }

    /// The interpreter this thread is in, if it is of `stock`: a nested call uses it and takes no second one.
    #[inline(always)]
    pub fn inside(stock: &Arc<Stock<L>>) -> Option<Hold<L>> {
        if innermost::<L>().is_null() { None } else { Frame::<L>::inside_call(stock) }
    }

    #[inline(never)]
    fn inside_call(stock: &Arc<Stock<L>>) -> Option<Hold<L>> {
        let mut innermost = true;
        Frame::<L>::find(|frame| {
            let hit = innermost && Arc::ptr_eq(frame.stock, stock);
            innermost = false;
            hit.then(|| frame.hold.clone())
        })
    }
}
