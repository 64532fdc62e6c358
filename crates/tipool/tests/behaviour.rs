//! What a tipool promises, with fake items.
#![cfg(not(loom))]
// Helpers outside `#[test]` functions may unwrap, too.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tipool::{Ask, Bell, Crowd, ItemId, Late, Limits, Manage, Purpose, Refused, Tipool, Wait, Worker};

const LONG: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Log {
    made: AtomicUsize,
    destroyed: Mutex<Vec<usize>>,
    tended: Mutex<Vec<(usize, Duration)>>,
    reported: Mutex<Vec<(Purpose, Duration)>>,
    fails: AtomicBool,
    panics: AtomicBool,
    tend_every: Option<Duration>,
    /// Every callback takes the tipool's lock through this: it would hang if the lock were held.
    tipool: OnceLock<Tipool<Fake>>,
}

impl Log {
    fn destroyed(&self) -> Vec<usize> {
        self.destroyed.lock().unwrap().clone()
    }

    fn touch_lock(&self) {
        if let Some(tipool) = self.tipool.get() {
            tipool.items();
        }
    }
}

struct Fake(Arc<Log>);

struct Item {
    serial: usize,
    in_hands: Arc<AtomicBool>,
}

impl Manage for Fake {
    type Item = Item;
    type Error = String;

    fn create(&self) -> Result<Item, String> {
        self.0.touch_lock();
        assert!(!self.0.panics.load(SeqCst), "asked to panic");
        if self.0.fails.load(SeqCst) {
            return Err("no more".to_owned());
        }
        let serial = self.0.made.fetch_add(1, SeqCst) + 1;
        Ok(Item { serial, in_hands: Arc::default() })
    }

    fn destroy(&self, item: Item) {
        self.0.touch_lock();
        assert!(!item.in_hands.load(SeqCst));
        self.0.destroyed.lock().unwrap().push(item.serial);
    }

    fn tend(&self, item: &mut Item, idle: Duration) {
        self.0.touch_lock();
        self.0.tended.lock().unwrap().push((item.serial, idle));
    }

    fn tend_every(&self) -> Option<Duration> {
        self.0.tend_every
    }

    fn cannot_create(&self, error: String, purpose: Purpose, retry_in: Duration) {
        self.0.touch_lock();
        assert_eq!(error, "no more");
        self.0.reported.lock().unwrap().push((purpose, retry_in));
    }
}

fn calm(start: usize, max: usize) -> Limits {
    Limits { start, max, min_spare: 0, max_spare: max, max_uses: 0, settle: Duration::ZERO, ..Limits::default() }
}

fn started(limits: Limits) -> (Tipool<Fake>, Arc<Log>) {
    with_log(limits, Log::default())
}

fn with_log(limits: Limits, log: Log) -> (Tipool<Fake>, Arc<Log>) {
    let log = Arc::new(log);
    let tipool = Tipool::new(Fake(Arc::clone(&log)), limits);
    // A cycle: leaked, as is fit for a test.
    let _ = log.tipool.set(tipool.clone());
    tipool.start().unwrap();
    (tipool, log)
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        thread::yield_now();
    }
}

/// A thread that waits for an item and pushes its number when it has it; returns once it stands in the queue.
fn queue_up(
    tipool: &Tipool<Fake>,
    only: Option<ItemId>,
    turns: &Arc<Mutex<Vec<u32>>>,
    n: u32,
) -> thread::JoinHandle<()> {
    let waiting = tipool.stats().waiting;
    let (pool, turns) = (tipool.clone(), Arc::clone(turns));
    let thread = thread::spawn(move || {
        let lease = match only {
            Some(id) => pool.checkout_only(id, LONG),
            None => pool.checkout(LONG),
        };
        let _lease = lease.unwrap();
        turns.lock().unwrap().push(n);
    });
    eventually("one more waits", || tipool.stats().waiting > waiting);
    thread
}

