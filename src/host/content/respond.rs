//! An answer from begin to end: the interpreter, the work in it, and the end of the request's walk.

use std::ffi::c_int;

use config::{ContentRow, Phase};
use httpd::Request;

use super::super::about::{OfRequest, Topic};
use super::super::call::Call;
use super::super::lang::Lang;
use super::super::language::Language;
use super::super::lease::{Hold, Refused};
use super::super::request::RequestState;
use super::Work;

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
    if let Some(state) = RequestState::find(lang, r) {
        state.end_walk(r);
    }
}
