//! What the host keeps per server; and the one place that says from which stock a call draws.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apr::{Beside, Table};
use config::{Language, ServerConf};
use httpd::{Connection, Records, Request, Server};
use once_cell::sync::OnceCell;

use super::about::About;
use super::changes::Changes;
use super::lang::Lang;
use super::lease::Stock;

/// What a language has of a server: the configuration, and the interpreters it draws from once they run.
pub struct ServerRecord {
    /// What the configuration says.
    pub conf: ServerConf,
    /// The stock that start-up has given the server. Only [`choose`] looks at it.
    stock: OnceCell<Arc<Stock>>,
    /// What code has changed of its handlers since the server serves.
    pub changes: Changes,
    /// `PerlSetVar` values and what code has set beside them, once a script has asked before the server serves.
    vars: Mutex<Beside<Table>>,
}

impl ServerRecord {
    /// The record of a server before any directive is read.
    pub fn new(language: Language) -> ServerRecord {
        ServerRecord::of_conf(ServerConf::new(language))
    }

    fn of_conf(conf: ServerConf) -> ServerRecord {
        ServerRecord { conf, stock: OnceCell::new(), changes: Changes::default(), vars: Mutex::default() }
    }

    /// The record of a virtual host, merged from its own lines and `base`, the main server's.
    pub fn merge(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
        ServerRecord { stock: add.stock.clone(), ..ServerRecord::of_conf(ServerConf::merge(&base.conf, &add.conf)) }
    }

    /// The record of a server.
    #[inline]
    pub fn find(lang: Lang, s: &Server) -> Option<&ServerRecord> {
        records(lang).get(s)
    }

    /// The record of a request's server.
    #[inline(always)]
    pub fn of_request(lang: Lang, r: &Request) -> Option<&ServerRecord> {
        records(lang).of_request(r)
    }

    /// The record of the server on whose address a connection came.
    #[inline(always)]
    pub fn of_connection(lang: Lang, c: &Connection) -> Option<&ServerRecord> {
        records(lang).of_connection(c)
    }

    /// Gives the server its stock, once.
    pub fn draw_from(&self, stock: &Arc<Stock>) {
        let _ = self.stock.set(stock.clone());
    }

    /// Its variables, as scripts see them.
    pub fn vars(&self) -> MutexGuard<'_, Beside<Table>> {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[inline(always)]
fn records(lang: Lang) -> Records<Server, ServerRecord> {
    // SAFETY: so does each language's module (SAFETY.md, "parts of a request's state").
    unsafe { Records::new(lang.module()) }
}

/// The stock from which a call about this draws; `None` before the interpreters run, and where the language is switched off. Nothing
/// else knows which stock a server has.
#[inline(always)]
pub fn choose<'a>(lang: Lang, about: &About<'a>) -> Option<&'a Arc<Stock>> {
    match about {
        About::Request(r) => choose_for(lang, r),
        About::Connection(c) => ServerRecord::of_connection(lang, c)?.stock.get(),
        About::Server(s) => ServerRecord::find(lang, s)?.stock.get(),
    }
}

/// The same for a request.
#[inline(always)]
pub fn choose_for(lang: Lang, r: &Request) -> Option<&Arc<Stock>> {
    ServerRecord::of_request(lang, r)?.stock.get()
}
