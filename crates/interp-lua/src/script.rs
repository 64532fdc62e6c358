//! Scripts: what is run.

use crate::cache::{self, Stamp};
use std::{
    cell::{Cell, RefCell},
    ffi::{CStr, CString, c_int},
};

/// What is run: a file, or text that stands in the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// Path of the file; of text where it stands, `file.conf:12`.
    pub name: &'a [u8],
    /// The text, where it is no file.
    pub text: Option<&'a [u8]>,
    /// The line that the text begins at, for messages; 1 for a file.
    pub first_line: u32,
    /// What the file has in it.
    pub content: Content,
    /// When the file is looked at again.
    pub cache: CodeCache,
    /// The paths of its modules.
    pub paths: &'a Paths,
}

/// What a file has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Content {
    /// Lua.
    #[default]
    Script,
    /// A page with Lua in it (`SetHandler lua-embed`), whose script has a function `handle`.
    Page {
        /// What `<%=` prints is escaped for HTML.
        escapes: bool,
    },
}

/// `LuaCodeCache`: when a file that was compiled is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CodeCache {
    /// At each use, by one stat(2).
    #[default]
    Stat,
    /// Never while the process lives.
    Forever,
    /// The file is compiled anew at each use.
    Never,
}

/// `LuaPackagePath` and `LuaPackageCPath`: patterns for `package.path` and `package.cpath`, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// The patterns for Lua files.
    pub path: Vec<Box<[u8]>>,
    /// The patterns for C modules.
    pub cpath: Vec<Box<[u8]>>,
    /// Equal numbers mean equal paths.
    pub id: u64,
}

/// A script's chunk as this state has it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub name: Box<[u8]>,
    /// The path for stat(2).
    pub file: CString,
    pub content: Content,
    pub paths: u64,
    pub world: usize,
    pub stamp: RefCell<Stamp>,
    pub chunk: Cell<c_int>,
}

impl Loaded {
    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp.borrow().clone()
    }
}

/// The source of a chunk.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    File(&'a [u8], Content),
    /// Key in the cache, name and first line for messages, text.
    Text {
        key: &'a [u8],
        chunk_name: &'a [u8],
        line: u32,
        text: &'a [u8],
    },
}

impl<'a> Script<'a> {
    pub(crate) fn source(&self) -> Source<'a> {
        match self.text {
            None => Source::File(self.name, self.content),
            Some(text) => {
                Source::Text { key: self.name, chunk_name: without_line(self.name), line: self.first_line, text }
            }
        }
    }
}

/// `file.conf` of `file.conf:12`.
pub(crate) fn without_line(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|b| *b == b':') {
        Some(at) if at > 0 && at + 1 < name.len() && name[at + 1..].iter().all(u8::is_ascii_digit) => &name[..at],
        _ => name,
    }
}

impl Script<'_> {
    /// The directory of the file, where its modules are looked for.
    pub(crate) fn directory(&self) -> Option<&[u8]> {
        self.text.is_none().then(|| directory_of(self.name))
    }

    /// Whether what was loaded with this stamp, from this path, is still what the script is. Not asked under [`CodeCache::Never`].
    pub(crate) fn is_fresh(&self, stamp: &Stamp, file: &CStr) -> bool {
        match (self.text, self.cache) {
            (Some(text), _) => stamp.is_text(text),
            (None, CodeCache::Forever) => true,
            (None, _) => cache::stat_of(file).is_some_and(|now| *stamp == now),
        }
    }
}

fn directory_of(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|b| *b == b'/') {
        Some(0) => b"/",
        Some(at) => &path[..at],
        None => b".",
    }
}
