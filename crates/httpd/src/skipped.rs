//! `LoadModule` lines that httpd skipped, since a module of that name was loaded before.
//!
//! httpd tells nobody but its log, so that is where they are seen: by its hook for lines of the error log.

use crate::ffi;
use apr::{Pool, bytes_at};
use config::Order;
use std::{
    ffi::c_char,
    ptr,
    sync::{Mutex, PoisonError},
};

/// What httpd writes around the name, as number AH01574.
const BEFORE: &[u8] = b"module ";
const BEHIND: &[u8] = b" is already loaded, skipping";

/// Names of the skipped modules in this reading of the configuration: `perl_module`.
static SKIPPED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Watches from now on, until the configuration is read again: `pconf` dies.
pub fn watch(pconf: &Pool) {
    // SAFETY: httpd is registering this module's hooks; the function lives as long as the library, which is never unloaded.
    unsafe { ffi::ap_hook_error_log(Some(line), ptr::null(), ptr::null(), Order::Middle.number()) }
    let _ = pconf.on_death(|| skipped().clear());
}

/// Whether a line that was to load this module was skipped.
pub fn was_skipped(module: &[u8]) -> bool {
    skipped().iter().any(|name| name == module)
}

fn skipped() -> std::sync::MutexGuard<'static, Vec<Vec<u8>>> {
    SKIPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The module that a line of the log says was skipped.
fn module_in(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end().strip_suffix(BEHIND)?;
    let at = line.windows(BEFORE.len()).rposition(|w| w == BEFORE)?;
    line.get(at + BEFORE.len()..)
}

/// Called for each line of the log, also while requests are served: those come of nothing that is looked for here, and about a
/// server or request, whereas a line that is read has a pool alone.
unsafe extern "C" fn line(info: *const ffi::ap_errorlog_info, text: *const c_char) {
    // SAFETY: httpd lends both for the call.
    let (info, text) = unsafe { (info.as_ref(), bytes_at(text)) };
    let (Some(info), Some(text)) = (info, text) else { return };
    if !info.r.is_null() || !info.c.is_null() || info.pool.is_null() {
        return;
    }
    if let Some(name) = module_in(text) {
        skipped().push(name.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_skipped_module_is_read_from_httpds_line() {
        let line = b"AH01574: module perl_module is already loaded, skipping\n";
        assert_eq!(module_in(line), Some(&b"perl_module"[..]));
        assert_eq!(module_in(b"AH01574: module perl_module is already loaded"), None);
        assert_eq!(module_in(b""), None);
    }
}
