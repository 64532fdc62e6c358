//! THE tables of directives, one per language and in one form: one row per directive; httpd's command records, defaults,
//! merges and the printed docs are derived from them. Rows of phases (`Perl*Handler`, `Lua*Handler`, `LuaHook*`) are derived
//! from the phases. Perl's other rows are here, Lua's in `lua_rows.rs`.
//!
//! ```
//! let row = config::directive(b"perlinterpmax").unwrap(); // names are found without regard to case, as by httpd
//! assert_eq!((row.name, row.default), ("PerlInterpMax", "5"));
//! ```

use std::collections::HashMap;
use std::fmt;

use lazy_static::lazy_static;

use crate::apply::{self, Context, Effect};
use crate::interp::{SetInterp, set};
use crate::phases::{Language, PHASES, Phase, Scope};
use crate::{lua_rows, not_yet};

/// Where a directive may stand, and when it is run: a set of bits.
///
/// [`Directive::apply`] refuses a line that stands elsewhere, with a message that says where it belongs; httpd may be
/// told `OR_ALL` for every row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Contexts(u8);

impl Contexts {
    /// Server level, in the main server or a `<VirtualHost>`.
    pub const SERVER: Self = Self(1);
    /// Inside `<Directory>`, `<Location>`, `<Files>`, `<If>` and the like.
    pub const DIRECTORY: Self = Self(2);
    /// In `.htaccess`.
    pub const HTACCESS: Self = Self(4);
    /// Run while the file is being read (httpd's `EXEC_ON_READ`).
    pub const EXEC_ON_READ: Self = Self(8);
    /// Not in a `<VirtualHost>`.
    pub const GLOBAL_ONLY: Self = Self(16);
    /// Inside `<Location>` and `<Proxy>` and their `Match` forms, not in other sections.
    pub const LOCATION: Self = Self(32);
    /// Server level, sections and `.htaccess`.
    pub const ANYWHERE: Self = Self(1 | 2 | 4);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in here.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Tells where the directive belongs: `at server level, outside of <VirtualHost> and sections`.
impl fmt::Display for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = self.has(Self::DIRECTORY);
        let mut places = Vec::new();
        if self.has(Self::SERVER) {
            places.push("at server level");
            if !self.has(Self::GLOBAL_ONLY) {
                places.push("in a <VirtualHost>");
            }
        }
        if section {
            places.push("in a section");
        } else if self.has(Self::LOCATION) {
            places.push("in a <Location> section");
        }
        if self.has(Self::HTACCESS) {
            places.push("in .htaccess");
        }
        if let Some(last) = places.pop() {
            let rest = places.join(", ");
            f.write_str(&if rest.is_empty() { last.to_owned() } else { format!("{rest} or {last}") })?;
        }
        match (section || self.has(Self::LOCATION), self.has(Self::GLOBAL_ONLY)) {
            (false, true) => f.write_str(", outside of <VirtualHost> and sections"),
            (false, false) => f.write_str(", outside of sections"),
            _ => Ok(()),
        }
    }
}

/// How httpd cuts a line into arguments, and what [`Directive::apply`] is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Args {
    /// The rest of the line as one argument (`RAW_ARGS`).
    Raw,
    /// `On` or `Off`, given as `on` or `off` (`FLAG`).
    Flag,
    /// One (`TAKE1`).
    Take1,
    /// One or two (`TAKE12`).
    Take12,
    /// Two (`TAKE2`).
    Take2,
    /// Any number, applied one by one (`ITERATE`).
    Iterate,
    /// A first one, applied with each of the others (`ITERATE2`).
    Iterate2,
    /// A block: the lines up to `</Name>` become the argument of the directive `Name`, which httpd meets in its place.
    Block,
    /// A block whose first line may say something before its `>`: this, with the `>`, becomes the argument's first line, so
    /// that the directive `Name` can tell a block from what was written on one line.
    Headed,
    /// That many, cut by [`Directive::apply`] as httpd cuts words (`RAW_ARGS` for httpd).
    Words {
        /// No fewer.
        min: u8,
        /// No more.
        max: u8,
    },
    /// Any number, cut by [`Directive::apply`]: a word that begins with `function` takes the rest of the line
    /// (`RAW_ARGS` for httpd).
    Code,
}

