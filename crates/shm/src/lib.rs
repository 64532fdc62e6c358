//! Memory of any length that all processes share which are forked from the one that asked for it, under a lock of all their threads.
//!
//! The lock is a robust mutex of the system's, which lies in front of the memory: a process that ends while it has the lock loses it to
//! the next one, and whoever waits, waits for a bounded time. What the memory holds then may be half written; that is its user's affair.
//! Nothing here knows what it is.

mod mapping;
#[cfg(feature = "testing")]
pub mod testing;

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io, slice};

pub use mapping::Mapping;

/// In front of the bytes, which begin on a line of the processor's cache of their own.
const HEAD: usize = 128;
const _: () = assert!(size_of::<libc::pthread_mutex_t>() <= HEAD);

/// The memory, and its lock.
#[derive(Debug)]
pub struct Region {
    /// The bytes are touched by the holder of the lock alone, and the mutex is made for any thread of any process.
    mapping: Mapping,
    length: usize,
}

/// Why the memory cannot be had now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Busy {
    /// Others have had it all the time.
    Others(Duration),
    /// This thread has it already: a signal handler has interrupted it.
    Inside,
    /// The system says this.
    System(i32),
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Busy::Others(time) => write!(f, "others had its lock for {} s", time.as_secs_f64()),
            Busy::Inside => f.write_str("this thread has its lock already"),
            Busy::System(code) => write!(f, "its lock: {}", io::Error::from_raw_os_error(*code)),
        }
    }
}

impl Region {
    /// A region of so many bytes, all 0. The system gives pages when they are used first.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn new(length: usize) -> io::Result<Region> {
        let whole = HEAD.checked_add(length).ok_or(io::ErrorKind::OutOfMemory)?;
        let region = Region { mapping: Mapping::new(whole)?, length };
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: both records are written before they are used; nobody else knows the memory yet.
        let made = unsafe {
            let attributes = attributes.as_mut_ptr();
            let steps = [
                libc::pthread_mutexattr_init(attributes),
                libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED),
                libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST),
                libc::pthread_mutexattr_settype(attributes, libc::PTHREAD_MUTEX_ERRORCHECK),
                libc::pthread_mutex_init(region.mutex(), attributes),
            ];
            libc::pthread_mutexattr_destroy(attributes);
            steps.into_iter().find(|code| *code != 0)
        };
        made.map_or(Ok(region), |code| Err(io::Error::from_raw_os_error(code)))
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Runs `f` with the bytes, as the only one in all processes. `f` must be short: others wait for it.
    ///
    /// # Errors
    /// Others had the lock for so long.
    pub fn with<R>(&self, patience: Duration, f: impl FnOnce(&mut [u8]) -> R) -> Result<R, Busy> {
        let held = Held::take(self, patience)?;
        // SAFETY: mapped with this length, and nobody else's while the lock is held, by which all processes abide.
        let bytes = unsafe { slice::from_raw_parts_mut(self.mapping.at().as_ptr().add(HEAD), self.length) };
        let done = f(bytes);
        drop(held);
        Ok(done)
    }

    fn mutex(&self) -> *mut libc::pthread_mutex_t {
        // It is changed through a shared reference, as any cell is; and it is never destroyed, since it may be another process's.
        self.mapping.at().cast::<UnsafeCell<libc::pthread_mutex_t>>().as_ptr().cast()
    }
}

/// The lock, until this is dropped.
struct Held<'r>(&'r Region);

impl Held<'_> {
    fn take(region: &Region, patience: Duration) -> Result<Held<'_>, Busy> {
        let mutex = region.mutex();
        // SAFETY: made by `Region::new`, and mapped as long as the region lives.
        let mut code = unsafe { libc::pthread_mutex_trylock(mutex) };
        if code == libc::EBUSY {
            // SAFETY: as above. The clock is that by which the function waits.
            code = unsafe { libc::pthread_mutex_timedlock(mutex, &until(patience)) };
        }
        match code {
            0 => Ok(Held(region)),
            libc::EOWNERDEAD => {
                // SAFETY: this thread has the lock, whose last holder has ended.
                unsafe { libc::pthread_mutex_consistent(mutex) };
                Ok(Held(region))
            }
            libc::ETIMEDOUT => Err(Busy::Others(patience)),
            libc::EDEADLK => Err(Busy::Inside),
            code => Err(Busy::System(code)),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: this thread has the lock.
        unsafe { libc::pthread_mutex_unlock(self.0.mutex()) };
    }
}

/// The time at which somebody has waited for so long, by the clock of the day.
fn until(patience: Duration) -> libc::timespec {
    let at =
        SystemTime::now().checked_add(patience).and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    libc::timespec {
        tv_sec: libc::time_t::try_from(at.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: i64::from(at.subsec_nanos()) as _,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;

    const LONG: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(20);

    fn add(bytes: &mut [u8]) {
        let number = u64::from_ne_bytes(bytes[..8].try_into().unwrap());
        bytes[..8].copy_from_slice(&(number + 1).to_ne_bytes());
    }

    fn number(region: &Region) -> u64 {
        region.with(LONG, |bytes| u64::from_ne_bytes(bytes[..8].try_into().unwrap())).unwrap()
    }

    /// Runs `f` in a process of its own; its status as `waitpid` has it.
    fn forked(f: impl FnOnce()) -> i32 {
        let mut status = 0;
        // SAFETY: the new process runs `f` and ends.
        unsafe {
            let pid = libc::fork();
            if pid == 0 {
                f();
                libc::_exit(0);
            }
            assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        }
        status
    }

    #[test]
    fn threads_and_processes_take_turns() {
        let region = Arc::new(Region::new(4096).unwrap());
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let region = region.clone();
                thread::spawn(move || (0..20_000).for_each(|_| region.with(LONG, add).unwrap()))
            })
            .collect();
        assert_eq!(forked(|| (0..20_000).for_each(|_| region.with(LONG, add).unwrap())), 0);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(number(&region), 80_000);
    }

    #[test]
    fn a_process_that_is_killed_within_loses_the_lock_to_the_next() {
        let region = Region::new(4096).unwrap();
        let status = forked(|| {
            let _ = region.with(LONG, |bytes| {
                add(bytes);
                // SAFETY: ends this process.
                unsafe { libc::raise(libc::SIGKILL) }
            });
        });
        assert_eq!(status, libc::SIGKILL);
        assert_eq!(number(&region), 1);
        region.with(SHORT, add).unwrap();
        assert_eq!(number(&region), 2);
    }

    #[test]
    fn who_waits_in_vain_is_told_so_and_who_has_it_cannot_take_it_again() {
        let region = Arc::new(Region::new(4096).unwrap());
        let ((told, tell), (go, may_go)) = (channel(), channel());
        let other = region.clone();
        let holder = thread::spawn(move || {
            let _ = other.with(LONG, |_| {
                told.send(other.with(SHORT, add)).unwrap();
                may_go.recv().unwrap();
            });
        });
        assert_eq!(tell.recv().unwrap(), Err(Busy::Inside));
        assert_eq!(region.with(SHORT, add), Err(Busy::Others(SHORT)));
        go.send(()).unwrap();
        holder.join().unwrap();
        assert_eq!(region.with(LONG, add), Ok(()));
    }

    #[test]
    fn the_lock_goes_back_in_a_panic() {
        let region = Region::new(4096).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = region.with(LONG, |_| panic!("within"));
        }));
        assert!(panicked.is_err());
        assert_eq!(region.with(SHORT, add), Ok(()));
    }
}
