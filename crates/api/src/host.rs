//! What the API asks of the host, by noun. The host implements each in a file of its own (`src/host/runtime/`). What an engine
//! asks, and the API of APR, is `interp::Runtime`.
//!
//! A function of a row asks `host()?.output.write(cx, r, bytes)`, always on a thread that is inside a call from an interpreter.

use super::dicts::Dict;
use apr::{Pool, Reenter, Table};
use httpd::{Command, Connection, Filter, Request, Server, kind::Way, made::MadeCommand, provider::Group};
use interp::{Bag, Fail, HandlerRef, Kept, Out, Owned, Pieces, Raise, Result};
use std::sync::OnceLock;

/// The host's half of the API.
pub struct HostSide {
    /// Handlers of phases.
    pub handlers: &'static dyn Handlers,
    /// Values that scripts keep.
    pub notes: &'static dyn Notes,
    /// What the configuration says.
    pub config: &'static dyn Config,
    /// The body of a request.
    pub input: &'static dyn Input,
    /// The answer.
    pub output: &'static dyn Output,
    /// Filters that scripts are.
    pub filters: &'static dyn Filters,
    /// The call that runs.
    pub calls: &'static dyn Calls,
    /// The interpreters.
    pub figures: &'static dyn Figures,
    /// Connections to databases.
    pub databases: &'static dyn Databases,
    /// The jobs.
    pub jobs: &'static dyn Jobs,
    /// The dictionaries.
    pub dicts: &'static dyn Dicts,
}

/// The host. Set once, before the first call.
pub static HOST: OnceLock<HostSide> = OnceLock::new();

/// The host.
///
/// # Errors
/// When none was set: outside httpd.
#[inline]
pub(crate) fn host() -> Result<&'static HostSide> {
    HOST.get().ok_or_else(outside)
}

#[cold]
fn outside() -> Fail {
    "works only inside the server".into()
}

/// What becomes of the handlers that a phase has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The new ones come behind them.
    Push,
    /// The new ones, maybe none, take their place.
    Set,
}

/// Handlers of phases. A phase is named by its directive (`PerlLogHandler`).
pub trait Handlers: Sync {
    /// The handlers that a phase of this request would run, configured and pushed; `None` for an unknown phase.
    ///
    /// # Errors
    /// Outside of a call.
    fn of_request(&self, r: &Request, phase: &[u8]) -> Result<Option<Vec<HandlerRef>>>;

    /// The handlers that a phase of this server has; `None` for an unknown phase.
    ///
    /// # Errors
    /// Outside of a call.
    fn of_server(&self, s: &Server, phase: &[u8]) -> Result<Option<Vec<HandlerRef>>>;

    /// Changes the handlers of a phase for this request; false for an unknown phase. Code keeps its interpreter for the request.
    ///
    /// # Errors
    /// For a phase that is not a request's.
    fn change_request(&self, r: &Request, phase: &[u8], change: Change, handlers: Vec<HandlerRef>) -> Result<bool>;

    /// Changes the handlers of a phase of this server; once it serves, in this process only. False for an unknown phase.
    ///
    /// # Errors
    /// For code without a name, once there are several interpreters.
    fn change_server(&self, s: &Server, phase: &[u8], change: Change, handlers: Vec<HandlerRef>) -> Result<bool>;

    /// Logs an error of what a response handler, one whose name begins so, runs for a request.
    ///
    /// # Errors
    /// Outside of a call.
    fn failed(&self, r: &Request, handler: &[u8], text: &[u8]) -> Result<()>;

    /// Makes a provider of authentication or authorization known to httpd. Its callbacks run in whichever interpreter serves a
    /// request.
    ///
    /// # Errors
    /// Once the server serves; httpd's status.
    fn provide(&self, provider: AuthProvider) -> Result<()>;

    /// Calls `code` with `arg` when this server is shut down or restarted.
    ///
    /// # Errors
    /// Once the server serves.
    fn at_shutdown(&self, s: &Server, code: Kept, arg: Option<Kept>) -> Result<()>;
}

