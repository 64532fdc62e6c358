//! What a script may name as a handler, and how the host keeps it: by name, which each interpreter resolves for itself, or as code
//! that lives in one interpreter.

use crate::{Call, Kept, Kind, Result, Val, value::keep_code};
use std::sync::Arc;

/// A handler to be called later.
#[derive(Clone, Debug)]
pub enum HandlerRef {
    /// As configured: `Module`, `Module->method`, `$Pkg::obj->method`, `Pkg::sub`, `sub {..}`; with `+` or `-` as written.
    Name(Arc<[u8]>),
    /// A closure or code reference: callable in its own interpreter only, so whatever keeps it pins that one.
    Code(Arc<Kept>),
}

/// Code or a name, to be kept and not called now: does not mark its row as reentering.
pub struct HandlerArg<'c> {
    pub(crate) v: &'c Val,
    pub(crate) call: &'c Call,
}

impl HandlerArg<'_> {
    /// Keeps the handler.
    pub fn keep(&self) -> HandlerRef {
        one(self.v, self.call)
    }
    /// Keeps the handler as a value of this interpreter, also when it is a name.
    pub fn keep_value(&self) -> Kept {
        keep_code(self.v, self.call)
    }
}

/// Code, a name, an array of those, or undef: to be kept.
pub struct HandlerArgs<'c> {
    pub(crate) v: &'c Val,
    pub(crate) call: &'c Call,
}

impl HandlerArgs<'_> {
    /// Keeps the handlers, in order; none for undef.
    pub fn keep(&self) -> Vec<HandlerRef> {
        if self.v.tag != Kind::Codes {
            return Vec::new();
        }
        // SAFETY: the door built the array and keeps it for the call.
        unsafe { self.v.vals() }.iter().map(|v| one(v, self.call)).collect()
    }
}

fn one(v: &Val, call: &Call) -> HandlerRef {
    if v.tag == Kind::Bytes {
        // SAFETY: the door lent the name for the call.
        HandlerRef::Name(unsafe { v.bytes() }.into())
    } else {
        HandlerRef::Code(Arc::new(keep_code(v, call)))
    }
}

impl HandlerRef {
    /// The handler's name, unless it is code.
    ///
    /// # Errors
    /// Text, for code.
    pub fn name(&self) -> Result<&[u8]> {
        match self {
            HandlerRef::Name(n) => Ok(n),
            HandlerRef::Code(_) => Err("the handler is a code reference: a name is needed here".into()),
        }
    }
}
