//! `conn_rec`.

use crate::{ModuleRecord, Server, ffi, server::pool, slot};
use apr::{BucketAlloc, Pool, Table};
use std::ffi::{c_int, c_long};

apr::opaque! {
    /// A `conn_rec`: one client's connection, or one stream of it under HTTP/2.
    ///
    /// As a [`crate::Request`], it cannot be kept beyond the call that it was lent for:
    /// ```compile_fail
    /// # use httpd::Connection;
    /// static KEPT: std::sync::Mutex<Option<&'static Connection>> = std::sync::Mutex::new(None);
    /// fn handler(c: &Connection) {
    ///     *KEPT.lock().unwrap() = Some(c);
    /// }
    /// ```
    /// ```compile_fail,E0521
    /// # use httpd::{Connection, Request};
    /// fn handler(r: &Request) -> &'static Connection {
    ///     r.connection()
    /// }
    /// ```
    pub struct Connection(ffi::conn_rec);
}

/// `AP_CONN_*`: whether the connection stays open after this request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeepAlive {
    /// Not decided.
    Unknown,
    /// The connection will be closed.
    Close,
    /// The connection stays open.
    KeepAlive,
}

impl Connection {
    fn raw(&self) -> &ffi::conn_rec {
        // SAFETY: lives as long as it is borrowed; nobody keeps this over a change of the record.
        unsafe { &*self.as_ptr() }
    }

    /// The pool that dies with it.
    pub fn pool(&self) -> &Pool {
        pool(self, self.raw().pool)
    }

    /// The server that the port belongs to, before a Host header chose another.
    pub fn base_server(&self) -> &Server {
        // SAFETY: every connection has one.
        match unsafe { Server::at(self.raw().base_server) } {
            Some(server) => server,
            None => std::process::abort(),
        }
    }

    /// Sets the peer's address as others see it.
    pub fn set_client_ip(&self, ip: Option<&[u8]>) {
        let ip = ip.map_or(std::ptr::null_mut(), |ip| self.pool().cstr(ip).as_ptr());
        // SAFETY: lives; the copy lies in its pool.
        unsafe { (*self.as_ptr()).client_ip = ip };
    }

    /// Port of the peer.
    pub fn client_port(&self) -> Option<u16> {
        // SAFETY: null or an address of the connection.
        unsafe { self.raw().client_addr.as_ref() }.map(|a| a.port)
    }

    /// Our port.
    pub fn local_port(&self) -> Option<u16> {
        // SAFETY: null or an address of the connection.
        unsafe { self.raw().local_addr.as_ref() }.map(|a| a.port)
    }

    /// A number that no other open connection has.
    pub fn id(&self) -> c_long {
        self.raw().id
    }

    /// Whether it stays open.
    pub fn keepalive(&self) -> KeepAlive {
        match self.raw().keepalive {
            ffi::AP_CONN_CLOSE => KeepAlive::Close,
            ffi::AP_CONN_KEEPALIVE => KeepAlive::KeepAlive,
            _ => KeepAlive::Unknown,
        }
    }

    /// Decides whether it stays open.
    pub fn set_keepalive(&self, keepalive: KeepAlive) {
        let value = match keepalive {
            KeepAlive::Unknown => ffi::AP_CONN_UNKNOWN,
            KeepAlive::Close => ffi::AP_CONN_CLOSE,
            KeepAlive::KeepAlive => ffi::AP_CONN_KEEPALIVE,
        };
        // SAFETY: lives.
        unsafe { (*self.as_ptr()).keepalive = value };
    }

    /// Requests it has served before this one.
    pub fn keepalives(&self) -> c_int {
        self.raw().keepalives
    }

    /// Sets the number of requests served.
    pub fn set_keepalives(&self, served: c_int) {
        // SAFETY: lives.
        unsafe { (*self.as_ptr()).keepalives = served };
    }

    /// Whether the peer is gone or was given up.
    pub fn is_aborted(&self) -> bool {
        self.raw().aborted != 0
    }

    /// Gives the peer up: nothing more is read or sent.
    pub fn abort(&self) {
        // SAFETY: lives.
        unsafe { (*self.as_ptr()).aborted = 1 };
    }

    /// Replaces the notes by another table, which must live as long (a copy is made if it does not).
    pub fn set_notes(&self, notes: &Table) {
        let notes = if notes.pool().is_ancestor(self.pool()) { notes } else { notes.copy(self.pool()) };
        // SAFETY: lives; the table lives as long.
        unsafe { (*self.as_ptr()).notes = notes.as_ptr() };
    }

    /// Where its buckets come from.
    pub fn bucket_alloc(&self) -> Option<BucketAlloc> {
        // SAFETY: null or the connection's own.
        unsafe { BucketAlloc::from_ptr(self.raw().bucket_alloc) }
    }

    /// Whether a module has state here.
    pub fn has_state_of(&self, module: &ModuleRecord) -> bool {
        // SAFETY: the vector is httpd's.
        unsafe { slot::get::<u8>(self.raw().conn_config, module) }.is_some()
    }
}

apr::lends! { Connection:
    /// Notes from module to module.
    notes: Table = notes;
    /// Under HTTP/2: the connection that this stream belongs to.
    master: Connection = master;
    /// Address of the peer, as text.
    client_ip: text = client_ip;
    /// Name of the peer, if it was looked up.
    remote_host: text = remote_host;
    /// Our address, as text.
    local_ip: text = local_ip;
    /// Our name, if it was looked up.
    local_host: text = local_host;
    /// What the error log calls it, if it was logged already.
    log_id: text = log_id;
}
