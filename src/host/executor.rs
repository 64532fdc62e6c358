//! The threads that answer the requests of one stock of interpreters, and the queue of those that wait for one, first come, first served.
//! Who comes here is `executors`' affair.
//!
//! A request that holds an interpreter already is never queued: those who have all threads might wait for that one. It gets a thread that is
//! idle, or stays where it is.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use httpd::Request;
use httpd::adopt::{self, Suspended, Taker};
use interp::SignalsBlocked;
use leases::{Above, Told};

use super::lang::Lang;
use super::lease::{Refused, Stock};

/// How long a thread above the least number stays without work.
const IDLE: Duration = Duration::from_secs(3);

/// How often a queue is looked at: whether another thread would help, and who has waited too long.
const TICK: Duration = Duration::from_millis(20);

thread_local! {
    /// Whether this is a thread of an executor.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is an executor's, and no worker of the MPM's.
pub fn is_here() -> bool {
    HERE.get()
}

/// What the configuration says of the threads of one stock.
pub struct Numbers {
    /// How many there always are.
    pub min: usize,
    /// How many there may be.
    pub max: usize,
    /// The directive that says how many interpreters they have, without the language before it.
    pub max_by: &'static str,
    /// How long a request waits for one.
    pub max_wait: Duration,
    /// How many requests may wait.
    pub max_queue: Option<usize>,
}

/// Says to a client that no thread came free; returns the status.
pub type Refuse = fn(Lang, &Request, &Refused) -> c_int;

/// The threads that answer the requests of one stock.
pub struct Executor {
    lang: Lang,
    /// Whose requests they are.
    pub stock: Arc<Stock>,
    numbers: Numbers,
    refuses: Refuse,
    told: Told,
    /// Guards the queue. Under it nothing of a request is run.
    state: Mutex<State>,
    /// Rung when there is something to do, and when a thread ends while all are to end.
    bell: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    /// Threads there are.
    threads: usize,
    /// Those of them that wait for work.
    idle: usize,
    /// Those of the idle ones that are promised to requests which are about to come.
    promised: usize,
    spare: Spare,
    /// Whether [`Executor::tick`] will be called.
    ticks: bool,
    is_ending: bool,
}

/// A request that waits for a thread.
struct Queued {
    suspended: Suspended,
    since: Instant,
    /// Whether it holds an interpreter and was promised a thread.
    holds: bool,
}

impl State {
    /// The next request for a thread that is not idle. Threads that are promised to others are left to them.
    fn next(&mut self) -> Option<Queued> {
        let holds = self.queue.front().is_some_and(|first| first.holds);
        (holds || self.idle >= self.promised).then(|| self.queue.pop_front()).flatten()
    }

    /// How many requests wait for whom no thread is idle.
    fn waiting(&self) -> usize {
        (self.queue.len() + self.promised).saturating_sub(self.idle)
    }
}

/// Whether the process has CPU time to spare: threads that compute gain nothing from more of them, those that wait do.
struct Spare {
    at: Instant,
    used: Duration,
    is: bool,
}

impl Default for Spare {
    fn default() -> Spare {
        Spare { at: Instant::now(), used: Duration::ZERO, is: true }
    }
}

impl Spare {
    /// Whether another thread may be made now: one for each time that was measured, if less than nine tenths of the processors were used
    /// in it by this process.
    fn take(&mut self) -> bool {
        let (now, long) = (Instant::now(), self.at.elapsed());
        if long >= TICK {
            let processors = thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
            let used = cpu_time();
            let is = used.saturating_sub(self.used) < long * processors / 10 * 9;
            *self = Spare { at: now, used, is };
        }
        std::mem::take(&mut self.is)
    }
}

/// The CPU time that this process has used.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the struct.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// A thread that was promised to a request; dropped when it is not needed after all.
struct Promise(Arc<Executor>);

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.lock().promised -= 1;
        self.0.bell.notify_all();
    }
}

impl Executor {
    /// Threads for the requests of a stock; none runs yet.
    pub fn new(lang: Lang, stock: Arc<Stock>, numbers: Numbers, refuses: Refuse) -> Arc<Executor> {
        let (told, state, bell) = (Told::default(), Mutex::default(), Condvar::new());
        Arc::new(Executor { lang, stock, numbers, refuses, told, state, bell })
    }

    /// Starts the least number.
    pub fn start(self: &Arc<Self>) {
        self.lock().threads += self.numbers.min;
        (0..self.numbers.min).for_each(|_| self.spawn());
    }

