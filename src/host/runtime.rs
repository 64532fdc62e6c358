//! What API functions ask of the host: [`interp::Runtime`] over leases and the state of requests and connections.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use apr::{Pool, Reenter, Table};
use config::{Handler, Phase, Scope, Vars, Where};
use httpd::provider::Group;
use httpd::{Connection, Filter, ModuleRecord, Request, Rules, Server};
use interp::{
    Bag, Fail, HandlerRef, Here, Kept, Object, ObjectClass, Owner, Raise, Raised, Result, Runtime, Ticket, Unsent,
    is_forked,
};

use super::about::{About, OfJob};
use super::call::{Call, enter_any};
use super::connection::ConnectionState;
use super::lang::Lang;
use super::lease::{Frame, Hold, Stock, choose, running_lang};
use super::output::Output;
use super::provider::{self, Provider};
use super::request::{Job, RequestState, Step, family};
use super::startup::serves;
use super::{configured, report, site, startup};

struct HostRuntime;

/// Gives the API to the engines, and the host to the API. Called once per process.
pub fn register(module: &'static ModuleRecord) {
    let _ = api::MODULE.set(module);
    let _ = interp::RUNTIME.set(&HostRuntime);
    interp::register(api::CLASSES, api::CONSTS);
}

/// A pool's ticket: void when the pool dies. The configuration's pool and those above it outlive every interpreter, so that
/// no object of theirs can ever be stale.
pub fn pool_ticket(lang: Lang, pool: &Pool) -> Ticket {
    if httpd::pconf().is_some_and(|pconf| pconf == *pool || pool.is_ancestor(pconf)) {
        return Ticket::FOREVER;
    }
    struct Mark(Cell<Ticket>);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.get().void();
        }
    }
    let mark = pool.userdata(lang.own().pool_key).unwrap_or_else(|| {
        let mark = pool.keep(Mark(Cell::new(Ticket::new_owner()))).cast();
        pool.set_userdata(lang.own().pool_key, Some(mark));
        mark
    });
    // SAFETY: only this function sets the key, to a `Mark` that lives as long as the pool.
    let mark = &unsafe { mark.cast::<Mark>().as_ref() }.0;
    if this_request().is_some_and(|r| r.pool() == *pool) {
        if !mark.get().is_alive() {
            mark.set(Ticket::new_owner());
        }
        Frame::show(mark.get());
    }
    mark.get()
}

/// The wrapper of a living owner.
fn of<T: Object>(owner: Owner) -> Option<T> {
    // SAFETY: every method but `adopt` is handed living records.
    unsafe { owner.downcast::<T>() }
}

/// The language of the code that asks.
#[inline]
fn lang() -> Result<Lang> {
    running_lang().ok_or_else(nothing_runs)
}

#[cold]
fn nothing_runs() -> Fail {
    "no interpreter runs on this thread".into()
}

/// The request this thread is about.
fn this_request() -> Option<Request> {
    Frame::find(|frame| match frame.about {
        About::Request(r) => Some(r),
        _ => None,
    })
}

/// The connection this thread is about, unless it is about a request.
fn this_connection() -> Option<Connection> {
    Frame::find(|frame| match frame.about {
        About::Connection(c) => Some(c),
        _ => None,
    })
}

/// The request that class methods find: one of the family of the request whose call runs. A cleanup on another connection's pool
/// finds none.
pub fn current_request() -> Option<Request> {
    if interp::is_apart() {
        return None;
    }
    let lang = lang().ok()?;
    let Some(this) = this_request() else { return chosen_by_connection(lang) };
    family(this).find_map(|r| match lang.state(&r) {
        Some(state) => state.current(&r, globally(lang, &r)),
        None => globally(lang, &r).then_some(r),
    })
}

/// A request that a script made in a phase of the connection.
fn chosen_by_connection(lang: Lang) -> Option<Request> {
    let c = this_connection()?;
    let (r, ticket) = lang.connection(&c)?.chosen.get()?;
    ticket.is_alive().then_some(r)
}

fn steps(handlers: Vec<HandlerRef>) -> Vec<Step> {
    handlers
        .into_iter()
        .filter_map(|handler| match handler {
            HandlerRef::Name(name) => Handler::new(&name, Where::default()).map(Step::Named),
            code => Some(Step::Code(code)),
        })
        .collect()
}

