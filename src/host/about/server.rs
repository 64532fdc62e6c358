//! A call about a server: start-up code, the phases of the start and of a child process. It runs in the parent.

use std::ffi::c_int;
use std::sync::Arc;

use apr::Pool;
use httpd::Server;
use httpd::status::HTTP_INTERNAL_SERVER_ERROR;
use interp::{Entry, Interp, IntoVal, Ticket};

use super::super::call::Call;
use super::super::lang::Lang;
use super::super::lease::{Hold, Refused, Stock};
use super::super::pool_ticket::pool_ticket;
use super::super::report;
use super::{About, Args, Topic};

/// A server, and the pools of the pass or of the child.
#[derive(Clone, Copy)]
pub struct OfServer<'a> {
    /// The server.
    pub s: &'a Server,
    /// The pools that its handlers are given, before the server.
    pub pools: &'a [&'a Pool],
}

impl Topic for OfServer<'_> {
    fn record(&self) -> About<'_> {
        About::Server(self.s)
    }

    fn ticket(&self) -> Ticket {
        Ticket::FOREVER
    }

    fn args(&self, lang: Lang) -> Args {
        let pools = self.pools.iter().map(|p| p.val(pool_ticket(lang, p)));
        Args::Many(pools.chain([self.s.val(Ticket::FOREVER)]).collect())
    }

    fn lease(&self, call: &Call<'_, Self>) -> Result<Hold, Refused> {
        Ok(call.stock.hold_parent())
    }

    fn enter(&self, _lang: Lang, _call: &Call<'_, Self>, interp: &dyn Interp, f: &mut dyn FnMut(&dyn Entry)) {
        interp.with(f);
    }

    fn refused(&self, call: &Call<'_, Self>, refused: &Refused) -> c_int {
        report::server(call.lang, Some(self.s), httpd::log::Level::Error, &refused.text);
        HTTP_INTERNAL_SERVER_ERROR
    }
}

/// Runs `f` in the parent of a stock, about a server.
pub fn in_parent<R>(s: &Server, stock: &Arc<Stock>, f: impl FnOnce(&dyn Entry) -> R) -> R {
    let call = Call { lang: stock.lang, phase: None, about: OfServer { s, pools: &[] }, stock };
    match call.run(f) {
        Ok(result) => result,
        Err(_) => unreachable!("a parent runs what it is given"),
    }
}
