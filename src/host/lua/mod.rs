//! The Lua module's host: its record is there, and the server starts only if a Lua state does. It refuses its directives,
//! since it has no handler yet.

use std::ffi::c_int;

use apr::Pool;
use config::{Directive, Language, Phase, PhaseRow};
use httpd::log::{self, Entry, Level};
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK};
use httpd::{Command, Connection, Host, ModuleRecord, Own, Pools, Request, Server, Slots};
use interp_lua::State;

/// The Lua module.
pub struct LuaHost;

impl Host for LuaHost {
    type Server = ();
    type Dir = ();
    type Request = ();
    type Connection = ();

    const LANGUAGE: Language = Language::Lua;
    const OWN: &'static [Own] = &[Own::PreConfig, Own::AfterStart];

    fn module() -> &'static ModuleRecord {
        &crate::lua_module
    }

    fn new_server(_pool: Pool, _server: Server) {}

    fn merge_server(_base: &(), _add: &()) {}

    fn new_dir(_pool: Pool, _path: Option<&[u8]>) {}

    fn merge_dir(_base: &(), _add: &()) {}

    fn directive(row: &'static Directive, _: &Command<'_>, _: &Slots<'_, Self>, _: &[&[u8]]) -> Result<(), String> {
        Err(format!("{}: not built yet", row.name))
    }

    fn loaded(_pconf: Pool) {}

    fn wants(_row: &PhaseRow) -> bool {
        false
    }

    fn request(_phase: Phase, _order: usize, _r: Request) -> c_int {
        DECLINED
    }

    fn connection(_phase: Phase, _order: usize, _c: Connection) -> c_int {
        DECLINED
    }

    fn start(_phase: Phase, _order: usize, _pools: Pools, _s: Server) -> c_int {
        OK
    }

    fn child(_phase: Phase, _order: usize, _pool: Pool, _s: Server) {}

    /// Another mod_perl would be resolved to our functions of the same names: this library stays in the process while the
    /// other is loaded anew for each reading of the configuration.
    fn pre_config(_pools: Pools) -> c_int {
        #[cfg(feature = "perl")]
        if crate::perl_module.has_namesake() {
            let text = "LoadModule perl_module: another mod_perl cannot run beside lua_module of this file: load perl_module from \
                        this file, too, or build it without the feature perl";
            log::server(None, Entry::new(Level::Emerg, LuaHost::module()), text.as_bytes());
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        OK
    }

    fn after_start(_pools: Pools, s: Server) -> c_int {
        let say = |level, text: String| log::server(Some(&s), Entry::new(level, LuaHost::module()), text.as_bytes());
        match State::new().and_then(|state| state.version()) {
            Ok(version) => {
                say(Level::Info, format!("{version} answers"));
                OK
            }
            Err(error) => {
                say(Level::Emerg, format!("Lua does not start: {error}"));
                HTTP_INTERNAL_SERVER_ERROR
            }
        }
    }
}
