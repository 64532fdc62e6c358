//! Dictionaries: `InterpDict`. Values that all processes and both languages share.
//!
//! What a dictionary can do is `crates/dict`'s affair, and where its entries are a [`Store`]'s. This keeps which there are: those of this
//! reading of the configuration, which scripts may hold, and the memory of those before, which one of the same name and size goes on
//! with. So entries outlive restarts, and processes of two generations work on the same.
//!
//! | file | holds |
//! |---|---|
//! | `memory` | entries in memory that the processes of this server share |
//! | `counted` | how often a dictionary was asked |

mod counted;
mod memory;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::{DictConf, DictPlace};
use dict::{Size, Store};
use httpd::server::MainState;
use interp::{Inside, Owned, Ticket};

use super::start_error::StartError;
use counted::{Counted, Counts};
use memory::Memory;

const DIRECTIVE: &str = "InterpDict";

/// A dictionary, and the line that has made it.
struct Held {
    conf: Arc<DictConf>,
    counts: Arc<Counts>,
    store: Counted,
}

impl api::HeldDict for Held {
    fn name(&self) -> &str {
        &self.conf.name
    }

    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn figures(&self) -> dict::Result<Vec<(&'static str, u64)>> {
        let size = self.store.size()?;
        let figures = Figures { size, counts: self.counts.seen(), ..Figures::of(&self.conf) };
        Ok(figures.named())
    }
}

/// How a dictionary is doing.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Its name.
    #[allow(dead_code)] // For the status page, too.
    pub name: Arc<str>,
    /// What it holds; nothing if that cannot be found out.
    pub size: Size,
    /// How often it was asked, by all processes.
    pub counts: counted::Seen,
}

impl Figures {
    fn of(conf: &DictConf) -> Figures {
        Figures { name: conf.name.clone(), size: Size::default(), counts: counted::Seen::default() }
    }

    /// Names and figures; without what is not known.
    pub fn named(&self) -> Vec<(&'static str, u64)> {
        let Size { entries, bytes, capacity, evictions, expired } = self.size;
        let counted::Seen { hits, misses, errors } = self.counts;
        let known = [("entries", entries), ("evictions", evictions), ("expired", expired)];
        let counted = [("hits", hits), ("misses", misses), ("errors", errors)];
        let of_memory = [bytes.map(|n| ("bytes", n)), capacity.map(|n| ("capacity", n))];
        known.into_iter().chain(counted).chain(of_memory.into_iter().flatten()).collect()
    }
}

/// A dictionary as scripts hold it.
struct Shown {
    conf: Arc<DictConf>,
    counts: Arc<Counts>,
    dict: api::Dict,
}

#[derive(Default)]
struct Pass {
    /// Of what scripts hold: void when the configuration is read again.
    ticket: Option<Ticket>,
    dicts: Vec<Arc<Shown>>,
}

/// Memory that outlives this reading of the configuration, and how often it was asked.
#[derive(Clone)]
struct Kept {
    name: Arc<str>,
    memory: Memory,
    counts: Arc<Counts>,
}

/// The dictionaries of this reading of the configuration. Nothing is done with one under this lock.
static PASS: Mutex<Pass> = Mutex::new(Pass { ticket: None, dicts: Vec::new() });
/// The memory that there is. Taken under the lock before.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the dictionary of a line. The modules of both languages are told the same line.
///
/// # Errors
/// Another line has made one of this name; there is no memory.
pub fn define(conf: &Arc<DictConf>) -> Result<(), StartError> {
    let _inside = Inside::new();
    let refused = |why: String| StartError::Refused(DIRECTIVE, why);
    let mut pass = lock(&PASS);
    if let Some(other) = pass.dicts.iter().find(|other| other.conf.name == conf.name) {
        if other.conf == *conf {
            return Ok(());
        }
        return Err(refused(format!("{:?} ({}) is there already ({})", conf.name, conf.at, other.conf.at)));
    }
    let (store, counts): (Box<dyn Store>, _) = match conf.place {
        DictPlace::Memory { size, evicts } => {
            let kept =
                memory_of(&conf.name, size).map_err(|why| refused(format!("{:?} ({}): {why}", conf.name, conf.at)))?;
            (Box::new(kept.memory.with_rule(&conf.name, evicts)), kept.counts)
        }
    };
    let store = Counted { store, counts: counts.clone() };
    let dict = api::Dict(Box::new(Held { conf: conf.clone(), counts: counts.clone(), store }));
    pass.dicts.push(Arc::new(Shown { conf: conf.clone(), counts, dict }));
    Ok(())
}

/// The memory of a name and a size: that which is there, or new.
fn memory_of(name: &Arc<str>, size: u64) -> Result<Kept, String> {
    let size = usize::try_from(size).map_err(|_| "is too large for this machine".to_string())?;
    let mut all = lock(&KEPT);
    if let Some(kept) = all.iter().find(|kept| kept.name == *name && kept.memory.size() == size) {
        return Ok(kept.clone());
    }
    let memory = Memory::new(size).map_err(|why| format!("the system gives no memory: {why}"))?;
    let kept = Kept { name: name.clone(), memory, counts: Arc::default() };
    all.push(kept.clone());
    Ok(kept)
}

/// The configuration is about to be read again: what scripts hold is no dictionary any longer.
pub fn end() {
    let _inside = Inside::new();
    let old = std::mem::take(&mut *lock(&PASS));
    if let Some(ticket) = old.ticket {
        ticket.void();
    }
}

/// The server is about to serve: memory that no line names any longer goes back. Processes of an older generation have it still.
pub fn is_complete() {
    if httpd::server::main_state() != MainState::CreateConfig {
        return;
    }
    let _inside = Inside::new();
    let pass = lock(&PASS);
    let is_used = |kept: &Kept| {
        let of = |conf: &DictConf| match conf.place {
            DictPlace::Memory { size, .. } => conf.name == kept.name && size == kept.memory.size() as u64,
        };
        pass.dicts.iter().any(|shown| of(&shown.conf))
    };
    lock(&KEPT).retain(is_used);
}

/// The dictionary of a name, for a script.
pub fn find(name: &[u8]) -> Option<Owned<api::Dict>> {
    let _inside = Inside::new();
    let mut pass = lock(&PASS);
    let found = pass.dicts.iter().find(|shown| shown.conf.name.as_bytes() == name)?.clone();
    let ticket = *pass.ticket.get_or_insert_with(Ticket::new_owner);
    Some(Owned::by(&found.dict, ticket))
}

/// The names of all.
pub fn names() -> Vec<Arc<str>> {
    let _inside = Inside::new();
    lock(&PASS).dicts.iter().map(|shown| shown.conf.name.clone()).collect()
}

/// How all are doing, for who shows it. Of one that is kept elsewhere only what is known here.
#[allow(dead_code)] // The status page is to show it.
pub fn figures() -> Vec<Figures> {
    let _inside = Inside::new();
    let all = lock(&PASS).dicts.clone();
    all.iter()
        .map(|shown| {
            let size = shown.dict.0.store().size().unwrap_or_default();
            Figures { size, counts: shown.counts.seen(), ..Figures::of(&shown.conf) }
        })
        .collect()
}
