//! A pool of items that are dear to make, such as interpreters or database connections, lent to one thread at a time.
//!
//! It does not know what it holds: how an item is made, tended and destroyed is told by a [`Manage`]. It knows neither
//! requests nor connections nor any server.
//!
//! - Among the idle items the one with the fewest *homes* is lent, among equals the last used: its memory is warm.
//! - Who finds none idle waits: first come, first served, with a direct hand-off. A newcomer never overtakes.
//! - Who may not wait ([`Ask::Last`]) has any idle item; where there is none it makes one more than `max`, the *reserve*,
//!   or, if another such has an item, waits before all others for that one. Ordinary leases are at most `max` all the same.
//! - The threads of a server may be told apart from others ([`Worker`]): the last of them does not wait while it is needed
//!   elsewhere. The decisions are functions of the crate `waiting-rules`.
//! - Items are made ahead of demand by a *keeper*, a thread that calls [`Tipool::tend`]. As long as none runs (at
//!   start-up, under prefork, in tests) a checkout that finds room makes its own, and `max_uses` and `max_age` are not
//!   acted upon: replacing is the keeper's work.
//! - `max_uses` and `max_age` are soft: the old item serves until its successor is there. If one has homes it then
//!   *drains*: it is lent only to those at home ([`Tipool::checkout_only`]) and destroyed when the last home ends.
//! - The lock is held for a few dozen instructions and never over code of the owner's; a checkout that need not wait
//!   allocates nothing and reads no clock.
//!
//! A tipool may be made and started before a fork, as long as no other thread uses it at that moment: std's locks are
//! plain memory and whole again in the child if nobody holds them. Items lent at the fork are lent in both processes.
//! An [`ItemId`] is unique in its process only.
//!
//! ```
//! use std::time::Duration;
//! use tipool::{Limits, Manage, Tipool};
//!
//! struct Buffers;
//! impl Manage for Buffers {
//!     type Item = Vec<u8>;
//!     type Error = std::io::Error;
//!     fn create(&self) -> Result<Vec<u8>, std::io::Error> {
//!         Ok(Vec::with_capacity(1 << 20))
//!     }
//!     fn destroy(&self, _: Vec<u8>) {}
//! }
//!
//! let tipool = Tipool::new(Buffers, Limits { start: 1, max: 2, ..Limits::default() });
//! tipool.start().unwrap();
//! let mut lease = tipool.checkout(Duration::from_secs(1)).unwrap();
//! lease.push(1);
//! drop(lease);
//! assert_eq!(tipool.stats().idle, 1);
//! ```

#![forbid(unsafe_code)]

mod keeper;
mod lease;
mod limits;
mod manage;
#[cfg(test)]
#[cfg(not(loom))]
mod model;
mod state;
mod stats;
mod sync;
mod waiters;

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub use keeper::Bell;
pub use lease::Lease;
pub use limits::Limits;
pub use manage::{Late, Manage, Purpose, Refused, Wait};
pub use stats::{ItemNumbers, ItemSeen, Numbers, Snapshot, WAIT_BUCKETS};
pub use waiters::{Crowd, Worker};

use state::{Answer, Place, State};
use stats::Stats;
use sync::{Mutex, MutexGuard};
use waiters::{Grant, Want};

/// Names an item; never used again in this process, whatever becomes of the item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(NonZeroU64);

impl ItemId {
    /// The low bits are the item's slot, so that it is found without a search.
    const SLOT_BITS: u32 = 24;

    fn new(serial: u64, slot: usize) -> Self {
        let slot = slot as u64 & ((1 << Self::SLOT_BITS) - 1);
        ItemId(NonZeroU64::MIN.saturating_add((serial << Self::SLOT_BITS | slot).saturating_sub(1)))
    }

    fn next(slot: usize) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        Self::new(SERIAL.fetch_add(1, Ordering::Relaxed), slot)
    }

    fn slot(self) -> usize {
        (self.0.get() & ((1 << Self::SLOT_BITS) - 1)) as usize
    }

    /// The running number of the item in this process, from 1: what a person is shown.
    pub fn serial(self) -> u64 {
        self.0.get() >> Self::SLOT_BITS
    }

    /// The place of the item among those of its tipool, from 0: the first free one when it was made.
    pub fn place(self) -> usize {
        self.slot()
    }

    /// As a number, to be kept where only a number fits.
    pub fn get(self) -> NonZeroU64 {
        self.0
    }

    /// Back from [`ItemId::get`].
    pub fn from_raw(raw: NonZeroU64) -> Self {
        ItemId(raw)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serial().fmt(f)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemId({})", self.serial())
    }
}

