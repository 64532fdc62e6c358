//! A callback per row and order of the phase table, and one loop that registers them.
//!
//! A callback knows its row at compile time, so that it costs a call and whatever the host's own look at the merged
//! configuration costs. Panics stop here.

use crate::{
    Connection, Host, ModuleRecord, Own, Pools, Request, Server, ffi, guard,
    pconf::with_pconf,
    status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, HTTP_MULTIPLE_CHOICES, OK},
};
use apr::Pool;
use config::{Hook, Language, Order, PHASES, Phase};
use std::{
    ffi::{c_char, c_int, c_void},
    ptr::{self, NonNull},
};

/// Before `APR_HOOK_REALLY_FIRST`: what must have happened when the first script runs.
const BEFORE_EVERYONE: c_int = -20;

pub(crate) type RequestHook = unsafe extern "C" fn(*mut ffi::request_rec) -> c_int;
type PoolsHook = unsafe extern "C" fn(
    *mut apr::ffi::apr_pool_t,
    *mut apr::ffi::apr_pool_t,
    *mut apr::ffi::apr_pool_t,
    *mut ffi::server_rec,
) -> c_int;
type RequestFlags = unsafe extern "C" fn(*mut ffi::request_rec, c_int) -> c_int;
type ChildHook = unsafe extern "C" fn(*mut apr::ffi::apr_pool_t, *mut ffi::server_rec);

/// The callback of one row and order, of the C type its hook wants.
#[derive(Clone, Copy)]
enum Callback {
    None,
    Request(RequestHook),
    Void(unsafe extern "C" fn(*mut ffi::request_rec)),
    Quick(unsafe extern "C" fn(*mut ffi::request_rec, c_int) -> c_int),
    AuthFailure(unsafe extern "C" fn(*mut ffi::request_rec, *const c_char) -> c_int),
    Connection(unsafe extern "C" fn(*mut ffi::conn_rec) -> c_int),
    PreConnection(unsafe extern "C" fn(*mut ffi::conn_rec, *mut c_void) -> c_int),
    Pools(PoolsHook),
    Child(ChildHook),
}

const fn callback<H: Host, const P: usize, const O: usize>() -> Callback {
    if P >= PHASES.len() || O >= PHASES[P].order_count(H::LANGUAGE) {
        return Callback::None;
    }
    match PHASES[P].hook {
        Hook::OpenLogs | Hook::PostConfig => Callback::Pools(start::<H, P, O>),
        Hook::ChildInit => Callback::Child(child::<H, P, O>),
        Hook::PreConnection => Callback::PreConnection(pre_connection::<H, P, O>),
        Hook::ProcessConnection => Callback::Connection(connection::<H, P, O>),
        Hook::QuickHandler => Callback::Quick(quick_handler::<H, P, O>),
        Hook::NoteAuthFailure => Callback::AuthFailure(auth_failure::<H, P, O>),
        Hook::InsertFilter | Hook::InsertErrorFilter => Callback::Void(void::<H, P, O>),
        Hook::ChildPoolCleanup | Hook::RequestPoolCleanup | Hook::Interpreter => Callback::None,
        _ => Callback::Request(request::<H, P, O>),
    }
}

/// Room in the table of callbacks.
const MOST_PHASES: usize = 32;
const MOST_ORDERS: usize = 5;

const _: () = {
    assert!(PHASES.len() <= MOST_PHASES, "the table of callbacks is too small for the phases");
    let mut i = 0;
    while i < PHASES.len() {
        let (perl, lua) = (PHASES[i].order_count(Language::Perl), PHASES[i].order_count(Language::Lua));
        assert!(perl <= MOST_ORDERS && lua <= MOST_ORDERS, "the table of callbacks is too small for a phase's orders");
        i += 1;
    }
};

/// `callbacks!(0 1 ...)` is `[[callback::<H, 0, 0>(), callback::<H, 0, 1>(), ...], ...]`: numbers in generics cannot be
/// counted up by a loop.
macro_rules! callbacks {
    ($($p:literal)*) => {
        [$([
            callback::<H, $p, 0>(),
            callback::<H, $p, 1>(),
            callback::<H, $p, 2>(),
            callback::<H, $p, 3>(),
            callback::<H, $p, 4>(),
        ]),*]
    };
}

struct Callbacks<H>(std::marker::PhantomData<H>);
impl<H: Host> Callbacks<H> {
    const TABLE: [[Callback; MOST_ORDERS]; MOST_PHASES] =
        callbacks!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}

