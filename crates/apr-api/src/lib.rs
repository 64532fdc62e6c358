//! `APR::*`: one file per class, each a static of rows over crate `apr`'s safe functions. Both languages bind them, inside
//! httpd or without it; so nothing here names a language or httpd, and what needs a server is asked of
//! [`interp::Runtime`].

pub mod base64;
mod consts;
mod misc;
mod pool;
mod status;
mod table;

pub use base64::BASE64;
pub use consts::CONST;
pub use misc::{DATE, OS, STRING};
pub use pool::{Owns, POOL};
pub use status::{ERROR, STATUS};
pub use table::TABLE;

use interp::Class;

/// The classes of this crate, for [`interp::register`].
pub static CLASSES: &[&Class] = &[&TABLE, &POOL, &STATUS, &ERROR, &BASE64, &STRING, &OS, &DATE];

// Unit tests call APR; the module itself finds it in httpd.
#[cfg(test)]
#[link(name = "apr-1")]
unsafe extern "C" {}
