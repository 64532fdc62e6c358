//! A phase, its handlers, an interpreter, calls, a status.
//!
//! Written on the origin of the interpreter, not on a request: request, connection and server phases run through
//! [`run_stack`]; only what is done before and after differs.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use config::{Handler, LeaseScope, Phase, Run, Scope};
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, HTTP_SERVICE_UNAVAILABLE, OK};
use httpd::{Connection, Request, Server};
use interp::{HandlerRef, IntoVal, Object, Ticket, Val};
use interp_perl::{Entered, Load, Raised};

use super::connection::ConnectionState;
use super::frame::{About, Frame};
use super::request::{RequestState, Step};
use super::stock::{Lent, Refused, Stock};
use super::tree::Hold;
use super::{PerlHost, ServerRecord, configured, env, report, response};

/// What `run_stack` needs to know of its phase.
pub struct Stack<'a> {
    /// The phase.
    pub phase: Phase,
    /// What it is about.
    pub about: About,
    /// Its configured handlers.
    pub configured: &'a [Handler],
    /// The request's own changes to them.
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

/// How one handler came back.
enum Returned {
    /// With a status.
    Status(c_int),
    /// By `exit`: counts as OK, and no other handler of the phase runs.
    Exit,
    /// By die, or it could not be found; reported already.
    Died,
}

/// Whether a handler's module may be loaded when it is first called.
pub fn load_of(handler: &Handler) -> Load {
    if handler.load == config::Load::Never { Load::Never } else { Load::IfMissing }
}

fn call(entered: &Entered<'_>, next: &Next<'_>, args: &[Val]) -> Result<c_int, Raised> {
    let named =
        |handler: &Handler| entered.call_handler(handler.id.index() as u32, &handler.name, load_of(handler), args);
    let outcome = match next {
        Next::Configured(handler) => named(handler),
        Next::Changed(Step::Named(handler)) => named(handler),
        Next::Changed(Step::Code(HandlerRef::Code(code))) => entered.call_kept(code, args),
        Next::Changed(Step::Code(HandlerRef::Name(_))) => return Ok(DECLINED),
    };
    match outcome {
        Ok(outcome) => Ok(c_int::try_from(outcome.number).unwrap_or(HTTP_INTERNAL_SERVER_ERROR)),
        Err(raised) => Err(raised),
    }
}

