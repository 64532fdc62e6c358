//! What scripts know from mod_lua: its request object, databases, WebSockets and the constants of `apache2`, as rows that
//! only Lua has. Where Perl has the same name, these win in Lua.
//!
//! Meanings are those of mod_lua's manual, and where that is silent those of httpd 2.4's own module. What the manual says
//! and mod_lua does not do is done.

#![cfg_attr(
    not(feature = "any-lua"),
    allow(dead_code, unused_imports, reason = "the host of the Lua module uses what is public here")
)]

mod body;
mod consts;
mod cookie;
mod database;
mod fields;
mod files;
mod form;
mod frame;
mod info;
mod ivm;
mod log;
mod output;
mod request;
mod text;
mod utf8;
mod websocket;

pub use consts::{CONST, version};
pub use database::{DATABASE, RESULT_SET, STATEMENT};
pub use request::REQUEST;
pub use websocket::end as end_websocket;

use apr::Table;
use httpd::{ModuleRecord, Request};
use interp::{ApiFn, LUA, Row, Switch};
use std::sync::OnceLock;

/// The module in whose name these rows write to the error log; without it that of all rows. Set by the host before
/// anything runs.
pub static MODULE: OnceLock<&'static ModuleRecord> = OnceLock::new();

fn module() -> Option<&'static ModuleRecord> {
    MODULE.get().or(super::MODULE.get()).copied()
}

fn is_on(switch: Option<Switch>) -> bool {
    switch.is_some_and(|switch| switch.0)
}

/// Whether a value of several lines in one of a request's tables must become one line ([`interp::Runtime::makes_one_line`]):
/// not in notes. It is logged.
pub fn makes_one_line(r: &Request, table: &Table, key: &[u8]) -> bool {
    let c = r.connection();
    if *table == r.notes() || c.notes().is_some_and(|notes| notes == *table) {
        return false;
    }
    let text = [b"a value for '", key, b"' has several lines: they are joined"].concat();
    log::line(r, httpd::log::Level::Warn, &text);
    true
}

const fn ro<F: ApiFn<S>, S>(name: &'static str, get: F) -> Row {
    interp::ro(name, get).only(LUA)
}
const fn rw<G: ApiFn<S>, S, P: ApiFn<T>, T>(name: &'static str, get: G, set: P) -> Row {
    interp::rw(name, get, set).only(LUA)
}
const fn method<F: ApiFn<S>, S>(sig: &'static str, f: F) -> Row {
    interp::method(sig, f).only(LUA)
}
