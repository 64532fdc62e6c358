//! mod_dbd: connections to databases that the server keeps open.

use crate::{KeptServer, Request, ffi};
use apr::{Pool, bytes_at, dbd::Database, dbd::Prepared, optional_function, with_cstr};
use std::ptr::NonNull;

/// A connection borrowed from mod_dbd. It is given back by [`Pooled::give_back`].
#[derive(Clone, Copy, Debug)]
pub struct Pooled {
    connection: NonNull<ffi::ap_dbd_t>,
    server: KeptServer,
}

// SAFETY: it is used with the request that borrowed it, by one thread at a time.
unsafe impl Send for Pooled {}

/// Why mod_dbd gives no connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoConnection {
    /// mod_dbd is not loaded.
    NoModule,
    /// mod_dbd could not connect.
    Refused,
}

impl Pooled {
    /// Borrows a connection for a request's server (`ap_dbd_open`). `pool` outlives it.
    ///
    /// # Errors
    /// See [`NoConnection`].
    pub fn open(r: &Request, pool: &Pool) -> Result<Pooled, NoConnection> {
        type Open = unsafe extern "C" fn(*mut apr::ffi::apr_pool_t, *mut ffi::server_rec) -> *mut ffi::ap_dbd_t;
        let open = optional_function(c"ap_dbd_open").ok_or(NoConnection::NoModule)?;
        let server = r.server();
        // SAFETY: the function of this name has this type; pool and server live.
        let connection =
            unsafe { std::mem::transmute::<unsafe extern "C" fn(), Open>(open)(pool.as_ptr(), server.as_ptr()) };
        NonNull::new(connection)
            .map(|connection| Pooled { connection, server: server.keep() })
            .ok_or(NoConnection::Refused)
    }

    /// The connection.
    ///
    /// # Safety
    /// The result is used only until it is given back.
    pub unsafe fn database(&self) -> Option<Database> {
        // SAFETY: borrowed, says the caller; mod_dbd fills all fields of what it lends.
        unsafe {
            let c = self.connection.as_ref();
            Database::from_parts(c.driver, c.handle, c.pool)
        }
    }

    /// What `DBDPrepareSQL` has prepared under a name.
    ///
    /// # Safety
    /// The connection was not given back, and the result is used only until then.
    pub unsafe fn prepared(&self, name: &[u8]) -> Option<Prepared> {
        // SAFETY: borrowed, says the caller; the table is null or mod_dbd's, and holds statements.
        with_cstr(name, |name| unsafe {
            let table = self.connection.as_ref().prepared;
            if table.is_null() || bytes_at(name.as_ptr()).is_none() {
                return None;
            }
            let length = apr::ffi::APR_HASH_KEY_STRING as apr::ffi::apr_ssize_t;
            Prepared::from_ptr(apr::ffi::apr_hash_get(table, name.as_ptr().cast(), length).cast())
        })
    }

    /// Gives the connection back (`ap_dbd_close`).
    ///
    /// # Safety
    /// It was not given back before, and nothing of it is used afterwards.
    pub unsafe fn give_back(self) {
        type Close = unsafe extern "C" fn(*mut ffi::server_rec, *mut ffi::ap_dbd_t);
        if let Some(close) = optional_function(c"ap_dbd_close") {
            // SAFETY: the function of this name has this type; the rest is the caller's promise.
            unsafe {
                std::mem::transmute::<unsafe extern "C" fn(), Close>(close)(
                    self.server.as_ptr(),
                    self.connection.as_ptr(),
                )
            }
        }
    }
}
