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

use crate::{LUA, Object, ObjectClass, Row};
use std::ptr;

/// How an engine lays an object out. A layout of one engine only has its name here and its code in the engine.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// The object itself.
    Scalar = 0,
    /// Perl: a hash tied to the object. Lua ignores it.
    Tied = 1,
}

/// The rows of a class that one Perl module brings. Their functions stand in the same file.
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
    variable: &'static str,
}

impl Class {
    /// The class of `T`'s objects.
    pub const fn of<T: Object>(rows: &'static [Row]) -> Class {
        Class { objects: Some(T::class), ..Class::new(T::NAME, rows) }
    }
    /// A package without objects.
    pub const fn new(name: &'static str, rows: &'static [Row]) -> Class {
        let own = Part::new(name, rows);
        Class { name, objects: None, shape: Shape::Scalar, own, parts: &[], isa: "", doc: "", variable: "obj" }
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
    /// How scripts usually call an object of it, for messages: `r`.
    pub const fn called(mut self, variable: &'static str) -> Class {
        self.variable = variable;
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
    /// The rows that are bound in `lang` ([`crate::PERL`], [`LUA`]): in Lua a row that only Lua has wins over another of its name.
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
    /// How scripts usually call an object of it: `r`.
    pub const fn variable(&self) -> &'static str {
        self.variable
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
