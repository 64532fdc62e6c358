//! What the status says of dictionaries.

use std::fmt::Write as _;

use figures::{label, quoted};

use super::super::super::dicts::{self, Figures};
use super::super::super::html::escaped;

/// A figure of a dictionary: its name there and for Prometheus, how it changes, and what it says.
struct Row(&'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    Row("entries", "entries", "gauge", "Entries of a dictionary, locks included."),
    Row("bytes", "bytes", "gauge", "Bytes that its entries take."),
    Row("capacity", "capacity_bytes", "gauge", "Bytes that its entries may take."),
    Row(
        "evictions",
        "evictions_total",
        "counter",
        "Entries that were dropped to make room before their time was over.",
    ),
    Row("expired", "expired_total", "counter", "Entries that were dropped because their time was over."),
    Row("hits", "hits_total", "counter", "Questions to which there was an answer."),
    Row("misses", "misses_total", "counter", "Questions to which there was none."),
    Row("errors", "errors_total", "counter", "Questions that failed."),
];

fn number(of: &Figures, name: &str) -> Option<u64> {
    of.named().into_iter().find_map(|(named, number)| (named == name).then_some(number))
}

/// Text for Prometheus; nothing where there are no dictionaries.
pub fn prometheus() -> String {
    let all = dicts::figures();
    let mut text = String::new();
    for Row(name, metric, kind, help) in ROWS {
        let series: Vec<_> = all.iter().filter_map(|of| Some((of, number(of, name)?))).collect();
        if series.is_empty() {
            continue;
        }
        let metric = format!("mod_interp_dict_{metric}");
        // Writing to a String does not fail.
        let _ = write!(text, "# HELP {metric} {help}\n# TYPE {metric} {kind}\n");
        for (of, number) in series {
            let _ = writeln!(text, "{metric}{{{}}} {number}", label("dict", &of.name));
        }
    }
    text
}

/// A list of JSON's.
pub fn json() -> String {
    let of = |of: &Figures| {
        let numbers: String = of.named().iter().map(|(name, number)| format!(",{}:{number}", quoted(name))).collect();
        format!("{{\"name\":{}{numbers}}}", quoted(&of.name))
    };
    format!("[{}]", dicts::figures().iter().map(of).collect::<Vec<_>>().join(","))
}

/// A part of the page; nothing where there are no dictionaries.
pub fn page() -> String {
    let all = dicts::figures();
    if all.is_empty() {
        return String::new();
    }
    let mut page = String::from("<section><h2>Dictionaries</h2><table class=\"figures\">\n");
    for of in all {
        let _ = write!(page, "<tr><th scope=\"row\">{}</th><td>", escaped(&of.name));
        for (name, number) in of.named() {
            let _ = write!(page, "<span>{name} <b>{number}</b></span> ");
        }
        page.push_str("</td></tr>\n");
    }
    page.push_str("</table></section>\n");
    page
}
