//! Reading the body of a request: through the input filters, which can be scripts.

use crate::{Request, ffi, status::FILTER_FAILED};
use apr::{Brigade, BucketKind, Reenter, Status};
use interp::trace;
use std::{borrow::Cow, ffi::c_int, mem::MaybeUninit, ptr};

impl Request {
    /// Reads up to `room.len()` bytes of the body: until the room is full or the body ends. Returns how many; 0 at the end.
    ///
    /// After an error the connection is not used for another request. mod_perl: `Apache2::RequestIO::read`.
    ///
    /// # Errors
    /// What the input filters say, or that one of them gave nothing where it should have waited.
    pub fn read(&self, room: &mut [u8], cx: Reenter) -> Result<usize, ReadError> {
        // SAFETY: the same bytes; `read_into` writes nothing into them but what it has read.
        let room = unsafe { &mut *(ptr::from_mut(room) as *mut [MaybeUninit<u8>]) };
        self.read_into(room, cx).map(|read| read.len())
    }

    /// As [`Request::read`] into memory that holds nothing yet: returns the bytes read, which lie at its start.
    ///
    /// # Errors
    /// As [`Request::read`].
    pub fn read_into<'r>(&self, room: &'r mut [MaybeUninit<u8>], cx: Reenter) -> Result<&'r mut [u8], ReadError> {
        let mut total = 0;
        if room.is_empty() {
            return Ok(&mut []);
        }
        let Some(alloc) = self.connection().bucket_alloc() else { return Err(ReadError::EmptyBrigade) };
        let brigade = Brigade::new(self.pool(), alloc);
        let result = loop {
            match self.read_once(&brigade, &mut room[total..], cx) {
                Err(error) => break Err(error),
                Ok((read, at_end)) => {
                    total += read;
                    if total == room.len() || at_end {
                        break Ok(total);
                    }
                }
            }
            if let Err(status) = brigade.cleanup(cx) {
                break Err(ReadError::Filter(status));
            }
        };
        trace!(Io, "reads a body: wanted {} bytes, {result:?}", room.len());
        if result.is_err() {
            self.connection().set_keepalive(crate::KeepAlive::Close);
        }
        // SAFETY: made above, known to nobody else. What it says is of no more interest.
        let _ = unsafe { brigade.destroy(cx) };
        // SAFETY: as many bytes were read into the room, one piece behind the other.
        result.map(|total| unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), total) })
    }

    /// Reads what comes next of the body, without waiting for the room to be full; 0 bytes at the end.
    ///
    /// # Errors
    /// As [`Request::read`].
    pub fn read_some<'r>(&self, room: &'r mut [MaybeUninit<u8>], cx: Reenter) -> Result<&'r mut [u8], ReadError> {
        let Some(alloc) = self.connection().bucket_alloc() else { return Err(ReadError::EmptyBrigade) };
        let brigade = Brigade::new(self.pool(), alloc);
        let result = loop {
            match self.read_once(&brigade, room, cx) {
                Ok((0, false)) if !room.is_empty() => {}
                Ok((read, _)) => break Ok(read),
                Err(error) => break Err(error),
            }
            if let Err(status) = brigade.cleanup(cx) {
                break Err(ReadError::Filter(status));
            }
        };
        trace!(Io, "reads a body: at most {} bytes, {result:?}", room.len());
        if result.is_err() {
            self.connection().set_keepalive(crate::KeepAlive::Close);
        }
        // SAFETY: as in `read_into`.
        let _ = unsafe { brigade.destroy(cx) };
        // SAFETY: as many bytes were read to the start of the room.
        result.map(|read| unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), read) })
    }

    /// Reads the whole body, or what is left of it, if that is at most `limit` bytes (0: as many as there are). Where its
    /// length is known it lies in the request's memory, read there at once.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub fn read_all(&self, limit: u64, cx: Reenter) -> Result<Cow<'_, [u8]>, BodyError> {
        let limit = self.limit_of(limit)?;
        let mut body = Vec::new();
        let length = self.declared_length();
        if length > 0 && length <= AT_ONCE {
            // One byte more shows the end, and a filter that makes more of it.
            let size = usize::try_from(length).unwrap_or(0) + 1;
            let at = self.pool().alloc(size).cast();
            // SAFETY: as many bytes of the request's pool, known to nobody else.
            let room = unsafe { std::slice::from_raw_parts_mut(at.as_ptr(), size) };
            let read = self.read_into(room, cx).map_err(BodyError::Read)?;
            if read.len() as u64 > limit {
                return Err(BodyError::TooLarge(limit));
            }
            if read.len() < size {
                return Ok(Cow::Borrowed(read));
            }
            body.extend_from_slice(read);
        }
        loop {
            body.reserve(PIECE);
            let room = body.spare_capacity_mut();
            let (most, n) = (room.len(), self.read_into(room, cx).map_err(BodyError::Read)?.len());
            // SAFETY: as many bytes were read behind what was there.
            unsafe { body.set_len(body.len() + n) };
            if body.len() as u64 > limit {
                return Err(BodyError::TooLarge(limit));
            }
            if n < most {
                return Ok(Cow::Owned(body));
            }
        }
    }

    /// As [`Request::read_all`], piece by piece. Returns how many bytes there were.
    ///
    /// # Errors
    /// See [`BodyError`]; what `take` returns becomes [`BodyError::Kept`].
    pub fn read_pieces(
        &self,
        limit: u64,
        cx: Reenter,
        mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<u64, BodyError> {
        let limit = self.limit_of(limit)?;
        let mut room = Box::new_uninit_slice(PIECE);
        let mut total = 0;
        loop {
            let piece = self.read_into(&mut room, cx).map_err(BodyError::Read)?;
            total += piece.len() as u64;
            if total > limit {
                return Err(BodyError::TooLarge(limit));
            }
            take(piece).map_err(|e| BodyError::Kept(e.to_string()))?;
            if piece.len() < PIECE {
                return Ok(total);
            }
        }
    }

    /// The bytes a body may have, LimitRequestBody considered; an error if it is known to have more.
    fn limit_of(&self, limit: u64) -> Result<u64, BodyError> {
        let configured = u64::try_from(self.limit_req_body()).unwrap_or(0);
        let limit = [limit, configured].into_iter().filter(|n| *n > 0).min().unwrap_or(u64::MAX);
        if u64::try_from(self.raw().remaining).unwrap_or(0) > limit || self.declared_length() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        Ok(limit)
    }

    /// What `Content-Length` says; 0 without one.
    fn declared_length(&self) -> u64 {
        let length =
            self.headers_in().get(b"Content-Length").and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        length.unwrap_or(0)
    }

    /// Says to all who read the body from now on why an input filter returned [`FILTER_FAILED`].
    pub fn note_failed_input(&self, text: &str) {
        self.notes().set(FAILED_INPUT, text.as_bytes());
    }

    /// Prepares reading (`REQUEST_NO_BODY` 0, `REQUEST_CHUNKED_ERROR` 1, `REQUEST_CHUNKED_DECHUNK` 2); `OK` or a status.
    pub fn setup_client_block(&self, policy: c_int) -> c_int {
        // SAFETY: lives.
        unsafe { ffi::ap_setup_client_block(self.as_ptr(), policy) }
    }

    /// Reads a piece of the body as `ap_get_client_block` does: bytes, 0 at the end, negative after an error.
    pub fn get_client_block(&self, room: &mut [u8], _cx: Reenter) -> i64 {
        // SAFETY: lives; httpd writes at most as many bytes.
        unsafe { ffi::ap_get_client_block(self.as_ptr(), room.as_mut_ptr().cast(), room.len()) as i64 }
    }

    /// One brigade's worth: how many bytes, and whether the body ended with it.
    fn read_once(
        &self,
        brigade: &Brigade,
        room: &mut [MaybeUninit<u8>],
        cx: Reenter,
    ) -> Result<(usize, bool), ReadError> {
        let wanted = i64::try_from(room.len()).unwrap_or(i64::MAX);
        // SAFETY: both live.
        let status = Status(unsafe {
            ffi::ap_get_brigade(
                self.raw().input_filters,
                brigade.as_ptr(),
                ffi::AP_MODE_READBYTES,
                apr::ffi::APR_BLOCK_READ,
                wanted,
            )
        });
        status.ok().map_err(|status| match self.notes().get(FAILED_INPUT) {
            Some(text) if status.code() == FILTER_FAILED => ReadError::Script(String::from_utf8_lossy(text).into()),
            _ => ReadError::Filter(status),
        })?;
        if brigade.is_empty() {
            return Err(ReadError::EmptyBrigade);
        }
        let at_end = brigade.last().is_some_and(|bucket| bucket.kind() == BucketKind::Eos);
        let read = brigade.flatten_into(room, cx).map_err(ReadError::Filter)?.len();
        Ok((read, at_end))
    }
}

