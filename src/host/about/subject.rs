//! The record of httpd's that a call is about.

use config::Phase;
use httpd::{Connection, Request, Server};

/// The request, connection or server that a call is about.
#[derive(Clone, Copy)]
pub enum About {
    /// A request.
    Request(Request),
    /// A connection.
    Connection(Connection),
    /// A server, while it starts or a child begins or ends.
    Server(Server),
}

impl About {
    /// The request whose handlers a call runs, if it runs those of a request.
    pub fn served(&self, phase: Option<Phase>) -> Option<Request> {
        match (self, phase) {
            (About::Request(r), Some(_)) => Some(*r),
            _ => None,
        }
    }
}
