//! A kind of call, and what it says of itself.

use std::ffi::c_int;
use std::ops::Deref;

use interp::{Entry, Interp, Ticket, Val};

use super::super::call::Call;
use super::super::lang::Lang;
use super::super::lease::{Hold, Refused};
use super::super::request::RequestState;
use super::About;

/// A kind of call: what the call is about, with its state.
pub trait Topic: Sized {
    /// The record of httpd's that code within the call finds as its own.
    fn record(&self) -> About<'_>;

    /// The ticket of objects that belong to what the call is about, in the interpreter that runs.
    fn ticket(&self) -> Ticket;

    /// The arguments of the call's handlers, made for the interpreter that runs.
    fn args(&self, lang: Lang) -> Args;

    /// The interpreter for the call: the one this thread is in, where that is allowed, else one that is lent for it.
    ///
    /// # Errors
    /// `Refused` when none could be had.
    fn lease(&self, call: &Call<'_, Self>) -> Result<Hold, Refused>;

    /// Runs `f` in the interpreter, with what the language, which is the call's, does before and after such a call.
    fn enter(&self, lang: Lang, call: &Call<'_, Self>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry));

    /// Called within [`Topic::enter`] before the handlers of a phase.
    #[inline(always)]
    fn before_handlers(&self, lang: Lang, entry: &dyn Entry) {
        let _ = (lang, entry);
    }

    /// No interpreter came free: tells the log, and returns the status of the phase.
    fn refused(&self, call: &Call<'_, Self>, refused: &Refused) -> c_int;

    /// The state of the request, where the call is about one: a script may have changed the request's handlers.
    #[inline(always)]
    fn state(&self) -> Option<&RequestState> {
        None
    }
}

/// The arguments of handlers.
pub enum Args {
    /// The request, connection or filter.
    One([Val; 1]),
    /// Another number of them.
    Many(Vec<Val>),
}

impl Deref for Args {
    type Target = [Val];

    #[inline(always)]
    fn deref(&self) -> &[Val] {
        match self {
            Args::One(one) => one,
            Args::Many(many) => many,
        }
    }
}
