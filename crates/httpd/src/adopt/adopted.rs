//! A connection that is ours, and how it goes on when a request of it has been answered.

use super::{
    suspended::{Pending, Suspended, noted},
    watch,
    worker::{on_worker, this_thread},
};
use crate::{Connection, Request, ffi, mpm, status::OK};
use std::{
    cell::Cell,
    ffi::{c_char, c_int},
    mem,
    ptr::{self, NonNull},
    time::{Duration, Instant},
};

/// What the server of a connection's last request says of times.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// `KeepAliveTimeout`.
    keep_alive: Duration,
    /// `Timeout`.
    timeout: Duration,
}

thread_local! {
    /// What the server of the request says that was read last on this thread.
    static TIMES: Cell<Option<Times>> = const { Cell::new(None) };
}

impl Times {
    /// Notes those of a request that was read on this thread.
    pub(super) fn note(self) {
        TIMES.set(Some(self));
    }

    pub(super) fn of(r: &Request) -> Times {
        let (server, base) = (r.server(), r.connection().base_server());
        // As event does it: that of the address unless the name's own server says otherwise.
        let keep_alive = if server.sets_keep_alive_timeout() { server } else { base };
        Times { keep_alive: keep_alive.keep_alive_timeout(), timeout: server.timeout() }
    }
}

/// What a connection waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The next request.
    Request,
    /// A client that has to read before more can be written.
    Room,
    /// What a module waits for that has left it to the MPM: to read, or to write.
    Module {
        /// To write.
        writes: bool,
    },
    /// The client's end of a connection that is being closed.
    End,
}

/// How long the client's end is waited for, and how long where a module asks for less.
pub(super) const LINGER: Duration = Duration::from_secs(30);
pub(super) const LINGER_SHORT: Duration = Duration::from_secs(2);

fn from_now(long: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(long).unwrap_or(now)
}

/// A connection that no thread of the MPM has: whoever has this, has it alone. Dropped, it is closed and ends.
pub(super) struct Adopted {
    c: NonNull<ffi::conn_rec>,
    times: Times,
}

// SAFETY: used by one thread after the other (SAFETY.md, "adopted connections").
unsafe impl Send for Adopted {}

impl Drop for Adopted {
    fn drop(&mut self) {
        self.is_here();
        let c = self.raw();
        // SAFETY: the connection is ours alone. event has counted it as suspended, and counts it out by its state when its pool dies.
        unsafe {
            apr::ffi::apr_socket_close(self.socket());
            (*(*c).cs).state = ffi::CONN_STATE_SUSPENDED;
            apr::ffi::apr_pool_destroy((*c).pool);
        }
    }
}

impl Adopted {
    /// The connection of a request.
    ///
    /// # Safety
    /// Nobody uses it from now on but who has this.
    pub(super) unsafe fn of(r: &Request) -> Option<Adopted> {
        Some(Adopted { c: NonNull::new(r.connection().as_ptr())?, times: Times::of(r) })
    }

    fn raw(&self) -> *mut ffi::conn_rec {
        self.c.as_ptr()
    }

    fn socket(&self) -> *mut apr::ffi::apr_socket_t {
        // SAFETY: a living connection; every connection of the MPM's has a socket.
        unsafe { ffi::ap_get_conn_socket(self.raw()) }
    }

    /// Its descriptor.
    pub(super) fn descriptor(&self) -> c_int {
        let mut descriptor = -1;
        // SAFETY: writes a number.
        unsafe { apr::ffi::apr_os_sock_get(&raw mut descriptor, self.socket()) };
        descriptor
    }

    /// To be called by a thread that begins to use it.
    pub(super) fn is_here(&self) {
        // SAFETY: ours alone.
        unsafe { (*self.raw()).current_thread = this_thread() };
    }

    fn set_state(&self, state: ffi::conn_state_e) {
        // SAFETY: ours alone; only connections with a state are adopted.
        unsafe { (*(*self.raw()).cs).state = state };
    }

    /// What the MPM would do next with this connection. This is the place that shrinks to one call should httpd learn to take a
    /// suspended connection back.
    pub(super) fn go_on(self) {
        self.is_here();
        // SAFETY: ours alone.
        let (c, state, sense) =
            unsafe { (&*self.raw(), (*(*self.raw()).cs).state, mem::take(&mut (*(*self.raw()).cs).sense)) };
        if c.aborted != 0 {
            return self.close();
        }
        match state {
            #[cfg(httpd_2_4_62)]
            ffi::CONN_STATE_ASYNC_WAITIO => {
                let (timeout, writes) = (self.times.timeout, sense == ffi::CONN_SENSE_WANT_WRITE);
                watch::wait(self, Wait::Module { writes }, from_now(timeout));
            }
            ffi::CONN_STATE_WRITE_COMPLETION => {
                if !self.write_out() {
                    self.close();
                } else if c.data_in_output_filters != 0 || sense == ffi::CONN_SENSE_WANT_READ {
                    let timeout = self.times.timeout;
                    let wait = match sense {
                        ffi::CONN_SENSE_WANT_READ => Wait::Module { writes: false },
                        _ => Wait::Room,
                    };
                    watch::wait(self, wait, from_now(timeout));
                } else if c.keepalive != ffi::AP_CONN_KEEPALIVE || c.aborted != 0 {
                    self.close();
                } else if c.data_in_input_filters != 0 {
                    on_worker(move || self.serve());
                } else if mpm::is_stopping() {
                    self.close();
                } else {
                    let keep_alive = self.times.keep_alive;
                    watch::wait(self, Wait::Request, from_now(keep_alive));
                }
            }
            _ => self.close(),
        }
    }

