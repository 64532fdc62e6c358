//! The interpreters a server draws from: its parent, and under a threaded MPM a tipool of clones.
//!
//! A virtual host shares the main server's stock unless it has a stock of its own (`+Clone`: own clones of the same parent; `+Parent`:
//! an own parent as well). This file knows interpreters and limits, and no request.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use config::{LeaseScope, Limits, Trim};
use interp::{Inside, Interp, Ticket};
use leases::Rank;
use once_cell::sync::OnceCell;
use parking_lot::ReentrantMutex;
use smallvec::SmallVec;
use tipool::{Ask, Bell, ItemId, Lease, Manage, Purpose, Tipool};

use super::frame::ending;
use super::lang::Lang;
use super::report;
use super::waiting::{self, SHORT, Terms};

/// An interpreter, and how many calls of ours are in it. Its count of users is higher by the number of holds that other modules have.
pub struct Owned {
    interp: Box<dyn Interp>,
    calls: Cell<c_int>,
}

impl Owned {
    fn new(interp: Box<dyn Interp>) -> Owned {
        Owned { interp, calls: Cell::new(0) }
    }

    fn count(&self, by: c_int) {
        self.calls.set(self.calls.get() + by);
        // SAFETY: the count lives as long as the interpreter, which whoever counts has.
        unsafe { *self.interp.users().as_mut() += by };
    }

    /// Counts a call of ours until the guard is dropped.
    fn call(&self) -> Call<'_> {
        self.count(1);
        Call(self)
    }

    fn is_held_by_others(&self) -> bool {
        // SAFETY: as above.
        unsafe { *self.interp.users().as_ref() > self.calls.get() }
    }
}

struct Call<'a>(&'a Owned);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.count(-1);
    }
}

/// The interpreter that start-up code runs in and clones are made from.
///
/// Entered by one thread at a time; entries nest on that thread. Under prefork it serves requests, too.
pub struct Parent(ReentrantMutex<Owned>);

impl Parent {
    /// Makes an interpreter a parent.
    pub fn new(interp: Box<dyn Interp>) -> Arc<Parent> {
        Arc::new(Parent(ReentrantMutex::new(Owned::new(interp))))
    }

    /// Runs `f` with the interpreter, under its lock.
    pub fn run<R>(&self, f: impl FnOnce(&dyn Interp) -> R) -> R {
        // A cleanup inside a signal handler must be able to see that this lock may be held.
        let _inside = Inside::new();
        let owned = self.0.lock();
        let _call = owned.call();
        f(&*owned.interp)
    }

    /// Runs the END blocks when the process or the configuration ends; returns what they raised.
    pub fn end(&self, lang: Lang) -> Vec<Vec<u8>> {
        ending(lang, || self.run(|interp| interp.end()))
    }

    /// Locks the interpreter for this thread until the guard is dropped, on this thread.
    fn lock(self: &Arc<Parent>) -> Locked {
        std::mem::forget(self.0.lock());
        Locked { parent: self.clone(), _here: PhantomData }
    }
}

/// A parent's lock in somebody's hands.
struct Locked {
    parent: Arc<Parent>,
    _here: PhantomData<*const ()>,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: locked by `Parent::lock`, on this thread: the guard cannot leave it.
        unsafe { self.parent.0.force_unlock() };
    }
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parent")
    }
}

/// A clone in a tipool; boxed there, since it moves with every lease.
pub struct Clone {
    owned: Owned,
    lang: Lang,
    /// How long the interpreter had been idle when its buffers were last given back. If it is idle for a shorter time now, it was used since.
    trimmed: Option<Duration>,
}

/// How long an interpreter is idle before its large buffers are given back.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// Makes, cares for and destroys the clones of one parent.
pub struct Clones {
    parent: Arc<Parent>,
    trim: Trim,
    /// Bytes that `PerlInterpTrim` gave back, or only reported, since the process began.
    trimmed: AtomicU64,
    lang: Lang,
    server: Arc<str>,
}

impl Clones {
    /// Bytes that `PerlInterpTrim` gave back, or only reported, since the process began.
    pub fn trimmed(&self) -> u64 {
        self.trimmed.load(Relaxed)
    }
}

impl Manage for Clones {
    type Item = Box<Clone>;
    type Error = String;

    fn create(&self) -> Result<Box<Clone>, String> {
        Ok(Box::new(Clone {
            owned: Owned::new(self.parent.run(|interp| interp.duplicate())?),
            trimmed: None,
            lang: self.lang,
        }))
    }

    fn destroy(&self, item: Box<Clone>) {
        ending(self.lang, || drop(item));
    }

