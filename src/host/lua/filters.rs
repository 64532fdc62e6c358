//! `LuaInputFilter`, `LuaOutputFilter`: functions that run as coroutines. With its first yield the function says that it is ready, with
//! each later one it passes on what it made of a bucket; what it yields after the last bucket is appended. A function that ends
//! before the last bucket, in whatever way, has failed: nobody would notice that the rest of the data is missing.

use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::{Arc, Mutex, PoisonError};

use apr::{Brigade, Bucket, Reenter, Status};
use config::{Direction, NamedFilter, Phase};
use httpd::own_filter::{Ask, OwnFilter};
use httpd::status::{FILTER_FAILED, HTTP_INTERNAL_SERVER_ERROR};
use interp::Raised;
use interp_lua::{Coroutine, Entered, Step, Text};

use super::super::about::{About, Topic};
use super::super::call::Call;
use super::super::filter::{self, Begun, Filtering, InChain};
use super::super::lease::Frame;
use super::super::report;
use super::super::request::RequestState;
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
    httpd::kind::register::<LuaHost>(way, httpd::kind::Level::Request, &filter.name);
    known.push((filter.direction, name));
}

/// The function of a filter, as a coroutine.
struct Script {
    /// The line that makes it known.
    named: Arc<NamedFilter>,
    /// Taken out while it runs: the script may send something through this very filter.
    coroutine: RefCell<Option<Coroutine>>,
    /// Strings that buckets point at. Their interpreter is pinned, and until these are passed on none but this request enters it.
    lent: RefCell<Vec<Text>>,
}

// SAFETY: a filter belongs to a request, which one thread works on at a time (SAFETY.md, "one thread at a time").
unsafe impl Send for Script {}

/// Runs `f` in the interpreter of the filter's request.
fn inside<R>(at: &InChain<'_>, phase: Phase, f: impl FnOnce(&RequestState, &Entered) -> R) -> Result<R, c_int> {
    let Some(r) = at.filter.request() else { return Err(Status::EGENERAL.code()) };
    let Some(call) = Call::of_request(LUA, phase, r) else { return Err(HTTP_INTERNAL_SERVER_ERROR) };
    let call = call.of_filter(&at.filter);
    match call.run(|entry| entered(entry).map(|entered| f(call.about.owner.state, entered))) {
        Ok(Some(result)) => Ok(result),
        Ok(None) => Err(HTTP_INTERNAL_SERVER_ERROR),
        Err(refused) => Err(call.about.refused(&call, &refused)),
    }
}

