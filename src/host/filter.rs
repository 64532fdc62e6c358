//! Filters that scripts make, whatever their language: how a filter is fed, what it gives on, how it ends and how it fails.
//!
//! The engine walks through brigades; a [`Filtering`] makes new bytes of old ones; a [`Place`] is where the filter stands in httpd's
//! chain. Of buckets a filter sees the bytes only: end, flush and other buckets without bytes stay where they stand.

use std::cell::Cell;
use std::ffi::c_int;

use apr::{Brigade, Bucket, BucketAlloc, BucketKind, Pool, Reenter, Status};
use httpd::own_filter::{Ask, OwnFilter};
use httpd::status::HTTP_INTERNAL_SERVER_ERROR;
use httpd::{Filter, KeepAlive};

/// What a script makes of the data that passes its filter. `P` is the place of the filter.
pub trait Filtering<P>: Sized + Send + 'static {
    /// Begins to filter, when the first data comes.
    fn begin(place: &P) -> Begun<Self>;

    /// Puts into `into` what the script makes of the bytes of one bucket.
    ///
    /// # Errors
    /// A status where it failed, which is in the log. A script that leaves off before the end of the data has failed: the rest would
    /// be lost without anyone noticing.
    fn bucket(&self, place: &P, bytes: &[u8], into: &Brigade) -> Result<(), c_int>;

    /// Puts into `into` what the script has to add behind the last byte. Called once, and not if the script has failed.
    ///
    /// # Errors
    /// As [`Filtering::bucket`].
    fn end(&self, place: &P, into: &Brigade) -> Result<(), c_int>;

    /// What was put into brigades of output has been passed on: buckets that point at a script's own strings are gone.
    fn passed(&self) {}
}

/// How a filter began.
pub enum Begun<F> {
    /// It filters; this bucket goes before the data of an output filter.
    Filters(F, Option<Bucket>),
    /// It does not want this data, or there is no such filter here: data passes untouched.
    Declines,
    /// It could not begin, which is in the log.
    Fails(c_int),
}

impl<F> Begun<F> {
    /// The same, of another kind.
    pub fn map<G>(self, f: impl FnOnce(F) -> G) -> Begun<G> {
        match self {
            Begun::Filters(filtering, first) => Begun::Filters(f(filtering), first),
            Begun::Declines => Begun::Declines,
            Begun::Fails(status) => Begun::Fails(status),
        }
    }
}

