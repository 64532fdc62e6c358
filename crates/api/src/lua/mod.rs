//! What scripts know from mod_lua: its request object, databases, WebSockets and the constants of `apache2`, as rows that
//! only Lua has. Where Perl has the same name, these win in Lua.
//!
//! Meanings are those of mod_lua's manual, and where that is silent those of httpd 2.4's own module. What the manual says
//! and mod_lua does not do is done.

pub(super) mod body;
mod consts;
pub(super) mod cookie;
pub(super) mod database;
pub(super) mod fields;
pub(super) mod files;
mod form;
mod frame;
pub(super) mod info;
pub(super) mod ivm;
pub(super) mod log;
mod module;
pub(super) mod output;
pub(super) mod text;
mod utf8;
pub(super) mod websocket;

pub use consts::{CONST, version};
use database::{DATABASE, RESULT_SET, STATEMENT};
pub use module::MODULE;
pub use websocket::end as end_websocket;

use apr::Table;
use httpd::Request;
use interp::Class;

/// The classes that only Lua has.
pub static CLASSES: &[&Class] = &[&DATABASE, &STATEMENT, &RESULT_SET];

/// Whether a value of several lines in one of a request's tables must become one line ([`interp::Runtime::makes_one_line`]):
/// not in notes. It is logged.
pub fn makes_one_line(r: &Request, table: &Table, key: &[u8]) -> bool {
    let c = r.connection();
    if table == r.notes() || c.notes() == Some(table) {
        return false;
    }
    let text = [b"a value for '", key, b"' has several lines: they are joined"].concat();
    log::line(r, httpd::log::Level::Warn, &text);
    true
}

#[cfg(test)]
mod tests {
    use interp::{LUA, RowKind};

    /// What mod_lua's request object has.
    const FIELDS: &str = "\
        allowoverrides ap_auth_type args assbackwards auth_name banner basic_auth_pw canonical_filename \
        content_encoding content_type context_document_root context_prefix document_root err_headers_out filename \
        handler headers_in headers_out hostname is_https is_initial_req limit_req_body log_id method notes options \
        path_info port protocol proxyreq range remaining server_built server_name some_auth_required started status \
        subprocess_env the_request unparsed_uri uri user useragent_ip";
    const METHODS: &str = "\
        activeconfig add_input_filter add_output_filter alert base64_decode base64_encode clock config construct_url \
        crit custom_response date_parse_rfc dbacquire debug emerg err err_headers_out_table escape escape_html \
        escape_logitem exists_config_define expr flush get_direntries get_server_name_for_url getcookie \
        headers_in_table headers_out_table htpassword info ivm_get ivm_set loaded_modules make_etag md5 mkdir mkrdir \
        module_info mpm_query notes_table notice os_escape_path parseargs parsebody puts regex requestbody rmdir \
        runtime_dir_relative scoreboard_process scoreboard_worker send_interim_response sendfile server_info \
        set_context_info set_document_root set_keepalive setcookie sha1 ssl_var_lookup stat state_query strcmp_match \
        subprocess_env_table touch trace1 trace2 trace3 trace4 trace5 trace6 trace7 trace8 unescape usleep warn write \
        wsclose wspeek wsping wsread wsupgrade wswrite";

    #[test]
    fn every_name_of_mod_lua_is_there_as_the_field_or_method_it_is() {
        let kind = |name: &str| {
            let class = &crate::request_rec::REQUEST_REC;
            class.rows_of(LUA).find(|row| row.lua_name() == name).map(interp::Row::kind)
        };
        for name in FIELDS.split_whitespace() {
            assert!(matches!(kind(name), Some(RowKind::Ro | RowKind::Rw)), "{name} is {:?}", kind(name));
        }
        for name in METHODS.split_whitespace() {
            assert_eq!(kind(name), Some(RowKind::Method), "{name}");
        }
        // What mod_lua lets a script set, though its manual calls one of them read-only.
        let can_be_set = "ap_auth_type args content_type filename handler proxyreq status uri user";
        for name in FIELDS.split_whitespace() {
            let expected = if can_be_set.split(' ').any(|n| n == name) { RowKind::Rw } else { RowKind::Ro };
            assert_eq!(kind(name), Some(expected), "{name}");
        }
    }
}
