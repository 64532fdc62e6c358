//! The table as text: for Prometheus, as JSON, as a page of the manual. Nothing here knows any single figure.

use std::fmt::Write as _;

use crate::board::Sum;
use crate::table::{FAMILIES, Family, Kind, Row, WAITS};

/// Whose figures they are, for programs.
const PREFIX: &str = "mod_interp";

impl Row {
    /// Its number.
    pub fn number(&self, sum: &Sum) -> u64 {
        self.of.iter().map(|source| sum.of(source)).fold(0, u64::wrapping_add)
    }
}

impl Family {
    /// Its name for Prometheus: base units, and `_total` behind what only rises.
    pub fn name(&self) -> String {
        let unit = if self.is_time { "_seconds" } else { "" };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{PREFIX}_{}{unit}{total}", self.name)
    }

    /// The number of a row as it is printed.
    pub fn shown(&self, number: u64) -> String {
        if self.is_time { seconds(number) } else { number.to_string() }
    }
}

/// Microseconds as seconds.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The waits that are not longer than each length shown, in microseconds, and how many there are in all.
pub fn waits(sum: &Sum) -> (Vec<(u64, u64)>, u64) {
    let histogram = &sum.tipool.wait_histogram;
    let until = |n: u32| histogram.iter().take(n as usize + 1).sum::<u64>();
    (WAITS.iter().map(|n| (1u64 << n, until(*n))).collect(), histogram.iter().sum())
}

/// The figures of several stocks, each with labels of its own, in the text format that Prometheus reads.
pub fn prometheus(all: &[(Vec<(&str, &str)>, Sum)]) -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let name = family.name();
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a String does not fail.
        let _ = write!(text, "# HELP {name} {}\n# TYPE {name} {kind}\n", family.help);
        for (labels, sum) in all {
            for row in family.rows {
                let with = |label: &str, value: &str| labelled(labels, label, value);
                if family.kind == Kind::Histogram {
                    let (waits, count) = waits(sum);
                    for (until, count) in waits {
                        let _ = writeln!(text, "{name}_bucket{} {count}", with("le", &seconds(until)));
                    }
                    let (plain, time) = (with("", ""), family.shown(row.number(sum)));
                    let _ = writeln!(text, "{name}_bucket{} {count}", with("le", "+Inf"));
                    let _ = write!(text, "{name}_sum{plain} {time}\n{name}_count{plain} {count}\n");
                } else {
                    let number = family.shown(row.number(sum));
                    let _ = writeln!(text, "{name}{} {number}", with(family.label, row.value));
                }
            }
        }
    }
    text
}

fn labelled(labels: &[(&str, &str)], label: &str, value: &str) -> String {
    let last = (!label.is_empty()).then_some((label, value));
    let one = |(label, value): (&str, &str)| {
        format!("{label}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    };
    let all: Vec<String> = labels.iter().copied().chain(last).map(one).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

/// The figures of one stock as an object of JSON's; times are seconds.
pub fn json(sum: &Sum) -> String {
    let of = |family: &Family| {
        let number = |row: &Row| family.shown(row.number(sum));
        let value = match (family.kind, family.rows) {
            (Kind::Histogram, rows) => {
                let (waits, count) = waits(sum);
                let until = waits.iter().map(|(until, count)| format!("[{},{count}]", seconds(*until)));
                let time = rows.first().map_or_else(String::new, number);
                format!("{{\"count\":{count},\"seconds\":{time},\"until\":[{}]}}", until.collect::<Vec<_>>().join(","))
            }
            (_, [one]) if family.label.is_empty() => number(one),
            (_, rows) => {
                let rows = rows.iter().map(|row| format!("{}:{}", quoted(row.value), number(row)));
                format!("{{{}}}", rows.collect::<Vec<_>>().join(","))
            }
        };
        let unit = if family.is_time && family.kind != Kind::Histogram { "_seconds" } else { "" };
        format!("{}:{value}", quoted(&format!("{}{unit}", family.name)))
    };
    format!("{{{}}}", FAMILIES.iter().map(of).collect::<Vec<_>>().join(","))
}

/// A string of JSON's.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Writing to a String does not fail.
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The text of `docs/figures.md`.
pub fn figures_md() -> String {
    let mut text = String::from(
        "# Figures\n\n\
         Printed from the table in `crates/figures/src/table.rs` by `make tables`.\n\n\
         Each is a sum over all processes, for one set of interpreters: labels `language`, `server` and `class`.\n\
         Counters are kept over graceful restarts, and what a process has counted that ended counts on.\n\n\
         | name | kind | what it says |\n|---|---|---|\n",
    );
    for family in FAMILIES {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = write!(text, "| `{}` | {kind} | {}", family.name(), family.help);
        if !family.label.is_empty() {
            let rows = family.rows.iter().map(|row| format!("`{}` {}", row.value, row.words));
            let _ = write!(text, " By `{}`: {}.", family.label, rows.collect::<Vec<_>>().join("; "));
        }
        text.push_str(" |\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::{Board, Figure};

    fn sum() -> Sum {
        let word: &'static AtomicUsize = Box::leak(Box::default());
        // SAFETY: a word of this test's alone.
        let board = unsafe { Board::open(word, 1, 1) }.unwrap();
        board.count(Figure::Request);
        let waits = [0, 0, 0, 0, 0, 0, 0, 0, 3, 1];
        let mut snapshot = tipool::Snapshot { wait_us: 1_500_000, ..Default::default() };
        snapshot.wait_histogram[..10].copy_from_slice(&waits);
        board.line().tipool.count(&snapshot);
        board.sum()
    }

    #[test]
    fn prometheus_gets_a_head_per_name_and_a_line_per_series() {
        let all = [(vec![("server", "a \"b\"")], sum())];
        let text = prometheus(&all);
        assert!(text.contains(
            "# TYPE mod_interp_requests_total counter\nmod_interp_requests_total{server=\"a \\\"b\\\"\"} 1\n"
        ));
        assert!(text.contains("mod_interp_wait_seconds_bucket{server=\"a \\\"b\\\"\",le=\"0.000128\"} 0\n"));
        assert!(text.contains("le=\"0.001024\"} 4\n") && text.contains("le=\"+Inf\"} 4\n"));
        assert!(text.contains("mod_interp_wait_seconds_sum{server=\"a \\\"b\\\"\"} 1.5\n"));
        assert!(text.contains("{server=\"a \\\"b\\\"\",kind=\"died\"} 0\n"));
        assert_eq!(text.matches("# HELP ").count(), FAMILIES.len());
    }

    #[test]
    fn json_has_the_same_numbers() {
        let text = json(&sum());
        assert!(text.starts_with("{\"requests\":1,"), "{text}");
        assert!(
            text.contains("\"errors\":{\"died\":0,") && text.contains("\"wait\":{\"count\":4,\"seconds\":1.5,"),
            "{text}"
        );
        assert!(text.contains("\"making_seconds\":0,"), "{text}");
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }

    #[test]
    fn the_page_of_the_manual_is_what_is_printed_now() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/figures.md");
        if let Ok(printed) = std::fs::read_to_string(path) {
            assert!(printed == figures_md(), "docs/figures.md is old: run `make tables`");
        }
    }
}
