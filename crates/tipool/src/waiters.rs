//! Those who wait, first come first served, each on its own condition variable, so that a hand-off wakes one thread.
//!
//! Everything here happens under the tipool's lock. A hand-off is complete when it is noted here: whether the waiter
//! then wakes by the notification or by its deadline, it finds what it was granted. Nothing can be lost in between.
//! Notifications are collected in `wake` and sent after the lock is released.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::ItemId;
use crate::sync::Condvar;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Any,
    Only(ItemId),
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

struct Waiter {
    ticket: Ticket,
    want: Want,
    cond: Arc<Condvar>,
}

#[derive(Default)]
pub(crate) struct Waiters {
    queue: VecDeque<Waiter>,
    granted: Vec<(Ticket, Grant)>,
    next: u64,
    /// How many in `queue` want any.
    any: usize,
    /// To be notified once the lock is released.
    pub(crate) wake: Vec<Arc<Condvar>>,
    /// Under loom: every deadline has passed.
    #[cfg(loom)]
    pub(crate) expired: bool,
}

impl Waiters {
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn wanting_any(&self) -> usize {
        self.any
    }

    pub(crate) fn join(&mut self, want: Want) -> (Ticket, Arc<Condvar>) {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.any += usize::from(want == Want::Any);
        let cond = Arc::new(Condvar::new());
        self.queue.push_back(Waiter { ticket, want, cond: Arc::clone(&cond) });
        (ticket, cond)
    }

    /// What this waiter was granted; it then is no longer known here.
    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Grant> {
        let at = self.granted.iter().position(|(whose, _)| *whose == ticket)?;
        Some(self.granted.swap_remove(at).1)
    }

    /// This waiter waits no more and was granted nothing.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        if let Some(at) = self.queue.iter().position(|waiter| waiter.ticket == ticket) {
            self.remove(at);
        }
    }

    /// Grants it to the first who wants this very item, or any if `any`; false: there is none.
    #[inline]
    pub(crate) fn serve(&mut self, id: ItemId, any: bool, grant: Grant) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        self.grant_first(|want| want == Want::Only(id) || (any && want == Want::Any), grant)
    }

    /// Grants it to the first who wants any; false: there is none.
    pub(crate) fn serve_any(&mut self, grant: Grant) -> bool {
        self.any > 0 && self.grant_first(|want| want == Want::Any, grant)
    }

    /// Tells all who want this very item that it is gone.
    pub(crate) fn dismiss(&mut self, id: ItemId) {
        while self.serve(id, false, Grant::Gone) {}
    }

    /// Tells all that the tipool is closed.
    pub(crate) fn dismiss_all(&mut self) {
        while self.grant_first(|_| true, Grant::Closed) {}
    }

    #[cfg(loom)]
    pub(crate) fn expire(&mut self) {
        self.expired = true;
        self.wake.extend(self.queue.iter().map(|waiter| Arc::clone(&waiter.cond)));
    }

    #[cold]
    fn grant_first(&mut self, fits: impl Fn(Want) -> bool, grant: Grant) -> bool {
        let Some(waiter) = self.queue.iter().position(|waiter| fits(waiter.want)).and_then(|at| self.remove(at)) else {
            return false;
        };
        self.granted.push((waiter.ticket, grant));
        self.wake.push(waiter.cond);
        true
    }

    fn remove(&mut self, at: usize) -> Option<Waiter> {
        let waiter = self.queue.remove(at)?;
        self.any -= usize::from(waiter.want == Want::Any);
        Some(waiter)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn id(serial: u64) -> ItemId {
        ItemId::new(serial, 0)
    }

    #[test]
    fn the_first_who_wants_it_is_served() {
        let mut waiters = Waiters::default();
        let (only, _) = waiters.join(Want::Only(id(7)));
        let (first, _) = waiters.join(Want::Any);
        let (second, _) = waiters.join(Want::Any);

        assert!(waiters.serve(id(8), true, Grant::Item(8)));
        assert!(waiters.serve(id(7), true, Grant::Item(7)));
        assert!(!waiters.serve(id(7), false, Grant::Item(7)));
        assert!(waiters.serve_any(Grant::Create));
        assert!(!waiters.serve_any(Grant::Create));

        assert_eq!(waiters.take(only), Some(Grant::Item(7)));
        assert_eq!(waiters.take(first), Some(Grant::Item(8)));
        assert_eq!(waiters.take(second), Some(Grant::Create));
        assert_eq!(waiters.take(second), None);
        assert_eq!(waiters.wake.len(), 3);
    }

    #[test]
    fn one_who_left_is_passed_over() {
        let mut waiters = Waiters::default();
        let (first, _) = waiters.join(Want::Any);
        let (second, _) = waiters.join(Want::Any);
        waiters.leave(first);
        assert_eq!((waiters.len(), waiters.wanting_any()), (1, 1));
        assert!(waiters.serve_any(Grant::Item(1)));
        assert_eq!(waiters.take(first), None);
        assert_eq!(waiters.take(second), Some(Grant::Item(1)));
    }

    #[test]
    fn all_are_told_of_the_end() {
        let mut waiters = Waiters::default();
        let (only, _) = waiters.join(Want::Only(id(1)));
        let (any, _) = waiters.join(Want::Any);
        waiters.dismiss(id(1));
        waiters.dismiss_all();
        assert_eq!(waiters.take(only), Some(Grant::Gone));
        assert_eq!(waiters.take(any), Some(Grant::Closed));
        assert_eq!((waiters.len(), waiters.wanting_any()), (0, 0));
    }
}
