//! A module that does nothing but see what httpd reads: each `LoadModule` line as it is met, and the tree of all other lines before
//! any of them is obeyed. Then it ends httpd.

use crate::{
    Command, ModuleRecord, Node, ffi, guard_of,
    module::{BLANK, NO_COMMAND},
    status::HTTP_INTERNAL_SERVER_ERROR,
};
use apr::{Pool, bytes_at};
use std::{
    cell::UnsafeCell,
    ffi::{CStr, c_char, c_int, c_void},
    marker::PhantomData,
    ptr,
};

/// Who is shown what httpd reads.
pub trait Reader: 'static {
    /// Its record.
    fn module() -> &'static ModuleRecord;
    /// A line `LoadModule name file`; it is about to be obeyed, and that may end httpd.
    fn load(line: &Command, name: &[u8], file: &[u8]);
    /// All lines that are not obeyed while they are read, from the first one on.
    fn read(first: Option<&Node>);
}

impl ModuleRecord {
    /// The record of a reader.
    pub const fn reader<R: Reader>(name: &'static CStr) -> ModuleRecord {
        ModuleRecord(UnsafeCell::new(ffi::module {
            name: name.as_ptr(),
            cmds: (&raw const *Reading::<R>::COMMANDS).cast(),
            register_hooks: Some(register::<R>),
            ..BLANK
        }))
    }
}

struct Reading<R>(PhantomData<R>);

impl<R: Reader> Reading<R> {
    /// httpd obeys a line by every module that has a directive of its name, ours before mod_so.
    const COMMANDS: &'static [ffi::command_rec; 2] = &[
        ffi::command_rec {
            name: c"LoadModule".as_ptr(),
            func: ffi::cmd_func { take2: Some(load::<R>) },
            req_override: (ffi::RSRC_CONF | ffi::EXEC_ON_READ) as c_int,
            args_how: ffi::TAKE2,
            errmsg: c"a module name and the name of a shared object file to load it from".as_ptr(),
            ..NO_COMMAND
        },
        NO_COMMAND,
    ];
}

unsafe extern "C" fn load<R: Reader>(
    cmd: *mut ffi::cmd_parms,
    _: *mut c_void,
    name: *const c_char,
    file: *const c_char,
) -> *const c_char {
    // SAFETY: httpd lends all three for this call.
    let line = unsafe { (Command::at(cmd), bytes_at(name), bytes_at(file)) };
    if let (Some(cmd), Some(name), Some(file)) = line {
        guard_of(R::module(), "LoadModule", (), || R::load(cmd, name, file));
    }
    ptr::null()
}

unsafe extern "C" fn register<R: Reader>(_: *mut apr::ffi::apr_pool_t) {
    // SAFETY: httpd is registering this module's hooks; the function lives as long as the library, which is never unloaded.
    unsafe { ffi::ap_hook_pre_config(Some(all_read::<R>), ptr::null(), ptr::null(), BEFORE_EVERYONE) }
}

/// Before `APR_HOOK_REALLY_FIRST`.
const BEFORE_EVERYONE: c_int = -20;

/// httpd has read its files, and obeyed none of the lines but those that say what to read. An error ends it here.
unsafe extern "C" fn all_read<R: Reader>(
    conf: *mut apr::ffi::apr_pool_t,
    _: *mut apr::ffi::apr_pool_t,
    _: *mut apr::ffi::apr_pool_t,
) -> c_int {
    // SAFETY: httpd's pool of this pass; its tree lives as long.
    let (pool, first) = unsafe { (Pool::at(conf), Node::at(ffi::ap_conftree)) };
    if pool.is_some() {
        guard_of(R::module(), "pre_config", (), || R::read(first));
    }
    HTTP_INTERNAL_SERVER_ERROR
}