    fn tend(&self, item: &mut Box<Clone>, idle: Duration) {
        // Entering frees what others left in its drop box.
        item.owned.interp.with(&mut |_| {});
        if item.trimmed.is_some_and(|at| idle < at) {
            item.trimmed = None;
        }
        if idle < TRIM_AFTER || item.trimmed.is_some() {
            return;
        }
        item.trimmed = Some(idle);
        let (limit, report) = match self.trim {
            Trim::Off => return,
            Trim::GiveBack(limit) => (limit, false),
            Trim::Report(limit) => (limit, true),
        };
        let bytes = item.owned.interp.trim(usize::try_from(limit).unwrap_or(usize::MAX), report);
        self.trimmed.fetch_add(bytes as u64, Relaxed);
        if bytes > 0 && report {
            report::warn(
                self.lang,
                &format!(
                    "{}InterpTrim: an idle interpreter of {} holds {bytes} bytes in buffers that no value needs",
                    self.lang.name(),
                    self.server
                ),
            );
        }
    }

    fn tend_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn cannot_create(&self, error: String, purpose: Purpose, retry_in: Duration) {
        let (directive, what) = match purpose {
            Purpose::Grow => ("Max", "another interpreter"),
            Purpose::Replace(_) => ("MaxRequests", "a successor, the old interpreter serves on"),
        };
        report::warn(
            self.lang,
            &format!(
                "{}Interp{directive}: {}: cannot make {what}: {error}; next try in {} s",
                self.lang.name(),
                self.server,
                retry_in.as_secs().max(1)
            ),
        );
    }
}

/// The interpreters of one server, or of several servers that share them.
pub struct Stock {
    /// The language of the interpreters.
    pub lang: Lang,
    /// The place of this stock in the order in which one request takes interpreters of several stocks.
    pub rank: Rank,
    /// The server's name for messages: `the main server`, `virtual host example.org:80`.
    pub server: Arc<str>,
    /// The parent.
    pub parent: Arc<Parent>,
    /// The clones; set when the configuration is complete, since the parent may have to start long before the limits are known.
    open: OnceCell<Open>,
    told: Told,
}

struct Open {
    tipool: Option<Tipool<Clones>>,
    limits: Limits,
}

impl fmt::Debug for Stock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stock of {}", self.server)
    }
}

/// An interpreter that is lent to somebody.
pub enum Lent {
    /// A clone; when this is dropped the objects it was shown become void, and then it goes back to its tipool.
    Clone(Shown, Lease<Clones>),
    /// The parent itself, at start-up, in process phases, and for everything where there are no threads. The objects it was shown become
    /// void with the lease where the language says so.
    Parent(Option<Shown>, Arc<Parent>),
}

// SAFETY: a lease belongs to one request tree, connection or call, and httpd runs each of those on one thread at a time
// (SAFETY.md, "one thread at a time"); the `Arc` around it only counts holders.
unsafe impl Sync for Lent {}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lent::Clone(_, lease) => write!(f, "Lent({:?})", lease.id()),
            Lent::Parent(..) => f.write_str("Lent(parent)"),
        }
    }
}

/// The requests of which an interpreter has objects. Those objects become void when the interpreter is lent to others, though a request
/// may live on for its log and its slow client: it may then be used by another thread.
#[derive(Default)]
pub struct Shown(RefCell<SmallVec<[Ticket; 2]>>);

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.get_mut().iter().for_each(|ticket| ticket.void());
    }
}

impl Lent {
    fn of(lease: Lease<Clones>) -> Lent {
        Lent::Clone(Shown::default(), lease)
    }

    /// Notes that the interpreter gets objects with this ticket of a request.
    pub fn show(&self, ticket: Ticket) {
        if let Lent::Clone(shown, _) | Lent::Parent(Some(shown), _) = self {
            let mut shown = shown.0.borrow_mut();
            if shown.is_empty() {
                shown.push(ticket);
            } else if !shown.contains(&ticket) {
                shown.retain(|earlier| earlier.is_alive());
                shown.push(ticket);
            }
        }
    }

    /// Marks the interpreter as not to be lent again: it is destroyed when its last holder lets it go. Returns false for a parent,
    /// which cannot be replaced.
    pub fn spoil(&self) -> bool {
        match self {
            Lent::Clone(_, lease) => {
                lease.mark_broken();
                true
            }
            Lent::Parent(..) => false,
        }
    }

    /// Runs `f` with the interpreter.
    pub fn run<R>(self: &Arc<Lent>, f: impl FnOnce(&dyn Interp) -> R) -> R {
        match &**self {
            Lent::Clone(_, lease) => {
                let call = lease.owned.call();
                let result = f(&*lease.owned.interp);
                drop(call);
                if lease.owned.is_held_by_others() {
                    lease.lang.keep_for_others(self);
                }
                result
            }
            Lent::Parent(_, parent) => parent.run(f),
        }
    }

