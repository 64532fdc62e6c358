//! The functions that the host asks of any engine's interpreter. Functions that only one engine has are asked of its own type, to which
//! [`Interp::as_any`] leads.

use crate::{Kept, Val};
use std::{any::Any, ffi::c_int, fmt, ptr::NonNull};

/// The result of a script's code, as one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The value as an integer: nothing, and text that is no number, are 0 (`OK`).
    pub number: i64,
    /// Whether the value is true in its language.
    pub truth: bool,
    /// Whether it is a number in its language. In Perl everything is, but for what is true and no number but 0: text.
    pub is_number: bool,
    /// Whether `number` only stands for the value: a number outside of an integer's range, NaN, a reference.
    pub is_wild: bool,
}

/// Why a script's code did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// An error was raised, or the code does not compile. Carries the language's own message, bytes as it has them.
    Died(Vec<u8>),
    /// The code called the language's `exit`, which ends a handler. A handler that ends so counts as OK.
    Exit(i32),
    /// The code wanted to end the process with this status, and no code of the script could prevent that.
    CoreExit(i32),
    /// There is no such handler; carries the reason.
    Unresolved(Vec<u8>),
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raised::Died(text) | Raised::Unresolved(text) => f.write_str(String::from_utf8_lossy(text).trim_end()),
            Raised::Exit(status) => write!(f, "exit({status}) was called"),
            Raised::CoreExit(status) => write!(f, "CORE::exit({status}) was called"),
        }
    }
}

impl std::error::Error for Raised {}

/// Whether a handler's module may be loaded to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Load the module if its handler is not there yet.
    IfMissing,
    /// Load nothing (a name written with a leading `-`).
    Never,
}

/// An interpreter of some engine. Whoever owns it may enter it, from one thread at a time; dropping it ends it.
pub trait Interp: Send {
    /// Makes another interpreter, which starts with what this one has loaded.
    ///
    /// # Errors
    /// The engine's message.
    fn duplicate(&self) -> Result<Box<dyn Interp>, String>;

    /// Runs `f` once inside the interpreter, which is this thread's current one meanwhile. Entries nest. Values that others left in
    /// its drop box are freed first.
    fn with(&self, f: &mut dyn FnMut(&dyn Entry));

    /// Runs the code that the interpreter has for its end (Perl: END blocks), once. Returns what that code raised.
    fn end(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Forgets the code that the interpreter has for its end, which will not run.
    fn forget_end(&self) {}

    /// Makes ahead what its next uses need. The interpreter must be idle.
    fn prepare(&self) {}

    /// Gives back memory above `limit` bytes that no value needs; with `report_only` only says how much that would be. The interpreter
    /// must be idle.
    fn trim(&self, limit: usize, report_only: bool) -> usize {
        let _ = (limit, report_only);
        0
    }

    /// The count of its users: code of other modules that keeps the interpreter raises the count. Only whoever has the interpreter
    /// touches it.
    fn users(&self) -> NonNull<c_int>;

    /// File and line of the script's code that called the row that runs, if the engine can tell.
    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        None
    }

    /// The engine's own type.
    fn as_any(&self) -> &dyn Any;
}

/// An interpreter that is this thread's current one. Engines have a way of their own to enter with a guard; this is what any
/// of them can do then.
pub trait Entry {
    /// Finds the handler `name` (as the administrator wrote it, without a leading `+` or `-`) and keeps it under `id`, once
    /// per interpreter.
    ///
    /// # Errors
    /// [`Raised::Unresolved`] if there is no such handler; what loading its module raised.
    fn resolve(&self, id: u32, name: &[u8], load: Load) -> Result<(), Raised>;

    /// Calls a handler, resolving it first if this interpreter has not yet. Objects among `args` are made for the call.
    ///
    /// # Errors
    /// Whatever the handler raised; [`Raised::Unresolved`] if it cannot be found.
    fn call_handler(&self, id: u32, name: &[u8], load: Load, args: &[Val]) -> Result<Outcome, Raised>;

    /// Calls code that was kept, as [`Entry::call_handler`] does.
    ///
    /// # Errors
    /// Whatever the code raised; [`Raised::Unresolved`] if it lives elsewhere.
    fn call_kept(&self, code: &Kept, args: &[Val]) -> Result<Outcome, Raised>;

    /// Loads a file when the server starts.
    ///
    /// # Errors
    /// The language's own message.
    fn require_file(&self, file: &[u8], at: Option<Place<'_>>) -> Result<(), Raised>;

    /// Loads a module by its name when the server starts.
    ///
    /// # Errors
    /// The language's own message.
    fn require_module(&self, name: &[u8], at: Option<Place<'_>>) -> Result<(), Raised>;

    /// Runs text that stands in the configuration.
    ///
    /// # Errors
    /// The language's own message.
    fn run(&self, code: &[u8], at: Option<Place<'_>>) -> Result<Outcome, Raised>;

    /// Tells what code that ran at a pool's end died of as the language tells warnings of scripts. False: it has no way to.
    fn cleanup_died(&self, text: &[u8]) -> bool {
        let _ = text;
        false
    }

    /// Frees the values that others left in the interpreter's drop box.
    fn drain(&self);

    /// Called when start-up code has run, before other interpreters are made of this one.
    fn seal(&self) {}

    /// Called in a new process: begins anew what each process must have for itself (a random sequence).
    fn begin_process(&self) {}

    /// Called in a new process that is this interpreter's alone: the signals and the environment of the process are its own from now on,
    /// and each line that it prints goes out as it comes.
    fn own_process(&self) {}

    /// Called before a process ends as it is, with no code for its end: writes out what code has printed.
    fn end_process(&self) {}

    /// The engine's own type.
    fn as_any(&self) -> &dyn Any;
}

/// Where a piece of code was written, so that messages name the administrator's file and line.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// File name, e.g. of the httpd configuration.
    pub file: &'a str,
    /// Line in it.
    pub line: u32,
}

/// [`Interp::with`], for a function that gives something back.
pub fn enter<R>(interp: &dyn Interp, f: impl FnOnce(&dyn Entry) -> R) -> R {
    let (mut f, mut result) = (Some(f), None);
    interp.with(&mut |entry| {
        if let Some(f) = f.take() {
            result = Some(f(entry));
        }
    });
    match result {
        Some(result) => result,
        None => unreachable!("an engine runs what it is given"),
    }
}
