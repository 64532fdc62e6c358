//! What a filter's handler says of itself: what it is for, and whether something runs before it.

use std::sync::{PoisonError, RwLock};

use config::Handler;

/// What a filter's handler says of itself; nothing of a handler that cannot. `lib/ModInterp/Filter.pm` has the same numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Said(u8);

impl Said {
    /// From the engine's number.
    pub fn new(number: i64) -> Said {
        Said(number as u8)
    }

    /// It filters what goes over a connection.
    pub fn is_for_connections(self) -> bool {
        self.0 & 1 != 0
    }

    /// It filters the content of a request; so does one that says nothing.
    pub fn is_for_requests(self) -> bool {
        self.0 == 0 || self.0 & 2 != 0
    }

    /// Code of its own runs when it is put in place.
    pub fn begins(self) -> bool {
        self.0 & 8 != 0
    }
}

/// What handlers have said in this reading of the configuration, by their numbers. Nothing else happens while this is locked.
static SAID: RwLock<Vec<Option<Said>>> = RwLock::new(Vec::new());

/// Called when a new reading of the configuration begins.
pub fn forget() {
    SAID.write().unwrap_or_else(PoisonError::into_inner).clear();
}

/// What a handler has said, if it was asked.
pub fn by(handler: &Handler) -> Option<Said> {
    SAID.read().unwrap_or_else(PoisonError::into_inner).get(handler.id.index()).copied().flatten()
}

/// Notes what a handler says.
pub fn note(handler: &Handler, said: Said) {
    let at = handler.id.index();
    let mut all = SAID.write().unwrap_or_else(PoisonError::into_inner);
    if all.len() <= at {
        all.resize(at + 1, None);
    }
    if let Some(of) = all.get_mut(at) {
        *of = Some(said);
    }
}
