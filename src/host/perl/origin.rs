//! Entries that other modules' code begins and ends by two calls: which interpreter such an entry gets, and how long it is held.
//!
//! An entry has an origin: a request or a connection (its lease), a server (the parent), a pool (the interpreter of whatever
//! owns it), or nothing (the one this thread is in). Between the two calls the interpreter is this thread's current one.
//! Code that wants it longer raises the record's count; the lease then stays until the count is back. An entry that nobody ends is
//! ended with its request or connection.

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use apr::{Momentary, Pool};
use httpd::log::Level;
use httpd::{Connection, Request, Server};
use interp::{Inside, Interp, Ticket, is_forked};
use interp_perl::{Before, Perl, Record};
use leases::Begun;

use super::{PERL, PerlHost, record};
use crate::host::about::About;
use crate::host::connection::ConnectionState;
use crate::host::lease::{Frame, Hold, Refused, Standing, Stock};
use crate::host::request::RequestState;
use crate::host::server::choose;
use crate::host::{holding, parents, process, report, site};

/// The origin of an entry.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// A request.
    Request(&'a Request),
    /// A connection.
    Connection(&'a Connection),
    /// A server, at start or in a child: its parent.
    Server(&'a Server),
    /// A pool: of a request, of a connection, or below one; while the server starts any pool.
    Pool(&'a Pool, Option<&'a Server>),
    /// Nothing is known, as in a merge of configurations or in a callback without arguments.
    None,
}

/// An entry between its two calls.
struct Selected {
    /// The pool of the request or connection that it is about; 0 for neither.
    pool: usize,
    record: usize,
    thread: u64,
    hold: Hold,
    standing: Standing,
    begun: Begun<Option<Before>>,
}

impl Selected {
    /// Ends it; `restore` is given the thread's interpreter before, on the thread on which it began.
    fn end(self, restore: impl FnOnce(Option<Before>)) {
        let Selected { thread, hold, standing, begun, .. } = self;
        if thread == apr::thread_id() {
            hold.end(begun, restore);
            standing.end();
        } else {
            hold.abandon(begun);
            standing.abandon();
        }
        if hold.is_held_by_others() {
            keep(&hold);
        }
    }
}

// SAFETY: what belongs to the thread that selected (the frame's place in its chain, the lock of a parent, the interpreter
// before) is touched on that thread only: `unselect` on another abandons those parts.
unsafe impl Send for Selected {}

#[derive(Default)]
struct Kept {
    selected: Vec<Selected>,
    /// The interpreters whose count other modules have raised.
    held: Vec<(usize, Hold)>,
}

/// Guards the two lists; nothing is entered, ended or given back under it.
static KEPT: Momentary<Kept> = Momentary::new(Kept { selected: Vec::new(), held: Vec::new() });

fn with_kept<R>(f: impl FnOnce(&mut Kept) -> R) -> R {
    let _inside = Inside::new();
    f(&mut KEPT.lock())
}

/// Set when start-up code has loaded XS modules that call the server, or by the first of these entries: from then on pools are marked with
/// their request or connection.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// Whether any module makes such entries.
#[inline]
pub fn is_in_use() -> bool {
    IN_USE.load(Relaxed)
}

/// Such entries are to be expected.
pub fn expect() {
    IN_USE.store(true, Relaxed);
}

const REQUEST: &CStr = c"mod_interp.request";
const CONNECTION: &CStr = c"mod_interp.connection";

/// Marks the request's pool with the request.
pub fn note_request(r: &Request) {
    r.pool().set_userdata(REQUEST, NonNull::new(r.as_ptr().cast::<c_void>()));
}

/// Marks the connection's pool with the connection.
pub fn note_connection(c: &Connection) {
    c.pool().set_userdata(CONNECTION, NonNull::new(c.as_ptr().cast::<c_void>()));
}

/// The request or connection that an entry is about: its pool.
fn pool_of<'a>(about: &About<'a>) -> Option<&'a Pool> {
    match about {
        About::Request(r) => Some(r.pool()),
        About::Connection(c) => Some(c.pool()),
        About::Server(_) => None,
    }
}

const ENTRIES: &CStr = c"mod_interp.entries";

/// Has the entries ended that nobody has ended by the time when the pool of their request or connection has run its other
/// cleanups, of which one may end an entry.
fn end_with(pool: &Pool) {
    if pool.userdata(ENTRIES).is_none() {
        pool.set_userdata(ENTRIES, Some(NonNull::from(pool).cast()));
        let at = pool.as_ptr().addr();
        let _ = pool.on_death(move || end_left(at));
    }
}

/// The pool at this address dies.
fn end_left(pool: usize) {
    let left: Vec<Selected> = with_kept(|kept| kept.selected.extract_if(.., |entry| entry.pool == pool).collect());
    for entry in left.into_iter().rev() {
        // What was the thread's interpreter before is long past.
        entry.end(|_| ());
    }
}