    /// Has httpd write what it has kept back, as far as the client takes it; false if that failed.
    fn write_out(&self) -> bool {
        // SAFETY: filters of a living connection. The last one writes to the socket, and without a brigade it writes what was set aside,
        // which is how event calls it.
        unsafe {
            let mut last = (*self.raw()).output_filters;
            while !last.is_null() && !(*last).next.is_null() {
                last = (*last).next;
            }
            let write =
                last.as_ref().and_then(|last| last.frec.as_ref()).and_then(|record| record.filter_func.out_func);
            write.is_some_and(|write| write(last, ptr::null_mut()) == 0)
        }
    }

    /// What it has waited for is there: on a thread of the MPM's, or on ours where the client's end was.
    pub(super) fn ready(self, wait: Wait, until: Instant) {
        match wait {
            // A module that waited while its answer was written goes on with that.
            Wait::Room => on_worker(move || self.go_on()),
            Wait::Module { .. } if self.is_writing() => on_worker(move || self.go_on()),
            Wait::Request | Wait::Module { .. } => on_worker(move || self.serve()),
            Wait::End => {
                if !self.drain() {
                    return;
                }
                watch::wait(self, wait, until);
            }
        }
    }

    fn is_writing(&self) -> bool {
        // SAFETY: ours alone.
        unsafe { (*(*self.raw()).cs).state == ffi::CONN_STATE_WRITE_COMPLETION }
    }

    /// It has waited long enough, or the server ends.
    pub(super) fn over(self, wait: Wait) {
        match wait {
            // Dropped: it ends.
            Wait::End => {}
            wait => {
                if wait != Wait::Request {
                    // SAFETY: ours alone; both texts are static.
                    unsafe {
                        let (name, one): (*const c_char, _) = (c"short-lingering-close".as_ptr(), c"1".as_ptr());
                        apr::ffi::apr_table_setn((*self.raw()).notes, name, one);
                    }
                }
                // Modules may write to the client once more.
                on_worker(move || self.close());
            }
        }
    }

    /// Serves the next request, on a thread of the MPM's.
    fn serve(self) {
        self.is_here();
        let c = self.raw();
        self.set_state(ffi::CONN_STATE_READ_REQUEST_LINE);
        TIMES.set(None);
        // SAFETY: ours alone; this is what the MPM does.
        let (result, state) = unsafe { (ffi::ap_run_process_connection(c), (*(*c).cs).state) };
        let mut next = self;
        next.times = TIMES.get().unwrap_or(next.times);
        if let (Some(pending), ffi::CONN_STATE_SUSPENDED) = (noted(c), state) {
            let Pending { r, handler, take, .. } = *pending;
            mem::forget(next);
            // SAFETY: nobody else has the connection, and its former owner was just forgotten.
            if let Some(suspended) = unsafe { Suspended::new(r, handler, None) } {
                take(suspended);
            }
            return;
        }
        match state {
            // Another module keeps the connection, as it would keep one of the MPM's.
            ffi::CONN_STATE_SUSPENDED => mem::forget(next),
            _ if result != OK && result != crate::status::DONE => next.close(),
            ffi::CONN_STATE_CHECK_REQUEST_LINE_READABLE => {
                next.set_state(ffi::CONN_STATE_WRITE_COMPLETION);
                next.go_on();
            }
            // `go_on` closes what is in no state to go on.
            _ => next.go_on(),
        }
    }

    /// Begins to close it, as httpd does: what is left is sent, and then the client's end is waited for.
    fn close(self) {
        self.is_here();
        let (c, socket) = (self.raw(), self.socket());
        self.set_state(ffi::CONN_STATE_LINGER);
        // SAFETY: ours alone.
        let is_short = unsafe {
            let moment = i64::try_from(LINGER_SHORT.as_micros()).unwrap_or_default();
            apr::ffi::apr_socket_timeout_set(socket, moment);
            if ffi::ap_start_lingering_close(c) != 0 {
                return;
            }
            apr::ffi::apr_socket_timeout_set(socket, 0);
            apr::ffi::apr_socket_opt_set(socket, apr::ffi::APR_INCOMPLETE_READ as i32, 0);
            Connection::at(c).and_then(Connection::notes).is_some_and(|n| n.get(b"short-lingering-close").is_some())
        };
        if self.drain() {
            watch::wait(self, Wait::End, from_now(if is_short { LINGER_SHORT } else { LINGER }));
        }
    }

    /// Reads what a client still sends on a connection that is being closed; whether more may come.
    fn drain(&self) -> bool {
        let mut room = [0; 2048];
        loop {
            let mut length = room.len();
            // SAFETY: APR writes at most so many bytes there; the socket does not block.
            let status = unsafe { apr::ffi::apr_socket_recv(self.socket(), room.as_mut_ptr().cast(), &raw mut length) };
            match status {
                0 => {}
                status => return status == libc::EAGAIN,
            }
        }
    }
}
