//! A dictionary: names with values, which all processes of a server see, and what may be done with them at once by many.
//!
//! What a dictionary can do is the trait [`Store`]; where its entries are is the affair of who implements it. What is the same everywhere
//! stands above it: [`once`], which has one caller compute what many want.
//!
//! | file | holds |
//! |---|---|
//! | `value` | values, and what they become where they are kept |
//! | `store` | [`Store`]: what a dictionary can do |
//! | `error` | why something could not be done |
//! | `once` | one computes, the others wait or take what is old |
//! | `heap` | blocks of a piece of memory |
//! | `table` | the entries of a dictionary in such a piece |
//! | `list` | a list in an entry |
//!
//! Nothing here knows a language, a server, or whose the memory is. No unsafe.

#![forbid(unsafe_code)]

pub mod error;
mod heap;
mod list;
pub mod once;
pub mod store;
pub mod table;
pub mod value;

pub use error::{Error, Result};
pub use store::{End, Life, LockOf, Size, Store, Stored, When};
pub use value::{Number, Value};
