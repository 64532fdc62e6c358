//! The Perl module: its records, and what perl does in a way of its own.
//!
//! | file | holds |
//! |---|---|
//! | `response`, `env` | `SetHandler modperl` and `perl-script`; `%ENV` |
//! | `origin` | entries by other modules' code: from a request, connection, server, pool, or nothing |
//! | `explain` | what perl's messages about classic mistakes mean |
//! | `stderr` | STDERR: lines for the error log |
//! | `library` | our own Perl library, and nobody else's |
//! | `net_server` | programs of `PerlNetServer` |
//! | `section` | `<Perl>` sections |
//! | `directives` | lines of directives in Perl |

mod directives;
pub mod env;
mod explain;
mod library;
mod net_server;
pub mod origin;
mod response;
mod script;
mod section;
mod stderr;

use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use apr::{Beside, Brigade, Reenter, Table};
use config::{ContentRow, DirConf, Language as Tongue, Phase, PhaseRow, ServerConf};
use httpd::kind::{Kind, Level as Owner, Way};
use httpd::log::Level;
use httpd::made::{Line, MadeCommand, MadeLine};
use httpd::own_filter::{Ask, OwnFilter};
use httpd::{Command, ModuleRecord, Pools, Request, Server};
use interp::{Entry, Fail, HandlerRef, Interp, IntoVal, Load, Outcome, Raised, Ticket, Val};
use interp_perl::{Entered, OwnedObjects, Perl, Start};

use env::EnvDone;

use super::about::OfRequest;
use super::call::{Call, enter_any};
use super::content::Work;
use super::facts::{Facts, Words};
use super::filter::kinds::Kinds;
use super::filter::said::Said;
use super::filter::{handler, insert};
use super::lang::{Lang, LanguageRow};
use super::language::Language;
use super::lease::{Frame, Hold};
use super::module::{self, Module};
use super::output::Output;
use super::request::RequestState;
use super::start_error::StartError;
use super::step::Step;
use super::uses::InUse;
use super::ways::Ways;
use super::wire::{Life, Wire};
use super::{content, dispatch, report, site};

/// The questions that C code asks by the functions of `abi`.
pub mod c_callers {
    pub use super::super::runtime::doors::with_current_request;
    pub use super::origin::{Origin, select, ticket, unselect};

    use super::super::{parents, report};
    use super::PERL;
    use httpd::log::Level;
    use httpd::{Request, Server};
    use interp_perl::Record;
    use std::ptr::NonNull;

    /// The parent of a server, or of the main server if none is given; it is started if it does not run, and a failure is logged.
    pub fn start(s: Option<&Server>) -> Option<NonNull<Record>> {
        match parents::start_for(PERL, s) {
            Ok(stock) => stock.parent.run(super::record),
            Err(error) => {
                report::server(PERL, s, Level::Emerg, &error.to_string());
                None
            }
        }
    }

    /// Whether the main parent runs.
    pub fn is_running() -> bool {
        parents::main_stock(PERL).is_some()
    }

    /// Logs a line about a request, else about a server, else about the main server.
    pub fn log(r: Option<&Request>, s: Option<&Server>, level: Level, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        match r {
            Some(r) => report::request(PERL, r, level, &text),
            None => report::server(PERL, s, level, &text),
        }
    }
}

/// Perl, as its module is compiled.
pub struct PerlLanguage;

/// The Perl module.
pub type PerlHost = Module<PerlLanguage>;

/// Perl.
pub const PERL: Lang = &ROW;

// SAFETY: the module is made with this host, in lib.rs.
static ROW: LanguageRow = unsafe { module::row::<PerlLanguage>(&crate::perl_module, &IN_USE) };

static IN_USE: InUse = InUse::new();

/// Counts the code that start-up code pushed, in this reading of the configuration.
static PUSHED: AtomicUsize = AtomicUsize::new(0);

/// An entry as perl's own type; all entries that [`PERL`] is given are of that type.
fn entered(entry: &dyn Entry) -> Option<&Entered> {
    entry.as_any().downcast_ref()
}

/// The record of an interpreter, which C code reads; `None` if the interpreter is no perl.
fn record(interp: &dyn Interp) -> Option<std::ptr::NonNull<interp_perl::Record>> {
    interp.as_any().downcast_ref().map(Perl::record)
}

/// Numbers the requests whose phases leave something for later ones.
static LEAVING: AtomicU64 = AtomicU64::new(1);

