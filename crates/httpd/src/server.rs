//! `server_rec`, and what there is once per process.

use crate::{ModuleRecord, ffi, slot};
use apr::{Pool, bytes_at, with_cstr};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::{
    ffi::{CStr, c_int},
    ptr::NonNull,
    time::Duration,
};

apr::opaque! {
    /// A `server_rec`: the main server or a virtual host. Lives until the configuration is read again: no reference does longer.
    ///
    /// ```compile_fail
    /// # use httpd::Server;
    /// static KEPT: std::sync::Mutex<Option<&'static Server>> = std::sync::Mutex::new(None);
    /// fn handler(s: &Server) {
    ///     *KEPT.lock().unwrap() = Some(s);
    /// }
    /// ```
    /// ```compile_fail
    /// # use httpd::Server;
    /// fn main_one() -> Option<&'static Server> {
    ///     Server::with_main(|main| main)
    /// }
    /// ```
    pub struct Server(ffi::server_rec);
}

// SAFETY: servers are shared by all threads and written to only while the configuration is read (SAFETY.md, "servers").
unsafe impl Sync for Server {}

/// A server that is kept beyond the call it was lent for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeptServer(NonNull<Server>);

// SAFETY: servers are `Sync`.
unsafe impl Send for KeptServer {}
// SAFETY: as above.
unsafe impl Sync for KeptServer {}

impl KeptServer {
    /// Its address, for C.
    pub fn as_ptr(self) -> *mut ffi::server_rec {
        self.0.as_ptr().cast()
    }

    /// The server.
    ///
    /// # Safety
    /// The configuration to which it belongs is the present one: its pool's memory has not gone.
    pub unsafe fn get(&self) -> &Server {
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ref() }
    }
}

static MAIN: AtomicPtr<ffi::server_rec> = AtomicPtr::new(std::ptr::null_mut());

impl Server {
    /// Runs `f` with the main server: that of the configuration being read if a host has said which ([`Server::set_main`]), else httpd's
    /// own (`ap_server_conf`), which is null or the one before while the configuration is read.
    pub fn with_main<R>(f: impl FnOnce(&Server) -> R) -> Option<R> {
        let said = MAIN.load(Ordering::Acquire);
        // SAFETY: httpd sets its variable while it is single-threaded; what it points to lives until the next set. What a
        // host said lives until it says otherwise. Neither happens within `f`: httpd reads no configuration in a call of ours.
        unsafe { Server::at(if said.is_null() { ffi::ap_server_conf } else { said }) }.map(f)
    }

    /// Says which server is the main one, from the moment its record is made; `None` when it is about to die.
    pub fn set_main(server: Option<&Server>) {
        MAIN.store(server.map_or(std::ptr::null_mut(), Server::as_ptr), Ordering::Release);
    }

    /// As something that can be kept.
    pub fn keep(&self) -> KeptServer {
        KeptServer(NonNull::from(self))
    }

    fn raw(&self) -> &ffi::server_rec {
        // SAFETY: lives as long as it is borrowed; nobody keeps this over a change of the record.
        unsafe { &*self.as_ptr() }
    }

    /// This server and all behind it; from the main one: all servers.
    pub fn chain(&self) -> impl Iterator<Item = &Server> {
        std::iter::successors(Some(self), |s| s.next())
    }

    /// The port in redirects; 0 if none is set.
    pub fn port(&self) -> u16 {
        self.raw().port
    }

    /// Whether it is a virtual host.
    pub fn is_virtual(&self) -> bool {
        self.raw().is_virtual != 0
    }

