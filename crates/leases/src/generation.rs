//! A number that all processes of a server see: a stock's interpreters are replaced in each of them when it has changed.

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The number, in memory that processes share which are forked from this one. Where the system has no such memory to give it counts in
/// each process by itself.
pub struct Generation {
    shared: Option<NonNull<AtomicU32>>,
    own: AtomicU32,
}

// SAFETY: the shared word is only touched as an atomic.
unsafe impl Send for Generation {}
// SAFETY: as above.
unsafe impl Sync for Generation {}

impl Generation {
    /// A new one, 0.
    pub fn new() -> Generation {
        let (read_write, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping of the system's choice, filled with zeros; no file is behind it.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<AtomicU32>(), read_write, shared, -1, 0) };
        let shared = if at == libc::MAP_FAILED { None } else { NonNull::new(at.cast()) };
        Generation { shared, own: AtomicU32::new(0) }
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: a page, aligned and filled with zeros, which is mapped until `self` is dropped.
        self.shared.map_or(&self.own, |shared| unsafe { shared.as_ref() })
    }

    /// What it is now.
    pub fn now(&self) -> u32 {
        self.word().load(SeqCst)
    }

    /// Begins the next one, for all processes.
    pub fn next(&self) {
        self.word().fetch_add(1, SeqCst);
    }
}

impl Default for Generation {
    fn default() -> Generation {
        Generation::new()
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if let Some(shared) = self.shared {
            // SAFETY: mapped by `new` with this length; nobody refers to it any more. Other processes have mappings of their own.
            unsafe { libc::munmap(shared.as_ptr().cast(), size_of::<AtomicU32>()) };
        }
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generation({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_process_is_seen_to_begin_the_next_one() {
        let generation = Generation::new();
        // SAFETY: the child touches the shared word only, and ends at once.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                generation.next();
                libc::_exit(0);
            }
            libc::waitpid(child, std::ptr::null_mut(), 0);
        }
        assert_eq!(generation.now(), 1);
    }
}
