//! The words of the table of phases: httpd's hooks, whose handlers run, how, and where among other modules' callbacks.

/// The hook of httpd on which a phase hangs. The `*PoolCleanup` ones are cleanups, not hooks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // the names are httpd's
pub enum Hook {
    OpenLogs,
    PostConfig,
    ChildInit,
    ChildPoolCleanup,
    PreConnection,
    ProcessConnection,
    QuickHandler,
    PostReadRequest,
    PreTranslateName,
    TranslateName,
    MapToStorage,
    PostPerdirConfig,
    HeaderParser,
    AccessChecker,
    AccessCheckerEx,
    ForceAuthn,
    CheckUserId,
    AuthChecker,
    TypeChecker,
    Fixups,
    InsertFilter,
    InsertErrorFilter,
    NoteAuthFailure,
    Handler,
    LogTransaction,
    RequestPoolCleanup,
    /// None of httpd's: the life of an interpreter.
    Interpreter,
}

/// Where among the callbacks of other modules ours stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// `APR_HOOK_REALLY_FIRST`
    ReallyFirst,
    /// `APR_HOOK_FIRST`
    First,
    /// `APR_HOOK_MIDDLE`
    Middle,
    /// `APR_HOOK_LAST`
    Last,
    /// `APR_HOOK_REALLY_LAST`
    ReallyLast,
    /// Any other number.
    At(i32),
}

impl Order {
    /// The number APR sorts by.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Order::ReallyFirst => -10,
            Order::First => 0,
            Order::Middle => 10,
            Order::Last => 20,
            Order::ReallyLast => 30,
            Order::At(n) => n,
        }
    }
}

/// What a phase is about: this settles which configuration holds its handlers, what they are given, and whose interpreter runs
/// them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// A child process; handlers are those of the main server.
    Process,
    /// An interpreter; handlers are those of the server or class whose interpreter it is.
    Interpreter,
    /// The start of the server; handlers are those of the main server.
    Files,
    /// A request, before its directory is known; handlers are those of its server.
    Server,
    /// A connection; handlers are those of the port's base server.
    Connection,
    /// A request; handlers are those of its directory.
    Directory,
    /// A filter of a request or (from server level) of a connection; handlers are kept per directory.
    Filter,
}

/// How a stack of handlers runs, and what their return values mean.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Run {
    /// `OK` and `DECLINED` go on; anything else stops and is returned. The last one's value is returned.
    All,
    /// `OK` stops; `DECLINED` goes on; anything else stops and is returned.
    First,
    /// All run; what they return is ignored, and a die does not stop the others.
    Void,
    /// Each must return `OK`, else the start of the server ends.
    Files,
    /// Each is a filter of its own; its value is that of the brigade's passing.
    Stream,
}

/// Which results of a phase httpd looks at. Others change nothing but which handlers of the phase run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Heeds {
    /// All: what is neither `OK` nor `DECLINED` ends the request, connection or start.
    All,
    /// Statuses from 400 to 599, which end the request, and `DONE`.
    ErrorsAndDone,
    /// `DECLINED`; all else counts as `OK`, errors included, which is the strict answer in this phase.
    OnlyDeclined,
    /// None.
    Nothing,
}

/// What of lua_module runs in one of its callbacks of a phase.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Position {
    /// The handlers of `Lua*Handler`; in the response phase `SetHandler lua-script` as well.
    Handlers,
    /// `LuaHook*` with `early`.
    Early,
    /// `LuaHook*` without a word of order.
    Middle,
    /// `LuaHook*` with `late`.
    Late,
    /// `LuaMapHandler`: in the fixup phase it claims requests that have no handler yet, in the response phase it runs.
    Map,
    /// Nothing of ours: only sees whether a handler that is not ours is about to run, and lets the interpreter go.
    Look,
}

impl Position {
    /// Those of mod_lua's hooks, in the order in which they run.
    pub const HOOKS: [Position; LISTS] = [Position::Early, Position::Middle, Position::Late];

    /// Which of a phase's three lists of hooks runs there.
    pub(crate) const fn list(self) -> Option<usize> {
        match self {
            Position::Early => Some(0),
            Position::Middle => Some(1),
            Position::Late => Some(2),
            _ => None,
        }
    }
}

/// Lists of hooks per phase: early, middle, late.
pub(crate) const LISTS: usize = 3;
