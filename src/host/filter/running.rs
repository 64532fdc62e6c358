//! A filter that has begun.

use std::cell::Cell;
use std::ffi::c_int;

use apr::{Brigade, Bucket, Reenter, Status};

use super::{Begun, Filtering, Place};

/// The script of a filter that has begun, and the data that it has not let go.
pub struct Running<F> {
    /// What the script makes of data.
    pub filtering: F,
    /// Input: data that was read and not given to the script yet. Output: data to be passed on.
    pub brigade: Brigade,
    /// Input: data that the script made and nobody has read yet.
    pub ready: Brigade,
    /// Whether the script has seen the end of the data.
    pub is_past: Cell<bool>,
    /// The status of a script that has failed.
    pub failed: Cell<Option<c_int>>,
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
    let running = place.memory().and_then(|(pool, alloc)| {
        let (brigade, ready) = (Brigade::new(pool, alloc), Brigade::new(pool, alloc));
        place.keep(Running { filtering, brigade, ready, is_past: Cell::new(false), failed: Cell::new(None) })
    });
    match running {
        Some(running) => Way::Through(running, first),
        None => Way::Fail(Status::EGENERAL.code()),
    }
}

impl<F> Running<F> {
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