/// Handlers in the form in which a script gets them.
fn refs(steps: Vec<Step>) -> Vec<HandlerRef> {
    steps
        .into_iter()
        .map(|step| match step {
            Step::Named(handler) => HandlerRef::Name(handler.name),
            Step::Code(code) => code,
        })
        .collect()
}

/// A phase as a script names it, if this request may change it.
fn phase_of_request(lang: Lang, name: &[u8]) -> Result<Option<Phase>> {
    let Some(phase) = Phase::by_name(lang.facts.tongue, name) else { return Ok(None) };
    match phase.row().scope {
        Scope::Server | Scope::Directory if !lang.call_for(phase) => {
            Err(format!("{}: {}", lang.phase_name(phase), startup::NOT_CALLED).into())
        }
        Scope::Server | Scope::Directory => Ok(Some(phase)),
        _ => Err(format!("too late to modify {} handlers", lang.phase_name(phase)).into()),
    }
}

/// The interpreter that runs on this thread.
fn hold() -> Result<Hold> {
    Frame::find(|frame| Some(frame.hold.clone())).ok_or_else(nothing_runs)
}

/// The state of a connection, with the running interpreter noted as the one that keeps the connection's values from now on.
fn settled(c: &Connection) -> Result<&ConnectionState> {
    let (stock, hold) = Frame::find(|f| Some((f.stock.clone(), f.hold.clone()))).ok_or(NO_STATE)?;
    let state = ConnectionState::of(stock.lang, c).ok_or(NO_STATE)?;
    state.settle(&stock, &hold);
    Ok(state)
}

/// Makes the request keep the running interpreter, since pushed code lives in the interpreter that pushed it.
fn pin_for(r: &Request, state: &RequestState, steps: &[Step]) -> Result<()> {
    if steps.iter().any(|s| matches!(s, Step::Code(_))) {
        state.pin(r, &hold()?);
    }
    Ok(())
}

/// Gives code a name, since a server keeps handlers by names that every interpreter can look up. `role` names the wrapper around the
/// code; empty for none.
fn named(step: Step, role: &[u8]) -> Result<Step> {
    let Step::Code(code) = step else { return Ok(step) };
    let name = enter_any(&hold()?, |entry| lang()?.name_code(entry, &code, role))?;
    Handler::new(&name, Where::default()).map(Step::Named).ok_or_else(|| "this code has no name".into())
}

fn table(pool: Pool, vars: &Vars) -> Table {
    let table = Table::new(pool, vars.len().max(2));
    for (name, value) in vars.iter() {
        table.add(name, value);
    }
    table
}

/// A server's variables. There is one table, in which the values that code sets stay, until several threads read it at once: from then
/// on a request has a copy of its own, and what it sets ends with it.
fn server_vars(lang: Lang, s: &Server) -> Result<Option<Table>> {
    let Some(record) = lang.server(s) else { return Ok(None) };
    let written = record.conf.vars.vars();
    if !startup::serves_beside(lang) {
        return Ok(Some(*record.vars().get_or_insert_with(|| table(s.pconf(), written))));
    }
    let copy = |pool: Pool| record.vars().map_or_else(|| table(pool, written), |all| all.copy(pool));
    let Some(r) = this_request() else {
        return Ok(Some(copy(this_connection().map_or_else(|| s.pconf(), |c| c.pool()))));
    };
    let kept = &RequestState::of(lang, &r).ok_or(NO_STATE)?.extras().server_vars;
    let mine = kept.get().filter(|(of, _)| of.as_ptr() == s.as_ptr()).map_or_else(|| copy(r.pool()), |(_, mine)| mine);
    kept.set(Some((*s, mine)));
    Ok(Some(mine))
}

const NO_STATE: &str = "httpd has no place for this request's data";

/// The server whose interpreters run this call: the first of those that share them.
fn interpreters_server() -> Option<Server> {
    let stock = Frame::find(|frame| Some(frame.stock.clone()))?;
    let shares = |s: &Server| choose(stock.lang, &About::Server(*s)).is_some_and(|of| Arc::ptr_eq(of, &stock));
    Server::main()?.chain().find(shares)
}

