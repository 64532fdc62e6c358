//! A process of the server's own, beside those that serve: made of httpd's parent, which makes another one at once when it ends, and ends it
//! with the configuration.

use crate::{Server, ffi, mpm};
use apr::{Pool, children};
use std::ffi::{c_int, c_void};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::time::{Duration, Instant};
use std::{io, ptr, thread};

/// One that ends so soon is not replaced at once: its successor begins after this time.
const SOON: Duration = Duration::from_secs(1);

/// How often the end of a process is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// What a helper does, and how long it may take to end.
#[derive(Clone, Copy)]
pub struct Work {
    /// What it does: called in the new process, which ends with it. That has the user and group of the processes that serve, listens on
    /// nothing, gets SIGTERM when it is to end, also where httpd's parent is killed, and has one thread.
    pub run: fn(&Server),
    /// Called in httpd's parent when it has ended by itself: how it ended.
    pub ended: fn(&Server, &str),
    /// How long it may take to end when it is told to; it is killed then.
    pub patience: Duration,
}

/// What httpd's parent knows of the helper: in the configuration's pool, for APR's list.
struct Helper {
    work: Work,
    process: apr::ffi::apr_proc_t,
    began: Instant,
}

// SAFETY: it stays on the one thread of httpd's parent.
unsafe impl Send for Helper {}

/// The process; 0 if there is none.
static PID: AtomicI32 = AtomicI32::new(0);

/// Makes the helper of this configuration: to be called once in a pass, by httpd's parent, when it is about to serve.
///
/// # Errors
/// What the system says.
pub fn start(pconf: &Pool, s: &Server, work: Work) -> io::Result<()> {
    // SAFETY: all bits 0 are a record of C's.
    let process = unsafe { std::mem::zeroed() };
    let mut helper = pconf.keep(Helper { work, process, began: Instant::now() });
    // SAFETY: lives as long as the pool, and is touched on the one thread of httpd's parent.
    begin(unsafe { helper.as_mut() }, s, Duration::ZERO)?;
    let _ = pconf.on_death(move || end(work.patience));
    Ok(())
}

fn begin(helper: &mut Helper, s: &Server, pause: Duration) -> io::Result<()> {
    let parent = children::own_pid();
    // SAFETY: httpd's parent has one thread.
    let Some(pid) = (unsafe { children::fork() })? else { become_it(&helper.work, s, parent, pause) };
    PID.store(pid, SeqCst);
    (helper.process.pid, helper.began) = (pid, Instant::now());
    crate::with_pconf(|pconf| {
        // SAFETY: the record lives as long as the pool, whose end takes it out of APR's list.
        unsafe {
            apr::ffi::apr_proc_other_child_register(
                &raw mut helper.process,
                Some(changed),
                ptr::from_mut(helper).cast(),
                ptr::null_mut(),
                pconf.as_ptr(),
            );
        }
    });
    Ok(())
}

/// The new process.
fn become_it(work: &Work, s: &Server, parent: i32, pause: Duration) -> ! {
    children::reset_signals();
    // SAFETY: httpd's own functions for a process that does not serve; there is one thread.
    let dropped = unsafe {
        ffi::ap_close_listeners();
        crate::with_pconf(|pconf| ffi::ap_run_drop_privileges(pconf.as_ptr(), s.as_ptr()))
    };
    children::end_with_parent(parent, libc::SIGTERM);
    if dropped != Some(ffi::OK as c_int) {
        // httpd has logged why.
        children::leave(1);
    }
    thread::sleep(pause);
    let done = catch_unwind(AssertUnwindSafe(|| (work.run)(s)));
    children::leave(c_int::from(done.is_err()))
}

/// httpd's parent tells of the process.
unsafe extern "C" fn changed(reason: c_int, data: *mut c_void, status: c_int) {
    // SAFETY: registered with such a record, which lives as long as the configuration's pool.
    let Some(helper) = (unsafe { data.cast::<Helper>().as_mut() }) else { return };
    let is_over = match reason as u32 {
        apr::ffi::APR_OC_REASON_DEATH | apr::ffi::APR_OC_REASON_LOST => true,
        apr::ffi::APR_OC_REASON_RESTART => false,
        _ => return,
    };
    // SAFETY: the same data; whoever walks the list lets an entry take itself out.
    unsafe { apr::ffi::apr_proc_other_child_unregister(data) };
    if !is_over {
        children::signal(PID.load(SeqCst), libc::SIGTERM);
        return;
    }
    PID.store(0, SeqCst);
    if mpm::is_stopping() {
        return;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| {
        Server::with_main(|s| {
            (helper.work.ended)(s, &ExitStatus::from_raw(status).to_string());
            let lived = helper.began.elapsed();
            if let Err(error) = begin(helper, s, if lived < SOON { SOON } else { Duration::ZERO }) {
                (helper.work.ended)(s, &format!("no other one can be made: {error}"));
            }
        })
    }));
}

/// Ends the process with its configuration.
fn end(patience: Duration) {
    let pid = PID.swap(0, SeqCst);
    if pid <= 0 {
        return;
    }
    children::signal(pid, libc::SIGTERM);
    let began = Instant::now();
    while let Ok(None) = children::ended_of(pid) {
        let late = began.elapsed().saturating_sub(patience);
        if late > SOON {
            return;
        }
        if !late.is_zero() {
            // It cannot refuse that: one of the next looks finds it.
            children::signal(pid, libc::SIGKILL);
        }
        thread::sleep(LOOK);
    }
}
