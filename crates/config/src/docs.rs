//! Prints `docs/directives.md` from the tables.

use std::fmt::Write;

use crate::directive::Directive;
use crate::directives::{directive as find, directives};
use crate::hooks::{Heeds, Run, Scope};
use crate::options::{OptionRow, dir_options, server_options};
use crate::phases::{PHASES, PhaseRow};
use crate::vocabulary::{Args, Contexts, Language, Threadless, Unlike, When};

/// The text of `docs/directives.md`.
#[must_use]
pub fn directives_md() -> String {
    let mut out = String::from(
        "<!-- Printed from the tables in crates/config by `make tables`. Do not edit. -->\n\n\
         # Directives\n\n\
         Those of `perl_module`; those of `lua_module` are [further down](#directives-of-lua).\n\n\
         What may be written in httpd's configuration. The names, and what they do, are those of mod_perl 2; those of mod_perl 1 \
         that mod_perl 2 knows are there as well.\n\n",
    );
    let options_of_perl = || server_options(Language::Perl).chain(dir_options(Language::Perl));
    let ours = listed(directives(Language::Perl).iter().filter(|row| row.is_ours).map(|row| row.name));
    let our_options = listed(options_of_perl().filter(|row| row.is_ours && row.phase.is_none()).map(|row| row.name));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "mod_perl does not have these: {ours}; nor the options {our_options}.\n");
    out.push_str(
        "A handler is named as `My::Module`, `My::Module->method`, `My::Module::function`, `$My::Module::object->method` \
         or `'sub { ... }'`. A `+` before the name loads its module at start-up, a `-` exempts it from \
         `PerlOptions +AutoLoad`.\n\n\
         Directives that run code are refused in `.htaccess` unless the server's configuration says \
         `PerlOptions +Htaccess`.\n\n",
    );
    all_directives(&mut out, Language::Perl);
    out.push_str(
        "# Options\n\n`PerlOptions` takes these names, each with a `+` or a `-` before it.\n\n## Of a server\n\n",
    );
    options(&mut out, Language::Perl, server_options(Language::Perl));
    switches(&mut out);
    out.push_str("## Of a directory\n\nAt server level they set the default of the directories.\n\n");
    options(&mut out, Language::Perl, dir_options(Language::Perl));
    phases(&mut out);
    lua(&mut out);
    out
}

/// Names as code, with commas.
fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn lua(out: &mut String) {
    out.push_str(
        "\n# Directives of Lua\n\n\
         Those of mod_lua are here, with what its manual says besides: `LuaHookPreTranslate`, `LuaMapHandler` in \
         `<Directory>`, and blocks for all hooks; a block takes `early` or `late` in every phase, a line where mod_lua's does. `LuaOptions`, \
         `LuaInterp*`, `LuaModule`, `LuaRequire`, `LuaSetVar`, `LuaAddVar` and `Lua*Handler` are what Perl has under its \
         own name.\n\n\
         A handler is named as `module`, `module.function`, `file.lua:function`, or is written in place: \
         `function(r) ... end` takes the rest of its line. `a.b` is the module `a.b` if there is one, else the function `b` \
         of the module `a`; `a:b` leaves no doubt. Where no function is named it is `handle`. A `+` before the name loads it \
         at start-up, a `-` exempts it from `LuaOptions +AutoLoad`.\n\n\
         The script of a hook is a file or stands in the configuration, as a block of lines. Without the name of a function \
         the block itself is what runs, with the request in `r`; if it returns a function, that one is called.\n\n\
         Directives that run code are refused in `.htaccess` unless the server's configuration says \
         `LuaOptions +Htaccess`. In mod_lua they are not.\n\n",
    );
    all_directives(out, Language::Lua);
    out.push_str("# Options of Lua\n\n`LuaOptions` takes these names, each with a `+` or a `-` before it. ");
    out.push_str("Those of a server:\n\n");
    options(out, Language::Lua, server_options(Language::Lua));
    out.push_str("Those of a directory; at server level they set the default of the directories:\n\n");
    options(out, Language::Lua, dir_options(Language::Lua));
    hooks(out);
}

