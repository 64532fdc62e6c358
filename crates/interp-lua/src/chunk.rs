//! Chunks: how a script's text gets into a state.

use crate::{
    cache::{self, Entry, Stamp},
    ffi,
    room::Room,
    script::{CodeCache, Content, Loaded, Script, Source},
};
use interp::Raised;
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    ffi::{CString, c_int},
    rc::Rc,
    sync::Arc,
};

/// A chunk that was loaded.
pub(crate) struct Chunk {
    pub reference: c_int,
    pub stamp: Stamp,
}

impl Room {
    /// The script's chunk in this state, as fresh as its cache wants it. Asked between uses: what is loaded then is in the image.
    pub(crate) fn loaded(&self, script: &Script) -> Result<Rc<Loaded>, Raised> {
        let is_it =
            |l: &Rc<Loaded>| l.paths == script.paths.id && l.content == script.content && *l.name == *script.name;
        let last = self.last.borrow().as_ref().filter(|l| is_it(l)).cloned();
        let is_last = last.is_some();
        let known = last.or_else(|| self.scripts.borrow().get(script.name)?.iter().find(|l| is_it(l)).cloned());
        let Some(known) = known else { return self.load_first(script) };
        if !script.is_fresh(&known.stamp.borrow(), &known.file) {
            let chunk = self.chunk(script.source(), script.cache)?;
            self.unref(known.chunk.replace(chunk.reference));
            *known.stamp.borrow_mut() = chunk.stamp;
        }
        if !is_last {
            let before = self.last.replace(Some(known.clone()));
            drop(before);
        }
        Ok(known)
    }

    fn load_first(&self, script: &Script) -> Result<Rc<Loaded>, Raised> {
        let world = self.world(script.directory(), script.paths)?;
        let chunk = self.chunk(script.source(), script.cache)?;
        let loaded = Rc::new(Loaded {
            name: script.name.into(),
            file: CString::new(script.name).unwrap_or_default(),
            content: script.content,
            paths: script.paths.id,
            world,
            stamp: RefCell::new(chunk.stamp),
            chunk: Cell::new(chunk.reference),
        });
        self.scripts.borrow_mut().entry(script.name.into()).or_default().push(loaded.clone());
        Ok(loaded)
    }

    /// Loads the script's chunk for one run, after which the caller frees it.
    pub(crate) fn chunk_of(&self, script: &Script) -> Result<Chunk, Raised> {
        self.chunk(script.source(), script.cache)
    }

    /// Loads a chunk into this state: from the process's cache, or from its source.
    pub(crate) fn chunk(&self, source: Source, cache: CodeCache) -> Result<Chunk, Raised> {
        let stamp = match source {
            Source::File(path, _) if cache == CodeCache::Stat => match cache::stat(path) {
                Some(stamp) => Some(stamp),
                None => return Err(cannot_open(path, &std::io::Error::last_os_error())),
            },
            Source::File(..) => None,
            Source::Text { text, .. } => Some(Stamp::Text(text.into())),
        };
        let key = &*key(source);
        let name = chunk_name(source);
        if cache != CodeCache::Never
            && let Some(Entry { stamp, code }) = cache::get(key, stamp.as_ref())
        {
            let reference = self.load(&name, b"", &code, true)?.0;
            return Ok(Chunk { reference, stamp });
        }
        let (stamp, text) = match source {
            Source::File(path, _) => cache::read(path).map_err(|e| cannot_open(path, &e))?,
            Source::Text { text, .. } => (Stamp::Text(text.into()), text.to_vec()),
        };
        let line = if let Source::Text { line, .. } = source { line } else { 1 };
        let body = match source {
            Source::File(path, Content::Page { escapes }) => Cow::Owned(of_page(path, &stamp, &text, escapes)?),
            Source::File(..) => Cow::Borrowed(without_first_comment(&text)),
            Source::Text { .. } => Cow::Borrowed(&text[..]),
        };
        let before = vec![b'\n'; line.saturating_sub(1) as usize];
        cache::count_parsed();
        let (reference, dump) = self.load(&name, &before, &body, false)?;
        if cache != CodeCache::Never && !dump.is_empty() {
            cache::put(key, Entry { stamp: stamp.clone(), code: dump.into() });
        }
        Ok(Chunk { reference, stamp })
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

/// By what the cache knows a source: a file may be a script here and a page there.
fn key(source: Source<'_>) -> Cow<'_, [u8]> {
    match source {
        Source::File(key, Content::Script) | Source::Text { key, .. } => Cow::Borrowed(key),
        Source::File(path, Content::Page { escapes: false }) => [b"page:", path].concat().into(),
        Source::File(path, Content::Page { escapes: true }) => [b"escaped page:", path].concat().into(),
    }
}

/// The script that a page stands for.
fn of_page(path: &[u8], stamp: &Stamp, text: &[u8], escapes: bool) -> Result<Vec<u8>, Raised> {
    match pages::script_of(path, stamp.version(), text, pages::Language::Lua, escapes) {
        Ok(Some(script)) => Ok(script),
        Ok(None) => Ok(pages::LUA_PLAIN.to_vec()),
        Err(error) => {
            let why = format!(":{}: {}", error.line, error.why);
            Err(Raised::Died([path, why.as_bytes()].concat()))
        }
    }
}

/// The name of a chunk for `lua_load`: `@file`.
fn chunk_name(source: Source) -> CString {
    let (Source::File(name, _) | Source::Text { chunk_name: name, .. }) = source;
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

/// A text that is its own key: handlers written in the configuration.
pub(crate) fn text_key(text: &[u8]) -> Arc<[u8]> {
    [b"text:", text].concat().into()
}
