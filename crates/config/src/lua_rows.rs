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
        .doc("Names the folder in which a script lies that another directive names by a relative path. Written in a section it holds in that section; mod_lua applies it to the whole server."),
    call("LuaScope", Args::Words { min: 1, max: 3 }, "once|request|conn|thread|server [min [max]]", ANYWHERE, lua_apply::scope).merge(Merge::Inherit).default("once")
        .doc("Says how long the globals of a script live: with once for one call, with request and conn until the request or the connection ends, with thread and server as long as the interpreter that ran the script. With server at most max interpreters of a child process run the script; without a number it is one. The interpreters are pooled in each case: see LuaInterpMax."),
    call("LuaPackagePath", Args::Take1, "path", ANYWHERE, lua_apply::package_path).runs_code().merge(Merge::Joined)
        .doc("Adds to package.path, such as /srv/lua/?.lua. The folder of the script comes first."),
    call("LuaPackageCPath", Args::Take1, "path", ANYWHERE, lua_apply::package_cpath).runs_code().merge(Merge::Joined)
        .doc("Adds to package.cpath, such as /srv/lua/?.so."),
    call("LuaCodeCache", Args::Take1, "stat|forever|never", ANYWHERE, lua_apply::code_cache).merge(Merge::Inherit).default("stat")
        .doc("Says when the file of a script is read again: stat reads it when its time or size has changed, forever never, and never each time the script is used."),
    call("LuaInherit", Args::Take1, "none|parent-first|parent-last", ANYWHERE, lua_apply::inherit).chooses_code().merge(Merge::Inherit).default("parent-first")
        .doc("Says how the hooks, map handlers, filters and package paths of an inner section are joined to those of the outer one: behind them, before them, or in their place."),
    call("LuaMapHandler", Args::Words { min: 2, max: 3 }, "pattern file [function]", ANYWHERE, lua_apply::map_handler).runs_code().merge(Merge::Joined)
        .doc("Lets a function of a file (handle, if none is named) answer the requests whose URI matches the regular expression. $1 in the name of the file or function stands for what the first group matched."),
    call("LuaAuthzProvider", SCRIPT_AND_FUNCTION, "name file function", PROVIDERS, lua_apply::authz_provider).runs_code().merge(Merge::Global)
        .doc("Makes a function decide on `Require name arguments`. It is called with the request and the arguments."),
    call("LuaInputFilter", SCRIPT_AND_FUNCTION, "name file function", FILTERS, lua_apply::input_filter).runs_code().merge(Merge::Joined)
        .doc("Makes a function a filter that SetInputFilter and the like can name. It runs as a coroutine."),
    call("LuaOutputFilter", SCRIPT_AND_FUNCTION, "name file function", FILTERS, lua_apply::output_filter).runs_code().merge(Merge::Joined)
        .doc("Makes a function a filter that SetOutputFilter and the like can name. It runs as a coroutine."),

    call("LuaRequire", Args::Iterate, "file ...", NO_SECTION, apply::require).runs_code().merge(Merge::Own)
        .doc("Runs files when the interpreter starts, before the modules of LuaModule; at once if it runs already. A failure ends the start."),
    call("LuaModule", Args::Iterate, "module ...", NO_SECTION, apply::module).runs_code().merge(Merge::Own)
        .doc("Loads modules by require when the interpreter starts, after the files of LuaRequire; at once if it runs already. A failure ends the start."),
    call("LuaOptions", Args::Iterate, "[+|-]option ...", ANYWHERE, apply::options).merge(Merge::Flags)
        .doc("Switches features on or off; see Options of Lua below. The name of a directory option, written at server level, sets the default for all directories."),
    call("LuaSetVar", Args::Take2, "name value", ANYWHERE, apply::set_var).merge(Merge::Vars)
        .doc("Sets a variable that dir_config reads. Written at server level it holds for the server, and in each directory that does not set it."),
    call("LuaAddVar", Args::Iterate2, "name value ...", ANYWHERE, apply::add_var).merge(Merge::Vars)
        .doc("Adds values to a variable that dir_config reads."),

    interp("LuaInterpStart", Args::Take1, "number", set::start).default("3")
        .doc("Make this many interpreters for each child process before it is forked."),
    interp("LuaInterpMax", Args::Take1, "number|none", set::max_or_none).default("none")
        .doc("Let a child process have at most this many interpreters at once. A request that finds all of them busy waits: see LuaInterpMaxWait. With none a process has as many as requests run in it at once, as in mod_lua."),
    interp("LuaInterpMinSpare", Args::Take1, "number", set::min_spare).default("3")
        .doc("Keep at least this many interpreters idle: the next ones are made before a request needs them."),
    interp("LuaInterpMaxSpare", Args::Take1, "number", set::max_spare).default("20")
        .doc("Keep at most this many interpreters idle; the others are destroyed. An interpreter of Lua is small, so the default is higher than Perl's."),
    interp("LuaInterpMaxRequests", Args::Take1, "number", set::max_requests).default("0")
        .doc("Replace an interpreter after this many requests, as soon as its successor is ready. 0 means never, so that the globals of LuaScope thread and server stay."),
    interp("LuaInterpMaxAge", Args::Take1, "time|none", set::max_age).default("none")
        .doc("Replace an interpreter when it is this old, as soon as its successor is ready. A time is a number of seconds, or has a unit: ms, s, min, h, d."),
    interp("LuaInterpMaxQueue", Args::Take1, "number|none", set::max_queue).default("none")
        .doc("Let at most this many requests wait for an interpreter at once; one more is answered with 503 right away."),
    interp("LuaInterpMaxWait", Args::Take1, "time|Timeout", set::max_wait).default("Timeout").merge(Merge::Inherit)
        .doc("Let a request wait this long for an interpreter; then it is answered with 503. Timeout stands for the server's Timeout; with 0 no request waits."),
    interp("LuaInterpScope", Args::Take1, "handler|response|subrequest|request|connection", set::scope).default("response").merge(Merge::Inherit)
        .doc("Says how long a request keeps its interpreter. handler: while a handler runs. response: from its first handler until its response handler is done. subrequest: as response, but each subrequest has an interpreter of its own. request: until the log phase is over. connection: until the connection ends. A value that lives with the request (pnotes, a filter, globals of LuaScope request) makes the request keep its interpreter until it ends, whatever is written here."),
    per_interp("LuaInterpMaxMemory", Args::Take1, "size|none", set::max_memory).default("none").merge(Merge::Inherit)
        .doc("Let an interpreter have at most this much memory; a script that needs more gets the error \"not enough memory\". A size is a number of bytes, or has a unit: K, M, G. By default there is no limit: a script that works is not to fail because of a number that nobody wrote."),
];