fn all_directives(out: &mut String, language: Language) {
    // A block with a head is the second form of the directive that has its name.
    let mut rows: Vec<&Directive> = directives(language).iter().filter(|row| row.args != Args::Headed).collect();
    rows.sort_by_key(|row| row.plain_name());
    for row in rows {
        directive(out, row);
    }
}

fn line(out: &mut String, name: &str, text: &str) {
    if !text.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "- {name}: {text}");
    }
}

fn directive(out: &mut String, row: &Directive) {
    let _ = match row.args {
        Args::Section => {
            let name = row.plain_name();
            writeln!(out, "## {name}\n\n    {} {}> lines </{name}>", row.name, row.syntax)
        }
        _ => writeln!(out, "## {}\n\n    {} {}", row.name, row.name, row.syntax),
    };
    if let Some(block) = find(format!("<{}", row.name).as_bytes()).filter(|block| block.args == Args::Headed) {
        let _ = writeln!(out, "    {} {}> script </{}>", block.name, block.syntax, row.name);
    }
    let _ = writeln!(out, "\n{}\n", text(row.doc, row.language));
    let of = if row.language == Language::Lua { "mod_lua" } else { "mod_perl" };
    line(out, &format!("Coming from {of}"), &unlike(row.unlike));
    let in_class = row.contexts.has(Contexts::CLASS.and(Contexts::SERVER));
    let also = if in_class { "; also in the section of a class" } else { "" };
    line(out, "Where", &escaped(&format!("{}{also}", row.contexts)));
    line(out, "Default", row.default);
    line(out, "Scopes", &row.merge.text(row.language));
    if row.runs_code {
        let htaccess = row.contexts.has(Contexts::HTACCESS);
        let with = format!("yes; in `.htaccess` only with `{}Options +Htaccess`", row.language.name());
        line(out, "Runs code", if htaccess { &with } else { "yes" });
    }
    let threads = match row.threadless {
        Threadless::Same => "",
        Threadless::InClasses => "unless the MPM serves with threads it holds in classes alone",
        Threadless::Nothing => "of no effect unless the MPM serves with threads",
    };
    line(out, "Threads", threads);
    out.push('\n');
}

fn options(out: &mut String, language: Language, rows: impl Iterator<Item = &'static OptionRow>) {
    let mut rows: Vec<&OptionRow> = rows.filter(|row| row.listed && row.phase.is_none()).collect();
    rows.sort_by_key(|row| row.name);
    out.push_str("| option | default | |\n|---|---|---|\n");
    for row in rows {
        let default = match row.default_text {
            "" if row.default => "on",
            "" => "off",
            text => text,
        };
        let alias = if row.alias.is_empty() { String::new() } else { format!(", `{}`", row.alias) };
        let needs_ithreads = row.needs_ithreads && language == Language::Perl;
        let ithreads = if needs_ithreads { " Needs a perl with ithreads." } else { "" };
        let doc = text(row.doc_of(language), language);
        let unlike = unlike(row.unlike);
        let unlike = if unlike.is_empty() || language == Language::Lua {
            String::new()
        } else {
            format!(" Coming from mod_perl: {unlike}")
        };
        let _ = writeln!(out, "| `{}`{alias} | {default} | {doc}{unlike}{ithreads} |", row.name);
    }
    out.push('\n');
}

fn switches(out: &mut String) {
    out.push_str(
        "Besides, each phase has a switch, on by default; switched off, its directive is an error. It must stand before the \
         lines that it is to forbid.\n\n| option | allows |\n|---|---|\n",
    );
    for row in server_options(Language::Perl).filter(|row| row.listed) {
        if let Some(phase) = row.phase {
            let _ = writeln!(out, "| `{}` | `{}` |", row.name, phase.directive_name());
        }
    }
    out.push('\n');
}

fn phases(out: &mut String) {
    out.push_str(
        "# Phases\n\nIn the order in which a server, a connection and a request meet them. For a phase that is not in mod_perl \
         httpd calls only where a line of the server's configuration names it or start-up code has pushed a handler to the \
         server, in Perl and in Lua each for itself: one that nobody uses costs no request anything. Without that a request cannot \
         push a handler there.\n\n",
    );
    out.push_str("| directive | handlers are those of | a handler's return value | |\n|---|---|---|---|\n");
    for row in &PHASES {
        let Some(perl) = row.perl else { continue };
        let (scope, run) = (scope(row), run(row));
        let doc = text(row.doc_of(Language::Perl), Language::Perl);
        let ours = if row.is_ours { " Not in mod_perl." } else { "" };
        let _ = writeln!(out, "| `{}` | {scope} | {run} | {doc}{ours} |", perl.directive);
    }
}

