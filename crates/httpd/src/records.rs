//! A module's records and states, found by the module alone: for code that serves several hosts of one shape, and must not be
//! compiled for each of them.

use crate::{
    Connection, Host, ModuleRecord, Record, Request, Server,
    server::{MainState, main_state},
    slot,
};
use std::marker::PhantomData;

/// Where a module keeps a `T` with each `K`: with a [`Server`], a [`Directory`], a [`Request`] or a [`Connection`].
pub struct Records<K, T> {
    module: &'static ModuleRecord,
    of: PhantomData<fn(K) -> T>,
}

/// A section of the configuration, a `.htaccess` file, or what stands outside of all.
pub struct Directory;

impl<K, T> Records<K, T> {
    /// The records of a module.
    ///
    /// # Safety
    /// What the module's host keeps with each `K` is a `T`. What it keeps with requests may also be laid out as C does, with a `T` as
    /// its first field: then only that part is found.
    #[inline(always)]
    pub const unsafe fn new(module: &'static ModuleRecord) -> Self {
        Records { module, of: PhantomData }
    }
}

/// The records of a host's servers.
#[inline(always)]
pub(crate) fn servers<H: Host>() -> Records<Server, H::Server> {
    // SAFETY: a host's module is made with it.
    unsafe { Records::new(H::module()) }
}

/// The records of a host's directories.
#[inline(always)]
pub(crate) fn dirs<H: Host>() -> Records<Directory, H::Dir> {
    // SAFETY: as for `servers`.
    unsafe { Records::new(H::module()) }
}

/// A host's states of requests.
#[inline(always)]
pub(crate) fn requests<H: Host>() -> Records<Request, H::Request> {
    // SAFETY: as for `servers`.
    unsafe { Records::new(H::module()) }
}

/// A host's states of connections.
#[inline(always)]
pub(crate) fn connections<H: Host>() -> Records<Connection, H::Connection> {
    // SAFETY: as for `servers`.
    unsafe { Records::new(H::module()) }
}

impl<T: Send + Sync + 'static> Records<Server, T> {
    /// [`Server::config`].
    #[inline(always)]
    pub fn get<'s>(&self, s: &'s Server) -> Option<&'s T> {
        self.record(s).map(Record::get)
    }

    #[inline(always)]
    pub(crate) fn record<'s>(&self, s: &'s Server) -> Option<&'s Record<T>> {
        // SAFETY: only the host's own callbacks write to its slot, always a record of this type.
        unsafe { slot::get((*s.as_ptr()).module_config, self.module).map(|record| record.as_ref()) }
    }

    /// [`Request::server_config`].
    #[inline(always)]
    pub fn of_request<'r>(&self, r: &'r Request) -> Option<&'r T> {
        // SAFETY: as in `record`; the server lives longer than the request.
        unsafe {
            slot::get::<Record<T>>((*(*r.as_ptr()).server).module_config, self.module)
                .map(|record| record.as_ref().get())
        }
    }

    /// [`Server::config`] of the server on whose address a connection came.
    #[inline(always)]
    pub fn of_connection<'c>(&self, c: &'c Connection) -> Option<&'c T> {
        // SAFETY: as in `record`; the server lives longer than the connection.
        unsafe {
            slot::get::<Record<T>>((*(*c.as_ptr()).base_server).module_config, self.module)
                .map(|record| record.as_ref().get())
        }
    }
}

impl<T: Send + Sync + 'static> Records<Directory, T> {
    /// [`Server::dir_defaults`].
    #[inline(always)]
    pub fn defaults<'s>(&self, s: &'s Server) -> Option<&'s T> {
        // SAFETY: only the host's own callbacks write to its slot, always a record of this type.
        unsafe {
            slot::get::<Record<T>>((*s.as_ptr()).lookup_defaults, self.module).map(|record| record.as_ref().get())
        }
    }

    /// [`Request::dir_config`].
    #[inline(always)]
    pub fn of_request<'r>(&self, r: &'r Request) -> Option<&'r T> {
        // SAFETY: as in `defaults`.
        unsafe { slot::get::<Record<T>>((*r.as_ptr()).per_dir_config, self.module).map(|record| record.as_ref().get()) }
    }
}

