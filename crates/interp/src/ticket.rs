//! Slots that die with their owner: how a script's object learns that what it points to is gone.
//!
//! An owner (request, connection, server, pool, brigade, filter) takes a slot when it is first shown to a script and
//! voids it when it ends. Every object of that owner carries the slot and its generation at that time; the doors compare
//! before each use (one acquire load). A pool has two tickets: its own, and that of its contents, so that clearing it
//! voids what was made from it but not the pool object.
//!
//! Slots are process-wide, never freed, and taken and given back without a lock: a fork in the middle of either, or a
//! cleanup that runs inside a signal handler, finds them usable.

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicU32, AtomicU64, Ordering::*},
};

/// Place of one owner. Only its generation ever changes.
#[repr(C)]
#[derive(Debug)]
pub struct TicketSlot {
    generation: AtomicU32,
}

/// Slots of the process: 2^20 owners alive at once. Zeroed pages that cost nothing until they are used; 24 bits of an
/// object's ticket could name sixteen times as many.
const SLOT_COUNT: usize = 1 << 20;
/// The last generation: a slot that reaches it is not used again, so that an old ticket can never come true.
const LAST: u32 = u32::MAX;

pub(crate) static SLOTS: [TicketSlot; SLOT_COUNT] =
    [const { TicketSlot { generation: AtomicU32::new(0) } }; SLOT_COUNT];
/// Below a free slot lies `BELOW[slot]`; 0 ends the stack (slot 0 is never free).
static BELOW: [AtomicU32; SLOT_COUNT] = [const { AtomicU32::new(0) }; SLOT_COUNT];
/// Top of the stack of free slots in the low half; a count of changes in the high half keeps a slow `pop` from
/// mistaking a stack that was changed and changed back.
static FREE: AtomicU64 = AtomicU64::new(0);
/// The first slot that nobody has had yet.
static FRESH: AtomicU32 = AtomicU32::new(1);

fn pop() -> Option<usize> {
    let mut top = FREE.load(Acquire);
    loop {
        let slot = top as u32 as usize;
        if slot == 0 {
            return None;
        }
        let below = BELOW[slot].load(Relaxed);
        match FREE.compare_exchange_weak(top, changed(top, below), AcqRel, Acquire) {
            Ok(_) => return Some(slot),
            Err(now) => top = now,
        }
    }
}

fn push(slot: usize) {
    let mut top = FREE.load(Relaxed);
    loop {
        BELOW[slot].store(top as u32, Relaxed);
        match FREE.compare_exchange_weak(top, changed(top, slot as u32), AcqRel, Relaxed) {
            Ok(_) => return,
            Err(now) => top = now,
        }
    }
}

/// A slot that no owner has had yet.
fn fresh() -> Option<usize> {
    let mut next = FRESH.load(Relaxed);
    while next < SLOT_COUNT as u32 {
        match FRESH.compare_exchange_weak(next, next + 1, Relaxed, Relaxed) {
            Ok(slot) => return Some(slot as usize),
            Err(now) => next = now,
        }
    }
    None
}

fn changed(top: u64, slot: u32) -> u64 {
    ((top >> 32).wrapping_add(1) << 32) | u64::from(slot)
}

/// The ticket of a C object's owner, as a script's object carries it.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub(crate) slot: *const TicketSlot,
    pub(crate) generation: u32,
}

// SAFETY: the slot is in a static and is only touched through its atomic.
unsafe impl Send for Ticket {}
// SAFETY: as above.
unsafe impl Sync for Ticket {}

impl PartialEq for Ticket {
    fn eq(&self, other: &Ticket) -> bool {
        std::ptr::eq(self.slot, other.slot) && self.generation == other.generation
    }
}

impl Ticket {
    /// The ticket of objects that never die. It has slot 0, so that "never dies" and "carries no ticket" differ.
    pub const FOREVER: Ticket = Ticket { slot: &raw const SLOTS[0], generation: 0 };
    /// The ticket of an owner that is gone already.
    pub const GONE: Ticket = Ticket { slot: &raw const SLOTS[0], generation: LAST };

