//! Prints `docs/api.md` from the rows: nothing about a class is written twice.

use crate::{Class, Const, Consts, LUA, PERL};
use std::fmt::Write as _;

/// The page: each class with its rows, then the constants by package and group.
pub fn api_md(classes: &[&Class], constants: &[&Consts]) -> String {
    let mut page = String::from(
        "# API\n\nPrinted from the tables by `make tables`; do not edit. Each function, method or field, its parameters\n\
         (optional ones in brackets), its result, the module that brings it, and what it does.\n",
    );
    for class in classes.iter().filter(|c| !c.rows().is_empty()) {
        let _ = write!(page, "\n## {}\n\n{}\n", class.name(), class.about());
        if !class.parent().is_empty() {
            let _ = writeln!(page, "Inherits from {}.", class.parent());
        }
        page.push_str("\n| name | kind | parameters | result | | loaded by | |\n|---|---|---|---|---|---|---|\n");
        for row in class.rows() {
            let languages = match (row.is_for(PERL), row.is_for(LUA)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::tests::THING_CLASS;

    #[test]
    fn the_page_has_a_line_for_each_row_and_constant() {
        static C: Consts = Consts { package: "Test::Const", groups: &[("common", &[("OK", Const::Int(0))])] };
        let page = api_md(&[&THING_CLASS], &[&C]);
        assert_eq!(page.lines().filter(|l| l.starts_with("| `Test::Thing::")).count(), THING_CLASS.rows().len());
        assert!(page.contains("\n:common: `OK` 0\n"), "{page}");
    }
}
