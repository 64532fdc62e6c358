//! Sending the answer: through the output filters, which can be scripts.

use crate::{Request, ffi};
use apr::{Brigade, Reenter, Status, with_cstr};
use std::{ffi::c_int, marker::PhantomData, ptr};

/// An open file for [`Request::sendfile`].
pub struct OpenFile<'r> {
    file: *mut apr::ffi::apr_file_t,
    /// Bytes when it was opened.
    size: i64,
    of: PhantomData<&'r Request>,
}

impl Request {
    /// Sends bytes through the output filters (`ap_rwrite`); returns how many, which is all of them.
    ///
    /// # Errors
    /// If the connection is gone or a filter failed; behind the end of the answer, which may be the page of an error.
    pub fn write(&self, bytes: &[u8], _cx: Reenter) -> Result<usize, Status> {
        self.is_open()?;
        for part in bytes.chunks(c_int::MAX as usize) {
            // SAFETY: lives; the bytes are held for the call, says the token.
            let sent = unsafe { ffi::ap_rwrite(part.as_ptr().cast(), part.len() as c_int, self.as_ptr()) };
            if sent < 0 {
                return Err(Status(libc::ECONNABORTED));
            }
        }
        Ok(bytes.len())
    }

    /// Whether anything was written by [`Request::write`]: then httpd has a filter of its own there, which may still hold it back.
    pub fn has_begun_to_write(&self) -> bool {
        std::iter::successors(self.output_filters(), |f| f.next())
            .any(|filter| filter.kind().and_then(|kind| kind.name().map(|name| name == b"old_write")).unwrap_or(false))
    }

    /// Sends what is held back (`ap_rflush`).
    ///
    /// # Errors
    /// As [`Request::write`].
    pub fn flush(&self, _cx: Reenter) -> Result<(), Status> {
        self.is_open()?;
        // SAFETY: lives.
        if unsafe { ffi::ap_rflush(self.as_ptr()) } < 0 { Err(Status(libc::ECONNABORTED)) } else { Ok(()) }
    }

    fn is_open(&self) -> Result<(), Status> {
        if self.eos_sent() == 0 { Ok(()) } else { Err(Status(libc::ECONNABORTED)) }
    }

    /// Passes a brigade to the output filters.
    ///
    /// # Errors
    /// What the filters say.
    pub fn pass(&self, brigade: Brigade, _cx: Reenter) -> Result<(), Status> {
        // SAFETY: both live.
        Status(unsafe { ffi::ap_pass_brigade(self.raw().output_filters, brigade.as_ptr()) }).ok()
    }

    /// Opens a file that is to be sent; it is closed with the request's pool.
    ///
    /// # Errors
    /// If it cannot be opened, or is a directory.
    pub fn open_file(&self, filename: &[u8]) -> Result<OpenFile<'_>, Status> {
        use apr::ffi::{
            APR_DIR, APR_FINFO_SIZE, APR_FINFO_TYPE, APR_FOPEN_BINARY, APR_FOPEN_READ, APR_FOPEN_SENDFILE_ENABLED,
            apr_file_info_get, apr_file_open,
        };
        let mut file = ptr::null_mut();
        let flags = (APR_FOPEN_READ | APR_FOPEN_BINARY | APR_FOPEN_SENDFILE_ENABLED) as i32;
        let pool = self.pool();
        // SAFETY: a C string for the call; the file is closed by the request's pool, as its bucket may outlive us.
        let opened = with_cstr(filename, |name| unsafe {
            apr_file_open(&mut file, name.as_ptr(), flags, apr::ffi::APR_OS_DEFAULT as i32, pool.as_ptr())
        });
        Status(opened).ok()?;
        // SAFETY: all zero is a value of this plain record; APR fills in what is asked.
        let mut info: apr::ffi::apr_finfo_t = unsafe { std::mem::zeroed() };
        let wanted = (APR_FINFO_SIZE | APR_FINFO_TYPE) as i32;
        // SAFETY: the file is open.
        Status(unsafe { apr_file_info_get(&mut info, wanted, file) }).ok()?;
        if info.filetype == APR_DIR {
            return Err(Status(libc::EISDIR));
        }
        Ok(OpenFile { file, size: info.size, of: PhantomData })
    }

    /// Sends a file from `offset` on, `length` bytes or all that is left; returns how many bytes went out.
    ///
    /// # Errors
    /// If the offset lies behind the file's end, or sending fails; behind the end of the answer.
    pub fn sendfile(
        &self,
        file: &OpenFile<'_>,
        offset: i64,
        length: Option<usize>,
        _cx: Reenter,
    ) -> Result<usize, Status> {
        self.is_open()?;
        let left = || usize::try_from(file.size.saturating_sub(offset)).map_err(|_| Status(libc::EINVAL));
        let length = length.map_or_else(left, Ok)?;
        let mut sent = 0;
        // SAFETY: the request lives, and so does the file, which its pool closes.
        Status(unsafe { ffi::ap_send_fd(file.file, self.as_ptr(), offset, length, &mut sent) }).ok()?;
        Ok(sent)
    }

    /// Sets `Content-Length`.
    pub fn set_content_length(&self, length: i64) {
        // SAFETY: lives.
        unsafe { ffi::ap_set_content_length(self.as_ptr(), length) }
    }

    /// Raises [`Request::mtime`] to this, microseconds since 1970.
    pub fn update_mtime(&self, mtime: i64) {
        // SAFETY: lives.
        unsafe { ffi::ap_update_mtime(self.as_ptr(), mtime) }
    }

    /// The time, or the request's if that is earlier; microseconds since 1970.
    pub fn rationalize_mtime(&self, mtime: i64) -> i64 {
        // SAFETY: lives.
        unsafe { ffi::ap_rationalize_mtime(self.as_ptr(), mtime) }
    }

    /// What is sent for a status: a text (after a quote), a path or a URL.
    pub fn custom_response(&self, status: c_int, text: &[u8]) {
        let text = self.pool().cstr(text);
        // SAFETY: lives; the text lies in its pool.
        unsafe { ffi::ap_custom_response(self.as_ptr(), status, text.as_ptr()) }
    }
}

apr::calls! { Request:
    /// Sets `Last-Modified` from [`Request::mtime`].
    set_last_modified(): nothing = ffi::ap_set_last_modified;
    /// Sets `ETag` from the file.
    set_etag(): nothing = ffi::ap_set_etag;
    /// Whether the answer is to be sent at all: `OK`, 304 or 412.
    meets_conditions(): c_int = ffi::ap_meets_conditions;
    /// Decides whether the connection can stay open, and sets headers accordingly.
    set_keepalive(): bool = ffi::ap_set_keepalive;
}
