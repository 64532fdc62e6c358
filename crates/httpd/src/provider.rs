//! Providers of authentication and authorization: what `AuthBasicProvider`, `AuthDigestProvider` and `Require` name.
//!
//! httpd hands a provider no data of its own. Which name was meant it says in a note: of the request, or of a pool while a
//! `Require` line is read. So one record for each group serves all names.

use crate::{
    Command, Host, Request,
    auth::{AUTH_GENERAL_ERROR, AUTHZ_GENERAL_ERROR},
    ffi, guard,
    hook::{RequestHook, links},
    status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, HTTP_SERVICE_UNAVAILABLE},
};
use apr::{Pool, bytes_at};
use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_void},
    marker::PhantomData,
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed},
};

pub use config::Group;

const AUTHN_NOTE: &[u8] = b"authn_provider_name";
const AUTHZ_NOTE: &[u8] = b"authz_provider_name";
const AUTHZ_KEY: &CStr = c"authz_provider_name";

/// Whether any provider of ours has been registered, in this pass or an earlier one.
static ANY: AtomicBool = AtomicBool::new(false);

thread_local! {
    // No destructor: one in the main thread would keep the library mapped.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Tells whoever asked that the provider could not be asked, since no interpreter came free. Called before it answers with a general
/// error, which becomes 500 otherwise.
pub fn is_busy() {
    BUSY.set(true);
}

/// The most callbacks of a hook that are looked after.
const ROOM: usize = 16;

/// The callbacks of httpd's modules for the hooks in which they ask providers: `check_user_id`, `access_checker_ex`, `auth_checker`.
static ASKING: [[AtomicPtr<c_void>; ROOM]; 3] = [const { [const { AtomicPtr::new(ptr::null_mut()) }; ROOM] }; 3];

/// `around!(0 1 ...)` is `[[asked_by::<0, 0>, asked_by::<0, 1>, ...], ...]`.
macro_rules! around {
    ($($at:literal)*) => {
        [[$(asked_by::<0, $at>),*], [$(asked_by::<1, $at>),*], [$(asked_by::<2, $at>),*]]
    };
}
static AROUND: [[RequestHook; ROOM]; 3] = around!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);

unsafe extern "C" fn asked_by<const HOOK: usize, const AT: usize>(r: *mut ffi::request_rec) -> c_int {
    // SAFETY: `look_after_askers` has put a callback of this kind there.
    let asking = unsafe { std::mem::transmute::<*mut c_void, Option<RequestHook>>(ASKING[HOOK][AT].load(Relaxed)) };
    // SAFETY: httpd lends the request for this call, and it is lent on.
    told(|| asking.map_or(DECLINED, |asking| unsafe { asking(r) }))
}

/// Whoever asks a provider answers 500 when it says nothing. Where it had no interpreter the answer is to be 503, as everywhere; httpd
/// 2.4 has no word for that. So, if there is any provider of ours, each callback of these hooks gets one of ours around it. Called when
/// the configuration is complete, by each host.
pub fn look_after_askers() {
    if !ANY.load(Relaxed) {
        return;
    }
    // SAFETY: each only reads a variable of httpd's.
    let lists = unsafe {
        [ffi::ap_hook_get_check_user_id(), ffi::ap_hook_get_access_checker_ex(), ffi::ap_hook_get_auth_checker()]
    };
    for ((list, asking), around) in lists.into_iter().zip(&ASKING).zip(&AROUND) {
        // SAFETY: httpd's list, which it has sorted; nothing is served yet, and this is the only thread.
        let links = unsafe { links(list).as_mut() };
        for ((link, asking), around) in links.iter_mut().zip(asking).zip(around) {
            let around = *around as *const c_void;
            if !ptr::eq(link.function, around) {
                asking.store(link.function.cast_mut(), Relaxed);
                link.function = around;
            }
        }
    }
}

/// Runs `f`, in which providers are asked, and corrects the status that it returns.
fn told(f: impl FnOnce() -> c_int) -> c_int {
    let around = BUSY.replace(false);
    let status = f();
    match BUSY.replace(around) && status == HTTP_INTERNAL_SERVER_ERROR {
        true => HTTP_SERVICE_UNAVAILABLE,
        false => status,
    }
}

/// Makes `name` known to httpd, until `pconf` dies (as `ap_register_auth_provider`); the host is asked from then on. `kind` is
/// one of `AP_AUTH_INTERNAL_PER_*`. While the configuration is read: httpd's list is one for all threads.
///
/// # Errors
/// httpd's status.
pub fn register<H: Host>(
    pconf: &Pool,
    group: Group,
    name: &[u8],
    version: &[u8],
    kind: c_int,
) -> Result<(), apr::Status> {
    let record: *const c_void = match group {
        Group::Authn => ptr::from_ref(Records::<H>::AUTHN).cast(),
        Group::Authz => ptr::from_ref(Records::<H>::AUTHZ).cast(),
    };
    ANY.store(true, Relaxed);
    let (name, version) = (pconf.cstr(name), pconf.cstr(version));
    // SAFETY: the texts live as long as the pool, the record for ever.
    let status = unsafe {
        ffi::ap_register_auth_provider(
            pconf.as_ptr(),
            group.name().as_ptr(),
            name.as_ptr(),
            version.as_ptr(),
            record,
            kind,
        )
    };
    apr::Status(status).ok()
}

