//! What the administrator may write, and the records it fills.
//!
//! This crate is pure data. It must never know httpd, APR, Perl or Lua: it neither opens a file nor starts anything,
//! and says by an [`Effect`] what the host has to do at once.
//!
//! - [`phases`]: THE table of phases; callbacks, handler slots and the directives of handlers and hooks follow from it.
//! - [`options`]: THE tables of `PerlOptions` and `LuaOptions`, and the flags they set.
//! - [`mod@directives`]: THE tables of directives, one per [`Language`], Lua's own rows in `lua_rows`, and in `not_yet` what mod_perl has besides; [`apply`] and `lua_apply`:
//!   what a line does to the records.
//! - [`server`], [`dir`]: the records of a server and of a directory, and how those merge; [`lua_dir`]: what mod_lua's
//!   directives add to the latter; [`script`]: what a handler of Lua points at.
//! - [`docs`]: prints `docs/directives.md` from the tables.
//!
//! Where nothing else is said, behaviour is that of mod_perl 2.0.12 and, for Lua, that of httpd 2.4's mod_lua.
#![forbid(unsafe_code)]

pub mod apply;
pub mod dir;
pub mod directives;
pub mod docs;
pub mod handler;
pub mod interp;
mod lua_apply;
pub mod lua_dir;
mod lua_rows;
mod not_yet;
pub mod options;
pub mod package;
pub mod phases;
pub mod script;
pub mod server;
pub mod vars;
mod words;

pub use apply::{Access, Context, Effect, Place};
pub use dir::DirConf;
pub use directives::{Args, Contexts, Directive, directive, directives};
pub use handler::{Handler, HandlerId, Handlers, Load, Where, handler_count, intern, name_of};
pub use interp::{InterpConf, LeaseScope, Limits, Trim};
pub use lua_dir::{CodeCache, Direction, Inherit, LuaDir, MapHandler, NamedFilter, ScriptScope};
pub use options::{DirOption, DirOptions, ServerOption, ServerOptions};
pub use package::Package;
pub use phases::{
    Hook, HookRow, LangRow, Language, Order, Origin, PHASES, Phase, PhaseRow, Position, Run, Scope, Slot, Subject,
};
pub use script::{Script, Source, Text};
pub use server::{Queued, ServerConf};
pub use vars::{ConfigVars, Vars};
