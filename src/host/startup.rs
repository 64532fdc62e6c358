//! The life of a server, from pre_config to child_exit.
//!
//! httpd reads its configuration twice when it starts, and once per restart. Start-up code runs each time, as with mod_perl;
//! clones are made only in the pass that will serve, before the fork, so that children share their pages.

use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, MutexGuard, PoisonError};

use apr::Pool;
use config::{Access, Context, Directive, Effect, Phase, Queued, ServerOption, What};
use httpd::log::Level;
use httpd::provider::PER_CONF;
use httpd::server::{MainState, RunMode};
use httpd::status::{HTTP_INTERNAL_SERVER_ERROR, OK};
use httpd::{Command, Pools, Server, ServerEdit, Slots};
use leases::Keeper;
use tipool::Late;

use super::about::About;
use super::call::{enter_any, in_parent};
use super::lang::{CommonHost, Lang};
use super::languages::{self, languages};
use super::lease::{self, Frame, Stock, choose};
use super::provider::{self, Provider};
use super::site::Early;
use super::{ServerRecord, configured, dispatch, hint, report, site};

/// The process id of this child of the server's; 0 in the server's parent.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// What this module adds to the `Server` header, and so to httpd's line about its start.
const OWN_VERSION: &[u8] = concat!("mod_interp/", env!("CARGO_PKG_VERSION")).as_bytes();

/// Whether a script called `CORE::exit`: the process then ends as it is.
static LEAVING: AtomicBool = AtomicBool::new(false);

fn keeper(lang: Lang) -> MutexGuard<'static, Option<Keeper>> {
    lang.own().keeper.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether other threads of this process may be serving requests.
pub fn serves_beside(lang: Lang) -> bool {
    httpd::mpm::is_threaded() && keeper(lang).is_some()
}

/// Why handlers of a phase that mod_perl does not have cannot be added while the server serves.
pub const NOT_CALLED: &str =
    "httpd calls for this phase only where a line of the server's configuration, or its start-up code, names it";

/// Ends this process for a script that called `CORE::exit`.
pub fn leave(status: c_int) -> ! {
    LEAVING.store(true, SeqCst);
    std::process::exit(status)
}

thread_local! {
    /// Whether the lines being read were fed by code (`add_config`).
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

/// Called when httpd loads the module for a pass.
pub fn loaded(lang: Lang, pconf: Pool) {
    Server::set_main(None);
    languages::loaded(lang);
    site::begin(lang);
    lang.own().forget_use();
    httpd::skipped::watch(pconf);
    // This runs before the pool's own memory and cleanups go, since END blocks may still look at servers.
    let _ = pconf.before_death(move || {
        if LEAVING.load(SeqCst) || interp::inside() > 0 {
            return;
        }
        site::end(lang, serves());
    });
    let _ = pconf.on_death(|| Server::set_main(None));
}

/// Whether this httpd is to serve. `httpd -t` and its like run no END blocks, since those could touch what the running server has.
pub fn serves() -> bool {
    httpd::server::run_mode() == RunMode::Normal
}

/// pre_config, after all other modules: if httpd becomes a daemon, it has done so by now.
pub fn pre_config() {
    apr::adopt_cleanups();
    interp::adopt_process();
}

/// Called when httpd has made the record of a server.
pub fn new_server(s: &Server) {
    if !s.is_virtual() {
        Server::set_main(Some(*s));
    }
}

/// Called for each directive of ours that httpd reads.
///
/// # Errors
/// What the administrator is to read.
pub fn directive<H: CommonHost>(
    lang: Lang,
    row: &'static Directive,
    cmd: &Command<'_>,
    slots: &Slots<'_, H>,
    args: &[&[u8]],
) -> Result<(), String> {
    let s = cmd.server();
    let at = config::Where::new(&*String::from_utf8_lossy(cmd.file().unwrap_or(b"")), cmd.line());
    let running = main_stock(lang).is_some();
    let server_running = choose(lang, &About::Server(s)).is_some() || (!s.is_virtual() && running);
    let effect = slots
        .edit(|server, dir| {
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
                perl_has_ithreads: lang.facts.has_threads,
                running,
                server_running,
                getenv: config::process_env,
            };
            row.apply(&mut context, args)
        })?
        .map_err(|e| e.to_string())?;
    if !cmd.is_serving() {
        note_handlers(lang, &s, slots, &effect);
    }
    let record = slots.server();
    if !cmd.is_serving() && record.is_some_and(|record| record.conf.options.is(ServerOption::Htaccess)) {
        // A .htaccess file may name any of them, when no callback can be registered any more.
        Phase::all().filter(|phase| phase.row().of(lang.facts.tongue).is_some()).for_each(|phase| {
            lang.call_for(phase);
        });
    }
    match effect {
        Effect::Done => Ok(()),
        Effect::Note(note) => {
            let level = if note.is_contradiction() && !cmd.is_serving() { Level::Warn } else { Level::Info };
            report::server(lang, Some(&s), level, &format!("{note} ({})", note.at));
            Ok(())
        }
        Effect::Run(item) => run_now(lang, &s, record, &item),
        Effect::Provider(config::NamedProvider { directive, group, name, handler }) => {
            let provider = Provider { group, name, check: handler, second: None };
            provider::register(lang, provider, b"0", PER_CONF).map_err(|s| format!("{directive}: {}", s.message()))
        }
        effect @ (Effect::Handlers(_) | Effect::Map(_) | Effect::Filter(_)) => {
            if let Effect::Handlers(named) = &effect {
                if !lang.call_for(named.phase) {
                    return Err(format!("{}: {NOT_CALLED}", named.directive));
                }
                lang.own().mark_in_use(named.phase);
            }
            lang.act(effect)
        }
        Effect::EnvNow { name, value } => {
            let stock = stock_now(lang, &s, record)?;
            in_parent(&s, &stock, |entry| lang.set_env(entry, &name, &value));
            Ok(())
        }
    }
}

