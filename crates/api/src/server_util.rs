//! `Apache2::ServerUtil`: what the host keeps for a server, and facts about the server as a whole.

use super::host::{Change, host};
use super::{needs, request_util::get_or_set};
use apr::{Pool, Table};
use httpd::{Server, server};
use interp::*;

/// Methods of a server.
pub(super) static PART: Part = Part::new("Apache2::ServerUtil", ROWS);

static ROWS: &[Row] = &[
    method("loglevel([level])", loglevel).doc("LogLevel, as a number."),
    method("error_log2stderr()", Server::error_log_to_stderr).doc("Sends the process's standard error to the server's error log."),
    method("dir_config([key], [value])", dir_config)
        .doc("Values of PerlSetVar and PerlAddVar outside sections: the table, a value, or a new value."),
    method("push_handlers(phase, handlers)", |s: &Server, phase: &[u8], handlers: HandlerArgs| {
        host()?.handlers.change_server(s, phase, Change::Push, handlers.keep())
    })
    .doc("Adds handlers to a phase of this server; once it serves, in this process only."),
    method("set_handlers(phase, handlers)", |s: &Server, phase: &[u8], handlers: HandlerArgs| {
        host()?.handlers.change_server(s, phase, Change::Set, handlers.keep())
    })
    .doc("Replaces the handlers of a phase of this server; once it serves, in this process only."),
    method("get_handlers(phase)", |s: &Server, phase: &[u8]| {
        Ok::<_, Fail>(host()?.handlers.of_server(s, phase)?.filter(|h| !h.is_empty()).map(Array))
    })
    .doc("The handlers of a phase."),
    method("is_perl_option_enabled(flag)", |s: &Server, flag: &[u8]| host()?.config.is_on_for_server(s, flag))
        .doc("Whether a PerlOptions flag of servers is on here."),
    method("add_config(lines)", |s: &Server, lines: Strings| {
        if !lines.is_array() {
            return Err("$s->add_config() has failed: not an array reference".into());
        }
        let lines: Vec<_> = lines.iter().collect();
        host()?
            .config
            .add_to_server(s, &lines)
            .map_err(|e| e.prefixed("$s->add_config() has failed: "))
    })
    .doc("Adds configuration lines to this server. It is to be called while the server starts."),
    method("add_version_component(text)", |s: &Server, text: &[u8]| {
        httpd::server::add_version_component(s.pconf(), text)
    })
    .needs(&[&needs::STARTING])
    .doc("Adds a word to the Server header. It is to be called while the server starts."),
    method("method_register(name)", |s: &Server, name: &[u8]| httpd::util::register_method(s.pconf(), name))
        .doc("Makes a method known to httpd and returns the method's number. Best called while the server starts: later it holds in one process."),
];

/// Functions of the package.
pub static SERVER_UTIL: Class = Class::new(
    "Apache2::ServerUtil",
    &[
        class_method("server()", |_class: ClassName| {
            Server::with_main(|main| Ok::<_, Fail>(Owned::by(main, runtime()?.ticket(Owner::of(main))))).transpose()
        })
        .doc("The main server."),
        function("server_root()", server::server_root).doc("ServerRoot."),
        function("server_root_relative(p, [path])", server_root_relative).doc("A path under ServerRoot."),
        class_method("user_id()", |_class: ClassName| httpd::util::unix_ids().0).doc("The user that children run as."),
        class_method("group_id()", |_class: ClassName| httpd::util::unix_ids().1)
            .doc("The group that children run as."),
        function("server_shutdown_cleanup_register(callback, [arg])", shutdown_cleanup)
            .doc("Calls `callback` with `arg` when the server is shut down or restarted."),
        function("exists_config_define(name)", server::is_defined).doc("Whether a name was given with -D or Define."),
        function("get_server_banner()", server::banner).doc("What the Server header says."),
        function("get_server_description()", server::description).doc("httpd and its modules, with versions."),
        function("get_server_version()", server::description).doc("As get_server_description."),
        function("get_server_built()", server::built).doc("When httpd was built."),
        function("restart_count()", || i64::from(server::config_generation()) + 1)
            .doc("How often the configuration was read: 1 while it is read first, 2 when first served."),
    ],
)
.doc("The server as a whole.");

/// 0 is no level to set, as with mod_perl.
fn loglevel(s: &Server, level: Option<i32>) -> i32 {
    if let Some(level) = level.filter(|n| *n != 0) {
        s.set_log_level(level);
    }
    s.log_level()
}

fn dir_config(
    s: &Server,
    key: Option<&[u8]>,
    value: Option<Maybe<&[u8]>>,
) -> Result<Either<Option<Owned<Table>>, Option<Vec<u8>>>> {
    let (mut table, mut text) = (None, None);
    host()?.config.vars_of_server(s, &mut |vars| match key {
        // A request may have a copy of its own, which dies with it and not with the server.
        None => table = Some(runtime().map(|runtime| Owned::by(vars, runtime.ticket(Owner::of(vars.pool()))))),
        Some(key) => text = get_or_set(vars, key, value.as_ref().map(|value| Maybe(value.0))),
    })?;
    Ok(if key.is_none() { Either::A(table.transpose()?) } else { Either::B(text) })
}

fn server_root_relative(pool: &Pool, path: Option<&[u8]>) -> Option<Vec<u8>> {
    server::root_relative(pool, path.unwrap_or_default())
}

fn shutdown_cleanup(callback: HandlerArg, arg: Option<Any>) -> Result<()> {
    let (code, arg) = (callback.keep_value(), arg.map(|a| a.keep()));
    Server::with_main(|main| host()?.handlers.at_shutdown(main, code, arg)).ok_or("there is no server yet")?
}
