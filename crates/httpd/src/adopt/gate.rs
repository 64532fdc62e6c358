//! The gate: when the worker that suspended a connection has let go of it.
//!
//! event runs the hook `suspend_connection`, and then writes to the connection twice more (`c->sbh`, `cs->suspended`). No lock covers
//! that. So another thread must do nothing with the connection before the worker has left that function. Our hook's last act is to
//! count one *turn* on; after that it shows in three ways:
//!
//! - the worker begins with another connection or a callback of ours (another turn),
//! - the scoreboard says that it is ready or gone, which only the worker itself writes there, as the first thing it does later,
//! - the scoreboard says "gracefully finishing", which the listener may have written as well, once in the life of a process: then the
//!   worker's thread must be seen asleep or gone. Between our hook's end and the two writes it does nothing for which it could sleep.

use crate::{ffi, mpm};
use std::{
    cell::Cell,
    ffi::c_int,
    fs, io,
    ptr::{self, NonNull},
    sync::atomic::{
        AtomicPtr, AtomicU32,
        Ordering::{Acquire, Release},
        fence,
    },
    thread,
    time::{Duration, Instant},
};

thread_local! {
    /// Counts what this thread has begun. It is never freed, since others look at it: there are as many as the MPM has threads.
    static TURN: Cell<Option<&'static AtomicU32>> = const { Cell::new(None) };
}

/// The counter of this thread.
fn turn() -> &'static AtomicU32 {
    if let Some(turn) = TURN.get() {
        return turn;
    }
    let turn: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
    TURN.set(Some(turn));
    turn
}

/// Called when this thread begins with something of which it has nothing from before.
pub(super) fn turn_begins() {
    turn().fetch_add(1, Release);
}

/// The line of this process in the scoreboard, once a connection was suspended.
static PROCESS: AtomicPtr<ffi::process_score> = AtomicPtr::new(ptr::null_mut());

/// Whether the MPM takes no connections at present, since it has too many: event then ends those that are idle.
pub(super) fn is_crowded() -> bool {
    // SAFETY: null, or a line of shared memory that stays; others write the byte.
    NonNull::new(PROCESS.load(Acquire))
        .is_some_and(|process| unsafe { ptr::read_volatile(&raw const (*process.as_ptr()).not_accepting) } != 0)
}

/// Where the worker stands that has suspended a connection.
pub(super) struct Gate {
    turn: &'static AtomicU32,
    /// The turn that begins when the hook ends.
    behind: u32,
    score: NonNull<ffi::worker_score>,
    thread: libc::pid_t,
}

// SAFETY: it reads an atomic number that is never freed, and a line of the scoreboard, which is mapped as long as the process lives.
unsafe impl Send for Gate {}

impl Gate {
    /// For the worker on whose thread this is called, which calls [`turn_begins`] as the last thing it does in the hook; `None` if the
    /// connection has no place in the scoreboard.
    ///
    /// # Safety
    /// The connection is the worker's.
    pub(super) unsafe fn new(c: *mut ffi::conn_rec) -> Option<Gate> {
        // SAFETY: the caller's promise; the line is that of the connection's worker. It is marked as busy, as it is under HTTP anyway.
        let score = unsafe {
            let handle: *mut ffi::ap_sb_handle_t = (*c).sbh.cast();
            if handle.is_null() {
                return None;
            }
            ffi::ap_update_child_status(handle, ffi::SERVER_BUSY_WRITE as c_int, ptr::null_mut());
            NonNull::new(ffi::ap_get_scoreboard_worker(handle))?
        };
        if PROCESS.load(Acquire).is_null() {
            // SAFETY: the scoreboard exists; null for a place that does not.
            let process =
                unsafe { ffi::ap_get_scoreboard_process((*score.as_ptr()).thread_num / mpm::hard_limit_threads()) };
            PROCESS.store(process, Release);
        }
        let turn = turn();
        // SAFETY: no precondition.
        let thread = unsafe { libc::gettid() };
        Some(Gate { turn, behind: turn.load(Acquire).wrapping_add(1), score, thread })
    }

    /// Waits until the worker has left: mostly it has, else it is a matter of microseconds, or until it gets the CPU.
    pub(super) fn wait(&self) {
        let (mut round, mut began) = (0u32, None);
        while !self.has_left(&mut began) {
            match round {
                0..64 => thread::yield_now(),
                _ => thread::sleep(Duration::from_micros(u64::from(round.min(1000)))),
            }
            round += 1;
        }
        fence(Acquire);
    }

    /// `began` is when it was first found that nothing can be known.
    fn has_left(&self, began: &mut Option<Instant>) -> bool {
        match self.turn.load(Acquire).wrapping_sub(self.behind) {
            0 => {}
            u32::MAX => return false,
            _ => return true,
        }
        // SAFETY: a line of shared memory that stays (see above); one byte, which others write.
        let status = unsafe { ptr::read_volatile(&raw const (*self.score.as_ptr()).status) };
        match u32::from(status) {
            ffi::SERVER_READY | ffi::SERVER_DEAD => true,
            ffi::SERVER_GRACEFUL => match self.is_asleep_or_gone() {
                Some(is) => is,
                // Nothing shows it, in a process that is about to end: a second is a thousand times what the worker needs.
                None => began.get_or_insert_with(Instant::now).elapsed() >= Duration::from_secs(1),
            },
            _ => false,
        }
    }

    /// What the kernel says of the worker's thread; `None` if it says nothing.
    fn is_asleep_or_gone(&self) -> Option<bool> {
        match fs::read(format!("/proc/self/task/{}/stat", self.thread)) {
            // The state stands behind the name, which may hold anything.
            Ok(stat) => {
                let end = stat.iter().rposition(|b| *b == b')')?;
                Some(matches!(stat.get(end + 2), Some(b'S' | b'Z' | b'X')))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::exists("/proc/self/stat").ok()? => Some(true),
            Err(_) => None,
        }
    }
}
