//! A language as the host knows it: where its module's records are, and what its engine does in a way of its own.
//!
//! Dispatch, leases, start-up and the API's runtime are written once, for any [`LanguageRow`]. There is one row per language; a stock
//! and a request's state know the language to which they belong.

use std::cell::OnceCell;
use std::ffi::{CStr, c_int};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use apr::Pool;
use config::{DirConf, Handler, Language as Tongue, Phase, ServerConf};
use httpd::provider::Group;
use httpd::server::MainState;
use httpd::{Connection, Host, ModuleRecord, Request, Server};
use interp::{Entry, Fail, HandlerRef, Interp, Load, Outcome, Place, Raised, Val};
use leases::Keeper;

use super::ServerRecord;
use super::about::{About, OfRequest};
use super::call::Call;
use super::connection::ConnectionState;
use super::lease::{Hold, Tree};
use super::module::{Language, Module, RequestOf};
use super::output::Output;
use super::request::RequestState;
use super::site::Site;

/// One language, by a reference to its row.
pub type Lang = &'static LanguageRow;

/// What is true of a language.
pub struct Facts {
    /// The language in the tables of directives and phases.
    pub tongue: Tongue,
    /// Whether it has interpreters for several threads.
    pub has_threads: bool,
    /// Whether each line of a message becomes a line of the log; otherwise the whole message is one line there.
    pub splits_messages: bool,
    /// Whether scripts print through the host's buffer, in the response phase only; if not, what they print goes straight into the
    /// filters, in any phase.
    pub has_output: bool,
    /// Whether the message that ended a handler is put into the request's notes (`error-notes`), which httpd shows to the client on
    /// the pages of some statuses.
    pub notes_errors: bool,
    /// Whether a request's objects become void when its lease ends also without threads, where they cannot be taken for another's.
    pub ends_objects: bool,
    /// The name in the configuration of all providers; `None`: that of the phase in which the provider is asked.
    pub provider: Option<&'static str>,
    /// Whether a number of more than 32 bits counts as what its lower 32 say, as with mod_perl; otherwise it is an error.
    pub truncates: bool,
    /// Phases that decide who gets in and in which a result that is no number refuses the request with 500. In others it counts as OK.
    pub numbers_only: &'static [Phase],
    /// The language's own words in hints for the administrator.
    pub words: Words,
}

/// What one language does in a way of its own, for code that serves any language.
pub trait Ways: Sync {
    /// The first interpreter of a server, before any code of the configuration has run in it.
    ///
    /// # Errors
    /// Directive and message.
    fn start(&self, s: &Server, conf: &ServerConf) -> Result<Box<dyn Interp>, String>;

    /// Checks that start-up code has loaded no other library's copy of our modules.
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

    /// Carries out a line that only this language has.
    ///
    /// # Errors
    /// For the administrator; begins with the directive.
    fn act(&self, effect: config::Effect) -> Result<(), String> {
        let _ = effect;
        Ok(())
    }

    /// Words for the `Server` header, asked of the main parent when the configuration is complete.
    fn version(&self, entry: Option<&dyn Entry>) -> Vec<Vec<u8>> {
        let _ = entry;
        Vec::new()
    }

    /// Called when httpd has opened its error log, on descriptor 2 as well.
    fn log_is_open(&self) {}

    /// Called when start-up code has run in this parent; clones are made next.
    fn seal(&self, entry: &dyn Entry) {
        entry.seal();
    }

    /// Lines for the log, one for each thing that start-up code keeps in this parent and clones cannot have.
    fn not_cloned(&self, entry: &dyn Entry) -> Vec<String> {
        let _ = entry;
        Vec::new()
    }

    /// Explains a message of the language that is about a classic mistake; `handler` is the handler that could not be found.
    fn explain(&self, message: &[u8], handler: Option<&[u8]>) -> Option<String> {
        let _ = (message, handler);
        None
    }

