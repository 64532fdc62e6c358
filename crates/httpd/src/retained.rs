//! What outlives restarts: words that httpd keeps from its start to its end, whatever library has asked for them.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;

use crate::ffi;

/// The word of this name, 0 at first. To be called on the thread that reads the configuration.
pub fn word(name: &CStr) -> Option<&'static AtomicUsize> {
    // SAFETY: a string of C's. httpd's memory of this name, if there is any, has been asked for here, with the size of one word.
    let known = NonNull::new(unsafe { ffi::ap_retained_data_get(name.as_ptr()) });
    let word = known.or_else(|| {
        // httpd keeps the pointer and not the name, so that the name is to live as long as httpd.
        let name = CString::into_raw(name.to_owned());
        // SAFETY: as above; the memory is aligned as APR aligns everything, and filled with zeros.
        NonNull::new(unsafe { ffi::ap_retained_data_create(name, size_of::<AtomicUsize>()) })
    });
    // SAFETY: it lives until the process ends, and nothing else is ever done with it.
    word.map(|word| unsafe { word.cast::<AtomicUsize>().as_ref() })
}
