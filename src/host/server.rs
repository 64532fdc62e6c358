//! What the host keeps per server; and the one place that says from which stock a call draws.

use std::cmp::Reverse;
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apr::{Beside, Table};
use config::{ClassConf, HandlerId, Language, ServerConf, claims, intern};
use httpd::error_log::StandIn;
use httpd::{Connection, Records, Request, Server};
use once_cell::sync::OnceCell;

use super::about::About;
use super::changes::Changes;
use super::executor::Executor;
use super::lang::Lang;
use super::lease::Stock;

/// What a language has of a server: the configuration, and the interpreters it draws from once they run.
pub struct ServerRecord {
    /// What the configuration says.
    pub conf: ServerConf,
    /// The stock that start-up has given the server. Only [`choose`] looks at it.
    stock: OnceCell<Arc<Stock>>,
    /// Its interpreter classes, once they have their interpreters. Only [`ServerRecord::home`] looks at them.
    classes: OnceCell<Classes>,
    /// The threads of this child that answer its requests, if its numbers ask for some.
    executor: OnceCell<Arc<Executor>>,
    /// The class whose interpreters serve its connections, where a program or a handler does that and a line names the class for the whole server.
    speaks_in: OnceCell<Arc<Class>>,
    /// What httpd's log is shown in place of the servers whose requests are at home here, where a line names a log for them.
    stand_ins: OnceCell<Box<[StandIn]>>,
    /// What code has changed of its handlers since the server serves.
    pub changes: Changes,
    /// `PerlSetVar` values and what code has set beside them, once a script has asked before the server serves.
    vars: Mutex<Beside<Table>>,
}

/// An interpreter class of a server.
pub struct Class {
    /// What its section says.
    pub conf: Arc<ClassConf>,
    /// What holds in it, and its interpreters.
    pub record: ServerRecord,
}

/// The classes of a server, and what is asked to find that of a request.
struct Classes {
    all: Box<[Arc<Class>]>,
    /// By the number of its name: each class that a directory may name.
    named: Box<[(HandlerId, Arc<Class>)]>,
    /// How the paths of scripts begin, the longest first.
    locations: Box<[(CString, Arc<Class>)]>,
}

impl Classes {
    fn new(all: Vec<Arc<Class>>) -> Classes {
        let named = all.iter().map(|class| (intern(class.conf.name.as_bytes()), class.clone())).collect();
        // Of equal ones the last counts.
        let of_class = |class: &Arc<Class>| {
            let paths = class.conf.locations.iter().filter_map(|path| CString::new(&**path).ok());
            paths.map(|path| (path, class.clone())).collect::<Vec<_>>()
        };
        let mut locations: Vec<_> = all.iter().rev().flat_map(of_class).collect();
        locations.sort_by_key(|(path, _)| Reverse(path.as_bytes().len()));
        Classes { all: all.into(), named, locations: locations.into() }
    }

    /// The class to which a request's script belongs, if it is not the server's own: the one that the directory names, else the one that
    /// claims the file.
    #[inline(always)]
    fn of(&self, lang: Lang, r: &Request) -> Option<&Class> {
        if let Some(named) = lang.dir(r).and_then(|dir| dir.class.as_ref()) {
            return self.named.iter().find(|(name, _)| *name == named.number).map(|(_, class)| &**class);
        }
        let claims = |path: &CStr| r.filename_behind(path).is_some_and(|next| claims(path.to_bytes(), next));
        self.locations.iter().find(|(path, _)| claims(path)).map(|(_, class)| &**class)
    }
}

impl ServerRecord {
    /// The record of a server before any directive is read.
    pub fn new(language: Language) -> ServerRecord {
        ServerRecord::of_conf(ServerConf::new(language))
    }

