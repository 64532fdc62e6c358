//! What the page of mod_status says of a language's interpreters.

use std::fmt::Write as _;

use apr::Reenter;
use figures::{FAMILIES, Family, Kind};
use httpd::Request;

use super::counting::{self, Of};
use super::html::escaped;
use super::lang::Lang;

/// Adds to the page.
pub fn tell(lang: Lang, r: &Request, is_short: bool) {
    let text = if is_short { short(lang) } else { page(lang) };
    // SAFETY: nothing that a script could take away is lent here.
    let cx = unsafe { Reenter::assume() };
    // A client that has gone away needs no answer.
    let _ = r.write(text.as_bytes(), cx);
}

/// Lines for programs, `PerlRequests: 12`: the sums over all interpreters of the language.
fn short(lang: Lang) -> String {
    let all: Vec<Of> = of(lang);
    let mut text = String::new();
    for family in plain() {
        for row in family.rows {
            let number: u64 = all.iter().filter_map(|of| of.sum.as_ref()).map(|sum| row.number(sum)).sum();
            // Writing to a String does not fail.
            let _ = writeln!(text, "{}{}{}: {number}", lang.name(), joined(family.name), joined(row.value));
        }
    }
    text
}

/// A table: a line for each server's or class's interpreters.
fn page(lang: Lang) -> String {
    let mut text = format!("<hr />\n<h2>{} interpreters</h2>\n<table border=\"0\"><tr><th>of</th>", lang.name());
    for family in plain() {
        for row in family.rows {
            let _ = write!(text, "<th>{}</th>", if row.value.is_empty() { family.title } else { row.value });
        }
    }
    text.push_str("</tr>\n");
    for of in of(lang) {
        let Some(sum) = of.sum else { continue };
        let _ = write!(text, "<tr><td>{}</td>", escaped(&of.stock.server));
        for row in plain().flat_map(|family| family.rows) {
            let _ = write!(text, "<td>{}</td>", row.number(&sum));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table>\n");
    text
}

fn of(lang: Lang) -> Vec<Of> {
    counting::all().into_iter().filter(|of| std::ptr::eq(of.stock.lang, lang)).collect()
}

/// The figures that are shown: those of a moment, and what requests met.
fn plain() -> impl Iterator<Item = &'static Family> {
    let met = ["requests", "errors", "refused"];
    FAMILIES.iter().filter(move |family| family.kind == Kind::Gauge || met.contains(&family.name))
}

/// `core_exit` as `CoreExit`.
fn joined(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_joined_as_those_of_mod_status() {
        assert_eq!([joined("requests"), joined("core_exit"), joined("")], ["Requests", "CoreExit", ""]);
    }
}
