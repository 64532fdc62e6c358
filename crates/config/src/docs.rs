//! Prints `docs/directives.md` from the tables.

use std::fmt::Write;

use crate::directives::{Contexts, DIRECTIVES, Directive};
use crate::options::{DIR_OPTIONS, OptionRow, SERVER_OPTIONS};
use crate::phases::{PHASES, Run, Scope};

/// The text of `docs/directives.md`.
#[must_use]
pub fn directives_md() -> String {
    let mut out = String::from(
        "<!-- Printed from the tables in crates/config by `make tables`. Do not edit. -->\n\n\
         # Directives\n\n\
         What may be written in httpd's configuration. The names, and what they do, are those of mod_perl 2; those of mod_perl 1 \
         that mod_perl 2 knows are there as well. New are `PerlInterpMaxWait`, `PerlInterpMaxQueue`, `PerlInterpMaxAge`, \
         `PerlInterpScope` and `PerlInterpTrim`, and the options `ConfigTest` and `Htaccess`.\n\n\
         A handler is named as `My::Module`, `My::Module->method`, `My::Module::function`, `$My::Module::object->method` \
         or `'sub { ... }'`. A `+` before the name loads its module at start-up, a `-` exempts it from \
         `PerlOptions +Autoload`.\n\n\
         Directives that run code are refused in `.htaccess` unless the server's configuration says \
         `PerlOptions +Htaccess`.\n\n",
    );
    let mut rows: Vec<&Directive> = DIRECTIVES.iter().collect();
    rows.sort_by_key(|row| row.name);
    for row in rows {
        directive(&mut out, row);
    }
    out.push_str(
        "# Options\n\n`PerlOptions` takes these names, each with a `+` or a `-` before it.\n\n## Of a server\n\n",
    );
    options(&mut out, &SERVER_OPTIONS);
    switches(&mut out);
    out.push_str("## Of a directory\n\nAt server level they set the default of the directories.\n\n");
    options(&mut out, &DIR_OPTIONS);
    phases(&mut out);
    out
}

fn line(out: &mut String, name: &str, text: &str) {
    if !text.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- {name}: {text}");
    }
}

fn directive(out: &mut String, row: &Directive) {
    let _ = writeln!(out, "## {}\n\n    {} {}\n\n{}\n", row.name, row.name, row.syntax, text(row.doc));
    line(out, "Where", &text(&row.contexts.to_string()));
    line(out, "Default", row.default);
    line(out, "Scopes", &row.merge.to_string());
    if row.runs_code {
        let htaccess = row.contexts.has(Contexts::HTACCESS);
        line(out, "Runs code", if htaccess { "yes; in `.htaccess` only with `PerlOptions +Htaccess`" } else { "yes" });
    }
    if row.threads_only {
        line(out, "Threads", "of no effect unless the MPM serves with threads");
    }
    out.push('\n');
}

fn options(out: &mut String, rows: &[OptionRow]) {
    let mut rows: Vec<&OptionRow> = rows.iter().filter(|row| row.listed && row.phase.is_none()).collect();
    rows.sort_by_key(|row| row.name);
    out.push_str("| option | default | |\n|---|---|---|\n");
    for row in rows {
        let default = match row.default_text {
            "" if row.default => "on",
            "" => "off",
            text => text,
        };
        let alias = if row.alias.is_empty() { String::new() } else { format!(", `{}`", row.alias) };
        let ithreads = if row.needs_ithreads { " Needs a perl with ithreads." } else { "" };
        let _ = writeln!(out, "| `{}`{alias} | {default} | {}{ithreads} |", row.name, text(row.doc));
    }
    out.push('\n');
}

fn switches(out: &mut String) {
    out.push_str(
        "Besides, each phase has a switch, on by default; switched off, its directive is an error. It must stand before the \
         lines that it is to forbid.\n\n| option | allows |\n|---|---|\n",
    );
    for row in &SERVER_OPTIONS {
        if let Some(phase) = row.phase {
            let _ = writeln!(out, "| `{}` | `{}` |", row.name, phase.directive_name());
        }
    }
    out.push('\n');
}

fn phases(out: &mut String) {
    out.push_str("# Phases\n\nIn the order in which a server, a connection and a request meet them.\n\n");
    out.push_str("| directive | handlers are those of | a handler's return value | |\n|---|---|---|---|\n");
    for row in &PHASES {
        let Some(perl) = row.perl else { continue };
        let scope = match row.scope {
            Scope::Files | Scope::Process => "the main server",
            Scope::Connection => "the port's first server",
            Scope::Server => "the request's server",
            Scope::Directory => "the request's directory",
            Scope::Filter => "the request's directory, or the port's first server",
        };
        let run = match row.run {
            Run::All => "OK and DECLINED go on; anything else stops",
            Run::First => "OK stops; DECLINED goes on; anything else stops",
            Run::Void => "ignored",
            Run::Files => "must be OK",
            Run::Stream => "is that of the brigade's passing",
        };
        let later = if row.scope == Scope::Filter { " (not built yet)" } else { "" };
        let _ = writeln!(out, "| `{}`{later} | {scope} | {run} | {} |", perl.directive, text(row.doc));
    }
}

/// Markdown takes `<Directory>` for HTML, and `%ENV` and names read better as code.
fn text(doc: &str) -> String {
    doc.replace('<', "\\<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_listed_option_and_phase_is_printed() {
        let md = directives_md();
        for row in DIRECTIVES {
            assert!(md.contains(&format!("\n## {}\n", row.name)), "{}", row.name);
        }
        for row in SERVER_OPTIONS.iter().chain(&DIR_OPTIONS) {
            assert_eq!(md.contains(&format!("| `{}`", row.name)), row.listed, "{}", row.name);
        }
        for row in PHASES.iter().filter_map(|row| row.perl) {
            assert!(md.contains(&format!("| `{}`", row.directive)), "{}", row.directive);
        }
    }

    #[test]
    fn the_printed_file_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/directives.md");
        if let Ok(printed) = std::fs::read_to_string(path) {
            assert!(printed == directives_md(), "docs/directives.md is old: run `make tables`");
        }
    }
}
