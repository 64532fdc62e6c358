//! THE table of figures. Layout of the shared memory, text for Prometheus, JSON, page and manual follow from it.

use tipool::Snapshot;

/// How a figure changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Only rises, also over restarts.
    Counter,
    /// True of this moment.
    Gauge,
    /// Counts lengths of time, each in the first class that is no shorter.
    Histogram,
}

/// Where the number of a row comes from.
#[derive(Clone, Copy)]
pub enum Source {
    /// It is counted by [`Board::count`](crate::Board::count).
    Own(Figure),
    /// It is one of a tipool's statistics.
    Tipool(fn(&Snapshot) -> u64),
    /// The number of processes.
    Processes,
}

/// Figures of one name, told apart by the values of a label.
pub struct Family {
    /// Its name, without what says whose it is and how it changes.
    pub name: &'static str,
    /// How it changes.
    pub kind: Kind,
    /// Whether the numbers are microseconds; what is printed are seconds.
    pub is_time: bool,
    /// Its name for people.
    pub title: &'static str,
    /// What it says, as a sentence.
    pub help: &'static str,
    /// The label; none where there is one row.
    pub label: &'static str,
    /// The rows.
    pub rows: &'static [Row],
}

/// One figure.
pub struct Row {
    /// The value of the label.
    pub value: &'static str,
    /// What the value says, for people.
    pub words: &'static str,
    /// Its number is the sum of these.
    pub of: &'static [Source],
}

const fn counter(name: &'static str, title: &'static str, help: &'static str, of: &'static [Row]) -> Family {
    Family { name, kind: Kind::Counter, is_time: false, title, help, label: "", rows: of }
}

const fn gauge(name: &'static str, title: &'static str, help: &'static str, of: &'static [Row]) -> Family {
    Family { kind: Kind::Gauge, ..counter(name, title, help, of) }
}

impl Family {
    const fn by(self, label: &'static str) -> Family {
        Family { label, ..self }
    }
    const fn seconds(self) -> Family {
        Family { is_time: true, ..self }
    }
}

const fn row(value: &'static str, words: &'static str, of: &'static [Source]) -> Row {
    Row { value, words, of }
}

macro_rules! own {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// What is counted one by one, beside a tipool's statistics.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Figure {
            $($(#[doc = $doc])* $name,)*
        }

        impl Figure {
            /// All of them.
            pub const ALL: &[Figure] = &[$(Figure::$name),*];
        }
    };
}

own! {
    /// A request, with all that it sets off, has an interpreter for the first time.
    Request,
    /// A connection has an interpreter for the first time, for itself.
    Connection,
    /// Code died.
    Died,
    /// A handler was not found.
    NotFound,
    /// Code called CORE::exit, which ends what it runs in.
    CoreExit,
    /// A call was ended since it took too long.
    TimedOut,
    /// A call could not be ended: its interpreter is lost.
    Lost,
    /// A call was ended since it wanted too much memory.
    OutOfMemory,
    /// A call took so long that it was logged with its stack.
    Slow,
    /// An interpreter is replaced after the requests of a class.
    RestartUsed,
    /// An interpreter is replaced since each request has one of its own.
    RestartOnce,
    /// An interpreter is replaced since it has too much memory.
    RestartMemory,
    /// An interpreter is replaced since a call in it was ended.
    RestartTimeout,
    /// An interpreter is replaced since it is not to be trusted.
    RestartBroken,
}

use Figure::*;
use Source::{Own, Processes, Tipool};

