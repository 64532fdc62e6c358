//! The rows of lua_module that do not belong to a phase: mod_lua's own directives, and those that Perl has as well.

use crate::apply;
use crate::directives::{ANYWHERE, Args, Contexts, Directive, MAIN, Merge, NO_SECTION, call, interp, per_interp};
use crate::interp::set;
use crate::lua_apply;

const SCRIPT_AND_FUNCTION: Args = Args::Words { min: 3, max: 3 };
/// Filters are named for the whole server; mod_lua takes them in `<Location>` too.
const FILTERS: Contexts = Contexts::SERVER.and(Contexts::LOCATION);
/// Read early, since a `Require` line may use the name.
const PROVIDERS: Contexts = MAIN.and(Contexts::EXEC_ON_READ);

#[rustfmt::skip]
pub(crate) const ROWS: &[Directive] = &[
    call("LuaRoot", Args::Take1, "directory", ANYWHERE, lua_apply::root).runs_code().merge(Merge::Inherit).default("ServerRoot")
        .doc("Where the files of other directives lie that are named by a relative path. In a section it holds there; mod_lua applies it to the whole server."),
    call("LuaScope", Args::Words { min: 1, max: 3 }, "once|request|conn|thread|server [min [max]]", ANYWHERE, lua_apply::scope).merge(Merge::Inherit).default("once")
        .doc("How long the globals of a script live: for one call, until the request or connection ends, or, with thread and server, as long as the interpreter that ran it. Interpreters themselves are pooled in any case: see LuaInterpMax."),
    call("LuaPackagePath", Args::Take1, "path", ANYWHERE, lua_apply::package_path).runs_code().merge(Merge::Joined)
        .doc("Adds to package.path, such as /srv/lua/?.lua. The folder of the script comes first."),
    call("LuaPackageCPath", Args::Take1, "path", ANYWHERE, lua_apply::package_cpath).runs_code().merge(Merge::Joined)
        .doc("Adds to package.cpath, such as /srv/lua/?.so."),
    call("LuaCodeCache", Args::Take1, "stat|forever|never", ANYWHERE, lua_apply::code_cache).merge(Merge::Inherit).default("stat")
        .doc("When a script's file is read again: if its time or size is another, never, or for each use."),
    call("LuaInherit", Args::Take1, "none|parent-first|parent-last", ANYWHERE, lua_apply::inherit).chooses_code().merge(Merge::Inherit).default("parent-first")
        .doc("How hooks, map handlers, filters and package paths of an inner section are joined to those of the outer one: behind them, before them, or in their place."),
    call("LuaMapHandler", Args::Words { min: 2, max: 3 }, "pattern file [function]", ANYWHERE, lua_apply::map_handler).runs_code().merge(Merge::Joined)
        .doc("A request whose URI matches the regular expression is answered by the function (handle, if none is named) of the file. $1 in their names is what the first group matched."),
    call("LuaAuthzProvider", SCRIPT_AND_FUNCTION, "name file function", PROVIDERS, lua_apply::authz_provider).runs_code().merge(Merge::Global)
        .doc("A function that decides on `Require name arguments`. It is called with the request and the arguments."),
    call("LuaInputFilter", SCRIPT_AND_FUNCTION, "name file function", FILTERS, lua_apply::input_filter).runs_code().merge(Merge::Joined)
        .doc("Makes a function a filter that SetInputFilter and the like can name. It runs as a coroutine."),
    call("LuaOutputFilter", SCRIPT_AND_FUNCTION, "name file function", FILTERS, lua_apply::output_filter).runs_code().merge(Merge::Joined)
        .doc("Makes a function a filter that SetOutputFilter and the like can name. It runs as a coroutine."),

    call("LuaRequire", Args::Iterate, "file ...", NO_SECTION, apply::require).runs_code().merge(Merge::Own)
        .doc("Runs files when the interpreter starts, before the modules of LuaModule; at once if it runs already. A failure ends the start."),
    call("LuaModule", Args::Iterate, "module ...", NO_SECTION, apply::module).runs_code().merge(Merge::Own)
        .doc("Loads modules by require when the interpreter starts, after the files of LuaRequire; at once if it runs already. A failure ends the start."),
    call("LuaOptions", Args::Iterate, "[+|-]option ...", ANYWHERE, apply::options).merge(Merge::Flags)
        .doc("Switches features on or off; see Options of Lua below. At server level the name of a directory option sets the default of the directories."),
    call("LuaSetVar", Args::Take2, "name value", ANYWHERE, apply::set_var).merge(Merge::Vars)
        .doc("Sets a variable that dir_config reads. At server level for the server and, as default, for the directories."),
    call("LuaAddVar", Args::Iterate2, "name value ...", ANYWHERE, apply::add_var).merge(Merge::Vars)
        .doc("Adds values to a variable that dir_config reads."),

    interp("LuaInterpStart", Args::Take1, "number", set::start).default("3")
        .doc("Interpreters that are made for each child process before it is forked."),
    interp("LuaInterpMax", Args::Take1, "number|none", set::max_or_none).default("none")
        .doc("Interpreters a child process may have at once. Requests beyond that wait: see LuaInterpMaxWait. With none there are as many as requests run at once, as in mod_lua."),
    interp("LuaInterpMinSpare", Args::Take1, "number", set::min_spare).default("3")
        .doc("Idle interpreters to keep, made ahead of demand."),
    interp("LuaInterpMaxSpare", Args::Take1, "number", set::max_spare).default("20")
        .doc("Idle interpreters beyond which some are destroyed. They are small: the default is higher than Perl's."),
    interp("LuaInterpMaxRequests", Args::Take1, "number", set::max_requests).default("0")
        .doc("Uses after which an interpreter is replaced, as soon as its successor is ready; 0 means never, so that the globals of LuaScope thread and server stay."),
    interp("LuaInterpMaxAge", Args::Take1, "time|none", set::max_age).default("none")
        .doc("Age at which an interpreter is replaced, as soon as its successor is ready. A time is a number of seconds, or has a unit: ms, s, min, h, d."),
    interp("LuaInterpMaxQueue", Args::Take1, "number|none", set::max_queue).default("none")
        .doc("Requests that may wait for an interpreter at once; one more is answered with 503 right away."),
    interp("LuaInterpMaxWait", Args::Take1, "time|Timeout", set::max_wait).default("Timeout").merge(Merge::Inherit)
        .doc("How long a request waits for an interpreter before it is answered with 503. Timeout means the server's Timeout; 0 means not at all."),
    interp("LuaInterpScope", Args::Take1, "handler|response|subrequest|request|connection", set::scope).default("response").merge(Merge::Inherit)
        .doc("How long a request keeps its interpreter. handler: while a handler runs. response: from its first handler until its response handler is done. subrequest: as response, each subrequest for itself. request: until the log phase is over. connection: until the connection ends. What lives with the request keeps it in any case."),
    per_interp("LuaInterpMaxMemory", Args::Take1, "size|none", set::max_memory).default("none").merge(Merge::Inherit)
        .doc("Memory that an interpreter may have; a script that asks for more gets an error. A size is a number of bytes, or has a unit: K, M, G. There is no default, since a script that works must not end for a number nobody wrote."),
];