struct Records<H>(PhantomData<H>);

impl<H: Host> Records<H> {
    const AUTHN: &'static ffi::authn_provider =
        &ffi::authn_provider { check_password: Some(check_password::<H>), get_realm_hash: Some(realm_hash::<H>) };
    const AUTHZ: &'static ffi::authz_provider = &ffi::authz_provider {
        check_authorization: Some(check_authorization::<H>),
        parse_require_line: Some(check_require_line::<H>),
    };
}

/// The request that httpd lends for a call, and the name of the provider that was meant.
///
/// # Safety
/// `r` is null or lives for the call that `'r` stands for.
unsafe fn asked<'r>(r: *mut ffi::request_rec, note: &[u8]) -> Option<(&'r Request, &'r [u8])> {
    // SAFETY: the caller's promise; httpd sets the note to the provider's name, which lives as long as the configuration.
    let r = unsafe { Request::at(r) }?;
    let notes = r.notes();
    let name = notes.get(note)?;
    // SAFETY: as above.
    Some((r, unsafe { std::slice::from_raw_parts(name.as_ptr(), name.len()) }))
}

unsafe extern "C" fn check_password<H: Host>(
    r: *mut ffi::request_rec,
    user: *const c_char,
    password: *const c_char,
) -> ffi::authn_status {
    // SAFETY: httpd lends all three for this call.
    let (asked, user, password) = unsafe { (asked(r, AUTHN_NOTE), bytes_at(user), bytes_at(password)) };
    let Some((r, name)) = asked else { return ffi::AUTH_GENERAL_ERROR };
    let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
    authn(guard::<H, _>("check_password", AUTH_GENERAL_ERROR, || H::check_password(r, name, user, password)))
}

unsafe extern "C" fn realm_hash<H: Host>(
    r: *mut ffi::request_rec,
    user: *const c_char,
    realm: *const c_char,
    hash: *mut *mut c_char,
) -> ffi::authn_status {
    // SAFETY: httpd lends all for this call.
    let (asked, user, realm) = unsafe { (asked(r, AUTHN_NOTE), bytes_at(user), bytes_at(realm)) };
    let Some((r, name)) = asked else { return ffi::AUTH_GENERAL_ERROR };
    let (user, realm) = (user.unwrap_or_default(), realm.unwrap_or_default());
    let (status, found) =
        guard::<H, _>("get_realm_hash", (AUTH_GENERAL_ERROR, None), || H::realm_hash(r, name, user, realm));
    if let Some(found) = found {
        // SAFETY: httpd's variable for it; the text lives as long as the request.
        unsafe { *hash = r.pool().cstr(&found).as_ptr() };
    }
    authn(status)
}

unsafe extern "C" fn check_authorization<H: Host>(
    r: *mut ffi::request_rec,
    line: *const c_char,
    _parsed: *const c_void,
) -> ffi::authz_status {
    // SAFETY: httpd lends them for this call.
    let (asked, line) = unsafe { (asked(r, AUTHZ_NOTE), bytes_at(line)) };
    let Some((r, name)) = asked else { return ffi::AUTHZ_GENERAL_ERROR };
    let line = line.unwrap_or_default();
    let status = guard::<H, _>("check_authorization", AUTHZ_GENERAL_ERROR, || H::check_authorization(r, name, line));
    let known = (ffi::AUTHZ_DENIED..=ffi::AUTHZ_DENIED_NO_USER).find(|s| *s as c_int == status);
    known.unwrap_or(ffi::AUTHZ_GENERAL_ERROR)
}

unsafe extern "C" fn check_require_line<H: Host>(
    cmd: *mut ffi::cmd_parms,
    line: *const c_char,
    _parsed: *mut *const c_void,
) -> *const c_char {
    // SAFETY: httpd lends them for this call.
    let (Some(cmd), line) = (unsafe { Command::at(cmd) }, unsafe { bytes_at(line) }) else { return ptr::null() };
    let Some(name) = cmd.temp_pool().userdata(AUTHZ_KEY) else { return ptr::null() };
    // SAFETY: httpd keeps the provider's name there while it reads the line.
    let (name, line) = (unsafe { bytes_at(name.as_ptr().cast()) }.unwrap_or_default(), line.unwrap_or_default());
    let fallback = Err("an error in the module itself".to_owned());
    match guard::<H, _>("parse_require_line", fallback, || H::check_require_line(cmd, name, line)) {
        Ok(()) => ptr::null(),
        Err(message) => cmd.pool().cstr(message.as_bytes()).as_ptr(),
    }
}

/// A status in the form of httpd; one that httpd does not know becomes a general error.
fn authn(status: c_int) -> ffi::authn_status {
    let known = (ffi::AUTH_DENIED..=ffi::AUTH_GENERAL_ERROR).find(|s| *s as c_int == status);
    known.unwrap_or(ffi::AUTH_GENERAL_ERROR)
}
