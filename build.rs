//! Link arguments of the module and nothing else: what the rlibs below leave unresolved is named here once.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Our own records must be ours even when another library exports the same name.
    println!("cargo:rustc-link-arg-cdylib=-Wl,-Bsymbolic");
    // XS libraries keep pointers into the module, and so do httpd's hook tables between its two passes.
    println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
    // Only the unit tests link it: see lib.rs.
    if let Some(dir) = std::env::var_os("DEP_HTTPD_STUBS_DIR") {
        println!("cargo:rustc-link-search=native={}", dir.display());
    }
    if std::env::var_os("CARGO_FEATURE_PERL").is_some() {
        let perl = probe::or_exit(probe::perl());
        for dir in &perl.search {
            println!("cargo:rustc-link-search=native={}", dir.display());
        }
        for lib in &perl.libs {
            println!("cargo:rustc-link-lib=dylib={lib}");
        }
    }
}
