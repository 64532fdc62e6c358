//! A language as the host knows it: where its module's records are, and what its engine does in a way of its own.
//!
//! Dispatch, leases, start-up and the API's runtime are written once, for any [`LanguageRow`]. There is one row per language;
//! what carries on an interpreter (a stock, a request's state) knows whose it is.

use std::ffi::{CStr, c_int};
use std::ops::Deref;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use apr::Pool;
use config::{DirConf, Handler, Phase, ServerConf};
use httpd::provider::Group;
use httpd::{Connection, Host, ModuleRecord, Request, Server};
use interp::{Entry, Fail, HandlerRef, Interp, Load, Outcome, Raised, Val};

use super::connection::ConnectionState;
use super::frame::About;
use super::keeper::Keeper;
use super::request::RequestState;
use super::site::Site;
use super::{ServerRecord, stock::Stock};

/// One language, by a reference to its row.
pub type Lang = &'static LanguageRow;

/// What one language does in a way of its own.
pub trait Language: Sync {
    /// What its directives begin with: `Perl`.
    fn name(&self) -> &'static str;

    /// What a phase is called in its configuration: the directive that adds handlers to it.
    fn phase_name(&self, phase: Phase) -> &'static str;

    /// What a provider that is asked in a phase is called there.
    fn provider_name(&self, phase: Phase) -> &'static str {
        self.phase_name(phase)
    }

    /// The first interpreter of a server, before any code of the configuration has run in it.
    ///
    /// # Errors
    /// Directive and message.
    fn start(&self, s: &Server, conf: &ServerConf) -> Result<Box<dyn Interp>, String>;

    /// Whether it has interpreters for several threads.
    fn has_threads(&self) -> bool {
        true
    }

    /// What is wrong with what start-up code loaded.
    ///
    /// # Errors
    /// For the administrator.
    fn check_loaded(&self, entry: &dyn Entry) -> Result<(), String> {
        let _ = entry;
        Ok(())
    }

    /// Runs code that stands in the configuration, when its line is read.
    ///
    /// # Errors
    /// Directive and message.
    fn run_config(&self, entry: &dyn Entry, item: &config::Queued) -> Result<(), String>;

    /// Does what a line of this language alone asks for.
    ///
    /// # Errors
    /// For the administrator; begins with the directive.
    fn act(&self, directive: &str, effect: config::Effect) -> Result<(), String> {
        let _ = (directive, effect);
        Ok(())
    }

    /// What is added to the `Server` header, asked of the main parent when the configuration is complete.
    fn version(&self, entry: Option<&dyn Entry>) -> Vec<Vec<u8>> {
        let _ = entry;
        Vec::new()
    }

    /// httpd has opened its error log, descriptor 2 included.
    fn log_is_open(&self) {}

    /// Start-up code is done in this parent; clones come next.
    fn seal(&self, entry: &dyn Entry) {
        entry.seal();
    }

    /// What start-up code keeps in this parent that clones cannot have: a line for the log each.
    fn not_cloned(&self, entry: &dyn Entry) -> Vec<String> {
        let _ = entry;
        Vec::new()
    }

    /// What hints for the administrator say in its own words.
    fn words(&self) -> &'static Words;

    /// What a message of the language means, where it is one of the classic mistakes; `handler` is what could not be found.
    fn explain(&self, message: &[u8], handler: Option<&[u8]>) -> Option<String> {
        let _ = (message, handler);
        None
    }

    /// Whether the lines of its messages are lines of the log, too; else one message is one line there.
    fn splits_messages(&self) -> bool {
        false
    }

    /// Whether a request is printed to from the response phase alone, through the host's buffer; else from any, straight into the
    /// filters.
    fn has_output(&self) -> bool {
        true
    }

    /// Whether what ended a handler is noted in the request (`error-notes`), of which httpd shows some statuses' pages to the
    /// client.
    fn notes_errors(&self) -> bool {
        true
    }

    /// Whether a request's objects are gone when its lease ends, also without threads, where no other could be meant by them.
    fn ends_objects(&self) -> bool {
        false
    }

    /// Puts a variable of the server's into an interpreter that runs already.
    fn set_env(&self, entry: &dyn Entry, name: &[u8], value: &[u8]) {
        let _ = (entry, name, value);
    }

    /// A call about a request: `f` is run in `interp`, with whatever the language does before and after each.
    fn around(&self, call: &RequestCall<'_>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        let _ = call;
        interp.with(f);
    }

    /// A call about a connection, or a cleanup that a script registered: as [`Language::around`].
    fn serve(&self, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        interp.with(f);
    }

    /// Calls a handler.
    ///
    /// # Errors
    /// Whatever it raised; [`Raised::Unresolved`] if it cannot be found.
    #[inline(always)]
    fn call(&self, about: &About, entry: &dyn Entry, handler: &Handler, args: &[Val]) -> Result<Outcome, Raised> {
        let _ = about;
        entry.call_handler(handler.id.index() as u32, &handler.name, Load::IfMissing, args)
    }

    /// Finds a handler at start-up, its code loaded. `section`: what is configured where it is named.
    ///
    /// # Errors
    /// Why it cannot be found.
    fn resolve(
        &self,
        entry: &dyn Entry,
        handler: &Handler,
        s: &Server,
        section: Option<&DirConf>,
    ) -> Result<(), Raised> {
        let _ = (s, section);
        entry.resolve(handler.id.index() as u32, &handler.name, Load::IfMissing)
    }

    /// What an authorization provider is given behind the request, of a `Require` line.
    fn require_arguments(&self, r: &Request, line: &[u8]) -> Vec<Vec<u8>> {
        let _ = r;
        vec![line.to_vec()]
    }

    /// Before the handlers of a phase: `dir` where the phase knows it.
    fn before_handlers(&self, call: &RequestCall<'_>, dir: Option<&DirConf>, entry: &dyn Entry) {
        let _ = (call, dir, entry);
    }

    /// A name under which every interpreter finds code that is pushed to a server: its own, or one that it gets. `role` says what
    /// it is wrapped in, if at all.
    ///
    /// # Errors
    /// Text, where a server cannot keep code.
    fn name_code(&self, entry: &dyn Entry, code: &HandlerRef, role: &[u8]) -> Result<Vec<u8>, Fail> {
        let _ = (entry, code, role);
        Err("a server keeps handlers by name".into())
    }

    /// A value went to others while foreign code keeps the interpreter.
    fn keep_for_others(&self, hold: &super::tree::Hold) {
        let _ = hold;
    }

    /// A request's state was made.
    fn request_begins(&self, r: &Request) {
        let _ = r;
    }

    /// Fills the script's environment with CGI's variables.
    ///
    /// # Errors
    /// Where the language has none.
    fn fill_env(&self, cx: apr::Reenter, r: &Request, state: &RequestState) -> Result<(), Fail> {
        let _ = (cx, r, state);
        Err("this language has no environment of its own".into())
    }
}

