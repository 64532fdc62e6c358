//! Values that scripts keep with requests, connections and filters.

use api::Notes;
use httpd::{Connection, Filter, Request};
use interp::{Bag, Result};

use super::{HostRuntime, NO_STATE, hold, state};
use crate::host::connection::ConnectionState;
use crate::host::lease::Frame;

impl Notes for HostRuntime {
    fn of_request(&self, r: &Request, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()> {
        let state = state(r)?;
        state.pin(r, &hold()?);
        f(&mut state.extras().pnotes.borrow_mut());
        Ok(())
    }

    fn of_connection(&self, c: &Connection, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()> {
        f(&mut settled(c)?.pnotes.borrow_mut());
        Ok(())
    }

    fn of_filter(&self, filter: &Filter, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()> {
        let key = filter.as_ptr().addr();
        if let Some(r) = filter.request() {
            let state = state(r)?;
            state.pin_for_filter(r, key, &hold()?);
            f(state.extras().filters.borrow_mut().entry(key).or_default());
            return Ok(());
        }
        let c = filter.connection().ok_or(NO_STATE)?;
        f(settled(c)?.filters.borrow_mut().entry(key).or_default());
        Ok(())
    }
}

/// The state of a connection, with the running interpreter noted as the one that keeps the connection's values from now on.
pub(super) fn settled(c: &Connection) -> Result<&ConnectionState> {
    let (stock, hold) = Frame::find(|f| Some((f.stock.clone(), f.hold.clone()))).ok_or(NO_STATE)?;
    let state = ConnectionState::of(stock.lang, c).ok_or(NO_STATE)?;
    state.settle(&stock, &hold);
    Ok(state)
}
