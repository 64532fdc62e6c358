//! Writes `docs/api.md` and what of `lib/` is printed from the rows.

fn main() -> std::io::Result<()> {
    for (name, text) in api::docs::files() {
        std::fs::write(format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR")), text)?;
    }
    Ok(())
}