/// The table, in the order in which figures are shown.
pub static FAMILIES: &[Family] = &[
    counter(
        "requests",
        "requests",
        "Requests for which an interpreter was taken, each once with all that it sets off.",
        &[row("", "", &[Own(Request)])],
    ),
    counter(
        "connections",
        "connections",
        "Connections for which an interpreter was taken otherwise than for a request.",
        &[row("", "", &[Own(Connection)])],
    ),
    counter(
        "errors",
        "errors",
        "Calls that failed.",
        &[
            row("died", "the code died", &[Own(Died)]),
            row("not_found", "the handler was not found", &[Own(NotFound)]),
            row("core_exit", "the code called CORE::exit or os.exit", &[Own(CoreExit)]),
            row("timeout", "the call was ended since it took too long", &[Own(TimedOut)]),
            row("lost", "the call could not be ended, and its interpreter is lost", &[Own(Lost)]),
            row("memory", "the call was ended since it wanted too much memory", &[Own(OutOfMemory)]),
        ],
    )
    .by("kind"),
    counter(
        "refused",
        "refused",
        "Calls that got no interpreter.",
        &[
            row("wait", "none came free in time (InterpMaxWait)", &[Tipool(|s| s.timeouts)]),
            row("queue", "too many waited already (InterpMaxQueue)", &[Tipool(|s| s.refused)]),
            row("workers", "all other workers waited already", &[Tipool(|s| s.crowded)]),
        ],
    )
    .by("reason"),
    counter("slow", "slow", "Calls that the slow log has named.", &[row("", "", &[Own(Slow)])]),
    gauge(
        "interpreters",
        "interpreters",
        "Interpreters in all processes.",
        &[
            row("idle", "ready", &[Tipool(|s| s.idle)]),
            row("busy", "lent to a request or a connection", &[Tipool(|s| s.lent)]),
            row(
                "draining",
                "past their limits, kept for connections that are at home in them",
                &[Tipool(|s| s.draining)],
            ),
            row("making", "being made", &[Tipool(|s| s.creating)]),
        ],
    )
    .by("state"),
    gauge("waiting", "waiting", "Calls that wait for an interpreter.", &[row("", "", &[Tipool(|s| s.waiting)])]),
    gauge("processes", "processes", "Processes that have interpreters.", &[row("", "", &[Processes])]),
    counter(
        "leases",
        "leases",
        "Times that an interpreter was lent; a request whose log phase runs later has two.",
        &[row("", "", &[Tipool(|s| s.checkouts)])],
    ),
    Family {
        name: "wait",
        kind: Kind::Histogram,
        is_time: true,
        title: "waits",
        help: "How long calls waited that found no interpreter idle.",
        label: "",
        rows: &[row("", "", &[Tipool(|s| s.wait_us)])],
    },
    counter(
        "made",
        "made",
        "Interpreters made, the first ones of each start included.",
        &[row("", "", &[Tipool(|s| s.created)])],
    ),
    counter(
        "making",
        "time to make them",
        "Time that it took to make them.",
        &[row("", "", &[Tipool(|s| s.create_us)])],
    )
    .seconds(),
    counter(
        "not_made",
        "could not be made",
        "Attempts to make an interpreter that failed.",
        &[row("", "", &[Tipool(|s| s.create_failures)])],
    ),
    counter("ended", "ended", "Interpreters ended.", &[row("", "", &[Tipool(|s| s.destroyed)])]),
    counter(
        "restarts",
        "replaced",
        "Interpreters replaced.",
        &[
            row("requests", "after so many requests", &[Tipool(|s| s.retired_by_uses), Own(RestartUsed)]),
            row("age", "after so long a time", &[Tipool(|s| s.retired_by_age)]),
            row("once", "after each request", &[Own(RestartOnce)]),
            row("reload", "since somebody asked for it", &[Tipool(|s| s.renewed)]),
            row("memory", "since they had too much memory", &[Own(RestartMemory)]),
            row("timeout", "since a call in them was ended", &[Own(RestartTimeout)]),
            row("broken", "since they were not to be trusted", &[Own(RestartBroken)]),
        ],
    )
    .by("reason"),
    counter(
        "spare",
        "ended as spare",
        "Interpreters ended since too many were idle.",
        &[row("", "", &[Tipool(|s| s.shrunk)])],
    ),
];

/// The classes of waits that are shown: 2^n microseconds for each n. A tipool counts in finer ones.
pub const WAITS: &[u32] = &[7, 10, 12, 14, 16, 18, 20, 22, 24, 26];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_one_row_and_each_row_a_name_of_its_own() {
        let rows = || FAMILIES.iter().flat_map(|family| family.rows);
        for figure in Figure::ALL {
            let shown = rows().flat_map(|row| row.of).filter(|of| matches!(of, Own(own) if own == figure)).count();
            assert_eq!(shown, 1, "{figure:?}");
        }
        for (at, family) in FAMILIES.iter().enumerate() {
            assert!(FAMILIES[..at].iter().all(|other| other.name != family.name), "{}", family.name);
            assert!(family.help.ends_with('.'), "{}", family.name);
            assert_eq!(family.label.is_empty(), family.rows.len() == 1, "{}", family.name);
            for (at, row) in family.rows.iter().enumerate() {
                assert!(
                    family.rows[..at].iter().all(|other| other.value != row.value),
                    "{} {}",
                    family.name,
                    row.value
                );
                assert_eq!(row.value.is_empty(), family.label.is_empty(), "{}", family.name);
            }
        }
        assert!(WAITS.is_sorted() && WAITS.iter().all(|n| (*n as usize) < tipool::WAIT_BUCKETS));
    }
}
