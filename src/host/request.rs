//! What we keep per request: its part in the lease, its stacks, its notes. It is made when the first handler of ours runs.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use apr::{Beside, Table};
use config::{DirConf, Handler, LeaseScope, Phase};
use figures::Figure;
use httpd::{KeptServer, Records, Request};
use interp::{Bag, Object, Ticket, Ticketed, Val};
use leases::Drains;
use smallvec::SmallVec;

use super::about::About;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::lease::{Frame, Hold, Stock, Tree};
use super::server::choose;
use super::step::Step;

/// A request and all it reaches by `main` and `prev`, itself first.
pub fn family(r: &Request) -> impl Iterator<Item = &Request> {
    std::iter::successors(Some(r), |r| r.prev().or_else(|| r.main()))
}

/// The request from which all requests of its family came.
pub fn top(r: &Request) -> &Request {
    family(r).last().unwrap_or(r)
}

/// A script's cleanup on a pool. It runs once: when the request ends for us, or when the pool dies earlier.
pub type Job = Rc<Cell<Option<Box<dyn FnOnce()>>>>;

/// The part of a request's state that most requests never have.
#[derive(Default)]
pub struct Extras {
    /// Leases that pnotes, pushed code and cleanups hold until the request ends.
    pins: RefCell<SmallVec<[Hold; 1]>>,
    /// Leases that what scripts keep with a filter holds, by the filter's address, until the filter's data ends.
    filter_pins: RefCell<SmallVec<[(usize, Hold); 1]>>,
    /// Whether the cleanup is registered that frees what scripts left here, behind all cleanups that may still ask for it.
    ends_late: Cell<bool>,
    /// Cleanups of scripts on the request's pool and on pools below.
    jobs: RefCell<Vec<Job>>,
    /// Living requests that this one has set off, the eldest first.
    members: RefCell<Vec<NonNull<Request>>>,
    /// Stacks that a script changed, in place of the configured ones.
    changed: RefCell<Vec<(Phase, Vec<Step>)>>,
    /// Another request that a script chose to be the current one.
    pub chosen: Cell<Option<Ticketed<Request>>>,
    /// pnotes, one bag per interpreter.
    pub pnotes: RefCell<Vec<Bag>>,
    /// What was read of its body for a script that asked for less.
    pub ahead: RefCell<Vec<u8>>,
    /// What scripts keep with its filters, by the filter's address.
    pub filters: RefCell<BTreeMap<usize, Vec<Bag>>>,
    /// Values that the language keeps for this request, by the name of a script.
    pub scripts: RefCell<Vec<(Arc<[u8]>, Box<dyn Any + Send>)>>,
    /// `PerlSetVar` values of this request's directory, once a script asked for them, and the configuration they were taken from.
    pub dir_config: Beside<Table>,
    pub dir_config_of: Beside<DirConf>,
    /// The copy of a server's variables that this request has while threads serve, once a script asked for them.
    pub server_vars: Cell<Option<(KeptServer, NonNull<Table>)>>,
}

/// Requests that one has set off, of which some may have ended since this was made.
pub struct Members<'s> {
    extras: Option<&'s Extras>,
    all: Vec<NonNull<Request>>,
}

impl Members<'_> {
    /// Whether `f` holds for one of those that live; the youngest is asked first. `f` may end some.
    pub fn any(&self, mut f: impl FnMut(&Request) -> bool) -> bool {
        let lives = |r| self.extras.is_some_and(|extras| extras.members.borrow().contains(r));
        // SAFETY: each takes itself out of the list when its pool is about to die (`RequestState::forget`).
        self.all.iter().rev().any(|r| lives(r) && f(unsafe { r.as_ref() }))
    }
}

