//! `ivm_get` and `ivm_set`: values that all states of a process share.

use httpd::Request;
use interp::*;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [
        method("ivm_get(key)", |_: &Request, key: &[u8]| get(key))
            .doc("A value that all states of the process share; nil if there is none."),
        method("ivm_set(key, value)", |_: &Request, key: &[u8], value: Plain| set(key, value))
            .doc("Sets a value that all states of the process share; nil removes it."),
    ],
);

/// The values of this process, until it ends. Nothing runs under the lock but the map.
static VALUES: Mutex<Option<HashMap<Vec<u8>, Value>>> = Mutex::new(None);

fn with<R>(f: impl FnOnce(&mut HashMap<Vec<u8>, Value>) -> R) -> R {
    f(VALUES.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

/// The value of a key; nothing if there is none.
pub(super) fn get(key: &[u8]) -> Value {
    with(|values| values.get(key).cloned()).unwrap_or(Value::Nothing)
}

/// Sets the value of a key; nothing removes it.
pub(super) fn set(key: &[u8], value: Plain) {
    let value = Value::from(value);
    // What was there is dropped behind the lock.
    let _old = with(|values| match value {
        Value::Nothing => values.remove(key),
        value => values.insert(key.to_vec(), value),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_kind_until_it_is_removed() {
        for value in [Plain::Bool(true), Plain::Bool(false), Plain::Int(7), Plain::Num(1.5), Plain::Text(b"a\0b")] {
            set(b"a key of this test", value);
            assert_eq!(get(b"a key of this test"), Value::from(value));
        }
        set(b"a key of this test", Plain::Nothing);
        assert_eq!(get(b"a key of this test"), Value::Nothing);
    }
}
