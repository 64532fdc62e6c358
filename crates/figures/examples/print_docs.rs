//! Writes `docs/figures.md` from the table.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/figures.md");
    std::fs::write(path, figures::figures_md())
}
