//! The record of a server: what stands outside of sections, for the main server or in a `<VirtualHost>`. One form for
//! both languages; each module of httpd has its own records.

use std::sync::Arc;
use std::time::Duration;

use crate::handler::{Handler, Handlers, Where};
use crate::interp::{InterpConf, Limits};
use crate::options::{ServerOption, ServerOptions};
use crate::phases::{Language, Phase, SERVER_SLOTS, Slot};
use crate::vars::{ConfigVars, Vars};

/// A file or module to load, and the line that says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queued {
    /// File or module name, as written.
    pub name: Box<[u8]>,
    /// The line.
    pub at: Where,
}

/// What was written for a server; after [`merge`](ServerConf::merge) what holds there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerConf {
    /// `PerlOptions`, `LuaOptions`.
    pub options: ServerOptions,
    /// `PerlInterp*`, `LuaInterp*`; it knows which.
    pub interp: InterpConf,
    /// `PerlSwitches`, `PerlTaintCheck`, `PerlWarn`: perl's command line, without its first and last words.
    pub switches: Vec<Box<[u8]>>,
    /// `PerlRequire` or `LuaRequire` files that wait for the parent; they come before the modules.
    pub requires: Vec<Queued>,
    /// `PerlModule` or `LuaModule` names that wait for the parent.
    pub modules: Vec<Queued>,
    /// `PerlPostConfigRequire` files.
    pub post_config_requires: Vec<Queued>,
    /// `PerlSetVar`, `PerlAddVar`, `LuaSetVar`, `LuaAddVar` at server level (also defaults of the directories).
    pub vars: ConfigVars,
    /// `PerlSetEnv` at server level (also defaults of the directories).
    pub set_env: Vars,
    /// `PerlPassEnv`, with the values found when the line was read.
    pub pass_env: Vars,
    /// `LuaRoot` at server level (also the directories' default).
    pub root: Option<Arc<[u8]>>,
    is_merged: bool,
    handlers: Handlers<SERVER_SLOTS>,
}

impl ServerConf {
    /// The record of a server in which nothing was written yet. `default()` is that of perl_module.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { interp: InterpConf::new(language), ..Self::default() }
    }

    /// The language whose record it is.
    #[must_use]
    pub fn language(&self) -> Language {
        self.interp.language
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

    /// The same, to be kept beyond the record's life.
    #[must_use]
    pub fn shared_handlers(&self, phase: Phase) -> Option<Arc<[Handler]>> {
        match phase.slot() {
            Slot::Server(slot) => self.handlers.shared(slot as usize),
            Slot::Dir(_) => None,
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

    /// The numbers of `PerlInterp*` that hold, given the server's `Timeout`.
    #[must_use]
    pub fn limits(&self, server_timeout: Duration) -> Limits {
        self.interp.limits(server_timeout)
    }

    /// Lines of this server that contradict each other or are of no effect, one message each, for the log at level
    /// warn: such a server starts, with values put in order by [`limits`](ServerConf::limits). To be asked of merged
    /// records, when the configuration is complete.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut found = self.interp.check();
        if self.is_merged && self.interp.has_numbers() && !self.has_own_tipool() {
            let at = self.interp.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
            let name = self.language().name();
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
        let options = ServerOptions::merge(&base.options, &add.options);
        let inherits = add.options.is(ServerOption::InheritSwitches);
        Self {
            options,
            interp: InterpConf::merge(&base.interp, &add.interp),
            switches: if inherits { base.switches.clone() } else { add.switches.clone() },
            requires: add.requires.clone(),
            modules: add.modules.clone(),
            post_config_requires: add.post_config_requires.clone(),
            vars: ConfigVars::merge(&base.vars, &add.vars),
            set_env: Vars::overlap(&base.set_env, &add.set_env),
            pass_env: Vars::overlap(&base.pass_env, &add.pass_env),
            root: add.root.clone().or_else(|| base.root.clone()),
            is_merged: true,
            handlers: Handlers::merge(&base.handlers, &add.handlers, options.is(ServerOption::MergeHandlers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{server_option, signed};

    fn server(options: &[&str], handlers: &[&str]) -> ServerConf {
        let mut conf = ServerConf::default();
        for option in options {
            let (sign, name) = signed(option.as_bytes());
            conf.options.set(sign, server_option(name).unwrap());
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
        Queued { name: name.as_bytes().into(), at: Where::default() }
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
        assert_eq!(ServerConf::merge(&base, &add).modules, [queued("Own")]);
    }

    #[test]
    fn switches_are_the_virtual_hosts_own_unless_inherited() {
        let (mut base, mut add) = (ServerConf::default(), server(&["+Parent"], &[]));
        base.switches.push(b"-w".as_slice().into());
        add.switches.push(b"-T".as_slice().into());
        assert_eq!(ServerConf::merge(&base, &add).switches, [Box::from(&b"-T"[..])]);
        for word in ["+InheritSwitches", "InheritSwitches"] {
            let add = ServerConf { switches: add.switches.clone(), ..server(&["+Parent", word], &[]) };
            assert_eq!(ServerConf::merge(&base, &add).switches, [Box::from(&b"-w"[..])], "{word}");
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
        host.switches.push(b"-w".as_slice().into());
        host.interp.max = Some(7);
        host.interp.at = Some(Where::new("a.conf", 3));
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
        host.interp.scope = Some(crate::LeaseScope::Handler);
        assert_eq!(ServerConf::merge(&main, &host).check(), [] as [&str; 0], "inherited settings work anywhere");
    }

    #[test]
    fn records_may_be_shared_by_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<ServerConf>();
        shared::<crate::DirConf>();
    }

    #[test]
    fn a_parent_implies_a_tipool() {
        assert!(server(&["+Parent"], &[]).has_own_tipool());
        assert!(server(&["+Clone"], &[]).has_own_tipool());
        assert!(!server(&["+Clone"], &[]).has_own_parent());
        assert!(!server(&[], &[]).has_own_tipool());
        assert!(!ServerConf::merge(&server(&[], &[]), &server(&["-Enable"], &[])).is_enabled());
    }
}
