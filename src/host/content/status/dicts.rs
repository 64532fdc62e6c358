//! What the status says of dictionaries.

use std::fmt::Write as _;

use figures::{label, quoted};

use super::super::super::dicts::{self, FIGURES, Figures, Row};
use super::super::super::html::escaped;

/// Text for Prometheus; nothing where there are no dictionaries.
pub fn prometheus() -> String {
    let all = dicts::figures();
    let mut text = String::new();
    for Row { metric, kind, help, of, .. } in FIGURES {
        let series: Vec<_> = all.iter().filter_map(|figures| Some((figures, of(figures)?))).collect();
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
        let numbers: String = of.named().map(|(name, number)| format!(",{}:{number}", quoted(name))).collect();
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