/// One item, as a status page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemInfo {
    /// Which one.
    pub id: ItemId,
    /// Uses that have ended.
    pub uses: u64,
    /// When it was made.
    pub born: Instant,
    /// How many are at home in it.
    pub homes: usize,
    /// Whether it is lent.
    pub is_lent: bool,
    /// Whether it lives on for its homes only.
    pub is_draining: bool,
}

/// What of a shared number a tipool has, and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Items at once.
    pub max: usize,
    /// Items that exist: those that are being made, that drain, or that are to be destroyed, included.
    pub existing: usize,
    /// Items that are lent.
    pub lent: usize,
    /// Items that are being made, or may be made still.
    pub coming: usize,
    /// Checkouts that wait for any item.
    pub waiting: usize,
}

/// Which item is asked for, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Any.
    Any,
    /// This one if it is idle and not draining, else any.
    Prefer(ItemId),
    /// This one and no other, even if it is draining.
    Only(ItemId),
    /// Any, for a caller who may not wait and who waits for nothing while it has the item; the preferred one if that is idle.
    Last {
        /// The preferred one.
        prefer: Option<ItemId>,
        /// Set by a caller who has got an item of another tipool in the same way: it gets an idle item or none.
        nested: bool,
    },
}

impl Ask {
    fn want(self) -> (Want, Option<ItemId>) {
        match self {
            Ask::Any => (Want::Any, None),
            Ask::Prefer(id) => (Want::Any, Some(id)),
            Ask::Only(id) => (Want::Only(id), None),
            Ask::Last { prefer, .. } => (Want::Last, prefer),
        }
    }
}

/// A pool of items. Clones are handles to the same one.
pub struct Tipool<M: Manage> {
    shared: Arc<Shared<M>>,
}

struct Shared<M: Manage> {
    manage: M,
    limits: Limits,
    stats: Arc<Stats>,
    bell: Bell,
    /// Guards items, idle list and waiters. While it is held nothing of the owner's is called, no item is made,
    /// destroyed or dropped, and nobody is woken.
    state: Mutex<State<M::Item>>,
}

/// What the one who releases the lock does about items to be destroyed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Destroys them.
    Keeper,
    /// Leaves them to the keeper where there is one.
    Anybody,
    /// Never destroys anything, having no time for it.
    Hasty,
}

impl<M: Manage> Clone for Tipool<M> {
    fn clone(&self) -> Self {
        Tipool { shared: Arc::clone(&self.shared) }
    }
}

impl<M: Manage> Tipool<M> {
    /// An empty tipool.
    pub fn new(manage: M, limits: Limits) -> Self {
        Self::with_bell(manage, limits, Bell::new())
    }

    /// An empty tipool whose keeper is woken by this bell: one keeper may keep several.
    pub fn with_bell(manage: M, limits: Limits, bell: Bell) -> Self {
        Self::in_crowd(manage, limits, bell, Crowd::default())
    }

    /// The same, its waiting workers counted together with those of other tipools.
    pub fn in_crowd(manage: M, limits: Limits, bell: Bell, crowd: Crowd) -> Self {
        let limits = limits.consistent();
        let stats = Arc::new(Stats::default());
        let state = Mutex::new(State::new(limits, Arc::clone(&stats), crowd));
        Tipool { shared: Arc::new(Shared { manage, limits, stats, bell, state }) }
    }

    /// Makes items until there are `start`. Those made before an error stay.
    pub fn start(&self) -> Result<(), M::Error> {
        let state = self.shared.lock();
        let count = match state.closed {
            None => self.shared.limits.start.saturating_sub(state.live + state.creating),
            Some(_) => 0,
        };
        self.shared.unlock(state, Who::Anybody);
        if count > 0 {
            self.shared.manage.will_create(count);
        }
        loop {
            let mut state = self.shared.lock();
            if state.live + state.creating >= self.shared.limits.start || state.closed.is_some() {
                return Ok(());
            }
            state.creating += 1;
            state.news = true;
            self.shared.unlock(state, Who::Anybody);
            let item = self.shared.create()?;
            let mut state = self.shared.lock();
            state.made(item, None);
            self.shared.unlock(state, Who::Anybody);
        }
    }