    /// `Timeout`.
    pub fn timeout(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.raw().timeout).unwrap_or(0))
    }

    /// `KeepAliveTimeout`.
    pub fn keep_alive_timeout(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.raw().keep_alive_timeout).unwrap_or(0))
    }

    /// Whether a line of its own says that.
    pub fn sets_keep_alive_timeout(&self) -> bool {
        self.raw().keep_alive_timeout_set() != 0
    }

    /// `MaxKeepAliveRequests`; 0 is unlimited.
    pub fn keep_alive_max(&self) -> c_int {
        self.raw().keep_alive_max
    }

    /// `KeepAlive`.
    pub fn keep_alive(&self) -> bool {
        self.raw().keep_alive != 0
    }

    /// `LimitRequestLine`, bytes.
    pub fn limit_req_line(&self) -> c_int {
        self.raw().limit_req_line
    }

    /// `LimitRequestFieldSize`, bytes.
    pub fn limit_req_fieldsize(&self) -> c_int {
        self.raw().limit_req_fieldsize
    }

    /// `LimitRequestFields`; 0 is unlimited.
    pub fn limit_req_fields(&self) -> c_int {
        self.raw().limit_req_fields
    }

    /// The open error log; null before it is open and with syslog.
    pub fn error_log(&self) -> *mut apr::ffi::apr_file_t {
        self.raw().error_log
    }

    /// `LogLevel`, as a number of httpd's (3 is error).
    pub fn log_level(&self) -> c_int {
        self.raw().log.level
    }

    pub(crate) fn log_conf(&self) -> &ffi::ap_logconf {
        &self.raw().log
    }

    /// The configuration file that defines it, and the line; `None` for the main server.
    pub fn defined_at(&self) -> Option<(&[u8], u32)> {
        // SAFETY: a C string or null.
        unsafe { bytes_at(self.raw().defn_name) }.map(|file| (file, self.raw().defn_line_number))
    }

    fn process(&self) -> &ffi::process_rec {
        // SAFETY: every server has the process's one record.
        unsafe { &*self.raw().process }
    }

    /// The command that started httpd: `argv[0]`.
    pub fn argv0(&self) -> Option<&[u8]> {
        // SAFETY: httpd keeps its argument vector for ever; it ends with a null.
        unsafe { self.process().argv.as_ref().and_then(|first| bytes_at(*first)) }
    }

    /// The pool that lives as long as the process.
    pub fn process_pool(&self) -> &Pool {
        pool(self, self.process().pool)
    }

    /// The configuration's pool: dies at each restart, and with the process.
    pub fn pconf(&self) -> &Pool {
        pool(self, self.process().pconf)
    }

    /// The name the program was started by, without its path.
    pub fn program_name(&self) -> Option<&[u8]> {
        // SAFETY: null or a C string of the process.
        unsafe { bytes_at(self.process().short_name) }
    }

    /// How many arguments the program has, its name included.
    pub fn program_arguments(&self) -> i32 {
        self.process().argc
    }

    /// Whether another module has a record for this server.
    pub fn is_configured(&self, module: &ModuleRecord) -> bool {
        // SAFETY: the vector is httpd's.
        unsafe { slot::get::<u8>(self.raw().module_config, module) }.is_some()
    }
}

apr::lends! { Server:
    /// The next server; the main one is the first, virtual hosts follow.
    next: Server = next;
    /// ServerName; `None` before it is known.
    hostname: text = server_hostname;
    /// ServerAdmin.
    admin: text = server_admin;
    /// The scheme in ServerName, if one is set.
    scheme: text = server_scheme;
    /// `ServerPath`.
    path: text = path;
    /// `ErrorLog` as it was written.
    error_fname: text = error_fname;
}

