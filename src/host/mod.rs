//! The host: httpd on one side, interpreters on the other. The only floor that knows both.
//!
//! | file | what it has |
//! |---|---|
//! | `startup` | pre_config to child_exit |
//! | `site` | the interpreters of a configuration |
//! | `lease`, `above` | the floor `leases` here: from which stock a call draws; what that floor asks of a language |
//! | `request`, `connection` | what is kept per request and connection: its part in a lease, values |
//! | `end` | the end of a request for us |
//! | `waiting` | what a request has when it finds no interpreter idle |
//! | `configured` | which handlers hold for a phase |
//! | `dispatch`, `output` | a phase, its handlers, a status; what a response prints |
//! | `call`, `about` | the one way into an interpreter; what a call is about |
//! | `content` | what answers a request |
//! | `filter` | filters that scripts make |
//! | `module`, `lang` | a language's module; what a language has of its own |
//! | `languages` | which languages are loaded |
//! | `perl`, `lua` | the two languages' modules |
//! | `about` | what a call is about |
//! | `provider` | providers of authentication and authorization |
//! | `runtime` | what API functions ask of the host |
//! | `report`, `hint` | the error log; what it says of classic mistakes |

#![cfg_attr(
    not(all(feature = "perl", feature = "any-lua")),
    allow(dead_code, reason = "each of the two languages uses its part of what both share")
)]

mod about;
mod above;
mod call;
mod configured;
mod connection;
mod content;
mod dispatch;
mod end;
mod filter;
mod hint;
mod lang;
mod languages;
mod lease;
#[cfg(feature = "any-lua")]
pub mod lua;
mod module;
mod output;
#[cfg(feature = "perl")]
pub mod perl;
mod provider;
mod report;
mod request;
mod runtime;
mod site;
mod startup;
mod waiting;

use std::sync::{Mutex, MutexGuard, PoisonError};

use apr::Table;
use config::{Language, ServerConf};
use httpd::Own;

use lease::Draws;

/// The hooks that every language's module has besides those of the phases.
const OWN_HOOKS: &[Own] =
    &[Own::PreConfig, Own::CheckConfig, Own::BeforeStart, Own::AfterStart, Own::BeforeChild, Own::BeforeError];

/// What the host keeps per server: the records of its configuration, and the interpreters it draws from once they run.
pub struct ServerRecord {
    /// What the configuration says.
    pub conf: ServerConf,
    /// The interpreters, once they run.
    draws: Draws,
    /// What code has changed of its handlers since the server serves.
    changes: configured::Changes,
    /// `PerlSetVar` values and what code has set beside them, once a script has asked before the server serves.
    vars: Mutex<Option<Table>>,
}

impl ServerRecord {
    /// The record of a server before any directive is read.
    fn of(language: Language) -> ServerRecord {
        ServerRecord::new(ServerConf::new(language))
    }

    fn new(conf: ServerConf) -> ServerRecord {
        ServerRecord { conf, draws: Draws::default(), changes: configured::Changes::default(), vars: Mutex::default() }
    }

    /// The record of a virtual host, merged from its own lines and `base`, the main server's.
    fn merge(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
        ServerRecord { draws: add.draws.clone(), ..ServerRecord::new(ServerConf::merge(&base.conf, &add.conf)) }
    }

    fn vars(&self) -> MutexGuard<'_, Option<Table>> {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
