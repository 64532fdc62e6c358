//! What start-up code did, to be done again in states that are made of this one.

use crate::script::Paths;
use std::sync::Arc;

/// One thing that start-up code did.
#[derive(Clone, Debug)]
pub(crate) enum StartUp {
    File(Box<[u8]>),
    Module { name: Box<[u8]>, root: Option<Arc<[u8]>>, paths: Paths },
    Text { code: Box<[u8]>, place: Option<(Box<str>, u32)> },
    Constant(Box<[u8]>, Box<[u8]>),
}
