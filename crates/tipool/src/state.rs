//! The state that the lock guards: the items, who has which, who waits. No function here waits, takes a lock, or calls anything
//! of the owner's; what must happen outside the lock is left in `waiters.wake`, `ring` and `doomed`, and
//! `Shared::unlock` does it.
//!
//! Kept true by every function:
//! - as long as an item is in the idle list, nobody waits for any item (so a newcomer overtakes nobody), nor for that
//!   one;
//! - `live + creating` is at most `max`, one more while the keeper replaces an item, and one more with the reserve;
//! - without a keeper nobody waits for any item while there is room to make one.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use waiting_rules::AtEnd;

use crate::ItemId;
use crate::keeper::Pace;
use crate::limits::Limits;
use crate::manage::Late;
use crate::stats::{ItemNumbers, ItemSeen, Stats};
use crate::waiters::{Crowd, Fits, Grant, Waiters, Want};

pub(crate) struct State<I> {
    pub(crate) limits: Limits,
    /// Items at once, without the reserve: what the limits say, unless several tipools share that number.
    pub(crate) max: usize,
    pub(crate) stats: Arc<Stats>,
    /// Where others see the items, each at its slot's place.
    seen: &'static [ItemNumbers],
    pub(crate) slots: Vec<Slot<I>>,
    free: Vec<usize>,
    /// Slots whose item anybody may have, the last used at the end.
    pub(crate) idle: Vec<usize>,
    pub(crate) waiters: Waiters,
    /// Items to be destroyed once the lock is released.
    pub(crate) doomed: Vec<I>,
    /// The keeper is to be woken once the lock is released.
    pub(crate) ring: bool,
    /// The statistics are to be told of more than a checkout.
    pub(crate) news: bool,
    /// Items that count towards `max`.
    pub(crate) live: usize,
    /// Items that are draining.
    draining: usize,
    /// Lent items by whose hands they are in, in the order of [`Hands`].
    in_hands: [usize; 4],
    /// There is one item more than `max`, for those who may not wait.
    reserve: bool,
    tending: usize,
    pub(crate) creating: usize,
    /// Counts the times an item was given back: orders the idle list.
    returns: u64,
    /// The smallest number of idle items since the keeper last set this.
    pub(crate) idle_low: usize,
    pub(crate) keeper: bool,
    pub(crate) closed: Option<Late>,
    /// The keeper's own notes.
    pub(crate) pace: Pace,
}

pub(crate) struct Slot<I> {
    /// `None`: the slot is free.
    pub(crate) id: Option<ItemId>,
    /// `None`: it is in somebody's hands.
    pub(crate) item: Option<I>,
    pub(crate) place: Place,
    /// To whom the item is lent, while it is lent.
    pub(crate) hands: Hands,
    /// When it was last given back, on the scale of `State::returns`; 0: never used.
    pub(crate) returned: u64,
    pub(crate) uses: u64,
    pub(crate) born: Instant,
    pub(crate) homes: usize,
    /// The limit it has reached.
    pub(crate) past: Option<Past>,
    /// Whether its successor is there.
    pub(crate) superseded: bool,
    /// Whether it lives on for its homes only, and does not count towards `max`.
    pub(crate) draining: bool,
    /// `returned` when the keeper first saw it idle, and when that was.
    pub(crate) seen_idle: Option<(u64, Instant)>,
    pub(crate) tended: Option<Instant>,
    /// Whether the keeper is to tend it as soon as it is idle.
    pub(crate) tend_soon: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Free,
    Idle,
    Lent,
    /// In the keeper's hands.
    Tended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    Uses,
    Age,
}

/// Who has a lent item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    /// An ordinary lease, of which there are `max` at most.
    Ordinary,
    /// A lease of an item whose successor came meanwhile. Beside one of these there may be `max` ordinary ones; any more of them
    /// count as ordinary, so that with the reserve there are never more than `max + 2` items.
    Beside,
    /// A lease of an item that drains, by one who is at home in it.
    Home,
    /// A lease of a caller who may not wait, and who waits for nothing meanwhile.
    End,
}

