//! What engines and the API ask of the host, over leases and the state of requests and connections: [`interp::Runtime`] in
//! `doors`, each trait of the API in the file of its name. Here is what these files share.

mod calls;
mod cleanup;
mod config;
mod databases;
mod dicts;
pub mod doors;
mod figures;
mod filters;
mod handlers;
mod input;
mod jobs;
mod notes;
mod output;

use api::{HOST, HostSide};
use httpd::{ModuleRecord, Request};
use interp::{Fail, Result};

use super::lang::Lang;
use super::lease::{Frame, Hold};
use super::request::RequestState;
use super::running;

/// Implements what is asked.
struct HostRuntime;
const SELF: &HostRuntime = &HostRuntime;

/// Gives the API to the engines, and the host to the API. Called once per process.
pub fn register(module: &'static ModuleRecord) {
    let _ = api::MODULE.set(module);
    let _ = interp::RUNTIME.set(SELF);
    let _ = HOST.set(HostSide {
        handlers: SELF,
        notes: SELF,
        config: SELF,
        input: SELF,
        output: SELF,
        filters: SELF,
        calls: SELF,
        figures: SELF,
        databases: SELF,
        jobs: SELF,
        dicts: SELF,
    });
    interp::register(api::CLASSES, api::CONSTS);
}

/// The language of the code that asks.
#[inline]
fn lang() -> Result<Lang> {
    running::lang().ok_or_else(nothing_runs)
}

#[cold]
fn nothing_runs() -> Fail {
    "no interpreter runs on this thread".into()
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
    RequestState::find(running::lang()?, r)
}
