//! The work that a keeper thread does ahead of demand: it makes items, replaces those past their limits, destroys a surplus and
//! tends the idle ones. A keeper calls [`Tipool::tend`] whenever its [`Bell`] rings or the returned moment comes; one thread
//! with one bell can keep several tipools.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::manage::{Manage, Purpose};
use crate::state::{Past, Place, State};
use crate::sync::{self, Condvar, Mutex};
use crate::{ItemId, Lease, Tipool, Who};

/// How long the keeper waits after its first failure to make an item. After each further failure it waits twice as long,
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// but never longer than this.
const LAST_RETRY: Duration = Duration::from_secs(30);
/// Failures are reported at most once in this time.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// Idle items are tended at most once in this time.
const SHORTEST_ROUND: Duration = Duration::from_millis(10);
/// How often the keeper looks whether enough are spare, where there is room to make more.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Wakes a keeper. A ring while nobody waits is kept for the next wait.
#[derive(Clone, Default)]
pub struct Bell {
    inner: Arc<(Mutex<bool>, Condvar)>,
}

impl Bell {
    /// A bell that has not rung.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes the keeper, now or at its next wait.
    pub fn ring(&self) {
        let (rung, cond) = &*self.inner;
        let already = std::mem::replace(&mut *sync::lock(rung), true);
        if !already {
            cond.notify_one();
        }
    }

    /// Waits for a ring, at most until `until` (`None`: for ever).
    pub fn wait(&self, until: Option<Instant>) {
        let (rung, cond) = &*self.inner;
        let mut rung = sync::lock(rung);
        while !*rung && until.is_none_or(|until| Instant::now() < until) {
            rung = sync::wait(cond, rung, until);
        }
        *rung = false;
    }
}

/// What the keeper remembers between its rounds.
#[derive(Default)]
pub(crate) struct Pace {
    failures: u32,
    retry_at: Option<Instant>,
    reported_at: Option<Instant>,
    sampled_at: Option<Instant>,
    /// When the surplus will have lasted long enough.
    settles_at: Option<Instant>,
}

impl<M: Manage> Tipool<M> {
    /// Notes that a keeper runs: from now on checkouts leave it to the keeper to make items.
    pub fn keeper_started(&self) {
        let mut state = self.shared.lock();
        state.keeper = true;
        state.ring = true;
        self.shared.unlock(state, Who::Keeper);
    }

    /// Notes that no keeper runs any more: those who wait make items themselves where there is room.
    pub fn keeper_stopped(&self) {
        let mut state = self.shared.lock();
        state.keeper = false;
        state.offer_room();
        self.shared.unlock(state, Who::Keeper);
    }

    /// One round of the keeper, as of `now`. Returns when the next one is due if nothing rings before; `None`: not
    /// before something rings. Not to be called by two threads at once.
    pub fn tend(&self, now: Instant) -> Option<Instant> {
        let mut state = self.shared.lock();
        state.sample(now);
        state.mark_aged(now);
        state.shrink(now);
        self.shared.unlock(state, Who::Keeper);

        // Bounded, so that a shop where items die as fast as they are made still gets its housekeeping.
        for round in 0..=self.shared.limits.max.saturating_mul(2) {
            let mut state = self.shared.lock();
            let mut job = state.next_job(now);
            if round == 0 && job.is_some() {
                let count = state.count_wanted();
                self.shared.unlock(state, Who::Keeper);
                self.shared.manage.will_create(count);
                // Somebody may have given an item back meanwhile.
                state = self.shared.lock();
                job = state.next_job(now);
            }
            if job.is_some() {
                state.creating += 1;
                state.news = true;
            }
            self.shared.unlock(state, Who::Keeper);
            let Some(purpose) = job else { break };
            if !self.make(purpose, now) {
                break;
            }
        }

        let every = self.shared.manage.tend_every().map(|every| every.max(SHORTEST_ROUND));
        if let Some(every) = every {
            self.tend_idle(now, every);
        }
        let state = self.shared.lock();
        let due = state.next_due(now, every);
        self.shared.unlock(state, Who::Keeper);
        due
    }

