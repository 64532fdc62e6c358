//! What the administrator may write, and the records it fills.
//!
//! This crate is pure data. It must never know httpd, APR, Perl or Lua: it neither opens a file nor starts anything,
//! and says by an [`Effect`] what the host has to do at once. A file knows those before it in this list, and no other; `tests/order.rs` sees to it.
//!
//! | files | what they have |
//! |---|---|
//! | [`vocabulary`], [`place`], `error` | the words of the tables; where a line stands; what can be wrong with it, in words |
//! | `words`, `switch`, `value`, `choices`, `text` | what a word, a switch of perl's, and a setting's line, can say; text that is no configuration |
//! | `hooks`, [`phases`], `slots` | THE table of phases; where their handlers lie |
//! | [`settings`], [`options`], [`content`], `flags` | THE tables of settings, options and content handlers; the flags |
//! | `names`, [`classes`], `databases`, `dicts`, [`script`], [`handler`], `jobs`, `net_server`, `package`, `vars`, `lists` | what else lines say |
//! | `limits`, [`lua_dir`], [`dir`], [`server`] | the records of a directory and of a server, and how those merge |
//! | [`effect`], `context` | what a line makes the host do, and what it is told |
//! | `directive`, `lines`, `lines/options`, `lines/startup`, `lines/handlers`, `lines/environment`, `lines/classes`, `lines/databases`, `lines/dicts`, `lines/jobs`, `lines/net_server`, `lines/lua` | what a directive is; what lines do |
//! | `apply`, [`mod@directives`] | what is checked for every line; THE table of directives |
//! | [`rehearsal`] | what the lines of a site that comes from mod_perl or mod_lua would meet, with nothing run |
//! | [`docs`] | prints `docs/directives.md` from the tables |
//!
//! Where nothing else is said, behaviour is that of mod_perl 2.0.12 and, for Lua, that of httpd 2.4's mod_lua.
#![forbid(unsafe_code)]

mod apply;
mod choices;
pub mod classes;
pub mod content;
mod context;
mod databases;
mod dicts;
pub mod dir;
mod directive;
pub mod directives;
pub mod docs;
pub mod effect;
mod error;
mod flags;
pub mod handler;
mod hooks;
mod jobs;
mod limits;
mod lines;
mod lists;
pub mod lua_dir;
mod names;
mod net_server;
pub mod options;
mod package;
pub mod phases;
pub mod place;
pub mod rehearsal;
pub mod script;
pub mod server;
pub mod settings;
mod slots;
mod switch;
mod text;
mod value;
mod vars;
pub mod vocabulary;
mod words;

pub use choices::{CgiHeader, ClassIdentity, CodeCache, ErrorPage, Inherit, LeaseScope, ReadAhead, ReloadOn};
pub use classes::{ClassRef, SERVERS_OWN, claims, class_opened};
pub use content::{CONTENT_HANDLERS, ContentRow, Form, content_handler, content_handlers};
pub use context::{Access, Context, process_env};
pub use databases::{DbPool, DbPools};
pub use dicts::{DictConf, DictPlace, RedisServer};
pub use dir::DirConf;
pub use directive::Directive;
pub use directives::{directive, directives};
pub use effect::{Effect, Group, Named, NamedProvider};
pub use error::{Cause, LineError, Why};
pub use flags::{DirOptions, ServerOptions, Sign, signed};
pub use handler::{Handler, Handlers, Load};
pub use hooks::{Heeds, Hook, Order, Position, Run, Scope};
pub use jobs::{Due, Job};
pub use limits::{Limits, Threads};
pub use lines::environment::chooses_programs;
pub use lines::jobs::of_line as job_of_line;
pub use lists::{JoinedList, OwnList};
pub use lua_dir::{Direction, LuaDir, MapHandler, NamedFilter};
pub use names::{HandlerId, handler_count, intern, name_of};
pub use net_server::NetServer;
pub use options::{DirOption, ServerOption};
pub use package::{Made, Package};
pub use phases::{HookRow, LangRow, PHASES, Phase, PhaseRow};
pub use place::{LinePlace, Where};
pub use rehearsal::{FileLine, Rehearsal, Said, lines_of};
pub use script::{Script, Source, Text};
pub use server::{ClassConf, ClassLog, Code, Queued, ServerConf, Switches, What};
pub use settings::{Key, Settings};
pub use slots::Slot;
pub use text::covers;
pub use value::{ScriptScope, SettingKind, SettingValue, Trim};
pub use vars::{ConfigVars, Vars};
pub use vocabulary::{Args, Contexts, Language, Merge, Unlike};
