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
}

/// Makes a filter of the host's known under `name` (`SetOutputFilter name`), until the configuration's pool dies. It is one of
/// a request's content (`AP_FTYPE_RESOURCE`). While the configuration is read.
pub fn register<H: Host>(pconf: Pool, way: Way, name: &[u8]) {
    let name = pconf.cstr(name);
    let kind = ffi::AP_FTYPE_RESOURCE;
    // SAFETY: httpd copies the name and keeps the functions, which live as long as the library.
    unsafe {
        match way {
            Way::Output => ffi::ap_register_output_filter(name.as_ptr(), Some(output::<H>), None, kind),
            Way::Input => ffi::ap_register_input_filter(name.as_ptr(), Some(input::<H>), None, kind),
        };
    }
}

unsafe extern "C" fn output<H: Host>(f: *mut ffi::ap_filter_t, bb: *mut apr::ffi::apr_bucket_brigade) -> c_int {
    // SAFETY: httpd lends both for this call.
    let (f, bb) = unsafe { (Filter::from_ptr(f), Brigade::from_ptr(bb)) };
    let (Some(f), Some(bb)) = (f, bb) else { return Status::EGENERAL.code() };
    guard::<H, _>("output filter", Status::EGENERAL.code(), || H::output_filter(f, bb))
}

unsafe extern "C" fn input<H: Host>(
    f: *mut ffi::ap_filter_t,
    bb: *mut apr::ffi::apr_bucket_brigade,
    mode: ffi::ap_input_mode_t,
    block: apr::ffi::apr_read_type_e,
    bytes: apr::ffi::apr_off_t,
) -> c_int {
    // SAFETY: httpd lends both for this call.
    let (f, bb) = unsafe { (Filter::from_ptr(f), Brigade::from_ptr(bb)) };
    let (Some(f), Some(bb)) = (f, bb) else { return Status::EGENERAL.code() };
    let ask = Ask { mode: mode as c_int, block: block == apr::ffi::APR_BLOCK_READ, bytes };
    guard::<H, _>("input filter", Status::EGENERAL.code(), || H::input_filter(f, bb, ask))
}

/// What a host keeps with a filter of its own.
type Data = Box<dyn Any + Send>;

impl Filter {
    /// Whether it is of a kind that `H` made.
    fn is_of<H: Host>(&self) -> bool {
        let Some(kind) = self.kind() else { return false };
        // SAFETY: a record of httpd's, which lives as long as the configuration; both functions are pointers.
        let function = unsafe { (*kind.as_ptr()).filter_func.out_func };
        let function = function.map(|f| f as usize);
        let (output, input) = (output::<H> as *const () as usize, input::<H> as *const () as usize);
        function == Some(output) || function == Some(input)
    }

    /// What the host keeps with this filter, which is one of its own.
    pub fn data<H: Host, T: 'static>(&self) -> Option<&T> {
        if !self.is_of::<H>() {
            return None;
        }
        // SAFETY: only `set_data` writes to the place of a filter of ours, a `Data` that lives as long as the filter's pool.
        unsafe { (*self.as_ptr()).ctx.cast::<Data>().as_ref() }?.downcast_ref()
    }

    /// Keeps something with this filter, which is one of the host's own, once; it is dropped with the request.
    pub fn set_data<H: Host, T: Send + 'static>(&self, value: T) -> Option<&T> {
        let r = self.request()?;
        // SAFETY: lives.
        let is_free = unsafe { (*self.as_ptr()).ctx.is_null() };
        if self.is_of::<H>() && is_free {
            let data: Data = Box::new(value);
            let data: NonNull<Data> = r.pool().keep(data);
            // SAFETY: lives.
            unsafe { (*self.as_ptr()).ctx = data.as_ptr().cast::<c_void>() };
        }
        self.data::<H, T>()
    }

    /// Whether mod_filter called it: what it changes of the headers is that one's affair then.
    pub fn is_in_harness(&self) -> bool {
        // SAFETY: a record of httpd's, which lives as long as the configuration.
        self.kind().is_some_and(|kind| unsafe { !(*kind.as_ptr()).providers.is_null() })
    }
}
