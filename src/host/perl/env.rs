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
use config::{DirConf, ServerConf, Vars};
use httpd::Request;
use interp::Entry;
use interp_perl::{Entered, EnvSink};

use super::{PerlHost, entered};
use crate::host::lang::RequestCall;
use crate::host::request::{EnvDone, RequestState};

/// What scripts test for to see where they run; mod_perl 2.0.12's own words.
pub const MOD_PERL: &str = "mod_perl/2.0.12";

/// `%ENV` of a new interpreter of this server: the markers, PATH and TZ, then what the configuration passes and sets.
pub fn at_start(conf: &ServerConf) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut env: Vec<(Vec<u8>, Vec<u8>)> =
        vec![(b"MOD_PERL".into(), MOD_PERL.into()), (b"MOD_PERL_API_VERSION".into(), b"2".into())];
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

/// Who owns what `%ENV` shows, for [`Entered::env_owner`].
fn owner(r: &Request) -> Option<NonZeroUsize> {
    NonZeroUsize::new(r.as_ptr().addr())
}

/// A call of a request's handlers: `%ENV` has the request's variables in it while `f` runs.
///
/// A call inside one of another request, as of a subrequest that a script runs, has a `%ENV` of its own, which begins as a copy:
/// nothing of it stays in the outer one, and what handlers write there is shown to the later calls of the same request.
#[inline(always)]
pub fn around(call: &RequestCall<'_>, entered: &Entered, f: impl FnOnce()) {
    let before = entered.env_owner();
    if before.is_none() && !call.state.env.get().shows {
        f();
        if entered.env_owner().is_some() {
            entered.hide_env(&Shown::of(call));
        }
    } else {
        around_shown(call, entered, before, f);
    }
}

#[cold]
fn around_shown(call: &RequestCall<'_>, entered: &Entered, before: Option<NonZeroUsize>, f: impl FnOnce()) {
    let (r, state) = (call.r, call.state);
    if before == owner(r) {
        return f();
    }
    let shown = Shown::of(call);
    let dir = state.env.get().dir_differs.then(|| r.dir_config::<PerlHost>()).flatten();
    let table = state.shown.get();
    let own = configured(&call.server.conf, dir).filter(|_| table.is_none() && state.env.get().shows);
    let vars = own.chain(table.iter().flat_map(Table::iter));
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
    let of_dir = dir.into_iter().flat_map(|dir| dir.set_env.iter()).filter(differs);
    server.pass_env.iter().chain(server.set_env.iter()).chain(of_dir)
}

/// Takes over what scripts have changed in the variables that `%ENV` shows, so that the request's later calls see it, too.
struct Shown<'a> {
    r: &'a Request,
    state: &'a RequestState,
}

impl<'a> Shown<'a> {
    fn of(call: &RequestCall<'a>) -> Shown<'a> {
        Shown { r: call.r, state: call.state }
    }
}

impl EnvSink for Shown<'_> {
    fn set(&self, key: &[u8], value: &[u8]) {
        shown(self.r, self.state).set(key, value);
    }

    fn unset(&self, key: &[u8]) {
        shown(self.r, self.state).unset(key);
    }

    fn clear(&self) {
        shown(self.r, self.state).clear();
    }
}

/// The variables that `%ENV` shows to the request's calls, once they differ from those of the configuration.
#[cold]
fn shown(r: &Request, state: &RequestState) -> Table {
    if let Some(table) = state.shown.get() {
        return table;
    }
    let (table, done) = (Table::new(r.pool(), 8), state.env.get());
    if let (true, Some(server)) = (done.shows, r.server_config::<PerlHost>()) {
        let dir = done.dir_differs.then(|| r.dir_config::<PerlHost>()).flatten();
        configured(&server.conf, dir).for_each(|(name, value)| table.set(name, value));
    }
    state.shown.set(Some(table));
    state.env.set(EnvDone { shows: true, ..done });
    table
}

