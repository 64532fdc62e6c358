//! The life of a child process: its phases, its keeper, and its end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use apr::Pool;
use config::{Language, Phase};
use httpd::Server;
use httpd::log::Level;
use leases::Keeper;
use tipool::Late;

use super::about::in_parent;
use super::lang::Lang;
use super::{counting, dispatch, executors, lives, parents, process, report, site};

/// The keeper of each language in this child.
static KEEPERS: [Mutex<Option<Keeper>>; Language::ALL.len()] = [const { Mutex::new(None) }; Language::ALL.len()];

fn keeper(lang: Lang) -> MutexGuard<'static, Option<Keeper>> {
    KEEPERS[lang.facts.tongue as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether other threads of this process may be serving requests.
pub fn serves_beside(lang: Lang) -> bool {
    httpd::mpm::is_threaded() && keeper(lang).is_some()
}

/// child_init, before all other modules.
pub fn before_child(lang: Lang, pool: &Pool, s: &Server) {
    process::begin_child();
    counting::begin_child(lang, s);
    for stock in site::stocks(lang) {
        in_parent(s, &stock, |entry| entry.begin_process());
    }
    if !httpd::mpm::is_threaded() {
        httpd::mpm::restart_calls();
        if let Some(stock) = parents::main_stock(lang) {
            lang.settle(stock.hold_parent().interp());
        }
    }
    let _ = pool.before_death(process::leave_at_once_inside_a_script);
    let s = s.keep();
    let _ = pool.on_death_with(move |pool| {
        // SAFETY: a child's pool lies below the configuration's.
        child_exit(lang, pool, unsafe { s.get() });
    });
}

/// Runs the phases of a child's start.
pub fn child(lang: Lang, phase: Phase, pool: &Pool, s: &Server) {
    dispatch::server(lang, phase, s, &[pool]);
    if phase == Phase::ChildInit {
        lives::begin(lang);
        // A process that serves without threads has no second one.
        *keeper(lang) = httpd::mpm::is_threaded()
            .then(|| Keeper::start(lang, site::stocks(lang), site::with(lang, |site| site.bell.clone())))
            .flatten();
        executors::begin(lang, s);
    }
}

/// Called when the child's pool dies: the process ends in order.
fn child_exit(lang: Lang, pool: &Pool, s: &Server) {
    if interp::is_forked() || process::is_leaving() {
        return;
    }
    // No thread of ours enters an interpreter any more, unless a script runs on.
    executors::end(lang);
    // The keeper is ended before the parent: it may have the parent's lock for as long as making a clone takes.
    let keeper = keeper(lang).take();
    let stopped = keeper.is_none_or(Keeper::stop);
    if stopped {
        dispatch::server(lang, Phase::ChildExit, s, &[pool]);
    } else {
        let text = format!(
            "{}: skipped, and so are the parent's END blocks, since the keeper did not end in time",
            lang.phase_name(Phase::ChildExit)
        );
        report::server(lang, Some(s), Level::Warn, &text);
    }
    if stopped {
        lives::end_parents(lang);
    }
    let mut busy = 0;
    for stock in site::stocks(lang) {
        if let Some(tipool) = stock.tipool() {
            busy += tipool.close(Late::Abandon);
        }
        if stopped {
            for text in stock.parent.end(lang) {
                report::warn(lang, &format!("END: {}", String::from_utf8_lossy(&text).trim_end()));
            }
        }
    }
    if busy > 0 {
        let text = format!("END: not run in {busy} interpreters, which are still in use while the child ends");
        report::server(lang, Some(s), Level::Info, &text);
    }
}
