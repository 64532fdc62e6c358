//! What mod_lua's directives name for a directory, and how an inner scope joins it to the outer one: by `LuaInherit`.

use std::sync::Arc;

use lazy_static::lazy_static;

use crate::choices::Inherit;
use crate::handler::{Handler, Handlers};
use crate::hooks::Position;
use crate::lists::JoinedList;
use crate::names::{HandlerId, intern};
use crate::package::{self, Made, Package};
use crate::phases::Phase;
use crate::place::Where;
use crate::script::{Script, Source, has_groups, resolve};
use crate::slots::HOOK_SLOTS;
use crate::vocabulary::{Merge, Merges};

/// `LuaMapHandler`.
#[derive(PartialEq, Eq, Debug)]
pub struct MapHandler {
    /// Equal for equal lines, for as long as the process lives; numbers are shared with handlers.
    pub id: HandlerId,
    /// A regular expression for the URI, as written.
    pub pattern: Arc<[u8]>,
    /// File and function, which may name groups of the pattern: see [`interpolate`](crate::script::interpolate).
    pub script: Arc<Script>,
    /// The file, where it is the same for every address and every directory.
    pub path: Option<Box<[u8]>>,
    /// The function's name has no group.
    pub is_literal: bool,
    /// The line.
    pub at: Where,
    /// What the host makes of the pattern, once.
    pub made: Made,
}

impl MapHandler {
    /// From a line.
    #[must_use]
    pub fn new(pattern: &[u8], file: &[u8], function: &[u8], at: Where) -> Self {
        let id = intern(&[pattern, file, function].join(&b'\0'));
        let path = (file.starts_with(b"/") && !has_groups(file)).then(|| resolve(None, b"", file).into());
        let script = Arc::new(Script::file(file, function));
        let is_literal = !has_groups(function);
        Self { id, pattern: pattern.into(), script, path, is_literal, at, made: Made::default() }
    }

    /// The script as a handler that can be looked for at start-up; `None` if the file depends on the address. Where only the function
    /// does, the handler's function is "".
    #[must_use]
    pub fn as_handler(&self) -> Option<Handler> {
        let Source::File(file) = &self.script.source else { return None };
        let function = self.script.function.as_deref().filter(|_| self.is_literal).unwrap_or_default();
        (!has_groups(file)).then(|| Handler::of_hook(Script::file(file, function), self.at.clone()))
    }
}

/// Which way a filter is passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// What is read.
    Input,
    /// What is sent.
    Output,
}

impl Direction {
    /// The directive that makes such a filter.
    #[must_use]
    pub const fn directive(self) -> &'static str {
        match self {
            Direction::Input => "LuaInputFilter",
            Direction::Output => "LuaOutputFilter",
        }
    }
}

/// `LuaInputFilter`, `LuaOutputFilter`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedFilter {
    /// For `SetInputFilter` and the like, which do not regard case.
    pub name: Arc<[u8]>,
    /// Which of the two directives.
    pub direction: Direction,
    /// File and function.
    pub script: Arc<Script>,
    /// The line.
    pub at: Where,
}

impl NamedFilter {
    /// The script as a handler that can be looked for at start-up.
    #[must_use]
    pub fn as_handler(&self) -> Handler {
        Handler::of_hook((*self.script).clone(), self.at.clone())
    }
}

/// Lists of mod_lua's hooks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Hooks(Handlers<HOOK_SLOTS>);

impl Merges for Hooks {
    const MERGE: Merge = Merge::Joined;
    type How<'a> = Inherit;

    fn merge(base: &Self, add: &Self, how: &Inherit) -> Self {
        match how {
            Inherit::ParentFirst => Self(Handlers::chain(&base.0, &add.0)),
            Inherit::ParentLast => Self(Handlers::chain(&add.0, &base.0)),
            Inherit::None => add.clone(),
        }
    }
}

/// Where `require` looks, if any line says so.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Paths(Option<Arc<Package>>);

/// How lists of mod_lua's directives are merged.
pub(crate) struct How<'a> {
    /// How lists are joined.
    pub(crate) inherit: Inherit,
    /// The folder that holds in the merged scope, for paths that are relative.
    pub(crate) root: Option<&'a [u8]>,
    /// Whether the inner scope says which folder that is.
    pub(crate) has_own_root: bool,
}

impl Paths {
    fn get(&self) -> &Arc<Package> {
        self.0.as_ref().unwrap_or(&NO_PACKAGE)
    }
}

impl Merges for Paths {
    const MERGE: Merge = Merge::Joined;
    type How<'a> = How<'a>;