/// The number of a request whose phases before the response have changed something of the interpreter that the response must find.
#[cold]
fn for_later(phase: Option<Phase>, part: &Part) -> u64 {
    if matches!(phase, Some(Phase::Response | Phase::Log | Phase::Cleanup)) {
        return 0;
    }
    if part.leaves.get() == 0 {
        part.leaves.set(LEAVING.fetch_add(1, Relaxed));
    }
    part.leaves.get()
}

/// Runs `f` with a handler as a value: its name, or its code.
fn with_value<R>(step: &Step, f: impl FnOnce(Val) -> R) -> R {
    match step {
        Step::Named(handler) => f(handler.name[..].val(Ticket::FOREVER)),
        Step::Code(HandlerRef::Name(name)) => f(name[..].val(Ticket::FOREVER)),
        Step::Code(HandlerRef::Code(code)) => f(code.val()),
    }
}

/// Calls a sub by its name, also one that no line names as a handler.
fn call_named(entry: &dyn Entry, name: &[u8], load: Load, args: &[Val]) -> Result<Outcome, Raised> {
    entry.call_handler(config::intern(name).index() as u32, name, load, args)
}

/// Writes a line of a trace, whatever the log's level is.
fn traced(letter: u8, text: std::fmt::Arguments<'_>) {
    report::server(PERL, None, Level::Notice, &format!("PerlTrace {}: {text}", char::from(letter)));
}

/// Logs that a handle which a script left could not be closed.
#[cold]
fn left(r: Option<&Request>, raised: &interp::Raised) {
    let text = format!("STDIN, STDOUT or STDERR: a handle that a script left there could not be closed: {raised}");
    match r {
        Some(r) => report::request(PERL, r, httpd::log::Level::Error, &text),
        None => report::warn(PERL, &text),
    }
}

/// Perl's own part of a request's state.
pub struct Part {
    /// Which variables of the environment the request has put in already.
    pub env: Cell<EnvDone>,
    /// The variables that the request's calls are shown in `%ENV`.
    pub shown: Beside<Table>,
    /// The number of the request once a phase has changed something of its interpreter that later phases must find; else 0.
    pub leaves: Cell<u64>,
    /// The response buffer.
    pub output: Output,
}

impl Default for Part {
    fn default() -> Part {
        Part {
            env: Cell::default(),
            shown: Beside::default(),
            leaves: Cell::new(0),
            output: Output::new(&crate::perl_module, env::complete),
        }
    }
}

// SAFETY: as `RequestState`, of which it is a part: one thread at a time works on a request.
unsafe impl Send for Part {}

/// Perl's part of the state of a request that has a state.
#[inline(always)]
fn part(r: &Request) -> Option<&Part> {
    r.state::<PerlHost>().map(|state| &state.own)
}

const FACTS: Facts = Facts {
    tongue: Tongue::Perl,
    has_threads: interp_perl::HAS_ITHREADS,
    splits_messages: false,
    has_output: true,
    notes_errors: true,
    ends_objects: false,
    provider: None,
    truncates: true,
    numbers_only: &[],
    pool_key: c"mod_interp.perl.ticket",
    library: crate::RECORDS,
    filters: Some(&FILTERS),
    words: WORDS,
};

/// Scripts know mod_perl's names of them.
static FILTERS: Kinds = Kinds {
    of_requests: [
        Kind::new(0, c"MODPERL_REQUEST_INPUT", Way::Input, Owner::Request),
        Kind::new(1, c"MODPERL_REQUEST_OUTPUT", Way::Output, Owner::Request),
    ],
    of_connections: [
        Kind::new(2, c"MODPERL_CONNECTION_INPUT", Way::Input, Owner::Connection),
        Kind::new(3, c"MODPERL_CONNECTION_OUTPUT", Way::Output, Owner::Connection),
    ],
};

