//! The lease of a tree: whatever shares one, such as a request with all that it reaches by `main` and `prev`.
//!
//! A tree has at most one lease per stock, however many of its members, calls and kept values need an interpreter. Each
//! of those *holds* it by a clone of one `Arc`: when the last holder drops, the lease goes back by itself and the tree
//! remembers the interpreter's number, so that it asks for the same one next time. This file knows leases and numbers, and no script;
//! of its members it knows only addresses.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use figures::Figure;
use smallvec::SmallVec;
use tipool::ItemId;
use waiting_rules::{Held, Rank, goes_back};

use crate::{Above, Hold, Lent, Pick, Refused, Stock, Terms};

/// The lease that one tree has of one stock.
struct Branch<L: Above> {
    stock: Arc<Stock<L>>,
    held: Weak<Lent<L>>,
    last: Option<ItemId>,
}

/// A member of the tree that holds the lease between its calls: a request from its first handler of ours until its response handler
/// returned.
struct Walk<L: Above> {
    /// The address of the member, and that of the member above it; they are compared and never followed.
    member: usize,
    above: usize,
    hold: Hold<L>,
}

/// The leases of one tree, at most one per stock. Used by one thread at a time.
pub struct Tree<L: Above> {
    branches: RefCell<SmallVec<[Branch<L>; 1]>>,
    walks: RefCell<SmallVec<[Walk<L>; 1]>>,
    /// What is counted when a stock serves it for the first time: when there is a branch.
    counts: Figure,
}

impl<L: Above> Tree<L> {
    /// A tree that holds nothing, with what is counted when a stock serves it for the first time.
    #[inline]
    pub fn new(counts: Figure) -> Tree<L> {
        Tree { branches: RefCell::default(), walks: RefCell::default(), counts }
    }

    /// The tree's interpreter of `stock`. The first holder takes the lease; where no interpreter is idle it waits on the terms given.
    /// With a `home` it takes that interpreter and no other.
    ///
    /// # Errors
    /// `Refused` when none could be had.
    pub fn hold(
        &self,
        stock: &Arc<Stock<L>>,
        home: Option<ItemId>,
        terms: impl FnOnce() -> Terms,
    ) -> Result<Hold<L>, Refused> {
        let last = {
            let branches = self.branches.borrow();
            let branch = branches.iter().find(|s| Arc::ptr_eq(&s.stock, stock));
            if let Some(hold) = branch.and_then(|s| s.held.upgrade()) {
                return Ok(hold);
            }
            branch.and_then(|s| s.last)
        };
        // Nothing is borrowed during the wait, so that nobody finds this cell borrowed.
        let pick = match (home, last) {
            (Some(id), _) => Pick::Only(id),
            (None, Some(id)) => Pick::Prefer(id),
            (None, None) => Pick::Any,
        };
        stock.lend(pick, terms).map(|lent| self.took(stock, lent))
    }

    /// Notes that an interpreter serves it which others hold: that counts, too.
    pub fn share(&self, stock: &Arc<Stock<L>>) {
        let mut branches = self.branches.borrow_mut();
        if !branches.iter().any(|s| Arc::ptr_eq(&s.stock, stock)) {
            branches.push(Branch { stock: stock.clone(), held: Weak::new(), last: None });
            stock.count(self.counts);
        }
    }

    /// The leases that the tree holds. A lease is pinned if anybody but the walks holds it.
    pub fn leases(&self) -> SmallVec<[Held; 2]> {
        let (branches, walks) = (self.branches.borrow(), self.walks.borrow());
        let walked = |held: &Weak<Lent<L>>| walks.iter().filter(|w| Arc::as_ptr(&w.hold) == held.as_ptr()).count();
        let lent = branches.iter().filter(|branch| branch.held.strong_count() > 0);
        lent.map(|branch| Held {
            rank: branch.stock.rank,
            is_pinned: branch.held.strong_count() > walked(&branch.held),
        })
        .collect()
    }

    /// The stocks of which it has pinned leases.
    pub(crate) fn pinned(&self) -> SmallVec<[Arc<Stock<L>>; 2]> {
        let leases = self.leases();
        let pinned = |stock: &Stock<L>| leases.iter().any(|held| held.is_pinned && held.rank == stock.rank);
        self.stocks().into_iter().filter(|stock| pinned(stock)).collect()
    }

