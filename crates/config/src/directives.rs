//! THE table of directives: one row per directive; httpd's command records, defaults, merges and the printed docs
//! are derived from it. `Perl*Handler` rows are derived from the phases.
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
use crate::phases::{PHASES, Phase, Scope};

/// Where a directive may stand, and when it is run: a set of bits.
///
/// [`Directive::apply`] refuses a line that stands elsewhere, with a message that says where it belongs; httpd may be
/// told `OR_ALL | RSRC_CONF | ACCESS_CONF` for every row.
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
        }
        if self.has(Self::HTACCESS) {
            places.push("in .htaccess");
        }
        if let Some(last) = places.pop() {
            let rest = places.join(", ");
            f.write_str(&if rest.is_empty() { last.to_owned() } else { format!("{rest} or {last}") })?;
        }
        match (section, self.has(Self::GLOBAL_ONLY)) {
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
}

impl Args {
    /// Whether one application may be given that many arguments.
    #[must_use]
    pub const fn fits(self, n: usize) -> bool {
        match self {
            Args::Raw | Args::Flag | Args::Take1 | Args::Iterate | Args::Block => n == 1,
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
}

/// Tells an administrator how outer and inner lines meet.
impl fmt::Display for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Merge::Nothing => "acts where it stands",
            Merge::Own => "not inherited by virtual hosts",
            Merge::Block => "a virtual host's PerlInterp* numbers are its own, as one block",
            Merge::Inherit => "inherited unless written again",
            Merge::Overlap => "by name; the inner value wins",
            Merge::Vars => "by name; PerlSetVar replaces outer values, PerlAddVar extends them",
            Merge::Flags => "`+` and `-` change the outer flags; a flag without sign is lost in an inner scope",
            Merge::Handlers => {
                "the inner list replaces the outer one; with PerlOptions +MergeHandlers it runs after it"
            }
        })
    }
}

/// What a line does.
pub type ApplyFn = fn(&'static Directive, &mut Context<'_>, &[&[u8]]) -> Result<Effect, String>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Call(ApplyFn),
    Handler(Phase),
    Interp(SetInterp),
}

/// One directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// As it is written.
    pub name: &'static str,
    /// How its arguments are cut.
    pub args: Args,
    /// The arguments as the documents show them.
    pub syntax: &'static str,
    /// Where it may stand.
    pub contexts: Contexts,
    /// Whether it makes code run: refused in `.htaccess` unless the server has `PerlOptions +Htaccess`.
    pub runs_code: bool,
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
    const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }
    const fn merge(self, merge: Merge) -> Self {
        Self { merge, ..self }
    }
    const fn runs_code(self) -> Self {
        Self { runs_code: true, ..self }
    }
    const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// The phase whose handlers the directive adds to, if it does nothing else.
    #[must_use]
    pub const fn phase(&self) -> Option<Phase> {
        match self.action {
            Action::Handler(phase) => Some(phase),
            _ => None,
        }
    }

    /// Whether its words name handlers.
    #[must_use]
    pub fn names_handlers(&self) -> bool {
        matches!(self.action, Action::Handler(_)) || self.name == "PerlInitHandler"
    }

    /// The setter, if it is one of `PerlInterp*`.
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

const SERVER: Contexts = Contexts::SERVER;
const MAIN: Contexts = Contexts::SERVER.and(Contexts::GLOBAL_ONLY);
const READ: Contexts = Contexts::SERVER.and(Contexts::EXEC_ON_READ);
const NO_SECTION: Contexts = Contexts::SERVER.and(Contexts::HTACCESS);
const ANYWHERE: Contexts = Contexts::ANYWHERE;

const fn row(name: &'static str, args: Args, syntax: &'static str, contexts: Contexts, action: Action) -> Directive {
    let (runs_code, threads_only, default, merge, doc) = (false, false, "", Merge::Nothing, "");
    Directive { name, args, syntax, contexts, runs_code, threads_only, default, merge, doc, action }
}

const fn call(name: &'static str, args: Args, syntax: &'static str, contexts: Contexts, f: ApplyFn) -> Directive {
    row(name, args, syntax, contexts, Action::Call(f))
}

const fn interp(name: &'static str, args: Args, syntax: &'static str, f: SetInterp) -> Directive {
    let row = row(name, args, syntax, SERVER, Action::Interp(f)).merge(Merge::Block);
    Directive { threads_only: true, ..row }
}

