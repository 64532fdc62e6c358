//! The floor `leases`, for the languages of this module; and the one place that says from which stock a call draws.

use std::sync::Arc;

use config::Trim;
use httpd::Request;
use once_cell::sync::OnceCell;

use super::about::About;
use super::lang::Lang;

pub use leases::{Parent, Rank, Refused};

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

/// The stock from which a call about this draws; `None` before the interpreters run, and where the language is switched off. Nothing
/// else knows which stock a server has.
#[inline(always)]
pub fn choose<'a>(lang: Lang, about: &About<'a>) -> Option<&'a Arc<Stock>> {
    match about {
        About::Request(r) => choose_for(lang, r),
        About::Connection(c) => lang.server_of_connection(c)?.draws.stock(),
        About::Server(s) => lang.server(s)?.draws.stock(),
    }
}

/// The same for a request.
#[inline(always)]
pub fn choose_for(lang: Lang, r: &Request) -> Option<&Arc<Stock>> {
    lang.server_of(r)?.draws.stock()
}

/// The stock that start-up has given a server. Only [`choose`] looks into it.
#[derive(Default)]
pub struct Draws(OnceCell<Arc<Stock>>);

impl Draws {
    /// Gives the server its stock, once.
    pub fn give(&self, stock: &Arc<Stock>) {
        let _ = self.0.set(stock.clone());
    }

    #[inline(always)]
    fn stock(&self) -> Option<&Arc<Stock>> {
        self.0.get()
    }
}

impl Clone for Draws {
    fn clone(&self) -> Draws {
        Draws(self.0.clone())
    }
}

/// The language of the code that runs on this thread.
#[inline(always)]
pub fn running_lang() -> Option<Lang> {
    leases::running()
}

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
        max_wait: of.max_wait,
        trim: match of.trim {
            Trim::Off => None,
            Trim::GiveBack(limit) => Some(trim(limit, false)),
            Trim::Report(limit) => Some(trim(limit, true)),
        },
        scope: of.scope,
    }
}
