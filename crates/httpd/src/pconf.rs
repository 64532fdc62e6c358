//! The pool of the configuration.

use apr::Pool;
use std::{
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// The pool of the configuration that is being read or used: what lies in it lives until the next restart.
static PCONF: AtomicPtr<apr::ffi::apr_pool_t> = AtomicPtr::new(ptr::null_mut());

/// Runs `f` with the configuration's pool; `None` before the module was loaded.
pub fn with_pconf<R>(f: impl FnOnce(&Pool) -> R) -> Option<R> {
    // SAFETY: httpd has one pool of this kind in its life, and clears it between passes, not within a call of ours.
    unsafe { Pool::at(PCONF.load(Ordering::Acquire)) }.map(f)
}

/// Whether this is the configuration's pool.
pub fn is_pconf(pool: &Pool) -> bool {
    ptr::eq(PCONF.load(Ordering::Acquire), pool.as_ptr())
}

/// Notes the pool at the beginning of a pass.
pub(crate) fn set_pconf(pool: &Pool) {
    PCONF.store(pool.as_ptr(), Ordering::Release);
}

/// For tests: held by whoever depends on [`with_pconf`], since there is one per process.
#[cfg(test)]
pub(crate) static PCONF_IN_USE: std::sync::Mutex<()> = std::sync::Mutex::new(());