/// Registers the host's callbacks: those of the phases it wants from the start, then its own.
pub(crate) fn register<H: Host>() {
    for row in &PHASES {
        for index in 0..row.order_count(H::LANGUAGE) {
            if H::wants(row, index) {
                add_phase::<H>(row.phase, index);
            }
        }
    }
    for own in H::OWN {
        add_own::<H>(*own);
    }
}

/// Registers one callback of a phase that [`Host::wants`] left out: while the configuration is read, once per pass. It stands
/// where it would stand if it had been registered when the module was loaded.
pub fn add_phase<H: Host>(phase: Phase, index: usize) {
    let row = phase.row();
    let callback = Callbacks::<H>::TABLE.get(phase as usize).and_then(|callbacks| callbacks.get(index));
    if let (Some(callback), Some(order)) = (callback, row.order(H::LANGUAGE, index)) {
        let later = later_at(row.hook, order.number(), H::module());
        as_module(H::module(), || add(row.hook, *callback, &later, order.number()));
    }
}

/// What a hook's list has of each callback: all lists have it alike, whatever the callback's type.
#[repr(C)]
pub(crate) struct Link {
    pub(crate) function: *const c_void,
    name: *const c_char,
    predecessors: *const *const c_char,
    successors: *const *const c_char,
    order: c_int,
}

/// The list of a hook's callbacks as httpd has it so far; null if there are none, or where no callback comes late.
fn list(hook: Hook) -> *const apr::ffi::apr_array_header_t {
    use Hook::*;
    // SAFETY: each only reads a variable of httpd's.
    unsafe {
        match hook {
            QuickHandler => ffi::ap_hook_get_quick_handler(),
            #[cfg(httpd_2_4_49)]
            PreTranslateName => ffi::ap_hook_get_pre_translate_name(),
            TranslateName => ffi::ap_hook_get_translate_name(),
            MapToStorage => ffi::ap_hook_get_map_to_storage(),
            AccessChecker => ffi::ap_hook_get_access_checker(),
            CheckUserId => ffi::ap_hook_get_check_user_id(),
            AuthChecker => ffi::ap_hook_get_auth_checker(),
            TypeChecker => ffi::ap_hook_get_type_checker(),
            Fixups => ffi::ap_hook_get_fixups(),
            InsertFilter => ffi::ap_hook_get_insert_filter(),
            Handler => ffi::ap_hook_get_handler(),
            LogTransaction => ffi::ap_hook_get_log_transaction(),
            _ => ptr::null_mut(),
        }
    }
}

/// The callbacks of a list.
///
/// # Safety
/// Null or a list of httpd's; on the thread that reads the configuration.
pub(crate) unsafe fn links(list: *const apr::ffi::apr_array_header_t) -> NonNull<[Link]> {
    // SAFETY: the caller's promise.
    let known = unsafe { list.as_ref() }.filter(|list| usize::try_from(list.elt_size) == Ok(size_of::<Link>()));
    let first = known.and_then(|list| NonNull::new(list.elts.cast()));
    let count = known.and_then(|list| usize::try_from(list.nelts).ok()).filter(|_| first.is_some());
    NonNull::slice_from_raw_parts(first.unwrap_or(NonNull::dangling()), count.unwrap_or(0))
}

/// Names of the modules that were loaded after `module` and have a callback of this order: APR runs callbacks of one order as
/// they were registered. Ends with null; empty where nothing is to be said.
fn later_at(hook: Hook, order: c_int, module: &ModuleRecord) -> Vec<*const c_char> {
    // SAFETY: a list of httpd's, read on the thread that reads the configuration.
    let links = unsafe { links(list(hook)).as_ref() };
    let mut names = Vec::new();
    // SAFETY: httpd's chain of modules, the last loaded first; it lives as long as the pass.
    let mut next = unsafe { ffi::ap_top_module };
    while let Some(other) = NonNull::new(next).filter(|other| other.as_ptr() != module.as_ptr()) {
        // SAFETY: a module that is loaded.
        let other = unsafe { other.as_ref() };
        // The name in a link is the pointer that the module has.
        if links.iter().any(|link| link.order == order && link.name == other.name) {
            names.push(other.name);
        }
        next = other.next;
    }
    if next.is_null() {
        // The module stands in no chain: it is linked otherwise than we know.
        names.clear();
    }
    if !names.is_empty() {
        names.push(ptr::null());
    }
    names
}

