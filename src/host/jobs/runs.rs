//! What is known of a job's last runs, in memory that all processes of the server see: the process of the jobs writes, the others read.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leases::shared::{Shared, Words};

/// So many of the last runs are kept.
const KEPT: usize = 8;

/// A run that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// When it began: microseconds since 1970.
    pub began: u64,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub status: ExitStatus,
}

impl Run {
    /// How it ended: its status, or the signal.
    pub fn how(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => code.to_string(),
            (None, signal) => format!("signal {}", signal.unwrap_or(0)),
        }
    }
}

/// The last runs of a job.
#[derive(Default)]
pub struct Runs(Shared<Table>);

#[derive(Default)]
#[repr(C)]
struct Table {
    /// Runs that have begun, and those of them that have ended.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Runs that ended otherwise than with status 0.
    failed: AtomicU64,
    going: AtomicU32,
    last: [Row; KEPT],
}

#[derive(Default)]
#[repr(C)]
struct Row {
    began: AtomicU64,
    took: AtomicU64,
    status: AtomicI32,
}

// SAFETY: atomics, and an array of atomics.
unsafe impl Words for Table {}

impl Runs {
    /// A run begins.
    pub fn begin(&self) {
        self.0.begun.fetch_add(1, SeqCst);
        self.0.going.fetch_add(1, SeqCst);
    }

    /// The process that would tell of the ends of runs is a new one: it has none.
    pub fn forget_going(&self) {
        self.0.going.store(0, SeqCst);
    }

    /// A run has ended.
    pub fn end(&self, began: SystemTime, took: Duration, status: ExitStatus) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let number = self.0.ended.load(SeqCst);
        if let Some(row) = self.0.last.get((number % KEPT as u64) as usize) {
            row.began.store(micros(began.duration_since(UNIX_EPOCH).unwrap_or_default()), SeqCst);
            row.took.store(micros(took), SeqCst);
            row.status.store(status.into_raw(), SeqCst);
        }
        self.0.ended.fetch_add(1, SeqCst);
        self.0.going.fetch_sub(1, SeqCst);
        if !status.success() {
            self.0.failed.fetch_add(1, SeqCst);
        }
    }

    /// How many have begun, how many of these have failed, how many are going on.
    pub fn counts(&self) -> (u64, u64, u32) {
        (self.0.begun.load(SeqCst), self.0.failed.load(SeqCst), self.0.going.load(SeqCst))
    }

    /// The last runs that have ended, the newest first.
    pub fn last(&self) -> Vec<Run> {
        let ended = self.0.ended.load(SeqCst);
        let of = |number: u64| self.0.last.get((number % KEPT as u64) as usize);
        let rows = (ended.saturating_sub(KEPT as u64)..ended).rev().filter_map(of);
        rows.map(|row| Run {
            began: row.began.load(SeqCst),
            took: Duration::from_micros(row.took.load(SeqCst)),
            status: ExitStatus::from_raw(row.status.load(SeqCst)),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_runs_are_kept() {
        let runs = Runs::default();
        for number in 0..10 {
            runs.begin();
            runs.end(
                UNIX_EPOCH + Duration::from_secs(number),
                Duration::from_millis(5),
                ExitStatus::from_raw(256 * (number as i32 % 2)),
            );
        }
        runs.begin();
        assert_eq!(runs.counts(), (11, 5, 1));
        let last: Vec<u64> = runs.last().iter().map(|run| run.began / 1_000_000).collect();
        assert_eq!(last, [9, 8, 7, 6, 5, 4, 3, 2]);
        assert_eq!(runs.last()[0].status.code(), Some(1));
    }
}
