//! Dictionaries: `InterpDict`. Values that all processes and both languages share.
//!
//! What a dictionary can do is `crates/dict`'s affair, and where its entries are a [`Store`]'s. This keeps which there are: those of this
//! reading of the configuration, which scripts may hold, and the memory of those before, which one of the same name and size goes on
//! with. So entries outlive restarts, and processes of two generations work on the same.
//!
//! | file | holds |
//! |---|---|
//! | `memory` | entries in memory that the processes of this server share |
//! | `server` | entries on a Redis or Valkey server |
//! | `counted` | how often a dictionary was asked |
//! | `figures` | THE table of what can be said of one |

mod counted;
mod figures;
mod memory;
mod server;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::{DictConf, DictPlace};
use dict::Store;
use httpd::server::MainState;
use interp::{Inside, Owned, Ticket};

use super::start_error::StartError;
use counted::{Counted, Counts};
pub use figures::{FIGURES, Figures, Row};
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
        let (name, size) = (self.conf.name.clone(), self.store.size()?);
        Ok(Figures { name, size, counts: self.counts.seen() }.named().collect())
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

/// What outlives this reading of the configuration: how often a dictionary was asked, and its memory.
#[derive(Clone)]
struct Kept {
    name: Arc<str>,
    counts: Arc<Counts>,
    /// None where the entries are elsewhere.
    memory: Option<Memory>,
}

impl Kept {
    fn size(&self) -> Option<usize> {
        self.memory.as_ref().map(Memory::size)
    }
}

/// The dictionaries of this reading of the configuration. Nothing is done with one under this lock.
static PASS: Mutex<Pass> = Mutex::new(Pass { ticket: None, dicts: Vec::new() });
/// What is kept. Taken under the lock before.
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
    let wrong = |why: String| refused(format!("{:?} ({}): {why}", conf.name, conf.at));
    let kept = kept_of(conf).map_err(wrong)?;
    let store: Box<dyn Store> = match (&conf.place, kept.memory) {
        (DictPlace::Redis(of), _) => Box::new(server::store(&conf.name, of).map_err(wrong)?),
        (DictPlace::Memory { evicts, .. }, Some(memory)) => Box::new(memory.with_rule(&conf.name, *evicts)),
        (DictPlace::Memory { .. }, None) => return Err(wrong("it has no memory".into())),
    };
    let counts = kept.counts;
    let store = Counted { store, counts: counts.clone() };
    let dict = api::Dict(Box::new(Held { conf: conf.clone(), counts: counts.clone(), store }));
    pass.dicts.push(Arc::new(Shown { conf: conf.clone(), counts, dict }));
    Ok(())
}

/// So much memory a dictionary has, if it has any.
fn size_of(conf: &DictConf) -> Result<Option<usize>, String> {
    match conf.place {
        DictPlace::Memory { size, .. } => {
            usize::try_from(size).map(Some).map_err(|_| "it is too large for this machine".into())
        }
        DictPlace::Redis(_) => Ok(None),
    }
}

/// What is kept of a dictionary of this name and size, or new.
fn kept_of(conf: &DictConf) -> Result<Kept, String> {
    let size = size_of(conf)?;
    let mut all = lock(&KEPT);
    if let Some(kept) = all.iter().find(|kept| kept.name == conf.name && kept.size() == size) {
        return Ok(kept.clone());
    }
    let memory = size.map(Memory::new).transpose().map_err(|why| format!("the system gives no memory: {why}"))?;
    let kept = Kept { name: conf.name.clone(), counts: Arc::default(), memory };
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
        let of = |conf: &DictConf| conf.name == kept.name && size_of(conf).ok() == Some(kept.size());
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
pub fn figures() -> Vec<Figures> {
    let _inside = Inside::new();
    let all = lock(&PASS).dicts.clone();
    all.iter()
        .map(|shown| {
            let size = shown.dict.0.store().size().unwrap_or_default();
            Figures { name: shown.conf.name.clone(), size, counts: shown.counts.seen() }
        })
        .collect()
}
