//! The record of a module, made of its host, with a C callback for everything; and the callbacks that make and merge configuration
//! records.

use crate::{
    Host, ModuleRecord, Server, directive, ffi, guard, hook,
    module::BLANK,
    pconf::{is_pconf, set_pconf},
    record::{Record, record},
};
use apr::{Pool, bytes_at};
use std::{
    cell::UnsafeCell,
    ffi::{CStr, c_char, c_void},
    ptr,
};

impl ModuleRecord {
    /// The record of a host. httpd knows the module by `name` (`<IfModule mod_perl.c>`).
    pub const fn new<H: Host>(name: &'static CStr) -> ModuleRecord {
        ModuleRecord(UnsafeCell::new(ffi::module {
            name: name.as_ptr(),
            create_dir_config: Some(create_dir::<H>),
            merge_dir_config: Some(merge_dir::<H>),
            create_server_config: Some(create_server::<H>),
            merge_server_config: Some(merge_server::<H>),
            cmds: directive::Commands::<H>::FIRST,
            register_hooks: Some(register::<H>),
            ..BLANK
        }))
    }
}

fn install<T: Send + Sync + 'static>(pool: &Pool, value: T) -> *mut c_void {
    let permanent = is_pconf(pool);
    pool.keep(Record::new(value, permanent)).as_ptr().cast()
}

unsafe extern "C" fn create_server<H: Host>(p: *mut apr::ffi::apr_pool_t, s: *mut ffi::server_rec) -> *mut c_void {
    // SAFETY: both are httpd's and live.
    let (Some(pool), Some(server)) = (unsafe { Pool::at(p) }, unsafe { Server::at(s) }) else {
        return ptr::null_mut();
    };
    guard::<H, _>("create_server_config", ptr::null_mut(), || install(pool, H::new_server(pool, server)))
}

unsafe extern "C" fn merge_server<H: Host>(
    p: *mut apr::ffi::apr_pool_t,
    base: *mut c_void,
    add: *mut c_void,
) -> *mut c_void {
    // SAFETY: the pool lives; both came from `create_server` or from here.
    let (Some(pool), Some(b), Some(a)) =
        (unsafe { Pool::at(p) }, unsafe { record::<H::Server>(base) }, unsafe { record::<H::Server>(add) })
    else {
        return add;
    };
    guard::<H, _>("merge_server_config", add, || install(pool, H::merge_server(b.get(), a.get())))
}

unsafe extern "C" fn create_dir<H: Host>(p: *mut apr::ffi::apr_pool_t, path: *mut c_char) -> *mut c_void {
    // SAFETY: the pool lives; the path is null or a C string.
    let (Some(pool), path) = (unsafe { Pool::at(p) }, unsafe { bytes_at(path) }) else {
        return ptr::null_mut();
    };
    guard::<H, _>("create_dir_config", ptr::null_mut(), || install(pool, H::new_dir(pool, path)))
}

unsafe extern "C" fn merge_dir<H: Host>(
    p: *mut apr::ffi::apr_pool_t,
    base: *mut c_void,
    add: *mut c_void,
) -> *mut c_void {
    // SAFETY: both came from `create_dir` or from here.
    let (Some(b), Some(a)) = (unsafe { record::<H::Dir>(base) }, unsafe { record::<H::Dir>(add) }) else {
        return add;
    };
    if let Some(known) = a.known_merge(b) {
        return ptr::from_ref(known).cast_mut().cast();
    }
    // SAFETY: the pool lives.
    let Some(pool) = (unsafe { Pool::at(p) }) else { return add };
    guard::<H, _>("merge_dir_config", add, || {
        let merged = H::merge_dir(b.get(), a.get());
        if a.keeps_merges(b) { ptr::from_ref(a.keep_merge(b, merged)).cast_mut().cast() } else { install(pool, merged) }
    })
}

unsafe extern "C" fn register<H: Host>(p: *mut apr::ffi::apr_pool_t) {
    // SAFETY: httpd's configuration pool.
    let pool = unsafe { Pool::at(p) };
    pool.into_iter().for_each(set_pconf);
    guard::<H, _>("register_hooks", (), || {
        hook::register::<H>();
        if let Some(pool) = pool {
            H::loaded(pool);
        }
    })
}

/// For tests: what httpd does before a directive. Makes both records and returns the directory's.
#[cfg(test)]
pub(crate) fn install_in<H: Host>(s: &Server, server_pool: &Pool, dir_pool: &Pool) -> *mut c_void {
    // SAFETY: as httpd calls them; the vector has room for the module's number.
    unsafe {
        let record = create_server::<H>(server_pool.as_ptr(), s.as_ptr());
        crate::slot::at((*s.as_ptr()).module_config, H::module()).unwrap().write(record);
        create_dir::<H>(dir_pool.as_ptr(), ptr::null_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pconf::PCONF_IN_USE,
        testing::{Fake, NullHost},
    };

    #[test]
    fn sections_are_merged_once_and_those_of_htaccess_each_time() {
        let _one_at_a_time = PCONF_IN_USE.lock().unwrap();
        let fake = Fake::new();
        set_pconf(fake.pool);
        let request_pool = fake.pool.create().unwrap();
        // SAFETY: as httpd calls them.
        unsafe {
            let dir = |pool: &Pool, path: &CStr| create_dir::<NullHost>(pool.as_ptr(), path.as_ptr().cast_mut());
            let merge = |base, add| merge_dir::<NullHost>(request_pool.as_ptr(), base, add);
            let (a, b, passing) = (dir(fake.pool, c"a"), dir(fake.pool, c"b"), dir(request_pool, c".htaccess"));
            let ab = merge(a, b);
            assert_eq!(ab, merge(a, b));
            assert_eq!(merge(ab, a), merge(ab, a), "a kept result is a base like any other");
            assert_ne!(merge(ab, passing), merge(ab, passing));
            let text = |at| record::<Vec<String>>(at).unwrap().get().join("+");
            assert_eq!(text(merge(ab, passing)), "a+b+.htaccess");
            request_pool.destroy(apr::Reenter::assume());
            assert_eq!(text(ab), "a+b", "a kept result outlives the request that asked for it");
            fake.pool.clear(apr::Reenter::assume());
        }
    }
}
