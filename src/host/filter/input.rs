//! Data that is wanted from the client.

use std::ffi::c_int;

use apr::{Brigade, Bucket, BucketKind, Reenter, Status};
use httpd::own_filter::Ask;

use super::place::code;
use super::running::{Running, Way, running};
use super::{Filtering, Place};

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
pub fn give(ready: &Brigade, bb: &Brigade, ask: Ask, cx: Reenter) -> Result<(), Status> {
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
