//! From pre_config to child_exit.
//!
//! httpd reads its configuration twice when it starts, and once per restart. Start-up code runs each time, as with mod_perl;
//! clones are made only in the pass that will serve, before the fork, so that children share their pages.

use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use apr::Pool;
use config::{Access, Context, Directive, Effect, Phase, ServerOption};
use httpd::log::Level;
use httpd::provider::{Group, PER_CONF};
use httpd::server::{MainState, RunMode};
use httpd::status::{HTTP_INTERNAL_SERVER_ERROR, OK};
use httpd::{Command, Pools, Server, ServerEdit, Slots};
use interp_perl::Load;
use tipool::Late;

use super::dispatch::{self, in_parent};
use super::frame::{About, Frame};
use super::keeper::Keeper;
use super::provider::{self, Provider};
use super::stock::Stock;
use super::{PerlHost, ServerRecord, configured, report, site};

/// The process in which this is one of the server's children; 0 in the server's parent.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// A script called `CORE::exit`: the process ends as it is.
static LEAVING: AtomicBool = AtomicBool::new(false);

static KEEPER: Mutex<Option<Keeper>> = Mutex::new(None);

/// Ends this process for a script that called `CORE::exit`.
pub fn leave(status: c_int) -> ! {
    LEAVING.store(true, SeqCst);
    std::process::exit(status)
}

thread_local! {
    /// Lines are being fed by `add_config`: by code, which may run more code.
    static FROM_CODE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, which feeds lines of configuration that a script made.
pub fn as_code<R>(f: impl FnOnce() -> R) -> R {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            FROM_CODE.set(self.0);
        }
    }
    let _back = Back(FROM_CODE.replace(true));
    f()
}

/// Whether this is a child of the server's (not of a script).
pub fn is_child() -> bool {
    CHILD.load(SeqCst) == std::process::id() as i32
}

/// The main server of the configuration that is being read or used.
pub fn main_server() -> Option<Server> {
    Server::main()
}

/// The module was loaded for a pass.
pub fn loaded(pconf: Pool) {
    Server::set_main(None);
    site::begin();
    dispatch::forget_use();
    httpd::server::define(c"MODPERL2");
    // Before the pool's own memory and cleanups go: END blocks may still look at servers.
    let _ = pconf.before_death(|| {
        if LEAVING.load(SeqCst) || interp_perl::inside() > 0 {
            return;
        }
        site::end(httpd::server::run_mode() == RunMode::Normal);
        Server::set_main(None);
    });
}

/// pre_config, after everyone: httpd has become a daemon by now, if it does.
pub fn pre_config() {
    apr::adopt_cleanups();
    interp_perl::adopt_process();
}

/// httpd made the record of a server.
pub fn new_server(s: &Server) {
    if !s.is_virtual() {
        Server::set_main(Some(*s));
    }
}

/// A directive was read.
///
/// # Errors
/// What the administrator is to read.
pub fn directive(
    row: &'static Directive,
    cmd: &Command<'_>,
    slots: &Slots<'_, PerlHost>,
    args: &[&[u8]],
) -> Result<(), String> {
    let s = cmd.server();
    let at = config::Where::new(&*String::from_utf8_lossy(cmd.file().unwrap_or(b"")), cmd.line());
    let running = main_stock().is_some();
    let server_running = slots.server().is_some_and(|record| record.stock().is_some()) || (!s.is_virtual() && running);
    let effect = slots.edit(|server, dir| {
        let mut context = Context {
            server: match server {
                ServerEdit::Write(record) => Access::Write(&mut record.conf),
                ServerEdit::Read(record) => Access::Read(&record.conf),
            },
            dir,
            place: cmd.place(),
            at: at.clone(),
            from_code: FROM_CODE.get(),
            mpm_threaded: httpd::mpm::is_threaded(),
            perl_has_ithreads: interp_perl::HAS_ITHREADS,
            running,
            server_running,
            getenv: config::apply::process_env,
        };
        row.apply(&mut context, args)
    })??;
    if row.names_handlers() {
        // PerlInitHandler, the only one without a phase of its own, stands for two.
        for phase in row.phase().map_or([Phase::PostReadRequest, Phase::HeaderParser], |phase| [phase; 2]) {
            dispatch::mark_in_use(phase);
        }
    }
    if !cmd.is_serving()
        && row.names_handlers()
        && let Some(handler) = args.first().and_then(|word| config::Handler::new(word, at))
    {
        site::note_handler(s, row.name, handler);
    }
    act(&s, cmd, slots, effect)
}

