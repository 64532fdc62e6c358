//! What a setting's line may say, and the value that it is kept as.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Cause, Why};
use crate::vocabulary::Args;
use crate::words;

/// `LuaScope`: how long the globals of a script live.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ScriptScope {
    /// For one call.
    #[default]
    Once,
    /// Until the request ends.
    Request,
    /// Until the connection ends.
    Conn,
    /// For good, in each interpreter. mod_lua: one per thread.
    Thread,
    /// For good. mod_lua keeps so many states of the script in a process.
    Server {
        /// At least 1.
        min: u32,
        /// At least `min`.
        max: u32,
    },
}

impl ScriptScope {
    /// The words that may be written.
    pub(crate) const WORDS: [&'static str; 5] = ["once", "request", "conn", "thread", "server"];

    /// What the word of this number stands for, with the numbers behind it.
    pub(crate) fn new(word: usize, min: Option<u32>, max: Option<u32>) -> Self {
        let min = min.unwrap_or(1).max(1);
        match word {
            1 => ScriptScope::Request,
            2 => ScriptScope::Conn,
            3 => ScriptScope::Thread,
            4 => ScriptScope::Server { min, max: max.unwrap_or(1).max(min) },
            _ => ScriptScope::Once,
        }
    }

    #[inline]
    pub(crate) fn of(value: Option<&SettingValue>) -> Self {
        if let Some(SettingValue::ScriptScope(scope)) = value { *scope } else { Self::default() }
    }
}

/// `PerlInterpTrim`: whether idle interpreters give large buffers back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Trim {
    /// Buffers stay with their variables, as perl does it.
    #[default]
    Off,
    /// Buffers of at least this many bytes, whose variables hold no value, are freed.
    GiveBack(u64),
    /// They are only counted and named in the log.
    Report(u64),
}

/// What may be written for a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingKind {
    /// A number of at least this.
    Count(u32),
    /// The same, or `none`.
    CountOrNone(u32),
    /// The same, of each process or in `total`.
    CountOfAll,
    /// A number, and by how much it may be less.
    CountAndJitter,
    /// A number, and the one up to which it may grow.
    CountAndMost,
    /// A time, or this word.
    TimeOr(&'static str),
    /// A size in bytes, or `none`.
    SizeOrNone,
    /// One of these words; the same with `|` between them.
    Word(&'static [&'static str], &'static str),
    /// `PerlInterpTrim`.
    Trim,
    /// `LuaScope`.
    ScriptScope,
    /// An absolute path.
    Path,
}

/// A value as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettingValue {
    /// The word that stands in place of a value: `none`, `Timeout`.
    Lifted,
    /// A number.
    Count(u32),
    /// A number over all processes.
    Total(u32),
    /// A number, and by how much it may be less.
    Spread(u32, u32),
    /// A number, and the one up to which it may grow, if that is said.
    Growing(u32, Option<u32>),
    /// A time.
    Time(Duration),
    /// A size in bytes.
    Size(u64),
    /// One of the words of [`SettingKind::Word`], by its place there.
    Word(u8),
    /// [`SettingKind::Trim`].
    Trim(Trim),
    /// [`SettingKind::ScriptScope`].
    ScriptScope(ScriptScope),
    /// A path.
    Path(Arc<[u8]>),
}

