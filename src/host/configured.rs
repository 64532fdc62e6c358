//! The handlers that hold for a phase: those of the configuration, or what code of a serving process put in their place
//! (`$s->push_handlers`). That holds in that process only, from the next look on; until there is any, nothing is looked up.

use std::ops::Deref;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};
use std::sync::{Arc, Mutex, PoisonError};

use config::{Handler, Phase, Slot};
use httpd::{Request, Server};
use interp::Inside;

use super::ServerRecord;
use super::lang::Lang;

/// The handlers of a phase, wherever they come from.
pub enum Configured<'a> {
    /// Handlers of the configuration.
    Written(&'a [Handler]),
    /// Handlers that code has put in their place.
    Changed(Arc<[Handler]>),
}

impl Deref for Configured<'_> {
    type Target = [Handler];

    #[inline(always)]
    fn deref(&self) -> &[Handler] {
        match self {
            Configured::Written(handlers) => handlers,
            Configured::Changed(handlers) => handlers,
        }
    }
}

/// What code has changed of one server's handlers in this process.
#[derive(Default)]
pub struct Changes {
    /// The phases of which anything was changed, one bit each: read without the lock.
    phases: AtomicU32,
    /// Held for short looks: no script code runs under it.
    handlers: Mutex<Vec<(Phase, Arc<[Handler]>)>>,
}

impl Changes {
    #[inline]
    fn get(&self, phase: Phase) -> Option<Arc<[Handler]>> {
        if self.phases.load(Acquire) & (1 << phase as u32) == 0 { None } else { self.find(phase) }
    }

    #[cold]
    fn find(&self, phase: Phase) -> Option<Arc<[Handler]>> {
        let _inside = Inside::new();
        let changes = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        changes.iter().find(|(p, _)| *p == phase).map(|(_, handlers)| handlers.clone())
    }

    fn change(&self, phase: Phase, written: &[Handler], f: impl FnOnce(&[Handler]) -> Vec<Handler>) {
        let _inside = Inside::new();
        let mut changes = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let old = changes.iter().position(|(p, _)| *p == phase).map(|at| changes.swap_remove(at).1);
        let new = f(old.as_deref().unwrap_or(written));
        changes.push((phase, new.into()));
        self.phases.fetch_or(1 << phase as u32, Release);
    }
}

/// The handlers of a phase, for this request.
#[inline(always)]
pub fn of_request(lang: Lang, phase: Phase, r: &Request) -> Configured<'_> {
    if lang.own().uses().are_changed(phase)
        && let Some(changed) = changed_for(lang, phase, r)
    {
        return Configured::Changed(changed);
    }
    Configured::Written(written(lang, phase, r))
}

/// The handlers of the configuration for this request.
#[inline(always)]
pub fn written(lang: Lang, phase: Phase, r: &Request) -> &[Handler] {
    match phase.slot() {
        Slot::Dir(_) => lang.dir(r).map_or(&[], |d| d.handlers(phase)),
        Slot::Server(_) => lang.server_of(r).map_or(&[], |s| s.conf.handlers(phase)),
    }
}

/// What code has put in place of the server's handlers holds for a directory only where no section has handlers of its own.
#[cold]
#[inline(never)]
fn changed_for(lang: Lang, phase: Phase, r: &Request) -> Option<Arc<[Handler]>> {
    let changed = lang.server_of(r)?.changes.get(phase)?;
    let is_default = match phase.slot() {
        Slot::Server(_) => true,
        Slot::Dir(_) => {
            let here = lang.dir(r).map_or(&[][..], |d| d.handlers(phase));
            here == lang.dir_defaults(&r.server()).map_or(&[][..], |d| d.handlers(phase))
        }
    };
    is_default.then_some(changed)
}

/// The handlers of a server's phase, or of a connection's.
#[inline]
pub fn of_record(lang: Lang, phase: Phase, record: &ServerRecord) -> Configured<'_> {
    if lang.own().uses().are_changed(phase)
        && let Some(changed) = record.changes.get(phase)
    {
        return Configured::Changed(changed);
    }
    Configured::Written(record.conf.handlers(phase))
}

/// All handlers that a server's configuration has for a phase, from whichever of its two records.
pub fn of_server(lang: Lang, phase: Phase, s: &Server) -> Vec<Handler> {
    let Some(record) = lang.server(s) else { return Vec::new() };
    match (phase.slot(), record.changes.get(phase)) {
        (_, Some(changed)) => changed.to_vec(),
        (Slot::Server(_), None) => record.conf.handlers(phase).to_vec(),
        (Slot::Dir(_), None) => lang.dir_defaults(s).map_or_else(Vec::new, |d| d.handlers(phase).to_vec()),
    }
}

/// Replaces the handlers that hold for a phase by what `f` makes of them, in this process. `f` runs no script code.
pub fn change(lang: Lang, phase: Phase, s: &Server, f: impl FnOnce(&[Handler]) -> Vec<Handler>) {
    let Some(record) = lang.server(s) else { return };
    let written = match phase.slot() {
        Slot::Server(_) => record.conf.handlers(phase),
        Slot::Dir(_) => lang.dir_defaults(s).map_or(&[][..], |d| d.handlers(phase)),
    };
    record.changes.change(phase, written, f);
    lang.own().mark_changed(phase);
}

#[cfg(test)]
mod tests {
    use config::Where;

    use super::*;

    #[test]
    fn a_change_of_one_phase_leaves_the_others_as_they_are_written() {
        let named = |name: &[u8]| Handler::new(name, Where::default()).map(|handler| vec![handler]).unwrap_or_default();
        let changes = Changes::default();
        assert!(changes.get(Phase::Fixup).is_none() && changes.get(Phase::Log).is_none());
        changes.change(Phase::Fixup, &named(b"a"), |old| [old, &named(b"b")].concat());
        assert_eq!(changes.get(Phase::Fixup).as_deref(), Some(&[named(b"a"), named(b"b")].concat()[..]));
        assert!(changes.get(Phase::Log).is_none());
        changes.change(Phase::Fixup, &named(b"a"), |_| Vec::new());
        assert_eq!(changes.get(Phase::Fixup).as_deref(), Some(&[][..]), "none is another thing than nothing changed");
    }
}