fn act(s: &Server, cmd: &Command<'_>, slots: &Slots<'_, PerlHost>, effect: Effect) -> Result<(), String> {
    match effect {
        Effect::Done => Ok(()),
        Effect::Note(text) => {
            report::server(Some(s), Level::Info, &text);
            Ok(())
        }
        Effect::RequireNow(item) => {
            let directive = String::from_utf8_lossy(cmd.name()).into_owned();
            load_now(s, slots, &directive, &item)
        }
        Effect::RunNow(item) => site::run(s, &stock_now(s, slots)?, &item),
        Effect::ModuleNow(item) => load_now(s, slots, "PerlModule", &item),
        Effect::Provider { group, name, handler } => {
            let group = Group::by_name(group.as_bytes()).ok_or("there is no such group of providers")?;
            let provider = Provider { group, name, check: handler, second: None };
            provider::register(provider, b"0", PER_CONF)
                .map_err(|s| format!("{}: {}", String::from_utf8_lossy(cmd.name()), s.message()))
        }
        Effect::EnvNow { name, value } => {
            let stock = stock_now(s, slots)?;
            in_parent(About::Server(*s), None, &stock, |entered| entered.set_env([(&*name, &*value)], true));
            Ok(())
        }
    }
}

/// Loads a file or module: where the line is fed by code, in that code's interpreter, else in the server's.
fn load_now(s: &Server, slots: &Slots<'_, PerlHost>, directive: &str, item: &config::Queued) -> Result<(), String> {
    let feeding = if FROM_CODE.get() { Frame::find(|frame| Some(frame.hold.clone())) } else { None };
    match feeding {
        Some(hold) => hold.run(|perl| site::load_into(&perl.enter(), directive, item)),
        None => site::load(s, &stock_now(s, slots)?, directive, item),
    }
}

/// The stock in which start-up code of this server runs, started if need be.
fn stock_now(s: &Server, slots: &Slots<'_, PerlHost>) -> Result<Arc<Stock>, String> {
    let record = slots.server().ok_or("the server has no configuration record")?;
    if let Some(stock) = record.stock() {
        return Ok(stock.clone());
    }
    let main = start_main()?;
    if !s.is_virtual() {
        return Ok(main);
    }
    start_virtual(s, record, &main).map(|stock| stock.unwrap_or(main))
}

/// The interpreters of a server (of none: the main one), its parent started if it does not run: for modules in C that want
/// it while the file is being read.
///
/// # Errors
/// What the administrator is to read.
pub fn start_for(s: Option<Server>) -> Result<Arc<Stock>, String> {
    let main = start_main()?;
    let Some(s) = s.filter(Server::is_virtual) else { return Ok(main) };
    // A virtual host without a directive of ours has no record while the file is being read.
    let Some(record) = s.config::<PerlHost>() else { return Ok(main) };
    Ok(start_virtual(&s, record, &main)?.unwrap_or(main))
}

/// The main server's interpreters, once its parent runs.
pub fn main_stock() -> Option<Arc<Stock>> {
    main_server()?.config::<PerlHost>()?.stock().cloned()
}

/// The parent of the main server; started with its queue if it does not run.
fn start_main() -> Result<Arc<Stock>, String> {
    let main = main_server().ok_or("there is no main server yet")?;
    let record = main.config::<PerlHost>().ok_or("the main server has no configuration record")?;
    if let Some(stock) = record.stock() {
        return Ok(stock.clone());
    }
    if httpd::mpm::is_threaded() && !interp_perl::HAS_ITHREADS {
        return Err(format!(
            "LoadModule: MPM {} has threads, but this perl was built without ithreads (usethreads): use mpm_prefork",
            String::from_utf8_lossy(httpd::mpm::name())
        ));
    }
    let stock = site::start_parent(&main, &record.conf)?;
    record.set_stock(&stock);
    site::run_queue(&main, &stock, &record.conf)?;
    // Those virtual hosts that stand before the line that starts perl run their queues now, as with mod_perl: what their
    // code adds to the main server's configuration holds for them, too.
    for s in main.chain().filter(Server::is_virtual) {
        if let Some(record) = s.config::<PerlHost>() {
            start_virtual(&s, record, &stock)?;
        }
    }
    Ok(stock)
}