const PLAIN: &str = "modperl, or perl-script for handlers that print to STDOUT and read %ENV";
const SCRIPT: &str = "perl-script, or modperl for handlers that only use $r";
const WORDS: Words = Words {
    results: "return Apache2::Const::OK (0), Apache2::Const::DECLINED (-1) or a status of HTTP such as \
              Apache2::Const::NOT_FOUND (404)",
    success: "return Apache2::Const::OK (0), and set $r->status where it is another than 200",
    printing: "$r->print, or SetHandler perl-script, where STDOUT is the response's",
    misspelt: &[
        ("modperl", PLAIN),
        ("modperl1", PLAIN),
        ("modperl2", PLAIN),
        ("perl", PLAIN),
        ("perlhandler", PLAIN),
        ("modperlhandler", PLAIN),
        ("perlmodule", PLAIN),
        ("perlscript", SCRIPT),
        ("perlscripts", SCRIPT),
        ("modperlscript", SCRIPT),
        ("perlcgi", SCRIPT),
        ("perlrun", SCRIPT),
        ("perlregistry", SCRIPT),
    ],
};
impl Ways for PerlLanguage {
    fn settle(&self, interp: &dyn Interp) {
        if let Some(perl) = interp.as_any().downcast_ref::<Perl>() {
            perl.stay_current();
        }
    }

    fn start(&self, s: &Server, conf: &ServerConf, is_main: bool) -> Result<Box<dyn Interp>, StartError> {
        let argv0 = s.argv0().unwrap_or(b"httpd").to_vec();
        let env = env::at_start(conf);
        let env: Vec<(&[u8], &[u8])> = env.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        if let Some(text) = conf.switches.incomplete() {
            return Err(StartError::Refused("PerlSwitches", text));
        }
        let switches: Vec<&[u8]> = conf.switches.iter().collect();
        let lib = library::dir()?;
        let inc = library::of_server();
        let inc: Vec<&[u8]> = inc.iter().map(|folder| &folder[..]).collect();
        let start = Start { argv0: &argv0, switches: &switches, lib: Some(lib), inc: &inc, env: &env, main: is_main };
        let (started, said) = stderr::heard(|| Perl::start(&start));
        let failed = match started {
            Ok(perl) => {
                said.iter().for_each(|line| report::line(PERL, None, Level::Warn, line));
                return Ok(Box::new(perl));
            }
            Err(interp_perl::Error::Start(_)) if !said.is_empty() => {
                String::from_utf8_lossy(&said.join(&b' ')).trim_end().replace('\n', " ")
            }
            Err(e) => e.to_string(),
        };
        Err(StartError::Switches {
            directive: "PerlSwitches",
            switches: conf.switches.shown(),
            server: site::name_of(s),
            why: format!("perl could not start: {failed}"),
        })
    }

    fn explain(&self, message: &[u8], handler: Option<&[u8]>) -> Option<String> {
        explain::explain(&String::from_utf8_lossy(message), handler)
    }

    fn log_is_open(&self) {
        interp_perl::stderr_is_the_log();
    }

    fn check_loaded(&self, entry: &dyn Entry) -> Result<(), StartError> {
        let Some(entered) = entered(entry) else { return Ok(()) };
        if entered.calls_server() {
            origin::expect();
        }
        if httpd::mpm::is_threaded()
            && entered.run_text(b"$INC{'Devel/NYTProf.pm'} ? 1 : ''", None).is_ok_and(|text| text == b"1")
        {
            let why = "works under prefork alone, and would end the server when it is restarted: see docs/perl.md, A profiler";
            return Err(StartError::Refused("Devel::NYTProf", why.into()));
        }
        library::check_inc(entered)
    }

    fn compiles(&self, entry: &dyn Entry, file: &[u8]) -> Result<(), Raised> {
        call_named(entry, b"ModInterp::Compiles->file", Load::IfMissing, &[file.val(Ticket::FOREVER)]).map(drop)
    }

    fn load_net_server(&self, entry: &dyn Entry, program: &config::NetServer) -> Result<(), Raised> {
        net_server::load(entry, program)
    }

    fn tell_net_server(&self, entry: &dyn Entry, program: &config::NetServer, life: Life) -> Result<(), Raised> {
        net_server::tell(entry, program, life)
    }

    fn run_net_server(&self, entry: &dyn Entry, program: &config::NetServer, on: &Wire<'_>) -> Result<(), Raised> {
        net_server::run(entry, program, on)
    }

    fn run_config(&self, entry: &dyn Entry, line: &Command, code: &config::Code) -> Result<(), StartError> {
        entered(entry).map_or(Ok(()), |entered| section::run(entered, line, code))
    }