/// Notes the handlers that a line named, since they may have to be resolved at start-up.
fn note_handlers<H: CommonHost>(lang: Lang, s: &Server, slots: &Slots<'_, H>, effect: &Effect) {
    let script;
    let (directive, named) = match effect {
        Effect::Handlers(named) => (named.directive, &named.handlers[..]),
        Effect::Provider(provider) => (provider.directive, std::slice::from_ref(&provider.handler)),
        Effect::Map(map) => {
            script = map.as_handler();
            ("LuaMapHandler", script.as_slice())
        }
        Effect::Filter(filter) => {
            script = Some(filter.as_handler());
            (filter.direction.directive(), script.as_slice())
        }
        _ => return,
    };
    for handler in named {
        site::note_handler(lang, Early { server: *s, directive, handler: handler.clone(), section: slots.section() });
    }
}

/// Runs start-up code at once: in the interpreter whose code has fed the line, else in the server's.
fn run_now(lang: Lang, s: &Server, record: Option<&ServerRecord>, item: &Queued) -> Result<(), String> {
    let of_lang = |frame: &Frame<'_>| std::ptr::eq(frame.stock.lang, lang).then(|| frame.hold.clone());
    let feeding = if FROM_CODE.get() && item.what != What::Code { Frame::find(of_lang) } else { None };
    match feeding {
        Some(hold) => enter_any(&hold, |entry| site::run_in(lang, s, entry, item)),
        None => site::run(s, &stock_now(lang, s, record)?, item),
    }
}

/// The stock in which start-up code of this server runs; it is started here if it does not run yet.
fn stock_now(lang: Lang, s: &Server, record: Option<&ServerRecord>) -> Result<Arc<Stock>, String> {
    let record = record.ok_or("the server has no configuration record")?;
    if let Some(stock) = choose(lang, &About::Server(*s)) {
        return Ok(stock.clone());
    }
    let main = start_main(lang)?;
    if !s.is_virtual() {
        return Ok(main);
    }
    start_virtual(lang, s, record, &main).map(|stock| stock.unwrap_or(main))
}

/// The interpreters of a server, or of the main server if none is given. The parent is started here if it does not run yet: modules in
/// C want it while the configuration is being read.
///
/// # Errors
/// What the administrator is to read.
pub fn start_for(lang: Lang, s: Option<Server>) -> Result<Arc<Stock>, String> {
    let main = start_main(lang)?;
    let Some(s) = s.filter(Server::is_virtual) else { return Ok(main) };
    // A virtual host without a directive of ours has no record while the file is being read.
    let Some(record) = lang.server(&s) else { return Ok(main) };
    Ok(start_virtual(lang, &s, record, &main)?.unwrap_or(main))
}

