//! `Apache2::*` and `ModPerl::*`: one file per class, each a static of rows over crate `httpd`'s safe functions.
//!
//! A row is `kind("name(parameters)", function)` and what differs from the default; its work is in crate `httpd` or in a
//! function below the rows. Nothing here knows a language, or the host: what a function needs from above it asks of
//! [`interp::Runtime`]. `docs/api.md` is printed from these rows.

mod connection;
mod consts;
mod directive;
mod filter;
mod log;
pub mod lua;
mod module;
mod needs;
mod request_io;
mod request_rec;
mod request_util;
mod server_rec;
mod server_util;
mod status;
mod sub_process;
mod sub_request;
mod util;

use httpd::ModuleRecord;
use interp::{Class, Consts};
use std::sync::OnceLock;

/// All classes, those of APR included, for [`interp::register`].
pub static CLASSES: &[&Class] = &[
    &request_rec::REQUEST_REC,
    &apr_api::TABLE,
    &apr_api::POOL,
    &sub_request::SUB_REQUEST,
    &connection::CONNECTION,
    &server_rec::SERVER_REC,
    &server_rec::PROCESS,
    &request_util::REQUEST_UTIL,
    &server_util::SERVER_UTIL,
    &server_util::MPM,
    &log::REQUEST_LOG,
    &log::SERVER_LOG,
    &log::LOG_CLASS,
    &filter::FILTER,
    &filter::FILTER_REC,
    &filter::CONF_VECTOR,
    &filter::METHOD_LIST,
    &filter::SCORE_HANDLE,
    &filter::SERVER_CONTEXT,
    &filter::SERVER_ADDR,
    &module::MODULE_CLASS,
    &module::COMMAND,
    &module::CMD_PARMS,
    &directive::DIRECTIVE,
    &util::UTIL,
    &util::URI,
    &util::MODPERL_UTIL,
    &status::STATUS,
    &apr_api::STATUS,
    &apr_api::ERROR,
    &apr_api::BASE64,
    &apr_api::STRING,
    &apr_api::OS,
    &apr_api::DATE,
    &apr_api::URI,
    &apr_api::SOCK_ADDR,
    &apr_api::FINFO,
    &apr_api::UTIL,
    &apr_api::SOCKET,
    &apr_api::BRIGADE,
    &apr_api::BUCKET,
    &apr_api::BUCKET_ALLOC,
    &apr_api::BUCKET_TYPE,
    &apr_api::ARRAY_HEADER,
    &apr_api::IP_SUBNET,
    &apr_api::THREAD_MUTEX,
    &apr_api::THREAD_RWLOCK,
    &lua::DATABASE,
    &lua::STATEMENT,
    &lua::RESULT_SET,
];

/// All constants, for [`interp::register`].
pub static CONSTS: &[&Consts] = &[&consts::CONST, &apr_api::CONST, &consts::MODPERL, &lua::CONST];

/// The module in whose name scripts write to the error log. Set by the host before anything runs.
pub static MODULE: OnceLock<&'static ModuleRecord> = OnceLock::new();

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_row_has_a_sentence_and_a_name_of_its_own() {
        for class in CLASSES {
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

    /// With `MAKE_TABLES=1` (`make tables`) it writes them.
    #[test]
    fn the_printed_page_is_up_to_date() {
        let pages = [
            ("docs/api.md", interp::api_md(CLASSES, CONSTS)),
            ("lib/ModPerl/ConstValues.pm", interp::const_values_pm(CONSTS)),
        ];
        for (name, page) in pages {
            let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("MAKE_TABLES").is_some() {
                std::fs::write(&path, &page).unwrap();
            }
            assert!(std::fs::read_to_string(path).unwrap_or_default() == page, "{name} is old: run `make tables`");
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
