//! Lines for the error log, and the message of an error in the request's notes.

use std::ffi::c_int;

use config::{Handler, Phase, Where};
use figures::Figure;
use httpd::log::{self, Entry, Level};
use httpd::{Connection, Request, Server};
use interp::Raised;

use super::about::About;
use super::lang::Lang;
use super::server::choose;
use super::step::Step;

fn entry(lang: Lang, level: Level) -> Entry<'static> {
    Entry::new(level, lang.module())
}

/// Logs a line about a request.
pub fn request(lang: Lang, r: &Request, level: Level, text: &str) {
    log::request(r, entry(lang, level), text.as_bytes());
}

/// Logs a line about a connection.
pub fn connection(lang: Lang, c: &Connection, level: Level, text: &str) {
    log::connection(c, entry(lang, level), text.as_bytes());
}

/// Logs a line about a server; about the main one if none is given.
pub fn server(lang: Lang, s: Option<&Server>, level: Level, text: &str) {
    log::server(s, entry(lang, level), text.as_bytes());
}

/// Logs a line at level warn for which no server is known, as from the keeper.
pub fn warn(lang: Lang, text: &str) {
    server(lang, None, Level::Warn, text);
}

impl About<'_> {
    /// Logs a line about it.
    pub fn log(&self, lang: Lang, level: Level, text: &[u8]) {
        match self {
            About::Request(r) => log::request(r, entry(lang, level), text),
            About::Connection(c) => log::connection(c, entry(lang, level), text),
            About::Server(s) => log::server(Some(s), entry(lang, level), text),
        }
    }
}

/// Logs a line that a script writes; about the main server if nothing else is known. httpd would write a tab as two characters.
pub fn line(lang: Lang, of: Option<&About>, level: Level, text: &[u8]) {
    let text = text.trim_ascii_end();
    if text.is_empty() {
        return;
    }
    let spaced: Vec<u8>;
    let text = if text.contains(&b'\t') {
        spaced = text.split(|b| *b == b'\t').collect::<Vec<_>>().join(&b"  "[..]);
        &spaced
    } else {
        text
    };
    match of {
        Some(of) => of.log(lang, level, text),
        None => log::server(None, entry(lang, level), text),
    }
}

/// The name of a handler for a message, with the line that configured it.
pub fn name(directive: &str, step: &Step) -> String {
    match step {
        Step::Named(handler) => named(directive, handler),
        Step::Code(_) => format!("{directive}, pushed code"),
    }
}

/// The name of what a line names, for a message, with how that line begins: by this directive, unless the handler knows better. What the
/// server itself puts there for a line has no name that anybody has written.
pub fn named(directive: &str, handler: &Handler) -> String {
    match handler.by {
        Some(line) if handler.at.file.is_empty() => line.to_owned(),
        by => placed(by.unwrap_or(directive), &handler.name, &handler.at),
    }
}

/// A directive, the name that it gives or uses, and its line.
pub fn placed(directive: &str, name: &[u8], at: &Where) -> String {
    let name = String::from_utf8_lossy(name);
    if at.file.is_empty() { format!("{directive} {name}") } else { format!("{directive} {name}, {at}") }
}

/// As [`name`], for a handler that the configuration names for a phase.
pub fn name_of(lang: Lang, phase: Phase, handler: &Handler) -> String {
    named(lang.phase_name(phase), handler)
}

/// Counts what a call failed of.
fn count(lang: Lang, about: &About, raised: &Raised) {
    let figure = match raised {
        Raised::Died(_) => Figure::Died,
        Raised::Unresolved(_) => Figure::NotFound,
        Raised::CoreExit(_) => Figure::CoreExit,
        Raised::Exit(_) => return,
    };
    if let Some(stock) = choose(lang, about) {
        stock.count(figure);
    }
}

/// Logs the message of a handler that died, under this directive. If the language wants that, as mod_perl does, the message is also
/// put into the request's notes under `error-notes`.
pub fn raised(lang: Lang, of: &About, directive: &str, step: &Step, raised: &Raised) {
    count(lang, of, raised);
    let text: &[u8] = match raised {
        Raised::Died(text) | Raised::Unresolved(text) => text,
        Raised::Exit(_) | Raised::CoreExit(_) => &[],
    };
    if let About::Request(r) = of
        && lang.facts.notes_errors
    {
        r.notes().merge(b"error-notes", text);
    }
    let line = if text.is_empty() { raised.to_string().into_bytes() } else { text.to_vec() };
    let prefix = match (raised, step) {
        (Raised::Unresolved(_), Step::Named(handler)) => {
            format!("failed to resolve handler '{}': ", handler.display_name())
        }
        _ => String::new(),
    };
    let said = [prefix.as_bytes(), &line].concat();
    let handler = match (raised, step) {
        (Raised::Unresolved(_), Step::Named(handler)) => Some(&*handler.name),
        _ => None,
    };
    let what = match lang.explain(&said, handler) {
        Some(hint) => format!("{}; {hint}", name(directive, step)),
        None => name(directive, step),
    };
    message(lang, of, &said, &what);
}

/// Logs a script's message, with `what` in brackets behind it. Further lines of the message, such as a traceback, become lines of the
/// log of their own if the language wants that.
fn message(lang: Lang, of: &About, text: &[u8], what: &str) {
    let end = text.iter().position(|b| *b == b'\n').filter(|_| lang.facts.splits_messages).unwrap_or(text.len());
    let (first, more) = text.split_at(end);
    of.log(lang, Level::Error, &[first, format!(" ({what})").as_bytes()].concat());
    for line in String::from_utf8_lossy(more).lines().filter(|line| !line.trim().is_empty()) {
        of.log(lang, Level::Error, line.trim_end().replace('\t', "  ").as_bytes());
    }
}

/// Logs that a handler of the server's start returned something else than OK.
pub fn not_ok(lang: Lang, of: &About, phase: Phase, step: &Step, status: c_int) {
    let text = format!(
        "{}: returned {status}: the server starts only if this handler returns OK (0)",
        name(lang.phase_name(phase), step)
    );
    of.log(lang, Level::Error, text.as_bytes());
}

/// Logs that a handler of the life of the server or of a process called the language's `exit`.
pub fn left(lang: Lang, of: &About, phase: Phase, step: &Step, status: i32) {
    let text = format!(
        "{}: called exit({status}), which ends the handler and not the process: all goes on as if it had returned OK (0)",
        name(lang.phase_name(phase), step)
    );
    of.log(lang, Level::Warn, text.as_bytes());
}

/// Logs what a script raised that is no handler of a phase; `what` names it.
pub fn script(lang: Lang, r: &Request, what: &str, raised: &Raised) {
    count(lang, &About::Request(r), raised);
    let said = raised.to_string();
    let hint = lang.explain(said.as_bytes(), None).map_or_else(String::new, |hint| format!("; {hint}"));
    message(lang, &About::Request(r), said.as_bytes(), &format!("{what}{hint}"));
}
