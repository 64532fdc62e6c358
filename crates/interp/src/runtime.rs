//! What an API function may ask of whoever runs it, and what it may raise.
//!
//! Class files stand below the host and name no more of it than this trait. Inside httpd the host implements it over its
//! leases and per-request state; for `perl -MAPR` outside httpd one that knows a single interpreter is enough, hence the defaults.

use crate::{Bag, HandlerRef, Here, Kept, Object, ObjectClass, Reply, Ticket, Val};
use apr::Reenter;
use std::{
    ptr::{self, NonNull},
    sync::OnceLock,
};

/// An error on its way to the script.
pub type Fail = Box<Raise>;
/// Result of an API function.
pub type Result<T, E = Fail> = std::result::Result<T, E>;

/// What a script will see raised.
#[derive(Debug)]
pub enum Raise {
    /// Text, without class, function or line: the door adds them.
    Text(String),
    /// A status, and the function that gave it: Perl sees an `APR::Error`.
    Status(i32, &'static str),
    /// What a callback of the script raised: passes on unchanged.
    Script(Kept),
    /// A callback called `exit`: ends the handler.
    Exit(i64),
}

impl Raise {
    /// With more text in front, if it is text.
    #[must_use]
    pub fn prefixed(mut self: Box<Self>, prefix: &str) -> Fail {
        if let Raise::Text(text) = &mut *self {
            text.insert_str(0, prefix);
        }
        self
    }
}

impl From<&str> for Fail {
    fn from(s: &str) -> Fail {
        Box::new(Raise::Text(s.into()))
    }
}
impl From<String> for Fail {
    fn from(s: String) -> Fail {
        Box::new(Raise::Text(s))
    }
}

/// Why [`Runtime::write`] did not send.
#[derive(Debug)]
pub enum Unsent {
    /// The response phase has not begun, or is over.
    NotInResponse,
    /// The filters or the client refused.
    Failed(apr::Status),
    /// A filter that is a script raised this.
    Raised(Fail),
}

impl Unsent {
    /// The error of `function` (`Apache2::RequestIO::print`), which scripts know as `short` (`$r->print`).
    pub fn fail(self, function: &'static str, short: &str) -> Fail {
        match self {
            Unsent::NotInResponse => format!("{short} can't be called before the response phase").into(),
            Unsent::Failed(status) => Box::new(Raise::Status(status.code(), function)),
            Unsent::Raised(fail) => fail,
        }
    }
}

/// An object whose data the host keeps: a request, connection, server or pool, named without its type.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    class: &'static ObjectClass,
    address: NonNull<()>,
}

impl Owner {
    /// The owner behind a wrapper.
    pub fn of<T: Object>(object: &T) -> Owner {
        Owner { class: T::class(), address: object.address() }
    }
    pub(crate) fn at(class: &'static ObjectClass, address: NonNull<()>) -> Owner {
        Owner { class, address }
    }
    /// Its class.
    pub fn class(&self) -> &'static ObjectClass {
        self.class
    }
    /// Where it is. In [`Runtime::adopt`] nothing is known of that place.
    pub fn address(&self) -> NonNull<()> {
        self.address
    }
    /// The wrapper, if it is of class `T`.
    ///
    /// # Safety
    /// The record lives: true wherever a [`Runtime`] method but `adopt` was handed this owner.
    pub unsafe fn downcast<T: Object>(&self) -> Option<T> {
        // SAFETY: `Object` says T is transparent over NonNull; the class says it is a T's pointer.
        ptr::eq(self.class, T::class()).then(|| unsafe { std::mem::transmute_copy(&self.address) })
    }
}

const OUTSIDE: &str = "works only inside the server";

