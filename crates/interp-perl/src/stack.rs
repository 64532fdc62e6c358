//! Runs what recurses deeply (`perl_clone`, `perl_destruct`) with a large stack: in place as long as the process has one thread only,
//! whose stack grows as far as its limit says, else on a thread made for it.
//!
//! A process that has never had a second thread stays so under prefork. There httpd ends a child inside its signal handler, and the C
//! library takes its allocator's lock as soon as there has been another thread, even one that has ended: a signal in the middle of a
//! `malloc` would wait for that lock for ever.

use crate::Error;
use interp::SignalsBlocked;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

const MIB: usize = 1 << 20;

/// What may lie on the first thread's stack already.
const USED: usize = MIB;

fn limit() -> libc::rlimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the struct.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        limit.rlim_cur = libc::RLIM_INFINITY;
    }
    limit
}

/// The limit within 16 to 256 MiB; unlimited: 64 MiB. (Cloning data nested 10,000 deep overflowed 2 MiB.)
fn size(limit: &libc::rlimit) -> usize {
    if limit.rlim_cur == libc::RLIM_INFINITY {
        return 64 * MIB;
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX).clamp(16 * MIB, 256 * MIB)
}

/// Whether this process has never had a second thread.
fn is_alone() -> bool {
    // SAFETY: glibc has a byte of this name, which it writes when a thread is made; another C library may have none.
    unsafe {
        libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr())
            .cast::<u8>()
            .as_ref()
            .is_some_and(|byte| *byte != 0)
    }
}

/// The first thread's stack may grow to a size: the limit is raised where need be, until it is dropped. The kernel leaves 128 MiB free
/// below that stack, or more where the limit was higher when the program began.
struct Room(libc::rlimit);

impl Room {
    /// `None` where there are or were other threads, or where the limit may not be raised so far.
    fn of(size: usize, now: &libc::rlimit) -> Option<Room> {
        if !is_alone() {
            return None;
        }
        let wanted = libc::rlim_t::try_from(size + USED).ok()?;
        if now.rlim_cur < libc::rlim_t::try_from(size).ok()? {
            let raised = libc::rlimit { rlim_cur: wanted, rlim_max: now.rlim_max };
            // SAFETY: reads the struct. `RLIM_INFINITY` is the highest number, so that this compares rightly.
            if wanted > now.rlim_max || unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const raised) } != 0 {
                return None;
            }
        }
        Some(Room(*now))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: the limit that was there.
        unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const self.0) };
    }
}

/// Runs `f` with such a stack and all signals blocked, and waits for it.
pub(crate) fn run<T: Send>(f: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let limit = limit();
    let size = size(&limit);
    let blocked = SignalsBlocked::new();
    if let Some(_room) = Room::of(size, &limit) {
        return catch_unwind(AssertUnwindSafe(f)).map_err(|_| Error::Thread(size, "it panicked".into()));
    }
    let result = thread::scope(|scope| {
        // The new thread inherits the mask, so that no signal arrives before it could block them.
        let thread = thread::Builder::new().name("perl".into()).stack_size(size).spawn_scoped(scope, f);
        drop(blocked);
        match thread {
            Ok(thread) => thread.join().map_err(|_| "it panicked".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    });
    result.map_err(|why| Error::Thread(size, why))
}

#[cfg(test)]
mod tests {
    #[test]
    fn signals_are_blocked_meanwhile_and_then_as_before() {
        let blocked = || {
            let mut now = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
            // SAFETY: a null set only asks; writes `now`.
            unsafe {
                libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), now.as_mut_ptr());
                libc::sigismember(now.as_ptr(), libc::SIGTERM)
            }
        };
        assert_eq!(super::run(blocked).unwrap(), 1);
        assert_eq!(blocked(), 0);
    }
}
