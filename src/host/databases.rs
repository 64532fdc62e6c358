//! Connections to databases: how many of them the interpreters of a stock have at once.
//!
//! A handle of DBI's lives in one interpreter, so what interpreters share is the number. A pool has *places*, items of a tipool: whoever
//! opens a connection has a place for it, and has it until the connection is closed. The handles are an affair of
//! `lib/ModInterp/DBPool.pm`; this file never knows one, only a place's *closer*, code of the handle's interpreter that closes it.
//!
//! A place is lent as long as a request has its connection. Else the connection is idle: its interpreter may have it again, and another
//! may have its place. That one leaves the closer in the drop box of the connection's interpreter, and the keeper, which frees what
//! lies in idle interpreters, is told to look there now. The place is lent meanwhile to nobody but the one that closes.

use std::convert::Infallible;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use apr::Momentary;
use config::DbPool;
use interp::{Home, Kept, is_forked};
use leases::SHORT;
use tipool::{Ask, ItemId, Lease, Limits, Manage, Tipool, Wait};

use super::lease::Stock;

/// Makes places: a number each, from 0.
struct Places(AtomicUsize);

impl Manage for Places {
    type Item = usize;
    type Error = Infallible;

    fn create(&self) -> Result<usize, Infallible> {
        Ok(self.0.fetch_add(1, Relaxed))
    }

    fn destroy(&self, _: usize) {}
}

/// What is known of a place.
#[derive(Default)]
struct Place {
    id: Option<ItemId>,
    /// The connection that has it; none while it is free, or only just lent.
    connection: Option<Connection>,
    /// While a request has the connection, or while it is being closed for another interpreter.
    lease: Option<Lease<Places>>,
    /// Since when no request has had the connection.
    since: Option<Instant>,
}

/// A connection, as far as interpreters other than its own have to know it.
struct Connection {
    home: Arc<Home>,
    /// The number of the interpreter; none for a parent.
    interpreter: Option<ItemId>,
    /// Closes it. None once that was asked for.
    closer: Option<Kept>,
}

impl Connection {
    fn new(interpreter: Option<ItemId>, closer: Kept) -> Connection {
        Connection { home: closer.home().clone(), interpreter, closer: Some(closer) }
    }

    /// Whether its interpreter is this one, or has gone and taken it along.
    fn makes_way_for(&self, home: &Home) -> bool {
        std::ptr::eq(&*self.home, home) || !self.home.is_open()
    }
}

/// How a pool is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doing {
    /// Connections that there may be.
    pub max: u64,
    /// Connections that requests have.
    pub busy: u64,
    /// Connections that none has.
    pub idle: u64,
    /// Connections that make way for one of another interpreter, or were idle for too long.
    pub closing: u64,
    /// Requests that wait now.
    pub waiting: u64,
    /// Requests that had to wait.
    pub waits: u64,
    /// Those of them that waited in vain.
    pub timeouts: u64,
}

/// The connections that the interpreters of one stock have by one line of the configuration.
pub struct Pool {
    conf: Arc<DbPool>,
    stock: Weak<Stock>,
    max_wait: Duration,
    tipool: Tipool<Places>,
    /// Not to be held while a place is asked for or given back, nor while a closer goes into a drop box.
    places: Momentary<Vec<Place>>,
}

/// The pools of this process; each is made at its first use, so never before the fork.
static POOLS: OnceLock<Momentary<Vec<Arc<Pool>>>> = OnceLock::new();

fn pools() -> &'static Momentary<Vec<Arc<Pool>>> {
    POOLS.get_or_init(Momentary::default)
}

/// The pool of this number.
pub fn pool(number: usize) -> Option<Arc<Pool>> {
    if is_forked() {
        return None;
    }
    pools().lock().get(number).cloned()
}

/// All pools of this process.
pub fn all() -> Vec<Arc<Pool>> {
    pools().lock().clone()
}

/// The number of the pool of a line and a stock, which is made if it is not there. `max_wait` is how long a request waits where the line
/// does not say it.
pub fn number_of(stock: &Arc<Stock>, conf: &Arc<DbPool>, max_wait: Duration) -> usize {
    let mut pools = pools().lock();
    let is_it = |pool: &Arc<Pool>| Arc::ptr_eq(&pool.conf, conf) && std::ptr::eq(pool.stock.as_ptr(), &**stock);
    if let Some(number) = pools.iter().position(is_it) {
        return number;
    }
    let pool = Arc::new(Pool::new(stock, conf, max_wait));
    pools.push(pool.clone());
    stock.each_round(move || pool.close_idle());
    pools.len() - 1
}

