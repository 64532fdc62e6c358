//! What happens to the interpreters of a stock, for whoever wants to know.

use interp::Interp;

/// Is told of the lives of interpreters. Never called under a lock of a tipool.
pub trait Watch: Send + Sync {
    /// So many are about to be made of their parent, which is locked.
    fn spawns(&self, parent: &dyn Interp, count: usize);

    /// An interpreter is to be used in this process; false where none is.
    fn begins(&self, interp: &dyn Interp) -> bool;

    /// An interpreter that has begun in this process ends, before the code that it has for its end.
    fn ends(&self, interp: &dyn Interp);
}
