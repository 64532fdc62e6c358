//! When a job is due.

use std::cmp::Ordering;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use config::Due;
use croner::errors::CronError;
use croner::{CivilDateTime, Cron, CronDateTime, Resolution, Weekday};

/// When a job is due next.
pub struct Next {
    due: Due,
    at: At,
}

enum At {
    /// By a clock that nobody sets.
    Timer(Instant),
    /// By the clock of the machine, in seconds since 1970: the time, and when it was reckoned.
    Clock { due: Option<i64>, reckoned: i64 },
}

/// The clock of the machine may be set: it is looked at again after so long at most.
const LOOK: Duration = Duration::from_secs(20);

impl Next {
    /// A job's first time.
    pub fn new(due: Due, now: Instant) -> Next {
        let at = match &due {
            Due::Every(every) => At::Timer(now + *every),
            Due::At(cron) => clock(cron, wall()),
        };
        Next { due, at }
    }

    /// How long it is until then, as far as is known.
    pub fn wait(&self, now: Instant) -> Duration {
        match self.at {
            At::Timer(at) => at.saturating_duration_since(now),
            At::Clock { due, .. } => {
                let left = due.map_or(LOOK, |due| Duration::from_secs(u64::try_from(due - wall()).unwrap_or(0)));
                // Up to the second's end less a bit of it, then in short steps.
                if left.is_zero() {
                    left
                } else {
                    left.saturating_sub(fraction()).clamp(Duration::from_millis(1), LOOK)
                }
            }
        }
    }

    /// Whether it is due; then the next time is reckoned.
    pub fn is_due(&mut self, now: Instant) -> bool {
        match (&self.due, &mut self.at) {
            (Due::Every(every), At::Timer(at)) if *at <= now => {
                // Without drift, as long as it keeps up.
                *at += *every;
                if *at <= now {
                    *at = now + *every;
                }
                true
            }
            (Due::At(cron), At::Clock { due, reckoned }) => {
                let now = wall();
                let is_due = due.is_some_and(|due| due <= now);
                // A clock that was set back counts from there.
                if is_due || now < *reckoned {
                    self.at = clock(cron, now);
                }
                is_due
            }
            _ => false,
        }
    }

    /// A run began later than it was due, since others had to end before: the interval counts from now.
    pub fn began_late(&mut self, now: Instant) {
        if let (Due::Every(every), At::Timer(at)) = (&self.due, &mut self.at) {
            *at = now + *every;
        }
    }
}

/// Whether there is a time at which it is due.
pub fn comes(due: &Due) -> bool {
    match due {
        Due::Every(_) => true,
        Due::At(cron) => cron.find_next_occurrence(&Local(wall()), false).is_ok(),
    }
}

fn clock(cron: &Cron, now: i64) -> At {
    let next = cron.find_next_occurrence(&Local(now), false).ok();
    At::Clock { due: next.map(|Local(at)| at), reckoned: now }
}

/// The clock of the machine.
fn wall() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(0)
}

/// What of this second has gone.
fn fraction() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_nanos(now.subsec_nanos().into())
}

/// A time of the machine's clock, as it is shown where the server stands (`TZ`).
#[derive(Clone)]
struct Local(i64);

fn shown(at: i64) -> libc::tm {
    let mut tm = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: writes the record, in which all bits 0 are a time as well.
    unsafe {
        libc::localtime_r(&raw const at, tm.as_mut_ptr());
        tm.assume_init()
    }
}

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let tm = shown(self.0);
        let part = |n: i32| u32::try_from(n).unwrap_or(0);
        // A leap second is the second before it.
        let second = part(tm.tm_sec).min(59);
        CivilDateTime::from_ymd_hms_opt(
            tm.tm_year + 1900,
            part(tm.tm_mon) + 1,
            part(tm.tm_mday),
            part(tm.tm_hour),
            part(tm.tm_min),
            second,
        )
        .unwrap_or_else(|| unreachable!("a clock shows times of the calendar"))
    }

    fn civil_weekday(&self) -> Weekday {
        use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        let days = [Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday];
        usize::try_from(shown(self.0).tm_wday).ok().and_then(|day| days.get(day)).copied().unwrap_or(Sunday)
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Local>, CronError> {
        let part = |n: u32| i32::try_from(n).unwrap_or(0);
        let mut found: Vec<i64> = Vec::new();
        // With and without summer time: what is shown otherwise does not exist by that.
        for summer in [1, 0] {
            // SAFETY: all bits 0 are a time.
            let mut tm = unsafe { std::mem::zeroed::<libc::tm>() };
            tm.tm_year = civil.year() - 1900;
            tm.tm_mon = part(civil.month()) - 1;
            (tm.tm_mday, tm.tm_hour) = (part(civil.day()), part(civil.hour()));
            (tm.tm_min, tm.tm_sec, tm.tm_isdst) = (part(civil.minute()), part(civil.second()), summer);
            // SAFETY: reads and puts in order the record.
            let at = unsafe { libc::mktime(&raw mut tm) };
            if Local(at).to_civil() == civil && !found.contains(&at) {
                found.push(at);
            }
        }
        found.sort_unstable();
        Ok(match found[..] {
            [] => Resolution::Gap,
            [only] => Resolution::Single(Local(only)),
            [first, .., last] => Resolution::Ambiguous(Local(first), Local(last)),
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Local> {
        self.0.checked_add(seconds).map(Local)
    }

    fn cmp_instant(&self, other: &Local) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn every(interval: u64, start: Instant) -> Next {
        Next::new(Due::Every(Duration::from_secs(interval)), start)
    }

    #[test]
    fn an_interval_is_kept_without_drift_and_counts_anew_when_it_was_missed() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut next = every(1, start);
        assert!(!next.is_due(at(999)) && next.is_due(at(1100)));
        assert!(!next.is_due(at(1999)) && next.is_due(at(2000)), "not at 2.1");
        assert!(next.is_due(at(7500)), "others had to be waited for");
        assert!(!next.is_due(at(8400)) && next.is_due(at(8500)));
        next.began_late(at(8700));
        assert_eq!(next.wait(at(9000)), Duration::from_millis(700));
    }

    #[test]
    fn summer_time_skips_no_night_and_runs_none_twice() {
        // SAFETY: no other test of this crate looks at the time zone.
        unsafe { std::env::set_var("TZ", "Europe/Berlin") };
        let next = |pattern: &str, from: i64| {
            let At::Clock { due, .. } = clock(&Cron::from_str(pattern).unwrap(), from) else { return 0 };
            due.unwrap()
        };
        // 2026-03-29 at 2:00, which is 1:00 by Greenwich, it becomes 3:00; on 2026-10-25 at 3:00 it becomes 2:00.
        let (spring, autumn) = (1_774_746_000, 1_792_890_000);
        assert_eq!(shown(spring).tm_hour, 3);
        assert_eq!(shown(autumn).tm_hour, 2);
        assert_eq!(next("30 2 * * *", spring - 3600), spring, "the time that is skipped comes when the clock is set");
        let first = next("30 2 * * *", autumn - 3 * 3600);
        assert_eq!(first, autumn - 1800);
        assert_eq!(next("30 2 * * *", first), first + 25 * 3600, "once in the night that has the hour twice");
        assert_eq!(next("15 3 * * *", 1_782_000_000) % 60, 0);
    }
}
