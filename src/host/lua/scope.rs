//! `LuaScope server`: a script's globals live in at most so many states of a process, and whoever runs it is given one of
//! these. mod_lua keeps a pool of states for each such script; here they are states of the server's own pool at which the
//! script is at home, so that others may use them meanwhile.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use config::ScriptScope;
use interp::Inside;
use leases::Terms;
use tipool::ItemId;

use super::super::about::OfRequest;
use super::super::lease::{Hold, Refused, Stock};
use super::super::waiting;
use super::{LUA, script};

/// The states of one stock in which one script is at home.
struct Places {
    stock: usize,
    script: Box<[u8]>,
    /// `None`: somebody is getting a state for this place.
    states: Vec<Option<ItemId>>,
    next: usize,
}

/// Guards the list. Nothing is lent or entered under it.
static PLACES: Mutex<Vec<Places>> = Mutex::new(Vec::new());
/// Notified when a place was filled or given up.
static CHANGED: Condvar = Condvar::new();

/// How long a request waits while all places are being filled by others, before it takes any state.
const PATIENCE: Duration = Duration::from_secs(5);

fn places() -> MutexGuard<'static, Vec<Places>> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Called when a new reading of the configuration begins.
pub fn forget() {
    places().clear();
}

fn known(stock: usize, script: &[u8]) -> Vec<ItemId> {
    let _inside = Inside::new();
    let all = places();
    let of = all.iter().find(|p| p.stock == stock && *p.script == *script);
    of.map(|of| of.states.iter().flatten().copied().collect()).unwrap_or_default()
}

/// What a request does when no state at which the script is at home is idle.
enum Way {
    /// It gets another state, for which there is room.
    New,
    /// It waits for this one.
    Wait(ItemId),
}

fn way(stock: usize, script: &[u8], max: usize) -> Option<Way> {
    let _inside = Inside::new();
    let mut all = places();
    loop {
        let at = match all.iter().position(|p| p.stock == stock && *p.script == *script) {
            Some(at) => at,
            None => {
                all.push(Places { stock, script: script.into(), states: Vec::new(), next: 0 });
                all.len() - 1
            }
        };
        let of = all.get_mut(at)?;
        if of.states.len() < max {
            of.states.push(None);
            return Some(Way::New);
        }
        let there: Vec<ItemId> = of.states.iter().flatten().copied().collect();
        if let Some(id) = there.get(of.next % there.len().max(1)) {
            of.next = of.next.wrapping_add(1);
            return Some(Way::Wait(*id));
        }
        let (again, timeout) = CHANGED.wait_timeout(all, PATIENCE).unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return None;
        }
        all = again;
    }
}

/// Fills the place that [`way`] reserved with `id`, or gives it up.
fn settle(stock: usize, script: &[u8], id: Option<ItemId>) {
    let _inside = Inside::new();
    let mut all = places();
    if let Some(of) = all.iter_mut().find(|p| p.stock == stock && *p.script == *script)
        && let Some(at) = of.states.iter().position(Option::is_none)
    {
        match id {
            Some(id) => of.states[at] = Some(id),
            None => drop(of.states.swap_remove(at)),
        }
    }
    CHANGED.notify_all();
}

fn lose(stock: usize, script: &[u8], id: ItemId) {
    let _inside = Inside::new();
    if let Some(of) = places().iter_mut().find(|p| p.stock == stock && *p.script == *script) {
        of.states.retain(|state| *state != Some(id));
    }
}

/// Has the request hold a state at which the script is at home, for as long as the result lives. `None` where it holds one
/// already, or where there is only one.
///
/// # Errors
/// `Refused` when none came free in time.
#[inline]
pub fn hold(of: &OfRequest<'_>, stock: &Arc<Stock>, script: impl FnOnce() -> Vec<u8>) -> Result<Option<Hold>, Refused> {
    match script::dir_of(LUA.dir(of.r)).script_scope() {
        ScriptScope::Server { max, .. } => hold_home(of, stock, &script(), max),
        _ => Ok(None),
    }
}

fn hold_home(of: &OfRequest<'_>, stock: &Arc<Stock>, script: &[u8], max: u32) -> Result<Option<Hold>, Refused> {
    if script.is_empty() {
        return Ok(None);
    }
    let Some(tipool) = stock.tipool() else { return Ok(None) };
    if of.state.tree().held(stock).is_some() {
        return Ok(None);
    }
    let at = Arc::as_ptr(stock).addr();
    // An idle state, in the order in which they got the script.
    if let Some(hold) = known(at, script).into_iter().find_map(|id| of.state.tree().hold_now(stock, id)) {
        return Ok(Some(hold));
    }
    // Where nothing may be waited for, any state will have to do.
    if leases::is_at_end() {
        return Ok(None);
    }
    loop {
        match way(at, script, max.max(1) as usize) {
            None => return Ok(None),
            Some(Way::New) => {
                let held = new_home(of, stock);
                settle(at, script, held.as_ref().ok().and_then(|hold| hold.id()));
                return held.map(Some);
            }
            Some(Way::Wait(id)) => match of.state.tree().hold(stock, Some(id), || terms(of, stock)) {
                Ok(hold) => return Ok(Some(hold)),
                Err(_) if tipool.homes(id) == 0 => lose(at, script, id),
                Err(refused) => return Err(refused),
            },
        }
    }
}

fn terms(of: &OfRequest<'_>, stock: &Stock) -> Terms {
    waiting::terms(stock, of.r.connection(), Some(of.r))
}

/// Takes any state of the stock and makes it a home.
fn new_home(of: &OfRequest<'_>, stock: &Arc<Stock>) -> Result<Hold, Refused> {
    let hold = of.state.tree().hold(stock, None, || terms(of, stock))?;
    let _ = hold.add_home();
    Ok(hold)
}
