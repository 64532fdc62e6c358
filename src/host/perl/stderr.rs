//! STDERR in httpd's error log: each line with level, client and module, in the form of ErrorLogFormat.

use config::{Phase, ServerOption};
use httpd::Server;
use httpd::log::Level;
use interp_perl::ErrorLog;

use super::PERL;
use crate::host::about::About;
use crate::host::lease::Frame;
use crate::host::report;
use crate::host::server::ServerRecord;

/// The stream behind STDERR: what Perl code warns or prints there.
pub struct Stderr;

impl ErrorLog for Stderr {
    fn takes(&self) -> bool {
        let server = match about() {
            Some(About::Request(r)) => Some(r.server()),
            Some(About::Connection(c)) => Some(c.base_server()),
            Some(About::Server(s)) => Some(s),
            None => Server::main(),
        };
        let record = server.as_ref().and_then(|s| ServerRecord::find(PERL, s));
        record.is_none_or(|record| record.conf.options.is(ServerOption::LogStderr))
    }

    fn printed_to_stdout(&self) {
        let asked = |frame: &Frame<'_>| match (frame.about, frame.phase) {
            (About::Request(r), Some(Phase::Response)) => Some(r),
            _ => None,
        };
        if let Some(r) = Frame::find(asked)
            && let Some(part) = super::part(&r)
        {
            part.output.miss();
        }
    }

    fn line(&self, text: &[u8]) {
        report::line(PERL, about().as_ref(), Level::Warn, text);
    }
}

/// The request, connection or server that the writing code is about; of a thread that a script made nothing is known.
fn about() -> Option<About> {
    Frame::find(|frame| Some(frame.about))
}
