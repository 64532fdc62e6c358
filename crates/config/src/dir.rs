//! The record of a directory: what stands in `<Directory>`, `<Location>`, `<Files>`, `.htaccess`, and, as defaults,
//! at server level. One form for both languages; each module of httpd has its own records.

use std::sync::Arc;

use crate::handler::{Handler, Handlers};
use crate::lua_dir::{LuaDir, NOTHING};
use crate::options::{DirOption, DirOptions};
use crate::phases::{DIR_SLOTS, Phase, Position, Slot};
use crate::vars::{ConfigVars, Vars};

/// What was written for a directory; after [`merge`](DirConf::merge) what holds there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirConf {
    /// `PerlOptions`, `LuaOptions`.
    pub options: DirOptions,
    /// `PerlSetVar`, `PerlAddVar`, `LuaSetVar`, `LuaAddVar`.
    pub vars: ConfigVars,
    /// `PerlSetEnv`.
    pub set_env: Vars,
    /// The section's argument, as httpd gives it when the record is made.
    pub location: Option<Arc<[u8]>>,
    handlers: Handlers<DIR_SLOTS>,
    lua: Option<Arc<LuaDir>>,
}

impl DirConf {
    /// The handlers of a phase; empty for a phase that is none of a directory's. One indexed load.
    #[inline]
    #[must_use]
    pub fn handlers(&self, phase: Phase) -> &[Handler] {
        match phase.slot() {
            Slot::Dir(slot) => self.handlers.get(slot as usize),
            Slot::Server(_) => &[],
        }
    }

    /// The same, to be kept beyond the record's life.
    #[must_use]
    pub fn shared_handlers(&self, phase: Phase) -> Option<Arc<[Handler]>> {
        match phase.slot() {
            Slot::Dir(slot) => self.handlers.shared(slot as usize),
            Slot::Server(_) => None,
        }
    }

    /// Adds a handler at the end; false if the phase is none of a directory's.
    pub fn push_handler(&mut self, phase: Phase, handler: Handler) -> bool {
        let Slot::Dir(slot) = phase.slot() else { return false };
        self.handlers.push(slot as usize, handler);
        true
    }

    /// Replaces the handlers of a phase; false if the phase is none of a directory's.
    pub fn set_handlers(&mut self, phase: Phase, handlers: Vec<Handler>) -> bool {
        let Slot::Dir(slot) = phase.slot() else { return false };
        self.handlers.set(slot as usize, handlers);
        true
    }

    /// Every handler with its phase.
    pub fn all_handlers(&self) -> impl Iterator<Item = (Phase, &Handler)> {
        Phase::all().flat_map(|phase| self.handlers(phase).iter().map(move |h| (phase, h)))
    }

    /// What mod_lua's directives say; where none was written, that nothing was.
    #[must_use]
    pub fn lua(&self) -> &LuaDir {
        self.lua.as_deref().unwrap_or(&NOTHING)
    }

    /// The same, to be changed.
    pub fn lua_mut(&mut self) -> &mut LuaDir {
        Arc::make_mut(self.lua.get_or_insert_default())
    }

    /// For a `.htaccess` that may choose no code: what the outer scope has written with `LuaInherit none` goes on running.
    pub(crate) fn keep_outer_code(&mut self) {
        if self.lua.is_some() {
            self.lua_mut().keeps_outer = true;
        }
    }

    /// mod_lua's hooks of a phase at a position.
    #[inline]
    #[must_use]
    pub fn hooks(&self, phase: Phase, position: Position) -> &[Handler] {
        self.lua.as_ref().map_or(&[], |lua| lua.hooks(phase, position))
    }

    /// Whether there is any of mod_lua's hooks of a phase.
    #[inline]
    #[must_use]
    pub fn has_hooks(&self, phase: Phase) -> bool {
        self.lua.as_ref().is_some_and(|lua| lua.has_hooks(phase))
    }

    /// Whether no phase has a handler, hooks of mod_lua aside.
    #[must_use]
    pub fn has_no_handlers(&self) -> bool {
        self.handlers.is_empty()
    }

    /// What holds in an inner scope. Whether handlers are joined is asked of the merged options, so an outer section
    /// can switch it on for its inner ones.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        let options = DirOptions::merge(&base.options, &add.options);
        Self {
            options,
            vars: ConfigVars::merge(&base.vars, &add.vars),
            set_env: Vars::overlap(&base.set_env, &add.set_env),
            location: add.location.clone().or_else(|| base.location.clone()),
            handlers: Handlers::merge(&base.handlers, &add.handlers, options.is(DirOption::MergeHandlers)),
            lua: match (&base.lua, &add.lua) {
                (Some(base), Some(add)) => Some(Arc::new(LuaDir::merge(base, add))),
                (base, add) => add.clone().or_else(|| base.clone()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Where;
    use crate::options::{dir_option, signed};

    fn dir(option: &str, names: &[&str]) -> DirConf {
        let mut dir = DirConf::default();
        if !option.is_empty() {
            let (sign, name) = signed(option.as_bytes());
            dir.options.set(sign, dir_option(name).unwrap());
        }
        for name in names {
            assert!(dir.push_handler(Phase::Fixup, Handler::new(name.as_bytes(), Where::default()).unwrap()));
        }
        dir
    }

    fn names(dir: &DirConf) -> Vec<String> {
        dir.handlers(Phase::Fixup).iter().map(Handler::display_name).collect()
    }

    #[test]
    fn a_section_replaces_the_handlers_of_the_outer_one() {
        assert_eq!(names(&DirConf::merge(&dir("", &["A", "B"]), &dir("", &["C"]))), ["C"]);
        assert_eq!(names(&DirConf::merge(&dir("", &["A", "B"]), &dir("", &[]))), ["A", "B"]);
    }

    #[test]
    fn merge_handlers_may_stand_in_either_section_and_be_taken_back() {
        assert_eq!(names(&DirConf::merge(&dir("+MergeHandlers", &["A", "B"]), &dir("", &["C"]))), ["A", "B", "C"]);
        assert_eq!(names(&DirConf::merge(&dir("", &["A", "B"]), &dir("+MergeHandlers", &["C"]))), ["A", "B", "C"]);
        assert_eq!(names(&DirConf::merge(&dir("+MergeHandlers", &["A"]), &dir("-MergeHandlers", &["C"]))), ["C"]);
        assert_eq!(names(&DirConf::merge(&dir("", &["A"]), &dir("MergeHandlers", &["C"]))), ["C"], "no sign: lost");
    }

    #[test]
    fn a_phase_of_the_server_has_no_handlers_in_a_directory() {
        let mut conf = DirConf::default();
        assert!(!conf.push_handler(Phase::Trans, Handler::new(b"A", Where::default()).unwrap()));
        assert!(conf.handlers(Phase::Trans).is_empty());
        assert!(conf.has_no_handlers());
    }

    #[test]
    fn the_inner_location_and_environment_win() {
        let (mut base, mut add) = (DirConf::default(), DirConf::default());
        base.location = Some(b"/a".as_slice().into());
        base.set_env.set(b"X", b"1");
        base.set_env.set(b"Y", b"1");
        assert_eq!(DirConf::merge(&base, &add).location.as_deref(), Some(&b"/a"[..]));
        add.location = Some(b"/a/b".as_slice().into());
        add.set_env.set(b"X", b"2");
        let merged = DirConf::merge(&base, &add);
        assert_eq!(merged.location.as_deref(), Some(&b"/a/b"[..]));
        assert_eq!((merged.set_env.get(b"X"), merged.set_env.get(b"Y")), (Some(&b"2"[..]), Some(&b"1"[..])));
    }
}