/// Where a filter stands in httpd's chain.
pub trait Place: Sized {
    /// What is kept with the filter.
    fn kept<T: 'static>(&self) -> Option<&T>;
    /// Keeps something with the filter as long as its request or connection lives, once.
    fn keep<T: Send + 'static>(&self, value: T) -> Option<&T>;
    /// The memory of its request or connection.
    fn memory(&self) -> Option<(&Pool, BucketAlloc)>;
    /// Hands data to the filter behind this one.
    ///
    /// # Errors
    /// What the filters say.
    fn pass(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status>;
    /// Asks the filter behind this one for data.
    ///
    /// # Errors
    /// What the filters say.
    fn read(&self, into: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status>;
    /// Whether the filter behind this one works on content.
    fn is_before_content(&self) -> bool;
    /// The content will be another: what described the old one is removed from the headers.
    fn changes_content(&self);
    /// Takes the filter out of the chain.
    fn leave(&self);
    /// Tells the client, if that is possible, that the answer failed; returns the filter's status.
    fn fail(&self, status: c_int, cx: Reenter) -> c_int;
    /// A part of the body will not be read: the connection ends with this answer, since that part would be taken for a request.
    fn leave_unread(&self);
}

/// A filter that has begun.
struct Running<F> {
    filtering: F,
    /// Input: data that was read and not given to the script yet. Output: data to be passed on.
    brigade: Brigade,
    /// Input: data that the script made and nobody has read yet.
    ready: Brigade,
    /// Whether the script has seen the end of the data.
    is_past: Cell<bool>,
    /// The status of a script that has failed.
    failed: Cell<Option<c_int>>,
}

// SAFETY: a filter belongs to a request or a connection, which one thread works on at a time (SAFETY.md, "one thread at a time").
unsafe impl<F: Send> Send for Running<F> {}

/// What is to be done with data.
enum Way<'f, F> {
    /// Through the filter; a bucket comes with the one that has just begun.
    Through(&'f Running<F>, Option<Bucket>),
    /// Past the filter, which has left the chain.
    Around,
    Fail(c_int),
}

/// The filter, begun if it has not.
fn running<P: Place, F: Filtering<P>>(place: &P) -> Way<'_, F> {
    if let Some(running) = place.kept::<Running<F>>() {
        return Way::Through(running, None);
    }
    let (filtering, first) = match F::begin(place) {
        Begun::Filters(filtering, first) => (filtering, first),
        Begun::Declines => {
            place.leave();
            return Way::Around;
        }
        Begun::Fails(status) => return Way::Fail(status),
    };
    place.changes_content();
    let running = place.memory().and_then(|(pool, alloc)| {
        let (brigade, ready) = (Brigade::new(pool, alloc), Brigade::new(pool, alloc));
        place.keep(Running { filtering, brigade, ready, is_past: Cell::new(false), failed: Cell::new(None) })
    });
    match running {
        Some(running) => Way::Through(running, first),
        None => Way::Fail(Status::EGENERAL.code()),
    }
}

impl<F> Running<F> {
    /// Tells the script that the end has come.
    fn end<P: Place>(&self, place: &P, into: &Brigade) -> Result<(), c_int>
    where
        F: Filtering<P>,
    {
        let done = if self.is_past.get() { Ok(()) } else { self.filtering.end(place, into) };
        self.is_past.set(true);
        done
    }

