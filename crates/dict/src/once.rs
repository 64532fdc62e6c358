//! One computes what many want. The others wait for it, for a bounded time, or take the old value while there is one.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::store::{Life, LockOf, Store, When};
use crate::value::Value;

/// How long a wait for others is at first, and at last.
const FIRST_NAP: Duration = Duration::from_millis(1);
const LAST_NAP: Duration = Duration::from_millis(50);

/// What is to be done about a key.
#[derive(PartialEq, Debug)]
pub enum Turn {
    /// Nothing: this is its value, which may be old.
    Have(Value),
    /// The caller computes it, within the time that it has said, and says so with this number: [`done`] or [`failed`].
    Compute(u64),
}

/// Waits by turns that grow.
struct Naps(Duration);

impl Naps {
    fn nap(&mut self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(self.0.min(left));
        self.0 = (self.0 * 2).min(LAST_NAP);
        true
    }
}

/// The value of a key, or the turn to compute it. Who computes it has `patience` for it, then it is another's turn; so long one waits for it.
///
/// # Errors
/// Another has not computed it in time; the store's.
pub fn begin(store: &dyn Store, key: &[u8], patience: Duration) -> Result<Turn> {
    let until = Instant::now() + patience;
    let mut naps = Naps(FIRST_NAP);
    loop {
        let found = store.get(key)?;
        let old = match found {
            Some(found) if !found.is_old => return Ok(Turn::Have(found.value)),
            found => found.map(|found| found.value),
        };
        if let Some(number) = store.lock(key, LockOf::Once, patience)? {
            // Somebody may have done it between the look and the lock.
            return match store.get(key)? {
                Some(found) if !found.is_old => {
                    store.unlock(key, LockOf::Once, number)?;
                    Ok(Turn::Have(found.value))
                }
                _ => Ok(Turn::Compute(number)),
            };
        }
        if let Some(old) = old {
            return Ok(Turn::Have(old));
        }
        if !naps.nap(until) {
            let waited = patience.as_secs_f64();
            return Err(Error::Late(format!("another computes the value, and has not done so in {waited} s")));
        }
    }
}

/// The value is computed: it is set, if there is one, and others go on.
///
/// # Errors
/// The store's.
pub fn done(store: &dyn Store, key: &[u8], value: Option<&Value>, life: Life, number: u64) -> Result<()> {
    let set = value.map_or(Ok(true), |value| store.set(key, value, life, When::Always));
    store.unlock(key, LockOf::Once, number)?;
    set.map(drop)
}

/// It could not be computed: it is the turn of another.
///
/// # Errors
/// The store's.
pub fn failed(store: &dyn Store, key: &[u8], number: u64) -> Result<()> {
    store.unlock(key, LockOf::Once, number).map(drop)
}

/// Takes the lock of a name; waits for it so long. `None` if it came not free.
///
/// # Errors
/// The store's.
pub fn lock(store: &dyn Store, name: &[u8], ttl: Duration, wait: Duration) -> Result<Option<u64>> {
    let until = Instant::now() + wait;
    let mut naps = Naps(FIRST_NAP);
    loop {
        if let Some(number) = store.lock(name, LockOf::Script, ttl)? {
            return Ok(Some(number));
        }
        if !naps.nap(until) {
            return Ok(None);
        }
    }
}
