//! The start of a server, from pre_config until it serves.
//!
//! httpd reads its configuration twice when it starts, and once per restart. Start-up code runs each time, as with mod_perl;
//! clones are made only in the pass that will serve, before the fork, so that children share their pages.

use std::ffi::c_int;
use std::sync::Arc;

use apr::Pool;
use config::{Queued, ServerConf, ServerOption};
use httpd::log::Level;
use httpd::server::{MainState, RunMode};
use httpd::status::{HTTP_INTERNAL_SERVER_ERROR, OK};
use httpd::{Pools, Server};
use interp::Raised;

use super::about::{About, in_parent};
use super::filter::said;
use super::lang::Lang;
use super::languages::{self, languages};
use super::lease::Stock;
use super::server::{ServerRecord, choose, stock_of};
use super::site::Early;
use super::start_error::StartError;
use super::step::Step;
use super::{
    accepting, class_log, classes, counting, dicts, executors, hint, jobs, lives, net_server, parents, process, report,
    site, token,
};

/// What this module adds to the `Server` header, and so to httpd's line about its start.
const OWN_VERSION: &[u8] = concat!("mod_interp/", env!("CARGO_PKG_VERSION")).as_bytes();

/// Called when httpd loads the module for a pass.
pub fn loaded(lang: Lang, pconf: &Pool) {
    Server::set_main(None);
    httpd::error_log::ask_no_more();
    languages::loaded(lang);
    site::begin(lang);
    lang.in_use.forget();
    httpd::skipped::watch(pconf);
    // This runs before the pool's own memory and cleanups go, since END blocks may still look at servers.
    let _ = pconf.before_death(move || {
        if process::is_leaving() || interp::inside() > 0 {
            return;
        }
        if process::serves() && !process::is_child() && site::with_present(lang, |site| site.serves) == Some(true) {
            net_server::close_all(lang);
        }
        site::end(lang, process::serves());
    });
    let _ = pconf.on_death(|| {
        Server::set_main(None);
        httpd::error_log::ask_no_more();
        dicts::end();
    });
}

/// pre_config, after all other modules: if httpd becomes a daemon, it has done so by now.
pub fn pre_config() {
    apr::adopt_cleanups();
    interp::adopt_process();
}

/// Called when httpd has made the record of a server.
pub fn new_server(s: &Server) {
    if !s.is_virtual() {
        Server::set_main(Some(s));
    }
}

fn failed(lang: Lang, s: &Server, error: &StartError) -> c_int {
    report::server(lang, Some(s), Level::Emerg, &error.to_string());
    HTTP_INTERNAL_SERVER_ERROR
}

/// open_logs, before the handlers of that phase.
pub fn before_start(lang: Lang, s: &Server) -> c_int {
    lang.log_is_open();
    let started = token::read(lang)
        .and_then(|()| parents::start_all(lang, s))
        .and_then(|()| classes::start_all(lang, s))
        .and_then(|()| class_log::open_all(lang, s))
        .and_then(|()| net_server::load_all(lang, s));
    site::look_for_logs(s);
    match started {
        Ok(()) => OK,
        Err(error) => failed(lang, s, &error),
    }
}

/// `httpd -t`: runs the start-up code that a start would run, without what could touch the running server.
pub fn check_config(lang: Lang, s: &Server) -> c_int {
    if httpd::server::run_mode() != RunMode::ConfigTest {
        return OK;
    }
    let enabled = ServerRecord::find(lang, s).is_none_or(|record| record.conf.options.is(ServerOption::ConfigTest));
    if !enabled {
        return OK;
    }
    match parents::start_all(lang, s)
        .and_then(|()| classes::start_all(lang, s))
        .and_then(|()| net_server::load_all(lang, s))
        .and_then(|()| compile_last(lang, s))
        .and_then(|()| resolve_early(lang, true))
        .and_then(|()| resolve_own(lang, s))
    {
        Ok(()) => {
            hint::misspelt_handlers(lang);
            OK
        }
        Err(error) => failed(lang, s, &error),
    }
}

/// Finds out whether the files that a start would run last could be run, without running them.
fn compile_last(lang: Lang, s: &Server) -> Result<(), StartError> {
    each_last(lang, s, |server, stock, item| {
        in_parent(server, stock, |entry| lang.compiles(entry, &item.name))
            .map_err(|raised| parents::failed(lang, item, raised))
    })
}

/// Calls with each file that a start runs last.
fn each_last(
    lang: Lang,
    s: &Server,
    f: impl Fn(&Server, &Arc<Stock>, &Queued) -> Result<(), StartError>,
) -> Result<(), StartError> {
    each_conf(lang, s, |server, stock, conf| {
        conf.post_config_requires.iter().try_for_each(|item| f(server, stock, item))
    })
}

