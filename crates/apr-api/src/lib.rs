//! `APR::*`: one file per class, each a static of rows over crate `apr`'s safe functions. Both languages bind them, inside
//! httpd or without it; so nothing here names a language or httpd, and what needs a server is asked of
//! [`interp::Runtime`].

mod consts;
mod pool;
mod status;
mod table;

pub use consts::CONST;
pub use pool::{Owns, POOL};
pub use status::{ERROR, STATUS};
pub use table::TABLE;

use interp::Class;

/// The classes of this crate, for [`interp::register`].
pub static CLASSES: &[&Class] = &[&TABLE, &POOL, &STATUS, &ERROR];

// Unit tests call APR; the module itself finds it in httpd.
#[cfg(test)]
#[link(name = "apr-1")]
unsafe extern "C" {}
