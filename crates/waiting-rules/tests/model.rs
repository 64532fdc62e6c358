//! Every interleaving of small worlds: some workers, pools of interpreters, locks of other modules', and jobs, each a program of
//! a few steps. Breadth first, jobs of the same program being alike. A world is *stuck* in a state that is not its end and from
//! which no step is possible, though the outside (a slow client) does its part.
//!
//! Each world is stuck without the rule it is there for, or it would test nothing, and free with it. With the rules nothing is
//! ever lent twice, all is given back at the end, and nobody is refused unless something pinned is being sent.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{HashSet, VecDeque};

use waiting_rules::{AtEnd, Held, at_end, before_wait, goes_back, may_join, may_take};

const PERL: usize = 0;
const LUA: usize = 1;

/// A step of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Op {
    /// Gets a worker; until then the job stands in the MPM's own queue.
    Work,
    /// Runs on a thread that is none of the MPM's (mod_http2's).
    OwnThread,
    /// Gives the thread back.
    Free,
    /// Takes an interpreter, or goes on with the one it has.
    Need(usize),
    /// Gives it back, unless it is pinned.
    Give(usize),
    Pin(usize),
    /// Nothing pins it any more: it goes back.
    Unpin(usize),
    /// An answer to a slow client: the worker goes, the client takes its time, and a worker is needed again.
    Drain,
    /// A lock of another module's.
    Lock(usize),
    Unlock(usize),
    /// An interpreter at the death of a pool, under whatever locks are held.
    Last(usize),
    EndLast(usize),
    /// A pool that dies only when another job of the same program has got on.
    Event,
}

/// Which rules hold.
#[derive(Clone, Copy, Default)]
struct Rules {
    /// The end of a request is not waited for.
    reserve: bool,
    /// The last worker does not wait.
    net: bool,
    /// Leases go back before a wait for a second one.
    order: bool,
    /// Who keeps one against the order waits a moment only.
    short: bool,
}

const NONE: Rules = Rules { reserve: false, net: false, order: false, short: false };
const ALL: Rules = Rules { reserve: true, net: true, order: true, short: true };

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Job {
    /// The program, so that jobs of one program are neighbours when sorted.
    program: u8,
    at: u8,
    /// 1: a worker, 2: a thread of its own.
    thread: u8,
    /// Bits of pools.
    held: u8,
    pins: u8,
    /// Interpreters at the end of a request.
    last: u8,
    locks: u8,
    is_waiting: bool,
    /// Of `Op::Drain`.
    drained: u8,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    jobs: Vec<Job>,
    /// Pools that have made their reserve.
    made: u8,
}

struct World<'a> {
    programs: Vec<&'a [Op]>,
    /// Jobs of each program.
    counts: Vec<usize>,
    max: Vec<usize>,
    workers: usize,
    rules: Rules,
}

#[derive(Default, Debug, PartialEq, Eq)]
struct Found {
    stuck: bool,
    /// Answers 503 at once, and short waits in vain.
    refused: bool,
    short_of: bool,
    states: usize,
}

const fn bit(n: usize) -> u8 {
    1 << n
}