/// Calls with what is written for each server, then for the classes whose sections stand in it, and with the interpreters of each.
fn each_conf(
    lang: Lang,
    s: &Server,
    f: impl Fn(&Server, &Arc<Stock>, &ServerConf) -> Result<(), StartError>,
) -> Result<(), StartError> {
    let of_main = ServerRecord::find(lang, s).map(std::ptr::from_ref);
    for server in s.chain() {
        let Some(record) = ServerRecord::find(lang, server) else { continue };
        // A virtual host without a line of this language has the main server's record, which was looked at.
        if !std::ptr::eq(server, s) && of_main == Some(std::ptr::from_ref(record)) {
            continue;
        }
        let Some(stock) = choose(lang, &About::Server(server)) else { continue };
        let of_classes =
            record.own_classes().map(|class| (&class.record.conf, stock_of(&class.record).unwrap_or(stock)));
        for (conf, stock) in std::iter::once((&record.conf, stock)).chain(of_classes) {
            f(server, stock, conf)?;
        }
    }
    Ok(())
}

/// Finds the code of handlers that run in the interpreters of each server and class, and of all jobs; adds the jobs of the configuration to
/// those that start-up code has added.
fn resolve_own(lang: Lang, s: &Server) -> Result<(), StartError> {
    for added in jobs::of(lang) {
        // SAFETY: the jobs are those of this pass (`site::begin`).
        jobs::resolve(lang, unsafe { added.server.get() }, &added.stock, &added.job)?;
    }
    each_conf(lang, s, |server, stock, conf| {
        lives::resolve(lang, server, stock, conf)?;
        conf.jobs.iter().try_for_each(|job| {
            jobs::resolve(lang, server, stock, job)?;
            jobs::add(server, stock, job.clone()).map_err(|why| StartError::Refused(job.directive, why))
        })
    })
}

/// Resolves `+Name` handlers and, under `PerlOptions +AutoLoad`, all. `tells` is whether lines of filters are told that do nothing.
fn resolve_early(lang: Lang, tells: bool) -> Result<(), StartError> {
    for Early { server, directive, handler, filters, is_outside, section } in site::early_handlers(lang) {
        // SAFETY: the handlers noted are those of this pass (`site::begin`).
        let server = unsafe { server.get() };
        let Some(record) = ServerRecord::find(lang, server) else { continue };
        let autoload = record.conf.options.is(ServerOption::AutoLoad);
        let about = About::Server(server);
        if let Some(way) = filters.filter(|_| handler.is_httpds) {
            if tells && !httpd::kind::is_known(way, &handler.name) {
                hint::unknown_filter(lang, &about, directive, &handler);
            }
            continue;
        }
        let Some(stock) = choose(lang, &about).filter(|_| handler.is_early(autoload)) else { continue };
        // SAFETY: the handlers noted are those of this pass (`site::begin`), of which all lines have been read.
        let section = section.as_ref().map(|section| unsafe { section.get() });
        let found = in_parent(server, stock, |entry| -> Result<(), Raised> {
            lang.resolve(entry, &handler, server, section)?;
            if filters.is_some() {
                let said = lang.filter_says(entry, &Step::Named(handler.clone()))?;
                said::note(&handler, said);
                if tells && !is_outside && said.is_for_connections() {
                    hint::not_of_a_section(lang, &about, directive, &handler);
                }
            }
            Ok(())
        });
        found.map_err(|raised| parents::unresolved(lang, directive, &handler, raised))?;
    }
    Ok(())
}

/// post_config, after all other modules: runs the last start-up code, then makes the clones.
pub fn after_start(lang: Lang, pools: Pools<'_>, s: &Server) -> c_int {
    match finish_start(lang, pools, s) {
        Ok(()) => OK,
        Err(error) => failed(lang, s, &error),
    }
}