    fn make_module(&self, name: &[u8], merges: bool, commands: &[MadeCommand<'_>]) -> Result<i32, String> {
        httpd::made::make::<PerlHost>(name, merges, commands)
    }

    fn version(&self, entry: Option<&dyn Entry>) -> Vec<Vec<u8>> {
        let mut versions = vec![env::MOD_PERL.into()];
        if let Some(entered) = entry.and_then(entered) {
            versions.push(entered.run_text(b"sprintf 'Perl/v%vd', $^V", None).unwrap_or_else(|_| b"Perl".to_vec()));
        }
        versions
    }

    fn not_cloned(&self, entry: &dyn Entry) -> Vec<String> {
        let line = |of: OwnedObjects| {
            let (class, count) = (&of.class, of.count);
            let objects = if count == 1 { "an object".to_owned() } else { format!("{count} objects") };
            let place = of.variable.map(|name| format!(", in {name}")).unwrap_or_default();
            format!(
                "start-up code keeps {objects} of class {class}{place}: undef in the interpreters that serve, since the class \
                 frees memory of C code in DESTROY and cannot be copied. Make the object where it is first used, in the \
                 handler; if the class is safe with threads, define {class}::CLONE"
            )
        };
        entered(entry).map_or(Vec::new(), |entered| entered.owned_objects().into_iter().map(line).collect())
    }

    fn filter_says(&self, entry: &dyn Entry, step: &Step) -> Result<Said, Raised> {
        const NAME: &[u8] = b"ModInterp::Filter->said";
        let said = |of| call_named(entry, NAME, Load::IfMissing, &[of]);
        with_value(step, said).map(|outcome| Said::new(outcome.number))
    }

    fn begin_filter(&self, entry: &dyn Entry, step: &Step, filter: Val) -> Result<Outcome, Raised> {
        const NAME: &[u8] = b"ModInterp::Filter->begin";
        with_value(step, |of| call_named(entry, NAME, Load::IfMissing, &[filter, of]))
    }

    fn set_env(&self, entry: &dyn Entry, name: &[u8], value: &[u8]) {
        if let Some(entered) = entered(entry) {
            entered.set_env([(name, value)], true);
        }
    }

    fn env(&self, entry: &dyn Entry, name: &[u8]) -> Option<Vec<u8>> {
        entered(entry).and_then(|entered| entered.env(name))
    }

    #[inline(always)]
    fn around(
        &self,
        r: &Request,
        server: &ServerConf,
        phase: Option<Phase>,
        interp: &dyn Interp,
        f: &mut dyn FnMut(&dyn Entry),
    ) {
        let (Some(perl), Some(part)) = (interp.as_any().downcast_ref::<Perl>(), part(r)) else { return };
        let entered = perl.enter();
        env::around(r, server, part, &entered, || {
            let serving = entered.serve(|| part.leaves.get());
            f(&*entered);
            if let Err(raised) = serving.leave(|| for_later(phase, part)) {
                left(Some(r), &raised);
            }
        });
    }

    fn serve(&self, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        let Some(perl) = interp.as_any().downcast_ref::<Perl>() else { return };
        let entered = perl.enter();
        let serving = entered.serve(|| 0);
        f(&*entered);
        if let Err(raised) = serving.end() {
            left(None, &raised);
        }
    }

    #[inline(always)]
    fn before_handlers(&self, r: &Request, server: &ServerConf, dir: Option<&DirConf>, entry: &dyn Entry) {
        env::before_handlers(r, server, dir, entry);
    }

    fn name_code(&self, entry: &dyn Entry, code: &HandlerRef, role: &[u8]) -> Result<Vec<u8>, Fail> {
        const KEEP: &[u8] = b"ModInterp::Pushed::keep";
        let HandlerRef::Code(kept) = code else { return code.name().map(<[u8]>::to_vec) };
        if role.is_empty() {
            if let Some(own) = entered(entry).and_then(|entered| entered.name_of(code)) {
                return Ok(own);
            }
            if httpd::mpm::is_threaded() && site::with(PERL, |site| site.is_complete) {
                return Err(
                    "a sub without a name is known to one interpreter only: once the server serves, pass a name".into(),
                );
            }
        }
        let number = PUSHED.fetch_add(1, Relaxed);
        let name = format!("ModInterp::Pushed::sub{number}").into_bytes();
        let args = [name[..].val(Ticket::FOREVER), kept.val(), role.val(Ticket::FOREVER)];
        let done =
            entry.require_module(b"ModInterp::Pushed", None).and_then(|()| call_named(entry, KEEP, Load::Never, &args));
        done.map(|_| name).map_err(|raised| Fail::from(raised.to_string()))
    }

    fn name_of_code(&self, entry: &dyn Entry, code: &HandlerRef) -> Vec<u8> {
        let own = entered(entry).and_then(|entered| entered.name_of(code));
        own.unwrap_or_else(|| code.name().unwrap_or_default().to_vec())
    }

    fn keep_for_others(&self, hold: &Hold) {
        origin::keep(hold);
    }

    fn request_begins(&self, r: &Request) {
        if origin::is_in_use() {
            origin::note_request(r);
            if let Some(state) = RequestState::find(PERL, r) {
                state.show_to_connection(r);
            }
        }
    }

    fn output<'r>(&self, r: &'r Request) -> Option<&'r Output> {
        part(r).map(|part| &part.output)
    }

    fn complete_env(&self, cx: Reenter, r: &Request) {
        env::complete(r, cx);
    }

    fn fill_env(&self, cx: Reenter, r: &Request) -> Result<(), Fail> {
        let part = part(r).ok_or("httpd has no place for this request's data")?;
        env::add_cgi(r, part, cx);
        Frame::find(|frame| {
            if let Some(running) = frame.about.served(frame.phase) {
                enter_any(frame.hold, |entry| {
                    if let Some(entered) = entered(entry) {
                        env::put_cgi(r, part, running, entered);
                    }
                });
            }
            Some(())
        });
        Ok(())
    }
}