    /// Lends an item; waits at most `wait`.
    pub fn checkout(&self, wait: impl Into<Wait>) -> Result<Lease<M>, Refused<M::Error>> {
        self.obtain(Ask::Any, wait.into(), None)
    }

    /// Lends this item if it is idle and not draining, else any as [`Tipool::checkout`].
    pub fn checkout_prefer(&self, id: ItemId, wait: impl Into<Wait>) -> Result<Lease<M>, Refused<M::Error>> {
        self.obtain(Ask::Prefer(id), wait.into(), None)
    }

    /// Lends this item and no other, even if it is draining.
    pub fn checkout_only(&self, id: ItemId, wait: impl Into<Wait>) -> Result<Lease<M>, Refused<M::Error>> {
        self.obtain(Ask::Only(id), wait.into(), None)
    }

    /// Lends an item; who waits may be one of the server's workers.
    pub fn checkout_by(
        &self,
        ask: Ask,
        wait: impl Into<Wait>,
        worker: Option<Worker>,
    ) -> Result<Lease<M>, Refused<M::Error>> {
        self.obtain(ask, wait.into(), worker)
    }

    /// Lends an idle item; makes none, waits for none and counts no time-out.
    pub fn try_checkout(&self) -> Option<Lease<M>> {
        self.try_checkout_by(Ask::Any)
    }

    /// Lends an idle item as asked for; makes none, waits for none and counts no time-out.
    #[inline]
    pub fn try_checkout_by(&self, ask: Ask) -> Option<Lease<M>> {
        let (want, preferred) = ask.want();
        let mut state = self.shared.lock();
        let taken = state.take(want, preferred);
        self.shared.unlock(state, Who::Anybody);
        taken.map(|taken| Lease::new(Arc::clone(&self.shared), taken))
    }

    /// Ends a home in this item. Takes the lock for a moment and never destroys anything: if the item ends with its last home, that is
    /// left to the keeper. Without effect if the item is gone.
    pub fn drop_home(&self, id: ItemId) {
        let mut state = self.shared.lock();
        state.drop_home(id);
        self.shared.unlock(state, Who::Hasty);
    }

    /// How many are at home in this item; 0 if it is gone.
    pub fn homes(&self, id: ItemId) -> usize {
        let state = self.shared.lock();
        state.find(id).and_then(|at| state.slots.get(at)).map_or(0, |slot| slot.homes)
    }

    /// Has the keeper tend this item ahead of its time: now if it is idle, else when it comes back. Takes the lock for a moment. Without
    /// effect if the item is gone, or where no keeper runs.
    pub fn tend_soon(&self, id: ItemId) {
        let mut state = self.shared.lock();
        state.tend_soon(id);
        self.shared.unlock(state, Who::Hasty);
    }

    /// Whether this item is there and lent to nobody.
    pub fn is_idle(&self, id: ItemId) -> bool {
        let state = self.shared.lock();
        state.find(id).and_then(|at| state.slots.get(at)).is_some_and(|slot| slot.place != Place::Lent)
    }

    /// Has an item replaced: it is destroyed as soon as nobody has it, or drains if it has homes. Takes the lock for a moment and never
    /// destroys anything.
    pub fn renew(&self, id: ItemId) {
        let mut state = self.shared.lock();
        state.renew(id);
        self.shared.unlock(state, Who::Hasty);
    }

    /// Has all items replaced, as [`Tipool::renew`]; the caller destroys the idle ones.
    pub fn renew_all(&self) {
        let mut state = self.shared.lock();
        let all: Vec<ItemId> = state.slots.iter().filter_map(|slot| slot.id).collect();
        all.into_iter().for_each(|id| state.renew(id));
        self.shared.unlock(state, Who::Anybody);
    }

    /// Ends the tipool: all who wait are refused, the caller destroys the idle items, and lent items are dealt with as `late` says
    /// when they come back. Returns how many items are still lent.
    pub fn close(&self, late: Late) -> usize {
        let mut state = self.shared.lock();
        let lent = state.close(late);
        self.shared.unlock(state, Who::Keeper);
        lent
    }

