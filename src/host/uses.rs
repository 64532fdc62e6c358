//! Which phases are in use: a phase without a handler costs one look at a word.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use config::Phase;

/// The phases of which a language has handlers in this process.
pub struct InUse {
    phases: AtomicU32,
    /// Of the phases that mod_perl does not have, those for which httpd has been given callbacks, one bit each.
    called: AtomicU32,
}

impl InUse {
    /// No phase is in use.
    #[allow(clippy::new_without_default, reason = "made in a static")]
    pub const fn new() -> InUse {
        InUse { phases: AtomicU32::new(0), called: AtomicU32::new(0) }
    }

    /// Notes that a handler of this phase exists. Once there is any handler, requests have a state, and so the response and log phases
    /// count as used; for log and cleanup handlers the last phase before the response counts as used, too.
    pub fn mark(&self, phase: Phase) {
        let ends = phase as u8 == Phase::Cleanup as u8 || phase as u8 == Phase::Log as u8;
        let more = if ends { bit(Phase::Fixup) } else { 0 };
        let bits = bit(phase) | bit(Phase::Response) | bit(Phase::Log) | more;
        if self.phases.load(Relaxed) & bits != bits {
            self.phases.fetch_or(bits, Relaxed);
        }
    }

    /// Called when a new reading of the configuration begins.
    pub fn forget(&self) {
        self.phases.store(0, Relaxed);
        self.called.store(0, Relaxed);
    }

    /// Notes that code of this process has changed a server's handlers; see [`super::configured`].
    pub fn mark_changed(&self) {
        self.phases.fetch_or(CHANGED, Relaxed);
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

/// Which phases are in use, one bit each.
#[derive(Clone, Copy)]
pub struct Uses(u32);

impl Uses {
    /// Whether any handler of this phase may exist: in the configuration, or pushed.
    #[inline(always)]
    pub fn has(self, phase: Phase) -> bool {
        self.0 & bit(phase) != 0
    }

    /// Whether code has given some server other handlers than its configuration has.
    #[inline(always)]
    pub fn are_changed(self) -> bool {
        self.0 & CHANGED != 0
    }
}

const fn bit(phase: Phase) -> u32 {
    1 << phase as u32
}

const CHANGED: u32 = 1 << 31;
const _: () = assert!(Phase::COUNT <= 31, "no bit is left for CHANGED");
