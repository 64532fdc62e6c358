//! What a line of the configuration does: checks, and changes to the records.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use crate::dir::DirConf;
use crate::directives::{Action, Args, Contexts, Directive};
use crate::handler::{Handler, Where};
use crate::lua_dir::{MapHandler, NamedFilter};
use crate::options::{self, DirOption, OptionRow, ServerOption, Sign};
use crate::phases::{Language, Phase, Position, Scope};
use crate::server::{Queued, ServerConf};
use crate::words::{self, quoted};
use crate::{lua_apply, not_yet};

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'a> {
    /// Server level of the main server.
    Server,
    /// Server level of a `<VirtualHost>`.
    VirtualHost,
    /// In a section that is about a directory; its name as httpd writes it (`<Location`), or empty.
    Section(&'a str),
    /// In a `.htaccess` file, sections within it included.
    Htaccess,
}

impl Place<'_> {
    /// Whether it is a section that is about a URL, known before the directory is.
    fn is_location(&self) -> bool {
        let Place::Section(name) = self else { return false };
        let name = name.trim_matches(['<', '>', ' ']).to_ascii_lowercase();
        matches!(name.strip_suffix("match").unwrap_or(&name), "location" | "proxy")
    }

    /// Whether it is outside of sections and `.htaccess`.
    #[must_use]
    pub const fn is_server_level(&self) -> bool {
        matches!(self, Place::Server | Place::VirtualHost)
    }
}

/// For messages: `a <Location> section`.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Server => f.write_str("the main server"),
            Place::VirtualHost => f.write_str("a <VirtualHost>"),
            Place::Section(name) => match name.trim_matches(['<', '>', ' ']) {
                "" => f.write_str("a section"),
                name => write!(f, "a <{name}> section"),
            },
            Place::Htaccess => f.write_str(".htaccess"),
        }
    }
}

/// The record of the server a line belongs to.
pub enum Access<'a> {
    /// While the configuration is being read.
    Write(&'a mut ServerConf),
    /// While requests are served (`.htaccess`, `add_config`): other threads read the record too.
    Read(&'a ServerConf),
}

/// Where a line stands and what it may change.
pub struct Context<'a> {
    /// The server's record.
    pub server: Access<'a>,
    /// The record of the section; at server level that of the directories' defaults.
    pub dir: Option<&'a mut DirConf>,
    /// Where the line stands.
    pub place: Place<'a>,
    /// File and line, to be remembered.
    pub at: Where,
    /// The line is handed over by running code (`add_config`), which may run more code anyway.
    pub from_code: bool,
    /// Whether the MPM serves with several threads.
    pub mpm_threaded: bool,
    /// Whether perl was built with ithreads; true for Lua.
    pub perl_has_ithreads: bool,
    /// Whether the main server's parent interpreter runs already.
    pub running: bool,
    /// Whether this server's interpreter runs already: for the main server as `running`, for a virtual host true once
    /// some line of it had it set up.
    pub server_running: bool,
    /// The environment httpd was started in.
    pub getenv: fn(&[u8]) -> Option<Vec<u8>>,
}

/// What the host has to do at once, now that the records are changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    Done,
    /// Nothing; a line for the log at level info, since what was written is of no effect here.
    Note(String),
    /// Start the parent interpreter if it does not run, then require this file; an error is the line's error.
    RequireNow(Queued),
    /// Load this module into the running interpreter; an error is the line's error.
    ModuleNow(Queued),
    /// Run this code, its name, in the server's interpreter; start it if it does not run. An error is the line's error.
    RunNow(Queued),
    /// Make this provider known to httpd.
    Provider {
        /// Its group: `authn` or `authz`.
        group: &'static str,
        /// Its name.
        name: Box<[u8]>,
        /// Its code.
        handler: Handler,
    },
    /// Put this variable into `%ENV` of the running interpreter.
    EnvNow {
        /// Its name.
        name: Box<[u8]>,
        /// Its value.
        value: Box<[u8]>,
    },
    /// The line named these handlers: early ones are to be resolved at start-up; Lua's code that stands in the
    /// configuration can be compiled now. An error is the line's error.
    Handlers {
        /// The phase they are of.
        phase: Phase,
        /// The list they were added to.
        position: Position,
        /// At least one.
        handlers: Vec<Handler>,
    },
    /// Compile this one's pattern; an error is the line's error.
    Map(Arc<MapHandler>),
    /// Tell httpd of a filter of this name.
    Filter(Arc<NamedFilter>),
}

pub(crate) type Applied = Result<Effect, String>;

/// A variable of this process's environment, for [`Context::getenv`].
#[must_use]
pub fn process_env(name: &[u8]) -> Option<Vec<u8>> {
    // A name that is empty or holds `=` or NUL is one that no environment has.
    let is_name = !name.is_empty() && !name.contains(&b'=') && !name.contains(&0);
    if !is_name {
        return None;
    }
    std::env::var_os(OsStr::from_bytes(name)).map(OsStringExt::into_vec)
}

