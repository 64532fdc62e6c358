//! `PerlInterp*` and `LuaInterp*`: how many interpreters a server has, how long they live and how long a request waits for one.

use std::time::Duration;

use lazy_static::lazy_static;

use crate::directives::directives;
use crate::handler::Where;
use crate::phases::Language;
use crate::words;

/// How long a request keeps the interpreter that it was given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum LeaseScope {
    /// While a handler runs, and while something is pinned.
    Handler,
    /// From its first handler until its response handler returned.
    #[default]
    Response,
    /// As `Response`, but each subrequest for itself.
    Subrequest,
    /// Until the log phase is over.
    Request,
    /// Until the connection ends.
    Connection,
}

impl LeaseScope {
    /// The words that may be written.
    pub const WORDS: [(&'static str, LeaseScope); 5] = [
        ("handler", LeaseScope::Handler),
        ("response", LeaseScope::Response),
        ("subrequest", LeaseScope::Subrequest),
        ("request", LeaseScope::Request),
        ("connection", LeaseScope::Connection),
    ];

    /// The word that stands for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, scope)| *scope == self).map_or("", |(word, _)| word)
    }
}

/// How long a request waits for an interpreter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaxWait {
    /// As long as the server's `Timeout`.
    Timeout,
    /// This long; zero: not at all.
    For(Duration),
}

/// A limit that may be lifted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cap<T> {
    /// `none`
    None,
    /// This.
    At(T),
}

impl<T> Cap<T> {
    fn into_option(self) -> Option<T> {
        match self {
            Cap::None => None,
            Cap::At(value) => Some(value),
        }
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

/// What was written; `None` where nothing was.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs)] // each field is described in its directive's row
pub struct InterpConf {
    /// Whose lines these are: what was not written is the default of that language's row.
    pub language: Language,
    pub start: Option<u32>,
    pub max: Option<u32>,
    pub min_spare: Option<u32>,
    pub max_spare: Option<u32>,
    pub max_requests: Option<u32>,
    pub max_age: Option<Cap<Duration>>,
    pub max_queue: Option<Cap<u32>>,
    pub trim: Option<Trim>,
    pub max_wait: Option<MaxWait>,
    pub scope: Option<LeaseScope>,
    pub max_memory: Option<Cap<u64>>,
    /// The last of these lines.
    pub at: Option<Where>,
}

/// The numbers that hold. What was not written is the row's default, moved where it would contradict what was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Interpreters made before the fork, for each child; at most `max`.
    pub start: usize,
    /// Interpreters at once; at least 1.
    pub max: usize,
    /// Idle ones to keep; at most `max_spare` and `max`.
    pub min_spare: usize,
    /// Idle ones beyond which some are destroyed.
    pub max_spare: usize,
    /// Replace an interpreter after this many requests; 0: never.
    pub max_uses: u64,
    /// Age at which an interpreter is replaced.
    pub max_age: Option<Duration>,
    /// Requests that may wait at once.
    pub max_queue: Option<usize>,
    /// How long each of them waits.
    pub max_wait: Duration,
    /// How long a request keeps its interpreter.
    pub scope: LeaseScope,
    /// What idle interpreters give back.
    pub trim: Trim,
    /// Bytes that an interpreter may have.
    pub max_memory: Option<u64>,
}

lazy_static! {
    /// The default texts of the rows, parsed by the rows. That all can be parsed is tested below.
    static ref PERL_DEFAULTS: InterpConf = defaults(Language::Perl);
    static ref LUA_DEFAULTS: InterpConf = defaults(Language::Lua);
}

fn defaults(language: Language) -> InterpConf {
    let mut conf = InterpConf::new(language);
    for row in directives(language) {
        if let Some(set) = row.interp() {
            let words: Vec<&[u8]> = row.default.split(' ').map(str::as_bytes).collect();
            set(&mut conf, &words).unwrap_or_default();
        }
    }
    conf
}

impl InterpConf {
    /// Nothing was written yet.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { language, ..Self::default() }
    }

