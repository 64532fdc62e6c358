//! The response buffer: what a response handler prints, until there is enough of it or somebody flushes.
//!
//! As with mod_perl: it holds 8 KiB and is flushed before the handler's status is looked at; outside the response phase there is none. Under
//! `PerlOptions +ParseHeaders` the first bytes passed on are taken for CGI headers, unless the script has set headers itself.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;

use api::Unsent;
use apr::{Brigade, Bucket, Buffer, Reenter, Status};
use httpd::cgi::{end_of_header, header_length};
use httpd::log::{self, Entry, Level};
use httpd::status::{HTTP_MOVED_TEMPORARILY, HTTP_OK, HTTP_PRECONDITION_FAILED, OK, is_error};
use httpd::{ModuleRecord, Request};
use interp::trace;

/// Bytes kept back before they are passed on.
const SIZE: usize = 8192;

/// Room for a short response.
const SHORT: usize = 512;

/// What is passed on behind the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Behind {
    Nothing,
    Flush,
    End,
}

/// The buffer of one request.
pub struct Output {
    /// For the error log.
    module: &'static ModuleRecord,
    /// Called before another request is made of this one, with its variables.
    complete_env: fn(&Request, Reenter),
    is_open: Cell<bool>,
    kept: RefCell<Option<Buffer>>,
    /// A second buffer of full size, made when a filter prints to the request that it filters.
    spare: Cell<Option<Buffer>>,
    /// The brigade in which bytes are passed on, each time anew: one for each piece would stay in the request's pool.
    brigade: Cell<Option<Brigade>>,
    /// The first bytes are headers.
    parses: Cell<bool>,
    /// Nothing more is sent: the headers named another answer (`Location`), or a subrequest is only looked up.
    is_done: Cell<bool>,
    /// The status of the request when bytes were passed on first; 0 as long as none were.
    sent_as: Cell<c_int>,
    /// Something was printed to the STDOUT of the process instead.
    is_missed: Cell<bool>,
    /// The status that the script's headers set, whatever the handler returns.
    status: Cell<Option<c_int>>,
}

impl Output {
    /// An empty buffer, into which nothing may be printed yet.
    pub fn new(module: &'static ModuleRecord, complete_env: fn(&Request, Reenter)) -> Output {
        Output {
            module,
            complete_env,
            is_open: Cell::new(false),
            kept: RefCell::new(None),
            spare: Cell::new(None),
            brigade: Cell::new(None),
            parses: Cell::new(false),
            is_done: Cell::new(false),
            sent_as: Cell::new(0),
            is_missed: Cell::new(false),
            status: Cell::new(None),
        }
    }

    /// Whether the answer has begun already, with this status.
    pub fn is_sent_as(&self, status: c_int) -> bool {
        self.sent_as.get() == status
    }

    /// Opens the buffer at the beginning of the response phase. With `parses` the script prints its headers first.
    pub fn open(&self, parses: bool) {
        self.is_open.set(true);
        self.sent_as.set(0);
        self.parses.set(parses);
    }

    /// Opens the buffer for a handler that is asked whether it would answer: it may print, and nothing of that is sent.
    pub fn open_for_look_up(&self) {
        self.open(false);
        self.is_done.set(true);
    }

    /// Sends nothing more, nor what is kept back.
    pub fn end(&self) {
        self.is_done.set(true);
    }

    /// Closes the buffer and forgets what was printed.
    pub fn forget(&self) {
        self.is_open.set(false);
        self.is_done.set(false);
        if let Some(kept) = self.kept.borrow_mut().as_mut() {
            kept.clear();
        }
    }

    /// Notes that the script has set headers itself: all that it prints is body.
    pub fn headers_are_set(&self) {
        self.parses.set(false);
    }

    /// The status of the request, if headers decided it.
    pub fn status(&self) -> Option<c_int> {
        self.status.get()
    }

    /// Takes a block of headers; returns how long it is. What follows is body.
    pub fn take_headers(&self, r: &Request, cx: Reenter, bytes: &[u8]) -> usize {
        self.parses.set(false);
        let length = header_length(bytes);
        let status = r.take_cgi_headers(&bytes[..length]);
        let location = r.headers_out().get(b"Location").filter(|_| r.status() == HTTP_OK).map(<[u8]>::to_vec);
        match location {
            Some(uri) if uri.first() == Some(&b'/') => {
                self.is_done.set(true);
                (self.complete_env)(r, cx);
                r.become_get();
                r.internal_redirect_handler(&uri, cx);
            }
            Some(_) => {
                self.is_done.set(true);
                self.status.set(Some(HTTP_MOVED_TEMPORARILY));
            }
            None if status != OK => {
                if is_error(status) && status != HTTP_PRECONDITION_FAILED {
                    let uri = String::from_utf8_lossy(r.uri().unwrap_or_default()).into_owned();
                    let text = format!("{uri} did not send an HTTP header");
                    log::request(r, Entry::new(Level::Warn, self.module), text.as_bytes());
                }
                // The answer is httpd's page about the status, which is the administrator's own only where the request is fine so far.
                self.is_done.set(true);
                self.status.set(Some(status));
                r.set_status(HTTP_OK);
                return bytes.len();
            }
            None => {}
        }
        length
    }

    /// Notes that a script has printed to the STDOUT of the process and not into this buffer.
    pub fn miss(&self) {
        self.is_missed.set(true);
    }

    /// Whether a script has printed to the STDOUT of the process.
    pub fn was_missed(&self) -> bool {
        self.is_missed.get()
    }

    /// Whether the buffer is open.
    pub fn is_open(&self) -> bool {
        self.is_open.get()
    }