/// An interpreter for an entry, and what the entry is about. `None` where there is no interpreter, or none came free, which is logged.
///
/// # Safety
/// What the entry is about lives until the entry has been ended: what `origin` names, or the calls that run on this thread are about.
unsafe fn find(origin: Origin<'static>) -> Option<Found> {
    match origin {
        Origin::Request(r) => {
            let about = About::Request(r);
            let stock = choose(PERL, &about)?.clone();
            let state = RequestState::of(PERL, r)?;
            let hold = match inside(&stock, Some(r.connection())) {
                Some(hold) => hold,
                None => holding::for_others(PERL, r, state, &stock).map_err(|refused| tell(&about, &refused)).ok()?,
            };
            Some((about, stock, hold))
        }
        Origin::Connection(c) => {
            let about = About::Connection(c);
            let stock = choose(PERL, &about)?.clone();
            let state = ConnectionState::of(PERL, c)?;
            let hold = match inside(&stock, Some(c)) {
                Some(hold) => hold,
                None => holding::for_connection(c, state, &stock).map_err(|refused| tell(&about, &refused)).ok()?,
            };
            Some((about, stock, hold))
        }
        Origin::Server(s) => {
            let about = About::Server(s);
            let stock = match s.config::<PerlHost>() {
                Some(_) => choose(PERL, &about)?.clone(),
                None => parents::main_stock(PERL)?,
            };
            let hold = stock.hold_parent();
            Some((about, stock, hold))
        }
        Origin::Pool(pool, s) => {
            if !process::is_child() {
                // SAFETY: the caller's promise.
                return unsafe { find(Origin::Server(s.or_else(|| main_server())?)) };
            }
            // SAFETY: the caller's promise.
            unsafe { of_pool(pool) }
        }
        // SAFETY: the caller's promise.
        Origin::None => Frame::find(|f| of_perl(f).then(|| unsafe { standing(f) }))
            // SAFETY: the caller's promise.
            .or_else(|| if process::is_child() { None } else { unsafe { find(Origin::Server(main_server()?)) } }),
    }
}

/// The main server, for an entry.
///
/// # Safety
/// It lives until the entry has been ended.
unsafe fn main_server() -> Option<&'static Server> {
    // SAFETY: the caller's promise.
    unsafe { Server::at(Server::with_main(Server::as_ptr)?) }
}

/// What an entry is about, and its interpreter.
type Found = (About<'static>, Arc<Stock>, Hold);

/// What the entry has that is made within a call.
///
/// # Safety
/// What the call is about lives until the entry has been ended.
unsafe fn standing(frame: &Frame<'_>) -> Found {
    // SAFETY: the caller's promise.
    let about = unsafe { std::mem::transmute::<About<'_>, About<'static>>(frame.about) };
    (about, frame.stock.clone(), frame.hold.clone())
}

fn of_perl(frame: &Frame<'_>) -> bool {
    std::ptr::eq(frame.stock.lang, PERL)
}

fn tell(about: &About, refused: &Refused) {
    if refused.tell {
        match about {
            About::Request(r) => report::request(PERL, r, Level::Error, &refused.text),
            About::Connection(c) => report::connection(PERL, c, Level::Error, &refused.text),
            About::Server(s) => report::server(PERL, Some(s), Level::Error, &refused.text),
        }
    }
}

fn connection_of<'a>(about: &About<'a>) -> Option<&'a Connection> {
    match about {
        About::Request(r) => Some(r.connection()),
        About::Connection(c) => Some(c),
        About::Server(_) => None,
    }
}

/// The interpreter this thread is in, if it is of this stock and works for this connection.
fn inside(stock: &Arc<Stock>, c: Option<&Connection>) -> Option<Hold> {
    let innermost = Cell::new(true);
    Frame::find(|frame| {
        let hit = innermost.replace(false) && Arc::ptr_eq(frame.stock, stock) && connection_of(&frame.about) == c;
        hit.then(|| frame.hold.clone())
    })
}

/// The interpreter of the request or connection whose pool this is, or below whose pool this one lies. Never waits, since a pool may
/// die on the thread that accepts connections.
///
/// # Safety
/// The request or connection lives until the entry has been ended.
unsafe fn of_pool(pool: &Pool) -> Option<Found> {
    let above = || std::iter::successors(Some(pool), |pool| pool.parent());
    let owns = |about: &About| {
        let own = match about {
            About::Request(r) => r.pool(),
            About::Connection(c) => c.pool(),
            About::Server(_) => return false,
        };
        above().any(|p| p == own)
    };
    // SAFETY: the caller's promise.
    let running = Frame::find(|f| (of_perl(f) && owns(&f.about)).then(|| unsafe { standing(f) }));
    if running.is_some() {
        return running;
    }
    for p in above() {
        if let Some(r) = p.userdata(REQUEST) {
            // SAFETY: noted by `note_request`; a request_rec lies in its own pool, which is not gone yet.
            let r = unsafe { Request::at(r.as_ptr().cast()) }?;
            let about = About::Request(r);
            let (stock, state) = (choose(PERL, &about)?, RequestState::find(PERL, r)?);
            let kept =
                r.connection().state::<PerlHost>().and_then(|c| c.kept(stock)).or_else(|| state.tree().held(stock));
            let hold = match kept {
                Some(hold) => hold,
                None => Arc::new(stock.lend_now(r.connection().state::<PerlHost>().and_then(|c| c.home(stock)))?),
            };
            return Some((about, stock.clone(), hold));
        }
        if let Some(c) = p.userdata(CONNECTION) {
            // SAFETY: noted by `note_connection`; as above.
            let c = unsafe { Connection::at(c.as_ptr().cast()) }?;
            let about = About::Connection(c);
            let (stock, state) = (choose(PERL, &about)?, c.state::<PerlHost>()?);
            let hold = match state.kept(stock).or_else(|| state.held(stock)) {
                Some(hold) => hold,
                None => Arc::new(stock.lend_now(state.home(stock))?),
            };
            return Some((about, stock.clone(), hold));
        }
    }
    None
}

