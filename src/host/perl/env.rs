//! `%ENV` and `subprocess_env`: the variables with which an interpreter starts, and those that requests put in.
//!
//! As with mod_perl: values of the server once per request before its first handler, those of the directory before its first
//! handler that knows the directory, CGI variables just before the response. Unlike there, a request's variables are in `%ENV`
//! while its own calls run and at no other time: between two of them the interpreter may serve another request, and within one
//! a subrequest.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;

use apr::{Reenter, Table};
use config::{ClassIdentity, DirConf, ServerConf, Vars};
use httpd::Request;
use interp::Entry;
use interp_perl::{Entered, EnvSink};
use lazy_static::lazy_static;

use super::{Part, PerlHost, entered};

/// What scripts test for to see where they run; mod_perl 2.0.12's own words.
pub const MOD_PERL: &str = "mod_perl/2.0.12";

/// The variables that say so.
const MARKERS: &[&[u8]] = &[b"MOD_PERL", b"MOD_PERL_API_VERSION"];
const GATEWAY_INTERFACE: &[u8] = b"GATEWAY_INTERFACE";

lazy_static! {
    /// The environment of this process, as it is when the first script with a lazy `%ENV` runs.
    static ref PROCESS: Vec<(Vec<u8>, Vec<u8>)> =
        std::env::vars_os().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
}

fn of_process<'a>() -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    PROCESS.iter().map(|(name, value)| (&name[..], &value[..]))
}

/// `%ENV` of a new interpreter of this server: the markers, PATH and TZ, then what the configuration passes and sets.
pub fn at_start(conf: &ServerConf) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut env: Vec<(Vec<u8>, Vec<u8>)> = vec![(MARKERS[0].into(), MOD_PERL.into()), (MARKERS[1].into(), b"2".into())];
    if conf.identity() == ClassIdentity::PerlEx {
        // CGI.pm looks once, when it is loaded.
        env.push((GATEWAY_INTERFACE.into(), ClassIdentity::PerlEx.gateway_interface().into()));
    }
    for name in ["PATH", "TZ"] {
        if let Some(value) = std::env::var_os(OsStr::new(name)) {
            env.push((name.into(), value.as_bytes().to_vec()));
        }
    }
    for (name, value) in conf.pass_env.iter().chain(conf.set_env.iter()) {
        match env.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value.to_vec(),
            None => env.push((name.to_vec(), value.to_vec())),
        }
    }
    env
}

/// Which variables a request has put into `subprocess_env`, and whether its calls are shown any in `%ENV`.
#[derive(Clone, Copy, Default)]
pub struct EnvDone {
    /// The variables of the server, or of the interpreter class: the address of the record that has them, or 0.
    pub server: usize,
    /// The variables of the directory.
    pub dir: bool,
    /// Some of those are not the server's.
    pub dir_differs: bool,
    /// CGI variables.
    pub cgi: bool,
    /// `%ENV` shows [`Part::shown`] while the request's calls run.
    pub shows: bool,
    /// The request's perl-script response runs.
    pub in_script: bool,
    /// The request was answered by a script with a lazy `%ENV`: CGI variables belong to it, whether they were asked for yet or not.
    pub is_lazy: bool,
    /// What the request's script is told to be `GATEWAY_INTERFACE`, if not what httpd has.
    pub identity: Option<ClassIdentity>,
}

/// `%ENV` of a script.
#[derive(Clone, Copy)]
pub struct ScriptEnv {
    /// It has CGI's variables.
    pub with_cgi: bool,
    /// Each of them when it is asked for.
    pub is_lazy: bool,
    /// For which server the script is to think it was written; `None`: it sees what httpd has.
    pub identity: Option<ClassIdentity>,
}

/// Tells the records of servers and classes apart.
#[inline(always)]
fn address(of: &ServerConf) -> usize {
    std::ptr::from_ref(of).addr()
}

/// Who owns what `%ENV` shows, for [`Entered::env_owner`].
fn owner(r: &Request) -> Option<NonZeroUsize> {
    NonZeroUsize::new(r.as_ptr().addr())
}

/// A call of a request's handlers: `%ENV` has the request's variables in it while `f` runs.
///
/// A call inside one of another request, as of a subrequest that a script runs, has a `%ENV` of its own, which begins as a copy:
/// nothing of it stays in the outer one, and what handlers write there is shown to the later calls of the same request.
#[inline(always)]
pub fn around(r: &Request, server: &ServerConf, part: &Part, entered: &Entered, f: impl FnOnce()) {
    let before = entered.env_owner();
    if before.is_none() && !part.env.get().shows {
        f();
        if entered.env_owner().is_some() {
            entered.hide_env(&Shown { r, part });
        }
    } else {
        around_shown(r, server, part, entered, before, f);
    }
}

