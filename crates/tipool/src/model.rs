//! Random histories of a [`State`], step by step against what must hold after each step: nobody is overtaken, no item
//! is lost or lent twice, the counts are right, the keeper is woken when there is work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::ItemId;
use crate::limits::Limits;
use crate::manage::{Late, Purpose};
use crate::state::{Answer, Back, Hands, Place, State, Taken};
use crate::stats::Stats;
use crate::waiters::{Crowd, Grant, Ticket, Want};

#[derive(Clone, Debug)]
enum Op {
    Ask,
    Prefer(usize),
    Only(usize),
    Last(bool),
    GiveBack { which: usize, broken: bool },
    TimeOut(usize),
    AddHome(usize),
    DropHome(usize),
    TakeToTend(usize),
    TendDone { broken: bool },
    OwnMade { ok: bool },
    KeeperStarts,
    KeeperStops,
    Round { later: u64 },
    KeeperMade { ok: bool },
    SetMax(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let which = 0..8usize;
    prop_oneof![
        8 => Just(Op::Ask),
        2 => which.clone().prop_map(Op::Prefer),
        4 => which.clone().prop_map(Op::Only),
        4 => prop::bool::weighted(0.2).prop_map(Op::Last),
        8 => (which.clone(), prop::bool::weighted(0.1)).prop_map(|(which, broken)| Op::GiveBack { which, broken }),
        2 => which.clone().prop_map(Op::TimeOut),
        2 => which.clone().prop_map(Op::AddHome),
        2 => which.clone().prop_map(Op::DropHome),
        1 => which.prop_map(Op::TakeToTend),
        2 => prop::bool::weighted(0.1).prop_map(|broken| Op::TendDone { broken }),
        6 => prop::bool::weighted(0.8).prop_map(|ok| Op::OwnMade { ok }),
        1 => Just(Op::KeeperStarts),
        1 => Just(Op::KeeperStops),
        4 => (0..100u64).prop_map(|later| Op::Round { later }),
        4 => prop::bool::weighted(0.8).prop_map(|ok| Op::KeeperMade { ok }),
        2 => (0..5usize).prop_map(Op::SetMax),
        1 => prop::bool::weighted(0.05).prop_map(|close| if close { Op::Close } else { Op::Ask }),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..4usize, 0..3usize, 0..3usize, 0..4u64, prop::option::of(50..200u64), prop::bool::weighted(0.3)).prop_map(
        |(max, min_spare, max_spare, max_uses, max_age, is_shared)| {
            let max_age = max_age.map(Duration::from_secs);
            let settle = Duration::ZERO;
            Limits { start: 0, max, min_spare, max_spare, max_uses, max_age, max_queue: None, settle, is_shared }
                .consistent()
        },
    )
}

struct World {
    state: State<u64>,
    now: Instant,
    /// Items made so far, and what became of them where that is the world's to know.
    made: u64,
    destroyed: Vec<u64>,
    leases: Vec<Taken<u64>>,
    tended: Option<Taken<u64>>,
    /// Who waits, first come first.
    waiting: Vec<(Ticket, Want)>,
    making_own: Vec<Want>,
    job: Option<Purpose>,
    homes: Vec<ItemId>,
    /// The bell has rung since the keeper's last round.
    rung: bool,
    ever: Vec<ItemId>,
}

impl World {
    fn new(limits: Limits) -> Self {
        World {
            state: State::new(limits, Arc::new(Stats::default()), Crowd::default()),
            now: Instant::now(),
            made: 0,
            destroyed: Vec::new(),
            leases: Vec::new(),
            tended: None,
            waiting: Vec::new(),
            making_own: Vec::new(),
            job: None,
            homes: Vec::new(),
            rung: false,
            ever: Vec::new(),
        }
    }

    fn any_id(&self, which: usize) -> Option<ItemId> {
        (!self.ever.is_empty()).then(|| self.ever[self.ever.len() - 1 - which % self.ever.len()])
    }

