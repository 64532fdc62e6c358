//! The interpreters a server draws from: its parent, and under a threaded MPM a tipool of clones.
//!
//! Servers may share a stock; two stocks may share a parent. This file knows interpreters and limits, and not what they are for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};

use figures::{Board, Figure};
use interp::trace;
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use tipool::{Ask, Bell, ItemId, Lease, Tipool};
use waiting_rules::Rank;

use crate::clones::{Clones, Trim};
use crate::generation::Generation;
use crate::lent::Serving;
use crate::places::Places;
use crate::refused::{Asked, Told};
use crate::sharing::Sharing;
use crate::waiting::{self, SHORT, Terms};
use crate::{Above, Hold, Lent, Parent, Refused, Watch};

/// What the configuration says of a stock.
#[derive(Clone, Debug)]
pub struct Limits<S> {
    /// The numbers of the tipool.
    pub numbers: tipool::Limits,
    /// The directive that says how many there are at once, without the language before it.
    pub max_by: &'static str,
    /// How long a caller waits at most.
    pub max_wait: Duration,
    /// What idle interpreters give back; `None`: nothing.
    pub trim: Option<Trim>,
    /// How long a tree keeps its lease.
    pub scope: S,
    /// Whether `max` is a number over all processes.
    pub total: bool,
    /// Whether each lease has an interpreter that nobody has used.
    pub once: bool,
    /// After how many leases an interpreter is not lent again, and by how many they may be fewer; 0: it always is.
    pub reload: (u64, u64),
}

impl<S> Limits<S> {
    /// Why an interpreter is not to be lent again after this lease of it, if so; `is_alone`: nobody else looks after how often it was used.
    #[inline]
    fn is_last<M: tipool::Manage>(&self, lease: &Lease<M>, is_alone: bool) -> Option<Figure> {
        let (most, less) = self.reload;
        let max_uses = self.numbers.max_uses;
        // Spread over the numbers that items have, each its own.
        let is_used = (most > 0 && lease.uses() >= most - lease.id().serial().wrapping_mul(0x9E37_79B9) % (less + 1))
            || (is_alone && max_uses > 0 && lease.uses() >= max_uses);
        match self.once {
            true => Some(Figure::RestartOnce),
            false => is_used.then_some(Figure::RestartUsed),
        }
    }
}

/// The interpreters of one server, or of several servers that share them.
pub struct Stock<L: Above> {
    /// The language of the interpreters.
    pub lang: L,
    /// The place of this stock in the order in which one tree takes interpreters of several stocks.
    pub rank: Rank,
    /// The server's name for messages: `the main server`, `virtual host example.org:80`.
    pub server: Arc<str>,
    /// The name of the class of interpreters; none for the server's own.
    pub class: Option<Arc<str>>,
    /// The parent.
    pub parent: Arc<Parent>,
    generation: Generation,
    /// The generation of this process's interpreters.
    seen: AtomicU32,
    /// The clones; set when the configuration is complete, since the parent may have to start long before the limits are known.
    open: OnceCell<Open<L>>,
    watch: OnceCell<Arc<dyn Watch>>,
    told: Told,
    /// What all processes have counted of it.
    board: OnceCell<Board>,
    /// Locked for a push or a copy only.
    rounds: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
}

struct Open<L: Above> {
    tipool: Option<Tipool<Clones<L>>>,
    /// Whether there is no keeper, so that who needs an interpreter looks after them.
    is_alone: bool,
    limits: Limits<L::Scope>,
    /// What the process has of a number over all processes.
    sharing: Option<Arc<Sharing>>,
}

impl<L: Above> fmt::Debug for Stock<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stock of {}", self.server)
    }
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

impl<L: Above> Stock<L> {
    /// Makes the stock of a parent. Until [`Stock::open`] all calls run in the parent.
    pub fn new(lang: L, server: Arc<str>, parent: Arc<Parent>) -> Arc<Stock<L>> {
        Stock::of_class(lang, server, None, parent)
    }

