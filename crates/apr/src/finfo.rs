//! What the file system says of a file.

use crate::{Pool, Status, bytes_at, ffi};
use std::ptr::NonNull;

/// An `apr_finfo_t`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Finfo(NonNull<ffi::apr_finfo_t>);

/// Numbers. A row becomes a getter.
macro_rules! numbers {
    ($($(#[$doc:meta])* $get:ident: $field:ident;)*) => {
        impl Finfo { $(
            $(#[$doc])*
            pub fn $get(&self) -> i64 {
                #[allow(clippy::unnecessary_cast, reason = "APR's types differ between platforms")]
                { self.record().$field as i64 }
            }
        )* }
    };
}

numbers! {
    /// Which of the others are filled in: `APR_FINFO_*`.
    valid: valid;
    /// Permissions: `APR_FPROT_*`.
    protection: protection;
    /// Kind of file: `APR_NOFILE` (0) if there is none.
    file_type: filetype;
    /// Owner.
    user: user;
    /// Group.
    group: group;
    /// Number in its file system.
    inode: inode;
    /// Its file system.
    device: device;
    /// How many names it has.
    links: nlink;
    /// Bytes.
    size: size;
    /// Bytes it takes up.
    disk_size: csize;
    /// Last read, microseconds since 1970.
    atime: atime;
    /// Last written, microseconds since 1970.
    mtime: mtime;
    /// Last changed, microseconds since 1970.
    ctime: ctime;
}

impl Finfo {
    /// The wrapper.
    ///
    /// # Safety
    /// `info` is null or lives, and the wrapper and its copies are used only as long.
    pub unsafe fn from_ptr(info: *mut ffi::apr_finfo_t) -> Option<Finfo> {
        NonNull::new(info).map(Finfo)
    }

    /// Whether there is no file (`APR_NOFILE`).
    pub fn is_missing(&self) -> bool {
        self.file_type() == i64::from(ffi::APR_NOFILE)
    }

    /// Whether it is a directory (`APR_DIR`).
    pub fn is_directory(&self) -> bool {
        self.file_type() == i64::from(ffi::APR_DIR)
    }

    /// The pointer.
    pub fn as_ptr(self) -> *mut ffi::apr_finfo_t {
        self.0.as_ptr()
    }

    /// Asks the file system; `wanted` are `APR_FINFO_*`. The result lies in `pool`.
    ///
    /// # Errors
    /// What APR says. That some of what was asked is not known is no error.
    pub fn stat(path: &[u8], wanted: i32, pool: Pool) -> Result<Finfo, Status> {
        let info = pool.zeroed(size_of::<ffi::apr_finfo_t>()).cast();
        // SAFETY: path is a C string in the pool, which the result points to; the record is as large as APR expects.
        let status = Status(unsafe { ffi::apr_stat(info.as_ptr(), pool.cstr(path).as_ptr(), wanted, pool.as_ptr()) });
        if status.is_success() || status == Status::INCOMPLETE { Ok(Finfo(info)) } else { Err(status) }
    }

    fn record(&self) -> &ffi::apr_finfo_t {
        // SAFETY: lives, says `from_ptr`.
        unsafe { self.0.as_ref() }
    }

    /// The path it was asked by.
    pub fn path(&self) -> Option<&[u8]> {
        // SAFETY: null or a C string that lives as long.
        unsafe { bytes_at(self.record().fname) }
    }

    /// Its name as the file system has it, if that was asked.
    pub fn name(&self) -> Option<&[u8]> {
        // SAFETY: as in `path`.
        unsafe { bytes_at(self.record().name) }
    }
}
