//! The Lua module: its records, and what Lua does in a way of its own.
//!
//! | file | holds |
//! |---|---|
//! | `scope` | the states of a script that is `server` |
//! | `script` | a script, a function in it, and how long its globals live (`LuaScope`) |
//! | `hooks` | mod_lua's hooks |
//! | `callbacks` | which callbacks httpd has |
//! | `response` | `SetHandler lua-script` and `lua`, `LuaMapHandler` |
//! | `filters` | `LuaInputFilter`, `LuaOutputFilter` |

mod callbacks;
mod filters;
mod hooks;
mod response;
mod scope;
mod script;

use std::ffi::c_int;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use apr::Brigade;
use config::{
    ContentRow, DirConf, DirOption, Effect, Handler, Language as Tongue, Phase, PhaseRow, Position, ServerConf,
    ServerOption,
};
use figures::Figure;
use httpd::log::Level;
use httpd::own_filter::{Ask, OwnFilter};
use httpd::{ModuleRecord, Pools, Request, Server};
use interp::{Entry, Interp, Outcome, Raised, Val};
use interp_lua::{Entered, Lua, Start};

use super::about::{About, OfRequest};
use super::call::Call;
use super::content::Work;
use super::facts::{Facts, Words};
use super::lang::{Lang, LanguageRow};
use super::language::Language;
use super::lease::Frame;
use super::module::{self, Module};
use super::own_dir::own_dir;
use super::request::RequestState;
use super::server::ServerRecord;
use super::start_error::StartError;
use super::uses::InUse;
use super::ways::Ways;
use super::{content, dispatch, end, report, site};

/// Lua, as its module is compiled.
pub struct LuaLanguage;

/// The Lua module.
pub type LuaHost = Module<LuaLanguage>;

/// Lua.
pub const LUA: Lang = &ROW;

// SAFETY: the module is made with this host, in lib.rs.
static ROW: LanguageRow = unsafe { module::row::<LuaLanguage>(&crate::lua_module, &IN_USE) };

static IN_USE: InUse = InUse::new();

/// An entry as Lua's own type; all entries that [`LUA`] is given are of that type.
fn entered(entry: &dyn Entry) -> Option<&Entered> {
    entry.as_any().downcast_ref()
}

/// Our Lua modules: `mod_interp/lua` beside the .so, else `lua` beside it; none if neither is there.
fn library() -> Option<PathBuf> {
    let dir = own_dir()?;
    [dir.join("mod_interp/lua"), dir.join("lua")].into_iter().find(|dir| dir.is_dir())
}

/// What Lua scripts print goes straight into the filters, and no script's message reaches the client, as with mod_lua.
const FACTS: Facts = Facts {
    tongue: Tongue::Lua,
    has_threads: true,
    splits_messages: true,
    has_output: false,
    notes_errors: false,
    ends_objects: true,
    provider: Some("LuaAuthzProvider"),
    truncates: false,
    numbers_only: &[Phase::Access, Phase::AccessEx, Phase::Authen, Phase::Authz, Phase::ForceAuthn],
    pool_key: c"mod_interp.lua.ticket",
    filters: None,
    library: crate::RECORDS,
    words: WORDS,
};

const SCRIPT: &str = "lua-script where the file is the script, or lua for LuaResponseHandler";
const WORDS: Words = Words {
    results: "return apache2.OK (0), apache2.DECLINED (-1) or a status of HTTP such as 404",
    success: "return apache2.OK (0), and set r.status where it is another than 200",
    printing: "r:puts, or r:write",
    misspelt: &[
        ("luascript", SCRIPT),
        ("luascripts", SCRIPT),
        ("modlua", SCRIPT),
        ("modluascript", SCRIPT),
        ("luahandler", SCRIPT),
        ("luaresponse", SCRIPT),
    ],
};
impl Ways for LuaLanguage {
    fn start(&self, s: &Server, conf: &ServerConf, _is_main: bool) -> Result<Box<dyn Interp>, StartError> {
        let lib = library();
        let start = Start {
            lib: lib.as_deref(),
            memory: conf.limits(s.timeout()).max_memory.and_then(|bytes| usize::try_from(bytes).ok()),
            c_modules: true,
            paths: Some(script::paths(script::dir_of(LUA.dir_defaults(s)).lua().package())),
            root: script::dir_of(LUA.dir_defaults(s)).root().or(conf.root()),
            watch_globals: WATCHES_GLOBALS.load(Relaxed),
        };
        match Lua::start(&start) {
            Ok(lua) => match conf.lacks_memory(lua.memory_used()) {
                Some(text) => Err(StartError::Limits(text)),
                None => {
                    let told = lua.enter().set_constant(b"version", api::lua::version());
                    told.map_err(|e| StartError::Refused("LoadModule", e.to_string()))?;
                    Ok(Box::new(lua))
                }
            },
            Err(e) => {
                Err(StartError::Interpreter { what: "a Lua state", server: site::name_of(s), why: e.to_string() })
            }
        }
    }

