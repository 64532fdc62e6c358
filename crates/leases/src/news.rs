//! How the processes of a server wake each other: a number that all of them see, and that counts what has happened.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use once_cell::sync::OnceCell;

use crate::shared::Shared;

/// Wakes those who wait for others of the server's processes: a number that counts what has happened.
#[derive(Debug)]
pub(crate) struct News(Shared<AtomicU32>);

impl News {
    /// The one of this server. To be asked for first in the process from which the others are forked.
    pub(crate) fn of_all() -> &'static News {
        static NEWS: OnceCell<News> = OnceCell::new();
        NEWS.get_or_init(|| News(Shared::new()))
    }

    /// How much has happened so far.
    pub(crate) fn seen(&self) -> u32 {
        self.0.load(SeqCst)
    }

    /// Tells all that something has happened.
    pub(crate) fn tell(&self) {
        self.0.fetch_add(1, SeqCst);
        wake(&self.0);
    }

    /// Waits until something has happened since [`News::seen`] was asked, at most so long.
    pub(crate) fn wait(&self, seen: u32, at_most: Duration) {
        wait(&self.0, seen, at_most);
    }
}

#[cfg(target_os = "linux")]
fn wait(word: &AtomicU32, seen: u32, at_most: Duration) {
    let time =
        libc::timespec { tv_sec: at_most.as_secs().try_into().unwrap_or(1), tv_nsec: at_most.subsec_nanos().into() };
    // SAFETY: a word that stays where it is while we wait, and a time; the kernel reads both and writes neither.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, &raw const time) };
}

#[cfg(target_os = "linux")]
fn wake(word: &AtomicU32) {
    // SAFETY: a word as above, whose address alone counts.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// Where the system cannot wake threads of other processes they look by themselves.
#[cfg(not(target_os = "linux"))]
fn wait(_: &AtomicU32, _: u32, at_most: Duration) {
    std::thread::sleep(at_most.min(Duration::from_millis(20)));
}

#[cfg(not(target_os = "linux"))]
fn wake(_: &AtomicU32) {}
