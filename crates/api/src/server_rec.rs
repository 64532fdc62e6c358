//! `Apache2::ServerRec`: the main server or a virtual host.

use super::{log, needs, process::Process, server_util};
use apr::ArrayHeader;
use httpd::{Server, ServerContext};
use interp::*;

/// The class.
pub static SERVER_REC: Class = Class::of::<Server>(ROWS)
    .parts(&[&server_util::PART, &log::OF_SERVER])
    .called("s")
    .doc("The main server or a virtual host.");

static ROWS: &[Row] = &[
    ro("addrs", Server::addrs).doc("The addresses on which the server answers."),
    rw("error_fname", Server::error_fname, |s: &Server, v: Option<&[u8]>| {
        set(s, "error_fname", |s| s.set_error_fname(v))
    })
    .needs(&[&needs::NAME])
    .doc("ErrorLog."),
    rw("is_virtual", Server::is_virtual, Server::set_is_virtual).doc("Whether this server is a virtual host."),
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
    ro("lookup_defaults", Server::lookup_defaults)
        .doc("The modules' configuration of the server for places outside of sections, by module number."),
    ro("module_config", Server::module_config).doc("What modules keep for it."),
    rw("context", Server::context, |s: &Server, v: Maybe<&ServerContext>| set(s, "context", |s| s.set_context(v.0)))
        .doc("A pointer that httpd does not use."),
    rw("names", Server::names, |s: &Server, v: &ArrayHeader| set_array(s, "names", |s| s.set_names(v)))
        .doc("ServerAlias."),
    ro("next", Server::next).doc("The next server in the order of the configuration."),
    rw("path", Server::path, |s: &Server, v: Option<&[u8]>| set(s, "path", |s| s.set_path(v))).doc("ServerPath."),
    rw("port", |s: &Server| i32::from(s.port()), set_port).doc("The server's port, for links to itself."),
    ro("process", Process::of).doc("The process's record: one for each process."),
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
];

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
