//! A module's records and states, found by the module alone: for code that serves several hosts of one shape, and must not be
//! compiled for each of them.

use crate::{Connection, Host, ModuleRecord, Record, Request, Server, slot};
use std::marker::PhantomData;

/// Where the records of a host lie: those of its servers `S` and directories `D`, its states of requests `R` and of
/// connections `C`.
pub struct Records<S, D, R, C> {
    module: &'static ModuleRecord,
    of: PhantomData<fn() -> (S, D, R, C)>,
}

impl<S, D, R, C> Clone for Records<S, D, R, C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, D, R, C> Copy for Records<S, D, R, C> {}

/// The records of a host.
#[inline(always)]
pub(crate) fn of<H: Host>() -> Records<H::Server, H::Dir, H::Request, H::Connection> {
    // SAFETY: a host's module is made with it.
    unsafe { Records::new::<H>(H::module()) }
}

impl<S: Send + Sync + 'static, D: Send + Sync + 'static, R: Send + 'static, C: Send + 'static> Records<S, D, R, C> {
    /// The records of `H`, for a static, where `H` itself cannot be asked for its module.
    ///
    /// # Safety
    /// `module` was made with `H`: what lies in its slots is `H`'s.
    pub const unsafe fn new<H: Host<Server = S, Dir = D, Request = R, Connection = C>>(
        module: &'static ModuleRecord,
    ) -> Self {
        Records { module, of: PhantomData }
    }

    /// As [`Records::new`], for a host whose states of requests begin with an `R`: of these only that part is found.
    ///
    /// # Safety
    /// `module` was made with `H`, and `H::Request` is laid out as C does, with an `R` as its first field.
    pub const unsafe fn of_prefix<H: Host<Server = S, Dir = D, Connection = C>>(module: &'static ModuleRecord) -> Self {
        Records { module, of: PhantomData }
    }

    /// The module.
    #[inline(always)]
    pub const fn module(&self) -> &'static ModuleRecord {
        self.module
    }

    /// [`Server::config`].
    #[inline(always)]
    pub fn server<'s>(&self, s: &'s Server) -> Option<&'s S> {
        self.record(s).map(Record::get)
    }

    #[inline(always)]
    pub(crate) fn record<'s>(&self, s: &'s Server) -> Option<&'s Record<S>> {
        // SAFETY: only the host's own callbacks write to its slot, always a record of this type.
        unsafe { slot::get((*s.as_ptr()).module_config, self.module).map(|record| record.as_ref()) }
    }

    /// [`Server::dir_defaults`].
    #[inline(always)]
    pub fn dir_defaults<'s>(&self, s: &'s Server) -> Option<&'s D> {
        // SAFETY: as in `record`.
        unsafe {
            slot::get::<Record<D>>((*s.as_ptr()).lookup_defaults, self.module).map(|record| record.as_ref().get())
        }
    }

    /// [`Request::dir_config`].
    #[inline(always)]
    pub fn dir<'r>(&self, r: &'r Request) -> Option<&'r D> {
        // SAFETY: as in `record`.
        unsafe { slot::get::<Record<D>>((*r.as_ptr()).per_dir_config, self.module).map(|record| record.as_ref().get()) }
    }

    /// [`Request::server_config`].
    #[inline(always)]
    pub fn server_of<'r>(&self, r: &'r Request) -> Option<&'r S> {
        // SAFETY: as in `record`; the server lives longer than the request.
        unsafe {
            slot::get::<Record<S>>((*(*r.as_ptr()).server).module_config, self.module)
                .map(|record| record.as_ref().get())
        }
    }

    /// [`Server::config`] of the server on whose address a connection came.
    #[inline(always)]
    pub fn server_of_connection<'c>(&self, c: &'c Connection) -> Option<&'c S> {
        // SAFETY: as in `record`; the server lives longer than the connection.
        unsafe {
            slot::get::<Record<S>>((*(*c.as_ptr()).base_server).module_config, self.module)
                .map(|record| record.as_ref().get())
        }
    }

    /// [`Request::state`].
    #[inline(always)]
    pub fn state<'r>(&self, r: &'r Request) -> Option<&'r R> {
        // SAFETY: only `set_state` writes to the host's slot, a state that is an `R` or begins with one.
        unsafe { slot::get((*r.as_ptr()).request_config, self.module).map(|state| state.as_ref()) }
    }

    /// [`Request::set_state`].
    #[inline(always)]
    pub(crate) fn set_state<'r>(&self, r: &'r Request, make: impl FnOnce() -> R) -> Option<&'r R> {
        if let Some(old) = self.state(r) {
            return Some(old);
        }
        // SAFETY: the vector lies in the request's pool; the slot is empty.
        unsafe { slot::put((*r.as_ptr()).request_config, self.module, r.pool(), make).map(|state| state.as_ref()) }
    }

    /// [`Connection::state`].
    #[inline(always)]
    pub fn connection<'c>(&self, c: &'c Connection) -> Option<&'c C> {
        // SAFETY: only `set_connection` writes to the host's slot.
        unsafe { slot::get((*c.as_ptr()).conn_config, self.module).map(|state| state.as_ref()) }
    }

    /// [`Connection::set_state`].
    pub fn set_connection<'c>(&self, c: &'c Connection, state: C) -> Option<&'c C> {
        if let Some(old) = self.connection(c) {
            return Some(old);
        }
        // SAFETY: the vector lies in the connection's pool; the slot is empty.
        unsafe { slot::put((*c.as_ptr()).conn_config, self.module, c.pool(), || state).map(|state| state.as_ref()) }
    }
}
