//! `ModInterp::Dict`: dictionaries that all processes share. Ours alone; mod_perl and mod_lua have no such class.
//!
//! Where the entries are is the host's affair: here is what scripts say and are told.

use std::time::Duration;

use dict::{End, Life, Number, Stored, Value as Kept, When, once};
use httpd::Request;
use interp::*;

use super::host::host;

/// A dictionary of the configuration, which lives as long as that.
pub struct Dict(pub Box<dyn HeldDict>);
object!(Dict, "ModInterp::Dict");

/// A dictionary, as the host has it.
pub trait HeldDict: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;
    /// What it can do.
    fn store(&self) -> &dyn dict::Store;
    /// How it is doing: names and figures.
    ///
    /// # Errors
    /// Those of the store.
    fn figures(&self) -> dict::Result<Vec<(&'static str, u64)>>;
}

const MODULE: &str = "ModInterp::Dict";
/// For so long somebody has a lock, unless the script says otherwise, and for so long others wait for it.
const LOCKED: f64 = 30.0;
const LOCK_WAIT: f64 = 5.0;
/// So long one computes a value, and others wait for it.
const COMPUTES: f64 = 30.0;
/// So many keys are given, unless the script says otherwise.
const KEYS: i64 = 1000;
/// What lives longer lives for good.
const LONGEST: f64 = 1e10;

/// A method of a request.
pub(super) static OF_REQUEST: Part = Part::new(
    MODULE,
    &[method("dict(name)", |_: &Request, name: &[u8]| find(name))
        .doc("The dictionary that a line InterpDict has made under this name.")],
);

/// Its rows.
pub static DICT: Class = Class::of::<Dict>(&[
    class_method("new(name)", |_class: ClassName, name: &[u8]| find(name))
        .doc("The dictionary that a line InterpDict has made under this name."),
    ro("name", |d: &Dict| d.0.name().as_bytes().to_vec()).doc("Its name."),
    method("get(key)", get).doc("The value of a key, of the kind it was set; nothing if there is none."),
    method("set(key, value, [ttl])", |d: &Dict, key: &[u8], value: Plain, ttl: Option<f64>| {
        d.set(key, value, ttl, When::Always)
    })
    .doc("Sets the value of a key, for ttl seconds, or for good: a string, a number or a boolean. True."),
    method("add(key, value, [ttl])", |d: &Dict, key: &[u8], value: Plain, ttl: Option<f64>| {
        d.set(key, value, ttl, When::Absent)
    })
    .doc("The same if the key has no value yet; whether it was set."),
    method("replace(key, value, [ttl])", |d: &Dict, key: &[u8], value: Plain, ttl: Option<f64>| {
        d.set(key, value, ttl, When::Present)
    })
    .doc("The same if the key has a value; whether it was set."),
    method("incr(key, [by], [init], [ttl])", incr).doc(
        "Adds a number, 1 unless said, to that of a key, and gives the sum. A key without a value begins with init, 0 unless said, and lives for ttl seconds, or for good.",
    ),
    method("delete(key)", |d: &Dict, key: &[u8]| d.done(d.store().delete(key)))
        .doc("Removes a key; whether it was there."),
    method("lpush(key, value)", |d: &Dict, key: &[u8], value: Plain| push(d, key, value, End::Left))
        .doc("Adds a value in front of the list of a key; the number of values. The list begins with the first one."),
    method("rpush(key, value)", |d: &Dict, key: &[u8], value: Plain| push(d, key, value, End::Right))
        .doc("The same at its end."),
    method("lpop(key)", |d: &Dict, key: &[u8]| pop(d, key, End::Left))
        .doc("Takes the first value off the list of a key; nothing if there is none."),
    method("rpop(key)", |d: &Dict, key: &[u8]| pop(d, key, End::Right)).doc("Takes the last one off."),
    method("llen(key)", |d: &Dict, key: &[u8]| d.done(d.store().length(key)).map(|n| n as i64))
        .doc("How many values the list of a key has."),
    method("ttl(key)", |d: &Dict, key: &[u8]| {
        let left = d.done(d.store().ttl(key))?;
        Ok::<_, Fail>(left.map(|left| left.map_or(0.0, |left| left.as_secs_f64())))
    })
    .doc("How many seconds a key has left; 0 if it lives for good, nothing if it is not there."),
    method("expire(key, [ttl])", |d: &Dict, key: &[u8], ttl: Option<f64>| {
        d.done(d.store().expire(key, d.time("ttl", ttl)?))
    })
    .doc("Has a key live for ttl seconds from now on, or for good; whether it is there."),
    method("keys([most])", |d: &Dict, most: Option<i64>| {
        let most = match most.unwrap_or(KEYS) {
            0 => usize::MAX,
            most => usize::try_from(most).unwrap_or(0),
        };
        d.done(d.store().keys(most)).map(Array)
    })
    .doc("Keys, at most 1000 unless said, with 0 all. The dictionary may change meanwhile."),
    method("clear()", |d: &Dict| d.done(d.store().clear())).doc("Removes all keys; locks stay."),
    method("get_or_set(key, code, [ttl], [stale], [wait])", get_or_set).doc(
        "The value of a key; if there is none, what the code returns, which is set for ttl seconds. Many may ask at once: one runs the code, the others wait for it, wait seconds at most, 30 unless said, or have the old value for up to stale seconds behind its time. What is nothing is not set.",
    ),
    method("lock(name, [ttl], [wait])", lock).doc(
        "Takes a lock for ttl seconds at most, 30 unless said, and waits for it for wait seconds, 5 unless said. Its number, which is larger than that of whoever had a lock of this dictionary before; nothing if it came not free.",
    ),
    method("unlock(name, number)", |d: &Dict, name: &[u8], number: i64| {
        let number = u64::try_from(number).unwrap_or(0);
        d.done(d.store().unlock(name, dict::LockOf::Script, number))
    })
    .doc("Lets go of a lock that was taken with this number; false if it is another's by now."),
    method("figures()", |d: &Dict| {
        let figures = d.done(d.0.figures())?;
        Ok::<_, Fail>(Hash(figures.into_iter().map(|(name, figure)| (name.into(), figure as i64)).collect()))
    })
    .doc("How it is doing: entries, bytes, capacity, hits, misses, evictions, expired, errors; what is not known is left out."),
])
.doc("A dictionary that all processes and both languages share.");

