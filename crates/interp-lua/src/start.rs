//! How a state is made, and what it has at its beginning.

use crate::{bind, lua::Lua, room::Settings, script::Paths};
use interp::{adopt_process, count_forks};
use std::{fmt, os::unix::ffi::OsStrExt, path::Path, sync::Arc};

/// How a state is made.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The folder of our own modules, which is first in every `package.path`.
    pub lib: Option<&'a Path>,
    /// Bytes a state may hold (`LuaInterpMaxMemory`).
    pub memory: Option<usize>,
    /// Whether C modules may be loaded, where they would find the Lua that runs here.
    pub c_modules: bool,
    /// Whether globals that handlers make are noted ([`Entered::take_leaks`]), for development.
    pub watch_globals: bool,
    /// The paths of modules named in directives, beside Lua's own path.
    pub paths: Option<&'a Paths>,
    /// The folder in which they are looked for first (`LuaRoot`).
    pub root: Option<&'a Arc<[u8]>>,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Start { lib: None, memory: None, c_modules: true, watch_globals: false, paths: None, root: None }
    }
}

/// Why a state could not be made: Lua's own message, or that of start-up code run anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Lua {
    /// A new slot with one state, the API bound.
    ///
    /// # Errors
    /// When Lua cannot allocate it.
    pub fn start(start: &Start) -> Result<Lua, Error> {
        #[cfg(feature = "luajit")]
        if let Some(path) = crate::library::stranger() {
            return Err(Error(format!(
                "{path} is in the process and stands in for LuaJIT: load this module without it"
            )));
        }
        count_forks();
        adopt_process();
        bind::init();
        let settings = Settings {
            lib: start.lib.map(|p| p.as_os_str().as_bytes().to_vec()),
            memory: start.memory,
            c_modules: start.c_modules,
            watch_globals: start.watch_globals,
            paths: start.paths.cloned().unwrap_or_default(),
            root: start.root.cloned(),
        };
        Lua::new(settings).map_err(Error)
    }

    /// Makes another slot, which runs the same start-up code; no source is parsed again.
    ///
    /// # Errors
    /// What the start-up code raised this time.
    pub fn duplicate(&self) -> Result<Lua, Error> {
        let of = &*self.entered.settings;
        let lib = of.lib.as_deref().map(|p| Path::new(std::ffi::OsStr::from_bytes(p)));
        let other = Lua::start(&Start {
            lib,
            memory: of.memory,
            c_modules: of.c_modules,
            watch_globals: of.watch_globals,
            paths: Some(&of.paths),
            root: of.root.as_ref(),
        })?;
        let done = self.entered.done.borrow().clone();
        let entered = other.enter();
        for step in done {
            entered.again(step).map_err(|raised| Error(raised.to_string()))?;
        }
        drop(entered);
        Ok(other)
    }
}
