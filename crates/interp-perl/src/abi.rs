//! The questions of XS modules that only the host can answer: `shim/abi.c` asks them through this table.
//!
//! The C functions themselves are exported by the module under mod_perl's names. They may croak; nothing in this table may.

use crate::{Record, ffi};
use interp::Val;
use std::ffi::{c_char, c_int, c_void};

/// `ModPerl::EXIT`: the status of an exit.
pub const EXIT: c_int = 120_000;
/// `ModPerl::FILTER_ERROR`: a filter failed.
pub const FILTER_ERROR: c_int = 120_001;

/// What abi.c asks of the host. Requests, connections, servers, pools and tables are httpd's own pointers; they may be null
/// where it says so. No function unwinds.
#[repr(C)]
#[allow(clippy::type_complexity)]
pub struct Host {
    /// An interpreter for a request, else a connection, else a server (the others are null), made this thread's current
    /// one and counted; null if none can be had.
    pub select: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> *mut Record,
    /// The same for the request, connection or server to which a pool belongs.
    pub select_pool: unsafe extern "C" fn(*mut c_void, *mut c_void) -> *mut Record,
    /// Lowers the interpreter's count of users by one.
    pub unselect: unsafe extern "C" fn(*mut Record) -> c_int,
    /// The current request, or null.
    pub request: unsafe extern "C" fn() -> *mut c_void,
    /// A request's server; for null the main server.
    pub server: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    /// The configuration's pool.
    pub pconf: unsafe extern "C" fn() -> *mut c_void,
    /// The parent of a server (null: the main one), started if need be; null if it cannot start, which is logged.
    pub start: unsafe extern "C" fn(*mut c_void) -> *mut Record,
    /// Whether the main parent runs.
    pub is_running: unsafe extern "C" fn() -> c_int,
    /// Logs an error about a request, else about a server; both may be null.
    pub log: unsafe extern "C" fn(*mut c_void, *mut c_void, *const c_char, usize),
    /// Adds to a request's `error-notes`.
    pub note: unsafe extern "C" fn(*mut c_void, *const c_char, usize),
    /// The number of a handler's name; the name loses its sign.
    pub handler: unsafe extern "C" fn(*mut *const c_char, *mut usize) -> u32,
    /// Zeroed memory of a pool.
    pub alloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    /// A table's value, or null.
    pub table_get: unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_char,
    /// Sets a table's value; null unsets.
    pub table_set: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char),
    /// The text of a status, cut to the room there is, with a NUL.
    pub strerror: unsafe extern "C" fn(c_int, *mut c_char, usize),
    /// Puts the ticket of what this thread is about into an object.
    pub ticket: unsafe extern "C" fn(*mut Val),
}

/// Gives the table to the shim; called once, before any interpreter starts.
pub fn set_host(host: &'static Host) {
    // SAFETY: the shim keeps the pointer, to a static.
    unsafe { ffi::mp_abi_init(host) };
}
