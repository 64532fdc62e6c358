//! Compiles the shim against the Lua that mlua links. Emits no link-lib: mlua's crate does.

fn main() {
    let jit = std::env::var_os("CARGO_FEATURE_LUAJIT").is_some();
    let names: &[&str] = if jit { &["luajit"] } else { &["lua5.4", "lua-5.4", "lua54", "lua"] };
    let found = names.iter().find_map(|name| pkg_config::Config::new().cargo_metadata(false).probe(name).ok());
    let Some(lua) = found else {
        println!("cargo::error=no headers of Lua: pkg-config knows none of {names:?}");
        return;
    };
    let mut shim = cc::Build::new();
    for file in ["arena", "base", "bind", "bits", "door", "locale", "random", "run", "text"] {
        shim.file(format!("shim/{file}.c"));
    }
    shim.include("shim").include("../interp").includes(&lua.include_paths).opt_level(2).std("gnu11");
    shim.warnings(true).extra_warnings(true).flag("-Wno-missing-field-initializers");
    shim.compile("interp_lua_shim");
    println!("cargo::rerun-if-changed=shim");
    println!("cargo::rerun-if-changed=../interp/interp.h");
}
