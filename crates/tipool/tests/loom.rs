//! The races, in every order that at most three threads can take (no preemption bound is needed: under a second).
//! `RUSTFLAGS="--cfg loom" cargo test -p tipool --release --test loom`.
#![cfg(loom)]
// Helpers outside `#[test]` functions may unwrap, too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use loom::thread;
use tipool::{Ask, Late, Limits, Manage, Refused, Tipool};

#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    destroyed: AtomicUsize,
}

/// Std's counters: they are looked at only when all threads have ended.
#[derive(Clone, Default)]
struct Fake(Arc<Counts>);

impl Manage for Fake {
    type Item = usize;
    type Error = &'static str;

    fn create(&self) -> Result<usize, &'static str> {
        Ok(self.0.made.fetch_add(1, SeqCst))
    }

    fn destroy(&self, _: usize) {
        self.0.destroyed.fetch_add(1, SeqCst);
    }
}

const SOON: Duration = Duration::from_secs(1);

fn tipool(max: usize) -> (Tipool<Fake>, Fake) {
    let fake = Fake::default();
    let limits = Limits { start: 1, max, min_spare: 0, max_spare: max, max_uses: 0, ..Limits::default() };
    let tipool = Tipool::new(fake.clone(), limits);
    tipool.start().unwrap();
    (tipool, fake)
}

fn explore(test: impl Fn() + Sync + Send + 'static) {
    loom::model::Builder::new().check(test);
}

#[test]
fn an_item_handed_over_as_the_wait_ends_is_not_lost() {
    explore(|| {
        let (tipool, _) = tipool(1);
        let lease = tipool.checkout(SOON).unwrap();
        let waits = thread::spawn({
            let tipool = tipool.clone();
            move || match tipool.checkout(SOON) {
                Ok(_) => true,
                Err(Refused::TimedOut) => false,
                Err(other) => panic!("{other}"),
            }
        });
        let clock = thread::spawn({
            let tipool = tipool.clone();
            move || tipool.expire_waits()
        });
        drop(lease);
        let served = waits.join().unwrap();
        clock.join().unwrap();
        let stats = tipool.stats();
        assert_eq!((stats.idle, stats.lent, stats.waiting), (1, 0, 0));
        assert_eq!(stats.checkouts, 1 + u64::from(served));
        assert!(tipool.try_checkout().is_some());
    });
}

#[test]
fn a_lease_that_ends_always_wakes_who_waits() {
    explore(|| {
        let (tipool, fake) = tipool(1);
        let threads = [0, 1].map(|_| {
            let tipool = tipool.clone();
            // No deadline ever passes: a lost wake-up would be a deadlock, which loom reports.
            thread::spawn(move || drop(tipool.checkout(SOON).unwrap()))
        });
        drop(tipool.checkout(SOON).unwrap());
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((fake.0.made.load(SeqCst), tipool.stats().idle, tipool.stats().checkouts), (1, 1, 3));
    });
}

#[test]
fn who_waits_for_one_that_breaks_makes_its_own() {
    explore(|| {
        let (tipool, fake) = tipool(1);
        let lease = tipool.checkout(SOON).unwrap();
        let waits = thread::spawn({
            let tipool = tipool.clone();
            move || drop(tipool.checkout(SOON).unwrap())
        });
        lease.retire();
        waits.join().unwrap();
        assert_eq!((fake.0.made.load(SeqCst), fake.0.destroyed.load(SeqCst)), (2, 1));
        assert_eq!((tipool.stats().size, tipool.stats().idle), (1, 1));
    });
}

#[test]
fn closing_while_a_lease_ends_destroys_each_item_once() {
    explore(|| {
        let (tipool, fake) = tipool(1);
        let lease = tipool.checkout(SOON).unwrap();
        let waits = thread::spawn({
            let tipool = tipool.clone();
            move || match tipool.checkout(SOON) {
                Ok(lease) => drop(lease),
                Err(Refused::Closed) => {}
                Err(other) => panic!("{other}"),
            }
        });
        let gives_back = thread::spawn(move || drop(lease));
        let lent = tipool.close(Late::Destroy);
        assert!(lent <= 1);
        gives_back.join().unwrap();
        waits.join().unwrap();
        assert_eq!((fake.0.made.load(SeqCst), fake.0.destroyed.load(SeqCst)), (1, 1));
        let stats = tipool.stats();
        assert_eq!((stats.size, stats.idle, stats.lent, stats.waiting), (0, 0, 0, 0));
    });
}

