//! THE table of settings: a line that says one value. A row is all there is of a setting: how its line is read, where it may
//! stand, what holds without it, how scopes meet, and what the documents say, in each language that has it.
//!
//! The host asks for the value by the row's [`Key`]. What follows from several of them together is in `limits`.

use std::sync::Arc;

use lazy_static::lazy_static;

use crate::choices::{CgiHeader, ClassIdentity, CodeCache, ErrorPage, Inherit, LeaseScope, ReadAhead, ReloadOn};
use crate::place::Where;
use crate::value::{SettingKind, SettingValue};
use crate::vocabulary::{Contexts, Language, Merge, Threadless, Unlike, When};

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct SettingRow {
    /// Whose value it is.
    pub key: Key,
    /// Without the name of the language before it.
    pub name: &'static str,
    /// What its line says, in Perl and in Lua.
    kinds: [SettingKind; 2],
    /// What holds without any line, in Perl and in Lua, as a line would say it.
    defaults: [&'static str; 2],
    /// The languages that have it.
    has: [bool; 2],
    pub(crate) contexts: Contexts,
    pub(crate) merge: Merge,
    pub(crate) threadless: Threadless,
    /// What a line does with code; empty for nothing.
    pub(crate) deed: &'static str,
    /// Neither mod_perl nor mod_lua has it.
    pub(crate) ours: [bool; 2],
    docs: [&'static str; 2],
    /// As [`crate::Directive::unlike`].
    pub(crate) unlike: [Unlike; 2],
}

const PERL: usize = Language::Perl as usize;

/// A property of each interpreter of a server.
const fn server(name: &'static str, kind: SettingKind, default: &'static str) -> SettingRow {
    SettingRow {
        key: Key::Start,
        name,
        kinds: [kind; 2],
        defaults: [default; 2],
        has: [true; 2],
        contexts: Contexts::SERVER.and(Contexts::CLASS),
        merge: Merge::Inherit,
        threadless: Threadless::Same,
        deed: "",
        ours: [false, true],
        docs: [""; 2],
        unlike: [Unlike::NOTHING; 2],
    }
}

/// How the interpreters of a server are pooled: of no effect without threads, unless the row says otherwise.
const fn pooled(name: &'static str, kind: SettingKind, default: &'static str) -> SettingRow {
    SettingRow { threadless: Threadless::Nothing, ..server(name, kind, default) }
}

/// A number of a tipool: a host's numbers are its own, since they say nothing unless it has its own tipool.
const fn tipool(name: &'static str, kind: SettingKind, default: &'static str) -> SettingRow {
    SettingRow { merge: Merge::Block, ..pooled(name, kind, default) }
}

/// One of mod_lua's, for a directory.
const fn of_lua(name: &'static str, kind: SettingKind, default: &'static str) -> SettingRow {
    let row = server(name, kind, default);
    SettingRow { contexts: Contexts::ANYWHERE, ours: [false; 2], ..row }.only(Language::Lua)
}

impl SettingRow {
    const fn only(self, language: Language) -> Self {
        let is_perl = matches!(language, Language::Perl);
        Self { has: [is_perl, !is_perl], ..self }
    }
    /// Lua's own default.
    const fn lua(self, default: &'static str) -> Self {
        Self { defaults: [self.defaults[PERL], default], ..self }
    }
    /// What a line of Lua may say.
    const fn lua_kind(self, kind: SettingKind) -> Self {
        Self { kinds: [self.kinds[PERL], kind], ..self }
    }
    /// mod_perl does not have it, either.
    const fn ours(self) -> Self {
        Self { ours: [true; 2], ..self }
    }
    /// The one interpreter that a process has of a class heeds it without threads, too.
    const fn also_in_classes(self) -> Self {
        Self { threadless: Threadless::InClasses, ..self }
    }
    const fn runs_code(self) -> Self {
        Self { deed: "runs code", ..self }
    }
    const fn chooses_code(self) -> Self {
        Self { deed: "decides which code runs", ..self }
    }
    /// `{}` stands for the name of the language.
    const fn doc(self, doc: &'static str) -> Self {
        Self { docs: [doc; 2], ..self }
    }
    const fn lua_doc(self, doc: &'static str) -> Self {
        Self { docs: [self.docs[PERL], doc], ..self }
    }
    /// What a line meets here that was written for mod_perl.
    const fn unlike(self, when: When, text: &'static str) -> Self {
        Self { unlike: [Unlike::new(when, text), self.unlike[1]], ..self }
    }
    /// The same of mod_lua.
    const fn lua_unlike(self, when: When, text: &'static str) -> Self {
        Self { unlike: [self.unlike[PERL], Unlike::new(when, text)], ..self }
    }
    const fn with(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// Whether a language has it.
    #[must_use]
    pub const fn is_of(&self, language: Language) -> bool {
        self.has[language as usize]
    }

    /// What its line says in a language.
    #[must_use]
    pub const fn kind(&self, language: Language) -> SettingKind {
        self.kinds[language as usize]
    }

    /// What holds without a line.
    pub(crate) const fn default(&self, language: Language) -> &'static str {
        self.defaults[language as usize]
    }

    pub(crate) const fn doc_of(&self, language: Language) -> &'static str {
        self.docs[language as usize]
    }

    /// Whether a directory's record keeps it; otherwise the server's alone does.
    pub(crate) const fn is_of_directories(&self) -> bool {
        self.contexts.has(Contexts::DIRECTORY)
    }
}

/// `settings! { Name = row; ... }` is the enum [`Key`] with these names, and [`SETTINGS`], the rows with their keys.
macro_rules! settings {
    ($($key:ident = $row:expr;)*) => {
        /// Names a setting. The number is its place in [`SETTINGS`].
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)] // each is described in its row
        pub enum Key { $($key),* }

        const COUNT: usize = [$(Key::$key),*].len();

        /// The settings.
        pub static SETTINGS: [SettingRow; COUNT] = [$($row.with(Key::$key)),*];
    };
}