#[cold]
fn around_shown(
    r: &Request,
    server: &ServerConf,
    part: &Part,
    entered: &Entered,
    before: Option<NonZeroUsize>,
    f: impl FnOnce(),
) {
    if before == owner(r) {
        return f();
    }
    let shown = Shown { r, part };
    let dir = part.env.get().dir_differs.then(|| r.dir_config::<PerlHost>()).flatten();
    let table = part.shown.get();
    let own = configured(server, dir).filter(|_| table.is_none() && part.env.get().shows);
    let vars = own.chain(table.iter().flat_map(|table| table.iter()));
    match (before, owner(r)) {
        (Some(_), Some(own)) => {
            let sink: &dyn EnvSink = &shown;
            let env = entered.own_env(own, vars, true, &sink);
            f();
            drop(env);
        }
        (_, own) => {
            // SAFETY: the table is of the configuration, or in the pool of the request, whose call this is.
            unsafe { entered.show_env(own, vars, true) };
            f();
            entered.hide_env(&shown);
        }
    }
}

/// The variables that the configuration has for a request: those of the server, overridden by those of the directory.
fn configured<'a>(server: &'a ServerConf, dir: Option<&'a DirConf>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let differs = |&(name, value): &(&[u8], &[u8])| server.set_env.get(name) != Some(value);
    let of_dir = dir.into_iter().flat_map(|dir| server.env_of_dir(dir)).filter(differs);
    server.pass_env.iter().chain(server.set_env.iter()).chain(of_dir)
}

/// Takes over what scripts have changed in the variables that `%ENV` shows, so that the request's later calls see it, too.
struct Shown<'a> {
    r: &'a Request,
    part: &'a Part,
}

impl EnvSink for Shown<'_> {
    fn set(&self, key: &[u8], value: &[u8]) {
        shown(self.r, self.part).set(key, value);
    }

    fn unset(&self, key: &[u8]) {
        shown(self.r, self.part).unset(key);
    }

    fn clear(&self) {
        shown(self.r, self.part).clear();
    }
}

/// The variables that `%ENV` shows to the request's calls, once they differ from those of the configuration.
#[cold]
fn shown<'r>(r: &'r Request, part: &'r Part) -> &'r Table {
    if let Some(table) = part.shown.get() {
        return table;
    }
    let (table, done) = (Table::new(r.pool(), 8), part.env.get());
    let home = r.server_config::<PerlHost>().map(|server| server.home(super::PERL, r));
    if let (true, Some(server)) = (done.shows, home) {
        let dir = done.dir_differs.then(|| r.dir_config::<PerlHost>()).flatten();
        configured(&server.conf, dir).for_each(|(name, value)| table.set(name, value));
    }
    // SAFETY: in the request's pool, as the part of its state.
    unsafe { part.shown.set(table) };
    part.env.set(EnvDone { shows: true, ..done });
    table
}

/// Called before handlers of a request run: puts in the variables of the server and, where it is known, of the directory. Mostly
/// there are none.
#[inline(always)]
pub fn before_handlers(r: &Request, server: &ServerConf, dir: Option<&DirConf>, entry: &dyn Entry) {
    let Some(part) = super::part(r) else { return };
    let done = part.env.get();
    let of_server = done.server != address(server) && (!server.pass_env.is_empty() || !server.set_env.is_empty());
    if of_server || dir.is_some_and(|dir| !done.dir && !dir.set_env.is_empty()) {
        if let Some(entered) = entered(entry) {
            put_configured(r, part, server, dir, entered);
        }
        return;
    }
    part.env.set(EnvDone { server: address(server), dir: done.dir || dir.is_some(), ..done });
}

#[cold]
fn put_configured(r: &Request, part: &Part, server: &ServerConf, dir: Option<&DirConf>, entered: &Entered) {
    let done = part.env.get();
    let server_is_done = done.server == address(server);
    let of_server = [&server.pass_env, &server.set_env].into_iter().filter(|_| !server_is_done);
    let of_dir = dir.filter(|_| !done.dir);
    // What the server says, a directory mostly repeats.
    let own = of_dir.filter(|dir| !dir.set_env.iter().eq(server.set_env.iter()));
    let own = own.filter(|dir| server.env_of_dir(dir).any(|(name, value)| server.set_env.get(name) != Some(value)));
    let (table, shown) = (r.subprocess_env(), part.shown.get());
    let again = if server_is_done { of_dir } else { own };
    let of_dir = again.into_iter().flat_map(|dir| server.env_of_dir(dir));
    for (name, value) in of_server.flat_map(Vars::iter).chain(of_dir) {
        table.set(name, value);
        if let Some(shown) = shown {
            shown.set(name, value);
        }
    }
    let before = if server_is_done { server.pass_env.len() + server.set_env.len() } else { 0 };
    let vars = configured(server, own).skip(before);
    // SAFETY: of the configuration, which outlives the request whose call this is.
    unsafe { entered.show_env(owner(r), vars, true) };
    let dir_differs = done.dir_differs || own.is_some();
    part.env.set(EnvDone {
        server: address(server),
        dir: done.dir || dir.is_some(),
        dir_differs,
        shows: true,
        ..part.env.get()
    });
}

