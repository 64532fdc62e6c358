//! What the doors and APR's rows ask of whoever runs them.
//!
//! Inside httpd the host implements it over its leases and per-request state; for `perl -MAPR` outside httpd one that knows a single
//! interpreter is enough, hence the defaults.

use crate::{Home, Kept, Object, ObjectClass, Owned, Result, Ticket};
use std::{
    ptr::{self, NonNull},
    sync::OnceLock,
};

/// A thing that has a ticket of its own, whatever its type: a request, connection, server or pool.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    class: &'static ObjectClass,
    address: NonNull<()>,
}

impl Owner {
    /// The owner that a record is.
    pub fn of<T: Object>(object: &T) -> Owner {
        Owner { class: T::class(), address: object.address() }
    }
    /// The record, if it is of class `T`.
    ///
    /// # Safety
    /// It lives as long as the `Owner` is borrowed: true while [`Runtime::ticket`] is asked about it.
    pub unsafe fn downcast<T: Object>(&self) -> Option<&T> {
        // SAFETY: the class says what it is the address of; the caller, that it lives.
        ptr::eq(self.class, T::class()).then(|| unsafe { T::lent(&self.address) })
    }
}

const OUTSIDE: &str = "works only inside the server";

/// Asked by the doors and by APR's rows, always on a thread that is inside a call from an interpreter. What the API of httpd
/// asks besides are the traits of crate `api`.
pub trait Runtime: Sync {
    /// The object that a class method without object means: the current request (`PerlOptions +GlobalRequest`), with its ticket.
    fn current(&self, class: &'static ObjectClass) -> Option<(NonNull<()>, Ticket)>;

    /// The ticket for an object that carries none (foreign XS made it): its owner's, if (class, address) is a living owner
    /// or record in this interpreter's tree. Must not follow the address before that is known.
    fn adopt(&self, class: &'static ObjectClass, address: NonNull<()>) -> Option<Ticket>;

    /// The ticket of a living owner that httpd itself has just handed out (`$r->main`, `$c->base_server`); takes its slot
    /// at the first call.
    fn ticket(&self, owner: Owner) -> Ticket;

    /// Calls `code` (with `arg`) when the pool is cleared or destroyed, in this interpreter; pins it until then.
    ///
    /// # Errors
    /// Text, when the pool cannot keep it.
    fn cleanup(&self, pool: &apr::Pool, code: Kept, arg: Option<Kept>) -> Result<()> {
        let _ = (pool, code, arg);
        Err(OUTSIDE.into())
    }

    /// Runs `f` with the pool that ends what a script makes and cannot end by letting go of it: in languages whose objects have no DESTROY.
    fn with_ending_pool(&self, f: &mut dyn FnMut(&apr::Pool)) {
        let _ = f;
    }

    /// Told of each pool without a parent that a script makes, and of the interpreter in which its object is.
    fn root_made(&self, pool: &apr::Pool, home: &Home) {
        let _ = (pool, home);
    }

    /// Told of a script's pool that is about to be destroyed.
    fn root_ends(&self, pool: &apr::Pool) {
        let _ = pool;
    }

    /// Whether this process is a server, whose descriptors are not a script's to close.
    fn is_server(&self) -> bool {
        true
    }

    /// Whether a pool lives longer than the connection that this call is about.
    fn outlives_connection(&self, pool: &apr::Pool) -> bool {
        let _ = pool;
        false
    }

    /// Whether a value of several lines that a script sets in a table must become one line, as in a header; false for
    /// notes. Says so in the log, then.
    fn makes_one_line(&self, table: &apr::Table, key: &[u8]) -> bool {
        let _ = (table, key);
        true
    }

    /// The script's file and line that the call of a row came from, if the engine can tell.
    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        None
    }

    /// What a status code means, with its number.
    fn status_text(&self, status: i32) -> String {
        format!("status {status}")
    }
}

impl dyn Runtime {
    /// [`Runtime::current`], for a result.
    pub fn current_object<T: Object>(&self) -> Option<Owned<T>> {
        let (address, ticket) = self.current(T::class())?;
        // SAFETY: the runtime's answer is a living record of this class; only its address is looked at.
        Some(Owned::by(unsafe { T::lent(&address) }, ticket))
    }

    /// Runs `f` with [`Runtime::current`].
    pub fn with_current<T: Object, R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        let (address, _) = self.current(T::class())?;
        // SAFETY: the runtime's answer is a living record of this class, which lives as long as the call that this thread is in.
        Some(f(unsafe { T::lent(&address) }))
    }
}

/// Whoever runs the API functions of this process. Set once, before the first call.
pub static RUNTIME: OnceLock<&'static dyn Runtime> = OnceLock::new();

/// The runtime.
///
/// # Errors
/// When none was set.
pub fn runtime() -> Result<&'static dyn Runtime> {
    RUNTIME.get().copied().ok_or_else(|| OUTSIDE.into())
}
