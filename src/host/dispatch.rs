//! How a phase is run: its handlers are looked up, an interpreter is entered, the handlers are called, and a status results.
//!
//! Written on the origin of the interpreter, not on a request: request, connection and server phases run through
//! [`run_stack`]; only what is done before and after differs.

use std::ffi::c_int;
use std::sync::Arc;

use config::{Handler, LeaseScope, Phase, Run, Scope};
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, HTTP_SERVICE_UNAVAILABLE, OK};
use httpd::{Connection, Request, Server};
use interp::{Entry, HandlerRef, Interp, IntoVal, Object, Raised, Ticket, Val};

use super::about::About;
use super::connection::ConnectionState;
use super::lang::{Lang, RequestCall};
use super::lease::{Frame, Hold, Refused, Stock, choose};
use super::request::{RequestState, Step};
use super::{configured, end, hint, report};

/// What `run_stack` needs to know of the phase that it runs.
pub struct Stack<'a> {
    /// The language of the handlers.
    pub lang: Lang,
    /// The phase.
    pub phase: Phase,
    /// The request, connection or server that the phase is about.
    pub about: About,
    /// Its configured handlers.
    pub configured: &'a [Handler],
    /// The request's own changes to these handlers.
    pub state: Option<&'a RequestState>,
}

impl Stack<'_> {
    /// The handlers' argument: the request, with its ticket.
    pub fn subject(&self) -> Val {
        match (self.about, self.state) {
            (About::Request(r), Some(state)) => state.subject(&r),
            _ => Val::UNDEF,
        }
    }

    #[inline(always)]
    fn next(&self, at: usize) -> Option<Next<'_>> {
        match self.state.and_then(|state| state.changed_step(self.phase, at)) {
            Some(changed) => changed.map(Next::Changed),
            None => self.configured.get(at).map(Next::Configured),
        }
    }
}

/// The handler whose turn it is.
enum Next<'a> {
    Configured(&'a Handler),
    Changed(Step),
}

impl Next<'_> {
    fn step(&self) -> Step {
        match self {
            Next::Configured(handler) => Step::Named((*handler).clone()),
            Next::Changed(step) => step.clone(),
        }
    }
}

/// How a handler ended.
enum Returned {
    /// It returned a status.
    Status(c_int),
    /// It called `exit`: that counts as OK, and no other handler of the phase runs.
    Exit,
    /// It died or could not be found, which is in the log already.
    Died,
}

#[inline(always)]
fn call(entry: &dyn Entry, stack: &Stack<'_>, next: &Next<'_>, args: &[Val]) -> Result<c_int, Raised> {
    let named = |handler: &Handler| stack.lang.call(&stack.about, entry, handler, args);
    let outcome = match next {
        Next::Configured(handler) => named(handler),
        Next::Changed(Step::Named(handler)) => named(handler),
        Next::Changed(Step::Code(HandlerRef::Code(code))) => entry.call_kept(code, args),
        Next::Changed(Step::Code(HandlerRef::Name(_))) => return Ok(DECLINED),
    };
    match outcome {
        Ok(outcome) => Ok(match c_int::try_from(outcome.number) {
            Ok(number @ (OK | DECLINED)) if outcome.is_number => number,
            number => unusual(stack, next, &outcome, number.unwrap_or(HTTP_INTERNAL_SERVER_ERROR)),
        }),
        Err(raised) => Err(raised),
    }
}

/// The handler returned something that is neither OK nor DECLINED.
#[cold]
#[inline(never)]
fn unusual(stack: &Stack<'_>, next: &Next<'_>, outcome: &interp::Outcome, number: c_int) -> c_int {
    hint::result(stack.lang, &stack.about, stack.phase, &next.step(), outcome, number);
    number
}

/// Calls the handlers one after the other; what each returns decides, by the phase's run rule, what comes next.
#[inline(always)]
pub fn run_stack(entry: &dyn Entry, stack: &Stack<'_>, args: &[Val]) -> c_int {
    let run = stack.phase.row().run;
    let mut status = OK;
    let mut at = 0;
    // A handler pushed to the running phase runs in it: the stack is looked at anew each time.
    while let Some(next) = stack.next(at) {
        at += 1;
        let returned = match call(entry, stack, &next, args) {
            Ok(status) => Returned::Status(status),
            Err(Raised::Exit(_)) => Returned::Exit,
            Err(raised) => {
                leave_if_core_exit(&raised);
                report::raised(stack.lang, &stack.about, stack.lang.phase_name(stack.phase), &next.step(), &raised);
                Returned::Died
            }
        };
        status = match returned {
            Returned::Status(status) => status,
            Returned::Exit => OK,
            Returned::Died => HTTP_INTERNAL_SERVER_ERROR,
        };
        match (run, returned) {
            // What they return has no effect.
            (Run::Void, _) => status = OK,
            (Run::Stream, _) => {}
            (_, Returned::Exit | Returned::Died) => return status,
            (Run::Files, _) if status != OK => {
                report::not_ok(stack.lang, &stack.about, stack.phase, &next.step(), status);
                return status;
            }
            (Run::First, _) if status == OK => return status,
            (_, _) if status != OK && status != DECLINED => return status,
            _ => {}
        }
    }
    status
}