    /// Whether [`Tipool::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed.is_some()
    }

    /// From now on the statistics lie in `numbers`, and what is to be seen of each item in `items`, at its place; whoever may read that memory
    /// may know. Nobody else writes to it any more. Of items whose place is not in it nothing is seen. Only the first time counts.
    pub fn tell(&self, numbers: &'static Numbers, items: &'static [ItemNumbers]) {
        let mut state = self.shared.lock();
        self.shared.stats.tell(numbers);
        state.tell(items);
        self.shared.unlock(state, Who::Hasty);
    }

    /// The statistics, read without the lock.
    pub fn stats(&self) -> Snapshot {
        self.shared.stats.snapshot()
    }

    /// The items one by one, in no order. Holds the lock while they are copied.
    pub fn items(&self) -> Vec<ItemInfo> {
        let state = self.shared.lock();
        let info = |slot: &state::Slot<M::Item>| {
            Some(ItemInfo {
                id: slot.id?,
                uses: slot.uses,
                born: slot.born,
                homes: slot.homes,
                is_lent: slot.place == Place::Lent,
                is_draining: slot.draining,
            })
        };
        state.slots.iter().filter_map(info).collect()
    }

    /// Sets how many items there may be, of a number that is shared with other tipools ([`Limits::is_shared`]). Of more than that, idle ones
    /// are destroyed, by the keeper where one runs, and others when they come back.
    pub fn set_max(&self, max: usize) {
        let mut state = self.shared.lock();
        state.set_max(max);
        self.shared.unlock(state, Who::Anybody);
    }

    /// What of a shared number this tipool has, and what it needs.
    pub fn part(&self) -> Part {
        let state = self.shared.lock();
        Part {
            max: state.max,
            existing: state.slots.len() - state.free_slots() + state.creating + state.doomed.len(),
            lent: state.lent(),
            coming: state.creating + state.max.saturating_sub(state.live + state.creating),
            waiting: state.waiters.wanting_any(),
        }
    }

    /// The limits, made consistent.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The [`Manage`] that makes and destroys the items.
    pub fn manage(&self) -> &M {
        &self.shared.manage
    }

    /// Lets every deadline pass, now and for ever.
    #[cfg(loom)]
    pub fn expire_waits(&self) {
        let mut state = self.shared.lock();
        state.waiters.expire();
        self.shared.unlock(state, Who::Hasty);
    }

    fn obtain(&self, ask: Ask, wait: Wait, worker: Option<Worker>) -> Result<Lease<M>, Refused<M::Error>> {
        let (want, preferred) = ask.want();
        let shared = &self.shared;
        let mut state = shared.lock();
        if let Some(taken) = state.take(want, preferred) {
            shared.unlock(state, Who::Anybody);
            return Ok(Lease::new(Arc::clone(shared), taken));
        }
        match state.none_idle(want, matches!(ask, Ask::Last { nested: true, .. })) {
            Answer::Make => {
                shared.unlock(state, Who::Anybody);
                self.make_own(want)
            }
            Answer::Wait => self.wait_for(state, want, wait, worker),
            Answer::Skip => Err(Refused::Nested),
            Answer::Gone => Err(Refused::Gone),
            Answer::Closed => Err(Refused::Closed),
        }
    }

    /// The slow path: joins the queue and waits.
    #[cold]
    fn wait_for(
        &self,
        mut state: MutexGuard<'_, State<M::Item>>,
        want: Want,
        wait: Wait,
        worker: Option<Worker>,
    ) -> Result<Lease<M>, Refused<M::Error>> {
        let shared = &self.shared;
        let limits = &shared.limits;
        if want != Want::Last && limits.max_queue.is_some_and(|max| state.waiters.len() >= max) {
            shared.stats.refused.add(1);
            return Err(Refused::QueueFull);
        }
        shared.stats.waits.add(1);
        if wait.is_none() {
            shared.stats.timeouts.add(1);
            return Err(Refused::TimedOut);
        }
        let Some((ticket, cond)) = state.waiters.join(want, worker) else {
            shared.stats.crowded.add(1);
            return Err(Refused::Crowded);
        };
        shared.stats.max_waiting.at_least(state.waiters.len());
        state.news = true;
        state.offer_room();
        shared.unlock(state, Who::Anybody);

        let began = Instant::now();
        let until = wait.deadline(began);
        let mut state = shared.lock();
        let grant = loop {
            if let Some(grant) = state.waiters.take(ticket) {
                break Some(grant);
            }
            if is_over(until, &state) {
                state.waiters.leave(ticket);
                state.news = true;
                break None;
            }
            state = sync::wait(&cond, state, until);
        };
        shared.stats.waited(began.elapsed());
        let taken = match grant {
            // The item is always there: the slot is lent to us and has its item until we take it.
            Some(Grant::Item(at)) => state.pick_up(at),
            _ => None,
        };
        if grant.is_none() {
            shared.stats.timeouts.add(1);
        }
        shared.unlock(state, Who::Anybody);
        match grant {
            Some(Grant::Create) => self.make_own(want),
            Some(Grant::Closed) => Err(Refused::Closed),
            Some(Grant::Item(_) | Grant::Gone) => {
                taken.map(|taken| Lease::new(Arc::clone(shared), taken)).ok_or(Refused::Gone)
            }
            None => Err(Refused::TimedOut),
        }
    }

    /// Makes an item, counted as being made already, for the caller.
    #[cold]
    fn make_own(&self, want: Want) -> Result<Lease<M>, Refused<M::Error>> {
        let shared = &self.shared;
        let item = shared.create().map_err(Refused::CannotCreate)?;
        let mut state = shared.lock();
        shared.stats.reserves.add(u64::from(state.live >= state.max));
        let taken = state.made(item, Some(want)).and_then(|at| state.pick_up(at));
        shared.unlock(state, Who::Anybody);
        taken.map(|taken| Lease::new(Arc::clone(shared), taken)).ok_or(Refused::Closed)
    }
}

