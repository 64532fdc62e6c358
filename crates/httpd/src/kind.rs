//! Kinds of filter that a host makes: registered under a name, and called as `Host::output_filter` and `Host::input_filter`.

use crate::{
    Filter, Host, ffi, guard,
    own_filter::{Ask, OwnFilter},
};
use apr::{Brigade, Pool, Status};
use std::ffi::c_int;

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
