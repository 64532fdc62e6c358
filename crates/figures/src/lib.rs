//! What is counted of the interpreters, in memory that all processes of a server see; and how that is printed.
//!
//! | file | holds |
//! |---|---|
//! | `table` | THE table: each figure with its name, kind, label and words |
//! | `board` | the memory: a [`Line`] per process, which that process alone writes |
//! | `doing` | what an interpreter does now |
//! | `text` | the table as Prometheus reads it, as JSON, and as a page of the manual |
//!
//! Counters are never set back: who gets the line of a process that is gone counts on, so that sums only rise and no death takes anything
//! away. What is true of a moment (gauges) begins anew with each owner of a line.
//!
//! This crate knows no language, no request and no server: who counts for whom is the affair of the floors above.

mod board;
mod doing;
mod table;
mod text;

pub use board::{Board, Item, LAYOUT, Line, Sum};
pub use doing::Now;
pub use table::{FAMILIES, Family, Figure, Kind, Row, Source, WAITS};
pub use tipool::Snapshot;

pub use text::{figures_md, json, prometheus, quoted, waits};