    fn defaults(&self) -> &'static Self {
        match self.language {
            Language::Perl => &PERL_DEFAULTS,
            Language::Lua => &LUA_DEFAULTS,
        }
    }

    /// What holds in a virtual host: numbers of a tipool are one block, the host's own (they say nothing unless it has
    /// its own tipool); how long a request waits for and keeps an interpreter, and how large that may be, is inherited.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        Self {
            max_wait: add.max_wait.or(base.max_wait),
            scope: add.scope.or(base.scope),
            max_memory: add.max_memory.or(base.max_memory),
            ..add.clone()
        }
    }

    /// The numbers that hold, given the server's `Timeout`.
    ///
    /// Written values come first; where two of them contradict each other (see [`check`](InterpConf::check)), `max`
    /// wins over `start`, and `max_spare` over `min_spare`. A default gives way: with `PerlInterpMax 2` alone two are
    /// started, with `PerlInterpStart 10` alone there may be ten.
    #[must_use]
    pub fn limits(&self, server_timeout: Duration) -> Limits {
        let defaults = self.defaults();
        let number = |written: Option<u32>, default: Option<u32>| (written, default.unwrap_or_default());
        let (start, default_start) = number(self.start, defaults.start);
        let (max, default_max) = number(self.max, defaults.max);
        let (min_spare, default_min_spare) = number(self.min_spare, defaults.min_spare);
        let (max_spare, default_max_spare) = number(self.max_spare, defaults.max_spare);
        let max = max.unwrap_or_else(|| default_max.max(start.unwrap_or(0)).max(min_spare.unwrap_or(0))).max(1);
        let start = start.unwrap_or(default_start).min(max);
        let max_spare = max_spare.unwrap_or_else(|| default_max_spare.max(min_spare.unwrap_or(0)));
        let min_spare = min_spare.unwrap_or(default_min_spare).min(max_spare).min(max);
        Limits {
            start: start as usize,
            max: max as usize,
            min_spare: min_spare as usize,
            max_spare: max_spare as usize,
            max_uses: self.max_requests.or(defaults.max_requests).unwrap_or_default().into(),
            max_age: self.max_age.or(defaults.max_age).and_then(Cap::into_option),
            max_queue: self.max_queue.or(defaults.max_queue).and_then(Cap::into_option).map(|n| n as usize),
            max_wait: match self.max_wait.or(defaults.max_wait) {
                Some(MaxWait::For(time)) => time,
                _ => server_timeout,
            },
            scope: self.scope.or(defaults.scope).unwrap_or_default(),
            trim: self.trim.or(defaults.trim).unwrap_or_default(),
            max_memory: self.max_memory.or(defaults.max_memory).and_then(Cap::into_option),
        }
    }

    /// Whether a number of the tipool was written: anything that a virtual host does not inherit.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        let inherited = Self {
            max_wait: self.max_wait,
            scope: self.scope,
            max_memory: self.max_memory,
            at: self.at.clone(),
            ..Self::new(self.language)
        };
        *self != inherited
    }

    /// Written values that contradict each other, one message each. None is refused (mod_perl serves with them).
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let at = self.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        let mut found = Vec::new();
        let name = self.language.name();
        let mut contradiction = |less: Option<u32>, more: Option<u32>, less_name, more_name, then: &str| {
            if let (Some(less), Some(more)) = (less, more)
                && less > more
            {
                found.push(format!(
                    "{name}Interp{less_name}: \"{less}\" is more than {name}Interp{more_name} {more}: {then}{at}"
                ));
            }
        };
        let (start, max) = ("Start", "Max");
        let (min_spare, max_spare) = ("MinSpare", "MaxSpare");
        contradiction(self.start, self.max, start, max, "no more than that are started");
        contradiction(self.min_spare, self.max, min_spare, max, "no more than that can be idle");
        contradiction(self.min_spare, self.max_spare, min_spare, max_spare, "no more than that are kept idle");
        found
    }
}

