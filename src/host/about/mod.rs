//! What a call is about. Each kind of call is one file: it says what its handlers are given, whose interpreter runs them, how the
//! language begins and ends the call, and what becomes of the call when no interpreter came free.

mod connection;
mod filter;
mod job;
mod request;
mod server;

use std::ffi::c_int;
use std::ops::Deref;

use config::Phase;
use httpd::{Connection, Request, Server};
use interp::{Entry, Interp, Ticket, Val};

pub use connection::OfConnection;
pub use job::OfJob;
pub use request::OfRequest;
pub use server::OfServer;

use super::call::Call;
use super::lang::Lang;
use super::lease::{Hold, Refused};
use super::request::RequestState;

/// The request, connection or server that a call is about.
#[derive(Clone, Copy)]
pub enum About<'a> {
    /// A request.
    Request(&'a Request),
    /// A connection.
    Connection(&'a Connection),
    /// A server, while it starts or a child begins or ends.
    Server(&'a Server),
}

impl<'a> About<'a> {
    /// The request whose handlers a call runs, if it runs those of a request.
    pub fn served(&self, phase: Option<Phase>) -> Option<&'a Request> {
        match (self, phase) {
            (About::Request(r), Some(_)) => Some(*r),
            _ => None,
        }
    }
}

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
