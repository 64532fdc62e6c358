//! A call about what a script left to be done later: a cleanup on a pool. The script's interpreter was kept for it.

use std::ffi::c_int;

use httpd::status::DECLINED;
use interp::{Entry, Interp, Ticket};

use super::super::call::Call;
use super::super::lang::Lang;
use super::super::lease::{Hold, Refused};
use super::super::report;
use super::{About, Args, Topic};

/// A job, and the interpreter that holds its code.
#[derive(Clone, Copy)]
pub struct OfJob<'a> {
    /// The record of httpd's that the job's code finds as its own.
    pub subject: About<'a>,
    /// The interpreter.
    pub hold: &'a Hold,
}

impl Topic for OfJob<'_> {
    fn record(&self) -> About<'_> {
        self.subject
    }

    fn ticket(&self) -> Ticket {
        Ticket::GONE
    }

    fn args(&self, _lang: Lang) -> Args {
        Args::Many(Vec::new())
    }

    fn lease(&self, _call: &Call<'_, Self>) -> Result<Hold, Refused> {
        Ok(self.hold.clone())
    }

    fn enter(&self, lang: Lang, _call: &Call<'_, Self>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        lang.serve(interp, f);
    }

    fn refused(&self, call: &Call<'_, Self>, refused: &Refused) -> c_int {
        report::warn(call.lang, &refused.text);
        DECLINED
    }
}
