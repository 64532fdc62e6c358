//! The Perl module: its records, and what perl does in a way of its own.
//!
//! | file | holds |
//! |---|---|
//! | `response`, `env` | `SetHandler modperl` and `perl-script`; `%ENV` |
//! | `origin` | entries by other modules' code: from a request, connection, server, pool, or nothing |
//! | `explain` | what perl's messages about classic mistakes mean |
//! | `stderr` | STDERR: lines for the error log |
//! | `library` | our own Perl library, and nobody else's |
//! | `section` | `<Perl>` sections |

pub mod env;
mod explain;
mod library;
pub mod origin;
mod response;
mod section;
mod stderr;

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use apr::{Pool, Reenter};
use config::{DirConf, Directive, Phase, PhaseRow, ServerConf};
use httpd::{Command, Connection, Host, ModuleRecord, Pools, Request, Server, Slots};
use interp::{Entry, Fail, HandlerRef, Interp, IntoVal, Load, Ticket};
use interp_perl::{Entered, OwnedObjects, Perl, Start};

use super::connection::ConnectionState;
use super::lang::{Lang, Language, LanguageRow, Own, RequestCall, Words};
use super::lease::{Frame, Hold};
use super::request::RequestState;
use super::{ServerRecord, configured, dispatch, end, provider, report, runtime, site, startup};

/// The questions that C code asks by the functions of `abi`.
pub mod c_callers {
    pub use super::super::runtime::current_request;
    pub use super::origin::{Origin, select, ticket, unselect};

    use super::super::{report, startup};
    use super::PERL;
    use httpd::log::Level;
    use httpd::{Request, Server};
    use interp_perl::Record;
    use std::ptr::NonNull;

    /// The parent of a server, or of the main server if none is given; it is started if it does not run, and a failure is logged.
    pub fn start(s: Option<Server>) -> Option<NonNull<Record>> {
        match startup::start_for(PERL, s) {
            Ok(stock) => stock.parent.run(super::record),
            Err(text) => {
                report::server(PERL, s.as_ref(), Level::Emerg, &text);
                None
            }
        }
    }

    /// Whether the main parent runs.
    pub fn is_running() -> bool {
        startup::main_stock(PERL).is_some()
    }

    /// Logs a line about a request, else about a server, else about the main server.
    pub fn log(r: Option<Request>, s: Option<Server>, level: Level, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        match r {
            Some(r) => report::request(PERL, &r, level, &text),
            None => report::server(PERL, s.as_ref(), level, &text),
        }
    }
}

/// The Perl module.
pub struct PerlHost;

struct PerlLanguage;

/// Perl.
pub const PERL: Lang = &ROW;

// SAFETY: the module is made with this host, in lib.rs.
static ROW: LanguageRow = unsafe { LanguageRow::new::<PerlHost>(&crate::perl_module, &OWN, &PerlLanguage) };