settings! {
    Start = tipool("InterpStart", SettingKind::Count(0), "3")
        .doc("Make this many interpreters for each child process before it is forked.");
    Max = tipool("InterpMax", SettingKind::Count(1), "5").lua_kind(SettingKind::CountOrNone(1)).lua("none")
        .unlike(When::WithThreads, "A request that finds all interpreters busy waits no longer than PerlInterpMaxWait, then it is answered with 503; mod_perl lets it wait without a limit.")
        .doc("Let a child process have at most this many interpreters at once. A request that finds all of them busy waits: see {}InterpMaxWait.")
        .lua_doc("Let a child process have at most this many interpreters at once. A request that finds all of them busy waits: see LuaInterpMaxWait. With none a process has as many as requests run in it at once, as in mod_lua.");
    MinSpare = tipool("InterpMinSpare", SettingKind::Count(0), "3")
        .doc("Keep at least this many interpreters idle: the next ones are made before a request needs them.");
    MaxSpare = tipool("InterpMaxSpare", SettingKind::Count(0), "3").lua("20")
        .doc("Keep at most this many interpreters idle; the others are destroyed.")
        .lua_doc("Keep at most this many interpreters idle; the others are destroyed. An interpreter of Lua is small, so the default is higher than Perl's.");
    MaxRequests = tipool("InterpMaxRequests", SettingKind::Count(0), "2000").lua("0").also_in_classes()
        .doc("Replace an interpreter after this many requests, as soon as its successor is ready. 0 means never.")
        .lua_doc("Replace an interpreter after this many requests, as soon as its successor is ready. 0 means never, so that the globals of LuaScope thread and server stay.");
    MaxAge = tipool("InterpMaxAge", SettingKind::TimeOr("none"), "none").ours()
        .doc("Replace an interpreter when it is this old, as soon as its successor is ready. A time is a number of seconds, or has a unit: ms, s, min, h, d.");
    MaxQueue = tipool("InterpMaxQueue", SettingKind::CountOrNone(0), "none").ours()
        .doc("Let at most this many requests wait for an interpreter at once; one more is answered with 503 right away.");
    MaxWait = pooled("InterpMaxWait", SettingKind::TimeOr("Timeout"), "Timeout").ours().also_in_classes()
        .doc("Let a request wait this long for an interpreter; then it is answered with 503. Timeout stands for the server's Timeout; with 0 no request waits.");
    Scope = pooled("InterpScope", LeaseScope::KIND, "response").ours()
        .unlike(When::WithThreads, "mod_perl has not had this directive since 2.0.9. In one before that a request without the line kept its interpreter until it ended; here until its response is done.")
        .doc("Says how long a request keeps its interpreter. handler: while a handler runs. response: from its first handler until its response handler is done. subrequest: as response, but each subrequest has an interpreter of its own. request: until the log phase is over. connection: until the connection ends. A value that lives with the request (pnotes, a filter's context, a pushed code reference) makes the request keep its interpreter until it ends, whatever is written here.")
        .lua_doc("Says how long a request keeps its interpreter. handler: while a handler runs. response: from its first handler until its response handler is done. subrequest: as response, but each subrequest has an interpreter of its own. request: until the log phase is over. connection: until the connection ends. A value that lives with the request (pnotes, a filter, globals of LuaScope request) makes the request keep its interpreter until it ends, whatever is written here.");
    Trim = tipool("InterpTrim", SettingKind::Trim, "off").ours().only(Language::Perl)
        .doc("Free the buffers of at least this size that an idle interpreter still has for variables without a value; with report they are only counted, and the log tells how much it would be. A size is a number of bytes, or has a unit: K, M, G.");
    MaxMemory = server("InterpMaxMemory", SettingKind::SizeOrNone, "none").only(Language::Lua)
        .doc("Let an interpreter have at most this much memory; a script that needs more gets the error \"not enough memory\". A size is a number of bytes, or has a unit: K, M, G. By default there is no limit: a script that works is not to fail because of a number that nobody wrote.");

    Interpreters = tipool("ClassInterpreters", SettingKind::CountOfAll, "none").ours().also_in_classes()
        .doc("Gives the class this many interpreters in each child process, as {}InterpStart and {}InterpMax would; with total that many over all child processes, those of an older generation included, which take them from each other as requests need them. With 0 each request has an interpreter that nobody has used before: close to CGI. With none the numbers of {}Interp* hold.");
    Reload = tipool("ClassReload", SettingKind::CountAndJitter, "0").ours().also_in_classes()
        .doc("Reloads an interpreter of the class after this many requests: it ends, END blocks of its scripts run, and another takes its place. With a jitter each after a number of its own, up to so many fewer, so that not all end at once. 0 means never. Other than with PerlInterpMaxRequests, none serves a request more while its successor is made.")
        .lua_doc("Reloads an interpreter of the class after this many requests: it ends, and another takes its place. With a jitter each after a number of its own, up to so many fewer, so that not all end at once. 0 means never. Other than with LuaInterpMaxRequests, none serves a request more while its successor is made.");
    ReloadOn = server("ClassReloadOn", ReloadOn::KIND, "stat").ours().only(Language::Perl)
        .doc("Says when a script of SetHandler perl-class is compiled again: with stat when the time, size or inode of its file differs; with never when its interpreter is replaced; with watch, for development, also when a file in %INC differs, which is loaded again.");
    Threads = tipool("ClassThreads", SettingKind::CountAndMost, "0").ours()
        .doc("Answers the requests of the class on this many threads of its own in each child process, so that no worker of httpd's waits for its scripts. While more requests come and the process has CPU time to spare, threads are added up to the second number, without one up to the number of interpreters; they end when they have been idle for a while. With 0 a script runs on the worker. It needs the MPM event, and an AsyncRequestWorkerFactor that lets connections wait: see docs/classes.md, which has the simpler way.")
        .lua_doc("Answers the requests of the class on this many threads of its own in each child process, so that no worker of httpd's waits for its scripts. While more requests come and the process has CPU time to spare, threads are added up to the second number, without one up to LuaInterpMax, or to ThreadsPerChild where that is none; they end when they have been idle for a while. With 0 a script runs on the worker. It needs the MPM event, and an AsyncRequestWorkerFactor that lets connections wait: see docs/classes.md, which has the simpler way.");
    CgiHeader = server("ClassCGIHeader", CgiHeader::KIND, "off").ours().only(Language::Perl)
        .doc("Says who sends the header of the pages of SetHandler perl-class. With off the script prints it, as a CGI script does; with on the server sends its own, and all that the script prints is the page.");
    ReadAhead = server("ClassReadAhead", ReadAhead::KIND, "off").ours()
        .doc("Says when the body of a request is read that is answered here. With on it is read whole before an interpreter is taken, within LimitRequestBody, so that a client which sends slowly keeps none of them: up to 256 KiB stay in memory, the rest in a temporary file. With off the script reads it.");
    ClassIdentity = server("ClassIdentity", ClassIdentity::KIND, "mod_perl").ours().only(Language::Perl)
        .doc("Says what the scripts of SetHandler perl-class and perl-embed are told of where they run. With mod_perl $ENV{GATEWAY_INTERFACE} is CGI-Perl/1.1 and $ENV{MOD_PERL} is there; with perlex it is CGI-PerlEx/1.1, and MOD_PERL is not there: CGI.pm then begins anew with each CGI->new.");
    ErrorPage = server("ClassErrorPage", ErrorPage::KIND, "off").ours().only(Language::Perl)
        .doc("Says what the page shows when a script of SetHandler perl-class fails: with off what httpd or ErrorDocument has; with plain the script's message; with dev, for development, to a browser on the server's own machine also the lines around the error, the calls with their arguments and the environment, and the message alone to others.");

    Root = of_lua("Root", SettingKind::Path, "ServerRoot").runs_code()
        .lua_unlike(When::InSections, "It holds in its section; mod_lua applies it to the whole server.")
        .doc("Names the folder in which a script lies that another directive names by a relative path. Written in a section it holds in that section; mod_lua applies it to the whole server.");
    ScriptScope = of_lua("Scope", SettingKind::ScriptScope, "once")
        .lua_unlike(When::Always, "An interpreter is pooled in each case, and what a script keeps beyond its scope, such as the request in a global, is an error when it is used; mod_lua uses memory that was given back.")
        .doc("Says how long the globals of a script live: with once for one call, with request and conn until the request or the connection ends, with thread and server as long as the interpreter that ran the script. With server at most max interpreters of a child process run the script; without a number it is one. The interpreters are pooled in each case: see LuaInterpMax.");
    CodeCache = of_lua("CodeCache", CodeCache::KIND, "stat")
        .lua_unlike(When::Always, "It holds in LuaScope once, too: with forever a script is read once, in mod_lua for each request. stat also sees a file that became older or changed in size alone.")
        .doc("Says when the file of a script is read again: stat reads it when its time or size has changed, forever never, and never each time the script is used.");
    Inherit = of_lua("Inherit", Inherit::KIND, "parent-first").chooses_code()
        .doc("Says how the hooks, map handlers, filters and package paths of an inner section are joined to those of the outer one: behind them, before them, or in their place.");
}

