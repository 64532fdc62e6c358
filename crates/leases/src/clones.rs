//! The clones of one parent: how they are made, tidied while they are idle, and destroyed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use interp::trace;
use tipool::{Manage, Purpose};

use crate::counted::Counted;
use crate::{Above, Parent, Watch, ending};

/// A clone in a tipool; boxed there, since it moves with every lease.
pub struct Cloned<L> {
    pub(crate) counted: Counted,
    pub(crate) lang: L,
    /// Whether it has begun in this process ([`Watch::begins`]).
    has_begun: bool,
    /// How long the interpreter had been idle when its buffers were last given back. If it is idle for a shorter time now, it was used since.
    trimmed: Option<Duration>,
}

/// What is done with the large buffers of an idle interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// Bytes from which on a buffer that no value needs is given back.
    pub limit: usize,
    /// Buffers are only counted and named in the log.
    pub report_only: bool,
}

/// How long an interpreter is idle before its large buffers are given back.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// Makes, cares for and destroys the clones of one parent.
pub struct Clones<L> {
    parent: Arc<Parent>,
    trim: Option<Trim>,
    trimmed: AtomicU64,
    lang: L,
    server: Arc<str>,
    watch: Option<Arc<dyn Watch>>,
}

impl<L> Clones<L> {
    pub(crate) fn new(
        parent: Arc<Parent>,
        trim: Option<Trim>,
        lang: L,
        server: Arc<str>,
        watch: Option<Arc<dyn Watch>>,
    ) -> Clones<L> {
        Clones { parent, trim, trimmed: AtomicU64::new(0), lang, server, watch }
    }

    /// An interpreter is to be used in this process.
    pub(crate) fn begin(&self, item: &mut Cloned<L>) {
        if let Some(watch) = self.watch.as_ref().filter(|_| !item.has_begun) {
            item.has_begun = watch.begins(&*item.counted.interp);
        }
    }

    /// Bytes in buffers that were given back, or only reported, since the process began.
    pub fn trimmed(&self) -> u64 {
        self.trimmed.load(Relaxed)
    }
}

/// KiB of memory that the process has, for a line that is traced; 0 if it is not, or not known.
fn resident() -> u64 {
    if !trace::on(trace::Topic::Memory) {
        return 0;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

impl<L: Above> Manage for Clones<L> {
    type Item = Box<Cloned<L>>;
    type Error = String;

    fn create(&self) -> Result<Box<Cloned<L>>, String> {
        let before = resident();
        let counted = Counted::new(self.parent.duplicate()?);
        trace!(Interpreters, "{}: made an interpreter", self.server);
        trace!(Memory, "{}: made an interpreter: {before} KiB before, {} KiB now", self.server, resident());
        let mut item = Box::new(Cloned { counted, trimmed: None, lang: self.lang, has_begun: false });
        self.begin(&mut item);
        Ok(item)
    }

    fn will_create(&self, count: usize) {
        if let Some(watch) = &self.watch {
            self.parent.run(|interp| watch.spawns(interp, count));
        }
    }

    fn destroy(&self, item: Box<Cloned<L>>) {
        let before = resident();
        if let Some(watch) = self.watch.as_ref().filter(|_| item.has_begun) {
            watch.ends(&*item.counted.interp);
        }
        ending(self.lang, || drop(item));
        trace!(Interpreters, "{}: ended an interpreter", self.server);
        trace!(Memory, "{}: ended an interpreter: {before} KiB before, {} KiB now", self.server, resident());
    }

    fn tend(&self, item: &mut Box<Cloned<L>>, idle: Duration) {
        // Entering frees what others left in its drop box.
        item.counted.interp.with(&mut |_| {});
        item.counted.interp.prepare();
        if item.trimmed.is_some_and(|at| idle < at) {
            item.trimmed = None;
        }
        if idle < TRIM_AFTER || item.trimmed.is_some() {
            return;
        }
        item.trimmed = Some(idle);
        let Some(Trim { limit, report_only }) = self.trim else { return };
        let bytes = item.counted.interp.trim(limit, report_only);
        self.trimmed.fetch_add(bytes as u64, Relaxed);
        trace!(Memory, "{}: an idle interpreter had {bytes} bytes in buffers that no value needs", self.server);
        if bytes > 0 && report_only {
            self.lang.warn(&format!(
                "{}InterpTrim: an idle interpreter of {} holds {bytes} bytes in buffers that no value needs",
                self.lang.name(),
                self.server
            ));
        }
    }

    fn tend_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn cannot_create(&self, error: String, purpose: Purpose, retry_in: Duration) {
        let (directive, what) = match purpose {
            Purpose::Grow => ("Max", "another interpreter"),
            Purpose::Replace(_) => ("MaxRequests", "a successor, the old interpreter serves on"),
        };
        self.lang.warn(&format!(
            "{}Interp{directive}: {}: cannot make {what}: {error}; next try in {} s",
            self.lang.name(),
            self.server,
            retry_in.as_secs().max(1)
        ));
    }
}
