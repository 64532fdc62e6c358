//! Those who wait, first come first served, each on its own condition variable, so that a hand-off wakes one thread.
//!
//! Everything here happens under the tipool's lock. A hand-off is complete when it is noted here: whether the waiter
//! then wakes by the notification or by its deadline, it finds what it was granted. Nothing can be lost in between.
//! Notifications are collected in `wake` and sent after the lock is released.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crate::ItemId;
use crate::sync::Condvar;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Any,
    Only(ItemId),
    /// Any, for one who may not wait: served before all others.
    Last,
}

/// The workers that wait in the queues of several tipools. A worker is counted from its joining to the moment at which it is
/// granted something, not to that at which its thread wakes.
#[derive(Clone, Default, Debug)]
pub struct Crowd(Arc<AtomicUsize>);

impl Crowd {
    /// How many wait now.
    pub fn waiting(&self) -> usize {
        self.0.load(SeqCst)
    }

    fn join(&self, worker: Worker) -> bool {
        let mut waiting = self.waiting();
        while waiting_rules::may_join(waiting, worker.of, worker.draining) {
            match self.0.compare_exchange_weak(waiting, waiting + 1, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(now) => waiting = now,
            }
        }
        false
    }

    fn leave(&self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Says that the caller who waits is a worker of the server; see [`waiting_rules::may_join`].
#[derive(Clone, Copy, Debug)]
pub struct Worker {
    /// How many workers the server has.
    pub of: usize,
    /// Somebody keeps an item and needs a worker to get on.
    pub draining: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// The item in this slot, already counted as lent.
    Item(usize),
    /// Leave to make one, already counted as being made.
    Create,
    /// The item it wants is no longer there.
    Gone,
    /// The tipool is closed.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// The waiters to whom an item may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fits {
    /// Those who want this very one.
    pub(crate) only: bool,
    /// Those who want any.
    pub(crate) any: bool,
    /// Those who may not wait.
    pub(crate) last: bool,
}

impl Fits {
    /// Those who want this very one.
    pub(crate) const ONLY: Fits = Fits { only: true, any: false, last: false };
}

struct Waiter {
    ticket: Ticket,
    want: Want,
    /// Counted in the crowd.
    is_worker: bool,
    cond: Arc<Condvar>,
}

#[derive(Default)]
pub(crate) struct Waiters {
    crowd: Crowd,
    queue: VecDeque<Waiter>,
    granted: Vec<(Ticket, Grant)>,
    next: u64,
    /// How many in `queue` want any.
    any: usize,
    /// How many of the waiters asked for [`Want::Last`]; they stand in front.
    last: usize,
    /// To be notified once the lock is released.
    pub(crate) wake: Vec<Arc<Condvar>>,
    /// Under loom: every deadline has passed.
    #[cfg(loom)]
    pub(crate) expired: bool,
}

impl Waiters {
    /// Nobody, whose workers will be counted in this crowd.
    pub(crate) fn new(crowd: Crowd) -> Self {
        Waiters { crowd, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn wanting_any(&self) -> usize {
        self.any
    }

    /// How many callers of [`Want::Last`] wait.
    pub(crate) fn last(&self) -> usize {
        self.last
    }

    /// Joins the queue; `None` for a worker that is needed elsewhere.
    pub(crate) fn join(&mut self, want: Want, worker: Option<Worker>) -> Option<(Ticket, Arc<Condvar>)> {
        if let Some(worker) = worker
            && !self.crowd.join(worker)
        {
            return None;
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        let cond = Arc::new(Condvar::new());
        let waiter = Waiter { ticket, want, is_worker: worker.is_some(), cond: Arc::clone(&cond) };
        match want {
            Want::Last => {
                self.queue.insert(self.last, waiter);
                self.last += 1;
            }
            _ => {
                self.any += usize::from(want == Want::Any);
                self.queue.push_back(waiter);
            }
        }
        Some((ticket, cond))
    }

    /// Takes what this waiter was granted; the waiter is forgotten.
    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Grant> {
        let at = self.granted.iter().position(|(whose, _)| *whose == ticket)?;
        Some(self.granted.swap_remove(at).1)
    }

    /// Takes out a waiter that was granted nothing.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        if let Some(at) = self.queue.iter().position(|waiter| waiter.ticket == ticket) {
            self.remove(at);
        }
    }

    /// Gives the grant to the first waiter for which `fits` is true; returns what that waiter wants.
    #[inline]
    pub(crate) fn serve(&mut self, id: ItemId, fits: Fits, grant: Grant) -> Option<Want> {
        if self.queue.is_empty() {
            return None;
        }
        let wants = |want| match want {
            Want::Only(only) => fits.only && only == id,
            Want::Any => fits.any,
            Want::Last => fits.last,
        };
        self.grant_first(wants, grant)
    }

    /// Gives the grant to the first waiter who wants any item; false if there is none.
    pub(crate) fn serve_any(&mut self, grant: Grant) -> bool {
        self.any > 0 && self.grant_first(|want| want == Want::Any, grant).is_some()
    }

    /// What the waiters want, in the order of the queue.
    pub(crate) fn wants(&self) -> impl Iterator<Item = Want> {
        self.queue.iter().map(|waiter| waiter.want)
    }

    /// Gives the grant to the first waiter who wants just this item.
    pub(crate) fn serve_first(&mut self, want: Want, grant: Grant) {
        self.grant_first(|w| w == want, grant);
    }

    /// Gives the grant to the first caller of [`Want::Last`]; false if there is none.
    pub(crate) fn serve_last(&mut self, grant: Grant) -> bool {
        self.last > 0 && self.grant_first(|want| want == Want::Last, grant).is_some()
    }

    /// Tells all waiters who want this very item that it is gone.
    pub(crate) fn dismiss(&mut self, id: ItemId) {
        while self.serve(id, Fits::ONLY, Grant::Gone).is_some() {}
    }

    /// Tells all waiters that the tipool is closed.
    pub(crate) fn dismiss_all(&mut self) {
        while self.grant_first(|_| true, Grant::Closed).is_some() {}
    }

    #[cfg(loom)]
    pub(crate) fn expire(&mut self) {
        self.expired = true;
        self.wake.extend(self.queue.iter().map(|waiter| Arc::clone(&waiter.cond)));
    }

    #[cold]
    fn grant_first(&mut self, fits: impl Fn(Want) -> bool, grant: Grant) -> Option<Want> {
        let waiter = self.queue.iter().position(|waiter| fits(waiter.want)).and_then(|at| self.remove(at))?;
        self.granted.push((waiter.ticket, grant));
        self.wake.push(waiter.cond);
        Some(waiter.want)
    }

    fn remove(&mut self, at: usize) -> Option<Waiter> {
        let waiter = self.queue.remove(at)?;
        self.any -= usize::from(waiter.want == Want::Any);
        self.last -= usize::from(waiter.want == Want::Last);
        if waiter.is_worker {
            self.crowd.leave();
        }
        Some(waiter)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const ALL: Fits = Fits { only: true, any: true, last: true };

    fn id(serial: u64) -> ItemId {
        ItemId::new(serial, 0)
    }

    #[allow(clippy::unwrap_used, reason = "a helper of tests")]
    fn join(waiters: &mut Waiters, want: Want) -> Ticket {
        waiters.join(want, None).unwrap().0
    }

    #[test]
    fn the_first_who_wants_it_is_served() {
        let mut waiters = Waiters::default();
        let only = join(&mut waiters, Want::Only(id(7)));
        let first = join(&mut waiters, Want::Any);
        let second = join(&mut waiters, Want::Any);

        assert_eq!(waiters.serve(id(8), ALL, Grant::Item(8)), Some(Want::Any));
        assert_eq!(waiters.serve(id(7), ALL, Grant::Item(7)), Some(Want::Only(id(7))));
        assert_eq!(waiters.serve(id(7), Fits::ONLY, Grant::Item(7)), None);
        assert!(waiters.serve_any(Grant::Create));
        assert!(!waiters.serve_any(Grant::Create));

        assert_eq!(waiters.take(only), Some(Grant::Item(7)));
        assert_eq!(waiters.take(first), Some(Grant::Item(8)));
        assert_eq!(waiters.take(second), Some(Grant::Create));
        assert_eq!(waiters.take(second), None);
        assert_eq!(waiters.wake.len(), 3);
    }

    #[test]
    fn who_may_not_wait_stands_before_all_others_in_order_of_arrival() {
        let mut waiters = Waiters::default();
        let any = join(&mut waiters, Want::Any);
        let first = join(&mut waiters, Want::Last);
        let second = join(&mut waiters, Want::Last);
        assert_eq!((waiters.last(), waiters.wanting_any(), waiters.len()), (2, 1, 3));
        assert_eq!(waiters.serve(id(1), ALL, Grant::Item(1)), Some(Want::Last));
        assert_eq!(waiters.take(first), Some(Grant::Item(1)));
        assert_eq!(waiters.serve(id(2), Fits { only: true, any: true, last: false }, Grant::Item(2)), Some(Want::Any));
        assert_eq!(waiters.take(any), Some(Grant::Item(2)));
        assert!(waiters.serve_last(Grant::Create) && !waiters.serve_last(Grant::Create));
        assert_eq!(waiters.take(second), Some(Grant::Create));
        assert_eq!((waiters.last(), waiters.wanting_any()), (0, 0));
    }

    #[test]
    fn a_worker_is_counted_until_it_is_granted_something_or_leaves() {
        let crowd = Crowd::default();
        let (mut perl, mut lua) = (Waiters::new(crowd.clone()), Waiters::new(crowd.clone()));
        let worker = |draining| Some(Worker { of: 3, draining });
        let (first, _) = perl.join(Want::Any, worker(true)).unwrap();
        let (second, _) = lua.join(Want::Any, worker(true)).unwrap();
        assert!(perl.join(Want::Any, worker(true)).is_none(), "of three, two wait already");
        assert_eq!((crowd.waiting(), perl.len()), (2, 1));
        assert!(perl.join(Want::Any, None).is_some(), "a thread that is no worker waits");
        let (third, _) = perl.join(Want::Any, worker(false)).unwrap();
        assert!(perl.serve_any(Grant::Item(1)), "its thread has not woken");
        assert_eq!(crowd.waiting(), 2);
        lua.leave(second);
        perl.leave(third);
        assert_eq!((crowd.waiting(), perl.take(first)), (0, Some(Grant::Item(1))));
    }

    #[test]
    fn one_who_left_is_passed_over() {
        let mut waiters = Waiters::default();
        let first = join(&mut waiters, Want::Any);
        let second = join(&mut waiters, Want::Any);
        waiters.leave(first);
        assert_eq!((waiters.len(), waiters.wanting_any()), (1, 1));
        assert!(waiters.serve_any(Grant::Item(1)));
        assert_eq!(waiters.take(first), None);
        assert_eq!(waiters.take(second), Some(Grant::Item(1)));
    }

    #[test]
    fn all_are_told_of_the_end() {
        let mut waiters = Waiters::default();
        let only = join(&mut waiters, Want::Only(id(1)));
        let any = join(&mut waiters, Want::Any);
        let last = join(&mut waiters, Want::Last);
        waiters.dismiss(id(1));
        waiters.dismiss_all();
        assert_eq!(waiters.take(only), Some(Grant::Gone));
        assert_eq!(waiters.take(any), Some(Grant::Closed));
        assert_eq!(waiters.take(last), Some(Grant::Closed));
        assert_eq!((waiters.len(), waiters.wanting_any(), waiters.last()), (0, 0, 0));
    }
}
