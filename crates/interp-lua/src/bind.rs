//! What the shim binds: `interp`'s classes and constants as flat C tables, built once.

use crate::ffi::{self, BoundClass, BoundConst, BoundRow, Tables};
use interp::{Class, Const, LUA, Row, RowKind};
use std::{
    collections::HashSet,
    ffi::{CString, c_char, c_int},
    ptr,
    sync::OnceLock,
};

struct Bound {
    /// Read by C only, as are the vectors behind it.
    tables: Tables,
}
// SAFETY: pointers to strings and vectors that are never freed and to rows, which are statics.
unsafe impl Send for Bound {}
// SAFETY: as above; never written after it is built.
unsafe impl Sync for Bound {}

/// Hands the tables to the shim. The classes are those registered when this is first called.
pub(crate) fn init() {
    static BOUND: OnceLock<Bound> = OnceLock::new();
    static DONE: OnceLock<()> = OnceLock::new();
    let bound = BOUND.get_or_init(|| Bound { tables: build() });
    // SAFETY: the tables live for ever.
    DONE.get_or_init(|| unsafe { ffi::ml_init(&raw const interp::RUST_SIDE, &raw const bound.tables) });
}

/// The rows that Lua sees in a class: its own, then those of the class it inherits from.
pub(crate) fn rows_of(class: &'static Class) -> Vec<&'static Row> {
    let mut rows: Vec<&'static Row> = Vec::new();
    let mut level = Some(class);
    while let Some(class) = level {
        for row in class.rows_of(LUA) {
            if !rows.iter().any(|r| r.lua_name() == row.lua_name()) {
                rows.push(row);
            }
        }
        level = class_named(class.parent());
    }
    rows
}

fn class_named(name: &str) -> Option<&'static Class> {
    interp::classes().iter().copied().find(|class| class.name() == name)
}

fn build() -> Tables {
    let mut classes: Vec<BoundClass> = Vec::new();
    for class in interp::classes() {
        let rows = rows_of(class);
        let objects = class.objects();
        if rows.is_empty() && objects.is_none() {
            continue;
        }
        let rows = leak(rows.into_iter().map(bound_row).collect());
        classes.push(BoundClass {
            name: forever(class.name()),
            module: forever(&class.name().replace("::", ".")),
            class: objects.map_or(ptr::null(), ptr::from_ref),
            parent: class_named(class.parent()).and_then(Class::objects).map_or(ptr::null(), ptr::from_ref),
            rows: rows.as_ptr(),
            nrows: rows.len(),
        });
    }
    let (mut consts, mut names) = (Vec::new(), HashSet::new());
    for set in interp::constants().iter().filter(|set| set.langs & interp::LUA != 0) {
        let package = forever(set.package);
        for (name, value) in set.groups.iter().flat_map(|group| group.1) {
            let is_first = names.insert(*name).into();
            let row =
                BoundConst { set: package, name: forever(name), text: ptr::null(), text_len: 0, number: 0, is_first };
            consts.push(match value {
                Const::Int(number) => BoundConst { number: *number, ..row },
                Const::Text(text) => BoundConst { text: text.as_ptr().cast(), text_len: text.len(), ..row },
            });
        }
    }
    let (classes, consts) = (leak(classes), leak(consts));
    Tables { classes: classes.as_ptr(), nclasses: classes.len(), consts: consts.as_ptr(), nconsts: consts.len() }
}

fn bound_row(row: &'static Row) -> BoundRow {
    let field = matches!(row.kind(), RowKind::Ro | RowKind::Rw) as c_int;
    BoundRow { name: forever(row.lua_name()), len: row.lua_name().len(), row, field }
}

fn leak<T>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

/// A C string that is never freed. Names in tables hold no NUL.
fn forever(text: &str) -> *const c_char {
    CString::new(text).unwrap_or_default().into_raw()
}
