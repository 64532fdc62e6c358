//! A program for Perl's Net::Server that serves the connections of a server.

use crate::place::Where;

/// The program, as its line names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetServer {
    /// Its file, or its class.
    pub program: Box<[u8]>,
    /// The sub that begins to serve, where loading the program does not.
    pub call: Option<Box<[u8]>>,
    /// Its command line: all other words.
    pub words: Vec<Box<[u8]>>,
    /// The line.
    pub at: Where,
}

impl NetServer {
    /// Whether another line says the same: then they name one program.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.program, &self.call, &self.words) == (&other.program, &other.call, &other.words)
    }

    /// Whether the program is a file: a class has neither `/` nor `.` in its name.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.program.iter().any(|b| b"/.".contains(b))
    }
}
