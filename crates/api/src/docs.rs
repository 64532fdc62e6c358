//! Prints `docs/api.md` from the rows, and what of `lib/` follows from them: nothing about a class is written twice.

use crate::{CLASSES, CONSTS};
use interp::{Class, Const, Consts, Kind, LUA, ObjectClass, PERL, Row, RowKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

const BEFORE: &str = "\
# API

Printed from the tables by `make tables`; do not edit. A line is a function, method or field: its name in Perl and in Lua, how it
is called, its parameters (optional ones in brackets), its result, the module that brings it in Perl, and what it does. An empty
place: that language has none of this name.

| kind | in Perl | in Lua |
|---|---|---|
| Ro | `$r->name` | a field, `r.name` |
| Rw | `$r->name`, `$r->name($value)`, which gives the old value | a field, `r.name = value` |
| Method | `$r->name(...)` | `r:name(...)` |
| ClassMethod | `Apache2::Class->name(...)` | `require(\"Apache2.Class\"):name(...)` |
| Function | `Apache2::Class::name(...)` | `require(\"Apache2.Class\").name(...)` |

In Lua nothing has to be loaded for an object's methods. A parameter of kind buffer is not given there: the call returns the bytes.
Hashes and arrays are tables, undef is nil, and a list is several results.
";

/// The files that are printed, by their paths below `root`, the repository.
pub fn files(root: &Path) -> Vec<(String, String)> {
    let (classes, constants) = (CLASSES.concat(), CONSTS.concat());
    let mut files = vec![
        ("docs/api.md".into(), api_md(&classes, &constants)),
        ("lib/ModPerl/ConstValues.pm".into(), const_values_pm(&constants)),
        ("lib/ModPerl/MethodTable.pm".into(), method_table_pm(&classes)),
    ];
    for module in modules(&classes) {
        let name = format!("lib/{}.pm", module.replace("::", "/"));
        // Where somebody has written Perl, there is none of this line.
        if std::fs::read_to_string(root.join(&name)).map_or(true, |text| text.contains(PRINTED)) {
            files.push((name, module_pm(module)));
        }
    }
    files
}

const PRINTED: &str = "# Printed from the rows by `make tables`; do not edit. To add Perl to it, take this line away.";

/// The file with which `ModPerl::MethodLookup` answers: by method the modules that bring it, and their classes. What our own library
/// calls is nobody else's.
fn method_table_pm(classes: &[&'static Class]) -> String {
    let mut methods: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for class in classes.iter().filter(|class| !class.name().starts_with("ModInterp::")) {
        for row in class.rows_of(PERL) {
            if let Some(module) = class.module_of(row) {
                methods.entry(row.name()).or_default().insert((module, class.name()));
            }
        }
    }
    let mut text = String::from(
        "package ModPerl::MethodTable;\n\n# Printed from the rows by `make tables`; do not edit. Methods, and the modules that bring them \
         for which class.\n\nuse strict;\nuse warnings;\n\nour %METHODS = (\n",
    );
    for (name, places) in methods {
        let places: Vec<String> = places.iter().map(|(module, class)| format!("['{module}', '{class}']")).collect();
        let _ = writeln!(text, "    '{name}' => [{}],", places.join(", "));
    }
    text.push_str(");\n\n1;\n");
    text
}

/// The modules that bring rows of Perl's.
fn modules(classes: &[&'static Class]) -> BTreeSet<&'static str> {
    classes.iter().flat_map(|class| class.rows_of(PERL).filter_map(|row| class.module_of(row))).collect()
}

/// A module of which Perl has nothing but its rows.
fn module_pm(module: &str) -> String {
    let (uses, version) = match module.split("::").next() {
        Some("APR") => ("use APR ();\nuse APR::XSLoader ();", "0.009000"),
        Some("ModInterp") => ("use Apache2::XSLoader ();", env!("CARGO_PKG_VERSION")),
        _ => ("use Apache2::XSLoader ();", "2.000012"),
    };
    let loader = if module.starts_with("APR") { "APR" } else { "Apache2" };
    format!(
        "package {module};\n\n{PRINTED}\n\nuse strict;\nuse warnings;\n\n{uses}\n\nour $VERSION = '{version}';\n\n\
         {loader}::XSLoader::load(__PACKAGE__);\n\n1;\n"
    )
}

/// The page: each class with its rows, then the constants by package and group.
fn api_md(classes: &[&'static Class], constants: &[&Consts]) -> String {
    let mut page = String::from(BEFORE);
    page.push_str(&names_of_mod_lua(classes));
    for class in classes.iter().filter(|c| c.rows().next().is_some()) {
        let _ = write!(page, "\n## {}\n\n{}\n", class.name(), class.about());
        if !class.parent().is_empty() {
            let _ = writeln!(page, "Inherits from {}.", class.parent());
        }
        page.push_str(
            "\n| Perl | Lua | kind | parameters | result | | loaded by | |\n|---|---|---|---|---|---|---|---|\n",
        );
        let mut shown: Vec<*const Row> = Vec::new();
        for row in class.rows() {
            // What a name means in Lua stands behind what it means in Perl.
            let other = meaning_in_lua(class, row);
            for row in [Some(row), other].into_iter().flatten() {
                if !shown.contains(&std::ptr::from_ref(row)) {
                    shown.push(row);
                    let _ = writeln!(page, "{}", line(class, row).trim_end());
                }
            }
        }
    }
    for set in constants {
        let module = set.package.replace("::", ".");
        let languages = match (set.langs & PERL != 0, set.langs & LUA != 0) {
            (true, true) => format!("In Perl, and in Lua as fields of `require(\"{module}\")`."),
            (true, false) => "In Perl.".into(),
            _ => format!("In Lua, as fields of `{module}`."),
        };
        let _ = write!(page, "\n## Constants of {}\n\n{languages}\n", set.package);
        for (group, members) in set.groups {
            let names = members.iter().map(|(name, value)| match value {
                Const::Int(n) => format!("`{name}` {n}"),
                Const::Text(t) => format!("`{name}` {t:?}"),
            });
            let _ = write!(page, "\n:{group}: {}\n", names.collect::<Vec<_>>().join(", "));
        }
    }
    page
}

/// A row's line.
fn line(class: &'static Class, row: &'static Row) -> String {
    let mut parameters = Vec::new();
    let this = usize::from(row.kind() != RowKind::Function);
    for (i, p) in row.params().iter().enumerate().skip(this).filter(|(_, p)| p.kind != Kind::Want) {
        let kind = match p.kind {
            Kind::Obj => p.object().map_or("object", ObjectClass::name),
            Kind::Int => "integer",
            Kind::Num => "number",
            Kind::Bool => "boolean",
            Kind::Bytes => "string",
            Kind::Out => "buffer",
            Kind::Code if p.elem == Kind::Bytes => "string or code",
            Kind::Code => "code",
            Kind::Codes if p.elem == Kind::Bytes => "string or array",
            Kind::Codes => "one or an array",
            Kind::Fields => "table",
            Kind::Rest if p.elem == Kind::Plain => "plain values",
            Kind::Rest => "strings",
            Kind::Plain if p.elem == Kind::Bool => "boolean",
            Kind::Plain => "string, number or boolean",
            Kind::Name => "class",
            _ => "any",
        };
        let name = match row.param_name(i) {
            "" => "value",
            s => s,
        };
        let optional = p.optional || row.kind() == RowKind::Rw;
        parameters.push(if optional { format!("[{name}: {kind}]") } else { format!("{name}: {kind}") });
    }
    let (kind, parameters) = (row.kind(), parameters.join(", "));
    let (result, reenters) = (row.result(), if row.reenters() { "may run script code" } else { "" });
    let (load, mut doc) = (class.module_of(row).unwrap_or("?"), row.about().to_string());
    for need in row.needed() {
        doc.push_str(&format!(" Needs {}.", need.text()));
    }
    let names = names(class, row);
    format!("| {names} | {kind:?} | {parameters} | {result} | {reenters} | {load} | {doc} |")
}

fn is_bound(class: &'static Class, row: &Row, language: u8) -> bool {
    class.rows_of(language).any(|bound| std::ptr::eq(bound, row))
}

/// Of a row that Perl has: the other one that Lua has under its name.
fn meaning_in_lua(class: &'static Class, row: &Row) -> Option<&'static Row> {
    let is_other =
        |own: &&'static Row| own.is_lua_only() && own.lua_name() == row.lua_name() && !std::ptr::eq(*own, row);
    class.rows_of(LUA).find(is_other).filter(|_| is_bound(class, row, PERL))
}

/// Its names, as two columns.
fn names(class: &'static Class, row: &Row) -> String {
    let perl = if is_bound(class, row, PERL) { format!("`{}::{}`", class.name(), row.name()) } else { String::new() };
    let name = row.lua_name();
    let lua = match row.kind() {
        _ if !is_bound(class, row, LUA) => {
            if meaning_in_lua(class, row).is_some() {
                "the next line".into()
            } else {
                String::new()
            }
        }
        RowKind::Ro | RowKind::Rw => format!("`.{name}`"),
        RowKind::Function => format!("`.{name}()`"),
        RowKind::Method | RowKind::ClassMethod if name.starts_with("__") => format!("`{name}`"),
        RowKind::Method | RowKind::ClassMethod => format!("`:{name}()`"),
    };
    format!("{perl} | {lua}")
}

/// The names that Lua has for itself, by class: those that mean something else in Perl, and those that Perl has not.
fn names_of_mod_lua(classes: &[&'static Class]) -> String {
    let mut text = String::from(
        "\n## What only Lua has\n\nmod_lua's names mean in Lua what they mean in mod_lua. The first column has those that Perl has too, \
         with another meaning: that one is not bound in Lua.\n\n| class | other than in Perl | only in Lua |\n|---|---|---|\n",
    );
    for class in classes {
        let own = class.rows_of(LUA).filter(|row| row.is_lua_only());
        let is_other = |row: &Row| class.rows_of(PERL).any(|perl| perl.lua_name() == row.lua_name());
        let (other, only): (Vec<&Row>, Vec<&Row>) = own.partition(|row| is_other(row));
        let list = |rows: &[&Row]| rows.iter().map(|row| format!("`{}`", row.lua_name())).collect::<Vec<_>>().join(" ");
        if !other.is_empty() || !only.is_empty() {
            let _ = writeln!(text, "| {} | {} | {} |", class.name(), list(&other), list(&only));
        }
    }
    text
}

/// As it stands between Perl's double quotes.
fn perl_text(text: &str) -> String {
    text.escape_default().to_string().replace("\\u{", "\\x{").replace('$', "\\$").replace('@', "\\@")
}

/// `lib/ModPerl/ConstValues.pm`: the constants for a perl that has none of our interpreters around it.
fn const_values_pm(constants: &[&Consts]) -> String {
    let mut page = String::from(
        r#"package ModPerl::ConstValues;

# The constants for a plain perl: tests and tools beside the server. Printed from the tables by `make tables`; do not edit.

use strict;
use warnings;

my %VALUES;    # package => { name => value }
my %GROUPS;    # package => { group => [names] }

sub ModPerl::Const::compile {
    my ($class, $into, @names) = @_;
    if (@_ < 2) {
        require Carp;
        Carp::croak('usage: ' . ($class // 'ModPerl::Const') . '->compile(package, names)');
    }
    my $package = $class =~ /^APR/ ? 'APR::Const' : $class =~ /^Apache2/ ? 'Apache2::Const' : 'ModPerl';
    for my $name (@names) {
        my ($group, $one) = $name =~ /^(:?)&?(.*)/s;
        my $members = $group ? $GROUPS{$package}{$one} : exists $VALUES{$package}{$one} ? [$one] : undef;
        if (!$members) {
            require Carp;
            Carp::croak($group ? "unknown $package group `$one'" : "unknown $package constant $one");
        }
        for my $member (@$members) {
            no strict 'refs';
            my $full = "${package}::$member";
            my $value = $VALUES{$package}{$member};
            *$full = sub () { $value } unless defined &$full;
            *{"${into}::$member"} = \&$full unless $into =~ /^-/ || $member eq 'END';
        }
    }
    return;
}

"#,
    );
    for set in constants.iter().filter(|set| set.langs & PERL != 0) {
        let mut seen = std::collections::HashSet::new();
        for (group, members) in set.groups {
            let names = members.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
            let _ = writeln!(page, "$GROUPS{{'{}'}}{{{group}}} = [qw({names})];", set.package);
            for (name, value) in members.iter().filter(|(name, _)| seen.insert(*name)) {
                let value = match value {
                    Const::Int(n) => n.to_string(),
                    Const::Text(t) => format!("\"{}\"", perl_text(t)),
                };
                let _ = writeln!(page, "$VALUES{{'{}'}}{{{name}}} = {value};", set.package);
            }
        }
    }
    page.push_str("\n1;\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use interp::{Out, Part, Reenter, Want, function, method, only};

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn the_printed_files_are_up_to_date() {
        for (name, text) in files(root()) {
            let there = std::fs::read_to_string(root().join(&name)).unwrap_or_default();
            assert!(there == text, "{name} is old: run `make tables`");
        }
    }

    #[test]
    fn no_module_is_printed_that_brings_no_rows() {
        let mut folders = vec![root().join("lib")];
        let printed: Vec<_> = files(root()).into_iter().map(|(name, _)| root().join(name)).collect();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains(PRINTED)) {
                    assert!(printed.contains(&path), "{} brings no rows: remove it", path.display());
                }
            }
        }
    }

    #[test]
    fn the_page_has_the_constants_by_group() {
        static C: Consts =
            Consts { package: "Test::Const", langs: PERL, groups: &[("common", &[("OK", Const::Int(0))])] };
        let page = api_md(&[], &[&C]);
        assert!(page.contains("\n:common: `OK` 0\n"), "{page}");
    }

    #[test]
    fn a_line_has_parameters_result_and_the_module_that_brings_it() {
        static IO: Part = Part::new(
            "Test::IO",
            &[method("fill(buffer, [data], @more)", fill).doc("Fills a buffer."), method("gone()", gone).doc("Goes.")],
        );
        static POOL: Class = Class::of::<apr::Pool>(&[]).parts(&[&IO]);
        fn fill(_: &apr::Pool, _: Reenter, _: Out, data: Option<&[u8]>, _: interp::Rest, _: Want) -> usize {
            data.map_or(0, <[u8]>::len)
        }
        fn gone(_: &apr::Pool) {}
        let page = api_md(&[&POOL], &[]);
        let lines = "\
| `APR::Pool::fill` | `:fill()` | Method | buffer: buffer, [data: string], more: strings | integer | may run script code | Test::IO | Fills a buffer. |
| `APR::Pool::gone` | `:gone()` | Method |  | none |  | Test::IO | Goes. |
";
        assert!(page.ends_with(lines), "{page}");
    }

    #[test]
    fn what_a_name_means_in_lua_stands_behind_what_it_means_in_perl() {
        static BOTH: Class = Class::new(
            "Test::Both",
            &[
                function("same()", || 1i64).doc("One."),
                function("other()", || 2i64).doc("Two."),
                function("perl()", || 3i64).only(PERL).doc("Three."),
            ],
        )
        .parts(&[&OF_LUA]);
        static OF_LUA: Part = Part::lua(&only(LUA, [function("other()", || 4i64).doc("Four.")]));
        let page = api_md(&[&BOTH], &[]);
        let lines = "\
| `Test::Both::same` | `.same()` | Function |  | integer |  | Test::Both | One. |
| `Test::Both::other` | the next line | Function |  | integer |  | Test::Both | Two. |
|  | `.other()` | Function |  | integer |  | Test::Both | Four. |
| `Test::Both::perl` |  | Function |  | integer |  | Test::Both | Three. |
";
        assert!(page.ends_with(lines), "{page}");
        assert!(page.contains("\n| Test::Both | `other` |  |\n"), "{page}");
    }
}
