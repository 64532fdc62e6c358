//! `%ENV` and `subprocess_env`: what an interpreter starts with, and what requests put in.
//!
//! As mod_perl: values of the server once per request before its first handler, those of the directory before its first
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

use super::entered;
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
    let vars = state.shown.get();
    let vars = vars.iter().flat_map(Table::iter);
    match (before, owner(r)) {
        (Some(_), Some(own)) => {
            let sink: &dyn EnvSink = &shown;
            let env = entered.own_env(own, vars, true, &sink);
            f();
            drop(env);
        }
        (_, own) => {
            // SAFETY: what a table lends lives as long as its pool, here the request's, whose call this is.
            unsafe { entered.show_env(own, vars, true) };
            f();
            entered.hide_env(&shown);
        }
    }
}

/// What scripts do to the variables that a request's calls are shown is for its later calls, too.
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

/// The variables that the request's calls are shown.
fn shown(r: &Request, state: &RequestState) -> Table {
    state.shown.get().unwrap_or_else(|| {
        let table = Table::new(r.pool(), 8);
        state.shown.set(Some(table));
        state.env.set(EnvDone { shows: true, ..state.env.get() });
        table
    })
}

fn put(r: &Request, state: &RequestState, entered: &Entered, vars: &Vars) {
    let (table, shown) = (r.subprocess_env(), shown(r, state));
    for (name, value) in vars.iter() {
        table.set(name, value);
        shown.set(name, value);
    }
    // SAFETY: of the configuration, which outlives the request whose call this is.
    unsafe { entered.show_env(owner(r), vars.iter(), true) };
}

/// Before a handler of a request runs: what the server and, where it is known, the directory set. Mostly that is nothing.
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
    let of_dir = dir.map(|dir| &dir.set_env).filter(|_| !done.dir);
    for vars in of_server.chain(of_dir).filter(|vars| !vars.is_empty()) {
        put(r, state, entered, vars);
    }
    state.env.set(EnvDone { server: true, dir: done.dir || dir.is_some(), ..state.env.get() });
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
    // SAFETY: in the pool of the request whose call this is.
    unsafe { entered.show_env(owner(running), vars.iter(), true) };
    // In a perl-script response they are there already, but for what the script put into the table, and go with it.
    if !state.env.get().in_script {
        let shown = shown(r, state);
        vars.iter().for_each(|(name, value)| shown.set(name, value));
    }
}

/// A `perl-script` response: `f` runs with a `%ENV` of its own, which begins with `vars`. What the script writes there is for
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
