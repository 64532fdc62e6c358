//! On which terms somebody waits for an interpreter, and what those terms depend on that is not theirs: the moment in which their code
//! runs, and who else keeps an interpreter and needs a worker to get on.
//!
//! Code that runs at the death of a pool is at an *end*: it may run on any thread, under a lock of another module's.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use once_cell::sync::OnceCell;
use tipool::{Crowd, Worker};

/// How long somebody waits who keeps one interpreter and wants another, whose holder may be waiting for the first.
pub const SHORT: Duration = Duration::from_secs(1);

/// The moment in which code of ours runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// In a phase, before the request's end.
    Ordinary,
    /// At the request's end for us, on the thread that served it.
    InTime,
    /// At the death of a pool.
    AtEnd,
}

thread_local! {
    // No destructor: one in the main thread would keep the library mapped.
    static MOMENT: Cell<Moment> = const { Cell::new(Moment::Ordinary) };
}

#[inline]
fn at<R>(moment: Moment, f: impl FnOnce() -> R) -> R {
    struct Back(Moment);
    impl Drop for Back {
        #[inline]
        fn drop(&mut self) {
            MOMENT.set(self.0);
        }
    }
    let _back = Back(MOMENT.replace(moment));
    f()
}

/// Runs `f` as code at the death of a pool.
#[inline]
pub fn at_end<R>(f: impl FnOnce() -> R) -> R {
    at(Moment::AtEnd, f)
}

/// Runs `f`, which ends a request at a moment at which it may wait.
#[inline]
pub fn in_time<R>(f: impl FnOnce() -> R) -> R {
    at(Moment::InTime, f)
}

/// Runs `f` as code at the death of a pool, unless we are ending a request ourselves.
#[inline]
pub fn at_log<R>(f: impl FnOnce() -> R) -> R {
    if MOMENT.get() == Moment::InTime { f() } else { at_end(f) }
}

/// Whether a pool is dying around this thread's code.
#[inline]
pub fn is_at_end() -> bool {
    MOMENT.get() == Moment::AtEnd
}

/// On which terms somebody waits.
#[derive(Clone, Debug)]
pub enum Terms {
    /// Waits as long as the limits say, or a moment only.
    Waits {
        /// What it keeps an interpreter of meanwhile, for which the other one's holder may wait: it then waits a moment only.
        keeps: Option<Arc<str>>,
        /// Set if the one that waits is one of the MPM's workers.
        worker: Option<Worker>,
    },
    /// Does not wait: it gets an idle interpreter or the reserve; within such a lease already, an idle one only.
    AtEnd {
        /// Set within such a lease.
        nested: bool,
    },
}

/// The workers that wait in the queues of all stocks.
pub(crate) fn crowd() -> Crowd {
    static CROWD: OnceCell<Crowd> = OnceCell::new();
    CROWD.get_or_init(Crowd::default).clone()
}

/// Counts those who keep an interpreter and need a worker to get on: answers that are being sent, connections that are idle.
static DRAINING: AtomicUsize = AtomicUsize::new(0);

/// Whether its owner counts as one of these.
#[derive(Default)]
pub struct Drains(Cell<bool>);

impl Drains {
    /// Makes the owner count as one of these, or not.
    #[inline]
    pub fn set(&self, drains: bool) {
        match (self.0.replace(drains), drains) {
            (false, true) => drop(DRAINING.fetch_add(1, Relaxed)),
            (true, false) => drop(DRAINING.fetch_sub(1, Relaxed)),
            _ => {}
        }
    }
}

/// How many there are.
pub(crate) fn draining() -> usize {
    DRAINING.load(Relaxed)
}

impl Drop for Drains {
    #[inline]
    fn drop(&mut self) {
        self.set(false);
    }
}
