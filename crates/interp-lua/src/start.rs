//! How a state is made, and what it has at its beginning.

use crate::{
    bind, ffi, host_calls, library,
    lua::{Entered, Lua},
    script::Paths,
};
use interp::{Home, adopt_process, count_forks};
use mlua::{LuaOptions, StdLib};
use std::{
    cell::{Cell, RefCell, UnsafeCell},
    collections::HashMap,
    fmt,
    mem::ManuallyDrop,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr::{self, NonNull},
    sync::Arc,
};

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
pub struct Error(pub(crate) String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<mlua::Error> for Error {
    fn from(e: mlua::Error) -> Error {
        Error(e.to_string())
    }
}

impl Lua {
    /// A new state with the API bound.
    ///
    /// # Errors
    /// When Lua cannot allocate it.
    pub fn start(start: &Start) -> Result<Lua, Error> {
        #[cfg(feature = "luajit")]
        if let Some(path) = library::stranger() {
            return Err(Error(format!(
                "{path} is in the process and stands in for LuaJIT: load this module without it"
            )));
        }
        count_forks();
        adopt_process();
        bind::init();
        // SAFETY: "unsafe" are C modules and `debug`, which administrators may use; scripts cannot break Rust through them
        // unless they break the process.
        let lua = unsafe { mlua::Lua::unsafe_new_with(StdLib::ALL, LuaOptions::new()) };
        let refusal = if start.c_modules { library::refusal() } else { Some(library::SWITCHED_OFF) }
            .map_or(ptr::null(), |t| t.as_ptr());
        let package: mlua::Table = lua.globals().get("package")?;
        let default = |field: &str| package.get::<mlua::String>(field).map(|s| s.as_bytes().to_vec());
        let (default_path, default_cpath) = (default("path")?, default("cpath")?);
        drop(package);
        // SAFETY: the table is a static, the refusal lives for ever.
        let me = unsafe { ffi::ml_new(&raw const host_calls::TABLE, refusal, start.watch_globals.into()) };
        let Some(me) = NonNull::new(me) else { return Err(Error("there is no memory for a state".into())) };
        // SAFETY: the operations are called with `me` by whoever holds the state; the home is closed before it is freed.
        let home = unsafe { Home::new(&ffi::ml_ops, me.as_ptr().cast()) };
        let entered = Box::new(Entered {
            me,
            home,
            lua: ManuallyDrop::new(lua),
            lib: start.lib.map(|p| p.as_os_str().as_bytes().to_vec()),
            memory: start.memory,
            c_modules: start.c_modules,
            watch_globals: start.watch_globals,
            paths: start.paths.cloned().unwrap_or_default(),
            root: start.root.cloned(),
            default_path,
            default_cpath,
            base: Cell::new(0),
            worlds: RefCell::default(),
            scripts: RefCell::new(HashMap::new()),
            last: RefCell::default(),
            names: RefCell::default(),
            handlers: RefCell::default(),
            done: RefCell::default(),
            leaks: RefCell::default(),
            message: RefCell::default(),
            spent: Cell::new(false),
            printed: Cell::new(false),
            blocks: Cell::new(ptr::null_mut()),
            users: UnsafeCell::new(0),
        });
        // SAFETY: `entered` owns the home and is boxed: both stay where they are as long as the record lives.
        unsafe { ffi::ml_attach(me.as_ptr(), Arc::as_ptr(&entered.home), (&raw const *entered).cast()) };
        let lua = Lua { entered };
        // SAFETY: mlua runs this protected; `ml_start` leaves the stack as it was.
        unsafe { lua.entered.lua.exec_raw::<()>((), |l| ffi::ml_start(l, me.as_ptr())) }?;
        // SAFETY: the record lives.
        unsafe { ffi::ml_at_start(me.as_ptr(), 0) };
        let base =
            lua.entered.world(lua.entered.root.as_deref(), &lua.entered.paths).map_err(|e| Error(e.to_string()))?;
        lua.entered.base.set(base);
        if let Some(bytes) = start.memory {
            // Under an allocator of Lua's own there is no limit: LuaJIT.
            if let Err(e) = lua.entered.lua.set_memory_limit(bytes)
                && !cfg!(feature = "luajit")
            {
                return Err(e.into());
            }
        }
        // SAFETY: the state lives; its own allocator is put back before it ends.
        lua.entered.blocks.set(unsafe { ffi::ml_keep_blocks(me.as_ptr()) });
        Ok(lua)
    }

    /// Makes another state, which runs the same start-up code; no source is parsed again.
    ///
    /// # Errors
    /// What the start-up code raised this time.
    pub fn duplicate(&self) -> Result<Lua, Error> {
        let me = &*self.entered;
        let lib = me.lib.as_deref().map(|p| Path::new(std::ffi::OsStr::from_bytes(p)));
        let other = Lua::start(&Start {
            lib,
            memory: me.memory,
            c_modules: me.c_modules,
            watch_globals: me.watch_globals,
            paths: Some(&me.paths),
            root: me.root.as_ref(),
        })?;
        let done = me.done.borrow().clone();
        let entered = other.enter();
        for step in done {
            entered.again(step).map_err(|raised| Error(raised.to_string()))?;
        }
        drop(entered);
        Ok(other)
    }
}
