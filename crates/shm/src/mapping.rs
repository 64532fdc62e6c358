//! Memory from the system that forked processes share.

use std::ptr::{self, NonNull};
use std::{fmt, io};

/// A mapping that all processes have which are forked from the one that made it, at the same address. No file is behind it.
pub struct Mapping {
    at: NonNull<u8>,
    length: usize,
}

// SAFETY: an address and a number; what lies there is touched only by who vouches for it.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// So many bytes, all 0, on pages of their own. The system gives pages when they are used first.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn new(length: usize) -> io::Result<Mapping> {
        let (read_write, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping of the system's choice, filled with zeros; no file is behind it.
        let at = unsafe { libc::mmap(ptr::null_mut(), length, read_write, shared, -1, 0) };
        let at = NonNull::new(at.cast()).filter(|_| at != libc::MAP_FAILED).ok_or_else(io::Error::last_os_error)?;
        Ok(Mapping { at, length })
    }

    /// Where it begins.
    #[must_use]
    pub fn at(&self) -> NonNull<u8> {
        self.at
    }

    /// Where it begins; it stays until the last process is gone that has it.
    #[must_use]
    pub fn forever(self) -> NonNull<u8> {
        let at = self.at;
        std::mem::forget(self);
        at
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length; nobody refers to it any more. Other processes have mappings of their own.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.length) };
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").field("length", &self.length).finish_non_exhaustive()
    }
}
