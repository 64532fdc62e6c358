//! The process of the jobs: makes a process for each run, tells the log what runs print and how they end, and ends them in time.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use apr::children::{self, Signals};
use httpd::Server;
use httpd::log::Level;

use super::clock::Next;
use super::registered::Registered;
use super::{all, log, run};

/// How long runs have to end when they are told to.
const GRACE: Duration = Duration::from_secs(2);
/// How long this process has: it is killed then.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// A line that is longer becomes several.
const LONGEST: usize = 7000;
/// A run cannot be made: so long nothing else is tried.
const PAUSE: Duration = Duration::from_secs(1);

/// A job, and what goes on of it.
struct Kept {
    of: Arc<Registered>,
    next: Next,
    /// A run is due, and begins when there is room.
    is_due: bool,
    going: Vec<Going>,
}

/// A run that goes on.
struct Going {
    pid: i32,
    began: Instant,
    by_clock: SystemTime,
    /// When it is told to end, and how often it was told: the second time it is killed.
    ends: Option<Instant>,
    told: u32,
    /// It is told to end since the server ends.
    is_ending: bool,
    streams: [Stream; 2],
}

/// What a run prints.
struct Stream {
    from: PipeReader,
    level: Level,
    line: Vec<u8>,
    is_open: bool,
}

/// Runs the jobs, until this process is told to end.
pub fn run(_s: &Server) {
    interp::adopt_process();
    let mut jobs = kept();
    let Ok(signals) = Signals::heed() else { return };
    while !signals.told_to_end() {
        for job in &mut jobs {
            job.begin_due();
        }
        wait(&signals, &jobs, jobs.iter().map(Kept::wait).min().unwrap_or(PAUSE));
        look(&mut jobs);
    }
    end(&signals, &mut jobs);
}

fn kept() -> Vec<Kept> {
    let now = Instant::now();
    let keep = |of: Arc<Registered>| {
        of.runs.forget_going();
        Kept { next: Next::new(of.job.due.clone(), now), of, is_due: false, going: Vec::new() }
    };
    all().into_iter().map(keep).collect()
}

fn wait(signals: &Signals, jobs: &[Kept], most: Duration) {
    let streams = jobs.iter().flat_map(|job| &job.going).flat_map(|run| &run.streams).filter(|stream| stream.is_open);
    signals.wait(streams.map(|stream| stream.from.as_raw_fd()), most);
}

/// Looks after what has happened: what runs have printed, which have ended, which have to.
fn look(jobs: &mut [Kept]) {
    for job in &mut *jobs {
        let of = &job.of;
        for run in &mut job.going {
            run.streams.iter_mut().for_each(|stream| stream.take(of));
            run.end_late(of);
        }
    }
    while let Some((pid, status)) = children::ended() {
        for job in &mut *jobs {
            job.ended(pid, status);
        }
    }
}

/// Tells all runs to end, and kills those that do not in time.
fn end(signals: &Signals, jobs: &mut [Kept]) {
    let until = Instant::now() + GRACE;
    let tell = |jobs: &[Kept], signal| {
        for run in jobs.iter().flat_map(|job| &job.going) {
            children::signal_group(run.pid, signal);
        }
    };
    let count = |jobs: &[Kept]| jobs.iter().map(|job| job.going.len()).sum::<usize>();
    tell(jobs, libc::SIGTERM);
    for job in jobs.iter_mut() {
        job.going.iter_mut().for_each(|run| (run.ends, run.is_ending) = (None, true));
    }
    while count(jobs) > 0 && Instant::now() < until {
        wait(signals, jobs, until.saturating_duration_since(Instant::now()));
        look(jobs);
    }
    for job in jobs.iter().filter(|job| !job.going.is_empty()) {
        let text = format!("the server ends, and a run has not ended within {} s: it is killed", GRACE.as_secs());
        log(&job.of, Level::Warn, &text);
    }
    tell(jobs, libc::SIGKILL);
    let until = Instant::now() + PATIENCE.saturating_sub(GRACE) / 2;
    while count(jobs) > 0 && Instant::now() < until {
        wait(signals, jobs, Duration::from_millis(20));
        look(jobs);
    }
}

impl Kept {
    /// Begins a run if one is due and there is room for it.
    fn begin_due(&mut self) {
        let now = Instant::now();
        let has_room = self.going.len() < self.of.job.max as usize;
        if self.next.is_due(now) {
            if !has_room && !self.is_due {
                let text =
                    format!("a run is due and waits, since {} of at most {} go on", self.going.len(), self.of.job.max);
                log(&self.of, Level::Info, &text);
            }
            self.is_due = true;
        } else if self.is_due && has_room {
            self.next.began_late(now);
        }
        if !self.is_due || !has_room {
            return;
        }
        self.is_due = false;
        match make(&self.of) {
            Ok(going) => self.going.push(going),
            Err(error) => log(&self.of, Level::Error, &format!("a run cannot be made: {error}")),
        }
    }

