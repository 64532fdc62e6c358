//! Whoever finds no interpreter idle: what they have, what of it goes back before they wait, and on which terms they wait then. The crate
//! `waiting-rules` has the decisions; this file carries them out, on what the floor above says of whoever asks.

use std::sync::Arc;

use smallvec::SmallVec;
use tipool::Worker;
use waiting_rules::{Held, Rank, before_wait};

use crate::waiting::draining;
use crate::{Above, Frame, Stock, Terms, Tree, is_at_end};

/// Whoever needs an interpreter, as the floor above knows them.
pub trait Asking<L: Above> {
    /// Shows `f` the trees to which they belong, of every language, each once.
    fn trees(&self, f: &mut dyn FnMut(&Tree<L>));

    /// Shows `f` the stocks of what else is held for them and must stay.
    fn stocks(&self, f: &mut dyn FnMut(&Stock<L>));

    /// How many workers there are, if the one who asks is one of them.
    fn workers(&self) -> Option<usize>;
}

/// Called when no interpreter of `stock` is idle: gives back the interpreters that must not be held during a wait, and returns the terms
/// of the wait.
#[cold]
#[inline(never)]
pub fn terms<L: Above>(stock: &Stock<L>, asking: &impl Asking<L>) -> Terms {
    if is_at_end() {
        let nested = Frame::<L>::find(|frame| frame.hold.is_last().then_some(())).is_some();
        return Terms::AtEnd { nested };
    }
    let before = before_wait(held(asking), stock.rank);
    if before.gives_back {
        asking.trees(&mut |tree| tree.give_way(stock.rank));
    }
    let worker = asking.workers().map(|of| Worker { of, draining: draining() > 0 });
    let keeps = if before.is_short { kept(asking, stock.rank) } else { None };
    Terms::Waits { keeps, worker }
}

/// The leases of their trees, what else is held for them, and those of the calls around this one.
fn held<L: Above>(asking: &impl Asking<L>) -> SmallVec<[Held; 4]> {
    let pinned = |rank: Rank| Held { rank, is_pinned: true };
    let mut held = SmallVec::new();
    asking.trees(&mut |tree| held.extend(tree.leases()));
    asking.stocks(&mut |stock| held.push(pinned(stock.rank)));
    Frame::<L>::find(|frame| {
        held.push(pinned(frame.stock.rank));
        None::<()>
    });
    held
}

/// The name of what they keep, against the order, while they wait for an interpreter of rank `wanted`.
fn kept<L: Above>(asking: &impl Asking<L>, wanted: Rank) -> Option<Arc<str>> {
    let mut name = None;
    let mut see = |stock: &Stock<L>| {
        if stock.rank >= wanted {
            name.get_or_insert_with(|| stock.server.clone());
        }
    };
    Frame::<L>::find(|frame| {
        see(frame.stock);
        None::<()>
    });
    asking.trees(&mut |tree| tree.pinned().iter().for_each(|stock| see(stock)));
    asking.stocks(&mut see);
    name
}
