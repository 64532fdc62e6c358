//! The module in whose name Lua's own rows act.

use httpd::ModuleRecord;
use std::sync::OnceLock;

/// The module in whose name these rows write to the error log; without it that of all rows. Set by the host before
/// anything runs.
pub static MODULE: OnceLock<&'static ModuleRecord> = OnceLock::new();

pub(super) fn module() -> Option<&'static ModuleRecord> {
    MODULE.get().or(crate::MODULE.get()).copied()
}
