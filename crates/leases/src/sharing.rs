//! What one process has of the places that all processes of a server share, and when it takes or gives one.
//!
//! With a keeper the tipool has as many items as the process has places: `Tipool::set_max` follows what is claimed and given here. A
//! process takes a free place when a request waits for it, and one a second ahead of demand. One that finds none says that it wants one. Who
//! is asked gives a place that nobody uses; where another process has none at all, also one in use, as soon as that comes back: one of
//! several at once, its only one after [`TURN`].
//!
//! Without threads there is no keeper to ask, and each process has one interpreter in any case. A place is then that of a request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tipool::{Manage, Tipool};

use crate::news::News;
use crate::places::{Places, Want};

/// How long a process whose only place others wait for keeps it.
const TURN: Duration = Duration::from_secs(1);
/// How soon a process looks again that wants something of others, or is asked for something.
const SOON: Duration = Duration::from_millis(25);
/// How often a process takes a free place ahead of demand.
const AHEAD: Duration = Duration::from_secs(1);

/// What a process has of the shared places of a stock.
#[derive(Debug)]
pub(crate) struct Sharing {
    places: Arc<Places>,
    /// No code of a script's runs under this lock.
    own: Mutex<Own>,
}

#[derive(Debug, Default)]
struct Own {
    places: Vec<u32>,
    /// What others have been told that it wants.
    wanted: Want,
    /// When it got its last place.
    gained: Option<Instant>,
    /// When it last looked for one ahead of demand.
    looked: Option<Instant>,
}

impl Own {
    fn take(&mut self, places: &Places, now: Instant) -> bool {
        let place = places.claim(&self.places);
        self.places.extend(place);
        if place.is_some() {
            self.gained = Some(now);
        }
        place.is_some()
    }
}

impl Sharing {
    pub(crate) fn new(places: Arc<Places>) -> Sharing {
        Sharing { places, own: Mutex::default() }
    }

    /// How many places there are.
    pub(crate) fn number(&self) -> u32 {
        self.places.number()
    }

    /// Changes how many there are, for all processes; returns the number before and the one now.
    pub(crate) fn scale(&self, new: impl FnMut(u32) -> u32, keep: bool) -> (u32, u32) {
        self.places.scale(new, keep)
    }

    /// Called by one who is about to wait: takes a free place at once.
    pub(crate) fn reach<M: Manage>(&self, tipool: &Tipool<M>) {
        let mut own = self.own.lock();
        let part = tipool.part();
        if part.waiting + 1 > part.coming && own.places.len() == part.max && own.take(&self.places, Instant::now()) {
            tipool.set_max(own.places.len());
        }
    }

    /// Called by the keeper in each round: takes what is needed and can be had, gives what others need. Returns when to look again.
    pub(crate) fn agree<M: Manage>(&self, tipool: &Tipool<M>, now: Instant) -> Instant {
        let mut own = self.own.lock();
        let part = tipool.part();
        let number = self.places.number();
        let valid = own.places.iter().filter(|place| **place < number).count();
        let mut max = part.max.min(valid);
        let others = self.places.others_want();
        let needs = part.waiting > part.coming;
        let is_due = own.looked.is_none_or(|looked| now >= looked + AHEAD);
        if is_due && others == Want::Nothing {
            own.looked = Some(now);
        }
        // What it has given and not let go yet is not taken again.
        let is_settled = max == own.places.len();
        let mut has_taken = false;
        if is_settled && (needs || is_due && others == Want::Nothing) {
            has_taken = own.take(&self.places, now);
            max += usize::from(has_taken);
        }
        let want = match (needs && !has_taken, own.places.is_empty()) {
            (false, _) => Want::Nothing,
            (true, false) => Want::More,
            (true, true) => Want::First,
        };
        self.places.want(&mut own.wanted, want);
        if is_settled && !has_taken && max > 0 && self.gives(others, &own, part, now) {
            max -= 1;
        }
        if max != part.max {
            tipool.set_max(max);
        }
        now + if want != Want::Nothing || others != Want::Nothing { SOON } else { AHEAD }
    }

    fn gives(&self, others: Want, own: &Own, part: tipool::Part, now: Instant) -> bool {
        let has_spare = part.waiting == 0 && part.lent < part.max;
        let is_over = || part.max > 1 || own.gained.is_none_or(|gained| now >= gained + TURN);
        let would = match others {
            Want::Nothing => false,
            Want::More => has_spare,
            Want::First => has_spare || is_over(),
        };
        would && !self.places.has_free(&own.places)
    }

    /// Lets places go that have no interpreter any more, beyond those that the tipool may fill.
    pub(crate) fn settle<M: Manage>(&self, tipool: &Tipool<M>) {
        let mut own = self.own.lock();
        let part = tipool.part();
        let number = self.places.number();
        while own.places.len() > part.max.max(part.existing) {
            let lost = own.places.iter().position(|place| *place >= number);
            let at = lost.unwrap_or(own.places.len() - 1);
            self.places.release(own.places.swap_remove(at));
        }
    }

    /// Takes a place for one request, where there are no threads; waits at most so long.
    pub(crate) fn enter(self: &Arc<Self>, at_most: Duration) -> Option<Place> {
        let until = Instant::now() + at_most;
        loop {
            let seen = News::of_all().seen();
            let mut own = self.own.lock();
            if let Some(place) = self.places.claim(&own.places) {
                own.places.push(place);
                return Some(Place { of: self.clone(), place });
            }
            drop(own);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            // Nobody tells of a process that was killed.
            News::of_all().wait(seen, left.min(SOON));
        }
    }
}

/// A place that one request has.
#[derive(Debug)]
pub(crate) struct Place {
    of: Arc<Sharing>,
    place: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.own.lock().places.retain(|own| *own != self.place);
        self.of.places.release(self.place);
    }
}
