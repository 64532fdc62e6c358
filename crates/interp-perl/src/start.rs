//! Building a parent interpreter.

use crate::{
    bind, ffi,
    perl::{Error, Perl},
    process,
};
use std::{
    collections::HashSet,
    ffi::{CString, c_char},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr::{self, NonNull},
    sync::{Mutex, PoisonError},
};

/// What a parent interpreter starts with.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The server's `argv[0]`: `$0`.
    pub argv0: &'a [u8],
    /// `PerlSwitches`, one per element.
    pub switches: &'a [&'a [u8]],
    /// Our `lib/`: stands first in `@INC`, before `-I` and PERL5LIB.
    pub lib: Option<&'a Path>,
    /// All of `%ENV` at the start. The C environment stays as it is.
    pub env: &'a [(&'a [u8], &'a [u8])],
    /// The server's main interpreter: what its code writes to `%ENV` from now on reaches the C environment, and no other's.
    pub main: bool,
}

impl Perl {
    /// Builds a parent: `DynaLoader` and `exit` (mod_perl's) are there, rows are bound when their module is loaded.
    /// Register the classes and constants (`interp::register`) first.
    ///
    /// # Errors
    /// If perl cannot start, e.g. for a `-M` module that dies.
    pub fn start(start: &Start<'_>) -> Result<Perl, Error> {
        bind::init();
        process::adopt_process();
        let mut argv: Vec<*mut c_char> = vec![intern(b"httpd")?];
        if let Some(lib) = start.lib {
            argv.push(intern(&[b"-I", lib.as_os_str().as_bytes()].concat())?);
        }
        for switch in start.switches {
            argv.push(intern(switch)?);
        }
        argv.extend([intern(b"-e")?, intern(b"0")?]);
        let argc = argv.len() as i32;
        argv.push(ptr::null_mut());

        let vars: Vec<CString> =
            start.env.iter().map(|(k, v)| cstring(&[*k, b"=", *v].concat())).collect::<Result<_, _>>()?;
        let mut env: Vec<*mut c_char> = vars.iter().map(|v| v.as_ptr().cast_mut()).collect();
        env.push(ptr::null_mut());

        let boot = ffi::Boot {
            argc,
            argv: argv.as_mut_ptr(),
            argv0: intern(if start.argv0.is_empty() { b"httpd" } else { start.argv0 })?,
            env: env.as_mut_ptr(),
            main: start.main as i32,
        };
        let mut status = 0;
        let _inside = process::Inside::new();
        // SAFETY: the strings of argv live for ever (perl keeps the pointers for `$0`), env's until the call is over.
        let me = unsafe { ffi::mp_new(&raw const boot, &raw mut status) };
        // SAFETY: the shim made it for us.
        NonNull::new(me).map(|me| unsafe { Perl::own(me, true) }).ok_or(Error::Start(status))
    }
}

fn cstring(text: &[u8]) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::Nul(text.to_vec()))
}

/// The same text has the same address for ever, so that restarts do not add to it.
fn intern(text: &[u8]) -> Result<*mut c_char, Error> {
    static SEEN: Mutex<Option<HashSet<CString>>> = Mutex::new(None);
    let text = cstring(text)?;
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_default();
    if !seen.contains(&text) {
        seen.insert(text.clone());
    }
    Ok(seen.get(&text).map_or(ptr::null_mut(), |t| t.as_ptr().cast_mut()))
}
