//! Envs: an env is the globals of a script whose chunk has run, which are those of a whole state.

use crate::{
    cache::Stamp,
    script::{Content, Script},
};
use interp::Home;
use std::sync::Arc;

/// The globals of a script whose chunk has run, which are those of a whole state. As long as this lives, the state is kept for whoever has
/// it; afterwards it is put back. It may be dropped on any thread.
#[derive(Clone, Debug)]
pub struct Env(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Counts as a kept value.
    home: Arc<Home>,
    world: usize,
    file: Box<[u8]>,
    content: Content,
    /// The stamp of the script's source when its chunk ran.
    stamp: Option<Stamp>,
}

impl Env {
    pub(crate) fn new(home: Arc<Home>, world: usize, script: &Script, stamp: Option<Stamp>) -> Env {
        Env(Arc::new(Inner { home, world, file: script.name.into(), content: script.content, stamp }))
    }
    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.0.home
    }
    pub(crate) fn file(&self) -> &[u8] {
        &self.0.file
    }
    pub(crate) fn content(&self) -> Content {
        self.0.content
    }
    pub(crate) fn world(&self) -> usize {
        self.0.world
    }
    pub(crate) fn stamp(&self) -> Option<&Stamp> {
        self.0.stamp.as_ref()
    }
}
