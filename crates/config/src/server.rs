//! The record of a server: what stands outside of sections, for the main server or in a `<VirtualHost>`. One form for
//! both languages; each module of httpd has its own records.

use std::sync::Arc;
use std::time::Duration;

use crate::choices::{CgiHeader, ClassIdentity, ErrorPage, ReadAhead, ReloadOn};
use crate::databases::DbPools;
use crate::dicts::DictConf;
use crate::dir::{self, DirConf};
use crate::error::{Why, quoted};
use crate::flags::ServerOptions;
use crate::handler::{Handler, Handlers};
use crate::jobs::Job;
use crate::limits::{Limits, Written};
use crate::lists::OwnList;
use crate::net_server::NetServer;
use crate::options::ServerOption;
use crate::phases::Phase;
use crate::place::Where;
use crate::settings::{Key, Settings};
use crate::slots::{SERVER_SLOTS, Slot};
use crate::switch;
use crate::vars::{ConfigVars, Vars};
use crate::vocabulary::{Language, Merge, Merges};

/// What is run at start-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A file.
    File,
    /// A module.
    Module,
    /// Code.
    Code,
}

/// Code that stands in the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// The code.
    pub text: Box<[u8]>,
    /// Its first line.
    pub at: Where,
    /// What the line says that opens the section; `None` for code on one line.
    pub section: Option<Vec<(Box<[u8]>, Box<[u8]>)>>,
}

/// Start-up code, and the line that says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queued {
    /// What it is.
    pub what: What,
    /// File or module name, or the code, as written.
    pub name: Box<[u8]>,
    /// The directive.
    pub directive: &'static str,
    /// The line.
    pub at: Where,
}

/// perl's command line, without its first and last words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Switches {
    /// Each word with its line.
    words: Vec<(Box<[u8]>, Where)>,
    /// Whether the last word is one like `-I`, whose argument is the next word.
    lacks_argument: bool,
}

impl Switches {
    /// Adds a word at the end.
    pub(crate) fn push(&mut self, word: &[u8], at: &Where, at_terminal: bool) -> Result<(), Why> {
        self.lacks_argument = !self.lacks_argument && switch::takes_next(word, at_terminal)?;
        self.words.push((word.into(), at.clone()));
        Ok(())
    }

    /// All words, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(|(word, _)| &**word)
    }

    /// The words with their lines, for messages; without any, that there are none.
    #[must_use]
    pub fn shown(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|(word, at)| format!("{} ({at})", quoted(word))).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    }

    /// The last word and its line, if its argument is missing.
    #[must_use]
    pub fn incomplete(&self) -> Option<String> {
        let (word, at) = self.words.last().filter(|_| self.lacks_argument)?;
        Some(format!("{} ({at}): its argument is missing", quoted(word)))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

impl Merges for Switches {
    const MERGE: Merge = Merge::Own;
    /// Whether the host asks for the main server's, by `InheritSwitches`.
    type How<'a> = bool;

    fn merge(base: &Self, add: &Self, inherits: &bool) -> Self {
        if *inherits { base.clone() } else { add.clone() }
    }
}

/// What was written for a server; after [`merge`](ServerConf::merge) what holds there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerConf {
    /// `PerlOptions`, `LuaOptions`.
    pub options: ServerOptions,
    /// The settings. Those of directories are here too if they stand at server level.
    pub settings: Settings,
    /// `PerlSwitches`, `PerlTaintCheck`, `PerlWarn`.
    pub switches: Switches,
    /// `PerlRequire` or `LuaRequire` files that wait for the parent; they come before the modules.
    pub requires: OwnList<Queued>,
    /// `PerlModule` or `LuaModule` names that wait for the parent.
    pub modules: OwnList<Queued>,
    /// `PerlPostConfigRequire` files.
    pub post_config_requires: OwnList<Queued>,
    /// `PerlSetVar`, `PerlAddVar`, `LuaSetVar`, `LuaAddVar` at server level (also defaults of the directories).
    pub vars: ConfigVars,
    /// `PerlSetEnv` at server level (also defaults of the directories).
    pub set_env: Vars,
    /// `PerlPassEnv`, with the values found when the line was read.
    pub pass_env: Vars,
    /// Of a class: what its server says of the variables that it sets, too. Directories have these as their defaults.
    hidden_env: Vars,
    /// `<PerlInterpClass>`, `<LuaInterpClass>`.
    pub classes: Classes,
    /// `PerlClassLog`, `LuaClassLog`.
    pub log: Option<Arc<ClassLog>>,
    /// `PerlNetServer`: one at most.
    pub net_servers: OwnList<NetServer>,
    /// `PerlDBPool`.
    pub db_pools: DbPools,
    /// `PerlJob`, `LuaJob`.
    pub jobs: OwnList<Job>,
    /// `InterpDict`; in the main server's record alone.
    pub dicts: OwnList<DictConf>,
    language: Language,
    is_merged: bool,
    handlers: Handlers<SERVER_SLOTS>,
}

