//! Which scripts belong to an interpreter class: a set of interpreters with numbers, switches, start-up code and environment of its own.

use std::sync::Arc;

use crate::names::HandlerId;
use crate::place::Where;
use crate::words;

/// The name that stands for a server's own interpreters, which serve what no class claims.
pub const SERVERS_OWN: &str = "default";

/// The class that a directory's scripts belong to: its name, and the line that says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassRef {
    /// The name.
    pub name: Arc<str>,
    /// The number of the name.
    pub number: HandlerId,
    /// The line.
    pub at: Where,
}

/// The name of the class that a section opens, from what stands behind `<PerlInterpClass`, its `>` included.
#[must_use]
pub fn class_opened(arguments: &[u8]) -> Option<&str> {
    let name = arguments.trim_ascii_end().strip_suffix(b">")?;
    std::str::from_utf8(words::unquoted(name.trim_ascii())).ok()
}

/// Whether a location claims a path that begins with it: it ends with a part of the path. `next` is the byte that follows, 0 at the end.
#[must_use]
pub fn claims(location: &[u8], next: u8) -> bool {
    matches!(next, 0 | b'/') || location.ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_ends_with_a_part_of_the_path() {
        for (location, next, does) in
            [(&b"/a"[..], 0, true), (b"/a", b'/', true), (b"/a", b'b', false), (b"/c/", b'x', true), (b"/c/", 0, true)]
        {
            assert_eq!(claims(location, next), does, "{location:?} {next}");
        }
    }
}