/// `CORE::exit` in a process of the server: without threads it ends the process, as with mod_perl.
pub fn leave_if_core_exit(raised: &Raised) {
    if let Raised::CoreExit(status) = raised
        && !httpd::mpm::is_threaded()
        && super::startup::is_child()
    {
        super::startup::leave(*status);
    }
}

/// Whether there is nothing to do for a request in a phase, judged by the handlers that hold for it.
#[inline(always)]
pub fn is_idle(lang: Lang, phase: Phase, r: &Request) -> bool {
    let has_none = |phase| configured::of_request(lang, phase, r).is_empty();
    has_none(phase)
        && match lang.state(r) {
            Some(state) => state.is_idle(phase),
            None => !prepares_cleanup(phase) || has_none(Phase::Cleanup),
        }
        && (phase != Phase::Fixup || !end::runs_handlers(lang, r))
}

/// Whether this is the last phase before the response in which a request gets its state, because handlers wait for its end.
#[inline(always)]
const fn prepares_cleanup(phase: Phase) -> bool {
    matches!(phase, Phase::Fixup | Phase::Log)
}

/// Runs a phase of a request. The response phase is not run here: each language has forms of its own for it.
#[inline(always)]
pub fn request(lang: Lang, phase: Phase, r: &Request) -> c_int {
    if phase == Phase::Log {
        return if end::is_over(lang, r) { DECLINED } else { leases::at_log(|| before_or_after(lang, phase, r)) };
    }
    if phase == Phase::Fixup {
        end::look_after(lang, r);
    }
    before_or_after(lang, phase, r)
}

#[inline(always)]
fn before_or_after(lang: Lang, phase: Phase, r: &Request) -> c_int {
    let configured = &*configured::of_request(lang, phase, r);
    let state = lang.state(r);
    let server = lang.server_of(r).filter(|s| s.conf.is_enabled());
    if state.is_none()
        && prepares_cleanup(phase)
        && server.is_some()
        && !configured::of_request(lang, Phase::Cleanup, r).is_empty()
    {
        RequestState::of(lang, r);
    }
    let nothing = match state {
        None => configured.is_empty(),
        Some(state) => configured.is_empty() && !state.is_changed(phase),
    };
    if nothing {
        if let (Phase::Log, Some(state)) = (phase, state) {
            state.end(r);
        }
        return DECLINED;
    }
    let Some(server) = server else { return DECLINED };
    let Some(state) = RequestState::of(lang, r) else { return DECLINED };
    let dir = if phase.row().scope == Scope::Directory { lang.dir(r) } else { None };
    let stack = Stack { lang, phase, about: About::Request(*r), configured, state: Some(state) };
    let call = RequestCall { r, state, server, phase };
    let status = match enter(lang, &call, |entry| {
        lang.before_handlers(&call, dir, entry);
        run_stack(entry, &stack, &[state.subject(r)])
    }) {
        Ok(status) => status,
        Err(refused) => refuse(lang, r, phase, &refused),
    };
    if phase == Phase::Log {
        state.end(r);
    } else if status != OK && status != DECLINED {
        state.end_walk(r);
        end::look_after(lang, r);
    }
    status
}

/// Enters the request's interpreter.
///
/// # Errors
/// `Refused` when none could be had.
#[inline(always)]
pub fn enter<R>(lang: Lang, call: &RequestCall<'_>, f: impl FnOnce(&dyn Entry) -> R) -> Result<R, Refused> {
    let about = About::Request(*call.r);
    let Some(stock) = choose(lang, &about) else { return Err(Refused::none()) };
    let hold = match Frame::inside(stock) {
        Some(hold) if call.state.tree().held(stock).is_none() => hold,
        _ => call.state.hold(call.r, call.phase, stock)?,
    };
    let (mut f, mut result) = (Some(f), None);
    Frame::enter(about, Some(call.phase), stock, &hold, |interp| {
        lang.around(call, interp, &mut |entry| {
            if let Some(f) = f.take() {
                result = Some(f(entry));
            }
        });
    });
    result.ok_or_else(Refused::none)
}

/// No interpreter came free: answers 503 with Retry-After and writes the reason to the log.
pub fn refuse(lang: Lang, r: &Request, phase: Phase, refused: &Refused) -> c_int {
    if refused.tell {
        report::request(lang, r, httpd::log::Level::Error, &refused.text);
    }
    if matches!(phase, Phase::Log | Phase::Cleanup) {
        report::request(
            lang,
            r,
            httpd::log::Level::Error,
            &format!("{}: skipped, as no interpreter came free", lang.phase_name(phase)),
        );
        return DECLINED;
    }
    r.err_headers_out().set(b"Retry-After", refused.retry_after.to_string().as_bytes());
    HTTP_SERVICE_UNAVAILABLE
}

