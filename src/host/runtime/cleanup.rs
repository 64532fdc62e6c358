//! Code of scripts that runs when a pool dies.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use apr::Pool;
use interp::{Kept, Raised, Result, is_forked};

use super::{nothing_runs, state};
use crate::host::about::{About, OfJob};
use crate::host::call::Call;
use crate::host::lease::{Frame, Hold, Stock};
use crate::host::process::serves;
use crate::host::report;
use crate::host::request::{Job, family};
use crate::host::running;

/// Calls `code` with `arg` when the pool dies, as [`interp::Runtime::cleanup`] says.
pub(super) fn when_dead(pool: Pool, code: Kept, arg: Option<Kept>) -> Result<()> {
    let (stock, hold, about) = running()?;
    // A connection's pool may die on event's listener thread, which must not wait: the code runs when the interpreter is
    // next entered. In a request's or a script's own pool it runs at once, in the interpreter that is held until then.
    let of_connection = Frame::find(|frame| match frame.about {
        About::Request(r) => Some(r.connection().pool() == pool),
        About::Connection(c) => Some(c.pool() == pool),
        About::Server(_) => None,
    })
    .unwrap_or(false);
    // While the code runs it may ask for the request whose pool this is, or is below. The code runs at that request's end at the latest.
    let owner = running::request().and_then(|r| family(r).find(|r| r.pool() == pool || r.pool().is_ancestor(pool)));
    let about = match (about, owner) {
        (About::Request(_), Some(owner)) => About::Request(owner),
        (About::Request(r), None) => About::Server(r.server()),
        (about, _) => about,
    };
    if let Some(r) = owner
        && r.pool() == pool
    {
        state(&r)?.end_late(&r);
    }
    let of_configuration = httpd::pconf() == Some(pool);
    let kept = Once(Cell::new(Some((hold, code, arg))));
    let run = move || {
        let kept = kept;
        let Some((hold, code, arg)) = kept.0.take() else { return };
        if is_forked() || (of_configuration && !serves()) {
            return;
        }
        match of_connection {
            true => code.call_later(arg),
            false => run_cleanup(&stock, about, &hold, &code, arg.as_ref()),
        }
        drop(hold);
    };
    if let Some(r) = owner {
        let job: Job = Rc::new(Cell::new(Some(Box::new(run))));
        state(&r)?.add_job(&r, &job);
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

/// The interpreters, the interpreter and the subject of the call that runs on this thread.
pub(super) fn running() -> Result<(Arc<Stock>, Hold, About)> {
    Frame::find(|f| Some((f.stock.clone(), f.hold.clone(), f.about))).ok_or_else(nothing_runs)
}

/// Lets a closure own values that are not `Send`: it runs once, on the thread on which its pool dies.
pub(super) struct Once(pub(super) Cell<Option<(Hold, Kept, Option<Kept>)>>);
// SAFETY: the pool and the interpreter belong to one request or connection, used on one thread at a time (SAFETY.md).
unsafe impl Send for Once {}

/// A cleanup that the end of its request may have run already.
struct OfPool(Job);
// SAFETY: as for `Once`: pool and request belong together, and are used on one thread at a time.
unsafe impl Send for OfPool {}

pub(super) fn run_cleanup(stock: &Arc<Stock>, subject: About, hold: &Hold, code: &Kept, arg: Option<&Kept>) {
    let call = Call { lang: stock.lang, phase: None, about: OfJob { subject, hold }, stock };
    let done = call.run(|entry| match arg {
        Some(arg) => entry.call_kept(code, &[arg.val()]),
        None => entry.call_kept(code, &[]),
    });
    if let Ok(Err(raised)) = done
        && !matches!(raised, Raised::Exit(_))
    {
        report::warn(stock.lang, &format!("cleanup: {raised}"));
    }
}
