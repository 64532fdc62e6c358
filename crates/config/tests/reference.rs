//! mod_perl and mod_lua, as facts, against the tables: what is theirs is in ours, at least where they have it, and what is not
//! theirs says so. What a new row adds turns nothing red here.

#![allow(clippy::panic, reason = "a helper of tests tells by it what is missing")]

use std::collections::HashSet;

use config::options::{dir_options, server_options};
use config::phases::{PHASES, PhaseRow};
use config::{Args, Contexts, Directive, Hook, Language, Position, Run, Scope, directive, directives};

/// The rows of a reference file, each cut at tabs.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// How httpd cuts a line, in its own words.
fn cut(args: Args) -> String {
    match args {
        Args::Raw | Args::Text | Args::Headed | Args::Section => "RAW_ARGS".into(),
        Args::Flag => "FLAG".into(),
        Args::Take1 => "TAKE1".into(),
        Args::Take12 => "TAKE12".into(),
        Args::Take2 => "TAKE2".into(),
        Args::Iterate | Args::Code => "ITERATE".into(),
        Args::Iterate2 => "ITERATE2".into(),
        Args::Words { min, max } => format!("TAKE{}", (min..=max).map(|n| n.to_string()).collect::<String>()),
    }
}

fn holds(row: &Directive, places: &str, name: &str) {
    for place in places.split(',') {
        let is_there = match place {
            "server" => row.contexts.has(Contexts::SERVER),
            "section" => row.contexts.has(Contexts::DIRECTORY),
            "location" => row.contexts.has(Contexts::LOCATION) || row.contexts.has(Contexts::DIRECTORY),
            "htaccess" => row.contexts.has(Contexts::HTACCESS),
            "read" => row.contexts.has(Contexts::EXEC_ON_READ),
            "once" => row.contexts.has(Contexts::GLOBAL_ONLY),
            other => panic!("{name}: the reference has no such place: {other}"),
        };
        assert!(is_there, "{name}: {place}");
    }
}

fn every_directive_is_there(language: Language, reference: &'static str) {
    let mut theirs = HashSet::new();
    for row in rows(reference) {
        let [name, args, places] = row[..] else { panic!("{row:?}") };
        let ours = directive(name.as_bytes()).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!((ours.name, ours.language), (name, language));
        assert_eq!(cut(ours.args), args, "{name}");
        holds(ours, places, name);
        theirs.insert(name);
    }
    for ours in directives(language).iter() {
        // A hook may be written as a block wherever mod_lua has it as a line.
        let is_theirs = theirs.contains(ours.name) || theirs.contains(ours.plain_name());
        assert_eq!(ours.is_ours, !is_theirs, "{}", ours.name);
    }
}

#[test]
fn every_directive_of_mod_perl_is_there() {
    every_directive_is_there(Language::Perl, include_str!("reference/mod_perl_directives.tsv"));
}

#[test]
fn every_directive_of_mod_lua_is_there() {
    every_directive_is_there(Language::Lua, include_str!("reference/mod_lua_directives.tsv"));
}

#[test]
fn every_option_of_mod_perl_is_there_with_its_default() {
    let mut theirs = HashSet::new();
    for row in rows(include_str!("reference/mod_perl_options.tsv")) {
        let [name, scope, default] = row[..] else { panic!("{row:?}") };
        let ours = match scope {
            "server" => config::options::server_option(Language::Perl, name.as_bytes()),
            _ => config::options::dir_option(Language::Perl, name.as_bytes()),
        };
        let ours = ours.unwrap_or_else(|| panic!("{name} of a {scope} is missing"));
        assert_eq!(ours.default, default == "on", "{name} of a {scope}");
        theirs.insert((scope, ours.name));
    }
    let of_server = server_options(Language::Perl).map(|row| ("server", row));
    for (scope, ours) in of_server.chain(dir_options(Language::Perl).map(|row| ("directory", row))) {
        assert_eq!(ours.is_ours, !theirs.contains(&(scope, ours.name)), "{} of a {scope}", ours.name);
    }
}

/// httpd's name of a hook.
fn hook(hook: Hook) -> String {
    if matches!(hook, Hook::ChildPoolCleanup | Hook::RequestPoolCleanup) {
        return "cleanup".into();
    }
    let mut name = String::new();
    for c in format!("{hook:?}").chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[test]
fn every_phase_of_mod_perl_is_there_with_its_hook_scope_run_rule_and_order() {
    let mut theirs = HashSet::new();
    for row in rows(include_str!("reference/mod_perl_phases.tsv")) {
        let [name, its_hook, scope, run, order] = row[..] else { panic!("{row:?}") };
        let ours = PHASES.iter().find(|row| row.perl.is_some_and(|perl| perl.directive == name));
        let ours = ours.unwrap_or_else(|| panic!("{name} is missing"));
        let our_scope = match ours.scope {
            Scope::Process => "process",
            Scope::Interpreter => "interpreter",
            Scope::Files => "files",
            Scope::Server => "server",
            Scope::Connection => "connection",
            Scope::Directory => "directory",
            Scope::Filter => "filter",
        };
        let our_run = match ours.run {
            Run::All => "all",
            Run::First => "first",
            Run::Void => "void",
            Run::Files => "files",
            Run::Stream => "stream",
        };
        // Of two callbacks the last one runs the handlers.
        let our_order = ours.orders.last().map_or("-".into(), |order| order.number().to_string());
        assert_eq!(
            (hook(ours.hook).as_str(), our_scope, our_run, our_order.as_str()),
            (its_hook, scope, run, order),
            "{name}"
        );
        theirs.insert(name);
    }
    for row in &PHASES {
        if let Some(perl) = row.perl {
            assert_eq!(row.is_ours, !theirs.contains(perl.directive), "{}", perl.directive);
        }
    }
}

#[test]
fn every_hook_of_mod_lua_is_there_where_it_has_it() {
    let at = |row: &PhaseRow, position| {
        row.lua_orders.iter().find(|(p, _)| *p == position).map(|(_, order)| order.number().to_string())
    };
    for row in rows(include_str!("reference/mod_lua_hooks.tsv")) {
        let [name, its_hook, order] = row[..] else { panic!("{row:?}") };
        let ours = PHASES.iter().find(|row| row.hooks.is_some_and(|hooks| hooks.directive() == name));
        let ours = ours.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(hook(ours.hook), its_hook, "{name}");
        assert_eq!(at(ours, Position::Middle).as_deref(), Some(order), "{name}");
    }
}
