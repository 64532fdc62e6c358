//! `PerlClassLog`, `LuaClassLog`: the log of a class, or of a server's own interpreters, in place of the server's `ErrorLog`.

use std::sync::Arc;

use config::ClassLog;
use httpd::error_log::{self, Elsewhere, LogFile, StandIn};
use httpd::server::MainState;
use httpd::{ModuleRecord, Request, Server};

use super::about::About;
use super::lang::Lang;
use super::languages::languages;
use super::lease::Frame;
use super::server::{Class, ServerRecord, class_of, stock_of};
use super::start_error::StartError;

/// Opens the logs of all servers and classes, as root. Files are opened in the trial pass over the configuration, too, so that whoever starts
/// the server is told of one that cannot be; programs are started once.
///
/// # Errors
/// A log cannot be opened.
pub fn open_all(lang: Lang, main: &Server) -> Result<(), StartError> {
    let is_trial = httpd::server::main_state() != MainState::CreateConfig;
    let mut open: Vec<(&[u8], LogFile)> = Vec::new();
    let records = || main.chain().filter_map(|s| Some((s, ServerRecord::find(lang, s)?)));
    for (s, record) in records() {
        let own = record.own_classes();
        for (record, class) in std::iter::once((record, None)).chain(own.map(|class| (&class.record, Some(class)))) {
            let Some(log) = record.conf.log.as_ref() else { continue };
            if is_trial && error_log::is_program(&log.path) {
                continue;
            }
            let file = match open.iter().find(|(path, _)| *path == &*log.path) {
                Some((_, file)) => *file,
                None => open_one(lang, main, log)?,
            };
            open.push((&log.path, file));
            let stand_ins = match class {
                None => vec![StandIn::new(s, file)],
                Some(class) => {
                    let sees = |other: &&Arc<Class>| Arc::ptr_eq(other, class);
                    let servers = records().filter(|(_, record)| record.classes().iter().any(|other| sees(&other)));
                    servers.map(|(s, _)| StandIn::new(s, file)).collect()
                }
            };
            record.log_to(stand_ins);
            error_log::ask(find);
        }
    }
    Ok(())
}

fn open_one(lang: Lang, main: &Server, log: &Arc<ClassLog>) -> Result<LogFile, StartError> {
    LogFile::open(main.pconf(), &log.path).map_err(|why| StartError::Log {
        language: lang.facts.tongue,
        log: log.clone(),
        why,
    })
}

/// Where a line goes that one of our modules writes: a line about a request by the class of the request; another one by that of the request whose code
/// runs on this thread.
fn find(module: &ModuleRecord, r: Option<&Request>, s: &Server) -> Option<Elsewhere> {
    if let Some(r) = r {
        let lang = languages().find(|lang| std::ptr::eq(lang.module(), module))?;
        return of_request(lang, r, s);
    }
    let of_frame = |frame: &Frame<'_>| match frame.about {
        About::Request(r) => of_request(frame.stock.lang, r, s),
        About::Connection(_) | About::Server(_) => None,
    };
    Frame::find(|frame| Some(of_frame(frame))).flatten()
}

fn of_request(lang: Lang, r: &Request, s: &Server) -> Option<Elsewhere> {
    let home = ServerRecord::of_request(lang, r)?.home(lang, r);
    let to = *home.stand_ins().iter().find(|to| to.is_for(s))?;
    let before = if to.has_format() { String::new() } else { named(home, r) };
    Some(Elsewhere { to, before })
}

/// What httpd's own form of a line lacks: class and number of the interpreter, and the script.
fn named(home: &ServerRecord, r: &Request) -> String {
    let interp = match r.notes().get(b"interp") {
        Some(interp) => String::from_utf8_lossy(interp).into_owned(),
        None => {
            let class = stock_of(home).map_or(config::SERVERS_OWN, |stock| class_of(stock));
            format!("{class}/-")
        }
    };
    let script = r.filename().or(r.uri()).unwrap_or_default();
    format!("[{interp}] [{}] ", String::from_utf8_lossy(script))
}