/// A language's own words in hints.
pub struct Words {
    /// The values of `SetHandler` that lead to its response handlers.
    pub handlers: &'static [&'static str],
    /// What a handler may return.
    pub results: &'static str,
    /// What is written in the place of a `SetHandler` value, in small letters and digits only, and what is to be written.
    pub misspelt: &'static [(&'static str, &'static str)],
}

/// A call that is about a request.
pub struct RequestCall<'a> {
    /// The request.
    pub r: &'a Request,
    /// Our state of it.
    pub state: &'a RequestState,
    /// The record of its server.
    pub server: &'a ServerRecord,
    /// The phase.
    pub phase: Phase,
}

/// One language: what of it is data, and what it does. A constant to all that is compiled for one language only, to which a
/// look-up in here costs nothing.
pub struct LanguageRow {
    records: Records,
    own: &'static Own,
    ways: &'static dyn Language,
    register_provider: fn(Pool, Group, &[u8], &[u8], c_int) -> Result<(), apr::Status>,
    edit: fn(&Server, &mut dyn FnMut(&mut ServerRecord, Option<&mut DirConf>)) -> bool,
}

type Records = httpd::Records<ServerRecord, DirConf, RequestState, ConnectionState>;

/// A host whose records are the common ones.
pub trait CommonHost:
    Host<Server = ServerRecord, Dir = DirConf, Request = RequestState, Connection = ConnectionState>
{
}
impl<H> CommonHost for H where
    H: Host<Server = ServerRecord, Dir = DirConf, Request = RequestState, Connection = ConnectionState>
{
}

