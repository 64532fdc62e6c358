//! What the shim binds: `interp`'s classes and constants as flat C tables, built once.

use crate::ffi::{self, BoundClass, BoundConst, BoundRow, Tables};
use interp::{Class, Const, LUA, Row, RowKind};
use std::{
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

/// The rows that Lua sees in a class: of several with one name the one for Lua only; then those of the class it inherits from.
pub(crate) fn rows_of(class: &'static Class) -> Vec<&'static Row> {
    let mut rows: Vec<&'static Row> = Vec::new();
    let mut level = Some(class);
    let mut seen = Vec::new();
    while let Some(class) = level {
        let mut own: Vec<&'static Row> = Vec::new();
        for row in interp::classes().iter().filter(|c| c.name() == class.name()).flat_map(|c| c.rows()) {
            if !row.is_for(LUA) {
                continue;
            }
            match own.iter_mut().find(|r| r.lua_name() == row.lua_name()) {
                Some(other) if !row.is_for(interp::PERL) => *other = row,
                Some(_) => {}
                None => own.push(row),
            }
        }
        for row in own {
            if !rows.iter().any(|r| r.lua_name() == row.lua_name()) {
                rows.push(row);
            }
        }
        seen.push(class.name());
        level = interp::classes().iter().copied().find(|c| c.name() == class.parent() && !seen.contains(&c.name()));
    }
    rows
}

fn build() -> Tables {
    let mut classes: Vec<BoundClass> = Vec::new();
    let mut names = Vec::new();
    for class in interp::classes() {
        if names.contains(&class.name()) {
            continue;
        }
        names.push(class.name());
        let rows = rows_of(class);
        let objects_of = |name| interp::classes().iter().filter(|c| c.name() == name).find_map(|c| c.objects());
        let objects = objects_of(class.name());
        if rows.is_empty() && objects.is_none() {
            continue;
        }
        let rows = leak(rows.into_iter().map(bound_row).collect());
        classes.push(BoundClass {
            name: forever(class.name()),
            module: forever(&class.name().replace("::", ".")),
            class: objects.map_or(ptr::null(), ptr::from_ref),
            parent: objects_of(class.parent()).map_or(ptr::null(), ptr::from_ref),
            rows: rows.as_ptr(),
            nrows: rows.len(),
        });
    }
    let mut consts = Vec::new();
    for set in interp::constants().iter().filter(|set| set.langs & interp::LUA != 0) {
        let package = forever(set.package);
        for (name, value) in set.groups.iter().flat_map(|group| group.1) {
            let row = BoundConst { set: package, name: forever(name), text: ptr::null(), text_len: 0, number: 0 };
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
