//! `APR::*`: one file per class, each a static of rows over crate `apr`'s safe functions. Both languages bind them, inside
//! httpd or without it; so nothing here names a language or httpd, and what needs a server is asked of
//! [`interp::Runtime`].

pub mod base64;
mod bucket;
mod consts;
mod finfo;
mod lock;
mod misc;
mod pool;
mod shelf;
mod sockaddr;
mod socket;
mod status;
mod table;
mod uri;

pub use base64::BASE64;
pub use bucket::{ARRAY_HEADER, BRIGADE, BUCKET, BUCKET_ALLOC, BUCKET_TYPE};
pub use consts::CONST;
pub use finfo::FINFO;
pub use lock::{THREAD_MUTEX, THREAD_RWLOCK};
pub use misc::{DATE, OS, STRING, UTIL};
pub use pool::{Owns, POOL, end_pool};
pub use shelf::{given, know, passed};
pub use sockaddr::{IP_SUBNET, SOCK_ADDR};
pub use socket::SOCKET;
pub use status::{ERROR, STATUS};
pub use table::TABLE;
pub use uri::URI;

use interp::{Class, Consts};

/// The classes of this crate, for [`interp::register`].
pub static CLASSES: &[&Class] = &[
    &TABLE,
    &POOL,
    &STATUS,
    &ERROR,
    &BASE64,
    &STRING,
    &OS,
    &DATE,
    &URI,
    &SOCK_ADDR,
    &FINFO,
    &UTIL,
    &SOCKET,
    &BRIGADE,
    &BUCKET,
    &BUCKET_ALLOC,
    &BUCKET_TYPE,
    &ARRAY_HEADER,
    &IP_SUBNET,
    &THREAD_MUTEX,
    &THREAD_RWLOCK,
];
/// The constants of this crate.
pub static CONSTS: &[&Consts] = &[&CONST];

// Unit tests call APR; the module itself finds it in httpd.
#[cfg(test)]
#[link(name = "apr-1")]
unsafe extern "C" {}
