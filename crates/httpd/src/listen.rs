//! What httpd listens on.

use crate::{Server, ServerAddr, ffi, opaque};
use apr::{SockAddr, Status, Table, bytes_at};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

apr::opaque! {
    /// An `ap_listen_rec`: one socket that takes connections.
    pub struct Listener(ffi::ap_listen_rec);
}

impl Listener {
    /// All that this server's httpd has; they live as long as its configuration.
    pub fn all(_of: &Server) -> impl Iterator<Item = &Listener> {
        // SAFETY: httpd changes its list while it reads a configuration or starts, on its one thread.
        std::iter::successors(unsafe { Listener::at(ffi::ap_listeners) }, |l| l.next())
    }

    fn raw(&self) -> &ffi::ap_listen_rec {
        // SAFETY: as in `all`.
        unsafe { &*self.as_ptr() }
    }

    /// What the port is for, in small letters: `http` unless its `Listen` line says otherwise.
    pub fn protocol(&self) -> &[u8] {
        // SAFETY: null or a C string of the configuration's.
        unsafe { bytes_at(self.raw().protocol) }.unwrap_or(b"http")
    }

    /// Whether the system hands a connection over only when the client has sent something, as `AcceptFilter` says for the protocol.
    /// httpd's default has it so for http and https.
    pub fn waits_for_the_client(&self, main: &Server) -> bool {
        // SAFETY: the main server's vector lives; the core keeps this record in those of servers.
        let conf = unsafe { opaque::core::<ffi::core_server_config>((*main.as_ptr()).module_config) };
        // SAFETY: lives; a table of the configuration's, or null.
        let filters = conf.and_then(|conf| unsafe { Table::at(conf.as_ref().accf_map) });
        filters.and_then(|filters| filters.get(self.protocol())).is_some_and(|filter| filter != b"none")
    }
}

/// Has this child take no more connections: it ends when those that it has are over, as after `MaxConnectionsPerChild`, and the server
/// makes another one when it needs one. A connection that arrives meanwhile stays in the system's queue for another child. To be called in
/// a child only, whose listeners are a copy of its own. False where it listens on others than these (`ListenCoresBucketsRatio`).
///
/// httpd has no call for this; but its MPMs end a child in this way when accepting fails for want of resources, and so it does from now on.
pub fn accept_no_more() -> bool {
    // SAFETY: a number that httpd has set before it made children.
    if unsafe { ffi::ap_num_listen_buckets } > 1 {
        return false;
    }
    // SAFETY: a child does not change its list, whose records live as long as the process.
    let mut listener = unsafe { ffi::ap_listeners };
    while !listener.is_null() {
        // SAFETY: as above. The thread that accepts may read the pointer at this moment: it sees the old one or the new one.
        let accept = unsafe { AtomicPtr::from_ptr((&raw mut (*listener).accept_func).cast::<*mut c_void>()) };
        accept.store(accept_fails as *mut c_void, Ordering::Relaxed);
        // SAFETY: as above.
        listener = unsafe { (*listener).next };
    }
    true
}

/// An `accept_function`: there is none to be had here.
unsafe extern "C" fn accept_fails(
    _connection: *mut *mut c_void,
    _listener: *mut ffi::ap_listen_rec,
    _pool: *mut apr::ffi::apr_pool_t,
) -> c_int {
    Status::EGENERAL.code()
}

apr::lends! { Listener:
    /// The one behind it.
    next: Listener = next;
    /// Its address.
    address: SockAddr = bind_addr;
}

impl ServerAddr {
    fn raw(&self) -> &ffi::server_addr_rec {
        // SAFETY: lives in the configuration's pool; nobody changes it after start-up.
        unsafe { &*self.as_ptr() }
    }

    /// Whether connections that come in at this address and port may be the server's.
    pub fn takes_from(&self, address: &SockAddr) -> bool {
        let port = self.raw().host_port;
        (port == 0 || port == address.port())
            && self.host().is_none_or(|own| own.is_any() || address.is_any() || own.is_same_host(address))
    }
}

apr::lends! { ServerAddr:
    /// The one behind it.
    next: ServerAddr = next;
    /// The address.
    host: SockAddr = host_addr;
    /// The address as its `<VirtualHost>` line has it.
    written: text = virthost;
}
