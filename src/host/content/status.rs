//! `SetHandler interp-status`: how many interpreters there are, as JSON; and, to those who know the secret, changes of that by POST.
//!
//! No interpreter is needed and no code of anybody's runs, so that it answers when all interpreters are busy.

use std::ffi::c_int;
use std::fmt::Write as _;

use apr::Reenter;
use config::ContentRow;
use httpd::Request;
use httpd::log::Level;
use httpd::status::OK;

use super::super::lang::Lang;
use super::super::languages::languages;
use super::super::lease::Stock;
use super::super::scale::{self, Change, Fixed, Scaled};
use super::super::{report, site, token};
use super::end_walk;
use super::file::chosen_in_vain;

/// A form is short.
const MOST: u64 = 8192;

/// An answer: a status, and its text.
struct Answer(c_int, String);

/// Answers a request.
pub fn answer(lang: Lang, row: &ContentRow, r: &Request) -> c_int {
    languages().for_each(|lang| end_walk(lang, r));
    if let Some(status) = chosen_in_vain(lang, row, r) {
        return status;
    }
    // SAFETY: nothing that a script could take away is lent here.
    let cx = unsafe { Reenter::assume() };
    r.headers_out().set(b"Cache-Control", b"no-store");
    let (kind, Answer(status, text)) = match r.method() {
        Some(b"GET" | b"HEAD") => ("application/json", Answer(200, figures())),
        Some(b"POST") => ("text/plain; charset=utf-8", told(lang, r, cx)),
        _ => {
            r.err_headers_out().set(b"Allow", b"GET, HEAD, POST");
            return 405;
        }
    };
    r.set_status(status);
    r.set_content_type(Some(kind.as_bytes()));
    if !r.is_header_only() {
        // A client that has gone away needs no answer.
        let _ = r.write(text.as_bytes(), cx);
    }
    OK
}

/// Does what a form says.
fn told(lang: Lang, r: &Request, cx: Reenter) -> Answer {
    let body = match r.read_all(MOST, cx) {
        Ok(body) => body,
        Err(why) => return Answer(400, format!("{why}\n")),
    };
    let field = |name: &str| field(&body, name);
    let text = |name: &str| String::from_utf8_lossy(&field(name).unwrap_or_default()).into_owned();
    match token::is_known(&field("token").unwrap_or_default()) {
        Some(true) => {}
        Some(false) => {
            report::request(lang, r, Level::Warn, "interp-status: a POST with a wrong token");
            return Answer(403, "the token is not the server's\n".into());
        }
        None => {
            return Answer(
                403,
                "nothing can be changed: the server has no PerlInterpTokenFile or LuaInterpTokenFile\n".into(),
            );
        }
    }
    match &*text("action") {
        "scale" => scale(lang, r, &text("class"), &field("n").unwrap_or_default(), text("keep") == "1"),
        other => Answer(400, format!("action: \"{other}\" is not known: scale is\n")),
    }
}

fn scale(lang: Lang, r: &Request, class: &str, n: &[u8], keep: bool) -> Answer {
    let Some(change) = Change::parse(n) else {
        return Answer(400, format!("n: \"{}\" is neither a number nor +N nor -N\n", String::from_utf8_lossy(n)));
    };
    let Scaled { of, before, wanted, now } = match scale::scale(class, change, keep) {
        Ok(scaled) => scaled,
        Err(Fixed::NoClass) => return Answer(404, format!("class: \"{class}\" is no class of any server\n")),
        Err(Fixed::Several(all)) => {
            return Answer(409, format!("class: \"{class}\" is a class of several servers: {}\n", all.join("; ")));
        }
        Err(Fixed::NoTotal(of)) => {
            return Answer(
                409,
                format!(
                    "{of}: its number is one of each process; \"PerlClassInterpreters N total\" is one that can be changed\n"
                ),
            );
        }
    };
    let kept = if keep { ", also after graceful restarts" } else { "" };
    let plural = if now == 1 { "" } else { "s" };
    let mut text = format!("{of}: {now} interpreter{plural} in all processes, {before} before{kept}");
    report::request(lang, r, Level::Notice, &text);
    text.push('\n');
    if i64::from(now) != wanted {
        let warning = format!("{of}: {wanted} cannot be: it stops at {now}");
        report::request(lang, r, Level::Warn, &warning);
        let _ = writeln!(text, "warning: {warning}");
    }
    Answer(200, text)
}

/// The value of a field of a form; the first, if there are several.
fn field(body: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut fields = body.split(|byte| *byte == b'&').filter_map(|field| {
        let at = field.iter().position(|byte| *byte == b'=')?;
        Some((&field[..at], &field[at + 1..]))
    });
    fields.find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| unescaped(value))
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (*byte, behind) {
            (b'%', [high, low, behind @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                plain.push(digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0));
                rest = behind;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
    }
    plain
}

/// The numbers, as JSON: of all processes where there is such a number, else of this one.
fn figures() -> String {
    let stocks: Vec<_> = languages().flat_map(site::stocks).map(|stock| of_stock(&stock)).collect();
    format!(
        "{{\"version\":{},\"pid\":{},\"stocks\":[{}]}}\n",
        quoted(env!("CARGO_PKG_VERSION")),
        std::process::id(),
        stocks.join(",")
    )
}

fn of_stock(stock: &Stock) -> String {
    let class = stock.class.as_deref().map_or("null".to_owned(), quoted);
    let total = stock.total().map_or("null".to_owned(), |number| number.to_string());
    let here = stock.tipool().map_or("null".to_owned(), |tipool| {
        let now = tipool.stats();
        format!(
            "{{\"interpreters\":{},\"idle\":{},\"lent\":{},\"waiting\":{},\"leases\":{}}}",
            now.size, now.idle, now.lent, now.waiting, now.checkouts
        )
    });
    format!(
        "{{\"language\":{},\"name\":{},\"class\":{class},\"total\":{total},\"here\":{here}}}",
        quoted(stock.lang.name()),
        quoted(&stock.server)
    )
}

/// A string of JSON's.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Writing to a String does not fail.
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_fields_and_json_has_strings() {
        let body = b"action=scale&class=a%20b&n=%2B2&n=9&token=x%zz+y&lost";
        let of = |name| field(body, name).map(|value| String::from_utf8_lossy(&value).into_owned());
        assert_eq!([of("action"), of("class"), of("n")], [Some("scale".into()), Some("a b".into()), Some("+2".into())]);
        assert_eq!([of("token"), of("lost"), of("")], [Some("x%zz y".into()), None, None]);
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