    /// How long it is until something is to be done for it.
    fn wait(&self) -> Duration {
        let now = Instant::now();
        let ends = self.going.iter().filter_map(|run| run.ends).map(|at| at.saturating_duration_since(now));
        // One that waits for room begins when another has ended.
        ends.chain([self.next.wait(now)]).min().unwrap_or(PAUSE)
    }

    /// A process has ended.
    fn ended(&mut self, pid: i32, status: ExitStatus) {
        let Some(at) = self.going.iter().position(|run| run.pid == pid) else { return };
        let mut run = self.going.swap_remove(at);
        for stream in &mut run.streams {
            stream.take(&self.of);
            stream.end(&self.of);
        }
        let took = run.began.elapsed();
        self.of.runs.end(run.by_clock, took, status);
        let how = match (status.code(), status.signal()) {
            (Some(0), _) => format!("ended after {:.2} s", took.as_secs_f64()),
            (Some(code), _) => format!("ended with status {code} after {:.2} s", took.as_secs_f64()),
            (None, signal) => format!("was ended by signal {} after {:.2} s", signal.unwrap_or(0), took.as_secs_f64()),
        };
        let (level, why) = match status.success() {
            true => (Level::Info, ""),
            false if run.is_ending => (Level::Notice, ", since the server ends or begins anew"),
            false => (Level::Error, ""),
        };
        log(&self.of, level, &format!("the run in process {pid} {how}{why}"));
    }
}

/// Makes the process of a run.
fn make(of: &Arc<Registered>) -> io::Result<Going> {
    let ((out, out_writes), (err, err_writes)) = (io::pipe()?, io::pipe()?);
    let streams = [(out, Level::Notice), (err, Level::Warn)].map(|(from, level)| Stream {
        from,
        level,
        line: Vec::new(),
        is_open: true,
    });
    for stream in &streams {
        children::do_not_wait(stream.from.as_fd())?;
    }
    let parent = children::own_pid();
    // SAFETY: this process has one thread.
    let Some(pid) = (unsafe { children::fork() })? else {
        drop(streams);
        become_run(of, parent, out_writes, err_writes)
    };
    children::lead_group(pid);
    of.runs.begin();
    let began = Instant::now();
    let ends = of.job.timeout.and_then(|timeout| began.checked_add(timeout));
    Ok(Going { pid, began, by_clock: SystemTime::now(), ends, told: 0, is_ending: false, streams })
}

/// The new process.
fn become_run(of: &Registered, parent: i32, out: PipeWriter, err: PipeWriter) -> ! {
    children::lead_group(children::own_pid());
    children::reset_signals();
    // Nobody would look after it: another process of the jobs may begin a run of the same job.
    children::end_with_parent(parent, libc::SIGKILL);
    let apart = Server::with_main(|main| httpd::with_pconf(|pconf| httpd::log::keep_apart(main, pconf).is_ok()));
    if apart.flatten() != Some(true) || children::set_standard(out.into(), err.into()).is_err() {
        children::leave(1);
    }
    run::run(of)
}

impl Going {
    /// Ends the run when it has taken too long: it is told so, and killed when it does not heed that.
    fn end_late(&mut self, of: &Registered) {
        let now = Instant::now();
        if self.ends.is_none_or(|at| now < at) {
            return;
        }
        self.told += 1;
        let timeout = of.job.timeout.unwrap_or_default().as_secs_f64();
        let pid = self.pid;
        if self.told == 1 {
            log(
                of,
                Level::Error,
                &format!("the run in process {pid} is ended, since it takes longer than timeout={timeout}"),
            );
            children::signal_group(pid, libc::SIGTERM);
            self.ends = now.checked_add(GRACE);
        } else {
            log(
                of,
                Level::Error,
                &format!("the run in process {pid} has not ended within {} s: it is killed", GRACE.as_secs()),
            );
            children::signal_group(pid, libc::SIGKILL);
            self.ends = None;
        }
    }
}

impl Stream {
    /// Tells the log what has come.
    fn take(&mut self, of: &Registered) {
        let mut bytes = [0; 8192];
        while self.is_open {
            match self.from.read(&mut bytes) {
                Ok(0) => self.is_open = false,
                Ok(n) => self.line.extend_from_slice(bytes.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.is_open = false,
            }
            while let Some(end) =
                self.line.iter().position(|b| *b == b'\n').or((self.line.len() >= LONGEST).then_some(LONGEST))
            {
                let rest = self.line.split_off(end);
                let line = std::mem::replace(&mut self.line, rest.strip_prefix(b"\n").unwrap_or(&rest).to_vec());
                self.tell(of, &line);
            }
        }
    }

    /// Tells the log what stands behind the last line's end.
    fn end(&mut self, of: &Registered) {
        let line = std::mem::take(&mut self.line);
        self.tell(of, &line);
    }

    fn tell(&self, of: &Registered, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        if !text.trim().is_empty() {
            log(of, self.level, &text.trim_end().replace('\t', "  "));
        }
    }
}