/// Registers in the name of a module: httpd's own notion is the module that was loaded last.
pub(crate) fn as_module(module: &ModuleRecord, f: impl FnOnce()) {
    let current = &raw mut apr::ffi::apr_hook_debug_current;
    // SAFETY: a variable of APR's for the thread that reads the configuration; the name lives as long as the library.
    let before = unsafe { current.replace(module.name().as_ptr()) };
    f();
    // SAFETY: as above.
    unsafe { current.write(before) };
}

/// `later` are names of modules whose callbacks come behind this one.
fn add(hook: Hook, callback: Callback, later: &[*const c_char], order: c_int) {
    use Hook::*;
    let none = ptr::null();
    let later = if later.is_empty() { none } else { kept(later) };
    // SAFETY: httpd is registering this module's hooks; the functions live as long as the library, which is never unloaded.
    unsafe {
        match callback {
            Callback::None => {}
            Callback::Request(f) => {
                let add = match hook {
                    PostReadRequest => ffi::ap_hook_post_read_request,
                    #[cfg(httpd_2_4_49)]
                    PreTranslateName => ffi::ap_hook_pre_translate_name,
                    TranslateName => ffi::ap_hook_translate_name,
                    MapToStorage => ffi::ap_hook_map_to_storage,
                    PostPerdirConfig => ffi::ap_hook_post_perdir_config,
                    HeaderParser => ffi::ap_hook_header_parser,
                    AccessChecker => ffi::ap_hook_access_checker,
                    AccessCheckerEx => ffi::ap_hook_access_checker_ex,
                    ForceAuthn => ffi::ap_hook_force_authn,
                    CheckUserId => ffi::ap_hook_check_user_id,
                    AuthChecker => ffi::ap_hook_auth_checker,
                    TypeChecker => ffi::ap_hook_type_checker,
                    Fixups => ffi::ap_hook_fixups,
                    Handler => ffi::ap_hook_handler,
                    LogTransaction => ffi::ap_hook_log_transaction,
                    // Not hooks of this C type, see `callback`; or a hook that this httpd does not have.
                    _ => return,
                };
                add(Some(f), none, later, order)
            }
            Callback::Void(f) if matches!(hook, InsertErrorFilter) => {
                ffi::ap_hook_insert_error_filter(Some(f), none, later, order)
            }
            Callback::Void(f) => ffi::ap_hook_insert_filter(Some(f), none, later, order),
            Callback::Quick(f) => ffi::ap_hook_quick_handler(Some(f), none, later, order),
            Callback::AuthFailure(f) => ffi::ap_hook_note_auth_failure(Some(f), none, later, order),
            Callback::Connection(f) => ffi::ap_hook_process_connection(Some(f), none, later, order),
            Callback::PreConnection(f) => ffi::ap_hook_pre_connection(Some(f), none, later, order),
            Callback::Pools(f) if matches!(hook, OpenLogs) => ffi::ap_hook_open_logs(Some(f), none, later, order),
            Callback::Pools(f) => ffi::ap_hook_post_config(Some(f), none, later, order),
            Callback::Child(f) => ffi::ap_hook_child_init(Some(f), none, later, order),
        }
    }
}

/// APR reads the list when it sorts, at the end of the pass.
fn kept(names: &[*const c_char]) -> *const *const c_char {
    let kept = with_pconf(|pconf| {
        let at = pconf.alloc(size_of_val(names)).as_ptr().cast::<*const c_char>();
        // SAFETY: room for as many, aligned as APR aligns everything.
        unsafe { ptr::copy_nonoverlapping(names.as_ptr(), at, names.len()) };
        at.cast_const()
    });
    kept.unwrap_or(ptr::null())
}

fn add_own<H: Host>(own: Own) {
    let none = ptr::null();
    let (first, last, really_last) = (Order::First.number(), Order::Last.number(), Order::ReallyLast.number());
    // SAFETY: as in `add`.
    unsafe {
        match own {
            Own::PreConfig => ffi::ap_hook_pre_config(Some(pre_config::<H>), none, none, really_last),
            Own::CheckConfig => ffi::ap_hook_check_config(Some(check_config::<H>), none, none, last),
            Own::BeforeStart => ffi::ap_hook_open_logs(Some(before_start::<H>), none, none, first - 1),
            Own::AfterStart => ffi::ap_hook_post_config(Some(after_start::<H>), none, none, really_last),
            Own::BeforeChild => ffi::ap_hook_child_init(Some(before_child::<H>), none, none, BEFORE_EVERYONE),
            Own::ServerStatus => {
                // mod_status runs the list, whose callbacks have this type.
                let callback = std::mem::transmute::<RequestFlags, unsafe extern "C" fn()>(server_status::<H>);
                apr::ffi::apr_optional_hook_add(c"status_hook".as_ptr(), Some(callback), none, none, last)
            }
            Own::ChildEnded => ffi::ap_hook_child_status(Some(child_status::<H>), none, none, last),
            Own::BeforeError => ffi::ap_hook_insert_error_filter(Some(before_error::<H>), none, none, first),
        }
    }
}