/// What the host keeps for a language in this process.
pub struct Own {
    /// Names the ticket of a pool, for objects in this language.
    pub pool_key: &'static CStr,
    /// The interpreters of this reading of the configuration. Nothing of a script runs under it.
    pub site: Mutex<Option<Site>>,
    /// Of this child.
    pub keeper: Mutex<Option<Keeper>>,
    in_use: AtomicU32,
}

impl Own {
    /// Of a language that nothing runs of yet.
    pub const fn new(pool_key: &'static CStr) -> Own {
        Own { pool_key, site: Mutex::new(None), keeper: Mutex::new(None), in_use: AtomicU32::new(0) }
    }

    /// A handler of this phase exists from now on. Once any does, requests have a state, which the response and log phases
    /// look after; cleanup handlers are prepared for in two phases.
    pub fn mark_in_use(&self, phase: Phase) {
        let more = if phase as u8 == Phase::Cleanup as u8 { bit(Phase::Fixup) } else { 0 };
        let bits = bit(phase) | bit(Phase::Response) | bit(Phase::Log) | more;
        if self.in_use.load(Relaxed) & bits != bits {
            self.in_use.fetch_or(bits, Relaxed);
        }
    }

    /// The configuration is read anew.
    pub fn forget_use(&self) {
        self.in_use.store(0, Relaxed);
    }

    /// Code of this process changed what a server says of handlers; see [`super::configured`].
    pub fn mark_changed(&self) {
        self.in_use.fetch_or(CHANGED, Relaxed);
    }

    /// Which phases are in use. One without a handler costs a look at this and no more, whatever the server.
    #[inline(always)]
    pub fn uses(&self) -> Uses {
        Uses(self.in_use.load(Relaxed))
    }
}

/// Which phases are in use, one bit each.
#[derive(Clone, Copy)]
pub struct Uses(u32);

impl Uses {
    /// Whether any handler of this phase may exist: in the configuration, or pushed.
    #[inline(always)]
    pub fn has(self, phase: Phase) -> bool {
        self.0 & bit(phase) != 0
    }

    /// Whether servers have other handlers than the configuration says.
    #[inline(always)]
    pub fn are_changed(self) -> bool {
        self.0 & CHANGED != 0
    }
}

const fn bit(phase: Phase) -> u32 {
    1 << phase as u32
}

const CHANGED: u32 = 1 << 31;
const _: () = assert!(Phase::COUNT <= 31, "no bit is left for CHANGED");

impl Deref for LanguageRow {
    type Target = dyn Language;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        self.ways
    }
}

impl LanguageRow {
    /// The language of a host.
    ///
    /// # Safety
    /// `module` was made with `H`.
    pub const unsafe fn new<H: CommonHost>(
        module: &'static ModuleRecord,
        own: &'static Own,
        ways: &'static dyn Language,
    ) -> LanguageRow {
        LanguageRow {
            // SAFETY: the caller's promise.
            records: unsafe { Records::new::<H>(module) },
            own,
            ways,
            register_provider: httpd::provider::register::<H>,
            edit: |s, f| s.edit::<H, _>(|record, dir| f(record, dir)).is_some(),
        }
    }

