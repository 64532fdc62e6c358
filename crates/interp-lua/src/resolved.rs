//! What a handler's name stands for in a state.

use crate::env::Env;
use interp::Kept;

/// What a handler's name stands for.
#[derive(Debug)]
pub(crate) enum Resolved {
    /// A module's function, or one that stands in the configuration: in that case with its env.
    Function { function: Kept, env: Option<Env>, world: usize },
    /// A function of a file, whose env the state keeps.
    InFile { file: Box<[u8]>, function: Box<[u8]> },
}