const fn handler(name: &'static str, phase: Phase, contexts: Contexts) -> Directive {
    row(name, Args::Iterate, "handler ...", contexts, Action::Handler(phase))
        .runs_code()
        .merge(Merge::Handlers)
        .doc(phase.row().doc)
}

#[rustfmt::skip]
const ROWS: &[Directive] = &[
    call("PerlSwitches", Args::Iterate, "switch ...", SERVER, apply::switches).merge(Merge::Own)
        .doc("Command line switches of perl, such as -T, -w, -I or -M. An error once the interpreter runs. In a virtual host of use only with PerlOptions +Parent; +inherit there means PerlOptions +InheritSwitches."),
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
        .doc("The same with several lines. Variables that the code leaves are not turned into configuration yet."),
    call("PerlOptions", Args::Iterate, "[+|-]option ...", ANYWHERE, apply::options).merge(Merge::Flags)
        .doc("Switches features and phases on or off; see Options below. At server level the name of a directory option sets the default of the directories."),
    call("PerlInitHandler", Args::Iterate, "handler ...", ANYWHERE, apply::init_handler).runs_code().merge(Merge::Handlers)
        .doc("PerlPostReadRequestHandler at server level, PerlHeaderParserHandler in a section."),
    call("PerlAddAuthnProvider", Args::Take2, "name handler", SERVER, apply::authn_provider).runs_code()
        .doc("Makes a provider for AuthBasicProvider. The handler is called with the request, a user and a password, and returns one of Apache2::Const's :authn_status. Of all servers, wherever it stands; it must stand before the lines that name it."),
    call("PerlAddAuthzProvider", Args::Take2, "name handler", SERVER, apply::authz_provider).runs_code()
        .doc("Makes a provider for Require. The handler is called with the request and the rest of the Require line, and returns one of Apache2::Const's :authz_status. Of all servers, wherever it stands; it must stand before the lines that name it."),
    call("PerlSetVar", Args::Take2, "name value", ANYWHERE, apply::set_var).merge(Merge::Vars)
        .doc("Sets a variable that dir_config reads. At server level for the server and, as default, for the directories."),
    call("PerlAddVar", Args::Iterate2, "name value ...", ANYWHERE, apply::add_var).merge(Merge::Vars)
        .doc("Adds values to a variable that dir_config reads."),
    call("PerlSetEnv", Args::Take2, "name value", ANYWHERE, apply::set_env).merge(Merge::Overlap)
        .doc("Sets a variable in %ENV and in the subprocess environment. At server level seen by start-up code too."),
    call("PerlPassEnv", Args::Take1, "name", SERVER, apply::pass_env).merge(Merge::Overlap).default("PATH and TZ are passed by themselves")
        .doc("Passes a variable of the environment httpd was started in, with the value it has when the line is read. One that is not there is ignored."),
    call("PerlTrace", Args::Take1, "letters|all|number", MAIN, apply::trace).merge(Merge::Inherit)
        .doc("Traces topics, by letter: a API, c configuration objects, d directives, e environment, f filters, g globals, h handlers, i interpreters, m memory, o input and output, r perl, s Perl sections, t times. The lines go to the error log at levels trace1 and above."),

    interp("PerlInterpStart", Args::Take1, "number", set::start).default("3")
        .doc("Interpreters that are cloned for each child process before it is forked."),
    interp("PerlInterpMax", Args::Take1, "number", set::max).default("5")
        .doc("Interpreters a child process may have at once. Requests beyond that wait: see PerlInterpMaxWait."),
    interp("PerlInterpMinSpare", Args::Take1, "number", set::min_spare).default("3")
        .doc("Idle interpreters to keep, made ahead of demand."),
    interp("PerlInterpMaxSpare", Args::Take1, "number", set::max_spare).default("3")
        .doc("Idle interpreters beyond which some are destroyed."),
    interp("PerlInterpMaxRequests", Args::Take1, "number", set::max_requests).default("2000")
        .doc("Uses after which an interpreter is replaced, as soon as its successor is ready; 0 means never."),
    interp("PerlInterpMaxAge", Args::Take1, "time|none", set::max_age).default("none")
        .doc("Age at which an interpreter is replaced, as soon as its successor is ready. A time is a number of seconds, or has a unit: ms, s, min, h, d."),
    interp("PerlInterpMaxQueue", Args::Take1, "number|none", set::max_queue).default("none")
        .doc("Requests that may wait for an interpreter at once; one more is answered with 503 right away."),
    interp("PerlInterpMaxWait", Args::Take1, "time|Timeout", set::max_wait).default("Timeout").merge(Merge::Inherit)
        .doc("How long a request waits for an interpreter before it is answered with 503. Timeout means the server's Timeout; 0 means not at all."),
    interp("PerlInterpScope", Args::Take1, "handler|response|subrequest|request|connection", set::scope).default("response").merge(Merge::Inherit)
        .doc("How long a request keeps its interpreter. handler: while a handler runs. response: from its first handler until its response handler is done. subrequest: as response, each subrequest for itself. request: until the log phase is over. connection: until the connection ends. What lives with the request (pnotes, a filter's context, a pushed code reference) keeps it in any case."),
    interp("PerlInterpTrim", Args::Take12, "off|[report] size", set::trim).default("off")
        .doc("Idle interpreters give back buffers of at least this size whose variables hold no value; with report they are only counted and logged. A size is a number of bytes, or has a unit: K, M, G."),

    // mod_perl 1 names
    handler("PerlHandler", Phase::Response, ANYWHERE)
        .doc("mod_perl 1 name of PerlResponseHandler."),
    call("PerlSendHeader", Args::Flag, "On|Off", ANYWHERE, apply::send_header).merge(Merge::Flags)
        .doc("mod_perl 1 name of PerlOptions +ParseHeaders or -ParseHeaders."),
    call("PerlSetupEnv", Args::Flag, "On|Off", ANYWHERE, apply::setup_env).merge(Merge::Flags)
        .doc("mod_perl 1 name of PerlOptions +SetupEnv or -SetupEnv."),
    call("PerlTaintCheck", Args::Flag, "On|Off", SERVER, apply::taint_check).merge(Merge::Own).default("Off")
        .doc("mod_perl 1 name of PerlSwitches -T."),
    call("PerlWarn", Args::Flag, "On|Off", SERVER, apply::warn).merge(Merge::Own).default("Off")
        .doc("mod_perl 1 name of PerlSwitches -w."),
];

