//! The files of the crate know each other in one direction only: lib.rs lists them, and none uses one that is listed behind it.

use std::fs;
use std::path::Path;

/// The names that lib.rs lists, in order.
fn listed(lib: &str) -> Vec<String> {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | `").or(line.strip_prefix("//! | [`")));
    let names = rows.flat_map(|row| row.split(" | ").next().unwrap_or_default().split(", "));
    names.map(|name| name.trim_matches(['`', '[', ']']).trim_start_matches("mod@").to_owned()).collect()
}

/// The files that a text names, `lines/lua` for `crate::lines::lua`; what stands in its tests does not count.
fn used(text: &str, order: &[String]) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let paths = code.split("crate::").skip(1);
    paths
        .flat_map(|path| {
            let (head, rest) = path.split_once("::").unwrap_or((path, ""));
            let head = head.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let parts: Vec<&str> = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                Some((list, _)) => list.split(',').map(str::trim).collect(),
                None => vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()],
            };
            let below: Vec<String> =
                parts.iter().map(|part| format!("{head}/{part}")).filter(|file| order.contains(file)).collect();
            if below.is_empty() { vec![head.to_owned()] } else { below }
        })
        .collect()
}

#[test]
fn no_file_uses_one_that_lib_rs_lists_behind_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let order = listed(&fs::read_to_string(src.join("lib.rs")).unwrap());
    let place = |name: &str| order.iter().position(|known| known == name);
    let files = fs::read_dir(&src).unwrap().map(|entry| ("", entry.unwrap()));
    let lines = fs::read_dir(src.join("lines")).unwrap().map(|entry| ("lines/", entry.unwrap()));
    for (folder, file) in files.chain(lines) {
        let name = file.file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".rs").filter(|stem| !["lib", "world"].contains(stem)) else { continue };
        let name = if stem == "mod" { folder.trim_end_matches('/').to_owned() } else { format!("{folder}{stem}") };
        let at = place(&name);
        assert!(at.is_some(), "lib.rs does not list {name}");
        for other in used(&fs::read_to_string(file.path()).unwrap(), &order) {
            assert!(place(&other) < at, "{name} uses {other}, which lib.rs does not list above it");
        }
    }
}