impl Key {
    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static SettingRow {
        &SETTINGS[self as usize]
    }
}

type Values = [Option<SettingValue>; COUNT];

/// The settings that were written in one place; after a merge those that hold there. Clones share them until one is changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    values: Option<Arc<Values>>,
    /// The last line of a server's settings.
    at: Option<Where>,
}

impl Settings {
    /// What was written; `None` for nothing.
    #[inline]
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&SettingValue> {
        self.values.as_ref()?.get(key as usize)?.as_ref()
    }

    /// What was written, else the default of the language.
    #[must_use]
    pub fn held(&self, language: Language, key: Key) -> Option<&SettingValue> {
        self.get(key).or_else(|| defaults(language).get(key))
    }

    /// The word that holds of a setting that takes one; it is named without the language.
    #[must_use]
    pub fn word(&self, language: Language, name: &[u8]) -> Option<&'static str> {
        let row = SETTINGS.iter().find(|row| row.name.as_bytes() == name && row.is_of(language))?;
        match (row.kind(language), self.held(language, row.key)?) {
            (SettingKind::Word(words, _), SettingValue::Word(at)) => words.get(usize::from(*at)).copied(),
            _ => None,
        }
    }

    /// Keeps what a line says.
    pub(crate) fn set(&mut self, key: Key, value: SettingValue, at: &Where) {
        if !key.row().is_of_directories() {
            self.at = Some(at.clone());
        }
        self.put(key, value);
    }

    fn put(&mut self, key: Key, value: SettingValue) {
        let values = self.values.get_or_insert_with(|| Arc::new([const { None }; COUNT]));
        if let Some(place) = Arc::make_mut(values).get_mut(key as usize) {
            *place = Some(value);
        }
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_none()
    }

    /// Whether a number of the tipool was written: anything that a virtual host does not inherit.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        SETTINGS.iter().any(|row| row.merge == Merge::Block && self.get(row.key).is_some())
    }

    /// The last line of a server's settings.
    pub(crate) fn at(&self) -> Option<&Where> {
        self.at.as_ref()
    }

    /// What holds in an interpreter class of a server: what its lines say, else what the server's say.
    #[must_use]
    pub(crate) fn within(server: &Self, class: &Self) -> Self {
        let mut all = class.clone();
        for row in SETTINGS.iter().filter(|row| class.get(row.key).is_none()) {
            if let Some(value) = server.get(row.key) {
                all.put(row.key, value.clone());
            }
        }
        all
    }

    /// What holds in an inner scope: each value as its row says.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        let mut merged = add.clone();
        let inherited = |row: &&SettingRow| row.merge == Merge::Inherit && add.get(row.key).is_none();
        for row in SETTINGS.iter().filter(inherited) {
            if let Some(value) = base.get(row.key) {
                merged.put(row.key, value.clone());
            }
        }
        merged
    }
}