impl InterpConf {
    /// Why requests will come to wait for each other with these numbers, in a child with so many `threads`, and the number with
    /// which they would not. `beside` is the other language with its maximum, for the one of the two that tells.
    ///
    /// Fewer interpreters than threads is what pools are for, and no reason by itself. It is one where connections keep theirs while
    /// they are idle; where requests of both languages have to share few of each; and where a small written maximum stands beside
    /// few threads, so that all of these can wait for what a few slow answers keep.
    #[must_use]
    pub fn invites_waiting(&self, threads: usize, beside: Option<(Language, usize)>) -> Option<String> {
        /// So many times the written maximum are few threads.
        const FEW: usize = 4;
        let (name, limits) = (self.language.name(), self.limits(Duration::ZERO));
        let at = self.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        let max = limits.max;
        if max >= threads {
            return None;
        }
        if limits.scope == LeaseScope::Connection {
            return Some(format!(
                "{name}InterpScope: with \"connection\" each connection keeps an interpreter, while it is idle, too; a child of \
                 ThreadsPerChild {threads} has {name}InterpMax {max} for them, and requests will wait until some are closed; \
                 \"{name}InterpMax {threads}\" would avoid that{at}"
            ));
        }
        if let Some((other, other_max)) = beside.filter(|(_, other_max)| *other_max < threads) {
            let other = other.name();
            return Some(format!(
                "{name}InterpMax: {max} beside {other}InterpMax {other_max} and ThreadsPerChild {threads}: requests that need an \
                 interpreter of each will wait for each other; \"{name}InterpMax {threads}\" would avoid that{at}"
            ));
        }
        let is_few = self.max.is_some() && threads <= max.saturating_mul(FEW);
        is_few.then(|| {
            format!(
                "{name}InterpMax: {max} beside ThreadsPerChild {threads}: all threads of a child can come to wait for interpreters \
                 that a few requests keep (pnotes, pushed code, cleanups); \"{name}InterpMax {threads}\" would avoid that{at}"
            )
        })
    }
}

/// Sets a field of [`InterpConf`] from the words of a line.
pub type SetInterp = fn(&mut InterpConf, &[&[u8]]) -> Result<(), String>;

fn first<'a>(words: &[&'a [u8]]) -> &'a [u8] {
    words.first().copied().unwrap_or_default()
}

fn is_none(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"none")
}

/// The setters of the rows.
pub(crate) mod set {
    use super::*;

    pub fn start(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        conf.start = Some(words::count(first(words), 0)?);
        Ok(())
    }

    pub fn max(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        conf.max = Some(words::count(first(words), 1)?);
        Ok(())
    }

    pub fn max_or_none(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        if is_none(first(words)) {
            conf.max = Some(i32::MAX as u32);
            return Ok(());
        }
        max(conf, words)
    }

    pub fn max_memory(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        let word = first(words);
        conf.max_memory = Some(if is_none(word) { Cap::None } else { Cap::At(words::size(word, "none")?) });
        Ok(())
    }

    pub fn min_spare(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        conf.min_spare = Some(words::count(first(words), 0)?);
        Ok(())
    }

    pub fn max_spare(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        conf.max_spare = Some(words::count(first(words), 0)?);
        Ok(())
    }

    pub fn max_requests(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        conf.max_requests = Some(words::count(first(words), 0)?);
        Ok(())
    }

    pub fn max_age(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        let word = first(words);
        let age = if is_none(word) { Duration::ZERO } else { words::duration(word)? };
        conf.max_age = Some(if age.is_zero() { Cap::None } else { Cap::At(age) });
        Ok(())
    }

    pub fn max_queue(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        let word = first(words);
        conf.max_queue = Some(if is_none(word) { Cap::None } else { Cap::At(words::count(word, 0)?) });
        Ok(())
    }

    pub fn max_wait(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        let word = first(words);
        let timeout = word.eq_ignore_ascii_case(b"Timeout");
        conf.max_wait = Some(if timeout { MaxWait::Timeout } else { MaxWait::For(words::duration(word)?) });
        Ok(())
    }

    pub fn scope(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        let word = first(words);
        let found = LeaseScope::WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        let Some((_, scope)) = found else {
            let names: Vec<&str> = LeaseScope::WORDS.iter().map(|(name, _)| *name).collect();
            return Err(format!("{} is none of {}", words::quoted(word), names.join(", ")));
        };
        conf.scope = Some(*scope);
        Ok(())
    }

