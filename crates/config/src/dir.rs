//! The record of a directory: what stands in `<Directory>`, `<Location>`, `<Files>`, `.htaccess`, and, as defaults,
//! at server level. One form for both languages; each module of httpd has its own records.

use std::sync::Arc;

use lazy_static::lazy_static;

use crate::choices::{CodeCache, Inherit};
use crate::classes::ClassRef;
use crate::flags::DirOptions;
use crate::handler::{Handler, Handlers};
use crate::hooks::Position;
use crate::lua_dir::{How, LuaDir, NOTHING};
use crate::options::DirOption;
use crate::phases::Phase;
use crate::settings::{Key, Settings};
use crate::slots::{DIR_SLOTS, Slot};
use crate::value::{ScriptScope, SettingValue};
use crate::vars::{ConfigVars, Vars};
use crate::vocabulary::Merges;

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
    /// `PerlUseClass`, `LuaUseClass`.
    pub class: Option<Arc<ClassRef>>,
    /// Settings that a directory may have.
    pub settings: Settings,
    pub(crate) handlers: Handlers<DIR_SLOTS>,
    lua: Option<Arc<LuaDir>>,
    /// Of a `.htaccess` that may choose no code: an outer `LuaInherit none` does not end at it what runs there.
    keeps_outer: bool,
}

lazy_static! {
    static ref EMPTY: DirConf = DirConf::default();
}

impl DirConf {
    /// Where no record is: that nothing was written.
    #[must_use]
    pub fn nothing() -> &'static DirConf {
        &EMPTY
    }

    /// The handlers of a phase; empty for a phase that is none of a directory's. One indexed load.
    #[inline]
    #[must_use]
    pub fn handlers(&self, phase: Phase) -> &[Handler] {
        match phase.slot() {
            Slot::Dir(slot) => self.handlers.get(slot as usize),
            Slot::Server(_) => &[],
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
        self.keeps_outer = self.says_how_to_join();
    }

    /// Whether a line stands here for which mod_lua would have made a record: only then is there anything to join.
    fn says_how_to_join(&self) -> bool {
        self.lua.is_some() || !self.settings.is_empty()
    }

    /// `LuaScope`.
    #[inline]
    #[must_use]
    pub fn script_scope(&self) -> ScriptScope {
        ScriptScope::of(self.settings.get(Key::ScriptScope))
    }

    /// `LuaCodeCache`.
    #[inline]
    #[must_use]
    pub fn code_cache(&self) -> CodeCache {
        CodeCache::of(self.settings.get(Key::CodeCache))
    }

    /// `LuaRoot`, an absolute path.
    #[must_use]
    pub fn root(&self) -> Option<&Arc<[u8]>> {
        root(&self.settings)
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
        let options = DirOptions::merge(&base.options, &add.options, &());
        let settings = Settings::merge(&base.settings, &add.settings);
        let lua = match (&base.lua, &add.lua) {
            (None, None) => None,
            (Some(base), _) if !add.says_how_to_join() => Some(base.clone()),
            (base, inner) => {
                let inherit = match add.keeps_outer {
                    true => Inherit::ParentFirst,
                    false => Inherit::of(settings.get(Key::Inherit)),
                };
                let has_own_root = add.root().is_some();
                let how = How { inherit, root: root(&settings).map(|root| &**root), has_own_root };
                let or_nothing = |lua: &Option<Arc<LuaDir>>| lua.clone().unwrap_or_else(|| NOTHING.clone());
                Some(Arc::new(LuaDir::merge(&or_nothing(base), &or_nothing(inner), &how)))
            }
        };
        let keeps_outer = match (base.says_how_to_join(), add.says_how_to_join()) {
            (true, true) => base.keeps_outer && add.keeps_outer,
            (true, false) => base.keeps_outer,
            (false, _) => add.keeps_outer,
        };
        Self {
            options,
            vars: ConfigVars::merge(&base.vars, &add.vars, &()),
            set_env: Vars::merge(&base.set_env, &add.set_env, &()),
            class: Option::merge(&base.class, &add.class, &()),
            location: add.location.clone().or_else(|| base.location.clone()),
            settings,
            handlers: Handlers::merge(&base.handlers, &add.handlers, &options.is(DirOption::MergeHandlers)),
            lua,
            keeps_outer,
        }
    }
}

/// `LuaRoot`.
pub(crate) fn root(settings: &Settings) -> Option<&Arc<[u8]>> {
    match settings.get(Key::Root) {
        Some(SettingValue::Path(path)) => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::signed;
    use crate::options::dir_option;
    use crate::place::Where;
    use crate::vocabulary::Language;

    fn dir(option: &str, names: &[&str]) -> DirConf {
        let mut dir = DirConf::default();
        if !option.is_empty() {
            let (sign, name) = signed(option.as_bytes());
            dir.options.set(sign, dir_option(Language::Perl, name).unwrap());
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