/// The main server's interpreters, once its parent runs.
pub fn main_stock(lang: Lang) -> Option<Arc<Stock>> {
    choose(lang, &About::Server(Server::main()?)).cloned()
}

/// The parent of the main server; if it does not run yet, it is started here and loads its queue.
fn start_main(lang: Lang) -> Result<Arc<Stock>, String> {
    let main = Server::main().ok_or("there is no main server yet")?;
    let record = lang.server(&main).ok_or("the main server has no configuration record")?;
    if let Some(stock) = choose(lang, &About::Server(main)) {
        return Ok(stock.clone());
    }
    if httpd::mpm::is_threaded() && !lang.facts.has_threads {
        return Err(format!(
            "LoadModule: MPM {} has threads, but this perl was built without ithreads (usethreads): use mpm_prefork",
            String::from_utf8_lossy(httpd::mpm::name())
        ));
    }
    let stock = site::start_parent(lang, &main, &record.conf)?;
    record.draws.give(&stock);
    site::run_queue(&main, &stock, &record.conf)?;
    // Virtual hosts that stand before the line that starts perl run their queues now, as with mod_perl: what their code adds to the
    // main server's configuration holds for them, too.
    for s in main.chain().filter(Server::is_virtual) {
        if let Some(record) = lang.server(&s) {
            start_virtual(lang, &s, record, &stock)?;
        }
    }
    Ok(stock)
}

/// The stock from which a virtual host draws; `None` if the language is switched off there.
fn start_virtual(
    lang: Lang,
    s: &Server,
    record: &ServerRecord,
    main: &Arc<Stock>,
) -> Result<Option<Arc<Stock>>, String> {
    if let Some(stock) = choose(lang, &About::Server(*s)) {
        return Ok(Some(stock.clone()));
    }
    let conf = &record.conf;
    if !conf.is_enabled() {
        return Ok(None);
    }
    if conf.has_own_tipool() && !lang.facts.has_threads {
        let option = if conf.has_own_parent() { "Parent" } else { "Clone" };
        return Err(format!("{}Options: \"+{option}\" needs a perl with ithreads ({})", lang.name(), site::name_of(s)));
    }
    let stock = if conf.has_own_parent() {
        site::start_parent(lang, s, conf)?
    } else if conf.has_own_tipool() {
        site::share_parent(s, main)
    } else {
        main.clone()
    };
    record.draws.give(&stock);
    site::run_queue(s, &stock, conf)?;
    Ok(Some(stock))
}

fn failed(lang: Lang, s: &Server, text: &str) -> c_int {
    report::server(lang, Some(s), Level::Emerg, text);
    HTTP_INTERNAL_SERVER_ERROR
}

/// Starts the parents that do not run yet, and opens the stocks.
fn start_all(lang: Lang, s: &Server) -> Result<(), String> {
    let main = start_main(lang)?;
    let (threaded, bell) = (httpd::mpm::is_threaded(), site::with(lang, |site| site.bell.clone()));
    for server in s.chain() {
        let Some(record) = lang.server(&server) else { continue };
        let own = if server.is_virtual() { start_virtual(lang, &server, record, &main)? } else { Some(main.clone()) };
        let Some(stock) = own else { continue };
        for text in record.conf.check() {
            report::server(lang, Some(&server), Level::Warn, &text);
        }
        let owns = !server.is_virtual() || !Arc::ptr_eq(&stock, &main);
        if owns {
            stock.open(lease::limits(&record.conf.limits(server.timeout())), threaded, &bell);
        }
    }
    Ok(())
}

/// open_logs, before the handlers of that phase.
pub fn before_start(lang: Lang, s: &Server) -> c_int {
    lang.log_is_open();
    match start_all(lang, s) {
        Ok(()) => OK,
        Err(text) => failed(lang, s, &text),
    }
}

/// `httpd -t`: runs the start-up code that a start would run, without what could touch the running server.
pub fn check_config(lang: Lang, s: &Server) -> c_int {
    if httpd::server::run_mode() != RunMode::ConfigTest {
        return OK;
    }
    let enabled = lang.server(s).is_none_or(|record| record.conf.options.is(ServerOption::ConfigTest));
    if !enabled {
        return OK;
    }
    match start_all(lang, s).and_then(|()| resolve_early(lang)) {
        Ok(()) => {
            hint::misspelt_handlers(lang);
            OK
        }
        Err(text) => failed(lang, s, &text),
    }
}

