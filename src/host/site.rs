//! All interpreters of one reading of the configuration: which server has its own parent, which shares.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::{Handler, ServerConf};
use httpd::Server;
use interp_perl::{Entered, Inside, Perl, Place, Start};
use once_cell::sync::OnceCell;
use tipool::{Bell, Late};

use super::dispatch::in_parent;
use super::env;
use super::frame::About;
use super::provider::Provider;
use super::stock::{Parent, Stock};

/// What lives from one reading of the configuration to the next.
#[derive(Default)]
pub struct Site {
    stocks: Vec<Arc<Stock>>,
    /// Handlers that are to be resolved at start-up, with the server and the directive that named them.
    early: Vec<(Server, &'static str, Handler)>,
    /// Providers of authentication and authorization.
    pub providers: Vec<Arc<Provider>>,
    /// Wakes the keeper of this process.
    pub bell: Bell,
    /// The clones are there: nothing of the site changes any more.
    pub is_complete: bool,
}

/// Guards the list of stocks. Nothing of a script runs under it.
static SITE: Mutex<Option<Site>> = Mutex::new(None);

fn site() -> MutexGuard<'static, Option<Site>> {
    SITE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `f` with the site, which no script code may be run in.
pub fn with<R>(f: impl FnOnce(&mut Site) -> R) -> R {
    let _inside = Inside::new();
    f(site().get_or_insert_default())
}

/// Forgets everything: a new reading of the configuration begins.
pub fn begin() {
    let _inside = Inside::new();
    let old = site().replace(Site::default());
    drop(old);
    super::runtime::PUSHED.store(0, std::sync::atomic::Ordering::Relaxed);
}

/// The stocks there are now.
pub fn stocks() -> Vec<Arc<Stock>> {
    with(|site| site.stocks.clone())
}

/// Notes a handler that is to be resolved at start-up.
pub fn note_handler(s: Server, directive: &'static str, handler: Handler) {
    with(|site| {
        if !site.is_complete {
            site.early.push((s, directive, handler));
        }
    });
}

/// What is to be resolved at start-up: `+Name`, and under `PerlOptions +AutoLoad` all.
pub fn early_handlers() -> Vec<(Server, &'static str, Handler)> {
    with(|site| std::mem::take(&mut site.early))
}

/// Name of a server for messages.
pub fn name_of(s: &Server) -> String {
    if !s.is_virtual() {
        return "the main server".into();
    }
    let host = String::from_utf8_lossy(s.hostname().unwrap_or(b"?")).into_owned();
    format!("virtual host {host}:{}", s.port())
}

/// The module's `lib/`: `mod_interp/lib` beside the .so, else `lib` beside it.
///
/// # Errors
/// Text, if neither is there.
pub fn lib_dir() -> Result<&'static Path, String> {
    static LIB: OnceCell<PathBuf> = OnceCell::new();
    LIB.get_or_try_init(|| {
        let so = own_file().ok_or("the module's own file cannot be found")?;
        let dir = so.parent().unwrap_or(Path::new("/"));
        let places = [dir.join("mod_interp/lib"), dir.join("lib")];
        let found = places.iter().find(|p| p.join("mod_perl2.pm").is_file());
        found.cloned().ok_or_else(|| {
            format!("the module's Perl library is neither in {} nor in {}", places[0].display(), places[1].display())
        })
    })
    .map(PathBuf::as_path)
}

fn own_file() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let here = own_file as fn() -> Option<PathBuf>;
    // SAFETY: dladdr fills the record for an address of this library; its strings live as long as the library is mapped.
    unsafe {
        if libc::dladdr(here as *const libc::c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = apr::bytes_at(info.assume_init().dli_fname)?;
        std::fs::canonicalize(Path::new(std::ffi::OsStr::from_bytes(name))).ok()
    }
}