#[test]
fn the_last_used_is_lent_first_and_new_ones_last() {
    let (tipool, _) = started(calm(3, 3));
    let a = tipool.checkout(Wait::No).unwrap();
    let b = tipool.checkout(Wait::No).unwrap();
    let (a_id, b_id) = (a.id(), b.id());
    drop(a);
    drop(b);
    let again = tipool.checkout(Wait::No).unwrap();
    assert_eq!((again.id(), again.uses()), (b_id, 2));
    assert_eq!(tipool.checkout(Wait::No).unwrap().id(), a_id);
}

#[test]
fn among_idle_items_one_with_fewest_homes_is_lent() {
    let (tipool, _) = started(calm(2, 2));
    let home = tipool.checkout(Wait::No).unwrap();
    let id = home.add_home();
    drop(home);
    let other = tipool.checkout(Wait::No).unwrap();
    assert_ne!(other.id(), id);
    assert_eq!(tipool.checkout(Wait::No).unwrap().id(), id, "the only one left serves all the same");
    assert_eq!(tipool.homes(id), 1);
    tipool.drop_home(id);
    assert_eq!(tipool.homes(id), 0);
}

#[test]
fn the_preferred_item_is_lent_if_it_is_idle() {
    let (tipool, _) = started(calm(2, 2));
    let first = tipool.checkout(Wait::No).unwrap();
    let second = tipool.checkout(Wait::No).unwrap();
    let id = first.id();
    drop(first);
    drop(second);
    let preferred = tipool.checkout_prefer(id, Wait::No).unwrap();
    assert_eq!(preferred.id(), id);
    assert_ne!(tipool.checkout_prefer(id, Wait::No).unwrap().id(), id);
}

#[test]
fn a_continued_use_does_not_count() {
    let (tipool, _) = started(calm(1, 1));
    let mut lease = tipool.checkout(Wait::No).unwrap();
    lease.not_a_use();
    drop(lease);
    assert_eq!(tipool.checkout(Wait::No).unwrap().uses(), 1);
}

#[test]
fn who_waits_is_served_in_order_of_arrival() {
    let (tipool, _) = started(calm(1, 1));
    let turns = Arc::default();
    let lease = tipool.checkout(Wait::No).unwrap();
    let threads: Vec<_> = (0..8).map(|n| queue_up(&tipool, (n % 3 == 1).then(|| lease.id()), &turns, n)).collect();
    assert!(matches!(tipool.checkout(Wait::No), Err(Refused::TimedOut)));
    drop(lease);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*turns.lock().unwrap(), (0..8).collect::<Vec<_>>());
    let stats = tipool.stats();
    assert_eq!((stats.checkouts, stats.waits, stats.timeouts, stats.max_waiting), (9, 9, 1, 8));
    assert_eq!(stats.wait_histogram.iter().sum::<u64>(), 8);
}

#[test]
fn who_waits_for_one_item_does_not_hold_up_those_who_take_any() {
    let (tipool, _) = started(calm(2, 2));
    let turns = Arc::default();
    let wanted = tipool.checkout(Wait::No).unwrap();
    let other = tipool.checkout(Wait::No).unwrap();
    let only = queue_up(&tipool, Some(wanted.id()), &turns, 1);
    let any = queue_up(&tipool, None, &turns, 2);
    drop(other);
    any.join().unwrap();
    drop(wanted);
    only.join().unwrap();
    assert_eq!(*turns.lock().unwrap(), [2, 1]);
}

const LAST: Ask = Ask::Last { prefer: None, nested: false };