/// A variable to which start-up code has given another value than the configuration keeps that, for requests, too, as with mod_perl.
fn keep_env(lang: Lang, s: &Server) {
    let mut seen = Vec::new();
    for owner in s.chain() {
        let (Some(record), Some(stock)) = (ServerRecord::find(lang, owner), choose(lang, &About::Server(owner))) else {
            continue;
        };
        // The first server with a parent is the one whose variables that began with.
        if seen.iter().any(|parent| Arc::ptr_eq(parent, &stock.parent)) {
            continue;
        }
        let parent = stock.parent.clone();
        seen.push(parent.clone());
        let said = record.conf.pass_env.iter().chain(record.conf.set_env.iter());
        let changed: Vec<_> = in_parent(owner, stock, |entry| {
            let now = |(name, value): (&[u8], &[u8])| Some((name.to_vec(), value.to_vec(), lang.env(entry, name)?));
            said.filter_map(now).filter(|(_, said, now)| said != now).collect()
        });
        if changed.is_empty() {
            continue;
        }
        let shares =
            |server: &&Server| choose(lang, &About::Server(server)).is_some_and(|of| Arc::ptr_eq(&of.parent, &parent));
        for server in s.chain().filter(shares) {
            lang.edit(server, &mut |server, mut dir| {
                for (name, said, now) in &changed {
                    server.pass_env.exchange(name, said, now);
                    server.set_env.exchange(name, said, now);
                    if let Some(dir) = &mut dir {
                        dir.set_env.exchange(name, said, now);
                    }
                }
            });
        }
    }
}

fn finish_start(lang: Lang, pools: Pools<'_>, s: &Server) -> Result<(), StartError> {
    each_last(lang, s, parents::run)?;
    keep_env(lang, s);
    let versions = match parents::main_stock(lang) {
        Some(stock) => in_parent(s, &stock, |entry| lang.version(Some(entry))),
        None => lang.version(None),
    };
    // The version is added once for both languages, before the words that they add.
    if !httpd::server::description().windows(OWN_VERSION.len()).any(|part| part == OWN_VERSION) {
        httpd::server::add_version_component(pools.conf, OWN_VERSION);
    }
    for version in versions {
        httpd::server::add_version_component(pools.conf, &version);
    }
    let makes_clones = httpd::server::main_state() == MainState::CreateConfig;
    resolve_early(lang, makes_clones)?;
    resolve_own(lang, s)?;
    httpd::provider::look_after_askers();
    lang.register_filters();
    httpd::register_sent();
    if makes_clones && httpd::mpm::is_threaded() {
        tell_waiting(lang, s);
    }
    if makes_clones {
        hint::skipped_modules(lang);
        hint::misspelt_handlers(lang);
        accepting::tell_deferred(lang, s);
        executors::tell(lang, s);
    }
    let stocks = site::stocks(lang);
    for stock in &stocks {
        // Again: lines that run at once, sections and PerlPostConfigRequire have loaded more since the queues ran.
        in_parent(s, stock, |entry| lang.check_loaded(entry))?;
        in_parent(s, stock, |entry| lang.seal(entry));
        if let (true, Some(tipool)) = (makes_clones, stock.tipool()) {
            for text in in_parent(s, stock, |entry| lang.not_cloned(entry)) {
                report::server(lang, Some(s), Level::Warn, &format!("{}: {text}", stock.server));
            }
            let cannot =
                |why: String| StartError::Clones { language: lang.facts.tongue, server: stock.server.to_string(), why };
            // Without threads the server's parent serves, and what its requests leave in it is no class's.
            if parent_serves(&stocks, stock) {
                stock.parent.keep_model().map_err(cannot)?;
            }
            tipool.start().map_err(|e| cannot(e.to_string()))?;
        }
    }
    if makes_clones {
        counting::begin(lang, s);
        lives::parents_spawn(lang);
    }
    site::with(lang, |site| (site.is_complete, site.serves) = (true, makes_clones));
    dicts::is_complete();
    jobs::start(pools, s)
}

/// Whether requests run in the parent from which the clones of a stock are made.
fn parent_serves(stocks: &[Arc<Stock>], of: &Stock) -> bool {
    stocks.iter().any(|other| other.tipool().is_none() && Arc::ptr_eq(&other.parent, &of.parent))
}

/// Logs, once for each server with interpreters of its own, which of its numbers make requests wait.
fn tell_waiting(lang: Lang, s: &Server) {
    let threads = usize::try_from(httpd::mpm::threads()).unwrap_or(1);
    // The last of the languages logs this for both.
    let other = languages().rev().find(|other| !std::ptr::eq(*other, lang));
    let tells = languages().next_back().is_some_and(|last| std::ptr::eq(last, lang));
    for server in s.chain() {
        let Some(record) = ServerRecord::find(lang, server) else { continue };
        let conf = &record.conf;
        if !conf.is_enabled() || (server.is_virtual() && !conf.has_own_tipool()) {
            continue;
        }
        let beside = other.filter(|other| tells && choose(other, &About::Server(server)).is_some());
        let beside = beside
            .and_then(|other| ServerRecord::find(other, server))
            .map(|beside| (beside.conf.language(), beside.conf.limits(server.timeout()).max));
        if let Some(text) = conf.invites_waiting(threads, beside) {
            report::server(lang, Some(server), Level::Warn, &text);
        }
    }
}