    /// Loads a module that a line of this server's names.
    ///
    /// # Errors
    /// As [`Entry::require_module`].
    fn require_module(&self, _s: &Server, entry: &dyn Entry, item: &config::Queued) -> Result<(), Raised> {
        entry.require_module(&item.name, Some(Place { file: &item.at.file, line: item.at.line }))
    }

    /// Runs a file that a line of this server's names.
    ///
    /// # Errors
    /// As [`Entry::require_file`].
    fn require_file(&self, _s: &Server, entry: &dyn Entry, item: &config::Queued) -> Result<(), Raised> {
        entry.require_file(&item.name, Some(Place { file: &item.at.file, line: item.at.line }))
    }

    /// Puts a variable of the server's into an interpreter that runs already.
    fn set_env(&self, entry: &dyn Entry, name: &[u8], value: &[u8]) {
        let _ = (entry, name, value);
    }

    /// Runs a call about a request: `f` in `interp`, with what the language does before and after each call.
    fn around(&self, call: &Call<'_, OfRequest<'_>>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        let _ = call;
        interp.with(f);
    }

    /// Runs a call about a connection, or a cleanup that a script registered: as [`Ways::around`].
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

    /// Finds a handler at start-up and loads its code. `section` is the configuration of the section that names it.
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

    /// The arguments that an authorization provider gets behind the request, from the words of a `Require` line.
    fn require_arguments(&self, r: &Request, line: &[u8]) -> Vec<Vec<u8>> {
        let _ = r;
        vec![line.to_vec()]
    }

    /// Called before the handlers of a request's phase.
    fn before_handlers(&self, of: &OfRequest<'_>, entry: &dyn Entry) {
        let _ = (of, entry);
    }

    /// The name under which every interpreter finds code that is pushed to a server: the code's own name, or one that it gets here.
    /// `role` names the wrapper around the code; empty for none.
    ///
    /// # Errors
    /// Text, where a server cannot keep code.
    fn name_code(&self, entry: &dyn Entry, code: &HandlerRef, role: &[u8]) -> Result<Vec<u8>, Fail> {
        let _ = (entry, code, role);
        Err("a server keeps handlers by name".into())
    }

    /// Called when a call ends while code of another module keeps the interpreter by its count.
    fn keep_for_others(&self, hold: &Hold) {
        let _ = hold;
    }

    /// Called when a request's state was made.
    fn request_begins(&self, r: &Request) {
        let _ = r;
    }

    /// The buffer into which scripts print the answer to a request, if there is one.
    fn output<'r>(&self, r: &'r Request) -> Option<&'r Output> {
        let _ = r;
        None
    }

    /// Fills the script's environment with CGI's variables.
    ///
    /// # Errors
    /// Where the language has no such environment.
    fn fill_env(&self, cx: apr::Reenter, r: &Request) -> Result<(), Fail> {
        let _ = (cx, r);
        Err("this language has no environment of its own".into())
    }
}

/// A language's own words in hints.
pub struct Words {
    /// What a handler may return.
    pub results: &'static str,
    /// What to return where all went well, and how the status is set.
    pub success: &'static str,
    /// What to write instead of printing to STDOUT.
    pub printing: &'static str,
    /// Wrong values of `SetHandler`, in small letters and digits only, each with the words that say what to write instead.
    pub misspelt: &'static [(&'static str, &'static str)],
}

/// One language: its data and its functions. To code that is compiled for one language the row is a constant, so that looking
/// something up in it costs nothing.
pub struct LanguageRow {
    /// What is true of the language.
    pub facts: &'static Facts,
    records: Records,
    own: &'static Own,
    ways: &'static dyn Ways,
    make_state: fn(&Request, OnceCell<Arc<Tree>>),
    register_provider: fn(Pool, Group, &[u8], &[u8], c_int) -> Result<(), apr::Status>,
    edit: fn(&Server, &mut dyn FnMut(&mut ServerRecord, Option<&mut DirConf>)) -> bool,
    log: fn(&Request),
    register_end: fn(),
    add_callbacks: fn(Phase),
}

