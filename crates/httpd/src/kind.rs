//! Kinds of filter that a host makes: registered under a name, and called as `Host::output_filter` and `Host::input_filter`.

use crate::{
    Connection, Filter, Host, Request, ffi, guard,
    own_filter::{Ask, OwnFilter},
};
use apr::{Brigade, Status, with_cstr};
use std::{
    ffi::{CStr, c_int},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// Which way a filter's data goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// What is read from the client.
    Input,
    /// What is sent to the client.
    Output,
}

impl Way {
    /// The record of a filter that is known under a name; null if there is none.
    fn named(self, name: &[u8]) -> *mut ffi::ap_filter_rec_t {
        // SAFETY: a C string for the call.
        with_cstr(&name.to_ascii_lowercase(), |name| unsafe {
            match self {
                Way::Input => ffi::ap_get_input_filter_handle(name.as_ptr()),
                Way::Output => ffi::ap_get_output_filter_handle(name.as_ptr()),
            }
        })
    }

    /// Puts a filter into the chain of a request, or without one of a connection, in whose pool it lies; without a context of its own, as
    /// a filter expects that is added by its name.
    ///
    /// # Safety
    /// A record of this configuration; request and connection live, the request may be null; `'f` ends with the owner of the chain.
    unsafe fn put<'f>(
        self,
        record: *mut ffi::ap_filter_rec_t,
        r: *mut ffi::request_rec,
        c: *mut ffi::conn_rec,
    ) -> Option<&'f Filter> {
        // SAFETY: the caller's promise.
        unsafe {
            Filter::at(match self {
                Way::Input => ffi::ap_add_input_filter_handle(record, ptr::null_mut(), r, c),
                Way::Output => ffi::ap_add_output_filter_handle(record, ptr::null_mut(), r, c),
            })
        }
    }
}

/// What filters of a kind belong to: it settles where they stand in a chain, and how long what is kept with them lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// A request, and its content (`AP_FTYPE_RESOURCE`).
    Request,
    /// A connection, and all that is read from it or written to it (`AP_FTYPE_CONNECTION`).
    Connection,
}

/// Makes a filter of the host's known under `name` (`SetOutputFilter name`), until the configuration's pool dies. While the
/// configuration is read.
pub fn register<H: Host>(way: Way, level: Level, name: &[u8]) {
    with_cstr(name, |name| record::<H>(name, way, level));
}

fn record<H: Host>(name: &CStr, way: Way, level: Level) -> *mut ffi::ap_filter_rec_t {
    let (kind, changes) = match level {
        // For mod_filter, which then drops what described the old content.
        Level::Request => (ffi::AP_FTYPE_RESOURCE, ffi::AP_FILTER_PROTO_CHANGE | ffi::AP_FILTER_PROTO_CHANGE_LENGTH),
        Level::Connection => (ffi::AP_FTYPE_CONNECTION, 0),
    };
    // SAFETY: httpd copies the name and keeps the functions, which live as long as the library.
    unsafe {
        match way {
            Way::Output => {
                ffi::ap_register_output_filter_protocol(name.as_ptr(), Some(output::<H>), None, kind, changes)
            }
            Way::Input => ffi::ap_register_input_filter(name.as_ptr(), Some(input::<H>), None, kind),
        }
    }
}

/// The records of the kinds that hosts add to chains themselves, in this reading of the configuration.
static OWN: [AtomicPtr<ffi::ap_filter_rec_t>; 8] = [const { AtomicPtr::new(ptr::null_mut()) }; 8];

/// A kind of filter that a host adds to chains itself, each with data of its own.
#[derive(Debug)]
pub struct Kind {
    name: &'static CStr,
    way: Way,
    level: Level,
    /// Its place in [`OWN`].
    at: usize,
}

impl Kind {
    /// The kind number `at`, of which there are eight in all.
    pub const fn new(at: usize, name: &'static CStr, way: Way, level: Level) -> Kind {
        assert!(at < OWN.len(), "there is no place for the kind");
        Kind { name, way, level, at }
    }

    /// Makes it known to httpd. While the configuration is read, each time.
    pub fn register<H: Host>(&self) {
        let record = record::<H>(self.name, self.way, self.level);
        if let Some(own) = OWN.get(self.at) {
            own.store(record, Ordering::Release);
        }
    }

    fn record(&self) -> *mut ffi::ap_filter_rec_t {
        OWN.get(self.at).map_or(ptr::null_mut(), |own| own.load(Ordering::Acquire))
    }