    /// As [`Lent::run`] for a call that somebody else's code begins and ends. `make_current` makes the interpreter the
    /// thread's current one.
    pub fn begin<B>(&self, make_current: impl FnOnce(&dyn Interp) -> B) -> Begun<B> {
        let lock = match self {
            Lent::Clone(..) => None,
            Lent::Parent(_, parent) => Some(parent.lock()),
        };
        self.owned().count(1);
        Begun { before: make_current(&*self.owned().interp), lock }
    }

    /// Ends the call, on the thread on which it began.
    pub fn end<B>(&self, begun: Begun<B>, restore: impl FnOnce(B)) {
        restore(begun.before);
        self.owned().count(-1);
        drop(begun.lock);
    }

    /// Ends the call on another thread. A parent's lock stays with the thread that took it.
    pub fn abandon<B>(&self, begun: Begun<B>) {
        self.owned().count(-1);
        drop(begun.before);
        std::mem::forget(begun.lock);
    }

    fn owned(&self) -> &Owned {
        match self {
            Lent::Clone(_, lease) => &lease.owned,
            // SAFETY: the record and the counts are looked at by whoever has the interpreter, which is under the lock.
            Lent::Parent(_, parent) => unsafe { &*parent.0.data_ptr() },
        }
    }

    /// The interpreter, for questions that need not enter it.
    pub fn interp(&self) -> &dyn Interp {
        &*self.owned().interp
    }

    /// Whether the interpreter was lent to the end of a request, where nothing may wait.
    pub fn is_last(&self) -> bool {
        matches!(self, Lent::Clone(_, lease) if lease.is_last())
    }

    /// Whether other modules keep the interpreter.
    pub fn is_held_by_others(&self) -> bool {
        self.owned().is_held_by_others()
    }

    /// The clone's number; none for a parent.
    pub fn id(&self) -> Option<ItemId> {
        match self {
            Lent::Clone(_, lease) => Some(lease.id()),
            Lent::Parent(..) => None,
        }
    }
}

/// A call that [`Lent::begin`] began.
pub struct Begun<B> {
    before: B,
    lock: Option<Locked>,
}

/// Which interpreter is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Pick {
    /// Any, whichever comes first.
    Any,
    /// This one if it is idle.
    Prefer(ItemId),
    /// This one and no other, since somebody is at home in it.
    Only(ItemId),
}

/// Why no interpreter could be had.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The line for the log: it starts with the directive that set the limit and names the value that would have avoided the refusal.
    pub text: String,
    /// Whether this refusal is to be logged: the first is, and then one a minute.
    pub tell: bool,
    /// Seconds after which the client may try again.
    pub retry_after: u64,
}

impl Refused {
    /// The refusal of a server without interpreters: the language is switched off there.
    pub fn none() -> Refused {
        Refused { text: "this server has no interpreters".into(), tell: true, retry_after: 60 }
    }
}

impl Stock {
    /// Makes the stock of a parent. Until [`Stock::open`] all calls run in the parent.
    pub fn new(lang: Lang, server: Arc<str>, parent: Arc<Parent>) -> Arc<Stock> {
        static DEFINED: AtomicU32 = AtomicU32::new(0);
        let rank = super::rank_of(lang) << 24 | (DEFINED.fetch_add(1, Relaxed) & 0xFF_FFFF);
        Arc::new(Stock { lang, rank, server, parent, open: OnceCell::new(), told: Told::default() })
    }

    /// Opens the stock when the limits are known: from now on clones serve, if the MPM has threads. No clone is made yet.
    pub fn open(&self, limits: Limits, threaded: bool, bell: &Bell) {
        let tipool = threaded.then(|| {
            let clones = Clones {
                parent: self.parent.clone(),
                trim: limits.trim,
                trimmed: AtomicU64::new(0),
                lang: self.lang,
                server: self.server.clone(),
            };
            let numbers = tipool::Limits {
                start: limits.start,
                max: limits.max,
                min_spare: limits.min_spare,
                max_spare: limits.max_spare,
                max_uses: limits.max_uses,
                max_age: limits.max_age,
                max_queue: limits.max_queue,
                ..tipool::Limits::default()
            };
            Tipool::in_crowd(clones, numbers, bell.clone(), waiting::crowd())
        });
        let _ = self.open.set(Open { tipool, limits });
    }

    /// The clones; `None` where the parent serves.
    pub fn tipool(&self) -> Option<&Tipool<Clones>> {
        self.open.get()?.tipool.as_ref()
    }

    /// How long a request keeps its interpreter.
    pub fn scope(&self) -> LeaseScope {
        self.open.get().map_or_else(LeaseScope::default, |open| open.limits.scope)
    }

