//! A class and its rows: pure data, built by const functions. What an API offers is written here and nowhere else.
//!
//! ```ignore
//! // A file of a class.
//! pub static REQUEST_REC: Class = Class::of::<Request>(ROWS).parts(&[&request_io::PART]).doc("One request.");
//! static ROWS: &[Row] = &current([rw("status", Request::status, Request::set_status).doc("Status of the answer.")]);
//!
//! // A file of a module that brings more of it: `use Apache2::RequestIO ()`.
//! pub static PART: Part = Part::new("Apache2::RequestIO", ROWS);
//! static ROWS: &[Row] = &current([method("rflush()", rflush).doc("Sends what is held back.")]);
//! ```

use crate::{ApiFn, Need, Object, ObjectClass, Thunk};
use std::ptr;

/// What a parameter takes, what a value is (`enum mi_kind`, where each is explained).
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    None,
    Undef,
    Int,
    Num,
    Bool,
    Bytes,
    Obj,
    Any,
    Code,
    Out,
    Rest,
    Want,
    Name,
    List,
    Dual,
    Kept,
    This,
    Array,
    Hash,
    Codes,
    Autoflush,
    Place,
    Fields,
    Plain,
}

/// One parameter of a row, from its Rust type (`mi_param`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Class of an object, else null.
    pub class: *const ObjectClass,
    /// What it takes.
    pub kind: Kind,
    /// May be left out.
    pub optional: bool,
    /// Kind of each of the remaining arguments.
    pub elem: Kind,
    /// Its presence means that script code may run before the function returns.
    pub reenters: bool,
    /// `undef` is passed on as such.
    pub nullable: bool,
}

impl Param {
    /// The class of the object that it takes.
    pub fn object(&self) -> Option<&'static ObjectClass> {
        // SAFETY: null, or the address of a static (`Object::CLASS`).
        unsafe { self.class.as_ref() }
    }
}

/// How an engine lays the object out. What only one engine can do has a name here and a body there.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// The object itself.
    Scalar = 0,
    /// Perl: a hash tied to the object. Lua ignores it.
    Tied = 1,
}

/// What one Perl module brings of a class. Its functions stand in the file of its rows.
#[derive(Debug)]
pub struct Part {
    module: &'static str,
    rows: &'static [Row],
}

impl Part {
    /// The rows that `use module ()` brings in Perl. In Lua nothing has to be loaded.
    pub const fn new(module: &'static str, rows: &'static [Row]) -> Part {
        Part { module, rows }
    }
    /// Rows that only Lua has. One with the Lua name of another row takes its place there.
    pub const fn lua(rows: &'static [Row]) -> Part {
        let mut i = 0;
        while i < rows.len() {
            assert!(rows[i].is_lua_only(), "a row of this list is `.only(LUA)`");
            i += 1;
        }
        Part { module: "", rows }
    }
}

/// A package of functions, and mostly a kind of object.
#[derive(Debug)]
pub struct Class {
    name: &'static str,
    objects: Option<fn() -> &'static ObjectClass>,
    shape: Shape,
    own: Part,
    parts: &'static [&'static Part],
    isa: &'static str,
    doc: &'static str,
}

