//! Tells whether C modules may be loaded. Debian's carry unversioned `lua_*` symbols and name no library: they call whichever Lua
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

/// The reason where C modules are switched off.
pub(crate) const SWITCHED_OFF: &CStr = c"C modules are switched off";

fn find_out() -> Option<CString> {
    let ours = ffi::lua_newstate as *const () as *mut c_void;
    // SAFETY: a plain look-up of a NUL-terminated name.
    let visible = || unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"lua_newstate".as_ptr()) };
    if visible().is_null()
        && let Some(path) = file_of(ours)
    {
        // SAFETY: the library is in the process already; this only makes its symbols global. It is never closed.
        unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOLOAD | libc::RTLD_NOW | libc::RTLD_GLOBAL) };
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

/// The library whose functions this module got in place of LuaJIT's, which have no versions: it was in the process first.
/// Nothing may be called then.
#[cfg(feature = "luajit")]
pub(crate) fn stranger() -> Option<String> {
    let ours = file_of(ffi::luaJIT_setmode as *const () as *mut c_void)?;
    let called = file_of(ffi::lua_newstate as *const () as *mut c_void)?;
    (ours != called).then(|| called.to_string_lossy().into_owned())
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

#[cfg(test)]
mod tests {
    use crate::{Start, testing::*};

    #[test]
    fn c_modules_load_where_they_find_this_lua_and_are_refused_elsewhere() {
        let open = lua();
        let open = open.enter();
        let said =
            text(&open, "local ok, m = pcall(require, 'cjson') if ok then return m.encode({ 1, 2 }) end return m");
        for (module, code) in [
            ("cjson", "require('cjson').encode({ 1, 2 }) == '[1,2]'"),
            ("lpeg", "require('lpeg').match(require('lpeg').P('a') ^ 1, 'aab') == 3"),
            ("socket.core", "require('socket').gettime() > 1"),
            ("luasql.sqlite3", "require('luasql.sqlite3').sqlite3() ~= nil"),
        ] {
            let found = format!("return tostring(package.searchpath('{module}', package.cpath) == nil or {code})");
            assert_eq!(text(&open, &found), "true", "{module}");
        }
        let refusal = super::refusal();
        match refusal {
            None => assert!(said == "[1,2]" || said.contains("not found"), "{said}"),
            Some(why) => assert!(said.contains(why.to_str().unwrap()), "{said}"),
        }
        let folder = Folder::new();
        folder.write("mod.so", "");
        let closed = started(&Start { c_modules: false, ..Start::default() });
        let path = folder.0.to_str().unwrap();
        let said = text(&closed.enter(), &format!("package.cpath = '{path}/?.so' return require 'mod'"));
        assert!(
            said.contains(&format!("C module 'mod' ({path}/mod.so) is refused: C modules are switched off")),
            "{said}"
        );
        assert_eq!(
            text(&closed.enter(), "package.preload.pure = function() return 'goes on' end return require 'pure'"),
            "goes on"
        );
    }
}
