//! Whether C modules may be loaded. Debian's carry unversioned `lua_*` symbols and name no library: they call whichever Lua
//! the process shows first, which beside another module's liblua is not ours.

use crate::ffi;
use std::{
    ffi::{CStr, CString, c_void},
    mem::MaybeUninit,
    sync::OnceLock,
};

/// Why C modules are refused; `None` where they find our Lua. Makes our library's symbols visible to them first.
pub(crate) fn refusal() -> Option<&'static CStr> {
    static REFUSAL: OnceLock<Option<CString>> = OnceLock::new();
    REFUSAL.get_or_init(find_out).as_deref()
}

/// Where C modules are switched off.
pub(crate) const SWITCHED_OFF: &CStr = c"C modules are switched off";

fn find_out() -> Option<CString> {
    let ours = ffi::lua_newstate as *const () as *mut c_void;
    // SAFETY: a plain look-up of a NUL-terminated name.
    let visible = || unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"lua_newstate".as_ptr()) };
    if visible().is_null() {
        if let Some(path) = file_of(ours) {
            // SAFETY: the library is in the process already; this only makes its symbols global. It is never closed.
            unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOLOAD | libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        }
    }
    let seen = visible();
    if seen == ours {
        return None;
    }
    let text = if seen.is_null() {
        "no module would find the functions of Lua: this program's Lua is not a shared library".to_string()
    } else {
        let name = |at| file_of(at).map_or_else(|| "?".into(), |p| p.to_string_lossy().into_owned());
        format!("it would call the Lua of {}, while this one runs that of {}", name(seen), name(ours))
    };
    CString::new(text).ok()
}

/// The file that the code at this address was loaded from.
fn file_of(address: *mut c_void) -> Option<CString> {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `info` is zeroed and written by the call; the name lives as long as the library.
    unsafe {
        if libc::dladdr(address, info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = info.assume_init().dli_fname;
        (!name.is_null()).then(|| CStr::from_ptr(name).to_owned())
    }
}
