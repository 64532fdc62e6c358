//! What the administrator may write, and the records it fills.
//!
//! This crate is pure data. It must never know httpd, APR, Perl or Lua: it neither opens a file nor starts anything,
//! and says by an [`Effect`] what the host has to do at once.
//!
//! - [`phases`]: THE table of phases; callbacks, handler slots and the `Perl*Handler` directives follow from it.
//! - [`options`]: THE table of `PerlOptions`, and the flags they set.
//! - [`directives`]: THE table of directives; [`apply`]: what a line does to the records.
//! - [`server`], [`dir`]: the records of a server and of a directory, and how those merge.
//! - [`docs`]: prints `docs/directives.md` from the three tables.
//!
//! Where nothing else is said, behaviour is that of mod_perl 2.0.12.
#![forbid(unsafe_code)]

pub mod apply;
pub mod dir;
pub mod directives;
pub mod docs;
pub mod handler;
pub mod interp;
pub mod options;
pub mod phases;
pub mod server;
pub mod vars;
mod words;

pub use apply::{Access, Context, Effect, Place};
pub use dir::DirConf;
pub use directives::{Args, Contexts, DIRECTIVES, Directive, directive};
pub use handler::{Handler, HandlerId, Handlers, Load, Where, handler_count, intern, name_of};
pub use interp::{InterpConf, LeaseScope, Limits, Trim};
pub use options::{DirOption, DirOptions, ServerOption, ServerOptions};
pub use phases::{Hook, Order, Origin, PHASES, Phase, PhaseRow, Run, Scope, Slot, Subject};
pub use server::{Queued, ServerConf};
pub use vars::{ConfigVars, Vars};