/// What a script may set. A row becomes a setter; a text is copied into the configuration's pool.
macro_rules! setters {
    ($($(#[$doc:meta])* $set:ident: $field:ident = $value:ident: $type:ty => $raw:expr;)*) => {
        impl Server { $(
            $(#[$doc])*
            pub fn $set(&self, $value: $type) {
                let set = |s: &Server, $value: $type| {
                    let value = $raw(s, $value);
                    // SAFETY: lives; the caller is the only thread that knows the server, or the server has no threads.
                    unsafe { (*s.as_ptr()).$field = value };
                };
                set(self, $value);
            }
        )* }
    };
}

fn text(s: &Server, value: Option<&[u8]>) -> *mut std::ffi::c_char {
    value.map_or(std::ptr::null_mut(), |v| s.pconf().cstr(v).as_ptr())
}

// All of these: while the server starts, or without threads.
setters! {
    /// Sets ServerName.
    set_hostname: server_hostname = name: Option<&[u8]> => text;
    /// Sets ServerAdmin.
    set_admin: server_admin = name: Option<&[u8]> => text;
    /// Sets the scheme in ServerName.
    set_scheme: server_scheme = scheme: Option<&[u8]> => |s, v| text(s, v).cast_const();
    /// Sets the file of ErrorLog; does not open it.
    set_error_fname: error_fname = file: Option<&[u8]> => text;
    /// Sets the port in redirects.
    set_port: port = port: u16 => |_: &Server, v| v;
    /// Sets whether it is a virtual host.
    set_is_virtual: is_virtual = flag: bool => |_: &Server, v| c_int::from(v) as _;
    /// Sets `Timeout`, microseconds.
    set_timeout: timeout = micros: i64 => |_: &Server, v| v;
    /// Sets `KeepAliveTimeout`, microseconds.
    set_keep_alive_timeout: keep_alive_timeout = micros: i64 => |_: &Server, v| v;
    /// Sets `MaxKeepAliveRequests`.
    set_keep_alive_max: keep_alive_max = count: c_int => |_: &Server, v| v;
    /// Sets `KeepAlive`.
    set_keep_alive: keep_alive = flag: bool => |_: &Server, v| c_int::from(v);
    /// Sets `LimitRequestLine`, bytes.
    set_limit_req_line: limit_req_line = bytes: c_int => |_: &Server, v| v;
    /// Sets `LimitRequestFieldSize`, bytes.
    set_limit_req_fieldsize: limit_req_fieldsize = bytes: c_int => |_: &Server, v| v;
    /// Sets `LimitRequestFields`.
    set_limit_req_fields: limit_req_fields = count: c_int => |_: &Server, v| v;
}

impl Server {
    /// Sets `ServerPath`; while the server starts, or without threads.
    pub fn set_path(&self, path: Option<&[u8]>) {
        let length = path.map_or(0, |p| p.iter().take_while(|b| **b != 0).count());
        let path = text(self, path).cast_const();
        // SAFETY: as in the setters above.
        unsafe { ((*self.as_ptr()).path, (*self.as_ptr()).pathlen) = (path, length as _) };
    }

    /// Sets `LogLevel`.
    pub fn set_log_level(&self, level: c_int) {
        // SAFETY: lives; threads read one number.
        unsafe { (*self.as_ptr()).log.level = level };
    }
}

/// Whether servers can still be changed: while the server starts, or without threads.
pub fn can_be_changed() -> bool {
    !crate::mpm::is_threaded() || main_state() != MainState::RunMpm
}

/// A pool that a record of httpd's names: its own, or one that lives longer.
pub(crate) fn pool<T>(_of: &T, pool: *mut apr::ffi::apr_pool_t) -> &Pool {
    // SAFETY: of a living record of httpd's, which is never null and lives as long.
    match unsafe { Pool::at(pool) } {
        Some(pool) => pool,
        None => std::process::abort(),
    }
}

/// Where httpd stands in its own life (`AP_SQ_MAIN_STATE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MainState {
    /// Before any configuration was read.
    InitialStartup,
    /// The trial pass over the configuration, whose result is thrown away.
    CreatePreConfig,
    /// Between passes.
    DestroyConfig,
    /// The pass that will serve.
    CreateConfig,
    /// Serving.
    RunMpm,
    /// Ending.
    Exiting,
    /// httpd does not say.
    Unknown,
}

/// What httpd was started for (`AP_SQ_RUN_MODE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunMode {
    /// To serve.
    Normal,
    /// `-t`
    ConfigTest,
    /// `-S`, `-M`, `-D DUMP_...`
    ConfigDump,
    /// httpd does not say (yet).
    Unknown,
}

/// Where httpd stands in its life.
pub fn main_state() -> MainState {
    match query(ffi::AP_SQ_MAIN_STATE) {
        1 => MainState::InitialStartup,
        2 => MainState::CreatePreConfig,
        3 => MainState::DestroyConfig,
        4 => MainState::CreateConfig,
        5 => MainState::RunMpm,
        6 => MainState::Exiting,
        _ => MainState::Unknown,
    }
}

/// What httpd was started for.
pub fn run_mode() -> RunMode {
    match query(ffi::AP_SQ_RUN_MODE) {
        2 => RunMode::Normal,
        3 => RunMode::ConfigTest,
        4 => RunMode::ConfigDump,
        _ => RunMode::Unknown,
    }
}

/// How often the configuration was read for serving: 0 before the first time, then one more with each restart.
pub fn config_generation() -> c_int {
    query(ffi::AP_SQ_CONFIG_GEN)
}

/// Whether requests are not served yet in this process: the configuration's pool may still be written to.
pub fn is_starting() -> bool {
    query(ffi::AP_SQ_MAIN_STATE) < ffi::AP_SQ_MS_RUN_MPM as c_int
}

fn query(what: u32) -> c_int {
    // SAFETY: no precondition.
    unsafe { ffi::ap_state_query(what as c_int) }
}

/// Adds a name and version to the `Server` header.
pub fn add_version_component(pconf: &Pool, component: &[u8]) {
    // SAFETY: the pool lives; httpd copies the text.
    with_cstr(component, |text| unsafe { ffi::ap_add_version_component(pconf.as_ptr(), text.as_ptr()) })
}

/// Defines a name, as `-D` on the command line and `Define` do. Once per pass: httpd forgets what a pass defined.
pub fn define(name: &CStr) {
    // SAFETY: httpd makes the array before it loads a module; its elements are C strings of its own pool.
    unsafe {
        let defines = ffi::ap_server_config_defines;
        let slot = apr::ffi::apr_array_push(defines).cast::<*mut std::ffi::c_char>();
        slot.write(apr::ffi::apr_pstrdup((*defines).pool, name.as_ptr()));
    }
}

/// Whether a name is defined.
pub fn is_defined(name: &[u8]) -> bool {
    // SAFETY: a C string for the call.
    with_cstr(name, |name| unsafe { ffi::ap_exists_config_define(name.as_ptr()) != 0 })
}

/// `ServerRoot`.
pub fn server_root() -> Option<&'static [u8]> {
    // SAFETY: set while httpd reads its configuration, with memory that it never frees before the next time.
    unsafe { bytes_at(ffi::ap_server_root) }
}

