//! The flags that options set.
//!
//! Rules of mod_perl that they keep: `+` and `-` survive a merge; a flag without a sign acts where no merge onto an outer
//! scope happens (the main server, and its defaults for directories) and is lost elsewhere, though it counts as mentioned.

use crate::options::{DirOption, OptionRow, SERVER_OPTIONS, ServerOption, switch_bit};
use crate::phases::Phase;
use crate::vocabulary::{Merge, Merges};

/// The sign before an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// Nothing: as `+` here, and lost in a merge.
    Bare,
}

/// Splits `+Name` into sign and name.
#[must_use]
pub fn signed(word: &[u8]) -> (Sign, &[u8]) {
    match word {
        [b'+', name @ ..] => (Sign::Plus, name),
        [b'-', name @ ..] => (Sign::Minus, name),
        name => (Sign::Bare, name),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Flags {
    on: u64,
    added: u64,
    removed: u64,
    seen: u64,
}

impl Flags {
    fn set(&mut self, sign: Sign, bit: u64) {
        self.seen |= bit;
        match sign {
            Sign::Plus => {
                self.on |= bit;
                self.added |= bit;
                self.removed &= !bit;
            }
            Sign::Minus => {
                self.on &= !bit;
                self.removed |= bit;
                self.added &= !bit;
            }
            Sign::Bare => self.on |= bit,
        }
    }

    fn merge(base: Self, add: Self) -> Self {
        let added = (base.added & !add.removed) | add.added;
        let removed = (base.removed & !add.added) | add.removed;
        Self { on: (base.on & !removed) | added, added, removed, seen: base.seen | add.seen }
    }
}

const SERVER_DEFAULTS: u64 = {
    let (mut bits, mut i) = (0, 0);
    while i < SERVER_OPTIONS.len() {
        if SERVER_OPTIONS[i].default {
            bits |= SERVER_OPTIONS[i].bit;
        }
        i += 1;
    }
    bits
};

/// The flags of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerOptions(Flags);

impl Default for ServerOptions {
    fn default() -> Self {
        Self(Flags { on: SERVER_DEFAULTS, ..Flags::default() })
    }
}

impl ServerOptions {
    /// Whether an option is on.
    #[inline]
    #[must_use]
    pub const fn is(&self, option: ServerOption) -> bool {
        self.0.on & (1 << option as u64) != 0
    }

    /// Whether the option of a row is on; false for one without effect.
    #[must_use]
    pub const fn has(&self, row: &OptionRow) -> bool {
        (self.0.on & row.bit != 0) != row.clears
    }

    /// Whether the directive of a phase is allowed; true for phases without a switch.
    #[must_use]
    pub const fn allows(&self, phase: Phase) -> bool {
        phase.row().perl.is_none() || self.0.on & switch_bit(phase) != 0
    }

    /// Sets an option as one written with that sign.
    pub fn set(&mut self, sign: Sign, row: &OptionRow) {
        match (row.clears, sign) {
            (false, _) => self.0.set(sign, row.bit),
            (true, Sign::Minus) => {}
            (true, _) => self.0.set(Sign::Minus, row.bit),
        }
    }

    /// Switches an option on or off.
    pub(crate) fn put(&mut self, option: ServerOption, on: bool) {
        self.0.set(if on { Sign::Plus } else { Sign::Minus }, 1 << option as u64);
    }
}

impl Merges for ServerOptions {
    const MERGE: Merge = Merge::Flags;
    type How<'a> = ();

    fn merge(base: &Self, add: &Self, _: &()) -> Self {
        Self(Flags::merge(base.0, add.0))
    }
}

/// The flags of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DirOptions(Flags);

impl DirOptions {
    /// Whether an option is on.
    #[inline]
    #[must_use]
    pub const fn is(&self, option: DirOption) -> bool {
        self.0.on & (1 << option as u64) != 0
    }

    /// Whether the option of a row is on; false for one without effect.
    #[must_use]
    pub const fn has(&self, row: &OptionRow) -> bool {
        self.0.on & row.bit != 0
    }

    /// What some line said of an option, or `None` if none did: then `perl-script` has its own defaults.
    #[inline]
    #[must_use]
    pub const fn said(&self, option: DirOption) -> Option<bool> {
        if self.0.seen & (1 << option as u64) != 0 { Some(self.is(option)) } else { None }
    }

    /// Sets an option as one written with that sign.
    pub fn set(&mut self, sign: Sign, row: &OptionRow) {
        self.0.set(sign, row.bit);
    }
}

impl Merges for DirOptions {
    const MERGE: Merge = Merge::Flags;
    type How<'a> = ();

    fn merge(base: &Self, add: &Self, _: &()) -> Self {
        Self(Flags::merge(base.0, add.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{dir_option, server_option};
    use crate::vocabulary::Language;

    fn server_of(words: &[&str]) -> ServerOptions {
        let mut options = ServerOptions::default();
        for word in words {
            let (sign, name) = signed(word.as_bytes());
            options.set(sign, server_option(Language::Perl, name).unwrap());
        }
        options
    }

    fn dir_of(words: &[&str]) -> DirOptions {
        let mut options = DirOptions::default();
        for word in words {
            let (sign, name) = signed(word.as_bytes());
            options.set(sign, dir_option(Language::Perl, name).unwrap());
        }
        options
    }

    #[test]
    fn signs_survive_a_merge_and_the_inner_one_wins() {
        let merged =
            ServerOptions::merge(&server_of(&["+Autoload", "-Access"]), &server_of(&["-Autoload", "+Clone"]), &());
        assert!(!merged.is(ServerOption::AutoLoad));
        assert!(merged.is(ServerOption::Clone));
        assert!(!merged.allows(Phase::Access));
        assert!(merged.allows(Phase::Authen));
        let merged = ServerOptions::merge(&server_of(&["-Access"]), &server_of(&["+Access"]), &());
        assert!(merged.allows(Phase::Access));
    }

    #[test]
    fn a_flag_without_sign_is_kept_in_the_outer_scope_and_lost_in_the_inner_one() {
        let outer = DirOptions::merge(&dir_of(&["SetupEnv"]), &dir_of(&[]), &());
        assert_eq!(outer.said(DirOption::SetupEnv), Some(true));
        let inner = DirOptions::merge(&dir_of(&[]), &dir_of(&["SetupEnv"]), &());
        assert_eq!(inner.said(DirOption::SetupEnv), Some(false), "lost, yet mentioned");
    }

    #[test]
    fn what_no_line_said_stays_unsaid() {
        let options = DirOptions::merge(&dir_of(&["+ParseHeaders"]), &dir_of(&["-SetupEnv"]), &());
        assert_eq!(options.said(DirOption::GlobalRequest), None);
        assert_eq!(options.said(DirOption::SetupEnv), Some(false));
        assert_eq!(options.said(DirOption::ParseHeaders), Some(true));
    }

    #[test]
    fn none_switches_off_all_phases_of_a_server_also_in_an_inner_one() {
        let inner = server_of(&["None", "+Response"]);
        for options in [inner, ServerOptions::merge(&server_of(&["+Access"]), &inner, &())] {
            assert!(
                options.allows(Phase::Response) && !options.allows(Phase::Access) && !options.allows(Phase::Cleanup)
            );
            assert!(options.is(ServerOption::Enable));
        }
        assert!(server_of(&["None"]).has(server_option(Language::Perl, b"None").unwrap()));
    }

    #[test]
    fn unset_changes_nothing_and_none_nothing_of_a_directory() {
        assert_eq!(server_of(&["-None", "-Unset"]), ServerOptions::default());
        assert_eq!(dir_of(&["+None", "Unset"]), DirOptions::default());
    }

    #[test]
    fn later_words_of_one_scope_win() {
        assert!(!dir_of(&["+SetupEnv", "-SetupEnv"]).is(DirOption::SetupEnv));
        let merged = DirOptions::merge(&dir_of(&["+SetupEnv"]), &dir_of(&["+SetupEnv", "-SetupEnv"]), &());
        assert!(!merged.is(DirOption::SetupEnv));
    }

    #[test]
    fn phases_without_a_switch_are_always_allowed() {
        assert!(server_of(&["-Access"]).allows(Phase::OutputFilter));
    }
}
