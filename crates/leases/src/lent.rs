//! An interpreter in somebody's hands.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use figures::Board;
use interp::{Interp, Ticket, trace};
use smallvec::SmallVec;
use tipool::{ItemId, ItemNumbers, Lease, Numbers};

use crate::counted::Counted;
use crate::parent::Locked;
use crate::sharing::Place;
use crate::{Above, Clones, Parent};

/// A holder of a lease: a running call, a member of a tree on its walk, or a pin. The lease ends with its last holder.
pub type Hold<L> = Arc<Lent<L>>;

/// An interpreter that is lent to somebody: a clone, or the parent itself.
pub struct Lent<L: Above>(Which<L>, Option<Box<Place>>);

enum Which<L: Above> {
    /// When this is dropped the objects it was shown become void, and then it goes back to its tipool.
    Clone(Shown, Lease<Clones<L>>),
    /// At start-up, in process phases, and for everything where there are no threads. The objects it was shown become void with the
    /// lease where the language says so; others see that it serves.
    Parent(Option<Shown>, Arc<Parent>, #[allow(dead_code, reason = "its end tells others")] Option<Serving>),
}

// SAFETY: a lease belongs to one tree or call, each of which runs on one thread at a time
// (SAFETY.md, "one thread at a time"); the `Arc` around it only counts holders.
unsafe impl<L: Above> Sync for Lent<L> {}

impl<L: Above> fmt::Debug for Lent<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => write!(f, "Lent({id:?})"),
            None => f.write_str("Lent(parent)"),
        }
    }
}

/// The tickets of which an interpreter has objects. Those objects become void when the interpreter is lent to others, though what they
/// stand for may live on (a request, for its log and its slow client): it may then be used by another thread.
#[derive(Default)]
struct Shown(RefCell<SmallVec<[Ticket; 2]>>);

/// A parent serves, and others see it.
pub(crate) struct Serving(&'static Numbers, Option<&'static ItemNumbers>);

impl Serving {
    pub(crate) fn begin(board: &Board) -> Serving {
        let serving = Serving(&board.line().tipool, board.items().first());
        serving.0.lend_one(true);
        if let Some(item) = serving.1 {
            item.lend();
        }
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.lend_one(false);
        if let Some(item) = self.1 {
            item.back_again();
        }
    }
}

impl Drop for Shown {
    #[inline]
    fn drop(&mut self) {
        self.0.get_mut().iter().for_each(|ticket| ticket.void());
    }
}

impl<L: Above> Drop for Lent<L> {
    #[inline]
    fn drop(&mut self) {
        if trace::on(trace::Topic::Interpreters) && !self.is_parent() {
            trace!(Interpreters, "given back: {self:?}");
        }
    }
}

impl<L: Above> Lent<L> {
    #[inline]
    pub(crate) fn clone_of(lease: Lease<Clones<L>>) -> Lent<L> {
        Lent(Which::Clone(Shown::default(), lease), None)
    }

    /// The same, with the place that it has of those that all processes share; the place goes back behind the interpreter.
    pub(crate) fn at(mut self, place: Option<Place>) -> Lent<L> {
        self.1 = place.map(Box::new);
        self
    }

    #[inline]
    pub(crate) fn parent(parent: &Arc<Parent>, ends_objects: bool, serving: Option<Serving>) -> Lent<L> {
        Lent(Which::Parent(ends_objects.then(Shown::default), parent.clone(), serving), None)
    }

    /// Notes that the interpreter gets objects with this ticket.
    #[inline]
    pub fn show(&self, ticket: Ticket) {
        if let Which::Clone(shown, _) | Which::Parent(Some(shown), ..) = &self.0 {
            let mut shown = shown.0.borrow_mut();
            if shown.is_empty() {
                shown.push(ticket);
            } else if !shown.contains(&ticket) {
                shown.retain(|earlier| earlier.is_alive());
                shown.push(ticket);
            }
        }
    }

    /// Marks the interpreter as not to be lent again: it is destroyed when its last holder lets it go. Returns false for a parent,
    /// which cannot be replaced.
    pub fn spoil(&self) -> bool {
        match &self.0 {
            Which::Clone(_, lease) => {
                lease.mark_broken();
                true
            }
            Which::Parent(..) => false,
        }
    }