impl HostRuntime {
    fn state<'r>(&self, r: &'r Request) -> Result<&'r RequestState> {
        RequestState::of(lang()?, r).ok_or_else(|| NO_STATE.into())
    }

    /// A filter's own bags, kept with its request or connection.
    fn filter_notes(&self, filter: &Filter, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()> {
        let key = filter.as_ptr().addr();
        if let Some(r) = filter.request() {
            let state = self.state(&r)?;
            state.pin(&r, &hold()?);
            f(state.extras().filters.borrow_mut().entry(key).or_default());
            return Ok(());
        }
        let c = filter.connection().ok_or(NO_STATE)?;
        let state = settled(&c)?;
        f(state.filters.borrow_mut().entry(key).or_default());
        Ok(())
    }

    fn change(
        &self,
        owner: Owner,
        name: &[u8],
        handlers: Vec<HandlerRef>,
        put: impl FnOnce(Vec<Step>, Vec<Step>) -> Vec<Step>,
    ) -> Result<bool> {
        let new = steps(handlers);
        if let Some(r) = of::<Request>(owner) {
            let lang = lang()?;
            let Some(phase) = phase_of_request(lang, name)? else { return Ok(false) };
            let state = self.state(&r)?;
            lang.own().mark_in_use(phase);
            pin_for(&r, state, &new)?;
            state.set_steps(&r, phase, put(state.steps(phase, &configured::of_request(lang, phase, &r)), new));
            return Ok(true);
        }
        if let Some(s) = of::<Server>(owner) {
            let new = new.into_iter().map(|step| named(step, b"")).collect::<Result<Vec<_>>>()?;
            return startup::change_handlers(lang()?, &s, name, |old| {
                let old = old.iter().cloned().map(Step::Named).collect();
                put(old, new)
                    .into_iter()
                    .filter_map(|step| match step {
                        Step::Named(handler) => Some(handler),
                        Step::Code(_) => None,
                    })
                    .collect()
            })
            .map_err(Fail::from);
        }
        Err("this object has no handlers".into())
    }
}

impl Runtime for HostRuntime {
    fn current(&self, class: &'static ObjectClass) -> Option<(NonNull<()>, Ticket)> {
        if std::ptr::eq(class, Server::class()) {
            return interpreters_server().map(|s| (s.address(), Ticket::FOREVER));
        }
        if !std::ptr::eq(class, Request::class()) {
            return None;
        }
        let r = current_request()?;
        Some((r.address(), RequestState::of(lang().ok()?, &r)?.ticket()))
    }

    fn adopt(&self, object: Owner) -> Option<Ticket> {
        let (class, at) = (object.class(), object.address());
        let lang = lang().ok()?;
        let is = |known: &'static ObjectClass, address: NonNull<()>| std::ptr::eq(class, known) && address == at;
        Frame::find(|frame| match frame.about {
            About::Request(r) => {
                for r in family(r) {
                    let state = RequestState::of(lang, &r)?;
                    let mut tables =
                        [r.headers_in(), r.headers_out(), r.err_headers_out(), r.subprocess_env(), r.notes()]
                            .into_iter();
                    if is(Request::class(), r.address())
                        || is(Pool::class(), r.pool().address())
                        || tables.any(|t| is(Table::class(), t.address()))
                    {
                        return Some(state.ticket());
                    }
                }
                let c = r.connection();
                if is(Connection::class(), c.address()) || is(Pool::class(), c.pool().address()) {
                    return ConnectionState::of(lang, &c).map(|state| state.ticket);
                }
                is(Server::class(), r.server().address()).then_some(Ticket::FOREVER)
            }
            About::Connection(c) => (is(Connection::class(), c.address()) || is(Pool::class(), c.pool().address()))
                .then(|| ConnectionState::of(lang, &c).map(|state| state.ticket))
                .flatten(),
            About::Server(_) => None,
        })
        .or_else(|| {
            let main = Server::main()?;
            main.chain().any(|s| is(Server::class(), s.address())).then_some(Ticket::FOREVER)
        })
    }

