//! A filter of a host's own, and what is asked of it.

use crate::{Filter, ffi};
use std::{
    any::Any,
    ffi::{c_int, c_void},
    ptr::NonNull,
};

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

    /// Whether no data is taken: `AP_MODE_SPECULATIVE`, after which it is read again, and the two above.
    pub fn takes_nothing(&self) -> bool {
        self.mode == ffi::AP_MODE_SPECULATIVE as c_int || self.eats_lines() || self.is_for_nothing()
    }

    /// `AP_MODE_EXHAUSTIVE`: all there is.
    pub fn is_for_all(&self) -> bool {
        self.mode == ffi::AP_MODE_EXHAUSTIVE as c_int
    }
}

/// What a host keeps with a filter of its own.
type Data = Box<dyn Any + Send>;

/// A filter of the host's own, while httpd calls it: also where a harness (mod_filter) calls it under its own record.
#[derive(Clone, Copy, Debug)]
pub struct OwnFilter<'f>(pub(crate) &'f Filter);

impl std::ops::Deref for OwnFilter<'_> {
    type Target = Filter;
    fn deref(&self) -> &Filter {
        self.0
    }
}

impl<'f> OwnFilter<'f> {
    /// What the host keeps with it.
    pub fn data<T: 'static>(&self) -> Option<&'f T> {
        // SAFETY: while a filter of ours is called its place is its own, and only `set_data` writes there: a `Data` that lives
        // as long as the filter.
        unsafe { (*self.0.as_ptr()).ctx.cast::<Data>().as_ref() }?.downcast_ref()
    }

    /// Keeps something with it, once; it is dropped with the filter's request, or with its connection where it belongs to that.
    pub fn set_data<T: Send + 'static>(&self, value: T) -> Option<&'f T> {
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