    /// Passes on what an output filter has made.
    fn pass<P: Place>(&self, place: &P, cx: Reenter) -> Result<(), Status>
    where
        F: Filtering<P>,
    {
        let passed = place.pass(&self.brigade, cx);
        let _ = self.brigade.cleanup(cx);
        self.filtering.passed();
        passed
    }
}

/// A script of output failed: it is not run any more, and what it was given and what it made is dropped.
fn give_up<P: Place>(place: &P, given: &Brigade, made: &Brigade, status: c_int, cx: Reenter) -> c_int {
    place.leave();
    let _ = given.cleanup(cx);
    let _ = made.cleanup(cx);
    status
}

fn code(done: Result<(), Status>) -> c_int {
    done.err().map_or(0, |status| status.code())
}

/// The number of bytes after which output is passed on.
const MUCH: u64 = 65536;

/// Data is on its way to the client.
pub fn output<P: Place, F: Filtering<P>>(place: &P, bb: &Brigade, cx: Reenter) -> c_int {
    let (running, first) = match running::<P, F>(place) {
        Way::Through(running, first) => (running, first),
        Way::Around => return code(place.pass(bb, cx)),
        Way::Fail(status) => {
            place.leave();
            let _ = bb.cleanup(cx);
            return place.fail(status, cx);
        }
    };
    let out = &running.brigade;
    if let Some(first) = first {
        out.insert_tail(first);
    }
    while let Some(bucket) = bb.first() {
        if bucket.kind() != BucketKind::Data {
            // A filter of content is to see data before the end, as with mod_lua: DEFLATE leaves alone a short answer that it
            // sees whole. Where none follows, data and end go together, so that the length is known.
            if bucket.kind() == BucketKind::Eos
                && place.is_before_content()
                && !out.is_empty()
                && let Err(status) = running.pass(place, cx)
            {
                return status.code();
            }
            if bucket.kind() == BucketKind::Eos
                && let Err(status) = running.end(place, out)
            {
                return place.fail(give_up(place, bb, out, status, cx), cx);
            }
            bucket.remove();
            out.insert_tail(bucket);
            continue;
        }
        let bytes = match bucket.read(true, cx) {
            Ok(bytes) => bytes,
            Err(status) => return give_up(place, bb, out, status.code(), cx),
        };
        // Nobody else finds it while the script has its bytes.
        bucket.remove();
        let done = match bytes.is_empty() || running.is_past.get() {
            true => Ok(()),
            false => running.filtering.bucket(place, bytes, out),
        };
        // SAFETY: the bucket is in no brigade and is not used any more.
        unsafe { bucket.delete(cx) };
        if let Err(status) = done {
            return place.fail(give_up(place, bb, out, status, cx), cx);
        }
        // A long answer goes out piece by piece.
        let is_much = out.length(false, cx).map(|length| length.is_none_or(|length| length >= MUCH));
        if let Err(status) = is_much.and_then(|much| if much { running.pass(place, cx) } else { Ok(()) }) {
            return status.code();
        }
    }
    if out.is_empty() { 0 } else { code(running.pass(place, cx)) }
}

/// The status of an input filter that could not begin.
struct Unbegun(c_int);

/// Data is wanted from the client. A filter that has failed stays in its chain and says so to all who read on: nothing of the body may
/// pass a filter that was to look at it.
pub fn input<P: Place, F: Filtering<P>>(place: &P, bb: &Brigade, ask: Ask, cx: Reenter) -> c_int {
    if let Some(Unbegun(status)) = place.kept() {
        return *status;
    }
    // An input filter puts nothing before the data. A handler that sends the body back may have taken over the body's length.
    let running = match running::<P, F>(place) {
        Way::Through(running, _) => running,
        Way::Around => return code(place.read(bb, ask, cx)),
        Way::Fail(status) => {
            place.keep(Unbegun(status));
            place.leave_unread();
            return status;
        }
    };
    if let Some(status) = running.failed.get() {
        return status;
    }
    if ask.eats_lines() || ask.is_for_nothing() {
        return code(place.read(bb, ask, cx));
    }
    // Reads until there is something to give, since a script may make nothing of a bucket.
    while running.ready.is_empty() {
        if running.brigade.is_empty()
            && let Err(status) = place.read(&running.brigade, ask, cx)
        {
            return status.code();
        }
        if running.brigade.is_empty() {
            return 0;
        }
        while let Some(bucket) = running.brigade.first() {
            if let Err(status) = take_in(place, running, bucket, ask, cx) {
                if status == libc::EAGAIN && !running.ready.is_empty() {
                    break;
                }
                return status;
            }
        }
    }
    code(give(&running.ready, bb, ask, cx))
}

/// Gives the script one bucket of the data read, and stores what the script makes of it.
fn take_in<P: Place, F: Filtering<P>>(
    place: &P,
    running: &Running<F>,
    bucket: Bucket,
    ask: Ask,
    cx: Reenter,
) -> Result<(), c_int> {
    let (kept, ready) = (&running.brigade, &running.ready);
    let fails = |status| {
        running.failed.set(Some(status));
        let _ = kept.cleanup(cx);
        let _ = ready.cleanup(cx);
        place.leave_unread();
        status
    };
    if bucket.kind() != BucketKind::Data {
        if bucket.kind() == BucketKind::Eos {
            running.end(place, ready).map_err(fails)?;
        }
        bucket.remove();
        ready.insert_tail(bucket);
        return Ok(());
    }
    let bytes = bucket.read(ask.block, cx).map_err(|status| status.code())?;
    // Nobody else finds it while the script has its bytes.
    bucket.remove();
    if running.is_past.get() && !bytes.is_empty() {
        ready.insert_tail(bucket);
        return Ok(());
    }
    let done = if bytes.is_empty() { Ok(()) } else { running.filtering.bucket(place, bytes, ready) };
    // SAFETY: in no brigade, and not used any more.
    unsafe { bucket.delete(cx) };
    done.map_err(fails)
}

/// Gives as much as was asked for: a reader takes no more, and the rest would be lost.
fn give(ready: &Brigade, bb: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status> {
    let wanted = u64::try_from(ask.bytes).unwrap_or(0);
    if !ask.is_for_all()
        && wanted > 0
        && let Some(rest) = ready.partition(wanted, cx)?
    {
        let rest = ready.split(rest);
        bb.concat(*ready);
        ready.concat(rest);
        return Ok(());
    }
    bb.concat(*ready);
    Ok(())
}

/// The place of a filter of ours that httpd calls.
pub struct InChain<'f> {
    /// The filter.
    pub filter: OwnFilter<'f>,
}

impl<'f> InChain<'f> {
    /// The place of this filter; `None` for one that stands at the end of a chain, which none of ours does.
    pub fn of(filter: OwnFilter<'f>) -> Option<InChain<'f>> {
        filter.next().map(|_| InChain { filter })
    }

    /// The filter behind it, which may be another after each call: httpd's own remove themselves once they have seen an answer's beginning.
    fn next(&self) -> Result<&Filter, Status> {
        self.filter.next().ok_or(Status(libc::ECONNABORTED))
    }
}

impl Place for InChain<'_> {
    fn kept<T: 'static>(&self) -> Option<&T> {
        self.filter.data()
    }

