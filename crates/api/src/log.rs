//! `Apache2::Log`: lines in httpd's error log, in the module's name. Text is data, never a format.

use super::MODULE;
use httpd::{
    ModuleRecord, Request, Server, ffi,
    log::{self, Entry, Level},
};
use interp::*;
use std::ptr::NonNull;

/// `$r->log`.
#[repr(transparent)]
pub struct RequestLog(Request);
object!(RequestLog, "Apache2::Log::Request");

/// `$s->log`.
#[repr(transparent)]
pub struct ServerLog(Server);
object!(ServerLog, "Apache2::Log::Server");

const LOG: &str = "Apache2::Log";

/// Methods of a request.
pub(super) static OF_REQUEST: Part = Part::new(LOG, REQUEST_ROWS);
/// Methods of a server.
pub(super) static OF_SERVER: Part = Part::new(LOG, SERVER_ROWS);

static REQUEST_ROWS: &[Row] = &current([
    method("log()", |r: Obj<Request>| of_request(r)).doc("The log, by level: $r->log->info."),
    method("log_error(@text)", |r: Maybe<&Request>, text: Rest| line(r.0.map(|r| r.server()), Level::Error, text))
        .loose()
        .doc("Writes an error to the log."),
    method("warn(@text)", |r: Maybe<&Request>, text: Rest| line(r.0.map(|r| r.server()), Level::Warn, text))
        .loose()
        .doc("Writes a warning to the log."),
    method("log_reason(text, [filename])", reason).doc("Writes to the log why the client did not get a file."),
    method("log_rerror(file, line, level, status, text, @more)", rerror)
        .doc("Writes a line with all its parts to the log."),
]);

// `Apache2::ServerRec->log`: of the server that the interpreter belongs to.
static SERVER_ROWS: &[Row] = &current([
    method("log()", |s: Obj<Server>| of_server(s)).doc("The log, by level: $s->log->info."),
    method("log_error(@text)", |s: Maybe<&Server>, text: Rest| line(s.0, Level::Error, text))
        .loose()
        .doc("Writes an error to the log."),
    method("warn(@text)", |s: Maybe<&Server>, text: Rest| line(s.0, Level::Warn, text))
        .loose()
        .doc("Writes a warning to the log."),
    method("log_serror(file, line, level, status, text, @more)", serror)
        .doc("Writes a line with all its parts to the log."),
]);

/// A row per level. The line for `warn` becomes
/// `$kind("warn(message, @more)", |l: $this, at: Caller, m: Message, more: Rest| $f(l, Level::Warn, at, m, more)).doc(..)`.
macro_rules! levels {
    ($kind:ident, $this:ty, $f:ident $(, $more:expr)*) => {
        &[
            levels!(@ $kind, $this, $f, "emerg(message, @more)", Emerg, "The server cannot go on."),
            levels!(@ $kind, $this, $f, "alert(message, @more)", Alert, "Something must be done at once."),
            levels!(@ $kind, $this, $f, "crit(message, @more)", Crit, "Critical."),
            levels!(@ $kind, $this, $f, "error(message, @more)", Error, "An error."),
            levels!(@ $kind, $this, $f, "warn(message, @more)", Warn, "A warning."),
            levels!(@ $kind, $this, $f, "notice(message, @more)", Notice, "Normal but worth a line."),
            levels!(@ $kind, $this, $f, "info(message, @more)", Info, "For information."),
            levels!(@ $kind, $this, $f, "debug(message, @more)", Debug, "For debugging."),
            $($more,)*
        ]
    };
    (@ $kind:ident, $this:ty, $f:ident, $sig:literal, $level:ident, $doc:literal) => {
        $kind($sig, |l: $this, at: Caller, message: Message, more: Rest| {
            $f(l, Level::$level, at, message, more)
        }).doc($doc)
    };
}
/// Rows of `$r->log`.
pub static REQUEST_LOG: Class = Class::of::<RequestLog>(levels!(method, &RequestLog, request_line))
    .module(LOG)
    .isa(LOG)
    .doc("The log, as a request writes to it.");
/// Rows of `$s->log`.
pub static SERVER_LOG: Class = Class::of::<ServerLog>(levels!(method, &ServerLog, server_log_line))
    .module(LOG)
    .isa(LOG)
    .doc("The log, as a server writes to it.");
/// Rows of the class itself. Perl's `LOG_MARK` is in the module.
pub static LOG_CLASS: Class = Class::new(
    LOG,
    levels!(
        class_method,
        ClassName,
        main_line,
        function("log_pid(pool, file)", |pool: &apr::Pool, file: &[u8]| httpd::util::log_pid(pool, file))
            .doc("Writes the process's number to a file; httpd ends the process if it cannot.")
    ),
)
.doc("The log, as the main server writes to it.");

