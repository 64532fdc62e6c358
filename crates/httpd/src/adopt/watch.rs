//! Connections that wait for their clients: one thread per child looks after them all, and gives each on when its time has come.

use super::{
    adopted::{Adopted, LINGER, LINGER_SHORT, Wait},
    gate,
    worker::{guarded, leave_thread, stack_size},
};
use crate::mpm;
use interp::SignalsBlocked;
use std::{
    collections::HashMap,
    ffi::c_int,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often it is looked whether somebody has waited too long, or the server ends.
const TICK: Duration = Duration::from_millis(100);

/// How many events are taken at once.
const AT_ONCE: usize = 64;

/// The number of the event that wakes the thread; connections have the others.
const WAKE: u64 = 0;

struct Waiting {
    connection: Adopted,
    wait: Wait,
    until: Instant,
}

/// What is to be run at a moment.
type Later = (Instant, Box<dyn FnOnce() + Send>);

#[derive(Default)]
struct All {
    waiting: HashMap<u64, Waiting>,
    later: Vec<Later>,
    last: u64,
    is_ending: bool,
}

struct Watch {
    epoll: OwnedFd,
    wake: OwnedFd,
    all: Mutex<All>,
}

/// The watch of this child, and its thread.
static WATCH: Mutex<Option<(Arc<Watch>, JoinHandle<()>)>> = Mutex::new(None);

fn of_child() -> MutexGuard<'static, Option<(Arc<Watch>, JoinHandle<()>)>> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to look after adopted connections in this child, once; false where that cannot be.
pub fn begin() -> bool {
    let mut of_child = of_child();
    if of_child.is_some() {
        return true;
    }
    let Some(watch) = Watch::new().map(Arc::new) else { return false };
    let own = watch.clone();
    // The thread inherits the mask: signals are for httpd's own.
    let blocked = SignalsBlocked::new();
    let spawned = thread::Builder::new().name("mod_interp wait".into()).stack_size(stack_size()).spawn(move || {
        own.run();
        leave_thread();
    });
    drop(blocked);
    *of_child = spawned.ok().map(|thread| (watch, thread));
    of_child.is_some()
}

/// Ends, when the child ends: connections that wait are left to the kernel, with their memory.
pub fn end() {
    let Some((watch, thread)) = of_child().take() else { return };
    watch.lock().is_ending = true;
    watch.ring();
    let _ = thread.join();
    std::mem::take(&mut watch.lock().waiting).into_values().for_each(std::mem::forget);
}

/// Lets a connection wait until then.
pub(super) fn wait(connection: Adopted, wait: Wait, until: Instant) {
    put(Waiting { connection, wait, until });
}

/// Runs `f` when so much time has passed, on the thread that looks after connections. It must not wait there.
pub fn after(long: Duration, f: impl FnOnce() + Send + 'static) {
    if let Some(watch) = now() {
        watch.lock().later.push((Instant::now() + long, Box::new(f)));
        watch.ring();
    }
}

fn now() -> Option<Arc<Watch>> {
    of_child().as_ref().map(|(watch, _)| watch.clone())
}

fn put(waiting: Waiting) {
    match now() {
        Some(watch) => watch.put(waiting),
        // The child ends.
        None => std::mem::forget(waiting),
    }
}

/// The descriptor that a call has made.
fn made(descriptor: c_int) -> Option<OwnedFd> {
    // SAFETY: a descriptor that was just made belongs to nobody else.
    (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

impl Watch {
    fn new() -> Option<Watch> {
        // SAFETY: both make a descriptor, or none.
        let (epoll, wake) = unsafe {
            (
                made(libc::epoll_create1(libc::EPOLL_CLOEXEC))?,
                made(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?,
            )
        };
        let watch = Watch { epoll, wake, all: Mutex::default() };
        watch.control(libc::EPOLL_CTL_ADD, watch.wake.as_raw_fd(), libc::EPOLLIN, WAKE).then_some(watch)
    }

    /// Guards the list. Under it nothing of a connection is run, nor does one end.
    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn control(&self, what: c_int, descriptor: c_int, events: c_int, number: u64) -> bool {
        let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: number };
        // SAFETY: two descriptors; the event is read during the call.
        unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), what, descriptor, &raw mut event) == 0 }
    }

    /// Wakes the thread.
    fn ring(&self) {
        let one = 1u64;
        // SAFETY: eight bytes, as the counter wants them.
        unsafe { libc::write(self.wake.as_raw_fd(), (&raw const one).cast(), size_of::<u64>()) };
    }

    fn put(&self, waiting: Waiting) {
        let events = match waiting.wait {
            Wait::Room | Wait::Module { writes: true } => libc::EPOLLOUT,
            _ => libc::EPOLLIN | libc::EPOLLRDHUP,
        };
        let descriptor = waiting.connection.descriptor();
        let mut all = self.lock();
        if all.is_ending {
            std::mem::forget(waiting);
            return;
        }
        all.last += 1;
        let number = all.last;
        let is_first = all.waiting.is_empty();
        all.waiting.insert(number, waiting);
        let is_watched = self.control(libc::EPOLL_CTL_ADD, descriptor, events | libc::EPOLLONESHOT, number);
        let lost = if is_watched { None } else { all.waiting.remove(&number) };
        drop(all);
        // It ends here if it cannot be watched.
        drop(lost);
        if is_first {
            self.ring();
        }
    }

    /// Takes one out, if it still waits.
    fn take(&self, all: &mut All, number: u64) -> Option<Waiting> {
        let waiting = all.waiting.remove(&number)?;
        self.control(libc::EPOLL_CTL_DEL, waiting.connection.descriptor(), 0, number);
        Some(waiting)
    }

    fn run(&self) {
        loop {
            let long = {
                let all = self.lock();
                if all.is_ending {
                    return;
                }
                let next = all.later.iter().map(|(at, _)| at.saturating_duration_since(Instant::now()));
                next.chain((!all.waiting.is_empty()).then_some(TICK)).min()
            };
            // A part of a millisecond counts as one.
            let long = long.map_or(-1, |long| c_int::try_from(long.as_millis() + 1).unwrap_or(c_int::MAX));
            let mut events = [libc::epoll_event { events: 0, u64: WAKE }; AT_ONCE];
            // SAFETY: the kernel writes at most so many events.
            let count = unsafe {
                let most = AT_ONCE as c_int;
                libc::epoll_wait(self.epoll.as_raw_fd(), events.as_mut_ptr(), most, long)
            };
            for event in events.iter().take(usize::try_from(count).unwrap_or(0)) {
                self.happened(event.u64);
            }
            self.look_at_times();
        }
    }

    fn happened(&self, number: u64) {
        if number == WAKE {
            let mut count = 0u64;
            // SAFETY: eight bytes of room.
            unsafe { libc::read(self.wake.as_raw_fd(), (&raw mut count).cast(), size_of::<u64>()) };
            return;
        }
        let waiting = self.take(&mut self.lock(), number);
        if let Some(Waiting { connection, wait, until }) = waiting {
            guarded("a connection that waited", || connection.ready(wait, until));
        }
    }

    fn look_at_times(&self) {
        let (now, stops) = (Instant::now(), mpm::is_stopping());
        let makes_room = stops || gate::is_crowded();
        let (over, due): (Vec<Waiting>, Vec<Later>) = {
            let mut all = self.lock();
            let later = std::mem::take(&mut all.later);
            let (due, later) = later.into_iter().partition(|(at, _)| *at <= now);
            all.later = later;
            let is_over = |w: &Waiting| match w.wait {
                Wait::Request if makes_room => true,
                // As event does it, the client's end is not waited for so long then.
                Wait::End if makes_room => now + LINGER >= w.until + LINGER_SHORT,
                _ => now >= w.until,
            };
            let over: Vec<u64> = all.waiting.iter().filter(|(_, w)| is_over(w)).map(|(number, _)| *number).collect();
            (over.into_iter().filter_map(|number| self.take(&mut all, number)).collect(), due)
        };
        for (_, f) in due {
            guarded("what was to be done later", f);
        }
        for Waiting { connection, wait, .. } in over {
            guarded("a connection that waited too long", || connection.over(wait));
        }
    }
}
