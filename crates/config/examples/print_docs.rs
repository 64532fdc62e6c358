//! Writes `docs/directives.md` from the tables.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/directives.md");
    std::fs::write(path, config::docs::directives_md())
}
