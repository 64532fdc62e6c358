//! What code of a serving process has put in place of a server's configured handlers.

use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};
use std::sync::{Arc, Mutex, PoisonError};

use config::{Handler, Phase};
use interp::Inside;

/// What code has changed of one server's handlers in this process.
#[derive(Default)]
pub struct Changes {
    /// The phases of which anything was changed, one bit each: read without the lock.
    phases: AtomicU32,
    /// Held for short looks: no script code runs under it.
    handlers: Mutex<Vec<(Phase, Arc<[Handler]>)>>,
}

impl Changes {
    /// What stands in the place of the phase's handlers, if anything does.
    #[inline]
    pub fn get(&self, phase: Phase) -> Option<Arc<[Handler]>> {
        if self.phases.load(Acquire) & (1 << phase as u32) == 0 { None } else { self.find(phase) }
    }

    #[cold]
    fn find(&self, phase: Phase) -> Option<Arc<[Handler]>> {
        let _inside = Inside::new();
        let changes = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        changes.iter().find(|(p, _)| *p == phase).map(|(_, handlers)| handlers.clone())
    }

    /// Puts into the place of the phase's handlers, which are `written` unless they were changed before, what `f` makes of them.
    pub fn change(&self, phase: Phase, written: &[Handler], f: impl FnOnce(&[Handler]) -> Vec<Handler>) {
        let _inside = Inside::new();
        let mut changes = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let old = changes.iter().position(|(p, _)| *p == phase).map(|at| changes.swap_remove(at).1);
        let new = f(old.as_deref().unwrap_or(written));
        changes.push((phase, new.into()));
        self.phases.fetch_or(1 << phase as u32, Release);
    }
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
