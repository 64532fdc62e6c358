//! Start-up code: it runs with the state's own globals, and again in each state that is made of this one.

use crate::{
    chunk::text_key,
    ffi::{self, Job, NO_JOB},
    lua::Entered,
    room::{Finished, Room},
    script::{CodeCache, Content, Paths, Source},
    start_up::StartUp,
};
use interp::{Outcome, Place, Raised};
use std::sync::Arc;

impl Room {
    /// Runs one thing that start-up code does.
    pub(crate) fn start_up(&self, step: &StartUp) -> Result<Outcome, Raised> {
        let nothing = Outcome { number: 0, truth: true, is_number: false, is_wild: false };
        // SAFETY: this state is entered.
        unsafe { ffi::ml_at_start(self.raw(), 1) };
        let result = match step {
            StartUp::File(file) => self.run_file(file),
            StartUp::Module { name, root, paths } => self.module(name, root.as_ref(), paths).map(|()| nothing),
            StartUp::Text { code, place } => {
                self.run_text_at(code, place.as_ref().map(|(file, line)| (&**file, *line))).map(|f| f.outcome)
            }
            StartUp::Constant(name, value) => self.set_constant(name, value).map(|()| nothing),
        };
        // SAFETY: as above.
        unsafe { ffi::ml_at_start(self.raw(), 0) };
        result
    }

    fn set_constant(&self, name: &[u8], value: &[u8]) -> Result<(), Raised> {
        // SAFETY: this state is entered; both texts are borrowed for the call.
        let rc = unsafe { ffi::ml_constant(self.raw(), name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
        if rc == 0 { Ok(()) } else { Err(self.out_of_memory()) }
    }

    fn run_file(&self, file: &[u8]) -> Result<Outcome, Raised> {
        let chunk = self.chunk(Source::File(file, Content::Script), CodeCache::Stat)?.reference;
        self.run_chunk(chunk).map(|finished| finished.outcome)
    }

    fn run_chunk(&self, chunk: i32) -> Result<Finished, Raised> {
        let world = self.world_raw(self.base.get());
        let finished = self.perform(Job { what: ffi::CHUNK, chunk, world, ..NO_JOB });
        self.unref(chunk);
        finished
    }

    fn run_text_at(&self, code: &[u8], place: Option<(&str, u32)>) -> Result<Finished, Raised> {
        let text_key = text_key(code);
        let placed;
        let source = match place {
            Some((file, line)) => {
                placed = [format!("{file}:{line}:").as_bytes(), &text_key].concat();
                Source::Text { key: &placed, chunk_name: file.as_bytes(), line, text: code }
            }
            None => Source::Text { key: &text_key, chunk_name: b"=(text)", line: 1, text: code },
        };
        let chunk = self.chunk(source, CodeCache::Stat)?.reference;
        self.run_chunk(chunk)
    }
}

impl Entered {
    /// Runs it, and remembers it for states that are made later, here and in slots that are made of this one.
    pub(crate) fn again(&self, step: StartUp) -> Result<Outcome, Raised> {
        let room = self.start_room()?;
        self.forget_rooms_but(&room);
        let result = room.alone(|| room.start_up(&step));
        self.done.borrow_mut().push(step);
        result
    }

    /// Runs text as start-up code; gives the value it returns as text. For tests and status pages: it is not remembered.
    ///
    /// # Errors
    /// Lua's message.
    pub fn run_text(&self, code: &[u8]) -> Result<Vec<u8>, Raised> {
        let room = self.start_room()?;
        room.alone(|| room.run_text_at(code, None)).map(|finished| finished.text.unwrap_or_default())
    }

    pub(crate) fn start_file(&self, file: &[u8]) -> Result<(), Raised> {
        self.again(StartUp::File(file.into())).map(drop)
    }
    /// As [`interp::Entry::require_module`], where this `LuaRoot` and these paths hold.
    ///
    /// # Errors
    /// As there.
    pub fn start_module(&self, name: &[u8], root: Option<&Arc<[u8]>>, paths: &Paths) -> Result<(), Raised> {
        self.again(StartUp::Module { name: name.into(), root: root.cloned(), paths: paths.clone() }).map(drop)
    }
    pub(crate) fn start_text(&self, code: &[u8], at: Option<Place<'_>>) -> Result<Outcome, Raised> {
        self.again(StartUp::Text { code: code.into(), place: at.map(|p| (p.file.into(), p.line)) })
    }
}
