//! What `interp-status` answers.

use std::ffi::c_int;

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: c_int,
    /// Its type.
    pub kind: &'static str,
    /// Its text.
    pub text: String,
}

impl Answer {
    /// Plain text with this status.
    pub fn plain(status: c_int, text: impl Into<String>) -> Answer {
        Answer { status, kind: "text/plain; charset=utf-8", text: text.into() }
    }

    /// What was asked for.
    pub fn of(kind: &'static str, text: String) -> Answer {
        Answer { status: 200, kind, text }
    }
}
