//! Lines of the error log about classic mistakes: they say what was probably meant, and what to write instead. They are made only
//! at the start, and where an answer has failed already, so they cost a good request nothing.

use std::collections::HashSet;
use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

use config::{ContentRow, Form, Handler, Heeds, Phase, Run};
use httpd::log::Level;
use httpd::status::{AP_FILTER_ERROR, DECLINED, DONE, HTTP_NOT_FOUND, OK, is_error};
use httpd::{Node, Request, Server, skipped};
use interp::{Inside, Outcome};

use super::about::About;
use super::lang::Lang;
use super::own_dir::own_dir;
use super::request::RequestState;
use super::step::Step;
use super::{configured, report};

/// Explains httpd's own line that a module was loaded already. Each language's module logs this for itself, and for the other
/// language's where that one is not of this library.
pub fn skipped_modules(lang: Lang) {
    for (language, record) in lang.facts.library {
        // The module that usually has this name: mod_perl, mod_lua.
        let name = language.name().to_lowercase();
        let theirs = format!("mod_{name}");
        let is_own = std::ptr::eq(*record, lang.module());
        if !skipped::was_skipped(format!("{name}_module").as_bytes()) || !(is_own || record.has_namesake()) {
            continue;
        }
        let so = own_dir().map_or_else(String::new, |dir| format!(" ({})", dir.join("mod_interp.so").display()));
        let text = if is_own {
            format!(
                "LoadModule: {name}_module is mod_interp{so} already: another LoadModule line for {name}_module was skipped; if \
                 it is {theirs}'s, remove it (Debian: a2dismod {name})"
            )
        } else {
            format!(
                "LoadModule: {name}_module was loaded from another library before mod_interp's line for it, which was skipped: \
                 if {theirs} is not what shall run, remove its line (Debian: a2dismod {name})"
            )
        };
        report::server(lang, None, Level::Warn, &text);
    }
}

/// Statuses of success that a handler sets and does not return: to httpd they are results other than OK, and it sends its page about
/// an internal error, behind what the handler has printed.
const SENT_AS_ERRORS: std::ops::RangeInclusive<c_int> = 200..=203;

/// Whether httpd knows what to do with a handler's result.
fn is_status(n: c_int) -> bool {
    matches!(n, OK | DECLINED | DONE | AP_FILTER_ERROR) || (100..=599).contains(&n)
}

/// Whether a handler's result has an effect that is not told elsewhere.
fn is_of_effect(phase: Phase) -> bool {
    !matches!(phase.row().run, Run::Void | Run::Files | Run::Stream) && phase.row().heeds != Heeds::Nothing
}

/// Logs that a handler returned something that is neither OK nor DECLINED, or is no number; `number` is what it counts as.
#[cold]
pub fn result(lang: Lang, about: &About, phase: Phase, step: &Step, outcome: &Outcome, number: c_int) {
    let what = if !outcome.is_number && outcome.truth {
        let meaning = if number == OK { "counts as OK" } else { "refuses the request" };
        Some(format!("returned no number, which {meaning}: {}", lang.facts.words.results))
    } else {
        wrong_number(lang, phase, outcome, number)
    };
    let Some(what) = what.filter(|_| is_of_effect(phase)) else { return };
    let text = format!("{}: {what}", report::name(lang.phase_name(phase), step));
    report::line(lang, Some(about), Level::Warn, text.as_bytes());
}

/// As [`result`], for a script that is no handler of a phase; `step` names it.
#[cold]
pub fn script_result(lang: Lang, r: &Request, phase: Phase, step: &str, outcome: &Outcome, number: c_int) {
    if let Some(what) = wrong_number(lang, phase, outcome, number).filter(|_| is_of_effect(phase)) {
        report::request(lang, r, Level::Warn, &format!("{step}: {what}"));
    }
}

