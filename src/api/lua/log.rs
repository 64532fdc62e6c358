//! `r:err` and its kin: lines in httpd's error log, with the script's file and line.

use httpd::{
    Request,
    log::{self, Entry, Level},
};
use interp::runtime;

/// With the place of the script that logs.
pub(super) fn line(r: &Request, level: Level, text: &[u8]) {
    let Some(module) = super::module() else { return };
    if !log::request_writes(r, level, module) {
        return;
    }
    let entry = Entry::new(level, module);
    match runtime().ok().and_then(|runtime| runtime.caller()) {
        Some((file, line)) => log::request(r, entry.place(&file, line), text),
        None => log::request(r, entry, text),
    }
}
