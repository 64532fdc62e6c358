//! STDERR in httpd's error log: each line with level, client and module, in the form of ErrorLogFormat.

use std::cell::RefCell;

use config::{Phase, ServerOption};
use httpd::Server;
use httpd::log::Level;
use interp_perl::ErrorLog;

use super::PERL;
use crate::host::about::About;
use crate::host::lease::Frame;
use crate::host::report;
use crate::host::server::ServerRecord;

thread_local! {
    /// What perl has written while it starts, line by line; `None` at all other times.
    static HEARD: RefCell<Option<Vec<Vec<u8>>>> = const { RefCell::new(None) };
}

/// Runs `f`, which starts perl. Returns with it the lines that were written to STDERR meanwhile, which are not in the log: they say why
/// perl could not start.
pub fn heard<R>(f: impl FnOnce() -> R) -> (R, Vec<Vec<u8>>) {
    let before = HEARD.replace(Some(Vec::new()));
    let result = f();
    (result, HEARD.replace(before).unwrap_or_default())
}

/// The stream behind STDERR: what Perl code warns or prints there.
pub struct Stderr;

impl ErrorLog for Stderr {
    fn takes(&self) -> bool {
        let takes = |s: &Server| {
            ServerRecord::find(PERL, s).is_none_or(|record| record.conf.options.is(ServerOption::LogStderr))
        };
        with_about(|about| match about {
            Some(About::Request(r)) => takes(r.server()),
            Some(About::Connection(c)) => takes(c.base_server()),
            Some(About::Server(s)) => takes(s),
            None => Server::with_main(takes).unwrap_or(true),
        })
    }

    fn printed_to_stdout(&self) {
        Frame::find(|frame| match (frame.about, frame.phase) {
            (About::Request(r), Some(Phase::Response)) => Some(super::part(r).map(|part| part.output.miss())),
            _ => None,
        });
    }

    fn line(&self, text: &[u8]) {
        let is_kept = HEARD.with_borrow_mut(|heard| heard.as_mut().map(|lines| lines.push(text.to_vec())).is_some());
        if !is_kept {
            with_about(|about| report::line(PERL, about, Level::Warn, text));
        }
    }
}

/// Runs `f` with the request, connection or server that the writing code is about; of a thread that a script made nothing is known.
fn with_about<R>(f: impl Fn(Option<&About<'_>>) -> R) -> R {
    Frame::find(|frame| Some(f(Some(&frame.about)))).unwrap_or_else(|| f(None))
}