#[test]
fn who_may_not_wait_has_one_more_than_max_and_ordinary_leases_have_not() {
    let (tipool, log) = started(calm(1, 1));
    let ordinary = tipool.checkout(Wait::No).unwrap();
    let last = tipool.checkout_by(LAST, LONG, None).unwrap();
    assert_eq!((last.serial, log.made.load(SeqCst), tipool.stats().reserves), (2, 2, 1));
    let nested = Ask::Last { prefer: None, nested: true };
    assert!(
        matches!(tipool.checkout_by(nested, LONG, None), Err(Refused::Nested)),
        "it does not wait within another end"
    );
    drop(last);
    assert!(matches!(tipool.checkout(Wait::No), Err(Refused::TimedOut)), "the reserve is idle, but not for all");
    let last = tipool.checkout_by(LAST, LONG, None).unwrap();
    assert_eq!(last.serial, 2, "it is kept");
    drop(ordinary);
    let prefers = Ask::Last { prefer: Some(last.id()), nested: true };
    drop(last);
    assert_eq!(tipool.checkout_by(prefers, LONG, None).unwrap().serial, 2);
    assert_eq!(log.made.load(SeqCst), 2);
}

#[test]
fn who_may_not_wait_is_served_before_those_who_wait() {
    let (tipool, _) = started(calm(1, 1));
    let turns = Arc::default();
    let ordinary = tipool.checkout(Wait::No).unwrap();
    let last = tipool.checkout_by(LAST, LONG, None).unwrap();
    let waits = queue_up(&tipool, None, &turns, 2);
    let waiting = tipool.stats().waiting;
    let second = thread::spawn({
        let (pool, turns) = (tipool.clone(), Arc::clone(&turns));
        move || {
            let _lease = pool.checkout_by(LAST, LONG, None).unwrap();
            turns.lock().unwrap().push(1);
        }
    });
    eventually("it waits for the one that may not wait either", || tipool.stats().waiting > waiting);
    drop(last);
    second.join().unwrap();
    assert_eq!(tipool.stats().waiting, 1, "the reserve is not for the other");
    drop(ordinary);
    waits.join().unwrap();
    assert_eq!(*turns.lock().unwrap(), [1, 2]);
}

#[test]
fn one_who_may_not_wait_makes_the_reserve_where_the_other_broke_its_own() {
    let (tipool, log) = started(calm(1, 1));
    let _ordinary = tipool.checkout(Wait::No).unwrap();
    let last = tipool.checkout_by(LAST, LONG, None).unwrap();
    let second = thread::spawn({
        let pool = tipool.clone();
        move || pool.checkout_by(LAST, LONG, None).unwrap().serial
    });
    eventually("it waits", || tipool.stats().waiting == 1);
    last.retire();
    assert_eq!((second.join().unwrap(), log.destroyed()), (3, vec![2]));
    log.fails.store(true, SeqCst);
    tipool.items().iter().filter(|item| !item.is_lent).for_each(|item| {
        tipool.checkout_by(Ask::Last { prefer: Some(item.id), nested: true }, LONG, None).unwrap().retire();
    });
    assert!(matches!(tipool.checkout_by(LAST, LONG, None), Err(Refused::CannotCreate(_))));
    log.fails.store(false, SeqCst);
    assert!(tipool.checkout_by(LAST, LONG, None).is_ok(), "a failure takes up no room");
}

#[test]
fn items_are_replaced_while_there_is_a_reserve_and_a_quiet_time_ends_it() {
    let (tipool, log) = started(Limits { max_uses: 1, ..calm(1, 1) });
    tipool.keeper_started();
    let ordinary = tipool.checkout(Wait::No).unwrap();
    let last = tipool.checkout_by(LAST, LONG, None).unwrap();
    let now = Instant::now();
    drop(ordinary);
    tipool.tend(now);
    assert_eq!(tipool.checkout(Wait::No).unwrap().serial, 3, "the first has a successor");
    drop(last);
    tipool.tend(now);
    tipool.tend(now);
    assert_eq!((tipool.stats().size, tipool.stats().idle), (1, 1), "one is spare: the reserve has gone");
    assert_eq!(log.made.load(SeqCst) - log.destroyed().len(), 1);
}

