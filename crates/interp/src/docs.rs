//! Prints `docs/api.md` from the rows: nothing about a class is written twice.

use crate::{Class, Const, Consts, LUA, PERL};
use std::fmt::Write as _;

/// The page: each class with its rows, then the constants by package and group.
pub fn api_md(classes: &[&Class], constants: &[&Consts]) -> String {
    let mut page = String::from(
        "# API\n\nPrinted from the tables by `make tables`; do not edit. Each function, method or field, its parameters\n\
         (optional ones in brackets), its result, the module that brings it, and what it does.\n",
    );
    for class in classes.iter().filter(|c| c.rows().next().is_some()) {
        let _ = write!(page, "\n## {}\n\n{}\n", class.name(), class.about());
        if !class.parent().is_empty() {
            let _ = writeln!(page, "Inherits from {}.", class.parent());
        }
        page.push_str("\n| name | kind | parameters | result | | loaded by | |\n|---|---|---|---|---|---|---|\n");
        for row in class.rows() {
            let is_bound = |lang| class.rows_of(lang).any(|bound| std::ptr::eq(bound, row));
            let languages = match (is_bound(PERL), is_bound(LUA)) {
                (true, false) if row.is_for(LUA) => " Perl only: the name means something else in Lua.",
                (true, false) => " Perl only.",
                (false, true) => " Lua only.",
                _ => "",
            };
            let line = row.line(class);
            let _ = writeln!(page, "{}{languages} |", line.trim_end_matches(" |"));
        }
    }
    for set in constants {
        let _ = write!(page, "\n## Constants of {}\n", set.package);
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

/// As it stands between Perl's double quotes.
fn perl_text(text: &str) -> String {
    text.escape_default().to_string().replace("\\u{", "\\x{").replace('$', "\\$").replace('@', "\\@")
}

/// `lib/ModPerl/ConstValues.pm`: the constants for a perl that has none of our interpreters around it.
pub fn const_values_pm(constants: &[&Consts]) -> String {
    let mut page = String::from(
        r#"package ModPerl::ConstValues;

# The constants for a plain perl: tests and tools beside the server. Printed from the tables by `make tables`; do not edit.

use strict;
use warnings;

my %VALUES;    # package => { name => value }
my %GROUPS;    # package => { group => [names] }

sub ModPerl::Const::compile {
    my ($class, $into, @names) = @_;
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
            *{"${into}::$member"} = \&$full unless $into =~ /^-/;
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
    use crate::door::tests::THING_CLASS;

    #[test]
    fn the_page_has_a_line_for_each_row_and_constant() {
        static C: Consts =
            Consts { package: "Test::Const", langs: PERL, groups: &[("common", &[("OK", Const::Int(0))])] };
        let page = api_md(&[&THING_CLASS], &[&C]);
        assert_eq!(page.lines().filter(|l| l.starts_with("| `Test::Thing::")).count(), THING_CLASS.rows().count());
        assert!(page.contains("\n:common: `OK` 0\n"), "{page}");
    }
}