/// What [`Handlers::provide`] is given.
pub struct AuthProvider<'a> {
    /// Authentication or authorization.
    pub group: Group,
    /// The name by which directives call it.
    pub name: &'a [u8],
    /// The version of the interface: `0`.
    pub version: &'a [u8],
    /// Checks a password, or a `Require` line.
    pub check: HandlerRef,
    /// Gives a password's hash by realm, or checks a `Require` line while the configuration is read.
    pub second: Option<HandlerRef>,
    /// When its answers may be kept (`AUTH_INTERNAL_*`).
    pub kind: i32,
}

/// Values that scripts keep with a record of httpd's, one bag per interpreter. No script code may run within `f`.
pub trait Notes: Sync {
    /// Those of a request, which keeps the running interpreter from now on.
    ///
    /// # Errors
    /// If httpd has no place for them.
    fn of_request(&self, r: &Request, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()>;

    /// Those of a connection, for which the running interpreter keeps them from now on.
    ///
    /// # Errors
    /// As above.
    fn of_connection(&self, c: &Connection, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()>;

    /// Those of a filter, which are kept with its request, or else its connection.
    ///
    /// # Errors
    /// As above.
    fn of_filter(&self, filter: &Filter, f: &mut dyn FnMut(&mut Vec<Bag>)) -> Result<()>;
}

/// What the configuration says. Variables are those of `PerlSetVar` and `PerlAddVar`.
pub trait Config: Sync {
    /// The variables of the request's directory; `None` if there are none. `make` asks for a table then, so that one can be set.
    ///
    /// # Errors
    /// If httpd has no place for the table.
    fn vars_of_request<'r>(&self, r: &'r Request, make: bool) -> Result<Option<&'r Table>>;

    /// Calls `f` with the variables of a server: those of the request that asks, if it has a copy of its own. Not if there are none.
    ///
    /// # Errors
    /// As above.
    fn vars_of_server(&self, s: &Server, f: &mut dyn FnMut(&Table)) -> Result<()>;

    /// Whether a directory's option (`PerlOptions`) is on for this request.
    ///
    /// # Errors
    /// For a name that is no such option.
    fn is_on_for_request(&self, r: &Request, option: &[u8]) -> Result<bool>;

    /// Whether a server's option is on.
    ///
    /// # Errors
    /// For a name that is no such option.
    fn is_on_for_server(&self, s: &Server, option: &[u8]) -> Result<bool>;

    /// The section the request is in, as written: `<Location /x>` gives `/x`.
    fn location(&self, r: &Request) -> Option<Vec<u8>>;

    /// Adds configuration lines to a request, with these overrides and options instead of the usual ones, as if they stood at
    /// `path`.
    ///
    /// # Errors
    /// httpd's message about the line that it refuses.
    fn add_to_request(
        &self,
        r: &Request,
        lines: &[&[u8]],
        overrides: Option<i32>,
        path: Option<&[u8]>,
        options: Option<i32>,
    ) -> Result<()>;

    /// Adds configuration lines to a server.
    ///
    /// # Errors
    /// Once the server serves; httpd's message about the line that it refuses.
    fn add_to_server(&self, s: &Server, lines: &[&[u8]]) -> Result<()>;

    /// Adds configuration lines in the place of a line that is being read.
    ///
    /// # Errors
    /// httpd's message about the line that it refuses.
    fn add_to_line(&self, line: &Command, lines: &[&[u8]]) -> Result<()>;

    /// Makes a module of httpd's with directives whose code is in the running interpreter's language; gives the module's number.
    ///
    /// # Errors
    /// Once the server serves; what is wrong with a directive.
    fn make_module(&self, name: &[u8], merges: bool, commands: &[MadeCommand<'_>]) -> Result<i32>;

    /// The pool of the request that the running call is about.
    ///
    /// # Errors
    /// Outside of a call.
    fn request_pool(&self) -> Result<Option<Owned<Pool>>>;

    /// Another section applies to the request: nothing that was derived from the former counts any longer.
    fn is_changed(&self, r: &Request);
}

/// The body of a request, as far as it was read for a script that asked for less.
pub trait Input: Sync {
    /// Takes at most as many bytes of what is left from earlier reading.
    fn take_ahead(&self, r: &Request, most: usize) -> Vec<u8>;

    /// Leaves bytes for the next who reads.
    ///
    /// # Errors
    /// If httpd has no place for them.
    fn put_back(&self, r: &Request, bytes: &[u8]) -> Result<()>;
}

/// The answer to a request, which goes through a buffer that parses headers under `PerlOptions +ParseHeaders`.
pub trait Output: Sync {
    /// Sends bytes of the body; returns how many.
    ///
    /// # Errors
    /// Before the response phase; when the client is gone.
    fn write(&self, cx: Reenter, r: &Request, bytes: &[u8]) -> Result<usize, Unsent>;

    /// Passes on what [`write`](Output::write) holds back; with `hard` a flush bucket behind it.
    ///
    /// # Errors
    /// As there.
    fn flush(&self, cx: Reenter, r: &Request, hard: bool) -> Result<(), Unsent>;

    /// Whether something may still be answered to a request: not in its log and cleanup phases, nor when its pool dies.
    fn may_go_on(&self, r: &Request) -> bool;

    /// Notes that another request has answered in this one's place: what it still prints is sent to nobody.
    fn is_over(&self, r: &Request);

    /// Takes a block of CGI headers, and what follows the blank line as body.
    ///
    /// # Errors
    /// As [`write`](Output::write).
    fn cgi_headers(&self, cx: Reenter, r: &Request, text: &[u8]) -> Result<(), Unsent>;

    /// The script has set headers itself: what it writes from now on is body, also under `PerlOptions +ParseHeaders`.
    fn headers_are_set(&self, r: &Request);

    /// Somebody is about to look at the request's `subprocess_env`: what was left until then is put in.
    fn complete_env(&self, cx: Reenter, r: &Request);

    /// Puts CGI's variables into the request's `subprocess_env` and into the script's environment.
    ///
    /// # Errors
    /// Outside of a call.
    fn fill_env(&self, cx: Reenter, r: &Request) -> Result<()>;
}

/// Filters that scripts are. Reading and printing is for the handler of the filter, while it is called.
pub trait Filters: Sync {
    /// Reads what has come to the filter, as many bytes as wanted, else 8192; returns how many, 0 at the end of this brigade.
    ///
    /// # Errors
    /// Outside of the handler's call; what the filters say.
    fn read(&self, cx: Reenter, filter: &Filter, buffer: &mut Out, wanted: Option<i64>) -> Result<usize>;

    /// Gives bytes to the filter behind this one, or to the reader; returns how many.
    ///
    /// # Errors
    /// As above.
    fn print(&self, filter: &Filter, data: Pieces) -> Result<usize>;

    /// Whether the end of the data was met; `set` says so in place of what was met.
    ///
    /// # Errors
    /// Outside of the handler's call.
    fn seen_eos(&self, filter: &Filter, set: Option<bool>) -> Result<bool>;

    /// Called when a script is told that a filter has failed: the script may be a filter's handler, and return the same.
    fn told(&self, status: apr::Status);

    /// Takes a filter, anyone's, out of its chain.
    fn remove(&self, filter: &Filter);

    /// Puts a handler as a filter into the chain of a request or, without one, of a connection.
    ///
    /// # Errors
    /// Where the handler cannot be found or is made for another chain; what it begins with raised.
    fn add(&self, way: Way, r: Option<&Request>, c: &Connection, handler: HandlerRef) -> Result<()>;
}

/// Why an answer's bytes were not sent.
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
            Unsent::Failed(status) => Raise::status(status.code(), function),
            Unsent::Raised(fail) => fail,
        }
    }
}

