//! `Apache2::ServerRec`: the main server or a virtual host; and `Apache2::Process`.

use super::{log, request_util::get_or_set};
use apr::Table;
use httpd::{Server, ffi, log::Level};
use interp::*;
use std::ptr::NonNull;

const UTIL: &str = "Apache2::ServerUtil";
const LOG: &str = "Apache2::Log";

/// Its rows.
pub static SERVER_REC: Class = Class::of::<Server>(&[
    ro("error_fname", Server::error_fname).doc("ErrorLog."),
    ro("is_virtual", Server::is_virtual).doc("Whether it is a virtual host."),
    ro("keep_alive", Server::keep_alive).doc("KeepAlive."),
    ro("keep_alive_max", Server::keep_alive_max).doc("MaxKeepAliveRequests."),
    ro("keep_alive_timeout", |s: &Server| s.keep_alive_timeout().as_micros() as i64)
        .doc("KeepAliveTimeout, microseconds."),
    ro("limit_req_fields", Server::limit_req_fields).doc("LimitRequestFields."),
    ro("limit_req_fieldsize", Server::limit_req_fieldsize).doc("LimitRequestFieldSize, bytes."),
    ro("limit_req_line", Server::limit_req_line).doc("LimitRequestLine, bytes."),
    ro("next", Server::next).doc("The server configured after it."),
    ro("path", Server::path).doc("ServerPath."),
    ro("port", |s: &Server| i32::from(s.port())).doc("Its port, for links."),
    ro("process", process).doc("What there is once per process."),
    ro("server_admin", Server::admin).doc("ServerAdmin."),
    ro("server_hostname", Server::hostname).doc("ServerName."),
    ro("server_scheme", Server::scheme).doc("The scheme of ServerName."),
    ro("timeout", |s: &Server| s.timeout().as_micros() as i64).doc("Timeout, microseconds."),
    method("loglevel()", Server::log_level).load(UTIL).doc("LogLevel, as a number."),
    method("dir_config([key], [value])", dir_config)
        .load(UTIL)
        .doc("Values of PerlSetVar and PerlAddVar outside sections: the table, a value, or a new value."),
    method("push_handlers(phase, handlers)", |s: &Server, phase: &[u8], handlers: Handlers| {
        runtime()?.push_handlers(Owner::of(s), phase, handlers.keep())
    })
    .load(UTIL)
    .doc("Adds handlers to a phase of this server; while it starts."),
    method("set_handlers(phase, handlers)", |s: &Server, phase: &[u8], handlers: Handlers| {
        runtime()?.set_handlers(Owner::of(s), phase, handlers.keep())
    })
    .load(UTIL)
    .doc("Replaces the handlers of a phase of this server; while it starts."),
    method("get_handlers(phase)", |s: &Server, phase: &[u8]| {
        Ok::<_, Fail>(runtime()?.handlers(Owner::of(s), phase)?.filter(|h| !h.is_empty()).map(Array))
    })
    .load(UTIL)
    .doc("The handlers of a phase."),
    method("is_perl_option_enabled(flag)", |s: &Server, flag: &[u8]| runtime()?.is_option_enabled(Owner::of(s), flag))
        .load(UTIL)
        .doc("Whether a PerlOptions flag of servers is on here."),
    method("add_config(lines)", |s: &Server, lines: Strings| {
        let lines: Vec<_> = lines.iter().collect();
        runtime()?
            .add_config(Owner::of(s), &lines, -1, None, -1)
            .map_err(|e| e.prefixed("$s->add_config() has failed: "))
    })
    .load(UTIL)
    .doc("Adds configuration lines to this server; while it starts."),
    method("add_version_component(text)", |s: &Server, text: &[u8]| {
        httpd::server::add_version_component(s.pconf(), text)
    })
    .load(UTIL)
    .doc("Adds a word to the Server header; while it starts."),
    method("method_register(name)", |s: &Server, name: &[u8]| httpd::util::register_method(s.pconf(), name))
        .load(UTIL)
        .doc("Makes a method known to httpd; its number. While it starts."),
    method("log()", |s: Obj<Server>| log::of_server(s)).load(LOG).doc("The log, by level: $s->log->info."),
    method("log_error(@text)", |s: &Server, text: Rest| log::server_line(s, Level::Error, text))
        .load(LOG)
        .doc("Writes an error to the log."),
    method("warn(@text)", |s: &Server, text: Rest| log::server_line(s, Level::Warn, text))
        .load(LOG)
        .doc("Writes a warning to the log."),
    method("log_serror(file, line, level, status, @text)", log::serror)
        .load(LOG)
        .doc("Writes a line with all its parts to the log."),
])
.doc("The main server or a virtual host.");

fn dir_config(
    s: &Server,
    key: Option<&[u8]>,
    value: Option<Maybe<&[u8]>>,
) -> Result<Either<Option<Table>, Option<Vec<u8>>>> {
    let table = runtime()?.dir_config(Owner::of(s), value.is_some())?;
    Ok(match key {
        None => Either::A(table),
        Some(key) => Either::B(table.and_then(|t| get_or_set(t, key, value))),
    })
}

/// A `process_rec`, known by one of its servers.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Process(NonNull<ffi::server_rec>);
object!(Process, "Apache2::Process");

/// Its rows.
pub static PROCESS: Class = Class::of::<Process>(&[
    ro("pool", |p: &Process| p.server().map(|s| s.process_pool())).doc("The pool that dies with the process."),
    ro("pconf", |p: &Process| p.server().map(|s| s.pconf()))
        .doc("The pool that dies when the configuration is read again."),
])
.doc("What there is once per process.");

fn process(s: &Server) -> Option<Process> {
    NonNull::new(s.as_ptr()).map(Process)
}

impl Process {
    fn server(&self) -> Option<Server> {
        // SAFETY: the object carries the server's ticket, which the door checked.
        unsafe { Server::from_ptr(self.0.as_ptr()) }
    }
}
