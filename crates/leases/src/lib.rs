//! Who has which interpreter, on which thread, and how long.
//!
//! A server draws from a [`Stock`]: its [`Parent`], and under a threaded MPM a tipool of clones. What is drawn is a [`Lent`]
//! interpreter; whoever needs it holds an `Arc` of it ([`Hold`]), and when the last holder is gone it goes back. A [`Tree`] is all
//! that shares one lease per stock. While a call runs, a [`Frame`] on its thread says in which interpreter and what the call is about.
//!
//! This crate names no language, no request and no server. What it asks of the floor above is the trait [`Above`]; whatever a call is
//! about only passes through. Nor does it know whose the threads are: a call may run from begin to end on any thread, of httpd's or
//! not. Which thread may wait is said by the [`Terms`] that its caller gives.
//!
//! | file | holds |
//! |---|---|
//! | `counted` | an interpreter, and how many calls are in it |
//! | `parent`, `clones` | the interpreter that start-up code runs in; those made of it |
//! | `stock`, `refused` | what a server draws from; why there was none |
//! | `lent` | an interpreter in somebody's hands |
//! | `tree` | what shares a lease, and holds it between calls |
//! | `chain`, `frame`, `standing` | what a thread has; the calls that run on it; those that other code begins and ends |
//! | `waiting`, `asking` | on which terms somebody waits; what goes back before |
//! | `places`, `sharing`, `scaling` | a number of interpreters over all processes; what one of them has of it; how it changes |
//! | `generation` | the number by which all processes of a server replace a stock's interpreters |
//! | `shared`, `news` | memory that all processes of a server see; how they wake each other |
//! | `watch` | who is told of the lives of interpreters |
//! | `keeper` | the thread that makes and replaces clones ahead of demand |

mod asking;
mod chain;
mod clones;
mod counted;
mod frame;
mod generation;
mod keeper;
mod lent;
mod news;
mod parent;
mod places;
mod refused;
mod scaling;
pub mod shared;
mod sharing;
mod standing;
mod stock;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a fake engine")]
mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod tree;
mod waiting;
mod watch;

use std::thread::LocalKey;

pub use asking::{Asking, terms};
pub use chain::{Chain, ending};
pub use clones::{Clones, Trim};
pub use frame::{Frame, running};
pub use keeper::Keeper;
pub use lent::{Begun, Hold, Lent};
pub use parent::Parent;
pub use refused::{Refused, Told};
pub use standing::Standing;
pub use stock::{Limits, Pick, Stock};
pub use tree::Tree;
pub use waiting::{Drains, SHORT, Terms, at_end, at_log, in_time, is_at_end};
pub use waiting_rules::{Held, Rank};
pub use watch::Watch;

/// What this floor asks of the one above. A value stands for one language; stocks, and the calls in their interpreters, know theirs.
pub trait Above: Copy + Send + Sync + 'static {
    /// What a call is about: something that lives for `'a`.
    type About<'a>: Copy;
    /// What a call does for it; code that runs outside of any phase has none.
    type Phase: Copy;
    /// How long a tree keeps its lease. A stock has one for its trees, and leaves it to their owners to act on it.
    type Scope: Copy + Default + Send + Sync;

    /// The word with which the directives in messages begin.
    fn name(self) -> &'static str;

    /// The language's place in the order in which one tree takes interpreters of several stocks; less than 256.
    fn rank(self) -> Rank;

    /// Writes a line to the log about something that goes wrong, for which no server is known.
    fn warn(self, text: &str);

    /// Whether objects become void when a lease of a parent ends. Those of a clone always do.
    fn ends_objects(self) -> bool;

    /// Called when a call ends while other modules' code keeps the interpreter by its count: whoever acts for them holds it on.
    fn keep_for_others(self, hold: &Hold<Self>);

    /// The place where each thread has its calls. A `thread_local!` without destructor: one in the main thread would keep the library
    /// mapped.
    fn chain() -> &'static LocalKey<Chain<Self>>;
}