#[test]
fn the_last_worker_of_several_tipools_does_not_wait_while_one_is_needed() {
    let crowd = Crowd::default();
    let pools = [(); 2].map(|()| Tipool::in_crowd(Fake(Arc::default()), calm(1, 1), Bell::new(), crowd.clone()));
    let held: Vec<_> = pools.iter().map(|pool| pool.checkout(Wait::No).unwrap()).collect();
    let worker = |draining| Some(Worker { of: 3, draining });
    let threads: Vec<_> = pools
        .clone()
        .into_iter()
        .map(|pool| thread::spawn(move || pool.checkout_by(Ask::Any, LONG, worker(true)).is_ok()))
        .collect();
    eventually("two of three wait", || crowd.waiting() == 2);
    assert!(matches!(pools[0].checkout_by(Ask::Any, LONG, worker(true)), Err(Refused::Crowded)));
    let soon = Duration::from_millis(10);
    assert!(matches!(pools[0].checkout_by(Ask::Any, soon, worker(false)), Err(Refused::TimedOut)), "else it waits");
    assert!(matches!(pools[1].checkout_by(Ask::Any, soon, None), Err(Refused::TimedOut)), "as others do");
    drop(held);
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!((crowd.waiting(), pools[0].stats().crowded), (0, 1));
}

#[test]
fn a_wait_ends_at_its_deadline() {
    let (tipool, _) = started(calm(1, 1));
    let lease = tipool.checkout(Wait::No).unwrap();
    let began = Instant::now();
    assert!(matches!(tipool.checkout(Duration::from_millis(30)), Err(Refused::TimedOut)));
    assert!(began.elapsed() >= Duration::from_millis(30));
    assert!(matches!(tipool.checkout(began), Err(Refused::TimedOut)), "a deadline in the past");
    assert_eq!((tipool.stats().waiting, tipool.stats().timeouts), (0, 2));
    drop(lease);
    assert_eq!(tipool.stats().idle, 1);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let (tipool, _) = started(Limits { max_queue: Some(1), ..calm(1, 1) });
    let turns = Arc::default();
    let lease = tipool.checkout(Wait::No).unwrap();
    let thread = queue_up(&tipool, None, &turns, 1);
    assert!(matches!(tipool.checkout(LONG), Err(Refused::QueueFull)));
    assert_eq!(tipool.stats().refused, 1);
    drop(lease);
    thread.join().unwrap();
}

#[test]
fn without_a_keeper_a_checkout_makes_its_own_up_to_max() {
    let (tipool, log) = started(calm(0, 2));
    assert!(tipool.try_checkout().is_none());
    let _a = tipool.checkout(Wait::No).unwrap();
    let _b = tipool.checkout(Wait::No).unwrap();
    assert!(matches!(tipool.checkout(Wait::No), Err(Refused::TimedOut)));
    assert_eq!(log.made.load(SeqCst), 2);
}

#[test]
fn without_a_keeper_a_failure_to_make_one_is_the_callers() {
    let (tipool, log) = started(calm(0, 1));
    log.fails.store(true, SeqCst);
    assert!(matches!(tipool.checkout(Wait::No), Err(Refused::CannotCreate(error)) if error == "no more"));
    log.fails.store(false, SeqCst);
    log.panics.store(true, SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| tipool.checkout(Wait::No).is_ok())).is_err());
    log.panics.store(false, SeqCst);
    assert!(tipool.checkout(Wait::No).is_ok(), "neither failure takes up room");
    assert_eq!(tipool.stats().create_failures, 2);
}

#[test]
fn a_lease_dropped_in_a_panic_is_retired() {
    let (tipool, log) = started(calm(1, 1));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _lease = tipool.checkout(Wait::No).unwrap();
        panic!("in the handler");
    }));
    assert!(outcome.is_err());
    assert_eq!(tipool.stats().retired_broken, 1);
    assert_eq!(tipool.checkout(Wait::No).unwrap().serial, 2);
    assert_eq!(log.destroyed(), [1]);
}

