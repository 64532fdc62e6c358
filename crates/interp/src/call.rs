//! A script's call of a row, with its arguments: `interp.h`'s, field by field.

use crate::{Home, Result, Row, Val};
use std::ffi::c_void;

/// What a row runs: reads the call, writes the result. Made by [`crate::ApiFn`], never by hand.
pub type Thunk = for<'c> fn(&'c Call, &mut Val) -> Result<()>;

/// The calling context: how many results the caller wants.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// None: void context.
    Void,
    /// One: scalar context, and always in Lua.
    One,
    /// All: list context.
    Many,
}

/// A script's call of a row (`mi_call`). Read-only while Rust runs; the result is written beside it.
#[repr(C)]
#[derive(Debug)]
pub struct Call {
    pub(crate) row: *const Row,
    pub(crate) home: *const Home,
    pub(crate) ctx: *mut c_void,
    pub(crate) want: Want,
    pub(crate) argc: u8,
    pub(crate) rest: *const Val,
    pub(crate) nrest: usize,
    pub(crate) args: [Val; 8],
}
