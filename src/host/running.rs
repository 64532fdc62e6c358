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

/// Runs `f` with the request this thread is about.
pub fn with_request<R>(f: impl FnOnce(&Request) -> R) -> Option<R> {
    let mut f = Some(f);
    Frame::find(|frame| match frame.about {
        About::Request(r) => f.take().map(|f| f(r)),
        _ => None,
    })
}

/// Runs `f` with the connection this thread is about, unless it is about a request.
pub fn with_connection<R>(f: impl FnOnce(&Connection) -> R) -> Option<R> {
    let mut f = Some(f);
    Frame::find(|frame| match frame.about {
        About::Connection(c) => f.take().map(|f| f(c)),
        _ => None,
    })
}