/// Of a request's state this finds the part that all languages have.
type Records = httpd::Records<ServerRecord, DirConf, RequestState, ConnectionState>;

/// A host whose configuration has the common records.
pub trait CommonHost: Host<Server = ServerRecord, Dir = DirConf> {}
impl<H: Host<Server = ServerRecord, Dir = DirConf>> CommonHost for H {}

/// What the host keeps for a language in this process.
pub struct Own {
    /// The key under which a pool keeps the ticket of its objects in this language.
    pub pool_key: &'static CStr,
    /// The interpreters of this reading of the configuration. No script code runs under this lock.
    pub site: Mutex<Option<Site>>,
    /// The keeper of this child.
    pub keeper: Mutex<Option<Keeper>>,
    /// The phases in use in the lower half, and in the upper half those whose handlers code has changed.
    in_use: AtomicU64,
    /// Of the phases that mod_perl does not have, those for which httpd has been given callbacks, one bit each.
    called: AtomicU64,
}

impl Own {
    /// The state of a language of which nothing runs yet.
    pub const fn new(pool_key: &'static CStr) -> Own {
        Own {
            pool_key,
            site: Mutex::new(None),
            keeper: Mutex::new(None),
            in_use: AtomicU64::new(0),
            called: AtomicU64::new(0),
        }
    }

    /// Notes that a handler of this phase exists.
    pub fn mark_in_use(&self, phase: Phase) {
        let bits = with_its_end(phase);
        if self.in_use.load(Relaxed) & bits != bits {
            self.in_use.fetch_or(bits, Relaxed);
        }
    }

    /// Called when a new reading of the configuration begins.
    pub fn forget_use(&self) {
        self.in_use.store(0, Relaxed);
        self.called.store(0, Relaxed);
    }

    /// Notes that code of this process has changed the handlers that a server has for this phase; see [`super::configured`].
    pub fn mark_changed(&self, phase: Phase) {
        self.in_use.fetch_or(with_its_end(phase) << CHANGED, Relaxed);
    }

    /// The phases that are in use. A phase without a handler costs one look at this word, whatever the server.
    #[inline(always)]
    pub fn uses(&self) -> Uses {
        Uses(self.in_use.load(Relaxed))
    }
}

/// Which phases are in use, and in which of them code has changed the handlers.
#[derive(Clone, Copy)]
pub struct Uses(u64);

impl Uses {
    /// Whether any handler of this phase may exist: in the configuration, or pushed.
    #[inline(always)]
    pub fn has(self, phase: Phase) -> bool {
        self.0 & bit(phase) != 0
    }

    /// Whether code may have given some server other handlers for this phase than its configuration has.
    #[inline(always)]
    pub fn are_changed(self, phase: Phase) -> bool {
        self.0 & bit(phase) << CHANGED != 0
    }
}

const fn bit(phase: Phase) -> u64 {
    1 << phase as u32
}

/// The phases that have something to do once a phase has a handler: it; the response and log phases, since requests have a state then; for
/// log and cleanup handlers also the last phase before the response.
const fn with_its_end(phase: Phase) -> u64 {
    let fixup = if matches!(phase, Phase::Cleanup | Phase::Log) { bit(Phase::Fixup) } else { 0 };
    bit(phase) | bit(Phase::Response) | bit(Phase::Log) | fixup
}

const CHANGED: u32 = 32;
const _: () = assert!(Phase::COUNT <= 32, "a phase has no bit");

impl Deref for LanguageRow {
    type Target = dyn Ways;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        self.ways
    }
}