fn find(name: &[u8]) -> Result<Owned<Dict>> {
    host()?.dicts.find(name)
}

impl Dict {
    fn store(&self) -> &dyn dict::Store {
        self.0.store()
    }

    /// What the script is told: an error begins with the line that has made the dictionary.
    fn done<T>(&self, done: dict::Result<T>) -> Result<T> {
        done.map_err(|error| self.fail(&error.to_string()))
    }

    fn fail(&self, text: &str) -> Fail {
        format!("InterpDict {}: {text}", self.0.name()).into()
    }

    /// A time of the script's, in seconds; none for 0.
    fn time(&self, what: &str, seconds: Option<f64>) -> Result<Option<Duration>> {
        match seconds {
            None => Ok(None),
            Some(seconds) if seconds >= 0.0 => {
                Ok(Some(seconds).filter(|s| *s > 0.0 && *s < LONGEST).map(Duration::from_secs_f64))
            }
            Some(_) => Err(self.fail(&format!("{what} must be a number of seconds, 0 or more"))),
        }
    }

    fn value(&self, value: Plain) -> Result<Kept> {
        match value {
            Plain::Bool(is) => Ok(Kept::Bool(is)),
            Plain::Int(n) => Ok(Kept::Int(n)),
            Plain::Num(n) => Ok(Kept::Num(n)),
            Plain::Text(text) => Ok(Kept::Text(text.to_vec())),
            Plain::Nothing => Err(self.fail("a value is a string, a number or a boolean")),
        }
    }

    fn set(&self, key: &[u8], value: Plain, ttl: Option<f64>, when: When) -> Result<bool> {
        let (value, life) = (self.value(value)?, Life::of(self.time("ttl", ttl)?));
        self.done(self.store().set(key, &value, life, when))
    }

