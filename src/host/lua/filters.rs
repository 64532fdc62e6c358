//! `LuaInputFilter`, `LuaOutputFilter`: functions that run as coroutines. With its first yield the function says that it is ready, with
//! each later one it passes on what it made of a bucket; what it gives after the last bucket is appended.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

use apr::{Brigade, Bucket, BucketKind, Reenter, Status};
use config::{Direction, NamedFilter, Phase};
use httpd::kind::{Ask, OwnFilter};
use httpd::status::HTTP_INTERNAL_SERVER_ERROR;
use httpd::{Filter, Request};
use interp::{IntoVal, Raised};
use interp_lua::{Coroutine, Step, Text};

use super::super::about::About;
use super::super::lang::RequestCall;
use super::super::lease::Frame;
use super::super::request::RequestState;
use super::super::{dispatch, report};
use super::script::{self, Use};
use super::{LUA, LuaHost, entered};

/// The names of filters that are registered with httpd in this reading of the configuration.
static KNOWN: Mutex<Vec<(Direction, Vec<u8>)>> = Mutex::new(Vec::new());

/// Called when a new reading of the configuration begins.
pub fn forget() {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Registers the filter that a line names with httpd, once per name.
pub fn register(filter: &NamedFilter) {
    let name = filter.name.to_ascii_lowercase();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.iter().any(|(way, of)| *way == filter.direction && *of == name) {
        return;
    }
    let way = match filter.direction {
        Direction::Input => httpd::kind::Way::Input,
        Direction::Output => httpd::kind::Way::Output,
    };
    if let Some(pconf) = httpd::pconf() {
        httpd::kind::register::<LuaHost>(pconf, way, &filter.name);
        known.push((filter.direction, name));
    }
}

/// The state of a filter.
struct Running {
    coroutine: RefCell<Option<Coroutine>>,
    /// Input: data that was read and not given to the script yet. Output: data to be passed on.
    brigade: Brigade,
    /// Input: data that the script made and nobody has read yet.
    ready: Brigade,
    /// Output: strings that buckets point at. Their interpreter is pinned, and until these are passed on none but this request
    /// enters it.
    lent: RefCell<Vec<Text>>,
    /// Whether the script has ended: it is not run any more.
    is_over: Cell<bool>,
}

// SAFETY: a filter belongs to a request, which one thread works on at a time (SAFETY.md, "one thread at a time").
unsafe impl Send for Running {}

/// How the start of a filter's script went.
enum Begun {
    /// The script filters; it gave these bytes to go before the data.
    Filters(Option<Bucket>),
    /// The script returned without a yield, or no script has this name: data passes untouched.
    Declines,
    /// The script could not be run, which is in the log.
    Fails(c_int),
}

/// Runs `f` in the interpreter of the filter's request.
fn inside<R>(
    r: &Request,
    phase: Phase,
    f: impl FnOnce(&RequestCall<'_>, &interp_lua::Entered) -> R,
) -> Result<R, c_int> {
    let (Some(server), Some(state)) = (LUA.server_of(r).filter(|s| s.conf.is_enabled()), RequestState::of(LUA, r))
    else {
        return Err(HTTP_INTERNAL_SERVER_ERROR);
    };
    let call = RequestCall { r, state, server, phase };
    match dispatch::enter(LUA, &call, |entry| entered(entry).map(|entered| f(&call, entered))) {
        Ok(Some(result)) => Ok(result),
        Ok(None) => Err(HTTP_INTERNAL_SERVER_ERROR),
        Err(refused) => {
            if refused.tell {
                report::request(LUA, r, httpd::log::Level::Error, &refused.text);
            }
            r.connection().abort();
            Err(httpd::status::AP_FILTER_ERROR)
        }
    }
}

fn failed(r: &Request, filter: &OwnFilter, raised: &Raised) {
    let name = filter.kind().map(|kind| String::from_utf8_lossy(kind.name().unwrap_or_default()).into_owned());
    report::script(LUA, r, "filter", name.unwrap_or_default().as_bytes(), raised);
}

/// Starts the script of a filter at its first data.
fn begin(f: &OwnFilter, r: &Request, direction: Direction, phase: Phase) -> Begun {
    let name = f.kind().and_then(|kind| kind.name().map(<[u8]>::to_vec)).unwrap_or_default();
    let Some(named) = LUA.dir(r).and_then(|dir| dir.lua().filter(direction, &name).cloned()) else {
        return Begun::Declines;
    };
    let done = inside(r, phase, |call, entered| {
        let dir = script::dir_of(LUA.dir(r));
        let file = script::file(&named.script, dir, &r.server());
        let one = Use { name: &file, text: None, function: script::function(&named.script), dir };
        let env = script::env(&About::Request(*r), entered, &one)?;
        let (coroutine, step) = entered.start_coroutine(&env, one.function, &[r.val(call.state.ticket())])?;
        if let (Step::Yielded(_), Some(hold)) = (&step, Frame::find(|frame| Some(frame.hold.clone()))) {
            // The coroutine lives in this interpreter, so the request keeps it.
            call.state.pin(r, &hold);
        }
        Ok(match step {
            Step::Yielded(text) => Some((coroutine, text.and_then(|text| copy(r, text.bytes(entered))))),
            Step::Returned(_) => None,
        })
    });
    match done {
        Ok(Ok(Some((coroutine, first)))) => {
            let Some(alloc) = r.connection().bucket_alloc() else { return Begun::Fails(Status::EGENERAL.code()) };
            let running = Running {
                coroutine: RefCell::new(Some(coroutine)),
                brigade: Brigade::new(r.pool(), alloc),
                ready: Brigade::new(r.pool(), alloc),
                lent: RefCell::default(),
                is_over: Cell::new(false),
            };
            match f.set_data(running) {
                Some(_) => Begun::Filters(first),
                None => Begun::Fails(Status::EGENERAL.code()),
            }
        }
        Ok(Ok(None)) => Begun::Declines,
        // The script ended before its first yield.
        Ok(Err(Raised::Exit(_))) => Begun::Declines,
        Ok(Err(raised)) => {
            failed(r, f, &raised);
            Begun::Fails(HTTP_INTERNAL_SERVER_ERROR)
        }
        Err(status) => Begun::Fails(status),
    }
}

/// Gives the script a bucket's bytes, or `None` behind the last, and puts what it makes of them into `into`. Once the script has
/// failed or returned, it is not run any more.
fn resume(
    f: &OwnFilter,
    r: &Request,
    running: &Running,
    phase: Phase,
    bytes: Option<&[u8]>,
    into: &Brigade,
) -> Result<(), c_int> {
    // Taken out while it runs: the script may send something through this very filter.
    let Some(coroutine) = running.coroutine.take() else { return Ok(()) };
    let step = inside(r, phase, |_, entered| {
        // What the script returns at its end is ignored, as with mod_lua; in the midst of data it should have yielded.
        let (text, is_over) = match entered.resume(&coroutine, bytes)? {
            Step::Yielded(text) => (text, false),
            Step::Returned(text) => (text, true),
        };
        match text {
            // Bytes that are passed on from here need not be copied; bytes of an input filter are kept by its reader.
            Some(text) if text.is_long() && phase == Phase::OutputFilter => {
                into.insert_tail(Bucket::transient(text.bytes(entered), into.bucket_alloc()));
                running.lent.borrow_mut().push(text);
            }
            Some(text) => add(into, copy(r, text.bytes(entered))),
            None => {}
        }
        Ok(is_over)
    });
    match step {
        Ok(Ok(false)) => {
            running.coroutine.replace(Some(coroutine));
            return Ok(());
        }
        Ok(Ok(true) | Err(Raised::Exit(_))) => {}
        Ok(Err(raised)) => {
            running.is_over.set(true);
            failed(r, f, &raised);
            return Err(HTTP_INTERNAL_SERVER_ERROR);
        }
        Err(status) => {
            running.is_over.set(true);
            return Err(status);
        }
    }
    running.is_over.set(true);
    Ok(())
}

/// A bucket with bytes of its own; `None` if there are no bytes.
fn copy(r: &Request, bytes: &[u8]) -> Option<Bucket> {
    if bytes.is_empty() { None } else { Some(Bucket::copy_of(bytes, r.connection().bucket_alloc()?)) }
}

/// Removes the headers of length and tag, since the script's data has others.
fn forget_length(f: &OwnFilter, r: &Request) {
    if !f.is_in_harness() {
        for header in [&b"Content-Length"[..], b"Content-MD5", b"ETag"] {
            r.headers_out().unset(header);
        }
    }
}

fn add(brigade: &Brigade, bucket: Option<Bucket>) {
    if let Some(bucket) = bucket {
        brigade.insert_tail(bucket);
    }
}

fn code(done: Result<(), Status>) -> c_int {
    done.err().map_or(0, |status| status.code())
}

/// The output filter: called with data on its way to the client.
pub fn output(f: &OwnFilter, bb: Brigade) -> c_int {
    // SAFETY: httpd calls a filter with data that it does not touch meanwhile.
    let cx = unsafe { Reenter::assume() };
    let (Some(r), Some(next)) = (f.request(), f.next()) else { return Status::EGENERAL.code() };
    if f.data::<Running>().is_none() {
        match begin(f, &r, Direction::Output, Phase::OutputFilter) {
            Begun::Declines => {
                f.remove();
                return code(next.pass_brigade(&bb, cx));
            }
            Begun::Fails(status) => {
                f.remove();
                let _ = bb.cleanup(cx);
                return fail(f, &r, &next, status, cx);
            }
            Begun::Filters(first) => {
                forget_length(f, &r);
                if let Some(running) = f.data::<Running>() {
                    add(&running.brigade, first);
                }
            }
        }
    }
    let Some(running) = f.data::<Running>() else { return Status::EGENERAL.code() };
    let out = &running.brigade;
    while let Some(bucket) = bb.first() {
        if bucket.kind() != BucketKind::Data {
            // A filter of content is to see data before the end, as with mod_lua: DEFLATE leaves alone a short answer that it
            // sees whole. Where none follows, data and end go together, so that the length is known.
            if bucket.kind() == BucketKind::Eos
                && next.is_of_content()
                && !out.is_empty()
                && let Err(status) = pass_on(&next, running, cx)
            {
                return status.code();
            }
            if bucket.kind() == BucketKind::Eos && !running.is_over.get() {
                if let Err(status) = resume(f, &r, running, Phase::OutputFilter, None, out) {
                    return fail(f, &r, &next, give_up(f, &bb, out, status, cx), cx);
                }
                running.is_over.set(true);
                running.coroutine.take();
            }
            // End, flush and other buckets without bytes stay where they stand.
            bucket.remove();
            out.insert_tail(bucket);
            continue;
        }
        let bytes = match bucket.read(true, cx) {
            Ok(bytes) => bytes,
            Err(status) => return give_up(f, &bb, out, status.code(), cx),
        };
        // Nobody else finds it while the script has its bytes.
        bucket.remove();
        let done = match bytes.is_empty() || running.is_over.get() {
            true => Ok(()),
            false => resume(f, &r, running, Phase::OutputFilter, Some(bytes), out),
        };
        // SAFETY: the bucket is in no brigade and is not used any more.
        unsafe { bucket.delete(cx) };
        if let Err(status) = done {
            return fail(f, &r, &next, give_up(f, &bb, out, status, cx), cx);
        }
        // A long answer goes out piece by piece.
        if let Err(status) = pass_if_much(&next, running, cx) {
            return status.code();
        }
    }
    if out.is_empty() {
        return 0;
    }
    code(pass_on(&next, running, cx))
}

/// The number of bytes after which the output is passed on.
const MUCH: u64 = 65536;

fn pass_if_much(next: &Filter, running: &Running, cx: Reenter) -> Result<(), Status> {
    if running.brigade.length(false, cx)?.is_some_and(|length| length < MUCH) {
        return Ok(());
    }
    pass_on(next, running, cx)
}

fn pass_on(next: &Filter, running: &Running, cx: Reenter) -> Result<(), Status> {
    let passed = next.pass_brigade(&running.brigade, cx);
    let _ = running.brigade.cleanup(cx);
    drop(running.lent.take());
    passed
}

/// Called when the script failed: no more of the answer is sent.
fn give_up(f: &OwnFilter, bb: &Brigade, out: &Brigade, status: c_int, cx: Reenter) -> c_int {
    f.remove();
    let _ = bb.cleanup(cx);
    let _ = out.cleanup(cx);
    status
}

/// Tells the client that the answer failed: it gets the page of the error if nothing was sent yet, and otherwise the connection breaks
/// off, since httpd's own end behind what was sent would make the answer look whole. A page into which this answer was included
/// goes on.
fn fail(f: &OwnFilter, r: &Request, next: &Filter, status: c_int, cx: Reenter) -> c_int {
    if f.is_in_harness() || r.main().is_some() || status != HTTP_INTERNAL_SERVER_ERROR {
        return status;
    }
    code(next.pass_failure(r, status, cx))
}

/// The input filter: called when data is wanted from the client.
pub fn input(f: &OwnFilter, bb: Brigade, ask: Ask) -> c_int {
    // SAFETY: as in `output`.
    let cx = unsafe { Reenter::assume() };
    let (Some(r), Some(next)) = (f.request(), f.next()) else { return Status::EGENERAL.code() };
    let pass = |into: &Brigade| next.get_brigade(into, ask.mode, i32::from(!ask.block), ask.bytes, cx);
    if f.data::<Running>().is_none() {
        match begin(f, &r, Direction::Input, Phase::InputFilter) {
            Begun::Declines => {
                f.remove();
                return code(pass(&bb));
            }
            Begun::Fails(status) => {
                f.remove();
                return status;
            }
            // An input filter puts nothing before the data. A handler that sends the body back may have taken over the body's length.
            Begun::Filters(_) => forget_length(f, &r),
        }
    }
    let Some(running) = f.data::<Running>() else { return Status::EGENERAL.code() };
    if ask.eats_lines() || ask.is_for_nothing() {
        return code(pass(&bb));
    }
    // Reads until there is something to give, since a script may make nothing of a bucket.
    while running.ready.is_empty() {
        if running.brigade.is_empty()
            && let Err(status) = pass(&running.brigade)
        {
            return status.code();
        }
        if running.brigade.is_empty() {
            return 0;
        }
        while let Some(bucket) = running.brigade.first() {
            if let Err(status) = feed(f, &r, running, bucket, ask, cx) {
                if status == EAGAIN && !running.ready.is_empty() {
                    break;
                }
                return status;
            }
        }
    }
    code(give(&running.ready, &bb, ask, cx))
}

const EAGAIN: c_int = libc::EAGAIN;

/// Gives the script one bucket of the data read, and stores what the script makes of it.
fn feed(f: &OwnFilter, r: &Request, running: &Running, bucket: Bucket, ask: Ask, cx: Reenter) -> Result<(), c_int> {
    let (kept, ready) = (&running.brigade, &running.ready);
    let fail = |status| Err(give_up(f, kept, ready, status, cx));
    if bucket.kind() != BucketKind::Data {
        if bucket.kind() == BucketKind::Eos && !running.is_over.get() {
            if let Err(status) = resume(f, r, running, Phase::InputFilter, None, ready) {
                return fail(status);
            }
            running.is_over.set(true);
            running.coroutine.take();
        }
        bucket.remove();
        ready.insert_tail(bucket);
        return Ok(());
    }
    let bytes = bucket.read(ask.block, cx).map_err(|status| status.code())?;
    // Nobody else finds it while the script has its bytes.
    bucket.remove();
    if running.is_over.get() && !bytes.is_empty() {
        ready.insert_tail(bucket);
        return Ok(());
    }
    let done = match bytes.is_empty() {
        true => Ok(()),
        false => resume(f, r, running, Phase::InputFilter, Some(bytes), ready),
    };
    // SAFETY: in no brigade, and not used any more.
    unsafe { bucket.delete(cx) };
    done.or_else(fail)
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