impl Class {
    /// The class of `T`'s objects.
    pub const fn of<T: Object>(rows: &'static [Row]) -> Class {
        Class { objects: Some(T::class), ..Class::new(T::NAME, rows) }
    }
    /// A package without objects.
    pub const fn new(name: &'static str, rows: &'static [Row]) -> Class {
        let own = Part::new(name, rows);
        Class { name, objects: None, shape: Shape::Scalar, own, parts: &[], isa: "", doc: "" }
    }
    /// See [`Shape`].
    pub const fn shape(mut self, shape: Shape) -> Class {
        self.shape = shape;
        self
    }
    /// The module that brings its own rows, where that is not called as the class.
    pub const fn module(mut self, module: &'static str) -> Class {
        self.own.module = module;
        self
    }
    /// More rows, which other modules bring, or which only Lua has.
    pub const fn parts(mut self, parts: &'static [&'static Part]) -> Class {
        self.parts = parts;
        self
    }
    /// The class it inherits from.
    pub const fn isa(mut self, parent: &'static str) -> Class {
        self.isa = parent;
        self
    }
    /// One sentence for docs/api.md.
    pub const fn doc(mut self, doc: &'static str) -> Class {
        self.doc = doc;
        self
    }
    /// `APR::Table`.
    pub const fn name(&self) -> &'static str {
        self.name
    }
    /// Its objects' class, as C sees it; `None` for a package without objects.
    pub fn objects(&self) -> Option<&'static ObjectClass> {
        self.objects.map(|class| class())
    }
    pub(crate) fn number(&self, id: u32) {
        if let Some(class) = self.objects() {
            class.register(id, self.shape as u32);
        }
    }
    fn all_parts(&'static self) -> impl Iterator<Item = &'static Part> + Clone {
        std::iter::once(&self.own).chain(self.parts.iter().copied())
    }
    /// Its rows, part by part.
    pub fn rows(&'static self) -> impl Iterator<Item = &'static Row> + Clone {
        self.all_parts().flat_map(|part| part.rows)
    }
    /// The rows that are bound in `lang` ([`PERL`], [`LUA`]): in Lua a row that only Lua has wins over another of its name.
    pub fn rows_of(&'static self, lang: u8) -> impl Iterator<Item = &'static Row> {
        self.rows().filter(move |row| row.is_for(lang) && (lang != LUA || self.wins_in_lua(row)))
    }
    fn wins_in_lua(&'static self, row: &Row) -> bool {
        row.is_lua_only() || !self.rows().any(|own| own.is_lua_only() && own.lua_name() == row.lua_name())
    }
    /// Name of the class it inherits from, or empty.
    pub fn parent(&self) -> &'static str {
        self.isa
    }
    /// See [`Shape`].
    pub fn layout(&self) -> Shape {
        self.shape
    }
    /// The module that brings `row`: `Apache2::RequestIO` for `Apache2::RequestRec::print`. `None` for another class's row.
    pub fn module_of(&'static self, row: &Row) -> Option<&'static str> {
        let part = self.all_parts().find(|part| part.rows.as_ptr_range().contains(&ptr::from_ref(row)))?;
        Some(if part.module.is_empty() { self.name } else { part.module })
    }
    /// One sentence for docs/api.md.
    pub fn about(&self) -> &'static str {
        self.doc
    }
}

/// How a row is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowKind {
    /// Field that is read.
    Ro,
    /// Field that is read and set.
    Rw,
    /// On an object.
    Method,
    /// On the class.
    ClassMethod,
    /// Neither.
    Function,
}

/// Bit of [`Row::only`]: bound in Perl.
pub const PERL: u8 = 1;
/// Bit of [`Row::only`]: bound in Lua.
pub const LUA: u8 = 2;

pub(crate) const REENTERS: u8 = 1;
pub(crate) const CURRENT: u8 = 2;
pub(crate) const ENDING: u8 = 4;
pub(crate) const LOOSE: u8 = 8;
pub(crate) const NEEDS: u8 = 16;
pub(crate) const ANYWHERE: u8 = 32;
/// `max` of a row that takes any number of arguments.
pub(crate) const MANY: u8 = 255;

/// One name a script can use (head: `mi_row`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Row {
    params: *const Param,
    nparams: u8,
    min: u8,
    max: u8,
    flags: u8,
    has_this: bool,
    kind: RowKind,
    langs: u8,
    pub(crate) thunk: Thunk,
    pub(crate) set: Option<Thunk>,
    needs: &'static [&'static Need],
    sig: &'static str,
    lua: &'static str,
    doc: &'static str,
    result: &'static str,
}

// SAFETY: the pointer is to a 'static table that nobody writes.
unsafe impl Sync for Row {}
// SAFETY: as above.
unsafe impl Send for Row {}

impl Row {
    const fn new<F: ApiFn<S>, S>(kind: RowKind, sig: &'static str, has_this: bool) -> Row {
        let p = F::PARAMS;
        let (mut min, mut max, mut i, mut flags) = (0u8, 0u8, 0, 0);
        while i < p.len() {
            match p[i].kind {
                Kind::Want => {}
                Kind::Rest => max = MANY,
                _ => {
                    assert!(max != MANY, "nothing can follow the remaining arguments");
                    max += 1;
                    if !p[i].optional {
                        assert!(min == max - 1, "a parameter behind an optional one must be optional");
                        min = max;
                    }
                }
            }
            if p[i].reenters {
                flags |= REENTERS;
            }
            i += 1;
        }
        assert!(!has_this || min > 0, "the first parameter is the invocant");
        let (names, optional) = words(sig);
        if names != u8::MAX {
            let count = if max == MANY { fixed(p) + 1 } else { max } - has_this as u8;
            assert!(names == count, "signature text and function differ in the number of parameters");
            let may_be_left_out = if max == MANY { fixed(p) } else { max } - min;
            assert!(optional == may_be_left_out, "signature text and function differ in which parameters are optional");
        }
        Row {
            params: p.as_ptr(),
            nparams: p.len() as u8,
            min,
            max,
            flags,
            has_this,
            kind,
            langs: PERL | LUA,
            thunk: F::THUNK,
            set: None,
            needs: &[],
            sig,
            lua: "",
            doc: "",
            result: F::RESULT,
        }
    }