/// Resolves `+Name` handlers and, under `PerlOptions +AutoLoad`, all.
fn resolve_early(lang: Lang) -> Result<(), String> {
    for Early { server, directive, handler, section } in site::early_handlers(lang) {
        let Some(record) = lang.server(&server) else { continue };
        let autoload = record.conf.options.is(ServerOption::AutoLoad);
        let about = About::Server(server);
        let Some(stock) = choose(lang, &about).filter(|_| handler.is_early(autoload)) else { continue };
        // SAFETY: the handlers noted are those of this pass (`site::begin`), of which all lines have been read.
        let section = section.as_ref().map(|section| unsafe { section.get() });
        let found = in_parent(&server, stock, |entry| lang.resolve(entry, &handler, &server, section));
        if let Err(raised) = found {
            let text = raised.to_string();
            let hint = lang.explain(text.as_bytes(), Some(&handler.name)).map(|hint| format!(" ({hint})"));
            return Err(format!(
                "{directive}: \"{}\" ({}): cannot be resolved: {text}{}",
                handler.display_name(),
                handler.at,
                hint.unwrap_or_default()
            ));
        }
    }
    Ok(())
}

/// post_config, after all other modules: runs the last start-up code, then makes the clones.
pub fn after_start(lang: Lang, pools: Pools, s: &Server) -> c_int {
    match finish_start(lang, pools, s) {
        Ok(()) => OK,
        Err(text) => failed(lang, s, &text),
    }
}

fn finish_start(lang: Lang, pools: Pools, s: &Server) -> Result<(), String> {
    for server in s.chain() {
        let Some(record) = lang.server(&server) else { continue };
        let about = About::Server(server);
        let Some(stock) = choose(lang, &about) else { continue };
        for item in record.conf.post_config_requires.iter() {
            site::run(&server, stock, item)?;
        }
    }
    let versions = match main_stock(lang) {
        Some(stock) => in_parent(s, &stock, |entry| lang.version(Some(entry))),
        None => lang.version(None),
    };
    // The version is added once for both languages, before the words that they add.
    if !httpd::server::description().windows(OWN_VERSION.len()).any(|part| part == OWN_VERSION) {
        httpd::server::add_version_component(pools.conf, OWN_VERSION);
    }
    for version in versions {
        httpd::server::add_version_component(pools.conf, &version);
    }
    resolve_early(lang)?;
    httpd::provider::look_after_askers();
    lang.register_end();
    httpd::register_sent();
    let makes_clones = httpd::server::main_state() == MainState::CreateConfig;
    if makes_clones && httpd::mpm::is_threaded() {
        tell_waiting(lang, s);
    }
    if makes_clones {
        hint::skipped_modules(lang);
        hint::misspelt_handlers(lang);
    }
    for stock in site::stocks(lang) {
        in_parent(s, &stock, |entry| lang.seal(entry));
        if let (true, Some(tipool)) = (makes_clones, stock.tipool()) {
            for text in in_parent(s, &stock, |entry| lang.not_cloned(entry)) {
                report::server(lang, Some(s), Level::Warn, &format!("{}: {text}", stock.server));
            }
            tipool.start().map_err(|e| {
                format!("{}InterpStart: cannot make an interpreter of {}: {e}", lang.name(), stock.server)
            })?;
        }
    }
    site::with(lang, |site| site.is_complete = true);
    Ok(())
}

/// Logs, once for each server with interpreters of its own, which of its numbers make requests wait.
fn tell_waiting(lang: Lang, s: &Server) {
    let threads = usize::try_from(httpd::mpm::threads()).unwrap_or(1);
    // The last of the languages logs this for both.
    let other = languages().rev().find(|other| !std::ptr::eq(*other, lang));
    let tells = languages().next_back().is_some_and(|last| std::ptr::eq(last, lang));
    for server in s.chain() {
        let Some(record) = lang.server(&server) else { continue };
        let conf = &record.conf;
        if !conf.is_enabled() || (server.is_virtual() && !conf.has_own_tipool()) {
            continue;
        }
        let beside = other.filter(|other| tells && choose(other, &About::Server(server)).is_some());
        let beside = beside
            .and_then(|other| other.server(&server))
            .map(|beside| (beside.conf.language(), beside.conf.limits(server.timeout()).max));
        if let Some(text) = conf.invites_waiting(threads, beside) {
            report::server(lang, Some(&server), Level::Warn, &text);
        }
    }
}

