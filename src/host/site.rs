//! All interpreters of one reading of the configuration: which server has its own parent, which shares.

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use config::{DirConf, Handler, Queued, ServerConf, What};
use httpd::{KeptServer, Section, Server};
use interp::{Entry, Inside};
use leases::ending;
use tipool::{Bell, Late};

use super::call::in_parent;
use super::lang::Lang;
use super::lease::{Parent, Stock};
use super::provider::Provider;
use super::report;

/// A handler that may have to be resolved at start-up, and the line that names it.
pub struct Early {
    /// The language of the line.
    pub server: KeptServer,
    /// The directive.
    pub directive: &'static str,
    /// The handler.
    pub handler: Handler,
    /// The file and line of the configuration.
    pub section: Option<Section<DirConf>>,
}

/// What the host keeps from one reading of the configuration to the next.
#[derive(Default)]
pub struct Site {
    stocks: Vec<Arc<Stock>>,
    early: Vec<Early>,
    /// Providers of authentication and authorization.
    pub providers: Vec<Arc<Provider>>,
    /// Wakes the keeper of this process.
    pub bell: Bell,
    /// Whether the clones have been made: nothing of the site changes afterwards.
    pub is_complete: bool,
}

/// Runs `f` with the site. `f` must run no script code.
pub fn with<R>(lang: Lang, f: impl FnOnce(&mut Site) -> R) -> R {
    let _inside = Inside::new();
    f(site(lang).get_or_insert_default())
}

fn site(lang: Lang) -> MutexGuard<'static, Option<Site>> {
    lang.own().site.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets everything at the beginning of a new reading of the configuration.
pub fn begin(lang: Lang) {
    let _inside = Inside::new();
    let old = site(lang).replace(Site::default());
    drop(old);
}

/// The stocks there are now.
pub fn stocks(lang: Lang) -> Vec<Arc<Stock>> {
    with(lang, |site| site.stocks.clone())
}

/// Notes a handler that may have to be resolved at start-up.
pub fn note_handler(lang: Lang, early: Early) {
    with(lang, |site| {
        if !site.is_complete {
            site.early.push(early);
        }
    });
}

/// The handlers to be resolved at start-up: `+Name`, and under `PerlOptions +AutoLoad` all.
pub fn early_handlers(lang: Lang) -> Vec<Early> {
    with(lang, |site| std::mem::take(&mut site.early))
}

/// Name of a server for messages.
pub fn name_of(s: &Server) -> String {
    if !s.is_virtual() {
        return "the main server".into();
    }
    let host = String::from_utf8_lossy(s.hostname().unwrap_or(b"?")).into_owned();
    format!("virtual host {host}:{}", s.port())
}

/// Makes a parent for this server, in which no code of the configuration has run yet.
///
/// # Errors
/// Directive and message.
pub fn start_parent(lang: Lang, s: &Server, conf: &ServerConf) -> Result<Arc<Stock>, String> {
    let stock = Stock::new(lang, name_of(s).into(), Parent::new(lang.start(s, conf)?));
    with(lang, |site| site.stocks.push(stock.clone()));
    Ok(stock)
}

/// Makes a stock for a virtual host alone, whose clones are of another server's parent.
pub fn share_parent(s: &Server, of: &Stock) -> Arc<Stock> {
    let stock = Stock::new(of.lang, name_of(s).into(), of.parent.clone());
    with(of.lang, |site| site.stocks.push(stock.clone()));
    stock
}

/// Runs the queues of a server in a stock's parent.
///
/// # Errors
/// As [`start_parent`].
pub fn run_queue(s: &Server, stock: &Arc<Stock>, conf: &ServerConf) -> Result<(), String> {
    for item in conf.requires.iter().chain(conf.modules.iter()) {
        run(s, stock, item)?;
    }
    in_parent(s, stock, |entry| stock.lang.check_loaded(entry))
}

/// Runs start-up code in the parent of a stock.
///
/// # Errors
/// As [`run_in`].
pub fn run(s: &Server, stock: &Arc<Stock>, item: &Queued) -> Result<(), String> {
    in_parent(s, stock, |entry| run_in(stock.lang, s, entry, item))
}

/// Runs start-up code in this interpreter.
///
/// # Errors
/// Directive and message; of code that stands in the configuration the language's own message, whose line is that of the
/// configuration.
pub fn run_in(lang: Lang, s: &Server, entry: &dyn Entry, item: &Queued) -> Result<(), String> {
    let done = match item.what {
        What::Code => return lang.run_config(entry, item),
        What::Module => lang.require_module(s, entry, item),
        What::File => lang.require_file(s, entry, item),
    };
    done.map_err(|raised| {
        let text = raised.to_string();
        let hint = lang.explain(text.as_bytes(), None).map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}: \"{}\" ({}): {text}{hint}", item.directive, String::from_utf8_lossy(&item.name), item.at)
    })
}

/// Ends the interpreters of this process, END blocks first. `with_end` is false under `httpd -t`, where no END block may run.
pub fn end(lang: Lang, with_end: bool) {
    let Some(site) = with_old(lang) else { return };
    for stock in site.stocks.iter().rev() {
        if let Some(tipool) = stock.tipool() {
            tipool.close(Late::Abandon);
        }
        if with_end {
            for text in stock.parent.end(lang) {
                report::warn(lang, &format!("END: {}", String::from_utf8_lossy(&text).trim_end()));
            }
        } else {
            std::mem::forget(stock.parent.clone());
        }
    }
    // Destructors of scripts may call the API, too.
    ending(lang, || drop(site));
}

fn with_old(lang: Lang) -> Option<Site> {
    let _inside = Inside::new();
    site(lang).take()
}

/// The folder of this library's own file.
pub fn own_dir() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let here = own_dir as fn() -> Option<PathBuf>;
    // SAFETY: dladdr fills the record for an address of this library; its strings live as long as the library is mapped.
    unsafe {
        if libc::dladdr(here as *const libc::c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = apr::bytes_at(info.assume_init().dli_fname)?;
        let file = std::fs::canonicalize(std::ffi::OsStr::from_bytes(name)).ok()?;
        file.parent().map(Path::to_path_buf)
    }
}
