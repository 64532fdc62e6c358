//! Values, and the bytes that they become where entries are kept.

/// A value of a dictionary.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Num(f64),
    /// Bytes.
    Text(Vec<u8>),
}

/// A number by which another one is raised.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// A whole one.
    Int(i64),
    /// Another one.
    Num(f64),
}

impl Number {
    /// The sum; whole as long as both are. `None` if it is none that can be kept.
    #[must_use]
    pub fn plus(self, other: Number) -> Option<Number> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.checked_add(b).map(Number::Int),
            (a, b) => Some(Number::Num(a.float() + b.float())).filter(|sum| sum.float().is_finite()),
        }
    }

    /// As a number with a fraction.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn float(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Num(n) => n,
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        match number {
            Number::Int(n) => Value::Int(n),
            Number::Num(n) => Value::Num(n),
        }
    }
}

impl Value {
    /// The number that it is, if it is one. A text is none, whatever it says.
    #[must_use]
    pub fn number(&self) -> Option<Number> {
        match self {
            Value::Int(n) => Some(Number::Int(*n)),
            Value::Num(n) => Some(Number::Num(*n)),
            Value::Bool(_) | Value::Text(_) => None,
        }
    }

    /// Its kind and its bytes, for a [`table`](crate::table).
    #[must_use]
    pub(crate) fn parts(&self) -> (u8, Bytes<'_>) {
        match self {
            Value::Bool(is) => (kind::BOOL, Bytes::Number([u8::from(*is), 0, 0, 0, 0, 0, 0, 0])),
            Value::Int(n) => (kind::INT, Bytes::Number(n.to_le_bytes())),
            Value::Num(n) => (kind::NUM, Bytes::Number(n.to_le_bytes())),
            Value::Text(text) => (kind::TEXT, Bytes::Text(text)),
        }
    }

    /// The same of a number.
    pub(crate) fn parts_owned(self) -> (u8, [u8; 8]) {
        match self.parts() {
            (kind, Bytes::Number(bytes)) => (kind, bytes),
            (kind, Bytes::Text(_)) => (kind, [0; 8]),
        }
    }

    /// The value of a kind and bytes; `None` for what is no value.
    #[must_use]
    pub(crate) fn of_parts(kind: u8, bytes: &[u8]) -> Option<Value> {
        let word = || bytes.first_chunk::<8>().copied();
        Some(match kind {
            kind::BOOL => Value::Bool(bytes.first().is_some_and(|byte| *byte != 0)),
            kind::INT => Value::Int(i64::from_le_bytes(word()?)),
            kind::NUM => Value::Num(f64::from_le_bytes(word()?)),
            kind::TEXT => Value::Text(bytes.to_vec()),
            _ => return None,
        })
    }
}

/// The bytes of a value.
pub(crate) enum Bytes<'v> {
    Number([u8; 8]),
    Text(&'v [u8]),
}

impl Bytes<'_> {
    pub(crate) fn get(&self) -> &[u8] {
        match self {
            Bytes::Number(bytes) => bytes,
            Bytes::Text(text) => text,
        }
    }
}

/// Kinds of entries.
pub(crate) mod kind {
    pub(crate) const BOOL: u8 = 1;
    pub(crate) const INT: u8 = 2;
    pub(crate) const NUM: u8 = 3;
    pub(crate) const TEXT: u8 = 4;
    pub(crate) const LIST: u8 = 5;
    pub(crate) const LOCK: u8 = 6;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_its_parts_make() {
        for value in [
            Value::Bool(true),
            Value::Bool(false),
            Value::Int(i64::MIN),
            Value::Num(-0.5),
            Value::Text(b"a\0b".to_vec()),
            Value::Text(Vec::new()),
        ] {
            let (kind, bytes) = value.parts();
            assert_eq!(Value::of_parts(kind, bytes.get()), Some(value));
        }
        assert_eq!(Value::of_parts(kind::INT, b"short"), None);
        assert_eq!(Value::of_parts(kind::LIST, b""), None);
    }

    #[test]
    fn whole_numbers_stay_whole_and_within_their_bounds() {
        assert_eq!(Number::Int(2).plus(Number::Int(3)), Some(Number::Int(5)));
        assert_eq!(Number::Int(i64::MAX).plus(Number::Int(1)), None);
        assert_eq!(Number::Int(1).plus(Number::Num(0.5)), Some(Number::Num(1.5)));
        assert_eq!(Number::Num(f64::MAX).plus(Number::Num(f64::MAX)), None);
    }
}