    /// Whether it is not to be lent again.
    pub fn is_spoilt(&self) -> bool {
        matches!(&self.0, Which::Clone(_, lease) if lease.is_broken())
    }

    /// The place of what others see of it; none for a clone that is too many.
    pub fn place(&self) -> usize {
        self.id().map_or(0, ItemId::place)
    }

    /// Has the interpreter replaced when its holders are done; with somebody at home in it, when that one has gone. False for a parent.
    pub fn renew(&self) -> bool {
        match &self.0 {
            Which::Clone(_, lease) => {
                lease.tipool().renew(lease.id());
                true
            }
            Which::Parent(..) => false,
        }
    }

    /// Runs `f` with the interpreter. For code that a call runs already; a call of its own is [`Frame::enter`](crate::Frame::enter).
    #[inline(always)]
    pub fn run<R>(self: &Arc<Lent<L>>, f: impl FnOnce(&dyn Interp) -> R) -> R {
        let locked = match &self.0 {
            Which::Clone(..) => None,
            Which::Parent(_, parent, _) => Some(parent.lock_here()),
        };
        // `f` stands here once, so that it becomes a part of its caller.
        let call = self.counted().call();
        let result = f(self.interp());
        drop(call);
        drop(locked);
        if let Which::Clone(_, lease) = &self.0
            && lease.counted.is_held_by_others()
        {
            lease.lang.keep_for_others(self);
        }
        result
    }

    /// As [`Lent::run`] for a call that somebody else's code begins and ends. `make_current` makes the interpreter the
    /// thread's current one.
    pub fn begin<B>(&self, make_current: impl FnOnce(&dyn Interp) -> B) -> Begun<B> {
        let lock = match &self.0 {
            Which::Clone(..) => None,
            Which::Parent(_, parent, _) => Some(parent.lock()),
        };
        self.counted().count(1);
        Begun { before: make_current(self.interp()), lock }
    }

    /// Ends the call, on the thread on which it began.
    pub fn end<B>(&self, begun: Begun<B>, restore: impl FnOnce(B)) {
        restore(begun.before);
        self.counted().count(-1);
        drop(begun.lock);
    }

    /// Ends the call on another thread. A parent's lock stays with the thread that took it.
    pub fn abandon<B>(&self, begun: Begun<B>) {
        self.counted().count(-1);
        drop(begun.before);
        std::mem::forget(begun.lock);
    }

    fn counted(&self) -> &Counted {
        match &self.0 {
            Which::Clone(_, lease) => &lease.counted,
            Which::Parent(_, parent, _) => parent.counted(),
        }
    }

    /// The interpreter, for questions that need not enter it.
    pub fn interp(&self) -> &dyn Interp {
        &*self.counted().interp
    }

    /// Whether the interpreter was lent at the death of a pool, where nothing may wait.
    pub fn is_last(&self) -> bool {
        matches!(&self.0, Which::Clone(_, lease) if lease.is_last())
    }

    /// Whether this is a parent, which nobody gives back.
    pub fn is_parent(&self) -> bool {
        matches!(self.0, Which::Parent(..))
    }

    /// Whether other modules keep the interpreter.
    pub fn is_held_by_others(&self) -> bool {
        self.counted().is_held_by_others()
    }

    /// The clone's number; none for a parent.
    #[inline]
    pub fn id(&self) -> Option<ItemId> {
        match &self.0 {
            Which::Clone(_, lease) => Some(lease.id()),
            Which::Parent(..) => None,
        }
    }

    /// The same as a figure for reports; 0 for a parent.
    pub fn number(&self) -> u64 {
        self.id().map_or(0, ItemId::serial)
    }

    /// How often the clone was lent, this time included; 0 for a parent.
    pub fn uses(&self) -> u64 {
        match &self.0 {
            Which::Clone(_, lease) => lease.uses(),
            Which::Parent(..) => 0,
        }
    }

    /// Makes the clone a home of the caller's: [`Pick::Only`](crate::Pick::Only) asks for it again, and `Tipool::drop_home` ends
    /// the home. None for a parent.
    pub fn add_home(&self) -> Option<ItemId> {
        match &self.0 {
            Which::Clone(_, lease) => Some(lease.add_home()),
            Which::Parent(..) => None,
        }
    }
}

/// A call that [`Lent::begin`] began.
pub struct Begun<B> {
    before: B,
    lock: Option<Locked>,
}
