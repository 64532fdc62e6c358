//! Writes `docs/api.md` and what of `lib/` is printed from the rows.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for (name, text) in api::docs::files(root) {
        std::fs::write(root.join(name), text)?;
    }
    Ok(())
}
