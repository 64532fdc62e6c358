//! Arrays.

use crate::{Pool, ffi};
use std::ffi::{c_char, c_int};

crate::opaque! {
    /// An `apr_array_header_t`, whose elements only its owner knows.
    pub struct ArrayHeader(ffi::apr_array_header_t);
}

impl ArrayHeader {
    /// The pool with which the array dies.
    pub fn pool(&self) -> Option<&Pool> {
        // SAFETY: a living array's pool lives.
        unsafe { Pool::at((*self.as_ptr()).pool) }
    }

    /// A new array of C strings.
    pub fn of_strings<'p, 't>(pool: &'p Pool, texts: impl ExactSizeIterator<Item = &'t [u8]>) -> &'p ArrayHeader {
        let (count, size) = (c_int::try_from(texts.len()).unwrap_or(0), size_of::<*const c_char>() as c_int);
        // SAFETY: the array lies in the pool, and so do the texts.
        unsafe {
            let array = ffi::apr_array_make(pool.as_ptr(), count, size);
            for text in texts {
                ffi::apr_array_push(array).cast::<*const c_char>().write(pool.cstr(text).as_ptr());
            }
            &*array.cast::<ArrayHeader>()
        }
    }
}