    /// The same, of a class of that server's.
    pub fn of_class(lang: L, server: Arc<str>, class: Option<Arc<str>>, parent: Arc<Parent>) -> Arc<Stock<L>> {
        static DEFINED: AtomicU32 = AtomicU32::new(0);
        let rank = lang.rank() << 24 | (DEFINED.fetch_add(1, Relaxed) & 0xFF_FFFF);
        Arc::new(Stock {
            lang,
            rank,
            server,
            class,
            parent,
            generation: Generation::new(),
            seen: AtomicU32::new(0),
            open: OnceCell::new(),
            watch: OnceCell::new(),
            told: Told::default(),
            board: OnceCell::new(),
            rounds: Mutex::default(),
        })
    }

    /// Opens the stock when the limits are known: from now on clones serve, if there are threads. No clone is made yet. A class has clones
    /// without threads, too: one at a time, after which nobody looks but who needs it.
    ///
    /// # Errors
    /// The system has nothing by which processes could agree on a number.
    pub fn open(&self, limits: Limits<L::Scope>, threaded: bool, bell: &Bell) -> std::io::Result<()> {
        let mut limits = limits;
        let mut sharing = None;
        if limits.total {
            let number = limits.numbers.max;
            let places =
                Places::of(&format!("{} {}", self.lang.name(), self.server), number.try_into().unwrap_or(u32::MAX))?;
            sharing = Some(Arc::new(Sharing::new(places)));
            // Interpreters that are made before the fork would be in each process.
            limits.numbers = tipool::Limits { start: 0, is_shared: true, ..limits.numbers };
        }
        if !threaded {
            let one =
                tipool::Limits { start: 1, max: 1, min_spare: 0, max_spare: 1, is_shared: false, ..limits.numbers };
            limits.numbers = one;
        }
        let tipool = (threaded || self.class.is_some()).then(|| {
            let watch = self.watch.get().cloned();
            let clones = Clones::new(self.parent.clone(), limits.trim, self.lang, self.server.clone(), watch);
            Tipool::in_crowd(clones, limits.numbers, bell.clone(), waiting::crowd())
        });
        let _ = self.open.set(Open { tipool, is_alone: !threaded, limits, sharing });
        Ok(())
    }

    /// What the process has of a number over all processes, if that is the number.
    pub(crate) fn shares(&self) -> Option<&Arc<Sharing>> {
        self.open.get()?.sharing.as_ref()
    }

    /// Whether the number of interpreters is one over all processes.
    pub(crate) fn is_shared(&self) -> bool {
        self.shares().is_some()
    }

    fn sharing(&self) -> Option<(&Sharing, &Tipool<Clones<L>>)> {
        let open = self.open.get()?;
        Some((open.sharing.as_deref()?, open.tipool.as_ref()?))
    }

    /// Called by the keeper: comes to terms with other processes about a number that they share. Returns when to do it again.
    pub(crate) fn agree(&self, now: Instant) -> Option<Instant> {
        self.sharing().map(|(sharing, tipool)| sharing.agree(tipool, now))
    }

    /// Called by the keeper when it has made and ended interpreters: what is not needed of the shared number is the others'.
    pub(crate) fn settle(&self) {
        if let Some((sharing, tipool)) = self.sharing() {
            sharing.settle(tipool);
        }
    }

    /// Has somebody told of the lives of its interpreters: to be said before the stock is opened.
    pub fn watch(&self, watch: Arc<dyn Watch>) {
        let _ = self.watch.set(watch);
    }

    /// Who is told of the lives of its interpreters.
    pub fn watched(&self) -> Option<&Arc<dyn Watch>> {
        self.watch.get()
    }

    /// The interpreters that were made before this process was forked are to be used in it. Called before anything else uses them.
    pub fn begin(&self) {
        let Some(tipool) = self.tipool() else { return };
        // Each is held until all have begun: an idle one that is given back would be lent again.
        let mut begun = Vec::new();
        while let Some(mut lease) = tipool.try_checkout() {
            lease.not_a_use();
            tipool.manage().begin(&mut lease);
            begun.push(lease);
        }
    }

    /// Replaces the interpreters, in all processes: idle ones at once, those in use when their holders are done.
    pub fn reload(&self) {
        self.generation.next();
        self.keep_up();
    }

