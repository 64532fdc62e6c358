//! What answers a request: a row of `config::CONTENT_HANDLERS` says whose it is and what runs; each form of what runs is a file, here
//! where it is the same in all languages.

mod file;
mod handlers;
mod status;
mod work;

use std::ffi::c_int;

use apr::Reenter;
use config::content::first_letters;
use config::{ContentRow, Form, Phase};
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR};
use httpd::{NotRead, Request};

use super::about::{OfRequest, Topic};
use super::call::Call;
use super::lang::Lang;
use super::language::Language;
use super::lease::{Hold, Refused};
use super::request::RequestState;
use super::{end, hint, report};

pub use file::not_run;
use handlers::Handlers;
pub use work::{Own, Work};

/// The content handler of this language that a request asks for.
#[inline(always)]
pub fn of<L: Language>(r: &Request) -> Option<&'static ContentRow> {
    if is_foreign::<L>(r) { None } else { r.content_handler(L::FACTS.tongue) }
}

/// Whether a request asks for no content handler of this language, judged by the first letter of the name.
#[inline(always)]
pub fn is_foreign<L: Language>(r: &Request) -> bool {
    !r.handler_begins_with(const { first_letters(L::FACTS.tongue) })
}

/// Whether the configuration or a script names handlers of the response for a request.
pub fn has_handlers(lang: Lang, r: &Request) -> bool {
    handlers::of(lang, r).is_some()
}

/// The first callback of the response phase, before those of all other modules. It only ends the walk if another module's handler is
/// about to run: an access handler in front of a proxy must not hold an interpreter while the proxy works. `claims` says whether the
/// language may answer though the request asks for no content handler.
pub fn look<L: Language>(r: &Request, claims: bool) -> c_int {
    if let Some(page_of) = r.prev() {
        hint::unreached(L::lang(), page_of);
    }
    if !claims && of::<L>(r).is_none() {
        // The walks of the requests that it came from by an internal redirect end too: this may be their error page.
        std::iter::successors(Some(r), |r| r.prev()).for_each(|r| end_walk(L::lang(), r));
    }
    end::before_upgrade(L::lang(), r);
    DECLINED
}

/// Answers a request, if it asks for a content handler of this language.
#[inline(always)]
pub fn run<L: Language>(r: &Request) -> c_int {
    let Some(row) = of::<L>(r) else { return DECLINED };
    match row.form {
        Form::Handlers => {
            let Some(handlers) = handlers::of(L::lang(), r) else {
                end_walk(L::lang(), r);
                return L::declined(r);
            };
            match respond::<L>(Some(row), r, |_| Ok(None), Handlers(&handlers)) {
                Some(DECLINED) => L::declined(r),
                status => status.unwrap_or(DECLINED),
            }
        }
        Form::File | Form::Page => L::run_file(row, r),
        Form::Status | Form::Metrics => status::answer(L::lang(), row, r),
    }
}

/// Enters an interpreter, answers there, and ends the request's walk; `None` where the language is switched off. `hold` may choose the
/// interpreter before.
#[inline(always)]
pub fn respond<L: Language>(
    row: Option<&ContentRow>,
    r: &Request,
    hold: impl FnOnce(&Call<'_, OfRequest<'_>>) -> Result<Option<Hold>, Refused>,
    work: impl Work,
) -> Option<c_int> {
    let Some(call) = Call::of_request(L::lang(), Phase::Response, r) else {
        end_walk(L::lang(), r);
        return None;
    };
    if call.about.server.conf.reads_ahead()
        && let Err(status) = read_ahead(&call)
    {
        return Some(status);
    }
    let done = match hold(&call) {
        Ok(_hold) => call.run(|entry| L::answer(row, &call, entry, work)),
        Err(refused) => Err(refused),
    };
    let status = match done {
        Ok(status) => status,
        Err(refused) => call.about.refused(&call, &refused),
    };
    call.about.state.end_walk(r);
    Some(status)
}

/// Reads the body of a request before it has an interpreter. One that it has from an earlier phase goes back meanwhile.
#[cold]
#[inline(never)]
fn read_ahead(call: &Call<'_, OfRequest<'_>>) -> Result<(), c_int> {
    let (r, state) = (call.about.r, call.about.state);
    if !r.may_have_body() {
        return Ok(());
    }
    state.end_walk(r);
    // SAFETY: in the response phase, outside of any interpreter: nothing is lent here.
    let read = r.read_ahead(unsafe { Reenter::assume() });
    read.map_err(|not_read| match not_read {
        NotRead::Refused(status) => status,
        NotRead::NoRoom(why) => {
            let text = format!("{}ClassReadAhead: the body cannot be kept: {why}", call.lang.facts.tongue.name());
            report::request(call.lang, r, Level::Error, &text);
            HTTP_INTERNAL_SERVER_ERROR
        }
    })
}

/// Ends the walk of a request that will not be answered by us, or has been.
#[inline]
pub fn end_walk(lang: Lang, r: &Request) {
    if let Some(state) = RequestState::find(lang, r) {
        state.end_walk(r);
    }
}
