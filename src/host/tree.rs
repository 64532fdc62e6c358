//! The lease of a request tree: a request with all it reaches by `main` and `prev`.
//!
//! A tree has at most one lease per stock, however many of its members, calls and kept values need an interpreter. Each
//! of those *holds* it by a clone of one `Arc`: when the last holder drops, the lease goes back by itself and the tree
//! remembers the interpreter's number, so that it asks for the same one next time. This file knows leases and numbers, and no script;
//! of requests it knows only addresses.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use leases::{Held, Rank, goes_back};
use smallvec::SmallVec;
use tipool::ItemId;

use super::stock::{Lent, Pick, Refused, Stock};
use super::waiting::Terms;

/// A holder of a tree's lease: a running call, a request on its walk, or a pin.
pub type Hold = Arc<Lent>;

/// The lease that one tree has of one stock.
#[derive(Debug)]
struct Slot {
    stock: Arc<Stock>,
    held: Weak<Lent>,
    last: Option<ItemId>,
}

/// A request_rec from its first handler of ours until its response handler returned.
#[derive(Debug)]
struct Walk {
    /// The address of the request_rec, and that of the request whose subrequest it is; they are compared and never followed.
    request: usize,
    main: usize,
    hold: Hold,
}

/// Leases of one request tree, at most one per stock. Used by one thread at a time, the one that runs the request.
#[derive(Debug, Default)]
pub struct Tree {
    slots: RefCell<SmallVec<[Slot; 1]>>,
    walks: RefCell<SmallVec<[Walk; 1]>>,
}

impl Tree {
    /// The tree's interpreter of `stock`. The first holder takes the lease; where no interpreter is idle it waits on the terms given.
    /// With a `home` it takes that interpreter and no other.
    ///
    /// # Errors
    /// `Refused` when none could be had.
    pub fn hold(
        &self,
        stock: &Arc<Stock>,
        home: Option<ItemId>,
        terms: impl FnOnce() -> Terms,
    ) -> Result<Hold, Refused> {
        let last = {
            let slots = self.slots.borrow();
            let slot = slots.iter().find(|s| Arc::ptr_eq(&s.stock, stock));
            if let Some(hold) = slot.and_then(|s| s.held.upgrade()) {
                return Ok(hold);
            }
            slot.and_then(|s| s.last)
        };
        // Nothing is borrowed during the wait, so that nobody finds this cell borrowed.
        let pick = match (home, last) {
            (Some(id), _) => Pick::Only(id),
            (None, Some(id)) => Pick::Prefer(id),
            (None, None) => Pick::Any,
        };
        stock.lend(pick, terms).map(|lent| self.took(stock, lent))
    }

    /// The leases that the tree holds. A lease is pinned if anybody but the walks holds it.
    pub fn leases(&self) -> SmallVec<[Held; 2]> {
        let (slots, walks) = (self.slots.borrow(), self.walks.borrow());
        let walked = |held: &Weak<Lent>| walks.iter().filter(|w| Arc::as_ptr(&w.hold) == held.as_ptr()).count();
        let lent = slots.iter().filter(|slot| slot.held.strong_count() > 0);
        lent.map(|slot| Held { rank: slot.stock.rank, is_pinned: slot.held.strong_count() > walked(&slot.held) })
            .collect()
    }

    /// Ends the walks whose interpreters must not be held during a wait for one of rank `wanted`. They begin again with the next call.
    pub fn give_way(&self, wanted: Rank) {
        let back = |w: &Walk| {
            let slots = self.slots.borrow();
            let slot = slots.iter().find(|slot| slot.held.as_ptr() == Arc::as_ptr(&w.hold));
            slot.is_some_and(|slot| goes_back(Held { rank: slot.stock.rank, is_pinned: false }, wanted))
        };
        let (gone, stay): (SmallVec<[Walk; 1]>, _) = self.walks.take().into_iter().partition(back);
        self.walks.replace(stay);
        drop(gone);
    }

    /// Takes this interpreter if it is idle. The tree holds none of the stock yet.
    pub fn hold_now(&self, stock: &Arc<Stock>, id: ItemId) -> Option<Hold> {
        stock.lend_now(Some(id)).map(|lent| self.took(stock, lent))
    }

    fn took(&self, stock: &Arc<Stock>, lent: Lent) -> Hold {
        let hold = Arc::new(lent);
        let mut slots = self.slots.borrow_mut();
        let (held, last) = (Arc::downgrade(&hold), hold.id());
        match slots.iter_mut().find(|s| Arc::ptr_eq(&s.stock, stock)) {
            Some(slot) => (slot.held, slot.last) = (held, last),
            None => slots.push(Slot { stock: stock.clone(), held, last }),
        }
        hold
    }

    /// Takes the leases out, for a tree in another place.
    pub fn take(&self) -> Tree {
        Tree { slots: RefCell::new(self.slots.take()), walks: RefCell::new(self.walks.take()) }
    }

    /// The lease of `stock`, if somebody holds it.
    pub fn held(&self, stock: &Arc<Stock>) -> Option<Hold> {
        self.slots.borrow().iter().find(|s| Arc::ptr_eq(&s.stock, stock)).and_then(|s| s.held.upgrade())
    }

    /// Lets the request at this address hold the lease until [`Tree::end_walk`].
    pub fn walk(&self, request: usize, main: usize, hold: &Hold) {
        let mut walks = self.walks.borrow_mut();
        if !walks.iter().any(|w| w.request == request && Arc::ptr_eq(&w.hold, hold)) {
            walks.push(Walk { request, main, hold: hold.clone() });
        }
    }

    /// Whether any request of the tree is on its walk.
    #[inline]
    pub fn has_walks(&self) -> bool {
        // As in `RequestState::is_changed`.
        self.walks.try_borrow().is_ok_and(|walks| !walks.is_empty())
    }

    /// Ends the request's walk and those of its subrequests, at every depth, that were looked up only.
    pub fn end_walk(&self, request: usize) {
        let mut ended: SmallVec<[usize; 4]> = SmallVec::from_slice(&[request]);
        // Dropping the last holder gives the lease back; nothing may be borrowed here at that moment.
        while let Some(walk) = self.take_walk(&ended) {
            ended.push(walk.request);
            drop(walk);
        }
    }

    fn take_walk(&self, of: &[usize]) -> Option<Walk> {
        let mut walks = self.walks.borrow_mut();
        let at = walks.iter().position(|w| of.contains(&w.request) || of.contains(&w.main))?;
        Some(walks.swap_remove(at))
    }
}
