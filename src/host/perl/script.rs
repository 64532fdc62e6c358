//! `SetHandler perl-class` and `perl-embed`: the request's file is a script, or a page with code in it, which is compiled once per interpreter, by
//! `ModInterp::ClassScript` and `ModInterp::Page`.

use std::ffi::c_int;

use config::{CgiHeader, ContentRow, ErrorPage, Handler, ReloadOn, Where};
use httpd::Request;
use httpd::status::{DECLINED, HTTP_BAD_REQUEST};
use interp::Entry;
use lazy_static::lazy_static;

use super::{PerlLanguage, part, response};
use crate::host::about::OfRequest;
use crate::host::call::Call;
use crate::host::content::{self, Work};

/// Runs the script of a request.
struct ClassScript;

/// Runs the page of a request.
struct Page;

lazy_static! {
    static ref STAT: Option<Handler> = handler("ModInterp::ClassScript->handler");
    static ref PAGE: Option<Handler> = handler("ModInterp::Page->handler");
    static ref SHOWN: Option<Handler> = handler("ModInterp::ClassScript::Shown->handler");
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
            _ if call.about.server.conf.error_page() != ErrorPage::Off => &*SHOWN,
            _ if call.stock.lends_once() => &*FRESH,
            ReloadOn::Stat => &*STAT,
            ReloadOn::Never => &*NEVER,
            ReloadOn::Watch => &*WATCH,
        };
        if call.about.server.conf.cgi_header() == CgiHeader::On {
            // That of the file's name is the script's own.
            call.about.r.set_content_type(Some(b"text/html"));
        }
        ended(call.about.r, call.stack(entry, handler.as_slice()))
    }
}

impl Work for Page {
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        call.about.r.set_content_type(Some(b"text/html"));
        ended(call.about.r, call.stack(entry, PAGE.as_slice()))
    }
}

/// What a script that failed has printed gives way to the page of the error, as long as nothing of it was passed on.
fn ended(r: &Request, status: c_int) -> c_int {
    if status >= HTTP_BAD_REQUEST
        && let Some(part) = part(r).filter(|part| part.output.is_sent_as(0))
    {
        part.output.forget();
    }
    status
}

/// Answers a request by its file, which is a page. One without code is httpd's to send.
pub fn page(row: &'static ContentRow, r: &Request) -> c_int {
    if let Some(status) = content::refused(super::PERL, row, r) {
        return status;
    }
    let is_plain = r.file_info().is_some_and(|info| api::page::is_plain(r.filename().unwrap_or_default(), info));
    if is_plain {
        r.set_content_type(Some(b"text/html"));
        content::end_walk(super::PERL, r);
        return DECLINED;
    }
    match content::respond::<PerlLanguage>(Some(row), r, |_| Ok(None), Page) {
        Some(status) => status,
        None => DECLINED,
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
