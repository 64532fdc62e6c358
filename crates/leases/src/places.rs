//! A number of interpreters over all processes of a server, old generations included.
//!
//! There are so many *places*, each a byte of a file without a name that the processes inherit. Who has locked the byte has the place. The
//! kernel unlocks what a process has locked when it ends, however it ends, so that no place is lost and nobody has to look after
//! others. What a process wants is a lock, too, for the same reason.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use crate::news::News;
use crate::shared::{Shared, Words};

/// What other processes want.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) enum Want {
    /// Nothing.
    #[default]
    Nothing,
    /// One place more than they have.
    More,
    /// A first place: requests wait, and the process has none.
    First,
}

/// The bytes that those have locked who want something; places come behind.
const WANTS: [(Want, libc::off_t); 2] = [(Want::More, 0), (Want::First, 1)];
const PLACES: libc::off_t = 64;

/// The places of one class.
#[derive(Debug)]
pub(crate) struct Places {
    file: File,
    number: Shared<Number>,
}

/// How many there are, and whether that outlives the next reading of the configuration.
#[derive(Debug, Default)]
struct Number {
    now: AtomicU32,
    is_kept: AtomicBool,
}

// SAFETY: atomics, of which 0 and false are all bits 0.
unsafe impl Words for Number {}

impl Places {
    /// Those of this name, so many from now on. The same as before a restart, so that processes of an older generation are counted, too.
    /// To be called in the process from which the others are forked.
    ///
    /// # Errors
    /// The system has no such file to give.
    pub(crate) fn of(name: &str, number: u32) -> io::Result<Arc<Places>> {
        static ALL: Mutex<Vec<(Box<str>, Arc<Places>)>> = Mutex::new(Vec::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let places = match all.iter().find(|(known, _)| **known == *name) {
            Some((_, places)) => places.clone(),
            None => {
                let places = Arc::new(Places { file: nameless(c"mod_interp places")?, number: Shared::new() });
                all.push((name.into(), places.clone()));
                places
            }
        };
        News::of_all();
        if !places.number.is_kept.load(SeqCst) {
            places.number.now.store(number, SeqCst);
        }
        Ok(places)
    }

    /// How many there are.
    pub(crate) fn number(&self) -> u32 {
        self.number.now.load(SeqCst)
    }

    /// Changes how many there are, for all processes; with `keep` what the configuration says no longer counts. Returns the number before
    /// and the one now.
    pub(crate) fn scale(&self, mut new: impl FnMut(u32) -> u32, keep: bool) -> (u32, u32) {
        let mut after = 0;
        let set = |now| {
            after = new(now);
            Some(after)
        };
        let before = self.number.now.fetch_update(SeqCst, SeqCst, set).unwrap_or_else(|now| now);
        self.number.is_kept.store(keep, SeqCst);
        News::of_all().tell();
        (before, after)
    }

    /// Takes a free place; `own` are those that this process has, which the kernel would give it again.
    pub(crate) fn claim(&self, own: &[u32]) -> Option<u32> {
        let from = std::process::id();
        let number = self.number();
        // Processes begin at different places, so that they seldom try one that another has.
        let mut all = (0..number).map(|n| (n.wrapping_add(from)) % number);
        all.find(|place| !own.contains(place) && self.lock(at(*place), libc::F_WRLCK))
    }

    /// Gives a place back.
    pub(crate) fn release(&self, place: u32) {
        self.lock(at(place), libc::F_UNLCK);
        News::of_all().tell();
    }

    /// Whether there is a free one.
    pub(crate) fn has_free(&self, own: &[u32]) -> bool {
        (0..self.number()).any(|place| !own.contains(&place) && !self.is_locked(at(place)))
    }

    /// Says what this process wants, in place of what it wanted.
    pub(crate) fn want(&self, wanted: &mut Want, want: Want) {
        if *wanted == want {
            return;
        }
        for (one, byte) in WANTS {
            self.lock(byte, if want >= one { libc::F_RDLCK } else { libc::F_UNLCK });
        }
        let more = want > std::mem::replace(wanted, want);
        if more {
            News::of_all().tell();
        }
    }

    /// The most that any other process wants.
    pub(crate) fn others_want(&self) -> Want {
        let wanted = WANTS.into_iter().filter(|(_, byte)| self.is_locked(*byte));
        wanted.map(|(want, _)| want).max().unwrap_or_default()
    }

    fn lock(&self, byte: libc::off_t, kind: i32) -> bool {
        let mut lock = one_byte(byte, kind);
        // SAFETY: an open file and a record of this call.
        unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_SETLK, &raw mut lock) == 0 }
    }

    /// Whether another process has locked this byte.
    fn is_locked(&self, byte: libc::off_t) -> bool {
        let mut lock = one_byte(byte, libc::F_WRLCK);
        // SAFETY: as above.
        let asked = unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_GETLK, &raw mut lock) } == 0;
        asked && i32::from(lock.l_type) != libc::F_UNLCK
    }
}

