//! The host: httpd on one side, interpreters on the other. The only floor that knows both.
//!
//! | file | holds |
//! |---|---|
//! | `startup` | pre_config to child_exit |
//! | `site`, `stock` | the interpreters of a configuration; those of one server: parent and clones |
//! | `keeper` | the thread that makes and replaces clones ahead of demand |
//! | `tree`, `request`, `connection` | who holds an interpreter, and how long; what is kept per request and connection |
//! | `configured` | which handlers hold |
//! | `dispatch`, `response`, `output`, `env` | a phase, its handlers, a status; what the response phase adds |
//! | `frame` | the calls that run on this thread |
//! | `provider` | providers of authentication and authorization |
//! | `origin` | entries by other modules' code: from a request, connection, server, pool, or nothing |
//! | `runtime` | what API functions ask of the host |
//! | `report` | the error log |

mod configured;
mod connection;
mod dispatch;
mod env;
mod frame;
mod keeper;
mod origin;
mod output;
mod provider;
mod report;
mod request;
mod response;
mod runtime;
mod site;
mod startup;
mod stock;
mod tree;

use std::ffi::c_int;
use std::sync::Arc;

use apr::Pool;
use config::{DirConf, Directive, Phase, PhaseRow, Scope, ServerConf};
use httpd::{Command, Connection, Host, ModuleRecord, Own, Pools, Request, Server, Slots};
use once_cell::sync::OnceCell;

use connection::ConnectionState;
use request::RequestState;
use stock::Stock;

/// What C code asks for by the functions of `abi`.
pub mod c_callers {
    pub use super::origin::{Origin, select, ticket, unselect};
    pub use super::runtime::current_request;
    pub use super::startup::main_server;

    use super::{report, startup};
    use httpd::log::Level;
    use httpd::{Request, Server};
    use interp_perl::Record;
    use std::ptr::NonNull;

    /// The parent of a server (of none: the main one), started if it does not run; a failure is logged.
    pub fn start(s: Option<Server>) -> Option<NonNull<Record>> {
        match startup::start_for(s) {
            Ok(stock) => Some(stock.parent.run(interp_perl::Perl::record)),
            Err(text) => {
                report::server(s.as_ref(), Level::Emerg, &text);
                None
            }
        }
    }

    /// Whether the main parent runs.
    pub fn is_running() -> bool {
        startup::main_stock().is_some()
    }

    /// A line about a request, else about a server, else about the main one.
    pub fn log(r: Option<Request>, s: Option<Server>, level: Level, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        match r {
            Some(r) => report::request(&r, level, &text),
            None => report::server(s.as_ref(), level, &text),
        }
    }
}

/// The Perl module.
pub struct PerlHost;

/// What is kept per server: what was written, and the interpreters it draws from once they run.
#[derive(Default)]
pub struct ServerRecord {
    /// What was written.
    pub conf: ServerConf,
    stock: OnceCell<Arc<Stock>>,
    /// What code changed since it serves.
    changes: configured::Changes,
}

impl ServerRecord {
    /// The interpreters; `None` before they run, and where Perl is switched off.
    #[inline]
    pub fn stock(&self) -> Option<&Arc<Stock>> {
        self.stock.get()
    }

    fn set_stock(&self, stock: &Arc<Stock>) {
        let _ = self.stock.set(stock.clone());
    }
}

impl Host for PerlHost {
    type Server = ServerRecord;
    type Dir = DirConf;
    type Request = RequestState;
    type Connection = ConnectionState;

    const OWN: &'static [Own] =
        &[Own::PreConfig, Own::CheckConfig, Own::BeforeStart, Own::AfterStart, Own::BeforeChild, Own::BeforeError];

    fn module() -> &'static ModuleRecord {
        &crate::perl_module
    }

    fn new_server(_pool: Pool, server: Server) -> ServerRecord {
        startup::new_server(&server);
        ServerRecord::default()
    }

    fn merge_server(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
        let merged = ServerRecord { conf: ServerConf::merge(&base.conf, &add.conf), ..ServerRecord::default() };
        if let Some(stock) = add.stock() {
            merged.set_stock(stock);
        }
        merged
    }

    fn new_dir(_pool: Pool, path: Option<&[u8]>) -> DirConf {
        let mut dir = DirConf::default();
        dir.location = path.map(Arc::from);
        dir
    }

    fn merge_dir(base: &DirConf, add: &DirConf) -> DirConf {
        DirConf::merge(base, add)
    }

    fn directive(
        row: &'static Directive,
        cmd: &Command<'_>,
        slots: &Slots<'_, Self>,
        args: &[&[u8]],
    ) -> Result<(), String> {
        startup::directive(row, cmd, slots, args)
    }

    fn loaded(pconf: Pool) {
        crate::abi::register();
        runtime::register();
        startup::loaded(pconf);
    }

    fn wants(row: &PhaseRow) -> bool {
        row.perl.is_some() && row.scope != Scope::Filter
    }

    #[inline(always)]
    fn is_unused(phase: Phase) -> bool {
        !dispatch::is_in_use(phase)
    }

    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        if let Some(state) = r.state::<PerlHost>() {
            return phase != Phase::Response && state.is_idle(phase, &configured::of_request(phase, r));
        }
        match phase {
            Phase::Response if order == 0 => r.prev().is_none(),
            Phase::Response => !response::may_be_ours(r),
            _ => configured::of_request(phase, r).is_empty() && !dispatch::wants_cleanup(phase, r),
        }
    }

    fn request(phase: Phase, order: usize, r: Request) -> c_int {
        dispatch::request(phase, order, &r)
    }

    fn connection(phase: Phase, _order: usize, c: Connection) -> c_int {
        if c.base_server().config::<Self>().is_none_or(|s| configured::of_record(phase, s).is_empty()) {
            return httpd::status::DECLINED;
        }
        dispatch::connection(phase, &c)
    }

    fn start(phase: Phase, _order: usize, pools: Pools, s: Server) -> c_int {
        dispatch::server(phase, &s, &[pools.conf, pools.log, pools.temp])
    }

    fn child(phase: Phase, _order: usize, pool: Pool, s: Server) {
        startup::child(phase, pool, &s);
    }

    fn check_password(r: Request, name: &[u8], user: &[u8], password: &[u8]) -> c_int {
        provider::check_password(&r, name, user, password)
    }

    fn realm_hash(r: Request, name: &[u8], user: &[u8], realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
        provider::realm_hash(&r, name, user, realm)
    }

    fn check_authorization(r: Request, name: &[u8], line: &[u8]) -> c_int {
        provider::check_authorization(&r, name, line)
    }

    fn check_require_line(cmd: &Command<'_>, name: &[u8], line: &[u8]) -> Result<(), String> {
        provider::check_require_line(cmd, name, line)
    }

    fn pre_config(_pools: Pools) -> c_int {
        startup::pre_config();
        #[cfg(feature = "lua")]
        crate::lua_module.follow_namesake(_pools.conf);
        httpd::status::OK
    }

    fn check_config(_pools: Pools, s: Server) -> c_int {
        startup::check_config(&s)
    }

    fn before_start(_pools: Pools, s: Server) -> c_int {
        startup::before_start(&s)
    }

    fn after_start(pools: Pools, s: Server) -> c_int {
        startup::after_start(pools, &s)
    }

    fn before_child(pool: Pool, s: Server) {
        startup::before_child(pool, s);
    }

    fn before_error(r: Request) {
        if let Some(state) = r.state::<PerlHost>() {
            state.end_walk(&r);
        }
    }
}