/// Asked by API functions, always on a thread that is inside a call from an interpreter.
pub trait Runtime: Sync {
    /// The object that a class method without object means: the current request (`PerlOptions +GlobalRequest`), with its ticket.
    fn current(&self, class: &'static ObjectClass) -> Option<(NonNull<()>, Ticket)>;

    /// The ticket for an object that carries none (foreign XS made it): its owner's, if (class, address) is a living owner
    /// or record in this interpreter's tree. Must not follow the address before that is known.
    fn adopt(&self, object: Owner) -> Option<Ticket>;

    /// The ticket of a living owner that httpd itself has just handed out (`$r->main`, `$c->base_server`); takes its slot
    /// at the first call.
    fn ticket(&self, owner: Owner) -> Ticket;

    /// Adds handlers to a phase of this request or connection, or of a server: once it serves, in this process only. `phase`
    /// is a directive name (`PerlLogHandler`). True when added; mod_perl: `push_handlers`. Code pins its interpreter.
    ///
    /// # Errors
    /// Unknown phase, or one that this owner does not have.
    fn push_handlers(&self, owner: Owner, phase: &[u8], handlers: Vec<HandlerRef>) -> Result<bool> {
        let _ = (owner, phase, handlers);
        Err(OUTSIDE.into())
    }

    /// Replaces a phase's handlers, none included; as [`push_handlers`](Runtime::push_handlers).
    ///
    /// # Errors
    /// As there.
    fn set_handlers(&self, owner: Owner, phase: &[u8], handlers: Vec<HandlerRef>) -> Result<bool> {
        let _ = (owner, phase, handlers);
        Err(OUTSIDE.into())
    }

    /// The handlers a phase would run, configured and pushed; `None` where there are none.
    ///
    /// # Errors
    /// As [`push_handlers`](Runtime::push_handlers).
    fn handlers(&self, owner: Owner, phase: &[u8]) -> Result<Option<Vec<HandlerRef>>> {
        let _ = (owner, phase);
        Err(OUTSIDE.into())
    }

    /// The pnotes of a request or connection, one bag per interpreter, to `f`. The first use pins the interpreter (request)
    /// or makes it the connection's home. No script code may run within `f`.
    ///
    /// # Errors
    /// Text, when this owner keeps none.
    fn pnotes(&self, owner: Owner, here: Here, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()> {
        let _ = (owner, here, f);
        Err(OUTSIDE.into())
    }

    /// The table of `PerlSetVar` and `PerlAddVar` values of a request's directory or of a server; `None` when there are
    /// none. `make` asks for one then, so that a value can be set.
    ///
    /// # Errors
    /// Text, when this owner has no configuration.
    fn dir_config(&self, owner: Owner, make: bool) -> Result<Option<apr::Table>> {
        let _ = (owner, make);
        Err(OUTSIDE.into())
    }

    /// Whether a `PerlOptions` flag is on: one of a directory for a request, one of a server for a server.
    ///
    /// # Errors
    /// Text, for a name that is no such flag.
    fn is_option_enabled(&self, owner: Owner, flag: &[u8]) -> Result<bool> {
        let _ = (owner, flag);
        Err(OUTSIDE.into())
    }

    /// The section a request is in, as written: `<Location /x>` gives `/x`.
    fn location(&self, request: Owner) -> Option<Vec<u8>> {
        let _ = request;
        None
    }

    /// The pool that ends what a script makes and cannot end by letting go of it: in languages whose objects have no DESTROY.
    fn ending_pool(&self) -> Option<apr::Pool> {
        None
    }

    /// Whether a pool lives longer than the connection that this call is about.
    fn outlives_connection(&self, pool: apr::Pool) -> bool {
        let _ = pool;
        false
    }

    /// What a status code means, with its number.
    fn status_text(&self, status: i32) -> String {
        format!("status {status}")
    }
    /// How many calls of handlers run within one another on this thread.
    fn depth(&self) -> usize {
        0
    }

    /// Name of the running phase's directive, `PerlResponseHandler`.
    fn current_phase(&self) -> Option<&'static str> {
        None
    }

    /// Calls `code` (with `arg`) when the pool is cleared or destroyed, in this interpreter; pins it until then. For a
    /// server: when the server is shut down or restarted; only while it starts.
    ///
    /// # Errors
    /// Text, when the pool cannot keep it.
    fn cleanup(&self, pool: Owner, here: Here, code: Kept, arg: Option<Kept>) -> Result<()> {
        let _ = (pool, here, code, arg);
        Err(OUTSIDE.into())
    }

    /// Sends body bytes through the request's response buffer (which parses headers under `PerlOptions +ParseHeaders`).
    /// Returns bytes accepted.
    ///
    /// # Errors
    /// Before the response phase; when the client is gone.
    fn write(&self, cx: Reenter, request: Owner, data: &[u8]) -> Result<usize, Unsent> {
        let _ = (cx, request, data);
        Err(Unsent::NotInResponse)
    }

    /// Passes on what [`write`](Runtime::write) holds back; with `hard` a flush bucket behind it.
    ///
    /// # Errors
    /// As there.
    fn flush(&self, cx: Reenter, request: Owner, hard: bool) -> Result<(), Unsent> {
        let _ = (cx, request, hard);
        Err(Unsent::NotInResponse)
    }

    /// Takes a block of CGI headers, and what follows the blank line as body: `$r->send_cgi_header`.
    ///
    /// # Errors
    /// As [`write`](Runtime::write).
    fn send_cgi_header(&self, cx: Reenter, request: Owner, data: &[u8]) -> Result<(), Unsent> {
        let _ = (cx, request, data);
        Err(Unsent::NotInResponse)
    }

    /// The script has set headers itself: what it writes from now on is body, also under `PerlOptions +ParseHeaders`.
    fn headers_are_set(&self, request: Owner) {
        let _ = request;
    }

    /// Puts CGI's variables into the request's `subprocess_env` and into the script's environment.
    ///
    /// # Errors
    /// Outside the server.
    fn fill_env(&self, cx: Reenter, request: Owner) -> Result<()> {
        let _ = (cx, request);
        Err(OUTSIDE.into())
    }

    /// What applies to the request has been changed: nothing that was derived from it counts any longer.
    fn config_is_changed(&self, request: Owner) {
        let _ = request;
    }

    /// Makes this the request that [`current`](Runtime::current) gives, until its end: `Apache2::RequestUtil->request($r)`.
    ///
    /// # Errors
    /// Outside the server.
    fn set_current(&self, request: Owner) -> Result<()> {
        let _ = request;
        Err(OUTSIDE.into())
    }

    /// Feeds configuration lines into a request or server, with the given overrides (`-1`: the default) and path.
    ///
    /// # Errors
    /// httpd's message for the line it refuses.
    fn add_config(
        &self,
        owner: Owner,
        lines: &[&[u8]],
        overrides: i32,
        path: Option<&[u8]>,
        options: i32,
    ) -> Result<()> {
        let _ = (owner, lines, overrides, path, options);
        Err(OUTSIDE.into())
    }

    /// Makes a provider of authentication or authorization known to httpd (`group`, one of `authn` and `authz`; `kind`, when
    /// its answers may be kept). `check` is called in whichever interpreter serves a request, and so is `second`.
    ///
    /// # Errors
    /// Once the server serves; for a group that is none; httpd's status.
    fn register_auth_provider(
        &self,
        (group, name, version): (&[u8], &[u8], &[u8]),
        check: HandlerRef,
        second: Option<HandlerRef>,
        kind: i32,
    ) -> Result<()> {
        let _ = (group, name, version, check, second, kind);
        Err(OUTSIDE.into())
    }

    /// The number of the interpreter that runs this call: of a clone its serial number in the process, 0 for the parent.
    fn interpreter(&self) -> u64 {
        0
    }

    /// The script's file and line that the call of a row came from, if the engine can tell.
    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        None
    }

    /// Whether a value of several lines that a script sets in a table must become one line, as in a header; false for
    /// notes. Says so in the log, then.
    fn makes_one_line(&self, table: Owner, key: &[u8]) -> bool {
        let _ = (table, key);
        true
    }

    /// How busy the interpreters are that this one belongs to: names and figures, for people.
    fn pool_figures(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    /// Resolves and calls a handler in this call's interpreter.
    ///
    /// # Errors
    /// What it raised; text when it is not found or is code of another interpreter.
    fn call(&self, here: Here, handler: &HandlerRef, args: &[Val]) -> Result<Reply> {
        match handler {
            HandlerRef::Code(code) => code.call(here, args),
            HandlerRef::Name(_) => Err(OUTSIDE.into()),
        }
    }
}

impl dyn Runtime {
    /// [`Runtime::current`], as its wrapper.
    pub fn current_object<T: Object>(&self) -> Option<(T, Ticket)> {
        let (address, ticket) = self.current(T::class())?;
        // SAFETY: the runtime's answer is a living record of this class.
        unsafe { Owner::at(T::class(), address).downcast() }.map(|object| (object, ticket))
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