impl Args {
    /// Whether one application may be given that many arguments.
    #[must_use]
    pub const fn fits(self, n: usize) -> bool {
        match self {
            Args::Raw | Args::Flag | Args::Take1 | Args::Iterate | Args::Block => n == 1,
            Args::Headed | Args::Words { .. } | Args::Code => n == 1,
            Args::Take12 => n == 1 || n == 2,
            Args::Take2 | Args::Iterate2 => n == 2,
        }
    }
}

/// What a `<VirtualHost>` or an inner section sees of what the outer scope says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Merge {
    /// Nothing is kept that could be merged.
    Nothing,
    /// The host's own only.
    Own,
    /// All `PerlInterp*` numbers of a host are its own, as one block.
    Block,
    /// The inner value if there is one, else the outer one.
    Inherit,
    /// By name; the inner value wins.
    Overlap,
    /// By name; `PerlSetVar` replaces outer values, `PerlAddVar` extends them.
    Vars,
    /// `+` and `-` change the outer flags; a flag without sign is lost.
    Flags,
    /// The inner list replaces the outer one; with `MergeHandlers` it runs after it.
    Handlers,
    /// `LuaInherit` tells how inner and outer list are joined.
    Joined,
    /// One list for the whole server.
    Global,
}

impl Merge {
    /// Tells an administrator how outer and inner lines meet.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        let name = language.name();
        match self {
            Merge::Nothing => "acts where it stands".into(),
            Merge::Own => "not inherited by virtual hosts".into(),
            Merge::Block => format!("a virtual host's {name}Interp* numbers are its own, as one block"),
            Merge::Inherit => "inherited unless written again".into(),
            Merge::Overlap => "by name; the inner value wins".into(),
            Merge::Vars => format!("by name; {name}SetVar replaces outer values, {name}AddVar extends them"),
            Merge::Flags => "`+` and `-` change the outer flags; a flag without sign is lost in an inner scope".into(),
            Merge::Handlers => {
                format!("the inner list replaces the outer one; with {name}Options +MergeHandlers it runs after it")
            }
            Merge::Joined => "LuaInherit says how the inner list is joined to the outer one".into(),
            Merge::Global => "one list for the whole server; a name written again means what was written last".into(),
        }
    }
}

/// What a line does.
pub type ApplyFn = fn(&'static Directive, &mut Context<'_>, &[&[u8]]) -> Result<Effect, String>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Call(ApplyFn),
    /// A list of handlers.
    Handler(Phase),
    /// mod_lua's: a file and a function, or a block.
    Hook(Phase),
    Interp(SetInterp),
    /// Known, and refused: it is not built.
    NotYet,
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// As it is written.
    pub name: &'static str,
    /// The language whose module has it.
    pub language: Language,
    /// How its arguments are cut.
    pub args: Args,
    /// The arguments as the documents show them.
    pub syntax: &'static str,
    /// Where it may stand.
    pub contexts: Contexts,
    /// Whether it makes code run: refused in `.htaccess` unless the server has `PerlOptions +Htaccess`, in Lua
    /// `LuaOptions +Htaccess`.
    pub runs_code: bool,
    /// What it does with code, for the message that refuses it there.
    pub(crate) deed: &'static str,
    /// Whether it is of no effect unless the MPM has threads and perl has ithreads.
    pub threads_only: bool,
    /// What holds without any line; empty for nothing.
    pub default: &'static str,
    /// How scopes meet.
    pub merge: Merge,
    /// A few lines for the administrator.
    pub doc: &'static str,
    pub(crate) action: Action,
}

