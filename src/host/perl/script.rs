//! `SetHandler perl-class` and `perl-embed`: the request's file is a script, or a page with code in it, which is compiled once per interpreter, by
//! `ModInterp::ClassScript` and `ModInterp::Page`.

use std::ffi::c_int;

use apr::Reenter;
use config::{CgiHeader, ContentRow, ErrorPage, Form, Handler, ReloadOn, Where};
use httpd::Request;
use httpd::status::{DECLINED, HTTP_BAD_REQUEST, HTTP_OK, OK};
use interp::Entry;
use lazy_static::lazy_static;

use super::{PerlLanguage, part, response};
use crate::host::about::OfRequest;
use crate::host::call::Call;
use crate::host::content::{self, Work};

/// Runs the file of a request that asks for this content handler.
struct OwnFile(&'static ContentRow);

/// The handlers that run a script, or a page: one for each rule by which a class keeps them.
struct Handlers {
    stat: Option<Handler>,
    fresh: Option<Handler>,
    never: Option<Handler>,
    watch: Option<Handler>,
}

impl Handlers {
    fn of(line: &'static str, class: &str) -> Handlers {
        let handler = |rule: &str| {
            let handler = Handler::new(format!("{class}{rule}->handler").as_bytes(), Where::default())?;
            Some(Handler { by: Some(line), ..handler })
        };
        Handlers { stat: handler(""), fresh: handler("::Fresh"), never: handler("::Once"), watch: handler("::Watched") }
    }
}

lazy_static! {
    static ref SCRIPT: Handlers = Handlers::of("SetHandler perl-class", "ModInterp::ClassScript");
    static ref SCRIPT_SHOWN: Handlers = Handlers::of("SetHandler perl-class", "ModInterp::ClassScript::Shown");
    static ref PAGE: Handlers = Handlers::of("SetHandler perl-embed", "ModInterp::Page");
    static ref PAGE_SHOWN: Handlers = Handlers::of("SetHandler perl-embed", "ModInterp::Page::Shown");
}

impl Work for OwnFile {
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        let (r, conf) = (call.about.r, &call.about.server.conf);
        let is_page = self.0.form == Form::Page;
        let of = match (is_page, conf.error_page() != ErrorPage::Off) {
            (false, false) => &*SCRIPT,
            (false, true) => &*SCRIPT_SHOWN,
            (true, false) => &*PAGE,
            (true, true) => &*PAGE_SHOWN,
        };
        let handler = match conf.reload_on() {
            _ if call.stock.lends_once() => &of.fresh,
            ReloadOn::Stat => &of.stat,
            ReloadOn::Never => &of.never,
            ReloadOn::Watch => &of.watch,
        };
        if !is_page && conf.cgi_header() == CgiHeader::On {
            // That of the file's name is the script's own.
            r.set_content_type(Some(b"text/html"));
        }
        ended(r, call.stack(entry, handler.as_slice()))
    }
}

/// The status that a script has set becomes that of its handler, and what it has printed goes with it. What a script that failed has printed
/// gives way to the page of the error, as long as nothing of it was passed on.
fn ended(r: &Request, status: c_int) -> c_int {
    let set = r.status();
    if status == OK && set != HTTP_OK {
        if let Some(part) = part(r) {
            // SAFETY: in the response phase, inside the interpreter: a filter written in Perl may run; nothing is lent here.
            let cx = unsafe { Reenter::assume() };
            // A client that is gone is no error of the script's.
            let _gone = part.output.flush(r, cx, false);
        }
        r.set_status(HTTP_OK);
        return set;
    }
    if status >= HTTP_BAD_REQUEST
        && let Some(part) = part(r).filter(|part| part.output.is_sent_as(0))
    {
        part.output.forget();
    }
    status
}

/// Answers a request by its file.
pub fn run(row: &'static ContentRow, r: &Request) -> c_int {
    let status = match content::not_run(super::PERL, row, r) {
        Some(status) => return status,
        None => content::respond::<PerlLanguage>(Some(row), r, |_| Ok(None), OwnFile(row)),
    };
    match status {
        Some(DECLINED) => response::declined(r),
        status => status.unwrap_or(DECLINED),
    }
}
