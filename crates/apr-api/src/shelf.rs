//! Which buckets scripts know. httpd frees a bucket without a word; so each one that a script has an object of has a ticket
//! here, and an entry that says which brigade it is in. When a brigade is handed to httpd, emptied or dies, and when the
//! allocator dies, the tickets of the buckets in it are void.

use apr::{Brigade, Bucket, BucketAlloc, BucketKind, Held, Momentary, Pool, Reenter};
use interp::{Here, Kept, Result, Ticket};
use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// An allocator from which scripts have objects.
#[derive(Default)]
struct Shelf {
    buckets: HashMap<Bucket, Known>,
    /// The bucket that was deleted last from each brigade, without its data: scripts ask for the one behind it.
    ghosts: HashMap<Brigade, Ghost>,
    /// Brigades that scripts made with it.
    brigades: Vec<Brigade>,
    /// A number that tells the allocator from an earlier one at the same address.
    id: u64,
    /// The ticket of the allocator's object, if a script made it.
    own: Option<Ticket>,
    /// Whether the allocator is gone while some of its brigades are still there.
    dead: bool,
}

struct Known {
    ticket: Ticket,
    /// The brigade that the bucket is in.
    home: Option<Brigade>,
    /// The variable whose text it shows until it is given away.
    variable: Option<Kept>,
}

/// A deleted bucket whose memory is still there.
struct Ghost {
    bucket: Bucket,
    ticket: Ticket,
    /// The bucket that was behind it.
    next: Option<Bucket>,
}

impl Ghost {
    fn end(self) {
        self.ticket.void();
        // SAFETY: a row's function or a pool's cleanup, where scripts may run; nothing is borrowed or locked.
        let cx = unsafe { Reenter::assume() };
        // SAFETY: no script can reach it any more; its allocator lives.
        unsafe { self.bucket.delete(cx) };
    }
}

/// Lets addresses be kept beyond the call that showed them, by pools and for all threads.
struct Addresses<T>(T);

// SAFETY: each thread compares them, but follows only those of a connection that it works on, and only until the allocator's or
// the brigade's pool dies, when they are taken out.
unsafe impl<T> Send for Addresses<T> {}

impl<T> Deref for Addresses<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Addresses<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

static SHELVES: LazyLock<Momentary<Addresses<HashMap<BucketAlloc, Shelf>>>> =
    LazyLock::new(|| Momentary::new(Addresses(HashMap::new())));

/// While this is locked no function of APR and no code of a script is called.
fn shelves() -> Held<'static, Addresses<HashMap<BucketAlloc, Shelf>>> {
    SHELVES.lock()
}

fn alloc_of(bucket: Bucket) -> Option<BucketAlloc> {
    // SAFETY: only compared and looked up.
    unsafe { BucketAlloc::from_ptr(bucket.alloc()) }
}

/// Notes that a script gets an object of `alloc`, which lives at least as long as `pool`.
pub fn know(alloc: BucketAlloc, pool: &Pool) {
    let mut shelves = shelves();
    if shelves.get(&alloc).is_some_and(|shelf| !shelf.dead) {
        return;
    }
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = NEXT.fetch_add(1, Relaxed);
    shelves.insert(alloc, Shelf { id, ..Shelf::default() });
    drop(shelves);
    // A script's handler may run in a cleanup that comes later; it finds the objects void.
    let known = Addresses(alloc);
    let _ = pool.on_death(move || {
        let alloc = *known;
        if self::shelves().get(&alloc).is_some_and(|shelf| shelf.id == id) {
            end(alloc);
        }
    });
}

/// An allocator that a script made in `pool`, and the ticket of its object.
pub(crate) fn made(alloc: BucketAlloc, pool: &Pool) -> Ticket {
    know(alloc, pool);
    let own = Ticket::new_owner();
    if let Some(shelf) = shelves().get_mut(&alloc) {
        shelf.own = Some(own);
    }
    own
}