/// An item taken out of its slot.
pub(crate) struct Taken<I> {
    pub(crate) at: usize,
    pub(crate) id: ItemId,
    pub(crate) item: I,
    /// Uses so far, this one included.
    pub(crate) uses: u64,
    /// Whether it was taken by a caller who may not wait, and who waits for nothing meanwhile.
    pub(crate) is_last: bool,
}

/// What a caller is told who finds no idle item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Make your own: counted as being made already.
    Make,
    Wait,
    /// All items are with callers who may not wait, and this caller may not wait for them.
    Skip,
    Gone,
    Closed,
}

/// How an item comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    Used(u64),
    Tended,
}

impl<I> State<I> {
    pub(crate) fn new(limits: Limits, stats: Arc<Stats>, crowd: Crowd) -> Self {
        State {
            limits,
            max: if limits.is_shared { 0 } else { limits.max },
            stats,
            seen: &[],
            slots: Vec::with_capacity(limits.max.min(1024) + 1),
            free: Vec::new(),
            idle: Vec::with_capacity(limits.max.min(1024) + 1),
            waiters: Waiters::new(crowd),
            doomed: Vec::new(),
            ring: false,
            news: false,
            live: 0,
            draining: 0,
            in_hands: [0; 4],
            reserve: false,
            tending: 0,
            creating: 0,
            returns: 0,
            idle_low: 0,
            keeper: false,
            closed: None,
            pace: Pace::default(),
        }
    }

    /// Shows the items there.
    pub(crate) fn tell(&mut self, seen: &'static [ItemNumbers]) {
        self.seen = seen;
        seen.iter().for_each(ItemNumbers::begin);
        (0..self.slots.len()).for_each(|at| self.show(at));
    }