    fn ask(&mut self, want: Want, preferred: Option<ItemId>, nested: bool) {
        let fewest = self.state.idle.iter().map(|at| self.state.slots[*at].homes).min();
        if let Some(taken) = self.state.take(want, preferred) {
            match want {
                Want::Only(id) => assert_eq!(taken.id, id),
                Want::Any | Want::Last => {
                    assert!(!self.state.slots[taken.at].draining, "a draining item is lent only to those at home");
                    if preferred != Some(taken.id) {
                        assert_eq!(Some(self.state.slots[taken.at].homes), fewest);
                    }
                }
            }
            return self.leases.push(taken);
        }
        match self.state.none_idle(want, nested) {
            Answer::Make => self.making_own.push(want),
            Answer::Wait => {
                let ticket = self.state.waiters.join(want, None).unwrap().0;
                let last = self.waiting.iter().filter(|(_, want)| *want == Want::Last).count();
                let at = if want == Want::Last { last } else { self.waiting.len() };
                self.waiting.insert(at, (ticket, want));
            }
            Answer::Skip => assert!(nested && want == Want::Last),
            Answer::Gone => assert!(matches!(want, Want::Only(id) if self.state.find(id).is_none())),
            Answer::Closed => assert!(self.state.closed.is_some()),
        }
        self.state.offer_room();
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Ask => self.ask(Want::Any, None, false),
            Op::Last(nested) => self.ask(Want::Last, None, nested),
            Op::Prefer(which) => {
                let preferred = self.any_id(which);
                self.ask(Want::Any, preferred, false);
            }
            Op::Only(which) => {
                if let Some(id) = self.any_id(which) {
                    self.ask(Want::Only(id), None, false);
                }
            }
            Op::GiveBack { which, broken } => {
                if !self.leases.is_empty() {
                    let lease = self.leases.remove(which % self.leases.len());
                    self.state.give_back(lease.at, lease.item, Back::Used(lease.uses), broken);
                }
            }
            Op::TimeOut(which) => {
                if !self.waiting.is_empty() {
                    let (ticket, _) = self.waiting.remove(which % self.waiting.len());
                    self.state.waiters.leave(ticket);
                }
            }
            Op::AddHome(which) => {
                if !self.leases.is_empty() {
                    let lease = &self.leases[which % self.leases.len()];
                    self.state.slots[lease.at].homes += 1;
                    self.homes.push(lease.id);
                }
            }
            Op::DropHome(which) => {
                if !self.homes.is_empty() {
                    let id = self.homes.remove(which % self.homes.len());
                    self.state.drop_home(id);
                }
            }
            Op::TakeToTend(which) => {
                if let (None, Some(id)) = (&self.tended, self.any_id(which)) {
                    self.tended = self.state.take_to_tend(id);
                }
            }
            Op::TendDone { broken } => {
                if let Some(taken) = self.tended.take() {
                    self.state.give_back(taken.at, taken.item, Back::Tended, broken);
                }
            }
            Op::OwnMade { ok } => {
                if let Some(want) = self.making_own.pop() {
                    if ok {
                        self.made += 1;
                        if let Some(at) = self.state.made(self.made, Some(want)) {
                            self.leases.push(self.state.pick_up(at).unwrap());
                        }
                    } else {
                        self.state.not_made();
                    }
                }
            }
            Op::KeeperStarts => (self.state.keeper, self.rung) = (true, true),
            Op::KeeperStops => {
                self.state.keeper = false;
                self.state.offer_room();
            }
            Op::Round { later } => {
                self.now += Duration::from_secs(later);
                self.rung = false;
                self.state.ring = false;
                self.state.mark_aged(self.now);
                self.state.shrink(self.now);
                if self.job.is_none() {
                    self.job = self.state.next_job(self.now);
                    self.state.creating += usize::from(self.job.is_some());
                }
            }
            Op::KeeperMade { ok } => {
                if let Some(job) = self.job.take() {
                    self.rung = true; // the round goes on until there is no job left
                    if ok {
                        self.made += 1;
                        if let (Some(_), Purpose::Replace(old)) = (self.state.made(self.made, None), job) {
                            self.state.supersede(old);
                        }
                    } else {
                        self.state.not_made();
                    }
                }
            }
            Op::SetMax(max) if self.state.limits.is_shared => self.state.set_max(max),
            Op::SetMax(_) => {}
            Op::Close => {
                let lent = self.state.close(Late::Destroy);
                assert_eq!(lent, self.state.lent());
            }
        }
        self.collect();
    }