impl ServerConf {
    /// The record of a server in which nothing was written yet. `default()` is that of perl_module.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { language, ..Self::default() }
    }

    /// The language whose record it is.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The handlers of a phase; empty for a phase that is none of a server's. One indexed load.
    #[inline]
    #[must_use]
    pub fn handlers(&self, phase: Phase) -> &[Handler] {
        match phase.slot() {
            Slot::Server(slot) => self.handlers.get(slot as usize),
            Slot::Dir(_) => &[],
        }
    }

    /// Adds a handler at the end; false if the phase is none of a server's.
    pub fn push_handler(&mut self, phase: Phase, handler: Handler) -> bool {
        let Slot::Server(slot) = phase.slot() else { return false };
        self.handlers.push(slot as usize, handler);
        true
    }

    /// Replaces the handlers of a phase; false if the phase is none of a server's.
    pub fn set_handlers(&mut self, phase: Phase, handlers: Vec<Handler>) -> bool {
        let Slot::Server(slot) = phase.slot() else { return false };
        self.handlers.set(slot as usize, handlers);
        true
    }

    /// Every handler with its phase.
    pub fn all_handlers(&self) -> impl Iterator<Item = (Phase, &Handler)> {
        Phase::all().flat_map(|phase| self.handlers(phase).iter().map(move |h| (phase, h)))
    }

    /// Whether the module works for this server at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.options.is(ServerOption::Enable)
    }

    /// Whether a virtual host has its own parent interpreter.
    #[must_use]
    pub fn has_own_parent(&self) -> bool {
        self.options.is(ServerOption::Parent)
    }

    /// Whether a virtual host has its own tipool: `+Clone`, or `+Parent`, which implies it.
    #[must_use]
    pub fn has_own_tipool(&self) -> bool {
        self.options.is(ServerOption::Clone) || self.has_own_parent()
    }

    /// `PerlClassReloadOn`.
    #[must_use]
    pub fn reload_on(&self) -> ReloadOn {
        ReloadOn::of(self.settings.get(Key::ReloadOn))
    }

    /// `PerlClassErrorPage`.
    #[must_use]
    pub fn error_page(&self) -> ErrorPage {
        ErrorPage::of(self.settings.get(Key::ErrorPage))
    }

    /// `PerlClassReadAhead`, `LuaClassReadAhead`.
    #[inline]
    #[must_use]
    pub fn reads_ahead(&self) -> bool {
        ReadAhead::of(self.settings.get(Key::ReadAhead)) == ReadAhead::On
    }

    /// `PerlClassIdentity`.
    #[must_use]
    pub fn identity(&self) -> ClassIdentity {
        ClassIdentity::of(self.settings.get(Key::ClassIdentity))
    }

    /// `PerlClassCGIHeader`.
    #[must_use]
    pub fn cgi_header(&self) -> CgiHeader {
        CgiHeader::of(self.settings.get(Key::CgiHeader))
    }

    /// The variables that a directory sets here, without those that are no more than the server's, which a class has replaced.
    pub fn env_of_dir<'a>(&'a self, dir: &'a DirConf) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        dir.set_env.iter().filter(|(name, value)| self.hidden_env.get(name) != Some(value))
    }

    /// What `PerlDBPool` needs in the parent.
    #[must_use]
    pub fn db_pool_module(&self) -> Option<Queued> {
        let at = self.db_pools.first()?.at.clone();
        Some(Queued { what: What::Module, name: (*b"ModInterp::DBPool").into(), directive: "PerlDBPool", at })
    }

    /// `LuaRoot` at server level, an absolute path.
    #[must_use]
    pub fn root(&self) -> Option<&Arc<[u8]>> {
        dir::root(&self.settings)
    }

    /// What holds in a class of this server: each thing that its lines do not say is the server's. Start-up code of the server, which may change
    /// the server itself, does not run again in it. The class has its own parent exactly
    /// where something is to be in it that other interpreters of the server must not have, or where a line says so.
    #[must_use]
    pub fn of_class(&self, class: &Self) -> Self {
        let starts = !(class.requires.is_empty() && class.modules.is_empty());
        let parent =
            class.has_own_parent() || !class.switches.is_empty() || starts || !class.post_config_requires.is_empty();
        let mut options = ServerOptions::merge(&self.options, &class.options, &());
        options.put(ServerOption::Clone, true);
        options.put(ServerOption::Parent, parent);
        let mut hidden_env = Vars::default();
        for (name, value) in self.set_env.iter().filter(|(name, _)| class.set_env.get(name).is_some()) {
            hidden_env.set(name, value);
        }
        Self {
            options,
            settings: Settings::within(&self.settings, &class.settings),
            switches: match (parent, class.switches.is_empty()) {
                (false, _) => Switches::default(),
                (true, true) => self.switches.clone(),
                (true, false) => class.switches.clone(),
            },
            requires: class.requires.clone(),
            modules: class.modules.clone(),
            post_config_requires: class.post_config_requires.clone(),
            vars: self.vars.clone(),
            set_env: Vars::merge(&self.set_env, &class.set_env, &()),
            pass_env: Vars::merge(&self.pass_env, &class.pass_env, &()),
            hidden_env,
            classes: Classes::default(),
            log: Merges::merge(&self.log, &class.log, &()),
            net_servers: OwnList::default(),
            db_pools: DbPools::merge(&self.db_pools, &class.db_pools, &()),
            jobs: class.jobs.clone(),
            dicts: OwnList::default(),
            language: self.language,
            is_merged: true,
            handlers: Handlers::merge(&self.handlers, &class.handlers, &self.options.is(ServerOption::MergeHandlers)),
        }
    }

    fn written(&self) -> Written<'_> {
        Written { language: self.language, settings: &self.settings }
    }

    /// The numbers of `PerlInterp*` or `LuaInterp*` that hold, given the server's `Timeout`.
    #[must_use]
    pub fn limits(&self, server_timeout: Duration) -> Limits {
        self.written().limits(server_timeout)
    }

    /// Why interpreters that hold so many bytes at their beginning cannot start; see [`Written::lacks_memory`].
    #[must_use]
    pub fn lacks_memory(&self, used: usize) -> Option<String> {
        self.written().lacks_memory(used)
    }

    /// Why requests will come to wait for each other with these numbers; see [`Written::invites_waiting`].
    #[must_use]
    pub fn invites_waiting(&self, threads: usize, beside: Option<(Language, usize)>) -> Option<String> {
        self.written().invites_waiting(threads, beside)
    }

    /// Lines of this server that contradict each other or are of no effect, one message each, for the log at level
    /// warn: such a server starts, with values put in order by [`limits`](ServerConf::limits). To be asked of merged
    /// records, when the configuration is complete.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut found = self.written().contradictions();
        if self.is_merged && self.settings.has_numbers() && !self.has_own_tipool() {
            let (at, name) = (self.written().place(), self.language.name());
            found.push(format!(
                "{name}Interp*: these numbers have no effect in a <VirtualHost> that shares the main server's interpreters: \
                 {name}Options +Clone gives it its own{at}"
            ));
        }
        if self.is_merged && !self.switches.is_empty() && !self.has_own_parent() {
            found.push("PerlSwitches: this line has no effect in a <VirtualHost> without PerlOptions +Parent".into());
        }
        found
    }

    /// What holds in a virtual host. Queues and switches are the host's own (they ran, or run, for the main server
    /// anyway); switches are the main server's under `InheritSwitches`.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        let options = ServerOptions::merge(&base.options, &add.options, &());
        Self {
            options,
            settings: Settings::merge(&base.settings, &add.settings),
            switches: Switches::merge(&base.switches, &add.switches, &add.options.is(ServerOption::InheritSwitches)),
            requires: OwnList::merge(&base.requires, &add.requires, &()),
            modules: OwnList::merge(&base.modules, &add.modules, &()),
            post_config_requires: OwnList::merge(&base.post_config_requires, &add.post_config_requires, &()),
            vars: ConfigVars::merge(&base.vars, &add.vars, &()),
            set_env: Vars::merge(&base.set_env, &add.set_env, &()),
            pass_env: Vars::merge(&base.pass_env, &add.pass_env, &()),
            hidden_env: Vars::default(),
            classes: Classes::merge(&base.classes, &add.classes, &()),
            log: Merges::merge(&base.log, &add.log, &()),
            net_servers: OwnList::merge(&base.net_servers, &add.net_servers, &()),
            db_pools: DbPools::merge(&base.db_pools, &add.db_pools, &()),
            jobs: OwnList::merge(&base.jobs, &add.jobs, &()),
            dicts: OwnList::merge(&base.dicts, &add.dicts, &()),
            language: add.language,
            is_merged: true,
            handlers: Handlers::merge(&base.handlers, &add.handlers, &options.is(ServerOption::MergeHandlers)),
        }
    }
}