/// Logs that a filter's handler returned a status about which the client gets no page.
#[cold]
pub fn filter_result(lang: Lang, about: &About, phase: Phase, step: &Step, status: c_int) {
    let effect = match (about, phase) {
        (About::Request(_), Phase::InputFilter) => "nothing of the body is read any more",
        (About::Request(_), _) => "the answer breaks off",
        _ => "the connection breaks off",
    };
    let what = match is_error(status) {
        true => effect.to_owned(),
        false => format!("{effect}, since this is no result of a filter: {}", lang.facts.words.results),
    };
    let text = format!("{}: returned {status}: {what}", report::name(lang.phase_name(phase), step));
    report::line(lang, Some(about), Level::Error, text.as_bytes());
}

/// Logs that a line asks for a filter of httpd's that there is not: at the start, or once per process if the line is read later.
#[cold]
pub fn unknown_filter(lang: Lang, about: &About, directive: &str, handler: &Handler) {
    let name = report::named(directive, handler);
    let text = format!("{name}: no module has a filter of this name: data passes without it");
    let is_new = is_first(name);
    let level = match about {
        About::Server(_) => Level::Warn,
        _ if is_new => Level::Error,
        _ => return,
    };
    about.log(lang, level, text.as_bytes());
}

/// Logs that a line of a section, or of a `.htaccess` file, names a filter that is made for connections: as [`unknown_filter`].
#[cold]
pub fn not_of_a_section(lang: Lang, about: &About, directive: &str, handler: &Handler) {
    let name = report::named(directive, handler);
    let text = format!(
        "{name}: not called, since it has the attribute FilterConnectionHandler, and a connection begins before the section of a \
         request is known: write the line outside of sections, or the attribute FilterRequestHandler"
    );
    if is_first(name) || matches!(about, About::Server(_)) {
        about.log(lang, Level::Warn, text.as_bytes());
    }
}

/// What is wrong with a number that was returned, and what to write.
fn wrong_number(lang: Lang, phase: Phase, outcome: &Outcome, number: c_int) -> Option<String> {
    if !outcome.is_number {
        return None;
    }
    let words = lang.facts.words.results;
    let is_whole = i64::from(number) == outcome.number;
    if outcome.is_wild && is_whole {
        return Some(format!("returned a number that no status has, which counts as {number}: {words}"));
    }
    if !is_whole || !is_status(number) {
        return Some(format!("returned {}, which is no status: {words}", outcome.number));
    }
    if phase.row().heeds == Heeds::OnlyDeclined {
        return Some(format!("returned {number}, which counts as OK in this phase: the user is asked for"));
    }
    if !phase.row().is_heeded(number) {
        return Some(format!(
            "returned {number}, which httpd does not heed before the URI is translated: a redirect belongs to {}",
            lang.phase_name(Phase::Trans)
        ));
    }
    SENT_AS_ERRORS.contains(&number).then(|| {
        format!("returned {number}, for which httpd sends a page about an error: {}", lang.facts.words.success)
    })
}

/// Logs that a response handler returned OK and sent nothing, but printed to the STDOUT of the process.
#[cold]
pub fn printed_astray(lang: Lang, r: &Request, step: &str) {
    let text = format!(
        "{step}: sent nothing, but printed to STDOUT, which is the server's own here: write {}",
        lang.facts.words.printing
    );
    report::request(lang, r, Level::Warn, &text);
}

/// Logs why a request that was not found did not come to a response handler: the configuration has handlers for it and no SetHandler
/// leads to them, or SetHandler asks for handlers and there are none. Logged once per line of the configuration and process.
#[cold]
pub fn unreached(lang: Lang, r: &Request) {
    if r.status() != HTTP_NOT_FOUND {
        return;
    }
    let forms = forms(lang);
    let ours = |name: &[u8]| forms.iter().find(|form| form.as_bytes().eq_ignore_ascii_case(name));
    let written = r.set_handler_value();
    let handlers = configured::written(lang, Phase::Response, r);
    let uri = String::from_utf8_lossy(r.uri().unwrap_or_default());
    let (key, text) = match (r.handler().and_then(ours).or(written.and_then(ours)), handlers.first()) {
        (Some(_), Some(_)) | (None, None) => return,
        (Some(form), None) => {
            if RequestState::find(lang, r).is_some_and(|state| state.is_changed(Phase::Response)) {
                return;
            }
            let place = lang.dir(r).and_then(|dir| dir.location.as_deref()).unwrap_or_default();
            let directive = lang.phase_name(Phase::Response);
            let text = format!("SetHandler {form}: there is no handler to ask for {uri}: add a {directive} line");
            (format!("SetHandler {form} {}", String::from_utf8_lossy(place)), text)
        }
        (None, Some(handler)) => {
            let name = report::name_of(lang, Phase::Response, handler);
            let here = match written.or(r.handler()) {
                Some(other) => format!("SetHandler says \"{}\" here", String::from_utf8_lossy(other)),
                None => "there is no SetHandler here".to_owned(),
            };
            let text = format!("{name}: not asked for {uri}, since {here}: add SetHandler {}", forms.join(" or "));
            (name, text)
        }
    };
    if is_first(key) {
        report::request(lang, r, Level::Info, &text);
    }
}

