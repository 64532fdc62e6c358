//! What mod_lua's directives say for a directory, and how an inner scope joins it to the outer one.

use std::sync::Arc;

use lazy_static::lazy_static;

use crate::handler::{Handler, HandlerId, Handlers, Where, intern};
use crate::package::{self, Made, Package};
use crate::phases::{HOOK_SLOTS, Phase, Position};
use crate::script::{Script, has_groups, resolve};

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

/// `LuaCodeCache`: when a script's file is read again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CodeCache {
    /// When its time or size is another.
    #[default]
    Stat,
    /// Never.
    Forever,
    /// For every use.
    Never,
}

/// `LuaInherit`: how lists of an inner scope are joined to those of the outer one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Inherit {
    /// The outer one first.
    #[default]
    ParentFirst,
    /// The inner one first.
    ParentLast,
    /// Only the inner one.
    None,
}

impl Inherit {
    fn join<T: Clone>(self, base: &[T], add: &[T]) -> Vec<T> {
        match self {
            Inherit::ParentFirst => [base, add].concat(),
            Inherit::ParentLast => [add, base].concat(),
            Inherit::None => add.to_vec(),
        }
    }
}

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
}

/// Which way a filter is passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// What is read.
    Input,
    /// What is sent.
    Output,
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

/// What was written of mod_lua's directives for a directory; after a merge what holds there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LuaDir {
    /// `LuaScope`.
    pub scope: Option<ScriptScope>,
    /// `LuaCodeCache`.
    pub code_cache: Option<CodeCache>,
    /// `LuaInherit`.
    pub inherit: Option<Inherit>,
    /// `LuaRoot`, an absolute path.
    pub root: Option<Arc<[u8]>>,
    /// `LuaMapHandler`, in the order in which they are tried.
    pub maps: Vec<Arc<MapHandler>>,
    /// `LuaInputFilter`, `LuaOutputFilter`.
    pub filters: Vec<Arc<NamedFilter>>,
    /// Of a `.htaccess` that may choose no code: an outer `LuaInherit none` does not end at it what runs there.
    pub(crate) keeps_outer: bool,
    package: Option<Arc<Package>>,
    hooks: Handlers<HOOK_SLOTS>,
}

