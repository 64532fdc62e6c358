//! A connection that speaks no HTTP any more: after an upgrade.

use crate::{Connection, KeepAlive, Request, ffi};
use apr::{Brigade, Bucket, Reenter, Status};
use std::ffi::{CStr, c_int};
use std::ptr::NonNull;

impl Request {
    /// Sends 101 with the headers of the answer, which say to what; from then on both directions are the connection's own:
    /// no filter of HTTP's is left, and the connection ends with the request. False if the client cannot be switched
    /// (HTTP/1.0, HTTP/2, a subrequest, an answer that has begun).
    pub fn switch_protocols(&self, cx: Reenter) -> bool {
        let c = self.connection();
        let has_begun = self.raw().sent_bodyct != 0 || self.eos_sent() != 0;
        if self.proto_num() != 1001 || c.master().is_some() || self.main().is_some() || has_begun {
            return false;
        }
        self.set_status(101);
        self.set_status_line(None);
        self.send_interim_response(true, cx);
        c.set_keepalive(KeepAlive::Close);
        // SAFETY: all live, the connection's filters longer than the request. Timeouts of mod_reqtimeout are for HTTP.
        unsafe {
            let (r, c) = (self.as_ptr(), c.as_ptr());
            ffi::ap_remove_input_filter_byhandle((*c).input_filters, c"reqtimeout".as_ptr());
            ((*r).input_filters, (*r).proto_input_filters) = ((*c).input_filters, (*c).input_filters);
            ((*r).output_filters, (*r).proto_output_filters) = ((*c).output_filters, (*c).output_filters);
        }
        true
    }
}

/// How [`Connection::receive`] waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Until something comes, as long as `Timeout` says; what came is taken.
    Block,
    /// Not at all; what came stays there to be read again.
    Peek,
}

/// Where a connection's pool keeps its brigade.
const KEY: &CStr = c"mod_interp.brigade";

impl Connection {
    /// The brigade in which bytes of the connection come and go, one for all its life: each that is made stays in the pool. It is empty
    /// between calls.
    pub(crate) fn brigade(&self) -> Option<Brigade> {
        let pool = self.pool();
        if let Some(kept) = pool.userdata(KEY) {
            // SAFETY: only this keeps something under the key, always a brigade that dies with the pool.
            return unsafe { Brigade::from_ptr(kept.as_ptr().cast()) };
        }
        let brigade = Brigade::new(pool, self.bucket_alloc()?);
        pool.set_userdata(KEY, NonNull::new(brigade.as_ptr().cast()));
        Some(brigade)
    }

    /// What the peer has sent, at most `room.len()` bytes; how many there are, at least one.
    ///
    /// # Errors
    /// What the filters say: `APR_EAGAIN` if nothing has come ([`Wait::Peek`]), `APR_EOF` at the end.
    pub fn receive(&self, room: &mut [u8], wait: Wait, cx: Reenter) -> Result<usize, Status> {
        let (Some(filters), Some(brigade)) = (self.input_filters(), self.brigade()) else { return Err(Status::EOF) };
        if room.is_empty() {
            return Ok(0);
        }
        let (mode, block) = match wait {
            Wait::Block => (ffi::AP_MODE_READBYTES, apr::ffi::APR_BLOCK_READ),
            Wait::Peek => (ffi::AP_MODE_SPECULATIVE, apr::ffi::APR_NONBLOCK_READ),
        };
        let wanted = i64::try_from(room.len()).unwrap_or(i64::MAX);
        let result = filters.get_brigade(&brigade, mode as c_int, block as c_int, wanted, cx).and_then(|()| {
            match brigade.flatten(room, cx)?.len() {
                // Without data filters say so in their own ways.
                0 if wait == Wait::Peek && brigade.is_empty() => Err(Status(libc::EAGAIN)),
                0 => Err(Status::EOF),
                n => Ok(n),
            }
        });
        let _ = brigade.cleanup(cx);
        result
    }

    /// Sends bytes, one part behind the other, at once.
    ///
    /// # Errors
    /// What the filters say.
    pub fn transmit<'p>(&self, parts: impl Iterator<Item = &'p [u8]>, cx: Reenter) -> Result<(), Status> {
        let (Some(filters), Some(brigade)) = (self.output_filters(), self.brigade()) else {
            return Err(Status::EOF);
        };
        if self.is_aborted() {
            return Err(Status(libc::ECONNABORTED));
        }
        for part in parts.filter(|part| !part.is_empty()) {
            brigade.insert_tail(Bucket::transient(part, brigade.bucket_alloc()));
        }
        let result = filters.flush(&brigade, cx);
        let _ = brigade.cleanup(cx);
        result
    }
}