impl World<'_> {
    fn start(&self) -> State {
        let jobs = self.counts.iter().enumerate();
        let job = |program: usize| Job { program: u8::try_from(program).unwrap(), ..Job::default() };
        State { jobs: jobs.flat_map(|(program, n)| vec![job(program); *n]).collect(), made: 0 }
    }

    fn lent(s: &State, pool: usize) -> (usize, usize) {
        let count = |of: fn(&Job) -> u8| s.jobs.iter().filter(|j| of(j) & bit(pool) != 0).count();
        (count(|j| j.held), count(|j| j.last))
    }

    fn idle(&self, s: &State, pool: usize) -> usize {
        let (ordinary, ends) = Self::lent(s, pool);
        let there = self.max[pool] + usize::from(s.made & bit(pool) != 0);
        assert!(ordinary + ends <= there, "an interpreter is lent twice");
        assert!(ordinary <= self.max[pool], "more ordinary leases than the administrator said");
        there - ordinary - ends
    }

    fn free_workers(&self, s: &State) -> usize {
        self.workers - s.jobs.iter().filter(|j| j.thread == 1).count()
    }

    fn op(&self, job: &Job) -> Option<Op> {
        self.programs[job.program as usize].get(job.at as usize).copied()
    }

    fn leases(job: &Job, but: usize) -> impl Iterator<Item = Held> + use<> {
        let Job { held, pins, .. } = *job;
        let of = move |p: usize| Held { rank: u32::try_from(p).unwrap(), is_pinned: pins & bit(p) != 0 };
        (0..8).filter(move |p| *p != but && held & bit(*p) != 0).map(of)
    }

    /// A job that is answered 503: its walk ends, and then the request.
    fn refuse(&self, job: &Job) -> Job {
        let end = u8::try_from(self.programs[job.program as usize].len()).unwrap();
        assert_eq!((job.locks, job.last), (0, 0), "nobody is refused under a lock");
        Job { program: job.program, at: end, ..Job::default() }
    }

    /// The state behind one step of one job; `None`: it cannot get on now.
    fn step(&self, s: &State, i: usize, found: &mut Found) -> Option<State> {
        let job = s.jobs[i];
        let mut next = Job { at: job.at + 1, ..job };
        let mut made = s.made;
        match self.op(&job)? {
            Op::Work if self.free_workers(s) == 0 => return None,
            Op::Work => next.thread = 1,
            Op::OwnThread => next.thread = 2,
            Op::Free => next.thread = 0,
            Op::Need(p) if job.held & bit(p) != 0 => next.is_waiting = false,
            Op::Need(p) if self.idle(s, p) > 0 && may_take(Self::lent(s, p).0, self.max[p]) => {
                next.held |= bit(p);
                next.is_waiting = false;
            }
            Op::Need(p) => {
                let wanted = u32::try_from(p).unwrap();
                let before = before_wait(Self::leases(&job, p), wanted);
                if job.is_waiting {
                    if !(self.rules.short && before.is_short) {
                        return None;
                    }
                    found.short_of = true;
                    next = self.refuse(&job);
                } else {
                    let waiting = s.jobs.iter().filter(|j| j.is_waiting && j.thread == 1).count();
                    let draining = s.jobs.iter().any(|j| j.pins != 0 && j.drained > 0);
                    if self.rules.net && job.thread == 1 && !may_join(waiting, self.workers, draining) {
                        assert!(draining, "refused, though nothing pinned is being sent");
                        found.refused = true;
                        next = self.refuse(&job);
                    } else {
                        next = Job { is_waiting: true, ..job };
                        if self.rules.order && before.gives_back {
                            let back = Self::leases(&job, p).filter(|held| goes_back(*held, wanted));
                            back.for_each(|held| next.held &= !bit(held.rank as usize));
                        }
                    }
                }
            }
            Op::Give(p) => next.held &= !(bit(p) & !job.pins),
            Op::Pin(p) => next.pins |= bit(p) & job.held,
            Op::Unpin(p) => {
                next.pins &= !bit(p);
                next.held &= !bit(p);
            }
            Op::Drain => match job.drained {
                0 => next = Job { thread: 0, drained: 1, ..job },
                1 => next = Job { drained: 2, ..job },
                _ if self.free_workers(s) == 0 => return None,
                _ => next.thread = 1,
            },
            Op::Lock(l) if s.jobs.iter().any(|j| j.locks & bit(l) != 0) => return None,
            Op::Lock(l) => next.locks |= bit(l),
            Op::Unlock(l) => next.locks &= !bit(l),
            Op::Last(p) if job.held & bit(p) != 0 => {}
            Op::Last(p) if self.rules.reserve => match at_end(self.idle(s, p) > 0, Self::lent(s, p).1, job.last != 0) {
                AtEnd::Take => next.last |= bit(p),
                AtEnd::Reserve => {
                    assert_eq!(made & bit(p), 0, "the reserve is lent twice");
                    made |= bit(p);
                    next.last |= bit(p);
                }
                AtEnd::First => return None,
                AtEnd::Skip => {}
            },
            Op::Last(p) if self.idle(s, p) == 0 => return None,
            Op::Last(p) => next.last |= bit(p),
            Op::EndLast(p) => next.last &= !bit(p),
            Op::Event => {
                let mut others = s.jobs.iter().enumerate().filter(|(k, j)| *k != i && j.program == job.program);
                let is_alone = others.clone().next().is_none();
                if !is_alone && !others.any(|(_, j)| j.at >= 3) {
                    return None;
                }
            }
        }
        let mut jobs = s.jobs.clone();
        jobs[i] = next;
        jobs.sort_unstable();
        Some(State { jobs, made })
    }

    fn explore(&self) -> Found {
        let mut found = Found::default();
        let start = self.start();
        let mut seen = HashSet::from([start.clone()]);
        let mut queue = VecDeque::from([start]);
        while let Some(s) = queue.pop_front() {
            let mut is_stuck = true;
            for i in 0..s.jobs.len() {
                // Of jobs that are alike one is enough.
                if i > 0 && s.jobs[i] == s.jobs[i - 1] && !matches!(self.op(&s.jobs[i]), Some(Op::Event)) {
                    continue;
                }
                if let Some(next) = self.step(&s, i, &mut found) {
                    is_stuck = false;
                    if seen.insert(next.clone()) {
                        queue.push_back(next);
                    }
                }
            }
            if is_stuck {
                if s.jobs.iter().any(|j| self.op(j).is_some()) {
                    found.stuck = true;
                    // The other rules are checked in worlds that go on.
                    break;
                }
                assert!(
                    s.jobs.iter().all(|j| (j.held, j.last, j.locks, j.thread) == (0, 0, 0, 0)),
                    "something is kept"
                );
            }
        }
        found.states = seen.len();
        found
    }
}

