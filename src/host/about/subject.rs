//! The record of httpd's that a call is about.

use config::Phase;
use httpd::{Connection, Request, Server};

/// The request, connection or server that a call is about.
#[derive(Clone, Copy)]
pub enum About<'a> {
    /// A request.
    Request(&'a Request),
    /// A connection.
    Connection(&'a Connection),
    /// A server, while it starts or a child begins or ends.
    Server(&'a Server),
}

impl<'a> About<'a> {
    /// The request whose handlers a call runs, if it runs those of a request.
    pub fn served(&self, phase: Option<Phase>) -> Option<&'a Request> {
        match (self, phase) {
            (About::Request(r), Some(_)) => Some(*r),
            _ => None,
        }
    }
}
