//! A frame that begins in one call of another module's code and ends in a later one.

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::thread::LocalKey;

use parking_lot::ReentrantMutex;

use crate::{Above, Chain, Frame, Hold, Stock};

/// A frame that stands until somebody ends it; one that nobody ends stands for ever.
///
/// The end may come on another thread (a pool's cleanup). Then the frame is only marked as ended and its memory stays, since the first
/// thread's chain may still point to it.
pub struct Standing<L: Above>(NonNull<Stands<L>>);

struct Stands<L: Above> {
    /// Borrows from the fields below.
    frame: Frame<'static, L>,
    stock: Arc<Stock<L>>,
    hold: UnsafeCell<ManuallyDrop<Hold<L>>>,
    /// The chain in which the frame was put.
    chain: &'static LocalKey<Chain<L>>,
    ended: ReentrantMutex<Cell<bool>>,
}

impl<L: Above> Standing<L> {
    /// Puts a frame into the chain as the innermost frame of this thread.
    ///
    /// # Safety
    /// What it is about lives until the frame has been ended or abandoned.
    pub unsafe fn begin(about: L::About<'static>, stock: Arc<Stock<L>>, hold: Hold<L>) -> Standing<L> {
        let chain = L::chain();
        let at: *mut Stands<L> = Box::leak(Box::<Stands<L>>::new_uninit()).as_mut_ptr();
        // SAFETY: every field is written before any is read. The frame borrows from what stays in its place until `end`, or for ever.
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
                outer: Cell::new(chain.with(|chain| chain.current.get()).cast()),
                ended: Some(&(*at).ended),
            });
            chain.with(|chain| chain.current.set((&raw const (*at).frame).cast()));
            Standing(NonNull::new_unchecked(at))
        }
    }

    /// Ends the frame on the thread on which it began. Frames inside of it that still run keep running.
    pub fn end(self) {
        // SAFETY: made by `begin`, and only `end`, which takes it, frees it.
        let stands = unsafe { self.0.as_ref() };
        let own: *const Frame<'static, L> = &raw const stands.frame;
        let innermost: *const Frame<'static, L> = stands.chain.with(|chain| chain.current.get()).cast();
        if ptr::eq(innermost, own) {
            stands.chain.with(|chain| chain.current.set(stands.frame.outer.get().cast()));
        } else {
            let mut at = innermost;
            // SAFETY: as in `Frame::find`.
            while let Some(frame) = unsafe { at.as_ref() } {
                if ptr::eq(frame.outer.get(), own) {
                    frame.outer.set(stands.frame.outer.get());
                    break;
                }
                at = frame.outer.get();
            }
        }
        stands.let_go();
        // SAFETY: as above; no chain has the frame any more: it was only in this thread's, and that is the one it began on, since a
        // `Standing` is not `Send`.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }

    /// Ends the frame on another thread than the one on which it began.
    pub fn abandon(self) {
        // SAFETY: as in `end`; it is not freed.
        unsafe { self.0.as_ref() }.let_go();
    }
}

impl<L: Above> Stands<L> {
    fn let_go(&self) {
        let ended = self.ended.lock();
        ended.set(true);
        // SAFETY: this happens once, under the lock that all others take before they look at the frame.
        let hold = unsafe { ManuallyDrop::take(&mut *self.hold.get()) };
        drop(ended);
        drop(hold);
    }
}