impl Pool {
    fn new(stock: &Arc<Stock>, conf: &Arc<DbPool>, max_wait: Duration) -> Pool {
        let max = conf.max as usize;
        let limits =
            Limits { start: max, max, min_spare: 0, max_spare: max, max_uses: 0, max_age: None, ..Limits::default() };
        let tipool = Tipool::new(Places(AtomicUsize::new(0)), limits);
        // Places cannot fail to be made.
        let _ = tipool.start();
        let mut places = Vec::new();
        places.resize_with(max, Place::default);
        let taken: Vec<Lease<Places>> = (0..max).map_while(|_| tipool.try_checkout()).collect();
        for lease in &taken {
            if let Some(place) = places.get_mut(**lease) {
                place.id = Some(lease.id());
            }
        }
        let max_wait = conf.wait.unwrap_or(max_wait);
        Pool { conf: conf.clone(), stock: Arc::downgrade(stock), max_wait, tipool, places: Momentary::new(places) }
    }

    /// What its line says.
    pub fn conf(&self) -> &DbPool {
        &self.conf
    }

    /// The stock whose interpreters have the connections.
    pub fn stock(&self) -> Option<Arc<Stock>> {
        self.stock.upgrade()
    }

    /// A place for a connection that the interpreter of the closer is about to open, without waiting: one that is free, else one where that
    /// interpreter has an idle connection itself, which it closes first.
    pub fn take(&self, interpreter: Option<ItemId>, closer: Kept) -> Result<usize, Kept> {
        let home = closer.home().clone();
        let mut tried = 0;
        while tried < self.conf.max {
            let Some(id) = self.free_for(&home) else { break };
            if let Some(lease) = self.tipool.try_checkout_by(Ask::Only(id)) {
                return Ok(self.have(lease, Connection::new(interpreter, closer)));
            }
            // Another was quicker.
            tried += 1;
        }
        Err(closer)
    }

    /// The same for one who has to wait. `is_short`: the caller has connections of other places, and so waits a moment only.
    ///
    /// # Errors
    /// None came free in time.
    pub fn wait(&self, interpreter: Option<ItemId>, closer: Kept, is_short: bool) -> Result<usize, String> {
        let time = if is_short { self.max_wait.min(SHORT) } else { self.max_wait };
        let until = Instant::now().checked_add(time).map_or(Wait::For(time), Wait::Until);
        let home = closer.home().clone();
        let mut ask = match self.make_way() {
            Some((id, true)) => Ask::Only(id),
            // An interpreter that runs something else closes its connection later, and another place may be free before.
            _ => Ask::Any,
        };
        loop {
            let lease = self.tipool.checkout_by(ask, until, None).map_err(|_| self.refusal(time, is_short))?;
            let is_free = match self.places.lock().get(*lease) {
                Some(Place { connection: Some(connection), .. }) => connection.makes_way_for(&home),
                _ => true,
            };
            if is_free {
                return Ok(self.have(lease, Connection::new(interpreter, closer)));
            }
            self.have_closed(lease);
            ask = Ask::Any;
        }
    }

    fn refusal(&self, time: Duration, is_short: bool) -> String {
        let DbPool { sources, max, at, .. } = &*self.conf;
        let doing = self.doing();
        let why = if is_short {
            "this request has connections already, for which others may be waiting, so it waited"
        } else {
            "it waited"
        };
        format!(
            "PerlDBPool {}: none of max={max} connections came free ({at}): {} are in use, {} are idle in interpreters that run \
             something else; {why} {} s",
            String::from_utf8_lossy(sources),
            doing.busy,
            doing.idle + doing.closing,
            time.as_secs_f64(),
        )
    }

    /// Takes a place again whose idle connection is the caller's; false if it has made way for another.
    pub fn again(&self, at: usize) -> bool {
        let id = self.places.lock().get(at).filter(|place| place.connection.is_some()).and_then(|place| place.id);
        let Some(lease) = id.and_then(|id| self.tipool.try_checkout_by(Ask::Only(id))) else { return false };
        if let Some(place) = self.places.lock().get_mut(at) {
            place.lease = Some(lease);
        }
        true
    }

    /// No request has the connection of this place any longer.
    pub fn back(&self, at: usize) {
        let lease = self.places.lock().get_mut(at).and_then(|place| {
            place.since = Some(Instant::now());
            place.lease.take()
        });
        drop(lease);
    }

