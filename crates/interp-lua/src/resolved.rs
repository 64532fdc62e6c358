//! States that stay, and for whom.

use crate::{cache::Stamp, room::Room, script::Content};
use interp::Kept;
use std::{ffi::CString, rc::Rc, sync::Arc};

/// What a handler's name stands for where this `LuaRoot` and these paths hold.
pub(crate) enum Resolved {
    /// A module's function, in the state of all that directives name there; or one that stands in the configuration, which has a
    /// state of its own.
    Function { function: Kept, room: Rc<Room>, world: usize, root: Option<Arc<[u8]>>, paths: u64 },
    /// A function of a file, whose state stays.
    InFile { file: Box<[u8]>, function: Box<[u8]> },
}

/// `LuaScope thread` and `server`: a script whose state stays.
pub(crate) struct KeptScript {
    pub content: Content,
    pub paths: u64,
    pub file: CString,
    pub stamp: Stamp,
    pub world: usize,
    pub room: Rc<Room>,
}
