//! The record that httpd loads, as httpd and its modules know it. [`crate::load`] makes it of a host.

use crate::ffi;
use apr::Pool;
use std::{
    cell::UnsafeCell,
    ffi::{CStr, c_int},
    ptr::{self, NonNull},
};

/// The record that httpd finds by its name in the loaded library.
///
/// ```text
/// #[unsafe(no_mangle)]
/// pub static perl_module: ModuleRecord = ModuleRecord::new::<PerlHost>(c"mod_perl.c");
/// ```
#[repr(transparent)]
pub struct ModuleRecord(pub(crate) UnsafeCell<ffi::module>);

// SAFETY: httpd writes number, handle and list pointer while it loads modules, single-threaded; afterwards all only read.
unsafe impl Sync for ModuleRecord {}

/// A record without a name and without callbacks.
pub(crate) const BLANK: ffi::module = ffi::module {
    version: ffi::MODULE_MAGIC_NUMBER_MAJOR as c_int,
    minor_version: ffi::MODULE_MAGIC_NUMBER_MINOR as c_int,
    module_index: -1,
    name: ptr::null(),
    dynamic_load_handle: ptr::null_mut(),
    next: ptr::null_mut(),
    magic: ffi::MODULE_MAGIC_COOKIE as _,
    rewrite_args: None,
    create_dir_config: None,
    merge_dir_config: None,
    create_server_config: None,
    merge_server_config: None,
    cmds: ptr::null(),
    register_hooks: None,
    flags: 0,
};

/// The end of a table of commands.
pub(crate) const NO_COMMAND: ffi::command_rec = ffi::command_rec {
    name: ptr::null(),
    func: ffi::cmd_func { no_args: None },
    cmd_data: ptr::null_mut(),
    req_override: 0,
    args_how: ffi::RAW_ARGS,
    errmsg: ptr::null(),
};

impl ModuleRecord {
    /// The module's number in this process; negative while it is not loaded.
    #[inline]
    pub fn index(&self) -> c_int {
        // SAFETY: see `Sync` above.
        unsafe { (*self.0.get()).module_index }
    }

    /// The name it was made with.
    pub fn name(&self) -> &CStr {
        // SAFETY: a static C string; httpd only ever moves the pointer on to the part behind a slash.
        unsafe { CStr::from_ptr((*self.0.get()).name) }
    }

    /// The pointer, for httpd's functions.
    pub fn as_ptr(&self) -> *mut ffi::module {
        self.0.get()
    }

    /// Whether httpd has loaded another library's module of this name.
    pub fn has_namesake(&self) -> bool {
        self.namesake().is_some()
    }

    fn namesake(&self) -> Option<NonNull<ffi::module>> {
        // SAFETY: a C string; httpd's list of modules is complete when nothing loads one.
        let found = NonNull::new(unsafe { ffi::ap_find_linked_module(self.name().as_ptr()) })?;
        (found.as_ptr() != self.as_ptr()).then_some(found)
    }

    /// For a record that httpd has not loaded: while it has another library's of the same name, ours says that one's number,
    /// until `pconf` dies. This library stays in the process from one reading of the configuration to the next, so that
    /// what the other, loaded anew, calls its own record may be resolved to ours.
    pub fn follow_namesake(&'static self, pconf: &Pool) {
        let Some(theirs) = self.namesake().filter(|_| self.index() < 0) else { return };
        // SAFETY: httpd reads its configuration on one thread, and nobody else uses a record that is not loaded.
        unsafe { (*self.0.get()).module_index = theirs.as_ref().module_index };
        // SAFETY: as above: httpd takes modules out in a cleanup of the same pool.
        let _ = pconf.on_death(|| unsafe { (*self.0.get()).module_index = -1 });
    }
}