/// Logs that the script failed; returns the filter's status. Who reads through an input filter is told why there is no more to read.
fn failed(at: &InChain<'_>, named: &NamedFilter, raised: &Raised) -> c_int {
    let Some(r) = at.filter.request() else { return HTTP_INTERNAL_SERVER_ERROR };
    let directive = named.direction.directive();
    report::script(LUA, r, &report::placed(directive, &named.name, &named.at), raised);
    if named.direction == Direction::Output {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    let said = raised.to_string();
    let first = said.lines().next().unwrap_or_default();
    r.note_failed_input(&format!("{directive} {}: {first}", String::from_utf8_lossy(&named.name)));
    FILTER_FAILED
}

/// A bucket with bytes of its own; `None` if there are no bytes.
fn copy(at: &InChain<'_>, bytes: &[u8]) -> Option<Bucket> {
    if bytes.is_empty() { None } else { Some(Bucket::copy_of(bytes, at.filter.connection()?.bucket_alloc()?)) }
}

/// Starts the script of a filter.
fn begin(at: &InChain<'_>, direction: Direction, phase: Phase) -> Begun<Script> {
    let Some(r) = at.filter.request() else { return Begun::Fails(Status::EGENERAL.code()) };
    let name = at.filter.kind().and_then(|kind| kind.name().map(<[u8]>::to_vec)).unwrap_or_default();
    let Some(named) = LUA.dir(r).and_then(|dir| dir.lua().filter(direction, &name).cloned()) else {
        return Begun::Declines;
    };
    let done = inside(at, phase, |state, entered| {
        let dir = script::dir_of(LUA.dir(r));
        let file = script::file(&named.script, dir, r.server());
        let one = Use {
            name: &file,
            text: None,
            content: interp_lua::Content::Script,
            function: script::function(&named.script),
            dir,
        };
        let env = script::env(&About::Request(r), entered, &one)?;
        let (coroutine, step) = entered.start_coroutine(&env, one.function, &[state.subject(r)])?;
        if let (Step::Yielded(_), Some(hold)) = (&step, Frame::find(|f| Some(f.hold.clone()))) {
            // The coroutine lives in this interpreter, so the request keeps it.
            state.pin(r, &hold);
        }
        Ok(match step {
            Step::Yielded(text) => Some((coroutine, text.and_then(|text| copy(at, text.bytes(entered))))),
            Step::Returned => None,
        })
    });
    match done {
        Ok(Ok(Some((coroutine, first)))) => {
            let coroutine = RefCell::new(Some(coroutine));
            Begun::Filters(Script { named, coroutine, lent: RefCell::default() }, first)
        }
        // The script ended before its first yield.
        Ok(Ok(None)) => Begun::Declines,
        Ok(Err(raised)) => Begun::Fails(failed(at, &named, &raised)),
        Err(status) => Begun::Fails(status),
    }
}

impl Script {
    /// Gives the script a bucket's bytes, or `None` behind the last, and puts what it makes of them into `into`.
    fn resume(&self, at: &InChain<'_>, phase: Phase, bytes: Option<&[u8]>, into: &Brigade) -> Result<(), c_int> {
        let fails = |what: &str| {
            let text = format!("{}: {what}", self.named.as_handler().display_name());
            Err(failed(at, &self.named, &Raised::Died(text.into_bytes())))
        };
        let Some(coroutine) = self.coroutine.take() else {
            return match bytes {
                Some(_) => fails("the filter sends or reads data that comes to the filter itself"),
                None => Ok(()),
            };
        };
        let step = inside(at, phase, |_, entered| {
            let text = match entered.resume(&coroutine, bytes)? {
                Step::Yielded(text) => text,
                Step::Returned => return Ok(false),
            };
            match text {
                // Bytes that are passed on from here need not be copied; bytes of an input filter are kept by its reader.
                Some(text) if text.is_long() && phase == Phase::OutputFilter => {
                    into.insert_tail(Bucket::transient(text.bytes(entered), into.bucket_alloc()));
                    self.lent.borrow_mut().push(text);
                }
                Some(text) => {
                    if let Some(bucket) = copy(at, text.bytes(entered)) {
                        into.insert_tail(bucket);
                    }
                }
                None => {}
            }
            Ok(true)
        });
        match (step?, bytes) {
            (Ok(true), _) => {
                self.coroutine.replace(Some(coroutine));
                Ok(())
            }
            (Ok(false), None) => Ok(()),
            (Ok(false), Some(_)) => fails(
                "the filter's function returned before the end of the data: it must yield until bucket is nil, and may yield \"\"",
            ),
            (Err(raised), _) => Err(failed(at, &self.named, &raised)),
        }
    }

    fn finish(&self, at: &InChain<'_>, phase: Phase, into: &Brigade) -> Result<(), c_int> {
        self.resume(at, phase, None, into)?;
        self.coroutine.take();
        Ok(())
    }
}

/// A filter of output.
struct Out(Script);

impl Filtering<InChain<'_>> for Out {
    fn begin(at: &InChain<'_>) -> Begun<Out> {
        begin(at, Direction::Output, Phase::OutputFilter).map(Out)
    }

    fn bucket(&self, at: &InChain<'_>, bytes: &[u8], into: &Brigade) -> Result<(), c_int> {
        self.0.resume(at, Phase::OutputFilter, Some(bytes), into)
    }

    fn end(&self, at: &InChain<'_>, into: &Brigade) -> Result<(), c_int> {
        self.0.finish(at, Phase::OutputFilter, into)
    }

    fn passed(&self) {
        drop(self.0.lent.take());
    }
}

/// A filter of input.
struct In(Script);

impl Filtering<InChain<'_>> for In {
    fn begin(at: &InChain<'_>) -> Begun<In> {
        begin(at, Direction::Input, Phase::InputFilter).map(In)
    }

    fn bucket(&self, at: &InChain<'_>, bytes: &[u8], into: &Brigade) -> Result<(), c_int> {
        self.0.resume(at, Phase::InputFilter, Some(bytes), into)
    }

    fn end(&self, at: &InChain<'_>, into: &Brigade) -> Result<(), c_int> {
        self.0.finish(at, Phase::InputFilter, into)
    }
}

/// The output filter: called with data on its way to the client.
pub fn output(f: OwnFilter<'_>, bb: Brigade) -> c_int {
    // SAFETY: httpd calls a filter with data that it does not touch meanwhile.
    let cx = unsafe { Reenter::assume() };
    InChain::of(f).map_or(Status::EGENERAL.code(), |at| filter::output::<_, Out>(&at, &bb, cx))
}

/// The input filter: called when data is wanted from the client.
pub fn input(f: OwnFilter<'_>, bb: Brigade, ask: Ask) -> c_int {
    // SAFETY: as in `output`.
    let cx = unsafe { Reenter::assume() };
    InChain::of(f).map_or(Status::EGENERAL.code(), |at| filter::input::<_, In>(&at, &bb, ask, cx))
}
