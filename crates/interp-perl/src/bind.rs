//! What the shim binds when a module is loaded: `interp`'s classes and constants as flat C tables, built once.

use crate::ffi::{self, Bound, ConstRow};
use interp::{Const, PERL};
use std::{
    ffi::{CString, c_char},
    ptr,
    sync::OnceLock,
};

struct Tables {
    rows: Vec<Bound>,
    consts: Vec<ConstRow>,
}
// SAFETY: pointers to strings that are never freed and to rows, which are statics.
unsafe impl Send for Tables {}
// SAFETY: as above; never written after it is built.
unsafe impl Sync for Tables {}

/// Hands the tables to the shim. The classes are those registered when this is first called.
pub(crate) fn init() {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let tables = build();
        // SAFETY: the tables live for ever: their vectors are never touched again.
        unsafe {
            ffi::mp_tables(
                &raw const interp::RUST_SIDE,
                tables.rows.as_ptr(),
                tables.rows.len(),
                tables.consts.as_ptr(),
                tables.consts.len(),
            );
        }
        tables
    });
}

fn build() -> Tables {
    let mut rows = Vec::new();
    // A class without rows would leave names to which nothing refers.
    for class in interp::classes().iter().filter(|class| class.rows_of(PERL).next().is_some()) {
        let package = forever(class.name());
        let isa = if class.parent().is_empty() { ptr::null() } else { forever(class.parent()) };
        for row in class.rows_of(PERL) {
            let module = forever(class.module_of(row).unwrap_or_default());
            let name = forever(&format!("{}::{}", class.name(), row.name()));
            rows.push(Bound { module, package, name, isa, row });
        }
    }
    let mut consts = Vec::new();
    for set in interp::constants().iter().filter(|set| set.langs & interp::PERL != 0) {
        let package = forever(set.package);
        for (group, members) in set.groups {
            let group = forever(group.trim_start_matches(':'));
            for (name, value) in *members {
                let name = forever(name);
                let row = ConstRow { package, group, name, text: ptr::null(), text_len: 0, number: 0 };
                consts.push(match value {
                    Const::Int(number) => ConstRow { number: *number, ..row },
                    Const::Text(text) => ConstRow { text: text.as_ptr().cast(), text_len: text.len(), ..row },
                });
            }
        }
    }
    Tables { rows, consts }
}

/// A C string that is never freed. Names in tables hold no NUL.
fn forever(text: &str) -> *const c_char {
    CString::new(text).unwrap_or_default().into_raw()
}
