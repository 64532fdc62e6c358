//! A file that has lines in place of a server's `ErrorLog`.
//!
//! httpd chooses the file by the server of which a line is, and the form of the line by that server's configuration. So a line goes
//! elsewhere if httpd is shown a *stand-in*: a copy of the server's record whose log is another file.

use crate::opaque::core;
use crate::server::root_relative;
use crate::{KeptServer, Request, Server, ffi};
use apr::{Pool, Status, with_cstr};
use std::{
    ptr::{self, NonNull},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// An open log. It is closed with the pool that it was opened for, and each process that is forked meanwhile has it.
#[derive(Clone, Copy)]
pub struct LogFile(NonNull<apr::ffi::apr_file_t>);

/// Whether what stands on a line is a program, which is given the lines.
pub fn is_program(path: &[u8]) -> bool {
    path.starts_with(b"|")
}

impl LogFile {
    /// Opens what stands on a line, as httpd opens what stands behind `ErrorLog`: a file to whose end lines are written, or a program behind `|`.
    ///
    /// # Errors
    /// It cannot be opened or started: why.
    pub fn open(pool: &Pool, path: &[u8]) -> Result<LogFile, String> {
        if is_program(path) { LogFile::start(pool, path) } else { LogFile::append(pool, path) }
    }

    fn append(pool: &Pool, path: &[u8]) -> Result<LogFile, String> {
        let Some(path) = root_relative(pool, path) else { return Err("is no path below ServerRoot".into()) };
        let flags = apr::ffi::APR_FOPEN_APPEND
            | apr::ffi::APR_FOPEN_WRITE
            | apr::ffi::APR_FOPEN_CREATE
            | apr::ffi::APR_FOPEN_LARGEFILE;
        let mut file = ptr::null_mut();
        let status = with_cstr(&path, |path| {
            // SAFETY: a C string and a pool for the call; the file belongs to the pool.
            Status(unsafe {
                let permissions = apr::ffi::APR_OS_DEFAULT as apr::ffi::apr_fileperms_t;
                apr::ffi::apr_file_open(&raw mut file, path.as_ptr(), flags as i32, permissions, pool.as_ptr())
            })
        });
        NonNull::new(file).map(LogFile).filter(|_| status == Status::SUCCESS).ok_or_else(|| status.message())
    }

    /// `|program` and `||program` are started as they are, `|$command` by a shell.
    fn start(pool: &Pool, path: &[u8]) -> Result<LogFile, String> {
        let program = path.strip_prefix(b"|").unwrap_or(path);
        let program = program.strip_prefix(b"|").unwrap_or(program);
        let (kind, program) = match program.strip_prefix(b"$") {
            Some(command) => (apr::ffi::APR_SHELLCMD_ENV, command),
            None => (apr::ffi::APR_PROGRAM_ENV, program),
        };
        with_cstr(program, |program| {
            // SAFETY: a C string and a pool for the call; httpd copies the text, and ends what it has started with the pool.
            let log = unsafe { ffi::ap_open_piped_log_ex(pool.as_ptr(), program.as_ptr(), kind) };
            // SAFETY: null or a log that lives as long as the pool.
            let file = if log.is_null() { ptr::null_mut() } else { unsafe { ffi::ap_piped_log_write_fd(log) } };
            NonNull::new(file).map(LogFile).ok_or_else(|| "the program cannot be started".into())
        })
    }
}

/// What httpd's log is shown in place of a server.
#[derive(Clone, Copy)]
pub struct StandIn {
    server: KeptServer,
    copy: NonNull<ffi::server_rec>,
    has_format: bool,
}

// SAFETY: a copy of a server is shared as servers are (SAFETY.md, "servers"). It lives as long as the server, and only `current` writes to it.
unsafe impl Send for StandIn {}
// SAFETY: as above.
unsafe impl Sync for StandIn {}

impl StandIn {
    /// One for this server. To be made while the server starts, when all other modules have configured it.
    pub fn new(server: &Server, file: LogFile) -> StandIn {
        // SAFETY: the record lives, and nobody else knows it yet. Nothing is freed with a record of C's, so that there may be two.
        let mut copy = unsafe { ptr::read(server.as_ptr()) };
        copy.error_log = file.0.as_ptr();
        // SAFETY: the vector is httpd's; the core keeps this record in those of servers.
        let core = unsafe { core::<ffi::core_server_config>(copy.module_config) };
        // SAFETY: it lives as long as the vector.
        let has_format = core.is_some_and(|core| unsafe { !core.as_ref().error_log_format.is_null() });
        StandIn { server: server.keep(), copy: server.pconf().place(copy), has_format }
    }

    /// Whether it stands in for this server.
    pub fn is_for(&self, server: &Server) -> bool {
        ptr::eq(self.server.as_ptr(), server.as_ptr())
    }

    /// Whether an `ErrorLogFormat` says what the server's lines look like.
    pub fn has_format(&self) -> bool {
        self.has_format
    }

    /// The record, with the level that the server's own has now: the one thing that changes while requests are served.
    pub(crate) fn current(&self) -> *mut ffi::server_rec {
        let copy = self.copy.as_ptr();
        // SAFETY: both live as long as the configuration, and whoever has a stand-in asks for it in a line of this configuration. Threads read
        // and write one number.
        unsafe { (*copy).log.level = (*self.server.as_ptr()).log.level };
        copy
    }
}

/// Where a line goes that does not go to its server's log.
pub struct Elsewhere {
    /// What httpd is shown.
    pub to: StandIn,
    /// What the line says before its text.
    pub before: String,
}

/// Says where a line of a module goes, if not to the log of its server: a line about this request, or else one that the code writes that
/// runs on this thread.
pub type Find = fn(&crate::ModuleRecord, Option<&Request>, &Server) -> Option<Elsewhere>;

static FIND: OnceLock<Find> = OnceLock::new();
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// Has each line that is logged from now on asked about.
pub fn ask(find: Find) {
    let _ = FIND.set(find);
    IS_ASKED.store(true, Relaxed);
}

/// Has no line asked about any more: stand-ins are about to die with their configuration.
pub fn ask_no_more() {
    IS_ASKED.store(false, Relaxed);
}

/// Whether lines are asked about.
pub fn is_asked() -> bool {
    IS_ASKED.load(Relaxed)
}

/// Where a line goes.
pub(crate) fn find(module: Option<&crate::ModuleRecord>, r: Option<&Request>, s: &Server) -> Option<Elsewhere> {
    if !is_asked() {
        return None;
    }
    FIND.get().and_then(|find| find(module?, r, s))
}