/// Whether this process has not said this yet.
fn is_first(key: String) -> bool {
    static SAID: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let _inside = Inside::new();
    SAID.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(key)
}

/// The values of `SetHandler` that lead to a language's response handlers.
fn forms(lang: Lang) -> Vec<&'static str> {
    let rows = config::content_handlers(lang.facts.tongue).filter(|row| row.form == Form::Handlers);
    rows.map(ContentRow::written).collect()
}

/// Looks for `SetHandler` and `AddHandler` lines whose handler is nobody's but looks like one of ours.
pub fn misspelt_handlers(lang: Lang) {
    let tell = &mut |node: &Node| {
        if !node.name().eq_ignore_ascii_case(b"SetHandler") && !node.name().eq_ignore_ascii_case(b"AddHandler") {
            return;
        }
        let word = node.arguments().split(u8::is_ascii_whitespace).find(|word| !word.is_empty()).unwrap_or_default();
        let written = String::from_utf8_lossy(word).trim_matches(['"', '\'']).to_owned();
        let words = &lang.facts.words;
        if forms(lang).iter().any(|form| form.eq_ignore_ascii_case(&written)) {
            return;
        }
        let is_right =
            |meant: &str| meant.split([' ', ',']).next().is_some_and(|form| form.eq_ignore_ascii_case(&written));
        if words.misspelt.iter().any(|(_, meant)| is_right(meant)) {
            return;
        }
        let plain = letters(&written);
        let Some((_, meant)) = words.misspelt.iter().find(|(wrong, _)| is_near(&plain, wrong)) else { return };
        let text = format!(
            "{} {written} ({}:{}): no module has a handler of this name: write {meant}",
            String::from_utf8_lossy(node.name()),
            String::from_utf8_lossy(node.file()),
            node.line()
        );
        report::server(lang, None, Level::Warn, &text);
    };
    Server::with_main(|main| Node::walk(Node::first(main), tell));
}

/// `Mod-Perl` and `mod_perl` are the same mistake.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether two names differ by at most one letter; short names must be equal.
fn is_near(a: &str, b: &str) -> bool {
    a == b || (b.len() > 5 && differs_by_one(a, b))
}

/// Whether two names differ by one letter, which is added, missing, another one, or swapped with its neighbour.
pub fn differs_by_one(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (x, y) = (&a[same..], &b[same..]);
    let rest = |s: &[u8], n: usize| s.get(n..).map(<[u8]>::to_vec);
    let swapped = matches!((x, y), ([p, q, ..], [s, t, ..]) if p == t && q == s) && rest(x, 2) == rest(y, 2);
    swapped
        || (rest(x, 1).is_some() && rest(x, 1) == rest(y, 1))
        || rest(x, 1).as_deref() == Some(y)
        || rest(y, 1).as_deref() == Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_one_letter_wrong_is_near_and_another_module_s_is_not() {
        for near in ["modperl", "modprel", "modpel", "modperll", "nodperl"] {
            assert!(is_near(near, "modperl"), "{near}");
        }
        for far in ["modphp", "modper", "mod", "", "cgiscript"].into_iter().filter(|far| *far != "modper") {
            assert!(!is_near(far, "modperl"), "{far}");
        }
        assert!(is_near("lua", "lua") && !is_near("la", "lua"));
        assert_eq!(letters("Mod-Perl_2"), "modperl2");
    }
}
