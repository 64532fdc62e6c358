//! Where a request's URI lies in the file system, names for links, TLS, cookies, expressions.

use crate::{Request, ffi};
use apr::{Reenter, bytes_at, optional_function, with_cstr};
use std::{
    ffi::{c_char, c_int},
    ptr,
};

impl Request {
    /// Sets both.
    pub fn set_context(&self, prefix: &[u8], root: &[u8]) {
        let (prefix, root) = (self.pool().cstr(prefix), self.pool().cstr(root));
        // SAFETY: lives; the copies lie in its pool.
        unsafe { ffi::ap_set_context_info(self.as_ptr(), prefix.as_ptr(), root.as_ptr()) }
    }

    /// Sets `DocumentRoot` for this request.
    pub fn set_own_document_root(&self, root: &[u8]) {
        let root = self.pool().cstr(root);
        // SAFETY: lives; the copy lies in its pool.
        unsafe { ffi::ap_set_document_root(self.as_ptr(), root.as_ptr()) }
    }

    /// Bytes of the body not read yet, where their number is known.
    pub fn remaining(&self) -> i64 {
        self.raw().remaining
    }

    /// Sends the status and, if asked, the headers of the answer as an interim response, if the status is one of those
    /// (100 to 199) and the client knows them; the headers are gone then.
    pub fn send_interim_response(&self, headers: bool, _cx: Reenter) {
        // SAFETY: lives.
        unsafe { ffi::ap_send_interim_response(self.as_ptr(), c_int::from(headers)) }
    }

    /// Whether it came by TLS (mod_ssl).
    pub fn is_https(&self) -> bool {
        type IsHttps = unsafe extern "C" fn(*mut ffi::conn_rec) -> c_int;
        optional_function(c"ssl_is_https").is_some_and(|f| {
            // SAFETY: the function of this name has this type; the connection lives.
            unsafe { std::mem::transmute::<unsafe extern "C" fn(), IsHttps>(f)(self.raw().connection) != 0 }
        })
    }

    /// A variable of mod_ssl's, `SSL_PROTOCOL`; `None` without mod_ssl.
    pub fn ssl_variable(&self, name: &[u8]) -> Option<&[u8]> {
        type Lookup = unsafe extern "C" fn(
            *mut apr::ffi::apr_pool_t,
            *mut ffi::server_rec,
            *mut ffi::conn_rec,
            *mut ffi::request_rec,
            *mut c_char,
        ) -> *const c_char;
        let f = optional_function(c"ssl_var_lookup")?;
        let (pool, r) = (self.pool(), self.raw());
        let name = pool.cstr(name);
        // SAFETY: the function of this name has this type; all live; the result lies in the pool or longer.
        unsafe {
            let look_up = std::mem::transmute::<unsafe extern "C" fn(), Lookup>(f);
            bytes_at(look_up(pool.as_ptr(), r.server, r.connection, self.as_ptr(), name.as_ptr()))
        }
    }

    /// A cookie that the client sent, as it stands in the header. `None` also for one that came with two values: httpd
    /// says so in its log.
    pub fn cookie(&self, name: &[u8]) -> Option<&[u8]> {
        let mut value = ptr::null();
        // SAFETY: lives; a C string for the call; the value lies in its pool.
        with_cstr(name, |name| unsafe {
            ffi::ap_cookie_read(self.as_ptr(), name.as_ptr(), &mut value, 0);
            bytes_at(value)
        })
    }

    /// Evaluates an expression of httpd's (`-f %{REQUEST_FILENAME}`).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn expression(&self, text: &[u8], module: c_int, _cx: Reenter) -> Result<bool, String> {
        let pool = self.pool();
        let text = pool.cstr(text);
        let told = |message: *const c_char| {
            // SAFETY: null or a C string that lies in the pool or longer.
            let message = unsafe { bytes_at(message) }.unwrap_or(b"the expression cannot be evaluated");
            String::from_utf8_lossy(message).into_owned()
        };
        let mut info = ffi::ap_expr_info_t {
            root_node: ptr::null_mut(),
            filename: ptr::null(),
            line_number: 0,
            flags: 0,
            module_index: module,
        };
        let mut message = ptr::null();
        // SAFETY: all live; what is parsed lies in the pool.
        unsafe {
            let wrong = ffi::ap_expr_parse(pool.as_ptr(), pool.as_ptr(), &mut info, text.as_ptr(), None);
            if !wrong.is_null() {
                return Err(told(wrong));
            }
            match ffi::ap_expr_exec(self.as_ptr(), &info, &mut message) {
                0 => Ok(false),
                1.. => Ok(true),
                _ => Err(told(message)),
            }
        }
    }
}

apr::calls! { Request:
    /// The part of the URI that `Alias` and its kin have mapped, without the last slash.
    context_prefix(): text = ffi::ap_context_prefix;
    /// The directory that [`Request::context_prefix`] stands for.
    context_document_root(): text = ffi::ap_context_document_root;
    /// As [`Request::server_name`], with an IPv6 address in brackets.
    server_name_for_url(): text = ffi::ap_get_server_name_for_url;
}