impl LanguageRow {
    /// The row of a language.
    ///
    /// # Safety
    /// `module` was made with `Module<L>` (SAFETY.md, "parts of a request's state").
    pub const unsafe fn new<L: Language>(module: &'static ModuleRecord, own: &'static Own) -> LanguageRow {
        LanguageRow {
            facts: L::FACTS,
            // SAFETY: the caller's promise; `RequestOf` is laid out as C does, with the common part first.
            records: unsafe { Records::of_prefix::<Module<L>>(module) },
            own,
            ways: L::WAYS,
            make_state: |r, shared| {
                r.set_state::<Module<L>>(|| RequestOf {
                    shared: RequestState::new(L::lang(), shared),
                    own: L::Request::default(),
                });
            },
            register_provider: httpd::provider::register::<Module<L>>,
            edit: |s, f| s.edit::<Module<L>, _>(|record, dir| f(record, dir)).is_some(),
            register_end: httpd::register_end::<Module<L>>,
            add_callbacks: |phase| {
                let indices = 0..phase.row().order_count(L::FACTS.tongue);
                for index in indices.filter(|index| L::wants(phase.row(), *index)) {
                    httpd::add_phase::<Module<L>>(phase, index);
                }
            },
            log: |r| {
                for order in 0..Phase::Log.row().order_count(L::FACTS.tongue) {
                    if !Module::<L>::is_idle(Phase::Log, order, r) {
                        Module::<L>::request(Phase::Log, order, *r);
                    }
                }
            },
        }
    }

    /// Has httpd call for a phase of which handlers are named. Those that mod_perl does not have get their callbacks only so: they
    /// cost no request anything before. Returns false where it is too late for that.
    pub fn call_for(&self, phase: Phase) -> bool {
        if !phase.row().is_ours || self.own.called.load(Relaxed) & bit(phase) != 0 {
            return true;
        }
        if httpd::server::main_state() == MainState::RunMpm {
            return false;
        }
        self.own.called.fetch_or(bit(phase), Relaxed);
        (self.add_callbacks)(phase);
        true
    }

    /// The word with which its directives begin: `Perl`.
    pub fn name(&self) -> &'static str {
        self.facts.tongue.name()
    }
    /// The name of a phase in the configuration: the directive that adds handlers to the phase.
    pub fn phase_name(&self, phase: Phase) -> &'static str {
        phase.directive_of(self.facts.tongue)
    }
    /// The name in the configuration of a provider that is asked in a phase.
    pub fn provider_name(&self, phase: Phase) -> &'static str {
        self.facts.provider.unwrap_or_else(|| self.phase_name(phase))
    }

    /// What the host keeps for this language in this process.
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
    /// Gives a request its state, once. `shared` is the tree to which it belongs, if that has other members.
    #[inline(always)]
    pub fn make_state<'r>(&self, r: &'r Request, shared: OnceCell<Arc<Tree>>) -> Option<&'r RequestState> {
        (self.make_state)(r, shared);
        self.state(r)
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
    /// The record of the server on whose address a connection came.
    #[inline(always)]
    pub fn server_of_connection<'c>(&self, c: &'c Connection) -> Option<&'c ServerRecord> {
        self.records.server_of_connection(c)
    }
    /// The configuration of a request's directory.
    #[inline(always)]
    pub fn dir<'r>(&self, r: &'r Request) -> Option<&'r DirConf> {
        self.records.dir(r)
    }
    /// The configuration of a server outside all sections.
    pub fn dir_defaults<'s>(&self, s: &'s Server) -> Option<&'s DirConf> {
        self.records.dir_defaults(s)
    }
    /// Changes a server's records while the server starts; returns false later.
    pub fn edit(&self, s: &Server, f: &mut dyn FnMut(&mut ServerRecord, Option<&mut DirConf>)) -> bool {
        (self.edit)(s, f)
    }
    /// Registers the callback by which httpd tells of the ends of requests.
    pub fn register_end(&self) {
        (self.register_end)();
    }
    /// The log phase of a request, as httpd would call for it.
    pub fn log(&self, r: &Request) {
        (self.log)(r);
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
}