/// What a virtual host draws from; `None` if Perl is switched off there.
fn start_virtual(s: &Server, record: &ServerRecord, main: &Arc<Stock>) -> Result<Option<Arc<Stock>>, String> {
    if let Some(stock) = record.stock() {
        return Ok(Some(stock.clone()));
    }
    let conf = &record.conf;
    if !conf.is_enabled() {
        return Ok(None);
    }
    if conf.has_own_tipool() && !interp_perl::HAS_ITHREADS {
        let option = if conf.has_own_parent() { "Parent" } else { "Clone" };
        return Err(format!("PerlOptions: \"+{option}\" needs a perl with ithreads ({})", site::name_of(s)));
    }
    let stock = if conf.has_own_parent() {
        site::start_parent(s, conf)?
    } else if conf.has_own_tipool() {
        site::share_parent(s, main)
    } else {
        main.clone()
    };
    record.set_stock(&stock);
    site::run_queue(s, &stock, conf)?;
    Ok(Some(stock))
}

fn failed(s: &Server, text: &str) -> c_int {
    report::server(Some(s), Level::Emerg, text);
    HTTP_INTERNAL_SERVER_ERROR
}

/// Starts what is to run and opens the stocks.
fn start_all(s: &Server) -> Result<(), String> {
    let main = start_main()?;
    let (threaded, bell) = (httpd::mpm::is_threaded(), site::with(|site| site.bell.clone()));
    for server in s.chain() {
        let Some(record) = server.config::<PerlHost>() else { continue };
        let own = if server.is_virtual() { start_virtual(&server, record, &main)? } else { Some(main.clone()) };
        let Some(stock) = own else { continue };
        let owns = !server.is_virtual() || !Arc::ptr_eq(&stock, &main);
        if owns {
            for text in record.conf.check() {
                report::server(Some(&server), Level::Warn, &text);
            }
            stock.open(record.conf.limits(server.timeout()), threaded, &bell, report::warn);
        }
    }
    Ok(())
}

/// open_logs, before the handlers of that phase.
pub fn before_start(s: &Server) -> c_int {
    match start_all(s) {
        Ok(()) => OK,
        Err(text) => failed(s, &text),
    }
}

/// `httpd -t`: what a start would run, without what could touch the running server.
pub fn check_config(s: &Server) -> c_int {
    if httpd::server::run_mode() != RunMode::ConfigTest {
        return OK;
    }
    let enabled = s.config::<PerlHost>().is_none_or(|record| record.conf.options.is(ServerOption::ConfigTest));
    if !enabled {
        return OK;
    }
    match start_all(s).and_then(|()| resolve_early()) {
        Ok(()) => OK,
        Err(text) => failed(s, &text),
    }
}

/// Resolves `+Name` handlers and, under `PerlOptions +AutoLoad`, all.
fn resolve_early() -> Result<(), String> {
    for (s, directive, handler) in site::early_handlers() {
        let Some(record) = s.config::<PerlHost>() else { continue };
        let autoload = record.conf.options.is(ServerOption::Autoload);
        let Some(stock) = record.stock().filter(|_| handler.is_early(autoload)) else { continue };
        let id = handler.id.index() as u32;
        let found =
            in_parent(About::Server(s), None, stock, |entered| entered.resolve(id, &handler.name, Load::IfMissing));
        if let Err(raised) = found {
            return Err(format!(
                "{directive}: \"{}\" ({}): cannot be resolved: {raised}",
                handler.display_name(),
                handler.at
            ));
        }
    }
    Ok(())
}

/// post_config, after everyone: the last start-up code, then the clones.
pub fn after_start(pools: Pools, s: &Server) -> c_int {
    match finish_start(pools, s) {
        Ok(()) => OK,
        Err(text) => failed(s, &text),
    }
}

fn finish_start(pools: Pools, s: &Server) -> Result<(), String> {
    for server in s.chain() {
        let Some(record) = server.config::<PerlHost>() else { continue };
        let Some(stock) = record.stock() else { continue };
        for item in &record.conf.post_config_requires {
            site::load(&server, stock, "PerlPostConfigRequire", item)?;
        }
    }
    httpd::server::add_version_component(pools.conf, super::env::MOD_PERL.as_bytes());
    if let Some(stock) = main_stock() {
        let version =
            in_parent(About::Server(*s), None, &stock, |entered| entered.run_text(b"sprintf 'Perl/v%vd', $^V", None));
        httpd::server::add_version_component(pools.conf, &version.unwrap_or_else(|_| b"Perl".to_vec()));
    }
    resolve_early()?;
    let serves = httpd::server::main_state() == MainState::CreateConfig;
    for stock in site::stocks() {
        in_parent(About::Server(*s), None, &stock, |entered| entered.seal());
        if let (true, Some(tipool)) = (serves, stock.tipool()) {
            tipool
                .start()
                .map_err(|e| format!("PerlInterpStart: cannot make an interpreter of {}: {e}", stock.server))?;
        }
    }
    site::with(|site| site.is_complete = true);
    Ok(())
}

