//! Connections to databases.

use std::sync::Arc;

use api::{Databases, Found};
use interp::{Fail, Kept, Result, is_forked};

use super::cleanup::when_dead;
use super::{HostRuntime, nothing_runs};
use crate::host::about::About;
use crate::host::databases::{self, Pool};
use crate::host::lease::Frame;
use crate::host::request::top;
use crate::host::running;
use crate::host::server::ServerRecord;

impl Databases for HostRuntime {
    fn find(&self, source: &[u8]) -> Option<Found> {
        if is_forked() {
            return None;
        }
        // The innermost call decides: start-up code within a request's call has no pool.
        Frame::find(|frame| {
            let lang = frame.stock.lang;
            let found = || {
                let (record, s, turn) = match frame.about {
                    About::Request(r) => {
                        let record = ServerRecord::of_request(lang, r)?.home(lang, r);
                        (record, r.server(), std::ptr::from_ref(top(r)) as usize)
                    }
                    About::Connection(c) => {
                        (ServerRecord::of_connection(lang, c)?, c.base_server(), std::ptr::from_ref(c) as usize)
                    }
                    About::Server(_) => return None,
                };
                let conf = record.conf.db_pools.find(source)?;
                let max_wait = record.conf.limits(s.timeout()).max_wait;
                let pool = databases::number_of(frame.stock, conf, max_wait);
                Some(Found { pool, turn, ping: conf.ping, idle: conf.idle })
            };
            Some(found())
        })?
    }

    fn at_end(&self, code: Kept) -> Result<()> {
        if is_forked() {
            return Err("this process is not the server's".into());
        }
        let of_request = running::with_request(|r| std::ptr::NonNull::from(top(r)));
        if let Some(r) = of_request {
            // SAFETY: the eldest of the family of the request whose call this is, all of whom live.
            return when_dead(unsafe { r.as_ref() }.pool(), code, None);
        }
        let of_connection = running::with_connection(|c| std::ptr::NonNull::from(c));
        let c = of_connection.ok_or_else(nothing_runs)?;
        // SAFETY: the connection whose call this is.
        when_dead(unsafe { c.as_ref() }.pool(), code, None)
    }

    fn take(&self, pool: usize, closer: Kept, has: Option<usize>) -> Result<Option<usize>> {
        let pool = known(pool)?;
        let interpreter = Frame::find(|frame| Some(frame.hold.id())).ok_or_else(nothing_runs)?;
        match (pool.take(interpreter, closer), has) {
            (Ok(place), _) => Ok(Some(place)),
            (Err(_), None) => Ok(None),
            (Err(closer), Some(has)) => {
                pool.wait(interpreter, closer, has > 0).map(Some).map_err(|text| text.as_str().into())
            }
        }
    }

    fn again(&self, pool: usize, place: usize) -> bool {
        databases::pool(pool).is_some_and(|pool| pool.again(place))
    }

    fn back(&self, pool: usize, place: usize) {
        if let Some(pool) = databases::pool(pool) {
            pool.back(place);
        }
    }

    fn closed(&self, pool: usize, place: usize) {
        if let Some(pool) = databases::pool(pool) {
            pool.closed(place);
        }
    }

    fn is_wanted(&self, pool: usize) -> bool {
        databases::pool(pool).is_some_and(|pool| pool.is_wanted())
    }

    fn doing(&self) -> Vec<(String, u64)> {
        let mut figures = Vec::new();
        for pool in databases::all() {
            let Some(stock) = pool.stock() else { continue };
            let (sources, doing) = (String::from_utf8_lossy(&pool.conf().sources).into_owned(), pool.doing());
            let whose = stock.class.as_deref().unwrap_or(&stock.server);
            for (name, n) in [
                ("max", doing.max),
                ("busy", doing.busy),
                ("idle", doing.idle),
                ("closing", doing.closing),
                ("waiting", doing.waiting),
                ("waits", doing.waits),
                ("timeouts", doing.timeouts),
            ] {
                figures.push((format!("{sources} {whose}: {name}"), n));
            }
        }
        figures
    }
}

fn known(pool: usize) -> Result<Arc<Pool>> {
    databases::pool(pool).ok_or_else(|| Fail::from("there is no such pool"))
}
