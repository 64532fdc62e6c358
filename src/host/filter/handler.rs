//! A handler as a filter: it is called with the filter and each brigade, of a request's data or a connection's.

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;

use apr::{Brigade, Reenter, Status};
use config::Phase;
use httpd::kind::Way;
use httpd::log::Level;
use httpd::own_filter::{Ask, OwnFilter};
use httpd::status::{DECLINED, FILTER_FAILED, HTTP_INTERNAL_SERVER_ERROR, OK};
use httpd::{Connection, Filter, Request};
use interp::{Entry, IntoVal, Raised, Ticket, Val, trace};
use smallvec::SmallVec;

use super::super::about::{About, OfConnection, OfFilter, OfRequest, Topic};
use super::super::call::Call;
use super::super::connection::ConnectionState;
use super::super::lang::Lang;
use super::super::request::RequestState;
use super::super::server::choose;
use super::super::step::Step;
use super::super::{hint, report};
use super::in_chain::InChain;
use super::running::Running;
use super::stream::Stream;
use super::whole::{self, Answer, Handling};

/// Calls of one filter within one another: more of them end with the stack.
const MOST: u32 = 20;

thread_local! {
    /// The last failure of the filters further on that the script of the innermost call was told of: its handler may return the same.
    static TOLD: Cell<c_int> = const { Cell::new(OK) };
}

/// What a connection's data ends with: the client has gone, or said nothing for too long.
const ENDS: [Status; 5] =
    [Status::EOF, Status::TIMEUP, Status(libc::ECONNABORTED), Status(libc::ECONNRESET), Status(libc::EPIPE)];

/// Called when the filters further on have failed, which a script may be told.
pub fn told(status: Status) {
    TOLD.set(status.code());
}

/// A handler as a filter.
pub struct Sub {
    lang: Lang,
    step: Step,
    way: Way,
    /// What the innermost call that runs reads and prints; null if none runs.
    stream: Cell<*const Stream<'static, Sub>>,
    depth: Cell<u32>,
    /// Whether it has failed, which is told once: the handler may be called within its own call.
    has_failed: Cell<bool>,
}

// SAFETY: a filter belongs to a request or a connection, which one thread works on at a time (SAFETY.md, "one thread at a time").
unsafe impl Send for Sub {}

/// A call about a filter's request, or its connection.
pub enum Owned<'a> {
    /// Of a request.
    Request(Call<'a, OfFilter<'a, OfRequest<'a>>>),
    /// Of a connection.
    Connection(Call<'a, OfFilter<'a, OfConnection<'a>>>),
}

/// A call about a filter; `None` where the language is switched off.
pub fn call(lang: Lang, way: Way, filter: &Filter) -> Option<Owned<'_>> {
    let phase = phase(way);
    Some(match filter.request() {
        Some(r) => Owned::Request(Call::of_request(lang, phase, r)?.of_filter(filter)),
        None => Owned::Connection(of_connection(lang, phase, filter.connection()?)?.of_filter(filter)),
    })
}

fn of_connection(lang: Lang, phase: Phase, c: &Connection) -> Option<Call<'_, OfConnection<'_>>> {
    let (stock, state) = (choose(lang, &About::Connection(c))?, ConnectionState::of(lang, c)?);
    Some(Call { lang, phase: Some(phase), about: OfConnection { c, state }, stock })
}

/// What a filter works for.
pub fn about(filter: &Filter) -> Option<About<'_>> {
    let of_connection = || filter.connection().map(About::Connection);
    filter.request().map(About::Request).or_else(of_connection)
}

/// The phase of filters that go this way.
pub fn phase(way: Way) -> Phase {
    match way {
        Way::Input => Phase::InputFilter,
        Way::Output => Phase::OutputFilter,
    }
}