/// A program from words: `need perl`, `lock s`.
fn program(text: &str) -> Vec<Op> {
    let thing = |word: Option<&str>| match word {
        Some("perl") => PERL,
        Some("lua") => LUA,
        Some("s") => 0,
        Some("t") => 1,
        other => panic!("{other:?} in {text:?}"),
    };
    let op = |line: &str| {
        let mut words = line.split_whitespace();
        match words.next().unwrap() {
            "work" => Op::Work,
            "thread" => Op::OwnThread,
            "free" => Op::Free,
            "drain" => Op::Drain,
            "event" => Op::Event,
            "need" => Op::Need(thing(words.next())),
            "give" => Op::Give(thing(words.next())),
            "pin" => Op::Pin(thing(words.next())),
            "unpin" => Op::Unpin(thing(words.next())),
            "lock" => Op::Lock(thing(words.next())),
            "unlock" => Op::Unlock(thing(words.next())),
            "last" => Op::Last(thing(words.next())),
            "endlast" => Op::EndLast(thing(words.next())),
            other => panic!("{other} in {text:?}"),
        }
    };
    text.split(',').map(op).collect()
}

/// The jobs of a world: so many of each program, on so many workers, with so many interpreters per pool.
fn explore(jobs: &[(usize, &str)], max: &[usize], workers: usize, rules: Rules) -> Found {
    let programs: Vec<Vec<Op>> = jobs.iter().map(|(_, text)| program(text)).collect();
    let world = World {
        programs: programs.iter().map(Vec::as_slice).collect(),
        counts: jobs.iter().map(|(n, _)| *n).collect(),
        max: max.to_vec(),
        workers,
        rules,
    };
    world.explore()
}

/// Stuck without the rules, free with them; what was found with them.
fn needs(jobs: &[(usize, &str)], max: &[usize], workers: usize, without: Rules, with: Rules) -> Found {
    assert!(explore(jobs, max, workers, without).stuck, "{jobs:?} {max:?}: not stuck without the rule");
    let found = explore(jobs, max, workers, with);
    assert!(!found.stuck, "{jobs:?} {max:?}: stuck with the rule");
    found
}

fn is_free(jobs: &[(usize, &str)], max: &[usize], workers: usize, rules: Rules) -> Found {
    let found = explore(jobs, max, workers, rules);
    assert!(!found.stuck, "{jobs:?} {max:?}: stuck");
    found
}

// HTTP/2: a stream walks with its interpreter through another module's phase, which takes the session's lock; its request's pool
// dies on the session's thread, under that lock.
const STREAM: &str = "thread, need perl, lock s, unlock s, give perl, lock s, last perl, endlast perl, unlock s, free";
const OTHER_STREAM: &str =
    "thread, need perl, lock t, unlock t, give perl, lock t, last perl, endlast perl, unlock t, free";
/// The same, ended for us where its end-of-request bucket passes.
const EARLY_STREAM: &str =
    "thread, need perl, lock s, unlock s, give perl, need perl, give perl, lock s, unlock s, free";
const OTHER_EARLY_STREAM: &str =
    "thread, need perl, lock t, unlock t, give perl, need perl, give perl, lock t, unlock t, free";

#[test]
fn a_cleanup_under_a_session_s_lock_does_not_wait_for_those_who_wait_for_the_lock() {
    for n in [1, 2] {
        needs(&[(3, STREAM), (2, OTHER_STREAM)], &[n], 4, NONE, Rules { reserve: true, ..NONE });
        is_free(&[(3, EARLY_STREAM), (2, OTHER_EARLY_STREAM)], &[n], 4, NONE);
    }
}

