//! How a call about a request or a connection comes to its interpreter: the one that is held or kept already, else one that is lent,
//! and waited for if none is idle.

use std::sync::Arc;

use config::{LeaseScope, Phase};
use httpd::{Connection, Request};

use super::connection::ConnectionState;
use super::lang::Lang;
use super::lease::{Hold, Refused, Stock};
use super::request::RequestState;
use super::waiting;

/// The interpreter for a call of a request; begins the request's walk where the scope asks for one.
///
/// # Errors
/// `Refused` when none could be had.
pub fn for_request(
    lang: Lang,
    r: &Request,
    state: &RequestState,
    phase: Option<Phase>,
    stock: &Arc<Stock>,
) -> Result<Hold, Refused> {
    let connection = r.connection();
    let home = match ConnectionState::find(lang, connection) {
        None => None,
        Some(c) => match c.kept(stock) {
            Some(hold) => return Ok(hold),
            None => c.home(stock),
        },
    };
    let hold = state.tree().hold(stock, home, || waiting::terms(stock, connection, Some(r)))?;
    if stock.scope() == LeaseScope::Connection
        && let Some(state) = ConnectionState::of(lang, connection)
    {
        state.keep(stock, &hold);
        return Ok(hold);
    }
    state.begin_walk(r, phase, stock, &hold);
    Ok(hold)
}

/// The interpreter for one call of another module's about a request, which begins no walk.
///
/// # Errors
/// `Refused` when none could be had.
pub fn for_others(lang: Lang, r: &Request, state: &RequestState, stock: &Arc<Stock>) -> Result<Hold, Refused> {
    let connection = r.connection();
    let connection = ConnectionState::find(lang, connection);
    match connection.and_then(|c| c.kept(stock)) {
        Some(hold) => Ok(hold),
        None => {
            let home = connection.and_then(|c| c.home(stock));
            state.tree().hold(stock, home, || waiting::terms(stock, r.connection(), Some(r)))
        }
    }
}

/// The interpreter for a call of a connection.
///
/// # Errors
/// `Refused` when none could be had.
pub fn for_connection(c: &Connection, state: &ConnectionState, stock: &Arc<Stock>) -> Result<Hold, Refused> {
    state.tree.hold(stock, state.home(stock), || waiting::terms(stock, c, None))
}
