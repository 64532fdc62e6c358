//! `SetHandler perl-class`: the request's file is a script, which is compiled once per interpreter, by `ModInterp::ClassScript`.

use std::ffi::c_int;

use config::{CgiHeader, ContentRow, Handler, ReloadOn, Where};
use httpd::Request;
use httpd::status::DECLINED;
use interp::Entry;
use lazy_static::lazy_static;

use super::{PerlLanguage, response};
use crate::host::about::OfRequest;
use crate::host::call::Call;
use crate::host::content::{self, Work};

/// Runs the script of a request.
struct ClassScript;

lazy_static! {
    static ref STAT: Option<Handler> = handler("ModInterp::ClassScript->handler");
    static ref FRESH: Option<Handler> = handler("ModInterp::ClassScript::Fresh->handler");
    static ref NEVER: Option<Handler> = handler("ModInterp::ClassScript::Once->handler");
    static ref WATCH: Option<Handler> = handler("ModInterp::ClassScript::Watched->handler");
}

fn handler(name: &str) -> Option<Handler> {
    Handler::new(name.as_bytes(), Where::default())
}

impl Work for ClassScript {
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        let handler = match call.about.server.conf.reload_on() {
            _ if call.stock.lends_once() => &*FRESH,
            ReloadOn::Stat => &*STAT,
            ReloadOn::Never => &*NEVER,
            ReloadOn::Watch => &*WATCH,
        };
        if call.about.server.conf.cgi_header() == CgiHeader::On {
            // That of the file's name is the script's own.
            call.about.r.set_content_type(Some(b"text/html"));
        }
        call.stack(entry, handler.as_slice())
    }
}

/// Answers a request by its file.
pub fn run(row: &'static ContentRow, r: &Request) -> c_int {
    if let Some(status) = content::refused(super::PERL, row, r) {
        return status;
    }
    match content::respond::<PerlLanguage>(Some(row), r, |_| Ok(None), ClassScript) {
        Some(DECLINED) => response::declined(r),
        status => status.unwrap_or(DECLINED),
    }
}
