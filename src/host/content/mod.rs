//! What answers a request: a row of `config::CONTENT_HANDLERS` says whose it is and what runs; each form of what runs is a file, here
//! where it is the same in all languages.

mod handlers;
mod respond;
mod work;

use std::ffi::c_int;

use config::content::first_letters;
use config::{ContentRow, Form};
use httpd::Request;
use httpd::status::DECLINED;

use super::language::Language;
use super::{end, hint};

pub use respond::{end_walk, respond};
pub use work::{Handlers, Own, Work};

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