fn is_over<I>(until: Option<Instant>, state: &State<I>) -> bool {
    #[cfg(loom)]
    return until.is_some() && state.waiters.expired;
    #[cfg(not(loom))]
    {
        let _ = state;
        until.is_some_and(|until| Instant::now() >= until)
    }
}

impl<M: Manage> Shared<M> {
    fn lock(&self) -> MutexGuard<'_, State<M::Item>> {
        sync::lock(&self.state)
    }

    /// Releases the lock and does what had to wait for that.
    #[inline]
    fn unlock(&self, state: MutexGuard<'_, State<M::Item>>, who: Who) {
        state.publish_lent();
        if state.has_news() {
            self.unlock_and_act(state, who);
        }
    }

    #[cold]
    fn unlock_and_act(&self, mut state: MutexGuard<'_, State<M::Item>>, who: Who) {
        state.publish();
        let mut doomed = Vec::new();
        if !state.doomed.is_empty() {
            let keeper = state.keeper && state.closed.is_none();
            if who == Who::Keeper || (who == Who::Anybody && !keeper && !std::thread::panicking()) {
                doomed = std::mem::take(&mut state.doomed);
                self.stats.destroyed.add(doomed.len() as u64);
            } else {
                state.ring = true;
            }
        }
        let wake = std::mem::take(&mut state.waiters.wake);
        let ring = std::mem::take(&mut state.ring);
        drop(state);
        for waiter in wake {
            waiter.notify_one();
        }
        if ring {
            self.bell.ring();
        }
        for item in doomed {
            self.manage.destroy(item);
        }
    }

    /// Makes an item that is counted as being made. It stays counted until `State::made` has it; after a failure or a
    /// panic it no longer is.
    fn create(&self) -> Result<M::Item, M::Error> {
        let mut attempt = Attempt { shared: self, has_failed: true };
        let began = Instant::now();
        let made = self.manage.create();
        attempt.has_failed = made.is_err();
        if made.is_ok() {
            let took = began.elapsed();
            let state = self.lock();
            self.stats.made_one(took);
            drop(state);
        }
        made
    }
}

impl<M: Manage> Drop for Shared<M> {
    fn drop(&mut self) {
        let mut state = sync::lock(&self.state);
        let mut left = std::mem::take(&mut state.doomed);
        left.extend(state.slots.iter_mut().filter_map(|slot| slot.item.take()));
        drop(state);
        for item in left {
            self.manage.destroy(item);
        }
    }
}

struct Attempt<'a, M: Manage> {
    shared: &'a Shared<M>,
    has_failed: bool,
}

impl<M: Manage> Drop for Attempt<'_, M> {
    fn drop(&mut self) {
        if self.has_failed {
            let mut state = self.shared.lock();
            self.shared.stats.create_failures.add(1);
            state.not_made();
            self.shared.unlock(state, Who::Anybody);
        }
    }
}