    fn merge(base: &Self, add: &Self, how: &How<'_>) -> Self {
        let paths = |of: fn(&Package) -> &Vec<Arc<[u8]>>| -> Vec<Arc<[u8]>> {
            let joined = how.inherit.join(of(base.get()), of(add.get()));
            joined.iter().map(|path| bound(path, how.root)).collect()
        };
        Self(match (&base.0, &add.0) {
            (None, None) => None,
            // Most often; a .htaccess merges in each request.
            (Some(outer), None) if how.inherit != Inherit::None && !how.has_own_root => Some(outer.clone()),
            _ => Some(package::intern(&paths(|p| &p.path), &paths(|p| &p.cpath))),
        })
    }
}

/// What was written of mod_lua's directives for a directory; after a merge what holds there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LuaDir {
    /// `LuaMapHandler`, in the order in which they are tried.
    pub maps: JoinedList<Arc<MapHandler>>,
    /// `LuaInputFilter`, `LuaOutputFilter`.
    pub filters: JoinedList<Arc<NamedFilter>>,
    pub(crate) paths: Paths,
    pub(crate) hooks: Hooks,
}

lazy_static! {
    static ref NO_PACKAGE: Arc<Package> = package::intern(&[], &[]);
    pub(crate) static ref NOTHING: Arc<LuaDir> = Arc::default();
}

impl LuaDir {
    /// Where no record is: that nothing was written.
    #[must_use]
    pub fn nothing() -> &'static LuaDir {
        &NOTHING
    }

    /// The hooks of a phase at a position. One indexed load.
    #[inline]
    #[must_use]
    pub fn hooks(&self, phase: Phase, position: Position) -> &[Handler] {
        phase.hook_slot(position).map_or(&[], |slot| self.hooks.0.get(slot))
    }

    /// Whether a phase has any hook. Three indexed loads.
    #[inline]
    #[must_use]
    pub fn has_hooks(&self, phase: Phase) -> bool {
        Position::HOOKS.iter().any(|position| !self.hooks(phase, *position).is_empty())
    }

    /// The hooks of a phase at a position, to be kept beyond the record's life.
    #[must_use]
    pub fn shared_hooks(&self, phase: Phase, position: Position) -> Option<Arc<[Handler]>> {
        self.hooks.0.shared(phase.hook_slot(position)?)
    }

    /// Adds a hook at the end of its list; false if the phase has none there.
    pub fn push_hook(&mut self, phase: Phase, position: Position, handler: Handler) -> bool {
        let Some(slot) = phase.hook_slot(position) else { return false };
        self.hooks.0.push(slot, handler);
        true
    }

    /// Every hook of every list.
    pub fn all_hooks(&self) -> impl Iterator<Item = (Phase, Position, &Handler)> {
        Phase::all()
            .flat_map(|phase| Position::HOOKS.map(move |position| (phase, position)))
            .flat_map(|(phase, position)| self.hooks(phase, position).iter().map(move |h| (phase, position, h)))
    }

    /// Where `require` looks.
    #[must_use]
    pub fn package(&self) -> &Arc<Package> {
        self.paths.get()
    }

    /// Adds a path to where `require` looks; `root` is what a relative one lies below, if that is known already.
    pub(crate) fn push_path(&mut self, is_c: bool, path: &[u8], root: Option<&[u8]>) {
        let path: Arc<[u8]> = bound(&path.into(), root);
        let package = self.package();
        let (mut paths, mut cpaths) = (package.path.clone(), package.cpath.clone());
        if is_c {
            cpaths.push(path)
        } else {
            paths.push(path)
        }
        self.paths = Paths(Some(package::intern(&paths, &cpaths)));
    }

    /// The filter of a name: the first in the list, as mod_lua finds it.
    #[must_use]
    pub fn filter(&self, direction: Direction, name: &[u8]) -> Option<&Arc<NamedFilter>> {
        self.filters.iter().find(|f| f.direction == direction && f.name.eq_ignore_ascii_case(name))
    }

    /// What holds in an inner scope, as mod_lua merges.
    pub(crate) fn merge(base: &Self, add: &Self, how: &How<'_>) -> Self {
        Self {
            maps: JoinedList::merge(&base.maps, &add.maps, &how.inherit),
            filters: JoinedList::merge(&base.filters, &add.filters, &how.inherit),
            paths: Paths::merge(&base.paths, &add.paths, how),
            hooks: Hooks::merge(&base.hooks, &add.hooks, &how.inherit),
        }
    }
}

