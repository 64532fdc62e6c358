//! `SetHandler modperl`, `perl-script` and `lua`: the handlers that the configuration names for the response phase.

use std::ffi::c_int;

use config::{ContentRow, Phase};
use httpd::Request;
use httpd::status::DECLINED;

use super::super::configured;
use super::super::language::Language;
use super::super::request::RequestState;
use super::{Handlers, end_walk, respond};

/// Runs them.
#[inline(always)]
pub fn run<L: Language>(row: &ContentRow, r: &Request) -> c_int {
    let configured = &*configured::of_request(L::lang(), Phase::Response, r);
    if configured.is_empty() && !RequestState::find(L::lang(), r).is_some_and(|state| state.is_changed(Phase::Response))
    {
        end_walk(L::lang(), r);
        return L::declined(r);
    }
    match respond::<L>(Some(row), r, |_| Ok(None), Handlers(configured)) {
        Some(DECLINED) => L::declined(r),
        Some(status) => status,
        None => DECLINED,
    }
}