    /// Parks the keeper until `until` (`None`: for ever) or until something is to be done: somebody waits and there is
    /// room, an item reached its limits, an item is to be destroyed, the tipool was closed.
    pub fn wait(&self, until: Option<Instant>) {
        self.shared.bell.wait(until);
    }

    /// The bell that wakes the keeper.
    pub fn bell(&self) -> &Bell {
        &self.shared.bell
    }

    /// Makes one item, which is already counted as being made; returns false if that failed.
    fn make(&self, purpose: Purpose, now: Instant) -> bool {
        let made = self.shared.create();
        let mut state = self.shared.lock();
        match made {
            Ok(item) => {
                state.pace.failures = 0;
                state.pace.retry_at = None;
                if let (Some(_), Purpose::Replace(old)) = (state.made(item, None), purpose) {
                    state.supersede(old);
                }
                self.shared.unlock(state, Who::Keeper);
                true
            }
            Err(error) => {
                let retry_in = state.pace.failed(now);
                let report = state.pace.reported_at.is_none_or(|last| now >= last + REPORT_EVERY);
                if report {
                    state.pace.reported_at = Some(now);
                }
                self.shared.unlock(state, Who::Keeper);
                if report {
                    self.shared.manage.cannot_create(error, purpose, retry_in);
                }
                false
            }
        }
    }

    /// Tends the idle items, the longest unused first; each is out of the idle list while it is tended.
    fn tend_idle(&self, now: Instant, every: Duration) {
        let mut state = self.shared.lock();
        let due = state.due_to_tend(now, every);
        self.shared.unlock(state, Who::Keeper);
        for id in due {
            let mut state = self.shared.lock();
            let taken = state.take_to_tend(id);
            let idle = taken.as_ref().and_then(|taken| state.slots.get_mut(taken.at)).map(|slot| {
                slot.tended = Some(now);
                slot.seen_idle.map_or(Duration::ZERO, |(_, since)| now.saturating_duration_since(since))
            });
            self.shared.unlock(state, Who::Keeper);
            if let Some(taken) = taken {
                // The item is held as a lease: should tending it panic, it is retired.
                let mut lease = Lease::to_tend(Arc::clone(&self.shared), taken);
                self.shared.manage.tend(&mut lease, idle.unwrap_or_default());
            }
        }
    }
}

impl Pace {
    /// Notes a failure; returns how long to wait before the next attempt.
    fn failed(&mut self, now: Instant) -> Duration {
        let retry_in = FIRST_RETRY.saturating_mul(1 << self.failures.min(16)).min(LAST_RETRY);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now.checked_add(retry_in);
        retry_in
    }
}

impl<I> State<I> {
    fn sample(&mut self, now: Instant) {
        if let Some(last) = self.pace.sampled_at.replace(now) {
            let us = u64::try_from(now.saturating_duration_since(last).as_micros()).unwrap_or(0);
            self.stats.lent_us.add(us.saturating_mul(self.lent() as u64));
            self.stats.alive_us.add(us.saturating_mul(self.live as u64));
        }
    }

    pub(crate) fn mark_aged(&mut self, now: Instant) {
        let Some(max_age) = self.limits.max_age else { return };
        for slot in &mut self.slots {
            if slot.id.is_some() && slot.past.is_none() && now.saturating_duration_since(slot.born) >= max_age {
                slot.past = Some(Past::Age);
            }
        }
    }

