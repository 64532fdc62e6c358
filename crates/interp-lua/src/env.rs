//! Envs: an env is the table of globals in which a script runs. It serves a single use, or is kept as long as its scope lasts.

use crate::cache::Stamp;
use interp::Kept;
use std::{ffi::c_int, sync::Arc};

/// A script's table of globals after its chunk has run in it. It may be dropped on any thread and is freed in its state.
#[derive(Clone, Debug)]
pub struct Env(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub kept: Kept,
    pub world: usize,
    /// The flags of calls in this env: [`crate::ffi::PLAIN`], [`crate::ffi::OWN_MODULES`].
    pub what: c_int,
    pub file: Box<[u8]>,
    /// The stamp of the script's source when its chunk ran.
    pub stamp: Option<Stamp>,
}

impl Env {
    pub(crate) fn reference(&self) -> c_int {
        self.0.kept.as_raw() as isize as c_int
    }
    /// The state in which the env lives.
    pub fn home(&self) -> &Arc<interp::Home> {
        self.0.kept.home()
    }
    pub(crate) fn file(&self) -> &[u8] {
        &self.0.file
    }
}
