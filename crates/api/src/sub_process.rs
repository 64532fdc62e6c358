//! `Apache2::SubProcess`: a program that a request runs. `lib/Apache2/SubProcess.pm` makes handles of what this returns.

use std::ffi::OsStr;
use std::os::{fd::IntoRawFd, unix::ffi::OsStrExt};
use std::path::Path;
use std::process::{Command, Stdio};

use super::host::host;
use apr::Reenter;
use httpd::{
    Request,
    log::{Entry, Level},
};
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::SubProcess", ROWS);

static ROWS: &[Row] = &only(PERL, [
    method("spawned(program, @arguments)", spawned)
        .doc("Runs a program, for spawn_proc_prog: the numbers of three files, its input, output and errors; nothing if it cannot be run, and the log says why."),
]);

/// Its environment is the request's `subprocess_env`, its folder that of the request's file. It is ended with the request, as
/// httpd ends CGI scripts. The caller owns the three files.
fn spawned(r: &Request, cx: Reenter, program: &[u8], arguments: Rest) -> Result<List<i64>> {
    host()?.output.complete_env(cx, r);
    let mut command = Command::new(OsStr::from_bytes(program));
    command.args(arguments.iter().map(OsStr::from_bytes));
    command.env_clear().envs(r.subprocess_env().iter().map(|(k, v)| (OsStr::from_bytes(k), OsStr::from_bytes(v))));
    let folder = r.filename().and_then(|name| Path::new(OsStr::from_bytes(name)).parent());
    if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
        command.current_dir(folder);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match apr::process::spawn(&mut command) {
        Ok(child) => child,
        Err(error) => {
            let text = format!("spawn_proc_prog: \"{}\" cannot be run: {error}", String::from_utf8_lossy(program));
            if let Some(module) = super::MODULE.get() {
                httpd::log::request(r, Entry::new(Level::Error, module), text.as_bytes());
            }
            return Ok(List(Vec::new()));
        }
    };
    r.main().unwrap_or(r).pool().end_with_it(child.id());
    let files = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(input), Some(output), Some(errors)) = files else { return Ok(List(Vec::new())) };
    Ok(List([input.into_raw_fd(), output.into_raw_fd(), errors.into_raw_fd()].map(i64::from).to_vec()))
}