/// Ends what scripts know of an allocator. Returns whether it was a script's own.
pub(crate) fn end(alloc: BucketAlloc) -> bool {
    let mut all = shelves();
    let Some(shelf) = all.get_mut(&alloc).filter(|shelf| !shelf.dead) else { return false };
    let buckets = std::mem::take(&mut shelf.buckets);
    let ghosts = std::mem::take(&mut shelf.ghosts);
    let (own, brigades) = (shelf.own.take(), shelf.brigades.clone());
    shelf.dead = own.is_some() && !brigades.is_empty();
    if !shelf.dead {
        all.remove(&alloc);
    }
    drop(all);
    ghosts.into_values().for_each(Ghost::end);
    for known in buckets.values() {
        known.ticket.void();
    }
    // SAFETY: a row's function or a pool's cleanup, where scripts may run; nothing is borrowed or locked.
    let cx = unsafe { Reenter::assume() };
    // SAFETY: in no brigade, and void for scripts; the allocator still lives.
    buckets.iter().filter(|(_, known)| known.home.is_none()).for_each(|(bucket, _)| unsafe { bucket.delete(cx) });
    if let Some(own) = own {
        own.void();
        // Their own cleanups would find buckets whose memory is gone.
        for brigade in brigades {
            let _ = brigade.cleanup(cx);
        }
        return true;
    }
    false
}

/// Whether a script made the allocator.
pub(crate) fn is_own(alloc: BucketAlloc) -> bool {
    shelves().get(&alloc).is_some_and(|shelf| shelf.own.is_some())
}

/// # Errors
/// When the allocator is gone.
pub(crate) fn alive(alloc: BucketAlloc) -> Result<()> {
    if shelves().get(&alloc).is_some_and(|shelf| !shelf.dead) { Ok(()) } else { Err(GONE.into()) }
}

const GONE: &str = "the bucket allocator is gone";

/// Notes a brigade that a script made.
pub(crate) fn brigade(brigade: Brigade) {
    let alloc = brigade.bucket_alloc();
    if let Some(shelf) = shelves().get_mut(&alloc) {
        shelf.brigades.push(brigade);
    }
    let known = Addresses((alloc, brigade));
    let _ = brigade.pool().on_death(move || {
        let (alloc, brigade) = *known;
        // Its allocator may be gone: nothing is in it then.
        let mut all = shelves();
        let Some(shelf) = all.get_mut(&alloc) else { return };
        shelf.brigades.retain(|known| *known != brigade);
        if shelf.dead && shelf.brigades.is_empty() {
            all.remove(&alloc);
            return;
        }
        shelf.buckets.retain(|_, known| {
            let stays = known.home != Some(brigade);
            if !stays {
                known.ticket.void();
            }
            stays
        });
        let ghost = shelf.ghosts.remove(&brigade);
        drop(all);
        ghost.into_iter().for_each(Ghost::end);
    });
}

/// Brings a bucket up to date with the variable that it follows, if that is of the calling interpreter.
pub(crate) fn look(bucket: Bucket, here: Here, cx: Reenter) {
    let Some(variable) = leave(bucket) else { return };
    here.text_of(&variable, |text| bucket.take_again(text, cx));
    let (mut all, alloc) = (shelves(), alloc_of(bucket));
    let shelf = alloc.and_then(|alloc| all.get_mut(&alloc));
    if let Some(known) = shelf.and_then(|shelf| shelf.buckets.get_mut(&bucket)) {
        known.variable = Some(variable);
    }
}

/// Ends that a bucket follows a variable, which is returned.
pub(crate) fn leave(bucket: Bucket) -> Option<Kept> {
    shelves().get_mut(&alloc_of(bucket)?)?.buckets.get_mut(&bucket)?.variable.take()
}

/// A script gives httpd what is in `brigade`: from now on its objects of these buckets are void, and they follow no variable any more.
pub fn given(brigade: &Brigade, here: Here, cx: Reenter) {
    part(brigade, |bucket, variable| {
        here.text_of(variable, |text| bucket.take_again(text, cx));
    });
}

/// As [`given`], where no script is calling. Whoever lends a script a brigade that no script made calls it when the loan ends.
pub fn passed(brigade: &Brigade) {
    part(brigade, |_, _| ());
}