    /// What happens once the lock is released: grants are picked up, the doomed destroyed.
    fn collect(&mut self) {
        self.rung |= std::mem::take(&mut self.state.ring);
        let mut notified = std::mem::take(&mut self.state.waiters.wake).len();
        let mut at = 0;
        while at < self.waiting.len() {
            let (ticket, want) = self.waiting[at];
            let Some(grant) = self.state.waiters.take(ticket) else {
                at += 1;
                continue;
            };
            notified -= 1;
            self.waiting.remove(at);
            let overtaken = |fits: &dyn Fn(Want) -> bool| self.waiting[..at].iter().any(|(_, want)| fits(*want));
            match grant {
                Grant::Item(slot) => {
                    let taken = self.state.pick_up(slot).unwrap();
                    let draining = self.state.slots[slot].draining;
                    assert!(matches!(want, Want::Any | Want::Last) || want == Want::Only(taken.id));
                    assert!(matches!(want, Want::Only(_)) || !draining);
                    // Had it not gone to this one, it could have gone to those.
                    let full = want == Want::Last && self.state.ordinary() >= self.state.max;
                    let fits = |w| match w {
                        Want::Only(id) => id == taken.id && (draining || !full),
                        Want::Any => !draining && !full,
                        Want::Last => !draining,
                    };
                    assert!(!overtaken(&fits), "overtaken");
                    self.leases.push(taken);
                }
                Grant::Create => {
                    assert!(!matches!(want, Want::Only(_)) && !overtaken(&|w| w == want), "overtaken");
                    self.making_own.push(want);
                }
                Grant::Gone => assert!(matches!(want, Want::Only(id) if self.state.find(id).is_none())),
                Grant::Closed => assert!(self.state.closed.is_some()),
            }
        }
        assert_eq!(notified, 0, "each notification has a grant");
        self.destroyed.append(&mut self.state.doomed);
        for slot in &self.state.slots {
            self.ever.extend(slot.id.filter(|id| !self.ever.contains(id)));
        }
    }

