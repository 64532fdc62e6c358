//! Tells whether there is memory for another interpreter.
//!
//! perl does not come back from an allocation that fails: it writes "Out of memory!" and ends the process, from the middle of
//! `perl_clone`, on a thread of ours. So before a clone is made this file asks the system for as much memory as a clone takes, and as
//! much again for the interpreters that serve meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const MIB: usize = 1 << 20;

/// The largest interpreter that was cloned in this process so far, bytes.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// Bytes that the process's allocator has lent.
fn lent() -> usize {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: asks the allocator.
        let info = unsafe { libc::mallinfo2() };
        info.uordblks + info.hblkhd
    }
    #[cfg(not(target_env = "gnu"))]
    0
}

/// Runs `clone`, and notes how much memory it took.
pub(crate) fn measured<R>(clone: impl FnOnce() -> R) -> R {
    let before = lent();
    let made = clone();
    // Others allocate meanwhile: more than the whole process had before is not an interpreter's.
    let took = lent().saturating_sub(before).min(before);
    LARGEST.fetch_max(took, Relaxed);
    made
}

/// Checks that there is memory for another clone; `Err` with the number of bytes that would have to be free. Before the first clone is
/// made its size is not known; the memory that the process has allocated, its parent included, stands for it.
pub(crate) fn check() -> Result<(), usize> {
    let one = match LARGEST.load(Relaxed) {
        0 => lent(),
        known => known,
    };
    let wanted = 2 * one + 16 * MIB;
    // SAFETY: a new mapping, which nobody uses and which is given back at once.
    unsafe {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let place = libc::mmap(std::ptr::null_mut(), wanted, access, kind, -1, 0);
        if place == libc::MAP_FAILED {
            return Err(wanted);
        }
        libc::munmap(place, wanted);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_does_not_fit_below_the_limit_is_refused() {
        let (status, _) = crate::testing::fork(|| {
            assert!(super::check().is_ok());
            let limit = libc::rlimit { rlim_cur: 1 << 20, rlim_max: 1 << 20 };
            // SAFETY: sets a limit of this process, which ends.
            unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
            assert!(super::check().is_err());
        });
        assert_eq!(libc::WEXITSTATUS(status), 99);
    }
}
