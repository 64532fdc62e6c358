//! What a dictionary can do.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::value::{Number, Value};

/// How long an entry lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Life {
    /// So long it is there; `None`: for good.
    pub ttl: Option<Duration>,
    /// So long behind that it may still be had as old ([`crate::once`]).
    pub stale: Duration,
}

impl Life {
    /// That long, and no longer.
    #[must_use]
    pub fn of(ttl: Option<Duration>) -> Life {
        Life { ttl, stale: Duration::ZERO }
    }
}

/// On what the setting of an entry depends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// On nothing.
    Always,
    /// It must not be there.
    Absent,
    /// It must be there.
    Present,
}

/// An end of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The first item.
    Left,
    /// The last one.
    Right,
}

/// What was found of an entry.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    /// Its value.
    pub value: Value,
    /// Whether its time is over, and it may only be had as old.
    pub is_old: bool,
}

/// How much a dictionary holds; what is not known where it is kept is nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    /// Entries, locks included.
    pub entries: Option<u64>,
    /// Bytes that they take.
    pub bytes: Option<u64>,
    /// Bytes that they may take.
    pub capacity: Option<u64>,
    /// Entries that were dropped to make room before their time was over.
    pub evictions: Option<u64>,
    /// Entries that were dropped because their time was over.
    pub expired: Option<u64>,
}

/// Where the entries of a dictionary are. Each function is one step: nobody sees it half done, and no two of them at the same entry run at
/// once, whichever processes call.
pub trait Store: Send + Sync {
    /// The value of a key, also one that is old.
    ///
    /// # Errors
    /// It is a list; where the entries are kept something went wrong. So with all of these.
    fn get(&self, key: &[u8]) -> Result<Option<Stored>>;

    /// Sets the value of a key; false if `when` does not hold. An old value is not there.
    ///
    /// # Errors
    /// The value is too large; there is no room.
    fn set(&self, key: &[u8], value: &Value, life: Life, when: When) -> Result<bool>;

    /// Adds to the number of a key, which begins with `init` and then lives for `ttl`; gives the sum.
    ///
    /// # Errors
    /// The value is no number; the sum would be none.
    fn incr(&self, key: &[u8], by: Number, init: Number, ttl: Option<Duration>) -> Result<Number>;

    /// Removes a key; whether it was there.
    ///
    /// # Errors
    /// As above.
    fn delete(&self, key: &[u8]) -> Result<bool>;

    /// Adds an item at an end of the list of a key, which is made if there is none; gives the number of items.
    ///
    /// # Errors
    /// The value is no list; it would be too large.
    fn push(&self, key: &[u8], end: End, item: &Value) -> Result<u64>;

    /// Takes an item off the end of a list; a list without items is not there.
    ///
    /// # Errors
    /// The value is no list.
    fn pop(&self, key: &[u8], end: End) -> Result<Option<Value>>;

    /// How many items the list of a key has.
    ///
    /// # Errors
    /// The value is no list.
    fn length(&self, key: &[u8]) -> Result<u64>;

    /// How long a key will be there: `None` if it is not, `Some(None)` for good.
    ///
    /// # Errors
    /// As above.
    fn ttl(&self, key: &[u8]) -> Result<Option<Option<Duration>>>;

    /// Has a key live so long from now on, or for good; false if it is not there.
    ///
    /// # Errors
    /// As above.
    fn expire(&self, key: &[u8], ttl: Option<Duration>) -> Result<bool>;

    /// At most so many keys.
    ///
    /// # Errors
    /// As above.
    fn keys(&self, most: usize) -> Result<Vec<Vec<u8>>>;

    /// Removes all entries but locks.
    ///
    /// # Errors
    /// As above.
    fn clear(&self) -> Result<()>;

    /// Takes the lock of a name for at most this time, if nobody has it. The number that it gives is larger than that of whoever had any
    /// lock of this dictionary before.
    ///
    /// # Errors
    /// As above.
    fn lock(&self, name: &[u8], of: LockOf, ttl: Duration) -> Result<Option<u64>>;

    /// Lets go of a lock that was taken with this number; false if it is no longer the caller's.
    ///
    /// # Errors
    /// As above.
    fn unlock(&self, name: &[u8], of: LockOf, number: u64) -> Result<bool>;

    /// How much there is.
    ///
    /// # Errors
    /// As above.
    fn size(&self) -> Result<Size>;
}

/// Whose a lock is: names of the one know nothing of those of the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockOf {
    /// The script's.
    Script,
    /// Who computes the value of a key.
    Once,
}

/// A key has at most so many bytes.
pub const LONGEST_KEY: usize = 8192;

/// Whether a key is one.
///
/// # Errors
/// It is empty, or too long.
pub fn check_key(key: &[u8]) -> Result<()> {
    if key.is_empty() || key.len() > LONGEST_KEY { Err(Error::Key(LONGEST_KEY)) } else { Ok(()) }
}

/// Now, in milliseconds since 1970: entries may outlive processes, and machines may share them.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// A time in whole milliseconds, at least 1 unless it is none.
#[must_use]
#[allow(clippy::needless_pass_by_value)]
pub fn millis(time: Duration) -> u64 {
    let whole = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    if whole == 0 && !time.is_zero() { 1 } else { whole }
}
