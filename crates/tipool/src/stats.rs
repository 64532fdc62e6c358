//! Counters and gauges, readable by anybody without the lock.
//!
//! They are written only under the tipool's lock, so a plain load and store is enough to count; a reader may see one
//! number a moment newer than its neighbour.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets of the histogram of waits.
pub const WAIT_BUCKETS: usize = 32;

macro_rules! stats {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        #[derive(Default)]
        pub(crate) struct Stats {
            $(pub(crate) $name: Number,)*
            pub(crate) wait_histogram: [Number; WAIT_BUCKETS],
        }

        /// The statistics of one tipool at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Snapshot {
            $($(#[doc = $doc])* pub $name: u64,)*
            /// Waits by their length: number `n` counts those of less than 2^n microseconds that no earlier one counts.
            pub wait_histogram: [u64; WAIT_BUCKETS],
        }

        impl Stats {
            pub(crate) fn snapshot(&self) -> Snapshot {
                Snapshot {
                    $($name: self.$name.get(),)*
                    wait_histogram: std::array::from_fn(|at| self.wait_histogram.get(at).map_or(0, Number::get)),
                }
            }
        }
    };
}

stats! {
    /// Items alive that count towards `max` (one more during a replacement).
    size,
    /// Items past their limits that live on for their homes only.
    draining,
    /// Items that anybody may have now (those in the keeper's hands included).
    idle,
    /// Items lent now.
    lent,
    /// Items being made now.
    creating,
    /// Checkouts waiting now.
    waiting,
    /// The most that were ever lent at once.
    max_lent,
    /// The most that ever waited at once.
    max_waiting,
    /// Leases given out.
    checkouts,
    /// Checkouts that had to wait, whatever came of it.
    waits,
    /// Checkouts that waited in vain.
    timeouts,
    /// Checkouts refused because too many waited already.
    refused,
    /// Checkouts refused because all other workers waited already.
    crowded,
    /// Items made beyond `max`, for those who may not wait.
    reserves,
    /// Items made.
    created,
    /// Items destroyed.
    destroyed,
    /// Items given back too late and left to the kernel.
    abandoned,
    /// Items replaced after `max_uses`.
    retired_by_uses,
    /// Items replaced after `max_age`.
    retired_by_age,
    /// Items retired by their lease: broken, or dropped in a panic.
    retired_broken,
    /// Items destroyed because too many were idle.
    shrunk,
    /// Attempts to make an item that failed.
    create_failures,
    /// Time that items were lent, as sampled by the keeper: the sum over all items, in microseconds.
    lent_us,
    /// Time that items were alive, sampled likewise.
    alive_us,
}

impl Snapshot {
    /// Share of the items lent, 0 to 1, over the keeper's samples; without any, at this moment.
    pub fn utilisation(&self) -> f64 {
        let (lent, all) = if self.alive_us > 0 { (self.lent_us, self.alive_us) } else { (self.lent, self.size) };
        if all == 0 { 0.0 } else { (lent as f64 / all as f64).min(1.0) }
    }
}

impl Stats {
    pub(crate) fn waited(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - us.leading_zeros()) as usize;
        if let Some(count) = self.wait_histogram.get(bucket.min(WAIT_BUCKETS - 1)) {
            count.add(1);
        }
    }
}

/// Written under the lock, read without.
#[derive(Default)]
pub(crate) struct Number(AtomicU64);

impl Number {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, value: usize) {
        self.0.store(value as u64, Relaxed);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Relaxed);
    }

    pub(crate) fn at_least(&self, value: usize) {
        if self.get() < value as u64 {
            self.set(value);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_counted_in_the_bucket_of_its_power_of_two() {
        let stats = Stats::default();
        for us in [0, 1, 2, 3, 1000, u64::MAX] {
            stats.waited(Duration::from_micros(us));
        }
        let histogram = stats.snapshot().wait_histogram;
        assert_eq!(histogram[..3], [1, 1, 2]);
        assert_eq!(histogram[10], 1, "1000 us is less than 2^10");
        assert_eq!(histogram[WAIT_BUCKETS - 1], 1);
    }

    #[test]
    fn utilisation_is_sampled_or_momentary() {
        let now = Snapshot { size: 4, lent: 1, ..Snapshot::default() };
        assert_eq!(now.utilisation(), 0.25);
        assert_eq!(Snapshot { lent_us: 50, alive_us: 100, ..now }.utilisation(), 0.5);
        assert_eq!(Snapshot::default().utilisation(), 0.0);
    }
}
