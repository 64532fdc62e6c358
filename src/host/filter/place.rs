//! Where a filter stands.

use std::ffi::c_int;

use apr::{Brigade, BucketAlloc, Pool, Reenter, Status};
use httpd::own_filter::Ask;

/// Where a filter stands in httpd's chain.
pub trait Place: Sized {
    /// What is kept with the filter.
    fn kept<T: 'static>(&self) -> Option<&T>;
    /// Keeps something with the filter as long as its request or connection lives, once.
    fn keep<T: Send + 'static>(&self, value: T) -> Option<&T>;
    /// The memory of its request or connection.
    fn memory(&self) -> Option<(&Pool, BucketAlloc)>;
    /// Hands data to the filter behind this one.
    ///
    /// # Errors
    /// What the filters say.
    fn pass(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status>;
    /// Asks the filter behind this one for data.
    ///
    /// # Errors
    /// What the filters say.
    fn read(&self, into: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status>;
    /// A number that is another one once a filter was asked on this thread that may have more.
    fn brought(&self) -> u64;
    /// Whether the filter behind this one works on content.
    fn is_before_content(&self) -> bool;
    /// The content will be another: what described the old one is removed from the headers.
    fn changes_content(&self);
    /// The content has another length than it had: what said that is removed from the headers.
    fn changes_length(&self);
    /// Whether more data may come behind an end of stream: on a connection one answer ends so, and the next one begins.
    fn goes_on(&self) -> bool;
    /// Takes the filter out of the chain.
    fn leave(&self);
    /// Tells the client, if that is possible, that the answer failed; returns the filter's status.
    fn fail(&self, status: c_int, cx: Reenter) -> c_int;
    /// A part of the body will not be read: the connection ends with this answer, since that part would be taken for a request.
    fn leave_unread(&self);
}

/// A status for httpd.
pub fn code(done: Result<(), Status>) -> c_int {
    done.err().map_or(0, |status| status.code())
}
