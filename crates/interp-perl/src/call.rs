//! How a call into Perl comes back.

use crate::{ffi, perl::Entered};
use interp::{Kept, Val};
use std::{fmt, ptr};

/// What Perl code returned in scalar context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The value as an integer: undef, no value and text that is no number are 0 (`OK`).
    pub number: i64,
    /// Whether the value is true for Perl.
    pub truth: bool,
}

/// Why Perl code did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raised {
    /// `die`, a croak, a compile error. Carries Perl's own message, bytes as Perl has them; an object in its string form.
    Died(Vec<u8>),
    /// `exit`: mod_perl's exception with the code `ModPerl::EXIT` came out of the code. A handler that ends so counts as OK.
    Exit(i32),
    /// `CORE::exit` with this status: nothing could catch it.
    CoreExit(i32),
    /// No such handler: carries why.
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
    /// Load the package if its handler is not there yet.
    IfMissing,
    /// Take what is there (a name written with a leading `-`).
    Never,
}

/// A resolved handler of one interpreter: its number there, and how it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The process-wide number it was resolved under.
    pub id: u32,
    /// Called as a method: the class or the object comes before the arguments.
    pub is_method: bool,
}

impl Entered<'_> {
    /// Finds the handler `name` (as the administrator wrote it, without a leading `+` or `-`) and keeps it under `id`, once
    /// per interpreter. A clone made afterwards has it already. Forms and rules: docs/handlers, "naming".
    ///
    /// # Errors
    /// [`Raised::Unresolved`] if there is no such handler; what loading its module raised.
    pub fn resolve(&self, id: u32, name: &[u8], load: Load) -> Result<Resolved, Raised> {
        let (mut out, load) = (ffi::Out::EMPTY, (load == Load::IfMissing) as i32);
        // SAFETY: this interpreter is entered; the name is borrowed for the call.
        unsafe { ffi::mp_resolve(self.raw(), id, name.as_ptr().cast(), name.len(), load, &raw mut out) };
        self.finish(out)?;
        // SAFETY: as above.
        let is_method = unsafe { ffi::mp_handler_is_method(self.raw(), id) } != 0;
        Ok(Resolved { id, is_method })
    }

    /// Calls a handler in scalar context inside an eval, resolving it first if this interpreter has not yet.
    /// Objects among `args` are made for the call.
    ///
    /// # Errors
    /// Whatever the handler raised; [`Raised::Unresolved`] if it cannot be found.
    pub fn call_handler(&self, id: u32, name: &[u8], load: Load, args: &[Val]) -> Result<Outcome, Raised> {
        let mut out = ffi::Out::EMPTY;
        // SAFETY: this interpreter is entered; args are borrowed for the call.
        unsafe { ffi::mp_handler(self.raw(), id, args.as_ptr(), args.len(), &raw mut out) };
        if out.tag == TAG_UNRESOLVED {
            self.resolve(id, name, load)?;
            out = ffi::Out::EMPTY;
            // SAFETY: as above.
            unsafe { ffi::mp_handler(self.raw(), id, args.as_ptr(), args.len(), &raw mut out) };
        }
        self.finish(out)
    }

    /// Calls a code reference (or the name of a sub) that was kept, as [`Entered::call_handler`] does.
    ///
    /// # Errors
    /// Whatever the code raised.
    pub fn call_kept(&self, code: &Kept, args: &[Val]) -> Result<Outcome, Raised> {
        let mut out = ffi::Out::EMPTY;
        if !self.owns(code) {
            return Err(Raised::Unresolved(b"the code belongs to another interpreter".to_vec()));
        }
        let code = code.val();
        // SAFETY: this interpreter is entered and the value is its own.
        unsafe { ffi::mp_call_value(self.raw(), &raw const code, args.as_ptr(), args.len(), &raw mut out) };
        self.finish(out)
    }

    pub(crate) fn finish(&self, mut out: ffi::Out) -> Result<Outcome, Raised> {
        let text = || {
            if out.text.is_null() {
                return Vec::new();
            }
            // SAFETY: the shim points at bytes of an SV that lives until `mp_out_done`.
            unsafe { std::slice::from_raw_parts(out.text.cast::<u8>(), out.text_len) }.to_vec()
        };
        let result = match out.tag {
            TAG_OK => Ok(Outcome { number: out.number, truth: out.truth != 0 }),
            TAG_EXIT => Err(Raised::Exit(out.status)),
            TAG_CORE_EXIT => Err(Raised::CoreExit(out.status)),
            TAG_UNRESOLVED => Err(Raised::Unresolved(text())),
            _ => Err(Raised::Died(text())),
        };
        if !ptr::eq(out.sv, ptr::null()) {
            // SAFETY: this interpreter is entered; `out` is what the shim filled.
            unsafe { ffi::mp_out_done(self.raw(), &raw mut out) };
        }
        result
    }
}

// shim.h: MP_OK ...
const TAG_OK: i32 = 0;
const TAG_EXIT: i32 = 2;
const TAG_CORE_EXIT: i32 = 3;
const TAG_UNRESOLVED: i32 = 4;
