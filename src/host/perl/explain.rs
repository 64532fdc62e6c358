//! Explains perl's messages about classic mistakes: says which module to load for a method or sub of ours, and for a handler.

use interp::{PERL, classes, constants};

use super::super::hint;

/// A line for the administrator, without its end; `None` where perl's own message says enough. `handler` is the name that
/// could not be found.
pub fn explain(message: &str, handler: Option<&[u8]>) -> Option<String> {
    let of_handler = handler.and_then(|name| for_handler(message, std::str::from_utf8(name).ok()?));
    of_handler
        .or_else(|| for_method(message))
        .or_else(|| for_sub(message))
        .or_else(|| for_file(message))
        .or_else(|| for_package(message))
}

/// `My::Hello::page` is no module, but may be a sub of the package `My::Hello`; names of packages begin with capital letters.
fn for_handler(message: &str, name: &str) -> Option<String> {
    let (package, sub) = name.rsplit_once("::")?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let is_missing = message.contains(&format!("failed to load {name} package: Can't locate "));
    if is_missing && message.contains(&format!("; {package} has no sub {sub}")) {
        return for_package(message).or_else(|| Some(format!("write sub {sub} in the package {package}")));
    }
    if !name.chars().all(is_name) || sub.starts_with(char::is_uppercase) || !is_missing {
        return None;
    }
    Some(format!("if {sub} is a sub of the package {package}, load that before: PerlModule {package}"))
}

/// What httpd 2.4 has no more.
const GONE: &[(&str, &str)] = &[
    ("default_type", "httpd 2.4 has no default type: DefaultType may only say none, ForceType and AddType give types"),
    (
        "requires",
        "httpd 2.4 keeps no list of Require lines: a provider is given its line, by PerlAddAuthzProvider or \
         Apache2::RequestUtil::register_auth_provider",
    ),
];

/// A module that is in no folder of @INC.
fn for_file(message: &str) -> Option<String> {
    let (file, _) = between(message, "Can't locate ", " in @INC")?;
    Some(format!("if {file} lies below another folder, add that: PerlSwitches -I/folder"))
}

/// A module that was loaded and lacks the handler: another name in its package line, or no sub of the name.
fn for_package(message: &str) -> Option<String> {
    let lacks_sub = message.split_once(" has no sub ");
    let (package, rest) = match lacks_sub {
        Some((before, rest)) => (before.rsplit([' ', '\'']).next()?, rest),
        None => {
            let rest = message.split_once("there is no package ")?.1;
            (rest.split_once(" (")?.0, rest)
        }
    };
    let (file, _) = between(rest, " (", " is loaded)")?;
    let text = std::fs::read(file).ok()?;
    let packages = named(&text, "package");
    if packages.iter().any(|name| name == package) {
        let (sub, _) = lacks_sub?.1.split_once(" (")?;
        let subs = named(&text, "sub");
        return Some(match subs.iter().find(|other| is_meant(sub, other)) {
            Some(other) => format!("that file has a sub {other}: write {package}::{other}"),
            None => format!("write sub {sub} in that file, or name another of its subs: {package}::name"),
        });
    }
    match packages.first() {
        Some(other) => Some(format!("that file says package {other}: it must say package {package}")),
        None => Some(format!("that file has no package line: it must say package {package}")),
    }
}

/// Whether a name is another one with a mistake.
fn is_meant(written: &str, other: &str) -> bool {
    written.eq_ignore_ascii_case(other) || (written.len() > 2 && hint::differs_by_one(written, other))
}

/// The names behind a word (`package`, `sub`) with which a line of a file begins.
fn named(text: &[u8], word: &str) -> Vec<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let named = |line: &str| {
        let rest = line.trim_start().strip_prefix(word)?;
        let name = rest.trim_start();
        (name.len() < rest.len()).then(|| name.chars().take_while(|c| is_name(*c)).collect::<String>())
    };
    String::from_utf8_lossy(text).lines().filter_map(named).filter(|name| !name.is_empty()).collect()
}

fn between<'m>(message: &'m str, before: &str, behind: &str) -> Option<(&'m str, &'m str)> {
    let rest = message.split_once(before)?.1;
    rest.split_once(behind)
}

/// The module that has to be loaded for a row of ours.
fn module_of(package: &str, name: &str) -> Option<&'static str> {
    let class = classes().iter().find(|class| class.name() == package)?;
    let parent = class.parent();
    let row = class.rows_of(PERL).find(|row| row.name() == name);
    row.and_then(|row| class.module_of(row)).or_else(|| if parent.is_empty() { None } else { module_of(parent, name) })
}

fn for_method(message: &str) -> Option<String> {
    let (method, rest) = between(message, "Can't locate object method \"", "\" via package \"")?;
    let package = rest.split_once('"')?.0;
    // As with mod_perl there is no such method: code asks by `defined` whether httpd has it.
    if let Some((_, why)) = GONE.iter().find(|(gone, _)| *gone == method && package.starts_with("Apache2::")) {
        return Some((*why).to_owned());
    }
    let module = module_of(package, method)?;
    Some(format!("{method} of {package} is in {module}: write use {module} ();"))
}

fn for_sub(message: &str) -> Option<String> {
    let name = between(message, "Undefined subroutine &", " called")
        .or_else(|| between(message, "Bareword \"", "\" not allowed while \"strict subs\""))?
        .0;
    let (package, sub) = name.rsplit_once("::")?;
    let is_constant = constants().iter().any(|set| {
        set.package == package && set.groups.iter().any(|(_, members)| members.iter().any(|(n, _)| *n == sub))
    });
    if is_constant {
        return Some(format!("write use {package} -compile => '{sub}';"));
    }
    let module = module_of(package, sub)?;
    Some(format!("{name} is in {module}: write use {module} ();"))
}