/// Calls the handlers one after the other; what each returns decides, by the phase's run rule, what comes next.
pub fn run_stack(entered: &Entered<'_>, stack: &Stack<'_>, args: &[Val]) -> c_int {
    let run = stack.phase.row().run;
    let mut status = OK;
    let mut at = 0;
    // A handler pushed to the running phase runs in it: the stack is looked at anew each time.
    while let Some(next) = stack.next(at) {
        at += 1;
        let returned = match call(entered, &next, args) {
            Ok(status) => Returned::Status(status),
            Err(Raised::Exit(_)) => Returned::Exit,
            Err(raised) => {
                leave_if_core_exit(&raised);
                report::raised(&stack.about, stack.phase, &next.step(), &raised);
                Returned::Died
            }
        };
        status = match returned {
            Returned::Status(status) => status,
            Returned::Exit => OK,
            Returned::Died => HTTP_INTERNAL_SERVER_ERROR,
        };
        match (run, returned) {
            (Run::Void | Run::Stream, _) => {}
            (_, Returned::Exit | Returned::Died) => return status,
            (Run::Files, _) if status != OK => {
                report::not_ok(&stack.about, stack.phase, &next.step(), status);
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

/// Phases that have a handler somewhere, one bit each: in the configuration, or pushed. A phase without one costs a look at
/// this and no more, whatever the server.
static IN_USE: AtomicU32 = AtomicU32::new(0);

const fn bit(phase: Phase) -> u32 {
    1 << phase as u32
}

/// A handler of this phase exists from now on. Once any does, requests have a state, which the response and log phases look
/// after; cleanup handlers are prepared for in two phases.
pub fn mark_in_use(phase: Phase) {
    let more = if phase as u8 == Phase::Cleanup as u8 { bit(Phase::Fixup) } else { 0 };
    let bits = bit(phase) | bit(Phase::Response) | bit(Phase::Log) | more;
    if IN_USE.load(Relaxed) & bits != bits {
        IN_USE.fetch_or(bits, Relaxed);
    }
}

/// The configuration is read anew.
pub fn forget_use() {
    IN_USE.store(0, Relaxed);
}

/// Whether any handler of this phase may exist.
#[inline(always)]
pub fn is_in_use(phase: Phase) -> bool {
    IN_USE.load(Relaxed) & bit(phase) != 0
}

/// Whether a request that no handler of ours has met yet has one for its end: its state must exist by then.
#[inline(always)]
pub fn wants_cleanup(phase: Phase, r: &Request) -> bool {
    matches!(phase, Phase::Fixup | Phase::Log) && !configured::of_request(Phase::Cleanup, r).is_empty()
}

/// A phase of a request.
pub fn request(phase: Phase, order: usize, r: &Request) -> c_int {
    let server = r.server_config::<PerlHost>();
    let dir = r.dir_config::<PerlHost>();
    let row = phase.row();
    let configured = &*configured::of_request(phase, r);
    let state = r.state::<PerlHost>();
    if phase == Phase::Response {
        return response::run(order, r, server, dir, configured);
    }
    if state.is_none() && wants_cleanup(phase, r) && server.is_some_and(|s| s.conf.is_enabled()) {
        RequestState::of(r);
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
    let Some(server) = server.filter(|s| s.conf.is_enabled()) else { return DECLINED };
    let Some(state) = RequestState::of(r) else { return DECLINED };
    let stack = Stack { phase, about: About::Request(*r), configured, state: Some(state) };
    let in_dir = (row.scope == Scope::Directory).then_some(dir).flatten();
    let status = match enter(r, state, server, phase, |entered| {
        env::before_handler(r, state, &server.conf, in_dir, entered);
        let status = run_stack(entered, &stack, &[state.subject(r)]);
        if phase == Phase::Log {
            env::take_dir_out(state, &server.conf, dir, entered);
        }
        status
    }) {
        Ok(status) => status,
        Err(refused) => refuse(r, phase, &refused),
    };
    if phase == Phase::Log {
        state.end(r);
    } else if status != OK && status != DECLINED {
        state.end_walk(r);
    }
    status
}

/// Enters the request's interpreter.
///
/// # Errors
/// `Refused` when none could be had.
pub fn enter<R>(
    r: &Request,
    state: &RequestState,
    server: &ServerRecord,
    phase: Phase,
    f: impl FnOnce(&Entered<'_>) -> R,
) -> Result<R, Refused> {
    let Some(stock) = server.stock() else { return Err(Refused::none()) };
    let hold = match Frame::inside(stock) {
        Some(hold) if state.tree().held(stock).is_none() => hold,
        _ => state.hold(r, phase, stock)?,
    };
    Ok(Frame::run(About::Request(*r), Some(phase), stock, &hold, || {
        hold.run(|perl| {
            let entered = perl.enter();
            let before = state.env.get();
            if !before.in_env {
                env::show(state, &entered);
            }
            let result = f(&entered);
            if state.env.get().in_env && !before.in_env {
                env::take_cgi_out(r, state, &server.conf, &entered);
            }
            result
        })
    }))
}

/// No interpreter came free: what the client and the log learn of it.
pub fn refuse(r: &Request, phase: Phase, refused: &Refused) -> c_int {
    if refused.tell {
        report::request(r, httpd::log::Level::Error, &refused.text);
    }
    if matches!(phase, Phase::Log | Phase::Cleanup) {
        report::request(
            r,
            httpd::log::Level::Error,
            &format!("{}: skipped, as no interpreter came free", phase.directive_name()),
        );
        return DECLINED;
    }
    r.err_headers_out().set(b"Retry-After", refused.retry_after.to_string().as_bytes());
    HTTP_SERVICE_UNAVAILABLE
}

/// The request's pool is about to die: `PerlCleanupHandler`. Cleanups of the pool come next.
pub fn cleanup(r: Request) {
    if interp_perl::is_forked() {
        return;
    }
    let (Some(state), Some(server)) = (r.state::<PerlHost>(), r.server_config::<PerlHost>()) else { return };
    state.end(&r);
    let configured = &*configured::of_request(Phase::Cleanup, &r);
    if state.is_changed(Phase::Cleanup) || !configured.is_empty() {
        let stack = Stack { phase: Phase::Cleanup, about: About::Request(r), configured, state: Some(state) };
        let done = enter(&r, state, server, Phase::Cleanup, |entered| {
            env::before_handler(&r, state, &server.conf, None, entered);
            run_stack(entered, &stack, &[state.subject(&r)]);
        });
        if let Err(refused) = done {
            refuse(&r, Phase::Cleanup, &refused);
        }
    }
    if !state.ends_late() {
        state.unpin();
    }
}

/// The request's pool dies, its other cleanups have run: what scripts left in the request goes, and the interpreters it kept.
pub fn free_values(r: Request) {
    if interp_perl::is_forked() {
        return;
    }
    let (Some(state), Some(server)) = (r.state::<PerlHost>(), r.server_config::<PerlHost>()) else { return };
    // DESTROY may leave some more.
    for _ in 0..4 {
        if !state.has_values() {
            break;
        }
        let done = enter(&r, state, server, Phase::Cleanup, |entered| {
            state.drop_values();
            entered.drain();
        });
        if let Err(refused) = done {
            refuse(&r, Phase::Cleanup, &refused);
            break;
        }
    }
    state.unpin();
}

/// A phase of a connection.
pub fn connection(phase: Phase, c: &Connection) -> c_int {
    let base = c.base_server();
    let Some(server) = base.config::<PerlHost>() else { return DECLINED };
    let configured = &*configured::of_record(phase, server);
    if configured.is_empty() || !server.conf.is_enabled() {
        return DECLINED;
    }
    let (Some(stock), Some(state)) = (server.stock(), ConnectionState::of(c)) else { return DECLINED };
    let stack = Stack { phase, about: About::Connection(*c), configured, state: None };
    let hold = match Frame::inside(stock).map_or_else(|| state.hold(stock), Ok) {
        Ok(hold) => hold,
        Err(refused) => {
            if refused.tell {
                report::connection(c, httpd::log::Level::Error, &refused.text);
            }
            c.abort();
            return if phase == Phase::ProcessConnection { OK } else { HTTP_SERVICE_UNAVAILABLE };
        }
    };
    let status = Frame::run(stack.about, Some(phase), stock, &hold, || {
        hold.run(|perl| {
            run_stack(&perl.enter(), &stack, &[Val::object(Connection::class(), c.address(), state.ticket)])
        })
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

/// A phase of the start or of a child: always in the parent interpreter of the main server.
pub fn server(phase: Phase, s: &Server, pools: &[apr::Pool]) -> c_int {
    let Some(record) = s.config::<PerlHost>() else { return OK };
    let configured = &*configured::of_record(phase, record);
    let (false, Some(stock)) = (configured.is_empty() || !record.conf.is_enabled(), record.stock()) else { return OK };
    let stack = Stack { phase, about: About::Server(*s), configured, state: None };
    let args: Vec<Val> =
        pools.iter().map(|p| p.val(super::runtime::pool_ticket(p))).chain([s.val(Ticket::FOREVER)]).collect();
    in_parent(stack.about, Some(phase), stock, |entered| run_stack(entered, &stack, &args))
}

/// Runs `f` in the parent of a stock.
pub fn in_parent<R>(about: About, phase: Option<Phase>, stock: &Arc<Stock>, f: impl FnOnce(&Entered<'_>) -> R) -> R {
    let hold: Hold = Arc::new(Lent::Parent(stock.parent.clone()));
    Frame::run(about, phase, stock, &hold, || hold.run(|perl| f(&perl.enter())))
}
