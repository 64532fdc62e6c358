//! Filters whose handler is given whole brigades as they come: it works on the buckets, or reads and prints ([`Streaming`]).

use std::ffi::c_int;

use apr::{Brigade, Bucket, BucketKind, Reenter, Status};
use httpd::own_filter::Ask;
use httpd::status::AP_FILTER_ERROR;

use super::input::give;
use super::output::give_up;
use super::place::{Place, code};
use super::running::Running;
use super::stream::Stream;

/// A handler that is given whole brigades.
pub trait Handling<P>: Sized + Send + 'static {
    /// Calls the handler with a brigade that has come, or is to be filled.
    fn call(&self, place: &P, stream: &Stream<'_, Self>) -> Answer;

    /// The filter's status where the handler has failed with this one, which is in the log.
    fn misused(&self, place: &P, why: &str) -> c_int;
}

/// What a handler says of a brigade.
pub enum Answer {
    /// It has done with it what was to be done.
    Done,
    /// The data is to pass as it is.
    Declined,
    /// It failed, with this status, which is in the log.
    Failed(c_int),
}

/// Data is on its way to the client.
pub fn output<P: Place, H: Handling<P>>(place: &P, bb: &Brigade, cx: Reenter) -> c_int {
    let Some(running) = place.kept::<Running<H>>().filter(|running| !running.has_left.get()) else {
        return code(place.pass(bb, cx));
    };
    if running.is_past.get() {
        return code(behind_the_end(place, bb, cx));
    }
    let own = running.brigades(place);
    let fails = |status| {
        // Told once: the handler may be called within its own call.
        let is_told = running.has_left.replace(true);
        let status = give_up(place, bb, &own.brigade, status, cx);
        if is_told { AP_FILTER_ERROR } else { place.fail(status, cx) }
    };
    if let Some(status) = running.failed.take() {
        return fails(status);
    }
    let stream = Stream::of_output(running, &own, bb);
    match running.filtering.call(place, &stream) {
        Answer::Done => code(stream.finish(place, cx)),
        Answer::Declined => match stream.decline(place, cx) {
            Some(passed) => code(passed),
            None => {
                let why = "it returned DECLINED after it had read more than 65536 bytes, or printed";
                fails(running.filtering.misused(place, why))
            }
        },
        Answer::Failed(status) => fails(status),
    }
}

/// What is wrong with a filter of input that leaves its reader waiting, while no more can come of what it read.
const GAVE_NOTHING: &str =
    "it returned OK, and gave nothing to a reader who waits for data; to pass on what comes, return DECLINED";

/// Data that comes behind the end, which a handler may set: the client would take it for another answer.
fn behind_the_end<P: Place>(place: &P, bb: &Brigade, cx: Reenter) -> Result<(), Status> {
    let is_dropped = |bucket: &Bucket| matches!(bucket.kind(), BucketKind::Data | BucketKind::Eos);
    while let Some(bucket) = bb.iter().find(is_dropped) {
        bucket.remove();
        // SAFETY: in no brigade, and not used any more.
        unsafe { bucket.delete(cx) };
    }
    if bb.is_empty() { Ok(()) } else { place.pass(bb, cx) }
}

/// Data is wanted from the client. A filter that has failed stays in its chain and says so to all who read on.
pub fn input<P: Place, H: Handling<P>>(place: &P, bb: &Brigade, ask: Ask, cx: Reenter) -> c_int {
    let Some(running) = place.kept::<Running<H>>() else { return code(place.read(bb, ask, cx)) };
    if let Some(status) = running.failed.get() {
        return status;
    }
    // A handler that works on brigades sees these questions, too: with mod_perl many learn from them that another request begins.
    if ask.takes_nothing() && running.streams.get() {
        return code(place.read(bb, ask, cx));
    }
    if !running.ready.is_empty() {
        return code(give(&running.ready, bb, ask, cx));
    }
    if running.is_past.get() || running.has_left.get() {
        return code(place.read(bb, ask, cx));
    }
    let own = running.brigades(place);
    let fails = |status| {
        if let Some(status) = running.failed.get() {
            return status;
        }
        running.failed.set(Some(status));
        let _ = own.brigade.cleanup(cx);
        let _ = bb.cleanup(cx);
        place.leave_unread();
        status
    };
    loop {
        let stream = Stream::of_input(running, &own, bb, ask);
        let brought = place.brought();
        let done = match running.filtering.call(place, &stream) {
            Answer::Done if ask.takes_nothing() && running.streams.get() => place.read(bb, ask, cx),
            Answer::Done => match stream.finish(place, cx) {
                // httpd would ask again and again, for ever.
                Ok(()) if ask.block && bb.is_empty() && place.brought() == brought && stream.is_stuck() => {
                    return fails(running.filtering.misused(place, GAVE_NOTHING));
                }
                finished => finished,
            },
            Answer::Declined if stream.has_asked() => {
                return fails(running.filtering.misused(place, "it returned DECLINED after it had read"));
            }
            Answer::Declined => place.read(bb, ask, cx),
            Answer::Failed(status) => return fails(status),
        };
        if let Err(status) = done {
            return status.code();
        }
        // A reader that waits is to get something, as long as there is something to be read.
        if !bb.is_empty() || !ask.block || !stream.has_read() || running.is_past.get() {
            break if bb.is_empty() && stream.is_early() {
                libc::EAGAIN
            } else {
                code(keep_the_rest(running, bb, ask, cx))
            };
        }
    }
}

/// A reader takes no more than it asked for; the rest is for its next question.
fn keep_the_rest<F>(running: &Running<F>, bb: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status> {
    let wanted = u64::try_from(ask.bytes).unwrap_or(0);
    let is_more = wanted > 0 && !ask.is_for_all() && bb.length(false, cx)?.is_some_and(|length| length > wanted);
    if is_more && let Some(rest) = bb.partition(wanted, cx)? {
        running.ready.concat(bb.split(rest));
    }
    Ok(())
}