impl Context<'_> {
    pub(crate) fn server(&self) -> &ServerConf {
        match &self.server {
            Access::Write(server) => server,
            Access::Read(server) => server,
        }
    }

    pub(crate) fn server_mut(&mut self, row: &Directive) -> Result<&mut ServerConf, String> {
        match &mut self.server {
            Access::Write(server) => Ok(server),
            Access::Read(_) => {
                Err(format!("{}: the server's configuration is complete, too late to change it", row.name))
            }
        }
    }

    pub(crate) fn dir_mut(&mut self, row: &Directive) -> Result<&mut DirConf, String> {
        self.dir.as_deref_mut().ok_or_else(|| format!("{}: there is no directory configuration here", row.name))
    }

    /// Whether a line here may say which code runs: not in `.htaccess`, unless the server says so.
    fn may_choose_code(&self) -> bool {
        self.place != Place::Htaccess || self.from_code || self.server().options.is(ServerOption::Htaccess)
    }

    fn queued(&self, name: &[u8]) -> Queued {
        Queued { name: name.into(), at: self.at.clone() }
    }
}

pub(crate) fn apply(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    if !row.is_built() {
        return Err(not_yet::message(row, row.name));
    }
    let allowed = match cmd.place {
        Place::Server => row.contexts.has(Contexts::SERVER),
        Place::VirtualHost => row.contexts.has(Contexts::SERVER) && !row.contexts.has(Contexts::GLOBAL_ONLY),
        Place::Section(_) => {
            row.contexts.has(Contexts::DIRECTORY) || (row.contexts.has(Contexts::LOCATION) && cmd.place.is_location())
        }
        Place::Htaccess => row.contexts.has(Contexts::HTACCESS),
    };
    if !allowed {
        return Err(format!("{}: not allowed in {}: it belongs {}", row.name, cmd.place, row.contexts));
    }
    if !row.args.fits(args.len()) {
        return Err(format!("{}: takes {}", row.name, row.syntax));
    }
    if row.runs_code && !cmd.may_choose_code() {
        return Err(refused(row, row.deed));
    }
    let done = run(row, cmd, args)?;
    if row.language == Language::Lua
        && !cmd.may_choose_code()
        && let Some(dir) = cmd.dir.as_deref_mut()
    {
        dir.keep_outer_code();
    }
    Ok(done)
}

/// The message for what `.htaccess` must not do.
fn refused(row: &Directive, deed: &str) -> String {
    let (name, language) = (row.name, row.language.name());
    format!(
        "{name}: {deed}, which .htaccess may do only where the server's configuration says \"{language}Options +Htaccess\""
    )
}

fn run(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    match row.action {
        Action::Call(f) => match row.args {
            Args::Words { min, max } => {
                let words = lua_apply::words(row, first(args), min, max)?;
                f(row, cmd, &words.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            _ => f(row, cmd, args),
        },
        Action::Handler(phase) if row.language == Language::Lua => lua_apply::handlers(row, cmd, phase, first(args)),
        Action::Handler(phase) => push_handler(row, cmd, phase, args),
        Action::Hook(phase) => lua_apply::hook(row, cmd, phase, first(args)),
        Action::NotYet => Err(not_yet::message(row, row.name)),
        Action::Interp(set) => {
            let effective = !row.threads_only || (cmd.mpm_threaded && cmd.perl_has_ithreads);
            let at = cmd.at.clone();
            let interp = &mut cmd.server_mut(row)?.interp;
            set(interp, args).map_err(|e| format!("{}: {e}", row.name))?;
            interp.at = Some(at);
            Ok(if effective {
                Effect::Done
            } else {
                Effect::Note(format!("{}: this line has no effect without threads", row.name))
            })
        }
    }
}

pub(crate) fn first<'a>(args: &[&'a [u8]]) -> &'a [u8] {
    args.first().copied().unwrap_or_default()
}

pub(crate) fn second<'a>(args: &[&'a [u8]]) -> &'a [u8] {
    args.get(1).copied().unwrap_or_default()
}

/// Whether the server lets this language run anything.
pub(crate) fn check_enabled(row: &'static Directive, cmd: &Context<'_>) -> Result<(), String> {
    if cmd.server().is_enabled() {
        return Ok(());
    }
    let name = row.language.name();
    Err(format!("{}: {name} is switched off for this server by {name}Options -Enable", row.name))
}

fn push_handler(row: &'static Directive, cmd: &mut Context<'_>, phase: Phase, args: &[&[u8]]) -> Applied {
    check_enabled(row, cmd)?;
    if !cmd.server().options.allows(phase) {
        return Err(format!(
            "{}: this phase is switched off for this server by PerlOptions -{}",
            row.name,
            phase.name()
        ));
    }
    let word = first(args);
    let handler = Handler::new(word, cmd.at.clone())
        .ok_or_else(|| format!("{}: {} does not name a handler", row.name, quoted(word)))?;
    match phase.row().scope {
        Scope::Directory | Scope::Filter => cmd.dir_mut(row)?.push_handler(phase, handler.clone()),
        _ => cmd.server_mut(row)?.push_handler(phase, handler.clone()),
    };
    Ok(Effect::Handlers { phase, position: Position::Handlers, handlers: vec![handler] })
}

pub(crate) fn init_handler(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let phase = if cmd.place.is_server_level() { Phase::PostReadRequest } else { Phase::HeaderParser };
    push_handler(row, cmd, phase, args)
}

fn push_switch(row: &'static Directive, cmd: &mut Context<'_>, switch: &[u8]) -> Applied {
    if cmd.server_running {
        return Err(format!(
            "{}: too late for {}: perl runs already. It must stand before the first line that starts perl, such as PerlConfigRequire",
            row.name,
            quoted(switch)
        ));
    }
    cmd.server_mut(row)?.switches.push(switch.into());
    Ok(Effect::Done)
}