impl Directive {
    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }
    pub(crate) const fn merge(self, merge: Merge) -> Self {
        Self { merge, ..self }
    }
    pub(crate) const fn runs_code(self) -> Self {
        Self { runs_code: true, deed: "runs code", ..self }
    }
    /// Names no code, but decides which of the server's is run: in `.htaccess` it is refused as one that runs code.
    pub(crate) const fn chooses_code(self) -> Self {
        Self { runs_code: true, deed: "decides which code runs", ..self }
    }
    pub(crate) const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// The phase whose handlers the directive adds to, if it does nothing else.
    #[must_use]
    pub const fn phase(&self) -> Option<Phase> {
        match self.action {
            Action::Handler(phase) | Action::Hook(phase) => Some(phase),
            _ => None,
        }
    }

    /// Whether a line with it can do anything: false for those of mod_perl that are known and not built.
    #[must_use]
    pub const fn is_built(&self) -> bool {
        !matches!(self.action, Action::NotYet)
    }

    /// The setter, if it is one of `PerlInterp*` or `LuaInterp*`.
    #[must_use]
    pub const fn interp(&self) -> Option<SetInterp> {
        match self.action {
            Action::Interp(set) => Some(set),
            _ => None,
        }
    }

    /// Does what a line says, in the records that `cmd` lends. The message of an error begins with the directive's
    /// name; httpd puts file and line before it.
    ///
    /// # Errors
    /// The line stands where it must not, would run code where none may run, comes too late, or says what cannot be.
    pub fn apply(&'static self, cmd: &mut Context<'_>, args: &[&[u8]]) -> Result<Effect, String> {
        apply::apply(self, cmd, args)
    }
}

pub(crate) const SERVER: Contexts = Contexts::SERVER;
pub(crate) const MAIN: Contexts = Contexts::SERVER.and(Contexts::GLOBAL_ONLY);
const READ: Contexts = Contexts::SERVER.and(Contexts::EXEC_ON_READ);
pub(crate) const NO_SECTION: Contexts = Contexts::SERVER.and(Contexts::HTACCESS);
pub(crate) const ANYWHERE: Contexts = Contexts::ANYWHERE;

const fn row(name: &'static str, args: Args, syntax: &'static str, contexts: Contexts, action: Action) -> Directive {
    let language = Language::Perl; // `table` says which it is
    let (runs_code, deed, threads_only, default, merge, doc) = (false, "", false, "", Merge::Nothing, "");
    Directive { name, language, args, syntax, contexts, runs_code, deed, threads_only, default, merge, doc, action }
}

pub(crate) const fn call(
    name: &'static str,
    args: Args,
    syntax: &'static str,
    contexts: Contexts,
    f: ApplyFn,
) -> Directive {
    row(name, args, syntax, contexts, Action::Call(f))
}

/// One that is not built: any line with it is refused.
pub(crate) const fn unbuilt(name: &'static str, syntax: &'static str, contexts: Contexts) -> Directive {
    row(name, Args::Raw, syntax, contexts, Action::NotYet).doc("Not there yet.")
}

/// A number of the tipool.
pub(crate) const fn interp(name: &'static str, args: Args, syntax: &'static str, f: SetInterp) -> Directive {
    Directive { threads_only: true, ..per_interp(name, args, syntax, f).merge(Merge::Block) }
}

/// A property of each interpreter, threads or not.
pub(crate) const fn per_interp(name: &'static str, args: Args, syntax: &'static str, f: SetInterp) -> Directive {
    row(name, args, syntax, SERVER, Action::Interp(f))
}

const fn handler(name: &'static str, args: Args, phase: Phase, contexts: Contexts) -> Directive {
    row(name, args, "handler ...", contexts, Action::Handler(phase)).runs_code().merge(Merge::Handlers)
}

const fn hook(name: &'static str, phase: Phase, contexts: Contexts, is_ordered: bool) -> Directive {
    let (max, syntax) = if is_ordered { (3, "file function [early|late]") } else { (2, "file function") };
    row(name, Args::Words { min: 2, max }, syntax, contexts, Action::Hook(phase))
        .runs_code()
        .merge(Merge::Joined)
        .doc(phase.row().doc)
}