    fn check(&mut self) {
        self.state.publish_lent();
        self.state.publish();
        let state = &self.state;

        let mut items: Vec<u64> = state.slots.iter().filter_map(|slot| slot.item).collect();
        items.extend(self.leases.iter().map(|lease| lease.item));
        items.extend(self.tended.iter().map(|taken| taken.item));
        items.extend(&self.destroyed);
        items.sort_unstable();
        assert_eq!(items, (1..=self.made).collect::<Vec<_>>(), "each item is at exactly one place");

        let alive = state.slots.iter().filter(|slot| slot.id.is_some());
        let counted = alive.clone().filter(|slot| !slot.draining).count();
        assert_eq!(state.live, counted);
        assert_eq!(state.lent(), self.leases.len());
        assert_eq!(state.creating, self.making_own.len() + usize::from(self.job.is_some()));
        let makes_reserve = !state.has_reserve() && self.making_own.contains(&Want::Last);
        let most = state.most() + usize::from(makes_reserve);
        // A number that was lowered is exceeded until those who have an item, or are at home in one, are done.
        let is_fixed = !state.limits.is_shared;
        assert!(!is_fixed || most <= state.limits.max + 1 && state.live + state.creating <= most + 1);
        let hands = |hands| self.leases.iter().filter(|lease| state.slots[lease.at].hands == hands).count();
        assert_eq!(state.ordinary(), hands(Hands::Ordinary) + hands(Hands::Beside).saturating_sub(1));
        assert!(
            !is_fixed || state.ordinary() <= state.max,
            "ordinary leases are at most as many as the administrator said"
        );
        let over = state.live + state.creating > most;
        if !is_fixed {
            let homeless = state.idle.iter().any(|at| state.slots[*at].homes == 0);
            assert!(state.live <= state.most() || !homeless, "of too many, idle ones are kept for their homes only");
        } else if over {
            let replacing = matches!(self.job, Some(Purpose::Replace(_)));
            assert!(replacing || alive.clone().any(|slot| slot.superseded), "above max only to replace");
        }

        let last = self.waiting.iter().filter(|(_, want)| *want == Want::Last).count();
        assert_eq!(state.waiters.last(), last);
        if last > 0 {
            assert!(state.idle.is_empty(), "who may not wait does not wait beside an idle item");
            let come_back = hands(Hands::End) + usize::from(self.tended.is_some()) + state.creating;
            assert!(come_back > 0, "nor for anybody who waits");
        }
        let wants_any = self.waiting.iter().filter(|(_, want)| *want == Want::Any).count();
        assert_eq!((state.waiters.len(), state.waiters.wanting_any()), (self.waiting.len(), wants_any));
        let full = state.ordinary() >= state.max;
        assert!(state.idle.is_empty() || wants_any == 0 || full, "nobody waits beside an idle item");
        if state.closed.is_some() {
            assert!(self.waiting.is_empty() && state.idle.is_empty());
        } else if wants_any > 0 && state.has_room() {
            assert!(state.keeper, "without a keeper who waits makes its own");
            assert!(self.rung || self.job.is_some(), "the keeper sleeps while somebody waits and there is room");
        }
        for (_, want) in &self.waiting {
            if let Want::Only(id) = want {
                let at = state.find(*id).expect("who waits for an item that is gone is told");
                assert!(state.slots[at].place != Place::Idle || (full && !state.slots[at].draining), "nor for it");
            }
        }

        let mut homes: BTreeMap<ItemId, usize> = BTreeMap::new();
        for id in &self.homes {
            *homes.entry(*id).or_default() += 1;
        }
        for slot in alive {
            let id = slot.id.unwrap();
            assert_eq!(slot.homes, homes.get(&id).copied().unwrap_or(0));
            assert!(!(slot.draining && slot.place == Place::Idle && slot.homes == 0), "drained items go");
            let in_list = state.idle.iter().filter(|at| state.slots[**at].id == slot.id).count();
            assert_eq!(in_list, usize::from(slot.place == Place::Idle && !slot.draining));
            assert_eq!(slot.item.is_some(), slot.place == Place::Idle);
        }
        assert!(state.idle.is_sorted_by_key(|at| state.slots[*at].returned), "the last used is lent first");

        let stats = state.stats.snapshot();
        assert_eq!(stats.created, self.made);
        assert_eq!(stats.lent, self.leases.len() as u64);
        assert_eq!(stats.idle, (state.idle.len() + usize::from(self.tended.is_some())) as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nobody_is_overtaken_and_nothing_is_lost(
        limits in limits(),
        ops in prop::collection::vec(op(), 0..120),
    ) {
        let mut world = World::new(limits);
        for op in &ops {
            world.step(op);
            world.check();
        }
        // Everybody goes home: what is not idle then is destroyed.
        while !world.leases.is_empty() || world.tended.is_some() {
            world.step(&Op::GiveBack { which: 0, broken: false });
            world.step(&Op::TendDone { broken: false });
            world.check();
        }
    }
}

/// Two items that have successors are lent, and the reserve was made before them: the next caller who may not wait finds nobody's
/// item that comes back, and makes one more.
#[test]
fn two_replaced_items_that_are_lent_count_as_one_more_than_max() {
    use Op::*;
    let settle = Duration::ZERO;
    let limits = Limits { start: 0, max: 2, min_spare: 0, max_spare: 0, max_uses: 1, settle, ..Limits::default() };
    let made = |count: usize| (0..count).map(|_| OwnMade { ok: true });
    let give = |which| GiveBack { which, broken: false };
    let replace = [Round { later: 0 }, KeeperMade { ok: true }];
    let mut ops = vec![Ask, Last(false), Ask];
    ops.extend(made(2));
    ops.extend([Ask, Ask, Ask, Ask]);
    ops.extend(made(1));
    ops.extend([give(0), Ask, Ask, Ask, Ask, Last(false), give(0)]);
    ops.extend([Round { later: 0 }, Ask, Ask, Ask, Ask, give(0), give(3), give(3), KeeperMade { ok: true }]);
    ops.extend(replace);
    ops.push(Last(false));
    let mut world = World::new(limits);
    for op in &ops {
        world.step(op);
        world.check();
    }
}
