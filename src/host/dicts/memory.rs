//! Entries in memory that the processes of this server share.
//!
//! httpd's own store of this kind, mod_socache_shmcb, is not the place for values that must not get lost: it writes each value behind the
//! last one of a ring, so that one key which is written all the time pushes others out while most of the memory is unused, and has many
//! small rings, of which the first is full when the memory is full to a fifth to two thirds (docs/dict.md has the figures). Hence `dict::table`.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use dict::store::now;
use dict::table::{self, Fault, Rules, Table};
use dict::{End, Error, Life, LockOf, Number, Result, Size, Store, Stored, Value, When};
use interp::Inside;
use shm::Region;

use crate::host::languages::languages;
use crate::host::report;

/// A step takes microseconds; so long one waits for those of others.
const PATIENCE: Duration = Duration::from_secs(5);

/// The memory of a dictionary.
#[derive(Clone)]
pub struct Memory {
    region: Arc<Region>,
    rules: Rules,
    name: Arc<str>,
}

impl Memory {
    /// So many bytes, without entries.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn new(size: usize) -> std::io::Result<Memory> {
        let rules = Rules { seed: RandomState::new().hash_one(size), evicts: true };
        Ok(Memory { region: Arc::new(Region::new(size)?), rules, name: "".into() })
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.region.len()
    }

    /// The same memory, of a dictionary of this name in which entries make way for others, or not.
    pub fn with_rule(self, name: &Arc<str>, evicts: bool) -> Memory {
        Memory { rules: Rules { evicts, ..self.rules }, name: name.clone(), ..self }
    }

    fn step<R>(&self, f: impl FnOnce(&mut Table<'_>) -> std::result::Result<R, Fault>) -> Result<R> {
        // A signal handler that ends this process must do nothing with it meanwhile.
        let _inside = Inside::new();
        let (done, mended) = self
            .region
            .with(PATIENCE, |bytes| table::step(bytes, self.rules, now(), f))
            .map_err(|busy| Error::Late(busy.to_string()))?;
        if let (Some(mended), Some(lang)) = (mended, languages().next()) {
            let what = if mended.is_emptied {
                "its memory made no sense, and is empty now".into()
            } else {
                format!("a process has ended in the middle of a step: {} entries are kept", mended.kept)
            };
            report::warn(lang, &format!("InterpDict {}: {what}", self.name));
        }
        done
    }
}

impl Store for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Stored>> {
        self.step(|t| t.get(key))
    }
    fn set(&self, key: &[u8], value: &Value, life: Life, when: When) -> Result<bool> {
        self.step(|t| t.set(key, value, life, when))
    }
    fn incr(&self, key: &[u8], by: Number, init: Number, ttl: Option<Duration>) -> Result<Number> {
        self.step(|t| t.incr(key, by, init, ttl))
    }
    fn delete(&self, key: &[u8]) -> Result<bool> {
        self.step(|t| t.delete(key))
    }
    fn push(&self, key: &[u8], end: End, item: &Value) -> Result<u64> {
        self.step(|t| t.push(key, end, item))
    }
    fn pop(&self, key: &[u8], end: End) -> Result<Option<Value>> {
        self.step(|t| t.pop(key, end))
    }
    fn length(&self, key: &[u8]) -> Result<u64> {
        self.step(|t| t.length(key))
    }
    fn ttl(&self, key: &[u8]) -> Result<Option<Option<Duration>>> {
        self.step(|t| t.ttl(key))
    }
    fn expire(&self, key: &[u8], ttl: Option<Duration>) -> Result<bool> {
        self.step(|t| t.expire(key, ttl))
    }
    fn keys(&self, most: usize) -> Result<Vec<Vec<u8>>> {
        self.step(|t| t.keys(most))
    }
    fn clear(&self) -> Result<()> {
        self.step(|t| t.clear())
    }
    fn lock(&self, name: &[u8], of: LockOf, ttl: Duration) -> Result<Option<u64>> {
        self.step(|t| t.lock(name, of, ttl))
    }
    fn unlock(&self, name: &[u8], of: LockOf, number: u64) -> Result<bool> {
        self.step(|t| t.unlock(name, of, number))
    }
    fn size(&self) -> Result<Size> {
        self.step(|t| t.size())
    }
}
