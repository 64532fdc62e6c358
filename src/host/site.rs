//! All interpreters of one reading of the configuration: which server has its own parent, which shares.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::{ClassRef, DirConf, Handler, Language};
use httpd::kind::Way;
use httpd::{KeptServer, Node, Section, Server};
use interp::{Inside, trace};
use leases::ending;
use tipool::{Bell, Late};

use super::jobs::registered::Registered;
use super::lang::Lang;
use super::lease::Stock;
use super::provider::Provider;
use super::report;
use super::token::Token;

/// A handler that may have to be resolved at start-up, and the line that names it.
pub struct Early {
    /// The server in whose configuration the line stands.
    pub server: KeptServer,
    /// The directive.
    pub directive: &'static str,
    /// The handler.
    pub handler: Handler,
    /// Which way its data goes, if it is a filter.
    pub filters: Option<Way>,
    /// Whether the line stands outside of all sections.
    pub is_outside: bool,
    /// The configuration of the section that names it, or of what stands outside of all.
    pub section: Option<Section<DirConf>>,
}

/// A line that names a class for the scripts of a directory, or of a server.
pub struct ClassUse {
    /// The server in whose configuration it stands.
    pub server: KeptServer,
    /// The class.
    pub class: ClassRef,
}

/// The site of each language. No script code runs under these locks.
static SITES: [Mutex<Option<Site>>; Language::ALL.len()] = [const { Mutex::new(None) }; Language::ALL.len()];

/// What is to be told of the interpreters that requests have: [`NOTES`], [`TRACES`], [`DOING`].
static WATCHED: AtomicU8 = AtomicU8::new(0);
/// A format has `%{interp}n`, or a class has a log of its own.
pub const NOTES: u8 = 1;
/// A `LogLevel` asks for lines of a trace.
pub const TRACES: u8 = 2;
/// A line names the page that shows what interpreters do.
pub const DOING: u8 = 4;

/// What is to be told of the interpreters that requests have.
#[inline(always)]
pub fn watched() -> u8 {
    WATCHED.load(Relaxed)
}

/// Looks what the lines of the configuration say of it.
pub fn look_for_logs(s: &Server) {
    fn has(node: &Node, word: &[u8]) -> bool {
        node.arguments().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
    }
    let mut bits = if httpd::error_log::is_asked() { NOTES } else { 0 };
    Node::walk(Node::first(s), &mut |node| {
        if has(node, b"%{interp}n") {
            bits |= NOTES;
        }
        if has(node, b"interp-status") {
            bits |= DOING;
        }
        if node.name().to_ascii_lowercase().starts_with(b"loglevel") && has(node, b"trace") {
            bits |= TRACES;
        }
    });
    WATCHED.store(bits, Relaxed);
}

/// What the host keeps from one reading of the configuration to the next.
#[derive(Default)]
pub struct Site {
    stocks: Vec<Arc<Stock>>,
    early: Vec<Early>,
    /// Lines that name classes.
    pub class_uses: Vec<ClassUse>,
    /// Providers of authentication and authorization.
    pub providers: Vec<Arc<Provider>>,
    /// What those must know who tell the server what to do.
    pub token: Token,
    /// Jobs.
    pub jobs: Vec<Arc<Registered>>,
    /// Wakes the keeper of this process.
    pub bell: Bell,
    /// Whether the clones have been made: nothing of the site changes afterwards.
    pub is_complete: bool,
    /// Whether the server serves by this reading of the configuration.
    pub serves: bool,
}

/// Runs `f` with the site. `f` must run no script code.
pub fn with<R>(lang: Lang, f: impl FnOnce(&mut Site) -> R) -> R {
    let _inside = Inside::new();
    f(site(lang).get_or_insert_default())
}

/// As [`with`], where the language's module was loaded in this reading of the configuration.
pub fn with_present<R>(lang: Lang, f: impl FnOnce(&Site) -> R) -> Option<R> {
    let _inside = Inside::new();
    site(lang).as_ref().map(f)
}

fn site(lang: Lang) -> MutexGuard<'static, Option<Site>> {
    SITES[lang.facts.tongue as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets everything at the beginning of a new reading of the configuration.
pub fn begin(lang: Lang) {
    let _inside = Inside::new();
    let old = site(lang).replace(Site::default());
    drop(old);
}

/// Adds a stock.
pub fn add_stock(stock: &Arc<Stock>) {
    with(stock.lang, |site| site.stocks.push(stock.clone()));
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

/// Ends the interpreters of this process, END blocks first. `with_end` is false under `httpd -t`, where no END block may run.
pub fn end(lang: Lang, with_end: bool) {
    let Some(site) = with_old(lang) else { return };
    for stock in site.stocks.iter().rev() {
        if let Some(tipool) = stock.tipool() {
            tipool.close(Late::Abandon);
        }
        trace!(Globals, "{}: its perl ends{}", stock.server, if with_end { "" } else { ", without END" });
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
