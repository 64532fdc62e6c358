//! What the file system says of a file.

use crate::{Pool, Status, bytes_at, ffi};

crate::opaque! {
    /// An `apr_finfo_t`.
    pub struct Finfo(ffi::apr_finfo_t);
}

/// Numbers. A row becomes a getter, which gives 0 unless one of the bits says that APR has filled the field in: httpd leaves the
/// rest of a record as it found it on its stack.
macro_rules! numbers {
    ($($(#[$doc:meta])* $get:ident: $field:ident, $bits:expr;)*) => {
        impl Finfo { $(
            $(#[$doc])*
            pub fn $get(&self) -> i64 {
                #[allow(clippy::unnecessary_cast, reason = "APR's types differ between platforms")]
                { if self.knows($bits) { self.record().$field as i64 } else { 0 } }
            }
        )* }
    };
}

numbers! {
    /// Permissions: `APR_FPROT_*`.
    protection: protection, ffi::APR_FINFO_PROT;
    /// Owner.
    user: user, ffi::APR_FINFO_USER;
    /// Group.
    group: group, ffi::APR_FINFO_GROUP;
    /// The file's number in its file system (inode).
    inode: inode, ffi::APR_FINFO_INODE;
    /// The number of its file system (device).
    device: device, ffi::APR_FINFO_DEV;
    /// How many names the file has (links).
    links: nlink, ffi::APR_FINFO_NLINK;
    /// Bytes.
    size: size, ffi::APR_FINFO_SIZE;
    /// The bytes that the file takes up in its file system.
    disk_size: csize, ffi::APR_FINFO_CSIZE;
    /// Last read, microseconds since 1970.
    atime: atime, ffi::APR_FINFO_ATIME;
    /// Last written, microseconds since 1970.
    mtime: mtime, ffi::APR_FINFO_MTIME;
    /// Last changed, microseconds since 1970.
    ctime: ctime, ffi::APR_FINFO_CTIME;
}

impl Finfo {
    /// Which of the others are filled in: `APR_FINFO_*`; 0 if there is no file.
    pub fn valid(&self) -> i64 {
        if self.is_missing() { 0 } else { i64::from(self.record().valid) }
    }

    /// Kind of file: `APR_NOFILE` (0) if there is none.
    pub fn file_type(&self) -> i64 {
        i64::from(self.record().filetype)
    }

    fn knows(&self, bits: u32) -> bool {
        self.valid() & i64::from(bits) != 0
    }

    /// Whether there is no file (`APR_NOFILE`).
    pub fn is_missing(&self) -> bool {
        self.file_type() == i64::from(ffi::APR_NOFILE)
    }

    /// Whether it is a plain file (`APR_REG`).
    pub fn is_plain(&self) -> bool {
        self.file_type() == i64::from(ffi::APR_REG)
    }

    /// Whether it is a directory (`APR_DIR`).
    pub fn is_directory(&self) -> bool {
        self.file_type() == i64::from(ffi::APR_DIR)
    }

    /// Asks the file system; `wanted` are `APR_FINFO_*`. The result lies in `pool`.
    ///
    /// # Errors
    /// What APR says. That some of what was asked is not known is no error.
    pub fn stat<'p>(path: &[u8], wanted: i32, pool: &'p Pool) -> Result<&'p Finfo, Status> {
        let info = pool.zeroed(size_of::<ffi::apr_finfo_t>()).cast::<ffi::apr_finfo_t>();
        // SAFETY: path is a C string in the pool, which the result points to; the record is as large as APR expects.
        let status = Status(unsafe { ffi::apr_stat(info.as_ptr(), pool.cstr(path).as_ptr(), wanted, pool.as_ptr()) });
        if !status.is_success() && status != Status::INCOMPLETE {
            return Err(status);
        }
        // SAFETY: lies in the pool.
        Ok(unsafe { info.cast::<Finfo>().as_ref() })
    }

    fn record(&self) -> &ffi::apr_finfo_t {
        // SAFETY: lives as long as it is borrowed; nobody keeps this over a change of the record.
        unsafe { &*self.as_ptr() }
    }

    /// The path by which the file was asked for; none if there is no file.
    pub fn path(&self) -> Option<&[u8]> {
        if self.is_missing() {
            return None;
        }
        // SAFETY: null or a C string that lives as long.
        unsafe { bytes_at(self.record().fname) }
    }

    /// Its name as the file system has it, if that was asked.
    pub fn name(&self) -> Option<&[u8]> {
        if !self.knows(ffi::APR_FINFO_NAME) {
            return None;
        }
        // SAFETY: as in `path`.
        unsafe { bytes_at(self.record().name) }
    }
}
