//! Requests that are answered on threads of our own, so that no worker of the MPM's waits for scripts: `PerlClassThreads`,
//! `LuaClassThreads`.
//!
//! A stock of interpreters has an [`Executor`] if its numbers say so and the MPM can suspend a request (event). The request's earlier
//! phases run on the MPM's thread; when its response is about to be made, the connection is taken from there ([`httpd::adopt`]). A
//! thread of the executor runs the response phase, in which it waits for an interpreter if it must, and ends the request. What the
//! connection does next is `httpd::adopt`'s affair.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use config::{Form, Language as Tongue, Phase, Threads};
use httpd::adopt::{self, Taker};
use httpd::log::Level;
use httpd::status::HTTP_SERVICE_UNAVAILABLE;
use httpd::{Node, Request, Server};

use super::about::Topic;
use super::call::Call;
use super::connection::ConnectionState;
use super::executor::{Executor, Numbers};
use super::lang::Lang;
use super::language::Language;
use super::languages::languages;
use super::lease::Refused;
use super::request::RequestState;
use super::server::{ServerRecord, stock_of};
use super::{content, process, report};

/// How long a child that ends waits for scripts.
const AWAIT: Duration = Duration::from_secs(3);

/// The executors of each language in this child.
static ALL: [Mutex<Vec<Arc<Executor>>>; Tongue::ALL.len()] = [const { Mutex::new(Vec::new()) }; Tongue::ALL.len()];

/// What takes a request to threads of its own, if it is to be answered there. As [`httpd::Host::taker`].
pub fn taker<L: Language>(r: &Request) -> Option<Taker> {
    let lang = L::lang();
    let row = content::of::<L>(r)?;
    let executor =
        ServerRecord::of_request(lang, r).filter(|server| server.conf.is_enabled())?.home(lang, r).executor()?;
    // A child that is about to end waits for connections that it has counted, which it has not done with all that it has accepted: from
    // now on requests are answered by httpd's threads, for which it waits.
    if httpd::mpm::is_stopping() {
        return None;
    }
    // What no handler answers stays where it is, and so does a request within which a session of HTTP/2 is about to be served.
    if (row.form == Form::Handlers && !content::has_handlers(lang, r)) || r.will_upgrade() {
        return None;
    }
    executor.taker(languages().any(|lang| holds(lang, r)))
}

/// Whether a request or its connection holds an interpreter of a language.
fn holds(lang: Lang, r: &Request) -> bool {
    RequestState::find(lang, r).is_some_and(|state| !state.tree().leases().is_empty())
        || ConnectionState::find(lang, r.connection()).is_some_and(|connection| !connection.stocks().is_empty())
}

/// The servers and classes whose numbers ask for threads.
fn wanting(lang: Lang, main: &Server) -> impl Iterator<Item = (&Server, &ServerRecord, Threads, config::Limits)> {
    main.chain().flat_map(move |server| {
        let record = ServerRecord::find(lang, server).filter(|record| record.conf.is_enabled());
        let classes = record.into_iter().flat_map(|record| record.classes()).map(|class| &class.record);
        record.into_iter().chain(classes).filter_map(move |record| {
            let limits = record.conf.limits(server.timeout());
            limits.threads.map(|threads| (server, record, threads, limits))
        })
    })
}

/// The most threads that there may be.
fn most(threads: Threads) -> usize {
    let of_mpm = usize::try_from(httpd::mpm::threads()).unwrap_or(1);
    threads.max.unwrap_or(of_mpm).max(threads.min)
}

/// Tells at the start what stands in the way.
pub fn tell(lang: Lang, main: &Server) {
    let Some((server, ..)) = wanting(lang, main).next() else { return };
    let name = lang.name();
    if !httpd::mpm::is_async() {
        let mpm = String::from_utf8_lossy(httpd::mpm::name()).into_owned();
        let text =
            format!("{name}ClassThreads: the MPM {mpm} cannot suspend a request, so scripts run on its own threads");
        report::server(lang, Some(server), Level::Info, &text);
        return;
    }
    let threads = wanting(lang, main).map(|(.., threads, _)| most(threads)).max().unwrap_or(0);
    let workers = usize::try_from(httpd::mpm::threads()).unwrap_or(1);
    let written = factor(main);
    // What is not written is 2. One connection waits for each thread of ours at least.
    if written.is_some_and(|factor| factor * workers as f64 >= (2 * threads) as f64) {
        return;
    }
    let (now, enough) = (written.unwrap_or(2.0), (10 * threads).div_ceil(workers).max(10));
    let text = format!(
        "{name}ClassThreads: requests that wait for scripts count among the connections that httpd takes, and it takes no more than \
         ThreadsPerChild {workers}, and for each idle thread AsyncRequestWorkerFactor {now} besides; \"AsyncRequestWorkerFactor {enough}\" \
         would let them wait while others are served"
    );
    report::server(lang, Some(server), Level::Warn, &text);
}

/// What the line `AsyncRequestWorkerFactor` says, the last one.
fn factor(main: &Server) -> Option<f64> {
    let mut said = None;
    Node::walk(Node::first(main), &mut |node| {
        if node.name().eq_ignore_ascii_case(b"AsyncRequestWorkerFactor") {
            said = std::str::from_utf8(node.arguments()).ok().and_then(|text| text.trim().parse().ok()).or(said);
        }
    });
    said
}

/// Starts the executors of this child.
pub fn begin(lang: Lang, main: &Server) {
    if !httpd::mpm::is_async() {
        return;
    }
    let mut own: Vec<Arc<Executor>> = Vec::new();
    for (_, record, threads, limits) in wanting(lang, main) {
        let Some(stock) = stock_of(record).filter(|stock| stock.tipool().is_some()) else { continue };
        let known = own.iter().find(|executor| Arc::ptr_eq(&executor.stock, stock)).cloned();
        let executor = known.unwrap_or_else(|| {
            let (min, max) = (threads.min, most(threads));
            let numbers = Numbers {
                min,
                max,
                max_by: limits.max_by.row().name,
                max_wait: limits.max_wait,
                max_queue: limits.max_queue,
            };
            let executor = Executor::new(lang, stock.clone(), numbers, refused);
            own.push(executor.clone());
            executor
        });
        record.answer_on(executor);
    }
    if own.is_empty() {
        return;
    }
    if !adopt::begin() {
        let text =
            format!("{}ClassThreads: connections cannot be looked after, so the MPM's threads answer", lang.name());
        report::server(lang, Some(main), Level::Error, &text);
        own.iter().for_each(|executor| executor.stop());
        return;
    }
    own.iter().for_each(Executor::start);
    *all(lang) = own;
}

fn all(lang: Lang) -> MutexGuard<'static, Vec<Arc<Executor>>> {
    ALL[lang.facts.tongue as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers a request for which no thread came free.
fn refused(lang: Lang, r: &Request, refused: &Refused) -> c_int {
    let call = Call::of_request(lang, Phase::Response, r);
    call.map_or(HTTP_SERVICE_UNAVAILABLE, |call| call.about.refused(&call, refused))
}

/// Ends the executors of a language when the child ends: requests that wait are left to the kernel, those that run are waited for a
/// moment.
pub fn end(lang: Lang) {
    let own = std::mem::take(&mut *all(lang));
    if own.is_empty() {
        return;
    }
    own.iter().for_each(|executor| executor.stop());
    let until = Instant::now() + AWAIT;
    let busy: usize = own.iter().map(|executor| executor.await_end(until)).sum();
    if busy > 0 {
        // They must not meet what the process frees at its very end.
        process::end_well();
    }
    adopt::end();
}
