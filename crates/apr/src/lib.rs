//! Safe APR: pools, tables, brigades, buckets, status codes.
//!
//! APR's records are seen behind references only ([`opaque!`]). Whoever makes one (`at`, unsafe) promises that the record lives as
//! long and is used by one thread at a time, which is APR's own rule; all methods are safe on that promise, and the borrow is
//! the proof of what they lend. Buckets and databases, which are consumed or closed, are addresses by value. Bytes go in as `&[u8]`
//! and come out borrowed. What APR takes as a C string ends at the first
//! NUL, as with mod_perl.
//!
//! This crate never knows httpd, a script language or an interpreter. It emits no library to link: what is loaded into
//! httpd finds APR there.

mod array;
mod bucket;
mod buffer;
pub mod children;
pub mod dbd;
pub mod digest;
pub mod ffi;
mod files;
mod finfo;
mod lock;
mod misc;
mod momentary;
mod opaque;
mod password;
mod pool;
pub mod process;
mod sockaddr;
mod socket;
mod status;
mod table;
mod text;
mod uri;

pub use array::ArrayHeader;
pub use bucket::{Brigade, Bucket, BucketAlloc, BucketKind, BucketType};
pub use buffer::Buffer;
pub use files::{entries, make_dir, make_dirs, remove_dir, touch};
pub use finfo::Finfo;
pub use lock::{ThreadMutex, ThreadRwLock};
pub use misc::{
    SECOND, ask_password, format_size, is_password, now, optional_function, parse_http_date, parse_rfc_date,
    provide_function, rfc822_date, sleep, thread_id,
};
pub use momentary::{Held, Momentary};
pub use opaque::Beside;
pub use password::{Algorithm, password_hash};
pub use pool::{Cleanup, Pool, adopt_cleanups, cleanups_outlive_forks};
pub use sockaddr::{IpSubnet, SockAddr};
pub use socket::Socket;
pub use status::Status;
pub use table::{Overlap, Table};
pub use text::{bytes_at, with_cstr};
pub use uri::Uri;

use std::marker::PhantomData;

/// Permission to run script code before returning.
///
/// Whatever writes, reads, or runs a subrequest, hook, filter or cleanup can end up in a script, and the script can free
/// or change what the caller borrowed. So such functions ask for this token: it costs nothing, and an API row whose
/// function takes one is marked by that very parameter (its arguments are then held for the length of the call).
///
/// Nothing borrowed from a table, bucket or brigade may be kept across a call that takes one: read it again.
#[derive(Clone, Copy, Debug)]
pub struct Reenter<'c>(PhantomData<&'c ()>);

impl Reenter<'_> {
    /// Makes the token.
    ///
    /// # Safety
    /// The caller stands where script code may run: everything it borrowed from a script is held, it holds no lock and no
    /// exclusive borrow that a script's way back into us could need.
    pub const unsafe fn assume() -> Self {
        Reenter(PhantomData)
    }
}
