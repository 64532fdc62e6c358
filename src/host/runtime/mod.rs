//! What engines and the API ask of the host, over leases and the state of requests and connections: [`interp::Runtime`] in
//! `doors`, each trait of the API in the file of its name. Here is what these files share.

mod calls;
mod cleanup;
mod config;
pub mod doors;
mod figures;
mod handlers;
mod notes;
mod output;

use std::cell::Cell;

use api::{HOST, HostSide};
use apr::Pool;
use httpd::{Connection, ModuleRecord, Request};
use interp::{Fail, Result, Ticket};

use super::about::About;
use super::lang::Lang;
use super::lease::{Frame, Hold, running_lang};
use super::request::RequestState;

/// Implements what is asked.
struct HostRuntime;
const SELF: &HostRuntime = &HostRuntime;

/// Gives the API to the engines, and the host to the API. Called once per process.
pub fn register(module: &'static ModuleRecord) {
    let _ = api::MODULE.set(module);
    let _ = interp::RUNTIME.set(SELF);
    let _ = HOST.set(HostSide { handlers: SELF, notes: SELF, config: SELF, output: SELF, calls: SELF, figures: SELF });
    interp::register(api::CLASSES, api::CONSTS);
}

/// A pool's ticket: void when the pool dies. The configuration's pool and those above it outlive every interpreter, so that
/// no object of theirs can ever be stale.
pub fn pool_ticket(lang: Lang, pool: &Pool) -> Ticket {
    if httpd::pconf().is_some_and(|pconf| pconf == *pool || pool.is_ancestor(pconf)) {
        return Ticket::FOREVER;
    }
    struct Mark(Cell<Ticket>);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.get().void();
        }
    }
    let mark = pool.userdata(lang.own().pool_key).unwrap_or_else(|| {
        let mark = pool.keep(Mark(Cell::new(Ticket::new_owner()))).cast();
        pool.set_userdata(lang.own().pool_key, Some(mark));
        mark
    });
    // SAFETY: only this function sets the key, to a `Mark` that lives as long as the pool.
    let mark = &unsafe { mark.cast::<Mark>().as_ref() }.0;
    if with_request(|r| r.pool() == *pool) == Some(true) {
        if !mark.get().is_alive() {
            mark.set(Ticket::new_owner());
        }
        Frame::show(mark.get());
    }
    mark.get()
}

/// The language of the code that asks.
#[inline]
fn lang() -> Result<Lang> {
    running_lang().ok_or_else(nothing_runs)
}

#[cold]
fn nothing_runs() -> Fail {
    "no interpreter runs on this thread".into()
}

/// Runs `f` with the request this thread is about.
fn with_request<R>(f: impl FnOnce(&Request) -> R) -> Option<R> {
    let mut f = Some(f);
    Frame::find(|frame| match frame.about {
        About::Request(r) => f.take().map(|f| f(r)),
        _ => None,
    })
}

/// Runs `f` with the connection this thread is about, unless it is about a request.
fn with_connection<R>(f: impl FnOnce(&Connection) -> R) -> Option<R> {
    let mut f = Some(f);
    Frame::find(|frame| match frame.about {
        About::Connection(c) => f.take().map(|f| f(c)),
        _ => None,
    })
}

/// The interpreter that runs on this thread.
fn hold() -> Result<Hold> {
    Frame::find(|frame| Some(frame.hold.clone())).ok_or_else(nothing_runs)
}

const NO_STATE: &str = "httpd has no place for this request's data";

/// The state of a request in the language of the code that asks.
fn state(r: &Request) -> Result<&RequestState> {
    RequestState::of(lang()?, r).ok_or_else(|| NO_STATE.into())
}

/// The same, if there is one already.
fn state_of(r: &Request) -> Option<&RequestState> {
    running_lang()?.state(r)
}
