//! What a handler that is given whole brigades reads and prints, without looking at buckets.

use std::cell::Cell;

use apr::{Brigade, Bucket, BucketKind, Reenter, Status};
use httpd::own_filter::Ask;
use interp::{Piece, Raise, Result};

use super::output::MUCH;
use super::place::Place;
use super::running::{Brigades, Running};

/// The number of bytes that a handler may have read and still return DECLINED, so that it can look at how an answer begins.
const LOOKED_AT: u64 = 65536;

/// From this length on a piece of output lies in a bucket with room for what the handler may make of the data that it has yet to read.
const LARGE: usize = 4096;

/// One call of a handler: what it was given, what it has made of that, and how far it is.
pub struct Stream<'a, F> {
    running: &'a Running<F>,
    /// Output: what the filter was given. Input: what was read for it.
    given: Brigade,
    /// What the handler prints. Input: what the reader gets.
    made: Brigade,
    /// Output: data that the handler has read and, until it prints, can still leave as they are.
    looked_at: Brigade,
    /// What an input filter is asked.
    ask: Option<Ask>,
    /// Whether the end of the data was met, or the handler says so.
    is_past: Cell<bool>,
    /// Whether the handler itself said whether the end was met.
    says_end: Cell<bool>,
    /// A flush bucket was met, and goes out behind what the handler makes of the data before it.
    flushes: Cell<bool>,
    /// Bytes of the first bucket that were read.
    skipped: Cell<usize>,
    /// Input: data was read for the handler.
    has_asked: Cell<bool>,
    /// Input: there was nothing to read, and nobody may wait.
    is_early: Cell<bool>,
    read: Cell<u64>,
    printed: Cell<u64>,
    /// Output: bytes that were printed and not passed on yet.
    kept: Cell<u64>,
    /// Data that was read is gone.
    is_lost: Cell<bool>,
    /// Data that was not read is gone.
    is_cut: Cell<bool>,
}