fn at(place: u32) -> libc::off_t {
    PLACES + libc::off_t::from(place)
}

fn one_byte(byte: libc::off_t, kind: i32) -> libc::flock {
    // SAFETY: a record of numbers, for each of which 0 is one.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as _;
    lock.l_whence = libc::SEEK_SET as _;
    (lock.l_start, lock.l_len) = (byte, 1);
    lock
}

/// A file that has no name. Programs that a script executes do not inherit it.
#[cfg(target_os = "linux")]
fn nameless(purpose: &CStr) -> io::Result<File> {
    // SAFETY: a string of C's; what comes back is ours alone.
    let file = unsafe { libc::memfd_create(purpose.as_ptr(), libc::MFD_CLOEXEC) };
    if file < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    Ok(unsafe { File::from_raw_fd(file) })
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &CStr) -> io::Result<File> {
    // SAFETY: a call without arguments; the stream is never closed, and its file is ours alone.
    let file = unsafe {
        let stream = libc::tmpfile();
        if stream.is_null() { -1 } else { libc::fcntl(libc::fileno(stream), libc::F_DUPFD_CLOEXEC, 0) }
    };
    if file < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    Ok(unsafe { File::from_raw_fd(file) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shm::testing::Apart;

    #[test]
    fn a_place_has_one_owner_and_is_free_when_that_process_is_gone() {
        let places = Places::of("one owner", 2).unwrap();
        let child = Apart::run(|| assert!(places.claim(&[]).is_some()));
        let own = [places.claim(&[]).unwrap()];
        assert_eq!((places.claim(&own), places.has_free(&own)), (None, false));
        child.kill();
        assert!(places.has_free(&own));
        let second = places.claim(&own).unwrap();
        assert_ne!(second, own[0]);
        places.release(second);
        assert!(places.has_free(&own));
    }

    #[test]
    fn a_wish_is_seen_by_others_and_ends_with_its_process() {
        let places = Places::of("a wish", 1).unwrap();
        assert_eq!(places.others_want(), Want::Nothing);
        let more = Apart::run(|| places.want(&mut Want::Nothing, Want::More));
        assert_eq!(places.others_want(), Want::More);
        let first = Apart::run(|| places.want(&mut Want::Nothing, Want::First));
        assert_eq!(places.others_want(), Want::First);
        first.kill();
        assert_eq!(places.others_want(), Want::More);
        more.kill();
        places.want(&mut Want::Nothing, Want::First);
        assert_eq!(places.others_want(), Want::Nothing, "its own wishes are no other's");
    }

    #[test]
    fn the_number_is_that_of_the_last_reading_of_the_configuration() {
        let places = Places::of("a number", 3).unwrap();
        let later = Places::of("a number", 1).unwrap();
        assert_eq!((places.number(), Arc::ptr_eq(&places, &later)), (1, true));
        assert_eq!(places.scale(|now| now + 4, true), (1, 5));
        assert_eq!(Places::of("a number", 2).unwrap().number(), 5, "unless one is to be kept");
    }
}
