//! The numbers of a server's interpreters: what follows from several settings together.

use std::time::Duration;

use crate::choices::LeaseScope;
use crate::settings::{Key, Settings};
use crate::value::{SettingValue, Trim};
use crate::vocabulary::Language;

/// The numbers that hold. What was not written is the row's default, moved where it would contradict what was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Interpreters made before the fork, for each child; at most `max`.
    pub start: usize,
    /// Interpreters at once; at least 1.
    pub max: usize,
    /// The row whose line says that, for messages.
    pub max_by: Key,
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
    /// Whether `max` is a number over all processes of the server.
    pub total: bool,
    /// Whether each request has an interpreter that nobody has used.
    pub once: bool,
    /// Replace an interpreter before its next request after this many, and by how many it may be fewer; 0: never.
    pub reload: (u64, u64),
    /// Threads of its own on which requests are answered: how many there always are, and up to how many there may be. `None`: the
    /// MPM's threads answer.
    pub threads: Option<Threads>,
}

/// How many threads answer requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threads {
    /// So many at least; at most `max`.
    pub min: usize,
    /// So many at most, and never more than there may be interpreters. `None`: as many as the MPM has in a process.
    pub max: Option<usize>,
}

impl Threads {
    /// No thread without an interpreter to run in: at most `interpreters`.
    fn new(min: u32, max: Option<u32>, interpreters: u32) -> Threads {
        let max = match max {
            None if interpreters == i32::MAX as u32 => None,
            max => Some(max.unwrap_or(interpreters).min(interpreters) as usize),
        };
        let min = min as usize;
        Threads { min: max.map_or(min, |max| min.min(max)), max }
    }
}

/// A number; `none` is as many as there can be.
fn count(value: Option<&SettingValue>) -> Option<u32> {
    match value? {
        SettingValue::Count(n) => Some(*n),
        SettingValue::Lifted => Some(i32::MAX as u32),
        _ => None,
    }
}

/// The settings of a server, to be looked at together.
pub(crate) struct Written<'a> {
    pub(crate) language: Language,
    pub(crate) settings: &'a Settings,
}

