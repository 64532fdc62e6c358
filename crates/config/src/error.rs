//! What is wrong with a line, and the only file that puts it into words.

use std::fmt;

use crate::place::Where;
use crate::vocabulary::{Contexts, Language};

/// A line that cannot be obeyed, or (as a note) is of no effect. Shown, it begins with the directive; httpd puts file and
/// line before an error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineError {
    /// The directive.
    pub directive: &'static str,
    /// The line.
    pub at: Where,
    /// Why.
    pub cause: Cause,
}

/// Why a line cannot be obeyed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A line of POD's stands where no POD has begun.
    OutsideOfPod,
    /// It stands where it must not.
    Elsewhere {
        /// What is around it.
        place: String,
        /// Where it belongs.
        belongs: Contexts,
    },
    /// Scripts were to run as another user than their process.
    OneUser,
    /// Too few or too many arguments; those that it takes.
    Takes(&'static str),
    /// `.htaccess` must not do this, the deed, unless the server's configuration says so.
    Htaccess {
        /// What it would do with code.
        deed: String,
        /// The language whose option would allow it.
        language: Language,
    },
    /// Requests are being served.
    TooLate,
    /// httpd has made no record of a directory here.
    NoDirectory,
    /// The language is switched off for this server.
    SwitchedOff(Language),
    /// The phase is switched off for this server; its option.
    PhaseOff(&'static str),
    /// A switch that comes after perl was started.
    PerlRuns(Box<[u8]>),
    /// An option of a server in a section.
    OptionOfServer {
        /// As written.
        name: Box<[u8]>,
        /// What is around it.
        place: String,
        /// Options that may be written there.
        allowed: String,
    },
    /// An option in the section of a class, where only one means anything.
    NoOptionOfClass(Box<[u8]>),
    /// No such option.
    NoOption {
        /// As written.
        name: Box<[u8]>,
        /// The option that differs from it in nothing but upper and lower case.
        meant: Option<&'static str>,
        /// Options that may be written there.
        known: String,
    },
    /// A word that is not what it should be.
    Word(Box<[u8]>, Why),
    /// Note: the setting concerns threads, and there are none.
    NoThreads,
    /// Note: there are no threads, and so only the interpreters of classes heed the setting.
    ForClasses,
    /// Note: this word means nothing behind that one.
    Idle(Box<[u8]>, Box<[u8]>),
    /// Note: these two numbers contradict each other, and this one is used for both.
    MinAboveMax(Box<[u8]>, Box<[u8]>, u32),
    /// Note: an option without a sign, which the next merge forgets.
    Lost {
        /// The option.
        name: Box<[u8]>,
        /// What is around it.
        place: String,
    },
}

/// What is wrong with a word.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // each is put into words below
pub enum Why {
    /// With the least that is one.
    NotANumber(u32),
    NumberTooSmall(u32),
    NumberTooLarge,
    /// With the number that it is taken from.
    JitterTooLarge(u32),
    /// With the least.
    MostBelow(u32),
    /// Where the word `none` could stand as well.
    OrNone(Box<Why>),
    NotATime,
    TimeTooLong,
    NotASize,
    /// With the word for no size at all.
    SizeTooSmall(&'static str),
    SizeTooLarge,
    ReportLacksSize,
    NotReport,
    NotAFlag,
    NotAName,
    NotAClassName,
    NotAJobName,
    NotADictName,
    NotAServer,
    /// With the least, in KiB.
    MemoryTooSmall(u64),
    NeverDue,
    TwiceDue,
    NoHandler,
    StandsTwice,
    /// With what is wrong.
    NotTimes(String),
    IsTheServer,
    /// With the line.
    IsDefined(String),
    NoSuchClass,
    /// With the line of the first.
    IsTheSecond(String),
    NotAVariable,
    NotAnAbsolutePath,
    NotAHandler,
    CutCode,
    NotALuaHandler,
    NotAProvider,
    NotAnOrder,
    TooMuchBeforeBlock,
    NeedsIthreads,
    NotASwitch,
    NotAnAttribute,
    NotForHttpd,
    NotADataSource,
    /// With the names that there are.
    NotASetting(&'static [&'static str]),
    NoSuchSwitch(char),
    /// With what the switch does.
    SwitchRefused(char, &'static str),
    /// With what is missing.
    SwitchLacks(char, &'static str),
    NoneOf(&'static [&'static str]),
}

/// The word as it is shown in messages: control characters and what is not UTF-8 are escaped.
pub fn quoted(word: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
        }
        text.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    text.push('"');
    text
}

impl LineError {
    /// Whether the line, as a note, contradicts itself: the administrator meant something else.
    #[must_use]
    pub fn is_contradiction(&self) -> bool {
        matches!(self.cause, Cause::MinAboveMax(..))
    }
}

impl Cause {
    /// For [`Result::map_err`]: this word is wrong.
    pub(crate) fn word(word: &[u8]) -> impl FnOnce(Why) -> Cause {
        move |why| Cause::Word(word.into(), why)
    }
}

impl std::error::Error for LineError {}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.directive.starts_with('<') {
            true => write!(f, "{}>: {}", self.directive, self.cause),
            false => write!(f, "{}: {}", self.directive, self.cause),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::OneUser => f.write_str(
                "a process of httpd has one user, whose rights all its interpreters have, so none can be the client's: for scripts of another \
                 user take mod_cgid with SuexecUserGroup, or a second httpd that runs as that user, behind ProxyPass",
            ),
            Cause::OutsideOfPod => f.write_str("there is no =pod before it"),
            Cause::Elsewhere { place, belongs } => write!(f, "not allowed in {place}: it belongs {belongs}"),
            Cause::Takes(syntax) => write!(f, "takes {syntax}"),
            Cause::Htaccess { deed, language } => write!(
                f,
                "{deed}, which .htaccess may do only where the server's configuration says \"{}Options +Htaccess\"",
                language.name()
            ),
            Cause::TooLate => f.write_str("the server's configuration is complete, too late to change it"),
            Cause::NoDirectory => f.write_str("there is no directory configuration here"),
            Cause::SwitchedOff(language) => {
                let name = language.name();
                write!(f, "{name} is switched off for this server by {name}Options -Enable")
            }
            Cause::PhaseOff(option) => {
                write!(f, "this phase is switched off for this server by PerlOptions -{option}")
            }
            Cause::PerlRuns(switch) => write!(
                f,
                "too late for {}: perl runs already. It must stand before the first line that starts perl, such as \
                 PerlConfigRequire",
                quoted(switch)
            ),
            Cause::OptionOfServer { name, place, allowed } => {
                write!(f, "{} belongs to the server: not allowed in {place}; allowed there: {allowed}", quoted(name))
            }
            Cause::NoOptionOfClass(name) => {
                write!(f, "{} is no option of a class, which has Parent alone", quoted(name))
            }
            Cause::NoOption { name, meant, known } => {
                let meant = meant.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default();
                write!(f, "{} is not an option{meant}. Options {known}", quoted(name))
            }
            Cause::Word(word, why) => write!(f, "{} {why}", quoted(word)),
            Cause::NoThreads => f.write_str("this line has no effect without threads"),
            Cause::ForClasses => f.write_str("without threads this line holds in interpreter classes alone"),
            Cause::Idle(word, behind) => write!(f, "{} is of no effect after {}", quoted(word), quoted(behind)),
            Cause::MinAboveMax(min, max, used) => {
                write!(f, "the minimum {} is above the maximum {}: both are taken as {used}", quoted(min), quoted(max))
            }
            Cause::Lost { name, place } => write!(f, "{} is lost in {place} unless it has a + or -", quoted(name)),
        }
    }
}