    /// Destroys what was surplus for all of `settle`: first those past their limits, then those longest unused; never
    /// one that somebody is at home in.
    pub(crate) fn shrink(&mut self, now: Instant) {
        let lasted = match self.pace.settles_at {
            _ if self.closed.is_some() => return,
            _ if self.limits.settle.is_zero() => self.idle.len(),
            None => 0,
            Some(then) if now < then => return,
            Some(_) => self.idle_low.min(self.idle.len()),
        };
        let surplus = lasted.saturating_sub(self.limits.max_spare);
        if surplus > 0 {
            let slots = &self.slots;
            let homeless = self.idle.iter().filter_map(|at| Some((*at, slots.get(*at)?))).filter(|(_, s)| s.homes == 0);
            let mut victims: Vec<(bool, usize)> = homeless.map(|(at, slot)| (slot.past.is_none(), at)).collect();
            victims.sort_by_key(|(serves, _)| *serves);
            for (_, at) in victims.into_iter().take(surplus) {
                self.doom(at);
                self.stats.shrunk.add(1);
            }
        }
        self.pace.settles_at = now.checked_add(self.limits.settle);
        self.idle_low = self.idle.len();
    }

    /// The purpose for which the keeper should make an item now, if any.
    pub(crate) fn wanted(&self) -> Option<Purpose> {
        if self.closed.is_some() {
            return None;
        }
        if self.has_room() && (self.waiters.wanting_any() > 0 || self.idle.len() < self.limits.min_spare) {
            return Some(Purpose::Grow);
        }
        // Of a shared number nothing may be exceeded, not even for a moment.
        if self.live + self.creating + usize::from(self.limits.is_shared) > self.most() {
            return None;
        }
        let old = self.slots.iter().find(|slot| slot.past.is_some() && slot.id.is_some() && !slot.superseded)?;
        old.id.map(Purpose::Replace)
    }

    /// The same, unless the last attempt failed too short ago.
    pub(crate) fn next_job(&self, now: Instant) -> Option<Purpose> {
        self.wanted().filter(|_| self.pace.retry_at.is_none_or(|then| now >= then))
    }

    /// How many items are wanted now, at least one.
    fn count_wanted(&self) -> usize {
        let room = self.limits.max.saturating_sub(self.live + self.creating);
        let grow = (self.waiters.wanting_any() + self.limits.min_spare.saturating_sub(self.idle.len())).min(room);
        let old = self.slots.iter().filter(|slot| slot.past.is_some() && slot.id.is_some() && !slot.superseded);
        (grow + old.count()).max(1)
    }

    fn due_to_tend(&mut self, now: Instant, every: Duration) -> Vec<ItemId> {
        let mut due: Vec<(u64, ItemId)> = Vec::new();
        for slot in self.slots.iter_mut().filter(|slot| slot.place == Place::Idle) {
            if slot.seen_idle.is_none_or(|(returned, _)| returned != slot.returned) {
                slot.seen_idle = Some((slot.returned, now));
            }
            if slot.tended.is_none_or(|last| now.saturating_duration_since(last) >= every) {
                due.extend(slot.id.map(|id| (slot.returned, id)));
            }
        }
        due.sort_by_key(|(returned, _)| *returned);
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn next_due(&self, now: Instant, tend_every: Option<Duration>) -> Option<Instant> {
        if self.closed.is_some() {
            return None;
        }
        let work = self.wanted().map(|_| self.pace.retry_at.unwrap_or(now));
        let look = (self.limits.min_spare > 0 && self.has_room()).then_some(LOOK_EVERY);
        let tend = tend_every.filter(|_| self.slots.len() > self.free_slots());
        let surplus = (self.idle.len() > self.limits.max_spare).then_some(if self.limits.settle.is_zero() {
            LOOK_EVERY
        } else {
            self.pace.settles_at.map_or(LOOK_EVERY, |then| then.saturating_duration_since(now))
        });
        let age = self.limits.max_age.and_then(|max_age| {
            let ages = self.slots.iter().filter(|slot| slot.id.is_some() && slot.past.is_none());
            ages.filter_map(|slot| slot.born.checked_add(max_age)).min()
        });
        let after = [look, tend, surplus].into_iter().flatten().min().and_then(|time| now.checked_add(time));
        [work, age, after].into_iter().flatten().min()
    }
}
