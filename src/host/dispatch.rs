//! The phases of requests, connections and servers, as httpd calls for them: what is done before and after the [`Call`] that runs a
//! phase's handlers.

use std::ffi::c_int;

use config::Phase;
use httpd::status::{DECLINED, DONE, HTTP_SERVICE_UNAVAILABLE, OK};
use httpd::{Connection, Request, Server};

use super::about::{About, OfConnection, OfServer, Topic};
use super::call::Call;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::lease::choose;
use super::request::RequestState;
use super::{configured, end};

/// Whether there is nothing to do for a request in a phase, judged by the configuration alone.
#[inline(always)]
pub fn is_idle(lang: Lang, phase: Phase, r: &Request) -> bool {
    let has_none = |phase| configured::written(lang, phase, r).is_empty();
    has_none(phase)
        && match lang.state(r) {
            Some(state) => {
                state.is_idle(phase) && (phase != Phase::Log || state.expects_end() || has_none(Phase::Cleanup))
            }
            None => !prepares_cleanup(phase) || has_none(Phase::Cleanup),
        }
        && (phase != Phase::Fixup || !end::runs_handlers(lang, r))
}

/// Whether this is the last phase before the response in which a request gets its state, because handlers wait for its end.
#[inline(always)]
const fn prepares_cleanup(phase: Phase) -> bool {
    matches!(phase, Phase::Fixup | Phase::Log)
}

/// Runs a phase of a request. The response phase is not run here: each language has forms of its own for it.
#[inline(always)]
pub fn request(lang: Lang, phase: Phase, r: &Request) -> c_int {
    if phase == Phase::Log {
        return if end::is_over(lang, r) { DECLINED } else { leases::at_log(|| before_or_after(lang, phase, r)) };
    }
    if phase == Phase::Fixup {
        end::look_after(lang, r);
    }
    before_or_after(lang, phase, r)
}

#[inline(always)]
fn before_or_after(lang: Lang, phase: Phase, r: &Request) -> c_int {
    if prepares_cleanup(phase)
        && lang.server_of(r).is_some_and(|server| server.conf.is_enabled())
        && !configured::of_request(lang, Phase::Cleanup, r).is_empty()
        && let Some(state) = RequestState::of(lang, r)
    {
        state.expect_end(r);
    }
    let status = handlers(lang, phase, r);
    if phase == Phase::Log {
        if let Some(state) = lang.state(r) {
            state.end(r);
        }
    } else if status != OK && status != DECLINED && phase.row().ends_request(status) {
        ends(lang, r);
    }
    status
}

/// A phase has answered the request, or refused it.
pub fn ends(lang: Lang, r: &Request) {
    if let Some(state) = lang.state(r) {
        state.end_walk(r);
    }
    end::look_after(lang, r);
}

/// Runs the handlers of a phase, if it has any.
#[inline(always)]
fn handlers(lang: Lang, phase: Phase, r: &Request) -> c_int {
    let configured = &*configured::of_request(lang, phase, r);
    if configured.is_empty() && !lang.state(r).is_some_and(|state| state.is_changed(phase)) {
        return DECLINED;
    }
    Call::of_request(lang, phase, r).map_or(DECLINED, |call| call.handlers(configured))
}

/// The request's pool is about to die: `PerlCleanupHandler`. Cleanups of the pool come next.
pub fn cleanup(lang: Lang, r: Request) {
    if interp::is_forked() {
        return;
    }
    let Some(state) = lang.state(&r) else { return };
    state.end(&r);
    handlers(lang, Phase::Cleanup, &r);
    if !state.ends_late() {
        state.unpin();
    }
}

/// The request's pool dies and its other cleanups have run: frees what scripts left in the request, and the interpreters it kept.
pub fn free_values(lang: Lang, r: Request) {
    if interp::is_forked() {
        return;
    }
    let Some(state) = lang.state(&r) else { return };
    // A DESTROY method may leave more values.
    for _ in 0..4 {
        if !state.has_values() {
            break;
        }
        let Some(call) = Call::of_request(lang, Phase::Cleanup, &r) else { break };
        let done = call.run(|entry| {
            state.drop_values();
            entry.drain();
        });
        if let Err(refused) = done {
            call.about.refused(&call, &refused);
            break;
        }
    }
    state.unpin();
}

/// Runs a phase of a connection.
pub fn connection(lang: Lang, phase: Phase, c: &Connection) -> c_int {
    let base = c.base_server();
    let Some(server) = lang.server(&base) else { return DECLINED };
    let configured = &*configured::of_record(lang, phase, server);
    if configured.is_empty() || !server.conf.is_enabled() {
        return DECLINED;
    }
    let about = About::Connection(*c);
    let (Some(stock), Some(state)) = (choose(lang, &about), ConnectionState::of(lang, c)) else { return DECLINED };
    let call = Call { lang, phase: Some(phase), about: OfConnection { c, state }, stock };
    let status = call.handlers(configured);
    if phase == Phase::PreConnection && status == DONE {
        // For httpd that means "go on", on a connection that its own hook, the last one, has not given a socket.
        c.abort();
        return HTTP_SERVICE_UNAVAILABLE;
    }
    status
}

/// Runs a phase of the start or of a child, always in the parent interpreter of the main server.
pub fn server(lang: Lang, phase: Phase, s: &Server, pools: &[apr::Pool]) -> c_int {
    let (about, Some(record)) = (About::Server(*s), lang.server(s)) else { return OK };
    let configured = &*configured::of_record(lang, phase, record);
    let (false, Some(stock)) = (configured.is_empty() || !record.conf.is_enabled(), choose(lang, &about)) else {
        return OK;
    };
    Call { lang, phase: Some(phase), about: OfServer { s, pools }, stock }.handlers(configured)
}
