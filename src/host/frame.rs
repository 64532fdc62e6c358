//! What runs on this thread: a chain of calls into interpreters, the innermost first.
//!
//! A thread has a current interpreter only while a call runs; calls nest, and each sees the one around it.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use config::Phase;
use httpd::{Connection, Request, Server};

use super::stock::Stock;
use super::tree::Hold;

/// What a call is about.
#[derive(Clone, Copy)]
pub enum About {
    /// A request.
    Request(Request),
    /// A connection.
    Connection(Connection),
    /// A server, while it starts or a child begins or ends.
    Server(Server),
}

/// A call that runs.
pub struct Frame<'a> {
    /// What it is about.
    pub about: About,
    /// The phase whose handlers it calls; none for start-up code.
    pub phase: Option<Phase>,
    /// Where the interpreter came from.
    pub stock: &'a Arc<Stock>,
    /// The interpreter.
    pub hold: &'a Hold,
    outer: *const Frame<'a>,
}

thread_local! {
    // No destructor: one in the main thread would keep the library mapped.
    static CURRENT: Cell<*const Frame<'static>> = const { Cell::new(ptr::null()) };
}

impl<'a> Frame<'a> {
    /// Runs `f` as the innermost call of this thread.
    pub fn run<R>(about: About, phase: Option<Phase>, stock: &'a Arc<Stock>, hold: &'a Hold, f: impl FnOnce() -> R) -> R {
        struct Back(*const Frame<'static>);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let outer = CURRENT.get();
        let frame = Frame { about, phase, stock, hold, outer: outer.cast() };
        let _back = Back(outer);
        CURRENT.set((&raw const frame).cast());
        f()
    }

    /// The innermost call of this thread for which `f` has an answer.
    pub fn find<R>(mut f: impl FnMut(&Frame<'_>) -> Option<R>) -> Option<R> {
        let mut at: *const Frame<'_> = CURRENT.get().cast();
        // SAFETY: frames lie on this thread's stack below us; `run` takes each out of the chain before it ends.
        while let Some(frame) = unsafe { at.as_ref() } {
            if let Some(found) = f(frame) {
                return Some(found);
            }
            at = frame.outer.cast();
        }
        None
    }

    /// The interpreter this thread is inside of, if it is of `stock`: a nested call uses it and takes no second one.
    pub fn inside(stock: &Arc<Stock>) -> Option<Hold> {
        let mut innermost = true;
        Frame::find(|frame| {
            let hit = innermost && Arc::ptr_eq(frame.stock, stock);
            innermost = false;
            hit.then(|| frame.hold.clone())
        })
    }
}