    /// What the host keeps for it in this process.
    #[inline(always)]
    pub fn own(&self) -> &'static Own {
        self.own
    }
    /// The module, for the error log.
    pub fn module(&self) -> &'static ModuleRecord {
        self.records.module()
    }
    /// The state of a request, if it has one.
    #[inline(always)]
    pub fn state<'r>(&self, r: &'r Request) -> Option<&'r RequestState> {
        self.records.state(r)
    }
    /// Gives a request its state, once.
    #[inline(always)]
    pub fn set_state<'r>(&self, r: &'r Request, state: RequestState) -> Option<&'r RequestState> {
        self.records.set_state(r, state)
    }
    /// The state of a connection, if it has one.
    #[inline(always)]
    pub fn connection<'c>(&self, c: &'c Connection) -> Option<&'c ConnectionState> {
        self.records.connection(c)
    }
    /// Gives a connection its state, once.
    pub fn set_connection<'c>(&self, c: &'c Connection, state: ConnectionState) -> Option<&'c ConnectionState> {
        self.records.set_connection(c, state)
    }
    /// The record of a server.
    #[inline]
    pub fn server<'s>(&self, s: &'s Server) -> Option<&'s ServerRecord> {
        self.records.server(s)
    }
    /// The record of a request's server.
    #[inline(always)]
    pub fn server_of<'r>(&self, r: &'r Request) -> Option<&'r ServerRecord> {
        self.records.server_of(r)
    }
    /// What holds for a request's directory.
    #[inline(always)]
    pub fn dir<'r>(&self, r: &'r Request) -> Option<&'r DirConf> {
        self.records.dir(r)
    }
    /// What holds outside all sections.
    pub fn dir_defaults<'s>(&self, s: &'s Server) -> Option<&'s DirConf> {
        self.records.dir_defaults(s)
    }
    /// Changes a server's records while it starts; false where that cannot be.
    pub fn edit(&self, s: &Server, f: &mut dyn FnMut(&mut ServerRecord, Option<&mut DirConf>)) -> bool {
        (self.edit)(s, f)
    }
    /// Makes a provider of this language's known to httpd.
    ///
    /// # Errors
    /// httpd's status.
    pub fn register_provider(
        &self,
        pconf: Pool,
        group: Group,
        name: &[u8],
        version: &[u8],
        kind: c_int,
    ) -> Result<(), apr::Status> {
        (self.register_provider)(pconf, group, name, version, kind)
    }
    /// The interpreters a request's server draws from.
    #[inline(always)]
    pub fn stock_of<'r>(&self, r: &'r Request) -> Option<&'r std::sync::Arc<Stock>> {
        self.server_of(r)?.stock()
    }
}

/// What httpd asks of both languages' hosts and the core answers for either, in an `impl Host`: `$lang` is the language's row.
macro_rules! host_calls {
    ($lang:expr) => {
        fn merge_server(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
            ServerRecord::merge(base, add)
        }

        fn merge_dir(base: &DirConf, add: &DirConf) -> DirConf {
            DirConf::merge(base, add)
        }

        fn connection(phase: Phase, _order: usize, c: Connection) -> c_int {
            if c.base_server().config::<Self>().is_none_or(|s| configured::of_record($lang, phase, s).is_empty()) {
                return httpd::status::DECLINED;
            }
            dispatch::connection($lang, phase, &c)
        }

        fn start(phase: Phase, _order: usize, pools: Pools, s: Server) -> c_int {
            dispatch::server($lang, phase, &s, &[pools.conf, pools.log, pools.temp])
        }

        fn child(phase: Phase, _order: usize, pool: Pool, s: Server) {
            startup::child($lang, phase, pool, &s);
        }

        fn check_authorization(r: Request, name: &[u8], line: &[u8]) -> c_int {
            provider::check_authorization($lang, &r, name, line)
        }

        fn check_config(_pools: Pools, s: Server) -> c_int {
            startup::check_config($lang, &s)
        }

        fn before_start(_pools: Pools, s: Server) -> c_int {
            startup::before_start($lang, &s)
        }

        fn after_start(pools: Pools, s: Server) -> c_int {
            startup::after_start($lang, pools, &s)
        }

        fn before_child(pool: Pool, s: Server) {
            startup::before_child($lang, pool, s);
        }

        fn before_error(r: Request) {
            if let Some(state) = r.state::<Self>() {
                state.end_walk(&r);
            }
            super::hint::unreached($lang, &r);
        }
    };
}
pub(super) use host_calls;