    /// Replaces the interpreters of this process if another process wants it.
    #[inline]
    pub fn keep_up(&self) {
        let now = self.generation.now();
        if self.seen.swap(now, SeqCst) != now
            && let Some(tipool) = self.tipool()
        {
            tipool.renew_all();
        }
    }

    /// From now on the keeper calls `f` in each of its rounds, about once a second. `f` must not wait.
    pub fn each_round(&self, f: impl Fn() + Send + Sync + 'static) {
        self.rounds.lock().push(Arc::new(f));
    }

    /// A round of the keeper.
    pub(crate) fn round(&self) {
        self.keep_up();
        let rounds = self.rounds.lock().clone();
        rounds.iter().for_each(|f| f());
    }

    /// Has what others left in the drop box of this interpreter freed: now if it is idle, else when it comes back.
    pub fn tend_soon(&self, id: ItemId) {
        if let Some(tipool) = self.tipool() {
            tipool.tend_soon(id);
        }
    }

    /// Counts on this board from now on, in the process from which the others are forked: what has been made so far was made for all.
    pub fn count_on(&self, board: Board) {
        if let Some(tipool) = self.tipool() {
            board.line().tipool.count(&tipool.stats());
        }
        let _ = self.board.set(board);
    }

    /// This process counts for itself from now on. False if there is no place for what it counts.
    pub fn count_here(&self) -> bool {
        let Some(board) = self.board.get() else { return true };
        let has_line = board.begin();
        match self.tipool() {
            Some(tipool) => tipool.tell(&board.line().tipool, board.items()),
            None => {
                board.line().tipool.begin_one();
                if let Some(parent) = board.items().first() {
                    parent.begin_alone();
                }
            }
        }
        has_line
    }

    /// Counts one.
    #[inline]
    pub fn count(&self, figure: Figure) {
        if let Some(board) = self.board.get() {
            board.count(figure);
        }
    }

    /// What all processes have counted; `None` before the server serves.
    pub fn board(&self) -> Option<&Board> {
        self.board.get()
    }

    /// Whether this interpreter is lent to nobody.
    pub fn is_idle(&self, id: ItemId) -> bool {
        self.tipool().is_some_and(|tipool| tipool.is_idle(id))
    }

    /// The clones; `None` where the parent serves.
    #[inline]
    pub fn tipool(&self) -> Option<&Tipool<Clones<L>>> {
        self.open.get()?.tipool.as_ref()
    }

    /// Whether each lease has an interpreter that nobody has used.
    pub fn lends_once(&self) -> bool {
        self.open.get().is_some_and(|open| open.limits.once)
    }

    /// How long a tree keeps its lease.
    #[inline]
    pub fn scope(&self) -> L::Scope {
        self.open.get().map_or_else(L::Scope::default, |open| open.limits.scope)
    }

    /// Lends an interpreter. If none is idle, the caller waits on these terms, at most as long as the limits say.
    ///
    /// # Errors
    /// `Refused` when none came free in time, or too many wait already.
    pub fn lend(&self, pick: Pick, terms: impl FnOnce() -> Terms) -> Result<Lent<L>, Refused> {
        let Some(open @ Open { tipool: Some(tipool), is_alone, .. }) = self.open.get() else {
            return Ok(self.lend_parent());
        };
        if *is_alone {
            self.keep_up();
            if let Some(sharing) = &open.sharing {
                return self.lend_in_turn(open, tipool, sharing, pick, terms());
            }
        }
        self.lend_clone(open, tipool, pick, terms)
    }

    #[inline(always)]
    fn lend_clone(
        &self,
        open: &Open<L>,
        tipool: &Tipool<Clones<L>>,
        pick: Pick,
        terms: impl FnOnce() -> Terms,
    ) -> Result<Lent<L>, Refused> {
        let ask = match pick {
            Pick::Any => Ask::Any,
            Pick::Prefer(id) => Ask::Prefer(id),
            Pick::Only(id) => Ask::Only(id),
        };
        let mut lease = match tipool.try_checkout_by(ask) {
            Some(lease) => lease,
            None => self.wait(open, tipool, ask, terms())?,
        };
        if let Ask::Prefer(id) = ask
            && lease.id() == id
        {
            // This continues an earlier use by the same tree.
            lease.not_a_use();
        }
        if let Some(reason) = open.limits.is_last(&lease, open.is_alone) {
            lease.mark_broken();
            self.count(reason);
        }
        let lent = Lent::clone_of(lease);
        trace!(Interpreters, "{}: lends {lent:?}, use {}", self.server, lent.uses());
        Ok(lent)
    }

