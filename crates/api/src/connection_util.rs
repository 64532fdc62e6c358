//! `Apache2::ConnectionUtil`: what the host keeps for a connection.

use super::request_util::notes_of;
use httpd::Connection;
use interp::*;

/// Methods of a connection.
pub(super) static PART: Part = Part::new("Apache2::ConnectionUtil", ROWS);

static ROWS: &[Row] = &[
    method("pnotes([key], [value])", pnotes)
        .doc("Values of the script, kept until the connection ends: the hash, a value, or a new value."),
    method("pnotes_kill()", |c: &Connection, here: Here| runtime()?.pnotes(Owner::of(c), here, &mut Vec::clear))
        .doc("Frees these values now."),
];

fn pnotes(c: &Connection, here: Here, key: Option<&[u8]>, value: Option<Any>) -> Result<Option<Again>> {
    notes_of(c, here, key, value)
}