pub(crate) fn switches(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let switch = first(args);
    let inherit = b"+inherit";
    if !cmd.server_running && switch.len() >= inherit.len() && switch[..inherit.len()].eq_ignore_ascii_case(inherit) {
        return set_option(row, cmd, b"+InheritSwitches");
    }
    push_switch(row, cmd, switch)
}

pub(crate) fn taint_check(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    if flag(row, args)? { push_switch(row, cmd, b"-T") } else { Ok(Effect::Done) }
}

pub(crate) fn warn(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    if flag(row, args)? { push_switch(row, cmd, b"-w") } else { Ok(Effect::Done) }
}

fn flag(row: &'static Directive, args: &[&[u8]]) -> Result<bool, String> {
    words::flag(first(args)).map_err(|e| format!("{}: {e}", row.name))
}

fn named<'a>(row: &'static Directive, args: &[&'a [u8]]) -> Result<&'a [u8], String> {
    name_at(row, args, 0)
}

pub(crate) fn name_at<'a>(row: &'static Directive, args: &[&'a [u8]], i: usize) -> Result<&'a [u8], String> {
    match args.get(i).copied().unwrap_or_default() {
        b"" => Err(format!("{}: \"\" is not a name", row.name)),
        name => Ok(name),
    }
}

pub(crate) fn require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let file = cmd.queued(named(row, args)?);
    if cmd.running {
        return Ok(Effect::RequireNow(file));
    }
    cmd.server_mut(row)?.requires.push(file);
    Ok(Effect::Done)
}

pub(crate) fn config_require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    Ok(Effect::RequireNow(cmd.queued(named(row, args)?)))
}

pub(crate) fn perl(_row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    Ok(Effect::RunNow(cmd.queued(first(args))))
}

pub(crate) fn post_config_require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let file = cmd.queued(named(row, args)?);
    cmd.server_mut(row)?.post_config_requires.push(file);
    Ok(Effect::Done)
}

pub(crate) fn module(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let module = cmd.queued(named(row, args)?);
    if cmd.running {
        return Ok(Effect::ModuleNow(module));
    }
    cmd.server_mut(row)?.modules.push(module);
    Ok(Effect::Done)
}

pub(crate) fn authn_provider(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    provider("authn", row, cmd, args)
}

pub(crate) fn authz_provider(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    provider("authz", row, cmd, args)
}

fn provider(group: &'static str, row: &'static Directive, cmd: &Context<'_>, args: &[&[u8]]) -> Applied {
    let name = named(row, args)?.into();
    let Some(handler) = Handler::new(second(args), cmd.at.clone()) else {
        return Err(format!("{}: {} is not the name of a handler", row.name, quoted(second(args))));
    };
    Ok(Effect::Provider { group, name, handler })
}

pub(crate) fn set_var(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, value) = (named(row, args)?, second(args));
    if cmd.place.is_server_level() {
        cmd.server_mut(row)?.vars.set(name, value);
    }
    cmd.dir_mut(row)?.vars.set(name, value);
    Ok(Effect::Done)
}

pub(crate) fn add_var(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, value) = (named(row, args)?, second(args));
    if cmd.place.is_server_level() {
        cmd.server_mut(row)?.vars.add(name, value);
    }
    cmd.dir_mut(row)?.vars.add(name, value);
    Ok(Effect::Done)
}

