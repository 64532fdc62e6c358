//! THE table of the figures of a dictionary.

use std::sync::Arc;

use dict::Size;

use super::counted::Seen;

/// How a dictionary is doing.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Its name.
    pub name: Arc<str>,
    /// What it holds; nothing if that cannot be found out.
    pub size: Size,
    /// How often it was asked, by all processes.
    pub counts: Seen,
}

/// A figure.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Its name for Prometheus, behind that of dictionaries.
    pub metric: &'static str,
    /// How it changes, as Prometheus calls it.
    pub kind: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The number, if it is known.
    pub of: fn(&Figures) -> Option<u64>,
}

const fn gauge(name: &'static str, metric: &'static str, help: &'static str, of: fn(&Figures) -> Option<u64>) -> Row {
    Row { name, metric, kind: "gauge", help, of }
}

const fn counter(name: &'static str, metric: &'static str, help: &'static str, of: fn(&Figures) -> Option<u64>) -> Row {
    Row { name, metric, kind: "counter", help, of }
}

/// The figures.
#[rustfmt::skip]
pub const FIGURES: &[Row] = &[
    gauge("entries", "entries", "Entries of a dictionary, locks included.", |of| of.size.entries),
    gauge("bytes", "bytes", "Bytes that its entries take.", |of| of.size.bytes),
    gauge("capacity", "capacity_bytes", "Bytes that its entries may take.", |of| of.size.capacity),
    counter("evictions", "evictions_total", "Entries that were dropped to make room before their time was over.", |of| of.size.evictions),
    counter("expired", "expired_total", "Entries that were dropped because their time was over.", |of| of.size.expired),
    counter("hits", "hits_total", "Questions to which there was an answer.", |of| Some(of.counts.hits)),
    counter("misses", "misses_total", "Questions to which there was none.", |of| Some(of.counts.misses)),
    counter("errors", "errors_total", "Questions that failed.", |of| Some(of.counts.errors)),
];

impl Figures {
    /// Names and figures; without what is not known.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        FIGURES.iter().filter_map(|row| Some((row.name, (row.of)(self)?)))
    }
}
