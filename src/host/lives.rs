//! The lives of interpreters, for handlers: `PerlInterpSpawnHandler`, `PerlInterpInitHandler`, `PerlInterpExitHandler` and Lua's.
//!
//! They are called as code at an interpreter's end is, in no call: nothing is lent meanwhile, and the interpreter belongs to whoever makes or
//! ends it.

use std::sync::{Arc, OnceLock, Weak};

use config::{Load, NetServer, Phase, ServerConf};
use httpd::{KeptServer, Server};
use interp::{Entry, Interp, IntoVal, Raised, Ticket, Val};
use leases::{Watch, ending};

use super::about::{About, in_parent};
use super::lang::Lang;
use super::lease::Stock;
use super::server::ServerRecord;
use super::start_error::StartError;
use super::step::Step;
use super::wire::Life;
use super::{configured, net_server, parents, process, report, site};

/// The phases.
pub const PHASES: [Phase; 3] = [Phase::InterpSpawn, Phase::InterpInit, Phase::InterpExit];

/// What an interpreter is for, as handlers are told.
const REQUESTS: &[u8] = b"request";
const JOB: &[u8] = b"job";

/// Calls the handlers of a server, or of a class of it, and the hooks of the programs that its interpreters serve for.
struct Watcher {
    lang: Lang,
    server: KeptServer,
    class: Option<Arc<str>>,
    stock: Weak<Stock>,
    /// The programs; they have been loaded when the first interpreter is made.
    programs: OnceLock<Vec<NetServer>>,
}

/// Has the handlers of a server called for a stock's interpreters, or those of the class whose stock it is.
pub fn watch(s: &Server, stock: &Arc<Stock>) {
    stock.watch(Arc::new(Watcher {
        lang: stock.lang,
        server: s.keep(),
        class: stock.class.clone(),
        stock: Arc::downgrade(stock),
        programs: OnceLock::new(),
    }));
}

impl Watch for Watcher {
    fn spawns(&self, parent: &dyn Interp, count: usize) {
        let args = |s: &Server| [s.val(Ticket::FOREVER), (count as i64).val(Ticket::FOREVER)];
        self.enter(Phase::InterpSpawn, Life::Spawn(count), parent, args);
    }

    fn begins(&self, interp: &dyn Interp) -> bool {
        if !process::is_child() {
            return false;
        }
        self.enter(Phase::InterpInit, Life::Begin, interp, |s| [s.val(Ticket::FOREVER), REQUESTS.val(Ticket::FOREVER)]);
        true
    }

    fn ends(&self, interp: &dyn Interp) {
        self.enter(Phase::InterpExit, Life::End, interp, |s| [s.val(Ticket::FOREVER), REQUESTS.val(Ticket::FOREVER)]);
    }
}

impl Watcher {
    fn enter(&self, phase: Phase, life: Life, interp: &dyn Interp, args: impl Fn(&Server) -> [Val; 2]) {
        if !self.lang.uses().has(phase) {
            return;
        }
        // SAFETY: a stock's interpreters end before the configuration whose stock it is.
        let s = unsafe { self.server.get() };
        let handlers = |entry: &dyn Entry| call(self.lang, s, self.class.as_deref(), phase, entry, &args(s));
        let programs =
            |entry: &dyn Entry| self.programs().iter().for_each(|of| net_server::tell(self.lang, s, of, entry, life));
        ending(self.lang, || {
            interp.with(&mut |entry| {
                // What handlers have made ready a program may use to its end.
                if matches!(life, Life::End) {
                    programs(entry);
                    handlers(entry);
                } else {
                    handlers(entry);
                    programs(entry);
                }
            });
        });
    }

    fn programs(&self) -> &[NetServer] {
        self.programs.get_or_init(|| {
            self.stock.upgrade().map(|stock| net_server::served_by(self.lang, &stock)).unwrap_or_default()
        })
    }
}

/// Calls the handlers of a phase in an interpreter of a server, or of a class of it. All are called, whatever they return.
fn call(lang: Lang, s: &Server, class: Option<&str>, phase: Phase, entry: &dyn Entry, args: &[Val]) {
    let Some(server) = ServerRecord::find(lang, s) else { return };
    let of_class = class.and_then(|class| server.classes().iter().find(|of| &*of.conf.name == class));
    let record = of_class.map_or(server, |class| &class.record);
    if !record.conf.is_enabled() {
        return;
    }
    let about = About::Server(s);
    for handler in &*configured::of_record(lang, phase, record) {
        match lang.call(&about, entry, handler, args) {
            Ok(_) => {}
            Err(Raised::Exit(status)) => report::left(lang, &about, phase, &Step::Named(handler.clone()), status),
            Err(raised) => report::raised(lang, &about, lang.phase_name(phase), &Step::Named(handler.clone()), &raised),
        }
    }
}

/// A run of a job begins, or ends, in its process.
pub fn of_job(s: &Server, stock: &Stock, phase: Phase, entry: &dyn Entry) {
    if stock.lang.uses().has(phase) {
        let args = [s.val(Ticket::FOREVER), JOB.val(Ticket::FOREVER)];
        call(stock.lang, s, stock.class.as_deref(), phase, entry, &args);
    }
}

/// The parents that serve by themselves, since there are no threads: each once, with who is told of its life.
fn serving_parents(lang: Lang) -> Vec<(Arc<Stock>, Arc<dyn Watch>)> {
    let mut found: Vec<(Arc<Stock>, Arc<dyn Watch>)> = Vec::new();
    for stock in site::stocks(lang).into_iter().filter(|stock| stock.tipool().is_none()) {
        let is_known = found.iter().any(|(known, _)| Arc::ptr_eq(&known.parent, &stock.parent));
        if let Some(watch) = stock.watched().filter(|_| !is_known).cloned() {
            found.push((stock, watch));
        }
    }
    found
}

/// The server is about to serve: the parents that do so by themselves are as good as made.
pub fn parents_spawn(lang: Lang) {
    if lang.uses().has(Phase::InterpSpawn) {
        for (stock, watch) in serving_parents(lang) {
            stock.parent.run(|parent| watch.spawns(parent, 1));
        }
    }
}

/// A child begins: its interpreters are to be used.
pub fn begin(lang: Lang) {
    if !lang.uses().has(Phase::InterpInit) && !lang.uses().has(Phase::InterpExit) {
        return;
    }
    for (stock, watch) in serving_parents(lang) {
        stock.parent.run(|parent| watch.begins(parent));
    }
    site::stocks(lang).iter().for_each(|stock| stock.begin());
}

/// A child ends, and with it the parents that serve by themselves.
pub fn end_parents(lang: Lang) {
    if lang.uses().has(Phase::InterpExit) {
        for (stock, watch) in serving_parents(lang) {
            stock.parent.run(|parent| watch.ends(parent));
        }
    }
}

/// Finds the handlers in the parent of a server's or class's interpreters; those with a `-` are left to each interpreter.
///
/// # Errors
/// One cannot be found.
pub fn resolve(lang: Lang, s: &Server, stock: &Arc<Stock>, conf: &ServerConf) -> Result<(), StartError> {
    for phase in PHASES {
        for handler in conf.handlers(phase).iter().filter(|handler| handler.load != Load::Late) {
            in_parent(s, stock, |entry| lang.resolve(entry, handler, s, None))
                .map_err(|raised| parents::unresolved(lang, lang.phase_name(phase), handler, raised))?;
        }
    }
    Ok(())
}