// The callbacks. Each takes what httpd lends for the call (SAFETY.md, "borrowed records") and stops panics.

unsafe extern "C" fn request<H: Host, const P: usize, const O: usize>(r: *mut ffi::request_rec) -> c_int {
    // SAFETY: httpd lends it for this call.
    let Some(r) = (unsafe { Request::at(r) }) else { return DECLINED };
    if H::is_idle(PHASES[P].phase, O, r) {
        return DECLINED;
    }
    busy::<H, P, O>(r)
}

/// This is a function of its own, so that the checks before it need not save registers. It is of C's kind, from which nothing unwinds:
/// they end in a jump to it.
#[inline(never)]
extern "C" fn busy<H: Host, const P: usize, const O: usize>(r: &Request) -> c_int {
    guard::<H, _>(PHASES[P].name, HTTP_INTERNAL_SERVER_ERROR, || {
        let status = H::request(PHASES[P].phase, O, r);
        if status >= HTTP_MULTIPLE_CHOICES {
            r.will_answer(status);
        }
        status
    })
}

unsafe extern "C" fn void<H: Host, const P: usize, const O: usize>(r: *mut ffi::request_rec) {
    // SAFETY: httpd lends it for this call.
    let Some(r) = (unsafe { Request::at(r) }) else { return };
    if !H::is_idle(PHASES[P].phase, O, r) {
        guard::<H, _>(PHASES[P].name, (), || {
            // The status has no place to go.
            H::request(PHASES[P].phase, O, r);
        });
    }
}

unsafe extern "C" fn auth_failure<H: Host, const P: usize, const O: usize>(
    r: *mut ffi::request_rec,
    _auth_type: *const c_char,
) -> c_int {
    // SAFETY: as `request`; the type is that of the request.
    unsafe { request::<H, P, O>(r) }
}

unsafe extern "C" fn quick_handler<H: Host, const P: usize, const O: usize>(
    r: *mut ffi::request_rec,
    lookup: c_int,
) -> c_int {
    if lookup == 0 {
        // SAFETY: as `request`.
        return unsafe { request::<H, P, O>(r) };
    }
    // SAFETY: httpd lends it for this call.
    let Some(r) = (unsafe { Request::at(r) }) else { return DECLINED };
    if H::is_idle(PHASES[P].phase, O, r) {
        return DECLINED;
    }
    guard::<H, _>(PHASES[P].name, HTTP_INTERNAL_SERVER_ERROR, || H::look_up(PHASES[P].phase, O, r))
}

unsafe extern "C" fn connection<H: Host, const P: usize, const O: usize>(c: *mut ffi::conn_rec) -> c_int {
    // SAFETY: httpd lends it for this call.
    let Some(c) = (unsafe { Connection::at(c) }) else { return DECLINED };
    guard::<H, _>(PHASES[P].name, HTTP_INTERNAL_SERVER_ERROR, || H::connection(PHASES[P].phase, O, c))
}

unsafe extern "C" fn pre_connection<H: Host, const P: usize, const O: usize>(
    c: *mut ffi::conn_rec,
    _socket: *mut c_void,
) -> c_int {
    // SAFETY: as `connection`.
    unsafe { connection::<H, P, O>(c) }
}

