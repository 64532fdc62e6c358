//! What a line is told of the world, and the records that it may change.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::dir::DirConf;
use crate::effect::Effect;
use crate::error::Cause;
use crate::options::ServerOption;
use crate::place::{LinePlace, Where};
use crate::server::{ClassConf, ServerConf};

/// The record of the server a line belongs to.
pub enum Access<'a> {
    /// While the configuration is being read.
    Write(&'a mut ServerConf),
    /// While requests are served (`.htaccess`, `add_config`): other threads read the record too.
    Read(&'a ServerConf),
}

/// Where a line stands and what it may change.
pub struct Context<'a> {
    /// The server's record.
    pub server: Access<'a>,
    /// The record of the section; at server level that of the directories' defaults.
    pub dir: Option<&'a mut DirConf>,
    /// What is around the line.
    pub place: LinePlace<'a>,
    /// File and line, to be remembered.
    pub at: Where,
    /// The line is handed over by running code (`add_config`), which may run more code anyway.
    pub from_code: bool,
    /// Whether the MPM serves with several threads.
    pub mpm_threaded: bool,
    /// Whether perl was built with ithreads; true for Lua.
    pub perl_has_ithreads: bool,
    /// Whether the main server's parent interpreter runs already.
    pub running: bool,
    /// Whether this server's interpreter runs already: for the main server as `running`, for a virtual host true once
    /// some line of it had it set up.
    pub server_running: bool,
    /// Whether httpd serves in one process at a terminal, for who looks for a mistake: `httpd -X`.
    pub at_terminal: bool,
    /// The environment httpd was started in.
    pub getenv: fn(&[u8]) -> Option<Vec<u8>>,
}

/// What a line comes to.
pub(crate) type Applied = Result<Effect, Cause>;

impl Context<'_> {
    /// The class whose section the line stands in.
    pub(crate) fn class_mut(&mut self) -> Result<&mut ClassConf, Cause> {
        let LinePlace::Class(name) = self.place else { return Err(Cause::NoDirectory) };
        match &mut self.server {
            Access::Write(server) => server.classes.find_mut(name).ok_or(Cause::NoDirectory),
            Access::Read(_) => Err(Cause::TooLate),
        }
    }

    /// Whether the interpreter that the line is about runs already: that of a class starts when all lines are read.
    pub(crate) fn runs(&self) -> bool {
        self.running && self.place.has_directories()
    }

    /// The same of the one server.
    pub(crate) fn server_runs(&self) -> bool {
        self.server_running && self.place.has_directories()
    }

    pub(crate) fn server(&self) -> &ServerConf {
        match &self.server {
            Access::Write(server) => server,
            Access::Read(server) => server,
        }
    }

    /// The record that the line writes to: that of the server, or of the class whose section it stands in.
    pub(crate) fn server_mut(&mut self) -> Result<&mut ServerConf, Cause> {
        if matches!(self.place, LinePlace::Class(_)) {
            return self.class_mut().map(|class| &mut class.conf);
        }
        match &mut self.server {
            Access::Write(server) => Ok(server),
            Access::Read(_) => Err(Cause::TooLate),
        }
    }

    pub(crate) fn dir_mut(&mut self) -> Result<&mut DirConf, Cause> {
        self.dir.as_deref_mut().ok_or(Cause::NoDirectory)
    }

    /// Whether a line here may say which code runs: not in `.htaccess`, unless the server says so.
    pub(crate) fn may_choose_code(&self) -> bool {
        self.place != LinePlace::Htaccess || self.from_code || self.server().options.is(ServerOption::Htaccess)
    }
}

/// A variable of this process's environment, for [`Context::getenv`].
#[must_use]
pub fn process_env(name: &[u8]) -> Option<Vec<u8>> {
    // A name that is empty or holds `=` or NUL is one that no environment has.
    let is_name = !name.is_empty() && !name.contains(&b'=') && !name.contains(&0);
    if !is_name {
        return None;
    }
    std::env::var_os(OsStr::from_bytes(name)).map(OsStringExt::into_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_the_process_is_read_by_name() {
        assert!(process_env(b"PATH").is_some());
        for name in [&b""[..], b"A=B", b"A\0B", b"\xff"] {
            assert_eq!(process_env(name), None);
        }
    }
}
