//! THE table of directives: a row per directive of Perl, of Lua or of both, from which httpd's command records, the checks, the
//! merges that are printed and the documents are derived. Settings have their rows in `settings`; the rows of phases
//! (`Perl*Handler`, `Lua*Handler`, `LuaHook*`) are derived from the phases.
//!
//! ```
//! let row = config::directive(b"perlinterpmax").unwrap(); // names are found without regard to case, as by httpd
//! assert_eq!((row.name, row.default), ("PerlInterpMax", "5"));
//! ```

use std::collections::HashMap;

use lazy_static::lazy_static;

use crate::dir::DirConf;
use crate::directive::{Action, Directive, DirectiveRow, call, count, names, names_length, row, setting, table};
use crate::lines::{classes, databases, dicts, environment, handlers, jobs, lua, net_server, options, startup};
use crate::lua_dir::LuaDir;
use crate::phases::{PHASES, Phase};
use crate::server::ServerConf;
use crate::settings::SETTINGS;
use crate::vocabulary::{Args, Contexts, Language, Unlike, When};

const PERL: Language = Language::Perl;
const SERVER: Contexts = Contexts::SERVER;
/// Of a server, and of an interpreter class.
const CLASSES: Contexts = Contexts::SERVER.and(Contexts::CLASS);
const NO_SECTION: Contexts = CLASSES.and(Contexts::HTACCESS);
const ANYWHERE: Contexts = Contexts::ANYWHERE;
/// Read early, since what follows may need it.
const READ: Contexts = Contexts::SERVER.and(Contexts::EXEC_ON_READ);
/// Text in a file, to be skipped before the lines that follow are read.
const TEXT: Contexts = ANYWHERE.and(Contexts::EXEC_ON_READ);
const ONCE: Contexts = SERVER.and(Contexts::GLOBAL_ONLY);
const READ_ONCE: Contexts = READ.and(Contexts::GLOBAL_ONLY);
/// Filters are named for the whole server; mod_lua takes them in `<Location>` too.
const FILTERS: Contexts = Contexts::SERVER.and(Contexts::LOCATION);

const FILTER_FAILS: &str = "An error in the filter ends the answer and is logged; mod_lua passes over it in silence.";

const SCRIPT_AND_FUNCTION: Args = Args::Words { min: 3, max: 3 };

