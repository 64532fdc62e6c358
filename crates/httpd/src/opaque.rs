//! Records of httpd's that are only handed from one place to another.

use crate::{Connection, Request, Server, ffi};
use apr::{ArrayHeader, Socket};
use std::{
    ffi::c_void,
    ptr::{self, NonNull},
};

apr::opaque! {
    /// An `ap_conf_vector_t`: each module's record of a directory, server, request or connection.
    pub struct ConfVector(ffi::ap_conf_vector_t);
}

apr::opaque! {
    /// An `ap_method_list_t`: methods by number and by name.
    pub struct MethodList(ffi::ap_method_list_t);
}

apr::opaque! {
    /// A `server_addr_rec`: an address that a server answers on.
    pub struct ServerAddr(ffi::server_addr_rec);
}

apr::opaque! {
    /// An `ap_sb_handle_t`: a connection's place in the scoreboard.
    pub struct ScoreHandle(c_void);
}

apr::opaque! {
    /// What httpd's `server_rec` calls `context`: a pointer that nobody in httpd uses.
    pub struct ServerContext(c_void);
}

/// What the core keeps in a vector.
///
/// # Safety
/// The vector lives, and the core keeps a `T` in vectors of this kind.
pub(crate) unsafe fn core<T>(vector: *mut ffi::ap_conf_vector_t) -> Option<NonNull<T>> {
    // SAFETY: the caller's promise; the core has a slot in every vector.
    NonNull::new(unsafe { ffi::ap_get_core_module_config(vector) }.cast())
}

impl Request {
    /// What `SetHandler` says for the request's directory, whether or not httpd has come to that.
    pub fn set_handler_value(&self) -> Option<&[u8]> {
        // SAFETY: the vector lives; the core keeps this record in those of directories.
        let dir = unsafe { core::<ffi::core_dir_config>(self.raw().per_dir_config) }?;
        // SAFETY: lives; expressions of strings are what SetHandler makes; the text lives as long as the request.
        unsafe {
            let expression = dir.as_ref().expr_handler;
            let mut error = ptr::null();
            (!expression.is_null())
                .then(|| ffi::ap_expr_str_exec(self.as_ptr(), expression, &raw mut error))
                .and_then(|text| apr::bytes_at(text))
        }
    }

    /// Replaces [`Request::allowed_methods`] by a copy of another list.
    pub fn set_allowed_methods(&self, list: &MethodList) {
        // SAFETY: both lists live; the new one lies in the request's pool.
        unsafe {
            let new = ffi::ap_make_method_list(self.pool().as_ptr(), 1);
            ffi::ap_copy_method_list(new, list.as_ptr());
            (*self.as_ptr()).allowed_methods = new;
        }
    }

    /// Replaces [`Request::allowed_xmethods`]; false if the array could die before the request.
    #[must_use]
    pub fn set_allowed_xmethods(&self, array: &ArrayHeader) -> bool {
        let fits = array.pool().is_some_and(|p| p.is_ancestor(self.pool()));
        if fits {
            // SAFETY: both live, the array as long.
            unsafe { (*self.as_ptr()).allowed_xmethods = array.as_ptr() };
        }
        fits
    }

    /// `AllowOverride Options=...` here, as bits.
    pub fn allow_override_opts(&self) -> i64 {
        // SAFETY: the vector lives; the core keeps this record in those of directories.
        let dir = unsafe { core::<ffi::core_dir_config>(self.raw().per_dir_config) };
        // SAFETY: lives.
        dir.map_or(0, |d| i64::from(unsafe { d.as_ref() }.override_opts))
    }

