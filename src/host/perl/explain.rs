//! Explains perl's messages about classic mistakes: says which module to load for a method or sub of ours, and for a handler.

use interp::{PERL, classes, constants};

/// A line for the administrator, without its end; `None` where perl's own message says enough. `handler` is the name that
/// could not be found.
pub fn explain(message: &str, handler: Option<&[u8]>) -> Option<String> {
    let of_handler = handler.and_then(|name| for_handler(message, std::str::from_utf8(name).ok()?));
    of_handler.or_else(|| for_method(message)).or_else(|| for_sub(message))
}

/// `My::Hello::page` is no module, but may be a sub of the package `My::Hello`.
fn for_handler(message: &str, name: &str) -> Option<String> {
    let (package, sub) = name.rsplit_once("::")?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    if !name.chars().all(is_name) || !message.contains(&format!("failed to load {name} package: Can't locate ")) {
        return None;
    }
    Some(format!("if {sub} is a sub of the package {package}, load that before: PerlModule {package}"))
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
