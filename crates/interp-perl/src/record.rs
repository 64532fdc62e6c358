//! The head of an interpreter's record, which C code reads.

use std::ffi::{c_int, c_void};

/// The head of an interpreter's record: mod_perl's `modperl_interp_t`, which third-party XS reads.
#[repr(C)]
#[derive(Debug)]
pub struct Record {
    /// mod_perl's interpreter pool; null here.
    pub mip: *mut c_void,
    /// The interpreter.
    pub perl: *mut c_void,
    /// mod_perl counts selections here; unused.
    pub num_requests: c_int,
    /// mod_perl's flags; unused.
    pub flags: u8,
    /// mod_perl's connection configuration; unused.
    pub ccfg: *mut c_void,
    /// The count of users of the interpreter. Third-party XS raises it while it keeps the interpreter.
    pub refcnt: c_int,
    /// The number of entries that serve a request or a connection.
    pub(crate) requests: c_int,
    /// Marks of what these entries may have changed; 0 for nothing.
    pub(crate) touched: c_int,
}