apr::calls! { Request:
    /// Reads and throws away what is left of the body (`ap_discard_request_body`).
    discard_request_body(cx): c_int = ffi::ap_discard_request_body;
    /// Whether there is a body to read; tells a waiting client to send it.
    should_client_block(cx): bool = ffi::ap_should_client_block;
    /// `LimitRequestBody`, bytes; 0 is unlimited.
    limit_req_body(): i64 = ffi::ap_get_limit_req_body;
}

/// The note in which an input filter that is a script leaves why it failed.
const FAILED_INPUT: &[u8] = b"mod_interp.failed_input";

/// Bytes read at a time, so that a length the client made up costs no memory.
const PIECE: usize = 64 * 1024;

/// Content-Length up to which memory is set aside for all of it. The system gives pages as they are written.
const AT_ONCE: u64 = 1 << 20;

/// Why a body was not read whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BodyError {
    /// There is more of it than this, which is the caller's limit or `LimitRequestBody`.
    TooLarge(u64),
    /// It could not be read.
    Read(ReadError),
    /// What was read could not be kept.
    Kept(String),
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BodyError::TooLarge(limit) => write!(f, "the request body is larger than {limit} bytes"),
            BodyError::Read(error) => write!(f, "the request body cannot be read: {error}"),
            BodyError::Kept(error) => write!(f, "the request body cannot be kept: {error}"),
        }
    }
}

impl std::error::Error for BodyError {}

/// Why a body could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadError {
    /// What the input filters said: a status of APR's or of HTTP.
    Filter(Status),
    /// An input filter is a script that failed; its name, and what it raised.
    Script(Box<str>),
    /// An input filter gave nothing though it was told to wait: it is broken.
    EmptyBrigade,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::Filter(Status(status @ 400..=599)) => write!(f, "an input filter failed with status {status}"),
            ReadError::Filter(status) => status.fmt(f),
            ReadError::Script(text) => write!(f, "an input filter failed: {text}"),
            ReadError::EmptyBrigade => {
                f.write_str("an input filter is broken: it returned no data though it was asked to wait for some")
            }
        }
    }
}

impl std::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fake;

    #[test]
    fn reading_into_no_room_asks_no_filter() {
        let r = Fake::new().request;
        // SAFETY: no script runs.
        assert_eq!(r.read(&mut [], unsafe { Reenter::assume() }), Ok(0));
    }
}