    fn ticket(&self, owner: Owner) -> Ticket {
        let Ok(lang) = lang() else { return Ticket::FOREVER };
        if let Some(r) = of::<Request>(owner) {
            return RequestState::of(lang, &r).map_or(Ticket::FOREVER, RequestState::ticket);
        }
        if let Some(c) = of::<Connection>(owner) {
            return ConnectionState::of(lang, &c).map_or(Ticket::FOREVER, |state| state.ticket);
        }
        if let Some(p) = of::<Pool>(owner) {
            return pool_ticket(lang, &p);
        }
        // Servers live as long as the configuration, and no interpreter outlives that.
        Ticket::FOREVER
    }

    fn push_handlers(&self, owner: Owner, phase: &[u8], handlers: Vec<HandlerRef>) -> Result<bool> {
        self.change(owner, phase, handlers, |mut old, new| {
            old.extend(new);
            old
        })
    }

    fn set_handlers(&self, owner: Owner, phase: &[u8], handlers: Vec<HandlerRef>) -> Result<bool> {
        self.change(owner, phase, handlers, |_, new| new)
    }

    fn handlers(&self, owner: Owner, name: &[u8]) -> Result<Option<Vec<HandlerRef>>> {
        let lang = lang()?;
        let Some(phase) = Phase::by_name(lang.facts.tongue, name) else { return Ok(None) };
        if let Some(r) = of::<Request>(owner) {
            let steps = match lang.state(&r) {
                Some(state) => state.steps(phase, &configured::of_request(lang, phase, &r)),
                None => configured::of_request(lang, phase, &r).iter().cloned().map(Step::Named).collect(),
            };
            return Ok(Some(refs(steps)));
        }
        let Some(s) = of::<Server>(owner) else { return Err("this object has no handlers".into()) };
        Ok(Some(configured::of_server(lang, phase, &s).into_iter().map(|h| HandlerRef::Name(h.name)).collect()))
    }

    fn pnotes(&self, owner: Owner, here: Here, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()> {
        let _ = here;
        if let Some(r) = of::<Request>(owner) {
            let state = self.state(&r)?;
            state.pin(&r, &hold()?);
            f(&mut state.extras().pnotes.borrow_mut());
            return Ok(());
        }
        if let Some(c) = of::<Connection>(owner) {
            let state = settled(&c)?;
            f(&mut state.pnotes.borrow_mut());
            return Ok(());
        }
        if let Some(filter) = of::<Filter>(owner) {
            return self.filter_notes(&filter, f);
        }
        Err("this object has no pnotes".into())
    }

    fn dir_config(&self, owner: Owner, make: bool) -> Result<Option<Table>> {
        if let Some(r) = of::<Request>(owner) {
            let state = self.state(&r)?;
            if state.extras().dir_config.get().is_none() {
                let vars = lang()?.dir(&r).map(|d| d.vars.vars());
                if let Some(vars) = vars.filter(|v| make || !v.is_empty()) {
                    state.extras().dir_config.set(Some(table(r.pool(), vars)));
                } else if make {
                    state.extras().dir_config.set(Some(Table::new(r.pool(), 2)));
                }
            }
            return Ok(state.extras().dir_config.get());
        }
        let Some(s) = of::<Server>(owner) else { return Err("this object has no configuration".into()) };
        server_vars(lang()?, &s)
    }

    fn is_option_enabled(&self, owner: Owner, flag: &[u8]) -> Result<bool> {
        let unknown = || Fail::from(format!("\"{}\" is no such option", String::from_utf8_lossy(flag)));
        if let Some(r) = of::<Request>(owner) {
            let row = config::options::dir_option(config::Language::Perl, flag).ok_or_else(unknown)?;
            return Ok(lang()?.dir(&r).is_some_and(|d| d.options.has(row)));
        }
        let row = config::options::server_option(config::Language::Perl, flag).ok_or_else(unknown)?;
        let s = of::<Server>(owner).ok_or("this object has no options")?;
        Ok(lang()?.server(&s).is_some_and(|record| record.conf.options.has(row)))
    }

    fn location(&self, request: Owner) -> Option<Vec<u8>> {
        lang().ok()?.dir(&of::<Request>(request)?)?.location.as_deref().map(<[u8]>::to_vec)
    }

    fn ending_pool(&self) -> Option<Pool> {
        if !lang().ok()?.facts.ends_objects {
            return None;
        }
        this_request().map(|r| r.pool()).or_else(|| this_connection().map(|c| c.pool()))
    }

    fn outlives_connection(&self, pool: Pool) -> bool {
        let c = this_request().map(|r| r.connection()).or_else(this_connection);
        c.is_some_and(|c| pool != c.pool() && pool.is_ancestor(c.pool()))
    }

    fn status_text(&self, status: i32) -> String {
        format!("({status}) {}", apr::Status(status).message())
    }

    fn depth(&self) -> usize {
        let mut depth = 0;
        let _: Option<()> = Frame::find(|_| {
            depth += 1;
            None
        });
        depth
    }

    fn current_phase(&self) -> Option<&'static str> {
        Frame::find(|frame| frame.phase.map(|phase| frame.stock.lang.phase_name(phase)))
    }

