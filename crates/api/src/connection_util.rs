//! `Apache2::ConnectionUtil`: what the host keeps for a connection.

use super::{host::host, request_util::note};
use httpd::Connection;
use interp::*;

/// Methods of a connection.
pub(super) static PART: Part = Part::new("Apache2::ConnectionUtil", ROWS);

static ROWS: &[Row] = &[
    method("pnotes([key], [value])", pnotes)
        .doc("Values of the script, kept until the connection ends: the hash, a value, or a new value."),
    method("pnotes_kill()", |c: &Connection| host()?.notes.of_connection(c, &mut Vec::clear))
        .doc("Frees these values now."),
];

fn pnotes(c: &Connection, here: Here, key: Option<&[u8]>, value: Option<Any>) -> Result<Option<Again>> {
    let mut result = Ok(None);
    host()?.notes.of_connection(c, &mut |bags| result = note(bags, here, key, value.as_ref()))?;
    result
}
