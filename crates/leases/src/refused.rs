//! Why no interpreter could be had, in the words of the administrator's directives.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;

/// Why no interpreter could be had.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The line for the log: it starts with the directive that set the limit and names the value that would have avoided the refusal.
    pub text: String,
    /// Whether this refusal is to be logged: the first is, and then one a minute.
    pub tell: bool,
    /// Seconds after which the client may try again.
    pub retry_after: u64,
}

impl Refused {
    /// The refusal of a server without interpreters: the language is switched off there.
    pub fn none() -> Refused {
        Refused { text: "this server has no interpreters".into(), tell: true, retry_after: 60 }
    }
}

/// What a refusal was about.
pub struct Asked<'a> {
    /// The word with which the directives begin.
    pub lang: &'a str,
    /// The server, for messages.
    pub server: &'a str,
    /// Interpreters at once.
    pub max: usize,
    /// The directive that says so, without the word.
    pub max_by: &'a str,
    /// Callers that may wait at once.
    pub max_queue: Option<usize>,
    /// How long a caller waits at most.
    pub max_wait: Duration,
    /// How many wait now.
    pub waiting: u64,
    /// How long this one would have waited.
    pub waited: Duration,
    /// What it kept an interpreter of meanwhile.
    pub keeps: Option<&'a str>,
    /// The number of interpreters over all processes, if there is one.
    pub total: Option<u32>,
}

impl Asked<'_> {
    /// The refusal, in words.
    pub fn refused(&self, why: &tipool::Refused<String>, tell: bool) -> Refused {
        let Asked { lang, server, max, max_by, max_queue, max_wait, waiting, waited, keeps, total } = *self;
        // Enough for those that wait now, this one, and those that were served meanwhile.
        let (now, word) = total.map_or((max as u64, ""), |all| (all.into(), " total"));
        let enough = now + waiting + 1;
        let avoided = format!("\"{lang}{max_by} {enough}{word}\" (now {now}) would have avoided it");
        let text = match why {
            tipool::Refused::TimedOut
                if let Some(keeps) = keeps
                    && waited < max_wait =>
            {
                format!(
                    "{lang}InterpMaxWait: no interpreter of {server} came free in {waited:?}, and a request waits no longer that keeps one of \
                 {keeps} meanwhile; {avoided}"
                )
            }
            tipool::Refused::Crowded => format!(
                "{lang}{max_by}: all workers but this one wait for interpreters, and requests whose answers are being sent keep some \
                 (pnotes, pushed code, cleanups), or connections do: refused at once; {avoided}"
            ),
            tipool::Refused::TimedOut => {
                format!("{lang}InterpMaxWait: no interpreter of {server} came free in {max_wait:?}; {avoided}")
            }
            tipool::Refused::QueueFull => format!(
                "{lang}InterpMaxQueue: {} requests wait for an interpreter of {server} already; {avoided}",
                max_queue.unwrap_or_default()
            ),
            other => format!("{lang}{max_by}: no interpreter of {server} could be had: {other}"),
        };
        let retry_after = match why {
            tipool::Refused::Crowded => 1,
            _ => waited.as_secs().clamp(1, 60),
        };
        Refused { text, tell, retry_after }
    }
}

/// Says at most once a minute that something may be logged.
#[derive(Debug, Default)]
pub struct Told(AtomicU64);

impl Told {
    /// Whether it is time; that counts as told.
    pub fn now(&self) -> bool {
        static START: OnceCell<Instant> = OnceCell::new();
        // 0 stands for never, so the clock starts at one minute.
        let now = START.get_or_init(Instant::now).elapsed().as_secs() + 60;
        let last = self.0.load(Relaxed);
        now >= last + 60 && self.0.compare_exchange(last, now, Relaxed, Relaxed).is_ok()
    }
}
