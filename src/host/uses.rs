//! Which phases are in use: a phase without a handler costs one look at a word.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use config::Phase;

/// The phases of which a language has handlers in this process.
pub struct InUse {
    /// The phases in use in the lower half, and in the upper half those whose handlers code has changed.
    phases: AtomicU64,
    /// Of the phases that mod_perl does not have, those for which httpd has been given callbacks, one bit each.
    called: AtomicU64,
    /// Whether httpd asks before each response where it is to be made.
    is_asked: AtomicBool,
}

impl InUse {
    /// No phase is in use.
    #[allow(clippy::new_without_default, reason = "made in a static")]
    pub const fn new() -> InUse {
        InUse { phases: AtomicU64::new(0), called: AtomicU64::new(0), is_asked: AtomicBool::new(false) }
    }

    /// Notes that a handler of this phase exists.
    pub fn mark(&self, phase: Phase) {
        let bits = with_its_end(phase);
        if self.phases.load(Relaxed) & bits != bits {
            self.phases.fetch_or(bits, Relaxed);
        }
    }

    /// Called when a new reading of the configuration begins.
    pub fn forget(&self) {
        self.phases.store(0, Relaxed);
        self.called.store(0, Relaxed);
        self.is_asked.store(false, Relaxed);
    }

    /// Notes that httpd asks before each response where it is to be made; false if that was noted before.
    pub fn mark_taking(&self) -> bool {
        !self.is_asked.swap(true, Relaxed)
    }

    /// Notes that code of this process has changed the handlers that a server has for this phase; see [`super::configured`].
    pub fn mark_changed(&self, phase: Phase) {
        self.phases.fetch_or(with_its_end(phase) << CHANGED, Relaxed);
    }

    /// The phases that are in use. A phase without a handler costs one look at this word, whatever the server.
    #[inline(always)]
    pub fn uses(&self) -> Uses {
        Uses(self.phases.load(Relaxed))
    }

    /// Whether httpd calls for this phase, which mod_perl does not have.
    pub fn is_called(&self, phase: Phase) -> bool {
        self.called.load(Relaxed) & bit(phase) != 0
    }

    /// Notes that httpd calls for the phase from now on.
    pub fn mark_called(&self, phase: Phase) {
        self.called.fetch_or(bit(phase), Relaxed);
    }
}

/// Which phases are in use, and in which of them code has changed the handlers.
#[derive(Clone, Copy)]
pub struct Uses(u64);

impl Uses {
    /// Whether any handler of this phase may exist: in the configuration, or pushed.
    #[inline(always)]
    pub fn has(self, phase: Phase) -> bool {
        self.0 & bit(phase) != 0
    }

    /// Whether code may have given some server other handlers for this phase than its configuration has.
    #[inline(always)]
    pub fn are_changed(self, phase: Phase) -> bool {
        self.0 & bit(phase) << CHANGED != 0
    }
}

const fn bit(phase: Phase) -> u64 {
    1 << phase as u32
}

/// The phases that have something to do once a phase has a handler: it; the response and log phases, since requests have a state then; for
/// log and cleanup handlers also the last phase before the response.
const fn with_its_end(phase: Phase) -> u64 {
    let fixup = if matches!(phase, Phase::Cleanup | Phase::Log) { bit(Phase::Fixup) } else { 0 };
    bit(phase) | bit(Phase::Response) | bit(Phase::Log) | fixup
}

const CHANGED: u32 = 32;
const _: () = assert!(Phase::COUNT <= 32, "a phase has no bit");
