//! The parents of a site: which server gets one, when it is started, and the start-up code that runs in it.

use std::sync::Arc;
use std::time::Instant;

use config::{Handler, Queued, ServerConf, What};
use httpd::Server;
use httpd::log::Level;
use interp::{Entry, Place, Raised, trace};

use super::about::{About, in_parent};
use super::lang::Lang;
use super::lease::{Parent, Stock, limits};
use super::server::{ServerRecord, choose};
use super::start_error::{Failed, StartError};
use super::{lives, report, site};

/// The stock in which start-up code of this server runs; it is started here if it does not run yet.
pub fn stock_now(lang: Lang, s: &Server, record: Option<&ServerRecord>) -> Result<Arc<Stock>, StartError> {
    let record = record.ok_or(StartError::NoRecord)?;
    if let Some(stock) = choose(lang, &About::Server(s)) {
        return Ok(stock.clone());
    }
    let main = start_main(lang)?;
    if !s.is_virtual() {
        return Ok(main);
    }
    start_virtual(lang, s, record, &main).map(|stock| stock.unwrap_or(main))
}

/// The interpreters of a server, or of the main server if none is given. The parent is started here if it does not run yet: modules in
/// C want it while the configuration is being read.
///
/// # Errors
/// Why it does not start.
pub fn start_for(lang: Lang, s: Option<&Server>) -> Result<Arc<Stock>, StartError> {
    let main = start_main(lang)?;
    let Some(s) = s.filter(|s| s.is_virtual()) else { return Ok(main) };
    // A virtual host without a directive of ours has no record while the file is being read.
    let Some(record) = ServerRecord::find(lang, s) else { return Ok(main) };
    Ok(start_virtual(lang, s, record, &main)?.unwrap_or(main))
}

/// The main server's interpreters, once its parent runs.
pub fn main_stock(lang: Lang) -> Option<Arc<Stock>> {
    Server::with_main(|main| choose(lang, &About::Server(main)).cloned())?
}

/// The parent of the main server; if it does not run yet, it is started here and loads its queue.
fn start_main(lang: Lang) -> Result<Arc<Stock>, StartError> {
    Server::with_main(|main| start_of_main(lang, main)).ok_or(StartError::NoMainServer)?
}

fn start_of_main(lang: Lang, main: &Server) -> Result<Arc<Stock>, StartError> {
    let record = ServerRecord::find(lang, main).ok_or(StartError::NoMainRecord)?;
    if let Some(stock) = choose(lang, &About::Server(main)) {
        return Ok(stock.clone());
    }
    if httpd::mpm::is_threaded() && !lang.facts.has_threads {
        return Err(StartError::Threads(httpd::mpm::name().into()));
    }
    let stock = start_parent(lang, main, site::name_of(main).into(), None, &record.conf)?;
    record.draw_from(&stock);
    run_queue(main, &stock, &record.conf)?;
    // Virtual hosts that stand before the line that starts perl run their queues now, as with mod_perl: what their code adds to the
    // main server's configuration holds for them, too.
    for s in main.chain().filter(|s| s.is_virtual()) {
        if let Some(record) = ServerRecord::find(lang, s) {
            start_virtual(lang, s, record, &stock)?;
        }
    }
    Ok(stock)
}

/// The stock from which a virtual host draws; `None` if the language is switched off there.
fn start_virtual(
    lang: Lang,
    s: &Server,
    record: &ServerRecord,
    main: &Arc<Stock>,
) -> Result<Option<Arc<Stock>>, StartError> {
    if let Some(stock) = choose(lang, &About::Server(s)) {
        return Ok(Some(stock.clone()));
    }
    let conf = &record.conf;
    if !conf.is_enabled() {
        return Ok(None);
    }
    if conf.has_own_tipool() && !lang.facts.has_threads {
        let option = if conf.has_own_parent() { "Parent" } else { "Clone" };
        return Err(StartError::OptionNeedsThreads { language: lang.facts.tongue, option, server: site::name_of(s) });
    }
    let stock = if conf.has_own_parent() {
        start_parent(lang, s, site::name_of(s).into(), None, conf)?
    } else if conf.has_own_tipool() {
        share_parent(s, main)
    } else {
        main.clone()
    };
    record.draw_from(&stock);
    run_queue(s, &stock, conf)?;
    Ok(Some(stock))
}

/// Starts the parents that do not run yet, and opens the stocks.
pub fn start_all(lang: Lang, s: &Server) -> Result<(), StartError> {
    let main = start_main(lang)?;
    for server in s.chain() {
        let Some(record) = ServerRecord::find(lang, server) else { continue };
        let own = if server.is_virtual() { start_virtual(lang, server, record, &main)? } else { Some(main.clone()) };
        let Some(stock) = own else { continue };
        for text in record.conf.check() {
            report::server(lang, Some(server), Level::Warn, &text);
        }
        let owns = !server.is_virtual() || !Arc::ptr_eq(&stock, &main);
        if owns {
            open(lang, server, &stock, &record.conf)?;
        }
    }
    Ok(())
}

