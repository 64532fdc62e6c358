//! What a program of `PerlNetServer` is given: a connection, and word of the lives of interpreters.

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

/// What a program is told of the lives of the interpreters that serve for it.
#[derive(Clone, Copy, Debug)]
pub enum Life {
    /// So many are about to be made of their parent.
    Spawn(usize),
    /// One is to be used in this process.
    Begin,
    /// One that has begun ends.
    End,
    /// The server ends, or begins anew.
    Close {
        /// Which of the two.
        is_restart: bool,
    },
}
