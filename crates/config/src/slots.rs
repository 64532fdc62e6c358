//! Where the handlers and hooks of each phase lie in a record. Counted from the table when this is compiled.

use crate::hooks::{LISTS, Position, Scope};
use crate::phases::{PHASES, Phase};

/// Where a phase's handlers lie in the record of its scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// At this index of a server's record.
    Server(u8),
    /// At this index of a directory's record.
    Dir(u8),
}

const fn slots() -> ([Slot; Phase::COUNT], usize, usize) {
    let mut table = [Slot::Server(0); Phase::COUNT];
    let (mut server, mut dir, mut i) = (0, 0, 0);
    while i < Phase::COUNT {
        let row = &PHASES[i];
        assert!(row.phase as usize == i, "PHASES is not in the order of Phase");
        match row.scope {
            Scope::Directory | Scope::Filter => {
                table[i] = Slot::Dir(dir as u8);
                dir += 1;
            }
            _ => {
                table[i] = Slot::Server(server as u8);
                server += 1;
            }
        }
        i += 1;
    }
    (table, server, dir)
}

const SLOTS: [Slot; Phase::COUNT] = slots().0;
/// Handler stacks in a server's record.
pub const SERVER_SLOTS: usize = slots().1;
/// Handler stacks in a directory's record.
pub const DIR_SLOTS: usize = slots().2;

const fn hook_slots() -> ([Option<u8>; Phase::COUNT], usize) {
    let (mut table, mut n, mut i) = ([None; Phase::COUNT], 0, 0);
    while i < Phase::COUNT {
        if PHASES[i].hooks.is_some() {
            table[i] = Some(n as u8);
            n += LISTS;
        }
        i += 1;
    }
    (table, n)
}

const FIRST_HOOK_SLOT: [Option<u8>; Phase::COUNT] = hook_slots().0;
/// Lists of hooks in a directory's record.
pub const HOOK_SLOTS: usize = hook_slots().1;

impl Phase {
    /// Where its list of hooks at a position lies; `None` if there is none.
    #[inline]
    #[must_use]
    pub const fn hook_slot(self, position: Position) -> Option<usize> {
        match (FIRST_HOOK_SLOT[self as usize], position.list()) {
            (Some(first), Some(list)) => Some(first as usize + list),
            _ => None,
        }
    }

    /// Where its handlers lie.
    #[must_use]
    pub const fn slot(self) -> Slot {
        SLOTS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_hooks_are_dense_and_distinct() {
        let mut slots: Vec<usize> = Vec::new();
        for phase in Phase::all() {
            slots.extend(
                [Position::Early, Position::Middle, Position::Late].map(|p| phase.hook_slot(p)).iter().flatten(),
            );
            assert_eq!(phase.hook_slot(Position::Handlers), None);
        }
        assert_eq!(slots, (0..HOOK_SLOTS).collect::<Vec<_>>());
    }

    #[test]
    fn slots_are_dense_and_distinct_within_each_record() {
        let mut server: Vec<u8> = vec![];
        let mut dir: Vec<u8> = vec![];
        for phase in Phase::all() {
            match phase.slot() {
                Slot::Server(i) => server.push(i),
                Slot::Dir(i) => dir.push(i),
            }
        }
        assert!(server.iter().enumerate().all(|(i, &s)| i == s as usize));
        assert!(dir.iter().enumerate().all(|(i, &s)| i == s as usize));
        assert_eq!((server.len(), dir.len()), (SERVER_SLOTS, DIR_SLOTS));
    }
}
