//! C symbols that third-party XS modules import, under mod_perl's names; and one of perl's, by which a module that was compiled for
//! another perl is told apart before it does harm.
//!
//! One table of naked jumps: the functions themselves are C (`interp-perl/shim/abi.c`), since several of them croak, which
//! must not cross a frame of Rust, and since functions of a C archive are not exported from a Rust library. What C cannot
//! know it asks through [`HOST`].

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

use apr::{Pool, Status, Table};
use httpd::log::Level;
use httpd::{Connection, Request, Server};
use interp::{Object, Val};
use interp_perl::{Record, abi};

use crate::host::perl::c_callers::{self, Origin};

/// `exports! { name = c_function; ... }`: each name is exported as a jump to the function, which finds its arguments, more
/// than declared ones too, where the caller put them.
macro_rules! exports {
    ($($name:ident = $to:ident;)*) => {
        unsafe extern "C" {
            $(fn $to();)*
        }
        $(
            #[doc = concat!("`", stringify!($name), "`, as in mod_perl's or perl's headers.")]
            #[allow(non_snake_case, reason = "perl's names")]
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name() {
                #[cfg(target_arch = "x86_64")]
                std::arch::naked_asm!("jmp {}", sym $to);
                #[cfg(target_arch = "aarch64")]
                std::arch::naked_asm!("b {}", sym $to);
            }
        )*
    };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("mod_interp: no jump instruction is known for this architecture: src/abi.rs");

exports! {
    Perl_xs_handshake = mp_abi_xs_handshake;
    modperl_callback = mp_abi_callback;
    modperl_croak = mp_abi_croak;
    modperl_error_strerror = mp_abi_error_strerror;
    modperl_errsv = mp_abi_errsv;
    modperl_errsv_prepend = mp_abi_errsv_prepend;
    modperl_global_get_pconf = mp_abi_global_get_pconf;
    modperl_global_get_server_rec = mp_abi_global_get_server_rec;
    modperl_handler_make_args = mp_abi_handler_make_args;
    modperl_handler_name = mp_abi_handler_name;
    modperl_handler_new = mp_abi_handler_new;
    modperl_hash_tie = mp_abi_hash_tie;
    modperl_hash_tied_object = mp_abi_hash_tied_object;
    modperl_hash_tied_object_rv = mp_abi_hash_tied_object_rv;
    modperl_interp_pool_select = mp_abi_interp_pool_select;
    modperl_interp_select = mp_abi_interp_select;
    modperl_interp_unselect = mp_abi_interp_unselect;
    modperl_is_running = mp_abi_is_running;
    modperl_module_config_get_obj = mp_abi_module_config_get_obj;
    modperl_newSVsv_obj = mp_abi_newSVsv_obj;
    modperl_perl_sv_setref_uv = mp_abi_sv_setref_uv;
    modperl_ptr2obj = mp_abi_ptr2obj;
    modperl_run = mp_abi_run;
    modperl_startup = mp_abi_startup;
    modperl_sv2request_rec = mp_abi_sv2request_rec;
    modperl_sv2server_rec = mp_abi_sv2server_rec;
    modperl_table_get_set = mp_abi_table_get_set;
    modperl_thx_interp_get = mp_abi_thx_interp_get;
    modperl_trace = mp_abi_trace;
    modperl_xs_sv2request_rec = mp_abi_xs_sv2request_rec;
}

/// Once per reading of the configuration: C code may call, and finds two functions by name as well.
pub fn register() {
    abi::set_host(&HOST);
    // SAFETY: the functions of these names in mod_perl's headers.
    unsafe {
        apr::provide_function(c"modperl_interp_unselect", modperl_interp_unselect);
        apr::provide_function(c"modperl_thx_interp_get", modperl_thx_interp_get);
    }
}

static HOST: abi::Host = abi::Host {
    select,
    select_pool,
    unselect,
    request,
    server,
    pconf,
    start,
    is_running,
    log,
    note,
    handler,
    alloc,
    table_get,
    table_set,
    strerror,
    ticket,
};

// Each callback takes what C code was lent by httpd (SAFETY.md, "borrowed records"), and stops panics.

fn guard<R>(fallback: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(fallback)
}

fn or_null<T>(found: Option<NonNull<T>>) -> *mut T {
    found.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// # Safety
/// Null, or a living record of httpd's.
unsafe fn server_at<'a>(s: *mut c_void) -> Option<&'a Server> {
    // SAFETY: the caller's promise.
    unsafe { Server::at(s.cast()) }
}

/// # Safety
/// As [`server_at`].
unsafe fn request_at<'a>(r: *mut c_void) -> Option<&'a Request> {
    // SAFETY: the caller's promise.
    unsafe { Request::at(r.cast()) }
}

/// # Safety
/// `text` is `len` readable bytes for `'a`.
unsafe fn bytes<'a>(text: *const c_char, len: usize) -> &'a [u8] {
    if text.is_null() {
        return b"";
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(text.cast(), len) }
}

unsafe extern "C" fn select(r: *mut c_void, c: *mut c_void, s: *mut c_void) -> *mut Record {
    guard(ptr::null_mut(), || {
        // SAFETY: see above.
        let (r, c, s) = unsafe { (request_at(r), Connection::at(c.cast()), server_at(s)) };
        let origin = match (r, c, s) {
            (Some(r), _, _) => Origin::Request(r),
            (_, Some(c), _) => Origin::Connection(c),
            (_, _, Some(s)) => Origin::Server(s),
            _ => Origin::None,
        };
        // SAFETY: C code ends the entry while the record lives.
        or_null(unsafe { c_callers::select(origin) })
    })
}

unsafe extern "C" fn select_pool(p: *mut c_void, s: *mut c_void) -> *mut Record {
    guard(ptr::null_mut(), || {
        // SAFETY: see above.
        let (p, s) = unsafe { (Pool::at(p.cast()), server_at(s)) };
        // SAFETY: as in `select`.
        or_null(unsafe { c_callers::select(p.map_or(Origin::None, |p| Origin::Pool(p, s))) })
    })
}

unsafe extern "C" fn unselect(record: *mut Record) -> c_int {
    guard(0, || {
        if let Some(record) = NonNull::new(record) {
            // SAFETY: C code gives back what it was given.
            unsafe { c_callers::unselect(record) };
        }
        0
    })
}

unsafe extern "C" fn request() -> *mut c_void {
    guard(ptr::null_mut(), || c_callers::with_current_request(&mut |r| r.as_ptr().cast()).unwrap_or(ptr::null_mut()))
}

unsafe extern "C" fn server(r: *mut c_void) -> *mut c_void {
    guard(ptr::null_mut(), || {
        // SAFETY: see above.
        let of_request = unsafe { request_at(r) }.map(|r| r.server().as_ptr());
        of_request.or_else(|| Server::with_main(Server::as_ptr)).map_or(ptr::null_mut(), <*mut _>::cast)
    })
}

unsafe extern "C" fn pconf() -> *mut c_void {
    guard(ptr::null_mut(), || httpd::with_pconf(|p| p.as_ptr().cast()).unwrap_or(ptr::null_mut()))
}

unsafe extern "C" fn start(s: *mut c_void) -> *mut Record {
    // SAFETY: see above.
    guard(ptr::null_mut(), || or_null(c_callers::start(unsafe { server_at(s) })))
}

unsafe extern "C" fn is_running() -> c_int {
    guard(0, || c_int::from(c_callers::is_running()))
}

unsafe extern "C" fn log(r: *mut c_void, s: *mut c_void, text: *const c_char, len: usize) {
    guard((), || {
        // SAFETY: see above.
        let (r, s, text) = unsafe { (request_at(r), server_at(s), bytes(text, len)) };
        c_callers::log(r, s, Level::Error, text);
    });
}

unsafe extern "C" fn note(r: *mut c_void, text: *const c_char, len: usize) {
    guard((), || {
        // SAFETY: see above.
        if let (Some(r), text) = unsafe { (request_at(r), bytes(text, len)) } {
            r.notes().merge(b"error-notes", text);
        }
    });
}

unsafe extern "C" fn handler(name: *mut *const c_char, len: *mut usize) -> u32 {
    guard(u32::MAX, || {
        // SAFETY: abi.c lends both and the bytes.
        let (name, len) = unsafe { (&mut *name, &mut *len) };
        // SAFETY: as above.
        if let [b'+' | b'-', ..] = unsafe { bytes(*name, *len) } {
            // SAFETY: there is one more byte.
            *name = unsafe { name.add(1) };
            *len -= 1;
        }
        // SAFETY: as above.
        config::intern(unsafe { bytes(*name, *len) }).index() as u32
    })
}

unsafe extern "C" fn alloc(p: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: see above.
    guard(ptr::null_mut(), || unsafe { Pool::at(p.cast()) }.map_or(ptr::null_mut(), |p| p.zeroed(size).as_ptr()))
}

unsafe extern "C" fn table_get(table: *mut c_void, key: *const c_char) -> *const c_char {
    guard(ptr::null(), || {
        // SAFETY: see above; the key is a C string.
        let (table, key) = unsafe { (Table::at(table.cast()), CStr::from_ptr(key)) };
        // What a table holds are C strings.
        table.and_then(|t| t.get(key.to_bytes()).map(<[u8]>::as_ptr)).map_or(ptr::null(), <*const u8>::cast)
    })
}

unsafe extern "C" fn table_set(table: *mut c_void, key: *const c_char, value: *const c_char) {
    guard((), || {
        // SAFETY: see above; both are C strings, the value may be null.
        let (table, key) = unsafe { (Table::at(table.cast()), CStr::from_ptr(key)) };
        let Some(table) = table else { return };
        if value.is_null() {
            table.unset(key.to_bytes());
        } else {
            // SAFETY: as above.
            table.set(key.to_bytes(), unsafe { CStr::from_ptr(value) }.to_bytes());
        }
    });
}

unsafe extern "C" fn strerror(status: c_int, to: *mut c_char, room: usize) {
    guard((), || {
        let text = match status {
            interp_perl::abi::EXIT => "exit was called".to_owned(),
            interp_perl::abi::FILTER_ERROR => "filter handler has failed".to_owned(),
            status => Status(status).message(),
        };
        let len = text.len().min(room.saturating_sub(1));
        // SAFETY: abi.c lends `room` bytes, at least one.
        unsafe {
            to.copy_from_nonoverlapping(text.as_ptr().cast(), len);
            to.add(len).write(0);
        }
    });
}

unsafe extern "C" fn ticket(v: *mut Val) {
    guard((), || {
        // SAFETY: abi.c lends it and reads the ticket only.
        unsafe { v.write(Val::object(Request::class(), NonNull::dangling(), c_callers::ticket())) };
    });
}
