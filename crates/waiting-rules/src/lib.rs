//! Who may wait for an interpreter, and what goes back before: the decisions, as functions of numbers.
//!
//! A server hangs when a request waits for an interpreter that only itself, or another one that waits for it, could set free. Four rules keep
//! that from happening. This crate has the decision of each; `tipool` and the host carry them out, and `tests/model.rs` walks
//! through every interleaving of small worlds, in which each rule is needed.
//!
//! - **The end of a request** is not waited for: who runs code at the death of a pool may stand under a lock of another
//!   module's, for which others wait with an interpreter in their hands ([`at_end`]).
//! - **Ordinary leases** are at most as many as the administrator said, whoever else has one ([`may_take`]).
//! - **A second interpreter** is waited for only in one order: what ranks higher than the wanted one goes back before, or, where
//!   it cannot, the wait is short ([`before_wait`]).
//! - **The last worker** does not wait while an answer that keeps an interpreter is being sent: that answer needs a worker
//!   ([`may_join`]).
//!
//! Knows neither interpreters nor requests, locks nothing and allocates nothing.

#![forbid(unsafe_code)]

/// Where a kind of interpreter stands in the order in which one request takes several: in the order of definition, the languages
/// first.
pub type Rank = u32;

/// A lease that somebody has who wants another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// Its rank.
    pub rank: Rank,
    /// It cannot go back now: a call runs in it, or values in it must stay.
    pub is_pinned: bool,
}

/// On which terms somebody waits for an interpreter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Before {
    /// Those of its leases for which [`goes_back`] is true go back first.
    pub gives_back: bool,
    /// It keeps one against the order: it waits a moment only, since the one who has the wanted interpreter may be waiting for
    /// that one.
    pub is_short: bool,
}

/// Whether a lease goes back before its holder waits for an interpreter of rank `wanted`. Equal ranks too: two requests that have
/// one each of the same kind, and want another, would wait for each other.
#[inline]
pub fn goes_back(held: Held, wanted: Rank) -> bool {
    held.rank >= wanted && !held.is_pinned
}

/// What somebody does who finds no idle interpreter of rank `wanted`, before it waits.
#[inline]
pub fn before_wait(held: impl IntoIterator<Item = Held>, wanted: Rank) -> Before {
    held.into_iter().fold(Before::default(), |before, held| Before {
        gives_back: before.gives_back || goes_back(held, wanted),
        is_short: before.is_short || (held.rank >= wanted && held.is_pinned),
    })
}

/// Whether a worker may join those who wait, of which `waiting` are workers already: not as the last of `workers`, as long as an
/// interpreter is kept by somebody (`draining`) who needs a worker to get on. Who works gets free by itself, so that it is enough
/// if one does not wait.
#[inline]
pub fn may_join(waiting: usize, workers: usize, draining: bool) -> bool {
    !draining || waiting + 1 < workers
}

/// Whether an idle interpreter may go to an ordinary request while `ordinary` have one. There may be one more than `max`: that
/// one is for the end of requests.
#[inline]
pub fn may_take(ordinary: usize, max: usize) -> bool {
    ordinary < max
}

/// What code at the death of a pool runs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtEnd {
    /// An idle interpreter.
    Take,
    /// One more than the limit says: the reserve, made now.
    Reserve,
    /// The one that another end of a request has, which waits for nothing and so comes back: this one is served first.
    First,
    /// None: what was to run is skipped.
    Skip,
}

/// Which one that is: `ends` are in such hands already. A `nested` need, that of code which has one at the end of a request and
/// wants another, must not wait even for those: they could want the first one.
#[inline]
pub fn at_end(idle: bool, ends: usize, nested: bool) -> AtEnd {
    match (idle, nested, ends) {
        (true, ..) => AtEnd::Take,
        (false, true, _) => AtEnd::Skip,
        (false, false, 0) => AtEnd::Reserve,
        (false, false, _) => AtEnd::First,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(rank: Rank, is_pinned: bool) -> Held {
        Held { rank, is_pinned }
    }

    #[test]
    fn only_what_ranks_higher_goes_back() {
        assert_eq!(before_wait([], 0), Before::default());
        assert_eq!(before_wait([held(0, false), held(0, true)], 1), Before::default());
        assert_eq!(before_wait([held(1, false)], 0), Before { gives_back: true, is_short: false });
        assert_eq!(before_wait([held(1, false)], 1), Before { gives_back: true, is_short: false });
        assert_eq!(before_wait([held(2, true), held(0, false)], 1), Before { gives_back: false, is_short: true });
        assert_eq!(before_wait([held(2, true), held(1, false)], 0), Before { gives_back: true, is_short: true });
    }

    #[test]
    fn one_worker_does_not_wait_while_an_answer_keeps_an_interpreter() {
        assert!(may_join(6, 8, true));
        assert!(!may_join(7, 8, true));
        assert!(may_join(7, 8, false));
        assert!(!may_join(0, 1, true));
    }

    #[test]
    fn the_end_of_a_request_waits_for_nothing_but_another_end() {
        assert_eq!(at_end(true, 9, true), AtEnd::Take);
        assert_eq!(at_end(false, 0, false), AtEnd::Reserve);
        assert_eq!(at_end(false, 1, false), AtEnd::First);
        assert_eq!(at_end(false, 0, true), AtEnd::Skip);
        assert!(may_take(1, 2) && !may_take(2, 2));
    }
}