#[test]
fn a_retired_item_leaves_room_for_who_waits() {
    let (tipool, log) = started(calm(1, 1));
    let turns = Arc::default();
    let lease = tipool.checkout(Wait::No).unwrap();
    let id = lease.id();
    let any = queue_up(&tipool, None, &turns, 1);
    let only = thread::spawn({
        let tipool = tipool.clone();
        move || tipool.checkout_only(id, LONG).map(|lease| lease.id())
    });
    eventually("both wait", || tipool.stats().waiting == 2);
    lease.retire();
    any.join().unwrap();
    assert!(matches!(only.join().unwrap(), Err(Refused::Gone)));
    assert_eq!((log.made.load(SeqCst), log.destroyed()), (2, vec![1]));
    assert!(matches!(tipool.checkout_only(id, LONG), Err(Refused::Gone)));
}

#[test]
fn an_item_past_its_uses_serves_until_its_successor_is_there() {
    let (tipool, log) = started(Limits { max_uses: 2, ..calm(1, 1) });
    tipool.keeper_started();
    let now = Instant::now();
    for _ in 0..2 {
        assert_eq!(tipool.checkout(Wait::No).unwrap().serial, 1);
    }
    log.fails.store(true, SeqCst);
    let due = tipool.tend(now).unwrap();
    assert_eq!(tipool.checkout(Wait::No).unwrap().serial, 1, "none can be made: it serves on");
    assert_eq!(due, now + Duration::from_millis(100));

    let lease = tipool.checkout(Wait::No).unwrap();
    log.fails.store(false, SeqCst);
    tipool.tend(now + Duration::from_millis(50));
    assert_eq!(log.made.load(SeqCst), 1, "not yet: the keeper backs off");
    tipool.tend(due);
    assert_eq!((tipool.stats().size, tipool.stats().lent), (2, 1), "one above max");
    assert_eq!(tipool.checkout(Wait::No).unwrap().serial, 2);
    drop(lease);
    tipool.tend(due);
    assert_eq!((tipool.stats().size, log.destroyed()), (1, vec![1]));
    assert_eq!(tipool.stats().retired_by_uses, 1);
}

#[test]
fn items_past_their_age_are_replaced_one_above_max_at_a_time() {
    let (tipool, log) = started(Limits { max_age: Some(LONG), ..calm(3, 3) });
    tipool.keeper_started();
    let leases: Vec<_> = (0..3).map(|_| tipool.checkout(Wait::No).unwrap()).collect();
    let due = tipool.tend(Instant::now()).unwrap();
    let now = Instant::now() + LONG;
    assert!(due <= now);
    tipool.tend(now);
    assert_eq!(tipool.stats().size, 4, "all are lent: one successor and no more");
    drop(leases);
    tipool.tend(now);
    assert_eq!((tipool.stats().size, tipool.stats().idle, log.destroyed().len()), (3, 3, 3));
    assert_eq!((tipool.stats().retired_by_age, log.made.load(SeqCst)), (3, 6));
}

#[test]
fn failures_are_reported_once_a_minute_and_counted_all() {
    let (tipool, log) = started(calm(0, 1));
    tipool.keeper_started();
    log.fails.store(true, SeqCst);
    let turns = Arc::default();
    let thread = queue_up(&tipool, None, &turns, 1);
    let mut now = Instant::now();
    let end = now + Duration::from_secs(185);
    while now < end {
        now = tipool.tend(now).unwrap();
    }
    let reported = log.reported.lock().unwrap().clone();
    assert_eq!(reported.len(), 3, "{reported:?}");
    assert_eq!(reported[0], (Purpose::Grow, Duration::from_millis(100)));
    let failures = tipool.stats().create_failures;
    assert!((10..20).contains(&failures), "{failures} attempts in 185 s");
    log.fails.store(false, SeqCst);
    tipool.tend(now);
    thread.join().unwrap();
}

