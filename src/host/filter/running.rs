//! A filter that has begun.

use std::cell::Cell;
use std::ffi::c_int;

use apr::{Brigade, Bucket, BucketAlloc, Pool, Reenter, Status};

use super::{Begun, Filtering, Place};

/// The script of a filter that has begun, and the data that it has not let go.
pub struct Running<F> {
    /// What the script makes of data.
    pub filtering: F,
    /// Input: data that was read and not given to the script yet. Output: data to be passed on.
    pub brigade: Brigade,
    /// Input: data that the script made and nobody has read yet. Output of a handler that is given whole brigades: data that it has
    /// looked at.
    pub ready: Brigade,
    /// Whether the script has seen the end of the data.
    pub is_past: Cell<bool>,
    /// The status of a script that has failed.
    pub failed: Cell<Option<c_int>>,
    /// Whether a script has taken it out of its chain. A request's chain can still lead to a connection's filter that has left.
    pub has_left: Cell<bool>,
    /// Whether a call is under way that works with these brigades.
    is_in_use: Cell<bool>,
    /// Whether it is a handler that reads and prints.
    pub streams: Cell<bool>,
    /// Of a handler of output that reads and prints: whether anything of it was passed on, and until then the bytes that it has read
    /// and printed.
    pub has_passed: Cell<bool>,
    /// See `has_passed`.
    pub read: Cell<u64>,
    /// See `has_passed`.
    pub printed: Cell<u64>,
}

// SAFETY: a filter belongs to a request or a connection, which one thread works on at a time (SAFETY.md, "one thread at a time").
unsafe impl<F: Send> Send for Running<F> {}

/// What is to be done with data.
pub enum Way<'f, F> {
    /// Through the filter; a bucket comes with the one that has just begun.
    Through(&'f Running<F>, Option<Bucket>),
    /// Past the filter, which has left the chain.
    Around,
    /// The filter could not begin: its status.
    Fail(c_int),
}

/// The filter, begun if it has not.
pub fn running<P: Place, F: Filtering<P>>(place: &P) -> Way<'_, F> {
    if let Some(running) = place.kept::<Running<F>>() {
        return Way::Through(running, None);
    }
    let (filtering, first) = match F::begin(place) {
        Begun::Filters(filtering, first) => (filtering, first),
        Begun::Declines => {
            place.leave();
            return Way::Around;
        }
        Begun::Fails(status) => return Way::Fail(status),
    };
    place.changes_content();
    let running = place.memory().and_then(|(pool, alloc)| place.keep(Running::new(filtering, pool, alloc)));
    match running {
        Some(running) => Way::Through(running, first),
        None => Way::Fail(Status::EGENERAL.code()),
    }
}

impl<F> Running<F> {
    /// A filter whose data lies in this memory.
    pub fn new(filtering: F, pool: &Pool, alloc: BucketAlloc) -> Running<F> {
        let (brigade, ready) = (Brigade::new(pool, alloc), Brigade::new(pool, alloc));
        let (is_past, failed, has_left) = (Cell::new(false), Cell::new(None), Cell::new(false));
        let (is_in_use, streams, has_passed) = (Cell::new(false), Cell::new(false), Cell::new(false));
        let (read, printed) = (Cell::new(0), Cell::new(0));
        Running { filtering, brigade, ready, is_past, failed, has_left, is_in_use, streams, has_passed, read, printed }
    }

    /// The filter's brigades for one call. A call within another one, whose handler sends or reads something that comes to its own filter,
    /// gets brigades of its own.
    pub fn brigades<P: Place>(&self, place: &P) -> Brigades<'_> {
        let (brigade, ready) = (self.brigade, self.ready);
        if !self.is_in_use.replace(true) {
            return Brigades { brigade, ready, in_use: Some(&self.is_in_use) };
        }
        match place.memory() {
            Some((pool, alloc)) => {
                Brigades { brigade: Brigade::new(pool, alloc), ready: Brigade::new(pool, alloc), in_use: None }
            }
            None => Brigades { brigade, ready, in_use: None },
        }
    }

    /// Tells the script that the end has come.
    pub fn end<P: Place>(&self, place: &P, into: &Brigade) -> Result<(), c_int>
    where
        F: Filtering<P>,
    {
        let done = if self.is_past.get() { Ok(()) } else { self.filtering.end(place, into) };
        self.is_past.set(true);
        done
    }

    /// Passes on what an output filter has made.
    pub fn pass<P: Place>(&self, place: &P, cx: Reenter) -> Result<(), Status>
    where
        F: Filtering<P>,
    {
        let passed = place.pass(&self.brigade, cx);
        let _ = self.brigade.cleanup(cx);
        self.filtering.passed();
        passed
    }
}

/// The brigades that one call of a filter works with.
pub struct Brigades<'a> {
    /// As [`Running::brigade`].
    pub brigade: Brigade,
    /// As [`Running::ready`].
    pub ready: Brigade,
    in_use: Option<&'a Cell<bool>>,
}

impl Drop for Brigades<'_> {
    fn drop(&mut self) {
        if let Some(in_use) = self.in_use {
            in_use.set(false);
        }
    }
}
