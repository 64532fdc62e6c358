//! The entries of a dictionary in a piece of memory that processes share, whose lock the caller holds.
//!
//! The memory begins with numbers, the heads of the lists of free blocks and a hash table; the rest is a [`Heap`], in which each entry is one
//! block: key and value, and beside them the next entry of its place in the hash table and its neighbours in the order of use. All references
//! are cells, so that every process may have the memory at an address of its own.
//!
//! A process may be killed in the middle of a step. So a word says while a step is under way, and who finds it set puts the memory in order:
//! blocks can be walked over at any moment, an entry says itself when it is whole, and everything else is made anew of these. What is found
//! to make no sense at all is thrown away.

use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::heap::{BINS, Broken, CELL, Heap, LEAST, Memory, Whole, byte_of, cells};
use crate::list::{self, List};
use crate::store::{End, LONGEST_KEY, Life, LockOf, Size, Stored, When, check_key, millis};
use crate::value::{Number, Value, kind};

/// A dictionary has at least so many bytes, or there would be no room to speak of.
pub const SMALLEST: usize = 64 << 10;

// Numbers at the beginning of the memory, each of 8 bytes.
const MAGIC: usize = 0;
const SIZE: usize = 8;
/// Not 0 while a step is under way.
const BUSY: usize = 16;
const SEED: usize = 24;
/// The last number that a lock was given.
const FENCE: usize = 32;
/// The entry that was used last, and the one that was not used for the longest time.
const NEWEST: usize = 40;
const OLDEST: usize = 48;
const ENTRIES: usize = 56;
/// Cells of blocks that are used.
const USED: usize = 64;
const EVICTIONS: usize = 72;
const EXPIRED: usize = 80;
/// When entries whose time is over were last looked for.
const SWEPT: usize = 88;
const HEADS: usize = 128;
const BUCKETS: usize = HEADS + BINS * 4;

const MAGIC_NUMBER: u64 = 0x6d69_6469_6374_0001;

// An entry: bytes from the begin of its block, whose own cell comes first.
const STATE: usize = 8;
const KIND: usize = 9;
const KEY_LENGTH: usize = 10;
const HASH: usize = 12;
/// The next entry of the same place in the hash table.
const NEXT: usize = 16;
const NEWER: usize = 20;
const OLDER: usize = 24;
const LENGTH: usize = 28;
/// In milliseconds; 0: never.
const EXPIRES: usize = 32;
/// When it may not even be had as old.
const GONE: usize = 40;
const KEY: usize = 48;

const LIVE: u8 = 1;
const WRITING: u8 = 2;

/// How often entries whose time is over are looked for while there is no room, in milliseconds.
const SWEEP: u64 = 100;
/// So many of them are dropped at once.
const SWEPT_AT_ONCE: usize = 1024;

/// A list begins with so much room.
const FIRST_ROOM: usize = 96;

/// The memory was left in disorder, by a process that was killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mended {
    /// Entries that are there still.
    pub kept: u64,
    /// Whether everything had to be thrown away.
    pub is_emptied: bool,
}

/// Why a step was not done.
#[derive(Debug)]
pub enum Fault {
    /// The memory makes no sense.
    Broken,
    /// It says this.
    Error(Error),
}

impl From<Broken> for Fault {
    fn from(_: Broken) -> Fault {
        Fault::Broken
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Error(error)
    }
}

type Step<T> = std::result::Result<T, Fault>;

/// What stays the same from one step to the next.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// A number that nobody can guess, of which the places in the hash table of new memory depend.
    pub seed: u64,
    /// Whether entries are dropped for which there is no room, those that were not used for the longest time first.
    pub evicts: bool,
}

/// What makes way for a new entry in a dictionary that drops entries for others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Evict {
    /// Nothing.
    None,
    /// What was not used for the longest time.
    All,
    /// So, but not this entry, which the new one is to continue. It was used last, so that it comes last.
    AllBut(u32),
}

/// The entries, while the lock is held.
pub struct Table<'m> {
    memory: Memory<'m>,
    heap: Heap,
    /// How many places the hash table has: a power of 2.
    buckets: u32,
    evicts: bool,
    now: u64,
}