#[test]
fn a_pinned_stream_must_end_before_its_pool_dies() {
    let late = "thread, need perl, pin perl, free, event, lock s, unpin perl, unlock s";
    let early = "thread, need perl, pin perl, unpin perl, free, event, lock s, unlock s";
    assert!(explore(&[(4, late)], &[1], 4, NONE).stuck);
    assert!(explore(&[(4, late)], &[1], 4, ALL).stuck, "no other rule helps");
    is_free(&[(4, early)], &[1], 4, NONE);
}

const PINNED: &str = "work, need perl, pin perl, give perl, drain, unpin perl, free";
const PLAIN: &str = "work, need perl, give perl, free";

#[test]
fn one_worker_is_left_to_send_what_keeps_interpreters() {
    for (workers, n, pinned, plain) in [(3, 1, 1, 3), (3, 1, 2, 3), (4, 2, 2, 4)] {
        let jobs = [(pinned, PINNED), (plain, PLAIN)];
        let found = needs(&jobs, &[n], workers, NONE, Rules { net: true, ..NONE });
        assert!(found.refused, "somebody has to go without");
        let early = "work, need perl, pin perl, give perl, unpin perl, drain, free";
        let found = is_free(&[(pinned, early), (plain, PLAIN)], &[n], workers, ALL);
        assert!(!found.refused, "where nothing stays pinned nobody goes without");
    }
}

#[test]
fn nobody_is_refused_where_nothing_is_pinned() {
    let found = is_free(&[(6, PLAIN)], &[2], 4, ALL);
    assert!(!found.refused && !found.short_of);
}

#[test]
fn the_listener_s_cleanups_do_not_wait() {
    let drains = "work, need perl, pin perl, give perl, free, lock s, unlock s, work, unpin perl, free";
    let listener = "lock s, last perl, endlast perl, unlock s";
    needs(&[(1, drains), (1, listener), (2, PLAIN)], &[1], 4, NONE, Rules { reserve: true, ..NONE });
}

#[test]
fn a_need_within_the_end_of_a_request_is_refused_rather_than_waited_for() {
    let perl = "thread, need perl, lock s, unlock s, give perl, lock s, last perl, last lua, endlast lua, endlast perl, unlock s, free";
    let lua = "thread, need lua, lock t, unlock t, give lua, lock t, last lua, last perl, endlast perl, endlast lua, unlock t, free";
    is_free(&[(2, perl), (2, lua)], &[1, 1], 4, ALL);
}

const PERL_LUA: &str = "work, need perl, need lua, give lua, give perl, free";
const LUA_PERL: &str = "work, need lua, need perl, give perl, give lua, free";

#[test]
fn two_languages_are_waited_for_in_one_order() {
    for max in [[1, 1], [2, 1]] {
        let jobs = [(max[PERL] + 1, PERL_LUA), (max[LUA] + 1, LUA_PERL)];
        let found = needs(&jobs, &max, 5, NONE, Rules { order: true, ..NONE });
        assert!(!found.refused && !found.short_of);
    }
}

#[test]
fn who_keeps_one_against_the_order_waits_a_moment_only() {
    let perl_lua = "work, need perl, pin perl, need lua, give lua, unpin perl, free";
    let lua_perl = "work, need lua, pin lua, need perl, give perl, unpin lua, free";
    for max in [[1, 1], [2, 1]] {
        let jobs = [(max[PERL], perl_lua), (max[LUA], lua_perl), (1, PERL_LUA), (1, LUA_PERL)];
        let order = Rules { order: true, ..NONE };
        let found = needs(&jobs, &max, 5, order, Rules { short: true, ..order });
        assert!(found.short_of);
    }
}

#[test]
fn two_languages_over_http2_need_both_the_order_and_the_reserve() {
    let perl_lua = "thread, need perl, lock s, unlock s, need lua, give lua, give perl, need perl, give perl, lock s, last lua, endlast lua, unlock s, free";
    let lua_perl = "thread, need lua, lock s, unlock s, need perl, give perl, give lua, lock s, last perl, endlast perl, unlock s, free";
    let jobs = [(2, perl_lua), (2, lua_perl)];
    let both = Rules { order: true, reserve: true, ..NONE };
    needs(&jobs, &[1, 1], 4, Rules { order: true, ..NONE }, both);
    needs(&jobs, &[1, 1], 4, Rules { reserve: true, ..NONE }, both);
}

#[test]
fn streams_draining_answers_and_plain_requests_get_on_together() {
    let both = Rules { reserve: true, net: true, ..NONE };
    needs(&[(2, STREAM), (1, PINNED), (2, PLAIN)], &[1], 2, NONE, both);
    let early = "work, need perl, pin perl, give perl, unpin perl, drain, free";
    is_free(&[(2, EARLY_STREAM), (1, early), (2, PLAIN)], &[1], 2, ALL);
}
