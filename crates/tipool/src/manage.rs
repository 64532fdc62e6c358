//! What the owner of a tipool tells it: how items are made, cared for and destroyed; how long to wait; why not.

use std::fmt;
use std::time::{Duration, Instant};

/// How the items of one tipool are made and destroyed. None of these is ever called with a lock of the tipool held,
/// and any of them may be called by several threads at once.
pub trait Manage: Send + Sync + 'static {
    /// The type of what is lent.
    type Item: Send + 'static;
    /// Why an item could not be made.
    type Error: fmt::Display + Send + 'static;

    /// Makes an item. Called by [`Tipool::start`](crate::Tipool::start), by the keeper, and by a checkout as long as
    /// no keeper runs.
    fn create(&self) -> Result<Self::Item, Self::Error>;

    /// So many items are about to be made, as far as is known: called before [`Manage::create`], once for items that are made one after the
    /// other.
    fn will_create(&self, count: usize) {
        let _ = count;
    }

    /// Destroys an item. Called by the keeper where one runs, else by whoever gave it back or closed the tipool.
    fn destroy(&self, item: Self::Item);

    /// Housekeeping on an idle item, by the keeper: empty its drop box, give memory back. `idle` is how long the
    /// keeper has seen it idle (at most the true time; exact to one round of the keeper). It does not count as a use
    /// and leaves the item's place in the idle list as it was. Keep it short: meanwhile the item cannot be lent.
    fn tend(&self, item: &mut Self::Item, idle: Duration) {
        let _ = (item, idle);
    }

    /// How often [`Manage::tend`] is called on each idle item; `None`: never.
    fn tend_every(&self) -> Option<Duration> {
        None
    }

    /// The keeper could not make an item; at most once a minute (every failure is counted in the statistics). It will
    /// try again no sooner than after `retry_in`.
    fn cannot_create(&self, error: Self::Error, purpose: Purpose, retry_in: Duration) {
        let _ = (error, purpose, retry_in);
    }
}

/// What the keeper wanted an item for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody waits, or fewer than `min_spare` are idle.
    Grow,
    /// To replace this one, which is past its limits and serves on until a successor can be made.
    Replace(crate::ItemId),
}

/// Why there is no lease.
pub enum Refused<E> {
    /// None came free before the deadline.
    TimedOut,
    /// `max_queue` others are waiting already.
    QueueFull,
    /// All other workers wait already, and one is needed to set an item free ([`Worker`](crate::Worker)).
    Crowded,
    /// All items are with callers who may not wait, and this caller, who has such a lease itself, may not wait for them.
    Nested,
    /// The tipool is closed.
    Closed,
    /// The item asked for by `checkout_only` is no longer there.
    Gone,
    /// None was idle, no keeper runs, and making one failed.
    CannotCreate(E),
}

impl<E: fmt::Display> fmt::Display for Refused<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("none came free in time"),
            Self::QueueFull => f.write_str("too many are waiting already"),
            Self::Crowded => f.write_str("all other workers are waiting already"),
            Self::Nested => f.write_str("none is idle, and this is no place to wait"),
            Self::Closed => f.write_str("the pool is closed"),
            Self::Gone => f.write_str("the one asked for is gone"),
            Self::CannotCreate(error) => write!(f, "cannot create one: {error}"),
        }
    }
}

impl<E: fmt::Display> fmt::Debug for Refused<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: fmt::Display> std::error::Error for Refused<E> {}

/// How long a checkout waits. The clock is read only by those that really have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// That long from now.
    For(Duration),
    /// Until then.
    Until(Instant),
    /// Until there is one.
    Forever,
}

impl Wait {
    pub(crate) fn is_none(self) -> bool {
        matches!(self, Wait::No | Wait::For(Duration::ZERO))
    }

    /// When the wait that starts now ends; `None`: never.
    pub(crate) fn deadline(self, now: Instant) -> Option<Instant> {
        match self {
            Wait::No => Some(now),
            Wait::For(time) => now.checked_add(time),
            Wait::Until(then) => Some(then),
            Wait::Forever => None,
        }
    }
}

impl From<Duration> for Wait {
    fn from(time: Duration) -> Self {
        Wait::For(time)
    }
}

impl From<Instant> for Wait {
    fn from(then: Instant) -> Self {
        Wait::Until(then)
    }
}

/// What becomes of an item that is given back after the tipool was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It is destroyed by whoever gives it back.
    Destroy,
    /// It is forgotten: the process is about to end and the kernel takes its memory.
    Abandon,
}