/// The call that runs on this thread.
pub trait Calls: Sync {
    /// How many calls of handlers run within one another.
    fn depth(&self) -> usize;

    /// The name of the running phase's directive, `PerlResponseHandler`.
    fn phase(&self) -> Option<&'static str>;

    /// Whether a handler runs that speaks this connection's protocol.
    fn speaks(&self, c: &Connection) -> bool;

    /// Makes this the request that class methods find, until its end: `Apache2::RequestUtil->request($r)`.
    ///
    /// # Errors
    /// Outside of a call.
    fn set_request(&self, r: &Request) -> Result<()>;
}

/// How the interpreters are doing.
pub trait Figures: Sync {
    /// The number of the interpreter that runs this call: of a clone its serial number in the process, 0 for the parent.
    fn interpreter(&self) -> u64;

    /// How often that interpreter was lent, this time included; 0 for the parent.
    fn uses(&self) -> u64;

    /// The name of the class to which the interpreter belongs; none for the server's own.
    fn class(&self) -> Option<Vec<u8>>;

    /// The word that holds for this call where a directive of the language sets one; the directive is named without the language.
    fn setting(&self, name: &[u8]) -> Option<&'static str>;

    /// Has the interpreter replaced when this call's request is done with it; false where there is none to take its place.
    fn reload(&self) -> bool;