/// Builds a parent for this server and runs what waits for it: `PerlRequire` files, then `PerlModule` names.
///
/// # Errors
/// Directive, file and line of the configuration, and Perl's own message.
pub fn start_parent(s: &Server, conf: &ServerConf) -> Result<Arc<Stock>, String> {
    let is_main = !s.is_virtual();
    let argv0 = s.argv0().unwrap_or(b"httpd").to_vec();
    let env = env::at_start(conf);
    let env: Vec<(&[u8], &[u8])> = env.iter().map(|(n, v)| (&n[..], &v[..])).collect();
    let switches: Vec<&[u8]> = conf.switches.iter().map(|s| &**s).collect();
    let lib = lib_dir()?;
    let perl = Perl::start(&Start { argv0: &argv0, switches: &switches, lib: Some(lib), env: &env, main: is_main })
        .map_err(|e| {
            let words: Vec<_> = switches.iter().map(|s| String::from_utf8_lossy(s)).collect();
            format!("PerlSwitches: \"{}\" for {}: {e}", words.join(" "), name_of(s))
        })?;
    let stock = Stock::new(name_of(s).into(), Parent::new(perl));
    with(|site| site.stocks.push(stock.clone()));
    Ok(stock)
}

/// A stock of its own for a virtual host, of clones of another's parent.
pub fn share_parent(s: &Server, of: &Stock) -> Arc<Stock> {
    let stock = Stock::new(name_of(s).into(), of.parent.clone());
    with(|site| site.stocks.push(stock.clone()));
    stock
}

/// Runs the queues of a server in a stock's parent.
///
/// # Errors
/// As [`start_parent`].
pub fn run_queue(s: &Server, stock: &Arc<Stock>, conf: &ServerConf) -> Result<(), String> {
    for (directive, queue) in [("PerlRequire", &conf.requires), ("PerlModule", &conf.modules)] {
        for item in queue {
            load(s, stock, directive, item)?;
        }
    }
    check_inc(s, stock)
}

/// Loads one file or module in the parent of a stock.
///
/// # Errors
/// As [`start_parent`].
pub fn load(s: &Server, stock: &Arc<Stock>, directive: &str, item: &config::Queued) -> Result<(), String> {
    in_parent(About::Server(*s), None, stock, |entered| load_into(entered, directive, item))
}

/// Loads one file or module in this very interpreter: the line comes from code that runs in it.
///
/// # Errors
/// As [`start_parent`].
pub fn load_into(entered: &Entered<'_>, directive: &str, item: &config::Queued) -> Result<(), String> {
    let at = Place { file: &item.at.file, line: item.at.line };
    let done = match directive {
        "PerlModule" => entered.require_module(&item.name, Some(at)),
        _ => entered.require_file(&item.name, Some(at)),
    };
    done.map_err(|raised| format!("{directive}: \"{}\" ({}): {raised}", String::from_utf8_lossy(&item.name), item.at))
}

/// Runs code that stands in the configuration, in a package of its own.
///
/// # Errors
/// Perl's own message, whose line is that of the configuration.
pub fn run(s: &Server, stock: &Arc<Stock>, item: &config::Queued) -> Result<(), String> {
    let at = Place { file: &item.at.file, line: item.at.line };
    let file: String = item.at.file.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let package = format!("package Apache2::ReadConfig::{file}::line_{}; ", item.at.line);
    let code = [package.as_bytes(), &item.name].concat();
    let done = in_parent(About::Server(*s), None, stock, |entered| {
        entered.require_module(b"Apache2::PerlSections", None)?;
        entered.run(&code, Some(at))
    });
    done.map(|_| ()).map_err(|raised| format!("Perl: {raised}"))
}

/// Nobody else's copy of our own modules may be loaded: its XS would read our records through mod_perl's layout.
fn check_inc(s: &Server, stock: &Arc<Stock>) -> Result<(), String> {
    let lib = lib_dir()?;
    match in_parent(About::Server(*s), None, stock, |entered| entered.foreign_modules(lib)).first() {
        Some((module, theirs)) => Err(format!(
            "{theirs} was loaded in place of {}: another mod_perl's modules cannot run in this one",
            lib.join(module).display()
        )),
        None => Ok(()),
    }
}

/// Ends the interpreters of this process, END blocks first. `with_end` is false where none may run: under `httpd -t`.
pub fn end(with_end: bool) {
    let Some(site) = with_old() else { return };
    for stock in site.stocks.iter().rev() {
        if let Some(tipool) = stock.tipool() {
            tipool.close(Late::Abandon);
        }
        if with_end {
            for text in stock.parent.run(Perl::end) {
                super::report::warn(&format!("END: {}", String::from_utf8_lossy(&text).trim_end()));
            }
        } else {
            std::mem::forget(stock.parent.clone());
        }
    }
}

fn with_old() -> Option<Site> {
    let _inside = Inside::new();
    site().take()
}
