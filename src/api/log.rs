//! `Apache2::Log`: lines in httpd's error log, in the module's name. Text is data, never a format.

use super::MODULE;
use httpd::{
    Request, Server, ffi,
    log::{self, Entry, Level},
};
use interp::*;
use std::ptr::NonNull;

/// `$r->log`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct RequestLog(NonNull<ffi::request_rec>);
object!(RequestLog, "Apache2::Log::Request");

/// `$s->log`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct ServerLog(NonNull<ffi::server_rec>);
object!(ServerLog, "Apache2::Log::Server");

const LOG: &str = "Apache2::Log";

/// Rows of both: a method per level.
macro_rules! levels {
    ($t:ty, $f:ident) => {
        Class::of::<$t>(&[
            method("emerg(@text)", |l: &$t, text: Rest| $f(l, Level::Emerg, text))
                .load(LOG)
                .doc("The server cannot go on."),
            method("alert(@text)", |l: &$t, text: Rest| $f(l, Level::Alert, text))
                .load(LOG)
                .doc("Something must be done at once."),
            method("crit(@text)", |l: &$t, text: Rest| $f(l, Level::Crit, text)).load(LOG).doc("Critical."),
            method("error(@text)", |l: &$t, text: Rest| $f(l, Level::Error, text)).load(LOG).doc("An error."),
            method("warn(@text)", |l: &$t, text: Rest| $f(l, Level::Warn, text)).load(LOG).doc("A warning."),
            method("notice(@text)", |l: &$t, text: Rest| $f(l, Level::Notice, text))
                .load(LOG)
                .doc("Normal but worth a line."),
            method("info(@text)", |l: &$t, text: Rest| $f(l, Level::Info, text)).load(LOG).doc("For information."),
            method("debug(@text)", |l: &$t, text: Rest| $f(l, Level::Debug, text)).load(LOG).doc("For debugging."),
        ])
    };
}
/// Rows of `$r->log`.
pub static REQUEST_LOG: Class = levels!(RequestLog, request_line).isa(LOG).doc("The log, as a request writes to it.");
/// Rows of `$s->log`.
pub static SERVER_LOG: Class = levels!(ServerLog, log_line).isa(LOG).doc("The log, as a server writes to it.");

pub(super) fn of_request(r: Obj<Request>) -> Option<Owned<RequestLog>> {
    NonNull::new(r.as_ptr()).map(|p| r.made(RequestLog(p), r.ticket()))
}
pub(super) fn of_server(s: Obj<Server>) -> Option<Owned<ServerLog>> {
    NonNull::new(s.as_ptr()).map(|p| s.made(ServerLog(p), s.ticket()))
}

fn joined(text: Rest) -> Vec<u8> {
    text.iter().collect::<Vec<_>>().concat()
}
fn entry(level: Level) -> Option<Entry<'static>> {
    MODULE.get().map(|module| Entry::new(level, module))
}

fn request_line(l: &RequestLog, level: Level, text: Rest) {
    // SAFETY: the door checked the ticket, which is the request's; used for this call only.
    if let (Some(r), Some(entry)) = (unsafe { Request::from_ptr(l.0.as_ptr()) }, entry(level)) {
        log::request(&r, entry, &joined(text));
    }
}
fn log_line(l: &ServerLog, level: Level, text: Rest) {
    // SAFETY: the door checked the ticket, which is the server's; used for this call only.
    if let Some(s) = unsafe { Server::from_ptr(l.0.as_ptr()) } {
        server_line(&s, level, text);
    }
}
pub(super) fn server_line(s: &Server, level: Level, text: Rest) {
    if let Some(entry) = entry(level) {
        log::server(Some(s), entry, &joined(text));
    }
}

pub(super) fn reason(r: &Request, text: &[u8], filename: Option<&[u8]>) {
    let file = filename.or(r.uri()).unwrap_or_default();
    let connection = r.connection();
    let client = connection.remote_host().or(connection.client_ip()).unwrap_or_default();
    if let Some(entry) = entry(Level::Error) {
        let line = [b"access to ", file, b" failed for ", client, b", reason: ", text].concat();
        log::server(Some(&r.server()), entry, &line);
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
pub(super) fn rerror(r: &Request, file: &[u8], line: i64, level: i64, status: i64, text: Rest) -> Result<()> {
    log::request(r, full_entry(file, line, level, status)?, &joined(text));
    Ok(())
}
pub(super) fn serror(s: &Server, file: &[u8], line: i64, level: i64, status: i64, text: Rest) -> Result<()> {
    log::server(Some(s), full_entry(file, line, level, status)?, &joined(text));
    Ok(())
}
