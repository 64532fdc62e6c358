//! What answers, once the interpreter is there.

use std::ffi::c_int;

use interp::Entry;

use super::super::about::OfRequest;
use super::super::call::Call;

/// What answers, within the interpreter.
pub trait Work {
    /// Answers; returns the phase's status.
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int;
}

/// A language's own code.
pub struct Own<F>(pub F);

impl<F: FnOnce(&OfRequest<'_>, &dyn Entry) -> c_int> Work for Own<F> {
    #[inline(always)]
    fn run(self, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry) -> c_int {
        (self.0)(&call.about, entry)
    }
}
