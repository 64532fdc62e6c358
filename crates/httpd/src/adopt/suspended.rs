//! A request that waits for its answer, on a connection that no thread of the MPM has any more.

use super::{adopted::Adopted, gate::Gate};
use crate::{
    Request, ffi,
    status::{DECLINED, DONE, HTTP_INTERNAL_SERVER_ERROR, HTTP_OK, OK, SUSPENDED},
};
use std::{
    cell::Cell,
    ffi::{c_char, c_int},
    mem,
    ptr::{self, NonNull},
};

/// What takes a request that is to be answered elsewhere, once no thread of the MPM has it.
pub type Taker = Box<dyn FnOnce(Suspended) + Send>;

/// A request whose handler has been suspended, until the MPM says that it has forgotten the connection.
pub(super) struct Pending {
    pub(super) c: *mut ffi::conn_rec,
    pub(super) r: NonNull<ffi::request_rec>,
    /// What `r->handler` is within the response phase.
    pub(super) handler: *const c_char,
    pub(super) take: Taker,
}

thread_local! {
    // These have no destructors: one in the main thread would keep the library mapped.
    /// The request that was suspended last on this thread; null, or a box.
    static PENDING: Cell<*mut Pending> = const { Cell::new(ptr::null_mut()) };
    /// Whether this thread is answering a suspended request: its handlers are run, and not suspended again.
    static ANSWERS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is answering a suspended request.
pub(super) fn is_answering() -> bool {
    ANSWERS.get()
}

/// Notes the request that this thread has suspended.
pub(super) fn note(pending: Pending) {
    let former = PENDING.replace(Box::into_raw(Box::new(pending)));
    if !former.is_null() {
        // SAFETY: made here. Nobody said that its connection was suspended, so nobody took it.
        drop(unsafe { Box::from_raw(former) });
    }
}

/// The request of this connection that this thread has suspended.
pub(super) fn noted(c: *mut ffi::conn_rec) -> Option<Box<Pending>> {
    let pending = PENDING.get();
    // SAFETY: null, or made by `note` on this thread and taken out here.
    unsafe {
        if pending.is_null() || (*pending).c != c {
            return None;
        }
        PENDING.set(ptr::null_mut());
        Some(Box::from_raw(pending))
    }
}

/// A request that waits for its answer. Dropped without one, its connection is closed.
pub struct Suspended {
    // The request lies in the connection's pool.
    connection: Adopted,
    r: NonNull<ffi::request_rec>,
    /// What `r->handler` was within the response phase.
    handler: *const c_char,
    /// Whom to wait for; `None` where no worker has had the connection.
    gate: Option<Gate>,
}

// SAFETY: a suspended request is used by nobody but who has this, one thread after the other (SAFETY.md, "adopted connections").
unsafe impl Send for Suspended {}

impl Suspended {
    /// # Safety
    /// `r` is a living request whose handler phase has been suspended; from now on nobody else uses it, or its connection, but the
    /// worker that the gate waits for. `handler` lives as long.
    pub(super) unsafe fn new(
        r: NonNull<ffi::request_rec>,
        handler: *const c_char,
        gate: Option<Gate>,
    ) -> Option<Suspended> {
        // SAFETY: the caller's promise.
        let connection = unsafe { Adopted::of(Request::at(r.as_ptr())?)? };
        Some(Suspended { connection, r, handler, gate })
    }

    /// Runs the handlers of the response on this thread, ends the request, and lets the connection go on. The thread is free again when
    /// the answer is on its way: it does not wait for the client.
    pub fn answer(self) {
        // SAFETY: the request lives while it is answered.
        self.end(|r| unsafe { ffi::ap_run_handler(r.as_ptr()) });
    }

    /// Ends the request without its handlers: with the status that `f` returns.
    pub fn refuse(self, f: impl FnOnce(&Request) -> c_int) {
        self.end(f);
    }

    fn end(self, f: impl FnOnce(&Request) -> c_int) {
        /// While it lives, handlers that this thread runs are not suspended.
        struct Answering(bool);
        impl Drop for Answering {
            fn drop(&mut self) {
                ANSWERS.set(self.0);
            }
        }
        let Suspended { connection, r, handler, gate } = self;
        if let Some(gate) = gate {
            gate.wait();
        }
        connection.is_here();
        let answering = Answering(ANSWERS.replace(true));
        // SAFETY: nobody else has the request, and it lives until `finish`.
        let status = unsafe {
            let Some(request) = Request::at(r.as_ptr()) else { return };
            let before = mem::replace(&mut (*r.as_ptr()).handler, handler);
            let status = f(request);
            (*r.as_ptr()).handler = before;
            status
        };
        if status == SUSPENDED {
            // Another module's handler has the request now, and the connection with it, as with the MPM.
            mem::forget(connection);
            return;
        }
        // SAFETY: as above; the request is not used again.
        unsafe { finish(r, status) };
        drop(answering);
        connection.go_on();
    }
}

/// What httpd does behind the response phase.
///
/// # Safety
/// A living request of which nothing is used after this.
unsafe fn finish(r: NonNull<ffi::request_rec>, status: c_int) {
    let r = r.as_ptr();
    // SAFETY: the caller's promise.
    unsafe {
        match status {
            OK | DONE => ffi::ap_die(status, r),
            status => {
                // `ap_die` would take a status that the handler has set for an earlier error.
                (*r).status = HTTP_OK;
                ffi::ap_die(if status == DECLINED { HTTP_INTERNAL_SERVER_ERROR } else { status }, r);
            }
        }
        ffi::ap_process_request_after_handler(r);
    }
}
