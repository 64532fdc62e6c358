//! What an API function may raise.

use crate::Kept;
use std::borrow::Cow;

/// An error on its way to the script.
pub type Fail = Box<Raise>;
/// Result of an API function.
pub type Result<T, E = Fail> = std::result::Result<T, E>;

/// What a script will see raised.
#[derive(Debug)]
pub enum Raise {
    /// Text, without class, function or line: the door adds them.
    Text(String),
    /// A status, and the function that gave it: Perl sees an `APR::Error`.
    Status(i32, Cow<'static, str>),
    /// What a callback of the script raised: passes on unchanged.
    Script(Kept),
    /// A callback called `exit`: ends the handler.
    Exit(i64),
}

impl Raise {
    /// A status, and the function that gave it, with an argument of it where that says more.
    pub fn status(code: i32, function: impl Into<Cow<'static, str>>) -> Fail {
        Box::new(Raise::Status(code, function.into()))
    }

    /// The same with `prefix` before its text; an error that is no text stays as it is.
    #[must_use]
    pub fn prefixed(mut self: Box<Self>, prefix: &str) -> Fail {
        if let Raise::Text(text) = &mut *self {
            text.insert_str(0, prefix);
        }
        self
    }
}

impl From<&str> for Fail {
    fn from(s: &str) -> Fail {
        Box::new(Raise::Text(s.into()))
    }
}
impl From<String> for Fail {
    fn from(s: String) -> Fail {
        Box::new(Raise::Text(s))
    }
}