    /// Lends the one interpreter of a process without threads when one of the places is free that all processes share.
    #[cold]
    #[inline(never)]
    fn lend_in_turn(
        &self,
        open: &Open<L>,
        tipool: &Tipool<Clones<L>>,
        sharing: &Arc<Sharing>,
        pick: Pick,
        terms: Terms,
    ) -> Result<Lent<L>, Refused> {
        let (most, keeps) = match &terms {
            Terms::AtEnd { .. } => (Duration::ZERO, None),
            Terms::Waits { keeps: None, .. } => (open.limits.max_wait, None),
            Terms::Waits { keeps, .. } => (open.limits.max_wait.min(SHORT), keeps.clone()),
        };
        let place = sharing.enter(most);
        if place.is_none() && !matches!(terms, Terms::AtEnd { .. }) {
            return Err(self.refused(open, tipool, &tipool::Refused::TimedOut, most, keeps.as_deref()));
        }
        self.lend_clone(open, tipool, pick, || terms).map(|lent| lent.at(place))
    }

    #[cold]
    #[inline(never)]
    fn wait(
        &self,
        open: &Open<L>,
        tipool: &Tipool<Clones<L>>,
        ask: Ask,
        terms: Terms,
    ) -> Result<Lease<Clones<L>>, Refused> {
        let mut wait = open.limits.max_wait;
        let mut kept = None;
        if !open.is_alone
            && let Some(sharing) = &open.sharing
        {
            sharing.reach(tipool);
        }
        let lease = match (terms, ask) {
            (Terms::AtEnd { nested }, Ask::Prefer(id) | Ask::Only(id)) => {
                tipool.checkout_by(Ask::Last { prefer: Some(id), nested }, wait, None)
            }
            (Terms::AtEnd { nested }, _) => tipool.checkout_by(Ask::Last { prefer: None, nested }, wait, None),
            (Terms::Waits { keeps, worker }, _) => {
                if keeps.is_some() {
                    wait = wait.min(SHORT);
                }
                kept = keeps;
                tipool.checkout_by(ask, wait, worker)
            }
        };
        lease.map_err(|why| self.refused(open, tipool, &why, wait, kept.as_deref()))
    }

    fn refused(
        &self,
        open: &Open<L>,
        tipool: &Tipool<Clones<L>>,
        why: &tipool::Refused<String>,
        waited: Duration,
        keeps: Option<&str>,
    ) -> Refused {
        let limits = &open.limits;
        let asked = Asked {
            lang: self.lang.name(),
            server: &self.server,
            max: limits.numbers.max,
            max_by: limits.max_by,
            max_queue: limits.numbers.max_queue,
            max_wait: limits.max_wait,
            waiting: tipool.stats().waiting,
            waited,
            keeps,
            total: open.sharing.as_ref().map(|sharing| sharing.number()),
        };
        asked.refused(why, self.told.now())
    }

    /// Lends the parent to a tree, where there are no clones.
    fn lend_parent(&self) -> Lent<L> {
        Lent::parent(&self.parent, self.lang.ends_objects(), self.board.get().map(Serving::begin))
    }

    /// A hold of the parent, for start-up code and for what is done for the whole process. Waits for nothing but its lock.
    pub fn hold_parent(&self) -> Hold<L> {
        Arc::new(Lent::parent(&self.parent, false, None))
    }

    /// Lends an idle interpreter without waiting: the one where the caller is at home, or any.
    pub fn lend_now(&self, home: Option<ItemId>) -> Option<Lent<L>> {
        match (self.open.get(), home) {
            (Some(Open { tipool: Some(tipool), .. }), Some(id)) => {
                tipool.checkout_only(id, Duration::ZERO).ok().map(Lent::clone_of)
            }
            (Some(Open { tipool: Some(tipool), .. }), None) => tipool.try_checkout().map(Lent::clone_of),
            _ => Some(self.lend_parent()),
        }
    }
}