/// A path below the root, if it is relative and there is a root.
fn bound(path: &Arc<[u8]>, root: Option<&[u8]>) -> Arc<[u8]> {
    match root {
        Some(root) if !path.starts_with(b"/") => Arc::from(&*resolve(Some(root), b"", path)),
        _ => path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(name: &str) -> LuaDir {
        let mut dir = LuaDir::default();
        let hook =
            |function: &str| Handler::of_hook(Script::file(name.as_bytes(), function.as_bytes()), Where::default());
        assert!(dir.push_hook(Phase::Trans, Position::Middle, hook("f")));
        assert!(dir.push_hook(Phase::Trans, Position::Middle, hook("g")));
        dir.push_path(false, format!("/{name}/?.lua").as_bytes(), None);
        dir.push_path(true, format!("/{name}/?.so").as_bytes(), None);
        dir.maps.push(Arc::new(MapHandler::new(b"/x", name.as_bytes(), b"handle", Where::default())));
        dir.filters.push(Arc::new(NamedFilter {
            name: b"F".as_slice().into(),
            direction: Direction::Output,
            script: Arc::new(Script::file(name.as_bytes(), b"filter")),
            at: Where::default(),
        }));
        dir
    }

    fn hooks(dir: &LuaDir) -> Vec<String> {
        dir.hooks(Phase::Trans, Position::Middle).iter().map(Handler::display_name).collect()
    }

    fn file(script: &Script) -> String {
        match &script.source {
            crate::script::Source::File(name) => String::from_utf8_lossy(name).into_owned(),
            other => format!("{other:?}"),
        }
    }

    fn merged(base: &LuaDir, add: &LuaDir, inherit: Inherit, root: Option<&[u8]>) -> LuaDir {
        LuaDir::merge(base, add, &How { inherit, root, has_own_root: false })
    }

    #[test]
    fn lists_are_joined_as_inherit_says() {
        use Inherit::{None as Alone, ParentFirst, ParentLast};
        for (how, expected, found) in [
            (ParentFirst, &["outer:f", "outer:g", "inner:f", "inner:g"][..], "outer"),
            (ParentLast, &["inner:f", "inner:g", "outer:f", "outer:g"], "inner"),
            (Alone, &["inner:f", "inner:g"], "inner"),
        ] {
            let merged = merged(&dir("outer"), &dir("inner"), how, None);
            assert_eq!(hooks(&merged), expected, "{how:?}");
            let names: Vec<&str> = expected.iter().step_by(2).map(|name| &name[..5]).collect();
            let of = |list: &[Arc<[u8]>], end: &str| -> Vec<String> {
                list.iter().map(|p| String::from_utf8_lossy(p).replace(end, "").replace('/', "")).collect()
            };
            assert_eq!(of(&merged.package().path, "?.lua"), names);
            assert_eq!(of(&merged.package().cpath, "?.so"), names);
            assert_eq!(merged.maps.iter().map(|m| file(&m.script)).collect::<Vec<_>>(), names);
            assert_eq!(merged.filter(Direction::Output, b"f").map(|f| file(&f.script)).as_deref(), Some(found));
            assert!(merged.filter(Direction::Input, b"f").is_none());
        }
    }

    #[test]
    fn positions_keep_their_own_lists() {
        let mut dir = LuaDir::default();
        let hook = |name: &str| Handler::of_hook(Script::file(name.as_bytes(), b"f"), Where::default());
        assert!(dir.push_hook(Phase::Fixup, Position::Late, hook("late")));
        assert!(dir.push_hook(Phase::Fixup, Position::Early, hook("early")));
        assert!(!dir.push_hook(Phase::Fixup, Position::Handlers, hook("no")));
        assert!(!dir.push_hook(Phase::Response, Position::Middle, hook("no")));
        let found: Vec<_> = dir.all_hooks().map(|(phase, position, h)| (phase, position, h.display_name())).collect();
        assert_eq!(
            found,
            [
                (Phase::Fixup, Position::Early, "early:f".to_owned()),
                (Phase::Fixup, Position::Late, "late:f".to_owned())
            ]
        );
        assert_eq!(dir.shared_hooks(Phase::Fixup, Position::Late).map(|list| list.len()), Some(1));
        assert!(dir.shared_hooks(Phase::Fixup, Position::Middle).is_none());
    }

    #[test]
    fn relative_paths_are_bound_to_the_first_root_that_is_known() {
        let path = |dir: &LuaDir| String::from_utf8_lossy(&dir.package().path[0]).into_owned();
        let (mut add, none) = (LuaDir::default(), LuaDir::default());
        add.push_path(false, b"lib/?.lua", None);
        assert_eq!(path(&add), "lib/?.lua");
        assert_eq!(path(&merged(&none, &add, Inherit::default(), Some(b"/root"))), "/root/lib/?.lua");
        let mut early = LuaDir::default();
        early.push_path(false, b"lib/?.lua", Some(b"/first"));
        assert_eq!(path(&merged(&none, &early, Inherit::default(), Some(b"/root"))), "/first/lib/?.lua");
    }

    #[test]
    fn equal_paths_have_equal_numbers_wherever_they_are_written() {
        let (a, b) = (dir("same"), dir("same"));
        assert_eq!(a.package().id, b.package().id);
        assert_ne!(a.package().id, LuaDir::default().package().id);
        assert_eq!(merged(&a, &LuaDir::default(), Inherit::default(), None).package().id, a.package().id);
    }
}
