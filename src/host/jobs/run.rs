//! One run of a job, in a process of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use config::Phase;
use interp::{Entry, IntoVal, Raised, Ticket};

use super::registered::Registered;
use crate::host::about::{About, in_parent};
use crate::host::step::Step;
use crate::host::{lives, report};

/// The status of a run that died, or whose code cannot be found; as of perl's own processes.
const DIED: i32 = 255;

/// Calls the job's handler, and ends the process.
pub fn run(of: &Registered) -> ! {
    interp::adopt_process();
    let status = catch_unwind(AssertUnwindSafe(|| status(of))).unwrap_or(DIED);
    apr::children::leave(status)
}

fn status(of: &Registered) -> i32 {
    let (lang, job) = (of.stock.lang, &of.job);
    // SAFETY: the jobs are those of this pass (`site::begin`).
    let s = unsafe { of.server.get() };
    in_parent(s, &of.stock, |entry: &dyn Entry| {
        entry.begin_process();
        entry.own_process();
        let args = [s.val(Ticket::FOREVER), job.name.as_bytes().val(Ticket::FOREVER)];
        lives::of_job(s, &of.stock, Phase::InterpInit, entry);
        let done = lang.call(&About::Server(s), entry, &job.handler, &args);
        lives::of_job(s, &of.stock, Phase::InterpExit, entry);
        entry.end_process();
        match done {
            Ok(_) => 0,
            Err(Raised::Exit(status) | Raised::CoreExit(status)) => status & 255,
            Err(raised) => {
                let raised = match raised {
                    Raised::Died(text) => Raised::Died(text.trim_ascii_end().to_vec()),
                    raised => raised,
                };
                let what = format!("{}:", job.title());
                report::raised(lang, &About::Server(s), &what, &Step::Named(job.handler.clone()), &raised);
                DIED
            }
        }
    })
}