    /// A number, also one that is written as text.
    fn number(&self, what: &str, given: Option<Plain>, without: i64) -> Result<Number> {
        let of_text = |text: &[u8]| {
            let text = std::str::from_utf8(text).ok()?.trim();
            text.parse().map(Number::Int).or_else(|_| text.parse().map(Number::Num)).ok()
        };
        let number = match given {
            None | Some(Plain::Nothing) => Some(Number::Int(without)),
            Some(Plain::Int(n)) => Some(Number::Int(n)),
            Some(Plain::Num(n)) => Some(Number::Num(n)),
            Some(Plain::Text(text)) => of_text(text),
            Some(Plain::Bool(_)) => None,
        };
        number.filter(|n| n.float().is_finite()).ok_or_else(|| self.fail(&format!("{what} must be a number")))
    }
}

fn plain(value: Kept) -> Value {
    match value {
        Kept::Bool(is) => Value::Bool(is),
        Kept::Int(n) => Value::Int(n),
        Kept::Num(n) => Value::Num(n),
        Kept::Text(text) => Value::Text(text),
    }
}

fn get(d: &Dict, key: &[u8]) -> Result<Value> {
    let found = d.done(d.store().get(key))?;
    Ok(found.filter(|found| !found.is_old).map_or(Value::Nothing, |Stored { value, .. }| plain(value)))
}

fn incr(d: &Dict, key: &[u8], by: Option<Plain>, init: Option<Plain>, ttl: Option<f64>) -> Result<Value> {
    let (by, init) = (d.number("by", by, 1)?, d.number("init", init, 0)?);
    let ttl = d.time("ttl", ttl)?;
    d.done(d.store().incr(key, by, init, ttl)).map(|sum| plain(sum.into()))
}

fn push(d: &Dict, key: &[u8], value: Plain, end: End) -> Result<i64> {
    let value = d.value(value)?;
    d.done(d.store().push(key, end, &value)).map(|n| n as i64)
}

fn pop(d: &Dict, key: &[u8], end: End) -> Result<Value> {
    Ok(d.done(d.store().pop(key, end))?.map_or(Value::Nothing, plain))
}

fn get_or_set(
    d: &Dict,
    key: &[u8],
    code: Callable,
    ttl: Option<f64>,
    stale: Option<f64>,
    wait: Option<f64>,
) -> Result<Value> {
    let life = Life { ttl: d.time("ttl", ttl)?, stale: d.time("stale", stale)?.unwrap_or_default() };
    let patience = d.time("wait", Some(wait.unwrap_or(COMPUTES)))?.unwrap_or_default();
    let number = match d.done(once::begin(d.store(), key, patience))? {
        once::Turn::Have(value) => return Ok(plain(value)),
        once::Turn::Compute(number) => number,
    };
    let value = match code.plain(&[]) {
        Ok(value) => value,
        Err(raised) => {
            // What the code raised is what the script is to see.
            let _ = once::failed(d.store(), key, number);
            return Err(raised);
        }
    };
    let kept = match &value {
        Value::Bool(is) => Some(Kept::Bool(*is)),
        Value::Int(n) => Some(Kept::Int(*n)),
        Value::Num(n) => Some(Kept::Num(*n)),
        Value::Text(text) => Some(Kept::Text(text.clone())),
        _ => None,
    };
    d.done(once::done(d.store(), key, kept.as_ref(), life, number))?;
    Ok(value)
}

fn lock(d: &Dict, name: &[u8], ttl: Option<f64>, wait: Option<f64>) -> Result<Option<i64>> {
    let ttl = d.time("ttl", Some(ttl.unwrap_or(LOCKED)))?;
    let ttl = ttl.ok_or_else(|| d.fail("a lock needs a ttl: who has it may never give it back"))?;
    let wait = d.time("wait", Some(wait.unwrap_or(LOCK_WAIT)))?.unwrap_or_default();
    Ok(d.done(once::lock(d.store(), name, ttl, wait))?.map(|number| number as i64))
}
