//! The number of a stock's interpreters over all processes, while the server runs.

use crate::{Above, Stock};

impl<L: Above> Stock<L> {
    /// How many there are in all processes, where that is the number.
    pub fn total(&self) -> Option<u32> {
        self.shares().map(|sharing| sharing.number())
    }

    /// Changes that number; returns the one before and the one now. With `keep` it outlives graceful restarts.
    pub fn scale(&self, new: impl FnMut(u32) -> u32, keep: bool) -> Option<(u32, u32)> {
        self.shares().map(|sharing| sharing.scale(new, keep))
    }
}
