//! Which scripts belong to an interpreter class: a set of interpreters with numbers, switches, start-up code and environment of its own.

use std::sync::Arc;

use crate::place::Where;
use crate::words;

/// The name that stands for a server's own interpreters, which serve what no class claims.
pub const SERVERS_OWN: &str = "default";

/// The class that a directory's scripts belong to: its name, and the line that says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassRef {
    /// The name.
    pub name: Arc<str>,
    /// The line.
    pub at: Where,
}

/// The name of the class that a section opens, from what stands behind `<PerlInterpClass`, its `>` included.
#[must_use]
pub fn class_opened(arguments: &[u8]) -> Option<&str> {
    let name = arguments.trim_ascii_end().strip_suffix(b">")?;
    std::str::from_utf8(words::unquoted(name.trim_ascii())).ok()
}

/// How long the part of `path` is that these locations claim: the longest that is its beginning, up to the end of a part of the path.
#[must_use]
pub fn claimed(locations: &[Box<[u8]>], path: &[u8]) -> Option<usize> {
    let claims = |location: &&[u8]| {
        path.strip_prefix(*location)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || location.ends_with(b"/"))
    };
    locations.iter().map(|location| &**location).filter(claims).map(<[u8]>::len).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_location_counts_and_ends_with_a_part_of_the_path() {
        let locations: Vec<Box<[u8]>> = [&b"/a"[..], b"/a/b", b"/c/"].into_iter().map(Box::from).collect();
        for (path, length) in [
            (&b"/a/b/x.pl"[..], Some(4)),
            (b"/a/x.pl", Some(2)),
            (b"/a", Some(2)),
            (b"/ab/x.pl", None),
            (b"/c/x.pl", Some(3)),
            (b"/c", None),
            (b"", None),
        ] {
            assert_eq!(claimed(&locations, path), length);
        }
    }
}
