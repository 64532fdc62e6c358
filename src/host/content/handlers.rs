//! `SetHandler modperl`, `perl-script` and `lua`: the handlers that the configuration names for the response phase.

use std::ffi::c_int;

use config::{Handler, Phase};
use httpd::Request;
use interp::Entry;

use super::super::about::OfRequest;
use super::super::call::Call;
use super::super::configured::{self, Configured};
use super::super::lang::Lang;
use super::super::request::RequestState;
use super::Work;

/// Those that hold for a request; `None` if there are none and no script has pushed any.
#[inline(always)]
pub fn of(lang: Lang, r: &Request) -> Option<Configured<'_>> {
    let configured = configured::of_request(lang, Phase::Response, r);
    let is_changed = || RequestState::find(lang, r).is_some_and(|state| state.is_changed(Phase::Response));
    (!configured.is_empty() || is_changed()).then_some(configured)
}

/// Handlers of the phase.
pub struct Handlers<'a>(pub &'a [Handler]);

impl Work for Handlers<'_> {
    #[inline(always)]
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        call.stack(entry, self.0)
    }
}