    /// Puts a filter of this kind into a request's chain, behind those of its type; `data` is kept with it. `None` if the kind is not
    /// registered.
    pub fn add_to_request<'r, T: Send + 'static>(&self, r: &'r Request, data: T) -> Option<&'r Filter> {
        // SAFETY: both live, and the filter goes into the request's pool.
        unsafe { self.add(r.as_ptr(), r.connection().as_ptr(), data) }
    }

    /// The same with a connection's chain.
    pub fn add_to_connection<'c, T: Send + 'static>(&self, c: &'c Connection, data: T) -> Option<&'c Filter> {
        // SAFETY: lives, and the filter goes into the connection's pool.
        unsafe { self.add(ptr::null_mut(), c.as_ptr(), data) }
    }

    /// # Safety
    /// Both live, the request may be null; `'f` ends with the request, or without one with the connection.
    unsafe fn add<'f, T: Send + 'static>(
        &self,
        r: *mut ffi::request_rec,
        c: *mut ffi::conn_rec,
        data: T,
    ) -> Option<&'f Filter> {
        let record = self.record();
        if record.is_null() {
            return None;
        }
        // SAFETY: the record is that of this configuration; the caller's promise.
        let filter = unsafe { self.way.put(record, r, c) }?;
        OwnFilter(filter).set_data(data)?;
        Some(filter)
    }
}

impl Filter {
    /// The filter as one that a host has added itself; `None` if it is none of those.
    pub fn own(&self) -> Option<OwnFilter<'_>> {
        // SAFETY: lives, and its kind lives as long as the configuration.
        let kind = unsafe { (*self.as_ptr()).frec.as_ref() }?;
        // Most filters are of neither of these types.
        let is_own = matches!(kind.ftype, ffi::AP_FTYPE_RESOURCE | ffi::AP_FTYPE_CONNECTION)
            && OWN.iter().any(|own| ptr::eq(own.load(Ordering::Acquire), kind));
        is_own.then_some(OwnFilter(self))
    }
}

/// Whether some module has made a filter of this name known.
pub fn is_known(way: Way, name: &[u8]) -> bool {
    !way.named(name).is_null()
}

impl Connection {
    /// Puts a filter of this name into the connection's chain, if it is made for connections; else returns false. `None` if there is no
    /// filter of this name.
    pub fn add_filter(&self, way: Way, name: &[u8]) -> Option<bool> {
        let found = way.named(name);
        // SAFETY: null or a record of the configuration's; the connection lives.
        unsafe {
            let is_for_connections = found.as_ref()?.ftype >= ffi::AP_FTYPE_PROTOCOL;
            if is_for_connections {
                way.put(found, ptr::null_mut(), self.as_ptr());
            }
            Some(is_for_connections)
        }
    }
}

impl Request {
    /// Puts a filter of this name before what the answer still goes through; false if there is none.
    pub fn add_output_filter(&self, name: &[u8]) -> bool {
        self.add_filter(Way::Output, name)
    }

    /// Puts a filter of this name before what the body still comes through; false if there is none.
    pub fn add_input_filter(&self, name: &[u8]) -> bool {
        self.add_filter(Way::Input, name)
    }

    /// Puts a filter of this name into the request's chain; false if there is none.
    pub fn add_filter(&self, way: Way, name: &[u8]) -> bool {
        let found = way.named(name);
        // SAFETY: a record of the configuration's; request and connection live.
        !found.is_null() && unsafe { way.put(found, self.as_ptr(), self.connection().as_ptr()) }.is_some()
    }
}

unsafe extern "C" fn output<H: Host>(f: *mut ffi::ap_filter_t, bb: *mut apr::ffi::apr_bucket_brigade) -> c_int {
    // SAFETY: httpd lends both for this call.
    let (f, bb) = unsafe { (Filter::at(f), Brigade::from_ptr(bb)) };
    let (Some(f), Some(bb)) = (f, bb) else { return Status::EGENERAL.code() };
    guard::<H, _>("output filter", Status::EGENERAL.code(), || H::output_filter(OwnFilter(f), bb))
}

unsafe extern "C" fn input<H: Host>(
    f: *mut ffi::ap_filter_t,
    bb: *mut apr::ffi::apr_bucket_brigade,
    mode: ffi::ap_input_mode_t,
    block: apr::ffi::apr_read_type_e,
    bytes: apr::ffi::apr_off_t,
) -> c_int {
    // SAFETY: httpd lends both for this call.
    let (f, bb) = unsafe { (Filter::at(f), Brigade::from_ptr(bb)) };
    let (Some(f), Some(bb)) = (f, bb) else { return Status::EGENERAL.code() };
    let ask = Ask { mode: mode as c_int, block: block == apr::ffi::APR_BLOCK_READ, bytes };
    guard::<H, _>("input filter", Status::EGENERAL.code(), || H::input_filter(OwnFilter(f), bb, ask))
}