    fn cleanup(&self, pool: Owner, here: Here, code: Kept, arg: Option<Kept>) -> Result<()> {
        let _ = here;
        let (stock, hold, about) =
            Frame::find(|f| Some((f.stock.clone(), f.hold.clone(), f.about))).ok_or_else(nothing_runs)?;
        if let Some(s) = of::<Server>(pool) {
            if site::with(stock.lang, |site| site.is_complete) {
                return Err("Can't run 'server_shutdown_cleanup_register' after server startup".into());
            }
            // This cleanup is registered after the one that ends all interpreters, so it runs before that one.
            let kept = Once(Cell::new(Some((hold, code, arg))));
            let _ = s.pconf().before_death(move || {
                let kept = kept;
                match kept.0.take() {
                    Some((hold, code, arg)) if serves() => {
                        run_cleanup(&stock, About::Server(s), &hold, &code, arg.as_ref());
                    }
                    _ => {}
                }
            });
            return Ok(());
        }
        let pool = of::<Pool>(pool).ok_or("this object is no pool")?;
        // A connection's pool may die on event's listener thread, which must not wait: the code runs when the interpreter is
        // next entered. In a request's or a script's own pool it runs at once, in the interpreter that is held until then.
        let of_connection = Frame::find(|frame| match frame.about {
            About::Request(r) => Some(r.connection().pool() == pool),
            About::Connection(c) => Some(c.pool() == pool),
            About::Server(_) => None,
        })
        .unwrap_or(false);
        // While the code runs it may ask for the request whose pool this is, or is below. The code runs at that request's end at the latest.
        let owner = this_request().and_then(|r| family(r).find(|r| r.pool() == pool || r.pool().is_ancestor(pool)));
        let about = match (about, owner) {
            (About::Request(_), Some(owner)) => About::Request(owner),
            (About::Request(r), None) => About::Server(r.server()),
            (about, _) => about,
        };
        if let Some(r) = owner
            && r.pool() == pool
        {
            self.state(&r)?.end_late(&r);
        }
        let of_configuration = httpd::pconf() == Some(pool);
        let kept = Once(Cell::new(Some((hold, code, arg))));
        let run = move || {
            let kept = kept;
            let Some((hold, code, arg)) = kept.0.take() else { return };
            if is_forked() || (of_configuration && !serves()) {
                return;
            }
            match of_connection {
                true => code.call_later(arg),
                false => run_cleanup(&stock, about, &hold, &code, arg.as_ref()),
            }
            drop(hold);
        };
        if let Some(r) = owner {
            let job: Job = Rc::new(Cell::new(Some(Box::new(run))));
            self.state(&r)?.add_job(&r, &job);
            let job = OfPool(job);
            let _ = pool.on_death(move || {
                let job = job;
                if let Some(run) = job.0.take() {
                    leases::at_end(run);
                }
            });
            return Ok(());
        }
        // The configuration's pool ends the interpreters before its other cleanups run.
        let _ = if of_configuration { pool.before_death(run) } else { pool.on_death(run) };
        Ok(())
    }

    fn write(&self, cx: Reenter, request: Owner, data: &[u8]) -> Result<usize, Unsent> {
        let (Some(r), Some(lang)) = (of::<Request>(request), running_lang()) else { return Err(Unsent::NotInResponse) };
        if !lang.facts.has_output {
            return r.write(data, cx).map_err(Unsent::Failed);
        }
        let Some(output) = lang.output(&r) else { return Err(Unsent::NotInResponse) };
        output.write(&r, cx, data)
    }