lazy_static! {
    static ref NO_PACKAGE: Arc<Package> = package::intern(&[], &[]);
    pub(crate) static ref NOTHING: LuaDir = LuaDir::default();
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
        phase.hook_slot(position).map_or(&[], |slot| self.hooks.get(slot))
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
        self.hooks.shared(phase.hook_slot(position)?)
    }

    /// Adds a hook at the end of its list; false if the phase has none there.
    pub fn push_hook(&mut self, phase: Phase, position: Position, handler: Handler) -> bool {
        let Some(slot) = phase.hook_slot(position) else { return false };
        self.hooks.push(slot, handler);
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
        self.package.as_ref().unwrap_or(&NO_PACKAGE)
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
        self.package = Some(package::intern(&paths, &cpaths));
    }

    /// The filter of a name: the first in the list, as mod_lua finds it.
    #[must_use]
    pub fn filter(&self, direction: Direction, name: &[u8]) -> Option<&Arc<NamedFilter>> {
        self.filters.iter().find(|f| f.direction == direction && f.name.eq_ignore_ascii_case(name))
    }

    /// What holds in an inner scope, as mod_lua merges: the inner `LuaInherit` if there is one, else the outer one, says
    /// how lists are joined; single values are inherited in any case.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        let inherit = add.inherit.or(base.inherit);
        let how = if add.keeps_outer { Inherit::ParentFirst } else { inherit.unwrap_or_default() };
        let root = add.root.clone().or_else(|| base.root.clone());
        let paths = |of: fn(&Package) -> &Vec<Arc<[u8]>>| -> Vec<Arc<[u8]>> {
            let joined = how.join(of(base.package()), of(add.package()));
            joined.iter().map(|path| bound(path, root.as_deref())).collect()
        };
        let package = match (&base.package, &add.package) {
            (None, None) => None,
            // Most often; a .htaccess merges in each request.
            (Some(outer), None) if how != Inherit::None && add.root.is_none() => Some(outer.clone()),
            _ => Some(package::intern(&paths(|p| &p.path), &paths(|p| &p.cpath))),
        };
        let hooks = match how {
            Inherit::ParentFirst => Handlers::chain(&base.hooks, &add.hooks),
            Inherit::ParentLast => Handlers::chain(&add.hooks, &base.hooks),
            Inherit::None => add.hooks.clone(),
        };
        Self {
            scope: add.scope.or(base.scope),
            code_cache: add.code_cache.or(base.code_cache),
            inherit,
            maps: how.join(&base.maps, &add.maps),
            filters: how.join(&base.filters, &add.filters),
            keeps_outer: base.keeps_outer && add.keeps_outer,
            package,
            root,
            hooks,
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

    fn dir(inherit: Option<Inherit>, name: &str) -> LuaDir {
        let mut dir = LuaDir { inherit, ..LuaDir::default() };
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

    #[test]
    fn lists_are_joined_as_the_inner_or_else_the_outer_inherit_says() {
        use Inherit::{None as Alone, ParentFirst, ParentLast};
        let first = ["outer:f", "outer:g", "inner:f", "inner:g"];
        let last = ["inner:f", "inner:g", "outer:f", "outer:g"];
        let alone = ["inner:f", "inner:g"];
        for (outer, inner, expected, found) in [
            (None, None, &first[..], "outer"),
            (None, Some(ParentFirst), &first, "outer"),
            (None, Some(ParentLast), &last, "inner"),
            (Some(ParentLast), None, &last, "inner"),
            (Some(ParentLast), Some(ParentFirst), &first, "outer"),
            (None, Some(Alone), &alone, "inner"),
            (Some(Alone), None, &alone, "inner"),
        ] {
            let merged = LuaDir::merge(&dir(outer, "outer"), &dir(inner, "inner"));
            assert_eq!(hooks(&merged), expected, "{outer:?} {inner:?}");
            assert_eq!(merged.inherit, inner.or(outer));
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
    fn single_values_are_inherited_whatever_inherit_says() {
        let base = LuaDir {
            scope: Some(ScriptScope::Server { min: 2, max: 3 }),
            code_cache: Some(CodeCache::Never),
            root: Some(b"/root".as_slice().into()),
            ..LuaDir::default()
        };
        let none = LuaDir { inherit: Some(Inherit::None), ..LuaDir::default() };
        let merged = LuaDir::merge(&base, &none);
        assert_eq!((merged.scope, merged.code_cache, &merged.root), (base.scope, base.code_cache, &base.root));
        let own = LuaDir { scope: Some(ScriptScope::Once), code_cache: Some(CodeCache::Stat), ..LuaDir::default() };
        let merged = LuaDir::merge(&base, &own);
        assert_eq!((merged.scope, merged.code_cache), (own.scope, own.code_cache));
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
        let mut add = LuaDir::default();
        add.push_path(false, b"lib/?.lua", None);
        assert_eq!(path(&add), "lib/?.lua");
        let base = LuaDir { root: Some(b"/root".as_slice().into()), ..LuaDir::default() };
        assert_eq!(path(&LuaDir::merge(&base, &add)), "/root/lib/?.lua");
        let mut early = LuaDir::default();
        early.push_path(false, b"lib/?.lua", Some(b"/first"));
        assert_eq!(path(&LuaDir::merge(&base, &early)), "/first/lib/?.lua");
    }

    #[test]
    fn equal_paths_have_equal_numbers_wherever_they_are_written() {
        let (a, b) = (dir(None, "same"), dir(None, "same"));
        assert_eq!(a.package().id, b.package().id);
        assert_ne!(a.package().id, LuaDir::default().package().id);
        let merged = LuaDir::merge(&a, &LuaDir::default());
        assert_eq!(merged.package().id, a.package().id);
    }
}