/// The program that runs: `argv[0]`.
pub fn executable() -> Option<&'static [u8]> {
    // SAFETY: null or httpd's own string, set before anything else.
    unsafe { bytes_at(ffi::ap_server_argv0) }
}

/// A path, if it is relative, below `ServerRoot`; `None` if it leads out of the file system.
pub fn root_relative(pool: &Pool, path: &[u8]) -> Option<Vec<u8>> {
    with_cstr(path, |path| {
        // SAFETY: pool and text live for the call; the result is copied out before either can go.
        unsafe { bytes_at(ffi::ap_server_root_relative(pool.as_ptr(), path.as_ptr())) }.map(<[u8]>::to_vec)
    })
}

/// The text of the `Server` header: as `ServerTokens` allows.
pub fn banner() -> &'static [u8] {
    // SAFETY: httpd's own string.
    unsafe { bytes_at(ffi::ap_get_server_banner()) }.unwrap_or_default()
}

/// The full text of httpd's name and of those of its modules.
pub fn description() -> &'static [u8] {
    // SAFETY: httpd's own string.
    unsafe { bytes_at(ffi::ap_get_server_description()) }.unwrap_or_default()
}

/// When httpd was built.
pub fn built() -> &'static [u8] {
    // SAFETY: httpd's own string.
    unsafe { bytes_at(ffi::ap_get_server_built()) }.unwrap_or_default()
}
