//! Link arguments, and for which perl this is. Names no libperl: the perl that loads the library has all of it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let perl = probe::or_exit(probe::perl());
    probe::emit_perl_cfgs(&perl);
    println!("cargo::rustc-env=BUILT_FOR={}/{}", perl.version, perl.archname);
    let apr = probe::or_exit(probe::apr());
    for dir in &apr.search {
        println!("cargo::rustc-link-search=native={}", dir.display());
        if !["/usr/lib", "/lib"].iter().any(|usual| dir.starts_with(usual)) {
            println!("cargo::rustc-link-arg-cdylib=-Wl,-rpath,{}", dir.display());
        }
    }
    for lib in &apr.libs {
        println!("cargo::rustc-link-lib=dylib={lib}");
    }
    println!("cargo::rustc-link-arg-cdylib=-Wl,-Bsymbolic");
    // A function of ours runs at each fork.
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}
