//! `Apache2::ServerRec`: the main server or a virtual host; and `Apache2::Process`.

use super::{log, needs, request_util::get_or_set};
use apr::{ArrayHeader, Table};
use httpd::{Server, ServerContext, ffi, log::Level};
use interp::*;
use std::ptr::NonNull;

const UTIL: &str = "Apache2::ServerUtil";
const LOG: &str = "Apache2::Log";

/// Its rows.
pub static SERVER_REC: Class = Class::of::<Server>(&[
    ro("addrs", Server::addrs).doc("The addresses on which the server answers."),
    rw("error_fname", Server::error_fname, |s: &Server, v: Option<&[u8]>| {
        set(s, "error_fname", |s| s.set_error_fname(v))
    })
    .needs(&[&needs::NAME])
    .doc("ErrorLog."),
    rw("is_virtual", Server::is_virtual, |s: &Server, v: bool| s.set_is_virtual(v))
        .doc("Whether this server is a virtual host."),
    rw("keep_alive", Server::keep_alive, |s: &Server, v: bool| set(s, "keep_alive", |s| s.set_keep_alive(v)))
        .doc("KeepAlive."),
    rw("keep_alive_max", Server::keep_alive_max, |s: &Server, v: i32| {
        set(s, "keep_alive_max", |s| s.set_keep_alive_max(v))
    })
    .needs(&[&needs::LIMIT])
    .doc("MaxKeepAliveRequests."),
    rw(
        "keep_alive_timeout",
        |s: &Server| s.keep_alive_timeout().as_micros() as i64,
        |s: &Server, v: i64| set(s, "keep_alive_timeout", |s| s.set_keep_alive_timeout(v)),
    )
    .doc("KeepAliveTimeout, microseconds."),
    rw("limit_req_fields", Server::limit_req_fields, |s: &Server, v: i32| {
        set(s, "limit_req_fields", |s| s.set_limit_req_fields(v))
    })
    .needs(&[&needs::LIMIT])
    .doc("LimitRequestFields."),
    rw("limit_req_fieldsize", Server::limit_req_fieldsize, |s: &Server, v: i32| {
        set(s, "limit_req_fieldsize", |s| s.set_limit_req_fieldsize(v))
    })
    .needs(&[&needs::LIMIT])
    .doc("LimitRequestFieldSize, bytes."),
    rw("limit_req_line", Server::limit_req_line, |s: &Server, v: i32| {
        set(s, "limit_req_line", |s| s.set_limit_req_line(v))
    })
    .needs(&[&needs::LIMIT])
    .doc("LimitRequestLine, bytes."),
    ro("lookup_defaults", Server::lookup_defaults).doc("The modules' configuration of the server for places outside of sections, by module number."),
    ro("module_config", Server::module_config).doc("What modules keep for it."),
    rw("context", Server::context, |s: &Server, v: Maybe<&ServerContext>| {
        set(s, "context", |s| s.set_context(v.0.copied()))
    })
    .doc("A pointer that httpd does not use."),
    rw("names", Server::names, |s: &Server, v: &ArrayHeader| set_array(s, "names", |s| s.set_names(v)))
        .doc("ServerAlias."),
    ro("next", Server::next).doc("The next server in the order of the configuration."),
    rw("path", Server::path, |s: &Server, v: Option<&[u8]>| set(s, "path", |s| s.set_path(v))).doc("ServerPath."),
    rw("port", |s: &Server| i32::from(s.port()), set_port).doc("The server's port, for links to itself."),
    ro("process", process).doc("The process's record: one for each process."),
    rw("server_admin", Server::admin, |s: &Server, v: Option<&[u8]>| set(s, "server_admin", |s| s.set_admin(v)))
        .needs(&[&needs::NAME])
        .doc("ServerAdmin."),
    rw("server_hostname", Server::hostname, |s: &Server, v: Option<&[u8]>| {
        set(s, "server_hostname", |s| s.set_hostname(v))
    })
    .needs(&[&needs::NAME])
    .doc("ServerName."),
    rw("server_scheme", Server::scheme, |s: &Server, v: Option<&[u8]>| set(s, "server_scheme", |s| s.set_scheme(v)))
        .doc("The scheme of ServerName."),
    rw(
        "timeout",
        |s: &Server| s.timeout().as_micros() as i64,
        |s: &Server, v: i64| set(s, "timeout", |s| s.set_timeout(v)),
    )
    .doc("Timeout, microseconds."),
    rw("wild_names", Server::wild_names, |s: &Server, v: &ArrayHeader| {
        set_array(s, "wild_names", |s| s.set_wild_names(v))
    })
    .doc("ServerAlias with wildcards."),
    method("loglevel([level])", loglevel).load(UTIL).doc("LogLevel, as a number."),
    method("error_log2stderr()", Server::error_log_to_stderr).load(UTIL).doc("Sends the process's standard error to the server's error log."),
    method("dir_config([key], [value])", dir_config)
        .load(UTIL)
        .doc("Values of PerlSetVar and PerlAddVar outside sections: the table, a value, or a new value."),
    method("push_handlers(phase, handlers)", |s: &Server, phase: &[u8], handlers: Handlers| {
        runtime()?.push_handlers(Owner::of(s), phase, handlers.keep())
    })
    .load(UTIL)
    .doc("Adds handlers to a phase of this server; once it serves, in this process only."),
    method("set_handlers(phase, handlers)", |s: &Server, phase: &[u8], handlers: Handlers| {
        runtime()?.set_handlers(Owner::of(s), phase, handlers.keep())
    })
    .load(UTIL)
    .doc("Replaces the handlers of a phase of this server; once it serves, in this process only."),
    method("get_handlers(phase)", |s: &Server, phase: &[u8]| {
        Ok::<_, Fail>(runtime()?.handlers(Owner::of(s), phase)?.filter(|h| !h.is_empty()).map(Array))
    })
    .load(UTIL)
    .doc("The handlers of a phase."),
    method("is_perl_option_enabled(flag)", |s: &Server, flag: &[u8]| runtime()?.is_option_enabled(Owner::of(s), flag))
        .load(UTIL)
        .doc("Whether a PerlOptions flag of servers is on here."),
    method("add_config(lines)", |s: &Server, lines: Strings| {
        if !lines.is_array() {
            return Err("$s->add_config() has failed: not an array reference".into());
        }
        let lines: Vec<_> = lines.iter().collect();
        runtime()?
            .add_config(Owner::of(s), &lines, -1, None, -1)
            .map_err(|e| e.prefixed("$s->add_config() has failed: "))
    })
    .load(UTIL)
    .doc("Adds configuration lines to this server. It is to be called while the server starts."),
    method("add_version_component(text)", |s: &Server, text: &[u8]| {
        httpd::server::add_version_component(s.pconf(), text)
    })
    .needs(&[&needs::STARTING])
    .load(UTIL)
    .doc("Adds a word to the Server header. It is to be called while the server starts."),
    method("method_register(name)", |s: &Server, name: &[u8]| httpd::util::register_method(s.pconf(), name))
        .load(UTIL)
        .doc("Makes a method known to httpd and returns the method's number. Best called while the server starts: later it holds in one process."),
    method("log()", |s: Obj<Server>| log::of_server(s)).load(LOG).doc("The log, by level: $s->log->info."),
    method("log_error(@text)", |s: Maybe<&Server>, text: Rest| log::line(s.0.copied(), Level::Error, text))
        .loose()
        .load(LOG)
        .doc("Writes an error to the log."),
    method("warn(@text)", |s: Maybe<&Server>, text: Rest| log::line(s.0.copied(), Level::Warn, text))
        .loose()
        .load(LOG)
        .doc("Writes a warning to the log."),
    method("log_serror(file, line, level, status, text, @more)", log::serror)
        .load(LOG)
        .doc("Writes a line with all its parts to the log."),
])
.doc("The main server or a virtual host.");