/// Filters get their directives together with filters.
const fn has_row(i: usize) -> bool {
    PHASES[i].perl.is_some() && !matches!(PHASES[i].scope, Scope::Filter)
}

const HANDLER_ROWS: usize = {
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        n += has_row(i) as usize;
        i += 1;
    }
    n
};

static TABLE: [Directive; ROWS.len() + HANDLER_ROWS] = {
    let mut rows = [ROWS[0]; ROWS.len() + HANDLER_ROWS];
    let mut n = 0;
    while n < ROWS.len() {
        rows[n] = ROWS[n];
        n += 1;
    }
    let mut i = 0;
    while i < PHASES.len() {
        if has_row(i)
            && let Some(perl) = PHASES[i].perl
        {
            rows[n] = handler(perl.directive, PHASES[i].phase, perl.contexts);
            n += 1;
        }
        i += 1;
    }
    rows
};

/// The directives: the rows above, and one for each phase.
pub static DIRECTIVES: &[Directive] = &TABLE;

lazy_static! {
    static ref BY_NAME: HashMap<String, &'static Directive> =
        DIRECTIVES.iter().map(|row| (row.name.to_ascii_lowercase(), row)).collect();
}

/// The row of a directive, without regard to case.
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
            ("PerlTrace", Take1, MAIN),
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
        assert_eq!(DIRECTIVES.len(), expected.len());
    }

    #[test]
    fn directives_of_later_parts_have_no_row_yet() {
        for name in "PerlLoadModule PerlInputFilterHandler \
                     PerlOutputFilterHandler PerlSetInputFilter PerlSetOutputFilter =pod =cut =back __END__"
            .split_whitespace()
        {
            assert!(directive(name.as_bytes()).is_none(), "{name}");
        }
    }

    #[test]
    fn exactly_what_names_code_runs_code() {
        for row in DIRECTIVES {
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
        for row in DIRECTIVES {
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
        ] {
            assert_eq!(contexts.to_string(), text);
        }
    }
}