#[test]
fn closing_while_an_item_is_made_destroys_it() {
    explore(|| {
        let (tipool, fake) = tipool(2);
        let held = tipool.checkout(SOON).unwrap();
        let makes = thread::spawn({
            let tipool = tipool.clone();
            move || match tipool.checkout(SOON) {
                Ok(lease) => drop(lease),
                Err(Refused::Closed) => {}
                Err(other) => panic!("{other}"),
            }
        });
        tipool.close(Late::Destroy);
        drop(held);
        makes.join().unwrap();
        assert_eq!(fake.0.made.load(SeqCst), fake.0.destroyed.load(SeqCst));
        assert_eq!((tipool.stats().size, tipool.stats().creating), (0, 0));
    });
}

#[test]
fn the_last_home_ends_while_its_item_is_asked_for() {
    explore(|| {
        let fake = Fake::default();
        let limits = Limits { start: 1, max: 1, min_spare: 0, max_spare: 1, max_uses: 1, ..Limits::default() };
        let tipool = Tipool::new(fake.clone(), limits);
        tipool.start().unwrap();
        let lease = tipool.checkout(SOON).unwrap();
        let id = lease.add_home();
        drop(lease);
        // One round of the keeper makes the successor; the old one drains.
        let now = std::time::Instant::now();
        tipool.tend(now);
        assert_eq!((tipool.stats().size, tipool.stats().draining), (1, 1));

        let asks = thread::spawn({
            let tipool = tipool.clone();
            move || match tipool.checkout_only(id, SOON) {
                Ok(lease) => {
                    assert_eq!(lease.id(), id);
                    true
                }
                Err(Refused::Gone) => false,
                Err(other) => panic!("{other}"),
            }
        });
        let ends = thread::spawn({
            let tipool = tipool.clone();
            move || tipool.drop_home(id)
        });
        asks.join().unwrap();
        ends.join().unwrap();
        tipool.tend(now);
        assert_eq!((fake.0.made.load(SeqCst), fake.0.destroyed.load(SeqCst)), (2, 1));
        assert_eq!((tipool.stats().size, tipool.stats().draining), (1, 0));
        assert!(matches!(tipool.checkout_only(id, SOON), Err(Refused::Gone)));
    });
}

#[test]
fn the_keeper_hears_of_everyone_who_waits() {
    explore(|| {
        let (tipool, fake) = tipool(2);
        tipool.keeper_started();
        let held = tipool.checkout(SOON).unwrap();
        let waits = thread::spawn({
            let tipool = tipool.clone();
            move || drop(tipool.checkout(SOON).unwrap())
        });
        // The keeper sleeps until it is woken, with no deadline: a ring that is lost would be a deadlock.
        let now = std::time::Instant::now();
        while tipool.stats().created < 2 {
            tipool.wait(None);
            tipool.tend(now);
        }
        waits.join().unwrap();
        drop(held);
        assert_eq!(fake.0.made.load(SeqCst), 2);
        assert_eq!((tipool.stats().idle, tipool.stats().lent), (2, 0));
    });
}

const LAST: Ask = Ask::Last { prefer: None, nested: false };

#[test]
fn who_may_not_wait_never_waits_for_an_ordinary_lease() {
    explore(|| {
        let (tipool, fake) = tipool(1);
        // Stays lent: whoever waited for it would wait for ever.
        let ordinary = tipool.checkout(SOON).unwrap();
        let ends = [0, 1].map(|_| {
            let tipool = tipool.clone();
            thread::spawn(move || drop(tipool.checkout_by(LAST, SOON, None).unwrap()))
        });
        for end in ends {
            end.join().unwrap();
        }
        assert_eq!((fake.0.made.load(SeqCst), tipool.stats().idle, tipool.stats().lent), (2, 1, 1));
        drop(ordinary);
        assert_eq!(tipool.stats().idle, 2);
    });
}

#[test]
fn the_reserve_that_comes_back_leaves_who_waits_to_the_ordinary_lease() {
    explore(|| {
        let (tipool, _) = tipool(1);
        let ordinary = tipool.checkout(SOON).unwrap();
        let waits = thread::spawn({
            let tipool = tipool.clone();
            move || drop(tipool.checkout(SOON).unwrap())
        });
        let ends = thread::spawn({
            let tipool = tipool.clone();
            move || drop(tipool.checkout_by(LAST, SOON, None).unwrap())
        });
        drop(ordinary);
        waits.join().unwrap();
        ends.join().unwrap();
        let stats = tipool.stats();
        assert_eq!((stats.lent, stats.waiting), (0, 0));
        assert!(stats.idle == stats.created && stats.created <= 2);
    });
}