fn make_current(interp: &dyn Interp) -> Option<Before> {
    interp.as_any().downcast_ref().map(Perl::become_current)
}

/// Enters an interpreter: it is this thread's current one until [`unselect`], and its record's count is raised by one.
///
/// # Safety
/// What `origin` names, or the calls that run on this thread are about, lives until then.
pub unsafe fn select(origin: Origin<'static>) -> Option<NonNull<Record>> {
    if is_forked() {
        return None;
    }
    expect();
    match origin {
        Origin::Request(r) => note_request(r),
        Origin::Connection(c) => note_connection(c),
        _ => {}
    }
    // SAFETY: the caller's promise.
    let (about, stock, hold) = unsafe { find(origin) }?;
    let record = record(hold.interp())?;
    let begun = hold.begin(make_current);
    let pool = pool_of(&about).map_or(0, |pool| {
        end_with(pool);
        pool.as_ptr().addr()
    });
    // SAFETY: the caller's promise.
    let standing = unsafe { Standing::begin(about, stock, hold.clone()) };
    let selected = Selected { pool, record: record.as_ptr().addr(), thread: apr::thread_id(), hold, standing, begun };
    with_kept(|kept| kept.selected.push(selected));
    Some(record)
}

/// Lowers the count by one: ends the newest entry of this thread in the interpreter, else gives back the lease that was kept by
/// raising the count.
///
/// # Safety
/// The record is that of a living interpreter, which no other thread is using.
pub unsafe fn unselect(record: NonNull<Record>) {
    if is_forked() {
        return;
    }
    let (at, thread) = (record.as_ptr().addr(), apr::thread_id());
    let selected = with_kept(|kept| {
        let here = kept.selected.iter().rposition(|s| s.record == at && s.thread == thread);
        // A count above the number of calls was raised on purpose; then no entry of another thread is meant.
        let found = here.or_else(|| {
            let other = kept.selected.iter().rposition(|s| s.record == at)?;
            (!kept.held.iter().any(|(held, _)| *held == at)).then_some(other)
        })?;
        Some(kept.selected.remove(found))
    });
    match selected {
        Some(entry) => entry.end(|before| before.into_iter().for_each(Before::restore)),
        // SAFETY: the caller's promise.
        None if is_raised(at) => unsafe { (*record.as_ptr()).refcnt -= 1 },
        None => {}
    }
    let free = with_kept(|kept| {
        let at = kept.held.iter().position(|(held, hold)| *held == at && !hold.is_held_by_others())?;
        Some(kept.held.swap_remove(at).1)
    });
    drop(free);
}

/// Whether somebody has raised the count of the interpreter with this record, by hand: an entry may have been ended already. Of a parent,
/// which nobody gives back, that is not noted.
fn is_raised(at: usize) -> bool {
    let is_it = |hold: &Hold| record(hold.interp()).is_some_and(|record| record.as_ptr().addr() == at);
    let is_parent = || site::stocks(PERL).iter().any(|stock| is_it(&stock.hold_parent()));
    let runs_here = |frame: &Frame<'_>| of_perl(frame) && is_it(frame.hold) && frame.hold.is_held_by_others();
    with_kept(|kept| kept.held.iter().any(|(held, _)| *held == at))
        || Frame::find(|frame| runs_here(frame).then_some(())).is_some()
        || is_parent()
}

/// Keeps the lease when a call of ours has ended and the interpreter's count says that somebody keeps the interpreter.
#[cold]
pub fn keep(hold: &Hold) {
    if hold.is_parent() {
        return;
    }
    let Some(at) = record(hold.interp()).map(|record| record.as_ptr().addr()) else { return };
    with_kept(|kept| {
        if !kept.held.iter().any(|(held, _)| *held == at) {
            kept.held.push((at, hold.clone()));
        }
    });
}

/// The ticket of the request or connection that this thread is about, for objects that C code makes of pointers without a known owner.
pub fn ticket() -> Ticket {
    let found = Frame::find(|frame| match frame.about {
        About::Request(r) => RequestState::of(PERL, r).map(RequestState::ticket),
        About::Connection(c) => ConnectionState::of(PERL, c).map(|state| state.ticket),
        About::Server(_) => Some(Ticket::FOREVER),
    });
    found.unwrap_or(Ticket::FOREVER)
}
