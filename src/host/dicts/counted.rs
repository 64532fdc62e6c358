//! How often a dictionary was asked, by all processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use dict::{End, Life, LockOf, Number, Result, Size, Store, Stored, Value, When};
use leases::shared::{Shared, Words};

/// Counts in memory that processes share.
#[derive(Default)]
pub struct Counts(Shared<Table>);

#[derive(Default)]
#[repr(C)]
struct Table {
    hits: AtomicU64,
    misses: AtomicU64,
    errors: AtomicU64,
}

// SAFETY: atomics.
unsafe impl Words for Table {}

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// Values that were asked for and found.
    pub hits: u64,
    /// And not found.
    pub misses: u64,
    /// What could not be done.
    pub errors: u64,
}

impl Counts {
    /// What was counted until now.
    pub fn seen(&self) -> Seen {
        let Table { hits, misses, errors } = &*self.0;
        Seen { hits: hits.load(Relaxed), misses: misses.load(Relaxed), errors: errors.load(Relaxed) }
    }
}

/// A store whose use is counted.
pub struct Counted {
    /// The store.
    pub store: Box<dyn Store>,
    /// The counts.
    pub counts: Arc<Counts>,
}

impl Counted {
    fn done<T>(&self, done: Result<T>) -> Result<T> {
        if done.is_err() {
            self.counts.0.errors.fetch_add(1, Relaxed);
        }
        done
    }

    fn found<T>(&self, found: Result<Option<T>>) -> Result<Option<T>> {
        match &found {
            Ok(Some(_)) => self.counts.0.hits.fetch_add(1, Relaxed),
            Ok(None) => self.counts.0.misses.fetch_add(1, Relaxed),
            Err(_) => self.counts.0.errors.fetch_add(1, Relaxed),
        };
        found
    }
}

impl Store for Counted {
    fn get(&self, key: &[u8]) -> Result<Option<Stored>> {
        let found = self.store.get(key);
        match &found {
            Ok(Some(stored)) if stored.is_old => {
                self.counts.0.misses.fetch_add(1, Relaxed);
                found
            }
            _ => self.found(found),
        }
    }
    fn set(&self, key: &[u8], value: &Value, life: Life, when: When) -> Result<bool> {
        self.done(self.store.set(key, value, life, when))
    }
    fn incr(&self, key: &[u8], by: Number, init: Number, ttl: Option<Duration>) -> Result<Number> {
        self.done(self.store.incr(key, by, init, ttl))
    }
    fn delete(&self, key: &[u8]) -> Result<bool> {
        self.done(self.store.delete(key))
    }
    fn push(&self, key: &[u8], end: End, item: &Value) -> Result<u64> {
        self.done(self.store.push(key, end, item))
    }
    fn pop(&self, key: &[u8], end: End) -> Result<Option<Value>> {
        self.found(self.store.pop(key, end))
    }
    fn length(&self, key: &[u8]) -> Result<u64> {
        self.done(self.store.length(key))
    }
    fn ttl(&self, key: &[u8]) -> Result<Option<Option<Duration>>> {
        self.done(self.store.ttl(key))
    }
    fn expire(&self, key: &[u8], ttl: Option<Duration>) -> Result<bool> {
        self.done(self.store.expire(key, ttl))
    }
    fn keys(&self, most: usize) -> Result<Vec<Vec<u8>>> {
        self.done(self.store.keys(most))
    }
    fn clear(&self) -> Result<()> {
        self.done(self.store.clear())
    }
    fn lock(&self, name: &[u8], of: LockOf, ttl: Duration) -> Result<Option<u64>> {
        self.done(self.store.lock(name, of, ttl))
    }
    fn unlock(&self, name: &[u8], of: LockOf, number: u64) -> Result<bool> {
        self.done(self.store.unlock(name, of, number))
    }
    fn size(&self) -> Result<Size> {
        self.store.size()
    }
}
