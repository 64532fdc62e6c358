//! mod_interp: Perl and Lua inside Apache httpd, on pools of ready interpreters.
//!
//! httpd loads this library by its module records: `perl_module` answers to what existing configuration says of mod_perl,
//! `lua_module` to what it says of mod_lua. Everything else is in the floors below; `host` is the topmost.

#[cfg(feature = "perl")]
mod abi;
mod check;
mod host;

#[cfg(not(any(feature = "perl", feature = "any-lua")))]
compile_error!("mod_interp: without the features perl and lua (or luajit) nothing is left");
#[cfg(all(feature = "lua", feature = "luajit"))]
compile_error!(
    "mod_interp: the features lua and luajit exclude each other: --no-default-features --features perl,luajit"
);
#[cfg(all(feature = "any-lua", not(any(feature = "lua", feature = "luajit"))))]
compile_error!("mod_interp: any-lua alone is no Lua: lua or luajit");

use httpd::ModuleRecord;

/// `LoadModule perl_module .../mod_interp.so`; `<IfModule mod_perl.c>` holds as well.
#[cfg(feature = "perl")]
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static perl_module: ModuleRecord = ModuleRecord::new::<host::perl::PerlHost>(c"mod_perl.c");

/// `LoadModule lua_module .../mod_interp.so`; `<IfModule mod_lua.c>` holds as well.
#[cfg(feature = "any-lua")]
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static lua_module: ModuleRecord = ModuleRecord::new::<host::lua::LuaHost>(c"mod_lua.c");

/// `LoadModule interp_check_module .../mod_interp.so`: what `mod_interp-check` has httpd load, on its command line.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static interp_check_module: ModuleRecord = ModuleRecord::reader::<check::Check>(c"mod_interp_check.c");

/// The module records of this library that serve.
static RECORDS: &[(config::Language, &ModuleRecord)] = &[
    #[cfg(feature = "perl")]
    (config::Language::Perl, &perl_module),
    #[cfg(feature = "any-lua")]
    (config::Language::Lua, &lua_module),
];

// Unit tests run without an httpd. APR is real, httpd's functions abort.
#[cfg(test)]
#[link(name = "httpd_stubs", kind = "static", modifiers = "+whole-archive")]
#[link(name = "apr-1")]
#[link(name = "aprutil-1")]
unsafe extern "C" {}