    /// The connection of this place is closed.
    pub fn closed(&self, at: usize) {
        let Some(gone) = self.places.lock().get_mut(at).map(|place| (place.connection.take(), place.lease.take()))
        else {
            return;
        };
        drop(gone);
    }

    /// Whether somebody waits for a place.
    pub fn is_wanted(&self) -> bool {
        self.tipool.stats().waiting > 0
    }

    /// How it is doing.
    pub fn doing(&self) -> Doing {
        let stats = self.tipool.stats();
        let mut doing = Doing {
            max: self.conf.max.into(),
            waiting: stats.waiting,
            waits: stats.waits,
            timeouts: stats.timeouts,
            ..Doing::default()
        };
        for place in self.places.lock().iter() {
            match (&place.connection, &place.lease) {
                (None, _) => {}
                (Some(connection), _) if connection.closer.is_none() => doing.closing += 1,
                (_, Some(_)) => doing.busy += 1,
                (_, None) => doing.idle += 1,
            }
        }
        doing
    }

    fn have(&self, lease: Lease<Places>, connection: Connection) -> usize {
        let at = *lease;
        let mut places = self.places.lock();
        let Some(place) = places.get_mut(at) else { return at };
        let before = place.connection.replace(connection);
        place.lease = Some(lease);
        drop(places);
        // Its closer goes to the drop box.
        drop(before);
        at
    }

    /// A place without a connection, else one whose idle connection makes way for one of this interpreter.
    fn free_for(&self, home: &Home) -> Option<ItemId> {
        let places = self.places.lock();
        let mut free = places.iter().filter(|place| place.lease.is_none());
        let own = |place: &&Place| place.connection.as_ref().is_some_and(|had| had.makes_way_for(home));
        free.clone().find(|place| place.connection.is_none()).or_else(|| free.find(own))?.id
    }

    /// Has an idle connection closed: of those in interpreters that are idle themselves the one that was idle for the longest time, else of all.
    /// Gives its place, and whether its interpreter is idle.
    fn make_way(&self) -> Option<(ItemId, bool)> {
        let mut idle: Vec<(Option<Instant>, Option<ItemId>, ItemId)> = Vec::new();
        for place in self.places.lock().iter().filter(|place| place.lease.is_none()) {
            if let (Some(connection), Some(id)) = (&place.connection, place.id) {
                idle.push((place.since, connection.interpreter, id));
            }
        }
        idle.sort_by_key(|(since, ..)| *since);
        let stock = self.stock()?;
        let is_idle = |interpreter: &Option<ItemId>| interpreter.is_some_and(|id| stock.is_idle(id));
        let found = idle.iter().find(|(_, interpreter, _)| is_idle(interpreter));
        let (_, _, id) = found.or(idle.first())?;
        let lease = self.tipool.try_checkout_by(Ask::Only(*id))?;
        self.have_closed(lease);
        Some((*id, found.is_some()))
    }

    /// Has the connection of a place closed by its interpreter, after which whoever wants the place may have it.
    fn have_closed(&self, lease: Lease<Places>) {
        let mut places = self.places.lock();
        let Some(place) = places.get_mut(*lease) else { return };
        let Some(connection) = &mut place.connection else { return };
        let (closer, interpreter) = (connection.closer.take(), connection.interpreter);
        place.lease = Some(lease);
        drop(places);
        if let Some(closer) = closer {
            closer.call_later(None);
        }
        if let (Some(stock), Some(interpreter)) = (self.stock(), interpreter) {
            stock.tend_soon(interpreter);
        }
    }

    /// Has connections closed that were idle for as long as the line says; frees places whose interpreters have gone. By the keeper.
    fn close_idle(&self) {
        let now = Instant::now();
        let (mut old, mut gone) = (Vec::new(), Vec::new());
        for place in self.places.lock().iter_mut() {
            let Some(connection) = &place.connection else { continue };
            let idle = place.since.map(|since| now.saturating_duration_since(since));
            match &place.lease {
                _ if !connection.home.is_open() => gone.push((place.connection.take(), mem::take(&mut place.lease))),
                None if self.conf.idle.is_some_and(|most| idle.is_some_and(|idle| idle >= most)) => {
                    old.extend(place.id)
                }
                _ => {}
            }
        }
        drop(gone);
        for id in old {
            if let Some(lease) = self.tipool.try_checkout_by(Ask::Only(id)) {
                self.have_closed(lease);
            }
        }
    }
}
