//! A number that all processes of a server see: a stock's interpreters are replaced in each of them when it has changed.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use crate::shared::Shared;

/// The number.
#[derive(Debug, Default)]
pub struct Generation(Shared<AtomicU32>);

impl Generation {
    /// A new one, 0.
    pub fn new() -> Generation {
        Generation::default()
    }

    /// What it is now.
    pub fn now(&self) -> u32 {
        self.0.load(SeqCst)
    }

    /// Begins the next one, for all processes.
    pub fn next(&self) {
        self.0.fetch_add(1, SeqCst);
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