static OWN: Own = Own::new(c"mod_interp.perl.ticket");

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
fn for_later(call: &RequestCall<'_>) -> u64 {
    if matches!(call.phase, Phase::Response | Phase::Log | Phase::Cleanup) {
        return 0;
    }
    if call.state.leaves.get() == 0 {
        call.state.leaves.set(LEAVING.fetch_add(1, Relaxed));
    }
    call.state.leaves.get()
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

impl Language for PerlLanguage {
    fn name(&self) -> &'static str {
        "Perl"
    }

    fn phase_name(&self, phase: Phase) -> &'static str {
        phase.directive_name()
    }

    fn start(&self, s: &Server, conf: &ServerConf) -> Result<Box<dyn Interp>, String> {
        let argv0 = s.argv0().unwrap_or(b"httpd").to_vec();
        let env = env::at_start(conf);
        let env: Vec<(&[u8], &[u8])> = env.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let switches: Vec<&[u8]> = conf.switches.iter().collect();
        let lib = library::dir()?;
        let inc = library::of_server();
        let inc: Vec<&[u8]> = inc.iter().map(|folder| &folder[..]).collect();
        let start =
            Start { argv0: &argv0, switches: &switches, lib: Some(lib), inc: &inc, env: &env, main: !s.is_virtual() };
        match Perl::start(&start) {
            Ok(perl) => Ok(Box::new(perl)),
            Err(e) => {
                let words: Vec<_> = switches.iter().map(|s| String::from_utf8_lossy(s)).collect();
                Err(format!("PerlSwitches: \"{}\" for {}: {e}", words.join(" "), site::name_of(s)))
            }
        }
    }

    fn has_threads(&self) -> bool {
        interp_perl::HAS_ITHREADS
    }

    fn words(&self) -> &'static Words {
        const PLAIN: &str = "modperl, or perl-script for handlers that print to STDOUT and read %ENV";
        const SCRIPT: &str = "perl-script, or modperl for handlers that only use $r";
        &Words {
            handlers: &["modperl", "perl-script"],
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
        }
    }

    fn explain(&self, message: &[u8], handler: Option<&[u8]>) -> Option<String> {
        explain::explain(&String::from_utf8_lossy(message), handler)
    }

    fn log_is_open(&self) {
        interp_perl::stderr_is_the_log();
    }

    fn check_loaded(&self, entry: &dyn Entry) -> Result<(), String> {
        entered(entry).map_or(Ok(()), library::check_inc)
    }

    fn run_config(&self, entry: &dyn Entry, item: &config::Queued) -> Result<(), String> {
        entered(entry).map_or(Ok(()), |entered| section::run(entered, item))
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

    fn set_env(&self, entry: &dyn Entry, name: &[u8], value: &[u8]) {
        if let Some(entered) = entered(entry) {
            entered.set_env([(name, value)], true);
        }
    }

    #[inline(always)]
    fn around(&self, call: &RequestCall<'_>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        let Some(perl) = interp.as_any().downcast_ref::<Perl>() else { return };
        let entered = perl.enter();
        env::around(call, &entered, || {
            let serving = entered.serve(|| call.state.leaves.get());
            f(&*entered);
            if let Err(raised) = serving.leave(|| for_later(call)) {
                left(Some(call.r), &raised);
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
    fn before_handlers(&self, call: &RequestCall<'_>, dir: Option<&DirConf>, entry: &dyn Entry) {
        env::before_handler(call, dir, entry);
    }

    fn name_code(&self, entry: &dyn Entry, code: &HandlerRef, role: &[u8]) -> Result<Vec<u8>, Fail> {
        const KEEP: &[u8] = b"ModInterp::Pushed::keep";
        const NAME: &[u8] = b"ModInterp::Pushed::name";
        let HandlerRef::Code(code) = code else { return code.name().map(<[u8]>::to_vec) };
        if role.is_empty() {
            let own = entry.require_module(b"ModInterp::Pushed", None).and_then(|()| {
                entry.call_handler(config::intern(NAME).index() as u32, NAME, Load::Never, &[code.val()])?;
                entered(entry).map_or(Ok(Vec::new()), |entered| entered.run_text(b"$ModInterp::Pushed::name", None))
            });
            let own = own.map_err(|raised| Fail::from(raised.to_string()))?;
            if !own.is_empty() {
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
        let id = config::intern(KEEP).index() as u32;
        let args = [name[..].val(Ticket::FOREVER), code.val(), role.val(Ticket::FOREVER)];
        let done = entry
            .require_module(b"ModInterp::Pushed", None)
            .and_then(|()| entry.call_handler(id, KEEP, Load::Never, &args));
        done.map(|_| name).map_err(|raised| Fail::from(raised.to_string()))
    }

    fn keep_for_others(&self, hold: &Hold) {
        origin::keep(hold);
    }

    fn request_begins(&self, r: &Request) {
        if origin::is_in_use() {
            origin::note_request(r);
            if let Some(state) = PERL.state(r) {
                state.show_to_connection(r);
            }
        }
    }

    fn fill_env(&self, cx: Reenter, r: &Request, state: &RequestState) -> Result<(), Fail> {
        env::add_cgi(r, state, cx);
        let innermost = Frame::find(|frame| Some((frame.hold.clone(), frame.about.served(frame.phase))));
        if let Some((hold, running)) = innermost {
            dispatch::enter_any(&hold, |entry| {
                if let Some(entered) = entered(entry) {
                    env::put_cgi(r, state, running.as_ref(), entered);
                }
            });
        }
        Ok(())
    }
}

impl Host for PerlHost {
    super::lang::host_calls!(PERL);

    type Server = ServerRecord;
    type Dir = DirConf;
    type Request = RequestState;
    type Connection = ConnectionState;

    const LANGUAGE: config::Language = config::Language::Perl;
    const OWN: &'static [httpd::Own] = super::OWN_HOOKS;

    fn module() -> &'static ModuleRecord {
        &crate::perl_module
    }

    fn new_server(_pool: Pool, server: Server) -> ServerRecord {
        startup::new_server(&server);
        ServerRecord::of(config::Language::Perl)
    }

    fn new_dir(_pool: Pool, path: Option<&[u8]>) -> DirConf {
        let mut dir = DirConf::default();
        dir.location = path.map(Arc::from);
        dir
    }

    fn directive(
        row: &'static Directive,
        cmd: &Command<'_>,
        slots: &Slots<'_, Self>,
        args: &[&[u8]],
    ) -> Result<(), String> {
        startup::directive(PERL, row, cmd, slots, args)
    }

    fn loaded(pconf: Pool) {
        crate::abi::register();
        runtime::register(Self::module());
        interp_perl::set_error_log(&stderr::Stderr);
        PUSHED.store(0, Relaxed);
        httpd::server::define(c"MODPERL2");
        startup::loaded(PERL, pconf);
    }

    fn wants(row: &PhaseRow, _index: usize) -> bool {
        row.perl.is_some() && row.is_built
    }

    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        let uses = OWN.uses();
        if !uses.has(phase) {
            return true;
        }
        match phase {
            Phase::Response if order == 0 => r.state::<PerlHost>().is_none() && r.prev().is_none(),
            Phase::Response => r.state::<PerlHost>().is_none() && !response::may_be_ours(r),
            _ => dispatch::is_idle(PERL, phase, r),
        }
    }

    fn request(phase: Phase, order: usize, r: Request) -> c_int {
        match phase {
            Phase::Response => response::run(order, &r),
            phase if phase.row().may_answer => response::early(phase, &r, false),
            _ => dispatch::request(PERL, phase, &r),
        }
    }

    fn look_up(phase: Phase, _order: usize, r: Request) -> c_int {
        response::early(phase, &r, true)
    }

    fn check_password(r: Request, name: &[u8], user: &[u8], password: &[u8]) -> c_int {
        provider::check_password(PERL, &r, name, user, password)
    }

    fn realm_hash(r: Request, name: &[u8], user: &[u8], realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
        provider::realm_hash(PERL, &r, name, user, realm)
    }

    fn check_require_line(cmd: &Command<'_>, name: &[u8], line: &[u8]) -> Result<(), String> {
        provider::check_require_line(PERL, cmd, name, line)
    }

    fn pre_config(_pools: Pools) -> c_int {
        startup::pre_config();
        #[cfg(feature = "any-lua")]
        crate::lua_module.follow_namesake(_pools.conf);
        httpd::status::OK
    }
}