    fn flush(&self, cx: Reenter, request: Owner, hard: bool) -> Result<(), Unsent> {
        let (Some(r), Some(lang)) = (of::<Request>(request), running_lang()) else { return Err(Unsent::NotInResponse) };
        if !lang.facts.has_output {
            return if hard { r.flush(cx).map_err(Unsent::Failed) } else { Ok(()) };
        }
        let Some(output) = lang.output(&r) else { return Err(Unsent::NotInResponse) };
        output.flush(&r, cx, hard)
    }

    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        Frame::find(|frame| Some(frame.hold.interp().caller())).flatten()
    }

    fn makes_one_line(&self, table: Owner, key: &[u8]) -> bool {
        match (this_request(), of::<Table>(table)) {
            (Some(r), Some(table)) => api::lua::makes_one_line(&r, &table, key),
            _ => true,
        }
    }

    fn interpreter(&self) -> u64 {
        Frame::find(|frame| Some(frame.hold.id().map_or(0, tipool::ItemId::serial))).unwrap_or(0)
    }

    fn pool_figures(&self) -> Vec<(String, u64)> {
        let Some((stock, hold)) = Frame::find(|f| Some((f.stock.clone(), f.hold.clone()))) else { return Vec::new() };
        let Some(tipool) = stock.tipool() else { return Vec::new() };
        let (now, limits) = (tipool.stats(), tipool.limits());
        let figures = [
            ("interpreters", now.size),
            ("idle", now.idle),
            ("lent", now.lent),
            ("lent at most", now.max_lent),
            ("waiting", now.waiting),
            ("waiting at most", now.max_waiting),
            ("leases", now.checkouts),
            ("leases that waited", now.waits),
            ("waits in vain", now.timeouts),
            ("made", now.created),
            ("destroyed", now.destroyed),
            ("uses of this one", hold.uses()),
            ("holders of this one", Arc::strong_count(&hold) as u64 - 1),
            ("bytes trimmed", tipool.manage().trimmed()),
        ];
        let numbers = [
            ("Start", limits.start as u64),
            ("Max", limits.max as u64),
            ("MinSpare", limits.min_spare as u64),
            ("MaxSpare", limits.max_spare as u64),
            ("MaxRequests", limits.max_uses),
        ];
        let numbers = numbers.map(|(name, n)| (format!("{}Interp{name}", stock.lang.name()), n));
        figures.into_iter().map(|(name, n)| (name.to_owned(), n)).chain(numbers).collect()
    }

    fn send_cgi_header(&self, cx: Reenter, request: Owner, data: &[u8]) -> Result<(), Unsent> {
        let (Some(r), Some(lang)) = (of::<Request>(request), running_lang()) else { return Err(Unsent::NotInResponse) };
        let headers = match lang.output(&r) {
            Some(output) => output.take_headers(&r, cx, data),
            None if lang.facts.has_output => return Err(Unsent::NotInResponse),
            None => Output::new(lang).take_headers(&r, cx, data),
        };
        let body = &data[headers..];
        if body.is_empty() { Ok(()) } else { self.write(cx, request, body).map(drop) }
    }

    fn headers_are_set(&self, request: Owner) {
        if let (Some(r), Some(lang)) = (of::<Request>(request), running_lang())
            && let Some(output) = lang.output(&r)
        {
            output.headers_are_set();
        }
    }

    fn fill_env(&self, cx: Reenter, request: Owner) -> Result<()> {
        let r = of::<Request>(request).ok_or("this object is no request")?;
        self.state(&r)?;
        lang()?.fill_env(cx, &r)
    }

    fn config_is_changed(&self, request: Owner) {
        if let Some(state) = of::<Request>(request).as_ref().and_then(state_of) {
            state.extras().dir_config.set(None);
        }
    }

    fn add_config(
        &self,
        owner: Owner,
        lines: &[&[u8]],
        overrides: i32,
        path: Option<&[u8]>,
        options: i32,
    ) -> Result<()> {
        let given = |bits: i32| (bits != -1).then_some(bits);
        if let Some(r) = of::<Request>(owner) {
            let rules = Rules { overrides: given(overrides), options: given(options), path };
            startup::as_code(|| r.add_config(lines, rules))?;
            self.config_is_changed(owner);
            return Ok(());
        }
        let s = of::<Server>(owner).ok_or("this object has no configuration")?;
        if site::with(lang()?, |site| site.is_complete) {
            return Err("Can't run '$s->add_config' after server startup".into());
        }
        let written = || lang().ok()?.server(&s).map(|record| record.conf.vars.vars().clone());
        let before = written().unwrap_or_default();
        startup::as_code(|| s.add_config(lines))?;
        if let (Some(asked), Some(now)) = (lang()?.server(&s).and_then(|record| *record.vars()), written()) {
            for (name, _) in now.iter().filter(|(name, _)| !now.get_all(name).eq(before.get_all(name))) {
                asked.unset(name);
                now.get_all(name).for_each(|value| asked.add(name, value));
            }
        }
        Ok(())
    }

    fn register_auth_provider(
        &self,
        (group, name, version): (&[u8], &[u8], &[u8]),
        check: HandlerRef,
        second: Option<HandlerRef>,
        kind: i32,
    ) -> Result<()> {
        if site::with(lang()?, |site| site.is_complete) {
            return Err("Can't run 'register_auth_provider' after server startup".into());
        }
        let group = Group::by_name(group).ok_or("argument 2 (group) must be \"authn\" or \"authz\"")?;
        let role: &[u8] = if group == Group::Authn { b"hash" } else { b"line" };
        let handler = |handler: HandlerRef, role: &[u8]| {
            let step = steps(vec![handler]).pop().ok_or("the callback is no handler")?;
            match named(step, role)? {
                Step::Named(handler) => Ok(handler),
                Step::Code(_) => Err(Fail::from("this code has no name")),
            }
        };
        let second = second.map(|second| handler(second, role)).transpose()?;
        let provider = Provider { group, name: name.into(), check: handler(check, b"")?, second };
        provider::register(lang()?, provider, version, kind)
            .map_err(|s| Box::new(Raise::Status(s.code(), "Apache2::RequestUtil::register_auth_provider")))
    }

    fn set_current(&self, request: Owner) -> Result<()> {
        let r = of::<Request>(request).ok_or("this object is no request")?;
        let chosen = (r, self.state(&r)?.ticket());
        match (this_request(), this_connection()) {
            (Some(this), _) if this == r => {
                let state = self.state(&this)?;
                state.is_global.set(true);
                if state.has_extras() {
                    state.extras().chosen.set(None);
                }
            }
            (Some(this), _) => self.state(&this)?.extras().chosen.set(Some(chosen)),
            (None, Some(c)) => ConnectionState::of(lang()?, &c).ok_or(NO_STATE)?.chosen.set(Some(chosen)),
            (None, None) => {}
        }
        Ok(())
    }
}