#[test]
fn an_item_with_homes_drains_and_goes_with_its_last_home() {
    let (tipool, log) = started(Limits { max_uses: 1, ..calm(1, 1) });
    tipool.keeper_started();
    let now = Instant::now();
    let lease = tipool.checkout(Wait::No).unwrap();
    let id = lease.add_home();
    lease.add_home();
    drop(lease);
    tipool.tend(now);
    assert_eq!((tipool.stats().size, tipool.stats().draining), (1, 1), "draining ones are not counted");
    let new = tipool.checkout_prefer(id, Wait::No).unwrap();
    assert_eq!(new.serial, 2);
    assert!(matches!(tipool.checkout(Wait::No), Err(Refused::TimedOut)), "draining ones serve nobody else");

    let old = tipool.checkout_only(id, Wait::No).unwrap();
    assert_eq!(old.serial, 1);
    tipool.drop_home(id);
    drop(old);
    assert!(tipool.checkout_only(id, Wait::No).is_ok(), "one home is left");
    tipool.drop_home(id);
    assert!(matches!(tipool.checkout_only(id, Wait::No), Err(Refused::Gone)));
    assert_eq!(log.destroyed(), [], "whoever ends a home does not destroy anything");
    tipool.wait(Some(Instant::now() + LONG));
    tipool.tend(now);
    assert_eq!(log.destroyed(), [1]);
}

#[test]
fn the_keeper_grows_to_min_spare_and_shrinks_to_max_spare() {
    let (tipool, log) = started(Limits { min_spare: 2, max_spare: 2, ..calm(1, 5) });
    tipool.keeper_started();
    let now = Instant::now();
    tipool.tend(now);
    assert_eq!(tipool.stats().idle, 2);
    let leases: Vec<_> = (0..2).map(|_| tipool.checkout(Wait::No).unwrap()).collect();
    tipool.tend(now);
    assert_eq!((tipool.stats().size, tipool.stats().idle), (4, 2));
    let warm = leases[0].id();
    drop(leases);
    tipool.tend(now);
    assert_eq!((tipool.stats().size, tipool.stats().shrunk), (2, 2));
    assert!(tipool.checkout_only(warm, Wait::No).is_ok(), "the cold ones went");
    assert_eq!(log.destroyed().len(), 2);
}

#[test]
fn a_surplus_must_last_before_it_is_shrunk() {
    let settle = Duration::from_secs(10);
    let (tipool, _) = started(Limits { max_spare: 1, settle, ..calm(3, 3) });
    tipool.keeper_started();
    let now = Instant::now();
    assert_eq!(tipool.tend(now), Some(now + settle));
    let leases: Vec<_> = (0..2).map(|_| tipool.checkout(Wait::No).unwrap()).collect();
    drop(leases);
    tipool.tend(now + settle);
    assert_eq!(tipool.stats().size, 3, "all but one were needed meanwhile");
    tipool.tend(now + settle + settle / 2);
    assert_eq!(tipool.stats().size, 3);
    tipool.tend(now + settle * 2);
    assert_eq!(tipool.stats().size, 1);
}

#[test]
fn housekeeping_is_no_use_and_leaves_each_item_in_its_place() {
    let log = Log { tend_every: Some(Duration::from_secs(1)), ..Log::default() };
    let (tipool, log) = with_log(calm(3, 3), log);
    tipool.keeper_started();
    let leases: Vec<_> = (0..3).map(|_| tipool.checkout(Wait::No).unwrap()).collect();
    let serials: Vec<_> = leases.iter().map(|lease| lease.serial).collect();
    drop(leases);
    let now = Instant::now();
    assert_eq!(tipool.tend(now), Some(now + Duration::from_secs(1)));
    tipool.tend(now + Duration::from_millis(500));
    tipool.tend(now + Duration::from_secs(2));
    let tended = log.tended.lock().unwrap().clone();
    let of = |at: usize| (tended[at].0, tended[at].1.as_secs());
    assert_eq!(tended.len(), 6, "each once a second");
    assert_eq!([of(0), of(1), of(2)], [(serials[0], 0), (serials[1], 0), (serials[2], 0)], "longest unused first");
    assert_eq!(of(5), (serials[2], 2));
    let last = tipool.checkout(Wait::No).unwrap();
    assert_eq!((last.serial, last.uses()), (serials[2], 2));
    assert_eq!(tipool.checkout(Wait::No).unwrap().serial, serials[1]);
}