#[rustfmt::skip]
const ROWS: &[DirectiveRow] = &[
    call("Require", Args::Iterate, "file ...", NO_SECTION, startup::require).runs_code().fills(|s: &ServerConf| &s.requires)
        .doc("Requires files when the interpreter starts, before the modules of PerlModule; at once if it runs already. A failure ends the start.")
        .lua_doc("Runs files when the interpreter starts, before the modules of LuaModule; at once if it runs already. A failure ends the start."),
    call("Module", Args::Iterate, "module ...", NO_SECTION, startup::module).runs_code().fills(|s: &ServerConf| &s.modules)
        .doc("Loads modules when the interpreter starts, after the files of PerlRequire; at once if it runs already. A failure ends the start.")
        .lua_doc("Loads modules by require when the interpreter starts, after the files of LuaRequire; at once if it runs already. A failure ends the start."),
    call("Options", Args::Iterate, "[+|-]option ...", ANYWHERE.and(Contexts::CLASS), options::options).fills(|d: &DirConf| &d.options)
        .doc("Switches features and phases on or off; see Options below. The name of a directory option, written at server level, sets the default for all directories.")
        .lua_doc("Switches features on or off; see Options of Lua below. The name of a directory option, written at server level, sets the default for all directories."),
    call("SetVar", Args::Take2, "name value", ANYWHERE, environment::set_var).fills(|d: &DirConf| &d.vars)
        .doc("Sets a variable that dir_config reads. Written at server level it holds for the server, and in each directory that does not set it."),
    call("AddVar", Args::Iterate2, "name value ...", ANYWHERE, environment::add_var).fills(|d: &DirConf| &d.vars)
        .doc("Adds values to a variable that dir_config reads."),

    call("Switches", Args::Iterate, "switch ...", CLASSES, startup::switches).only(PERL).fills(|s: &ServerConf| &s.switches)
        .doc("Gives perl switches as on its command line, such as -T, -w, -I or -M. A switch that a server cannot use, such as -h, is an error; -d, perl's debugger, is for httpd -X (see perl.md). Once the interpreter runs it is too late: the line is an error. In a virtual host the line has an effect only with PerlOptions +Parent; the word +inherit there means PerlOptions +InheritSwitches."),
    call("ConfigRequire", Args::Iterate, "file ...", SERVER, startup::config_require).only(PERL).runs_code()
        .doc("Requires files while the configuration is being read. This starts the interpreter, so PerlSwitches must stand before it."),
    call("PostConfigRequire", Args::Iterate, "file ...", CLASSES, startup::post_config_require).only(PERL).runs_code().fills(|s: &ServerConf| &s.post_config_requires)
        .doc("Requires files when the configuration is complete, before interpreters are cloned. A failure ends the start. `httpd -t` compiles them and does not run them."),
    call("LoadModule", Args::Raw, "module", SERVER, startup::load_module).only(PERL).runs_code()
        .unlike(When::Always, "DIR_MERGE and SERVER_MERGE of its directives are called once per interpreter, not in each request; a line is run once, though req_override says EXEC_ON_READ.")
        .doc("Loads a module whose directives the lines that follow use, when the line is met; see perl-configuration.md. This starts the interpreter, so PerlSwitches must stand before it."),
    call("", Args::Raw, "code", SERVER, startup::code).only(PERL).runs_code()
        .unlike(When::Always, "Variables of a section become configuration in the order of their names, with mod_perl in any; @ISA, $VERSION and the like are none; lines may be of any length.")
        .doc("Runs Perl code when the line, or the section of lines, is met. This starts the interpreter, so PerlSwitches must stand before it. An error ends the start. The variables that a section leaves in its package become configuration; see perl-configuration.md."),
    call("<", Args::Headed, "[handler=name]", READ, startup::code).only(PERL).runs_code()
        .doc("Runs the lines of the section as Perl code, as Perl does with one line."),
    call("=pod", Args::Text, "[for apache]", TEXT, startup::text).only(PERL).whole()
        .doc("Begins POD in a file of the configuration: all lines up to =cut are skipped, or up to =over apache, behind which is configuration again."),
    call("=back", Args::Text, "[apache]", TEXT, startup::text).only(PERL).whole()
        .doc("Ends configuration in POD that =over apache has begun: all lines up to =cut are skipped."),
    call("=over", Args::Raw, "apache", TEXT, startup::outside_of_pod).only(PERL).whole().ours()
        .doc("Begins configuration in POD, up to =back. An error where no POD has begun."),
    call("=cut", Args::Raw, "[text]", TEXT, startup::outside_of_pod).only(PERL).whole()
        .doc("Ends POD. An error where no POD has begun."),
    call("__END__", Args::Text, "[text]", TEXT, startup::end_of_file).only(PERL).whole()
        .doc("Ends a file of the configuration: what follows in it is skipped."),
    call("InitHandler", Args::Iterate, "handler ...", ANYWHERE, handlers::init).only(PERL).runs_code().fills(|d: &DirConf| &d.handlers)
        .doc("Stands for PerlPostReadRequestHandler at server level and for PerlHeaderParserHandler in a section."),
    call("SetInputFilter", Args::Take1, "name[;name ...]", ANYWHERE, handlers::httpd_input_filters).only(PERL).chooses_code().fills(|d: &DirConf| &d.handlers)
        .doc("Puts filters of httpd in line with those of PerlInputFilterHandler, in the order in which the lines stand. At server level, those that work on a connection are put into each connection's chain as well."),
    call("SetOutputFilter", Args::Take1, "name[;name ...]", ANYWHERE, handlers::httpd_output_filters).only(PERL).chooses_code().fills(|d: &DirConf| &d.handlers)
        .unlike(When::Always, "PerlOptions -OutputFilter forbids it; with mod_perl -InputFilter does.")
        .doc("Puts filters of httpd in line with those of PerlOutputFilterHandler, in the order in which the lines stand. At server level, those that work on a connection are put into each connection's chain as well."),
    call("AddAuthnProvider", Args::Take2, "name handler", SERVER, handlers::authn_provider).only(PERL).runs_code()
        .doc("Makes a provider for AuthBasicProvider. The handler is called with the request, a user and a password, and returns one of Apache2::Const's :authn_status. The provider is there for all servers, wherever the line stands; the line must stand before those that name the provider."),
    call("AddAuthzProvider", Args::Take2, "name handler", SERVER, handlers::authz_provider).only(PERL).runs_code()
        .doc("Makes a provider for Require. The handler is called with the request and the rest of the Require line, and returns one of Apache2::Const's :authz_status. The provider is there for all servers, wherever the line stands; the line must stand before those that name the provider."),
    call("SetEnv", Args::Take2, "name value", ANYWHERE.and(Contexts::CLASS), environment::set_env).only(PERL).fills(|d: &DirConf| &d.set_env)
        .unlike(When::InSections, "It holds while handlers of the section's requests run, and at no other time; with mod_perl it stays in %ENV until another request sets it.")
        .doc("Sets a variable in %ENV and in the subprocess environment. Start-up code sees those that are written at server level, too."),
    call("PassEnv", Args::Take1, "name", CLASSES, environment::pass_env).only(PERL).fills(|s: &ServerConf| &s.pass_env).default("PATH and TZ are passed by themselves")
        .doc("Passes on a variable of the environment in which httpd was started, with the value that it has when the line is read. A variable that is not there is ignored."),
    call("Trace", Args::Take1, "letters|all|number", ONCE, startup::trace).only(PERL).is_global().default("the environment variable MOD_PERL_TRACE")
        .doc("Writes what the module does to the error log, at level notice: all of it, or the kinds that the letters stand for; see perl.md, Tracing. What is read and done before this line is not traced, unless MOD_PERL_TRACE says so in the environment in which httpd starts."),

    // interpreter classes
    call("<InterpClass", Args::Section, "name", SERVER, classes::open).ours().fills(|s: &ServerConf| &s.classes)
        .doc("Makes an interpreter class: a set of interpreters with numbers, start-up code and environment of its own, for the scripts that belong to it. What its lines do not say is as in its server. It has a parent of its own where its lines give switches, start-up code or {}Options +Parent; else its interpreters are clones of its server's parent."),
    call("ClassLocation", Args::Iterate, "path ...", Contexts::CLASS, classes::location).ours().fills(|s: &ServerConf| &s.classes)
        .doc("Says where the scripts of the class lie: all files whose path begins so belong to it. Where the paths of several classes fit, the longest counts. {}UseClass comes before it."),
    call("ClassStartup", Args::Raw, "code", CLASSES, startup::class_startup).only(PERL).ours().runs_code().fills(|s: &ServerConf| &s.modules)
        .doc("Runs Perl code when the interpreters of the class start, behind the modules; in quotes or not. An error ends the start."),
    call("ClassLog", Args::Take1, "path", CLASSES, classes::log).ours().default("the server's ErrorLog").fills(|s: &ServerConf| &s.log)
        .doc("Writes the lines of the error log that are about requests of the class to this file in place of the server's ErrorLog, in the form of its ErrorLogFormat: what scripts warn, die of, print to STDERR and log, and what this module says of their requests. A relative path is below ServerRoot; behind | stands a program that is given the lines, as with ErrorLog. At server level it holds for the server's own interpreters and for classes without such a line.")
        .lua_doc("Writes the lines of the error log that are about requests of the class to this file in place of the server's ErrorLog, in the form of its ErrorLogFormat: what scripts log, the errors of which they die, and what this module says of their requests. A relative path is below ServerRoot; behind | stands a program that is given the lines, as with ErrorLog. At server level it holds for the server's own interpreters and for classes without such a line."),
    call("ClassImpersonate", Args::Flag, "On|Off", CLASSES, classes::impersonate).only(PERL).ours().default("Off")
        .doc("Is there for those who come from PerlEx, which runs scripts as the client's account. On is an error: a process of httpd has one user, and all its threads and interpreters have that user's rights. See classes.md for what does it."),
    call("UseClass", Args::Take1, "name", ANYWHERE, classes::use_class).ours().chooses_code().fills(|d: &DirConf| &d.class)
        .doc("Says to which interpreter class the handlers and scripts of a directory belong; default is the server's own interpreters. Phases before the directory is known run in the server's."),

    call("NetServer", Args::Words { min: 1, max: u8::MAX }, "file|Class [call=sub] [key=value ...]", SERVER, net_server::net_server).only(PERL).ours().runs_code().fills(|s: &ServerConf| &s.net_servers)
        .doc("Has a program for Net::Server serve the connections of the server, unchanged: loaded at the start, it runs one connection at a time in an interpreter of its own; see net-server.md. call= names the sub that begins to serve, where loading the file does not. All other words are the program's command line; Net::Server reads key=value there. The interpreters are the server's, or those of the class that PerlUseClass names for it. Its port wants \"Listen port raw\"."),

    call("DBPool", Args::Words { min: 1, max: 5 }, "data-source [max=number] [idle=time|none] [ping=time|never] [wait=time]", CLASSES, databases::pool).only(PERL).ours().fills(|s: &ServerConf| &s.db_pools)
        .default("max=10 idle=300 ping=0, and wait as PerlInterpMaxWait")
        .doc("Pools what DBI->connect opens for requests: all interpreters of the server, or of a class, have at most max connections at once in a child process. A request has a connection until it is over; what it left open is rolled back then. idle: a connection that nobody uses is closed after this time. ping: one that was idle this long is asked whether it still answers, and replaced if not; with 0 always. wait: a request that finds all connections in use waits this long, then DBI->connect fails. In the data source, such as dbi:Pg:dbname=shop, * stands for anything; the first line that fits counts. See databases.md."),

    call("InterpDict", Args::Words { min: 2, max: 6 }, "name shm:size|redis://host:port/db|rediss://host:port/db [name=value ...]", ONCE, dicts::dict).whole().ours().fills(|s: &ServerConf| &s.dicts)
        .default("full=evict, max=10 timeout=1")
        .doc("Makes a dictionary that scripts of all languages share, in all processes: values by name with a time to live, counters, lists and locks; see dict.md. shm: the entries are in so much memory of this machine, which outlives restarts until httpd ends; shmcb says the same. With full=evict entries that were not used for the longest time make way for new ones when it is full; with full=error what needs room fails then. redis, rediss: the entries are on a Redis or Valkey server, over encrypted connections with rediss, as in rediss://user:password@host:6379/0; all machines that name the same server and dictionary share them. max: so many connections a process has at most. timeout: so long a script waits for a connection and for an answer. ca=file: certificates that are trusted in place of the system's. The directive is one of both modules, and needs one of them loaded."),

    // the running server
    call("InterpTokenFile", Args::Take1, "file", ONCE, startup::token_file).ours().is_global()
        .doc("Names a file whose first line is a secret of at least 16 characters. Who knows it may have SetHandler interp-status change the running server, as modinterp scale does; see operations.md. It is read when the server starts, as root; others must not be able to read it. Without this line nothing can be changed."),

    call("Job", Args::Raw, "name interval=time|at='m h day month weekday' [max=number] [timeout=time] handler=handler", CLASSES, jobs::job).ours().runs_code().fills(|s: &ServerConf| &s.jobs)
        .doc("Runs a handler every so often, or at the times that five fields of a crontab say, beside the requests: each run in a process of its own, a copy of the interpreter in which start-up code has run; see jobs.md. It is called with the server and the job's name. There are at most max runs of it at once, 1 unless said; one that is due meanwhile begins when another has ended. After timeout a run is ended. What a run prints goes to the error log.")
        .lua_doc("Runs a function every so often, or at the times that five fields of a crontab say, beside the requests: each run in a process of its own, a copy of the interpreter in which start-up code has run; see jobs.md. The handler is as in LuaChildInitHandler, or a file and a function with a space between. It is called with the server and the job's name. There are at most max runs of it at once, 1 unless said; one that is due meanwhile begins when another has ended. After timeout a run is ended. What a run prints goes to the error log."),

    // mod_perl 1 names
    row("Handler", Args::Iterate, "handler ...", ANYWHERE, Action::Handler(Phase::Response)).only(PERL).runs_code().fills(|d: &DirConf| &d.handlers)
        .doc("Stands for PerlResponseHandler, by the name that it had in mod_perl 1."),
    call("SendHeader", Args::Flag, "On|Off", ANYWHERE, options::send_header).only(PERL).fills(|d: &DirConf| &d.options)
        .doc("Stands for PerlOptions +ParseHeaders or -ParseHeaders, by the name that it had in mod_perl 1."),
    call("SetupEnv", Args::Flag, "On|Off", ANYWHERE, options::setup_env).only(PERL).fills(|d: &DirConf| &d.options)
        .doc("Stands for PerlOptions +SetupEnv or -SetupEnv, by the name that it had in mod_perl 1."),
    call("TaintCheck", Args::Flag, "On|Off", CLASSES, startup::taint_check).only(PERL).fills(|s: &ServerConf| &s.switches).default("Off")
        .doc("Stands for PerlSwitches -T, by the name that it had in mod_perl 1."),
    call("Warn", Args::Flag, "On|Off", CLASSES, startup::warn).only(PERL).fills(|s: &ServerConf| &s.switches).default("Off")
        .doc("Stands for PerlSwitches -w, by the name that it had in mod_perl 1."),

    call("ConnectionHandler", Args::Code, "handler ...|file function", SERVER, lua::connection_handler).only(Language::Lua).ours().runs_code().fills(|d: &DirConf| &d.handlers)
        .doc("Speaks the protocol of the server's connections with c:read, c:write and c:close; see net-server.md. Of a file it calls the function named behind it, handle if none is; LuaScope says how long the file's globals live. It stands for LuaProcessConnectionHandler; the connection ends with the handler, unless that returns apache2.DECLINED. The interpreters are the server's, or those of the class that LuaUseClass names for it. Its port wants \"Listen port raw\"."),

    // mod_lua's
    call("PackagePath", Args::Take1, "path", ANYWHERE, lua::package_path).of_mod_lua().runs_code().fills(|d: &LuaDir| &d.paths)
        .unlike(When::Always, "A script's directory and this path come before Lua's own; in mod_lua behind it.")
        .doc("Adds to package.path, such as /srv/lua/?.lua. The folder of the script comes first."),
    call("PackageCPath", Args::Take1, "path", ANYWHERE, lua::package_cpath).of_mod_lua().runs_code().fills(|d: &LuaDir| &d.paths)
        .doc("Adds to package.cpath, such as /srv/lua/?.so."),
    call("MapHandler", Args::Words { min: 2, max: 3 }, "pattern file [function]", ANYWHERE, lua::map_handler).of_mod_lua().runs_code().fills(|d: &LuaDir| &d.maps)
        .unlike(When::Always, "A script that is not there is answered with 404, in mod_lua with 500.")
        .doc("Lets a function of a file (handle, if none is named) answer the requests whose URI matches the regular expression. $1 in the name of the file or function stands for what the first group matched."),
    call("AuthzProvider", SCRIPT_AND_FUNCTION, "name file function", READ_ONCE, lua::authz_provider).of_mod_lua().runs_code().is_global()
        .doc("Makes a function decide on `Require name arguments`. It is called with the request and the arguments."),
    call("InputFilter", SCRIPT_AND_FUNCTION, "name file function", FILTERS, lua::input_filter).of_mod_lua().runs_code().fills(|d: &LuaDir| &d.filters)
        .unlike(When::Always, FILTER_FAILS)
        .doc("Makes a function a filter that SetInputFilter and the like can name. It runs as a coroutine."),
    call("OutputFilter", SCRIPT_AND_FUNCTION, "name file function", FILTERS, lua::output_filter).of_mod_lua().runs_code().fills(|d: &LuaDir| &d.filters)
        .unlike(When::Always, FILTER_FAILS)
        .doc("Makes a function a filter that SetOutputFilter and the like can name. It runs as a coroutine."),
];

