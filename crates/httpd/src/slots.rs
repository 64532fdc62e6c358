//! The records that a directive may change.

use crate::{Host, Record};
use std::ptr::NonNull;

/// The records that a directive may change.
pub struct Slots<'a, H: Host> {
    pub(crate) server: Option<&'a Record<H::Server>>,
    pub(crate) dir: Option<&'a Record<H::Dir>>,
    pub(crate) server_is_shared: bool,
    pub(crate) dir_is_shared: bool,
}

/// A server's record in a directive's hands.
pub enum ServerEdit<'a, T> {
    /// The configuration is being read.
    Write(&'a mut T),
    /// Requests are being served.
    Read(&'a T),
}

impl<H: Host> Slots<'_, H> {
    /// Lends both records to `f`, which must run no script code. The directory's is that of the section, at server level
    /// that of what stands outside of all sections; `None` if it is shared with other threads.
    ///
    /// # Errors
    /// If this directive was handed over by an edit that is still running, or httpd has made no record.
    pub fn edit<R>(&self, f: impl FnOnce(ServerEdit<H::Server>, Option<&mut H::Dir>) -> R) -> Result<R, String> {
        const NESTED: &str = "the configuration is already being changed";
        let server = self.server.ok_or("the server has no configuration record")?;
        let dir = self.dir.filter(|_| !self.dir_is_shared);
        let with_dir = |server: ServerEdit<H::Server>| match dir {
            // SAFETY: the record belongs to the pass or request for which httpd runs this directive: no other thread sees
            // it, and nobody holds what it lends while directives run (SAFETY.md, "configuration records").
            Some(dir) => unsafe { dir.edit(|dir| f(server, Some(dir))) },
            None => Some(f(server, None)),
        };
        let done = if self.server_is_shared {
            with_dir(ServerEdit::Read(server.get()))
        } else {
            // SAFETY: as above.
            unsafe { server.edit(|server| with_dir(ServerEdit::Write(server))) }.flatten()
        };
        done.ok_or_else(|| NESTED.to_owned())
    }

    /// The server's record, to look at.
    pub fn server(&self) -> Option<&H::Server> {
        self.server.map(Record::get)
    }

    /// The directory's record, to look at when the whole configuration has been read.
    pub fn section(&self) -> Option<Section<H::Dir>> {
        self.dir.map(|dir| Section(NonNull::from(dir)))
    }
}

/// The record of the section that a line stands in.
#[derive(Debug)]
pub struct Section<D>(NonNull<Record<D>>);

// SAFETY: a record may be looked at by any thread.
unsafe impl<D: Sync> Send for Section<D> {}

impl<D> Section<D> {
    /// The record as it is when all lines are read.
    ///
    /// # Safety
    /// The pass in which the line was read has not ended, and none of its lines is being read while the result lives.
    pub unsafe fn get<'a>(&self) -> &'a D {
        // SAFETY: the record lies in the pool of the pass's configuration; nobody writes to it now (the caller).
        unsafe { self.0.as_ref() }.get()
    }
}
