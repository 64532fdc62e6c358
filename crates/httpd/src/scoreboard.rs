//! The scoreboard: what each process and thread of the server does.

use crate::{ffi, mpm};
use apr::bytes_at;
use std::ffi::c_int;

/// A process's line: names and numbers, as `process_score` has them. `None` for a place that does not exist.
pub fn process(index: i64) -> Option<Vec<(&'static str, i64)>> {
    let index = c_int::try_from(index).ok().filter(|_| exists())?;
    // SAFETY: null out of range; else a record of shared memory that stays, read number by number as mod_status does.
    let score = unsafe { ffi::ap_get_scoreboard_process(index).as_ref() }?;
    let figures = vec![
        ("connections", i64::from(score.connections)),
        ("keepalive", i64::from(score.keep_alive)),
        ("lingering_close", i64::from(score.lingering_close)),
        ("not_accepting", i64::from(score.not_accepting)),
        ("pid", i64::from(score.pid)),
        ("quiescing", i64::from(score.quiescing)),
        ("suspended", i64::from(score.suspended)),
        ("write_completion", i64::from(score.write_completion)),
        #[cfg(httpd_2_4_62)]
        ("wait_io", i64::from(score.wait_io)),
    ];
    Some(figures)
}

/// A thread's line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Worker {
    /// Numbers, named as `worker_score` has them.
    pub numbers: Vec<(&'static str, i64)>,
    /// Texts, likewise.
    pub texts: Vec<(&'static str, Vec<u8>)>,
}

/// The line of a process's thread. `None` for a place that does not exist.
pub fn worker(process: i64, thread: i64) -> Option<Worker> {
    let (process, thread) = (c_int::try_from(process).ok()?, c_int::try_from(thread).ok()?);
    let threads = mpm::hard_limit_threads();
    if !exists() || process < 0 || !(0..threads).contains(&thread) {
        return None;
    }
    // SAFETY: null out of range; else a record of shared memory that stays. It is copied before anything of it is used.
    let score = unsafe { std::ptr::NonNull::new(ffi::ap_get_scoreboard_worker_from_indexes(process, thread))?.read() };
    let text = |text: &[std::ffi::c_char]| {
        text.iter().take_while(|c| **c != 0).map(|c| c.cast_unsigned()).collect::<Vec<u8>>()
    };
    #[allow(clippy::unnecessary_cast, reason = "types differ between platforms")]
    let numbers = vec![
        ("access_count", score.access_count as i64),
        ("bytes_served", score.bytes_served as i64),
        ("conn_bytes", score.conn_bytes as i64),
        ("conn_count", score.conn_count as i64),
        ("generation", score.generation as i64),
        ("last_used", score.last_used as i64),
        ("pid", score.pid as i64),
        ("start_time", score.start_time as i64),
        ("status", score.status as i64),
        ("stop_time", score.stop_time as i64),
        ("tid", score.tid as i64),
        ("stimes", score.times.tms_stime as i64),
        ("utimes", score.times.tms_utime as i64),
    ];
    let texts = vec![
        ("client", text(&score.client)),
        ("client64", text(&score.client64)),
        ("request", text(&score.request)),
        ("vhost", text(&score.vhost)),
    ];
    Some(Worker { numbers, texts })
}

fn exists() -> bool {
    // SAFETY: no precondition.
    unsafe { ffi::ap_exists_scoreboard_image() != 0 }
}

/// When the server was started or restarted, microseconds since 1970; 0 before there is a scoreboard.
pub fn started() -> i64 {
    if !exists() {
        return 0;
    }
    // SAFETY: it exists, and its head is written while the server starts.
    unsafe { ffi::ap_scoreboard_image.as_ref().and_then(|image| image.global.as_ref()) }.map_or(0, |g| g.restart_time)
}

/// `ScoreBoardFile`, if there is one.
pub fn file() -> Option<&'static [u8]> {
    // SAFETY: null or httpd's own string, which stays until the configuration is read again.
    unsafe { bytes_at(ffi::ap_scoreboard_fname) }
}
