//! The end of a request on its connection: the moment at which its end-of-request bucket sets out for the client.
//!
//! httpd ends a request when that bucket is destroyed: when the last byte is written, maybe on another thread, and under HTTP/2
//! under the session's lock. A filter of the connection's sees the bucket before that, on the thread that served the request,
//! while nothing is held. It is added for the first request of a connection that asks for it, and stays.

use crate::{Connection, Request, ffi};
use std::{
    ffi::c_int,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, Ordering},
};

/// The record of the filter, in this reading of the configuration.
pub(crate) static RECORD: AtomicPtr<ffi::ap_filter_rec_t> = AtomicPtr::new(ptr::null_mut());

/// A request whose answer is complete, and on its way.
#[derive(Clone, Copy, Debug)]
pub struct End<'r> {
    pub(crate) request: &'r Request,
    pub(crate) filter: NonNull<ffi::ap_filter_t>,
}

impl End<'_> {
    /// The request, the first of those that redirects made of it.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// Has httpd write what it has kept back of the answer, as far as the client takes it without waiting.
    pub fn write_out(&self) {
        // SAFETY: filters of a living connection; the last one writes to the socket, and without a brigade it writes what was set
        // aside, which is how event calls it.
        unsafe {
            let mut last = self.filter.as_ptr();
            while !(*last).next.is_null() {
                last = (*last).next;
            }
            if last != self.filter.as_ptr()
                && let Some(write) = (*(*last).frec).filter_func.out_func
            {
                write(last, ptr::null_mut());
            }
        }
    }
}

impl Request {
    /// Has [`crate::Host::request_ends`] called when this request, which is no subrequest, ends on its connection.
    pub fn watch_end(&self) {
        let record = RECORD.load(Ordering::Acquire);
        let c = self.connection();
        if let Some(filter) = end_filter(c) {
            // SAFETY: a filter of ours on a living connection.
            unsafe { (*filter.as_ptr()).ctx = self.as_ptr().cast() };
        } else if !record.is_null() {
            // SAFETY: the record is that of this configuration; httpd puts the filter into the connection's pool. Given no
            // request: the chain of this one goes past it, which only the last bucket need not.
            unsafe { ffi::ap_add_output_filter_handle(record, self.as_ptr().cast(), ptr::null_mut(), c.as_ptr()) };
        }
    }

    /// To be called when the request's pool dies: the filter that watches for its end must find it no more.
    pub fn forget_end(&self) {
        if let Some(filter) = end_filter(self.connection()) {
            // SAFETY: as in `watch_end`.
            unsafe {
                if (*filter.as_ptr()).ctx == self.as_ptr().cast() {
                    (*filter.as_ptr()).ctx = ptr::null_mut();
                }
            }
        }
    }
}

impl Connection {
    /// Whether the kernel takes so many bytes for the client at once: in a quarter of its buffer, which has its own records of
    /// each packet in there, too. True where there is no socket to ask.
    pub fn takes_at_once(&self, bytes: i64) -> bool {
        let Some(socket) = self.client_socket().map(|socket| socket.fileno()) else { return true };
        let (mut room, mut unsent): (c_int, c_int) = (0, 0);
        let mut size = size_of::<c_int>() as libc::socklen_t;
        // SAFETY: both write a number; a descriptor that is no socket's is refused.
        let known = unsafe {
            libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_SNDBUF, (&raw mut room).cast(), &raw mut size) == 0
                && libc::ioctl(socket, libc::TIOCOUTQ, &raw mut unsent) == 0
        };
        !known || bytes.saturating_add(i64::from(unsent)).saturating_mul(4) <= i64::from(room)
    }
}

/// Our filter on a connection, if it has one.
fn end_filter(c: &Connection) -> Option<NonNull<ffi::ap_filter_t>> {
    let record = RECORD.load(Ordering::Acquire);
    // SAFETY: a living connection's chain.
    unsafe {
        let mut at = (*c.as_ptr()).output_filters;
        while let Some(filter) = NonNull::new(at) {
            if ptr::eq((*at).frec, record) {
                return Some(filter);
            }
            at = (*at).next;
        }
    }
    None
}