/// `PerlOptions +GlobalRequest` of the request's directory.
fn globally(lang: Lang, r: &Request) -> bool {
    lang.dir(r).is_some_and(|d| d.options.is(config::DirOption::GlobalRequest))
}

/// Lets a closure own values that are not `Send`: it runs once, on the thread on which its pool dies.
struct Once(Cell<Option<(Hold, Kept, Option<Kept>)>>);
// SAFETY: the pool and the interpreter belong to one request or connection, used on one thread at a time (SAFETY.md).
unsafe impl Send for Once {}

/// A cleanup that the end of its request may have run already.
struct OfPool(Job);
// SAFETY: as for `Once`: pool and request belong together, and are used on one thread at a time.
unsafe impl Send for OfPool {}

fn run_cleanup(stock: &Arc<Stock>, subject: About, hold: &Hold, code: &Kept, arg: Option<&Kept>) {
    let call = Call { lang: stock.lang, phase: None, about: OfJob { subject, hold }, stock };
    let done = call.run(|entry| match arg {
        Some(arg) => entry.call_kept(code, &[arg.val()]),
        None => entry.call_kept(code, &[]),
    });
    if let Ok(Err(raised)) = done
        && !matches!(raised, Raised::Exit(_))
    {
        report::warn(stock.lang, &format!("cleanup: {raised}"));
    }
}

/// The state of a request in the language of the code that asks, if it has one.
fn state_of(r: &Request) -> Option<&RequestState> {
    running_lang()?.state(r)
}
