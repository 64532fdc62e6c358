//! Counters and gauges, readable by anybody without the lock.
//!
//! They are written only under the tipool's lock, so a plain load and store is enough to count; a reader may see one
//! number a moment newer than its neighbour.
//!
//! They lie in the tipool, until it is told of a better place ([`Tipool::tell`](crate::Tipool::tell)): memory that other processes
//! read, say, or in which an earlier process has counted. There it counts on from what it finds, alone.

use std::ops::{AddAssign, Deref};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Buckets of the histogram of waits.
pub const WAIT_BUCKETS: usize = 32;

macro_rules! stats {
    (
        now: { $($(#[doc = $now_doc:literal])* $now:ident,)* }
        most: { $($(#[doc = $most_doc:literal])* $most:ident,)* }
        counted: { $($(#[doc = $counted_doc:literal])* $counted:ident,)* }
    ) => {
        /// The statistics of one tipool: atomic numbers and nothing else, all 0 at first.
        #[derive(Default)]
        #[repr(C)]
        pub struct Numbers {
            $(pub(crate) $now: Number,)*
            $(pub(crate) $most: Number,)*
            $(pub(crate) $counted: Number,)*
            pub(crate) wait_histogram: [Number; WAIT_BUCKETS],
        }

        /// The statistics of one tipool at one moment, or of several together.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Snapshot {
            $($(#[doc = $now_doc])* pub $now: u64,)*
            $($(#[doc = $most_doc])* pub $most: u64,)*
            $($(#[doc = $counted_doc])* pub $counted: u64,)*
            /// Waits by their length: number `n` counts those of less than 2^n microseconds that no earlier one counts.
            pub wait_histogram: [u64; WAIT_BUCKETS],
        }

        impl Numbers {
            /// What they are now.
            pub fn snapshot(&self) -> Snapshot {
                Snapshot {
                    $($now: self.$now.get(),)*
                    $($most: self.$most.get(),)*
                    $($counted: self.$counted.get(),)*
                    wait_histogram: std::array::from_fn(|at| self.wait_histogram.get(at).map_or(0, Number::get)),
                }
            }

            /// Sets back what is true of a moment or a process, and leaves what is counted.
            pub fn begin(&self) {
                $(self.$now.set(0);)*
                $(self.$most.set(0);)*
            }

            /// Counts what others have counted.
            pub fn count(&self, of: &Snapshot) {
                $(self.$counted.add(of.$counted);)*
                self.wait_histogram.iter().zip(of.wait_histogram).for_each(|(all, more)| all.add(more));
            }

            fn be(&self, of: &Snapshot) {
                $(self.$now.0.store(of.$now, Relaxed);)*
                $(self.$most.0.store(of.$most, Relaxed);)*
            }
        }

        impl Snapshot {
            /// The same without what had been counted before.
            fn since(mut self, before: &Snapshot) -> Snapshot {
                $(self.$counted = self.$counted.wrapping_sub(before.$counted);)*
                for (count, before) in self.wait_histogram.iter_mut().zip(before.wait_histogram) {
                    *count = count.wrapping_sub(before);
                }
                self
            }

            /// Adds what is counted elsewhere, and nothing of what is true of a moment there.
            pub fn add_counted(&mut self, other: &Snapshot) {
                $(self.$counted = self.$counted.wrapping_add(other.$counted);)*
                for (count, more) in self.wait_histogram.iter_mut().zip(other.wait_histogram) {
                    *count = count.wrapping_add(more);
                }
            }
        }

        impl AddAssign<&Snapshot> for Snapshot {
            /// Both together; of what there ever was at most, the larger.
            fn add_assign(&mut self, other: &Snapshot) {
                $(self.$now = self.$now.wrapping_add(other.$now);)*
                $(self.$most = self.$most.max(other.$most);)*
                self.add_counted(other);
            }
        }
    };
}

stats! {
    now: {
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
    }
    most: {
        /// The most that were ever lent at once.
        max_lent,
        /// The most that ever waited at once.
        max_waiting,
    }
    counted: {
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
        /// Time that checkouts waited, in microseconds.
        wait_us,
        /// Items made beyond `max`, for those who may not wait.
        reserves,
        /// Items made.
        created,
        /// Time that it took to make them, in microseconds.
        create_us,
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
        /// Items that somebody had replaced, who did not have them.
        renewed,
        /// Items destroyed because too many were idle.
        shrunk,
        /// Attempts to make an item that failed.
        create_failures,
        /// Time that items were lent, as sampled by the keeper: the sum over all items, in microseconds.
        lent_us,
        /// Time that items were alive, sampled likewise.
        alive_us,
    }
}

/// The statistics of a tipool, where they lie now.
#[derive(Default)]
pub(crate) struct Stats {
    own: Numbers,
    told: OnceLock<Told>,
}

/// Another place, and what had been counted there and not here.
struct Told {
    numbers: &'static Numbers,
    before: Snapshot,
}

impl Deref for Stats {
    type Target = Numbers;

    #[inline(always)]
    fn deref(&self) -> &Numbers {
        match self.told.get() {
            Some(told) => told.numbers,
            None => &self.own,
        }
    }
}

impl Stats {
    /// What this tipool has counted, wherever.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut now = Numbers::snapshot(self);
        if let Some(told) = self.told.get() {
            now = now.since(&told.before);
            now.add_counted(&self.own.snapshot());
        }
        now
    }

    /// From now on they lie there; only the first time counts. What was counted before stays here.
    pub(crate) fn tell(&self, numbers: &'static Numbers) {
        numbers.be(&self.own.snapshot());
        let _ = self.told.set(Told { numbers, before: numbers.snapshot() });
    }
}

/// One item, for those who may see no more of the tipool than this: atomic numbers and nothing else, all 0 where there is no item.
#[derive(Default)]
#[repr(C)]
pub struct ItemNumbers {
    serial: Number,
    uses: Number,
    born: Number,
    lends: Number,
    state: Number,
}

/// No item, an idle one, a lent one.
const GONE: usize = 0;
const IDLE: usize = 1;
const LENT: usize = 2;

/// What [`ItemNumbers`] say of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemSeen {
    /// [`ItemId::serial`](crate::ItemId::serial).
    pub serial: u64,
    /// Uses that have ended.
    pub uses: u64,
    /// When it was made: microseconds since 1970.
    pub born: u64,
    /// How often it was lent, since there is an item at this place.
    pub lends: u64,
    /// Whether it is lent.
    pub is_lent: bool,
}

impl ItemNumbers {
    /// What they say; `None` where there is no item.
    pub fn seen(&self) -> Option<ItemSeen> {
        let state = self.state.get();
        (state != GONE as u64).then(|| ItemSeen {
            serial: self.serial.get(),
            uses: self.uses.get(),
            born: self.born.get(),
            lends: self.lends.get(),
            is_lent: state == LENT as u64,
        })
    }

    /// How often it was lent: tells one lease from the next.
    pub fn lends(&self) -> u64 {
        self.lends.get()
    }

    /// There is no item.
    pub fn begin(&self) {
        self.state.set(GONE);
    }

    /// There is the one item of [`Numbers::begin_one`], which has been there as long as the process.
    pub fn begin_alone(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.is(ItemSeen { serial: 0, uses: 0, born: micros(now), lends: 0, is_lent: false });
    }

    /// It has come back from one use more.
    pub fn back_again(&self) {
        self.back(self.uses.get().wrapping_add(1));
    }

    /// There is this item.
    pub fn is(&self, item: ItemSeen) {
        self.uses.0.store(item.uses, Relaxed);
        self.born.0.store(item.born, Relaxed);
        self.lends.0.store(item.lends, Relaxed);
        self.serial.0.store(item.serial, Relaxed);
        self.state.set(if item.is_lent { LENT } else { IDLE });
    }

    /// It is lent.
    #[inline]
    pub fn lend(&self) {
        self.lends.add(1);
        self.state.set(LENT);
    }

    /// It has come back, after so many uses.
    #[inline]
    pub fn back(&self, uses: u64) {
        self.uses.0.store(uses, Relaxed);
        self.state.set(IDLE);
    }
}

impl Snapshot {
    /// Share of the items lent, 0 to 1, over the keeper's samples; without any, at this moment.
    pub fn utilisation(&self) -> f64 {
        let (lent, all) = if self.alive_us > 0 { (self.lent_us, self.alive_us) } else { (self.lent, self.size) };
        if all == 0 { 0.0 } else { (lent as f64 / all as f64).min(1.0) }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Numbers {
    /// There is one item, and it is not this tipool's: whoever has it says so by [`Numbers::lend_one`].
    pub fn begin_one(&self) {
        self.begin();
        self.size.set(1);
        self.idle.set(1);
    }

    /// The one item is lent, or it is so no more.
    pub fn lend_one(&self, is_lent: bool) {
        self.lent.set(usize::from(is_lent));
        self.idle.set(usize::from(!is_lent));
        self.checkouts.add(u64::from(is_lent));
    }

    pub(crate) fn made_one(&self, took: Duration) {
        self.create_us.add(micros(took));
    }

    pub(crate) fn waited(&self, time: Duration) {
        let us = micros(time);
        self.wait_us.add(us);
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
    fn told_of_another_place_it_counts_on_there_and_knows_what_is_its_own() {
        let stats = Stats::default();
        stats.created.add(2);
        stats.size.set(2);
        let board: &'static Numbers = Box::leak(Box::default());
        board.created.add(40);
        board.size.set(9);
        board.waited(Duration::from_micros(3));
        stats.tell(board);
        stats.created.add(1);
        stats.size.set(3);
        stats.waited(Duration::from_micros(3));
        let (own, all) = (stats.snapshot(), board.snapshot());
        assert_eq!((own.created, own.size, own.wait_histogram[2], own.wait_us), (3, 3, 1, 3));
        assert_eq!((all.created, all.size, all.wait_histogram[2], all.wait_us), (41, 3, 2, 6));
        board.begin();
        assert_eq!((board.snapshot().created, board.snapshot().size), (41, 0));
    }

    #[test]
    fn several_are_added_up() {
        let mut sum = Snapshot { size: 1, max_lent: 5, created: 2, ..Snapshot::default() };
        let other = Snapshot { size: 2, max_lent: 3, created: 4, ..Snapshot::default() };
        sum += &other;
        assert_eq!((sum.size, sum.max_lent, sum.created), (3, 5, 6));
        sum.add_counted(&other);
        assert_eq!((sum.size, sum.created), (3, 10));
    }

    #[test]
    fn utilisation_is_sampled_or_momentary() {
        let now = Snapshot { size: 4, lent: 1, ..Snapshot::default() };
        assert_eq!(now.utilisation(), 0.25);
        assert_eq!(Snapshot { lent_us: 50, alive_us: 100, ..now }.utilisation(), 0.5);
        assert_eq!(Snapshot::default().utilisation(), 0.0);
    }
}