    /// For DESTROY and its like: does nothing, in silence, when the object's owner is gone. Where the invocant is a [`crate::Maybe`],
    /// the function runs without it.
    pub const fn ending(mut self) -> Row {
        self.flags |= ENDING;
        self
    }
    /// Also callable without an object, all arguments being those behind it: `$SIG{__WARN__} = \&Apache2::ServerRec::warn`.
    /// The function takes the invocant as [`crate::Maybe`].
    pub const fn loose(mut self) -> Row {
        assert!(self.has_this && self.min > 0, "the invocant is what may be left out");
        self.flags |= LOOSE;
        self.min -= 1;
        self
    }
    /// Needs nothing of the server and of the interpreter: answers also in a thread of the script's, and while an interpreter
    /// is being cloned. Only plain values go in.
    pub const fn anywhere(mut self) -> Row {
        assert!(!self.has_this && self.flags == 0, "only functions that run no code of the script's");
        self.flags |= ANYWHERE;
        self
    }
    /// What must hold when it is called, or set.
    pub const fn needs(mut self, needs: &'static [&'static Need]) -> Row {
        assert!(self.has_this && !needs.is_empty());
        self.flags |= NEEDS;
        self.needs = needs;
        self
    }
    /// Bound only in these languages ([`PERL`], [`LUA`]).
    pub const fn only(mut self, langs: u8) -> Row {
        self.langs = langs;
        self
    }
    /// Another name in Lua (`do` is a keyword there).
    pub const fn lua(mut self, name: &'static str) -> Row {
        self.lua = name;
        self
    }
    /// A full sentence.
    pub const fn doc(mut self, doc: &'static str) -> Row {
        self.doc = doc;
        self
    }

    /// `read` of `read(buffer, length, [offset])`.
    pub const fn name(&self) -> &'static str {
        let b = self.sig.as_bytes();
        let mut i = 0;
        while i < b.len() && b[i] != b'(' {
            i += 1;
        }
        self.sig.split_at(i).0
    }
    /// Its name in Lua.
    pub const fn lua_name(&self) -> &'static str {
        if self.lua.is_empty() { self.name() } else { self.lua }
    }
    /// `read(buffer, length, [offset])`.
    pub const fn signature(&self) -> &'static str {
        self.sig
    }
    /// Its sentence.
    pub const fn about(&self) -> &'static str {
        self.doc
    }
    /// How it is called.
    pub const fn kind(&self) -> RowKind {
        self.kind
    }
    /// Whether it is bound in `lang`, one of [`PERL`], [`LUA`].
    pub const fn is_for(&self, lang: u8) -> bool {
        self.langs & lang != 0
    }
    /// Whether it is bound in Lua alone.
    pub const fn is_lua_only(&self) -> bool {
        self.langs == LUA
    }
    /// Whether something must hold when it is called.
    #[inline(always)]
    pub(crate) const fn is_needy(&self) -> bool {
        self.flags & NEEDS != 0
    }
    /// What must hold when it is called, or set.
    pub const fn needed(&self) -> &'static [&'static Need] {
        self.needs
    }
    /// What it gives back, for docs/api.md.
    pub const fn result(&self) -> &'static str {
        self.result
    }
    /// Whether script code may run before it returns.
    pub const fn reenters(&self) -> bool {
        self.flags & REENTERS != 0
    }
    /// Its parameters, the invocant included.
    pub fn params(&self) -> &'static [Param] {
        // SAFETY: pointer and length are those of the &'static table given to `new`.
        unsafe { std::slice::from_raw_parts(self.params, self.nparams as usize) }
    }
    pub(crate) fn has_this(&self) -> bool {
        self.has_this
    }
    /// What the signature calls parameter `i`; empty for fields and invocants.
    pub fn param_name(&self, i: usize) -> &'static str {
        let before = self.params().iter().take(i).filter(|p| p.kind != Kind::Want).count();
        let Some(n) = before.checked_sub(self.has_this as usize) else { return "" };
        let Some((_, list)) = self.sig.split_once('(') else { return "" };
        list.trim_end_matches(')').split(',').nth(n).unwrap_or("").trim().trim_matches(&['[', ']', '@'][..])
    }
    /// Name of the class that has it. Looks through all classes: for messages.
    pub fn class_name(&self) -> &'static str {
        crate::door::class_of(self).map_or("?", Class::name)
    }
}

/// Parameters that take one argument each.
const fn fixed(p: &[Param]) -> u8 {
    let (mut n, mut i) = (0, 0);
    while i < p.len() {
        if !matches!(p[i].kind, Kind::Want | Kind::Rest) {
            n += 1;
        }
        i += 1;
    }
    n
}

