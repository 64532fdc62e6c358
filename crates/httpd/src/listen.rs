//! What httpd listens on.

use crate::{Server, ServerAddr, ffi, opaque};
use apr::{SockAddr, Table, bytes_at};

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