const SETTING_ROWS: [DirectiveRow; SETTINGS.len()] = {
    let mut rows = [setting(&SETTINGS[0]); SETTINGS.len()];
    let mut i = 1;
    while i < rows.len() {
        rows[i] = setting(&SETTINGS[i]);
        i += 1;
    }
    rows
};

/// `Perl*Handler`, `Lua*Handler`.
const fn handler(phase: Phase, language: Language, name: &'static str, contexts: Contexts) -> DirectiveRow {
    // Lua may be written in place, unquoted, which httpd's own cutting would tear apart.
    let args = if matches!(language, Language::Lua) { Args::Code } else { Args::Iterate };
    row(name, args, "handler ...", contexts, Action::Handler(phase))
        .whole()
        .only(language)
        .runs_code()
        .fills(|d: &DirConf| &d.handlers)
        .is_unlike(if matches!(language, PERL) { phase.row().unlike } else { Unlike::NOTHING })
        .doc(phase.row().doc_of(language))
}

/// `LuaHook*`.
const fn hook(phase: Phase, name: &'static str, contexts: Contexts, is_ordered: bool) -> DirectiveRow {
    let (max, syntax) = if is_ordered { (3, "file function [early|late]") } else { (2, "file function") };
    row(name, Args::Words { min: 2, max }, syntax, contexts, Action::Hook(phase))
        .whole()
        .of_mod_lua()
        .runs_code()
        .fills(|d: &LuaDir| &d.hooks)
        .unlike(
            When::Always,
            if matches!(phase, Phase::Authen) {
                "early and late have an effect; in mod_lua they have none."
            } else {
                ""
            },
        )
        .doc(phase.row().doc_of(Language::Lua))
}