/// Runs `f` with the filter, as [`Filter::own`], if it is a handler's.
fn with<R>(filter: &Filter, f: impl FnOnce(OwnFilter<'_>, &Running<Sub>) -> R) -> Option<R> {
    let own = filter.own()?;
    Some(f(own, own.data::<Running<Sub>>()?))
}

/// Runs `f` with what the handler of this filter reads and prints, if a call of the handler runs.
pub fn with_stream<R>(filter: &Filter, f: impl FnOnce(&InChain<'_>, &Stream<'_, Sub>) -> R) -> Option<R> {
    with(filter, |own, running| {
        // SAFETY: set while the call runs, further out on this thread's stack.
        let stream = unsafe { running.filtering.stream.get().as_ref() }?;
        Some(f(&InChain::of(own)?, stream))
    })?
}

/// Takes a filter out of its chain. What a handler keeps with it ends with the handler's call, if one runs.
pub fn remove(filter: &Filter) {
    filter.remove();
    with(filter, |_, running| {
        running.has_left.set(true);
        if running.filtering.stream.get().is_null() {
            forget(running.filtering.lang, filter);
        }
    });
}

/// Frees what scripts keep with a filter, and lets the interpreter go for that. Best done in this interpreter.
fn forget(lang: Lang, filter: &Filter) {
    let key = filter.as_ptr().addr();
    match filter.request() {
        Some(r) => {
            if let Some(state) = RequestState::find(lang, r) {
                state.forget_filter(key);
            }
        }
        None => {
            if let Some(state) = filter.connection().and_then(|c| ConnectionState::find(lang, c)) {
                let bags = state.filters.borrow_mut().remove(&key);
                drop(bags);
            }
        }
    }
}

/// Data is on its way to the client.
pub fn output(f: OwnFilter<'_>, bb: &Brigade) -> c_int {
    // SAFETY: httpd calls a filter with data that it does not touch meanwhile.
    let cx = unsafe { Reenter::assume() };
    InChain::of(f).map_or(Status::EGENERAL.code(), |at| whole::output::<_, Sub>(&at, bb, cx))
}

/// Data is wanted from the client.
pub fn input(f: OwnFilter<'_>, bb: &Brigade, ask: Ask) -> c_int {
    // SAFETY: as in `output`.
    let cx = unsafe { Reenter::assume() };
    InChain::of(f).map_or(Status::EGENERAL.code(), |at| whole::input::<_, Sub>(&at, bb, ask, cx))
}

impl Sub {
    /// The handler of a filter that is about to be put in place.
    pub fn new(lang: Lang, way: Way, step: Step) -> Sub {
        let (depth, has_failed) = (Cell::new(0), Cell::new(false));
        Sub { lang, step, way, stream: Cell::new(ptr::null()), depth, has_failed }
    }

    fn name(&self) -> String {
        match &self.step {
            Step::Named(handler) => handler.display_name(),
            Step::Code(_) => "the filter".to_owned(),
        }
    }

    /// The status of a filter whose handler died or was misused. Who reads through an input filter is told why there is no more to read.
    pub fn failed(&self, r: Option<&Request>, why: &str) -> c_int {
        if self.way == Way::Output {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        if let Some(r) = r.filter(|_| !self.has_failed.replace(true)) {
            let line = why.lines().next().unwrap_or_default();
            r.note_failed_input(&format!("{} {}: {line}", self.lang.phase_name(Phase::InputFilter), self.name()));
        }
        FILTER_FAILED
    }

    fn run<O: Topic + Copy>(
        &self,
        call: &Call<'_, OfFilter<'_, O>>,
        at: &InChain<'_>,
        stream: &Stream<'_, Sub>,
    ) -> Answer {
        let outer = self.stream.replace(ptr::from_ref(stream).cast());
        self.depth.set(self.depth.get() + 1);
        let (lang, filter, bb) = (self.lang, call.about.filter, stream.shown());
        if trace::on(trace::Topic::Filters) {
            let (way, name, asked) = (self.lang.phase_name(phase(self.way)), self.name(), stream.ask().is_some());
            let length: usize = bb.iter().filter_map(|bucket| bucket.length()).sum();
            let what = if asked { "for data" } else { "with data" };
            trace!(Filters, "{way} {name}: called {what}; its brigade has {length} bytes");
        }
        let has_end = stream.has_end() && filter.request().is_some();
        let done = call.run(|entry| {
            let ticket = Ticket::new_owner();
            let outer = TOLD.replace(OK);
            let mut args: SmallVec<[Val; 5]> = SmallVec::new();
            args.extend([filter.val(call.about.ticket()), bb.val(ticket)]);
            if let Some(ask) = stream.ask() {
                let numbers = [i64::from(ask.mode), i64::from(!ask.block), ask.bytes];
                args.extend(numbers.map(|number| number.val(Ticket::FOREVER)));
            }
            let done = call.one(entry, &self.step, &args, |raised| self.end_of_connection(filter, raised));
            apr_api::passed(bb);
            ticket.void();
            if has_end || (stream.is_past() && filter.request().is_some()) || stream.has_left() {
                forget(lang, filter);
                entry.drain();
            }
            (done, TOLD.replace(outer))
        });
        self.depth.set(self.depth.get() - 1);
        self.stream.set(outer);
        trace!(Filters, "{}: returned {done:?}", self.name());
        match done {
            Ok((Ok(OK), _)) => Answer::Done,
            Ok((Ok(DECLINED), _)) => Answer::Declined,
            Ok((Ok(status), told)) => {
                if status != told {
                    self.returned(at, status);
                }
                match status {
                    HTTP_INTERNAL_SERVER_ERROR => Answer::Failed(self.failed(at.filter.request(), "it returned 500")),
                    status => Answer::Failed(status),
                }
            }
            Ok((Err(raised), _)) => Answer::Failed(self.failed(at.filter.request(), &raised.to_string())),
            Err(refused) => Answer::Failed(call.about.refused(call, &refused)),
        }
    }
}

impl Sub {
    /// A connection ends for a filter of its input as for whoever reads through it: that a handler died of that is no error. The status.
    fn end_of_connection(&self, filter: &Filter, raised: &Raised) -> Option<c_int> {
        let status = TOLD.get();
        let is_end = self.way == Way::Input && filter.request().is_none() && ENDS.contains(&Status(status));
        (is_end && raised.to_string().contains(&format!(": ({status}) "))).then_some(status)
    }

    /// The handler returned a status of its own, which ends the data's way: told in the log where the client gets no page about it.
    #[cold]
    fn returned(&self, at: &InChain<'_>, status: c_int) {
        let is_page = self.way == Way::Output && at.can_answer(status);
        if let Some(of) = about(&at.filter).filter(|_| !is_page) {
            hint::filter_result(self.lang, &of, phase(self.way), &self.step, status);
        }
    }
}

impl Handling<InChain<'_>> for Sub {
    fn call(&self, at: &InChain<'_>, stream: &Stream<'_, Sub>) -> Answer {
        if self.depth.get() >= MOST {
            return Answer::Failed(self.misused(at, "it sends or reads data that comes to the filter itself"));
        }
        match call(self.lang, self.way, &at.filter) {
            Some(Owned::Request(call)) => self.run(&call, at, stream),
            Some(Owned::Connection(call)) => self.run(&call, at, stream),
            None => Answer::Declined,
        }
    }

    fn misused(&self, at: &InChain<'_>, why: &str) -> c_int {
        if let Some(of) = about(&at.filter) {
            let name = report::name(self.lang.phase_name(phase(self.way)), &self.step);
            of.log(self.lang, Level::Error, format!("{name}: {why}").as_bytes());
        }
        self.failed(at.filter.request(), why)
    }
}

/// Asks within a call about a filter.
///
/// # Errors
/// What the code raised, which is in the log, or the status of a refusal.
pub fn within<R>(
    call: &Owned<'_>,
    f: impl FnOnce(&dyn Entry, Val) -> Result<R, Raised>,
) -> Result<Result<R, Raised>, c_int> {
    fn run<O: Topic + Copy, R>(
        call: &Call<'_, OfFilter<'_, O>>,
        f: impl FnOnce(&dyn Entry, Val) -> Result<R, Raised>,
    ) -> Result<Result<R, Raised>, c_int> {
        call.run(|entry| f(entry, call.about.filter.val(call.about.ticket())))
            .map_err(|refused| call.about.refused(call, &refused))
    }
    match call {
        Owned::Request(call) => run(call, f),
        Owned::Connection(call) => run(call, f),
    }
}
