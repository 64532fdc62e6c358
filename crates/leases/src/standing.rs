//! A frame that begins in one call of another module's code and ends in a later one.

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;
use std::thread::LocalKey;

use parking_lot::ReentrantMutex;

use crate::{Above, Chain, Frame, Hold, Stock};

/// A frame on the heap: it begins in one call of another module's code and ends in a later one.
///
/// The later call may come on another thread (a pool's cleanup). Then the frame is only marked as ended and its memory stays, since
/// the first thread's chain may still point to it.
pub struct Standing<L: Above> {
    frame: Frame<'static, L>,
    stock: Arc<Stock<L>>,
    hold: UnsafeCell<ManuallyDrop<Hold<L>>>,
    /// The chain in which the frame was put.
    chain: &'static LocalKey<Chain<L>>,
    ended: ReentrantMutex<Cell<bool>>,
}

impl<L: Above> Standing<L> {
    /// Makes a frame and puts it into the chain as the innermost frame of this thread.
    pub fn begin(about: L::About, stock: Arc<Stock<L>>, hold: Hold<L>) -> Box<Standing<L>> {
        let mut standing: Box<std::mem::MaybeUninit<Standing<L>>> = Box::new_uninit();
        let chain = L::chain();
        let at = standing.as_mut_ptr();
        // SAFETY: every field is written before the box counts as initialised. The frame borrows from its own box, which
        // stays in place until `end`, or for ever.
        unsafe {
            (&raw mut (*at).chain).write(chain);
            (&raw mut (*at).stock).write(stock);
            (&raw mut (*at).hold).write(UnsafeCell::new(ManuallyDrop::new(hold)));
            (&raw mut (*at).ended).write(ReentrantMutex::new(Cell::new(false)));
            (&raw mut (*at).frame).write(Frame {
                about,
                phase: None,
                stock: &(*at).stock,
                hold: &*(*at).hold.get().cast::<Hold<L>>(),
                outer: Cell::new(chain.with(|chain| chain.current.get())),
                ended: Some(&(*at).ended),
            });
            chain.with(|chain| chain.current.set(&raw const (*at).frame));
            standing.assume_init()
        }
    }

    /// Ends the frame on the thread on which it began. Frames inside of it that still run keep running.
    #[allow(clippy::boxed_local)] // its address is in the chain
    pub fn end(self: Box<Standing<L>>) {
        let own: *const Frame<'static, L> = &raw const self.frame;
        let innermost = self.chain.with(|chain| chain.current.get());
        if ptr::eq(innermost, own) {
            self.chain.with(|chain| chain.current.set(self.frame.outer.get()));
        } else {
            let mut at = innermost;
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
    pub fn abandon(self: Box<Standing<L>>) {
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
