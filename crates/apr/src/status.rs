//! `apr_status_t` with its text.

use crate::ffi;
use std::{ffi::c_int, fmt};

/// What an APR call returned: 0 is success, small numbers are errno, larger ones APR's own (`APR_EOF` is 70014).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Status(pub c_int);

impl Status {
    /// `APR_SUCCESS`.
    pub const SUCCESS: Status = Status(ffi::APR_SUCCESS as c_int);
    /// `APR_EOF`: nothing more to read.
    pub const EOF: Status = Status(APR_OS_START_STATUS + 14);
    /// `APR_INCOMPLETE`: only a part of what was asked for is there.
    pub const INCOMPLETE: Status = Status(APR_OS_START_STATUS + 8);
    /// `APR_EGENERAL`: it failed, and no other code says why.
    pub const EGENERAL: Status = Status(APR_OS_START_ERROR + 14);
    /// `APR_ENOTIMPL`: this platform does not have it.
    pub const ENOTIMPL: Status = Status(APR_OS_START_STATUS + 23);
    /// `APR_TIMEUP`: the time is up.
    pub const TIMEUP: Status = Status(APR_OS_START_STATUS + 7);

    /// Whether this is success.
    pub fn is_success(self) -> bool {
        self == Status::SUCCESS
    }

    /// Success as `Ok`, all else as `Err`.
    pub fn ok(self) -> Result<(), Status> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }

    /// The code.
    pub fn code(self) -> c_int {
        self.0
    }

    /// APR's text for the code, as `apr_strerror`.
    pub fn message(self) -> String {
        let mut room = [0u8; 256];
        // SAFETY: APR writes at most the given number of bytes, a NUL among them.
        unsafe { ffi::apr_strerror(self.0, room.as_mut_ptr().cast(), room.len()) };
        let len = room.iter().position(|b| *b == 0).unwrap_or(room.len());
        String::from_utf8_lossy(&room[..len]).into_owned()
    }
}

/// `APR_OS_START_ERROR`, from which APR's own errors count.
const APR_OS_START_ERROR: c_int = 20000;
/// `APR_OS_START_STATUS`, from which statuses that are no errors count.
const APR_OS_START_STATUS: c_int = APR_OS_START_ERROR + 50000;

impl From<c_int> for Status {
    fn from(code: c_int) -> Self {
        Status(code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({})", self.0)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_number_and_aprs_text() {
        assert_eq!(Status::EOF.code(), 70014);
        assert_eq!(Status::EGENERAL.code(), 20014);
        assert_eq!(Status::EOF.to_string(), "End of file found");
        assert_eq!(Status(libc::ENOENT).to_string(), "No such file or directory");
        assert_eq!(Status(0).ok(), Ok(()));
        assert_eq!(Status::EOF.ok(), Err(Status::EOF));
    }
}
