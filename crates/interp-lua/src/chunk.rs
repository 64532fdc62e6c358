//! Chunks: how a script's text gets into a state.

use crate::{
    cache::{self, Entry, Stamp},
    ffi,
    lua::Entered,
    script::{CodeCache, Loaded, Script, Source},
};
use interp::Raised;
use std::{
    cell::{Cell, RefCell},
    ffi::{CString, c_int},
    rc::Rc,
    sync::Arc,
};

/// A chunk that was loaded.
pub(crate) struct Chunk {
    pub reference: c_int,
    pub stamp: Stamp,
    pub what: c_int,
}

/// What a script's text allows, so that a run costs less: nothing in it sees that its chunk is passed its env as argument;
/// nothing in it reaches the table of globals as a value.
fn traits(text: &[u8]) -> c_int {
    let names = |word: &[u8]| text.windows(word.len()).any(|w| w == word);
    let mut what = 0;
    if !cfg!(feature = "luajit") && !names(b"...") {
        what |= ffi::TAKES_ENV;
    }
    if ![b"_G".as_slice(), b"_ENV", b"load", b"dofile", b"fenv", b"debug"].iter().any(|w| names(w)) && !requires(text) {
        what |= ffi::PLAIN;
    }
    what
}

/// Whether the text may load a module: `require` of anything but what every state has.
fn requires(text: &[u8]) -> bool {
    const WORD: &[u8] = b"require";
    (0..text.len()).filter(|at| text[*at..].starts_with(WORD)).any(|at| {
        let rest = text[at + WORD.len()..].trim_ascii_start();
        let rest = rest.strip_prefix(b"(").unwrap_or(rest).trim_ascii_start();
        let Some((quote @ (b'"' | b'\''), name)) = rest.split_first() else { return true };
        let name = name.split(|b| b == quote).next().unwrap_or_default();
        ![b"apache2".as_slice(), b"string", b"table", b"math", b"io", b"os", b"coroutine", b"utf8"].contains(&name)
    })
}

/// The most names of functions that a state keeps.
const NAMES: usize = 16;

impl Entered {
    /// The script's chunk in this state, as fresh as its cache wants it.
    pub(crate) fn loaded(&self, script: &Script) -> Result<Rc<Loaded>, Raised> {
        let is_it = |l: &Rc<Loaded>| {
            l.paths == script.paths.id && l.owns_modules == script.owns_modules && *l.name == *script.name
        };
        if script.text.is_none()
            && script.cache == CodeCache::Forever
            && let Some(last) = &*self.last.borrow()
            && is_it(last)
        {
            return Ok(last.clone());
        }
        let last = self.last.borrow().as_ref().filter(|l| is_it(l)).cloned();
        let known = last.or_else(|| self.scripts.borrow().get(script.name)?.iter().find(|l| is_it(l)).cloned());
        let Some(known) = known else { return self.load_first(script) };
        let fresh = match (script.text, script.cache) {
            (_, CodeCache::Never) => false,
            (Some(text), _) => known.stamp.borrow().is_text(text),
            (None, CodeCache::Forever) => true,
            (None, CodeCache::Stat) => cache::stat_of(&known.file).is_some_and(|s| *known.stamp.borrow() == s),
        };
        if !fresh {
            let chunk = self.chunk(script.source(), script.cache, true)?;
            self.unref(known.chunk.replace(chunk.reference));
            known.what.set(chunk.what);
            *known.stamp.borrow_mut() = chunk.stamp;
            // The old chunk may be running; it is another's now.
            known.busy.set(0);
        }
        if !self.last.borrow().as_ref().is_some_and(|l| Rc::ptr_eq(l, &known)) {
            let before = self.last.replace(Some(known.clone()));
            drop(before);
        }
        Ok(known)
    }

    fn load_first(&self, script: &Script) -> Result<Rc<Loaded>, Raised> {
        let directory = script.text.is_none().then(|| directory_of(script.name));
        let world = self.world(directory, script.paths)?;
        let chunk = self.chunk(script.source(), script.cache, true)?;
        let loaded = Rc::new(Loaded {
            name: script.name.into(),
            file: CString::new(script.name).unwrap_or_default(),
            paths: script.paths.id,
            owns_modules: script.owns_modules,
            world,
            stamp: RefCell::new(chunk.stamp),
            chunk: Cell::new(chunk.reference),
            what: Cell::new(chunk.what),
            busy: Cell::new(0),
            kept: RefCell::new(None),
        });
        self.scripts.borrow_mut().entry(script.name.into()).or_default().push(loaded.clone());
        Ok(loaded)
    }

    /// Loads a chunk of the script that nobody else runs, to be freed after use.
    pub(crate) fn spare_chunk(&self, script: &Script) -> Result<Chunk, Raised> {
        self.chunk(script.source(), script.cache, true)
    }

    /// A reference to the name of a function that scripts are asked for again and again. Few are kept: a name may come from an
    /// address.
    pub(crate) fn name_ref(&self, function: &[u8]) -> c_int {
        let mut names = self.names.borrow_mut();
        if let Some((_, reference)) = names.iter().find(|(name, _)| **name == *function) {
            return *reference;
        }
        if names.len() == NAMES {
            return ffi::NO_REF;
        }
        // SAFETY: this state is entered; the name is borrowed for the call.
        let reference = unsafe { ffi::ml_name(self.raw(), function.as_ptr(), function.len()) };
        if reference != ffi::NO_REF {
            names.push((function.into(), reference));
        }
        reference
    }

