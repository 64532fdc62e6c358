//! The phases of requests, connections and servers, as httpd calls for them: what is done before and after the [`Call`] that runs a
//! phase's handlers.

use std::ffi::c_int;

use apr::Reenter;
use config::Phase;
use httpd::status::{DECLINED, DONE, HTTP_SERVICE_UNAVAILABLE, OK};
use httpd::{Connection, Request, Server};

use super::about::{About, OfConnection, OfServer};
use super::call::Call;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::request::RequestState;
use super::server::{ServerRecord, choose};
use super::{configured, end, net_server};

/// Whether there is nothing to do for a request in a phase, judged by the configuration alone.
#[inline(always)]
pub fn is_idle(lang: Lang, phase: Phase, r: &Request) -> bool {
    let has_none = |phase| configured::written(lang, phase, r).is_empty();
    has_none(phase)
        && match RequestState::find(lang, r) {
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
        && ServerRecord::of_request(lang, r).is_some_and(|server| server.conf.is_enabled())
        && !configured::of_request(lang, Phase::Cleanup, r).is_empty()
        && let Some(state) = RequestState::of(lang, r)
    {
        state.expect_end(r);
    }
    let status = phase.row().told(Call::run_phase(lang, phase, r));
    if phase == Phase::Log {
        if let Some(state) = RequestState::find(lang, r) {
            state.end(r);
        }
    } else if status != OK && status != DECLINED && phase.row().ends_request(status) {
        ends(lang, r);
    }
    status
}

/// A phase has answered the request, or refused it.
pub fn ends(lang: Lang, r: &Request) {
    if let Some(state) = RequestState::find(lang, r) {
        state.end_walk(r);
    }
    end::look_after(lang, r);
}

/// Runs a phase of a connection.
pub fn connection(lang: Lang, phase: Phase, c: &Connection) -> c_int {
    // A stream of HTTP/2 is no connection on which another protocol could be spoken.
    if phase == Phase::ProcessConnection && c.master().is_some() {
        return DECLINED;
    }
    let base = c.base_server();
    let Some(server) = ServerRecord::find(lang, base) else { return DECLINED };
    let configured = &*configured::of_record(lang, phase, server);
    let speaker = net_server::speaker(phase, server);
    if (configured.is_empty() && speaker.is_none()) || !server.conf.is_enabled() {
        return DECLINED;
    }
    let about = About::Connection(c);
    let (Some(stock), Some(state)) = (choose(lang, &about), ConnectionState::of(lang, c)) else { return DECLINED };
    if phase == Phase::ProcessConnection && state.is_left_to_httpd.get() {
        return DECLINED;
    }
    // TLS shakes hands before an interpreter is taken. Where that fails httpd's own hooks close the connection.
    // SAFETY: nobody has borrowed anything from a script here.
    if phase == Phase::ProcessConnection && c.is_encrypted() && c.begin(unsafe { Reenter::assume() }).is_err() {
        return DECLINED;
    }
    let call = Call { lang, phase: Some(phase), about: OfConnection { c, state }, stock };
    let status = if configured.is_empty() { DECLINED } else { call.handlers(configured) };
    if let (DECLINED, Some(program)) = (status, speaker) {
        return net_server::serve(lang, c, state, stock, program);
    }
    if phase == Phase::PreConnection && status == DONE {
        // For httpd that means "go on", on a connection that its own hook, the last one, has not given a socket.
        c.abort();
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if phase == Phase::ProcessConnection && status == DECLINED {
        // Event runs the phase again for each request of a connection that stays open, other MPMs do not.
        state.is_left_to_httpd.set(true);
    } else if phase == Phase::ProcessConnection {
        // All is said. Until the client has closed its end too, which may take long, nobody needs the interpreter that the connection
        // keeps.
        state.give_back();
    }
    status
}

/// Runs a phase of the start or of a child, always in the parent interpreter of the main server.
pub fn server(lang: Lang, phase: Phase, s: &Server, pools: &[&apr::Pool]) -> c_int {
    let (about, Some(record)) = (About::Server(s), ServerRecord::find(lang, s)) else { return OK };
    let configured = &*configured::of_record(lang, phase, record);
    let (false, Some(stock)) = (configured.is_empty() || !record.conf.is_enabled(), choose(lang, &about)) else {
        return OK;
    };
    Call { lang, phase: Some(phase), about: OfServer { s, pools }, stock }.handlers(configured)
}