/// Opens a stock: what its clones are to be is known.
///
/// # Errors
/// Processes cannot agree on a number that they are to share.
pub fn open(lang: Lang, s: &Server, stock: &Arc<Stock>, conf: &ServerConf) -> Result<(), StartError> {
    let (threaded, bell) = (httpd::mpm::is_threaded(), site::with(lang, |site| site.bell.clone()));
    lives::watch(s, stock);
    let limits = limits(&conf.limits(s.timeout()));
    if limits.total && !threaded && stock.class.is_none() {
        let name = lang.facts.tongue.name();
        let text = format!(
            "{name}ClassInterpreters: \"total\" has no effect on the server's own interpreters without threads"
        );
        report::server(lang, Some(s), Level::Warn, &text);
    }
    let (language, server) = (lang.facts.tongue, &stock.server);
    stock.open(limits, threaded, &bell).map_err(|why| StartError::Total { language, server: (**server).into(), why })
}

/// Makes a parent for this server, in which no code of the configuration has run yet.
///
/// # Errors
/// Why it could not be made.
pub fn start_parent(
    lang: Lang,
    s: &Server,
    name: Arc<str>,
    class: Option<Arc<str>>,
    conf: &ServerConf,
) -> Result<Arc<Stock>, StartError> {
    trace!(Globals, "{name}: starts with {}", conf.switches.shown());
    let is_main = class.is_none() && !s.is_virtual();
    let stock = Stock::of_class(lang, name, class, Parent::new(lang.start(s, conf, is_main)?));
    trace!(Interpreters, "{}: made a parent", stock.server);
    site::add_stock(&stock);
    Ok(stock)
}

/// Makes a stock for a virtual host alone, whose clones are of another server's parent.
fn share_parent(s: &Server, of: &Stock) -> Arc<Stock> {
    let stock = Stock::new(of.lang, site::name_of(s).into(), of.parent.clone());
    site::add_stock(&stock);
    stock
}

/// Runs the queues of a server in a stock's parent.
///
/// # Errors
/// As [`start_parent`].
pub fn run_queue(s: &Server, stock: &Arc<Stock>, conf: &ServerConf) -> Result<(), StartError> {
    for item in conf.requires.iter().chain(conf.modules.iter()) {
        run(s, stock, item)?;
    }
    load_db_pool(s, stock, conf)?;
    in_parent(s, stock, |entry| stock.lang.check_loaded(entry))
}

/// Loads what the lines about databases need, behind the start-up code, whose connections are its own affair.
///
/// # Errors
/// As [`run_in`].
pub fn load_db_pool(s: &Server, stock: &Arc<Stock>, conf: &ServerConf) -> Result<(), StartError> {
    conf.db_pool_module().map_or(Ok(()), |module| run(s, stock, &module))
}

/// Runs start-up code in the parent of a stock.
///
/// # Errors
/// As [`run_in`].
pub fn run(s: &Server, stock: &Arc<Stock>, item: &Queued) -> Result<(), StartError> {
    in_parent(s, stock, |entry| run_in(stock.lang, s, entry, item))
}

/// Runs start-up code in this interpreter.
///
/// # Errors
/// What went wrong.
pub fn run_in(lang: Lang, s: &Server, entry: &dyn Entry, item: &Queued) -> Result<(), StartError> {
    let began = trace::on(trace::Topic::Timings).then(Instant::now);
    let name = || String::from_utf8_lossy(&item.name);
    trace!(Runtime, "{} {}, {}: for {}", item.directive, name(), item.at, site::name_of(s));
    let done = match item.what {
        What::Module => lang.require_module(s, entry, item),
        What::File => lang.require_file(s, entry, item),
        What::Code => entry.run(&item.name, Some(Place { file: &item.at.file, line: item.at.line })).map(drop),
    };
    if let Some(began) = began {
        trace!(Timings, "{} {}: {} us", item.directive, name(), began.elapsed().as_micros());
    }
    done.map_err(|raised| failed(lang, item, raised))
}

/// Why a handler that a line names has to be found at the start, and is not.
pub fn unresolved(lang: Lang, directive: &'static str, handler: &Handler, raised: Raised) -> StartError {
    let hint = lang.explain(raised.to_string().as_bytes(), Some(&handler.name));
    let (name, at) = (handler.display_name(), handler.at.clone());
    StartError::Unresolved(Box::new(Failed { directive, name, at, raised, hint }))
}

/// Why start-up code that a line names failed.
pub fn failed(lang: Lang, item: &Queued, raised: Raised) -> StartError {
    let hint = lang.explain(raised.to_string().as_bytes(), None);
    let (directive, name) = (item.directive, String::from_utf8_lossy(&item.name).into_owned());
    StartError::Code(Box::new(Failed { directive, name, at: item.at.clone(), raised, hint }))
}