/// The request's pool is about to die: `PerlCleanupHandler`. Cleanups of the pool come next.
pub fn cleanup(lang: Lang, r: Request) {
    if interp::is_forked() {
        return;
    }
    let (Some(state), Some(server)) = (lang.state(&r), lang.server_of(&r)) else { return };
    state.end(&r);
    let configured = &*configured::of_request(lang, Phase::Cleanup, &r);
    if state.is_changed(Phase::Cleanup) || !configured.is_empty() {
        let stack = Stack { lang, phase: Phase::Cleanup, about: About::Request(r), configured, state: Some(state) };
        let call = RequestCall { r: &r, state, server, phase: Phase::Cleanup };
        let done = enter(lang, &call, |entry| {
            lang.before_handlers(&call, None, entry);
            run_stack(entry, &stack, &[state.subject(&r)]);
        });
        if let Err(refused) = done {
            refuse(lang, &r, Phase::Cleanup, &refused);
        }
    }
    if !state.ends_late() {
        state.unpin();
    }
}

/// The request's pool dies and its other cleanups have run: frees what scripts left in the request, and the interpreters it kept.
pub fn free_values(lang: Lang, r: Request) {
    if interp::is_forked() {
        return;
    }
    let (Some(state), Some(server)) = (lang.state(&r), lang.server_of(&r)) else { return };
    // A DESTROY method may leave more values.
    for _ in 0..4 {
        if !state.has_values() {
            break;
        }
        let call = RequestCall { r: &r, state, server, phase: Phase::Cleanup };
        let done = enter(lang, &call, |entry| {
            state.drop_values();
            entry.drain();
        });
        if let Err(refused) = done {
            refuse(lang, &r, Phase::Cleanup, &refused);
            break;
        }
    }
    state.unpin();
}

/// Runs a phase of a connection.
pub fn connection(lang: Lang, phase: Phase, c: &Connection) -> c_int {
    let base = c.base_server();
    let Some(server) = lang.server(&base) else { return DECLINED };
    let configured = &*configured::of_record(lang, phase, server);
    if configured.is_empty() || !server.conf.is_enabled() {
        return DECLINED;
    }
    let about = About::Connection(*c);
    let (Some(stock), Some(state)) = (choose(lang, &about), ConnectionState::of(lang, c)) else { return DECLINED };
    let stack = Stack { lang, phase, about, configured, state: None };
    let hold = match Frame::inside(stock).map_or_else(|| state.hold(stock, c), Ok) {
        Ok(hold) => hold,
        Err(refused) => {
            if refused.tell {
                report::connection(lang, c, httpd::log::Level::Error, &refused.text);
            }
            c.abort();
            return if phase == Phase::ProcessConnection { OK } else { HTTP_SERVICE_UNAVAILABLE };
        }
    };
    let subject = Val::object(Connection::class(), c.address(), state.ticket);
    let status = Frame::enter(about, Some(phase), stock, &hold, |interp| {
        serve(lang, interp, |entry| run_stack(entry, &stack, &[subject])).unwrap_or(DECLINED)
    });
    if stock.scope() == LeaseScope::Connection {
        state.keep(stock, &hold);
    }
    if phase == Phase::PreConnection && status == httpd::status::DONE {
        // For httpd that means "go on", on a connection that its own hook, the last one, has not given a socket.
        c.abort();
        return HTTP_SERVICE_UNAVAILABLE;
    }
    status
}

/// Runs a phase of the start or of a child, always in the parent interpreter of the main server.
pub fn server(lang: Lang, phase: Phase, s: &Server, pools: &[apr::Pool]) -> c_int {
    let Some(record) = lang.server(s) else { return OK };
    let configured = &*configured::of_record(lang, phase, record);
    let about = About::Server(*s);
    let (false, Some(stock)) = (configured.is_empty() || !record.conf.is_enabled(), choose(lang, &about)) else {
        return OK;
    };
    let stack = Stack { lang, phase, about, configured, state: None };
    let args: Vec<Val> =
        pools.iter().map(|p| p.val(super::runtime::pool_ticket(lang, p))).chain([s.val(Ticket::FOREVER)]).collect();
    in_parent(about, Some(phase), stock, |entry| run_stack(entry, &stack, &args))
}

/// Runs `f` in the parent of a stock.
pub fn in_parent<R>(about: About, phase: Option<Phase>, stock: &Arc<Stock>, f: impl FnOnce(&dyn Entry) -> R) -> R {
    Frame::enter(about, phase, stock, &stock.hold_parent(), |interp| interp::enter(interp, f))
}

/// As [`enter_any`], for a call that serves a connection or ends a request: what it changes of the interpreter ends with the call.
pub fn serve<R>(lang: Lang, interp: &dyn Interp, f: impl FnOnce(&dyn Entry) -> R) -> Option<R> {
    let (mut f, mut result) = (Some(f), None);
    lang.serve(interp, &mut |entry| {
        if let Some(f) = f.take() {
            result = Some(f(entry));
        }
    });
    result
}

/// Runs `f` inside of an interpreter that somebody holds already.
pub fn enter_any<R>(hold: &Hold, f: impl FnOnce(&dyn Entry) -> R) -> R {
    hold.run(|interp| interp::enter(interp, f))
}