/// One request_rec's data, in one language.
pub struct RequestState {
    lang: Lang,
    /// The ticket of the objects made for this request.
    ticket: Cell<Ticket>,
    /// The lease, shared with the requests this one reaches by `main` and `prev`.
    tree: Tree,
    /// The tree to which the request belongs, once the tree has another member or somebody looks for it.
    shared: OnceCell<Arc<Tree>>,
    walk_is_over: Cell<bool>,
    /// Whether the end of the request is watched for.
    is_watched: Cell<bool>,
    /// Whether the request has ended for us.
    is_ended: Cell<bool>,
    /// Whether something is to be done when the request's pool is about to die.
    has_end: Cell<bool>,
    /// Says to those who wait that this request keeps an interpreter while its answer is sent.
    drains: Drains,
    extras: OnceCell<Box<Extras>>,
    /// `PerlOptions +GlobalRequest`, or perl-script: class methods find this request.
    pub is_global: Cell<bool>,
}

// SAFETY: httpd runs a request on one thread at a time and hands it over with its own synchronisation (SAFETY.md, "one
// thread at a time"); everything in here is reached through the request_rec only.
unsafe impl Send for RequestState {}

impl RequestState {
    /// The state of a request, if it has one.
    #[inline(always)]
    pub fn find(lang: Lang, r: &Request) -> Option<&RequestState> {
        // SAFETY: what each language's module keeps with requests begins so (SAFETY.md, "parts of a request's state").
        unsafe { Records::<Request, RequestState>::new(lang.module()) }.get(r)
    }

    /// The state of a request, made if there is none yet. `None` only if httpd has no slot for us.
    pub fn of(lang: Lang, r: &Request) -> Option<&RequestState> {
        if let Some(state) = RequestState::find(lang, r) {
            return Some(state);
        }
        let shared = match r.prev().or_else(|| r.main()) {
            Some(above) if !starts_a_tree(lang, r) => RequestState::of(lang, above)?.shared_tree().clone().into(),
            _ => OnceCell::new(),
        };
        lang.in_use.mark(Phase::Response);
        // The slot ends with the pool; it is registered before any cleanup of ours on that pool, so it comes last.
        lang.make_state(r, shared);
        let state = RequestState::find(lang, r)?;
        lang.request_begins(r);
        if lang.uses().has(Phase::Cleanup) {
            state.expect_end(r);
        }
        if r.main().is_some() || r.prev().is_some() {
            state.join_family(r);
        }
        Some(state)
    }

    /// The state of a request of which nothing has run yet.
    pub fn new(lang: Lang, shared: OnceCell<Arc<Tree>>) -> RequestState {
        RequestState {
            lang,
            ticket: Cell::new(Ticket::GONE),
            tree: Tree::new(Figure::Request),
            shared,
            walk_is_over: Cell::new(false),
            is_watched: Cell::new(false),
            is_ended: Cell::new(false),
            has_end: Cell::new(false),
            drains: Drains::default(),
            extras: OnceCell::new(),
            is_global: Cell::new(false),
        }
    }

    /// Has [`LanguageRow::request_dies`](super::lang::LanguageRow::request_dies) called when the request's pool is about to die: before whatever it does has anything to do.
    pub fn expect_end(&self, r: &Request) {
        if !self.has_end.replace(true) {
            let lang = self.lang;
            let _ = r.before_death(move |r| lang.request_dies(r));
        }
    }

    #[cold]
    fn join_family(&self, r: &Request) {
        self.expect_end(r);
        if let Some(first) = RequestState::of(self.lang, top(r)) {
            first.extras().members.borrow_mut().push(NonNull::from(r));
        }
    }

