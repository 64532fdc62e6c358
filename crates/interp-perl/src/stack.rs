//! Runs what recurses deeply (`perl_clone`, `perl_destruct`) on a thread with a large stack.

use crate::perl::Error;
use std::{mem::MaybeUninit, thread};

const MIB: usize = 1 << 20;

/// RLIMIT_STACK within 16 to 256 MiB; unlimited: 64 MiB. (Cloning data nested 10,000 deep overflowed 2 MiB.)
fn size() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the struct.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 || limit.rlim_cur == libc::RLIM_INFINITY {
        return 64 * MIB;
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX).clamp(16 * MIB, 256 * MIB)
}

/// Runs `f` on a thread with such a stack and all signals blocked, and waits for it.
pub(crate) fn run<T: Send>(f: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let size = size();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // The new thread inherits the mask, so that none arrives before it could block them.
    // SAFETY: writes `before`, reads `all`, both on this stack.
    unsafe {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = thread::scope(|scope| {
        let thread = thread::Builder::new().name("perl".into()).stack_size(size).spawn_scoped(scope, f);
        // SAFETY: the mask that was saved above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
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
    fn the_thread_has_its_signals_blocked_and_ours_are_as_before() {
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
