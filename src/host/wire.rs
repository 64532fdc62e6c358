//! A connection as a program of `PerlNetServer` is given it.

use std::ffi::c_int;

use httpd::Connection;

/// One connection.
pub struct Wire<'a> {
    /// A descriptor of the connection. The program takes a copy.
    pub fd: c_int,
    /// What Net::Server calls the protocol below the program's own.
    pub proto: &'static str,
    /// The connection.
    pub c: &'a Connection,
}