impl<'a, F> Stream<'a, F> {
    /// Of a filter of output, which is given `bb`.
    pub fn of_output(running: &'a Running<F>, own: &Brigades<'_>, bb: &Brigade) -> Stream<'a, F> {
        Stream::new(running, own, [*bb, own.brigade], None)
    }

    /// Of a filter of input, which is to put data into `bb`.
    pub fn of_input(running: &'a Running<F>, own: &Brigades<'_>, bb: &Brigade, ask: Ask) -> Stream<'a, F> {
        Stream::new(running, own, [own.brigade, *bb], Some(ask))
    }

    fn new(
        running: &'a Running<F>,
        own: &Brigades<'_>,
        [given, made]: [Brigade; 2],
        ask: Option<Ask>,
    ) -> Stream<'a, F> {
        Stream {
            running,
            given,
            made,
            looked_at: own.ready,
            ask,
            is_past: Cell::new(false),
            says_end: Cell::new(false),
            flushes: Cell::new(false),
            skipped: Cell::new(0),
            has_asked: Cell::new(false),
            is_early: Cell::new(false),
            read: Cell::new(0),
            printed: Cell::new(0),
            kept: Cell::new(0),
            is_lost: Cell::new(false),
            is_cut: Cell::new(false),
        }
    }

    /// The brigade that the handler itself is called with.
    pub fn shown(&self) -> &Brigade {
        if self.ask.is_some() { &self.made } else { &self.given }
    }

    /// What an input filter is asked.
    pub fn ask(&self) -> Option<Ask> {
        self.ask
    }

    /// Whether the brigade that the handler is called with has the end of the data.
    pub fn has_end(&self) -> bool {
        self.shown().last().is_some_and(|last| last.kind() != BucketKind::Data)
            && self.shown().iter().any(|bucket| bucket.kind() == BucketKind::Eos)
    }

    /// Whether the end of the data is met.
    pub fn is_past(&self) -> bool {
        self.is_past.get()
    }

    /// Whether the filter was taken out of its chain.
    pub fn has_left(&self) -> bool {
        self.running.has_left.get()
    }

    /// Whether the handler had data read for it.
    pub fn has_asked(&self) -> bool {
        self.has_asked.get()
    }

    /// Whether the handler read some data.
    pub fn has_read(&self) -> bool {
        self.read.get() > 0
    }

    /// Whether a handler that has given nothing would give nothing again: it neither read what was there, nor may more come by itself.
    pub fn is_stuck(&self) -> bool {
        self.ask.is_some_and(|ask| !ask.takes_nothing()) && !self.has_read() && !self.is_early() && !self.has_left()
    }

    /// Whether there was nothing to read and nobody may wait.
    pub fn is_early(&self) -> bool {
        self.is_early.get()
    }

    fn use_it(&self) {
        self.running.streams.set(true);
    }

    fn add(cell: &Cell<u64>, n: usize) {
        cell.set(cell.get().saturating_add(n as u64));
    }

    /// A bucket whose bytes were read goes aside, as long as the handler may still decline, and few bytes are there.
    fn done_with(&self, bucket: Bucket, cx: Reenter) {
        bucket.remove();
        self.skipped.set(0);
        if self.ask.is_none() && self.printed.get() == 0 && self.read.get() <= LOOKED_AT && !self.is_lost.get() {
            self.looked_at.insert_tail(bucket);
            return;
        }
        self.forget(cx);
        // SAFETY: in no brigade, and not used any more.
        unsafe { bucket.delete(cx) };
    }

    /// What was read can be left as it is no more.
    fn forget(&self, cx: Reenter) {
        self.is_lost.set(true);
        if self.ask.is_none() && !self.looked_at.is_empty() {
            let _ = self.looked_at.cleanup(cx);
        }
    }

    /// Sends a flush bucket that was met, behind what was printed since.
    fn flush<P: Place>(&self, place: &P, cx: Reenter) -> Result<(), Status> {
        if !self.flushes.replace(false) {
            return Ok(());
        }
        self.made.insert_tail(Bucket::flush(self.made.bucket_alloc()));
        if self.ask.is_some() { Ok(()) } else { self.pass(place, cx) }
    }

    fn pass<P: Place>(&self, place: &P, cx: Reenter) -> Result<(), Status> {
        let running = self.running;
        let is_other = running.read.get() + self.read.get() != running.printed.get() + self.printed.get();
        if !running.has_passed.replace(true) && (is_other || self.is_cut.get()) {
            place.changes_length();
        }
        let passed = place.pass(&self.made, cx);
        let _ = self.made.cleanup(cx);
        self.kept.set(0);
        passed
    }

    /// Data for a handler of input, once per call.
    fn ask_for_data<P: Place>(&self, place: &P, cx: Reenter) -> Result<bool, Status> {
        if self.ask.is_some_and(|ask| ask.takes_nothing()) {
            return Ok(false);
        }
        let Some(ask) = self.ask.filter(|_| !self.has_asked.replace(true)) else { return Ok(true) };
        match place.read(&self.given, ask, cx) {
            Err(Status(libc::EAGAIN)) if !ask.block => {
                self.is_early.set(true);
                Ok(false)
            }
            done => done.map(|()| true),
        }
    }

    /// The handler has returned OK: what it has made goes on. What it left unread is dropped, save what has no bytes.
    pub fn finish<P: Place>(&self, place: &P, cx: Reenter) -> Result<(), Status> {
        self.forget(cx);
        let running = self.running;
        let alloc = self.made.bucket_alloc();
        if self.flushes.replace(false) {
            self.made.insert_tail(Bucket::flush(alloc));
        }
        let ends = |bucket: Bucket| -> Result<(), Status> {
            self.is_past.set(true);
            // As for any script's filter: a filter of content is to see data before the end.
            if self.ask.is_none() && place.is_before_content() && !self.made.is_empty() {
                self.pass(place, cx)?;
            }
            self.made.insert_tail(bucket);
            running.is_past.set(!place.goes_on());
            Ok(())
        };
        let mut has_ended = false;
        // A handler that has read or printed before leaves buckets to us, also in a call in which it does neither.
        while let Some(bucket) = self.given.first().filter(|_| running.streams.get()) {
            bucket.remove();
            match bucket.kind() {
                BucketKind::Eos if !has_ended && (self.is_past.get() || !self.says_end.get()) => {
                    has_ended = true;
                    ends(bucket)?;
                }
                kind @ (BucketKind::Data | BucketKind::Eos) => {
                    if kind == BucketKind::Data {
                        self.is_cut.set(true);
                    }
                    // SAFETY: in no brigade, and not used any more.
                    unsafe { bucket.delete(cx) };
                }
                _ => self.made.insert_tail(bucket),
            }
        }
        if self.is_past.get() && !has_ended {
            ends(Bucket::eos(alloc))?;
        }
        if self.ask.is_some() || self.made.is_empty() {
            Self::add(&running.read, self.read.get() as usize);
            Self::add(&running.printed, self.printed.get() as usize);
            return Ok(());
        }
        self.pass(place, cx)
    }

    /// The handler of output has returned DECLINED: what it was given goes on as it is, behind what it printed. False if it has read
    /// too much of that.
    pub fn decline<P: Place>(&self, place: &P, cx: Reenter) -> Option<Result<(), Status>> {
        if self.is_lost.get() && self.read.get() > 0 {
            return None;
        }
        if !self.made.is_empty()
            && let Err(status) = self.pass(place, cx)
        {
            return Some(Err(status));
        }
        if self.looked_at.is_empty() {
            return Some(place.pass(&self.given, cx));
        }
        self.looked_at.concat(self.given);
        let passed = place.pass(&self.looked_at, cx);
        let _ = self.looked_at.cleanup(cx);
        Some(passed)
    }
}

