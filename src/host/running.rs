//! What runs on this thread.

use httpd::{Connection, Request};

use super::about::About;
use super::lang::Lang;
use super::lease::Frame;

/// The language of the code that runs.
#[inline(always)]
pub fn lang() -> Option<Lang> {
    leases::running()
}

/// The request this thread is about.
pub fn request() -> Option<Request> {
    Frame::find(|frame| match frame.about {
        About::Request(r) => Some(r),
        _ => None,
    })
}

/// The connection this thread is about, unless it is about a request.
pub fn connection() -> Option<Connection> {
    Frame::find(|frame| match frame.about {
        About::Connection(c) => Some(c),
        _ => None,
    })
}
