//! A handler of a phase as a request has it: named by the configuration or by a script, or a script's own code.

use config::Handler;
use interp::HandlerRef;

/// A handler in a stack of a request.
#[derive(Clone)]
pub enum Step {
    /// From the configuration, or pushed by name.
    Named(Handler),
    /// Pushed code, which lives in the interpreter that a pin holds.
    Code(HandlerRef),
}
