//! Why something could not be done.

use std::fmt;

/// What a dictionary says.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The key is empty, or longer than this.
    Key(usize),
    /// The entry with its key has so many bytes, and may have so many.
    TooLarge(usize, usize),
    /// There is no room for so many bytes, and nothing may be dropped for it.
    Full(usize),
    /// The entry is of another kind than that on which this can be done.
    Kind(&'static str),
    /// The number would not be one any longer.
    Overflow,
    /// It took too long.
    Late(String),
    /// Where the entries are kept there is nobody, or somebody who says this.
    Away(String),
    /// Where the entries are kept this cannot be done.
    Cannot(&'static str),
}

impl Error {
    /// What a value is not that was to be raised.
    pub const NO_NUMBER: &str = "a number";
    /// What a value is not of which an end was asked for.
    pub const NO_LIST: &str = "a list";
    /// What a list is not.
    pub const NO_PLAIN: &str = "a string, a number or a boolean: it is a list";
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Key(most) => write!(f, "a key has 1 to {most} bytes"),
            Error::TooLarge(is, most) => {
                write!(f, "the entry is too large: it has {is} bytes with its key, and may have {most}")
            }
            Error::Full(wanted) => write!(f, "the dictionary is full: there is no room for {wanted} bytes"),
            Error::Kind(what) => write!(f, "the value is not {what}"),
            Error::Overflow => f.write_str("the number is too large"),
            Error::Late(why) | Error::Away(why) => f.write_str(why),
            Error::Cannot(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}