/// `<LuaHook*`.
const fn hook_block(phase: Phase, name: &'static str, contexts: Contexts) -> DirectiveRow {
    let contexts = contexts.and(Contexts::EXEC_ON_READ);
    row(name, Args::Headed, "[function [early|late]]", contexts, Action::Hook(phase))
        .whole()
        .of_mod_lua()
        .runs_code()
        .fills(|d: &LuaDir| &d.hooks)
        .doc("Does what the directive of this name does, with the script written in the configuration.")
}

/// How many rows the phases add.
const PHASE_ROW_COUNT: usize = {
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        n += PHASES[i].perl.is_some() as usize + PHASES[i].lua.is_some() as usize;
        if let Some(hooks) = &PHASES[i].hooks {
            n += 2 * hooks.blocks.len();
        }
        i += 1;
    }
    n
};

static PHASE_ROWS: [DirectiveRow; PHASE_ROW_COUNT] = {
    let mut rows = [ROWS[0]; PHASE_ROW_COUNT];
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        let of = &PHASES[i];
        if let Some(perl) = of.perl {
            let row = handler(of.phase, PERL, perl.directive, perl.contexts);
            rows[n] = if of.is_ours { row.ours() } else { row };
            n += 1;
        }
        if let Some(lua) = of.lua {
            rows[n] = handler(of.phase, Language::Lua, lua.directive, lua.contexts);
            n += 1;
        }
        if let Some(hooks) = &of.hooks {
            let mut k = 0;
            while k < hooks.blocks.len() {
                rows[n] = hook(of.phase, hooks.blocks[k].split_at(1).1, hooks.contexts, hooks.is_ordered);
                rows[n + 1] = hook_block(of.phase, hooks.blocks[k], hooks.contexts);
                n += 2;
                k += 1;
            }
        }
        i += 1;
    }
    rows
};

