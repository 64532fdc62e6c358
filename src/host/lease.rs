//! The floor `leases`, for the languages of this module.

use config::Trim;

use super::lang::Lang;

pub use leases::{Parent, Refused};

/// The interpreters that one or several servers draw from.
pub type Stock = leases::Stock<Lang>;
/// A holder of a lease.
pub type Hold = leases::Hold<Lang>;
/// The leases of a request with all that it reaches by `main` and `prev`, or of a connection.
pub type Tree = leases::Tree<Lang>;
/// A call that runs.
pub type Frame<'a> = leases::Frame<'a, Lang>;
/// A call that other modules' code begins and ends.
pub type Standing = leases::Standing<Lang>;

/// What a server's configuration says of its stock.
pub fn limits(of: &config::Limits) -> leases::Limits<config::LeaseScope> {
    let trim = |limit, report_only| leases::Trim { limit: usize::try_from(limit).unwrap_or(usize::MAX), report_only };
    leases::Limits {
        numbers: tipool::Limits {
            start: of.start,
            max: of.max,
            min_spare: of.min_spare,
            max_spare: of.max_spare,
            max_uses: of.max_uses,
            max_age: of.max_age,
            max_queue: of.max_queue,
            ..tipool::Limits::default()
        },
        max_by: of.max_by.row().name,
        max_wait: of.max_wait,
        trim: match of.trim {
            Trim::Off => None,
            Trim::GiveBack(limit) => Some(trim(limit, false)),
            Trim::Report(limit) => Some(trim(limit, true)),
        },
        scope: of.scope,
        total: of.total,
        once: of.once,
        reload: of.reload,
    }
}
