//! What answers a request: a row of `config::CONTENT_HANDLERS` says whose it is and what runs; each form of what runs is a file, here
//! where it is the same in all languages.

mod handlers;

use std::ffi::c_int;

use config::content::first_letters;
use config::{ContentRow, Form, Handler, Phase};
use httpd::Request;
use httpd::status::DECLINED;
use interp::Entry;

use super::about::{OfRequest, Topic};
use super::call::Call;
use super::lang::Lang;
use super::lease::{Hold, Refused};
use super::module::Language;
use super::{end, hint};

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
        Form::Handlers => handlers::run::<L>(row, r),
        Form::File => L::run_file(row, r),
    }
}

/// What answers, within the interpreter.
pub trait Work {
    /// Answers; returns the phase's status.
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int;
}

/// Handlers of the phase.
pub struct Handlers<'a>(pub &'a [Handler]);

impl Work for Handlers<'_> {
    #[inline(always)]
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        call.stack(entry, self.0)
    }
}

/// A language's own code.
pub struct Own<F>(pub F);

impl<F: FnOnce(&OfRequest<'_>, &dyn Entry) -> c_int> Work for Own<F> {
    #[inline(always)]
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        (self.0)(&call.about, entry)
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

/// Ends the walk of a request that will not be answered by us, or has been.
#[inline]
pub fn end_walk(lang: Lang, r: &Request) {
    if let Some(state) = lang.state(r) {
        state.end_walk(r);
    }
}