    /// The living requests that this one has set off.
    pub fn members(&self) -> Members<'_> {
        let extras = self.extras.get().map(|extras| &**extras);
        Members { extras, all: extras.map_or_else(Vec::new, |extras| extras.members.borrow().clone()) }
    }

    /// Takes the request out of its family's lists, since its pool dies.
    pub fn forget(&self, r: &Request) {
        if self.is_watched.get() {
            r.forget_end();
        }
        if r.main().is_none() && r.prev().is_none() {
            return;
        }
        let first = top(r);
        if first != r
            && let Some(extras) = RequestState::find(self.lang, first).and_then(|state| state.extras.get())
        {
            let mut members = extras.members.borrow_mut();
            if let Some(at) = members.iter().rposition(|m| *m == NonNull::from(r)) {
                members.remove(at);
            }
        }
    }

    /// Has httpd tell of the end of this request, or of the one it came from, since something is left to do at that moment.
    /// Without threads nobody can be kept waiting, and nothing is watched for.
    pub fn watch(&self, r: &Request) {
        self.expect_end(r);
        if self.is_watched.get() || choose(self.lang, &About::Request(r)).is_none_or(|stock| stock.tipool().is_none()) {
            return;
        }
        self.is_watched.set(true);
        let first = top(r);
        if first == r {
            r.watch_end();
        } else if let Some(state) = RequestState::of(self.lang, first) {
            state.watch(first);
        }
    }

    /// Whether the request has ended for us already.
    #[inline]
    pub fn is_ended(&self) -> bool {
        self.is_ended.get()
    }

    /// Notes that the request has ended for us.
    pub fn mark_ended(&self) {
        self.is_ended.set(true);
        self.drains.set(false);
    }

    /// Whether the end of the request has anything to do, but for handlers of the configuration.
    pub fn leaves_something(&self) -> bool {
        let tree = !self.tree().leases().is_empty();
        let ends = [Phase::Log, Phase::Cleanup].into_iter().any(|phase| self.is_changed(phase));
        tree || ends || self.has_values() || self.extras.get().is_some_and(|extras| !extras.jobs.borrow().is_empty())
    }

    /// Notes a script's cleanup on its pool, or on one below.
    pub fn add_job(&self, r: &Request, job: &Job) {
        self.watch(r);
        let mut jobs = self.extras().jobs.borrow_mut();
        while jobs.last().is_some_and(|job| {
            let run = job.take();
            let is_done = run.is_none();
            job.set(run);
            is_done
        }) {
            jobs.pop();
        }
        jobs.push(job.clone());
    }

    /// Runs the cleanups that have not run yet, the last first.
    pub fn run_jobs(&self) {
        let Some(extras) = self.extras.get() else { return };
        loop {
            let job = extras.jobs.borrow_mut().pop();
            let Some(job) = job else { return };
            if let Some(run) = job.take() {
                run();
            }
        }
    }

    /// Lets the connection find this request's leases.
    pub fn show_to_connection(&self, r: &Request) {
        if let Some(connection) = ConnectionState::of(self.lang, r.connection()) {
            connection.note_tree(self.shared_tree());
        }
    }

    /// The lease, shared with the requests this one reaches by `main` and `prev`.
    #[inline]
    pub fn tree(&self) -> &Tree {
        self.shared.get().map_or(&self.tree, |tree| tree)
    }

    /// The same, for those who look for it.
    #[allow(
        clippy::arc_with_non_send_sync,
        reason = "its holders belong to one request, which one thread runs at a time"
    )]
    pub fn shared_tree(&self) -> &Arc<Tree> {
        self.shared.get_or_init(|| Arc::new(self.tree.take()))
    }

    /// The ticket for objects of this request in the interpreter that this thread is in. It becomes void when the request's pool dies,
    /// or earlier, when the interpreter is lent to others.
    pub fn ticket(&self) -> Ticket {
        if !self.ticket.get().is_alive() {
            self.ticket.set(Ticket::new_owner());
        }
        let ticket = self.ticket.get();
        Frame::show(ticket);
        ticket
    }

    /// The request as an object for the interpreter that this thread is in.
    pub fn subject(&self, r: &Request) -> Val {
        Val::object(Request::class(), r.address(), self.ticket())
    }

    /// Begins the request's walk with the interpreter that a call of the phase has been given, where the stock's scope asks for one. The
    /// response phase ends the walk anyway, so it begins none.
    pub fn begin_walk(&self, r: &Request, phase: Option<Phase>, stock: &Stock, hold: &Hold) {
        let walks = match stock.scope() {
            LeaseScope::Handler => false,
            LeaseScope::Request => !matches!(phase, Some(Phase::Log | Phase::Cleanup)),
            // Nor does a filter: the data may be another module's, and go to a slow client.
            _ => {
                !matches!(phase, Some(Phase::Response | Phase::InputFilter | Phase::OutputFilter))
                    && !self.walk_is_over.get()
            }
        };
        if walks {
            self.expect_end(r);
            let main = r.main().map_or(0, |m| m.as_ptr().addr());
            self.tree().walk(r.as_ptr().addr(), main, hold);
        }
    }

    /// Ends the request's walk: its response handler has returned, another module's is about to run, a phase has failed, or the request
    /// ends. Under `PerlInterpScope request` only the log phase ends the walk.
    pub fn end_walk(&self, r: &Request) {
        if !self.tree().has_walks() && !self.has_pins() {
            self.walk_is_over.set(true);
            return;
        }
        let keeps = self.tree().has_scope(|scope| scope == LeaseScope::Request);
        if !keeps {
            self.end(r);
        }
        if keeps || self.has_pins() {
            self.drains.set(true);
            self.watch(r);
        }
    }

    #[inline]
    fn has_pins(&self) -> bool {
        self.extras.get().is_some_and(|extras| {
            extras.pins.try_borrow().is_ok_and(|pins| !pins.is_empty())
                || extras.filter_pins.try_borrow().is_ok_and(|pins| !pins.is_empty())
        })
    }

    /// Ends the request's walk at the end of the request, whatever the scope.
    pub fn end(&self, r: &Request) {
        self.walk_is_over.set(true);
        if self.tree().has_walks() {
            self.tree().end_walk(r.as_ptr().addr());
        }
    }

    /// Whether [`RequestState::extras`] are made.
    pub fn has_extras(&self) -> bool {
        self.extras.get().is_some()
    }

    /// Takes at most as many bytes of its body as were read for a script that asked for less.
    pub fn take_ahead(&self, most: usize) -> Vec<u8> {
        let Some(extras) = self.extras.get() else { return Vec::new() };
        let mut ahead = extras.ahead.borrow_mut();
        let end = ahead.len().min(most);
        let rest = ahead.split_off(end);
        std::mem::replace(&mut ahead, rest)
    }

    /// The part that few requests have, made now if this one had none.
    pub fn extras(&self) -> &Extras {
        self.extras.get_or_init(Box::default)
    }

    /// Whether [`RequestState::expect_end`] was called.
    #[inline]
    pub fn expects_end(&self) -> bool {
        self.has_end.get()
    }

    /// Whether a phase without configured handlers has nothing to do: no pushed handler, and no walk that the phase would end.
    #[inline]
    pub fn is_idle(&self, phase: Phase) -> bool {
        !self.is_changed(phase) && (phase != Phase::Log || !self.tree().has_walks())
    }

    /// Runs `f` with the request that class methods find in a call of this request: another one that a script chose, as long as that one
    /// lives; else this one, if `globally` says so or a script chose it.
    pub fn with_current<R>(&self, r: &Request, globally: bool, f: &mut dyn FnMut(&Request) -> R) -> Option<R> {
        let chosen = self.extras.get().and_then(|extras| extras.chosen.get());
        let found = chosen.and_then(|chosen| chosen.with(&mut *f));
        found.or_else(|| (globally || self.is_global.get()).then(|| f(r)))
    }

    /// Registers the cleanup that frees what scripts left here; cleanups registered on the request's pool from now on run before it.
    pub fn end_late(&self, r: &Request) {
        if !self.extras().ends_late.replace(true) {
            let lang = self.lang;
            let _ = r.on_death(move |r| lang.request_is_dead(r));
            self.watch(r);
        }
    }

    /// Whether [`RequestState::end_late`] was called.
    pub fn ends_late(&self) -> bool {
        self.extras.get().is_some_and(|extras| extras.ends_late.get())
    }

    /// Holds the interpreter until the request ends.
    pub fn pin(&self, r: &Request, hold: &Hold) {
        self.end_late(r);
        let mut pins = self.extras().pins.borrow_mut();
        if !pins.iter().any(|p| Arc::ptr_eq(p, hold)) {
            pins.push(hold.clone());
        }
    }

    /// Lets pinned interpreters go.
    pub fn unpin(&self) {
        if let Some(extras) = self.extras.get() {
            let pins = (extras.pins.take(), extras.filter_pins.take());
            drop(pins);
            self.drains.set(false);
        }
    }

    /// Holds the interpreter until a filter's data ends, at the latest until the request does.
    pub fn pin_for_filter(&self, r: &Request, filter: usize, hold: &Hold) {
        self.end_late(r);
        let mut pins = self.extras().filter_pins.borrow_mut();
        if !pins.iter().any(|(of, pin)| *of == filter && Arc::ptr_eq(pin, hold)) {
            pins.push((filter, hold.clone()));
        }
    }

    /// Frees what scripts keep with a filter, and lets the interpreter go for that.
    pub fn forget_filter(&self, filter: usize) {
        let Some(extras) = self.extras.get() else { return };
        let bags = extras.filters.borrow_mut().remove(&filter);
        drop(bags);
        let pins = extras.filter_pins.take();
        let (gone, stay): (Vec<_>, Vec<_>) = pins.into_iter().partition(|(of, _)| *of == filter);
        extras.filter_pins.borrow_mut().extend(stay);
        drop(gone);
        if !self.has_pins() && !self.tree().has_walks() {
            self.drains.set(false);
        }
    }

    /// Handler number `at` of the stack that a script made for the phase, if a script made one.
    #[inline]
    pub fn changed_step(&self, phase: Phase, at: usize) -> Option<Option<Step>> {
        let changed = self.extras.get()?.changed.borrow();
        changed.iter().find(|(p, _)| *p == phase).map(|(_, steps)| steps.get(at).cloned())
    }

    /// All handlers of the phase: of the stack a script made, else the configured ones.
    pub fn steps(&self, phase: Phase, configured: &[Handler]) -> Vec<Step> {
        let changed = self.extras.get().map(|extras| extras.changed.borrow());
        match changed.as_ref().and_then(|changed| changed.iter().find(|(p, _)| *p == phase)) {
            Some((_, steps)) => steps.clone(),
            None => configured.iter().cloned().map(Step::Named).collect(),
        }
    }

    /// Whether a script changed the phase's stack.
    #[inline]
    pub fn is_changed(&self, phase: Phase) -> bool {
        let is_in = |changed: &[(Phase, Vec<Step>)]| changed.iter().any(|(p, _)| *p == phase);
        // Nothing borrows this while it is looked at; a look that cannot panic costs less.
        self.extras.get().is_some_and(|extras| extras.changed.try_borrow().is_ok_and(|changed| is_in(&changed)))
    }

    /// Puts a stack in place of the configured one.
    pub fn set_steps(&self, r: &Request, phase: Phase, steps: Vec<Step>) {
        self.expect_end(r);
        let mut changed = self.extras().changed.borrow_mut();
        let old = match changed.iter_mut().find(|(p, _)| *p == phase) {
            Some((_, old)) => std::mem::replace(old, steps),
            None => {
                changed.push((phase, steps));
                Vec::new()
            }
        };
        drop(changed);
        drop(old);
    }

    /// Whether scripts left values here.
    pub fn has_values(&self) -> bool {
        self.extras.get().is_some_and(|extras| {
            !extras.pnotes.borrow().is_empty()
                || !extras.filters.borrow().is_empty()
                || !extras.scripts.borrow().is_empty()
                || extras.changed.borrow().iter().any(|(_, steps)| steps.iter().any(|s| matches!(s, Step::Code(_))))
        })
    }

    /// Drops what scripts left here; the caller holds the interpreters.
    pub fn drop_values(&self) {
        if let Some(extras) = self.extras.get() {
            let values = (extras.changed.take(), extras.pnotes.take(), extras.filters.take(), extras.scripts.take());
            drop(values);
        }
    }
}

impl Drop for RequestState {
    fn drop(&mut self) {
        self.ticket.get().void();
    }
}

/// `PerlInterpScope subrequest`: each subrequest is a tree of its own.
fn starts_a_tree(lang: Lang, r: &Request) -> bool {
    r.main().is_some()
        && r.prev().is_none()
        && choose(lang, &About::Request(r)).is_some_and(|stock| stock.scope() == LeaseScope::Subrequest)
}
