//! What the doors and APR's rows ask: which objects live, and what a class method without object means.

use std::ptr::NonNull;
use std::sync::Arc;

use apr::{Pool, Table};
use httpd::{Connection, Request, Server};
use interp::{Kept, Object, ObjectClass, Owner, Result, Runtime, Ticket};

use super::{HostRuntime, cleanup, lang};
use crate::host::about::About;
use crate::host::connection::ConnectionState;
use crate::host::lang::Lang;
use crate::host::lease::Frame;
use crate::host::pool_ticket::pool_ticket;
use crate::host::request::{RequestState, family};
use crate::host::running;
use crate::host::server::choose;

impl Runtime for HostRuntime {
    fn current(&self, class: &'static ObjectClass) -> Option<(NonNull<()>, Ticket)> {
        if std::ptr::eq(class, Server::class()) {
            return interpreters_server().map(|address| (address, Ticket::FOREVER));
        }
        if !std::ptr::eq(class, Request::class()) {
            return None;
        }
        let lang = lang().ok()?;
        with_current_request(&mut |r| Some((r.address(), RequestState::of(lang, r)?.ticket())))?
    }

    fn adopt(&self, class: &'static ObjectClass, at: NonNull<()>) -> Option<Ticket> {
        let lang = lang().ok()?;
        let is = |known: &'static ObjectClass, address: NonNull<()>| std::ptr::eq(class, known) && address == at;
        Frame::find(|frame| match frame.about {
            About::Request(r) => {
                for r in family(r) {
                    let state = RequestState::of(lang, r)?;
                    let mut tables =
                        [r.headers_in(), r.headers_out(), r.err_headers_out(), r.subprocess_env(), r.notes()]
                            .into_iter();
                    if is(Request::class(), r.address())
                        || is(Pool::class(), r.pool().address())
                        || tables.any(|t| is(Table::class(), t.address()))
                    {
                        return Some(state.ticket());
                    }
                }
                let c = r.connection();
                if is(Connection::class(), c.address()) || is(Pool::class(), c.pool().address()) {
                    return ConnectionState::of(lang, c).map(|state| state.ticket);
                }
                is(Server::class(), r.server().address()).then_some(Ticket::FOREVER)
            }
            About::Connection(c) => (is(Connection::class(), c.address()) || is(Pool::class(), c.pool().address()))
                .then(|| ConnectionState::of(lang, c).map(|state| state.ticket))
                .flatten(),
            About::Server(_) => None,
        })
        .or_else(|| {
            let known = Server::with_main(|main| main.chain().any(|s| is(Server::class(), s.address())));
            (known == Some(true)).then_some(Ticket::FOREVER)
        })
    }

    fn ticket(&self, owner: Owner) -> Ticket {
        let Ok(lang) = lang() else { return Ticket::FOREVER };
        if let Some(r) = of::<Request>(&owner) {
            return RequestState::of(lang, r).map_or(Ticket::FOREVER, RequestState::ticket);
        }
        if let Some(c) = of::<Connection>(&owner) {
            return ConnectionState::of(lang, c).map_or(Ticket::FOREVER, |state| state.ticket);
        }
        if let Some(p) = of::<Pool>(&owner) {
            return pool_ticket(lang, p);
        }
        // Servers live as long as the configuration, and no interpreter outlives that.
        Ticket::FOREVER
    }

    fn cleanup(&self, pool: &Pool, code: Kept, arg: Option<Kept>) -> Result<()> {
        cleanup::when_dead(pool, code, arg)
    }

    fn with_ending_pool(&self, f: &mut dyn FnMut(&Pool)) {
        let ends = lang().is_ok_and(|lang| lang.facts.ends_objects);
        if ends && running::with_request(|r| f(r.pool())).is_none() {
            running::with_connection(|c| f(c.pool()));
        }
    }

    fn outlives_connection(&self, pool: &Pool) -> bool {
        let outlives = |c: &Connection| pool != c.pool() && pool.is_ancestor(c.pool());
        running::with_request(|r| outlives(r.connection()))
            .or_else(|| running::with_connection(outlives))
            .unwrap_or(false)
    }

    fn status_text(&self, status: i32) -> String {
        format!("({status}) {}", apr::Status(status).message())
    }

    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        Frame::find(|frame| Some(frame.hold.interp().caller())).flatten()
    }

    fn makes_one_line(&self, table: &Table, key: &[u8]) -> bool {
        running::with_request(|r| api::lua::makes_one_line(r, table, key)).unwrap_or(true)
    }
}

/// The server whose interpreters run this call: the first of those that share them.
fn interpreters_server() -> Option<NonNull<()>> {
    let stock = Frame::find(|frame| Some(frame.stock.clone()))?;
    let shares = |s: &Server| choose(stock.lang, &About::Server(s)).is_some_and(|of| Arc::ptr_eq(of, &stock));
    Server::with_main(|main| main.chain().find(|s| shares(s)).map(Server::address))?
}

/// Runs `f` with the request that class methods find: one of the family of the request whose call runs. A cleanup on another
/// connection's pool finds none.
pub fn with_current_request<R>(f: &mut dyn FnMut(&Request) -> R) -> Option<R> {
    if interp::is_apart() {
        return None;
    }
    let lang = lang().ok()?;
    let of_family = running::with_request(|this| {
        family(this).find_map(|r| match RequestState::find(lang, r) {
            Some(state) => state.with_current(r, globally(lang, r), f),
            None => globally(lang, r).then(|| f(r)),
        })
    });
    // A script may have made a request in a phase of the connection, and have chosen it.
    of_family.unwrap_or_else(|| running::with_connection(|c| ConnectionState::find(lang, c)?.chosen.get()?.with(f))?)
}

/// `PerlOptions +GlobalRequest` of the request's directory.
fn globally(lang: Lang, r: &Request) -> bool {
    lang.dir(r).is_some_and(|d| d.options.is(config::DirOption::GlobalRequest))
}

/// The record of a living owner.
fn of<T: Object>(owner: &Owner) -> Option<&T> {
    // SAFETY: `Runtime::ticket` is handed living records.
    unsafe { owner.downcast::<T>() }
}
