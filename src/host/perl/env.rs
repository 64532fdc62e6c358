//! `%ENV` and `subprocess_env`: what an interpreter starts with, and what requests put in.
//!
//! As mod_perl: values of the server once per request before its first handler, those of the directory before its first
//! handler that knows the directory, CGI variables just before the response.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use apr::{Reenter, Table};
use config::{DirConf, ServerConf, Vars};
use httpd::Request;
use interp::Entry;
use interp_perl::Entered;

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

fn put(r: &Request, state: &RequestState, entered: &Entered, vars: &Vars) {
    for table in [Some(r.subprocess_env()), state.shown.get()].into_iter().flatten() {
        for (name, value) in vars.iter() {
            table.set(name, value);
        }
    }
    entered.set_env(vars.iter(), true);
}

/// Before a handler of a request runs: what the server and, where it is known, the directory set. Mostly that is nothing.
#[inline(always)]
pub fn before_handler(call: &RequestCall<'_>, dir: Option<&DirConf>, entry: &dyn Entry) {
    let (state, server) = (call.state, &call.server.conf);
    let done = state.env.get();
    let of_server = !done.server && (!server.pass_env.is_empty() || !server.set_env.is_empty());
    if of_server || dir.is_some_and(|dir| !done.dir_in_env && !dir.set_env.is_empty()) {
        if let Some(entered) = entered(entry) {
            put_configured(call.r, state, server, dir, entered);
        }
        return;
    }
    let (dir, dir_in_env) = (done.dir || dir.is_some(), done.dir_in_env || dir.is_some());
    state.env.set(EnvDone { server: true, dir, dir_in_env, ..done });
}

#[cold]
fn put_configured(r: &Request, state: &RequestState, server: &ServerConf, dir: Option<&DirConf>, entered: &Entered) {
    let mut done = state.env.get();
    if !done.server {
        done.server = true;
        for vars in [&server.pass_env, &server.set_env] {
            if !vars.is_empty() {
                put(r, state, entered, vars);
            }
        }
    }
    if let (false, Some(dir)) = (done.dir_in_env, dir) {
        if !dir.set_env.is_empty() {
            if !done.dir {
                put(r, state, entered, &dir.set_env);
            } else if !done.in_env {
                entered.set_env(dir.set_env.iter(), true);
            }
        }
        (done.dir, done.dir_in_env) = (true, true);
    }
    state.env.set(done);
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

/// `+SetupEnv` under `SetHandler modperl`, or asked for by a script: every call of this request sees the variables that there
/// are now in `%ENV`, this one included. Between its calls they are not there: the interpreter may serve another request.
pub fn put_cgi(r: &Request, state: &RequestState, entry: &dyn Entry) {
    state.shown.set(Some(r.subprocess_env().copy(r.pool())));
    if let Some(entered) = entered(entry) {
        show(state, entered);
    }
}

/// The variables that an earlier call asked for.
#[inline(always)]
pub fn show(state: &RequestState, entered: &Entered) {
    if let Some(shown) = state.shown.get() {
        entered.set_env(shown.iter(), true);
        state.env.set(EnvDone { in_env: true, ..state.env.get() });
    }
}

/// A directory's variables leave `%ENV` with a request that had CGI's; of others they stay, as with mod_perl.
#[inline(always)]
pub fn take_dir_out(call: &RequestCall<'_>, dir: Option<&DirConf>, entry: &dyn Entry) {
    let done = call.state.env.get();
    let Some(dir) = dir.filter(|dir| done.cgi && done.dir_in_env && !dir.set_env.is_empty()) else { return };
    call.state.env.set(EnvDone { dir_in_env: false, ..done });
    if let Some(entered) = entered(entry) {
        take_out(dir.set_env.iter().map(|(name, _)| name).collect(), &call.server.conf, entered);
    }
}

/// Takes them out again, and puts back what the server's own configuration says of them.
pub fn take_cgi_out(r: &Request, state: &RequestState, server: &ServerConf, entered: &Entered) {
    state.env.set(EnvDone { in_env: false, ..state.env.get() });
    let (table, shown) = (r.subprocess_env(), state.shown.get());
    take_out(shown.iter().flat_map(Table::iter).chain(table.iter()).map(|(name, _)| name).collect(), server, entered);
}

fn take_out(names: HashSet<&[u8]>, server: &ServerConf, entered: &Entered) {
    entered.unset_env(names.iter().copied());
    let own = at_start(server);
    let back = own.iter().filter(|(name, _)| names.contains(&name[..]));
    entered.set_env(back.map(|(name, value)| (&name[..], &value[..])), true);
}
