//! The keeper of a process: one thread that grows, replaces, shrinks and tidies the tipools ahead of demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use interp::SignalsBlocked;
use tipool::{Bell, Tipool};

use crate::news::News;
use crate::{Above, Clones, Stock};

/// How long a process that ends waits for its keeper, which may be in the middle of a clone.
const AWAIT: Duration = Duration::from_secs(3);

/// A running keeper.
pub struct Keeper {
    stop: Arc<AtomicBool>,
    bell: Bell,
    done: Receiver<()>,
}

impl Keeper {
    /// Starts the keeper; `None` if there is nothing to keep, or if no thread can be made (then those who need an interpreter make
    /// it themselves).
    pub fn start<L: Above>(lang: L, stocks: Vec<Arc<Stock<L>>>, bell: Bell) -> Option<Keeper> {
        let kept: Vec<Arc<Stock<L>>> = stocks.into_iter().filter(|s| s.tipool().is_some()).collect();
        if kept.is_empty() {
            return None;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (finished, done) = channel();
        let (stopped, rung) = (stop.clone(), bell.clone());
        let shares = kept.iter().any(|stock| stock.is_shared());
        let run = move || {
            keep(&kept, &stopped, &rung);
            let _ = finished.send(());
        };
        // The thread inherits the mask, so that no signal can reach it at any moment: they are for the main thread, as with httpd's own.
        let blocked = SignalsBlocked::new();
        let spawned = thread::Builder::new().name(format!("{} keeper", lang.name().to_lowercase())).spawn(run);
        if shares {
            let (stopped, rung) = (stop.clone(), bell.clone());
            let listens = move || listen(&stopped, &rung);
            // Without it the keeper hears of others only once a second.
            let _ = thread::Builder::new().name(format!("{} ear", lang.name().to_lowercase())).spawn(listens);
        }
        drop(blocked);
        spawned.ok()?;
        Some(Keeper { stop, bell, done })
    }

    /// Tells the keeper to stop and waits a while; returns whether it has stopped.
    pub fn stop(self) -> bool {
        self.stop.store(true, SeqCst);
        self.bell.ring();
        News::of_all().tell();
        !matches!(self.done.recv_timeout(AWAIT), Err(RecvTimeoutError::Timeout))
    }
}

fn keep<L: Above>(stocks: &[Arc<Stock<L>>], stop: &AtomicBool, bell: &Bell) {
    /// However the keeper ends: from then on those who need an interpreter make it themselves.
    struct Kept<'s, L: Above>(Vec<&'s Tipool<Clones<L>>>);
    impl<L: Above> Drop for Kept<'_, L> {
        fn drop(&mut self) {
            self.0.iter().for_each(|tipool| tipool.keeper_stopped());
        }
    }
    let Kept(tipools) = &Kept(stocks.iter().filter_map(|s| s.tipool()).collect());
    tipools.iter().for_each(|tipool| tipool.keeper_started());
    while !stop.load(SeqCst) {
        let now = Instant::now();
        stocks.iter().for_each(|stock| stock.round());
        let agreed = stocks.iter().filter_map(|stock| stock.agree(now)).min();
        let tended = tipools.iter().filter_map(|tipool| tipool.tend(now)).min();
        stocks.iter().for_each(|stock| stock.settle());
        let due = [agreed, tended].into_iter().flatten().min();
        if stop.load(SeqCst) {
            break;
        }
        bell.wait(due);
    }
}

/// Wakes the keeper when something has happened in another process, until the keeper ends.
fn listen(stop: &AtomicBool, bell: &Bell) {
    let mut seen = News::of_all().seen();
    while !stop.load(SeqCst) {
        News::of_all().wait(seen, Duration::from_secs(60));
        let now = News::of_all().seen();
        if now != seen {
            seen = now;
            bell.ring();
        }
    }
}
