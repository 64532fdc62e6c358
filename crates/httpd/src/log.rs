//! httpd's error log.
//!
//! A line says who wrote it: the module's short name (`[perl:error]`), and file and line where one is given. Text is
//! passed as data, never as a format; httpd escapes what is not printable and cuts at 8 KiB. No `AHnnnnn` number is made
//! up.

use crate::error_log::{self, Elsewhere};
use crate::{Connection, ModuleRecord, Request, Server, ffi};
use apr::{Pool, Status, with_cstr};
use std::ffi::{c_char, c_int};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(i32)]
#[allow(missing_docs)] // httpd's own levels
pub enum Level {
    Emerg = 0,
    Alert = 1,
    Crit = 2,
    Error = 3,
    Warn = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
    Trace1 = 8,
    Trace2 = 9,
    Trace3 = 10,
    Trace4 = 11,
    Trace5 = 12,
    Trace6 = 13,
    Trace7 = 14,
    Trace8 = 15,
}

impl Level {
    /// The level with this number.
    pub fn from_number(n: c_int) -> Option<Level> {
        use Level::*;
        [
            Emerg, Alert, Crit, Error, Warn, Notice, Info, Debug, Trace1, Trace2, Trace3, Trace4, Trace5, Trace6,
            Trace7, Trace8,
        ]
        .get(usize::try_from(n).ok()?)
        .copied()
    }
}

/// What a line says besides its text.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// How bad it is.
    pub level: Level,
    /// Bits beside the level: [`STARTUP`], [`TO_CLIENT`], or 0.
    pub flags: c_int,
    /// Why, if APR or the system said so; success if not.
    pub status: Status,
    /// The module whose log level counts and whose name stands in the line; `None` for the server's.
    pub module: Option<&'a ModuleRecord>,
    /// Where it was logged, if that is known (shown from level debug on, or by ErrorLogFormat).
    pub place: Option<(&'a [u8], u32)>,
}

/// `APLOG_STARTUP`: written plainly on the terminal while the server starts.
pub const STARTUP: c_int = (ffi::APLOG_LEVELMASK as c_int + 1) * 4;
/// `APLOG_TOCLIENT`: also shown in the error page (set it only for text meant for that).
pub const TO_CLIENT: c_int = (ffi::APLOG_LEVELMASK as c_int + 1) * 2;