/// All there is.
const ALL: &[&[DirectiveRow]] = &[ROWS, &SETTING_ROWS, &PHASE_ROWS];

static PERL_NAMES: [u8; names_length(ALL, PERL)] = names(ALL, PERL);
static LUA_NAMES: [u8; names_length(ALL, Language::Lua)] = names(ALL, Language::Lua);
static PERL_TABLE: [Directive; count(ALL, PERL)] = table(ALL, PERL, &PERL_NAMES);
static LUA_TABLE: [Directive; count(ALL, Language::Lua)] = table(ALL, Language::Lua, &LUA_NAMES);

/// The directives of a language's module.
#[must_use]
pub const fn directives(language: Language) -> &'static [Directive] {
    match language {
        Language::Perl => &PERL_TABLE,
        Language::Lua => &LUA_TABLE,
    }
}

lazy_static! {
    static ref BY_NAME: HashMap<String, &'static Directive> =
        PERL_TABLE.iter().chain(&LUA_TABLE).map(|row| (row.name.to_ascii_lowercase(), row)).collect();
}

/// The row of a directive of any language, without regard to case.
#[must_use]
pub fn directive(name: &[u8]) -> Option<&'static Directive> {
    BY_NAME.get(std::str::from_utf8(name).ok()?.to_ascii_lowercase().as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_directives_share_a_name_and_each_is_of_its_language() {
        let of_both = |row: &&Directive| row.plain_name().starts_with("Interp");
        assert_eq!(BY_NAME.len(), PERL_TABLE.len() + LUA_TABLE.len() - LUA_TABLE.iter().filter(of_both).count());
        for row in PERL_TABLE.iter().chain(&LUA_TABLE) {
            let is_whole = row.contexts == TEXT || of_both(&row);
            assert!(is_whole || row.plain_name().starts_with(row.language.name()), "{}", row.name);
        }
    }

    #[test]
    fn every_row_is_documented() {
        for row in PERL_TABLE.iter().chain(&LUA_TABLE) {
            assert!(row.doc.ends_with('.') && !row.syntax.is_empty(), "{}", row.name);
        }
    }
}