    /// Adds nothing to the header, as mod_lua; the log says which Lua it is.
    fn version(&self, entry: Option<&dyn Entry>) -> Vec<Vec<u8>> {
        if let Some(version) = entry.and_then(entered).and_then(|entered| entered.run_text(b"return _VERSION").ok()) {
            report::server(LUA, None, Level::Info, &format!("{} answers", String::from_utf8_lossy(&version)));
        }
        Vec::new()
    }

    /// Compiles code and patterns that stand in the configuration, so that an error is found while the line is read; registers
    /// filters and providers with httpd.
    fn act(&self, effect: Effect) -> Result<(), StartError> {
        match effect {
            Effect::Map(map) => {
                IN_USE.mark(Phase::Fixup);
                callbacks::want(Phase::Fixup, Position::Map);
                callbacks::want(Phase::Response, Position::Map);
                response::compile(&map)
            }
            Effect::Filter(filter) => {
                filters::register(&filter);
                Ok(())
            }
            Effect::Handlers(named) => {
                callbacks::want(named.phase, named.position);
                named.handlers.iter().try_for_each(script::check).map_err(|e| StartError::Refused(named.directive, e))
            }
            Effect::Job(job) => script::check(&job.handler).map_err(|e| StartError::Refused(job.directive, e)),
            _ => Ok(()),
        }
    }

    fn require_module(&self, s: &Server, entry: &dyn Entry, item: &config::Queued) -> Result<(), Raised> {
        script::start_module(s, entry, &item.name)
    }

    /// Relative to `LuaRoot`, as all files that directives name.
    fn require_file(&self, s: &Server, entry: &dyn Entry, item: &config::Queued) -> Result<(), Raised> {
        entry.require_file(&script::path(&item.name, script::dir_of(LUA.dir_defaults(s)), s), None)
    }

    fn explain(&self, message: &[u8], _handler: Option<&[u8]>) -> Option<String> {
        let message = String::from_utf8_lossy(message);
        let name = message.split_once("module '")?.1.split_once("' not found:")?.0.replace('.', "/");
        Some(format!(
            "if {name}.lua lies in another folder, add that: LuaPackagePath /folder/?.lua, or LuaPackageCPath /folder/?.so for a module in C"
        ))
    }

    /// Sets `apache2.version` once more: httpd's version is complete when all modules have added to it.
    fn seal(&self, entry: &dyn Entry) {
        if let Some(entered) = entered(entry) {
            let _ = entered.set_constant(b"version", api::lua::version());
            // Said once, in the reading of the configuration that serves.
            let serves = httpd::server::main_state() == httpd::server::MainState::CreateConfig;
            if let Some(why) = entered.closes_states().filter(|_| serves) {
                let text = format!(
                    "LoadModule: each use of a script gets a Lua state of its own, which is closed after it, and made anew with its \
                     start-up code for the next one: a state cannot be put back to what start-up code has left, as {why}"
                );
                report::server(LUA, None, Level::Notice, &text);
            }
        }
        entry.seal();
    }

    fn call(&self, about: &About, entry: &dyn Entry, handler: &Handler, args: &[Val]) -> Result<Outcome, Raised> {
        script::call(about, entry, handler, args)
    }

    fn resolve(
        &self,
        entry: &dyn Entry,
        handler: &Handler,
        s: &Server,
        section: Option<&DirConf>,
    ) -> Result<(), Raised> {
        script::resolve_early(entry, handler, s, section)
    }

    fn require_arguments(&self, r: &Request, line: &[u8]) -> Vec<Vec<u8>> {
        httpd::util::words(r.pool(), line)
    }

    fn around(
        &self,
        r: &Request,
        _server: &ServerConf,
        _phase: Option<Phase>,
        interp: &dyn Interp,
        f: &mut dyn FnMut(&dyn Entry),
    ) {
        interp.with(&mut |entry| {
            f(entry);
            let Some(entered) = entered(entry) else { return };
            if entered.watches_globals() {
                tell_leaks(r, entered);
            }
            if entered.is_spent() {
                replace(r);
            }
        });
    }
}

/// `LuaInterpMaxMemory`: replaces a state that is full of what its scripts keep, since it would only fail again. Without threads
/// another process takes the place of this one.
#[cold]
fn replace(r: &Request) {
    let has_successor = Frame::find(|frame| {
        if !frame.hold.is_spoilt() {
            frame.stock.count(Figure::RestartMemory);
        }
        Some(frame.hold.spoil())
    });
    if has_successor == Some(false) && !httpd::mpm::is_threaded() {
        r.terminate_child();
    }
}