#[test]
fn what_is_to_be_tended_soon_is_tended_in_the_next_round_or_when_it_comes_back() {
    let log = Log { tend_every: Some(Duration::from_secs(1)), ..Log::default() };
    let (tipool, log) = with_log(calm(2, 2), log);
    tipool.keeper_started();
    let now = Instant::now();
    tipool.tend(now);
    let lent = tipool.checkout(Wait::No).unwrap();
    let idle = tipool.items().into_iter().find(|item| item.id != lent.id()).unwrap().id;
    assert!(tipool.is_idle(idle) && !tipool.is_idle(lent.id()));
    log.tended.lock().unwrap().clear();
    let next = now + Duration::from_millis(1);
    for id in [idle, lent.id()] {
        tipool.tend_soon(id);
        tipool.tend(next);
    }
    assert_eq!(log.tended.lock().unwrap().len(), 1, "the idle one");
    let serial = lent.serial;
    drop(lent);
    tipool.bell().wait(None);
    tipool.tend(next);
    tipool.tend(next);
    let tended: Vec<usize> = log.tended.lock().unwrap().iter().map(|(serial, _)| *serial).collect();
    assert_eq!(
        (tended.len(), tended.get(1)),
        (2, Some(&serial)),
        "the other one once it was back, which rang the bell"
    );
}

#[test]
fn closing_destroys_the_idle_and_refuses_the_rest() {
    let (tipool, log) = started(calm(2, 2));
    let a = tipool.checkout(Wait::No).unwrap();
    assert_eq!(tipool.close(Late::Destroy), 1);
    assert_eq!(log.destroyed().len(), 1);
    assert!(matches!(tipool.checkout(LONG), Err(Refused::Closed)));
    assert!(tipool.is_closed());
    drop(a);
    assert_eq!((log.destroyed().len(), tipool.stats().size), (2, 0));
}

#[test]
fn who_waits_is_told_of_the_close_and_late_items_are_abandoned() {
    let (tipool, log) = started(calm(1, 1));
    tipool.keeper_started();
    let lease = tipool.checkout(Wait::No).unwrap();
    let waits = thread::spawn({
        let tipool = tipool.clone();
        move || tipool.checkout(Wait::Forever).map(|lease| lease.id())
    });
    eventually("it waits", || tipool.stats().waiting == 1);
    assert_eq!(tipool.close(Late::Abandon), 1);
    assert!(matches!(waits.join().unwrap(), Err(Refused::Closed)));
    drop(lease);
    assert_eq!((log.destroyed(), tipool.stats().abandoned), (vec![], 1));
    assert_eq!(tipool.tend(Instant::now()), None);
}

#[test]
fn a_tipool_that_nobody_has_any_more_destroys_its_items() {
    let log = Arc::new(Log::default());
    let tipool = Tipool::new(Fake(Arc::clone(&log)), calm(2, 2));
    tipool.start().unwrap();
    let lease = tipool.checkout(Wait::No).unwrap();
    drop(tipool);
    assert_eq!(log.destroyed(), []);
    drop(lease);
    assert_eq!(log.destroyed().len(), 2);
}

#[test]
fn a_lease_can_be_stored_and_sent() {
    fn send<T: Send + 'static>(_: &T) {}
    let (tipool, _) = started(calm(1, 1));
    let lease = tipool.checkout(Wait::No).unwrap();
    send(&lease);
    thread::spawn(move || drop(lease)).join().unwrap();
    assert_eq!(tipool.stats().idle, 1);
}

