//! What a pass over the configuration has: its pools, and the moments that a host may want of it.

use apr::Pool;

/// The pools of a configuration pass.
#[derive(Clone, Copy, Debug)]
pub struct Pools<'p> {
    /// Dies when the configuration is read again.
    pub conf: &'p Pool,
    /// Dies when logs are opened again.
    pub log: &'p Pool,
    /// Dies at the end of this pass.
    pub temp: &'p Pool,
}

/// Hooks that a host needs besides those of the phases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Own {
    /// `pre_config`, really last: the MPM has detached from the terminal, if it does.
    PreConfig,
    /// `check_config`, last.
    CheckConfig,
    /// `open_logs`, just before the phase of that name.
    BeforeStart,
    /// `post_config`, really last.
    AfterStart,
    /// `child_init`, before everyone.
    BeforeChild,
    /// `insert_error_filter`, first.
    BeforeError,
    /// `child_status`: a child has ended.
    ChildEnded,
    /// `status_hook` of mod_status, where that is loaded: its page is made.
    ServerStatus,
}
