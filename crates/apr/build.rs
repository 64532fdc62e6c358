//! Makes the raw bindings of APR and APR-util. Emits no library to link: the module resolves both in httpd.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=wrapper.h");
    let apr = probe::or_exit(probe::apr());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("apr.rs");
    probe::or_exit(probe::bindings("APR", "libapr1-dev libaprutil1-dev libclang-dev", || {
        bindgen::Builder::default()
            .header("wrapper.h")
            .clang_args(apr.all())
            .allowlist_item("(apr|apu)_.*|(APR|APU)_.*")
            .blocklist_item("APR_.*PRI.*|APR_.*FMT.*")
            .rust_edition(bindgen::RustEdition::Edition2024)
            .prepend_enum_name(false)
            .generate_comments(false)
            .derive_debug(false)
            .generate()
            .map_err(|e| e.to_string())?
            .write_to_file(&out)
            .map_err(|e| e.to_string())
    }));
}