/// Threads read servers without a lock.
pub(super) fn changeable(what: &str) -> Result<()> {
    if httpd::server::can_be_changed() {
        return Ok(());
    }
    Err(format!("Can't run 'setting {what}' in the threaded environment after server startup").into())
}
fn set(s: &Server, field: &str, put: impl FnOnce(&Server)) -> Result<()> {
    changeable(field)?;
    put(s);
    Ok(())
}
fn set_array(s: &Server, field: &str, put: impl FnOnce(&Server) -> bool) -> Result<()> {
    changeable(field)?;
    if put(s) { Ok(()) } else { Err("the array could be gone before the server".into()) }
}
fn set_port(s: &Server, port: i64) -> Result<()> {
    let port = u16::try_from(port).map_err(|_| "there is no such port")?;
    set(s, "port", |s| s.set_port(port))
}
/// 0 is no level to set, as with mod_perl.
fn loglevel(s: &Server, level: Option<i32>) -> i32 {
    if let Some(level) = level.filter(|n| *n != 0) {
        s.set_log_level(level);
    }
    s.log_level()
}

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
    ro("short_name", |p: &Process| p.server().and_then(|s| s.program_name().map(<[u8]>::to_vec)))
        .doc("The program's name."),
    ro("argc", |p: &Process| p.server().map(|s| s.program_arguments())).doc("How many arguments the program has."),
])
.doc("The process's record: one for each process.");

fn process(s: &Server) -> Option<Process> {
    NonNull::new(s.as_ptr()).map(Process)
}

impl Process {
    fn server(&self) -> Option<Server> {
        // SAFETY: the object carries the server's ticket, which the door checked.
        unsafe { Server::from_ptr(self.0.as_ptr()) }
    }
}
