//! The lease: an item that is lent.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::state::{Back, Taken};
use crate::{ItemId, Manage, Shared, Tipool, Who};

/// An item lent; it goes back when the lease is dropped, on whatever thread. The lease has no lifetime: it keeps the
/// tipool's memory alive by itself and can be stored. Dropped while its thread panics, it is retired.
pub struct Lease<M: Manage> {
    shared: Arc<Shared<M>>,
    /// `None` only while `drop` runs.
    item: Option<M::Item>,
    id: ItemId,
    back: Back,
    is_last: bool,
    is_broken: Cell<bool>,
}

impl<M: Manage> Lease<M> {
    pub(crate) fn new(shared: Arc<Shared<M>>, taken: Taken<M::Item>) -> Self {
        let back = Back::Used(taken.uses);
        let Taken { id, item, is_last, .. } = taken;
        Lease { shared, item: Some(item), id, back, is_last, is_broken: Cell::new(false) }
    }

    /// A lease of the keeper's own, which does not count as a use.
    pub(crate) fn to_tend(shared: Arc<Shared<M>>, taken: Taken<M::Item>) -> Self {
        let mut lease = Self::new(shared, taken);
        lease.back = Back::Tended;
        lease
    }

    /// Which item this is.
    pub fn id(&self) -> ItemId {
        self.id
    }

    /// How often the item was lent, this time included.
    pub fn uses(&self) -> u64 {
        match self.back {
            Back::Used(uses) => uses,
            Back::Tended => 0,
        }
    }

    /// Whether it was asked for by [`Ask::Last`](crate::Ask::Last): its holder waits for nothing.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Keeps this lease from counting towards `max_uses`: it continues a use that has counted.
    pub fn not_a_use(&mut self) {
        if let Back::Used(uses) = &mut self.back {
            *uses = uses.saturating_sub(1);
        }
    }

    /// The tipool to which the item goes back.
    pub fn tipool(&self) -> Tipool<M> {
        Tipool { shared: Arc::clone(&self.shared) }
    }

    /// Adds a home to the item: the one who has it there must later have this item and no other
    /// ([`Tipool::checkout_only`]). [`Tipool::drop_home`] ends a home.
    pub fn add_home(&self) -> ItemId {
        let mut state = self.shared.lock();
        if let Some(slot) = state.slots.get_mut(self.id.slot()) {
            slot.homes += 1;
        }
        self.id
    }

    /// Marks the item to be destroyed when the lease ends.
    pub fn mark_broken(&self) {
        self.is_broken.set(true);
    }

    /// Whether the item will be destroyed when the lease ends.
    pub fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    /// Ends the lease and destroys the item.
    pub fn retire(self) {
        self.mark_broken();
    }
}

impl<M: Manage> Deref for Lease<M> {
    type Target = M::Item;

    fn deref(&self) -> &M::Item {
        match &self.item {
            Some(item) => item,
            None => unreachable!("a lease has its item until it is dropped"),
        }
    }
}

impl<M: Manage> DerefMut for Lease<M> {
    fn deref_mut(&mut self) -> &mut M::Item {
        match &mut self.item {
            Some(item) => item,
            None => unreachable!("a lease has its item until it is dropped"),
        }
    }
}

impl<M: Manage> Drop for Lease<M> {
    fn drop(&mut self) {
        let Some(item) = self.item.take() else { return };
        let is_broken = self.is_broken.get() || std::thread::panicking();
        let mut state = self.shared.lock();
        state.give_back(self.id.slot(), item, self.back, is_broken);
        self.shared.unlock(state, Who::Anybody);
    }
}

impl<M: Manage> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("id", &self.id).field("uses", &self.uses()).finish_non_exhaustive()
    }
}