    /// Has all interpreters of the class, or of the server, replaced in all processes.
    fn reload_all(&self);

    /// How busy the interpreters are that this one belongs to: names and figures, for people.
    fn pool(&self) -> Vec<(String, u64)>;

    /// Has this process take no more connections, and end when it has served those that it has. False if it was told so before.
    fn end_process(&self) -> Result<bool>;
}

/// A pool of connections to a data source.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Its number.
    pub pool: usize,
    /// Tells the request, with all that it has set off, or the connection that the call is about from all others at the same time.
    pub turn: usize,
    /// A connection that was idle for so long is asked whether it answers; `None`: none is.
    pub ping: Option<std::time::Duration>,
    /// One that was idle for so long is closed; `None`: none is.
    pub idle: Option<std::time::Duration>,
}

/// Connections to databases: how many the interpreters have. The handles are the language's own.
pub trait Databases: Sync {
    /// The pool for a data source in the running call; none outside of requests and connections, and in a process that a script forked.
    fn find(&self, source: &[u8]) -> Option<Found>;

    /// Calls `code` when what the running call is about has ended.
    ///
    /// # Errors
    /// Outside of requests and connections.
    fn at_end(&self, code: Kept) -> Result<()>;

    /// A place for a connection of the running interpreter, which `closer` closes; with `has`, the number of those that the caller has,
    /// it is waited for.
    ///
    /// # Errors
    /// No such pool; none came free in time.
    fn take(&self, pool: usize, closer: Kept, has: Option<usize>) -> Result<Option<usize>>;

    /// Takes the place of an idle connection of the running interpreter again; false if others have it.
    fn again(&self, pool: usize, place: usize) -> bool;

    /// No request has the connection any longer.
    fn back(&self, pool: usize, place: usize);

    /// The connection is closed.
    fn closed(&self, pool: usize, place: usize);

    /// Whether anybody waits for a place.
    fn is_wanted(&self, pool: usize) -> bool;

    /// How the pools of this process are doing: names and figures, for people.
    fn doing(&self) -> Vec<(String, u64)>;
}

/// Dictionaries that all processes share.
pub trait Dicts: Sync {
    /// The one that a line of the configuration has made under this name.
    ///
    /// # Errors
    /// There is none.
    fn find(&self, name: &[u8]) -> Result<Owned<Dict>>;
}

/// Jobs of the language of the code that asks.
pub trait Jobs: Sync {
    /// Adds one, which runs in the parent of the interpreters to which this one belongs, by what a line says behind its directive.
    ///
    /// # Errors
    /// What is wrong with the line; the server serves already.
    fn add(&self, line: &[u8]) -> Result<()>;

    /// The names of all.
    fn names(&self) -> Result<Vec<String>>;

    /// What is known of those that have this name: names and figures. Empty if there is none.
    fn figures(&self, name: &[u8]) -> Result<Vec<(&'static str, String)>>;

    /// The last runs that have ended, the newest first, each as a text: when it began in seconds since 1970, how many seconds it took, and how it ended.
    fn last(&self, name: &[u8]) -> Result<Vec<String>>;
}
