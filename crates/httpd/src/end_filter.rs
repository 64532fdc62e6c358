//! The filter that sees the end of a request on its connection.

use crate::{
    Host, Request,
    end::{End, RECORD},
    ffi, guard,
};
use apr::Brigade;
use std::{
    ffi::c_int,
    ptr::{self, NonNull},
    sync::atomic::Ordering,
};

/// Makes the filter known; [`Host::request_ends`] is called for both languages by the one that did so last. When the
/// configuration is complete, each time it was read.
pub fn register<H: Host>() {
    // SAFETY: httpd copies the name and keeps the function, which lives as long as the library.
    let record = unsafe {
        ffi::ap_register_output_filter(c"MOD_INTERP_END".as_ptr(), Some(pass::<H>), None, ffi::AP_FTYPE_CONNECTION)
    };
    RECORD.store(record, Ordering::Release);
}

fn holds_end(brigade: &Brigade) -> bool {
    brigade.iter().any(|bucket| bucket.bucket_type().is(&raw const ffi::ap_bucket_type_eor))
}

unsafe extern "C" fn pass<H: Host>(f: *mut ffi::ap_filter_t, bb: *mut apr::ffi::apr_bucket_brigade) -> c_int {
    // SAFETY: httpd lends both for this call; the context is null or a request whose pool lives (`forget_end`).
    unsafe {
        let (filter, brigade) = (NonNull::new(f), Brigade::from_ptr(bb));
        if let (Some(filter), Some(brigade)) = (filter, brigade)
            && let Some(request) = Request::at((*f).ctx.cast())
            && holds_end(&brigade)
        {
            (*f).ctx = ptr::null_mut();
            guard::<H, _>("end of a request", (), || H::request_ends(End { request, filter }));
        }
        ffi::ap_pass_brigade((*f).next, bb)
    }
}