/// child_init, before all other modules.
pub fn before_child(lang: Lang, pool: Pool, s: Server) {
    interp::adopt_process();
    CHILD.store(std::process::id() as i32, SeqCst);
    for stock in site::stocks(lang) {
        in_parent(&s, &stock, |entry| entry.begin_process());
    }
    // Prefork's SIGTERM runs the pool's end inside the signal handler: if the signal has interrupted a script, no code of ours may run
    // there, not even the end of the script's request.
    let _ = pool.before_death(leave_at_once_inside_a_script);
    let _ = pool.on_death(move || child_exit(lang, pool, s));
}

/// Runs the phases of a child's start.
pub fn child(lang: Lang, phase: Phase, pool: Pool, s: &Server) {
    dispatch::server(lang, phase, s, &[pool]);
    if phase == Phase::ChildInit {
        let bell = site::with(lang, |site| site.bell.clone());
        *keeper(lang) = Keeper::start(lang, site::stocks(lang), bell);
    }
}

/// Called when the child's pool dies: the process ends in order.
fn child_exit(lang: Lang, pool: Pool, s: Server) {
    if interp::is_forked() || LEAVING.load(SeqCst) {
        return;
    }
    // The keeper is ended first: it may have the parent's lock for as long as making a clone takes.
    let keeper = keeper(lang).take();
    let stopped = keeper.is_none_or(Keeper::stop);
    if stopped {
        dispatch::server(lang, Phase::ChildExit, &s, &[pool]);
    } else {
        let text = format!(
            "{}: skipped, and so are the parent's END blocks, since the keeper did not end in time",
            lang.phase_name(Phase::ChildExit)
        );
        report::server(lang, Some(&s), Level::Warn, &text);
    }
    let mut busy = 0;
    for stock in site::stocks(lang) {
        if let Some(tipool) = stock.tipool() {
            busy += tipool.close(Late::Abandon);
        }
        if stopped {
            for text in stock.parent.end(lang) {
                report::warn(lang, &format!("END: {}", String::from_utf8_lossy(&text).trim_end()));
            }
        }
    }
    if busy > 0 {
        let text = format!("END: not run in {busy} interpreters, which are still in use while the child ends");
        report::server(lang, Some(&s), Level::Info, &text);
    }
}

fn leave_at_once_inside_a_script() {
    if !httpd::mpm::is_threaded() && interp::inside() > 0 && !interp::is_forked() && !LEAVING.load(SeqCst) {
        // Prefork's SIGTERM runs this inside a signal handler, in the middle of a script. All that can be done is to log that and end
        // the process: httpd's own cleanups, which come next, free memory, and would wait for ever if malloc was interrupted.
        let text = b"mod_interp: this process was ended by a signal inside a script: ChildExit handlers and END blocks are skipped\n";
        // SAFETY: the bytes are there; both may be called from a signal handler.
        unsafe {
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::_exit(0);
        }
    }
}

/// Changes the configured handlers of a server: `$s->push_handlers`. In a child the change holds in that process, from then on.
///
/// # Errors
/// When the configuration cannot be changed.
pub fn change_handlers(
    lang: Lang,
    s: &Server,
    phase: Phase,
    change: impl FnOnce(&[config::Handler]) -> Vec<config::Handler>,
) -> Result<(), String> {
    if !lang.call_for(phase) {
        return Err(format!("{}: {NOT_CALLED}", lang.phase_name(phase)));
    }
    lang.own().mark_in_use(phase);
    if site::with(lang, |site| site.is_complete) {
        if phase.row().scope == config::Scope::Files || phase == Phase::ChildInit {
            let text = format!(
                "{}: the handlers that a script gives the server now are never called, since this phase is over",
                lang.phase_name(phase)
            );
            report::server(lang, Some(s), Level::Warn, &text);
        }
        configured::change(lang, phase, s, change);
        return Ok(());
    }
    let mut change = Some(change);
    let mut edit = |record: &mut ServerRecord, dir: Option<&mut config::DirConf>| {
        let Some(change) = change.take() else { return };
        match phase.row().scope {
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
        }
    };
    if lang.edit(s, &mut edit) { Ok(()) } else { Err("the server's configuration cannot be changed here".to_owned()) }
}
