//! How a call about a request or a connection comes to its interpreter: the one that is held or kept already, else one that is lent,
//! and waited for if none is idle.

use std::sync::Arc;

use config::{LeaseScope, Phase};
use httpd::{Connection, Request};

use super::about::About;
use super::connection::ConnectionState;
use super::lang::Lang;
use super::languages::languages;
use super::lease::{Frame, Hold, Refused, Stock};
use super::request::{RequestState, family};
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
    let hold = match ConnectionState::find(lang, connection) {
        None => state.tree().hold(stock, None, || waiting::terms(stock, connection, Some(r)))?,
        Some(c) => match c.kept(stock) {
            Some(hold) => {
                state.tree().share(stock);
                return Ok(hold);
            }
            None => beside(c, r, state, stock)?,
        },
    };
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
    match ConnectionState::find(lang, r.connection()) {
        None => state.tree().hold(stock, None, || waiting::terms(stock, r.connection(), Some(r))),
        Some(c) => c.kept(stock).map_or_else(|| beside(c, r, state, stock), Ok),
    }
}

/// The interpreter for a request of a connection that has a state of ours: the home of the connection, if it has one. Where another
/// request of the connection holds that, or a call of the connection runs, it is shared.
#[inline(never)]
fn beside(c: &ConnectionState, r: &Request, state: &RequestState, stock: &Arc<Stock>) -> Result<Hold, Refused> {
    if c.is_filtered.get() {
        c.note_tree(state.shared_tree());
    }
    let home = c.home(stock);
    let shared = || if home.is_some() { c.held(stock) } else { c.tree.held(stock) };
    if let Some(hold) = state.tree().held(stock) {
        return Ok(hold);
    }
    match shared() {
        Some(hold) => {
            state.tree().share(stock);
            Ok(hold)
        }
        None => state.tree().hold(stock, home, || waiting::terms(stock, r.connection(), Some(r))),
    }
}

/// The interpreter for a call of a connection: the one that a request of it holds, whose end may depend on this call, else one that
/// is lent.
///
/// # Errors
/// `Refused` when none could be had.
pub fn for_connection(c: &Connection, state: &ConnectionState, stock: &Arc<Stock>) -> Result<Hold, Refused> {
    match state.kept(stock).or_else(|| state.held(stock)) {
        Some(hold) => Ok(hold),
        None => state.tree.hold(stock, state.home(stock), || waiting::terms(stock, c, None)),
    }
}

/// Called when a script's filter is put before a connection: from now on the connection's own calls may come while a request of it, in
/// any language, holds an interpreter. Those that run on this thread already are noted.
pub fn filters_begin(c: &Connection) {
    for lang in languages() {
        let Some(state) = ConnectionState::of(lang, c).filter(|state| !state.is_filtered.replace(true)) else {
            continue;
        };
        Frame::find(|frame| {
            if let About::Request(r) = frame.about
                && r.connection() == c
            {
                let states = family(r).filter_map(|r| RequestState::find(lang, r));
                states.for_each(|of| state.note_tree(of.shared_tree()));
            }
            None::<()>
        });
    }
}
