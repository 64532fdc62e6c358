//! `Apache2::*` and `ModPerl::*`: one file per Perl module, with its rows and below them its functions, over crate `httpd`'s
//! safe ones. A class has rows of its own and the parts that other modules bring.
//!
//! A row is `kind("name(parameters)", function)` and what differs from the default. Nothing here knows a language, or the host: what a function needs from above it asks by the traits
//! of `host.rs`. `docs/api.md` is printed from these rows.

mod access;
mod cmd_parms;
mod command;
mod connection;
mod connection_io;
mod connection_util;
mod consts;
mod databases;
mod dicts;
mod directive;
mod directives;
pub mod docs;
mod filter;
mod filter_rec;
mod hook_run;
mod host;
mod interpreter;
mod jobs;
mod log;
pub mod lua;
mod modperl_util;
mod module;
mod mpm;
mod needs;
mod opaque;
pub mod page;
mod process;
mod provider;
mod request_io;
mod request_rec;
mod request_util;
mod response;
mod script;
mod server_rec;
mod server_util;
mod status;
mod sub_process;
mod sub_request;
mod uri;
mod util;

pub use dicts::{Dict, HeldDict};
pub use host::{
    AuthProvider, Calls, Change, Config, Databases, Dicts, Figures, Filters, Found, HOST, Handlers, HostSide, Input,
    Jobs, Notes, Output, Unsent,
};

use httpd::ModuleRecord;
use interp::{Class, Consts};
use std::sync::OnceLock;

/// All classes, those of APR included, for [`interp::register`].
pub static CLASSES: &[&[&Class]] = &[OURS, apr_api::CLASSES, lua::CLASSES];
/// All constants, for [`interp::register`].
pub static CONSTS: &[&[&Consts]] = &[&[&consts::CONST, &consts::MODPERL], apr_api::CONSTS, &[&lua::CONST]];

static OURS: &[&Class] = &[
    &request_rec::REQUEST_REC,
    &sub_request::SUB_REQUEST,
    &connection::CONNECTION,
    &server_rec::SERVER_REC,
    &process::PROCESS,
    &request_util::REQUEST_UTIL,
    &server_util::SERVER_UTIL,
    &mpm::MPM,
    &log::REQUEST_LOG,
    &log::SERVER_LOG,
    &log::LOG_CLASS,
    &filter::FILTER,
    &filter_rec::FILTER_REC,
    &opaque::CONF_VECTOR,
    &opaque::METHOD_LIST,
    &opaque::SCORE_HANDLE,
    &opaque::SERVER_CONTEXT,
    &opaque::SERVER_ADDR,
    &module::MODULE_CLASS,
    &command::COMMAND,
    &cmd_parms::CMD_PARMS,
    &directive::DIRECTIVE,
    &directives::DIRECTIVES,
    &provider::PROVIDER,
    &util::UTIL,
    &uri::URI,
    &modperl_util::MODPERL_UTIL,
    &status::STATUS,
    &interpreter::INTERP,
    &databases::DATABASES,
    &jobs::JOBS,
    &dicts::DICT,
    &page::PAGE,
    &script::SCRIPT,
];

/// The module in whose name scripts write to the error log. Set by the host before anything runs.
pub static MODULE: OnceLock<&'static ModuleRecord> = OnceLock::new();

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_row_has_a_sentence_and_a_name_of_its_own() {
        for class in CLASSES.concat() {
            let (mut names, mut lua_names) = (HashSet::new(), HashSet::new());
            for row in class.rows_of(interp::LUA) {
                assert!(lua_names.insert(row.lua_name()), "{}::{} stands twice in Lua", class.name(), row.lua_name());
            }
            for row in class.rows() {
                let name = format!("{}::{}", class.name(), row.name());
                assert!(row.is_lua_only() || names.insert(row.name()), "{name} stands twice");
                assert!(row.about().ends_with('.'), "{name} has no sentence");
            }
        }
    }

    #[test]
    fn the_best_known_constants_have_their_values() {
        use interp::Const::*;
        let value = |name| consts::CONST.get(name);
        assert_eq!((value("OK"), value("DECLINED"), value("DONE")), (Some(Int(0)), Some(Int(-1)), Some(Int(-2))));
        assert_eq!((value("NOT_FOUND"), value("SERVER_ERROR")), (Some(Int(404)), Some(Int(500))));
        assert_eq!((value("M_POST"), value("OR_ALL")), (Some(Int(2)), Some(Int(31))));
        assert_eq!(value("DIR_MAGIC_TYPE"), Some(Text("httpd/unix-directory")));
    }
}
