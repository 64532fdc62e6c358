//! What is done when no interpreter is idle: who waits, how long, and which interpreters go back before. The crate `leases` has the
//! decisions; this file finds out what they need to know and carries them out.
//!
//! Code that runs at the death of a pool is at an *end*: it may run on any thread, under a lock of another module's.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use httpd::{Connection, Request};
use leases::{Held, Rank, before_wait};
use smallvec::SmallVec;
use tipool::{Crowd, Worker};

use super::frame::Frame;
use super::languages;
use super::request::family;
use super::stock::Stock;
use super::tree::Tree;

/// How long a request waits that keeps one interpreter and wants another, whose holder may be waiting for the first.
pub const SHORT: Duration = Duration::from_secs(1);

/// The moment of a request's life in which code of ours runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a phase, before the request's end.
    Ordinary,
    /// At the request's end for us, on the thread that served it.
    InTime,
    /// At the death of a pool.
    AtEnd,
}

thread_local! {
    // No destructor: one in the main thread would keep the library mapped.
    static PLACE: Cell<Place> = const { Cell::new(Place::Ordinary) };
}

fn at<R>(place: Place, f: impl FnOnce() -> R) -> R {
    struct Back(Place);
    impl Drop for Back {
        fn drop(&mut self) {
            PLACE.set(self.0);
        }
    }
    let _back = Back(PLACE.replace(place));
    f()
}

/// Runs `f` as code at the death of a pool.
pub fn at_end<R>(f: impl FnOnce() -> R) -> R {
    at(Place::AtEnd, f)
}

/// Runs `f`, which ends a request at a moment at which it may wait.
pub fn in_time<R>(f: impl FnOnce() -> R) -> R {
    at(Place::InTime, f)
}

/// Runs `f` as code at the death of a pool, unless we are ending a request ourselves.
pub fn at_log<R>(f: impl FnOnce() -> R) -> R {
    if PLACE.get() == Place::InTime { f() } else { at_end(f) }
}

/// Whether a pool is dying around this thread's code.
pub fn is_at_end() -> bool {
    PLACE.get() == Place::AtEnd
}

/// On which terms somebody waits.
#[derive(Clone, Copy)]
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
pub fn crowd() -> Crowd {
    static CROWD: once_cell::sync::OnceCell<Crowd> = once_cell::sync::OnceCell::new();
    CROWD.get_or_init(Crowd::default).clone()
}

/// Counts those who keep an interpreter and need a worker to get on: answers that are being sent, connections that are idle.
static DRAINING: AtomicUsize = AtomicUsize::new(0);

/// Whether its owner counts as one of these.
#[derive(Default)]
pub struct Drains(Cell<bool>);

impl Drains {
    /// Makes the owner count as one of these, or not.
    pub fn set(&self, drains: bool) {
        match (self.0.replace(drains), drains) {
            (false, true) => drop(DRAINING.fetch_add(1, Relaxed)),
            (true, false) => drop(DRAINING.fetch_sub(1, Relaxed)),
            _ => {}
        }
    }
}

impl Drop for Drains {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Called when no interpreter of `stock` is idle: gives back the interpreters that must not be held during a wait, and returns the terms
/// of the wait.
#[cold]
#[inline(never)]
pub fn terms(stock: &Stock, c: &Connection, r: Option<&Request>) -> Terms {
    if is_at_end() {
        return Terms::AtEnd { nested: Frame::find(|frame| frame.hold.is_last().then_some(())).is_some() };
    }
    let before = before_wait(held(c, r), stock.rank);
    if before.gives_back {
        trees(r, |tree| tree.give_way(stock.rank));
    }
    // A stream of HTTP/2 runs on a thread of mod_http2's own, which is no worker of the MPM.
    let workers = || usize::try_from(httpd::mpm::threads()).unwrap_or(usize::MAX);
    let worker = c.master().is_none().then(|| Worker { of: workers(), draining: DRAINING.load(Relaxed) > 0 });
    Terms::Waits { is_short: before.is_short, worker }
}

/// All leases of a request's trees and its connection, and those of calls around this one.
fn held(c: &Connection, r: Option<&Request>) -> SmallVec<[Held; 4]> {
    let pinned = |rank: Rank| Held { rank, is_pinned: true };
    let mut held = SmallVec::new();
    trees(r, |tree| held.extend(tree.leases()));
    for state in languages().iter().filter_map(|lang| lang.connection(c)) {
        held.extend(state.ranks().into_iter().map(pinned));
    }
    Frame::find(|frame| {
        held.push(pinned(frame.stock.rank));
        None::<()>
    });
    held
}

/// The trees to which a request belongs, and those of the requests it came from.
fn trees(r: Option<&Request>, mut f: impl FnMut(&Tree)) {
    let Some(r) = r else { return };
    for lang in languages() {
        let mut last = None;
        for r in family(*r) {
            let Some(state) = lang.state(&r) else { continue };
            let tree = state.tree();
            if last != Some(std::ptr::from_ref(tree)) {
                last = Some(std::ptr::from_ref(tree));
                f(tree);
            }
        }
    }
}
