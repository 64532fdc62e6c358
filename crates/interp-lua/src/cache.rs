//! Compiled chunks of the process: each source is parsed once, whichever state needs it.

use pages::Version;
use std::{
    collections::HashMap,
    ffi::CStr,
    fs::File,
    io::Read,
    mem::MaybeUninit,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// The stamp of a source: it differs when the source has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Of a file: time of its last change, size, inode.
    File { mtime: i64, nanoseconds: i64, size: u64, inode: u64 },
    /// Text that stands in the configuration: itself.
    Text(Arc<[u8]>),
}

impl Stamp {
    fn of(meta: &std::fs::Metadata) -> Stamp {
        Stamp::File { mtime: meta.mtime(), nanoseconds: meta.mtime_nsec(), size: meta.size(), inode: meta.ino() }
    }
    /// The version of a file, as pages know it.
    pub(crate) fn version(&self) -> Option<Version> {
        match *self {
            Stamp::File { mtime, nanoseconds, size, inode } => {
                Some(Version([mtime * 1_000_000 + nanoseconds / 1000, size as i64, inode as i64]))
            }
            Stamp::Text(_) => None,
        }
    }
    /// Whether this is the stamp of the text given.
    pub(crate) fn is_text(&self, text: &[u8]) -> bool {
        matches!(self, Stamp::Text(own) if **own == *text)
    }
}

/// A compiled chunk.
#[derive(Clone)]
pub(crate) struct Entry {
    pub stamp: Stamp,
    pub code: Arc<[u8]>,
}

/// The chunks by path, or by the name of a text. The lock is held only to look a chunk up or put one in; under it no Lua runs and no
/// file is read.
fn entries() -> MutexGuard<'static, HashMap<Box<[u8]>, Entry>> {
    static ENTRIES: OnceLock<Mutex<HashMap<Box<[u8]>, Entry>>> = OnceLock::new();
    ENTRIES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sources parsed in this process.
static PARSED: AtomicUsize = AtomicUsize::new(0);

/// Counts one more.
pub(crate) fn count_parsed() {
    PARSED.fetch_add(1, Relaxed);
    #[cfg(test)]
    PARSED_HERE.set(PARSED_HERE.get() + 1);
}

#[cfg(test)]
thread_local! {
    static PARSED_HERE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
/// The sources parsed on this thread, since tests run beside each other.
#[cfg(test)]
pub(crate) fn parsed_here() -> usize {
    PARSED_HERE.get()
}

/// How many sources this process has parsed: for tests and status pages.
#[must_use]
pub fn parsed() -> usize {
    PARSED.load(Relaxed)
}

pub(crate) fn get(key: &[u8], stamp: Option<&Stamp>) -> Option<Entry> {
    let entries = entries();
    let entry = entries.get(key)?;
    stamp.is_none_or(|s| *s == entry.stamp).then(|| entry.clone())
}

pub(crate) fn put(key: &[u8], entry: Entry) {
    let old = entries().insert(key.into(), entry);
    drop(old);
}

/// The stamp of a file as it is now: one stat(2).
pub(crate) fn stat(path: &[u8]) -> Option<Stamp> {
    std::fs::metadata(path_of(path)).ok().map(|meta| Stamp::of(&meta))
}

/// As [`stat`], for a script that is run again and again.
pub(crate) fn stat_of(path: &CStr) -> Option<Stamp> {
    let mut meta = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a path that ends with a NUL; `meta` is written when the call gives 0.
    let meta = unsafe {
        if libc::stat(path.as_ptr(), meta.as_mut_ptr()) != 0 {
            return None;
        }
        meta.assume_init()
    };
    let (size, inode) = (meta.st_size as u64, meta.st_ino);
    Some(Stamp::File { mtime: meta.st_mtime, nanoseconds: meta.st_mtime_nsec, size, inode })
}

/// A file's text, and the stamp it had when it was opened.
pub(crate) fn read(path: &[u8]) -> std::io::Result<(Stamp, Vec<u8>)> {
    let mut file = File::open(path_of(path))?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let mut text = Vec::with_capacity(meta.size().min(1 << 24) as usize + 1);
    file.read_to_end(&mut text)?;
    Ok((Stamp::of(&meta), text))
}

pub(crate) fn path_of(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}