    /// Lends an interpreter. If none is idle, the caller waits on these terms, at most `PerlInterpMaxWait`.
    ///
    /// # Errors
    /// `Refused` when none came free in time, or too many wait already.
    pub fn lend(&self, pick: Pick, terms: impl FnOnce() -> Terms) -> Result<Lent, Refused> {
        let Some(Open { tipool: Some(tipool), limits }) = self.open.get() else {
            return Ok(self.lend_parent());
        };
        let ask = match pick {
            Pick::Any => Ask::Any,
            Pick::Prefer(id) => Ask::Prefer(id),
            Pick::Only(id) => Ask::Only(id),
        };
        let mut lease = match tipool.try_checkout_by(ask) {
            Some(lease) => lease,
            None => self.wait(tipool, limits, ask, terms())?,
        };
        if let Ask::Prefer(id) = ask
            && lease.id() == id
        {
            // This continues an earlier use by the same tree.
            lease.not_a_use();
        }
        Ok(Lent::of(lease))
    }

    #[cold]
    #[inline(never)]
    fn wait(&self, tipool: &Tipool<Clones>, limits: &Limits, ask: Ask, terms: Terms) -> Result<Lease<Clones>, Refused> {
        let mut wait = limits.max_wait;
        let lease = match (terms, ask) {
            (Terms::AtEnd { nested }, Ask::Prefer(id) | Ask::Only(id)) => {
                tipool.checkout_by(Ask::Last { prefer: Some(id), nested }, wait, None)
            }
            (Terms::AtEnd { nested }, _) => tipool.checkout_by(Ask::Last { prefer: None, nested }, wait, None),
            (Terms::Waits { is_short, worker }, _) => {
                if is_short {
                    wait = wait.min(SHORT);
                }
                tipool.checkout_by(ask, wait, worker)
            }
        };
        lease.map_err(|refused| self.refused(tipool, limits, wait, &refused))
    }

    /// Lends the parent to a request or connection.
    fn lend_parent(&self) -> Lent {
        Lent::Parent(self.lang.ends_objects().then(Shown::default), self.parent.clone())
    }

    /// Lends an idle interpreter without waiting: the one where the caller is at home, or any.
    pub fn lend_now(&self, home: Option<ItemId>) -> Option<Lent> {
        match (self.open.get(), home) {
            (Some(Open { tipool: Some(tipool), .. }), Some(id)) => {
                tipool.checkout_only(id, Duration::ZERO).ok().map(Lent::of)
            }
            (Some(Open { tipool: Some(tipool), .. }), None) => tipool.try_checkout().map(Lent::of),
            _ => Some(self.lend_parent()),
        }
    }

    fn refused(
        &self,
        tipool: &Tipool<Clones>,
        limits: &Limits,
        waited: Duration,
        refused: &tipool::Refused<String>,
    ) -> Refused {
        // Enough for those that wait now, this one, and those that were served meanwhile.
        let (enough, lang) = (limits.max as u64 + tipool.stats().waiting + 1, self.lang.name());
        let text = match refused {
            tipool::Refused::TimedOut if waited < limits.max_wait => format!(
                "{lang}InterpMaxWait: no interpreter of {} came free in {waited:?}, and a request waits no longer that keeps another \
                 one meanwhile; \"{lang}InterpMax {enough}\" (now {}) would have avoided it",
                self.server, limits.max
            ),
            tipool::Refused::Crowded => format!(
                "{lang}InterpMax: all workers but this one wait for interpreters, and requests whose answers are being sent keep some \
                 (pnotes, pushed code, cleanups), or connections do: refused at once; \"{lang}InterpMax {enough}\" (now {}) would \
                 have avoided it",
                limits.max
            ),
            tipool::Refused::TimedOut => format!(
                "{lang}InterpMaxWait: no interpreter of {} came free in {:?}; \"{lang}InterpMax {enough}\" (now {}) would have avoided it",
                self.server, limits.max_wait, limits.max
            ),
            tipool::Refused::QueueFull => format!(
                "{lang}InterpMaxQueue: {} requests wait for an interpreter of {} already; \"{lang}InterpMax {enough}\" (now {}) would have avoided it",
                limits.max_queue.unwrap_or_default(),
                self.server,
                limits.max
            ),
            other => format!("{lang}InterpMax: no interpreter of {} could be had: {other}", self.server),
        };
        let retry_after = match refused {
            tipool::Refused::Crowded => 1,
            _ => waited.as_secs().clamp(1, 60),
        };
        Refused { text, tell: self.told.now(), retry_after }
    }
}

/// Says at most once a minute that something may be logged.
#[derive(Debug, Default)]
struct Told(AtomicU64);

impl Told {
    fn now(&self) -> bool {
        static START: OnceCell<Instant> = OnceCell::new();
        // 0 stands for never, so the clock starts at one minute.
        let now = START.get_or_init(Instant::now).elapsed().as_secs() + 60;
        let last = self.0.load(Relaxed);
        now >= last + 60 && self.0.compare_exchange(last, now, Relaxed, Relaxed).is_ok()
    }
}
