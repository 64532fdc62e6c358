//! What runs on this thread: a chain of calls into interpreters, the innermost first.
//!
//! A thread has a current interpreter only while a call runs; calls nest, and each sees the one around it.

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;

use config::Phase;
use httpd::{Connection, Request, Server};
use interp::Ticket;
use parking_lot::ReentrantMutex;

use super::lang::Lang;
use super::stock::Stock;
use super::tree::Hold;

/// The request, connection or server that a call is about.
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
    /// The request, connection or server that the call is about.
    pub about: About,
    /// The phase whose handlers the call runs; `None` for start-up code.
    pub phase: Option<Phase>,
    /// The stock from which the interpreter came.
    pub stock: &'a Arc<Stock>,
    /// The interpreter.
    pub hold: &'a Hold,
    outer: Cell<*const Frame<'static>>,
    /// `Some` in a frame that is not on the stack: whether the frame has ended, under a lock since another thread may end it.
    ended: Option<&'a ReentrantMutex<Cell<bool>>>,
}

thread_local! {
    // No destructor: one in the main thread would keep the library mapped.
    static CURRENT: Cell<*const Frame<'static>> = const { Cell::new(ptr::null()) };
    static ENDING: Cell<Option<Lang>> = const { Cell::new(None) };
}

/// Runs `f`, in which an interpreter of this language ends: its code then runs for no request, connection or server.
pub fn ending<R>(lang: Lang, f: impl FnOnce() -> R) -> R {
    let before = ENDING.replace(Some(lang));
    let result = f();
    ENDING.set(before);
    result
}

/// The language of the code that runs on this thread.
#[inline(always)]
pub fn running_lang() -> Option<Lang> {
    // SAFETY: as in `Frame::find`; a frame on the stack has not ended.
    match unsafe { CURRENT.get().as_ref() } {
        Some(frame) if frame.ended.is_none() => Some(frame.stock.lang),
        _ => lang_around(),
    }
}

#[cold]
#[inline(never)]
fn lang_around() -> Option<Lang> {
    Frame::find(|frame| Some(frame.stock.lang)).or(ENDING.get())
}

impl<'a> Frame<'a> {
    /// Runs `f` as the innermost call of this thread.
    pub fn run<R>(
        about: About,
        phase: Option<Phase>,
        stock: &'a Arc<Stock>,
        hold: &'a Hold,
        f: impl FnOnce() -> R,
    ) -> R {
        struct Back<'f>(&'f Cell<*const Frame<'static>>);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                // Read only now: a standing frame around this one may have ended meanwhile.
                CURRENT.set(self.0.get());
            }
        }
        let frame = Frame { about, phase, stock, hold, outer: Cell::new(CURRENT.get()), ended: None };
        let _back = Back(&frame.outer);
        CURRENT.set((&raw const frame).cast());
        f()
    }

    /// The innermost call of this thread for which `f` has an answer.
    pub fn find<R>(mut f: impl FnMut(&Frame<'_>) -> Option<R>) -> Option<R> {
        let mut at: *const Frame<'_> = CURRENT.get().cast();
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

    /// The request whose handlers the call runs, if it runs those of a request.
    pub fn request(&self) -> Option<Request> {
        match (self.about, self.phase) {
            (About::Request(r), Some(_)) => Some(r),
            _ => None,
        }
    }

    /// Notes that the interpreter this thread is in gets objects with this ticket of a request, which are void when it is lent to others.
    pub fn show(ticket: Ticket) {
        let innermost: *const Frame<'_> = CURRENT.get().cast();
        // SAFETY: as in `find`.
        match unsafe { innermost.as_ref() } {
            Some(frame) if frame.ended.is_none() => frame.hold.show(ticket),
            _ => {
                Frame::find(|frame| {
                    frame.hold.show(ticket);
                    Some(())
                });
            }
        }
    }

    /// The interpreter this thread is in, if it is of `stock`: a nested call uses it and takes no second one.
    pub fn inside(stock: &Arc<Stock>) -> Option<Hold> {
        let mut innermost = true;
        Frame::find(|frame| {
            let hit = innermost && Arc::ptr_eq(frame.stock, stock);
            innermost = false;
            hit.then(|| frame.hold.clone())
        })
    }
}

/// A frame on the heap, which begins in one call of another module's code and ends in a later one.
///
/// The later call may come on another thread (a pool's cleanup). Then the frame is only marked as ended and its memory stays, since
/// the first thread's chain may still point to it.
pub struct Standing {
    frame: Frame<'static>,
    stock: Arc<Stock>,
    hold: UnsafeCell<ManuallyDrop<Hold>>,
    ended: ReentrantMutex<Cell<bool>>,
}

impl Standing {
    /// Makes a frame and puts it into the chain as the innermost frame of this thread.
    pub fn begin(about: About, stock: Arc<Stock>, hold: Hold) -> Box<Standing> {
        let mut standing: Box<std::mem::MaybeUninit<Standing>> = Box::new_uninit();
        let at = standing.as_mut_ptr();
        // SAFETY: every field is written before the box counts as initialised. The frame borrows from its own box, which
        // stays in place until `end`, or for ever.
        unsafe {
            (&raw mut (*at).stock).write(stock);
            (&raw mut (*at).hold).write(UnsafeCell::new(ManuallyDrop::new(hold)));
            (&raw mut (*at).ended).write(ReentrantMutex::new(Cell::new(false)));
            (&raw mut (*at).frame).write(Frame {
                about,
                phase: None,
                stock: &(*at).stock,
                hold: &*(*at).hold.get().cast::<Hold>(),
                outer: Cell::new(CURRENT.get()),
                ended: Some(&(*at).ended),
            });
            CURRENT.set(&raw const (*at).frame);
            standing.assume_init()
        }
    }

    /// Ends the frame on the thread on which it began. Frames inside of it that still run keep running.
    #[allow(clippy::boxed_local)] // its address is in the chain
    pub fn end(self: Box<Standing>) {
        let own: *const Frame<'static> = &raw const self.frame;
        if ptr::eq(CURRENT.get(), own) {
            CURRENT.set(self.frame.outer.get());
        } else {
            let mut at = CURRENT.get();
            // SAFETY: as in `Frame::find`.
            while let Some(frame) = unsafe { at.as_ref() } {
                if ptr::eq(frame.outer.get(), own) {
                    frame.outer.set(self.frame.outer.get());
                    break;
                }
                at = frame.outer.get();
            }
        }
        self.let_go();
    }

    /// Ends the frame on another thread than the one on which it began.
    pub fn abandon(self: Box<Standing>) {
        Box::leak(self).let_go();
    }

    fn let_go(&self) {
        let ended = self.ended.lock();
        ended.set(true);
        // SAFETY: this happens once, under the lock that all others take before they look at the frame.
        let hold = unsafe { ManuallyDrop::take(&mut *self.hold.get()) };
        drop(ended);
        drop(hold);
    }
}