/// Words and brackets in a signature; `u8::MAX` words for a field, which has no list.
const fn words(sig: &str) -> (u8, u8) {
    let b = sig.as_bytes();
    let (mut i, mut n, mut optional, mut inside, mut word) = (0, 0, 0, false, false);
    while i < b.len() {
        match b[i] {
            b'(' => inside = true,
            b',' | b')' => {
                if word {
                    n += 1;
                }
                word = false;
            }
            b'[' => optional += 1,
            c if inside && c.is_ascii_alphanumeric() => word = true,
            _ => {}
        }
        i += 1;
    }
    if inside { (n, optional) } else { (u8::MAX, 0) }
}

/// Field of an object that is only read.
pub const fn ro<F: ApiFn<S>, S>(name: &'static str, _get: F) -> Row {
    Row::new::<F, S>(RowKind::Ro, name, true)
}
/// Field that can be set; a Perl call that sets returns the old value.
pub const fn rw<G: ApiFn<S>, S, P: ApiFn<T>, T>(name: &'static str, _get: G, _set: P) -> Row {
    let set = Row::new::<P, T>(RowKind::Rw, name, true);
    assert!(
        G::PARAMS.len() == 1 && P::PARAMS.len() == 2,
        "a field's functions take the object, and the object and a value"
    );
    Row { thunk: G::THUNK, set: Some(P::THUNK), min: 1, result: G::RESULT, ..set }
}
/// Called on an object.
pub const fn method<F: ApiFn<S>, S>(sig: &'static str, _f: F) -> Row {
    Row::new::<F, S>(RowKind::Method, sig, true)
}
/// Called on the class; the function's first parameter is its name.
pub const fn class_method<F: ApiFn<S>, S>(sig: &'static str, _f: F) -> Row {
    Row::new::<F, S>(RowKind::ClassMethod, sig, true)
}
/// Plain function of the package.
pub const fn function<F: ApiFn<S>, S>(sig: &'static str, _f: F) -> Row {
    Row::new::<F, S>(RowKind::Function, sig, false)
}

/// Rows that are also called on the class, when it has a current object: `Apache2::RequestRec->status`.
pub const fn current<const N: usize>(mut rows: [Row; N]) -> [Row; N] {
    let mut i = 0;
    while i < N {
        rows[i].flags |= CURRENT;
        i += 1;
    }
    rows
}
/// Rows that are bound only in these languages ([`PERL`], [`LUA`]).
pub const fn only<const N: usize>(langs: u8, mut rows: [Row; N]) -> [Row; N] {
    let mut i = 0;
    while i < N {
        rows[i] = rows[i].only(langs);
        i += 1;
    }
    rows
}

/// Value of a constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Const {
    /// A number.
    Int(i64),
    /// Text, e.g. `DIR_MAGIC_TYPE`.
    Text(&'static str),
}

/// Constants of a package, by import group (`:common`, written without the colon).
#[derive(Debug)]
pub struct Consts {
    /// `Apache2::Const`.
    pub package: &'static str,
    /// The languages that have it, of [`PERL`] and [`LUA`].
    pub langs: u8,
    /// Each group's names and values. A name may stand in several groups.
    pub groups: &'static [(&'static str, &'static [(&'static str, Const)])],
}

impl Consts {
    /// Value of a constant, whichever group it is in.
    pub fn get(&self, name: &str) -> Option<Const> {
        self.groups.iter().flat_map(|g| g.1).find(|c| c.0 == name).map(|c| c.1)
    }
    /// Members of a group, named without the colon.
    pub fn group(&self, name: &str) -> Option<&'static [(&'static str, Const)]> {
        self.groups.iter().find(|g| g.0 == name).map(|g| g.1)
    }
}

#[cfg(test)]
impl Row {
    pub(crate) const OFFSETS: &[(&str, usize)] = &[
        ("mi_row, params", std::mem::offset_of!(Row, params)),
        ("mi_row, nparams", std::mem::offset_of!(Row, nparams)),
        ("mi_row, min", std::mem::offset_of!(Row, min)),
        ("mi_row, max", std::mem::offset_of!(Row, max)),
        ("mi_row, flags", std::mem::offset_of!(Row, flags)),
        ("mi_row, has_this", std::mem::offset_of!(Row, has_this)),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_found_by_name_and_by_group() {
        let c = Consts {
            package: "Test::Const",
            langs: PERL | LUA,
            groups: &[("common", &[("OK", Const::Int(0))]), ("types", &[("DIR_MAGIC_TYPE", Const::Text("d"))])],
        };
        assert_eq!((c.get("DIR_MAGIC_TYPE"), c.get("NONE")), (Some(Const::Text("d")), None));
        assert_eq!(c.group("common"), Some(&[("OK", Const::Int(0))][..]));
    }

    #[test]
    fn a_signature_is_counted_in_words_and_brackets() {
        assert_eq!(words("read(buffer, length, [offset])"), (3, 1));
        assert_eq!(words("do(sub, @keys)"), (2, 0));
        assert_eq!(words("clear()"), (0, 0));
        assert_eq!(words("status"), (u8::MAX, 0));
    }
}
