//! The request object of mod_lua, as far as it is not Perl's: one row per name.

use super::{body, cookie, database, fields, files, info, is_on, ivm, log, method, output, ro, rw, text, websocket};
use apr::{Algorithm, Reenter, digest};
use httpd::{Request, log::Level, server, util};
use interp::{Either, List, Plain, Row, Switch, Value};

/// Its rows.
pub static REQUEST: &[Row] = &[
    // Fields.
    ro("allowoverrides", fields::allowoverrides).doc("AllowOverride here: All, None, or kinds of directives."),
    ro("assbackwards", |r: &Request| r.assbackwards() != 0).doc("Whether the client speaks HTTP/0.9."),
    ro("auth_name", fields::auth_name).doc("AuthName; empty without one."),
    ro("banner", |_: &Request| server::banner()).doc("What the Server header says."),
    ro("basic_auth_pw", fields::basic_auth_pw).doc("The password of Basic authentication; empty without one."),
    ro("canonical_filename", Request::canonical_filename).doc("The file's name after httpd made it canonical."),
    ro("content_encoding", Request::content_encoding).doc("Content-Encoding of the answer."),
    ro("context_document_root", Request::context_document_root).doc("The directory that context_prefix stands for."),
    ro("context_prefix", Request::context_prefix).doc("The part of the URI that Alias and its kin have mapped."),
    ro("document_root", Request::document_root).doc("DocumentRoot."),
    ro("err_headers_out", Request::err_headers_out).doc("Headers that are sent with an error too."),
    rw("handler", Request::handler, set_handler).doc("The handler that makes the answer."),
    ro("headers_in", Request::headers_in).doc("Headers of the request."),
    ro("headers_out", Request::headers_out).doc("Headers of the answer."),
    ro("hostname", Request::hostname).doc("The host asked for."),
    ro("is_https", Request::is_https).doc("Whether it came by TLS."),
    ro("is_initial_req", Request::is_initial).doc("Whether the request came from the client: false for subrequests and redirects."),
    ro("limit_req_body", Request::limit_req_body).doc("LimitRequestBody, bytes; 0 is unlimited."),
    ro("log_id", Request::log_id).doc("What the logs call the request."),
    ro("method", Request::method).doc("Name of the method."),
    ro("notes", Request::notes).doc("Notes from module to module."),
    ro("options", fields::options).doc("Options here, by name."),
    ro("path_info", Request::path_info).doc("What follows the file in the URI."),
    ro("port", |r: &Request| i64::from(r.server_port())).doc("The port to use for this server in links."),
    rw("proxyreq", fields::proxyreq, Request::set_proxyreq)
        .doc("PROXYREQ_*, as text when it is read and as number when it is set: whether it is for a proxy."),
    ro("range", Request::range).doc("The Range header, once httpd has looked at it."),
    ro("remaining", Request::remaining).doc("Bytes of the body not read yet, as far as httpd knows."),
    ro("server_built", |_: &Request| server::built()).doc("When httpd was built."),
    ro("server_name", fields::server_name).doc("The name to use for this server in links."),
    ro("some_auth_required", Request::some_auth_required).doc("Whether a Require line asks for a user."),
    ro("started", fields::started).doc("When the server was started or restarted, seconds since 1970."),
    ro("subprocess_env", Request::subprocess_env).doc("Environment for CGI and its kin."),
    ro("the_request", Request::the_request).doc("The request's first line."),
    ro("useragent_ip", Request::useragent_ip).doc("The client's address, as modules such as mod_remoteip see it."),
    // Tables as tables of the language.
    method("headers_in_table()", |r: &Request| body::tables_of(&r.headers_in()))
        .doc("Headers of the request, as two tables: first values, and all of them."),
    method("headers_out_table()", |r: &Request| body::tables_of(&r.headers_out()))
        .doc("Headers of the answer, as two tables: first values, and all of them."),
    method("err_headers_out_table()", |r: &Request| body::tables_of(&r.err_headers_out()))
        .doc("Headers that are sent with an error too, as two tables: first values, and all of them."),
    method("notes_table()", |r: &Request| body::tables_of(&r.notes()))
        .doc("Notes from module to module, as two tables: first values, and all of them."),
    method("subprocess_env_table()", |r: &Request| body::tables_of(&r.subprocess_env()))
        .doc("Environment for CGI and its kin, as two tables: first values, and all of them."),
    // Arguments, body, cookies.
    method("parseargs()", body::parseargs)
        .doc("The query string as two tables: the last value of each name, and all values of each name."),
    method("parsebody([limit])", body::parsebody)
        .doc("A form that was sent, as two tables: a value of each name, and all of each; of at most 8192 bytes, if no \
              other limit is given (0: none). A third result says what is wrong."),
    method("requestbody([filename], [limit])", body::requestbody)
        .doc("The body and its length; with a file, stores it there and gives its length. If it is larger than a limit, nil and why."),
    method("getcookie(key)", Request::cookie).doc("A cookie's value, as it was sent."),
    method("setcookie(cookie, [value], [secure], [expires])", cookie::setcookie)
        .doc("Sets a cookie: a table with key, value, expires (seconds since 1970), secure, httponly, path, domain."),
    // Sending.
    method("puts(@texts)", output::puts).doc("Sends texts."),
    method("write(text)", output::write).doc("Sends a text; returns how many bytes, -1 if the client is gone."),
    method("flush()", output::flush).doc("Sends what is held back; false if the client is gone."),
    method("sendfile(filename)", output::sendfile).doc("Sends a file; returns how many bytes, false if there is none."),
    method("send_interim_response([headers])", |r: &Request, headers: Option<Switch>, cx: Reenter| {
        r.send_interim_response(is_on(headers), cx)
    })
    .doc("Sends the status (100 to 199) at once, and if asked the headers of the answer, which are gone then."),
    method("add_output_filter(name)", |r: &Request, name: &[u8]| r.add_output_filter(name))
        .doc("Puts a filter before those that the answer goes through; false if there is none of that name."),
    method("add_input_filter(name)", |r: &Request, name: &[u8]| r.add_input_filter(name))
        .doc("Puts a filter before those that the body comes through; false if there is none of that name."),
    // Text.
    method("escape(text)", |_: &Request, t: &[u8]| text::escape(t)).doc("A text as part of a URL."),
    method("unescape(text)", |_: &Request, t: &[u8]| text::unescape(t))
        .doc("The text that escape made this from; nil for a text that escape cannot have made."),
    method("escape_html(text)", |_: &Request, t: &[u8]| text::escape_html(t)).doc("A text as part of a page."),
    method("escape_logitem(text)", |r: &Request, t: &[u8]| util::escape_logitem(&r.pool(), t))
        .doc("A text as the logs show it."),
    method("os_escape_path(path, [partial])", |r: &Request, path: &[u8], partial: Option<Switch>| {
        util::escape_path(&r.pool(), path, is_on(partial))
    })
    .doc("A path as part of a URL; partial: a colon before the first slash needs no ./ before it."),
    method("base64_encode(bytes)", |_: &Request, bytes: &[u8]| apr_api::base64::encode(bytes)).doc("Bytes as text."),
    method("base64_decode(text)", |_: &Request, t: &[u8]| apr_api::base64::decode(t)).doc("The bytes of a text."),
    method("md5(bytes)", |_: &Request, bytes: &[u8]| digest::hex(&digest::md5(bytes))).doc("The MD5 digest, as text."),
    method("sha1(bytes)", |_: &Request, bytes: &[u8]| digest::hex(&digest::sha1(bytes)))
        .doc("The SHA-1 digest, as text."),
    method("htpassword(password, [algorithm], [cost])", htpassword)
        .doc("A password's hash by algorithm: 0 APR's MD5, 1 SHA-1, 2 bcrypt (with a cost, else 5), 3 crypt; false and why there is none."),
    method("regex(text, pattern, [flags])", info::regex)
        .doc("Groups of the first match by number, the whole match as 0; false where nothing matches. Flags: 1 any case, 2 lines."),
    method("strcmp_match(text, pattern, [any_case])", info::strcmp_match)
        .loose()
        .doc("Whether a text matches a pattern with * and ?."),
    method("date_parse_rfc(text)", info::date_parse_rfc)
        .loose()
        .doc("A date as seconds since 1970; nil if it is none."),
    method("expr(expression)", info::expr).doc("Whether an expression of httpd's is true; false and why it is none."),
    // Files.
    method("stat(filename, [wanted])", files::stat)
        .doc("What the file system says of a file, times in microseconds since 1970; nil if there is none."),
    method("get_direntries(directory)", files::get_direntries).doc("The names in a directory; nil if there is none."),
    method("touch(filename, [mtime])", files::touch)
        .doc("Sets when a file was last written, microseconds since 1970; now, if none is given."),
    method("mkdir(path, [mode])", files::mkdir).doc("Makes a directory."),
    method("mkrdir(path, [mode])", files::mkrdir).doc("Makes a directory and those above it."),
    method("rmdir(path)", files::rmdir).doc("Removes an empty directory."),
    method("runtime_dir_relative([filename])", |r: &Request, file: Option<&[u8]>| {
        util::runtime_relative(&r.pool(), file.unwrap_or(b"."))
    })
    .doc("A path under DefaultRuntimeDir."),
    // The request elsewhere.
    method("set_document_root(path)", Request::set_own_document_root).doc("Sets DocumentRoot for this request."),
    method("set_context_info(prefix, root)", Request::set_context)
        .doc("Sets context_prefix and context_document_root."),
    method("get_server_name_for_url()", Request::server_name_for_url)
        .doc("server_name, an IPv6 address in brackets."),
    method("ssl_var_lookup(name)", Request::ssl_variable).doc("A variable of mod_ssl's."),
    // The server.
    method("clock()", |_: &Request| apr::now()).doc("Microseconds since 1970."),
    method("usleep(microseconds)", info::usleep).loose().doc("Waits this many microseconds."),
    method("mpm_query(number)", info::mpm_query)
        .loose()
        .doc("What the MPM says of itself, AP_MPMQ_*: 14 is 1 with event; 0 for what it does not know."),
    method("state_query(name)", info::state_query)
        .loose()
        .doc("What httpd says of itself: MAIN_STATE (0), RUN_MODE (1), CONFIG_GEN (2); -1 for anything else."),
    method("exists_config_define(name)", info::exists_config_define)
        .loose()
        .doc("Whether a name was given with -D or Define."),
    method("module_info(name)", info::module_info)
        .loose()
        .doc("A module's directives, in a table within a table: commands. Nil if there is no such module, or it has none."),
    method("loaded_modules()", info::loaded_modules).doc("Names of all modules."),
    method("server_info()", info::server_info).doc("Executable, ServerRoot, scoreboard and MPM, in a table."),
    method("scoreboard_process(process)", info::scoreboard_process)
        .doc("A process's line of the scoreboard, from 0; nil if there is none."),
    method("scoreboard_worker(process, thread)", info::scoreboard_worker)
        .doc("A thread's line of the scoreboard; nil if there is none."),
    method("config()", info::config)
        .doc("All directives: a table of tables with directive, file, line and, in a section, children."),
    method("activeconfig()", info::activeconfig).doc("The directives of the request's virtual host, as config."),
    method("ivm_get(key)", |_: &Request, key: &[u8]| ivm::get(key))
        .doc("A value that all states of the process share; nil if there is none."),
    method("ivm_set(key, value)", |_: &Request, key: &[u8], value: Plain| ivm::set(key, value))
        .doc("Sets a value that all states of the process share; nil removes it."),
    method("dbacquire([kind], [parameters])", database::dbacquire)
        .doc("A database: of mod_dbd, or by a driver's name and its parameters; or nil and why there is none."),
    // WebSockets.
    method("wsupgrade()", websocket::wsupgrade).doc("Makes a WebSocket of the connection, if the client asks for one."),
    method("wsread([limit])", websocket::wsread)
        .doc("The next frame, whether its message ends with it, and the message's kind, \"text\" or \"binary\"; nil once the \
              connection is closed. Of at most 16 MiB, if no other limit is given. Text is UTF-8, or the connection is closed."),
    method("wswrite(message, [raw], [kind])", websocket::wswrite)
        .doc("Sends a message, or raw bytes; false once the connection is closed. A message is sent as text if it is UTF-8, \
              unless its kind is given."),
    method("wspeek()", websocket::wspeek).doc("Whether wsread would return without waiting."),
    method("wsping()", websocket::wsping).doc("Sends a ping and waits for its pong; false if the connection closes."),
    method("wsclose()", websocket::wsclose).doc("Closes the WebSocket."),
    // The log.
    method("emerg(text)", |r: &Request, t: &[u8]| log::line(r, Level::Emerg, t))
        .doc("Writes to the error log that the server cannot go on."),
    method("alert(text)", |r: &Request, t: &[u8]| log::line(r, Level::Alert, t))
        .doc("Writes to the error log what must be dealt with at once."),
    method("crit(text)", |r: &Request, t: &[u8]| log::line(r, Level::Crit, t))
        .doc("Writes something critical to the error log."),
    method("err(text)", |r: &Request, t: &[u8]| log::line(r, Level::Error, t)).doc("Writes an error to the error log."),
    method("warn(text)", |r: &Request, t: &[u8]| log::line(r, Level::Warn, t)).doc("Writes a warning to the error log."),
    method("notice(text)", |r: &Request, t: &[u8]| log::line(r, Level::Notice, t))
        .doc("Writes something normal but notable to the error log."),
    method("info(text)", |r: &Request, t: &[u8]| log::line(r, Level::Info, t))
        .doc("Writes an information to the error log."),
    method("debug(text)", |r: &Request, t: &[u8]| log::line(r, Level::Debug, t))
        .doc("Writes to the error log, for debugging."),
    method("trace1(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace1, t)).doc(TRACE),
    method("trace2(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace2, t)).doc(TRACE),
    method("trace3(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace3, t)).doc(TRACE),
    method("trace4(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace4, t)).doc(TRACE),
    method("trace5(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace5, t)).doc(TRACE),
    method("trace6(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace6, t)).doc(TRACE),
    method("trace7(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace7, t)).doc(TRACE),
    method("trace8(text)", |r: &Request, t: &[u8]| log::line(r, Level::Trace8, t)).doc(TRACE),
];

const TRACE: &str = "Writes to the error log at this level.";

/// What bcrypt costs if nothing is said.
const COST: i32 = 5;

fn set_handler(r: &Request, handler: Option<&[u8]>) {
    r.set_handler(handler);
    r.note_handler_of_script();
}

fn htpassword(
    _r: &Request,
    password: &[u8],
    algorithm: Option<i32>,
    cost: Option<i32>,
) -> Either<Vec<u8>, List<Value>> {
    let algorithm = match algorithm.unwrap_or(0) {
        0 => Ok(Algorithm::Md5),
        1 => Ok(Algorithm::Sha1),
        2 => Ok(Algorithm::Bcrypt(cost.filter(|cost| *cost != 0).unwrap_or(COST))),
        3 => Ok(Algorithm::Crypt),
        other => Err(format!("there is no algorithm {other}")),
    };
    match algorithm.and_then(|algorithm| apr::password_hash(password, algorithm)) {
        Ok(hash) => Either::A(hash),
        Err(error) => Either::B(List(vec![Value::Bool(false), Value::Text(error.into())])),
    }
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
            let class = &crate::api::request_rec::REQUEST_REC;
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