    pub fn trim(conf: &mut InterpConf, words: &[&[u8]]) -> Result<(), String> {
        let is = |word: &[u8], text: &str| word.eq_ignore_ascii_case(text.as_bytes());
        conf.trim = Some(match words {
            [word] if is(word, "off") => Trim::Off,
            [word] if is(word, "report") => return Err("\"report\" lacks the size to report".into()),
            [word] => Trim::GiveBack(words::size(word, "off")?),
            [how, word] if is(how, "report") => Trim::Report(words::size(word, "off")?),
            [how, ..] => return Err(format!("{} before a size is not \"report\"", words::quoted(how))),
            [] => return Err("a size is missing".into()),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn conf(start: u32, max: u32, min_spare: u32, max_spare: u32) -> InterpConf {
        let some = |n| if n == 99 { None } else { Some(n) };
        InterpConf {
            start: some(start),
            max: some(max),
            min_spare: some(min_spare),
            max_spare: some(max_spare),
            ..InterpConf::default()
        }
    }

    fn numbers(conf: &InterpConf) -> [usize; 4] {
        let l = conf.limits(TIMEOUT);
        [l.start, l.max, l.min_spare, l.max_spare]
    }

    #[test]
    fn defaults_are_those_of_mod_perl_and_the_design() {
        let limits = InterpConf::default().limits(TIMEOUT);
        let expected = Limits {
            start: 3,
            max: 5,
            min_spare: 3,
            max_spare: 3,
            max_uses: 2000,
            max_age: None,
            max_queue: None,
            max_wait: TIMEOUT,
            scope: LeaseScope::Response,
            trim: Trim::Off,
            max_memory: None,
        };
        assert_eq!(limits, expected);
        // Lua's interpreters are small and hold what scripts keep: as many as requests, and none is replaced.
        let lua = InterpConf::new(Language::Lua).limits(TIMEOUT);
        assert_eq!(lua, Limits { max: i32::MAX as usize, max_spare: 20, max_uses: 0, ..expected });
    }

    #[test]
    fn limits_of_lua_take_its_own_words_and_names() {
        let mut conf = InterpConf::new(Language::Lua);
        let set_all = |conf: &mut InterpConf, lines: &[(&str, &str)]| {
            for (name, word) in lines {
                let row = crate::directive(name.as_bytes()).expect(name);
                assert_eq!(row.interp().expect(name)(conf, &[word.as_bytes()]), Ok(()), "{name} {word}");
            }
        };
        set_all(&mut conf, &[("LuaInterpStart", "4"), ("LuaInterpMax", "2"), ("LuaInterpMaxMemory", "8M")]);
        let limits = conf.limits(TIMEOUT);
        assert_eq!((limits.start, limits.max, limits.max_memory), (2, 2, Some(8 << 20)));
        assert_eq!(conf.check(), ["LuaInterpStart: \"4\" is more than LuaInterpMax 2: no more than that are started"]);
        set_all(&mut conf, &[("LuaInterpMax", "none"), ("LuaInterpMaxMemory", "None")]);
        let limits = conf.limits(TIMEOUT);
        assert_eq!((limits.start, limits.max, limits.max_memory), (4, i32::MAX as usize, None));
    }

    #[test]
    fn every_default_is_text_that_its_row_can_parse() {
        for row in directives(Language::Perl).iter().chain(directives(Language::Lua)) {
            if let Some(set) = row.interp() {
                let words: Vec<&[u8]> = row.default.split(' ').map(str::as_bytes).collect();
                assert_eq!(set(&mut InterpConf::default(), &words), Ok(()), "{}", row.name);
            }
        }
        for defaults in [&*PERL_DEFAULTS, &*LUA_DEFAULTS] {
            assert!(defaults.start.is_some() && defaults.max_wait.is_some() && defaults.scope.is_some());
        }
        assert!(PERL_DEFAULTS.trim.is_some() && LUA_DEFAULTS.max_memory.is_some());
    }

    #[test]
    fn a_default_gives_way_to_what_was_written() {
        assert_eq!(numbers(&conf(99, 2, 99, 99)), [2, 2, 2, 3]);
        assert_eq!(numbers(&conf(10, 99, 99, 99)), [10, 10, 3, 3]);
        assert_eq!(numbers(&conf(99, 99, 8, 99)), [3, 8, 8, 8]);
        assert_eq!(numbers(&conf(99, 99, 99, 1)), [3, 5, 1, 1]);
        assert_eq!(numbers(&conf(0, 99, 0, 99)), [0, 5, 0, 3]);
    }

    #[test]
    fn written_values_that_contradict_are_put_in_order_and_reported() {
        let wrong = InterpConf { at: Some(Where::new("a.conf", 7)), ..conf(4, 2, 6, 5) };
        assert_eq!(numbers(&wrong), [2, 2, 2, 5]);
        assert_eq!(
            wrong.check(),
            [
                "PerlInterpStart: \"4\" is more than PerlInterpMax 2: no more than that are started (a.conf:7)",
                "PerlInterpMinSpare: \"6\" is more than PerlInterpMax 2: no more than that can be idle (a.conf:7)",
                "PerlInterpMinSpare: \"6\" is more than PerlInterpMaxSpare 5: no more than that are kept idle (a.conf:7)",
            ]
        );
        for right in [conf(99, 2, 99, 99), conf(10, 99, 99, 99), conf(1, 1, 1, 1), InterpConf::default()] {
            assert_eq!(right.check(), [] as [&str; 0]);
        }
    }

    #[test]
    fn numbers_that_invite_waiting_are_told_with_one_that_would_not() {
        let told = |conf: &InterpConf, threads, beside| conf.invites_waiting(threads, beside).unwrap_or_default();
        let scoped = |scope| InterpConf { scope: Some(scope), ..InterpConf::default() };
        let perl = |max| Some((Language::Perl, max));
        // What is not written is no reason, nor is what is large beside it.
        for threads in [8, 16, 25, 64] {
            assert_eq!(told(&InterpConf::default(), threads, None), "");
            assert_eq!(told(&InterpConf::new(Language::Lua), threads, perl(5)), "");
        }
        assert_eq!(told(&conf(99, 5, 99, 99), 25, None), "");
        assert_eq!(told(&conf(99, 8, 99, 99), 8, None), "");
        assert_eq!(
            told(&InterpConf { at: Some(Where::new("a.conf", 7)), ..conf(99, 2, 99, 99) }, 8, None),
            "PerlInterpMax: 2 beside ThreadsPerChild 8: all threads of a child can come to wait for interpreters that a few \
             requests keep (pnotes, pushed code, cleanups); \"PerlInterpMax 8\" would avoid that (a.conf:7)"
        );
        let text = told(&scoped(LeaseScope::Connection), 25, None);
        assert!(
            text.starts_with("PerlInterpScope: with \"connection\"") && text.contains("\"PerlInterpMax 25\""),
            "{text}"
        );
        assert_eq!(told(&scoped(LeaseScope::Connection), 5, None), "");
        assert_eq!(told(&scoped(LeaseScope::Request), 25, None), "");
        let lua = InterpConf { max: Some(4), ..InterpConf::new(Language::Lua) };
        let text = told(&lua, 25, perl(5));
        assert!(text.starts_with("LuaInterpMax: 4 beside PerlInterpMax 5 and ThreadsPerChild 25"), "{text}");
        assert_eq!((told(&lua, 25, perl(25)), told(&lua, 25, None)), (String::new(), String::new()));
    }

    #[test]
    fn a_virtual_host_inherits_waiting_and_scope_but_no_numbers() {
        let base = InterpConf {
            max_wait: Some(MaxWait::For(Duration::from_secs(1))),
            scope: Some(LeaseScope::Request),
            max_queue: Some(Cap::At(7)),
            ..conf(9, 9, 9, 9)
        };
        let merged = InterpConf::merge(&base, &InterpConf { max: Some(6), ..InterpConf::default() });
        assert_eq!(numbers(&merged), [3, 6, 3, 3]);
        let limits = merged.limits(TIMEOUT);
        assert_eq!((limits.max_wait, limits.scope), (Duration::from_secs(1), LeaseScope::Request));
        assert_eq!(limits.max_queue, None);
        let base = InterpConf { max_memory: Some(Cap::At(9)), ..base };
        assert_eq!(InterpConf::merge(&base, &InterpConf::default()).limits(TIMEOUT).max_memory, Some(9));
        assert!(!InterpConf { max_memory: Some(Cap::None), ..InterpConf::default() }.has_numbers());
        let own = InterpConf { max_wait: Some(MaxWait::Timeout), ..InterpConf::default() };
        assert_eq!(InterpConf::merge(&base, &own).limits(TIMEOUT).max_wait, TIMEOUT);
    }
}