impl<F> Stream<'_, F> {
    /// Gives `into` up to `wanted` bytes; returns how many. 0 is the end of what this call has.
    ///
    /// # Errors
    /// What the filters say; those of `into`.
    pub fn read<P: Place>(
        &self,
        place: &P,
        wanted: usize,
        cx: Reenter,
        mut into: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        const NAME: &str = "Apache2::Filter::read";
        let raise = |status: Status| Raise::status(status.code(), NAME);
        self.use_it();
        if self.is_past.get() || !self.ask_for_data(place, cx).map_err(raise)? {
            return Ok(0);
        }
        self.flush(place, cx).map_err(raise)?;
        let mut length = 0;
        while length < wanted
            && let Some(bucket) = self.given.first()
        {
            match bucket.kind() {
                BucketKind::Data => {}
                BucketKind::Eos => {
                    self.is_past.set(true);
                    break;
                }
                BucketKind::Flush => {
                    bucket.remove();
                    // SAFETY: in no brigade, and not used any more.
                    unsafe { bucket.delete(cx) };
                    self.flushes.set(true);
                    if length > 0 {
                        break;
                    }
                    self.flush(place, cx).map_err(raise)?;
                    continue;
                }
                BucketKind::Metadata => {
                    bucket.remove();
                    self.made.insert_tail(bucket);
                    continue;
                }
            }
            let bytes = match bucket.read(self.ask.is_none_or(|ask| ask.block), cx) {
                Ok(bytes) => bytes.get(self.skipped.get()..).unwrap_or_default(),
                Err(Status(libc::EAGAIN)) if length > 0 => break,
                Err(Status(libc::EAGAIN)) => {
                    self.is_early.set(true);
                    break;
                }
                Err(status) => return Err(raise(status)),
            };
            let take = bytes.len().min(wanted - length);
            let (piece, rest) = bytes.split_at(take);
            into(piece)?;
            length += take;
            Self::add(&self.read, take);
            match rest.is_empty() {
                true => self.done_with(bucket, cx),
                false => self.skipped.set(self.skipped.get() + take),
            }
        }
        Ok(length)
    }

    /// Takes the bytes that `data` gives for the filter behind this one, or the reader; returns how many.
    ///
    /// # Errors
    /// What the filters say.
    pub fn print<'c, P: Place>(
        &self,
        place: &P,
        data: impl FnOnce(&mut dyn FnMut(Piece<'_, 'c>)) -> Reenter<'c>,
    ) -> Result<usize> {
        const NAME: &str = "Apache2::Filter::print";
        let raise = |status: Status| Raise::status(status.code(), NAME);
        self.use_it();
        let (is_input, mut length, mut is_long, mut written) = (self.ask.is_some(), 0, false, Ok(()));
        let cx = data(&mut |piece| match piece {
            Piece::Long(bytes) if !is_input => {
                // It is passed on while the caller holds it.
                self.made.insert_tail(Bucket::transient(bytes, self.made.bucket_alloc()));
                (length, is_long) = (length + bytes.len(), true);
            }
            Piece::Long(bytes) | Piece::Short(bytes) => {
                if !is_input && bytes.len() >= LARGE && self.kept.get() == 0 && length == 0 {
                    self.make_room(bytes.len());
                }
                length += bytes.len();
                if !bytes.is_empty() {
                    written = written.and_then(|()| self.made.write(bytes));
                }
            }
        });
        if let Err(status) = written {
            let _ = self.made.cleanup(cx);
            return Err(raise(status));
        }
        if length == 0 {
            return Ok(0);
        }
        self.forget(cx);
        Self::add(&self.printed, length);
        Self::add(&self.kept, length);
        if is_long || (!is_input && self.kept.get() >= MUCH) {
            self.pass(place, cx).map_err(raise)?;
        }
        Ok(length)
    }

    /// Begins what a handler prints with one bucket for this piece and as many bytes as are left to be read, up to those after which all is
    /// passed on: each piece would get a bucket of its own.
    fn make_room(&self, piece: usize) {
        let lengths = self.given.iter().take(64).filter_map(|bucket| bucket.length());
        let rest = lengths.sum::<usize>().saturating_sub(self.skipped.get());
        if rest > 0 {
            let room = (MUCH as usize).min(piece + rest);
            self.made.insert_tail(Bucket::with_room(room, self.made.bucket_alloc()));
        }
    }

    /// Whether the end of the data was met; `set` says so in place of what was met.
    pub fn seen_end(&self, set: Option<bool>) -> bool {
        if let Some(set) = set {
            self.use_it();
            self.says_end.set(true);
            self.is_past.set(set);
        }
        self.is_past.get()
    }
}