    /// The stocks of which it has leases.
    pub fn stocks(&self) -> SmallVec<[Arc<Stock<L>>; 2]> {
        let branches = self.branches.borrow();
        let lent = branches.iter().filter(|branch| branch.held.strong_count() > 0);
        lent.map(|branch| branch.stock.clone()).collect()
    }

    /// Ends the walks whose interpreters must not be held during a wait for one of rank `wanted`. They begin again with the next call.
    pub fn give_way(&self, wanted: Rank) {
        let back = |w: &Walk<L>| {
            let branches = self.branches.borrow();
            let branch = branches.iter().find(|branch| branch.held.as_ptr() == Arc::as_ptr(&w.hold));
            branch.is_some_and(|branch| goes_back(Held { rank: branch.stock.rank, is_pinned: false }, wanted))
        };
        let (gone, stay): (SmallVec<[Walk<L>; 1]>, _) = self.walks.take().into_iter().partition(back);
        self.walks.replace(stay);
        drop(gone);
    }

    /// Takes this interpreter if it is idle. The tree holds none of the stock yet.
    pub fn hold_now(&self, stock: &Arc<Stock<L>>, id: ItemId) -> Option<Hold<L>> {
        stock.lend_now(Some(id)).map(|lent| self.took(stock, lent))
    }

    fn took(&self, stock: &Arc<Stock<L>>, lent: Lent<L>) -> Hold<L> {
        let hold = Arc::new(lent);
        let mut branches = self.branches.borrow_mut();
        let (held, last) = (Arc::downgrade(&hold), hold.id());
        match branches.iter_mut().find(|s| Arc::ptr_eq(&s.stock, stock)) {
            Some(branch) => (branch.held, branch.last) = (held, last),
            None => {
                stock.count(self.counts);
                branches.push(Branch { stock: stock.clone(), held, last });
            }
        }
        hold
    }

    /// Takes the leases out, for a tree in another place.
    pub fn take(&self) -> Tree<L> {
        Tree {
            branches: RefCell::new(self.branches.take()),
            walks: RefCell::new(self.walks.take()),
            counts: self.counts,
        }
    }

    /// The lease of `stock`, if somebody holds it.
    pub fn held(&self, stock: &Arc<Stock<L>>) -> Option<Hold<L>> {
        self.branches.borrow().iter().find(|s| Arc::ptr_eq(&s.stock, stock)).and_then(|s| s.held.upgrade())
    }

    /// Whether `is` holds for the scope of a stock of which the tree holds a lease.
    #[inline]
    pub fn has_scope(&self, is: impl Fn(L::Scope) -> bool) -> bool {
        let branches = self.branches.borrow();
        branches.iter().any(|branch| is(branch.stock.scope()) && branch.held.strong_count() > 0)
    }

    /// Lets the member at this address hold the lease until [`Tree::end_walk`]. `above` is the address of the member with whose walk
    /// this one ends at the latest, or 0.
    pub fn walk(&self, member: usize, above: usize, hold: &Hold<L>) {
        let mut walks = self.walks.borrow_mut();
        if !walks.iter().any(|w| w.member == member && Arc::ptr_eq(&w.hold, hold)) {
            walks.push(Walk { member, above, hold: hold.clone() });
        }
    }

    /// Whether any member is on its walk.
    #[inline]
    pub fn has_walks(&self) -> bool {
        // Nothing borrows this while it is looked at; a look that cannot panic costs less.
        self.walks.try_borrow().is_ok_and(|walks| !walks.is_empty())
    }

    /// Ends the member's walk and those of the members below it, at every depth, that still hold the lease.
    pub fn end_walk(&self, member: usize) {
        let mut ended: SmallVec<[usize; 4]> = SmallVec::from_slice(&[member]);
        // Dropping the last holder gives the lease back; nothing may be borrowed here at that moment.
        while let Some(walk) = self.take_walk(&ended) {
            ended.push(walk.member);
            drop(walk);
        }
    }

    fn take_walk(&self, of: &[usize]) -> Option<Walk<L>> {
        let mut walks = self.walks.borrow_mut();
        let at = walks.iter().position(|w| of.contains(&w.member) || of.contains(&w.above))?;
        Some(walks.swap_remove(at))
    }
}