/// What is said of the word, behind it.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::NotANumber(min) => return write!(f, "is not a number: write a whole number of at least {min}"),
            Why::OrNone(why) => return write!(f, "{why}, or none"),
            Why::NumberTooSmall(min) => return write!(f, "is too small: at least {min}"),
            Why::NumberTooLarge => return write!(f, "is too large: at most {}", i32::MAX),
            Why::JitterTooLarge(n) => return write!(f, "is too large a jitter: less than {n}"),
            Why::MostBelow(min) => return write!(f, "is less than the least, {min}"),
            Why::NotATime => "is not a time such as 30, 500ms, 5min or 2h",
            Why::TimeTooLong => "is too long a time",
            Why::NotASize => "is not a size such as 65536, 64K or 1M",
            Why::SizeTooSmall(lifted) => return write!(f, "is too small: at least 1 byte, or {lifted}"),
            Why::SizeTooLarge => "is too large a size",
            Why::ReportLacksSize => "lacks the size to report",
            Why::NotReport => "before a size is not \"report\"",
            Why::NotAFlag => "is neither On nor Off",
            Why::NotAName => "is not a name",
            Why::NotAClassName => "is not the name of a class: letters, digits, _, - and .",
            Why::NotAJobName => "is not the name of a job: letters, digits, _, - and .",
            Why::NotADictName => "is not the name of a dictionary: letters, digits, _, - and .",
            Why::NotAServer => "is not the address of a server such as redis://10.0.0.5:6379/0",
            Why::MemoryTooSmall(least) => return write!(f, "is too small: at least {least}K"),
            Why::NeverDue => "is never due: it lacks interval= or at=",
            Why::TwiceDue => "has both interval= and at=, of which a job has one",
            Why::NoHandler => "lacks handler=",
            Why::StandsTwice => "stands twice",
            Why::NotTimes(why) => return write!(f, "are not five fields such as 15 3 * * 1-5: {why}"),
            Why::IsTheServer => "is the class of the server itself: write its lines at server level",
            Why::IsDefined(at) => return write!(f, "is there already ({at})"),
            Why::IsTheSecond(at) => {
                return write!(f, "is the second program here: the connections of one server are those of one ({at})");
            }
            Why::NoSuchClass => "is no class of this server",
            Why::NotAVariable => "is not the name of a variable",
            Why::NotAnAbsolutePath => "is not an absolute path",
            Why::NotAHandler => "does not name a handler",
            Why::CutCode => "is only the beginning of a sub: put the code in quotes, \"sub { ... }\"",
            Why::NotALuaHandler => {
                "does not name a handler, as module, module.function, file.lua:function or function(r) ... end would"
            }
            Why::NotAProvider => "is not the name of a handler",
            Why::NotAnOrder => "is neither early nor late",
            Why::TooMuchBeforeBlock => "is too much before a block: [function [early|late]]",
            Why::NeedsIthreads => "needs a perl built with ithreads",
            Why::NotAnAttribute => "is not name=value",
            Why::NotForHttpd => {
                "is not apache or httpd: configuration in POD begins with =over apache and ends with =back"
            }
            Why::NotADataSource => {
                "is not a data source such as dbi:Pg:dbname=shop or dbi:Pg:*, where * stands for anything"
            }
            Why::NotASetting(names) => return write!(f, "is none of {}=", names.join("=, ")),
            Why::NotASwitch => "is not a switch of perl's, which would begin with -",
            Why::NoSuchSwitch(letter) => return write!(f, "cannot be used: perl has no switch -{letter}"),
            Why::SwitchRefused(letter, what) => {
                return write!(f, "cannot be used in a server: perl's -{letter} {what}");
            }
            Why::SwitchLacks(letter, what) => return write!(f, "lacks {what} behind -{letter}"),
            Why::NoneOf(words) => return write!(f, "is none of {}", words.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_as_written_and_without_control_characters() {
        assert_eq!(quoted("a'b\\é".as_bytes()), "\"a'b\\é\"");
        assert_eq!(quoted(b"a\nb\xff"), "\"a\\nb\\xff\"");
    }
}
