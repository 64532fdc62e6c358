//! `Apache2::Connection`: one client's connection, or one stream of it under HTTP/2.

use super::{connection_io, connection_util, filter, needs};
use apr::{BucketAlloc, Reenter, Socket};
use httpd::{ConfVector, Connection, Filter, KeepAlive};
use interp::*;

/// The class.
pub static CONNECTION: Class = Class::of::<Connection>(ROWS)
    .parts(&[&connection_io::PART, &connection_util::PART, &filter::OF_CONNECTION])
    .called("c")
    .doc("One client's connection.");

static ROWS: &[Row] = &[
    ro("aborted", Connection::is_aborted).doc("Whether the client is gone."),
    ro("base_server", Connection::base_server).doc("The server the port belongs to."),
    rw("client_ip", Connection::client_ip, Connection::set_client_ip)
        .needs(&[&needs::TEXT])
        .doc("Address of the client, as text."),
    ro("client_addr", Connection::client_addr).doc("Address of the client."),
    ro("remote_addr", Connection::client_addr).doc("The older name of client_addr."),
    ro("local_addr", Connection::local_addr).doc("The address on the server's side."),
    rw("remote_ip", Connection::client_ip, Connection::set_client_ip)
        .needs(&[&needs::TEXT])
        .doc("The older name of client_ip."),
    ro("id", Connection::id).doc("A number no other living connection has."),
    ro("bucket_alloc", bucket_alloc).doc("The allocator of the connection's buckets."),
    rw("client_socket", Connection::client_socket, set_client_socket)
        .doc("The connection's socket; undef where the connection has none of its own (HTTP/2)."),
    ro("conn_config", Connection::conn_config).doc("What modules keep for it."),
    rw("input_filters", Connection::input_filters, set_input_filters)
        .needs(&[&needs::CONNECTION_INPUT])
        .doc("The first of the input filters."),
    rw("output_filters", Connection::output_filters, set_output_filters)
        .needs(&[&needs::CONNECTION_OUTPUT])
        .doc("The first of the output filters."),
    rw("keepalive", keepalive, set_keepalive).doc("Whether the connection stays open after this request: CONN_*."),
    rw("keepalives", Connection::keepalives, Connection::set_keepalives)
        .doc("The number of requests served on the connection so far."),
    ro("local_host", Connection::local_host).doc("The host name on the server's side, if it was looked up."),
    ro("local_ip", Connection::local_ip).doc("The address on the server's side, as text."),
    ro("log_id", Connection::log_id).doc("The name by which the error log calls the connection."),
    rw("notes", Connection::notes, Connection::set_notes).doc("Notes from module to module."),
    ro("sbh", Connection::sbh).doc("The connection's place in the scoreboard."),
    ro("pool", Connection::pool).doc("The pool that dies with this object."),
    ro("remote_host", Connection::remote_host).doc("Name of the client, if it was looked up."),
    method("get_remote_host([how], [dir])", get_remote_host).doc("Name or address of the client, as REMOTE_* says."),
];

fn bucket_alloc(c: &Connection) -> Option<BucketAlloc> {
    let alloc = c.bucket_alloc()?;
    apr_api::know(alloc, c.pool());
    Some(alloc)
}

/// Without a type: REMOTE_NAME. `dir` is a request's per_dir_config: its HostnameLookups counts.
fn get_remote_host<'c>(c: &'c Connection, cx: Reenter, how: Option<i32>, dir: Option<&ConfVector>) -> Option<&'c [u8]> {
    c.look_up_remote_host(how.unwrap_or(1), dir, cx)
}

/// `ap_conn_keepalive_e`.
fn keepalive(c: &Connection) -> i32 {
    match c.keepalive() {
        KeepAlive::Unknown => 0,
        KeepAlive::Close => 1,
        KeepAlive::KeepAlive => 2,
    }
}
fn set_keepalive(c: &Connection, value: i32) {
    c.set_keepalive(match value {
        1 => KeepAlive::Close,
        2 => KeepAlive::KeepAlive,
        _ => KeepAlive::Unknown,
    });
}

fn set_client_socket(c: &Connection, socket: &Socket) -> Result<()> {
    if c.set_client_socket(socket) { Ok(()) } else { Err("the socket could be gone before the connection".into()) }
}
fn set_input_filters(c: &Connection, filter: &Filter) -> Result<()> {
    if c.set_input_filters(filter) { Ok(()) } else { Err(filter::GONE.into()) }
}
fn set_output_filters(c: &Connection, filter: &Filter) -> Result<()> {
    if c.set_output_filters(filter) { Ok(()) } else { Err(filter::GONE.into()) }
}