impl<T: Send + 'static> Records<Request, T> {
    /// [`Request::state`].
    #[inline(always)]
    pub fn get<'r>(&self, r: &'r Request) -> Option<&'r T> {
        // SAFETY: only `put` writes to the host's slot, a state that is a `T` or begins with one.
        unsafe { slot::get((*r.as_ptr()).request_config, self.module).map(|state| state.as_ref()) }
    }

    /// [`Request::set_state`].
    #[inline(always)]
    pub(crate) fn put<'r>(&self, r: &'r Request, make: impl FnOnce() -> T) -> Option<&'r T> {
        if let Some(old) = self.get(r) {
            return Some(old);
        }
        // SAFETY: the vector lies in the request's pool; the slot is empty.
        unsafe { slot::put((*r.as_ptr()).request_config, self.module, r.pool(), make).map(|state| state.as_ref()) }
    }
}

impl<T: Send + 'static> Records<Connection, T> {
    /// [`Connection::state`].
    #[inline(always)]
    pub fn get<'c>(&self, c: &'c Connection) -> Option<&'c T> {
        // SAFETY: only `put` writes to the host's slot.
        unsafe { slot::get((*c.as_ptr()).conn_config, self.module).map(|state| state.as_ref()) }
    }

    /// [`Connection::set_state`].
    pub fn put<'c>(&self, c: &'c Connection, state: T) -> Option<&'c T> {
        if let Some(old) = self.get(c) {
            return Some(old);
        }
        // SAFETY: the vector lies in the connection's pool; the slot is empty.
        unsafe { slot::put((*c.as_ptr()).conn_config, self.module, c.pool(), || state).map(|state| state.as_ref()) }
    }
}

impl Server {
    /// Our record of it; `None` if the module is not configured for this server yet.
    #[inline]
    pub fn config<H: Host>(&self) -> Option<&H::Server> {
        servers::<H>().get(self)
    }

    #[inline]
    pub(crate) fn record<H: Host>(&self) -> Option<&Record<H::Server>> {
        servers::<H>().record(self)
    }

    /// The record of what stands outside every section (`lookup_defaults`).
    pub fn dir_defaults<H: Host>(&self) -> Option<&H::Dir> {
        dirs::<H>().defaults(self)
    }

    /// Changes the host's records of this server, and of what stands outside every section, while the server starts. `None`
    /// once requests are served, or if a change is running already. `f` must run no script code.
    pub fn edit<H: Host, R>(&self, f: impl FnOnce(&mut H::Server, Option<&mut H::Dir>) -> R) -> Option<R> {
        if main_state() == MainState::RunMpm {
            return None;
        }
        // SAFETY: only the host's own callbacks write to its slot, always a record of this type.
        let dir = unsafe { slot::get::<Record<H::Dir>>((*self.as_ptr()).lookup_defaults, H::module()) };
        // SAFETY: the server starts: one thread, and nobody holds what the records lend while a script runs (SAFETY.md,
        // "configuration records").
        unsafe {
            self.record::<H>()?.edit(|server| match dir {
                Some(dir) => dir.as_ref().edit(|dir| f(server, Some(dir))),
                None => Some(f(server, None)),
            })?
        }
    }
}

impl Request {
    /// Our record of its directory, merged for it; `None` if the module has none.
    #[inline]
    pub fn dir_config<H: Host>(&self) -> Option<&H::Dir> {
        dirs::<H>().of_request(self)
    }

    /// Our record of its server.
    #[inline]
    pub fn server_config<H: Host>(&self) -> Option<&H::Server> {
        servers::<H>().of_request(self)
    }

    /// Our state of it, once [`Request::set_state`] was called.
    #[inline]
    pub fn state<H: Host>(&self) -> Option<&H::Request> {
        requests::<H>().get(self)
    }

    /// Sets our state of it, once. It is dropped when the request's pool dies; cleanups of that pool that were registered
    /// before this find none. What was set before stays and is returned.
    pub fn set_state<H: Host>(&self, make: impl FnOnce() -> H::Request) -> Option<&H::Request> {
        requests::<H>().put(self, make)
    }
}

impl Connection {
    /// Our state of it, once [`Connection::set_state`] was called.
    #[inline]
    pub fn state<H: Host>(&self) -> Option<&H::Connection> {
        connections::<H>().get(self)
    }

    /// Sets our state of it, once; dropped when its pool dies, and gone for cleanups registered earlier. What was set
    /// before stays and is returned.
    pub fn set_state<H: Host>(&self, state: H::Connection) -> Option<&H::Connection> {
        connections::<H>().put(self, state)
    }
}