/// The log of a server or class in place of `ErrorLog`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassLog {
    /// As written: a file, or a program behind `|`.
    pub path: Box<[u8]>,
    /// The line.
    pub at: Where,
}

/// A class, as its section says it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClassConf {
    /// Its name.
    pub name: Arc<str>,
    /// The line that opens its section.
    pub at: Where,
    /// `PerlClassLocation`: how the paths of its scripts begin.
    pub locations: Vec<Box<[u8]>>,
    /// What the lines within say; they are lines of a server.
    pub conf: ServerConf,
}

/// The classes of a server. A virtual host has those of the main server, too; its own hides one of the same name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Classes {
    all: Vec<Arc<ClassConf>>,
    /// So many of them, the first, are the server's own.
    own: usize,
}

impl Classes {
    /// All, the server's own first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ClassConf>> {
        self.all.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<ClassConf>> {
        self.iter().find(|class| &*class.name == name)
    }

    /// The one of this name, to be changed while the configuration is read.
    #[must_use]
    pub fn find_mut(&mut self, name: &str) -> Option<&mut ClassConf> {
        self.all.iter_mut().find(|class| &*class.name == name).map(Arc::make_mut)
    }

    /// Whether this one is the server's own.
    #[must_use]
    pub fn is_own(&self, class: &Arc<ClassConf>) -> bool {
        self.all.iter().take(self.own).any(|own| Arc::ptr_eq(own, class))
    }

