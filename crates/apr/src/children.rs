//! Processes that run code of ours, as copies of the one that makes them: for a process that has one thread and waits for what its children
//! write and for their ends.

use std::ffi::c_int;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::time::Duration;
use std::{fs, io, ptr};

/// Makes a copy of this process. `Some` is the copy's number, in this process; `None` says that this is the copy.
///
/// # Errors
/// What the system says.
///
/// # Safety
/// This process has one thread, or the copy does only what may be done in a signal handler.
pub unsafe fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the caller's promise.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// Signals have the effects that they have in a new program, and none is blocked.
pub fn reset_signals() {
    for signal in 1..32 {
        // SAFETY: no code of ours is called for a signal any more; where it cannot be said (SIGKILL) nothing happens.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // What the call is given cannot be wrong.
    let _ = crate::process::block_no_signal();
}

/// Has this process get a signal when the process ends that made it, `parent`. Where the system cannot do that, nothing happens. To be said
/// when the process has the user that it is to have, since a change of user takes it back.
pub fn end_with_parent(parent: i32, signal: c_int) {
    // SAFETY: two calls that touch no memory; a parent that has ended before is told of at once.
    unsafe {
        #[cfg(target_os = "linux")]
        libc::prctl(libc::PR_SET_PDEATHSIG, signal);
        if libc::getppid() != parent {
            libc::raise(signal);
        }
    }
}

/// The number of this process.
pub fn own_pid() -> i32 {
    // SAFETY: a number of the process.
    unsafe { libc::getpid() }
}

/// Begins a group of processes, which the present one leads: what it makes belongs to it. A process may say it for its child, so that it holds
/// whoever is first.
pub fn lead_group(pid: i32) {
    // SAFETY: changes nothing but the group of a process of ours.
    unsafe { libc::setpgid(pid, pid) };
}

/// Sends a signal to a child of this process, and to all of its group.
pub fn signal_group(pid: i32, signal: c_int) {
    if pid > 1 {
        // SAFETY: a child that was not awaited yet, so that its number is nobody else's.
        unsafe { libc::kill(-pid, signal) };
    }
}

/// Sends a signal to a child of this process.
pub fn signal(pid: i32, signal: c_int) {
    if pid > 1 {
        // SAFETY: as above.
        unsafe { libc::kill(pid, signal) };
    }
}

/// A child that has ended, if there is one: how it ended is asked once.
pub fn ended() -> Option<(i32, ExitStatus)> {
    awaited(-1).ok().flatten()
}

/// How this child has ended; `None` while it runs.
///
/// # Errors
/// It is no child of this process, or was asked about before.
pub fn ended_of(pid: i32) -> io::Result<Option<ExitStatus>> {
    awaited(pid).map(|found| found.map(|(_, status)| status))
}

fn awaited(pid: i32) -> io::Result<Option<(i32, ExitStatus)>> {
    let mut status = 0;
    // SAFETY: writes one number.
    match unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some((pid, ExitStatus::from_raw(status)))),
    }
}

/// Ends this process at once, with what C's streams still have written out.
pub fn leave(status: c_int) -> ! {
    // SAFETY: nothing of the process is used any more.
    unsafe {
        libc::fflush(ptr::null_mut());
        libc::_exit(status)
    }
}

/// Gives this process nothing to read, and these to write to as its standard output and error.
///
/// # Errors
/// What the system says.
pub fn set_standard(out: OwnedFd, err: OwnedFd) -> io::Result<()> {
    let nothing = OwnedFd::from(fs::File::open("/dev/null")?);
    for (file, at) in [(nothing, libc::STDIN_FILENO), (out, libc::STDOUT_FILENO), (err, libc::STDERR_FILENO)] {
        let from = file.into_raw_fd();
        // SAFETY: a descriptor of ours becomes one of the three, which are nobody's; what is left over is closed.
        unsafe {
            if libc::dup2(from, at) < 0 {
                return Err(io::Error::last_os_error());
            }
            if from != at {
                drop(OwnedFd::from_raw_fd(from));
            } else {
                libc::fcntl(at, libc::F_SETFD, 0);
            }
        }
    }
    Ok(())
}

/// Has reads of this file come back at once.
///
/// # Errors
/// What the system says.
pub fn do_not_wait(file: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: an open descriptor.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The end of the pipe into which signals write.
static WAKES: AtomicI32 = AtomicI32::new(-1);
/// Whether the process was told to end.
static TOLD_TO_END: AtomicBool = AtomicBool::new(false);

extern "C" fn arrived(signal: c_int) {
    if signal != libc::SIGCHLD {
        TOLD_TO_END.store(true, SeqCst);
    }
    // SAFETY: may be called in a signal handler; errno is put back, which the interrupted code may be about to read.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::write(WAKES.load(SeqCst), c"".as_ptr().cast(), 1);
        *errno = before;
    }
}

/// The signals of a process that waits: SIGCHLD wakes it, SIGTERM and SIGINT tell it to end.
pub struct Signals {
    wakes: OwnedFd,
}

impl Signals {
    /// Begins to heed them. Once per process.
    ///
    /// # Errors
    /// What the system says.
    pub fn heed() -> io::Result<Signals> {
        let (wakes, rings) = io::pipe()?;
        let (wakes, rings) = (OwnedFd::from(wakes), OwnedFd::from(rings));
        do_not_wait(std::os::fd::AsFd::as_fd(&wakes))?;
        do_not_wait(std::os::fd::AsFd::as_fd(&rings))?;
        WAKES.store(rings.into_raw_fd(), SeqCst);
        TOLD_TO_END.store(false, SeqCst);
        for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT] {
            // SAFETY: the function does what a signal handler may do, and is there as long as the process.
            unsafe { libc::signal(signal, arrived as extern "C" fn(c_int) as libc::sighandler_t) };
        }
        for signal in [libc::SIGHUP, libc::SIGUSR1, libc::SIGWINCH, libc::SIGPIPE] {
            // SAFETY: no function is called.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        Ok(Signals { wakes })
    }

    /// Whether the process was told to end.
    pub fn told_to_end(&self) -> bool {
        TOLD_TO_END.load(SeqCst)
    }

    /// Waits for a signal, or until one of these files has something to read or has ended; at most so long.
    pub fn wait(&self, files: impl Iterator<Item = RawFd>, most: Duration) {
        let of = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut polled: Vec<libc::pollfd> = std::iter::once(self.wakes.as_raw_fd()).chain(files).map(of).collect();
        // Rounded up: who is woken too early would wait again for nothing.
        let most = c_int::try_from(most.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX);
        let mut rings = [0_u8; 64];
        // SAFETY: the vector and the array are lent for the calls, with their lengths.
        unsafe {
            libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, most);
            while libc::read(self.wakes.as_raw_fd(), rings.as_mut_ptr().cast(), rings.len()) > 0 {}
        }
    }
}
