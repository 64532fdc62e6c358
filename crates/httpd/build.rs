//! Makes the raw bindings of httpd, and the stand-in for httpd that unit tests link. Emits no library to link: the module
//! resolves its symbols in the httpd that loads it.

use std::{fmt::Write as _, path::PathBuf};

include!("allow.rs");

fn main() {
    for file in ["wrapper.h", "allow.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let apr = probe::or_exit(probe::apr());
    let httpd = probe::or_exit(probe::httpd());
    probe::emit_cfgs(&httpd);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let packages = "apache2-dev gcc libc6-dev libclang-dev";
    probe::or_exit(probe::bindings("httpd", packages, || bindings(&apr, &httpd, &out).and_then(|()| stubs(&out))));
}

fn bindings(apr: &probe::Apr, httpd: &probe::Httpd, out: &std::path::Path) -> Result<(), String> {
    bindgen::Builder::default()
        .header("wrapper.h")
        .clang_arg(format!("-I{}", httpd.include_dir.display()))
        .clang_args(apr.all())
        .allowlist_function(FUNCTIONS.join("|"))
        .allowlist_var(format!("{}|{CONSTANTS}", STATICS.join("|")))
        .allowlist_type(TYPES)
        .blocklist_item("(apr|apu)_.*|(APR|APU)_.*|AP_FN_ATTR_.*|AP_DEBUG_.*")
        .raw_line("use apr::ffi::*;")
        .rust_edition(bindgen::RustEdition::Edition2024)
        .prepend_enum_name(false)
        .generate_comments(false)
        .derive_debug(false)
        .derive_copy(true)
        .generate()
        .map_err(|e| e.to_string())?
        .write_to_file(out.join("httpd.rs"))
        .map_err(|e| e.to_string())
}

/// One function and one empty variable per name. The functions abort, but for those of the log, which say nothing.
fn stubs(out: &std::path::Path) -> Result<(), String> {
    let mut c = String::from("#include <stdlib.h>\n");
    for name in FUNCTIONS {
        let body = if name.starts_with("ap_log_") { "" } else { "abort();" };
        let _ = writeln!(c, "void {name}(void) {{ {body} }}");
    }
    for name in STATICS {
        let _ = writeln!(c, "void *{name}[4];");
    }
    let source = out.join("stubs.c");
    std::fs::write(&source, c).map_err(|e| e.to_string())?;
    // Not through cargo_metadata: only this package's own tests may see the library.
    cc::Build::new()
        .file(source)
        .cargo_metadata(false)
        .warnings(false)
        .try_compile("httpd_stubs")
        .map_err(|e| e.to_string())?;
    println!("cargo::metadata=dir={}", out.display());
    for arg in [format!("{}/libhttpd_stubs.a", out.display()), "-lapr-1".into(), "-laprutil-1".into()] {
        println!("cargo::rustc-link-arg={arg}");
    }
    Ok(())
}
