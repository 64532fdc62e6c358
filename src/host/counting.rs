//! What is counted of the interpreters: where it lies, who counts, and who asks. THE table is that of the crate `figures`.

use std::cmp::Reverse;
use std::ffi::CString;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use figures::{Board, Item, LAYOUT, Sum};
use httpd::log::Level;
use httpd::{Request, Server};

use super::lang::Lang;
use super::languages::languages;
use super::lease::{Hold, Stock};
use super::server::class_of;
use super::{report, site};

/// More interpreters of one process are counted, and not shown one by one.
const MOST_ITEMS: usize = 1024;

/// The stocks of the serving pass are there: each counts on what earlier ones of its name have counted. Called in the process from which
/// the others are forked.
pub fn begin(lang: Lang, s: &Server) {
    // Processes of an older generation live beside those of the new one.
    let lines = usize::try_from(httpd::mpm::hard_limit_daemons()).unwrap_or(0).max(1) * 2;
    for stock in site::stocks(lang) {
        let items = stock.tipool().map_or(1, |tipool| items(tipool.limits().max));
        let name = CString::new(format!("mod_interp {LAYOUT:x} {} {}", lang.name(), stock.server)).ok();
        let word = name.and_then(|name| httpd::retained::word(&name));
        // SAFETY: the word has this layout's number in its name, and configurations are read on one thread.
        let board = word.and_then(|word| unsafe { Board::open(word, lines, items) });
        match board {
            Some(board) => stock.count_on(board),
            None => {
                let text = format!("{}: nothing is counted: the system has no memory for it", stock.server);
                report::server(lang, Some(s), Level::Warn, &text);
            }
        }
    }
}

/// For how many interpreters of a process there is room. Where their number has no limit, it is the threads' that has one.
fn items(max: usize) -> usize {
    let threads = usize::try_from(httpd::mpm::threads()).unwrap_or(1);
    let most = if max <= MOST_ITEMS { max } else { (threads * 2).min(MOST_ITEMS) };
    // One more than the most, twice: the reserve, and one that is being replaced.
    most + 2
}

/// A child begins.
pub fn begin_child(lang: Lang, s: &Server) {
    let lost = site::stocks(lang).iter().filter(|stock| !stock.count_here()).count();
    if lost > 0 {
        let text = "figures: all lines are taken by other processes, and what this one counts is not shown";
        report::server(lang, Some(s), Level::Warn, text);
    }
}

/// A child has ended, which the process says from which it was forked.
pub fn child_ended(lang: Lang, pid: u32) {
    for stock in site::stocks(lang) {
        if let Some(board) = stock.board() {
            board.ended(pid);
        }
    }
}

/// Lets others see what an interpreter does.
#[inline(never)]
pub fn does(r: &Request, hold: &Hold, stock: &Stock) {
    if let Some(board) = stock.board() {
        board.does(hold.place(), || (u64::try_from(r.request_time()).unwrap_or(0), r.uri().unwrap_or_default()));
    }
}

/// The figures of a stock.
pub struct Of {
    /// The stock.
    pub stock: Arc<Stock>,
    /// What has been counted; `None` where nothing is.
    pub sum: Option<Sum>,
}

/// An interpreter of some process.
pub struct Interpreter {
    /// As `$r->interp->id` has it.
    pub id: String,
    /// Its process.
    pub pid: u64,
    /// How often it was lent and has come back.
    pub uses: u64,
    /// How long ago it was made.
    pub age: Duration,
    /// What it is lent for; `None`: it is idle.
    pub busy: Option<Busy>,
}

/// What an interpreter is lent for.
pub struct Busy {
    /// How long ago the request began, and its address, as far as there is room for it; `None` for what is no request.
    pub request: Option<(Duration, String)>,
}

impl Busy {
    /// How long ago the request began.
    pub fn time(&self) -> Option<Duration> {
        self.request.as_ref().map(|(time, _)| *time)
    }

    /// Its address.
    pub fn uri(&self) -> &str {
        self.request.as_ref().map_or("", |(_, uri)| uri)
    }
}

impl Of {
    /// Labels for programs.
    pub fn labels(&self) -> Vec<(&str, &str)> {
        vec![("language", self.stock.lang.name()), ("server", self.server()), ("class", class_of(&self.stock))]
    }

    /// The name of the server, also of a class's.
    pub fn server(&self) -> &str {
        let name = &*self.stock.server;
        let of_class = self.stock.class.as_ref().and_then(|_| name.split_once(" of "));
        of_class.map_or(name, |(_, server)| server)
    }

    /// Its interpreters, those first that have been busy longest.
    pub fn interpreters(&self) -> Vec<Interpreter> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = |micros: u64| now.saturating_sub(Duration::from_micros(micros));
        let items = self.stock.board().map(Board::all_items).unwrap_or_default();
        let shown = items.into_iter().map(|Item { pid, seen, now }| {
            let request = now.map(|now| (since(now.since), String::from_utf8_lossy(&now.text).into_owned()));
            Interpreter {
                id: format!("{pid}-{}", seen.serial),
                pid,
                uses: seen.uses,
                age: since(seen.born),
                busy: seen.is_lent.then_some(Busy { request }),
            }
        });
        let mut all: Vec<Interpreter> = shown.collect();
        all.sort_by_key(|one| Reverse(one.busy.as_ref().map(Busy::time)));
        all
    }
}

/// The figures of all stocks.
pub fn all() -> Vec<Of> {
    let of = |stock: Arc<Stock>| Of { sum: stock.board().map(Board::sum), stock };
    languages().flat_map(site::stocks).map(of).collect()
}