/// Fills `subprocess_env` with CGI's variables, once per request.
pub fn add_cgi(r: &Request, part: &Part, cx: Reenter) {
    let done = part.env.get();
    if !done.cgi {
        part.env.set(EnvDone { cgi: true, ..done });
        r.add_common_vars();
        r.add_cgi_vars(cx);
        if let Some(identity) = done.identity {
            r.subprocess_env().set(GATEWAY_INTERFACE, identity.gateway_interface());
        }
    }
}

/// Fills `subprocess_env` if that was left until somebody asks for it: somebody does.
pub fn complete(r: &Request, cx: Reenter) {
    if let Some(part) = super::part(r).filter(|part| part.env.get().is_lazy) {
        add_cgi(r, part, cx);
    }
}

/// `+SetupEnv` under `SetHandler modperl`, or asked for by a script: the call that runs, of the request `running`, sees the
/// variables that there are now in `%ENV`, and so do all later calls of `r`; as mod_perl, not if it is its perl-script response.
pub fn put_cgi(r: &Request, part: &Part, running: &Request, entered: &Entered) {
    let mut vars = r.subprocess_env();
    if running != r {
        vars = vars.copy(running.pool());
    }
    // SAFETY: the table is in the pool of the request whose call this is.
    unsafe { entered.show_env(owner(running), vars.iter(), true) };
    // In a perl-script response `%ENV` has them already, except those that the script put into the table; they end with the response.
    if !part.env.get().in_script {
        let shown = shown(r, part);
        vars.iter().for_each(|(name, value)| shown.set(name, value));
    }
}

/// Runs `f`, a `perl-script` response, with a `%ENV` of its own. What the script writes there is written to
/// `subprocess_env`, too: subrequests and programs see it.
pub fn in_script<R>(
    r: &Request,
    part: &Part,
    entered: &Entered,
    env: ScriptEnv,
    cx: Reenter,
    f: impl FnOnce() -> R,
) -> R {
    let is_lazy = env.with_cgi && env.is_lazy;
    part.env.set(EnvDone { in_script: true, is_lazy, identity: env.identity, ..part.env.get() });
    // What follows the script's name in the address is looked up by a subrequest, for which handlers may run.
    if env.with_cgi && !(is_lazy && r.path_info().is_none_or(<[u8]>::is_empty)) {
        add_cgi(r, part, cx);
    }
    let table = r.subprocess_env();
    let vars = env.with_cgi.then(|| table.iter()).into_iter().flatten();
    let without = if env.identity == Some(ClassIdentity::PerlEx) { MARKERS } else { &[] };
    let variables = Variables { r, part };
    let sink: &dyn EnvSink = &variables;
    let _env = owner(r).map(|own| entered.script_env(own, is_lazy.then(of_process), vars, without, &sink));
    let result = f();
    part.env.set(EnvDone { in_script: false, ..part.env.get() });
    result
}

/// `subprocess_env` behind `%ENV` of a script.
struct Variables<'a> {
    r: &'a Request,
    part: &'a Part,
}

impl Variables<'_> {
    /// The table, with CGI's variables in it if that was left until now: what a script changes comes behind them.
    fn table(&self) -> &Table {
        if self.is_incomplete() {
            self.complete();
        }
        self.r.subprocess_env()
    }

    fn is_incomplete(&self) -> bool {
        let done = self.part.env.get();
        done.is_lazy && !done.cgi
    }

    #[cold]
    fn complete(&self) {
        // SAFETY: whoever lent something has a copy of it by now; and handlers run only if the script itself has set path_info.
        add_cgi(self.r, self.part, unsafe { Reenter::assume() });
    }
}

impl EnvSink for Variables<'_> {
    fn set(&self, key: &[u8], value: &[u8]) {
        if self.is_incomplete() {
            let (key, value) = (key.to_vec(), value.to_vec());
            return self.table().set(&key, &value);
        }
        self.r.subprocess_env().set(key, value);
    }

    fn unset(&self, key: &[u8]) {
        if self.is_incomplete() {
            let key = key.to_vec();
            return self.table().unset(&key);
        }
        self.r.subprocess_env().unset(key);
    }

    fn clear(&self) {
        self.table().clear();
    }

    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        if self.is_incomplete() {
            let key = key.to_vec();
            return self.table().get(&key);
        }
        self.r.subprocess_env().get(key)
    }

    fn all(&self) -> Vec<(&[u8], &[u8])> {
        self.table().iter().collect()
    }
}
