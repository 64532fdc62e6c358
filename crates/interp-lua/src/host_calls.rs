//! The functions of this crate that the shim calls. None raises or panics into C.

use crate::{
    ffi::{self, HostTable},
    room::Room,
    script::{CodeCache, Content, Source},
};
use interp::{Home, Raised};
use std::{
    ffi::{c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
};

pub(crate) static TABLE: HostTable = HostTable { load, find, leak, printed, is_near };

/// The most leaked globals that are noted until the host asks for them.
const LEAKS: usize = 1000;

/// # Safety
/// `host` is the `Room` of the state that calls, on this thread; the other pointers are the caller's variables.
unsafe fn answer(
    host: *mut c_void,
    found: impl FnOnce(&Room) -> Result<c_int, Raised>,
    reference: *mut c_int,
    text: *mut *const u8,
    len: *mut usize,
) -> c_int {
    // SAFETY: the caller's promise.
    let room = unsafe { &*host.cast::<Room>() };
    let result = catch_unwind(AssertUnwindSafe(|| found(room)));
    let message = match result {
        Ok(Ok(found)) => {
            // SAFETY: as above.
            unsafe { *reference = found };
            return 0;
        }
        Ok(Err(Raised::Died(text) | Raised::Unresolved(text))) => text,
        Ok(Err(other)) => other.to_string().into_bytes(),
        Err(_) => b"internal error".to_vec(),
    };
    let mut place = room.message.borrow_mut();
    *place = message;
    // SAFETY: as above. The message stays there until the next one.
    unsafe {
        *reference = ffi::NO_REF;
        *text = place.as_ptr();
        *len = place.len();
    }
    1
}

unsafe extern "C" fn load(
    host: *mut c_void,
    path: *const u8,
    n: usize,
    reference: *mut c_int,
    text: *mut *const u8,
    len: *mut usize,
) -> c_int {
    // SAFETY: the shim's promise: a path on the Lua stack, and variables of its own.
    unsafe {
        let path = std::slice::from_raw_parts(path, n);
        answer(
            host,
            |e| e.chunk(Source::File(path, Content::Script), CodeCache::Stat).map(|c| c.reference),
            reference,
            text,
            len,
        )
    }
}

unsafe extern "C" fn find(
    host: *mut c_void,
    name: *const u8,
    n: usize,
    reference: *mut c_int,
    text: *mut *const u8,
    len: *mut usize,
) -> c_int {
    // SAFETY: as in `load`.
    unsafe {
        let name = std::slice::from_raw_parts(name, n);
        answer(host, |e| e.find(name), reference, text, len)
    }
}

unsafe extern "C" fn leak(host: *mut c_void, text: *const u8, n: usize) {
    // SAFETY: as in `load`.
    let (room, text) = unsafe { (&*host.cast::<Room>(), std::slice::from_raw_parts(text, n)) };
    let text = String::from_utf8_lossy(text).into_owned();
    let mut leaks = room.news.leaks.borrow_mut();
    if leaks.len() < LEAKS && !leaks.contains(&text) {
        leaks.push(text);
    }
}

unsafe extern "C" fn printed(host: *mut c_void) {
    // SAFETY: as in `load`.
    unsafe { &*host.cast::<Room>() }.news.printed.set(true);
}

unsafe extern "C" fn is_near(host: *mut c_void, home: *const Home) -> c_int {
    // SAFETY: as in `load`. The home is compared, and not looked into.
    let room = unsafe { &*host.cast::<Room>() };
    room.news.homes.borrow().contains(&home).into()
}
