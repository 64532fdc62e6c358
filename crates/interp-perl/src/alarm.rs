//! `alarm` for an interpreter that the process's alarm would never reach: under a server with threads, where no thread of it takes signals,
//! and in an interpreter that is not the process's first, whose handlers perl does not install. One thread per process keeps the time. When
//! it is over the thread does what perl's own handler of the signal does, and wakes the thread that runs the interpreter from a call of the
//! system, again and again, until perl has seen it.

use crate::ffi;
use interp::SignalsBlocked;
use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::{Condvar, Mutex, Once, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What an interpreter has asked for. Its call is not over yet: `mp_serve_end` takes it off.
struct Alarm {
    perl: usize,
    at: Instant,
    /// It goes off again so long after that, and so on.
    every: Option<Duration>,
    is_off: bool,
    thread: libc::pthread_t,
}

/// The alarms of the process, and when the timer will look at them. Nothing is done under the lock but what is here.
struct Alarms {
    all: Vec<Alarm>,
    looks: Option<Instant>,
    has_timer: bool,
}

static ALARMS: Mutex<Alarms> = Mutex::new(Alarms { all: Vec::new(), looks: None, has_timer: false });
static CHANGED: Condvar = Condvar::new();

/// How long the timer waits until it wakes a thread again.
const AGAIN: Duration = Duration::from_millis(20);
/// A longer time than anybody waits for, and that `Instant` can add.
const LONGEST: f64 = 1e9;

/// The signal that wakes a thread: nobody sends it otherwise, and its handler does nothing.
fn kick() -> c_int {
    libc::SIGRTMIN() + 6
}

/// Has perl ask here, once per process.
pub(crate) fn init() {
    // SAFETY: the function is there as long as the process.
    unsafe { ffi::mp_alarm_init(set) };
}

/// Sets the alarm of this interpreter, which runs on this thread; 0 takes it off. It goes off again after each `every` seconds, or once if that is 0.
/// Returns how many seconds were left of the one before.
extern "C" fn set(perl: *mut c_void, seconds: f64, every: f64) -> f64 {
    let now = Instant::now();
    let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = alarms.all.iter().position(|alarm| alarm.perl == perl as usize).map(|at| alarms.all.swap_remove(at));
    let left = before.filter(|alarm| !alarm.is_off).map_or(0.0, |alarm| (alarm.at - now).as_secs_f64());
    if seconds > 0.0 {
        take_kicks();
        let at = now + Duration::from_secs_f64(seconds.min(LONGEST));
        // SAFETY: always succeeds.
        let thread = unsafe { libc::pthread_self() };
        let every = (every > 0.0).then(|| Duration::from_secs_f64(every.min(LONGEST)));
        alarms.all.push(Alarm { perl: perl as usize, at, every, is_off: false, thread });
        if !alarms.has_timer {
            alarms.has_timer = start_timer();
        }
        if alarms.looks.is_none_or(|looks| at < looks) {
            CHANGED.notify_one();
        }
    }
    left
}

/// Lets this thread be woken.
fn take_kicks() {
    static ONCE: Once = Once::new();
    extern "C" fn nothing(_: c_int) {}
    // SAFETY: plain records of C's; the handler does nothing.
    unsafe {
        ONCE.call_once(|| {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as extern "C" fn(c_int) as usize;
            libc::sigaction(kick(), &action, ptr::null_mut());
        });
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut set, kick());
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, ptr::null_mut());
    }
}

/// Starts the timer, which takes no signals: they are httpd's.
fn start_timer() -> bool {
    let _blocked = SignalsBlocked::new();
    thread::Builder::new().name("alarms".into()).spawn(|| watch()).is_ok()
}

fn watch() -> ! {
    let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = Instant::now();
        // SAFETY: the interpreter lives, and its call runs on that thread: the alarm is taken off, under this lock, before the call ends.
        let is_seen = |alarm: &Alarm| alarm.is_off && unsafe { ffi::mp_alarm_is_seen(alarm.perl as *mut c_void) } != 0;
        alarms.all.retain_mut(|alarm| match (is_seen(alarm), alarm.every) {
            (false, _) => true,
            (true, None) => false,
            (true, Some(every)) => {
                // Without drift, as long as perl keeps up.
                (alarm.is_off, alarm.at) = (false, (alarm.at + every).max(now));
                true
            }
        });
        for alarm in alarms.all.iter_mut().filter(|alarm| alarm.is_off || alarm.at <= now) {
            // SAFETY: as above.
            unsafe {
                if !alarm.is_off {
                    ffi::mp_alarm_goes_off(alarm.perl as *mut c_void);
                }
                libc::pthread_kill(alarm.thread, kick());
            }
            alarm.is_off = true;
        }
        alarms.looks = alarms.all.iter().map(|alarm| if alarm.is_off { now + AGAIN } else { alarm.at }).min();
        alarms = match alarms.looks {
            None => CHANGED.wait(alarms).unwrap_or_else(PoisonError::into_inner),
            Some(at) => CHANGED.wait_timeout(alarms, at - now).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
}