/// # Safety
/// httpd's pools and server of a pass, for the length of the call.
unsafe fn pass<H: Host>(
    what: &str,
    [conf, log, temp]: [*mut apr::ffi::apr_pool_t; 3],
    s: *mut ffi::server_rec,
    f: impl FnOnce(Pools<'_>, &Server) -> c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let (conf, log, temp) = unsafe { (Pool::at(conf), Pool::at(log), Pool::at(temp)) };
    // SAFETY: the caller's promise.
    let s = unsafe { Server::at(s) };
    let (Some(conf), Some(log), Some(temp), Some(s)) = (conf, log, temp, s) else { return OK };
    guard::<H, _>(what, HTTP_INTERNAL_SERVER_ERROR, || f(Pools { conf, log, temp }, s))
}

/// `pass_callback!(name, "hook")` is a [`PoolsHook`] that calls `H::name(pools, server)`.
macro_rules! pass_callback {
    ($name:ident, $what:literal) => {
        unsafe extern "C" fn $name<H: Host>(
            conf: *mut apr::ffi::apr_pool_t,
            log: *mut apr::ffi::apr_pool_t,
            temp: *mut apr::ffi::apr_pool_t,
            s: *mut ffi::server_rec,
        ) -> c_int {
            // SAFETY: httpd lends them for this call.
            unsafe { pass::<H>($what, [conf, log, temp], s, H::$name) }
        }
    };
}
pass_callback!(check_config, "check_config");
pass_callback!(before_start, "open_logs");
pass_callback!(after_start, "post_config");

unsafe extern "C" fn start<H: Host, const P: usize, const O: usize>(
    conf: *mut apr::ffi::apr_pool_t,
    log: *mut apr::ffi::apr_pool_t,
    temp: *mut apr::ffi::apr_pool_t,
    s: *mut ffi::server_rec,
) -> c_int {
    // SAFETY: httpd lends them for this call.
    unsafe { pass::<H>(PHASES[P].name, [conf, log, temp], s, |pools, s| H::start(PHASES[P].phase, O, pools, s)) }
}

unsafe extern "C" fn pre_config<H: Host>(
    conf: *mut apr::ffi::apr_pool_t,
    log: *mut apr::ffi::apr_pool_t,
    temp: *mut apr::ffi::apr_pool_t,
) -> c_int {
    // SAFETY: httpd lends them for this call.
    let pools = unsafe { (Pool::at(conf), Pool::at(log), Pool::at(temp)) };
    let (Some(conf), Some(log), Some(temp)) = pools else { return OK };
    guard::<H, _>("pre_config", HTTP_INTERNAL_SERVER_ERROR, || H::pre_config(Pools { conf, log, temp }))
}

/// # Safety
/// httpd's pool and server of a child, for the length of the call.
unsafe fn in_child<H: Host>(
    what: &str,
    p: *mut apr::ffi::apr_pool_t,
    s: *mut ffi::server_rec,
    f: impl FnOnce(&Pool, &Server),
) {
    // SAFETY: the caller's promise.
    if let (Some(pool), Some(s)) = unsafe { (Pool::at(p), Server::at(s)) } {
        guard::<H, _>(what, (), || f(pool, s))
    }
}

unsafe extern "C" fn child<H: Host, const P: usize, const O: usize>(
    p: *mut apr::ffi::apr_pool_t,
    s: *mut ffi::server_rec,
) {
    // SAFETY: httpd lends them for this call.
    unsafe { in_child::<H>(PHASES[P].name, p, s, |pool, s| H::child(PHASES[P].phase, O, pool, s)) }
}

unsafe extern "C" fn before_child<H: Host>(p: *mut apr::ffi::apr_pool_t, s: *mut ffi::server_rec) {
    // SAFETY: httpd lends them for this call.
    unsafe { in_child::<H>("child_init", p, s, H::before_child) }
}

/// `AP_STATUS_SHORT` of mod_status.h, whose header httpd does not install everywhere.
const SHORT: c_int = 1;

unsafe extern "C" fn server_status<H: Host>(r: *mut ffi::request_rec, flags: c_int) -> c_int {
    // SAFETY: httpd lends it for this call.
    if let Some(r) = unsafe { Request::at(r) } {
        guard::<H, _>("status_hook", (), || H::server_status(r, flags & SHORT != 0));
    }
    OK
}

unsafe extern "C" fn child_status<H: Host>(
    _s: *mut ffi::server_rec,
    pid: ffi::pid_t,
    _generation: ffi::ap_generation_t,
    _slot: c_int,
    state: ffi::mpm_child_status,
) {
    if state == ffi::MPM_CHILD_EXITED
        && let Ok(pid) = u32::try_from(pid)
    {
        guard::<H, _>("child_status", (), || H::child_ended(pid));
    }
}

unsafe extern "C" fn before_error<H: Host>(r: *mut ffi::request_rec) {
    // SAFETY: httpd lends it for this call.
    if let Some(r) = unsafe { Request::at(r) } {
        guard::<H, _>("insert_error_filter", (), || H::before_error(r))
    }
}
