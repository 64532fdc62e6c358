//! A call about a filter, and the data that passes it.

use std::ffi::c_int;

use config::Phase;
use httpd::Filter;
use httpd::log::Level;
use httpd::status::AP_FILTER_ERROR;
use interp::{Entry, Interp, IntoVal, Ticket};

use super::super::call::Call;
use super::super::lang::Lang;
use super::super::lease::{Hold, Refused};
use super::super::request::RequestState;
use super::{About, Args, Topic};

/// A filter, and the request or connection whose data passes it: a call about the filter is about that, too.
#[derive(Clone, Copy)]
pub struct OfFilter<'a, O> {
    /// The filter.
    pub filter: &'a Filter,
    /// Its request or connection.
    pub owner: O,
}

impl<'a, O> Call<'a, O> {
    /// The same call about a filter of the request or connection.
    pub fn of_filter(self, filter: &'a Filter) -> Call<'a, OfFilter<'a, O>> {
        let Call { lang, phase, about: owner, stock } = self;
        Call { lang, phase, about: OfFilter { filter, owner }, stock }
    }
}

impl<'a, O: Copy> Call<'a, OfFilter<'a, O>> {
    fn of_owner(&self) -> Call<'a, O> {
        Call { lang: self.lang, phase: self.phase, about: self.about.owner, stock: self.stock }
    }
}

impl<O: Topic + Copy> Topic for OfFilter<'_, O> {
    fn record(&self) -> About<'_> {
        self.owner.record()
    }

    fn args(&self, _lang: Lang) -> Args {
        Args::One([self.filter.val(self.ticket())])
    }

    fn ticket(&self) -> Ticket {
        self.owner.ticket()
    }

    fn lease(&self, call: &Call<'_, Self>) -> Result<Hold, Refused> {
        self.owner.lease(&call.of_owner())
    }

    fn enter(&self, lang: Lang, call: &Call<'_, Self>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        self.owner.enter(lang, &call.of_owner(), interp, f);
    }

    /// What an output filter was to change is answered as a page without an interpreter. Other data is dropped, and the connection is
    /// closed.
    fn refused(&self, call: &Call<'_, Self>, refused: &Refused) -> c_int {
        if call.phase == Some(Phase::OutputFilter) && self.filter.request().is_some() {
            return self.owner.refused(&call.of_owner(), refused);
        }
        if refused.tell {
            self.record().log(call.lang, Level::Error, refused.text.as_bytes());
        }
        if let Some(c) = self.filter.connection() {
            c.abort();
        }
        AP_FILTER_ERROR
    }

    fn state(&self) -> Option<&RequestState> {
        self.owner.state()
    }
}
