//! What lines do, by what they are about.

pub(crate) mod classes;
pub(crate) mod databases;
pub(crate) mod dicts;
pub(crate) mod environment;
pub(crate) mod handlers;
pub(crate) mod jobs;
pub(crate) mod lua;
pub(crate) mod net_server;
pub(crate) mod options;
pub(crate) mod startup;
#[cfg(test)]
pub(crate) mod world;

use crate::error::{Cause, Why};
use crate::words;

pub(crate) fn first<'a>(args: &[&'a [u8]]) -> &'a [u8] {
    args.first().copied().unwrap_or_default()
}

pub(crate) fn second<'a>(args: &[&'a [u8]]) -> &'a [u8] {
    args.get(1).copied().unwrap_or_default()
}

/// An argument that is a name.
pub(crate) fn name_at<'a>(args: &[&'a [u8]], i: usize) -> Result<&'a [u8], Cause> {
    match args.get(i).copied().unwrap_or_default() {
        b"" => Err(Cause::Word([].into(), Why::NotAName)),
        name => Ok(name),
    }
}

/// A word that is On or Off.
pub(crate) fn flag(args: &[&[u8]]) -> Result<bool, Cause> {
    words::flag(first(args)).map_err(Cause::word(first(args)))
}