/// Whether some line of this reading of the configuration says `LuaOptions +WatchGlobals`: the states then watch everywhere, and what is
/// found is told where the option holds.
static WATCHES_GLOBALS: AtomicBool = AtomicBool::new(false);

/// `LuaOptions +WatchGlobals`: logs the globals that the call has left.
fn tell_leaks(r: &Request, entered: &Entered) {
    let leaks = entered.take_leaks();
    if !LUA.dir(r).is_some_and(|dir| dir.options.is(DirOption::WatchGlobals)) {
        return;
    }
    for leak in leaks {
        report::request(LUA, r, Level::Warn, &format!("LuaOptions WatchGlobals: {leak}"));
    }
}

impl Language for LuaLanguage {
    const FACTS: &'static Facts = &FACTS;
    const WAYS: &'static dyn Ways = &LuaLanguage;
    type Request = ();

    fn module() -> &'static ModuleRecord {
        &crate::lua_module
    }

    #[inline(always)]
    fn lang() -> Lang {
        LUA
    }

    fn loaded() {
        let _ = api::lua::MODULE.set(Self::module());
        WATCHES_GLOBALS.store(false, Relaxed);
        callbacks::forget();
        filters::forget();
        scope::forget();
        response::forget();
        // A script is asked for by SetHandler alone.
        IN_USE.mark(Phase::Response);
    }

    /// Another mod_perl would be resolved to our functions of the same names: this library stays in the process while the
    /// other is loaded anew for each reading of the configuration.
    fn pre_config(_pools: Pools<'_>) -> c_int {
        #[cfg(feature = "perl")]
        if crate::perl_module.has_namesake() {
            let text = "LoadModule perl_module: another mod_perl cannot run beside lua_module of this file: load perl_module from \
                        this file, too, or build it without the feature perl";
            report::server(LUA, None, Level::Emerg, text);
            return httpd::status::HTTP_INTERNAL_SERVER_ERROR;
        }
        httpd::status::OK
    }

    fn line_was_read(directive: &str, words: &[&[u8]], server: Option<&ServerRecord>) {
        let is_watch = |word: &&[u8]| word.strip_prefix(b"+").unwrap_or(word) == b"WatchGlobals";
        if directive == "LuaOptions" && words.iter().any(is_watch) {
            WATCHES_GLOBALS.store(true, Relaxed);
        }
        if server.is_some_and(|record| record.conf.options.is(ServerOption::Htaccess)) {
            // A .htaccess file may name hooks when no callback can be registered any more.
            callbacks::want_all();
        }
    }

    /// Registers the callbacks of handlers, which code may push at any time; those of hooks and maps are registered when a line names one.
    fn wants(row: &PhaseRow, index: usize) -> bool {
        row.lua.is_some() && matches!(row.position(index), Some(Position::Handlers | Position::Look))
    }

    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        let dir = || LUA.dir(r);
        match phase.row().position(order) {
            Some(Position::Look) => RequestState::find(LUA, r).is_none() && r.prev().is_none(),
            Some(Position::Map) => dir().is_none_or(|dir| dir.lua().maps.is_empty()),
            Some(Position::Handlers) | None if phase == Phase::Response => content::is_foreign::<LuaLanguage>(r),
            Some(Position::Handlers) | None => dispatch::is_idle(LUA, phase, r),
            Some(hooks) => dir().is_none_or(|dir| dir.hooks(phase, hooks).is_empty()),
        }
    }

    #[inline(always)]
    fn request(phase: Phase, order: usize, r: &Request) -> c_int {
        if phase == Phase::Log && end::is_over(LUA, r) {
            return httpd::status::DECLINED;
        }
        match (phase, phase.row().position(order)) {
            (_, Some(Position::Look)) => content::look::<LuaLanguage>(r, response::has_maps(r)),
            (Phase::Response, Some(Position::Map)) => response::mapped(r),
            (_, Some(Position::Map)) => response::claim(r),
            (Phase::Response, _) => content::run::<LuaLanguage>(r),
            (_, Some(Position::Handlers) | None) => dispatch::request(LUA, phase, r),
            (Phase::Log, Some(position)) => leases::at_log(|| hooks::run(phase, position, r)),
            (_, Some(position)) => hooks::run(phase, position, r),
        }
    }

    #[inline(always)]
    fn answer(_row: Option<&ContentRow>, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry, work: impl Work) -> c_int {
        response::answer(call, entry, work)
    }

    fn run_file(row: &'static ContentRow, r: &Request) -> c_int {
        response::own_file(row, r)
    }

    fn output_filter(f: OwnFilter<'_>, bb: Brigade) -> c_int {
        filters::output(f, bb)
    }

    fn input_filter(f: OwnFilter<'_>, bb: Brigade, ask: Ask) -> c_int {
        filters::input(f, bb, ask)
    }
}
