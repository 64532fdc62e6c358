//! The pool of the configuration.

use apr::Pool;
use std::{
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// The pool of the configuration that is being read or used: what lies in it lives until the next restart.
static PCONF: AtomicPtr<apr::ffi::apr_pool_t> = AtomicPtr::new(ptr::null_mut());

/// The configuration's pool; `None` before the module was loaded.
pub fn pconf() -> Option<Pool> {
    // SAFETY: httpd has one pool of this kind in its life, and clears it between passes.
    unsafe { Pool::from_ptr(PCONF.load(Ordering::Acquire)) }
}

/// Notes the pool at the beginning of a pass.
pub(crate) fn set_pconf(pool: Pool) {
    PCONF.store(pool.as_ptr(), Ordering::Release);
}

/// For tests: held by whoever depends on [`pconf`], since there is one per process.
#[cfg(test)]
pub(crate) static PCONF_IN_USE: std::sync::Mutex<()> = std::sync::Mutex::new(());