impl Language for PerlLanguage {
    const FACTS: &'static Facts = &FACTS;
    const WAYS: &'static dyn Ways = &PerlLanguage;
    type Request = Part;

    fn module() -> &'static ModuleRecord {
        &crate::perl_module
    }

    #[inline(always)]
    fn lang() -> Lang {
        PERL
    }

    fn made_line(line: &MadeLine<'_>, cmd: &Command, args: &[&[u8]]) -> Result<Line, String> {
        directives::line(line, cmd, args)
    }

    fn loaded() {
        interp::trace::to(traced);
        let level = std::env::var("MOD_PERL_TRACE").ok().map(|text| interp::trace::level(text.as_bytes()));
        if let Some(Err(text)) = &level {
            report::warn(PERL, &format!("MOD_PERL_TRACE: {text}"));
        }
        interp::trace::set(level.and_then(Result::ok).unwrap_or(0));
        httpd::made::reserve_room();
        crate::abi::register();
        interp_perl::set_error_log(&stderr::Stderr);
        PUSHED.store(0, Relaxed);
        httpd::server::define(c"MODPERL2");
        // A script is asked for by SetHandler alone.
        IN_USE.mark(Phase::Response);
    }

    fn pre_config(_pools: Pools<'_>) -> c_int {
        #[cfg(feature = "any-lua")]
        crate::lua_module.follow_namesake(_pools.conf);
        httpd::status::OK
    }

    fn wants(row: &PhaseRow, _index: usize) -> bool {
        row.perl.is_some()
    }

    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        match phase {
            Phase::Response if order == 0 => RequestState::find(PERL, r).is_none() && r.prev().is_none(),
            Phase::Response => content::is_foreign::<PerlLanguage>(r),
            _ => dispatch::is_idle(PERL, phase, r),
        }
    }

    fn output_filter(f: OwnFilter<'_>, bb: Brigade) -> c_int {
        handler::output(f, &bb)
    }

    fn input_filter(f: OwnFilter<'_>, bb: Brigade, ask: Ask) -> c_int {
        handler::input(f, &bb, ask)
    }

    #[inline(always)]
    fn request(phase: Phase, order: usize, r: &Request) -> c_int {
        match phase {
            Phase::InputFilter | Phase::OutputFilter => insert::for_request(PERL, phase, r),
            Phase::Response if order == 0 => content::look::<PerlLanguage>(r, false),
            Phase::Response => content::run::<PerlLanguage>(r),
            phase if phase.row().may_answer => response::early(phase, r, false),
            _ => dispatch::request(PERL, phase, r),
        }
    }

    fn look_up(phase: Phase, r: &Request) -> c_int {
        response::early(phase, r, true)
    }

    #[inline(always)]
    fn answer(row: Option<&ContentRow>, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry, work: impl Work) -> c_int {
        response::answer(row, call, entry, work)
    }

    fn run_file(row: &'static ContentRow, r: &Request) -> c_int {
        script::run(row, r)
    }

    fn declined(r: &Request) -> c_int {
        response::declined(r)
    }
}
