//! What the unit tests and the example link in place of httpd, and nothing else.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(dir) = std::env::var_os("DEP_HTTPD_STUBS_DIR") {
        for arg in [format!("{}/libhttpd_stubs.a", dir.display()), "-lapr-1".into(), "-laprutil-1".into()] {
            println!("cargo::rustc-link-arg={arg}");
        }
    }
}