    fn keep<T: Send + 'static>(&self, value: T) -> Option<&T> {
        self.filter.set_data(value)
    }

    fn memory(&self) -> Option<(&Pool, BucketAlloc)> {
        let c = self.filter.connection()?;
        Some((self.filter.request().map_or(c.pool(), |r| r.pool()), c.bucket_alloc()?))
    }

    fn pass(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status> {
        self.next()?.pass_brigade(brigade, cx)
    }

    fn read(&self, into: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status> {
        self.next()?.get_brigade(into, ask.mode, i32::from(!ask.block), ask.bytes, cx)
    }

    fn is_before_content(&self) -> bool {
        self.next().is_ok_and(|next| next.is_of_content())
    }

    /// Removes the headers of length and tag, unless mod_filter sees to that.
    fn changes_content(&self) {
        if let Some(r) = self.filter.request().filter(|_| !self.filter.is_in_harness()) {
            for header in [&b"Content-Length"[..], b"Content-MD5", b"ETag"] {
                r.headers_out().unset(header);
            }
        }
    }

    fn leave(&self) {
        self.filter.remove();
    }

    fn leave_unread(&self) {
        if let Some(c) = self.filter.connection() {
            c.set_keepalive(KeepAlive::Close);
        }
    }

    /// The client gets the page of the error if nothing was sent yet, and otherwise the connection breaks off, since httpd's own end
    /// behind what was sent would make the answer look whole. A page into which this answer was included goes on.
    fn fail(&self, status: c_int, cx: Reenter) -> c_int {
        match self.filter.request().filter(|r| !self.filter.is_in_harness() && r.main().is_none()) {
            Some(r) if status == HTTP_INTERNAL_SERVER_ERROR => {
                code(self.next().and_then(|next| next.pass_failure(r, status, cx)))
            }
            _ => status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::any::Any;
    use std::cell::{OnceCell, RefCell};

    /// A chain that writes down what it is given. A third language's filters stand in it, of which each has a verb for a script.
    struct Chain {
        verb: &'static str,
        pool: &'static Pool,
        alloc: BucketAlloc,
        kept: OnceCell<Box<dyn Any + Send>>,
        /// What has been passed on: bytes, and the names of other buckets; a bar behind each brigade.
        sent: RefCell<String>,
        /// What the filter behind this one has for those who read.
        source: RefCell<Vec<Brigade>>,
        has_left: Cell<bool>,
        failed: Cell<Option<c_int>>,
        is_unread: Cell<bool>,
    }

    fn chain(verb: &'static str) -> (Chain, Reenter<'static>) {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        let alloc = BucketAlloc::new(pool);
        let (kept, sent, source) = (OnceCell::new(), RefCell::default(), RefCell::default());
        let (has_left, is_unread, failed) = (Cell::new(false), Cell::new(false), Cell::new(None));
        let chain = Chain { verb, pool, alloc, kept, sent, source, has_left, failed, is_unread };
        // SAFETY: nothing is lent.
        (chain, unsafe { Reenter::assume() })
    }

    fn shown(brigade: &Brigade, cx: Reenter) -> String {
        let show = |bucket: Bucket| match bucket.kind() {
            BucketKind::Data => String::from_utf8(bucket.read(true, cx).unwrap().to_vec()).unwrap(),
            _ => format!("<{}>", String::from_utf8_lossy(bucket.type_name())),
        };
        brigade.iter().map(show).collect()
    }

    impl Chain {
        /// `"ab,cd,|"`: two buckets with bytes, a flush bucket; `.` is the end.
        fn brigade(&self, text: &str) -> Brigade {
            let brigade = Brigade::new(self.pool, self.alloc);
            for part in text.split(',').filter(|part| !part.is_empty()) {
                brigade.insert_tail(match part {
                    "|" => Bucket::flush(self.alloc),
                    "." => Bucket::eos(self.alloc),
                    bytes => Bucket::copy_of(bytes.as_bytes(), self.alloc),
                });
            }
            brigade
        }

        fn write(&self, text: &str, cx: Reenter) -> c_int {
            output::<Chain, Verb>(self, &self.brigade(text), cx)
        }

        fn read(&self, bytes: i64, cx: Reenter) -> (c_int, String) {
            let into = self.brigade("");
            let status = input::<Chain, Verb>(self, &into, Ask { mode: 0, block: true, bytes }, cx);
            (status, shown(&into, cx))
        }
    }

    impl Place for Chain {
        fn kept<T: 'static>(&self) -> Option<&T> {
            self.kept.get()?.downcast_ref()
        }
        fn keep<T: Send + 'static>(&self, value: T) -> Option<&T> {
            self.kept.get_or_init(|| Box::new(value)).downcast_ref()
        }
        fn memory(&self) -> Option<(&Pool, BucketAlloc)> {
            Some((self.pool, self.alloc))
        }
        fn pass(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status> {
            self.sent.borrow_mut().push_str(&format!("{}/", shown(brigade, cx)));
            brigade.cleanup(cx)
        }
        fn read(&self, into: &Brigade, _: Ask, _: Reenter) -> Result<(), Status> {
            if !self.source.borrow().is_empty() {
                into.concat(self.source.borrow_mut().remove(0));
            }
            Ok(())
        }
        fn is_before_content(&self) -> bool {
            self.verb == "upper before content"
        }
        fn changes_content(&self) {
            self.sent.borrow_mut().push_str("changed:");
        }
        fn leave(&self) {
            self.has_left.set(true);
        }
        fn fail(&self, status: c_int, _: Reenter) -> c_int {
            self.failed.set(Some(status));
            -1
        }
        fn leave_unread(&self) {
            self.is_unread.set(true);
        }
    }

    /// What a filter of this language does to data.
    struct Verb {
        verb: &'static str,
        seen: Cell<usize>,
        passed: Cell<usize>,
    }

    impl Filtering<Chain> for Verb {
        fn begin(chain: &Chain) -> Begun<Verb> {
            match chain.verb {
                "declines" => Begun::Declines,
                "cannot begin" => Begun::Fails(500),
                verb => {
                    let first = (verb == "greets").then(|| Bucket::copy_of(b"hello ", chain.alloc));
                    Begun::Filters(Verb { verb, seen: Cell::new(0), passed: Cell::new(0) }, first)
                }
            }
        }
        fn bucket(&self, chain: &Chain, bytes: &[u8], into: &Brigade) -> Result<(), c_int> {
            self.seen.set(self.seen.get() + 1);
            match (self.verb, self.seen.get()) {
                ("fails at two", 2) => return Err(500),
                ("swallows", _) => {}
                _ => into.insert_tail(Bucket::copy_of(&bytes.to_ascii_uppercase(), chain.alloc)),
            }
            Ok(())
        }
        fn end(&self, chain: &Chain, into: &Brigade) -> Result<(), c_int> {
            match self.verb {
                "fails at the end" => Err(500),
                _ => {
                    into.insert_tail(Bucket::copy_of(b"!", chain.alloc));
                    Ok(())
                }
            }
        }
        fn passed(&self) {
            self.passed.set(self.passed.get() + 1);
        }
    }

    #[test]
    fn output_goes_through_the_script_and_other_buckets_stay_where_they_stand() {
        let (chain, cx) = chain("upper");
        assert_eq!(chain.write("ab,|,cd", cx), 0);
        assert_eq!(chain.write("ef,.", cx), 0);
        assert_eq!(*chain.sent.borrow(), "changed:AB<FLUSH>CD/EF!<EOS>/");
        assert_eq!(chain.kept::<Running<Verb>>().unwrap().filtering.passed.get(), 2);
    }

    #[test]
    fn what_a_script_gives_before_the_data_goes_first() {
        let (chain, cx) = chain("greets");
        assert_eq!(chain.write("ab,.", cx), 0);
        assert_eq!(*chain.sent.borrow(), "changed:hello AB!<EOS>/");
    }

    #[test]
    fn data_and_end_go_apart_where_content_is_filtered_further() {
        let (chain, cx) = chain("upper before content");
        assert_eq!(chain.write("ab,.", cx), 0);
        assert_eq!(*chain.sent.borrow(), "changed:AB/!<EOS>/");
    }

    #[test]
    fn a_long_answer_goes_out_piece_by_piece() {
        let (chain, cx) = chain("upper");
        let half = "x".repeat(MUCH as usize / 2);
        assert_eq!(chain.write(&format!("{half},{half},{half},."), cx), 0);
        let pieces: Vec<usize> = chain.sent.borrow().split('/').map(str::len).collect();
        assert_eq!(pieces, ["changed:".len() + MUCH as usize, half.len() + "!<EOS>".len(), 0]);
    }

    #[test]
    fn a_filter_that_declines_leaves_data_as_it_is() {
        let (chain, cx) = chain("declines");
        assert_eq!((chain.write("ab,.", cx), chain.has_left.get()), (0, true));
        assert_eq!(*chain.sent.borrow(), "ab<EOS>/");
        chain.source.borrow_mut().push(chain.brigade("cd,."));
        assert_eq!(chain.read(8, cx), (0, "cd<EOS>".to_owned()));
    }

    #[test]
    fn a_filter_that_fails_sends_no_more_and_the_client_is_told() {
        for (verb, sent) in [("cannot begin", ""), ("fails at two", "changed:"), ("fails at the end", "changed:")] {
            let (chain, cx) = chain(verb);
            assert_eq!((chain.write("ab,cd,.", cx), chain.failed.get()), (-1, Some(500)), "{verb}");
            assert!(chain.has_left.get() && *chain.sent.borrow() == sent, "{verb}");
        }
    }

    #[test]
    fn a_reader_gets_as_much_as_it_asked_for_and_the_rest_later() {
        let (chain, cx) = chain("upper");
        chain.source.borrow_mut().push(chain.brigade("abc,de,."));
        assert_eq!(chain.read(4, cx), (0, "ABCD".to_owned()));
        assert_eq!(chain.read(64, cx), (0, "E!<EOS>".to_owned()));
        assert_eq!(chain.read(64, cx), (0, String::new()));
    }

    #[test]
    fn input_is_read_on_while_the_script_makes_nothing_of_it() {
        let (chain, cx) = chain("swallows");
        let more = [chain.brigade("ab"), chain.brigade("cd"), chain.brigade(".")];
        chain.source.borrow_mut().extend(more);
        assert_eq!(chain.read(64, cx), (0, "!<EOS>".to_owned()));
    }

    #[test]
    fn nothing_is_read_past_an_input_filter_that_failed() {
        for (verb, has_begun) in [("fails at two", true), ("cannot begin", false)] {
            let (chain, cx) = chain(verb);
            chain.source.borrow_mut().extend([chain.brigade("ab,cd,"), chain.brigade("ef,.")]);
            for _ in 0..2 {
                assert_eq!(chain.read(64, cx), (500, String::new()), "{verb}");
            }
            assert!(!chain.has_left.get() && chain.is_unread.get() && chain.failed.get().is_none());
            assert_eq!(chain.kept::<Running<Verb>>().is_some(), has_begun);
        }
    }
}