/// Ten thousand uses while items die all the time and every third cannot be made: no failed checkout, no item twice.
#[test]
fn recycling_under_load_refuses_nobody() {
    let limits =
        Limits { start: 2, max: 4, min_spare: 1, max_spare: 2, max_uses: 10, settle: Duration::ZERO, ..calm(2, 4) };
    let log = Log { tend_every: Some(Duration::from_millis(10)), ..Log::default() };
    let (tipool, log) = with_log(limits, log);
    tipool.keeper_started();
    let keeper = thread::spawn({
        let (tipool, log) = (tipool.clone(), Arc::clone(&log));
        move || {
            let mut round = 0usize;
            while !tipool.is_closed() {
                round += 1;
                log.fails.store(round.is_multiple_of(3), SeqCst);
                let due = tipool.tend(Instant::now());
                tipool.wait(due);
            }
            tipool.tend(Instant::now());
        }
    });
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let tipool = tipool.clone();
            thread::spawn(move || {
                let mut home = None;
                for round in 0..1250 {
                    let lease = match home {
                        Some(id) if round % 5 == 0 => match tipool.checkout_only(id, LONG) {
                            Err(Refused::Gone) => tipool.checkout(LONG),
                            found => found,
                        },
                        _ => tipool.checkout(LONG),
                    };
                    let lease = lease.unwrap();
                    assert!(!lease.in_hands.swap(true, SeqCst), "lent twice");
                    if (round + n) % 7 == 0 {
                        let before = home.replace(lease.add_home());
                        before.into_iter().for_each(|id| tipool.drop_home(id));
                    }
                    lease.in_hands.store(false, SeqCst);
                    if round % 500 == 499 {
                        lease.retire();
                    }
                }
                home.into_iter().for_each(|id| tipool.drop_home(id));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let stats = tipool.stats();
    assert_eq!((stats.lent, stats.waiting, stats.timeouts), (0, 0, 0));
    assert!(stats.checkouts >= 10_000);
    // On a busy machine the keeper may not have had a turn yet.
    let deadline = Instant::now() + LONG;
    while tipool.stats().retired_by_uses == 0 && Instant::now() < deadline {
        tipool.bell().ring();
        thread::sleep(Duration::from_millis(1));
    }
    assert!(tipool.stats().retired_by_uses > 0);
    assert_eq!(tipool.close(Late::Destroy), 0);
    keeper.join().unwrap();
    assert_eq!(log.destroyed().len(), log.made.load(SeqCst), "no item is lost");
    let stats = tipool.stats();
    assert_eq!((stats.size, stats.draining, stats.idle, stats.creating), (0, 0, 0, 0));
    assert_eq!(stats.created, stats.destroyed);
}

#[test]
fn renewed_items_go_at_once_if_idle_and_else_when_they_come_back() {
    let (tipool, log) = started(calm(3, 3));
    let busy = tipool.checkout(Wait::No).unwrap();
    let (busy_id, at_home) = (busy.id(), tipool.checkout(Wait::No).unwrap());
    let home = at_home.add_home();
    drop(at_home);
    tipool.renew_all();
    assert_eq!(log.destroyed().len(), 1, "the idle one in which nobody is at home");
    let (fresh, another) = (tipool.checkout(Wait::No), tipool.checkout_only(home, Wait::No));
    assert!(another.is_ok(), "who is at home finds the old one");
    assert!(fresh.is_ok_and(|lease| lease.id() != busy_id && lease.id() != home), "others have a new one");
    drop((busy, another));
    assert_eq!(log.destroyed().len(), 2, "the busy one, when it came back");
    tipool.drop_home(home);
    drop(tipool.checkout(Wait::No));
    let lease = tipool.checkout(Wait::No).unwrap();
    let id = lease.id();
    tipool.renew(id);
    assert!(tipool.checkout_prefer(id, Wait::No).is_ok_and(|other| other.id() != id));
    drop(lease);
    assert!(matches!(tipool.checkout_only(id, Wait::No), Err(Refused::Gone)));
}