/// Called before a handler of a request runs: puts in the variables of the server and, where it is known, of the directory. Mostly
/// there are none.
#[inline(always)]
pub fn before_handler(call: &RequestCall<'_>, dir: Option<&DirConf>, entry: &dyn Entry) {
    let (state, server) = (call.state, &call.server.conf);
    let done = state.env.get();
    let of_server = !done.server && (!server.pass_env.is_empty() || !server.set_env.is_empty());
    if of_server || dir.is_some_and(|dir| !done.dir && !dir.set_env.is_empty()) {
        if let Some(entered) = entered(entry) {
            put_configured(call.r, state, server, dir, entered);
        }
        return;
    }
    state.env.set(EnvDone { server: true, dir: done.dir || dir.is_some(), ..done });
}

#[cold]
fn put_configured(r: &Request, state: &RequestState, server: &ServerConf, dir: Option<&DirConf>, entered: &Entered) {
    let done = state.env.get();
    let of_server = [&server.pass_env, &server.set_env].into_iter().filter(|_| !done.server);
    let of_dir = dir.filter(|_| !done.dir);
    // What the server says, a directory mostly repeats.
    let own = of_dir.filter(|dir| !dir.set_env.iter().eq(server.set_env.iter()));
    let own = own.filter(|dir| dir.set_env.iter().any(|(name, value)| server.set_env.get(name) != Some(value)));
    let (table, shown) = (r.subprocess_env(), state.shown.get());
    let again = if done.server { of_dir } else { own };
    for (name, value) in of_server.chain(again.map(|dir| &dir.set_env)).flat_map(Vars::iter) {
        table.set(name, value);
        if let Some(shown) = shown {
            shown.set(name, value);
        }
    }
    let before = if done.server { server.pass_env.len() + server.set_env.len() } else { 0 };
    let vars = configured(server, own).skip(before);
    // SAFETY: of the configuration, which outlives the request whose call this is.
    unsafe { entered.show_env(owner(r), vars, true) };
    let dir_differs = done.dir_differs || own.is_some();
    state.env.set(EnvDone {
        server: true,
        dir: done.dir || dir.is_some(),
        dir_differs,
        shows: true,
        ..state.env.get()
    });
}

/// Fills `subprocess_env` with CGI's variables, once per request.
pub fn add_cgi(r: &Request, state: &RequestState, cx: Reenter) {
    let done = state.env.get();
    if !done.cgi {
        state.env.set(EnvDone { cgi: true, ..done });
        r.add_common_vars();
        r.add_cgi_vars(cx);
    }
}

/// `+SetupEnv` under `SetHandler modperl`, or asked for by a script: the call that runs, of the request `running`, sees the
/// variables that there are now in `%ENV`, and so do all later calls of `r`; as mod_perl, not if it is its perl-script response.
pub fn put_cgi(r: &Request, state: &RequestState, running: Option<&Request>, entered: &Entered) {
    let Some(running) = running else { return };
    let mut vars = r.subprocess_env();
    if running != r {
        vars = vars.copy(running.pool());
    }
    // SAFETY: the table is in the pool of the request whose call this is.
    unsafe { entered.show_env(owner(running), vars.iter(), true) };
    // In a perl-script response `%ENV` has them already, except those that the script put into the table; they end with the response.
    if !state.env.get().in_script {
        let shown = shown(r, state);
        vars.iter().for_each(|(name, value)| shown.set(name, value));
    }
}

/// Runs `f`, a `perl-script` response, with a `%ENV` of its own, which begins with `vars`. What the script writes there is written to
/// `subprocess_env`, too: subrequests and programs see it.
pub fn in_script<R>(r: &Request, state: &RequestState, entered: &Entered, with_cgi: bool, f: impl FnOnce() -> R) -> R {
    let table = r.subprocess_env();
    let vars = with_cgi.then(|| table.iter()).into_iter().flatten();
    let variables = Variables(*r);
    let sink: &dyn EnvSink = &variables;
    let _env = owner(r).map(|own| entered.own_env(own, vars, true, &sink));
    state.env.set(EnvDone { in_script: true, ..state.env.get() });
    let result = f();
    state.env.set(EnvDone { in_script: false, ..state.env.get() });
    result
}

struct Variables(Request);

impl EnvSink for Variables {
    fn set(&self, key: &[u8], value: &[u8]) {
        self.0.subprocess_env().set(key, value);
    }

    fn unset(&self, key: &[u8]) {
        self.0.subprocess_env().unset(key);
    }

    fn clear(&self) {
        self.0.subprocess_env().clear();
    }
}
