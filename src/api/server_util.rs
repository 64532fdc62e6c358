//! `Apache2::ServerUtil` and `Apache2::MPM`: facts about the server as a whole.

use apr::Pool;
use httpd::{Server, mpm, server};
use interp::*;

/// Functions of the package.
pub static SERVER_UTIL: Class = Class::new(
    "Apache2::ServerUtil",
    &[
        class_method("server()", |_class: ClassName| Server::main()).doc("The main server."),
        class_method("section_server()", |_class: ClassName| {
            Ok::<_, Fail>(runtime()?.current_object::<Server>().map(|(s, _)| s))
        })
        .doc("The server whose configuration runs the code; `Apache2::PerlSections->server`."),
        function("server_root()", server::server_root).doc("ServerRoot."),
        function("server_root_relative(pool, [path])", server_root_relative).doc("A path under ServerRoot."),
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

/// Functions of the package.
pub static MPM: Class = Class::new(
    "Apache2::MPM",
    &[
        class_method("is_threaded()", |_class: ClassName| mpm::is_threaded())
            .doc("Whether requests are served by threads."),
        class_method("query(what)", |_class: ClassName, what: i32| httpd::util::mpm_query(what))
            .doc("What the MPM says of itself: MPMQ_*; undef for what it does not know."),
        class_method("show()", |_class: ClassName| mpm::name()).doc("Name of the MPM, prefork or event."),
    ],
)
.doc("The multi-processing module.");

fn server_root_relative(pool: &Pool, path: Option<&[u8]>) -> Option<Vec<u8>> {
    server::root_relative(pool, path.unwrap_or_default())
}

fn shutdown_cleanup(callback: Handler, here: Here, arg: Option<Any>) -> Result<()> {
    let server = Server::main().ok_or("there is no server yet")?;
    runtime()?.cleanup(Owner::of(&server), here, callback.keep_value(), arg.map(|a| a.keep()))
}