    /// Takes all of `data`; passes it on, together with the bytes kept back before, once there is enough.
    ///
    /// # Errors
    /// Outside the response phase; when the client is gone.
    pub fn write(&self, r: &Request, cx: Reenter, data: &[u8]) -> Result<usize, Unsent> {
        trace!(Io, "writes {} bytes", data.len());
        if !self.is_open() {
            return Err(Unsent::NotInResponse);
        }
        if self.keep(r, data) {
            return Ok(data.len());
        }
        self.pass(r, cx, Behind::Nothing).map_err(Unsent::Failed)?;
        if data.len() >= SIZE || !self.keep(r, data) {
            self.pass_bytes(r, cx, data, Behind::Nothing).map_err(Unsent::Failed)?;
        }
        Ok(data.len())
    }

    /// Keeps `data` back if the buffer has room for it; the buffer grows once.
    fn keep(&self, r: &Request, data: &[u8]) -> bool {
        let mut kept = self.kept.borrow_mut();
        if kept.as_mut().is_some_and(|kept| kept.add(data)) {
            return true;
        }
        let old = kept.as_ref().map_or(&[][..], Buffer::bytes);
        let length = old.len() + data.len();
        if length > SIZE {
            return false;
        }
        let mut new = match (length <= SHORT, self.spare.take()) {
            (_, Some(spare)) => spare,
            (true, None) => Buffer::new(r.pool(), SHORT),
            (false, None) => Buffer::new(r.pool(), SIZE),
        };
        let fits = (old.is_empty() || new.add(old)) && new.add(data);
        *kept = Some(new);
        fits
    }

    fn is_empty(&self) -> bool {
        self.kept.borrow().as_ref().is_none_or(|kept| kept.bytes().is_empty())
    }

    /// Passes on the bytes kept back; with `hard` a flush bucket follows them.
    ///
    /// # Errors
    /// Outside the response phase; when the client is gone or a filter failed.
    pub fn flush(&self, r: &Request, cx: Reenter, hard: bool) -> Result<(), Unsent> {
        if !self.is_open() {
            return Err(Unsent::NotInResponse);
        }
        if self.lacks_header() {
            return Ok(());
        }
        self.pass(r, cx, if hard { Behind::Flush } else { Behind::Nothing }).map_err(Unsent::Failed)
    }

    /// Whether a part of the script's headers is kept back, whose end it has still to print.
    fn lacks_header(&self) -> bool {
        let begins = |kept: &Buffer| !kept.bytes().is_empty() && end_of_header(kept.bytes()).is_none();
        self.parses.get() && self.kept.borrow().as_ref().is_some_and(begins)
    }

    /// As [`Output::flush`] with a flush bucket, if anything was printed: `$| = 1` alone does not send the headers, which the script may
    /// not have printed yet.
    ///
    /// # Errors
    /// As [`Output::flush`].
    pub fn flush_printed(&self, r: &Request, cx: Reenter) -> Result<(), Unsent> {
        let waits = (self.is_empty() && self.sent_as.get() == 0) || self.lacks_header();
        if waits { Ok(()) } else { self.flush(r, cx, true) }
    }

    /// Passes on the rest when the response handler has returned. With `ends`, the end of the stream goes with it, so that httpd
    /// learns the length of a short response before it writes the headers; a filter of a script's gets it by itself, as with mod_perl.
    ///
    /// # Errors
    /// When the client is gone or a filter failed.
    pub fn finish(&self, r: &Request, cx: Reenter, ends: bool) -> Result<(), Status> {
        let ends = ends && r.eos_sent() == 0 && r.output_filters().is_none_or(|first| first.own().is_none());
        let behind = if ends { Behind::End } else { Behind::Nothing };
        let result = if self.is_empty() { Ok(()) } else { self.pass(r, cx, behind) };
        self.is_open.set(false);
        result
    }

    fn pass(&self, r: &Request, cx: Reenter, behind: Behind) -> Result<(), Status> {
        if behind == Behind::Nothing && self.is_empty() {
            return Ok(());
        }
        // Taken out: a filter written in Perl may print to this very request.
        let Some(mut buffer) = self.kept.take() else { return self.pass_bytes(r, cx, &[], behind) };
        let result = self.pass_bytes(r, cx, buffer.bytes(), behind);
        buffer.clear();
        let mut kept = self.kept.borrow_mut();
        if kept.is_none() {
            *kept = Some(buffer);
        } else if buffer.room() == SIZE {
            self.spare.set(Some(buffer));
        }
        result
    }

    fn pass_bytes(&self, r: &Request, cx: Reenter, mut bytes: &[u8], behind: Behind) -> Result<(), Status> {
        if self.parses.get() && !bytes.is_empty() {
            bytes = &bytes[self.take_headers(r, cx, bytes)..];
            if bytes.is_empty() && behind == Behind::Nothing {
                return Ok(());
            }
        }
        if self.is_done.get() {
            return Ok(());
        }
        if self.sent_as.get() == 0 {
            self.sent_as.set(r.status());
        }
        let Some(alloc) = r.connection().bucket_alloc() else { return Err(Status(libc::ECONNABORTED)) };
        // Taken out, as the buffer in `pass`.
        let brigade = self.brigade.take().unwrap_or_else(|| Brigade::new(r.pool(), alloc));
        if !bytes.is_empty() {
            brigade.insert_tail(Bucket::transient(bytes, alloc));
        }
        match behind {
            Behind::Nothing => {}
            Behind::Flush => brigade.insert_tail(Bucket::flush(alloc)),
            Behind::End => brigade.insert_tail(Bucket::eos(alloc)),
        }
        trace!(Io, "passes {} bytes on, behind them {behind:?}", bytes.len());
        let passed = r.pass(brigade, cx);
        if !brigade.is_empty() {
            let _ = brigade.cleanup(cx);
        }
        self.brigade.set(Some(brigade));
        passed
    }
}