    /// Lets others see what is in a slot.
    fn show(&self, at: usize) {
        let (Some(seen), Some(slot)) = (self.seen.get(at), self.slots.get(at)) else { return };
        match slot.id {
            None => seen.begin(),
            Some(id) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let born = now.saturating_sub(slot.born.elapsed()).as_micros();
                let is_lent = slot.place == Place::Lent;
                let born = u64::try_from(born).unwrap_or(u64::MAX);
                seen.is(ItemSeen { serial: id.serial(), uses: slot.uses, born, lends: seen.lends(), is_lent });
            }
        }
    }

    /// The slot of this item, if it is still there.
    pub(crate) fn find(&self, id: ItemId) -> Option<usize> {
        let at = id.slot();
        (self.slots.get(at)?.id == Some(id)).then_some(at)
    }

    pub(crate) fn has_room(&self) -> bool {
        self.live + self.creating < self.max
    }

    pub(crate) fn lent(&self) -> usize {
        self.in_hands.iter().sum()
    }

    /// Items at once, the reserve included.
    pub(crate) fn most(&self) -> usize {
        self.max + usize::from(self.reserve)
    }

    /// Whether an ordinary checkout may have an item.
    #[inline]
    fn may_take(&self) -> bool {
        waiting_rules::may_take(self.ordinary(), self.max)
    }

    #[inline]
    fn in_hands(&self, hands: Hands) -> usize {
        self.in_hands[hands as usize]
    }

    /// Lent items that count towards the `max` of ordinary checkouts.
    #[inline]
    pub(crate) fn ordinary(&self) -> usize {
        self.in_hands(Hands::Ordinary) + self.in_hands(Hands::Beside).saturating_sub(1)
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn has_reserve(&self) -> bool {
        self.reserve
    }

    /// Whether a caller who may not wait makes the reserve. It does not while an item is with somebody who waits for nothing (the
    /// keeper, or whoever makes an item, included), since that item comes back.
    fn at_end(&self, nested: bool) -> AtEnd {
        waiting_rules::at_end(false, self.in_hands(Hands::End) + self.tending + self.creating, nested)
    }

    /// What a caller has to do for whom [`State::take`] found nothing.
    pub(crate) fn none_idle(&mut self, want: Want, nested: bool) -> Answer {
        match want {
            _ if self.closed.is_some() => Answer::Closed,
            Want::Last => match self.at_end(nested) {
                AtEnd::Take | AtEnd::First => Answer::Wait,
                AtEnd::Skip => Answer::Skip,
                AtEnd::Reserve => {
                    self.creating += 1;
                    self.news = true;
                    Answer::Make
                }
            },
            Want::Only(id) if self.find(id).is_none() => Answer::Gone,
            Want::Any if !self.keeper && self.has_room() => {
                self.creating += 1;
                self.news = true;
                Answer::Make
            }
            _ => Answer::Wait,
        }
    }

    /// An idle item as wanted: the preferred one, or among those with fewest homes the last used.
    pub(crate) fn take(&mut self, want: Want, preferred: Option<ItemId>) -> Option<Taken<I>> {
        let at = match want {
            Want::Only(id) => self.find(id).filter(|at| self.is_free(*at))?,
            Want::Any if !self.may_take() => return None,
            Want::Any | Want::Last => {
                let preferred = preferred
                    .and_then(|id| self.find(id))
                    .filter(|at| self.slots.get(*at).is_some_and(|slot| slot.place == Place::Idle && !slot.draining));
                match preferred {
                    Some(at) => at,
                    None => self.best_idle()?,
                }
            }
        };
        self.leave_idle(at);
        self.idle_low = self.idle_low.min(self.idle.len());
        if self.idle.is_empty() && self.keeper && self.limits.min_spare > 0 && self.has_room() {
            self.ring = true;
        }
        self.lend(at, want);
        self.pick_up(at)
    }

    /// Takes an item already counted as lent out of its slot: what a waiter does with `Grant::Item`.
    pub(crate) fn pick_up(&mut self, at: usize) -> Option<Taken<I>> {
        let slot = self.slots.get_mut(at)?;
        let (id, item) = (slot.id?, slot.item.take()?);
        self.stats.checkouts.add(1);
        Some(Taken { at, id, item, uses: slot.uses + 1, is_last: slot.hands == Hands::End })
    }

    /// Notes that the keeper is to tend this item: now if it is idle, else when it comes back.
    pub(crate) fn tend_soon(&mut self, id: ItemId) {
        let Some(slot) = self.find(id).and_then(|at| self.slots.get_mut(at)) else { return };
        match slot.place {
            Place::Idle => {
                slot.tended = None;
                self.ring |= self.keeper;
            }
            _ => slot.tend_soon = true,
        }
    }

    /// Takes an idle item, draining or not, out for the keeper's housekeeping.
    pub(crate) fn take_to_tend(&mut self, id: ItemId) -> Option<Taken<I>> {
        let at = self.find(id).filter(|at| self.is_idle(*at))?;
        self.leave_idle(at);
        let slot = self.slots.get_mut(at)?;
        let item = slot.item.take()?;
        slot.place = Place::Tended;
        self.tending += 1;
        Some(Taken { at, id, item, uses: slot.uses, is_last: false })
    }

    /// A lease ends. `broken`: the item is not to be used again.
    pub(crate) fn give_back(&mut self, at: usize, item: I, back: Back, broken: bool) {
        let returns = self.returns + 1;
        let max_uses = self.limits.max_uses;
        let (is_shared, has_too_many) = (self.limits.is_shared, self.has_too_many());
        let Some(slot) = self.slots.get_mut(at) else { return self.doomed.push(item) };
        let Some(id) = slot.id else { return self.doomed.push(item) };
        match back {
            Back::Tended => self.tending -= 1,
            Back::Used(uses) => {
                self.in_hands[slot.hands as usize] -= 1;
                self.returns = returns;
                slot.returned = returns;
                slot.uses = uses;
                if let Some(seen) = self.seen.get(at) {
                    seen.back(uses);
                }
                if max_uses > 0 && uses >= max_uses && slot.past.is_none() {
                    slot.past = Some(Past::Uses);
                    self.ring |= self.keeper;
                }
            }
        }
        if self.closed == Some(Late::Abandon) {
            self.stats.abandoned.add(1);
            self.remove(at);
            return std::mem::forget(item);
        }
        let is_over = slot.homes == 0 && (has_too_many || is_shared && slot.past.is_some());
        if broken || is_over || self.closed.is_some() {
            self.stats.retired_broken.add(u64::from(broken));
            self.remove(at);
            return self.doomed.push(item);
        }
        let starts_draining = slot.superseded && !slot.draining;
        slot.draining |= slot.superseded;
        slot.item = Some(item);
        if std::mem::take(&mut slot.tend_soon) {
            slot.tended = None;
            self.ring |= self.keeper;
        }
        let draining = slot.draining;
        if starts_draining {
            self.news = true;
            self.live -= 1;
            self.draining += 1;
        }
        let may_take = self.may_take();
        let fits = Fits { only: draining || may_take, any: !draining && may_take, last: !draining };
        match self.waiters.serve(id, fits, Grant::Item(at)) {
            Some(want) => self.lend(at, want),
            None => self.settle(at),
        }
        if starts_draining {
            self.less_live();
            self.offer_room();
        }
        self.hand_out();
    }

    /// Called when leases have changed: gives idle items to those who wait, and lets a caller who may not wait make its own item if no
    /// item will come back for it.
    #[inline]
    fn hand_out(&mut self) {
        if self.waiters.len() > 0 {
            self.hand_out_to_waiters();
        }
    }

    #[cold]
    fn hand_out_to_waiters(&mut self) {
        self.make_reserve();
        while !self.idle.is_empty() && self.closed.is_none() && self.may_take() {
            let free = |want| match want {
                Want::Only(id) => self.find(id).filter(|at| self.is_free(*at)),
                Want::Any | Want::Last => self.best_idle(),
            };
            let Some((want, at)) = self.waiters.wants().find_map(|want| Some((want, free(want)?))) else { return };
            self.waiters.serve_first(want, Grant::Item(at));
            self.leave_idle(at);
            self.lend(at, want);
        }
    }

    fn make_reserve(&mut self) {
        if self.waiters.last() > 0 && self.at_end(false) == AtEnd::Reserve && self.waiters.serve_last(Grant::Create) {
            self.creating += 1;
            self.news = true;
        }
    }

    /// Called when an item no longer counts: notes whether there is still one more than `max`.
    fn less_live(&mut self) {
        self.reserve &= self.live + self.creating > self.max;
    }

    /// Puts an item in that was counted as being made: to the first who waits, or below the idle ones that were used
    /// already (they are warmer). With `lend`, it is the caller's. `None`: the tipool was closed meanwhile.
    pub(crate) fn made(&mut self, item: I, lend: Option<Want>) -> Option<usize> {
        self.creating -= 1;
        self.news = true;
        self.stats.created.add(1);
        if self.closed.is_some() {
            self.doomed.push(item);
            return None;
        }
        let at = self.free.pop().unwrap_or(self.slots.len());
        let id = ItemId::next(at);
        let slot = Slot {
            id: Some(id),
            item: Some(item),
            place: Place::Idle,
            hands: Hands::Ordinary,
            returned: 0,
            uses: 0,
            born: Instant::now(),
            homes: 0,
            past: None,
            superseded: false,
            draining: false,
            seen_idle: None,
            tended: None,
            tend_soon: false,
        };
        match self.slots.get_mut(at) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        self.show(at);
        self.live += 1;
        self.reserve |= lend == Some(Want::Last) && self.live > self.max;
        let fits = Fits { only: false, any: self.may_take(), last: true };
        match lend.or_else(|| self.waiters.serve(id, fits, Grant::Item(at))) {
            Some(want) => self.lend(at, want),
            None => self.settle(at),
        }
        self.doom_surplus();
        self.hand_out();
        Some(at)
    }

    /// Called when an item that was counted as being made could not be made.
    pub(crate) fn not_made(&mut self) {
        self.creating -= 1;
        self.news = true;
        self.less_live();
        self.offer_room();
    }

    /// Somebody has an item replaced who does not have it.
    pub(crate) fn renew(&mut self, id: ItemId) {
        let slot = self.find(id).and_then(|at| self.slots.get(at));
        if slot.is_some_and(|slot| !slot.superseded && slot.past.is_none()) {
            self.stats.renewed.add(1);
        }
        self.supersede(id);
    }

    /// Called when an item's successor is there: the item is destroyed as soon as nobody has it, or drains if it has homes.
    pub(crate) fn supersede(&mut self, id: ItemId) {
        let Some(at) = self.find(id) else { return };
        let Some(slot) = self.slots.get_mut(at) else { return };
        match slot.past {
            _ if slot.superseded => return,
            Some(Past::Age) => self.stats.retired_by_age.add(1),
            Some(Past::Uses) => self.stats.retired_by_uses.add(1),
            None => {}
        }
        slot.superseded = true;
        self.news = true;
        if slot.place == Place::Lent && slot.hands == Hands::Ordinary {
            slot.hands = Hands::Beside;
            self.in_hands[Hands::Ordinary as usize] -= 1;
            self.in_hands[Hands::Beside as usize] += 1;
            self.hand_out();
        } else if slot.place == Place::Idle {
            slot.draining = true;
            self.idle.retain(|idle| *idle != at);
            self.live -= 1;
            self.draining += 1;
            self.less_live();
            // Somebody at home in this item may have waited because others had it.
            match self.waiters.serve(id, Fits::ONLY, Grant::Item(at)) {
                Some(want) => self.lend(at, want),
                None => self.settle(at),
            }
            self.offer_room();
        }
    }

    /// Destroys an idle item.
    pub(crate) fn doom(&mut self, at: usize) {
        self.leave_idle(at);
        if let Some(item) = self.slots.get_mut(at).and_then(|slot| slot.item.take()) {
            self.doomed.push(item);
        }
        self.remove(at);
    }

    /// Ends a home; a draining item ends with its last home.
    pub(crate) fn drop_home(&mut self, id: ItemId) {
        let Some(at) = self.find(id) else { return };
        let Some(slot) = self.slots.get_mut(at) else { return };
        slot.homes = slot.homes.saturating_sub(1);
        // The one who was at home may have left something in the item: the keeper tends it at once.
        slot.tended = None;
        self.ring |= self.keeper && slot.place == Place::Idle;
        if slot.homes == 0 && slot.draining && slot.place == Place::Idle {
            self.doom(at);
        }
        self.doom_surplus();
    }

    /// Has items made for those who wait: by the keeper, or without one by themselves.
    pub(crate) fn offer_room(&mut self) {
        if self.closed.is_some() {
            return;
        }
        self.make_reserve();
        if self.keeper {
            let may_grow = self.has_room() || self.limits.is_shared;
            self.ring |= may_grow && (self.waiters.wanting_any() > 0 || self.idle.len() < self.limits.min_spare);
            return;
        }
        while self.has_room() && self.waiters.serve_any(Grant::Create) {
            self.creating += 1;
            self.news = true;
        }
    }

    /// Returns how many items are lent still.
    pub(crate) fn close(&mut self, late: Late) -> usize {
        self.closed = Some(late);
        self.waiters.dismiss_all();
        for at in 0..self.slots.len() {
            if self.is_idle(at) {
                self.doom(at);
            }
        }
        self.ring = true;
        self.lent()
    }

    /// Sets how many items there may be; of more than that, idle ones without a home are destroyed, others when they come back.
    pub(crate) fn set_max(&mut self, max: usize) {
        self.max = max;
        self.news = true;
        self.less_live();
        self.doom_surplus();
        self.offer_room();
        self.hand_out();
    }

    /// Whether there are more items than there may be, since a shared number was lowered.
    fn has_too_many(&self) -> bool {
        self.limits.is_shared && self.live > self.most()
    }

    fn doom_surplus(&mut self) {
        while self.has_too_many() {
            let homeless = |at: &&usize| self.slots.get(**at).is_some_and(|slot| slot.homes == 0);
            let Some(at) = self.idle.iter().find(homeless).copied() else { return };
            self.doom(at);
            self.stats.shrunk.add(1);
        }
    }

    pub(crate) fn free_slots(&self) -> usize {
        self.free.len()
    }

    /// Whether something is left to do once the lock is released.
    pub(crate) fn has_news(&self) -> bool {
        self.news | self.ring || !self.waiters.wake.is_empty() || !self.doomed.is_empty()
    }

    /// Lets the statistics show the numbers that each checkout changes.
    pub(crate) fn publish_lent(&self) {
        self.stats.idle.set(self.idle.len() + self.tending);
        self.stats.lent.set(self.lent());
    }

    /// Lets the statistics show the other numbers.
    pub(crate) fn publish(&mut self) {
        self.news = false;
        self.stats.size.set(self.live);
        self.stats.draining.set(self.draining);
        self.stats.creating.set(self.creating);
        self.stats.waiting.set(self.waiters.len());
    }

    fn is_idle(&self, at: usize) -> bool {
        self.slots.get(at).is_some_and(|slot| slot.place == Place::Idle)
    }

    /// Whether a caller who wants this very item may have it.
    fn is_free(&self, at: usize) -> bool {
        let idle = self.slots.get(at).filter(|slot| slot.place == Place::Idle);
        idle.is_some_and(|slot| slot.draining || self.may_take())
    }

    fn best_idle(&self) -> Option<usize> {
        let mut best = None;
        let mut fewest = usize::MAX;
        for &at in self.idle.iter().rev() {
            let homes = self.slots.get(at).map_or(usize::MAX, |slot| slot.homes);
            if homes < fewest {
                (best, fewest) = (Some(at), homes);
            }
            if fewest == 0 {
                break;
            }
        }
        best
    }

    fn lend(&mut self, at: usize, want: Want) {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.place = Place::Lent;
            slot.hands = match want {
                Want::Last => Hands::End,
                _ if slot.draining => Hands::Home,
                _ => Hands::Ordinary,
            };
            self.in_hands[slot.hands as usize] += 1;
            if let Some(seen) = self.seen.get(at) {
                seen.lend();
            }
            self.stats.max_lent.at_least(self.lent());
        }
    }

    /// Puts an item that nobody has and nobody waits for to rest: it becomes idle at its own place, or drains, or is doomed.
    fn settle(&mut self, at: usize) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        slot.place = Place::Idle;
        if !slot.draining {
            let returned = slot.returned;
            match self.idle.last().and_then(|last| self.slots.get(*last)) {
                Some(last) if last.returned > returned => {
                    let earlier = |idle: &usize| self.slots.get(*idle).is_some_and(|slot| slot.returned <= returned);
                    self.idle.insert(self.idle.partition_point(earlier), at);
                }
                _ => self.idle.push(at),
            }
        } else if slot.homes == 0 {
            self.doom(at);
        }
    }

    fn leave_idle(&mut self, at: usize) {
        if self.idle.last() == Some(&at) {
            self.idle.pop();
        } else if let Some(place) = self.idle.iter().position(|idle| *idle == at) {
            self.idle.remove(place);
        }
    }

    /// Takes the item of this slot, wherever it is, out of the counts: it is no longer one of ours.
    fn remove(&mut self, at: usize) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        let Some(id) = slot.id.take() else { return };
        slot.place = Place::Free;
        if let Some(seen) = self.seen.get(at) {
            seen.begin();
        }
        self.news = true;
        if slot.draining {
            self.draining -= 1;
        } else {
            self.live -= 1;
            self.less_live();
        }
        self.free.push(at);
        self.waiters.dismiss(id);
        self.offer_room();
        self.hand_out();
    }
}