const fn hook_block(name: &'static str, phase: Phase, contexts: Contexts) -> Directive {
    let contexts = contexts.and(Contexts::EXEC_ON_READ);
    row(name, Args::Headed, "[function [early|late]]", contexts, Action::Hook(phase))
        .runs_code()
        .merge(Merge::Joined)
        .doc("Does what the directive of this name does, with the script written in the configuration.")
}

#[rustfmt::skip]
const ROWS: &[Directive] = &[
    call("PerlSwitches", Args::Iterate, "switch ...", SERVER, apply::switches).merge(Merge::Own)
        .doc("Gives perl switches as on its command line, such as -T, -w, -I or -M. Once the interpreter runs it is too late: the line is an error. In a virtual host the line has an effect only with PerlOptions +Parent; the word +inherit there means PerlOptions +InheritSwitches."),
    call("PerlRequire", Args::Iterate, "file ...", NO_SECTION, apply::require).runs_code().merge(Merge::Own)
        .doc("Requires files when the interpreter starts, before the modules of PerlModule; at once if it runs already. A failure ends the start."),
    call("PerlModule", Args::Iterate, "module ...", NO_SECTION, apply::module).runs_code().merge(Merge::Own)
        .doc("Loads modules when the interpreter starts, after the files of PerlRequire; at once if it runs already. A failure ends the start."),
    call("PerlConfigRequire", Args::Iterate, "file ...", SERVER, apply::config_require).runs_code()
        .doc("Requires files while the configuration is being read. This starts the interpreter, so PerlSwitches must stand before it."),
    call("PerlPostConfigRequire", Args::Iterate, "file ...", SERVER, apply::post_config_require).runs_code().merge(Merge::Own)
        .doc("Requires files when the configuration is complete, before interpreters are cloned. A failure ends the start. Not run by `httpd -t`."),
    call("Perl", Args::Raw, "code", SERVER, apply::perl).runs_code()
        .doc("Runs Perl code when the line is met. This starts the interpreter, so PerlSwitches must stand before it. An error ends the start."),
    call("<Perl", Args::Block, "a block of code, up to a line </Perl>", READ, apply::perl).runs_code()
        .doc("Runs the lines of the section as Perl code, as Perl does with one line. Variables that the code leaves are not turned into configuration yet."),
    call("PerlOptions", Args::Iterate, "[+|-]option ...", ANYWHERE, apply::options).merge(Merge::Flags)
        .doc("Switches features and phases on or off; see Options below. The name of a directory option, written at server level, sets the default for all directories."),
    call("PerlInitHandler", Args::Iterate, "handler ...", ANYWHERE, apply::init_handler).runs_code().merge(Merge::Handlers)
        .doc("Stands for PerlPostReadRequestHandler at server level and for PerlHeaderParserHandler in a section."),
    call("PerlAddAuthnProvider", Args::Take2, "name handler", SERVER, apply::authn_provider).runs_code()
        .doc("Makes a provider for AuthBasicProvider. The handler is called with the request, a user and a password, and returns one of Apache2::Const's :authn_status. The provider is there for all servers, wherever the line stands; the line must stand before those that name the provider."),
    call("PerlAddAuthzProvider", Args::Take2, "name handler", SERVER, apply::authz_provider).runs_code()
        .doc("Makes a provider for Require. The handler is called with the request and the rest of the Require line, and returns one of Apache2::Const's :authz_status. The provider is there for all servers, wherever the line stands; the line must stand before those that name the provider."),
    call("PerlSetVar", Args::Take2, "name value", ANYWHERE, apply::set_var).merge(Merge::Vars)
        .doc("Sets a variable that dir_config reads. Written at server level it holds for the server, and in each directory that does not set it."),
    call("PerlAddVar", Args::Iterate2, "name value ...", ANYWHERE, apply::add_var).merge(Merge::Vars)
        .doc("Adds values to a variable that dir_config reads."),
    call("PerlSetEnv", Args::Take2, "name value", ANYWHERE, apply::set_env).merge(Merge::Overlap)
        .doc("Sets a variable in %ENV and in the subprocess environment. Start-up code sees those that are written at server level, too."),
    call("PerlPassEnv", Args::Take1, "name", SERVER, apply::pass_env).merge(Merge::Overlap).default("PATH and TZ are passed by themselves")
        .doc("Passes on a variable of the environment in which httpd was started, with the value that it has when the line is read. A variable that is not there is ignored."),

    interp("PerlInterpStart", Args::Take1, "number", set::start).default("3")
        .doc("Clone this many interpreters for each child process before it is forked."),
    interp("PerlInterpMax", Args::Take1, "number", set::max).default("5")
        .doc("Let a child process have at most this many interpreters at once. A request that finds all of them busy waits: see PerlInterpMaxWait."),
    interp("PerlInterpMinSpare", Args::Take1, "number", set::min_spare).default("3")
        .doc("Keep at least this many interpreters idle: the next ones are made before a request needs them."),
    interp("PerlInterpMaxSpare", Args::Take1, "number", set::max_spare).default("3")
        .doc("Keep at most this many interpreters idle; the others are destroyed."),
    interp("PerlInterpMaxRequests", Args::Take1, "number", set::max_requests).default("2000")
        .doc("Replace an interpreter after this many requests, as soon as its successor is ready. 0 means never."),
    interp("PerlInterpMaxAge", Args::Take1, "time|none", set::max_age).default("none")
        .doc("Replace an interpreter when it is this old, as soon as its successor is ready. A time is a number of seconds, or has a unit: ms, s, min, h, d."),
    interp("PerlInterpMaxQueue", Args::Take1, "number|none", set::max_queue).default("none")
        .doc("Let at most this many requests wait for an interpreter at once; one more is answered with 503 right away."),
    interp("PerlInterpMaxWait", Args::Take1, "time|Timeout", set::max_wait).default("Timeout").merge(Merge::Inherit)
        .doc("Let a request wait this long for an interpreter; then it is answered with 503. Timeout stands for the server's Timeout; with 0 no request waits."),
    interp("PerlInterpScope", Args::Take1, "handler|response|subrequest|request|connection", set::scope).default("response").merge(Merge::Inherit)
        .doc("Says how long a request keeps its interpreter. handler: while a handler runs. response: from its first handler until its response handler is done. subrequest: as response, but each subrequest has an interpreter of its own. request: until the log phase is over. connection: until the connection ends. A value that lives with the request (pnotes, a filter's context, a pushed code reference) makes the request keep its interpreter until it ends, whatever is written here."),
    interp("PerlInterpTrim", Args::Take12, "off|[report] size", set::trim).default("off")
        .doc("Free the buffers of at least this size that an idle interpreter still has for variables without a value; with report they are only counted, and the log tells how much it would be. A size is a number of bytes, or has a unit: K, M, G."),

    // mod_perl 1 names
    handler("PerlHandler", Args::Iterate, Phase::Response, ANYWHERE)
        .doc("Stands for PerlResponseHandler, by the name that it had in mod_perl 1."),
    call("PerlSendHeader", Args::Flag, "On|Off", ANYWHERE, apply::send_header).merge(Merge::Flags)
        .doc("Stands for PerlOptions +ParseHeaders or -ParseHeaders, by the name that it had in mod_perl 1."),
    call("PerlSetupEnv", Args::Flag, "On|Off", ANYWHERE, apply::setup_env).merge(Merge::Flags)
        .doc("Stands for PerlOptions +SetupEnv or -SetupEnv, by the name that it had in mod_perl 1."),
    call("PerlTaintCheck", Args::Flag, "On|Off", SERVER, apply::taint_check).merge(Merge::Own).default("Off")
        .doc("Stands for PerlSwitches -T, by the name that it had in mod_perl 1."),
    call("PerlWarn", Args::Flag, "On|Off", SERVER, apply::warn).merge(Merge::Own).default("Off")
        .doc("Stands for PerlSwitches -w, by the name that it had in mod_perl 1."),
];

