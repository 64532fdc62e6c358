//! The one way into an interpreter: a [`Call`], whatever it is about, and the handlers of a phase within it.
//!
//! ```text
//! let Some(call) = Call::of_request(lang, phase, &r) else { return DECLINED };
//! call.handlers(&configured)
//! ```
//!
//! What a call is about ([`Topic`]) brings its interpreter, the arguments of its handlers, and the answer where no interpreter came
//! free. Each kind is a file in `about/`; this file knows none of them.

use std::ffi::c_int;
use std::sync::Arc;
use std::time::Instant;

use config::{Handler, Phase, Run, Scope};
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, OK};
use interp::{Entry, HandlerRef, Outcome, Raised, Val, trace};

use super::about::Topic;
use super::lang::Lang;
use super::lease::{Frame, Hold, Refused, Stock};
use super::step::Step;
use super::{hint, process, report};

/// One call into an interpreter.
pub struct Call<'a, A> {
    /// The language of the code.
    pub lang: Lang,
    /// The phase whose handlers run; `None` for start-up code and for what a script left to be done later.
    pub phase: Option<Phase>,
    /// What the call is about, with its state.
    pub about: A,
    /// The interpreters from which the call draws.
    pub stock: &'a Arc<Stock>,
}

impl<A: Topic> Call<'_, A> {
    /// Runs `f` in an interpreter, which this thread has until `f` has returned. The frame begins inside of the interpreter, so that it
    /// is on the thread that runs `f`.
    ///
    /// # Errors
    /// `Refused` when none could be had.
    #[inline(always)]
    pub fn run<R>(&self, f: impl FnOnce(&dyn Entry) -> R) -> Result<R, Refused> {
        let (lang, hold) = (self.lang, self.about.lease(self)?);
        let (mut f, mut result) = (Some(f), None);
        Frame::enter(self.about.record(), self.phase, self.stock, &hold, |interp| {
            self.about.enter(lang, self, interp, &mut |entry| {
                if let Some(f) = f.take() {
                    result = Some(f(entry));
                }
            });
        });
        result.ok_or_else(Refused::none)
    }

    /// Runs the handlers of the phase: those that a script has put in the place of `configured`, else these. Returns the phase's status;
    /// that of the refusal where no interpreter could be had.
    #[inline(always)]
    pub fn handlers(&self, configured: &[Handler]) -> c_int {
        let done = self.run(|entry| {
            self.about.before_handlers(self.lang, entry);
            self.stack(entry, configured)
        });
        done.unwrap_or_else(|refused| self.about.refused(self, &refused))
    }

    /// Calls the handlers one after the other, within [`Call::run`]; what each returns decides, by the phase's run rule, what comes
    /// next.
    #[inline(always)]
    pub fn stack(&self, entry: &dyn Entry, configured: &[Handler]) -> c_int {
        self.stack_with(entry, configured, &self.about.args(self.lang))
    }

    /// Calls one handler, within [`Call::run`]; returns its status, or the one that `is_fine` has for what it died of.
    ///
    /// # Errors
    /// What it died of, which is in the log.
    pub fn one(
        &self,
        entry: &dyn Entry,
        step: &Step,
        args: &[Val],
        is_fine: impl FnOnce(&Raised) -> Option<c_int>,
    ) -> Result<c_int, Raised> {
        let Some(phase) = self.phase else { return Ok(OK) };
        let stack = Stack { call: self, phase, configured: &[], args };
        let next = match step {
            Step::Named(handler) => Next::Configured(handler),
            step => Next::Changed(step.clone()),
        };
        stack.one(entry, &next).or_else(|raised| match is_fine(&raised) {
            Some(status) => Ok(status),
            None => match stack.raised(&next, &raised) {
                Returned::Status(status) => Ok(status),
                Returned::Exit => Ok(OK),
                Returned::Died => Err(raised),
            },
        })
    }

    /// The same with these arguments.
    #[inline(always)]
    pub fn stack_with(&self, entry: &dyn Entry, configured: &[Handler], args: &[Val]) -> c_int {
        let Some(phase) = self.phase else { return OK };
        Stack { call: self, phase, configured, args }.run(entry)
    }
}

/// Runs `f` in the interpreter that this thread is in, as part of the call that runs there.
pub fn enter_any<R>(hold: &Hold, f: impl FnOnce(&dyn Entry) -> R) -> R {
    hold.run(|interp| interp::enter(interp, f))
}

/// The handlers of a phase, and what they are called with.
struct Stack<'a, A> {
    call: &'a Call<'a, A>,
    phase: Phase,
    configured: &'a [Handler],
    args: &'a [Val],
}

/// The handler whose turn it is.
enum Next<'a> {
    Configured(&'a Handler),
    Changed(Step),
}

impl Next<'_> {
    fn step(&self) -> Step {
        match self {
            Next::Configured(handler) => Step::Named((*handler).clone()),
            Next::Changed(step) => step.clone(),
        }
    }
}

/// How a handler ended.
enum Returned {
    /// It returned a status.
    Status(c_int),
    /// It called `exit`: that counts as OK, and no other handler of the phase runs.
    Exit,
    /// It died or could not be found, which is in the log already.
    Died,
}

