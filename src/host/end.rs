//! The end of a request for us: log, cleanup handlers, scripts' cleanups, values that were left in it, and the interpreters it
//! kept.
//!
//! A request ends for us when its answer is complete and on its way ([`in_time`]), on the thread that served it, where it may
//! wait for an interpreter. A request that was not ended then is ended at the death of its pool ([`at_death`]), where nothing may wait.

use config::Phase;
use httpd::{End, Request};

use super::about::Topic;
use super::call::Call;
use super::configured;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::languages::languages;
use super::request::{RequestState, top};

/// An answer of at most so many bytes is written at once, and the request ends with it: ending it earlier gains nothing. It would
/// also need an earlier write, which lets a quick client's next request overtake those of others.
const SMALL: i64 = 16384;

/// Whether handlers of the configuration are to run at a request's end, so that the end has to be watched for.
#[inline]
pub fn runs_handlers(lang: Lang, r: &Request) -> bool {
    let has = |phase, r: &Request| !configured::written(lang, phase, r).is_empty();
    let logs = |r: &Request| has(Phase::Log, r) || lang.dir(r).is_some_and(|dir| dir.has_hooks(Phase::Log));
    has(Phase::Cleanup, r) || if r.main().is_none() && r.prev().is_none() { logs(r) } else { logs(top(r)) }
}

/// The same of handlers that code has pushed to the request's server.
fn runs_pushed(lang: Lang, r: &Request) -> bool {
    let uses = lang.uses();
    let pushed = |phase, r: &Request| uses.are_changed(phase) && !configured::of_request(lang, phase, r).is_empty();
    pushed(Phase::Cleanup, r) || pushed(Phase::Log, top(r))
}

/// Has httpd tell of the end of a request with such handlers. Called in the last phase before the response, and after a phase that failed.
pub fn look_after(lang: Lang, r: &Request) {
    if (runs_handlers(lang, r) || runs_pushed(lang, r))
        && let Some(state) = RequestState::of(lang, r)
    {
        state.watch(r);
    }
}

/// Before all handlers of the response: a request that httpd is about to make a stream of HTTP/2 (`Upgrade: h2c`) goes through all phases
/// anew as that. The whole session is served within the first one's response phase, so that what the first one keeps would keep its
/// interpreter from all streams.
#[inline]
pub fn before_upgrade(lang: Lang, r: &Request) {
    if r.main().is_none()
        && let Some(state) = RequestState::find(lang, r)
        && r.will_upgrade()
    {
        state.run_jobs();
        state.end(r);
        free_values(lang, r);
    }
}

/// Called when the answer is complete.
pub fn in_time(end: &End) {
    let (r, c) = (end.request(), end.request().connection());
    if interp::is_forked() || !languages().any(|lang| leaves(lang, r)) {
        return;
    }
    // A stream of HTTP/2 hands its answer to the session, which has the whole answer by now.
    if c.master().is_none() {
        if httpd::mpm::is_async() && r.bytes_sent() <= SMALL && c.takes_at_once(r.bytes_sent()) {
            return;
        }
        end.write_out();
    }
    leases::in_time(|| languages().for_each(|lang| end_all(lang, r)));
}

/// Whether we have anything left to do for a request.
fn leaves(lang: Lang, r: &Request) -> bool {
    let c = r.connection();
    let ends_with_stream =
        c.master().is_some() && ConnectionState::find(lang, c).is_some_and(|c| !c.stocks().is_empty());
    let member = |m: &Request| {
        runs_handlers(lang, m)
            || runs_pushed(lang, m)
            || RequestState::find(lang, m).is_some_and(RequestState::leaves_something)
    };
    ends_with_stream || member(r) || RequestState::find(lang, r).is_some_and(|state| state.members().any(member))
}

/// Ends a request and all living requests that it has set off, the youngest first.
fn end_all(lang: Lang, r: &Request) {
    lang.log(r);
    let Some(state) = RequestState::find(lang, r) else { return };
    let members = state.members();
    let each = |f: &dyn Fn(&Request)| {
        members.any(|member| {
            f(member);
            false
        });
        f(r);
    };
    let each_state = |f: fn(&RequestState)| each(&|r| RequestState::find(lang, r).into_iter().for_each(f));
    each(&|r| cleanup(lang, r));
    each_state(RequestState::run_jobs);
    each(&|r| free_values(lang, r));
    each_state(RequestState::mark_ended);
    // The connection of an HTTP/2 stream has only this request.
    let c = r.connection();
    if let (Some(_), Some(connection)) = (c.master(), ConnectionState::find(lang, c)) {
        connection.give_back();
    }
}

/// The request's pool is about to die: `PerlCleanupHandler`. Cleanups of the pool come next.
fn cleanup(lang: Lang, r: &Request) {
    if interp::is_forked() {
        return;
    }
    let Some(state) = RequestState::find(lang, r) else { return };
    state.end(r);
    Call::run_phase(lang, Phase::Cleanup, r);
    if !state.ends_late() {
        state.unpin();
    }
}

/// The request's pool dies and its other cleanups have run: frees what scripts left in the request, and the interpreters it kept.
fn free_values(lang: Lang, r: &Request) {
    if interp::is_forked() {
        return;
    }
    let Some(state) = RequestState::find(lang, r) else { return };
    // A DESTROY method may leave more values.
    for _ in 0..4 {
        if !state.has_values() {
            break;
        }
        let Some(call) = Call::of_request(lang, Phase::Cleanup, r) else { break };
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

/// Called when the request's pool is about to die: its cleanups come next.
pub fn at_death(lang: Lang, r: &Request) {
    let Some(state) = RequestState::find(lang, r) else { return };
    state.forget(r);
    state.end(r);
    let has_handlers = state.is_changed(Phase::Cleanup) || !configured::of_request(lang, Phase::Cleanup, r).is_empty();
    if has_handlers && !state.is_ended() {
        leases::at_end(|| cleanup(lang, r));
    } else if !state.ends_late() && !interp::is_forked() {
        state.unpin();
    }
}

/// Called when the request's pool dies and its other cleanups have run.
pub fn after_death(lang: Lang, r: &Request) {
    leases::at_end(|| free_values(lang, r));
}

/// Whether the request has ended for us already.
#[inline]
pub fn is_over(lang: Lang, r: &Request) -> bool {
    RequestState::find(lang, r).is_some_and(RequestState::is_ended)
}