/// Filters get their directives together with filters; until then they are in [`not_yet`].
const fn has_row(i: usize) -> bool {
    !matches!(PHASES[i].scope, Scope::Filter)
}

/// How many rows the phases add.
const fn phase_rows(language: Language) -> usize {
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        if has_row(i) && PHASES[i].of(language).is_some() {
            n += 1;
        }
        if let (Language::Lua, Some(hooks)) = (language, &PHASES[i].hooks) {
            n += 2 * hooks.blocks.len();
        }
        i += 1;
    }
    n
}

/// The rows given, and those of the phases.
const fn table<const N: usize>(rows: &[&[Directive]], language: Language) -> [Directive; N] {
    let mut all = [rows[0][0]; N];
    let (mut n, mut part) = (0, 0);
    while part < rows.len() {
        let mut i = 0;
        while i < rows[part].len() {
            all[n] = rows[part][i];
            n += 1;
            i += 1;
        }
        part += 1;
    }
    // Lua may be written in place, unquoted, which httpd's own cutting would tear apart.
    let args = if matches!(language, Language::Lua) { Args::Code } else { Args::Iterate };
    let mut i = 0;
    while i < PHASES.len() {
        let phase = PHASES[i].phase;
        if has_row(i)
            && let Some(row) = PHASES[i].of(language)
        {
            all[n] = handler(row.directive, args, phase, row.contexts).doc(PHASES[i].doc_of(language));
            n += 1;
        }
        if let (Language::Lua, Some(hooks)) = (language, &PHASES[i].hooks) {
            let mut k = 0;
            while k < hooks.blocks.len() {
                all[n] = hook(hooks.blocks[k].split_at(1).1, phase, hooks.contexts, hooks.is_ordered);
                all[n + 1] = hook_block(hooks.blocks[k], phase, hooks.contexts);
                n += 2;
                k += 1;
            }
        }
        i += 1;
    }
    assert!(n == N, "the table has a row for every place");
    while n > 0 {
        n -= 1;
        all[n].language = language;
    }
    all
}

