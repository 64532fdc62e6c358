//! Compiles the C shim against perl.h. Emits no link-lib of perl: the final artefact links libperl, here only the tests do.

fn main() {
    let perl = probe::or_exit(probe::perl());
    probe::emit_perl_cfgs(&perl);
    // Whoever links only what the doors need must not get what knows a server: the first list refers to nothing in the second.
    const DOORS: &[&str] = &["bind", "dump", "guard", "handler", "layer", "plain", "xsub"];
    const SERVER: &[&str] = &[
        "abi",
        "attributes",
        "clone",
        "env",
        "io",
        "lazy",
        "leftovers",
        "libs",
        "life",
        "owned",
        "process",
        "readahead",
        "script",
        "stderr",
        "trim",
        "util",
    ];
    for (library, files) in [("interp_perl_server", SERVER), ("interp_perl_doors", DOORS)] {
        let mut shim = cc::Build::new();
        for file in files {
            shim.file(format!("shim/{file}.c"));
        }
        shim.include("shim").include("../interp").opt_level(2).std("gnu11");
        for flag in &perl.ccopts {
            shim.flag(flag);
        }
        shim.warnings(true)
            .flag("-Wno-unused-parameter")
            .flag("-Wno-clobbered")
            .flag("-Wno-missing-field-initializers");
        shim.compile(library);
    }
    println!("cargo::rustc-link-search=native={}", perl.core.display()); // for the tests
    println!("cargo::rerun-if-changed=shim");
    println!("cargo::rerun-if-changed=../interp/interp.h");
}
