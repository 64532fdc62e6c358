//! The place of a filter that httpd calls.

use std::ffi::c_int;

use apr::{Brigade, BucketAlloc, Pool, Reenter, Status};
use httpd::own_filter::{Ask, OwnFilter};
use httpd::status::{AP_FILTER_ERROR, is_error};
use httpd::{Filter, KeepAlive, Request};

use super::handler::told;
use super::place::Place;

/// The place of a filter of ours that httpd calls.
pub struct InChain<'f> {
    /// The filter.
    pub filter: OwnFilter<'f>,
}

impl<'f> InChain<'f> {
    /// The place of this filter; `None` for one that stands at the end of a chain, which none of ours does.
    pub fn of(filter: OwnFilter<'f>) -> Option<InChain<'f>> {
        filter.next().map(|_| InChain { filter })
    }

    /// The filter behind it, which may be another after each call: httpd's own remove themselves once they have seen an answer's beginning.
    fn next(&self) -> Result<&Filter, Status> {
        self.filter.next().ok_or(Status(libc::ECONNABORTED))
    }
}

impl InChain<'_> {
    /// Whether the client gets the page of this status.
    pub fn can_answer(&self, status: c_int) -> bool {
        let is_told = |r| self.is_told(r, status) && self.filter.can_answer(r);
        self.filter.request().is_some_and(is_told)
    }

    /// Whether a failure with this status is told to the client. A page into which this answer was included goes on.
    fn is_told(&self, r: &Request, status: c_int) -> bool {
        is_error(status) && !self.filter.is_in_harness() && r.main().is_none()
    }

    fn unset(&self, headers: &[&[u8]]) {
        if let Some(r) = self.filter.request().filter(|_| !self.filter.is_in_harness()) {
            headers.iter().for_each(|header| r.headers_out().unset(header));
        }
    }
}

impl Place for InChain<'_> {
    fn kept<T: 'static>(&self) -> Option<&T> {
        self.filter.data()
    }

    fn keep<T: Send + 'static>(&self, value: T) -> Option<&T> {
        self.filter.set_data(value)
    }

    fn memory(&self) -> Option<(&Pool, BucketAlloc)> {
        let c = self.filter.connection()?;
        Some((self.filter.request().map_or(c.pool(), |r| r.pool()), c.bucket_alloc()?))
    }

    fn pass(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status> {
        self.next()?.pass_brigade(brigade, cx).inspect_err(|status| told(*status))
    }

    fn read(&self, into: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status> {
        let got = self.next()?.get_brigade(into, ask.mode, i32::from(!ask.block), ask.bytes, cx);
        got.inspect_err(|status| told(*status))
    }

    fn brought(&self) -> u64 {
        Filter::brought()
    }

    fn is_before_content(&self) -> bool {
        self.next().is_ok_and(|next| next.is_of_content())
    }

    /// Removes the headers of length and tag, unless mod_filter sees to that.
    fn changes_content(&self) {
        self.unset(&[b"Content-Length", b"Content-MD5", b"ETag"]);
    }

    fn changes_length(&self) {
        self.unset(&[b"Content-Length", b"Content-MD5"]);
    }

    fn goes_on(&self) -> bool {
        self.filter.request().is_none()
    }

    fn leave(&self) {
        self.filter.remove();
    }

    fn leave_unread(&self) {
        if let Some(c) = self.filter.connection() {
            c.set_keepalive(KeepAlive::Close);
        }
    }

    /// The client gets the page of the error if nothing was sent yet, and otherwise the connection breaks off, since httpd's own end
    /// behind what was sent would make the answer look whole.
    fn fail(&self, status: c_int, cx: Reenter) -> c_int {
        let Some(r) = self.filter.request() else {
            if let Some(c) = self.filter.connection() {
                c.abort();
            }
            return AP_FILTER_ERROR;
        };
        if self.is_told(r, status) { self.filter.fail(r, status, cx) } else { status }
    }
}
