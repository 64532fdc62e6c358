//! Why a server does not start, or a line of its configuration is refused; the only file of the host that puts it into words.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use config::{ClassLog, ClassRef, Language, LineError, Where};
use interp::Raised;

/// Why handlers of a phase that mod_perl does not have cannot be added while the server serves.
pub const NOT_CALLED: &str =
    "httpd calls for this phase only where a line of the server's configuration, or its start-up code, names it";

/// Why the server does not start, or a line of its configuration is refused. Shown, it begins with the directive.
#[derive(Debug)]
pub enum StartError {
    /// The tables of directives refuse the line.
    Line(Box<LineError>),
    /// httpd has not made the main server yet.
    NoMainServer,
    /// httpd has made no record of the main server.
    NoMainRecord,
    /// httpd has made no record of the server.
    NoRecord,
    /// The numbers that the configuration sets cannot be met: the words of crate config.
    Limits(String),
    /// The records cannot be changed now: httpd's side says why.
    NoChange(String),
    /// Start-up code that a line names failed.
    Code(Box<Failed>),
    /// A handler that a line names cannot be found.
    Unresolved(Box<Failed>),
    /// Code that stands in the configuration failed. The message has the line.
    Written(Language, Raised),
    /// What a section of code has left could not become configuration.
    Section {
        /// The language.
        language: Language,
        /// The line that opens the section.
        at: Where,
        /// The handler that was to see to it.
        handler: String,
        /// What that did.
        why: String,
    },
    /// httpd calls for the phase of this directive no more.
    NotCalled(&'static str),
    /// A line names a class that its server has not.
    NoClass {
        /// The language.
        language: Language,
        /// The name and the line.
        class: ClassRef,
        /// A server that has a class of this name.
        elsewhere: Option<String>,
    },
    /// Whoever carries out the directive's line cannot: that one's words.
    Refused(&'static str, String),
    /// A pattern is none.
    Pattern {
        /// The directive.
        directive: &'static str,
        /// As written.
        pattern: Box<[u8]>,
        /// What is wrong with it.
        why: String,
    },
    /// The MPM of this name has threads, and the language cannot have interpreters for several.
    Threads(Box<[u8]>),
    /// A server's option wants interpreters for several threads.
    OptionNeedsThreads {
        /// The language.
        language: Language,
        /// The option.
        option: &'static str,
        /// The server.
        server: String,
    },
    /// A server's first interpreter could not be made with these words of a directive.
    Switches {
        /// The directive.
        directive: &'static str,
        /// Its words, as they are shown.
        switches: String,
        /// The server.
        server: String,
        /// The engine's words.
        why: String,
    },
    /// A server's first interpreter could not be made.
    Interpreter {
        /// What the language calls it.
        what: &'static str,
        /// The server.
        server: String,
        /// The engine's words.
        why: String,
    },
    /// The clones that a child is to begin with could not be made.
    Clones {
        /// The language.
        language: Language,
        /// The server.
        server: String,
        /// The engine's words.
        why: String,
    },
    /// Processes cannot agree on the number of a class's interpreters.
    Total {
        /// The language.
        language: Language,
        /// The server, or the class.
        server: String,
        /// The system's words.
        why: std::io::Error,
    },
    /// The log that a line names cannot be opened.
    Log {
        /// The language.
        language: Language,
        /// The line.
        log: Arc<ClassLog>,
        /// What is wrong with it.
        why: String,
    },
    /// The file that has the secret of those who tell the server what to do is of no use.
    Token {
        /// The language.
        language: Language,
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file of this library is not found.
    NoOwnFile,
    /// The language's part of this module is in neither of these folders.
    NoLibrary(Language, [PathBuf; 2]),
    /// Start-up code has loaded another library's file in place of ours.
    Foreign {
        /// The other's file.
        theirs: String,
        /// Our file.
        ours: PathBuf,
        /// The module whose file that is as a rule.
        module: &'static str,
    },
}

/// What a line names and did not go well.
#[derive(Debug)]
pub struct Failed {
    /// The directive.
    pub directive: &'static str,
    /// As written.
    pub name: String,
    /// The line.
    pub at: Where,
    /// What the language said.
    pub raised: Raised,
    /// What was probably meant.
    pub hint: Option<String>,
}

impl Failed {
    fn show(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        let Failed { directive, name, at, raised, hint } = self;
        write!(f, "{directive}: \"{name}\" ({at}): {what}{raised}")?;
        hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Line(error) => error.fmt(f),
            StartError::NoMainServer => f.write_str("there is no main server yet"),
            StartError::NoMainRecord => f.write_str("the main server has no configuration record"),
            StartError::NoRecord => f.write_str("the server has no configuration record"),
            StartError::Limits(why) | StartError::NoChange(why) => f.write_str(why),
            StartError::Code(failed) => failed.show(f, ""),
            StartError::Unresolved(failed) => failed.show(f, "cannot be resolved: "),
            StartError::Written(language, raised) => write!(f, "{}: {raised}", language.name()),
            StartError::Section { language, at, handler, why } => {
                write!(f, "<{}>: {handler}, the handler of the section ({at}): {why}", language.name())
            }
            StartError::NoClass { language, class: ClassRef { name, at, .. }, elsewhere } => {
                write!(f, "{}UseClass: \"{name}\" ({at}) is no class of this server", language.name())?;
                elsewhere.as_ref().map_or(Ok(()), |server| write!(f, ", but one of {server}"))
            }
            StartError::NotCalled(directive) => write!(f, "{directive}: {NOT_CALLED}"),
            StartError::Refused(directive, why) => write!(f, "{directive}: {why}"),
            StartError::Pattern { directive, pattern, why } => {
                write!(f, "{directive}: \"{}\" is no regular expression: {why}", String::from_utf8_lossy(pattern))
            }
            StartError::Threads(mpm) => write!(
                f,
                "LoadModule: MPM {} has threads, but this perl was built without ithreads (usethreads): use mpm_prefork",
                String::from_utf8_lossy(mpm)
            ),
            StartError::OptionNeedsThreads { language, option, server } => {
                write!(f, "{}Options: \"+{option}\" needs a perl with ithreads ({server})", language.name())
            }
            StartError::Switches { directive, switches, server, why } => {
                write!(f, "{directive}: {switches} for {server}: {why}")
            }
            StartError::Interpreter { what, server, why } => {
                write!(f, "LoadModule: {what} for {server} could not be made: {why}")
            }
            StartError::Clones { language, server, why } => {
                write!(f, "{}InterpStart: cannot make an interpreter of {server}: {why}", language.name())
            }
            StartError::Total { language, server, why } => {
                write!(f, "{}ClassInterpreters: processes cannot agree on a total for {server}: {why}", language.name())
            }
            StartError::Log { language, log, why } => {
                let path = String::from_utf8_lossy(&log.path);
                write!(f, "{}ClassLog: \"{path}\" ({}): {why}", language.name(), log.at)
            }
            StartError::Token { language, file, why } => {
                write!(f, "{}InterpTokenFile: \"{file}\": {why}", language.name())
            }
            StartError::NoOwnFile => f.write_str("LoadModule: the module's own file cannot be found"),
            StartError::NoLibrary(language, [one, other]) => write!(
                f,
                "LoadModule: the module's {} library is neither in {} nor in {}",
                language.name(),
                one.display(),
                other.display()
            ),
            StartError::Foreign { theirs, ours, module } => write!(
                f,
                "{theirs} was loaded in place of {}: another {module}'s modules cannot run in this one",
                ours.display()
            ),
        }
    }
}
