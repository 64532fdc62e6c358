//! How many connections to databases the interpreters of a server may have: what `PerlDBPool` says.

use std::sync::Arc;
use std::time::Duration;

use crate::place::Where;
use crate::vocabulary::{Merge, Merges};

/// What one line says of the data sources that it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DbPool {
    /// The data sources, `dbi:Pg:dbname=shop`; `*` stands for anything.
    pub sources: Box<[u8]>,
    /// Connections at once in a child process; at least 1.
    pub max: u32,
    /// How long a connection that no request has stays open; `None`: for good.
    pub idle: Option<Duration>,
    /// A connection that nobody has used for so long is asked whether it still answers; `None`: none is.
    pub ping: Option<Duration>,
    /// How long a request waits for a connection; `None`: as long as it would for an interpreter.
    pub wait: Option<Duration>,
    /// The line.
    pub at: Where,
}

impl DbPool {
    /// One about these data sources, of which its line says no more.
    pub(crate) fn new(sources: &[u8], at: Where) -> Self {
        let idle = Some(Duration::from_secs(300));
        Self { sources: sources.into(), max: 10, idle, ping: Some(Duration::ZERO), wait: None, at }
    }

    /// Whether it is about this data source.
    #[must_use]
    pub fn is_about(&self, source: &[u8]) -> bool {
        let mut parts = self.sources.split(|b| *b == b'*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = source.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts.filter(|part| !part.is_empty()) {
            let Some(at) = rest.windows(part.len()).position(|found| found == part) else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

/// The lines of a server, a virtual host or a class, in the order in which they are asked: the inner scope's come before the outer one's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DbPools(Vec<Arc<DbPool>>);

impl DbPools {
    /// The first that is about this data source.
    #[must_use]
    pub fn find(&self, source: &[u8]) -> Option<&Arc<DbPool>> {
        self.0.iter().find(|pool| pool.is_about(source))
    }

    /// The first.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<DbPool>> {
        self.0.first()
    }

    /// The one about the very same data sources.
    pub(crate) fn same(&self, sources: &[u8]) -> Option<&Arc<DbPool>> {
        self.0.iter().find(|pool| *pool.sources == *sources)
    }

    pub(crate) fn push(&mut self, pool: DbPool) {
        self.0.push(Arc::new(pool));
    }
}

impl Merges for DbPools {
    const MERGE: Merge = Merge::Before;
    type How<'a> = ();

    fn merge(base: &Self, add: &Self, _: &()) -> Self {
        Self(add.0.iter().chain(&base.0).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_all_else_for_itself() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("dbi:Pg:dbname=shop", &["dbi:Pg:dbname=shop"], &["dbi:Pg:dbname=shop2", "dbi:Pg:dbname=sho", ""]),
            ("dbi:Pg:*", &["dbi:Pg:", "dbi:Pg:dbname=shop"], &["dbi:PgPP:", "dbi:SQLite:dbi:Pg:"]),
            ("*", &["", "dbi:Pg:x"], &[]),
            ("dbi:*:shop*x", &["dbi:Pg:shopx", "dbi:Pg:a:shop;x"], &["dbi:Pg:shop", "dbi:shopx", "dbi:Pg:shopxy"]),
            ("dbi:a*ab", &["dbi:aab", "dbi:a-ab"], &["dbi:ab"]),
            ("dbi:**b", &["dbi:b", "dbi:ab"], &["dbi:a"]),
        ];
        for (sources, about, others) in cases {
            let pool = DbPool::new(sources.as_bytes(), Where::default());
            assert!(about.iter().all(|source| pool.is_about(source.as_bytes())), "{sources}");
            assert!(!others.iter().any(|source| pool.is_about(source.as_bytes())), "{sources}");
        }
    }

    #[test]
    fn lines_of_the_inner_scope_are_asked_first() {
        let scope = |lines: &[(&str, u32)]| {
            let mut pools = DbPools::default();
            for (sources, max) in lines {
                pools.push(DbPool { max: *max, ..DbPool::new(sources.as_bytes(), Where::default()) });
            }
            pools
        };
        let merged = DbPools::merge(&scope(&[("dbi:*", 1), ("dbi:Pg:a", 2)]), &scope(&[("dbi:Pg:*", 3)]), &());
        let max = |source: &str| merged.find(source.as_bytes()).map(|pool| pool.max);
        assert_eq!([max("dbi:Pg:a"), max("dbi:SQLite:x"), max("x")], [Some(3), Some(1), None]);
    }
}
