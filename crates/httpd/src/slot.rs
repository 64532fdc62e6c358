//! The slots that httpd keeps for each module: in configuration vectors, requests and connections.

use crate::{ModuleRecord, ffi};
use apr::Pool;
use std::{ffi::c_void, ptr::NonNull};

/// The address of a module's slot in a vector; `None` before the module has its number.
///
/// # Safety
/// `vector` is null or a vector of httpd's that lives.
#[inline]
pub(crate) unsafe fn at(vector: *mut ffi::ap_conf_vector_t, module: &ModuleRecord) -> Option<NonNull<*mut c_void>> {
    let vector = NonNull::new(vector.cast::<*mut c_void>())?;
    let index = module.index();
    if index < 0 {
        return none();
    }
    // SAFETY: a vector is an array of pointers with room for every module number (httpd's `ap_get_module_config`).
    Some(unsafe { vector.add(index as usize) })
}

/// Nearly never: the look for it is not worth the registers of a combined one.
#[cold]
fn none() -> Option<NonNull<*mut c_void>> {
    None
}

/// What stands in a module's slot.
///
/// # Safety
/// As [`at`].
#[inline]
pub(crate) unsafe fn get<T>(vector: *mut ffi::ap_conf_vector_t, module: &ModuleRecord) -> Option<NonNull<T>> {
    // SAFETY: the caller's promise.
    unsafe { at(vector, module).and_then(|slot| NonNull::new(slot.read().cast())) }
}

/// Whether some module, known by its number, has something in a vector.
///
/// # Safety
/// As [`at`]; `index` is the number of a module.
pub(crate) unsafe fn is_set(vector: *mut ffi::ap_conf_vector_t, index: i32) -> bool {
    let Ok(index) = usize::try_from(index) else { return false };
    // SAFETY: the caller's promise: there is room for every module's number.
    !vector.is_null() && !unsafe { vector.cast::<*mut c_void>().add(index).read() }.is_null()
}

/// Makes a value in a module's slot. It is dropped when `pool` dies, and the slot is empty from then on, so that a later
/// cleanup of the same pool finds nothing instead of a freed value.
///
/// # Safety
/// As [`at`]; the vector lies in `pool`; whatever stood in the slot is no longer lent to anyone.
#[inline(always)]
pub(crate) unsafe fn put<T: Send + 'static>(
    vector: *mut ffi::ap_conf_vector_t,
    module: &ModuleRecord,
    pool: &Pool,
    make: impl FnOnce() -> T,
) -> Option<NonNull<T>> {
    struct Slotted<T>(NonNull<*mut c_void>, NonNull<T>);
    // SAFETY: it owns a `T`, which is `Send`, and the address of the slot that moves with it.
    unsafe impl<T: Send> Send for Slotted<T> {}
    impl<T> Drop for Slotted<T> {
        fn drop(&mut self) {
            // SAFETY: both lie in the pool, whose memory is freed only after its cleanups; the value is ours.
            unsafe {
                if self.0.read() == self.1.as_ptr().cast() {
                    self.0.write(std::ptr::null_mut());
                }
                self.1.drop_in_place();
            }
        }
    }
    // SAFETY: the caller's promise.
    let slot = unsafe { at(vector, module) }?;
    let value = pool.place_with(make);
    // SAFETY: the caller's promise.
    unsafe { slot.write(value.as_ptr().cast()) };
    let owner = Slotted(slot, value);
    let _ = pool.on_death(move || drop(owner));
    Some(value)
}
