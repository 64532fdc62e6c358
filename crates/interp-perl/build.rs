//! Compiles the C shim against perl.h. Emits no link-lib of perl: the final artefact links libperl, here only the tests do.

fn main() {
    let perl = probe::or_exit(probe::perl());
    probe::emit_perl_cfgs(&perl);
    let mut shim = cc::Build::new();
    for file in [
        "abi",
        "bind",
        "clone",
        "dump",
        "env",
        "guard",
        "handler",
        "io",
        "leftovers",
        "life",
        "owned",
        "readahead",
        "script",
        "stderr",
        "trim",
        "util",
        "xsub",
    ] {
        shim.file(format!("shim/{file}.c"));
    }
    shim.include("shim").include("../interp").opt_level(2).std("gnu11");
    for flag in &perl.ccopts {
        shim.flag(flag);
    }
    shim.warnings(true).flag("-Wno-unused-parameter").flag("-Wno-clobbered").flag("-Wno-missing-field-initializers");
    shim.compile("interp_perl_shim");
    println!("cargo::rustc-link-search=native={}", perl.core.display()); // for the tests
    println!("cargo::rerun-if-changed=shim");
    println!("cargo::rerun-if-changed=../interp/interp.h");
}
