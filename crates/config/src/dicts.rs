//! Dictionaries that all processes share: what `InterpDict` says.

use std::sync::Arc;

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
}
