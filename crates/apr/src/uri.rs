//! URIs in parts.

use crate::{Pool, bytes_at, ffi, with_cstr};
use std::{
    ffi::{c_char, c_uint},
    mem, ptr,
};

crate::opaque! {
    /// A URI in parts, and the pool in which its texts lie.
    pub struct Uri(Record);
}

/// What a [`Uri`] is in memory.
#[repr(C)]
pub struct Record {
    uri: ffi::apr_uri_t,
    pool: *mut ffi::apr_pool_t,
    path_info: *const c_char,
}

/// Parts. A row `user, set_user: user;` becomes a getter, which lends the part (`None`: absent), and a setter, which points
/// it to a copy.
macro_rules! parts {
    ($($(#[$doc:meta])* $get:ident, $set:ident: $field:ident;)*) => {
        impl Uri { $(
            $(#[$doc])*
            pub fn $get(&self) -> Option<&[u8]> {
                // SAFETY: null or a C string that lives as long as the pool.
                unsafe { bytes_at(self.record().uri.$field) }
            }
            #[doc = concat!("Sets [`Uri::", stringify!($get), "`] to a copy; `None`: removes it.")]
            pub fn $set(&self, value: Option<&[u8]>) {
                let value = value.map_or(ptr::null_mut(), |v| self.pool().cstr(v).as_ptr());
                // SAFETY: lives; the copy lies in its pool.
                unsafe { (*self.as_ptr()).uri.$field = value };
            }
        )* }
    };
}

parts! {
    /// `http`.
    scheme, set_scheme: scheme;
    /// Everything between `//` and the path.
    hostinfo, set_hostinfo: hostinfo;
    /// The user's name.
    user, set_user: user;
    /// The password.
    password, set_password: password;
    /// The host's name.
    hostname, set_hostname: hostname;
    /// The path.
    path, set_path: path;
    /// What follows `?`.
    query, set_query: query;
    /// What follows `#`.
    fragment, set_fragment: fragment;
    /// The port, as text.
    port, set_port_text: port_str;
}

impl Uri {
    /// An empty one in `pool`.
    fn new(pool: &Pool) -> &Uri {
        // SAFETY: all zero is a value of APR's plain record.
        let uri = unsafe { mem::zeroed() };
        let at = pool.alloc(size_of::<Record>()).cast::<Record>();
        // SAFETY: just allocated with this size, aligned to 8.
        unsafe { at.write(Record { uri, pool: pool.as_ptr(), path_info: ptr::null() }) };
        // SAFETY: lies in the pool.
        unsafe { at.cast::<Uri>().as_ref() }
    }

    /// The parts of a text; those that are missing or that APR cannot make out are absent.
    pub fn parse<'p>(pool: &'p Pool, text: &[u8]) -> &'p Uri {
        let new = Uri::new(pool);
        // SAFETY: pool and record live; the text is a C string for the call, of which APR copies the parts.
        with_cstr(text, |text| unsafe { ffi::apr_uri_parse(pool.as_ptr(), text.as_ptr(), &mut (*new.as_ptr()).uri) });
        new
    }

    /// A copy of the record, not of its texts.
    ///
    /// # Safety
    /// Texts of `uri`, and `path_info` (null, or what its path ends with), live as long as the pool.
    pub unsafe fn copy_of<'p>(uri: &ffi::apr_uri_t, path_info: *const c_char, pool: &'p Pool) -> &'p Uri {
        let new = Uri::new(pool);
        // SAFETY: lives.
        unsafe { *new.as_ptr() = Record { uri: *uri, pool: pool.as_ptr(), path_info } };
        new
    }

    fn record(&self) -> &Record {
        // SAFETY: lives as long as it is borrowed; nobody keeps this over a change of the record.
        unsafe { &*self.as_ptr() }
    }

    fn pool(&self) -> &Pool {
        // SAFETY: the pool in which the record lies.
        match unsafe { Pool::at(self.record().pool) } {
            Some(pool) => pool,
            None => std::process::abort(),
        }
    }

    /// Sets the port; `None`: removes it.
    pub fn set_port(&self, port: Option<u16>) {
        let text = port.map(|p| p.to_string());
        self.set_port_text(text.as_ref().map(String::as_bytes));
        // SAFETY: lives.
        unsafe { (*self.as_ptr()).uri.port = port.unwrap_or(0) };
    }

    /// The path up to the script's path info; `None` if there is no path.
    pub fn real_path(&self) -> Option<&[u8]> {
        let path = self.path()?;
        // SAFETY: null or a C string, says `copy_of`.
        let info = unsafe { bytes_at(self.record().path_info) }.unwrap_or_default();
        Some(path.strip_suffix(info).unwrap_or(path))
    }

    /// The parts as one text; `flags` are `APR_URI_UNP_*`.
    pub fn unparse(&self, flags: c_uint) -> Vec<u8> {
        // SAFETY: all live; the text lies in the pool and is copied out.
        unsafe { bytes_at(ffi::apr_uri_unparse(self.pool().as_ptr(), &self.record().uri, flags)) }
            .map_or_else(Vec::new, <[u8]>::to_vec)
    }

    /// The usual port of a scheme; 0 for an unknown one.
    pub fn port_of_scheme(scheme: &[u8]) -> u16 {
        // SAFETY: a C string for the call.
        with_cstr(scheme, |scheme| unsafe { ffi::apr_uri_port_of_scheme(scheme.as_ptr()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_comes_apart_and_together() {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        let uri = Uri::parse(pool, b"http://me:pw@example.com:8080/a/b?q=1#f");
        assert_eq!(
            (uri.hostname(), uri.port(), uri.path()),
            (Some(&b"example.com"[..]), Some(&b"8080"[..]), Some(&b"/a/b"[..]))
        );
        uri.set_port(Some(81));
        uri.set_query(None);
        assert_eq!(uri.unparse(0), b"http://me:XXXXXXXX@example.com:81/a/b#f");
        assert_eq!(Uri::port_of_scheme(b"https"), 443);
    }
}