    /// Takes no request any more, and forgets those that wait: the process ends, and their connections with it.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.is_ending = true;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        queue.into_iter().for_each(|queued| std::mem::forget(queued.suspended));
        self.bell.notify_all();
    }

    /// Waits until then for the threads that still answer; returns how many do.
    pub fn await_end(&self, until: Instant) -> usize {
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.threads == 0 || left.is_zero() {
                return state.threads;
            }
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What takes a request here; `None` if the request is to be answered where it is. `holds` is whether it holds an interpreter.
    pub fn taker(self: &Arc<Self>, holds: bool) -> Option<Taker> {
        let executor = self.clone();
        if !holds {
            return Some(Box::new(move |suspended| executor.take(suspended)));
        }
        let mut state = self.lock();
        if state.is_ending || state.idle <= state.queue.len() + state.promised {
            return None;
        }
        state.promised += 1;
        drop(state);
        let promise = Promise(executor);
        Some(Box::new(move |suspended| {
            promise.0.lock().queue.push_front(Queued { suspended, since: Instant::now(), holds: true });
            drop(promise);
        }))
    }

    fn take(self: &Arc<Self>, suspended: Suspended) {
        let mut state = self.lock();
        if state.is_ending {
            drop(state);
            // The process ends, and the connection with it.
            std::mem::forget(suspended);
            return;
        }
        let is_full = |max: &usize| state.queue.len() + state.promised >= state.idle + *max;
        if state.threads == self.numbers.max
            && let Some(max) = self.numbers.max_queue.filter(is_full)
        {
            drop(state);
            let executor = self.clone();
            adopt::on_worker(move || executor.refuse(suspended, Late::Queue(max)));
            return;
        }
        state.queue.push_back(Queued { suspended, since: Instant::now(), holds: false });
        let grows = self.grows(&mut state);
        let ticks = state.waiting() > 0 && !std::mem::replace(&mut state.ticks, true);
        drop(state);
        self.bell.notify_one();
        if grows {
            self.spawn();
        }
        if ticks {
            self.tick_later();
        }
    }

    /// Whether another thread is to be made, which is counted then.
    fn grows(&self, state: &mut State) -> bool {
        let grows = state.waiting() > 0
            && state.threads < self.numbers.max
            && !state.is_ending
            && (state.threads < self.numbers.min || state.spare.take());
        state.threads += usize::from(grows);
        grows
    }

    /// Makes a thread, which is counted already.
    fn spawn(self: &Arc<Self>) {
        let executor = self.clone();
        let name = format!("{} executor", self.lang.name().to_lowercase());
        // The thread inherits the mask: signals are for httpd's own.
        let blocked = SignalsBlocked::new();
        let spawned = thread::Builder::new().name(name).stack_size(adopt::stack_size()).spawn(move || {
            HERE.set(true);
            executor.work();
            adopt::leave_thread();
            executor.lock().threads -= 1;
            executor.bell.notify_all();
        });
        drop(blocked);
        if let Err(error) = spawned {
            self.lock().threads -= 1;
            let name = self.lang.name();
            self.lang.warn(&format!("{name}ClassThreads: no thread could be made for {}: {error}", self.stock.server));
        }
    }

    /// What a thread does.
    fn work(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.is_ending {
            if let Some(queued) = state.next() {
                drop(state);
                // A panic is the module's own error, and ends this request and its connection.
                if catch_unwind(AssertUnwindSafe(|| self.answer(queued))).is_err() {
                    self.lang.warn("a request was stopped by an error in the module itself");
                }
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (woken, waited) = self.bell.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out()
                && state.queue.is_empty()
                && state.threads > self.numbers.min
                && state.idle >= state.promised
            {
                return;
            }
        }
    }

    fn answer(&self, queued: Queued) {
        if !queued.holds && queued.since.elapsed() >= self.numbers.max_wait {
            self.refuse(queued.suspended, Late::Wait);
        } else {
            queued.suspended.answer();
        }
    }

    fn tick_later(self: &Arc<Self>) {
        let executor = self.clone();
        adopt::after(TICK, move || executor.tick());
    }

    /// Called every now and then while requests wait.
    fn tick(self: &Arc<Self>) {
        let mut state = self.lock();
        state.ticks = false;
        let mut late = Vec::new();
        while state.queue.front().is_some_and(|first| !first.holds && first.since.elapsed() >= self.numbers.max_wait) {
            late.extend(state.queue.pop_front());
        }
        let grows = self.grows(&mut state);
        let ticks = !state.queue.is_empty() && !state.is_ending;
        state.ticks = ticks;
        drop(state);
        if grows {
            self.spawn();
        }
        if ticks {
            self.tick_later();
        }
        for queued in late {
            let executor = self.clone();
            adopt::on_worker(move || executor.refuse(queued.suspended, Late::Wait));
        }
    }

    /// Answers with 503.
    fn refuse(&self, suspended: Suspended, why: Late) {
        let Numbers { max, max_by, max_wait: waited, .. } = self.numbers;
        let (name, server) = (self.lang.name(), &self.stock.server);
        let enough = max + self.lock().queue.len() + 1;
        let what = match why {
            Late::Wait => format!("{name}InterpMaxWait: no thread of {server} came free in {waited:?}"),
            Late::Queue(max) => format!("{name}InterpMaxQueue: {max} requests wait for a thread of {server} already"),
        };
        let refused = Refused {
            text: format!(
                "{what}; as many of {name}{max_by} and {name}ClassThreads as {enough} (now {max}) would have avoided it"
            ),
            tell: self.told.now(),
            retry_after: waited.as_secs().clamp(1, 60),
        };
        suspended.refuse(|r| (self.refuses)(self.lang, r, &refused));
    }
}

/// Why a request is refused that waited for a thread.
enum Late {
    /// It has waited too long.
    Wait,
    /// So many wait already.
    Queue(usize),
}
