//! What every engine binds: the classes and constants of this process.

use crate::{Class, Consts, Row};
use std::sync::OnceLock;

static REGISTERED: OnceLock<(Vec<&Class>, Vec<&Consts>)> = OnceLock::new();

/// What every engine binds, a list for each crate. Numbers the classes from 1. Once per process: a second call changes nothing.
pub fn register(classes: &[&[&'static Class]], constants: &[&[&'static Consts]]) {
    REGISTERED.get_or_init(|| {
        let classes = classes.concat();
        for (class, id) in classes.iter().zip(1..) {
            class.number(id);
        }
        (classes, constants.concat())
    });
}
/// The classes, once registered.
pub fn classes() -> &'static [&'static Class] {
    REGISTERED.get().map_or(&[], |r| &r.0)
}
/// The constants, once registered.
pub fn constants() -> &'static [&'static Consts] {
    REGISTERED.get().map_or(&[], |r| &r.1)
}
/// The class that has a row. Looks through all classes: for messages.
pub(crate) fn class_of(row: &Row) -> Option<&'static Class> {
    classes().iter().copied().find(|c| c.module_of(row).is_some())
}