lazy_static! {
    /// The defaults of the rows, read as their lines would be.
    static ref PERL_DEFAULTS: Settings = read_defaults(Language::Perl);
    static ref LUA_DEFAULTS: Settings = read_defaults(Language::Lua);
}

fn defaults(language: Language) -> &'static Settings {
    match language {
        Language::Perl => &PERL_DEFAULTS,
        Language::Lua => &LUA_DEFAULTS,
    }
}

fn read_defaults(language: Language) -> Settings {
    let mut settings = Settings::default();
    for row in SETTINGS.iter().filter(|row| row.is_of(language)) {
        let words: Vec<&[u8]> = row.default(language).split(' ').map(str::as_bytes).collect();
        // A folder's default is no path: it is found when it is needed.
        if let Ok(value) = row.kind(language).parse(&words) {
            settings.put(row.key, value);
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ScriptScope;

    /// All that follows of a row is held against the row: a row that is wrong in itself, or not obeyed, turns this red.
    #[test]
    fn a_row_is_read_kept_merged_and_has_a_default_as_it_says() {
        for (place, row) in SETTINGS.iter().enumerate() {
            assert_eq!(row.key as usize, place);
            for language in Language::ALL.into_iter().filter(|language| row.is_of(*language)) {
                let name = format!("{}{}", language.name(), row.name);
                let kind = row.kind(language);
                let default = row.default(language).as_bytes();
                let held = Settings::default().held(language, row.key).cloned();
                assert_eq!(held, kind.parse(&[default]).ok(), "{name}: the default is what its line would say");
                assert!(held.is_some() || kind == SettingKind::Path, "{name}: the default can be written");
                assert!(row.doc_of(language).ends_with('.'), "{name}");
                assert!(kind.parse(&[b"?"]).is_err(), "{name}: a word that it does not know");

                let value = held.unwrap_or(SettingValue::Path(b"/a".as_slice().into()));
                let mut written = Settings::default();
                written.set(row.key, value.clone(), &Where::new("a.conf", 1));
                let inherited = Settings::merge(&written, &Settings::default());
                assert_eq!(inherited.get(row.key).is_some(), row.merge == Merge::Inherit, "{name}: {:?}", row.merge);
                assert_eq!(Settings::merge(&Settings::default(), &written).get(row.key), Some(&value), "{name}");
                assert_eq!(written.has_numbers(), row.merge == Merge::Block, "{name}");
                assert_eq!(written.at().is_some(), !row.is_of_directories(), "{name}");
            }
        }
    }

    #[test]
    fn an_inner_value_wins() {
        let written = |scope| {
            let mut settings = Settings::default();
            settings.set(Key::ScriptScope, SettingValue::ScriptScope(scope), &Where::default());
            settings
        };
        let merged = Settings::merge(&written(ScriptScope::Conn), &written(ScriptScope::Once));
        assert_eq!(merged.get(Key::ScriptScope), Some(&SettingValue::ScriptScope(ScriptScope::Once)));
    }

    #[test]
    fn what_holds_where_nothing_is_written_is_the_rows_default() {
        let of = |key| defaults(Language::Lua).get(key);
        assert_eq!(LeaseScope::of(of(Key::Scope)), LeaseScope::default());
        assert_eq!(CodeCache::of(of(Key::CodeCache)), CodeCache::default());
        assert_eq!(Inherit::of(of(Key::Inherit)), Inherit::default());
        assert_eq!(ScriptScope::of(of(Key::ScriptScope)), ScriptScope::default());
    }
}
