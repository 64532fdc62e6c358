//! Threads that have connections: the MPM's, to which something can be given, and ours.

use super::gate;
use crate::{ModuleRecord, ffi, guard_of};
use std::{
    cell::Cell,
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicPtr, Ordering::SeqCst},
};

thread_local! {
    // It has no destructor: one in the main thread would keep the library mapped.
    /// This thread, for httpd; null until somebody asks.
    static THREAD: Cell<*mut apr::ffi::apr_thread_t> = const { Cell::new(ptr::null_mut()) };
}

/// The module in whose name errors are logged.
static MODULE: AtomicPtr<ModuleRecord> = AtomicPtr::new(ptr::null_mut());

/// Has errors logged in the name of this module.
pub(super) fn log_as(module: &'static ModuleRecord) {
    MODULE.store(ptr::from_ref(module).cast_mut(), SeqCst);
}

/// Runs `f` on a thread of the MPM's. It is dropped where the MPM takes nothing any more.
pub fn on_worker(f: impl FnOnce() + Send + 'static) {
    /// When the MPM is told to call: an hour ago. event (2.4.71) does not wake its listener for a moment that is close to one it knows
    /// already, and the listener then does not always wake for that one: so every other one must be later.
    const AT_ONCE: i64 = -3_600_000_000;
    unsafe extern "C" fn run(baton: *mut c_void) {
        gate::turn_begins();
        // SAFETY: the box that `on_worker` gave away; the MPM calls once.
        let f = unsafe { Box::from_raw(baton.cast::<Box<dyn FnOnce() + Send>>()) };
        guarded("timed callback", f);
    }
    let boxed: Box<Box<dyn FnOnce() + Send>> = Box::new(Box::new(f));
    let baton = Box::into_raw(boxed);
    // SAFETY: the MPM keeps both, and calls the function once with the baton.
    let status = unsafe { ffi::ap_mpm_register_timed_callback(AT_ONCE, Some(run), baton.cast()) };
    if status != 0 {
        // SAFETY: it was not taken.
        drop(unsafe { Box::from_raw(baton) });
    }
}

/// Bytes of stack that a thread which runs handlers has: as a thread of the MPM's.
pub fn stack_size() -> usize {
    const USUAL: usize = 8 << 20;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a variable of httpd's that is written while the configuration is read; getrlimit writes the struct.
    let (written, known) =
        unsafe { (ffi::ap_thread_stacksize, libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) == 0) };
    match usize::try_from(limit.rlim_cur) {
        _ if written > 0 => written,
        Ok(size) if known && limit.rlim_cur != libc::RLIM_INFINITY => size.clamp(USUAL / 8, USUAL * 8),
        _ => USUAL,
    }
}

/// To be called at the end of a thread of ours that had connections.
pub fn leave_thread() {
    let thread = THREAD.replace(ptr::null_mut());
    // SAFETY: made by `this_thread` on this thread, in a pool of its own. Whoever has a connection next names its own thread first.
    unsafe {
        if !thread.is_null() {
            apr::ffi::apr_pool_destroy(apr::ffi::apr_thread_pool_get(thread));
        }
    }
}

/// This thread, as APR knows threads: modules keep values with the thread that has a connection.
pub(super) fn this_thread() -> *mut apr::ffi::apr_thread_t {
    if THREAD.get().is_null()
        && let Ok(pool) = apr::Pool::root()
    {
        let mut thread = ptr::null_mut();
        // SAFETY: the pool lives until `leave_thread`; under the MPM's own threads as long as the process.
        unsafe {
            let mut own = apr::ffi::apr_os_thread_current();
            apr::ffi::apr_os_thread_put(&raw mut thread, &raw mut own, pool.as_ptr());
        }
        THREAD.set(thread);
    }
    THREAD.get()
}

/// Runs `f`; a panic in it is logged, and ends there.
pub(super) fn guarded(what: &str, f: impl FnOnce()) {
    // SAFETY: null or a record of this library, which is never unloaded.
    if let Some(module) = unsafe { MODULE.load(SeqCst).as_ref() } {
        guard_of(module, what, (), f);
    }
}
