//! How many items, how long each lives, how many may wait.

use std::time::Duration;

/// The limits of one tipool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Items that [`Tipool::start`](crate::Tipool::start) makes.
    pub start: usize,
    /// Items at once, at least 1. The keeper may hold one more while it replaces one; draining ones are not counted.
    pub max: usize,
    /// The number of idle items that the keeper sees to, within `max`.
    pub min_spare: usize,
    /// The number of idle items above which the keeper destroys those that stayed idle for all of `settle`.
    pub max_spare: usize,
    /// Checkouts after which an item is replaced; 0: never.
    pub max_uses: u64,
    /// Age at which an item is replaced.
    pub max_age: Option<Duration>,
    /// Checkouts that may wait at once; `None`: any number.
    pub max_queue: Option<usize>,
    /// How long items must be surplus before the keeper destroys them. Without this time, the items that a busy second made would be
    /// destroyed and made again for the next one.
    pub settle: Duration,
    /// Whether `max` is a number that several tipools have together: this one may have none at first, and as many as
    /// [`Tipool::set_max`](crate::Tipool::set_max) says from then on. An item past its limits ends before its successor is made.
    pub is_shared: bool,
}

impl Default for Limits {
    /// As mod_perl's interpreter pool: 3 at start, 5 at most, 3 spare, replaced after 2000 uses.
    fn default() -> Self {
        Limits {
            start: 3,
            max: 5,
            min_spare: 3,
            max_spare: 3,
            max_uses: 2000,
            max_age: None,
            max_queue: None,
            settle: Duration::from_secs(10),
            is_shared: false,
        }
    }
}

impl Limits {
    /// The same, made consistent: at least one item, `start` and `min_spare` within `max`, `max_spare` not below
    /// `min_spare`.
    pub fn consistent(mut self) -> Self {
        self.max = self.max.max(1);
        self.start = self.start.min(self.max);
        self.min_spare = self.min_spare.min(self.max);
        self.max_spare = self.max_spare.max(self.min_spare);
        self
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn limits_that_contradict_each_other_are_made_consistent() {
        let odd = Limits { start: 9, max: 0, min_spare: 7, max_spare: 0, ..Limits::default() };
        let limits = odd.consistent();
        assert_eq!((limits.start, limits.max, limits.min_spare, limits.max_spare), (1, 1, 1, 1));
        assert_eq!(Limits::default().consistent(), Limits::default());
    }
}