impl Written<'_> {
    fn held(&self, key: Key) -> Option<&SettingValue> {
        self.settings.held(self.language, key)
    }

    /// The line at which these settings were written, for the end of a message.
    pub(crate) fn place(&self) -> String {
        self.settings.at().map(|at| format!(" ({at})")).unwrap_or_default()
    }

    /// The numbers that hold, given the server's `Timeout`.
    ///
    /// Written values come first; where two of them contradict each other (see [`Written::contradictions`]), `max` wins over
    /// `start`, and `max_spare` over `min_spare`. A default gives way: with `PerlInterpMax 2` alone two are started, with
    /// `PerlInterpStart 10` alone there may be ten.
    pub(crate) fn limits(&self, server_timeout: Duration) -> Limits {
        let number = |key| (count(self.settings.get(key)), count(self.held(key)).unwrap_or_default());
        let (start, default_start) = number(Key::Start);
        let (max, default_max) = number(Key::Max);
        let (min_spare, default_min_spare) = number(Key::MinSpare);
        let (max_spare, default_max_spare) = number(Key::MaxSpare);
        let max = max.unwrap_or_else(|| default_max.max(start.unwrap_or(0)).max(min_spare.unwrap_or(0))).max(1);
        let max_spare = max_spare.unwrap_or_else(|| default_max_spare.max(min_spare.unwrap_or(0)));
        let min_spare = min_spare.unwrap_or(default_min_spare).min(max_spare).min(max);
        let once = matches!(self.settings.get(Key::Interpreters), Some(SettingValue::Count(0)));
        let (start, max, min_spare, max_spare, max_by) = match self.settings.get(Key::Interpreters) {
            Some(SettingValue::Count(n) | SettingValue::Total(n)) if !once => (Some(*n), *n, *n, *n, Key::Interpreters),
            _ => (start, max, min_spare, max_spare, Key::Max),
        };
        Limits {
            start: start.unwrap_or(default_start).min(max) as usize,
            max: max as usize,
            max_by,
            min_spare: min_spare as usize,
            max_spare: max_spare as usize,
            max_uses: count(self.held(Key::MaxRequests)).unwrap_or_default().into(),
            max_age: match self.held(Key::MaxAge) {
                Some(SettingValue::Time(age)) if !age.is_zero() => Some(*age),
                _ => None,
            },
            max_queue: match self.held(Key::MaxQueue) {
                Some(SettingValue::Count(n)) => Some(*n as usize),
                _ => None,
            },
            max_wait: match self.held(Key::MaxWait) {
                Some(SettingValue::Time(time)) => *time,
                _ => server_timeout,
            },
            scope: LeaseScope::of(self.held(Key::Scope)),
            trim: match self.held(Key::Trim) {
                Some(SettingValue::Trim(trim)) => *trim,
                _ => Trim::Off,
            },
            max_memory: match self.held(Key::MaxMemory) {
                Some(SettingValue::Size(bytes)) => Some(*bytes),
                _ => None,
            },
            total: matches!(self.settings.get(Key::Interpreters), Some(SettingValue::Total(_))),
            once,
            reload: match self.settings.get(Key::Reload) {
                Some(SettingValue::Spread(n, less)) => ((*n).into(), (*less).into()),
                _ => (0, 0),
            },
            threads: match self.settings.get(Key::Threads) {
                Some(SettingValue::Growing(least, most)) if *least > 0 => Some(Threads::new(*least, *most, max)),
                _ => None,
            },
        }
    }

    /// Written values that contradict each other, one message each. None is refused (mod_perl serves with them).
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let rules = [
            (Key::Start, Key::Max, "no more than that are started"),
            (Key::MinSpare, Key::Max, "no more than that can be idle"),
            (Key::MinSpare, Key::MaxSpare, "no more than that are kept idle"),
        ];
        let name = self.language.name();
        let mut found = Vec::new();
        for (less_key, more_key, then) in rules {
            let (less, more) = (count(self.settings.get(less_key)), count(self.settings.get(more_key)));
            if let (Some(less), Some(more)) = (less, more)
                && less > more
            {
                let (less_name, more_name) = (less_key.row().name, more_key.row().name);
                let at = self.place();
                found.push(format!("{name}{less_name}: \"{less}\" is more than {name}{more_name} {more}: {then}{at}"));
            }
        }
        found
    }

    /// Why interpreters, which hold so many bytes before any script is loaded, cannot do with the memory that they may have.
    pub(crate) fn lacks_memory(&self, used: usize) -> Option<String> {
        let Some(SettingValue::Size(bytes)) = self.held(Key::MaxMemory) else { return None };
        // Some room for what loads a script.
        if *bytes > used as u64 + used as u64 / 8 {
            return None;
        }
        let (name, key, at) = (self.language.name(), Key::MaxMemory.row().name, self.place());
        let enough = (used * 2).next_power_of_two() / 1024;
        Some(format!(
            "{name}{key}: \"{bytes}\" is too small: an interpreter holds {used} bytes before any script is loaded: write \
             {enough}K or more, or none{at}"
        ))
    }

    /// Why requests will come to wait for each other with these numbers, in a child with so many `threads`, and the number with
    /// which they would not. `beside` is the other language with its maximum, for the one of the two that tells.
    ///
    /// Fewer interpreters than threads is what pools are for, and no reason by itself. It is one where connections keep theirs while
    /// they are idle; where requests of both languages have to share few of each; and where a small written maximum stands beside
    /// few threads, so that all of these can wait for what a few slow answers keep.
    pub(crate) fn invites_waiting(&self, threads: usize, beside: Option<(Language, usize)>) -> Option<String> {
        /// So many times the written maximum are few threads.
        const FEW: usize = 4;
        let (name, limits, at) = (self.language.name(), self.limits(Duration::ZERO), self.place());
        let (max, by) = (limits.max, limits.max_by.row().name);
        if max >= threads {
            return None;
        }
        if limits.scope == LeaseScope::Connection {
            return Some(format!(
                "{name}InterpScope: with \"connection\" each connection keeps an interpreter, while it is idle, too; a child of \
                 ThreadsPerChild {threads} has {name}{by} {max} for them, and requests will wait until some are closed; \
                 \"{name}{by} {threads}\" would avoid that{at}"
            ));
        }
        if let Some((other, other_max)) = beside.filter(|(_, other_max)| *other_max < threads) {
            let other = other.name();
            return Some(format!(
                "{name}{by}: {max} beside {other}InterpMax {other_max} and ThreadsPerChild {threads}: requests that need an \
                 interpreter of each will wait for each other; \"{name}{by} {threads}\" would avoid that{at}"
            ));
        }
        let is_few = self.settings.get(Key::Max).is_some() && threads <= max.saturating_mul(FEW);
        is_few.then(|| {
            format!(
                "{name}{by}: {max} beside ThreadsPerChild {threads}: all threads of a child can come to wait for interpreters \
                 that a few requests keep (pnotes, pushed code, cleanups); \"{name}{by} {threads}\" would avoid that{at}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::World;
    use crate::place::LinePlace;
    use crate::server::ServerConf;

    const TIMEOUT: Duration = Duration::from_secs(60);

    /// A server of a language in which these lines stand.
    fn server(language: Language, lines: &[&str]) -> ServerConf {
        let mut world = World { server: ServerConf::new(language), ..World::default() };
        for line in lines {
            world.line(LinePlace::Server, &format!("{}Interp{line}", language.name())).expect(line);
        }
        world.server
    }

    fn perl(lines: &[&str]) -> ServerConf {
        server(Language::Perl, lines)
    }

    fn numbers(lines: &[&str]) -> [usize; 4] {
        let l = perl(lines).limits(TIMEOUT);
        [l.start, l.max, l.min_spare, l.max_spare]
    }

    #[test]
    fn defaults_are_those_of_mod_perl_and_the_design() {
        let expected = Limits {
            start: 3,
            max: 5,
            max_by: Key::Max,
            min_spare: 3,
            max_spare: 3,
            max_uses: 2000,
            max_age: None,
            max_queue: None,
            max_wait: TIMEOUT,
            scope: LeaseScope::Response,
            trim: Trim::Off,
            max_memory: None,
            total: false,
            once: false,
            reload: (0, 0),
            threads: None,
        };
        assert_eq!(perl(&[]).limits(TIMEOUT), expected);
        // Lua's interpreters are small and hold what scripts keep: as many as requests, and none is replaced.
        let lua = server(Language::Lua, &[]).limits(TIMEOUT);
        assert_eq!(lua, Limits { max: i32::MAX as usize, max_spare: 20, max_uses: 0, ..expected });
    }

    #[test]
    fn limits_of_lua_take_its_own_words_and_names() {
        let lua = |lines: &[&str]| server(Language::Lua, lines);
        let conf = lua(&["Start 4", "Max 2", "MaxMemory 8M"]);
        let limits = conf.limits(TIMEOUT);
        assert_eq!((limits.start, limits.max, limits.max_memory), (2, 2, Some(8 << 20)));
        let then = "no more than that are started (httpd.conf:12)";
        assert_eq!(conf.check(), [format!("LuaInterpStart: \"4\" is more than LuaInterpMax 2: {then}")]);
        let limits = lua(&["Start 4", "Max 2", "MaxMemory 8M", "Max none", "MaxMemory None"]).limits(TIMEOUT);
        assert_eq!((limits.start, limits.max, limits.max_memory), (4, i32::MAX as usize, None));
    }

    #[test]
    fn there_are_no_more_threads_than_interpreters() {
        let threads = |language, lines: &[&str]| {
            let mut world = World { server: ServerConf::new(language), ..World::default() };
            for line in lines {
                world.line(LinePlace::Server, &format!("{}{line}", language.name())).expect(line);
            }
            world.server.limits(TIMEOUT).threads.map(|threads| (threads.min, threads.max))
        };
        let perl = |lines: &[&str]| threads(Language::Perl, lines);
        assert_eq!((perl(&[]), perl(&["ClassThreads 0"]), perl(&["ClassThreads 0 4"])), (None, None, None));
        assert_eq!(perl(&["ClassThreads 2"]), Some((2, Some(5))));
        assert_eq!(perl(&["ClassThreads 2 3"]), Some((2, Some(3))));
        assert_eq!(perl(&["ClassThreads 8 20", "InterpMax 4"]), Some((4, Some(4))));
        assert_eq!(perl(&["ClassThreads 1", "ClassInterpreters 7"]), Some((1, Some(7))));
        assert_eq!(threads(Language::Lua, &["ClassThreads 2"]), Some((2, None)));
        assert_eq!(threads(Language::Lua, &["ClassThreads 2", "InterpMax 3"]), Some((2, Some(3))));
        let mut world = World::default();
        let told = crate::lines::world::refused(&mut world, LinePlace::Server, "PerlClassThreads 4 2");
        assert_eq!(told, "PerlClassThreads: \"2\" is less than the least, 4");
    }

    #[test]
    fn a_default_gives_way_to_what_was_written() {
        assert_eq!(numbers(&["Max 2"]), [2, 2, 2, 3]);
        assert_eq!(numbers(&["Start 10"]), [10, 10, 3, 3]);
        assert_eq!(numbers(&["MinSpare 8"]), [3, 8, 8, 8]);
        assert_eq!(numbers(&["MaxSpare 1"]), [3, 5, 1, 1]);
        assert_eq!(numbers(&["Start 0", "MinSpare 0"]), [0, 5, 0, 3]);
    }

    #[test]
    fn written_values_that_contradict_are_put_in_order_and_reported() {
        let wrong = ["Start 4", "Max 2", "MinSpare 6", "MaxSpare 5"];
        assert_eq!(numbers(&wrong), [2, 2, 2, 5]);
        assert_eq!(
            perl(&wrong).check(),
            [
                "PerlInterpStart: \"4\" is more than PerlInterpMax 2: no more than that are started (httpd.conf:12)",
                "PerlInterpMinSpare: \"6\" is more than PerlInterpMax 2: no more than that can be idle (httpd.conf:12)",
                "PerlInterpMinSpare: \"6\" is more than PerlInterpMaxSpare 5: no more than that are kept idle (httpd.conf:12)",
            ]
        );
        for right in [&["Max 2"][..], &["Start 10"], &["Start 1", "Max 1", "MinSpare 1", "MaxSpare 1"], &[]] {
            assert_eq!(perl(right).check(), [] as [&str; 0]);
        }
    }

    #[test]
    fn numbers_that_invite_waiting_are_told_with_one_that_would_not() {
        let told = |conf: ServerConf, threads, beside| conf.invites_waiting(threads, beside).unwrap_or_default();
        let of_perl = |max| Some((Language::Perl, max));
        // What is not written is no reason, nor is what is large beside it.
        for threads in [8, 16, 25, 64] {
            assert_eq!(told(perl(&[]), threads, None), "");
            assert_eq!(told(server(Language::Lua, &[]), threads, of_perl(5)), "");
        }
        assert_eq!(told(perl(&["Max 5"]), 25, None), "");
        assert_eq!(told(perl(&["Max 8"]), 8, None), "");
        assert_eq!(
            told(perl(&["Max 2"]), 8, None),
            "PerlInterpMax: 2 beside ThreadsPerChild 8: all threads of a child can come to wait for interpreters that a few \
             requests keep (pnotes, pushed code, cleanups); \"PerlInterpMax 8\" would avoid that (httpd.conf:12)"
        );
        let text = told(perl(&["Scope connection"]), 25, None);
        assert!(
            text.starts_with("PerlInterpScope: with \"connection\"") && text.contains("\"PerlInterpMax 25\""),
            "{text}"
        );
        assert_eq!(told(perl(&["Scope connection"]), 5, None), "");
        assert_eq!(told(perl(&["Scope request"]), 25, None), "");
        let lua = || server(Language::Lua, &["Max 4"]);
        let text = told(lua(), 25, of_perl(5));
        assert!(text.starts_with("LuaInterpMax: 4 beside PerlInterpMax 5 and ThreadsPerChild 25"), "{text}");
        assert_eq!((told(lua(), 25, of_perl(25)), told(lua(), 25, None)), (String::new(), String::new()));
    }

    #[test]
    fn a_virtual_host_inherits_waiting_and_scope_but_no_numbers() {
        let base = perl(&["Start 9", "Max 9", "MinSpare 9", "MaxWait 1", "Scope request", "MaxQueue 7", "MaxAge 5"]);
        let merged = ServerConf::merge(&base, &perl(&["Max 6"])).limits(TIMEOUT);
        assert_eq!((merged.start, merged.max, merged.min_spare), (3, 6, 3));
        assert_eq!((merged.max_wait, merged.scope), (Duration::from_secs(1), LeaseScope::Request));
        assert_eq!((merged.max_queue, merged.max_age), (None, None));
        assert_eq!(ServerConf::merge(&base, &perl(&["MaxWait Timeout"])).limits(TIMEOUT).max_wait, TIMEOUT);
        let lua = |lines: &[&str]| server(Language::Lua, lines);
        let merged = ServerConf::merge(&lua(&["MaxMemory 9"]), &lua(&[]));
        assert_eq!(merged.limits(TIMEOUT).max_memory, Some(9));
    }
}
