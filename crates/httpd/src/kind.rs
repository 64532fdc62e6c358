//! Kinds of filter that a host makes: registered under a name, and called as `Host::output_filter` and `Host::input_filter`.

use crate::{Filter, Host, ffi, guard};
use apr::{Brigade, Pool, Status};
use std::{
    any::Any,
    ffi::{c_int, c_void},
    ptr::NonNull,
};

/// Which way a filter's data goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// What is read from the client.
    Input,
    /// What is sent to the client.
    Output,
}

/// What filters of a kind belong to: it settles where they stand in a chain, and how long what is kept with them lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// A request, and its content (`AP_FTYPE_RESOURCE`).
    Request,
    /// A connection, and all that is read from it or written to it (`AP_FTYPE_CONNECTION`).
    Connection,
}

/// What is asked of an input filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask {
    /// `AP_MODE_*`.
    pub mode: c_int,
    /// Whether it may wait.
    pub block: bool,
    /// Bytes wanted at most.
    pub bytes: i64,
}

impl Ask {
    /// `AP_MODE_EATCRLF`: only empty lines are to be taken away.
    pub fn eats_lines(&self) -> bool {
        self.mode == ffi::AP_MODE_EATCRLF as c_int
    }

    /// `AP_MODE_INIT`: the filters are to get ready, no data is wanted.
    pub fn is_for_nothing(&self) -> bool {
        self.mode == ffi::AP_MODE_INIT as c_int
    }

    /// `AP_MODE_EXHAUSTIVE`: all there is.
    pub fn is_for_all(&self) -> bool {
        self.mode == ffi::AP_MODE_EXHAUSTIVE as c_int
    }
}

/// Makes a filter of the host's known under `name` (`SetOutputFilter name`), until the configuration's pool dies. While the
/// configuration is read.
pub fn register<H: Host>(pconf: &Pool, way: Way, level: Level, name: &[u8]) {
    let name = pconf.cstr(name);
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
        };
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

/// What a host keeps with a filter of its own.
type Data = Box<dyn Any + Send>;

/// A filter of the host's own, while httpd calls it: also where a harness (mod_filter) calls it under its own record.
#[derive(Clone, Copy, Debug)]
pub struct OwnFilter<'f>(&'f Filter);

impl std::ops::Deref for OwnFilter<'_> {
    type Target = Filter;
    fn deref(&self) -> &Filter {
        self.0
    }
}

impl OwnFilter<'_> {
    /// What the host keeps with it.
    pub fn data<T: 'static>(&self) -> Option<&T> {
        // SAFETY: while a filter of ours is called its place is its own, and only `set_data` writes there: a `Data` that lives
        // as long as the filter.
        unsafe { (*self.0.as_ptr()).ctx.cast::<Data>().as_ref() }?.downcast_ref()
    }

    /// Keeps something with it, once; it is dropped with the filter's request, or with its connection where it belongs to that.
    pub fn set_data<T: Send + 'static>(&self, value: T) -> Option<&T> {
        let pool = self.0.request().map(|r| r.pool()).or_else(|| self.0.connection().map(|c| c.pool()))?;
        // SAFETY: lives.
        if unsafe { (*self.0.as_ptr()).ctx.is_null() } {
            let data: Data = Box::new(value);
            let data: NonNull<Data> = pool.keep(data);
            // SAFETY: lives.
            unsafe { (*self.0.as_ptr()).ctx = data.as_ptr().cast::<c_void>() };
        }
        self.data()
    }

    /// Whether mod_filter calls it: what it changes of the headers is that one's affair then.
    pub fn is_in_harness(&self) -> bool {
        // SAFETY: a record of httpd's, which lives as long as the configuration.
        self.0.kind().is_some_and(|kind| unsafe { !(*kind.as_ptr()).providers.is_null() })
    }
}