    /// Loads a chunk into this state: from the process's cache, or from its source. `is_script`: it is only run as one, in
    /// an env.
    pub(crate) fn chunk(&self, source: Source, cache: CodeCache, is_script: bool) -> Result<Chunk, Raised> {
        let stamp = match source {
            Source::File(path) if cache == CodeCache::Stat => match cache::stat(path) {
                Some(stamp) => Some(stamp),
                None => return Err(cannot_open(path, &std::io::Error::last_os_error())),
            },
            Source::File(_) => None,
            Source::Text { text, .. } => Some(Stamp::Text(text.into())),
        };
        let (Source::File(key) | Source::Text { key, .. }) = source;
        // A file may also be loaded as a module, which is compiled otherwise.
        let key = if is_script { [key, b"\0script"].concat() } else { key.to_vec() };
        let name = chunk_name(source);
        if cache != CodeCache::Never
            && let Some(Entry { stamp, code, what }) = cache::get(&key, stamp.as_ref())
        {
            let reference = self.load(&name, b"", &code, true)?.0;
            return Ok(Chunk { reference, stamp, what });
        }
        let (stamp, text) = match source {
            Source::File(path) => cache::read(path).map_err(|e| cannot_open(path, &e))?,
            Source::Text { text, .. } => (Stamp::Text(text.into()), text.to_vec()),
        };
        let line = if let Source::Text { line, .. } = source { line } else { 1 };
        let body = if matches!(source, Source::File(_)) { without_first_comment(&text) } else { &text[..] };
        let mut before = vec![b'\n'; line.saturating_sub(1) as usize];
        cache::count_parsed();
        let mut what = if is_script { traits(body) } else { 0 };
        let loaded = if what & ffi::TAKES_ENV != 0 {
            let lines = before.len();
            before.extend_from_slice(b"local _ENV = ...;");
            // Should it not compile, it is said without what we put in front.
            self.load(&name, &before, body, false).or_else(|_| {
                what &= !ffi::TAKES_ENV;
                self.load(&name, &before[..lines], body, false)
            })
        } else {
            self.load(&name, &before, body, false)
        };
        let (reference, dump) = loaded?;
        if cache != CodeCache::Never && !dump.is_empty() {
            cache::put(&key, Entry { stamp: stamp.clone(), code: dump.into(), what });
        }
        Ok(Chunk { reference, stamp, what })
    }

    /// Compiles text, or takes what was compiled. Gives a reference, and of text what was compiled.
    fn load(&self, name: &CString, before: &[u8], code: &[u8], binary: bool) -> Result<(c_int, Vec<u8>), Raised> {
        let pieces = if binary { [code, b""] } else { [before, code] };
        let mut source = ffi::Source {
            name: name.as_ptr(),
            pieces: pieces.map(<[u8]>::as_ptr),
            lens: pieces.map(<[u8]>::len),
            binary: binary.into(),
            reference: ffi::NO_REF,
            dump: std::ptr::null_mut(),
            dump_len: 0,
            dump_cap: 0,
        };
        let mut out = ffi::Out::EMPTY;
        // SAFETY: this state is entered; what `source` points to is borrowed for the call; the dump is the shim's until it
        // is told that we are done.
        let dump = unsafe {
            ffi::ml_load(self.raw(), &raw mut source, &raw mut out);
            let dump = if source.dump.is_null() {
                Vec::new()
            } else {
                std::slice::from_raw_parts(source.dump, source.dump_len).to_vec()
            };
            ffi::ml_load_done(&raw mut source);
            dump
        };
        self.finish(&out).map(|_| (source.reference, dump))
    }
}

pub(crate) fn cannot_open(path: &[u8], why: &std::io::Error) -> Raised {
    let mut text = b"cannot open ".to_vec();
    text.extend_from_slice(path);
    text.extend_from_slice(format!(": {why}").as_bytes());
    Raised::Unresolved(text)
}

/// The name of a chunk for `lua_load`: `@file`.
fn chunk_name(source: Source) -> CString {
    let (Source::File(name) | Source::Text { chunk_name: name, .. }) = source;
    let mut text = Vec::with_capacity(name.len() + 1);
    if !name.starts_with(b"=") {
        text.push(b'@');
    }
    text.extend_from_slice(name);
    CString::new(text).unwrap_or_default()
}

/// Without a byte order mark and without a first line that begins with `#`, whose end stays: lines keep their numbers.
fn without_first_comment(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.first() != Some(&b'#') {
        return text;
    }
    let end = text.iter().position(|b| *b == b'\n').unwrap_or(text.len());
    &text[end..]
}

fn directory_of(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|b| *b == b'/') {
        Some(0) => b"/",
        Some(at) => &path[..at],
        None => b".",
    }
}

/// A text that is its own key: handlers written in the configuration.
pub(crate) fn text_key(text: &[u8]) -> Arc<[u8]> {
    [b"text:", text].concat().into()
}
