//! Lua 5.4: states, scripts, calls, coroutines, and the API bound by rows.
//!
//! Outside this crate everything is safe Rust; all that is raw Lua is here and in `shim/`, on Lua's own C API; mlua links it. Lua's errors never cross a Rust frame: `run.c` turns whatever comes out
//! of a script into a tag ([`Raised`]), and the one C function behind all rows (`door.c`) raises after Rust has returned. This
//! crate knows no server: what a handler is called with, and what its result means, is the host's.
//!
//! ```no_run
//! use interp_lua::{CodeCache, Content, Lua, Paths, Script, Start};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lua = Lua::start(&Start { memory: Some(64 << 20), ..Start::default() })?;
//! let paths = Paths::default();
//! let script = Script { name: b"/srv/hello.lua", text: None, first_line: 1, content: Content::Script, cache: CodeCache::Stat, paths: &paths };
//! let outcome = lua.enter().run_once(&script, b"handle", &[])?;
//! # let _ = outcome;
//! # Ok(())
//! # }
//! ```
//!
//! LuaJIT (`--no-default-features --features luajit`) runs the same, but cannot keep all of it: a state is closed after
//! one use; `os.exit` in a loop that is compiled may be caught by `pcall`; what Lua 5.4 has and 5.1 has not is not there.
//!
//! Costs that a change should not raise (callgrind, `run.rs: runs_of_hello`): a run of a script that sets the content type and
//! prints a word takes 17,400 instructions in a build for tests, of which 5,300 put the state back.
//!
//! | file | holds |
//! |---|---|
//! | `start` | [`Start`]: what a slot begins with; [`Error`] |
//! | `lua` | [`Lua`], [`Guard`], [`Entered`]: a slot and its rooms: own, enter, end |
//! | `room` | one Lua state, put back after a use, or kept |
//! | `engine` | what the host asks of any engine |
//! | `script` | [`Script`], [`Content`], [`Paths`], [`CodeCache`] |
//! | `chunk` | how a script's text gets into a state |
//! | `cache` | compiled chunks of the process |
//! | `world` | `package.loaded`, `path` and `cpath` by script directory |
//! | `env` | [`Env`]: a script's globals |
//! | `run` | uses of scripts, calls of their functions |
//! | `coroutine` | [`Coroutine`], [`Step`]: filters |
//! | `handler` | handlers by name: `module.func`, `file.lua:func`, text |
//! | `resolved` | what stays: handlers that were found, scripts |
//! | `check` | whether a text compiles |
//! | `code`, `start_up` | start-up code: require, run |
//! | `library` | whether C modules find this very Lua |
//! | `bind` | rows as C tables |
//! | `host_calls` | what the shim asks of this crate |

mod bind;
mod cache;
mod check;
mod chunk;
mod code;
mod coroutine;
mod engine;
mod env;
mod ffi;
mod handler;
mod host_calls;
mod library;
mod lua;
mod resolved;
mod room;
mod run;
mod script;
mod start;
mod start_up;
mod world;

pub use cache::parsed;
pub use check::check;
pub use coroutine::{Coroutine, Step, Text};
pub use env::Env;
pub use interp::{Load, Outcome, Place, Raised};
pub use lua::{Entered, Guard, Lua};
pub use script::{CodeCache, Content, Paths, Script};
pub use start::{Error, Start};

#[cfg(test)]
mod door_tests;
#[cfg(test)]
mod room_tests;
#[cfg(test)]
mod testing;
