//! What is true of a language, as plain data.

use std::ffi::CStr;

use config::{Language, Phase};
use httpd::ModuleRecord;

use super::filter::kinds::Kinds;

/// What is true of a language.
pub struct Facts {
    /// The language in the tables of directives and phases.
    pub tongue: Language,
    /// Whether it has interpreters for several threads.
    pub has_threads: bool,
    /// Whether each line of a message becomes a line of the log; otherwise the whole message is one line there.
    pub splits_messages: bool,
    /// Whether scripts print through the host's buffer, in the response phase only; if not, what they print goes straight into the
    /// filters, in any phase.
    pub has_output: bool,
    /// Whether the message that ended a handler is put into the request's notes (`error-notes`), which httpd shows to the client on
    /// the pages of some statuses.
    pub notes_errors: bool,
    /// Whether a request's objects become void when its lease ends also without threads, where they cannot be taken for another's.
    pub ends_objects: bool,
    /// The name in the configuration of all providers; `None`: that of the phase in which the provider is asked.
    pub provider: Option<&'static str>,
    /// Whether a number of more than 32 bits counts as what its lower 32 say, as with mod_perl; otherwise it is an error.
    pub truncates: bool,
    /// Phases that decide who gets in and in which a result that is no number refuses the request with 500. In others it counts as OK.
    pub numbers_only: &'static [Phase],
    /// The key under which a pool keeps the ticket of its objects in this language.
    pub pool_key: &'static CStr,
    /// The module records of this library, this language's among them.
    pub library: &'static [(Language, &'static ModuleRecord)],
    /// The kinds of its handlers that are filters; `None` if its handlers cannot be filters.
    pub filters: Option<&'static Kinds>,
    /// The language's own words in hints for the administrator.
    pub words: Words,
}

/// A language's own words in hints.
pub struct Words {
    /// What a handler may return.
    pub results: &'static str,
    /// What to return where all went well, and how the status is set.
    pub success: &'static str,
    /// What to write instead of printing to STDOUT.
    pub printing: &'static str,
    /// Wrong values of `SetHandler`, in small letters and digits only, each with the words that say what to write instead.
    pub misspelt: &'static [(&'static str, &'static str)],
}
