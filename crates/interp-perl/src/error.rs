//! Why an interpreter could not be made.

use std::fmt;

/// Why an interpreter could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The interpreter could not be built: perl's status. Perl has written why to stderr, which is the error log.
    Start(i32),
    /// A switch, path or variable holds a NUL byte.
    Nul(Vec<u8>),
    /// A thread with a stack of this many bytes could not be made.
    Thread(usize, String),
    /// There is no memory for another interpreter: this many bytes would have to be free.
    Memory(usize),
    /// CLONE methods died while an interpreter was cloned: what the first one said.
    Clone(Vec<u8>),
    /// This perl was built without interpreter threads.
    NoThreads,
    /// In a process that a script forked, no interpreter is built or cloned.
    Forked,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Start(status) => {
                write!(f, "it ended with status {status}; if it said why, that is in the error log")
            }
            Error::Nul(text) => write!(f, "\"{}\" holds a NUL byte", String::from_utf8_lossy(text)),
            Error::Thread(size, why) => write!(f, "no thread with a stack of {size} bytes: {why}"),
            Error::Memory(bytes) => {
                write!(f, "there is no memory for it: {} MiB would have to be free", bytes.div_ceil(1 << 20))
            }
            Error::Clone(text) => write!(f, "CLONE died: {}", String::from_utf8_lossy(text).trim_end()),
            Error::NoThreads => f.write_str("this perl was built without ithreads: it cannot clone interpreters"),
            Error::Forked => f.write_str("this process was forked by a script"),
        }
    }
}

impl std::error::Error for Error {}
