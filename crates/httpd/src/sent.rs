//! `bytes_sent`, which httpd counts and a script may set.
//!
//! httpd's filter of the length adds to this field what passes it, and makes the `Content-Length` of a short answer of the sum. So
//! what a script has set is kept out of the sum: a filter in front of httpd's lets the first data pass with a count of 0, and adds
//! the script's number again when httpd has seen that data.

use crate::{Request, ffi};
use std::{
    ffi::c_int,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// The record of the filter, in this reading of the configuration.
static RECORD: AtomicPtr<ffi::ap_filter_rec_t> = AtomicPtr::new(ptr::null_mut());

/// Makes the filter known, when the configuration is complete, each time it was read.
pub fn register() {
    // SAFETY: httpd copies the name and keeps the function, which lives as long as the library. Its place is directly before
    // httpd's filters of the protocol, of which that of the length is one.
    let record = unsafe {
        let kind = ffi::AP_FTYPE_PROTOCOL - 1;
        ffi::ap_register_output_filter(c"MOD_INTERP_SENT".as_ptr(), Some(pass), None, kind)
    };
    RECORD.store(record, Ordering::Release);
}

impl Request {
    /// Sets [`Request::bytes_sent`]; httpd goes on counting from there. The answer's length does not change by it.
    pub fn set_bytes_sent(&self, bytes: i64) {
        // SAFETY: lives.
        unsafe { (*self.as_ptr()).bytes_sent = bytes };
        self.count_alone();
    }

    /// Keeps what a script has set out of the length of the answer that comes now. To be called again for an error's page, which
    /// goes past the filters of the answer in whose place it is sent.
    pub fn count_alone(&self) {
        let record = RECORD.load(Ordering::Acquire);
        let is_there = || {
            std::iter::successors(self.output_filters(), |filter| filter.next())
                .any(|filter| filter.kind().is_some_and(|kind| ptr::eq(kind.as_ptr(), record)))
        };
        if self.bytes_sent() == 0 || record.is_null() || is_there() {
            return;
        }
        let c = self.connection().as_ptr();
        // SAFETY: the record is that of this configuration; httpd puts the filter into the request's pool.
        unsafe { ffi::ap_add_output_filter_handle(record, ptr::null_mut(), self.as_ptr(), c) };
    }
}

unsafe extern "C" fn pass(f: *mut ffi::ap_filter_t, bb: *mut apr::ffi::apr_bucket_brigade) -> c_int {
    // SAFETY: httpd lends both for this call. The request lives longer: only what its connection is given ends it. A filter that
    // is taken out of its chain keeps its fields.
    unsafe {
        let (r, next) = ((*f).r, (*f).next);
        ffi::ap_remove_output_filter(f);
        let set = std::mem::replace(&mut (*r).bytes_sent, 0);
        let status = ffi::ap_pass_brigade(next, bb);
        (*r).bytes_sent = (*r).bytes_sent.wrapping_add(set);
        status
    }
}