fn hooks(out: &mut String) {
    out.push_str(
        "# Phases of Lua\n\nThe handlers of the first column run before other modules, and before the hooks of the second, \
         which are mod_lua's. A list of hooks ends at the first that returns anything but DECLINED; `early` ones run before \
         most other modules, `late` ones after them. Hooks are always those of the request's directory, so that \
         `<Location>` may hold one that runs before the file is known.\n\n\
         | handlers | hooks | handlers are those of | a handler's return value |\n|---|---|---|---|\n",
    );
    for row in PHASES.iter().filter(|row| row.lua.is_some() || row.hooks.is_some()) {
        let handlers = row.lua.map(|lua| format!("`{}`", lua.directive)).unwrap_or_default();
        let hook = row.hooks.map(|hooks| format!("`{}`", hooks.directive())).unwrap_or_default();
        let (scope, run) = if row.lua.is_some() { (scope(row), run(row)) } else { ("", "") };
        let _ = writeln!(out, "| {handlers} | {hook} | {scope} | {run} |");
    }
}

fn scope(row: &PhaseRow) -> &'static str {
    match row.scope {
        Scope::Files | Scope::Process => "the main server",
        Scope::Interpreter => "the interpreter's server or class",
        Scope::Connection => "the port's first server",
        Scope::Server => "the request's server",
        Scope::Directory => "the request's directory",
        Scope::Filter => "the request's directory, or the port's first server",
    }
}

fn run(row: &PhaseRow) -> &'static str {
    match row.run {
        Run::All if row.heeds == Heeds::Nothing => {
            "OK and DECLINED go on; anything else stops, and httpd does not see it"
        }
        Run::First if row.heeds == Heeds::ErrorsAndDone => {
            "OK and DONE stop; DECLINED goes on; a status from 400 to 599 ends the request; httpd heeds nothing else"
        }
        Run::First if row.heeds == Heeds::OnlyDeclined => "DECLINED goes on; anything else stops and counts as OK",
        Run::All => "OK and DECLINED go on; anything else stops",
        Run::First => "OK stops; DECLINED goes on; anything else stops",
        Run::Void => "ignored",
        Run::Files => "must be OK",
        Run::Stream => "is that of the brigade's passing",
    }
}

/// What comes of a line that was written for the other module, and where.
fn unlike(of: Unlike) -> String {
    let place = match of.when {
        _ if of.text.is_empty() => return String::new(),
        When::Always => "",
        When::InSections => "In a section: ",
        When::WithThreads => "Under event and worker: ",
        When::WithoutThreads => "Under prefork: ",
    };
    escaped(&format!("{place}{}", of.text))
}

/// A row's text in a language.
fn text(doc: &str, language: Language) -> String {
    escaped(&doc.replace("{}", language.name()))
}

/// Markdown takes `<Directory>` for HTML.
fn escaped(text: &str) -> String {
    text.replace('<', "\\<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_listed_option_and_phase_is_printed() {
        let md = directives_md();
        for language in [Language::Perl, Language::Lua] {
            for row in directives(language) {
                let title = match row.args {
                    Args::Headed => format!("\n    {} ", row.name),
                    Args::Section => format!("\n## {}\n", row.plain_name()),
                    _ => format!("\n## {}\n", row.name),
                };
                assert!(md.contains(&title), "{}", row.name);
            }
            let options = || server_options(language).chain(dir_options(language));
            for row in options() {
                let listed = options().any(|other| other.listed && other.name == row.name);
                assert_eq!(md.contains(&format!("| `{}`", row.name)), listed, "{}", row.name);
            }
            let built = PHASES.iter();
            for row in built.filter_map(|row| row.of(language)) {
                assert!(md.contains(&format!("| `{}`", row.directive)), "{}", row.directive);
            }
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
