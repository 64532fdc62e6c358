//! The kinds of values, and what a row says of one parameter.

use crate::ObjectClass;

/// What a parameter takes, what a value is (`enum mi_kind`, where each is explained).
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    None,
    Undef,
    Int,
    Num,
    Bool,
    Bytes,
    Obj,
    Any,
    Code,
    Out,
    Rest,
    Want,
    Name,
    List,
    Dual,
    Kept,
    This,
    Array,
    Hash,
    Codes,
    Autoflush,
    Place,
    Fields,
    Plain,
}

/// One parameter of a row, from its Rust type (`mi_param`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Class of an object, else null.
    pub class: *const ObjectClass,
    /// The kind of value that it takes.
    pub kind: Kind,
    /// Whether the argument may be left out.
    pub optional: bool,
    /// Kind of each of the remaining arguments.
    pub elem: Kind,
    /// Whether script code may run before a function returns that has such a parameter.
    pub reenters: bool,
    /// Whether `undef` is passed on as such.
    pub nullable: bool,
}

impl Param {
    /// The class of the object that it takes.
    pub fn object(&self) -> Option<&'static ObjectClass> {
        // SAFETY: null, or the address of a static (`Object::CLASS`).
        unsafe { self.class.as_ref() }
    }
}
