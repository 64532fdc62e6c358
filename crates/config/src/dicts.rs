//! Dictionaries that all processes share: what `InterpDict` says.

use std::sync::Arc;
use std::time::Duration;

use crate::place::Where;

/// Memory of a dictionary has at least so many bytes.
pub const LEAST_MEMORY: u64 = 64 << 10;

/// A dictionary, and the line that makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DictConf {
    /// Its name.
    pub name: Arc<str>,
    /// Where its entries are kept.
    pub place: DictPlace,
    /// The line.
    pub at: Where,
}

/// Where the entries of a dictionary are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DictPlace {
    /// In memory that the processes of this server share.
    Memory {
        /// So many bytes.
        size: u64,
        /// Whether entries make way for others when it is full.
        evicts: bool,
    },
    /// On a Redis or Valkey server.
    Redis(Arc<RedisServer>),
}

/// A server that keeps the entries of dictionaries, and how it is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedisServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The number of the database.
    pub db: u32,
    /// As whom to log in, and with which password; empty for nobody.
    pub user: String,
    /// The password; empty for none.
    pub password: String,
    /// Whether connections are encrypted.
    pub is_tls: bool,
    /// A file with the certificates that are trusted, in place of the system's.
    pub ca: Option<Arc<str>>,
    /// Connections at once in a process.
    pub max: u32,
    /// How long to wait for a connection, and for an answer.
    pub timeout: Duration,
}