/// child_init, before everyone.
pub fn before_child(pool: Pool, s: Server) {
    interp_perl::adopt_process();
    CHILD.store(std::process::id() as i32, SeqCst);
    for stock in site::stocks() {
        in_parent(About::Server(s), None, &stock, |entered| entered.forget_srand());
    }
    // Prefork's SIGTERM runs the pool's end inside the signal handler: if that met a script, nothing of it may run, not
    // even the end of the requests in there.
    let _ = pool.before_death(leave_at_once_inside_a_script);
    let _ = pool.on_death(move || child_exit(pool, s));
}

/// A child's phases.
pub fn child(phase: Phase, pool: Pool, s: &Server) {
    dispatch::server(phase, s, &[pool]);
    if phase == Phase::ChildInit {
        let bell = site::with(|site| site.bell.clone());
        *KEEPER.lock().unwrap_or_else(PoisonError::into_inner) = Keeper::start(site::stocks(), bell);
    }
}

/// The child's pool dies: the process is about to end in order.
fn child_exit(pool: Pool, s: Server) {
    if interp_perl::is_forked() || LEAVING.load(SeqCst) {
        return;
    }
    // The keeper first: it may have the parent's lock for as long as a clone takes.
    let keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let stopped = keeper.is_none_or(Keeper::stop);
    if stopped {
        dispatch::server(Phase::ChildExit, &s, &[pool]);
    } else {
        let text = "the keeper did not end in time: it is left to the kernel, ChildExit handlers and the parent's END are skipped";
        report::server(Some(&s), Level::Warn, text);
    }
    let mut busy = 0;
    for stock in site::stocks() {
        if let Some(tipool) = stock.tipool() {
            busy += tipool.close(Late::Abandon);
        }
        if stopped {
            for text in stock.parent.run(interp_perl::Perl::end) {
                report::warn(&format!("END: {}", String::from_utf8_lossy(&text).trim_end()));
            }
        }
    }
    if busy > 0 {
        let text = format!("{busy} interpreters in use are left to the kernel, END is not run there");
        report::server(Some(&s), Level::Info, &text);
    }
}

fn leave_at_once_inside_a_script() {
    if !httpd::mpm::is_threaded() && interp_perl::inside() > 0 && !interp_perl::is_forked() && !LEAVING.load(SeqCst) {
        // Prefork's SIGTERM runs this inside a signal handler, in the middle of a script. Nothing can be done but say so and
        // go: httpd's own cleanups, which come next, free memory, and wait for ever if malloc was interrupted.
        let text = b"mod_interp: ended by a signal inside a script: ChildExit handlers and END blocks are skipped\n";
        // SAFETY: the bytes are there; both may be called from a signal handler.
        unsafe {
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::_exit(0);
        }
    }
}

/// Changes the configured handlers of a server: `$s->push_handlers`. In a child it holds in that process, from then on. False
/// for an unknown phase.
///
/// # Errors
/// When the configuration cannot be changed.
pub fn change_handlers(
    s: &Server,
    name: &[u8],
    change: impl FnOnce(&[config::Handler]) -> Vec<config::Handler>,
) -> Result<bool, String> {
    let Some(phase) = Phase::by_name(name) else { return Ok(false) };
    dispatch::mark_in_use(phase);
    if site::with(|site| site.is_complete) {
        configured::change(phase, s, change);
        return Ok(true);
    }
    s.edit::<PerlHost, _>(|record, dir| match phase.row().scope {
        config::Scope::Directory | config::Scope::Filter => {
            if let Some(dir) = dir {
                let new = change(dir.handlers(phase));
                dir.set_handlers(phase, new);
            }
        }
        _ => {
            let new = change(record.conf.handlers(phase));
            record.conf.set_handlers(phase, new);
        }
    })
    .ok_or_else(|| "the server's configuration cannot be changed here".to_owned())?;
    Ok(true)
}
