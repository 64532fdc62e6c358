//! A plain value of a script's.

use crate::{Kind, Val};
use std::borrow::Cow;

/// A string, number or boolean that the script passed, or nothing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Plain<'c> {
    /// `undef`, `nil`.
    Nothing,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Num(f64),
    /// Bytes.
    Text(&'c [u8]),
}

impl<'c> Plain<'c> {
    pub(crate) fn of(v: &'c Val) -> Plain<'c> {
        match v.tag {
            Kind::Bool => Plain::Bool(v.w != 0),
            Kind::Int => Plain::Int(v.w as i64),
            Kind::Num => Plain::Num(f64::from_bits(v.w)),
            // SAFETY: the door lent these bytes for the call, as of any other argument.
            Kind::Bytes => Plain::Text(unsafe { v.bytes() }),
            _ => Plain::Nothing,
        }
    }
    /// The value as text; a number as it would be written. `None` for a boolean and for nothing.
    pub fn text(self) -> Option<Cow<'c, [u8]>> {
        match self {
            Plain::Text(text) => Some(text.into()),
            Plain::Int(n) => Some(n.to_string().into_bytes().into()),
            Plain::Num(n) => Some(n.to_string().into_bytes().into()),
            Plain::Nothing | Plain::Bool(_) => None,
        }
    }
    /// The value as a whole number, also of a text that is one.
    pub fn int(self) -> Option<i64> {
        match self {
            Plain::Int(n) => Some(n),
            Plain::Num(n) if n.is_finite() => Some(n as i64),
            Plain::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            _ => None,
        }
    }
}