impl SettingKind {
    /// The arguments as the documents show them.
    pub(crate) const fn syntax(self) -> &'static str {
        match self {
            SettingKind::Count(_) => "number",
            SettingKind::CountOrNone(_) => "number|none",
            SettingKind::CountOfAll => "number [total]|none",
            SettingKind::CountAndJitter => "number [jitter]",
            SettingKind::CountAndMost => "min [max]",
            SettingKind::TimeOr(word) => match word.as_bytes() {
                b"Timeout" => "time|Timeout",
                _ => "time|none",
            },
            SettingKind::SizeOrNone => "size|none",
            SettingKind::Word(_, syntax) => syntax,
            SettingKind::Trim => "off|[report] size",
            SettingKind::ScriptScope => "once|request|conn|thread|server [min [max]]",
            SettingKind::Path => "directory",
        }
    }

    /// How a line is cut.
    pub(crate) const fn args(self) -> Args {
        match self {
            SettingKind::Trim | SettingKind::CountAndJitter | SettingKind::CountAndMost | SettingKind::CountOfAll => {
                Args::Take12
            }
            SettingKind::ScriptScope => Args::Words { min: 1, max: 3 },
            _ => Args::Take1,
        }
    }

    /// The value that a line's words stand for; there is at least one.
    pub(crate) fn parse(self, args: &[&[u8]]) -> Result<SettingValue, Cause> {
        let word = args.first().copied().unwrap_or_default();
        let wrong = Cause::word(word);
        match self {
            SettingKind::CountOfAll => count_of_all(args),
            SettingKind::CountOrNone(_) | SettingKind::SizeOrNone if is(word, "none") => Ok(SettingValue::Lifted),
            SettingKind::TimeOr(lifted) if is(word, lifted) => Ok(SettingValue::Lifted),
            SettingKind::Count(min) => words::count(word, min).map(SettingValue::Count).map_err(wrong),
            SettingKind::CountOrNone(min) => {
                words::count(word, min).map(SettingValue::Count).map_err(|why| wrong(Why::OrNone(Box::new(why))))
            }
            SettingKind::CountAndJitter => {
                let jitter = args.get(1).copied().unwrap_or(b"0");
                let (n, less) =
                    (words::count(word, 0).map_err(wrong)?, words::count(jitter, 0).map_err(Cause::word(jitter))?);
                if less >= n.max(1) {
                    Err(Cause::Word(jitter.into(), Why::JitterTooLarge(n)))
                } else {
                    Ok(SettingValue::Spread(n, less))
                }
            }
            SettingKind::CountAndMost => {
                let min = words::count(word, 0).map_err(wrong)?;
                let most = |word: &&[u8]| match words::count(word, 1).map_err(Cause::word(word))? {
                    most if most < min => Err(Cause::Word((*word).into(), Why::MostBelow(min))),
                    most => Ok(most),
                };
                Ok(SettingValue::Growing(min, args.get(1).map(most).transpose()?))
            }
            SettingKind::TimeOr(_) => words::duration(word).map(SettingValue::Time).map_err(wrong),
            SettingKind::SizeOrNone => words::size(word, "none").map(SettingValue::Size).map_err(wrong),
            SettingKind::Word(known, _) => one_of(word, known).map(|at| SettingValue::Word(at as u8)),
            SettingKind::Trim => trim(args).map(SettingValue::Trim),
            SettingKind::ScriptScope => script_scope(args).map(SettingValue::ScriptScope),
            SettingKind::Path if word.starts_with(b"/") => Ok(SettingValue::Path(word.into())),
            SettingKind::Path => Err(wrong(Why::NotAnAbsolutePath)),
        }
    }

    /// What of a line that says `value` is not as it is written: it means nothing, or contradicts itself.
    pub(crate) fn doubt(self, value: &SettingValue, args: &[&[u8]]) -> Option<Cause> {
        match (self, value, args) {
            (SettingKind::ScriptScope, SettingValue::ScriptScope(ScriptScope::Server { max, .. }), [_, min, most])
                if words::count(most, 0).is_ok_and(|most| most < *max) =>
            {
                Some(Cause::MinAboveMax((*min).into(), (*most).into(), *max))
            }
            (SettingKind::ScriptScope, SettingValue::ScriptScope(ScriptScope::Server { .. }), _) => None,
            (SettingKind::ScriptScope, _, [word, number, ..]) => Some(Cause::Idle((*number).into(), (*word).into())),
            _ => None,
        }
    }
}

fn is(word: &[u8], known: &str) -> bool {
    word.eq_ignore_ascii_case(known.as_bytes())
}

/// The place of a word among those that are known.
fn one_of(word: &[u8], known: &'static [&'static str]) -> Result<usize, Cause> {
    known.iter().position(|name| is(word, name)).ok_or_else(|| Cause::Word(word.into(), Why::NoneOf(known)))
}

fn count_of_all(args: &[&[u8]]) -> Result<SettingValue, Cause> {
    match args {
        [word] if is(word, "none") => Ok(SettingValue::Lifted),
        [number, rest @ ..] => {
            let number_of = |min| {
                words::count(number, min).map_err(|why| Cause::Word((*number).into(), Why::OrNone(Box::new(why))))
            };
            match rest {
                [] => number_of(0).map(SettingValue::Count),
                [how] if is(how, "total") => number_of(1).map(SettingValue::Total),
                [how, ..] => Err(Cause::Word((*how).into(), Why::NoneOf(&["total"]))),
            }
        }
        [] => Err(Cause::Takes(SettingKind::CountOfAll.syntax())),
    }
}

fn trim(args: &[&[u8]]) -> Result<Trim, Cause> {
    let size = |word: &[u8]| words::size(word, "off").map_err(Cause::word(word));
    match args {
        [word] if is(word, "off") => Ok(Trim::Off),
        [word] if is(word, "report") => Err(Cause::Word((*word).into(), Why::ReportLacksSize)),
        [word] => Ok(Trim::GiveBack(size(word)?)),
        [how, word] if is(how, "report") => Ok(Trim::Report(size(word)?)),
        [how, ..] => Err(Cause::Word((*how).into(), Why::NotReport)),
        [] => Err(Cause::Takes(SettingKind::Trim.syntax())),
    }
}

/// Numbers are looked at behind any word, though only `server` has a use for them.
fn script_scope(args: &[&[u8]]) -> Result<ScriptScope, Cause> {
    let mut numbers = [None; 2];
    for (number, word) in numbers.iter_mut().zip(args.iter().skip(1)) {
        *number = Some(words::count(word, 0).map_err(Cause::word(word))?);
    }
    let word = one_of(args.first().copied().unwrap_or_default(), &ScriptScope::WORDS)?;
    Ok(ScriptScope::new(word, numbers[0], numbers[1]))
}
