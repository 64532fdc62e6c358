//! Code that is not about the request on whose thread it runs: what a drop box has of a connection or of another request.

use std::cell::Cell;

thread_local! {
    static APART: Cell<i32> = const { Cell::new(0) };
    static LEAVES_APART: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, in which values of a connection are dropped. Code that runs when they are freed is then not taken for code of the request
/// whose call finds them in the drop box.
pub fn leave_apart<R>(f: impl FnOnce() -> R) -> R {
    let before = LEAVES_APART.replace(true);
    let result = f();
    LEAVES_APART.set(before);
    result
}

pub(crate) fn leaves_apart() -> bool {
    LEAVES_APART.get()
}

/// Called when code from a drop box begins (1) or has ended (-1).
pub(crate) fn count(by: i32) {
    APART.set(APART.get() + by);
}

/// Whether this thread runs code from a drop box that another than the thread's request has left there.
#[must_use]
pub fn is_apart() -> bool {
    APART.get() > 0
}