    /// Sets `DocumentRoot` of its server until the request ends. For servers without threads only.
    pub fn set_document_root(&self, root: &[u8]) {
        struct Back(NonNull<ffi::core_server_config>, *const std::ffi::c_char);
        // SAFETY: a record of the server's, which has no threads; it moves nowhere.
        unsafe impl Send for Back {}
        // SAFETY: the vector lives; the core keeps this record in those of servers.
        let Some(mut conf) = (unsafe { core::<ffi::core_server_config>((*self.server().as_ptr()).module_config) })
        else {
            return;
        };
        // SAFETY: lives; the text lies in the request's pool, and the old one is put back before that dies.
        unsafe {
            let back = Back(conf, conf.as_ref().ap_document_root);
            conf.as_mut().ap_document_root = self.pool().cstr(root).as_ptr();
            let _ = self.pool().on_death(move || {
                let mut back = back;
                back.0.as_mut().ap_document_root = back.1;
            });
        }
    }
}

apr::lends! { Request:
    /// What modules keep for its directory.
    per_dir_config: ConfVector = per_dir_config;
    /// What modules keep for it.
    request_config: ConfVector = request_config;
    /// The methods that the `Allow` header names.
    allowed_methods: MethodList = allowed_methods;
    /// Methods that are extensions, in an older form; nobody in httpd sets it.
    allowed_xmethods: ArrayHeader = allowed_xmethods;
}

impl Connection {
    /// Its socket; `None` where it has none of its own (a stream under HTTP/2 may).
    pub fn client_socket(&self) -> Option<&Socket> {
        // SAFETY: the core keeps the socket in its slot of a connection's vector.
        unsafe { core::<c_void>((*self.as_ptr()).conn_config).and_then(|s| Socket::at(s.as_ptr().cast())) }
    }

    /// Replaces the socket; false if the new one could die before the connection.
    #[must_use]
    pub fn set_client_socket(&self, socket: &Socket) -> bool {
        let fits = socket.pool().is_some_and(|p| p.is_ancestor(self.pool()));
        if fits {
            // SAFETY: both live, the socket as long; this is the core's own slot.
            unsafe { ffi::ap_set_core_module_config((*self.as_ptr()).conn_config, socket.as_ptr().cast()) };
        }
        fits
    }
}

apr::lends! { Connection:
    /// What modules keep for it.
    conn_config: ConfVector = conn_config;
    /// Its place in the scoreboard; `None` where it has none of its own (a stream under HTTP/2).
    sbh: ScoreHandle = sbh;
}

impl Server {
    /// Sets [`Server::context`] to what another server of this configuration has there.
    pub fn set_context(&self, context: Option<&ServerContext>) {
        // SAFETY: lives; nobody in httpd follows the pointer.
        unsafe { (*self.as_ptr()).context = context.map_or(std::ptr::null_mut(), ServerContext::as_ptr) }
    }

    /// Sets [`Server::names`]; false if the array could die before the configuration.
    #[must_use]
    pub fn set_names(&self, names: &ArrayHeader) -> bool {
        let fits = names.pool().is_some_and(|p| p.is_ancestor(self.pconf()));
        if fits {
            // SAFETY: both live, the array as long.
            unsafe { (*self.as_ptr()).names = names.as_ptr() };
        }
        fits
    }

    /// Sets [`Server::wild_names`]; false if the array could die before the configuration.
    #[must_use]
    pub fn set_wild_names(&self, names: &ArrayHeader) -> bool {
        let fits = names.pool().is_some_and(|p| p.is_ancestor(self.pconf()));
        if fits {
            // SAFETY: both live, the array as long.
            unsafe { (*self.as_ptr()).wild_names = names.as_ptr() };
        }
        fits
    }
}

apr::lends! { Server:
    /// What modules keep for it.
    module_config: ConfVector = module_config;
    /// What modules keep for what stands outside every section.
    lookup_defaults: ConfVector = lookup_defaults;
    /// A pointer for free use; httpd never sets it.
    context: ServerContext = context;
    /// The addresses it answers on.
    addrs: ServerAddr = addrs;
    /// `ServerAlias`.
    names: ArrayHeader = names;
    /// `ServerAlias` with wildcards.
    wild_names: ArrayHeader = wild_names;
}

apr::calls! { Server:
    /// Sends standard error to its error log.
    error_log_to_stderr(): nothing = ffi::ap_error_log2stderr;
}
