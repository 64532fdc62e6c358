//! Arrays.

use crate::{Pool, ffi};
use std::{
    ffi::{c_char, c_int},
    ptr::NonNull,
};

/// An `apr_array_header_t`, whose elements only its owner knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct ArrayHeader(NonNull<ffi::apr_array_header_t>);

impl ArrayHeader {
    /// The wrapper.
    ///
    /// # Safety
    /// `array` is null or lives, and the wrapper and its copies are used only as long, by one thread at a time.
    pub unsafe fn from_ptr(array: *mut ffi::apr_array_header_t) -> Option<ArrayHeader> {
        NonNull::new(array).map(ArrayHeader)
    }

    /// The pointer.
    pub fn as_ptr(self) -> *mut ffi::apr_array_header_t {
        self.0.as_ptr()
    }

    /// The pool it dies with.
    pub fn pool(&self) -> Option<Pool> {
        // SAFETY: a living array's pool lives.
        unsafe { Pool::from_ptr((*self.as_ptr()).pool) }
    }

    /// A new array of C strings.
    pub fn of_strings<'t>(pool: Pool, texts: impl ExactSizeIterator<Item = &'t [u8]>) -> ArrayHeader {
        let (count, size) = (c_int::try_from(texts.len()).unwrap_or(0), size_of::<*const c_char>() as c_int);
        // SAFETY: the array lies in the pool, and so do the texts.
        unsafe {
            let array = ffi::apr_array_make(pool.as_ptr(), count, size);
            for text in texts {
                ffi::apr_array_push(array).cast::<*const c_char>().write(pool.cstr(text).as_ptr());
            }
            ArrayHeader(NonNull::new_unchecked(array))
        }
    }
}