    /// Makes the ticket of a new owner; it is valid until [`void`](Ticket::void). When 2^20 owners live already the ticket is
    /// [`GONE`](Ticket::GONE): its objects raise instead of being mistaken for another's.
    pub fn new_owner() -> Ticket {
        let Some(slot) = pop().or_else(fresh) else { return Ticket::GONE };
        Ticket { slot: &SLOTS[slot], generation: SLOTS[slot].generation.load(Relaxed) }
    }

    /// Whether the owner still lives.
    pub fn is_alive(self) -> bool {
        // SAFETY: a ticket's slot is null or in SLOTS, which is never freed.
        unsafe { self.slot.as_ref() }.is_some_and(|s| s.generation.load(Acquire) == self.generation)
    }

    /// Makes every object with this ticket void, in all interpreters of this process. A second call, or one for
    /// [`FOREVER`](Ticket::FOREVER) or [`GONE`](Ticket::GONE), does nothing.
    pub fn void(self) {
        // SAFETY: a ticket's slot is null or in SLOTS, which is never freed.
        let Some(slot) = (unsafe { self.slot.as_ref() }) else { return };
        let index = (self.slot as usize - SLOTS.as_ptr() as usize) / size_of::<TicketSlot>();
        if index == 0 {
            return;
        }
        let next = self.generation.wrapping_add(1);
        if slot.generation.compare_exchange(self.generation, next, AcqRel, Relaxed).is_ok() && next != LAST {
            push(index);
        }
    }
}

/// A record that is kept beyond the call it was lent for: its address, and the ticket that says whether it still lives.
pub struct Ticketed<T> {
    at: NonNull<T>,
    ticket: Ticket,
}

impl<T> Clone for Ticketed<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ticketed<T> {}

impl<T> Ticketed<T> {
    /// Keeps a record.
    ///
    /// # Safety
    /// While the ticket is alive the record lives, and whoever has this is on the thread that works on it.
    pub unsafe fn new(record: &T, ticket: Ticket) -> Ticketed<T> {
        Ticketed { at: NonNull::from(record), ticket }
    }

    /// Runs `f`, which must not end it, with the record; `None` if it is gone.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        // SAFETY: lives, as its ticket says.
        self.ticket.is_alive().then(|| f(unsafe { self.at.as_ref() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticketed_record_is_gone_with_its_ticket() {
        let (record, ticket) = (Box::new(5), Ticket::new_owner());
        // SAFETY: the ticket is void before the box is dropped.
        let kept = unsafe { Ticketed::new(&*record, ticket) };
        assert_eq!(kept.with(|n| *n), Some(5));
        ticket.void();
        drop(record);
        assert_eq!(kept.with(|n| *n), None);
    }

    #[test]
    fn a_voided_ticket_stays_dead_when_its_slot_serves_the_next_owner() {
        let a = Ticket::new_owner();
        assert!(a.is_alive());
        a.void();
        assert!(!a.is_alive());
        let others: Vec<_> = (0..50).map(|_| Ticket::new_owner()).collect();
        assert!(!a.is_alive());
        a.void();
        assert!(others.iter().all(|t| t.is_alive()), "voiding a dead ticket must not touch the slot's new owner");
        others.iter().for_each(|t| t.void());
    }

    #[test]
    fn slot_zero_lives_for_ever_and_a_gone_ticket_never_lived() {
        Ticket::FOREVER.void();
        assert!(Ticket::FOREVER.is_alive());
        assert!(!Ticket::GONE.is_alive());
        Ticket::GONE.void();
        assert!(Ticket::FOREVER.is_alive());
    }

    #[test]
    fn threads_never_share_a_living_slot() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    for _ in 0..5_000 {
                        let mine: Vec<_> = (0..4).map(|_| Ticket::new_owner()).collect();
                        for t in &mine {
                            assert!(t.is_alive());
                            assert_eq!(mine.iter().filter(|u| *u == t).count(), 1);
                        }
                        mine.iter().for_each(|t| t.void());
                        assert!(mine.iter().all(|t| !t.is_alive()));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
    }
}