fn of_request(r: Obj<Request>) -> Owned<RequestLog> {
    // SAFETY: transparent over the request.
    r.made(unsafe { NonNull::from(&*r).cast::<RequestLog>().as_ref() }, r.ticket())
}
fn of_server(s: Obj<Server>) -> Owned<ServerLog> {
    // SAFETY: transparent over the server.
    s.made(unsafe { NonNull::from(&*s).cast::<ServerLog>().as_ref() }, s.ticket())
}

fn joined(text: Rest) -> Vec<u8> {
    text.iter().collect::<Vec<_>>().concat()
}
fn entry(level: Level) -> Option<Entry<'static>> {
    MODULE.get().map(|module| Entry::new(level, module))
}

/// A message that is code is asked only if its line will be written.
fn said(message: Message, more: Rest, is_written: bool) -> Result<Option<Vec<u8>>> {
    if message.is_code() && !is_written {
        return Ok(None);
    }
    let mut text = message.text()?;
    text.extend_from_slice(&joined(more));
    Ok(Some(text))
}

/// From level debug on a line says where the script wrote it.
fn placed<'a>(level: Level, module: &'a ModuleRecord, Caller((file, line)): Caller<'a>) -> Entry<'a> {
    let entry = Entry::new(level, module);
    if level >= Level::Debug { entry.place(file, line) } else { entry }
}

fn request_line(l: &RequestLog, level: Level, at: Caller, message: Message, more: Rest) -> Result<()> {
    let Some(module) = MODULE.get() else { return Ok(()) };
    if let Some(line) = said(message, more, log::request_writes(&l.0, level, module))? {
        log::request(&l.0, placed(level, module, at), &line);
    }
    Ok(())
}
fn write(s: Option<&Server>, level: Level, at: Caller, message: Message, more: Rest) -> Result<()> {
    let Some(module) = MODULE.get() else { return Ok(()) };
    let is_written = s.is_none_or(|s| log::server_writes(s, level, module));
    if let Some(line) = said(message, more, is_written)? {
        log::server(s, placed(level, module, at), &line);
    }
    Ok(())
}
fn server_log_line(l: &ServerLog, level: Level, at: Caller, message: Message, more: Rest) -> Result<()> {
    write(Some(&l.0), level, at, message, more)
}
fn main_line(_class: ClassName, level: Level, at: Caller, message: Message, more: Rest) -> Result<()> {
    Server::with_main(|main| write(Some(main), level, at, message, more)).unwrap_or(Ok(()))
}

/// A line of a server; without one, of that of the current request, else of the main one.
fn line(server: Option<&Server>, level: Level, text: Rest) -> Result<()> {
    let Some(entry) = entry(level) else { return Ok(()) };
    let (text, current) = (joined(text), runtime().ok().filter(|_| server.is_none()));
    let done =
        current.and_then(|current| current.with_current(|r: &Request| log::server(Some(r.server()), entry, &text)));
    if done.is_none() {
        log::server(server, entry, &text);
    }
    Ok(())
}
pub(super) fn text(s: &Server, level: Level, text: &[u8]) {
    if let Some(entry) = entry(level) {
        log::server(Some(s), entry, text);
    }
}

fn reason(r: &Request, text: &[u8], filename: Option<&[u8]>) {
    let file = filename.or(r.uri()).unwrap_or_default();
    let connection = r.connection();
    let client = connection.remote_host().or(connection.client_ip()).unwrap_or_default();
    if let Some(entry) = entry(Level::Error) {
        let line = [b"access to ", file, b" failed for ", client, b", reason: ", text].concat();
        log::server(Some(r.server()), entry, &line);
    }
}

/// A level's number with the bits beside it.
fn full_entry<'a>(file: &'a [u8], line: i64, level: i64, status: i64) -> Result<Entry<'a>> {
    let mask = i64::from(ffi::APLOG_LEVELMASK);
    let number = Level::from_number((level & mask) as i32).ok_or("there is no such log level")?;
    let entry = entry(number).ok_or("works only inside the server")?;
    let status = apr::Status(status as i32);
    Ok(entry.status(status).flags((level & !mask) as i32).place(file, u32::try_from(line).unwrap_or(0)))
}
fn rerror(r: &Request, file: &[u8], line: i64, level: i64, status: i64, text: &[u8], more: Rest) -> Result<()> {
    log::request(r, full_entry(file, line, level, status)?, &[text, &joined(more)].concat());
    Ok(())
}
fn serror(s: &Server, file: &[u8], line: i64, level: i64, status: i64, text: &[u8], more: Rest) -> Result<()> {
    log::server(Some(s), full_entry(file, line, level, status)?, &[text, &joined(more)].concat());
    Ok(())
}