    fn of_conf(conf: ServerConf) -> ServerRecord {
        ServerRecord {
            conf,
            stock: OnceCell::new(),
            classes: OnceCell::new(),
            executor: OnceCell::new(),
            speaks_in: OnceCell::new(),
            stand_ins: OnceCell::new(),
            changes: Changes::default(),
            vars: Mutex::default(),
        }
    }

    /// The record of a virtual host, merged from its own lines and `base`, the main server's.
    pub fn merge(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
        ServerRecord { stock: add.stock.clone(), ..ServerRecord::of_conf(ServerConf::merge(&base.conf, &add.conf)) }
    }

    /// The record of a class.
    pub fn of_class(server: &ServerConf, class: &ClassConf) -> ServerRecord {
        ServerRecord::of_conf(server.of_class(&class.conf))
    }

    /// The record whose interpreters, limits and environment the calls of a request have: that of the class to which its script belongs,
    /// else that of the server.
    #[inline(always)]
    pub fn home(&self, lang: Lang, r: &Request) -> &ServerRecord {
        match self.classes.get() {
            None => self,
            Some(classes) => self.home_in(classes, lang, r),
        }
    }

    #[inline(never)]
    fn home_in<'a>(&'a self, classes: &'a Classes, lang: Lang, r: &Request) -> &'a ServerRecord {
        classes.of(lang, r).map_or(self, |class| &class.record)
    }

    /// Whether its classes have their interpreters.
    pub fn has_classes(&self) -> bool {
        self.classes.get().is_some()
    }

    /// Its classes have their interpreters.
    pub fn start_classes(&self, classes: Vec<Arc<Class>>) {
        let _ = self.classes.set(Classes::new(classes));
    }

    /// Its connections are served in the interpreters of this class.
    pub fn speak_in(&self, class: &Arc<Class>) {
        let _ = self.speaks_in.set(class.clone());
    }

    /// Its classes, once they have their interpreters.
    pub fn classes(&self) -> &[Arc<Class>] {
        self.classes.get().map_or(&[], |classes| &classes.all)
    }

    /// Those whose sections stand in it: a virtual host sees the main server's, too.
    pub fn own_classes(&self) -> impl Iterator<Item = &Arc<Class>> {
        self.classes().iter().filter(|class| self.conf.classes.is_own(&class.conf))
    }

    /// Lines about its requests go where these say.
    pub fn log_to(&self, stand_ins: Vec<StandIn>) {
        let _ = self.stand_ins.set(stand_ins.into());
    }

    /// What httpd's log is shown in place of servers for lines about its requests.
    pub fn stand_ins(&self) -> &[StandIn] {
        self.stand_ins.get().map_or(&[], |stand_ins| stand_ins)
    }

    /// The threads that answer its requests; `None` if the MPM's do.
    pub fn executor(&self) -> Option<&Arc<Executor>> {
        self.executor.get()
    }

    /// Its requests are answered by these threads.
    pub fn answer_on(&self, executor: Arc<Executor>) {
        let _ = self.executor.set(executor);
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
        About::Connection(c) => of_connections(ServerRecord::of_connection(lang, c)?),
        About::Server(s) => ServerRecord::find(lang, s)?.stock.get(),
    }
}

/// The same for a request.
#[inline(always)]
pub fn choose_for(lang: Lang, r: &Request) -> Option<&Arc<Stock>> {
    ServerRecord::of_request(lang, r)?.home(lang, r).stock.get()
}

/// The stock from which calls about a server's connections draw.
#[inline(always)]
pub fn of_connections(record: &ServerRecord) -> Option<&Arc<Stock>> {
    record.speaks_in.get().map_or(record, |class| &class.record).stock.get()
}

/// The name of the class whose interpreters a stock has.
pub fn class_of(stock: &Stock) -> &str {
    stock.class.as_deref().unwrap_or(config::SERVERS_OWN)
}

/// The stock of this record.
#[inline(always)]
pub fn stock_of(record: &ServerRecord) -> Option<&Arc<Stock>> {
    record.stock.get()
}