    pub(crate) fn push(&mut self, class: ClassConf) {
        self.all.push(Arc::new(class));
        self.own = self.all.len();
    }
}

impl Merges for Classes {
    const MERGE: Merge = Merge::Overlap;
    type How<'a> = ();

    fn merge(base: &Self, add: &Self, _: &()) -> Self {
        let inherited = base.iter().filter(|class| add.find(&class.name).is_none());
        Self { all: add.iter().chain(inherited).cloned().collect(), own: add.all.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choices::LeaseScope;
    use crate::flags::signed;
    use crate::options::server_option;
    use crate::value::SettingValue;

    fn server(options: &[&str], handlers: &[&str]) -> ServerConf {
        let mut conf = ServerConf::default();
        for option in options {
            let (sign, name) = signed(option.as_bytes());
            conf.options.set(sign, server_option(Language::Perl, name).unwrap());
        }
        for name in handlers {
            assert!(conf.push_handler(Phase::Trans, Handler::new(name.as_bytes(), Where::default()).unwrap()));
        }
        conf
    }

    fn names(conf: &ServerConf) -> Vec<String> {
        conf.handlers(Phase::Trans).iter().map(Handler::display_name).collect()
    }

    fn queued(name: &str) -> Queued {
        Queued { what: What::Module, name: name.as_bytes().into(), directive: "PerlModule", at: Where::default() }
    }

    #[test]
    fn a_virtual_host_replaces_handlers_or_joins_them() {
        assert_eq!(names(&ServerConf::merge(&server(&[], &["A", "B"]), &server(&[], &["C"]))), ["C"]);
        assert_eq!(names(&ServerConf::merge(&server(&[], &["A", "B"]), &server(&[], &[]))), ["A", "B"]);
        let joined = ServerConf::merge(&server(&["+MergeHandlers"], &["A", "B"]), &server(&[], &["C", "D"]));
        assert_eq!(names(&joined), ["A", "B", "C", "D"]);
    }

    #[test]
    fn queues_are_the_virtual_hosts_own() {
        let (mut base, mut add) = (ServerConf::default(), ServerConf::default());
        base.modules.push(queued("Base"));
        base.requires.push(queued("base.pl"));
        base.post_config_requires.push(queued("base_post.pl"));
        let merged = ServerConf::merge(&base, &add);
        assert!(merged.modules.is_empty() && merged.requires.is_empty() && merged.post_config_requires.is_empty());
        add.modules.push(queued("Own"));
        assert_eq!(*ServerConf::merge(&base, &add).modules, [queued("Own")]);
    }

    #[test]
    fn switches_are_the_virtual_hosts_own_unless_inherited() {
        let (mut base, mut add) = (ServerConf::default(), server(&["+Parent"], &[]));
        base.switches.push(b"-w", &Where::default(), false).unwrap();
        add.switches.push(b"-T", &Where::default(), false).unwrap();
        assert!(ServerConf::merge(&base, &add).switches.iter().eq([b"-T"]));
        for word in ["+InheritSwitches", "InheritSwitches"] {
            let add = ServerConf { switches: add.switches.clone(), ..server(&["+Parent", word], &[]) };
            assert!(ServerConf::merge(&base, &add).switches.iter().eq([b"-w"]), "{word}");
        }
    }

    #[test]
    fn variables_and_environment_merge_by_name() {
        let (mut base, mut add) = (ServerConf::default(), ServerConf::default());
        base.vars.set(b"v", b"1");
        base.set_env.set(b"E", b"1");
        base.pass_env.set(b"P", b"1");
        add.vars.add(b"v", b"2");
        add.set_env.set(b"E", b"2");
        let merged = ServerConf::merge(&base, &add);
        assert_eq!(merged.vars.vars().get_all(b"v").count(), 2);
        assert_eq!(merged.set_env.get(b"E"), Some(&b"2"[..]));
        assert_eq!(merged.pass_env.get(b"P"), Some(&b"1"[..]));
    }

    #[test]
    fn what_a_virtual_host_says_in_vain_is_reported() {
        let main = ServerConf::default();
        let mut host = server(&[], &[]);
        host.switches.push(b"-w", &Where::default(), false).unwrap();
        host.settings.set(Key::Max, SettingValue::Count(7), &Where::new("a.conf", 3));
        assert_eq!(host.check(), [] as [&str; 0], "not merged: this could be the main server");
        assert_eq!(
            ServerConf::merge(&main, &host).check(),
            [
                "PerlInterp*: these numbers have no effect in a <VirtualHost> that shares the main server's \
                 interpreters: PerlOptions +Clone gives it its own (a.conf:3)",
                "PerlSwitches: this line has no effect in a <VirtualHost> without PerlOptions +Parent",
            ]
        );
        host.options = server(&["+Parent"], &[]).options;
        assert_eq!(ServerConf::merge(&main, &host).check(), [] as [&str; 0]);
        let mut host = server(&[], &[]);
        host.settings.set(Key::Scope, SettingValue::Word(LeaseScope::Handler as u8), &Where::default());
        assert_eq!(ServerConf::merge(&main, &host).check(), [] as [&str; 0], "inherited settings work anywhere");
    }

    #[test]
    fn records_may_be_shared_by_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<ServerConf>();
        shared::<crate::DirConf>();
    }

    #[test]
    fn a_class_has_what_it_says_and_else_what_its_server_has() {
        let mut main = server(&["+Htaccess"], &["A"]);
        main.switches.push(b"-w", &Where::default(), false).unwrap();
        main.modules.push(queued("Base"));
        main.settings.set(Key::Max, SettingValue::Count(7), &Where::default());
        main.set_env.set(b"E", b"1");
        let mut class = ServerConf::default();
        let shared = main.of_class(&class);
        assert!(shared.has_own_tipool() && !shared.has_own_parent());
        assert_eq!(shared.settings.get(Key::Max), Some(&SettingValue::Count(7)), "numbers, too, unlike a virtual host");
        class.settings.set(Key::Max, SettingValue::Count(2), &Where::default());
        class.set_env.set(b"E", b"2");
        class.switches.push(b"-T", &Where::default(), false).unwrap();
        let own = main.of_class(&class);
        assert!(own.has_own_parent(), "switches need a parent");
        assert!(own.switches.iter().eq([b"-T"]));
        assert!(own.modules.is_empty(), "start-up code runs once, as with a virtual host's own parent");
        assert_eq!(own.settings.get(Key::Max), Some(&SettingValue::Count(2)));
        assert_eq!(own.set_env.get(b"E"), Some(&b"2"[..]));
        class.modules.push(queued("Own"));
        assert_eq!(*main.of_class(&class).modules, [queued("Own")]);
        let host = ServerConf::merge(&main, &server(&["+Parent"], &[]));
        assert!(!host.of_class(&ServerConf::default()).has_own_parent(), "it is the host that has one");
        assert_eq!(own.check(), [] as [&str; 0]);
    }

    #[test]
    fn a_parent_implies_a_tipool() {
        assert!(server(&["+Parent"], &[]).has_own_tipool());
        assert!(server(&["+Clone"], &[]).has_own_tipool());
        assert!(!server(&["+Clone"], &[]).has_own_parent());
        assert!(!server(&[], &[]).has_own_tipool());
        assert!(!ServerConf::merge(&server(&[], &[]), &server(&["-Enable"], &[])).is_enabled());
    }

    fn class(name: &str) -> ClassConf {
        ClassConf { name: name.into(), ..ClassConf::default() }
    }

    #[test]
    fn a_virtual_host_has_the_main_servers_classes_and_its_own_hide_them() {
        let (mut base, mut add) = (Classes::default(), Classes::default());
        base.push(class("a"));
        base.push(class("b"));
        add.push(ClassConf { at: Where::new("host.conf", 1), ..class("b") });
        let merged = Classes::merge(&base, &add, &());
        assert_eq!(merged.iter().map(|class| &*class.name).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(merged.find("b").unwrap().at.line, 1);
        assert!(Arc::ptr_eq(merged.find("a").unwrap(), base.find("a").unwrap()), "one class, wherever it is seen");
    }
}