/// `last` is told of each variable that a bucket follows. It neither runs code of a script nor calls APR.
fn part(brigade: &Brigade, last: impl Fn(Bucket, &Kept)) {
    let mut all = shelves();
    for bucket in brigade.iter() {
        let shelf = alloc_of(bucket).and_then(|alloc| all.get_mut(&alloc));
        if let Some(known) = shelf.and_then(|shelf| shelf.buckets.remove(&bucket)) {
            known.variable.iter().for_each(|variable| last(bucket, variable));
            known.ticket.void();
        }
    }
    let ghost = all.values_mut().find_map(|shelf| shelf.ghosts.remove(brigade));
    drop(all);
    ghost.into_iter().for_each(Ghost::end);
}

/// The ticket for an object of `bucket`, which is in `home`.
///
/// # Errors
/// When the allocator is gone.
pub(crate) fn ticket(bucket: Bucket, home: Option<Brigade>) -> Result<Ticket> {
    entered(bucket, home, None)
}

/// The ticket for an object of a new bucket, which shows the text of a variable, if one is given: where a script reads it, and as it is when
/// the bucket is given away.
///
/// # Errors
/// As [`ticket`].
pub(crate) fn new(bucket: Bucket, variable: Option<Kept>) -> Result<Ticket> {
    entered(bucket, None, variable)
}

fn entered(bucket: Bucket, home: Option<Brigade>, variable: Option<Kept>) -> Result<Ticket> {
    let alloc = alloc_of(bucket).ok_or(GONE)?;
    if let Some(brigade) = home {
        know(alloc, brigade.pool());
    }
    let mut all = shelves();
    let shelf = all.get_mut(&alloc).filter(|shelf| !shelf.dead).ok_or(GONE)?;
    let known = shelf.buckets.entry(bucket).or_insert_with(|| Known { ticket: Ticket::new_owner(), home, variable });
    known.home = home;
    Ok(known.ticket)
}

/// The brigade that a bucket known to scripts is in.
pub(crate) fn home(bucket: Bucket) -> Option<Brigade> {
    shelves().get(&alloc_of(bucket)?)?.buckets.get(&bucket)?.home
}

/// Notes that a bucket of which scripts have an object is in another brigade now. Others need no entry.
pub(crate) fn moved(bucket: Bucket, home: Option<Brigade>) {
    let mut all = shelves();
    let shelf = alloc_of(bucket).and_then(|alloc| all.get_mut(&alloc));
    if let Some(known) = shelf.and_then(|shelf| shelf.buckets.get_mut(&bucket)) {
        known.home = home;
    }
}

/// # Errors
/// For a ghost.
pub(crate) fn known(bucket: Bucket) -> Result<()> {
    let all = shelves();
    let known = alloc_of(bucket).and_then(|alloc| all.get(&alloc)).is_some_and(|s| s.buckets.contains_key(&bucket));
    if known { Ok(()) } else { Err("the bucket was deleted".into()) }
}

/// Destroys a bucket. One that was in a brigade can still be asked what is behind it, until the next one is deleted.
pub(crate) fn delete(bucket: Bucket, cx: Reenter) -> Result<()> {
    known(bucket)?;
    let mut all = shelves();
    let shelf = alloc_of(bucket).and_then(|alloc| all.get_mut(&alloc)).ok_or(GONE)?;
    let Known { ticket, home, variable } = shelf.buckets.remove(&bucket).ok_or(GONE)?;
    // An end of request takes its request, perhaps with the brigade, along: of such nothing is left.
    let home = home.filter(|_| bucket.kind() != BucketKind::Metadata);
    let ghost = Ghost { bucket, ticket, next: home.and_then(|home| home.next(bucket)) };
    // It leaves the ring before any other code can walk along that.
    bucket.remove();
    let old = match home {
        Some(home) => shelf.ghosts.insert(home, ghost),
        None => Some(ghost),
    };
    drop(all);
    drop(variable);
    old.into_iter().for_each(Ghost::end);
    if home.is_some() {
        bucket.hollow(cx);
    }
    Ok(())
}

/// What was behind a bucket that was deleted from `brigade`, if that is there still; `None` for another bucket.
pub(crate) fn behind_ghost(brigade: &Brigade, bucket: Bucket) -> Option<Option<Bucket>> {
    let all = shelves();
    let ghost = all.get(&alloc_of(bucket)?)?.ghosts.get(brigade).filter(|ghost| ghost.bucket == bucket)?;
    Some(ghost.next.filter(|next| brigade.iter().any(|there| there == *next)))
}