impl<'a> Entry<'a> {
    /// An entry of a module, with nothing but a level.
    pub fn new(level: Level, module: &'a ModuleRecord) -> Entry<'a> {
        Entry { level, flags: 0, status: Status::SUCCESS, module: Some(module), place: None }
    }

    /// With APR's or the system's reason, which httpd puts before the text.
    pub fn status(self, status: Status) -> Self {
        Entry { status, ..self }
    }

    /// With the place of the script that logs.
    pub fn place(self, file: &'a [u8], line: u32) -> Self {
        Entry { place: Some((file, line)), ..self }
    }

    /// With more bits.
    pub fn flags(self, flags: c_int) -> Self {
        Entry { flags, ..self }
    }

    fn index(&self) -> c_int {
        self.module.map_or(ffi::APLOG_NO_MODULE, ModuleRecord::index)
    }

    fn write(&self, text: &[u8], f: impl FnOnce(*const c_char, c_int, c_int, c_int, c_int, *const c_char)) {
        let (file, line) = self.place.unwrap_or_default();
        with_cstr(file, |file| {
            // httpd leaves file and line out if the file is null.
            let file = if file.is_empty() { std::ptr::null() } else { file.as_ptr() };
            let line = c_int::try_from(line).unwrap_or(0);
            let shown;
            let text = if text.contains(&0) {
                // A C string would end there.
                shown = text.split(|b| *b == 0).collect::<Vec<_>>().join(&b"\\0"[..]);
                &shown
            } else {
                text
            };
            with_cstr(text, |text| {
                f(file, line, self.index(), self.level as c_int | self.flags, self.status.code(), text.as_ptr())
            })
        })
    }
}

const TEXT: *const c_char = c"%s".as_ptr();

/// Logs a line about a request.
pub fn request(r: &Request, entry: Entry, text: &[u8]) {
    if let Some(to) = error_log::find(entry.module, Some(r), r.server()) {
        return request_elsewhere(r, entry, text, &to);
    }
    entry.write(text, |file, line, index, level, status, text| {
        // SAFETY: the request lives; format and text are C strings and fit each other.
        unsafe { ffi::ap_log_rerror_(file, line, index, level, status, r.as_ptr(), TEXT, text) }
    })
}

/// The same where another file has the line.
fn request_elsewhere(r: &Request, entry: Entry, text: &[u8], to: &Elsewhere) {
    // What the client is shown is the text alone.
    let before = if entry.flags & TO_CLIENT == 0 { to.before.as_bytes() } else { &[] };
    entry.write(&[before, text].concat(), |file, line, index, level, status, text| {
        let r = r.as_ptr();
        // SAFETY: as in `request`. Nobody but this thread uses the request (SAFETY.md, "one thread at a time"), and the record that it has
        // for its server meanwhile is one, too, and lives as long (SAFETY.md, "servers").
        unsafe {
            let server = std::mem::replace(&mut (*r).server, to.to.current());
            ffi::ap_log_rerror_(file, line, index, level, status, r, TEXT, text);
            (*r).server = server;
        }
    })
}

/// Logs a line about a connection.
pub fn connection(c: &Connection, entry: Entry, text: &[u8]) {
    entry.write(text, |file, line, index, level, status, text| {
        // SAFETY: as in `request`.
        unsafe { ffi::ap_log_cerror_(file, line, index, level, status, c.as_ptr(), TEXT, text) }
    })
}

/// Logs a line about a server; for `None` about the main server, or to stderr before there is one.
pub fn server(s: Option<&Server>, entry: Entry, text: &[u8]) {
    let elsewhere = |s: &Server| error_log::find(entry.module, None, s);
    let to = match s {
        _ if !error_log::is_asked() => None,
        Some(s) => elsewhere(s),
        None => Server::with_main(elsewhere).flatten(),
    };
    if let Some(to) = to {
        let text = [to.before.as_bytes(), text].concat();
        return entry.write(&text, |file, line, index, level, status, text| {
            // SAFETY: the stand-in lives as long as its server; format and text as in `request`.
            unsafe { ffi::ap_log_error_(file, line, index, level, status, to.to.current(), TEXT, text) }
        });
    }
    let s = s.map(Server::as_ptr).or_else(|| Server::with_main(Server::as_ptr)).unwrap_or(std::ptr::null_mut());
    entry.write(text, |file, line, index, level, status, text| {
        // SAFETY: the server is null or lives; format and text as in `request`.
        unsafe { ffi::ap_log_error_(file, line, index, level, status, s, TEXT, text) }
    })
}

/// Logs a line for a pool, at start-up and in cleanups.
pub fn pool(p: &Pool, entry: Entry, text: &[u8]) {
    entry.write(text, |file, line, index, level, status, text| {
        // SAFETY: the pool lives; format and text as in `request`.
        unsafe { ffi::ap_log_perror_(file, line, index, level, status, p.as_ptr(), TEXT, text) }
    })
}

/// Whether httpd is to be told a line about this request: a level per module from its directory's or server's configuration.
/// A notice always is, as by the C macros: a log in a file has notices whatever its level, and httpd knows what it writes to.
pub fn request_writes(r: &Request, level: Level, module: &ModuleRecord) -> bool {
    level == Level::Notice || level as c_int <= configured(r.log_conf(), module)
}

/// Whether httpd is to be told a line about this server, as [`request_writes`].
pub fn server_writes(s: &Server, level: Level, module: &ModuleRecord) -> bool {
    level == Level::Notice || level as c_int <= configured(s.log_conf(), module)
}

/// The level that counts, as `ap_get_server_module_loglevel` and its kin say.
fn configured(log: &ffi::ap_logconf, module: &ModuleRecord) -> c_int {
    match usize::try_from(module.index()) {
        Ok(index) if !log.module_levels.is_null() => {
            // SAFETY: httpd keeps one level per module index, for as many modules as can be loaded.
            let own = unsafe { *log.module_levels.add(index) };
            if own < 0 { log.level } else { c_int::from(own) }
        }
        _ => log.level,
    }
}

/// Has httpd's log keep the file that it writes to now, in a process in which descriptor 2 is about to become another one. To be called in a
/// process with one thread that does not serve.
///
/// # Errors
/// What the system says.
pub fn keep_apart(main: &Server, pool: &Pool) -> std::io::Result<()> {
    use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
    let mut kept = std::io::stderr().as_fd().try_clone_to_owned()?.into_raw_fd();
    for s in main.chain() {
        let file = s.error_log();
        if file.is_null() {
            continue;
        }
        let mut fd = -1;
        // SAFETY: an open file of APR's, of a living server, which nobody else uses: it is exchanged on the one thread there is for one that
        // the pool keeps.
        unsafe {
            apr::ffi::apr_os_file_get(&raw mut fd, file);
            if fd == std::io::stderr().as_raw_fd() {
                let flags = (apr::ffi::APR_FOPEN_WRITE | apr::ffi::APR_FOPEN_APPEND) as i32;
                apr::ffi::apr_os_file_put(&raw mut (*s.as_ptr()).error_log, &raw mut kept, flags, pool.as_ptr());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_numbers_agree() {
        for n in 0..=15 {
            assert_eq!(Level::from_number(n).map(|l| l as c_int), Some(n));
        }
        assert_eq!(Level::from_number(16), None);
        assert_eq!(Level::from_number(-1), None);
        assert_eq!(Level::Error as u32, ffi::APLOG_ERR);
    }
}