static PERL: [Directive; ROWS.len() + not_yet::ROWS.len() + phase_rows(Language::Perl)] =
    table(&[ROWS, not_yet::ROWS], Language::Perl);
static LUA: [Directive; lua_rows::ROWS.len() + phase_rows(Language::Lua)] = table(&[lua_rows::ROWS], Language::Lua);

/// The directives of a language's module: rows of their own, and those of the phases.
#[must_use]
pub const fn directives(language: Language) -> &'static [Directive] {
    match language {
        Language::Perl => &PERL,
        Language::Lua => &LUA,
    }
}

lazy_static! {
    static ref BY_NAME: HashMap<String, &'static Directive> =
        PERL.iter().chain(&LUA).map(|row| (row.name.to_ascii_lowercase(), row)).collect();
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
    fn every_directive_has_its_row_with_arguments_and_contexts() {
        use Args::{Block, Flag, Iterate, Iterate2, Raw, Take1, Take2, Take12};
        let handlers_of_servers = "ChildExit ChildInit MapToStorage OpenLogs PostConfig PostReadRequest PreConnection ProcessConnection Trans";
        let handlers_of_directories = "Access Authen Authz Cleanup Fixup HeaderParser Init Log Response Type";
        let mut expected = vec![
            ("<Perl", Block, READ),
            ("Perl", Raw, SERVER),
            ("PerlAddAuthnProvider", Take2, SERVER),
            ("PerlAddAuthzProvider", Take2, SERVER),
            ("PerlAddVar", Iterate2, ANYWHERE),
            ("PerlConfigRequire", Iterate, SERVER),
            ("PerlHandler", Iterate, ANYWHERE),
            ("PerlInterpMax", Take1, SERVER),
            ("PerlInterpMaxAge", Take1, SERVER),
            ("PerlInterpMaxQueue", Take1, SERVER),
            ("PerlInterpMaxRequests", Take1, SERVER),
            ("PerlInterpMaxSpare", Take1, SERVER),
            ("PerlInterpMaxWait", Take1, SERVER),
            ("PerlInterpMinSpare", Take1, SERVER),
            ("PerlInterpScope", Take1, SERVER),
            ("PerlInterpStart", Take1, SERVER),
            ("PerlInterpTrim", Take12, SERVER),
            ("PerlModule", Iterate, NO_SECTION),
            ("PerlOptions", Iterate, ANYWHERE),
            ("PerlPassEnv", Take1, SERVER),
            ("PerlPostConfigRequire", Iterate, SERVER),
            ("PerlRequire", Iterate, NO_SECTION),
            ("PerlSendHeader", Flag, ANYWHERE),
            ("PerlSetEnv", Take2, ANYWHERE),
            ("PerlSetVar", Take2, ANYWHERE),
            ("PerlSetupEnv", Flag, ANYWHERE),
            ("PerlSwitches", Iterate, SERVER),
            ("PerlTaintCheck", Flag, SERVER),
            ("PerlWarn", Flag, SERVER),
        ];
        let handlers: Vec<(String, Contexts)> = (handlers_of_servers.split(' ').map(|n| (n, SERVER)))
            .chain(handlers_of_directories.split(' ').map(|n| (n, ANYWHERE)))
            .map(|(n, c)| (format!("Perl{n}Handler"), c))
            .collect();
        expected.extend(handlers.iter().map(|(name, contexts)| (name.as_str(), Iterate, *contexts)));
        for &(name, args, contexts) in &expected {
            let row = directive(name.as_bytes()).expect(name);
            assert_eq!((row.name, row.args, row.contexts), (name, args, contexts));
        }
        assert_eq!(PERL.iter().filter(|row| row.is_built()).count(), expected.len());
    }

    #[test]
    fn directives_of_later_parts_are_known_and_not_built() {
        for name in "PerlLoadModule PerlInputFilterHandler PerlTrace \
                     PerlOutputFilterHandler PerlSetInputFilter PerlSetOutputFilter =pod =cut =back =over __END__"
            .split_whitespace()
        {
            assert!(directive(name.as_bytes()).is_some_and(|row| !row.is_built()), "{name}");
        }
    }

    #[test]
    fn lua_has_the_directives_of_mod_lua_its_manual_and_of_perl_that_mean_the_same() {
        use Args::{Code, Headed, Iterate, Iterate2, Take1, Take2};
        let location = SERVER.and(Contexts::LOCATION);
        let words = |min, max| Args::Words { min, max };
        let mut expected = vec![
            ("LuaAddVar".to_owned(), Iterate2, ANYWHERE),
            ("LuaAuthzProvider".into(), words(3, 3), MAIN.and(Contexts::EXEC_ON_READ)),
            ("LuaCodeCache".into(), Take1, ANYWHERE),
            ("LuaInherit".into(), Take1, ANYWHERE),
            ("LuaInputFilter".into(), words(3, 3), location),
            ("LuaMapHandler".into(), words(2, 3), ANYWHERE),
            ("LuaModule".into(), Iterate, NO_SECTION),
            ("LuaOptions".into(), Iterate, ANYWHERE),
            ("LuaOutputFilter".into(), words(3, 3), location),
            ("LuaPackageCPath".into(), Take1, ANYWHERE),
            ("LuaPackagePath".into(), Take1, ANYWHERE),
            ("LuaRequire".into(), Iterate, NO_SECTION),
            ("LuaRoot".into(), Take1, ANYWHERE),
            ("LuaScope".into(), words(1, 3), ANYWHERE),
            ("LuaSetVar".into(), Take2, ANYWHERE),
        ];
        let numbers = "Max MaxAge MaxMemory MaxQueue MaxRequests MaxSpare MaxWait MinSpare Scope Start";
        expected.extend(numbers.split(' ').map(|n| (format!("LuaInterp{n}"), Take1, SERVER)));
        let of_servers = "ChildExit ChildInit MapToStorage OpenLogs PostConfig PostReadRequest PreConnection ProcessConnection Trans";
        expected.extend(of_servers.split(' ').map(|n| (format!("Lua{n}Handler"), Code, SERVER)));
        let of_directories = "Access Authen Authz Cleanup Fixup HeaderParser Log Response Type";
        expected.extend(of_directories.split(' ').map(|n| (format!("Lua{n}Handler"), Code, ANYWHERE)));
        let hooks = "PreTranslateName PreTranslate MapToStorage AccessChecker CheckUserID AuthChecker TypeChecker Fixups InsertFilter Log";
        let hooks = hooks.split(' ').map(|n| (format!("LuaHook{n}"), ANYWHERE));
        let early = ["LuaQuickHandler", "LuaHookTranslateName"].map(|n| (n.to_owned(), location));
        for (name, contexts) in hooks.chain(early) {
            expected.push((format!("<{name}"), Headed, contexts.and(Contexts::EXEC_ON_READ)));
            let is_ordered =
                ["TranslateName", "AccessChecker", "CheckUserID", "AuthChecker"].map(|n| format!("LuaHook{n}"));
            let most = if is_ordered.contains(&name) { 3 } else { 2 };
            expected.push((name, words(2, most), contexts));
        }
        for (name, args, contexts) in &expected {
            let row = directive(name.as_bytes()).expect(name);
            assert_eq!((row.name, row.args, row.contexts), (name.as_str(), *args, *contexts));
        }
        assert_eq!(LUA.len(), expected.len());
        for row in &LUA {
            let is_setting = "LuaScope LuaCodeCache LuaOptions LuaSetVar LuaAddVar".split(' ').any(|n| n == row.name)
                || row.name.starts_with("LuaInterp");
            assert_eq!(row.runs_code, !is_setting, "{}", row.name);
            let per_state = row.name == "LuaInterpMaxMemory";
            assert_eq!(row.threads_only, row.name.starts_with("LuaInterp") && !per_state, "{}", row.name);
            assert_eq!(row.language, Language::Lua);
        }
    }

    #[test]
    fn no_two_directives_share_a_name() {
        assert_eq!(BY_NAME.len(), PERL.len() + LUA.len());
        assert!(PERL.iter().all(|row| row.language == Language::Perl));
    }

    #[test]
    fn exactly_what_names_code_runs_code() {
        for row in PERL.iter().filter(|row| row.is_built()) {
            let expected = row.name.ends_with("Handler")
                || row.name.ends_with("Require")
                || row.name.ends_with("Provider")
                || ["PerlModule", "Perl", "<Perl"].contains(&row.name);
            assert_eq!(row.runs_code, expected, "{}", row.name);
            assert_eq!(row.threads_only, row.name.starts_with("PerlInterp"), "{}", row.name);
        }
    }

    #[test]
    fn every_row_is_documented() {
        for row in PERL.iter().chain(&LUA) {
            assert!(row.doc.ends_with('.') && !row.syntax.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn contexts_tell_where_a_directive_belongs() {
        for (contexts, text) in [
            (SERVER, "at server level or in a <VirtualHost>, outside of sections"),
            (MAIN, "at server level, outside of <VirtualHost> and sections"),
            (NO_SECTION, "at server level, in a <VirtualHost> or in .htaccess, outside of sections"),
            (ANYWHERE, "at server level, in a <VirtualHost>, in a section or in .htaccess"),
            (SERVER.and(Contexts::LOCATION), "at server level, in a <VirtualHost> or in a <Location> section"),
        ] {
            assert_eq!(contexts.to_string(), text);
        }
    }
}
