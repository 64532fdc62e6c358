//! `r:err` and its kin: lines in httpd's error log, with the script's file and line.

use httpd::{
    Request,
    log::{self, Entry, Level},
};
use interp::*;

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [
        method("emerg(text)", |r: &Request, t: &[u8]| line(r, Level::Emerg, t))
            .doc("Writes to the error log that the server cannot go on."),
        method("alert(text)", |r: &Request, t: &[u8]| line(r, Level::Alert, t))
            .doc("Writes to the error log what must be dealt with at once."),
        method("crit(text)", |r: &Request, t: &[u8]| line(r, Level::Crit, t))
            .doc("Writes something critical to the error log."),
        method("err(text)", |r: &Request, t: &[u8]| line(r, Level::Error, t)).doc("Writes an error to the error log."),
        method("warn(text)", |r: &Request, t: &[u8]| line(r, Level::Warn, t)).doc("Writes a warning to the error log."),
        method("notice(text)", |r: &Request, t: &[u8]| line(r, Level::Notice, t))
            .doc("Writes something normal but notable to the error log."),
        method("info(text)", |r: &Request, t: &[u8]| line(r, Level::Info, t))
            .doc("Writes an information to the error log."),
        method("debug(text)", |r: &Request, t: &[u8]| line(r, Level::Debug, t))
            .doc("Writes to the error log, for debugging."),
        method("trace1(text)", |r: &Request, t: &[u8]| line(r, Level::Trace1, t)).doc(TRACE),
        method("trace2(text)", |r: &Request, t: &[u8]| line(r, Level::Trace2, t)).doc(TRACE),
        method("trace3(text)", |r: &Request, t: &[u8]| line(r, Level::Trace3, t)).doc(TRACE),
        method("trace4(text)", |r: &Request, t: &[u8]| line(r, Level::Trace4, t)).doc(TRACE),
        method("trace5(text)", |r: &Request, t: &[u8]| line(r, Level::Trace5, t)).doc(TRACE),
        method("trace6(text)", |r: &Request, t: &[u8]| line(r, Level::Trace6, t)).doc(TRACE),
        method("trace7(text)", |r: &Request, t: &[u8]| line(r, Level::Trace7, t)).doc(TRACE),
        method("trace8(text)", |r: &Request, t: &[u8]| line(r, Level::Trace8, t)).doc(TRACE),
    ],
);

/// With the place of the script that logs.
pub(super) fn line(r: &Request, level: Level, text: &[u8]) {
    let Some(module) = super::module::module() else { return };
    if !log::request_writes(r, level, module) {
        return;
    }
    let entry = Entry::new(level, module);
    match runtime().ok().and_then(|runtime| runtime.caller()) {
        Some((file, line)) => log::request(r, entry.place(&file, line), text),
        None => log::request(r, entry, text),
    }
}

const TRACE: &str = "Writes to the error log at this level.";
