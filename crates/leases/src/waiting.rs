//! What is done when no interpreter is idle: who waits, how long, and which interpreters go back before. The crate `waiting-rules` has
//! the decisions; this file carries them out, on what the floor above says of whoever asks.
//!
//! Code that runs at the death of a pool is at an *end*: it may run on any thread, under a lock of another module's.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use once_cell::sync::OnceCell;
use smallvec::SmallVec;
use tipool::{Crowd, Worker};
use waiting_rules::{Held, Rank, before_wait};

use crate::{Above, Frame, Stock, Tree};

/// How long somebody waits who keeps one interpreter and wants another, whose holder may be waiting for the first.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

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
#[derive(Clone, Copy, Debug)]
pub enum Terms {
    /// Waits as long as the limits say, or a moment only.
    Waits {
        /// Set if it keeps an interpreter meanwhile for which the other one's holder may wait: it then waits a moment only.
        is_short: bool,
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

impl Drop for Drains {
    #[inline]
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Whoever needs an interpreter, as the floor above knows them.
pub trait Asking<L: Above> {
    /// Shows `f` the trees to which they belong, of every language, each once.
    fn trees(&self, f: &mut dyn FnMut(&Tree<L>));

    /// Shows `f` the ranks of what else is held for them and must stay.
    fn ranks(&self, f: &mut dyn FnMut(Rank));

    /// How many workers there are, if the one who asks is one of them.
    fn workers(&self) -> Option<usize>;
}

/// Called when no interpreter of `stock` is idle: gives back the interpreters that must not be held during a wait, and returns the terms
/// of the wait.
#[cold]
#[inline(never)]
pub fn terms<L: Above>(stock: &Stock<L>, asking: &impl Asking<L>) -> Terms {
    if is_at_end() {
        let nested = Frame::<L>::find(|frame| frame.hold.is_last().then_some(())).is_some();
        return Terms::AtEnd { nested };
    }
    let before = before_wait(held(asking), stock.rank);
    if before.gives_back {
        asking.trees(&mut |tree| tree.give_way(stock.rank));
    }
    let worker = asking.workers().map(|of| Worker { of, draining: DRAINING.load(Relaxed) > 0 });
    Terms::Waits { is_short: before.is_short, worker }
}

/// The leases of their trees, what else is held for them, and those of the calls around this one.
fn held<L: Above>(asking: &impl Asking<L>) -> SmallVec<[Held; 4]> {
    let pinned = |rank: Rank| Held { rank, is_pinned: true };
    let mut held = SmallVec::new();
    asking.trees(&mut |tree| held.extend(tree.leases()));
    asking.ranks(&mut |rank| held.push(pinned(rank)));
    Frame::<L>::find(|frame| {
        held.push(pinned(frame.stock.rank));
        None::<()>
    });
    held
}