fn env_name<'a>(row: &'static Directive, args: &[&'a [u8]]) -> Result<&'a [u8], String> {
    let name = named(row, args)?;
    if name.contains(&b'=') {
        return Err(format!("{}: {} is not the name of a variable", row.name, quoted(name)));
    }
    Ok(name)
}

fn env_now(cmd: &Context<'_>, name: &[u8], value: &[u8]) -> Effect {
    if cmd.server_running { Effect::EnvNow { name: name.into(), value: value.into() } } else { Effect::Done }
}

/// Whether a program that is started with this in its environment loads or runs what the value names: the dynamic linker,
/// a shell, an interpreter.
#[must_use]
pub fn chooses_programs(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"BASH_ENV",
        b"ENV",
        b"GCONV_PATH",
        b"IFS",
        b"NODE_OPTIONS",
        b"NODE_PATH",
        b"PATH",
        b"PERL5DB",
        b"PERL5LIB",
        b"PERL5OPT",
        b"PERLIO",
        b"PERLLIB",
        b"PS4",
        b"RUBYLIB",
        b"RUBYOPT",
        b"SHELLOPTS",
    ];
    const BEGINNINGS: &[&[u8]] = &[b"BASH_FUNC_", b"GIT_", b"LD_", b"LUA_", b"PYTHON"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

pub(crate) fn set_env(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, value) = (env_name(row, args)?, second(args));
    if chooses_programs(name) && !cmd.may_choose_code() {
        return Err(refused(
            row,
            &format!("{} decides which code the programs that a script starts run", quoted(name)),
        ));
    }
    let mut effect = Effect::Done;
    if cmd.place.is_server_level() {
        cmd.server_mut(row)?.set_env.set(name, value);
        effect = env_now(cmd, name, value);
    }
    cmd.dir_mut(row)?.set_env.set(name, value);
    Ok(effect)
}

pub(crate) fn pass_env(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let name = env_name(row, args)?;
    let Some(value) = (cmd.getenv)(name) else { return Ok(Effect::Done) };
    cmd.server_mut(row)?.pass_env.set(name, &value);
    Ok(env_now(cmd, name, &value))
}

pub(crate) fn options(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    set_option(row, cmd, first(args))
}

pub(crate) fn send_header(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word: &[u8] = if flag(row, args)? { b"+ParseHeaders" } else { b"-ParseHeaders" };
    set_option(row, cmd, word)
}

pub(crate) fn setup_env(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word: &[u8] = if flag(row, args)? { b"+SetupEnv" } else { b"-SetupEnv" };
    set_option(row, cmd, word)
}

/// At server level a name is first that of a server option, then that of a directory option, whose default it sets.
fn set_option(row: &'static Directive, cmd: &mut Context<'_>, word: &[u8]) -> Applied {
    let (sign, name) = options::signed(word);
    let of_server = options::server_option_of(row.language, name);
    let of_dir = options::dir_option_of(row.language, name);
    if let (true, Some(option)) = (sign != Sign::Minus, of_server)
        && not_yet::switches_nothing(option)
    {
        return Err(not_yet::message(row, option.name));
    }
    match (cmd.place.is_server_level(), of_server, of_dir) {
        (true, Some(option), _) => {
            if option.needs_ithreads && !cmd.perl_has_ithreads && sign != Sign::Minus {
                return Err(format!("{}: {} needs a perl built with ithreads", row.name, quoted(name)));
            }
            cmd.server_mut(row)?.options.set(sign, option);
        }
        (_, _, Some(option)) => {
            if option.is(DirOption::MergeHandlers) && !cmd.may_choose_code() {
                return Err(refused(row, "MergeHandlers decides which handlers run"));
            }
            cmd.dir_mut(row)?.options.set(sign, option);
        }
        (false, Some(_), None) => {
            return Err(format!(
                "{}: {} belongs to the server: not allowed in {}; allowed there: {}",
                row.name,
                quoted(name),
                cmd.place,
                options::names(options::dir_options(row.language))
            ));
        }
        (_, None, None) => return Err(unknown_option(row, cmd, name)),
    }
    // In the main server's own records no merge takes it away; elsewhere one always does.
    let lost = sign == Sign::Bare && cmd.place != Place::Server && name != b"None" && name != b"Unset";
    Ok(if lost {
        Effect::Note(format!("{}: {} is lost in {} unless it has a + or -", row.name, quoted(name), cmd.place))
    } else {
        Effect::Done
    })
}

fn unknown_option(row: &'static Directive, cmd: &Context<'_>, name: &[u8]) -> String {
    let (server, dir) = (options::server_options(row.language), options::dir_options(row.language));
    let here: &[&[OptionRow]] = if cmd.place.is_server_level() { &[server, dir] } else { &[dir] };
    let meant = here.iter().flat_map(|rows| rows.iter()).find(|o| name.eq_ignore_ascii_case(o.name.as_bytes()));
    let meant = meant.map(|o| format!(" (did you mean {}?)", o.name)).unwrap_or_default();
    let valid = match here {
        [server, dir] => format!("of a server: {}; of a directory: {}", options::names(server), options::names(dir)),
        _ => format!("of a directory: {}", options::names(dir)),
    };
    format!("{}: {} is not an option{meant}. Options {valid}", row.name, quoted(name))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::directives::{directive, directives};
    use crate::options::DirOption;

    /// What stands around a line.
    pub(crate) struct World {
        pub(crate) server: ServerConf,
        pub(crate) dir: DirConf,
        running: bool,
        ithreads: bool,
        threaded: bool,
        from_code: bool,
    }

    impl Default for World {
        fn default() -> Self {
            let (server, dir) = Default::default();
            Self { server, dir, running: false, ithreads: true, threaded: true, from_code: false }
        }
    }

    fn env(name: &[u8]) -> Option<Vec<u8>> {
        (name == b"HOME").then(|| b"/root".to_vec())
    }

    impl World {
        /// Applies a line as httpd would, up to the first error; the last effect is the result.
        pub(crate) fn line(&mut self, place: Place<'_>, line: &str) -> Applied {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let row = directive(name.as_bytes()).expect(name);
            let words: Vec<&[u8]> = match row.args {
                Args::Raw | Args::Words { .. } | Args::Code => vec![rest.as_bytes()],
                _ => rest.split(' ').map(|w| if w == "''" { b"" } else { w.as_bytes() }).collect(),
            };
            let calls: Vec<Vec<&[u8]>> = match row.args {
                crate::Args::Iterate => words.iter().map(|w| vec![*w]).collect(),
                crate::Args::Iterate2 => words[1..].iter().map(|w| vec![words[0], *w]).collect(),
                _ => vec![words],
            };
            let mut effect = Effect::Done;
            for args in calls {
                let read_only = place == Place::Htaccess;
                let mut cmd = Context {
                    server: if read_only { Access::Read(&self.server) } else { Access::Write(&mut self.server) },
                    dir: Some(&mut self.dir),
                    place,
                    at: Where::new("httpd.conf", 12),
                    from_code: self.from_code,
                    mpm_threaded: self.threaded,
                    perl_has_ithreads: self.ithreads,
                    running: self.running || read_only,
                    server_running: self.running || read_only,
                    getenv: env,
                };
                effect = row.apply(&mut cmd, &args)?;
            }
            Ok(effect)
        }
    }

    pub(crate) const LOCATION: Place<'_> = Place::Section("<Location");

    pub(crate) fn refused(world: &mut World, place: Place<'_>, line: &str) -> String {
        world.line(place, line).expect_err(line)
    }

    #[test]
    fn wrong_lines_are_refused_with_what_was_written_and_why() {
        let cases: &[(Place<'_>, &str, &str)] = &[
            (Place::Server, "PerlInterpMax abc", "PerlInterpMax: \"abc\" is not a number"),
            (Place::Server, "PerlInterpMax -1", "PerlInterpMax: \"-1\" is not a number"),
            (Place::Server, "PerlInterpMax 0", "PerlInterpMax: \"0\" is too small: at least 1"),
            (Place::Server, "PerlInterpMax 10x", "PerlInterpMax: \"10x\" is not a number"),
            (
                Place::Server,
                "PerlInterpMax 2147483648",
                "PerlInterpMax: \"2147483648\" is too large: at most 2147483647",
            ),
            (Place::Server, "PerlInterpStart ''", "PerlInterpStart: \"\" is not a number"),
            (Place::Server, "PerlInterpMinSpare 1.5", "PerlInterpMinSpare: \"1.5\" is not a number"),
            (Place::Server, "PerlInterpMaxSpare many", "PerlInterpMaxSpare: \"many\" is not a number"),
            (Place::Server, "PerlInterpMaxRequests 1e3", "PerlInterpMaxRequests: \"1e3\" is not a number"),
            (Place::Server, "PerlInterpMaxQueue off", "PerlInterpMaxQueue: \"off\" is not a number"),
            (
                Place::Server,
                "PerlInterpMaxWait soon",
                "PerlInterpMaxWait: \"soon\" is not a time such as 30, 500ms, 5min or 2h",
            ),
            (Place::Server, "PerlInterpMaxWait 99999999d", "PerlInterpMaxWait: \"99999999d\" is too long a time"),
            (
                Place::Server,
                "PerlInterpMaxAge -5",
                "PerlInterpMaxAge: \"-5\" is not a time such as 30, 500ms, 5min or 2h",
            ),
            (
                Place::Server,
                "PerlInterpScope thread",
                "PerlInterpScope: \"thread\" is none of handler, response, subrequest, request, connection",
            ),
            (Place::Server, "PerlInterpTrim big", "PerlInterpTrim: \"big\" is not a size such as 65536, 64K or 1M"),
            (Place::Server, "PerlInterpTrim 0", "PerlInterpTrim: \"0\" is too small: at least 1 byte, or off"),
            (Place::Server, "PerlInterpTrim report", "PerlInterpTrim: \"report\" lacks the size to report"),
            (Place::Server, "PerlInterpTrim tell 1M", "PerlInterpTrim: \"tell\" before a size is not \"report\""),
            (Place::Server, "PerlInterpTrim report x", "PerlInterpTrim: \"x\" is not a size such as 65536, 64K or 1M"),
            (
                LOCATION,
                "PerlInterpMax 5",
                "PerlInterpMax: not allowed in a <Location> section: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                Place::Htaccess,
                "PerlInterpMax 5",
                "PerlInterpMax: not allowed in .htaccess: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                Place::Section(""),
                "PerlTransHandler A",
                "PerlTransHandler: not allowed in a section: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                Place::Section("<Directory"),
                "PerlModule A",
                "PerlModule: not allowed in a <Directory> section: it belongs at server level, in a <VirtualHost> or in .htaccess, outside of sections",
            ),
            (
                Place::Section("<Files"),
                "PerlRequire a.pl",
                "PerlRequire: not allowed in a <Files> section: it belongs at server level, in a <VirtualHost> or in .htaccess, outside of sections",
            ),
            (Place::VirtualHost, "PerlTrace all", "PerlTrace: mod_interp does not have PerlTrace yet"),
            (
                LOCATION,
                "PerlSetInputFilter DEFLATE",
                "PerlSetInputFilter: mod_interp does not have PerlSetInputFilter yet",
            ),
            (Place::Server, "PerlOptions +InputFilter", "PerlOptions: mod_interp does not have InputFilter yet"),
            (Place::Server, "PerlOptions OutputFilter", "PerlOptions: mod_interp does not have OutputFilter yet"),
            (Place::Server, "PerlTransHandler +", "PerlTransHandler: \"+\" does not name a handler"),
            (LOCATION, "PerlFixupHandler ''", "PerlFixupHandler: \"\" does not name a handler"),
            (Place::Server, "PerlModule ''", "PerlModule: \"\" is not a name"),
            (Place::Server, "PerlSetVar ''  x", "PerlSetVar: takes name value"),
            (Place::Server, "PerlSetVar '' x", "PerlSetVar: \"\" is not a name"),
            (Place::Server, "PerlSetVar a", "PerlSetVar: takes name value"),
            (Place::Server, "PerlSetEnv A=B c", "PerlSetEnv: \"A=B\" is not the name of a variable"),
            (Place::Server, "PerlPassEnv ''", "PerlPassEnv: \"\" is not a name"),
            (Place::Server, "PerlWarn maybe", "PerlWarn: \"maybe\" is neither On nor Off"),
            (
                Place::Server,
                "PerlOptions +Foo",
                "PerlOptions: \"Foo\" is not an option. Options of a server: Access, Authen, Authz, Autoload, ChildExit, ChildInit, \
                 Cleanup, Clone, ConfigTest, Enable, Fixup, HeaderParser, Htaccess, InheritSwitches, Log, LogStderr, \
                 MapToStorage, MergeHandlers, OpenLogs, Parent, PostConfig, PostReadRequest, \
                 PreConnection, ProcessConnection, Response, Trans, Type; of a directory: GlobalRequest, MergeHandlers, \
                 ParseHeaders, SetupEnv",
            ),
            (
                LOCATION,
                "PerlOptions +setupenv",
                "PerlOptions: \"setupenv\" is not an option (did you mean SetupEnv?). Options of a directory: GlobalRequest, \
                 MergeHandlers, ParseHeaders, SetupEnv",
            ),
            (
                LOCATION,
                "PerlOptions +Parent",
                "PerlOptions: \"Parent\" belongs to the server: not allowed in a <Location> section; allowed there: \
                 GlobalRequest, MergeHandlers, ParseHeaders, SetupEnv",
            ),
            (
                Place::Htaccess,
                "PerlOptions +Htaccess",
                "PerlOptions: \"Htaccess\" belongs to the server: not allowed in .htaccess; allowed there: \
                 GlobalRequest, MergeHandlers, ParseHeaders, SetupEnv",
            ),
        ];
        for (place, line, message) in cases {
            assert_eq!(refused(&mut World::default(), *place, line), *message);
        }
        assert!(cases.iter().all(|(_, line, message)| message.starts_with(&line[..line.find(' ').unwrap()])));
    }

    #[test]
    fn every_directive_refuses_the_places_it_does_not_belong_to() {
        for row in directives(Language::Perl).iter().chain(directives(Language::Lua)) {
            for (place, bit) in
                [(Place::Section("<Directory"), Contexts::DIRECTORY), (Place::Htaccess, Contexts::HTACCESS)]
            {
                if !row.contexts.has(bit) {
                    let message = refused(&mut World::default(), place, &format!("{} a b", row.name));
                    assert!(message.starts_with(&format!("{}: not allowed in {place}: it belongs ", row.name)));
                }
            }
        }
    }

    #[test]
    fn htaccess_runs_no_code_unless_the_server_says_so() {
        let rows = directives(Language::Perl).iter().chain(directives(Language::Lua));
        for row in rows.filter(|row| row.contexts.has(Contexts::HTACCESS) && row.runs_code) {
            let (name, language) = (row.name, row.language.name());
            let words = match row.args {
                _ if name == "LuaInherit" => "none",
                Args::Words { .. } => "a b",
                Args::Headed => continue, // its text arrives by the directive without <
                _ if language == "Lua" => "/a.lua",
                _ => "My::Name",
            };
            let line = format!("{name} {words}");
            assert_eq!(
                refused(&mut World::default(), Place::Htaccess, &line),
                format!(
                    "{name}: {}, which .htaccess may do only where the server's configuration says \"{language}Options +Htaccess\"",
                    row.deed
                )
            );
            let mut world = World::default();
            assert_eq!(world.line(Place::Server, &format!("{language}Options +Htaccess")), Ok(Effect::Done));
            assert!(world.line(Place::Htaccess, &line).is_ok());
            let mut world = World { from_code: true, ..World::default() };
            assert!(world.line(Place::Htaccess, &line).is_ok());
        }
    }

    #[test]
    fn htaccess_switches_no_handlers_and_hooks_of_the_server_off() {
        for (line, deed) in [
            ("LuaInherit none", "decides which code runs"),
            ("LuaInherit parent-last", "decides which code runs"),
            ("LuaOptions -MergeHandlers", "MergeHandlers decides which handlers run"),
            ("PerlOptions MergeHandlers", "MergeHandlers decides which handlers run"),
            ("PerlSetEnv LD_PRELOAD /a.so", "\"LD_PRELOAD\" decides which code the programs that a script starts run"),
            ("PerlSetEnv PATH /a", "\"PATH\" decides which code the programs that a script starts run"),
        ] {
            let message = refused(&mut World::default(), Place::Htaccess, line);
            assert!(message.contains(&format!(": {deed}, which .htaccess may do only where")), "{line}: {message}");
            let language = if line.starts_with("Lua") { "Lua" } else { "Perl" };
            let mut world = World::default();
            assert_eq!(world.line(Place::Server, &format!("{language}Options +Htaccess")), Ok(Effect::Done));
            assert!(world.line(Place::Htaccess, line).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_harmless_line_in_htaccess_does_not_meet_an_outer_luainherit_none() {
        let mut outer = World::default();
        outer.line(LOCATION, "LuaInherit none").unwrap();
        outer.line(LOCATION, "LuaMapHandler /x /a.lua").unwrap();
        let mut inner = World::default();
        inner.line(Place::Htaccess, "LuaScope once").unwrap();
        assert_eq!(DirConf::merge(&outer.dir, &inner.dir).lua().maps.len(), 1);
        let mut section = World::default();
        section.line(LOCATION, "LuaScope once").unwrap();
        assert_eq!(DirConf::merge(&outer.dir, &section.dir).lua().maps.len(), 0, "as mod_lua in a section");
    }

    #[test]
    fn htaccess_takes_variables_and_options_always() {
        let mut world = World::default();
        for line in
            ["PerlSetVar a b", "PerlAddVar a c d", "PerlSetEnv E 1", "PerlOptions +SetupEnv", "PerlSendHeader on"]
        {
            assert_eq!(world.line(Place::Htaccess, line), Ok(Effect::Done), "{line}");
        }
        assert_eq!(world.dir.vars.vars().get_all(b"a").count(), 3);
        assert_eq!(world.dir.set_env.get(b"E"), Some(&b"1"[..]));
        assert!(world.dir.options.is(DirOption::ParseHeaders));
        assert_eq!(world.server, ServerConf::default());
        for line in ["LuaSetVar a b", "LuaOptions +WatchGlobals", "LuaScope server 2 4", "LuaCodeCache never"] {
            assert_eq!(world.line(Place::Htaccess, line), Ok(Effect::Done), "{line}");
        }
    }

    #[test]
    fn switched_off_phases_refuse_their_directive() {
        let mut world = World::default();
        world.line(Place::Server, "PerlOptions -Access -PostReadRequest -Response").unwrap();
        assert_eq!(
            refused(&mut world, LOCATION, "PerlAccessHandler A"),
            "PerlAccessHandler: this phase is switched off for this server by PerlOptions -Access"
        );
        assert_eq!(
            refused(&mut world, Place::Server, "PerlInitHandler A"),
            "PerlInitHandler: this phase is switched off for this server by PerlOptions -PostReadRequest"
        );
        assert_eq!(
            refused(&mut world, LOCATION, "PerlHandler A"),
            "PerlHandler: this phase is switched off for this server by PerlOptions -Response"
        );
        assert!(world.line(LOCATION, "PerlInitHandler A").is_ok());
        world.line(Place::Server, "PerlOptions -Enable").unwrap();
        assert_eq!(
            refused(&mut world, Place::Server, "PerlTransHandler A"),
            "PerlTransHandler: Perl is switched off for this server by PerlOptions -Enable"
        );
    }

    #[test]
    fn handlers_go_to_the_record_of_their_scope_and_remember_their_line() {
        let mut world = World::default();
        world.line(Place::Server, "PerlTransHandler A +B").unwrap();
        world.line(Place::Server, "PerlFixupHandler C").unwrap();
        world.line(LOCATION, "PerlHandler D").unwrap();
        let names = |list: &[Handler]| list.iter().map(Handler::display_name).collect::<Vec<_>>();
        assert_eq!(names(world.server.handlers(Phase::Trans)), ["A", "B"]);
        assert_eq!(names(world.dir.handlers(Phase::Fixup)), ["C"]);
        assert_eq!(names(world.dir.handlers(Phase::Response)), ["D"]);
        assert_eq!(world.dir.handlers(Phase::Fixup)[0].at.to_string(), "httpd.conf:12");
        assert_eq!(world.server.all_handlers().count(), 2);
        assert_eq!(
            world.dir.all_handlers().map(|(phase, _)| phase).collect::<Vec<_>>(),
            [Phase::Fixup, Phase::Response]
        );
    }

    #[test]
    fn init_handler_means_the_first_phase_that_its_place_knows() {
        let mut world = World::default();
        world.line(Place::VirtualHost, "PerlInitHandler A").unwrap();
        world.line(LOCATION, "PerlInitHandler B").unwrap();
        assert_eq!(world.server.handlers(Phase::PostReadRequest).len(), 1);
        assert_eq!(world.dir.handlers(Phase::HeaderParser).len(), 1);
    }

    #[test]
    fn files_and_modules_wait_for_the_parent_or_are_loaded_at_once() {
        let mut world = World::default();
        for line in ["PerlModule A B", "PerlRequire a.pl", "PerlPostConfigRequire p.pl"] {
            assert_eq!(world.line(Place::Server, line), Ok(Effect::Done));
        }
        let names =
            |list: &[Queued]| list.iter().map(|q| String::from_utf8_lossy(&q.name).into_owned()).collect::<Vec<_>>();
        assert_eq!(names(&world.server.modules), ["A", "B"]);
        assert_eq!(names(&world.server.requires), ["a.pl"]);
        assert_eq!(names(&world.server.post_config_requires), ["p.pl"]);
        let queued = |name: &str| Queued { name: name.as_bytes().into(), at: Where::new("httpd.conf", 12) };
        let now = world.line(Place::Server, "PerlConfigRequire c.pl");
        assert_eq!(now, Ok(Effect::RequireNow(queued("c.pl"))), "starts the parent");
        world.running = true;
        assert_eq!(world.line(Place::Server, "PerlModule C"), Ok(Effect::ModuleNow(queued("C"))));
        assert_eq!(world.line(Place::Server, "PerlRequire d.pl"), Ok(Effect::RequireNow(queued("d.pl"))));
        assert_eq!(world.line(Place::Server, "PerlPostConfigRequire q.pl"), Ok(Effect::Done));
        assert_eq!((world.server.modules.len(), world.server.post_config_requires.len()), (2, 2));
    }

    #[test]
    fn switches_are_kept_in_order_and_refused_once_perl_runs() {
        let mut world = World::default();
        for line in ["PerlSwitches -w -I/lib", "PerlTaintCheck on", "PerlWarn off", "PerlSwitches +Inherit"] {
            assert_eq!(world.line(Place::Server, line), Ok(Effect::Done));
        }
        assert_eq!(world.server.switches, [&b"-w"[..], b"-I/lib", b"-T"].map(Box::from));
        assert!(world.server.options.is(ServerOption::InheritSwitches));
        world.running = true;
        let late = "perl runs already. It must stand before the first line that starts perl, such as PerlConfigRequire";
        for (line, switch) in
            [("PerlSwitches -w", "-w"), ("PerlTaintCheck on", "-T"), ("PerlSwitches +inherit", "+inherit")]
        {
            let name = line.split(' ').next().unwrap();
            assert_eq!(refused(&mut world, Place::Server, line), format!("{name}: too late for \"{switch}\": {late}"));
        }
        assert_eq!(world.line(Place::Server, "PerlTaintCheck off"), Ok(Effect::Done));
    }

    #[test]
    fn variables_at_server_level_are_the_directories_defaults_too() {
        let mut world = World::default();
        world.line(Place::Server, "PerlSetVar a 1").unwrap();
        world.line(Place::Server, "PerlAddVar a 2 3").unwrap();
        assert_eq!(world.server.vars, world.dir.vars);
        assert_eq!(world.server.vars.vars().get_all(b"a").count(), 3);
        world.line(LOCATION, "PerlSetVar b 1").unwrap();
        assert_eq!(world.server.vars.vars().get(b"b"), None);
        assert_eq!(world.dir.vars.vars().get(b"b"), Some(&b"1"[..]));
    }

    #[test]
    fn environment_of_the_server_reaches_a_running_perl_at_once() {
        let mut world = World::default();
        assert_eq!(world.line(Place::Server, "PerlSetEnv A 1"), Ok(Effect::Done));
        assert_eq!(world.line(Place::Server, "PerlPassEnv HOME"), Ok(Effect::Done));
        assert_eq!(world.line(Place::Server, "PerlPassEnv MISSING"), Ok(Effect::Done));
        assert_eq!(world.server.set_env.get(b"A"), Some(&b"1"[..]));
        assert_eq!(world.dir.set_env.get(b"A"), Some(&b"1"[..]));
        assert_eq!(world.server.pass_env.get(b"HOME"), Some(&b"/root"[..]));
        assert_eq!(world.server.pass_env.len(), 1);
        world.running = true;
        let now = |name: &[u8], value: &[u8]| Ok(Effect::EnvNow { name: name.into(), value: value.into() });
        assert_eq!(world.line(Place::Server, "PerlSetEnv A 2"), now(b"A", b"2"));
        assert_eq!(world.line(Place::Server, "PerlPassEnv HOME"), now(b"HOME", b"/root"));
        assert_eq!(world.line(LOCATION, "PerlSetEnv A 3"), Ok(Effect::Done));
        assert_eq!(world.server.set_env.get(b"A"), Some(&b"2"[..]));
    }

    #[test]
    fn an_option_of_a_directory_at_server_level_sets_the_default() {
        let mut world = World::default();
        assert_eq!(world.line(Place::Server, "PerlOptions +GlobalRequest SetupEnv -ParseHeaders"), Ok(Effect::Done));
        assert_eq!(world.dir.options.said(DirOption::GlobalRequest), Some(true));
        assert_eq!(world.dir.options.said(DirOption::SetupEnv), Some(true));
        assert_eq!(world.dir.options.said(DirOption::ParseHeaders), Some(false));
        assert_eq!(world.server, ServerConf::default());
        world.line(Place::Server, "PerlOptions +MergeHandlers").unwrap();
        assert!(world.server.options.is(ServerOption::MergeHandlers), "known to both: the server's");
        assert!(!world.dir.options.is(DirOption::MergeHandlers));
        world.line(LOCATION, "PerlOptions +MergeHandlers").unwrap();
        assert!(world.dir.options.is(DirOption::MergeHandlers));
    }

    #[test]
    fn a_flag_without_sign_is_noted_where_a_merge_will_lose_it() {
        let mut world = World::default();
        assert_eq!(
            world.line(LOCATION, "PerlOptions SetupEnv"),
            Ok(Effect::Note("PerlOptions: \"SetupEnv\" is lost in a <Location> section unless it has a + or -".into()))
        );
        assert_eq!(world.line(Place::Server, "PerlOptions SetupEnv"), Ok(Effect::Done));
        assert_eq!(world.line(LOCATION, "PerlOptions None"), Ok(Effect::Done));
    }

    #[test]
    fn options_that_clone_need_ithreads() {
        let mut world = World { ithreads: false, ..World::default() };
        for name in ["Clone", "Parent"] {
            assert_eq!(
                refused(&mut world, Place::VirtualHost, &format!("PerlOptions +{name}")),
                format!("PerlOptions: \"{name}\" needs a perl built with ithreads")
            );
            assert_eq!(world.line(Place::VirtualHost, &format!("PerlOptions -{name}")), Ok(Effect::Done));
        }
    }

    #[test]
    fn interpreter_numbers_are_kept_and_noted_as_idle_without_threads() {
        let mut world = World::default();
        assert_eq!(world.line(Place::Server, "PerlInterpTrim report 64K"), Ok(Effect::Done));
        assert_eq!(world.server.interp.trim, Some(crate::Trim::Report(65536)));
        world.threaded = false;
        assert_eq!(
            world.line(Place::Server, "PerlInterpMax 7"),
            Ok(Effect::Note("PerlInterpMax: this line has no effect without threads".into()))
        );
        assert_eq!(world.server.interp.max, Some(7));
        assert_eq!(world.server.interp.at, Some(Where::new("httpd.conf", 12)));
    }

    #[test]
    fn mod_perl_1_flags_set_options() {
        let mut world = World::default();
        world.line(LOCATION, "PerlSetupEnv off").unwrap();
        world.line(LOCATION, "PerlSendHeader on").unwrap();
        assert_eq!(world.dir.options.said(DirOption::SetupEnv), Some(false));
        assert_eq!(world.dir.options.said(DirOption::ParseHeaders), Some(true));
    }

    #[test]
    fn the_environment_of_the_process_is_read_by_name() {
        assert!(process_env(b"PATH").is_some());
        for name in [&b""[..], b"A=B", b"A\0B", b"\xff"] {
            assert_eq!(process_env(name), None);
        }
    }
}
