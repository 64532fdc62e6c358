//! Code of scripts that runs when a pool dies.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use apr::Pool;
use httpd::{Connection, KeptServer, Request};
use interp::{Kept, Raised, Result, Ticketed, is_forked};

use super::{nothing_runs, state};
use crate::host::about::{About, OfJob};
use crate::host::call::Call;
use crate::host::connection::ConnectionState;
use crate::host::lang::Lang;
use crate::host::lease::{Frame, Hold, Stock};
use crate::host::process::serves;
use crate::host::report;
use crate::host::request::{Job, family};
use crate::host::running;

/// Calls `code` with `arg` when the pool dies, as [`interp::Runtime::cleanup`] says.
pub(super) fn when_dead(pool: &Pool, code: Kept, arg: Option<Kept>) -> Result<()> {
    // A connection's pool may die on event's listener thread, which must not wait: the code runs when the interpreter, which until then
    // is others' too, is next entered.
    if is_of_connection(pool)? {
        let _ = pool.on_death(move || {
            if !is_forked() {
                code.call_later(arg);
            }
        });
        return Ok(());
    }
    // While the code runs it may ask for the request whose pool this is, or is below. The code runs at that request's end at the latest.
    let owner = running::with_request(|r| {
        let mut family = family(r);
        family.find(|r| r.pool() == pool || r.pool().is_ancestor(pool)).map(NonNull::from)
    });
    // SAFETY: of the family of the request whose call this is.
    let owner = owner.flatten().map(|owner| unsafe { owner.as_ref() });
    let left = Left::of(running_call(|lang, about| Subject::of(lang, about, owner))?, code, arg);
    if let Some(r) = owner
        && r.pool() == pool
    {
        state(r)?.end_late(r);
    }
    let of_configuration = httpd::is_pconf(pool);
    let run = move || {
        let left = left;
        if !is_forked() && (!of_configuration || serves()) {
            left.run();
        }
    };
    if let Some(r) = owner {
        let job: Job = Rc::new(Cell::new(Some(Box::new(run))));
        state(r)?.add_job(r, &job);
        let job = OfPool(job);
        let _ = pool.on_death(move || {
            let job = job;
            if let Some(run) = job.0.take() {
                leases::at_end(run);
            }
        });
        return Ok(());
    }
    // The configuration's pool ends the interpreters before its other cleanups run.
    let _ = if of_configuration { pool.before_death(run) } else { pool.on_death(run) };
    Ok(())
}

/// Whether the pool is that of the call's connection, which then comes back to this interpreter until it ends.
fn is_of_connection(pool: &Pool) -> Result<bool> {
    Frame::find(|frame| {
        let c = match frame.about {
            About::Request(r) => r.connection(),
            About::Connection(c) => c,
            About::Server(_) => return None,
        };
        Some(if c.pool() == pool { super::notes::settled(c).map(|_| true) } else { Ok(false) })
    })
    .unwrap_or(Ok(false))
}

/// Of the call that runs on this thread: the interpreters, the interpreter, and what `f` says of its subject.
pub(super) fn running_call<R>(f: impl Fn(Lang, About<'_>) -> R) -> Result<(Arc<Stock>, Hold, R)> {
    Frame::find(|frame| Some((frame.stock.clone(), frame.hold.clone(), f(frame.stock.lang, frame.about))))
        .ok_or_else(nothing_runs)
}

/// What code that is left for later is about when it runs.
pub(super) enum Subject {
    /// A request, at whose end it runs at the latest.
    Request(NonNull<Request>),
    /// A connection as long as it lives, then its server.
    Connection(Ticketed<Connection>, KeptServer),
    /// A server.
    Server(KeptServer),
}

impl Subject {
    /// What is left in a call about `about`; `owner` is the request at whose end it runs at the latest.
    pub(super) fn of(lang: Lang, about: About<'_>, owner: Option<&Request>) -> Subject {
        match (about, owner) {
            (About::Request(_), Some(owner)) => Subject::Request(NonNull::from(owner)),
            (About::Request(r), None) => Subject::Server(r.server().keep()),
            (About::Connection(c), _) => match ConnectionState::of(lang, c) {
                // SAFETY: the ticket is the connection's own, on whose thread the code runs.
                Some(state) => Subject::Connection(unsafe { Ticketed::new(c, state.ticket) }, c.base_server().keep()),
                None => Subject::Server(c.base_server().keep()),
            },
            (About::Server(s), _) => Subject::Server(s.keep()),
        }
    }

    fn with<R>(&self, f: &mut dyn FnMut(About<'_>) -> R) -> R {
        // SAFETY: no code is left that runs when the configuration's memory has gone, since all interpreters have ended by then.
        let of_server = |s: &KeptServer, f: &mut dyn FnMut(About<'_>) -> R| f(About::Server(unsafe { s.get() }));
        match self {
            // SAFETY: the variant says that it has not ended.
            Subject::Request(r) => f(About::Request(unsafe { r.as_ref() })),
            Subject::Connection(c, server) => {
                c.with(|c| f(About::Connection(c))).unwrap_or_else(|| of_server(server, f))
            }
            Subject::Server(server) => of_server(server, f),
        }
    }
}

/// Code that is left for later, and the interpreter in which it lives.
pub(super) struct Left {
    subject: Subject,
    stock: Arc<Stock>,
    hold: Hold,
    code: Kept,
    arg: Option<Kept>,
}

// SAFETY: pool and interpreter belong to one request or connection, used on one thread at a time (SAFETY.md). The code runs, and is
// dropped, on the thread on which its pool dies.
unsafe impl Send for Left {}

impl Left {
    pub(super) fn of((stock, hold, subject): (Arc<Stock>, Hold, Subject), code: Kept, arg: Option<Kept>) -> Left {
        Left { subject, stock, hold, code, arg }
    }

    pub(super) fn run(self) {
        let done = self.subject.with(&mut |subject| {
            let about = OfJob { subject, hold: &self.hold };
            let call = Call { lang: self.stock.lang, phase: None, about, stock: &self.stock };
            call.run(|entry| {
                let done = match &self.arg {
                    Some(arg) => entry.call_kept(&self.code, &[arg.val()]),
                    None => entry.call_kept(&self.code, &[]),
                };
                match done {
                    Err(Raised::Died(text)) if entry.cleanup_died(&text) => Ok(()),
                    done => done.map(drop),
                }
            })
        });
        if let Ok(Err(raised)) = done
            && !matches!(raised, Raised::Exit(_))
        {
            report::warn(self.stock.lang, &format!("cleanup: {raised}"));
        }
    }
}

/// A cleanup that the end of its request may have run already.
struct OfPool(Job);
// SAFETY: as for `Left`: pool and request belong together, and are used on one thread at a time.
unsafe impl Send for OfPool {}