impl<A: Topic> Stack<'_, A> {
    #[inline(always)]
    fn run(&self, entry: &dyn Entry) -> c_int {
        trace!(Handlers, "{}: {} of the configuration", self.call.lang.phase_name(self.phase), self.configured.len());
        let run = self.phase.row().run;
        let mut status = OK;
        let mut at = 0;
        // A handler pushed to the running phase runs in it: the stack is looked at anew each time.
        while let Some(next) = self.next(at) {
            at += 1;
            let returned = match self.one(entry, &next) {
                Ok(status) => Returned::Status(status),
                Err(raised) => self.raised(&next, &raised),
            };
            status = match returned {
                Returned::Status(status) => status,
                Returned::Exit => OK,
                Returned::Died => HTTP_INTERNAL_SERVER_ERROR,
            };
            match (run, returned) {
                // What they return has no effect.
                (Run::Void, _) => status = OK,
                (Run::Stream, _) => {}
                (_, Returned::Exit | Returned::Died) => return status,
                (Run::Files, _) if status != OK => {
                    let about = &self.call.about.record();
                    report::not_ok(self.call.lang, about, self.phase, &next.step(), status);
                    return status;
                }
                (Run::First, _) if status == OK => return status,
                (_, _) if status != OK && status != DECLINED => return status,
                _ => {}
            }
        }
        status
    }

    #[inline(always)]
    fn next(&self, at: usize) -> Option<Next<'_>> {
        match self.call.about.state().and_then(|state| state.changed_step(self.phase, at)) {
            Some(changed) => changed.map(Next::Changed),
            None => self.configured.get(at).map(Next::Configured),
        }
    }

    #[inline(always)]
    fn one(&self, entry: &dyn Entry, next: &Next<'_>) -> Result<c_int, Raised> {
        if trace::on_one_of([trace::Topic::Handlers, trace::Topic::Timings]) {
            return self.traced(entry, next);
        }
        self.call_it(entry, next)
    }

    #[cold]
    #[inline(never)]
    fn traced(&self, entry: &dyn Entry, next: &Next<'_>) -> Result<c_int, Raised> {
        let name = report::name(self.call.lang.phase_name(self.phase), &next.step());
        trace!(Handlers, "{name}: called");
        let began = Instant::now();
        let done = self.call_it(entry, next);
        let took = began.elapsed().as_micros();
        match &done {
            Ok(status) => trace!(Handlers, "{name}: returned {status}"),
            Err(raised) => trace!(Handlers, "{name}: raised {raised}"),
        }
        trace!(Timings, "{name}: {took} us");
        done
    }

    #[inline(always)]
    fn call_it(&self, entry: &dyn Entry, next: &Next<'_>) -> Result<c_int, Raised> {
        let about = self.call.about.record();
        let named = |handler: &Handler| self.call.lang.call(&about, entry, handler, self.args);
        let outcome = match next {
            Next::Configured(handler) => named(handler),
            Next::Changed(Step::Named(handler)) => named(handler),
            Next::Changed(Step::Code(HandlerRef::Code(code))) => entry.call_kept(code, self.args),
            Next::Changed(Step::Code(HandlerRef::Name(_))) => return Ok(DECLINED),
        }?;
        Ok(match c_int::try_from(outcome.number) {
            Ok(number @ (OK | DECLINED)) if outcome.is_number && !outcome.is_wild => number,
            number => self.unusual(next, &outcome, number.ok()),
        })
    }

    /// The handler returned something that is neither OK nor DECLINED.
    #[cold]
    #[inline(never)]
    fn unusual(&self, next: &Next<'_>, outcome: &Outcome, number: Option<c_int>) -> c_int {
        let lang = self.call.lang;
        let low = (lang.facts.truncates && !outcome.is_wild).then_some(outcome.number as c_int);
        let number = number.or(low).unwrap_or(HTTP_INTERNAL_SERVER_ERROR);
        let refused = !outcome.is_number && outcome.truth && lang.facts.numbers_only.contains(&self.phase);
        let number = if refused { HTTP_INTERNAL_SERVER_ERROR } else { number };
        hint::result(lang, &self.call.about.record(), self.phase, &next.step(), outcome, number);
        httpd::status::of_script(number)
    }

    #[cold]
    #[inline(never)]
    fn raised(&self, next: &Next<'_>, raised: &Raised) -> Returned {
        let lang = self.call.lang;
        if let Raised::Exit(status) = raised {
            if matches!(self.phase.row().scope, Scope::Files | Scope::Process) {
                report::left(lang, &self.call.about.record(), self.phase, &next.step(), *status);
            }
            return Returned::Exit;
        }
        leave_if_core_exit(raised);
        report::raised(lang, &self.call.about.record(), lang.phase_name(self.phase), &next.step(), raised);
        Returned::Died
    }
}

/// `CORE::exit` in a process of the server: without threads it ends the process, as with mod_perl.
pub fn leave_if_core_exit(raised: &Raised) {
    if let Raised::CoreExit(status) = raised
        && !httpd::mpm::is_threaded()
        && process::is_child()
    {
        process::leave(*status);
    }
}
