//! The hooks by which connections come to us.

use super::{
    adopted::Times,
    gate::{self, Gate},
    suspended::{Pending, Suspended, is_answering, note, noted},
    worker::{guarded, log_as},
};
use crate::{Host, Request, ffi, guard, hook, pconf::with_pconf, status::DECLINED};
use std::{
    ffi::c_int,
    mem,
    ptr::{self, NonNull},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

/// Whether the hooks that all hosts share are registered, in this reading of the configuration.
static IS_HOOKED: AtomicBool = AtomicBool::new(false);

/// Before all other callbacks of a hook, so that nobody's handlers run twice.
const BEFORE_ALL: c_int = -30;

/// Has [`Host::taker`] asked before each response: while the configuration is read, once per pass.
pub fn register<H: Host>() {
    let none = ptr::null();
    hook::as_module(H::module(), || {
        // SAFETY: as all hooks of ours: the functions live as long as the library.
        unsafe { ffi::ap_hook_handler(Some(handler::<H>), none, none, BEFORE_ALL) };
        if IS_HOOKED.swap(true, SeqCst) {
            return;
        }
        log_as(H::module());
        let _ = with_pconf(|pconf| pconf.on_death(|| IS_HOOKED.store(false, SeqCst)));
        let last = config::Order::ReallyLast.number() + 10;
        // SAFETY: as above.
        unsafe {
            ffi::ap_hook_process_connection(Some(turn_begins), none, none, BEFORE_ALL);
            ffi::ap_hook_resume_connection(Some(resumes), none, none, BEFORE_ALL);
            ffi::ap_hook_post_read_request(Some(was_read), none, none, BEFORE_ALL);
            ffi::ap_hook_suspend_connection(Some(suspends), none, none, last);
        }
    });
}

// The callbacks. Each takes what httpd lends for the call (SAFETY.md, "borrowed records") and stops panics.

/// The response phase begins, before all handlers.
unsafe extern "C" fn handler<H: Host>(r: *mut ffi::request_rec) -> c_int {
    // SAFETY: httpd lends it for this call.
    let Some(r) = (unsafe { Request::at(r) }) else { return DECLINED };
    if is_answering() || !can_suspend(r) {
        return DECLINED;
    }
    guard::<H, _>("response", DECLINED, || {
        let Some(take) = H::taker(r) else { return DECLINED };
        // SAFETY: a living request.
        let handler = unsafe { (*r.as_ptr()).handler };
        note(Pending { c: r.connection().as_ptr(), r: NonNull::from(r).cast(), handler, take });
        ffi::SUSPENDED
    })
}

/// Whether the MPM would suspend this request's connection: a request of the client's own, on a connection of which the MPM does
/// nothing else meanwhile.
fn can_suspend(r: &Request) -> bool {
    let c = r.connection();
    // SAFETY: a living connection.
    let c_rec = unsafe { &*c.as_ptr() };
    r.main().is_none()
        && r.prev().is_none()
        && c.master().is_none()
        && !c_rec.cs.is_null()
        && c_rec.clogging_input_filters() == 0
}

/// A thread of the MPM's begins with another connection.
unsafe extern "C" fn turn_begins(_c: *mut ffi::conn_rec) -> c_int {
    gate::turn_begins();
    DECLINED
}

/// The same, with one that it knows.
unsafe extern "C" fn resumes(_c: *mut ffi::conn_rec, _r: *mut ffi::request_rec) {
    gate::turn_begins();
}

unsafe extern "C" fn was_read(r: *mut ffi::request_rec) -> c_int {
    // SAFETY: httpd lends it for this call.
    if let Some(r) = unsafe { Request::at(r) } {
        Times::of(r).note();
    }
    DECLINED
}

/// The MPM lets go of a connection. It still writes to it when this has returned, which is what the gate is for.
unsafe extern "C" fn suspends(c: *mut ffi::conn_rec, _r: *mut ffi::request_rec) {
    let Some(pending) = noted(c) else { return };
    // SAFETY: httpd lends the connection for this call.
    let Some(gate) = (unsafe { Gate::new(c) }) else {
        // Without a place in the scoreboard nobody can tell when the worker has left. It is not to be expected, and such a connection
        // is never answered; it is better than one that is freed too early.
        mem::forget(pending);
        return;
    };
    guarded("suspend_connection", || {
        let Pending { r, handler, take, .. } = *pending;
        // SAFETY: a request of this connection, which is ours from now on (SAFETY.md, "adopted connections").
        if let Some(suspended) = unsafe { Suspended::new(r, handler, Some(gate)) } {
            take(suspended);
        }
    });
    // Nothing of ours may come behind this.
    gate::turn_begins();
}
