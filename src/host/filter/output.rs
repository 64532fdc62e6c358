//! Data on its way to the client.

use std::ffi::c_int;

use apr::{Brigade, BucketKind, Reenter};

use super::place::code;
use super::running::{Way, running};
use super::{Filtering, Place};

/// The number of bytes after which output is passed on.
pub const MUCH: u64 = 65536;

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

/// A script of output failed: it is not run any more, and what it was given and what it made is dropped.
pub fn give_up<P: Place>(place: &P, given: &Brigade, made: &Brigade, status: c_int, cx: Reenter) -> c_int {
    place.leave();
    let _ = given.cleanup(cx);
    let _ = made.cleanup(cx);
    status
}
