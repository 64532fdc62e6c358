//! A call about a connection.

use std::ffi::c_int;

use config::{LeaseScope, Phase};
use httpd::Connection;
use httpd::log::Level;
use httpd::status::{HTTP_SERVICE_UNAVAILABLE, OK};
use interp::{Entry, Interp, IntoVal, Ticket};

use super::super::call::Call;
use super::super::connection::ConnectionState;
use super::super::lang::Lang;
use super::super::lease::{Frame, Hold, Refused};
use super::super::{holding, report};
use super::{About, Args, Topic};

/// A connection, and what we keep of it.
#[derive(Clone, Copy)]
pub struct OfConnection<'a> {
    /// The connection.
    pub c: &'a Connection,
    /// Our state of it.
    pub state: &'a ConnectionState,
}

impl Topic for OfConnection<'_> {
    fn record(&self) -> About<'_> {
        About::Connection(self.c)
    }

    fn ticket(&self) -> Ticket {
        self.state.ticket
    }

    fn args(&self, _lang: Lang) -> Args {
        Args::One([self.c.val(self.ticket())])
    }

    fn lease(&self, call: &Call<'_, Self>) -> Result<Hold, Refused> {
        let hold =
            Frame::inside(call.stock).map_or_else(|| holding::for_connection(self.c, self.state, call.stock), Ok)?;
        if call.stock.scope() == LeaseScope::Connection {
            self.state.keep(call.stock, &hold);
        }
        Ok(hold)
    }

    fn enter(&self, lang: Lang, _call: &Call<'_, Self>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        lang.serve(interp, f);
    }

    /// The connection is closed.
    fn refused(&self, call: &Call<'_, Self>, refused: &Refused) -> c_int {
        if refused.tell {
            report::connection(call.lang, self.c, Level::Error, &refused.text);
        }
        self.c.abort();
        if call.phase == Some(Phase::ProcessConnection) { OK } else { HTTP_SERVICE_UNAVAILABLE }
    }
}
