//! Jobs: `PerlJob`, `LuaJob`. Handlers that run at times of their own, beside the requests.
//!
//! httpd's parent keeps one process for the jobs of all servers and languages (`httpd::helper`), made when start-up code has run. It runs no
//! script: for each run it makes a process of its own, in which the parent interpreter is as start-up code has left it. So a run that dies,
//! leaks or never ends does so alone.
//!
//! | file | holds |
//! |---|---|
//! | `registered` | a job of this server |
//! | `runs` | what is known of a job's last runs, for all processes |
//! | `clock` | when a job is due |
//! | `process` | the process that makes the runs |
//! | `run` | one run, in its own process |

mod clock;
mod process;
pub mod registered;
mod run;
pub mod runs;

use std::sync::Arc;

use config::Job;
use httpd::helper::Work;
use httpd::log::Level;
use httpd::server::{MainState, RunMode};
use httpd::{Pools, Server};

use super::about::in_parent;
use super::lang::Lang;
use super::languages::languages;
use super::lease::Stock;
use super::start_error::StartError;
use super::{parents, report, site};

use registered::Registered;
use runs::Runs;

/// Writes a line about a job to the log.
fn log(of: &Registered, level: Level, text: &str) {
    // SAFETY: the jobs are those of this pass (`site::begin`).
    let server = unsafe { of.server.get() };
    report::server(of.stock.lang, Some(server), level, &format!("{}: {text}", of.job.title()));
}

/// Adds a job, while the server starts.
///
/// # Errors
/// It is too late; there is a job of this name.
pub fn add(server: &Server, stock: &Arc<Stock>, job: Job) -> Result<(), String> {
    let server = server.keep();
    let (name, at) = (job.name.clone(), job.at().clone());
    let registered = Arc::new(Registered { job, server, stock: stock.clone(), runs: Runs::default() });
    site::with(stock.lang, |site| {
        if site.is_complete {
            return Err(format!("{name:?} ({at}) comes too late: jobs are made while the server starts"));
        }
        if let Some(other) = site.jobs.iter().find(|of| of.job.name == name && Arc::ptr_eq(&of.stock, stock)) {
            return Err(format!("{name:?} ({at}) is there already ({})", other.job.at()));
        }
        site.jobs.push(registered);
        Ok(())
    })
}

/// All jobs of this reading of the configuration.
pub fn all() -> Vec<Arc<Registered>> {
    languages().flat_map(|lang| site::with_present(lang, |site| site.jobs.clone()).unwrap_or_default()).collect()
}

/// Those of a language.
pub fn of(lang: Lang) -> Vec<Arc<Registered>> {
    site::with(lang, |site| site.jobs.clone())
}

/// Finds the code of a job, so that runs need not look for it.
///
/// # Errors
/// There is none; the job is never due.
pub fn resolve(lang: Lang, s: &Server, stock: &Arc<Stock>, job: &Job) -> Result<(), StartError> {
    if !clock::comes(&job.due) {
        return Err(StartError::Refused(
            job.directive,
            format!("{:?} ({}) is never due: at= names no day that comes", job.name, job.at()),
        ));
    }
    if !job.handler.is_early(false) {
        return Ok(());
    }
    in_parent(s, stock, |entry| lang.resolve(entry, &job.handler, s, None))
        .map_err(|raised| parents::unresolved(lang, job.directive, &job.handler, raised))
}

/// Makes the process that runs the jobs, if there are any. Called when a language's start is complete; the last one does it.
///
/// # Errors
/// No process can be made.
pub fn start(pools: Pools<'_>, s: &Server) -> Result<(), StartError> {
    let serves = httpd::server::main_state() == MainState::CreateConfig && httpd::server::run_mode() == RunMode::Normal;
    let is_complete = languages().all(|lang| site::with_present(lang, |site| site.is_complete).unwrap_or(true));
    if !serves || !is_complete {
        return Ok(());
    }
    let Some(first) = all().first().map(|first| first.job.directive) else { return Ok(()) };
    let work = Work { run: process::run, ended: tell_of_end, patience: process::PATIENCE };
    httpd::helper::start(pools.conf, s, work)
        .map_err(|error| StartError::Refused(first, format!("no process can be made: {error}")))
}

/// The process has ended by itself.
fn tell_of_end(s: &Server, how: &str) {
    if let Some(first) = all().first() {
        let text = format!(
            "{}: the process that makes the runs has ended ({how}): another one takes its place",
            first.job.directive
        );
        report::server(first.stock.lang, Some(s), Level::Error, &text);
    }
}
