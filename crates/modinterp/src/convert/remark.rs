//! What is said of a key that does not simply become a line.

use std::fmt;

use super::conf::At;

/// Of which kind a remark is, as `mod_interp-check` has kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not a key of Net::Server's.
    Unknown,
    /// Cannot be had.
    Refused,
    /// Means something else than was meant.
    Differs,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Unknown => "unknown",
            Kind::Refused => "refused",
            Kind::Differs => "differs",
        })
    }
}

/// A line on standard error, and a comment among what is printed.
#[derive(Clone, Debug)]
pub struct Remark {
    pub kind: Kind,
    at: At,
    written: String,
    text: String,
}

impl Remark {
    pub fn of(kind: Kind, key: &str, value: &str, at: &At, text: impl Into<String>) -> Self {
        Remark { kind, at: at.clone(), written: written(key, value), text: text.into() }
    }
}

/// A key and its value as a person writes them.
pub fn written(key: &str, value: &str) -> String {
    let key = key.trim_start_matches("--");
    let shown = |c: char| if c.is_control() { '?' } else { c };
    if value.is_empty() { key.into() } else { format!("{key} {}", value.chars().map(shown).collect::<String>()) }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}: {}", self.at, self.kind, self.written, self.text)
    }
}