/// Does one step, `f`, and says whether the memory had to be put in order before or behind it. Memory that is no dictionary of this size
/// becomes one without entries.
///
/// # Errors
/// Those of `f`.
pub fn step<R>(
    bytes: &mut [u8],
    rules: Rules,
    now: u64,
    f: impl FnOnce(&mut Table<'_>) -> Step<R>,
) -> (Result<R>, Option<Mended>) {
    let mut table = match Table::of(bytes, rules, now) {
        Ok(table) => table,
        Err(error) => return (Err(error), None),
    };
    let mut mended = None;
    let begun = table.begin(rules.seed).map(|found| mended = found);
    let done = match begun.and_then(|()| f(&mut table)) {
        Ok(done) => Ok(done),
        Err(Fault::Error(error)) => Err(error),
        Err(Fault::Broken) => {
            let what =
                if table.empty(rules.seed).is_ok() { "made no sense and is empty now" } else { "cannot be used" };
            mended = Some(Mended { kept: 0, is_emptied: true });
            Err(Error::Away(format!("the memory {what}")))
        }
    };
    let _ = table.end();
    (done, mended)
}

impl<'m> Table<'m> {
    fn of(bytes: &'m mut [u8], rules: Rules, now: u64) -> Result<Table<'m>> {
        let length = bytes.len();
        let buckets = u32::try_from(length / 256).unwrap_or(u32::MAX >> 1).max(64);
        let buckets = if buckets.is_power_of_two() { buckets } else { buckets.next_power_of_two() >> 1 };
        let first = cells(BUCKETS + buckets as usize * 4);
        let end = u32::try_from(length / CELL).ok().filter(|end| *end <= u32::MAX >> 1);
        match (first, end) {
            (Some(first), Some(end)) if length >= SMALLEST && end > first + LEAST => {
                let heap = Heap { bins: HEADS, first, end };
                Ok(Table { memory: Memory(bytes), heap, buckets, evicts: rules.evicts, now })
            }
            _ => Err(Error::Cannot("the memory is too small or too large for a dictionary")),
        }
    }

    fn begin(&mut self, seed: u64) -> Step<Option<Mended>> {
        let is_one = self.memory.long(MAGIC)? == MAGIC_NUMBER && self.memory.long(SIZE)? == self.memory.0.len() as u64;
        if !is_one {
            self.memory.set_long(FENCE, 0)?;
            self.empty(seed)?;
            return Ok(None);
        }
        let is_busy = self.memory.long(BUSY)? != 0;
        self.memory.set_long(BUSY, 1)?;
        compiler_fence(SeqCst);
        if !is_busy {
            return Ok(None);
        }
        let kept = self.put_in_order()?;
        Ok(Some(Mended { kept, is_emptied: false }))
    }

    fn end(&mut self) -> Whole<()> {
        compiler_fence(SeqCst);
        self.memory.set_long(BUSY, 0)
    }

    /// Makes this a dictionary without entries. The numbers of locks go on from the last one.
    fn empty(&mut self, seed: u64) -> Whole<()> {
        self.memory.set_long(MAGIC, 0)?;
        for at in [BUSY, NEWEST, OLDEST, ENTRIES, USED, EVICTIONS, EXPIRED, SWEPT] {
            self.memory.set_long(at, 0)?;
        }
        self.memory.set_long(SEED, seed)?;
        self.memory.set_long(SIZE, self.memory.0.len() as u64)?;
        self.clear_buckets()?;
        self.heap.format(&mut self.memory)?;
        compiler_fence(SeqCst);
        self.memory.set_long(MAGIC, MAGIC_NUMBER)
    }

    fn clear_buckets(&mut self) -> Whole<()> {
        let end = BUCKETS + self.buckets as usize * 4;
        self.memory.0.get_mut(BUCKETS..end).ok_or(Broken)?.fill(0);
        Ok(())
    }

    /// Makes everything anew of the entries that are whole; gives their number.
    fn put_in_order(&mut self) -> Whole<u64> {
        self.clear_buckets()?;
        for at in [NEWEST, OLDEST, ENTRIES] {
            self.memory.set_long(at, 0)?;
        }
        let (heap, mut whole) = (self.heap, Vec::new());
        let used = heap.rebuild(&mut self.memory, |memory, block, size| {
            let at = byte_of(block);
            let state = memory.byte(at + STATE)?;
            let length = key_length(memory, at)? + memory.word(at + LENGTH)? as usize + KEY;
            let keeps = state == LIVE && length <= size as usize * CELL;
            if keeps {
                whole.push(block);
            }
            Ok(keeps)
        })?;
        self.memory.set_long(USED, used)?;
        for block in &whole {
            self.link(*block)?;
        }
        Ok(whole.len() as u64)
    }

    // ---- entries

    fn hash(&self, key: &[u8]) -> Whole<u32> {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.memory.long(SEED)?);
        hasher.write(key);
        Ok(hasher.finish() as u32)
    }

    fn bucket(&self, hash: u32) -> usize {
        BUCKETS + (hash & (self.buckets - 1)) as usize * 4
    }

    fn key_of(&self, block: u32) -> Whole<&[u8]> {
        let at = byte_of(block);
        self.memory.bytes(at + KEY, key_length(&self.memory, at)?)
    }

    /// Where the value is, and its length.
    fn value_at(&self, block: u32) -> Whole<(usize, usize)> {
        let at = byte_of(block);
        Ok((at + KEY + key_length(&self.memory, at)?, self.memory.word(at + LENGTH)? as usize))
    }

    /// The entry of a key, whatever its time.
    fn find(&self, key: &[u8], hash: u32) -> Whole<Option<u32>> {
        let mut block = self.memory.word(self.bucket(hash))?;
        let mut most = self.memory.long(ENTRIES)?;
        while block != 0 {
            let at = byte_of(block);
            if self.memory.word(at + HASH)? == hash && self.key_of(block)? == key {
                return Ok(Some(block));
            }
            most = most.checked_sub(1).ok_or(Broken)?;
            block = self.memory.word(at + NEXT)?;
        }
        Ok(None)
    }

    fn is_over(&self, at: usize) -> Whole<bool> {
        let time = self.memory.long(at)?;
        Ok(time != 0 && time <= self.now)
    }

    /// The entry of a key, which may be old.
    fn look_up(&mut self, key: &[u8]) -> Whole<Option<u32>> {
        let Some(block) = self.find(key, self.hash(key)?)? else {
            return Ok(None);
        };
        if self.is_over(byte_of(block) + GONE)? {
            self.remove(block)?;
            self.count(EXPIRED)?;
            return Ok(None);
        }
        Ok(Some(block))
    }

    fn is_old(&self, block: u32) -> Whole<bool> {
        self.is_over(byte_of(block) + EXPIRES)
    }

    /// The entry of a key, unless it is old.
    fn look_up_new(&mut self, key: &[u8]) -> Whole<Option<u32>> {
        match self.look_up(key)? {
            Some(block) if !self.is_old(block)? => Ok(Some(block)),
            _ => Ok(None),
        }
    }

    fn count(&mut self, at: usize) -> Whole<()> {
        let number = self.memory.long(at)?;
        self.memory.set_long(at, number.wrapping_add(1))
    }

    fn change(&mut self, at: usize, by: i64) -> Whole<()> {
        let number = self.memory.long(at)?.checked_add_signed(by).ok_or(Broken)?;
        self.memory.set_long(at, number)
    }

    /// Takes a block for an entry, which nobody finds before it is [linked](Table::link).
    fn create(&mut self, key: &[u8], kind: u8, length: usize, evict: Evict) -> Step<u32> {
        let bytes = KEY + key.len() + length;
        let most = (self.heap.end - self.heap.first) as usize / 2 * CELL;
        let wanted = cells(bytes).filter(|_| bytes <= most).ok_or(Error::TooLarge(bytes, most))?;
        let hash = self.hash(key)?;
        let (block, size) = self.room(wanted, bytes, evict)?;
        self.change(USED, size.into())?;
        let at = byte_of(block);
        self.memory.set_byte(at + STATE, WRITING)?;
        self.memory.set_byte(at + KIND, kind)?;
        let key_length = u16::try_from(key.len()).map_err(|_| Error::Key(LONGEST_KEY))?;
        self.memory.put(at + KEY_LENGTH, &key_length.to_le_bytes())?;
        self.memory.set_word(at + HASH, hash)?;
        self.memory.set_word(at + LENGTH, u32::try_from(length).map_err(|_| Error::TooLarge(bytes, most))?)?;
        self.memory.put(at + KEY, key)?;
        Ok(block)
    }

    fn room(&mut self, wanted: u32, bytes: usize, evict: Evict) -> Step<(u32, u32)> {
        if let Some(found) = self.heap.take(&mut self.memory, wanted)? {
            return Ok(found);
        }
        if !self.evicts || self.memory.long(SWEPT)?.saturating_add(SWEEP) <= self.now {
            self.sweep()?;
        }
        loop {
            if let Some(found) = self.heap.take(&mut self.memory, wanted)? {
                return Ok(found);
            }
            let oldest = self.memory.long(OLDEST)? as u32;
            if !self.evicts || oldest == 0 || evict == Evict::None || evict == Evict::AllBut(oldest) {
                return Err(Error::Full(bytes).into());
            }
            let is_over = self.is_over(byte_of(oldest) + GONE)?;
            self.remove(oldest)?;
            self.count(if is_over { EXPIRED } else { EVICTIONS })?;
        }
    }

    /// Drops entries whose time is over.
    fn sweep(&mut self) -> Whole<()> {
        self.memory.set_long(SWEPT, self.now)?;
        loop {
            let (mut over, now) = (Vec::new(), self.now);
            self.heap.walk(&self.memory, |memory, block, _| {
                let at = byte_of(block);
                let gone = memory.long(at + GONE)?;
                if memory.byte(at + STATE)? == LIVE && gone != 0 && gone <= now && over.len() < SWEPT_AT_ONCE {
                    over.push(block);
                }
                Ok(())
            })?;
            for block in &over {
                self.remove(*block)?;
                self.count(EXPIRED)?;
            }
            if over.len() < SWEPT_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// The entry is whole, and found from now on.
    fn link(&mut self, block: u32) -> Whole<()> {
        let at = byte_of(block);
        let bucket = self.bucket(self.memory.word(at + HASH)?);
        let next = self.memory.word(bucket)?;
        self.memory.set_word(at + NEXT, next)?;
        self.memory.set_word(bucket, block)?;
        self.count(ENTRIES)?;
        self.enqueue(block)?;
        self.is_whole(block)
    }

    fn is_whole(&mut self, block: u32) -> Whole<()> {
        compiler_fence(SeqCst);
        self.memory.set_byte(byte_of(block) + STATE, LIVE)
    }

    /// From now on the entry is half written, if this process ends.
    fn is_written(&mut self, block: u32) -> Whole<()> {
        self.memory.set_byte(byte_of(block) + STATE, WRITING)?;
        compiler_fence(SeqCst);
        Ok(())
    }

    fn remove(&mut self, block: u32) -> Whole<()> {
        let at = byte_of(block);
        self.is_written(block)?;
        let next = self.memory.word(at + NEXT)?;
        let (mut place, mut most) = (self.bucket(self.memory.word(at + HASH)?), self.memory.long(ENTRIES)?);
        while self.memory.word(place)? != block {
            most = most.checked_sub(1).ok_or(Broken)?;
            place = byte_of(self.memory.word(place)?) + NEXT;
        }
        self.memory.set_word(place, next)?;
        self.dequeue(block)?;
        self.change(ENTRIES, -1)?;
        let (size, _, _) = self.heap.tag(&self.memory, block)?;
        self.change(USED, -i64::from(size))?;
        self.heap.free(&mut self.memory, block)
    }

    /// Locks are in no order: they are never dropped.
    fn is_queued(&self, block: u32) -> Whole<bool> {
        Ok(self.memory.byte(byte_of(block) + KIND)? != kind::LOCK)
    }

    fn enqueue(&mut self, block: u32) -> Whole<()> {
        if !self.is_queued(block)? {
            return Ok(());
        }
        let (at, newest) = (byte_of(block), self.memory.long(NEWEST)? as u32);
        self.memory.set_word(at + NEWER, 0)?;
        self.memory.set_word(at + OLDER, newest)?;
        if newest == 0 {
            self.memory.set_long(OLDEST, block.into())?;
        } else {
            self.memory.set_word(byte_of(newest) + NEWER, block)?;
        }
        self.memory.set_long(NEWEST, block.into())
    }

    fn dequeue(&mut self, block: u32) -> Whole<()> {
        if !self.is_queued(block)? {
            return Ok(());
        }
        let at = byte_of(block);
        let (newer, older) = (self.memory.word(at + NEWER)?, self.memory.word(at + OLDER)?);
        if newer == 0 {
            self.memory.set_long(NEWEST, older.into())?;
        } else {
            self.memory.set_word(byte_of(newer) + OLDER, older)?;
        }
        if older == 0 {
            self.memory.set_long(OLDEST, newer.into())
        } else {
            self.memory.set_word(byte_of(older) + NEWER, newer)
        }
    }

    /// The entry is used.
    fn touch(&mut self, block: u32) -> Whole<()> {
        if self.memory.long(NEWEST)? as u32 == block {
            return Ok(());
        }
        self.dequeue(block)?;
        self.enqueue(block)
    }

    fn set_life(&mut self, block: u32, life: Life) -> Whole<()> {
        let expires = life.ttl.map_or(0, |ttl| self.now.saturating_add(millis(ttl)));
        let gone = if expires == 0 { 0 } else { expires.saturating_add(millis(life.stale)) };
        self.memory.set_long(byte_of(block) + EXPIRES, expires)?;
        self.memory.set_long(byte_of(block) + GONE, gone)
    }

    /// A new entry takes the place of an old one of its key, if there is one.
    fn replace(&mut self, key: &[u8], block: u32) -> Whole<()> {
        let hash = self.memory.word(byte_of(block) + HASH)?;
        if let Some(old) = self.find(key, hash)? {
            self.remove(old)?;
        }
        self.link(block)
    }

    // ---- what a dictionary can do

    /// See [`crate::Store::get`]; so with what follows.
    ///
    /// # Errors
    /// As there.
    pub fn get(&mut self, key: &[u8]) -> Step<Option<Stored>> {
        let key = &*value_key(key)?;
        let Some(block) = self.look_up(key)? else {
            return Ok(None);
        };
        let kind = self.memory.byte(byte_of(block) + KIND)?;
        if kind == kind::LIST {
            return Err(Error::Kind(Error::NO_PLAIN).into());
        }
        let (at, length) = self.value_at(block)?;
        let value = Value::of_parts(kind, self.memory.bytes(at, length)?).ok_or(Broken)?;
        let is_old = self.is_old(block)?;
        self.touch(block)?;
        Ok(Some(Stored { value, is_old }))
    }

    /// # Errors
    /// As there.
    pub fn set(&mut self, key: &[u8], value: &Value, life: Life, when: When) -> Step<bool> {
        let key = &*value_key(key)?;
        let found = self.look_up(key)?;
        let is_there = match found {
            Some(block) => !self.is_old(block)?,
            None => false,
        };
        if (when == When::Absent && is_there) || (when == When::Present && !is_there) {
            return Ok(false);
        }
        let (kind, bytes) = value.parts();
        let bytes = bytes.get();
        if let Some(block) = found {
            let (size, _, _) = self.heap.tag(&self.memory, block)?;
            let (has, wants) = (size as usize * CELL, KEY + key.len() + bytes.len());
            if wants <= has && wants * 2 + 64 >= has {
                let at = byte_of(block);
                self.is_written(block)?;
                self.memory.set_byte(at + KIND, kind)?;
                self.memory.put(at + KEY + key.len(), bytes)?;
                self.memory.set_word(at + LENGTH, bytes.len() as u32)?;
                self.set_life(block, life)?;
                self.is_whole(block)?;
                self.touch(block)?;
                return Ok(true);
            }
        }
        let block = self.create(key, kind, bytes.len(), Evict::All)?;
        self.memory.put(byte_of(block) + KEY + key.len(), bytes)?;
        self.set_life(block, life)?;
        self.replace(key, block)?;
        Ok(true)
    }

    /// # Errors
    /// As there.
    pub fn incr(&mut self, key: &[u8], by: Number, init: Number, ttl: Option<Duration>) -> Step<Number> {
        let full_key = &*value_key(key)?;
        let Some(block) = self.look_up_new(full_key)? else {
            let sum = init.plus(by).ok_or(Error::Overflow)?;
            self.set(key, &sum.into(), Life::of(ttl), When::Always)?;
            return Ok(sum);
        };
        let kind = self.memory.byte(byte_of(block) + KIND)?;
        let (at, length) = self.value_at(block)?;
        let value = Value::of_parts(kind, self.memory.bytes(at, length)?);
        let number = value.and_then(|value| value.number()).ok_or(Error::Kind(Error::NO_NUMBER))?;
        let sum = number.plus(by).ok_or(Error::Overflow)?;
        let (new_kind, bytes) = Value::from(sum).parts_owned();
        if new_kind != kind {
            self.is_written(block)?;
            self.memory.set_byte(byte_of(block) + KIND, new_kind)?;
        }
        self.memory.put(at, &bytes)?;
        self.is_whole(block)?;
        self.touch(block)?;
        Ok(sum)
    }

    /// # Errors
    /// As there.
    pub fn delete(&mut self, key: &[u8]) -> Step<bool> {
        let Some(block) = self.look_up(&value_key(key)?)? else {
            return Ok(false);
        };
        let was_there = !self.is_old(block)?;
        self.remove(block)?;
        Ok(was_there)
    }

    fn list(&mut self, key: &[u8]) -> Step<Option<(u32, List)>> {
        let Some(block) = self.look_up_new(key)? else {
            return Ok(None);
        };
        if self.memory.byte(byte_of(block) + KIND)? != kind::LIST {
            return Err(Error::Kind(Error::NO_LIST).into());
        }
        let (at, length) = self.value_at(block)?;
        Ok(Some((block, List { at, room: length.checked_sub(list::HEAD).ok_or(Broken)? })))
    }

    /// # Errors
    /// As there.
    pub fn push(&mut self, key: &[u8], end: End, item: &Value) -> Step<u64> {
        let key = &*value_key(key)?;
        let wanted = list::size_of_item(item);
        let found = self.list(key)?;
        let mut evict = Evict::All;
        if let Some((block, list)) = found {
            self.is_written(block)?;
            let has_room = list.push(&mut self.memory, end, item)?;
            self.is_whole(block)?;
            self.touch(block)?;
            if has_room {
                return Ok(list.count(&self.memory)?.into());
            }
            evict = Evict::AllBut(block);
        }
        let used = found.map_or(Ok(0), |(_, list)| list.used(&self.memory))?;
        let room = (used + wanted + used / 2).max(FIRST_ROOM);
        let create = |table: &mut Self, room: usize, evict| table.create(key, kind::LIST, list::HEAD + room, evict);
        // Nothing makes way for more room than the item needs.
        let block = match create(self, room, Evict::None) {
            Err(Fault::Error(_)) => create(self, used + wanted, evict)?,
            made => made?,
        };
        let (at, length) = self.value_at(block)?;
        let new = List { at, room: length.checked_sub(list::HEAD).ok_or(Broken)? };
        match found {
            Some((old, list)) => {
                let (from, to) = (byte_of(old), byte_of(block));
                for time in [EXPIRES, GONE] {
                    let time_of_old = self.memory.long(from + time)?;
                    self.memory.set_long(to + time, time_of_old)?;
                }
                new.become_copy_of(&mut self.memory, list)?;
            }
            None => {
                self.set_life(block, Life::default())?;
                new.format(&mut self.memory)?;
            }
        }
        if !new.push(&mut self.memory, end, item)? {
            return Err(Fault::Broken);
        }
        self.replace(key, block)?;
        Ok(new.count(&self.memory)?.into())
    }

    /// # Errors
    /// As there.
    pub fn pop(&mut self, key: &[u8], end: End) -> Step<Option<Value>> {
        let Some((block, list)) = self.list(&value_key(key)?)? else {
            return Ok(None);
        };
        self.is_written(block)?;
        let item = list.pop(&mut self.memory, end)?;
        if list.count(&self.memory)? == 0 {
            self.remove(block)?;
        } else {
            self.is_whole(block)?;
            self.touch(block)?;
        }
        Ok(item)
    }

    /// # Errors
    /// As there.
    pub fn length(&mut self, key: &[u8]) -> Step<u64> {
        let Some((_, list)) = self.list(&value_key(key)?)? else {
            return Ok(0);
        };
        Ok(list.count(&self.memory)?.into())
    }

    /// # Errors
    /// As there.
    pub fn ttl(&mut self, key: &[u8]) -> Step<Option<Option<Duration>>> {
        let Some(block) = self.look_up_new(&value_key(key)?)? else {
            return Ok(None);
        };
        let expires = self.memory.long(byte_of(block) + EXPIRES)?;
        Ok(Some((expires != 0).then(|| Duration::from_millis(expires.saturating_sub(self.now)))))
    }

    /// # Errors
    /// As there.
    pub fn expire(&mut self, key: &[u8], ttl: Option<Duration>) -> Step<bool> {
        let Some(block) = self.look_up_new(&value_key(key)?)? else {
            return Ok(false);
        };
        self.set_life(block, Life::of(ttl))?;
        Ok(true)
    }

    /// # Errors
    /// As there.
    pub fn keys(&mut self, most: usize) -> Step<Vec<Vec<u8>>> {
        let (mut keys, mut block, mut entries) =
            (Vec::new(), self.memory.long(NEWEST)? as u32, self.memory.long(ENTRIES)?);
        while block != 0 && keys.len() < most {
            if !self.is_old(block)? {
                keys.push(self.key_of(block)?.get(1..).ok_or(Broken)?.to_vec());
            }
            entries = entries.checked_sub(1).ok_or(Broken)?;
            block = self.memory.word(byte_of(block) + OLDER)?;
        }
        Ok(keys)
    }

    /// # Errors
    /// As there.
    pub fn clear(&mut self) -> Step<()> {
        loop {
            match self.memory.long(NEWEST)? as u32 {
                0 => return Ok(()),
                newest => self.remove(newest)?,
            }
        }
    }

    /// # Errors
    /// As there.
    pub fn lock(&mut self, name: &[u8], of: LockOf, ttl: Duration) -> Step<Option<u64>> {
        let key = &*lock_key(name, of)?;
        if self.look_up(key)?.is_some() {
            return Ok(None);
        }
        let block = self.create(key, kind::LOCK, 8, Evict::All)?;
        self.count(FENCE)?;
        let number = self.memory.long(FENCE)?;
        self.memory.set_long(byte_of(block) + KEY + key.len(), number)?;
        self.set_life(block, Life::of(Some(ttl)))?;
        self.link(block)?;
        Ok(Some(number))
    }

    /// # Errors
    /// As there.
    pub fn unlock(&mut self, name: &[u8], of: LockOf, number: u64) -> Step<bool> {
        let Some(block) = self.look_up(&lock_key(name, of)?)? else {
            return Ok(false);
        };
        let (at, _) = self.value_at(block)?;
        let is_ours = self.memory.long(at)? == number;
        if is_ours {
            self.remove(block)?;
        }
        Ok(is_ours)
    }

    /// # Errors
    /// As there.
    pub fn size(&mut self) -> Step<Size> {
        Ok(Size {
            entries: Some(self.memory.long(ENTRIES)?),
            bytes: Some(self.memory.long(USED)? * CELL as u64),
            capacity: Some(u64::from(self.heap.end - self.heap.first) * CELL as u64),
            evictions: Some(self.memory.long(EVICTIONS)?),
            expired: Some(self.memory.long(EXPIRED)?),
        })
    }
}

fn key_length(memory: &Memory<'_>, at: usize) -> Whole<usize> {
    Ok(u16::from_le_bytes([memory.byte(at + KEY_LENGTH)?, memory.byte(at + KEY_LENGTH + 1)?]).into())
}

/// Keys of values and of both kinds of locks begin with a byte that tells them apart.
fn value_key(key: &[u8]) -> Result<Vec<u8>> {
    prefixed(b'v', key)
}

fn lock_key(name: &[u8], of: LockOf) -> Result<Vec<u8>> {
    let first = match of {
        LockOf::Script => b'l',
        LockOf::Once => b'o',
    };
    prefixed(first, name)
}

fn prefixed(first: u8, key: &[u8]) -> Result<Vec<u8>> {
    check_key(key)?;
    let mut full = Vec::with_capacity(key.len() + 1);
    full.push(first);
    full.extend_from_slice(key);
    Ok(full)
}

#[cfg(test)]
mod tests;
