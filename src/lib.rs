//! mod_interp: Perl inside Apache httpd, on pools of ready interpreters.
//!
//! httpd loads this library by one of its module records: `perl_module` answers to what existing configuration says of
//! mod_perl. Everything else is in the floors below; [`host`] is the topmost.

mod abi;
mod api;
mod host;

use httpd::ModuleRecord;

/// `LoadModule perl_module .../mod_interp.so`; `<IfModule mod_perl.c>` holds as well.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static perl_module: ModuleRecord = ModuleRecord::new::<host::PerlHost>(c"mod_perl.c");

// Unit tests run without an httpd. APR is real, httpd's functions abort.
#[cfg(test)]
#[link(name = "httpd_stubs", kind = "static", modifiers = "+whole-archive")]
#[link(name = "apr-1")]
#[link(name = "aprutil-1")]
unsafe extern "C" {}
