//! THE table of phases: one row per place in httpd's life where a script may run.
//!
//! A phase is one row of [`PHASES`] and one name in [`Phase`]; httpd callbacks, handler slots, the directives
//! `Perl*Handler`, `Lua*Handler` and `LuaHook*`, the switches of `PerlOptions` and the printed docs are derived from it.

use crate::directives::Contexts;

/// The phases, in the order in which a server and then a request meets them. The number indexes [`PHASES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Log files are being opened, in the server's parent process.
    OpenLogs,
    /// The configuration is complete, in the server's parent process.
    PostConfig,
    /// A child process has started.
    ChildInit,
    /// A child process ends.
    ChildExit,
    /// A connection was accepted; nothing was read yet.
    PreConnection,
    /// A connection's protocol is to be spoken.
    ProcessConnection,
    /// Before anything else of a request (caches answer here).
    QuickHandler,
    /// The request line and headers were read.
    PostReadRequest,
    /// Runs before the URI is decoded and translated.
    PreTranslateName,
    /// URI to file name.
    Trans,
    /// Per-directory configuration is to be found.
    MapToStorage,
    /// Configuration of the directory is known.
    HeaderParser,
    /// Access by address and the like.
    Access,
    /// Who is it.
    Authen,
    /// May they.
    Authz,
    /// Content type.
    Type,
    /// Last changes before the response.
    Fixup,
    /// Filters are to be put in place.
    InsertFilter,
    /// A brigade of the request's or connection's input.
    InputFilter,
    /// A brigade of the request's or connection's output.
    OutputFilter,
    /// Makes the page.
    Response,
    /// The page was sent.
    Log,
    /// The request's pool dies.
    Cleanup,
}

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
    HeaderParser,
    AccessChecker,
    CheckUserId,
    AuthChecker,
    TypeChecker,
    Fixups,
    InsertFilter,
    Handler,
    LogTransaction,
    RequestPoolCleanup,
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

/// Which configuration holds a phase's handlers, and what they belong to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// A child process; handlers are those of the main server.
    Process,
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

/// What a handler is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// `(r)`
    Request,
    /// `(c)`
    Connection,
    /// `(pconf, plog, ptemp, s)`
    Pools,
    /// `(pool, s)`
    PoolServer,
    /// `(f, bb)`, for input also mode, block and readbytes
    Filter,
    /// Nothing.
    None,
}

/// Whose interpreter runs the phase. Dispatch asks for this, never for a request as such.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// One leased for the request's tree.
    Request,
    /// One leased for the connection.
    Connection,
    /// The parent interpreter.
    Server,
    /// The one recorded for a pool.
    Pool,
    /// The thread's current one.
    None,
}

/// A language in which scripts are written. Each has a module of its own in httpd, with its own directives and records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Language {
    /// `perl_module`, as mod_perl.
    #[default]
    Perl,
    /// `lua_module`, as mod_lua.
    Lua,
}

impl Language {
    /// Its name, with which the names of its own directives begin.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Language::Perl => "Perl",
            Language::Lua => "Lua",
        }
    }
}

/// The directive by which one language adds handlers to a phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LangRow {
    /// Name of the directive.
    pub directive: &'static str,
    /// Where the directive may stand.
    pub contexts: Contexts,
    /// The option (`PerlOptions -Access`) that forbids the directive; empty where there is none.
    pub switch: &'static str,
    /// What the administrator reads in place of the phase's own text; empty if that will do.
    pub doc: &'static str,
}

/// mod_lua's directives for a phase: a file and a function, or a block whose text is the script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HookRow {
    /// The names as blocks, `<LuaHookFixups`; without the `<` they are the directives with a file. The first is that of
    /// messages.
    pub blocks: &'static [&'static str],
    /// Where they may stand.
    pub contexts: Contexts,
    /// Whether the directive with a file takes `early` or `late`. A block always does.
    pub is_ordered: bool,
}

impl HookRow {
    /// Name of the directive with a file.
    #[must_use]
    pub const fn directive(&self) -> &'static str {
        self.blocks[0].split_at(1).1
    }
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

/// One phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhaseRow {
    /// The phase this row is of.
    pub phase: Phase,
    /// Its short name, as in `PerlOptions -Access` and, with `Perl` before and `Handler` behind, in the directive.
    pub name: &'static str,
    /// httpd's hook.
    pub hook: Hook,
    /// One callback of perl_module for each. [`Phase::Response`] has two: the first only sees whether a handler that is
    /// not ours is about to run, and lets the interpreter go.
    pub orders: &'static [Order],
    /// One callback of lua_module for each, and what runs there. Where mod_lua has a number it is the same.
    pub lua_orders: &'static [(Position, Order)],
    /// Whose configuration holds the handlers.
    pub scope: Scope,
    /// What return values mean.
    pub run: Run,
    /// What a handler is given.
    pub subject: Subject,
    /// Whose interpreter runs it.
    pub origin: Origin,
    /// The Perl side.
    pub perl: Option<LangRow>,
    /// The Lua side.
    pub lua: Option<LangRow>,
    /// mod_lua's directives.
    pub hooks: Option<HookRow>,
    /// A line or two for the administrator.
    pub doc: &'static str,
}

const fn phase(phase: Phase, name: &'static str, hook: Hook, orders: &'static [Order], scope: Scope) -> PhaseRow {
    let (run, subject, origin) = match scope {
        Scope::Process => (Run::Void, Subject::PoolServer, Origin::Server),
        Scope::Files => (Run::Files, Subject::Pools, Origin::Server),
        Scope::Connection => (Run::All, Subject::Connection, Origin::Connection),
        Scope::Server | Scope::Directory => (Run::All, Subject::Request, Origin::Request),
        Scope::Filter => (Run::Stream, Subject::Filter, Origin::Request),
    };
    let (perl, lua, hooks, lua_orders, doc) = (None, None, None, &[], "");
    PhaseRow { phase, name, hook, orders, lua_orders, scope, run, subject, origin, perl, lua, hooks, doc }
}

impl PhaseRow {
    const fn run(self, run: Run) -> Self {
        Self { run, ..self }
    }
    const fn lang_row(&self, directive: &'static str, switch: &'static str) -> Option<LangRow> {
        let contexts = match self.scope {
            Scope::Directory | Scope::Filter => Contexts::ANYWHERE,
            _ => Contexts::SERVER,
        };
        Some(LangRow { directive, contexts, switch, doc: "" })
    }
    const fn perl(self, directive: &'static str) -> Self {
        Self { perl: self.lang_row(directive, self.name), ..self }
    }
    const fn lua(self, directive: &'static str) -> Self {
        let lua_orders = match self.orders {
            [] => &[],
            [Order::First] => HANDLERS_FIRST,
            _ => HANDLERS,
        };
        Self { lua: self.lang_row(directive, ""), lua_orders, ..self }
    }
    const fn hooks(self, blocks: &'static [&'static str], contexts: Contexts) -> Self {
        let lua_orders = if self.lua.is_some() { HANDLERS_AND_HOOKS } else { HOOKS };
        Self { hooks: Some(HookRow { blocks, contexts, is_ordered: false }), lua_orders, ..self }
    }
    const fn ordered_hooks(self, blocks: &'static [&'static str], contexts: Contexts) -> Self {
        let row = self.hooks(blocks, contexts);
        Self { hooks: Some(HookRow { blocks, contexts, is_ordered: true }), ..row }
    }
    const fn lua_orders(self, lua_orders: &'static [(Position, Order)]) -> Self {
        Self { lua_orders, ..self }
    }
    const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }
    const fn perl_doc(self, doc: &'static str) -> Self {
        match self.perl {
            Some(row) => Self { perl: Some(LangRow { doc, ..row }), ..self },
            None => self,
        }
    }

    /// A line or two for the administrator who writes a language's directive.
    #[must_use]
    pub const fn doc_of(&self, language: Language) -> &'static str {
        match self.of(language) {
            Some(row) if !row.doc.is_empty() => row.doc,
            _ => self.doc,
        }
    }

    /// Whether some language has a directive for it.
    #[must_use]
    pub const fn has_directive(&self) -> bool {
        self.perl.is_some() || self.lua.is_some() || self.hooks.is_some()
    }

    /// The row of a language.
    #[must_use]
    pub const fn of(&self, language: Language) -> Option<LangRow> {
        match language {
            Language::Perl => self.perl,
            Language::Lua => self.lua,
        }
    }

    /// How many callbacks a language's module has here.
    #[must_use]
    pub const fn order_count(&self, language: Language) -> usize {
        match language {
            Language::Perl => self.orders.len(),
            Language::Lua => self.lua_orders.len(),
        }
    }

    /// Where one of these callbacks stands among those of other modules.
    #[must_use]
    pub const fn order(&self, language: Language, index: usize) -> Option<Order> {
        match language {
            Language::Perl if index < self.orders.len() => Some(self.orders[index]),
            Language::Lua if index < self.lua_orders.len() => Some(self.lua_orders[index].1),
            _ => None,
        }
    }

    /// What of lua_module runs in its callback of this index.
    #[must_use]
    pub const fn position(&self, index: usize) -> Option<Position> {
        if index < self.lua_orders.len() { Some(self.lua_orders[index].0) } else { None }
    }
}

/// mod_lua's `early`.
const EARLY: Order = Order::At(Order::First.number() - 1);
/// mod_lua's `late`.
const LATE: Order = Order::At(Order::Last.number() + 1);
/// Where mod_lua claims requests for `LuaMapHandler`: just before a `FallbackResource` would.
const MAP_FIXUP: Order = Order::At(LATE.number() - 2);

const HANDLERS: &[(Position, Order)] = &[(Position::Handlers, Order::ReallyFirst)];
const HANDLERS_FIRST: &[(Position, Order)] = &[(Position::Handlers, Order::First)];
const HOOKS: &[(Position, Order)] =
    &[(Position::Early, EARLY), (Position::Middle, Order::Middle), (Position::Late, LATE)];
const HANDLERS_AND_HOOKS: &[(Position, Order)] = &[
    (Position::Handlers, Order::ReallyFirst),
    (Position::Early, EARLY),
    (Position::Middle, Order::Middle),
    (Position::Late, LATE),
];
const QUICK: &[(Position, Order)] =
    &[(Position::Early, EARLY), (Position::Middle, Order::First), (Position::Late, LATE)];
const FIXUP: &[(Position, Order)] = &[
    (Position::Handlers, Order::ReallyFirst),
    (Position::Early, EARLY),
    (Position::Middle, Order::Middle),
    (Position::Map, MAP_FIXUP),
    (Position::Late, LATE),
];
/// Before the core's own first handler, in which a connection that changes its protocol is served to its end.
const BEFORE_UPGRADES: Order = Order::At(-11);

const RESPONSE: &[(Position, Order)] =
    &[(Position::Look, BEFORE_UPGRADES), (Position::Map, EARLY), (Position::Handlers, Order::Middle)];
/// After those that know users, before that of mod_authn_core, which refuses what nobody has looked at.
const AUTHEN: &[(Position, Order)] = &[
    (Position::Handlers, Order::ReallyFirst),
    (Position::Early, EARLY),
    (Position::Middle, Order::Middle),
    (Position::Late, Order::At(19)),
];
const LOG: &[(Position, Order)] = &[
    (Position::Handlers, Order::ReallyFirst),
    (Position::Early, EARLY),
    (Position::Middle, Order::First),
    (Position::Late, LATE),
];

/// Where mod_lua takes hooks that run before the directory is known.
const NO_DIRECTORY: Contexts = Contexts::SERVER.and(Contexts::LOCATION);
const ANYWHERE: Contexts = Contexts::ANYWHERE;
const FIRST: &[Order] = &[Order::First];
const REALLY_FIRST: &[Order] = &[Order::ReallyFirst];
const LAST: &[Order] = &[Order::Last];

/// The phases. Scope settles run rule, subject and origin unless the row says otherwise.
#[rustfmt::skip]
pub static PHASES: [PhaseRow; Phase::COUNT] = [
    phase(Phase::OpenLogs, "OpenLogs", Hook::OpenLogs, FIRST, Scope::Files)
        .perl("PerlOpenLogsHandler").lua("LuaOpenLogsHandler")
        .doc("Runs when httpd opens its log files. Only entries of the main server run; each must return OK, else the server does not start."),
    phase(Phase::PostConfig, "PostConfig", Hook::PostConfig, FIRST, Scope::Files)
        .perl("PerlPostConfigHandler").lua("LuaPostConfigHandler")
        .doc("Runs when the configuration is complete. Only entries of the main server run; each must return OK, else the server does not start."),
    phase(Phase::ChildInit, "ChildInit", Hook::ChildInit, FIRST, Scope::Process)
        .perl("PerlChildInitHandler").lua("LuaChildInitHandler")
        .doc("Runs when a child process starts, in its parent interpreter. Only entries of the main server run."),
    phase(Phase::ChildExit, "ChildExit", Hook::ChildPoolCleanup, &[], Scope::Process)
        .perl("PerlChildExitHandler").lua("LuaChildExitHandler")
        .perl_doc("Runs when a child process ends, before END blocks. Only entries of the main server run.")
        .doc("Runs when a child process ends. Only entries of the main server run."),
    phase(Phase::PreConnection, "PreConnection", Hook::PreConnection, FIRST, Scope::Connection)
        .perl("PerlPreConnectionHandler").lua("LuaPreConnectionHandler")
        .doc("Runs when a connection was accepted. The handlers are those of the first server of its port."),
    phase(Phase::ProcessConnection, "ProcessConnection", Hook::ProcessConnection, FIRST, Scope::Connection)
        .run(Run::First)
        .perl("PerlProcessConnectionHandler").lua("LuaProcessConnectionHandler")
        .doc("Speaks the connection's protocol; OK means that it did. The handlers are those of the first server of its port."),
    phase(Phase::QuickHandler, "QuickHandler", Hook::QuickHandler, FIRST, Scope::Server)
        .run(Run::First)
        .hooks(&["<LuaQuickHandler"], NO_DIRECTORY).lua_orders(QUICK)
        .doc("Runs before any other phase of a request; OK means that the page was made."),
    phase(Phase::PostReadRequest, "PostReadRequest", Hook::PostReadRequest, REALLY_FIRST, Scope::Server)
        .perl("PerlPostReadRequestHandler").lua("LuaPostReadRequestHandler")
        .perl_doc("Runs when the request's headers were read. PerlInitHandler at server level is the same.")
        .doc("Runs when the request's headers were read."),
    phase(Phase::PreTranslateName, "PreTranslateName", Hook::PreTranslateName, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        // The first is what mod_lua has, the other what its manual says.
        .hooks(&["<LuaHookPreTranslateName", "<LuaHookPreTranslate"], ANYWHERE)
        .doc("Runs before the URI is decoded and translated."),
    phase(Phase::Trans, "Trans", Hook::TranslateName, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .perl("PerlTransHandler").lua("LuaTransHandler").ordered_hooks(&["<LuaHookTranslateName"], NO_DIRECTORY)
        .doc("Translates the URI to a file name."),
    phase(Phase::MapToStorage, "MapToStorage", Hook::MapToStorage, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .perl("PerlMapToStorageHandler").lua("LuaMapToStorageHandler").hooks(&["<LuaHookMapToStorage"], ANYWHERE)
        .doc("Finds the directory's configuration; OK skips <Directory> sections and .htaccess, DONE ends the request."),
    phase(Phase::HeaderParser, "HeaderParser", Hook::HeaderParser, REALLY_FIRST, Scope::Directory)
        .perl("PerlHeaderParserHandler").lua("LuaHeaderParserHandler")
        .perl_doc("Runs first of the phases that know their section; it does not run for subrequests. PerlInitHandler in a section is the same.")
        .doc("Runs first of the phases that know their section; it does not run for subrequests."),
    phase(Phase::Access, "Access", Hook::AccessChecker, REALLY_FIRST, Scope::Directory)
        .perl("PerlAccessHandler").lua("LuaAccessHandler").ordered_hooks(&["<LuaHookAccessChecker"], ANYWHERE)
        .doc("Allows or refuses by address, time and the like."),
    phase(Phase::Authen, "Authen", Hook::CheckUserId, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .perl("PerlAuthenHandler").lua("LuaAuthenHandler").ordered_hooks(&["<LuaHookCheckUserID"], ANYWHERE).lua_orders(AUTHEN)
        .doc("Finds out who the user is; it runs only where a Require line asks for a user."),
    phase(Phase::Authz, "Authz", Hook::AuthChecker, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .perl("PerlAuthzHandler").lua("LuaAuthzHandler").ordered_hooks(&["<LuaHookAuthChecker"], ANYWHERE)
        .doc("Finds out whether the user may see the page."),
    phase(Phase::Type, "Type", Hook::TypeChecker, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .perl("PerlTypeHandler").lua("LuaTypeHandler").hooks(&["<LuaHookTypeChecker"], ANYWHERE)
        .doc("Sets content type, language and handler."),
    phase(Phase::Fixup, "Fixup", Hook::Fixups, REALLY_FIRST, Scope::Directory)
        .perl("PerlFixupHandler").lua("LuaFixupHandler").hooks(&["<LuaHookFixups"], ANYWHERE).lua_orders(FIXUP)
        .doc("Runs last before the response."),
    phase(Phase::InsertFilter, "InsertFilter", Hook::InsertFilter, LAST, Scope::Directory)
        .run(Run::Void)
        .hooks(&["<LuaHookInsertFilter"], ANYWHERE)
        .doc("Runs when filters are put in place."),
    // Connection filters (those of server level) are put in place at pre_connection, at the same order.
    phase(Phase::InputFilter, "InputFilter", Hook::InsertFilter, LAST, Scope::Filter)
        .perl("PerlInputFilterHandler")
        .doc("Filters what is read."),
    phase(Phase::OutputFilter, "OutputFilter", Hook::InsertFilter, LAST, Scope::Filter)
        .perl("PerlOutputFilterHandler")
        .doc("Filters what is sent."),
    phase(Phase::Response, "Response", Hook::Handler, &[BEFORE_UPGRADES, Order::Middle], Scope::Directory)
        .run(Run::First)
        .perl("PerlResponseHandler").lua("LuaResponseHandler").lua_orders(RESPONSE)
        .perl_doc("Makes the page, under SetHandler modperl or perl-script. If all decline, another module may make it.")
        .doc("Makes the page, under SetHandler lua. If all decline, another module may make it."),
    phase(Phase::Log, "Log", Hook::LogTransaction, REALLY_FIRST, Scope::Directory)
        .perl("PerlLogHandler").lua("LuaLogHandler").hooks(&["<LuaHookLog"], ANYWHERE).lua_orders(LOG)
        .doc("Runs when the page was sent."),
    phase(Phase::Cleanup, "Cleanup", Hook::RequestPoolCleanup, &[], Scope::Directory)
        .perl("PerlCleanupHandler").lua("LuaCleanupHandler")
        .doc("Runs when the request is over and its memory is about to be freed; what the handler returns has no effect."),
];

/// Where a phase's handlers lie in the record of its scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// At this index of a server's record.
    Server(u8),
    /// At this index of a directory's record.
    Dir(u8),
}

const fn slots() -> ([Slot; Phase::COUNT], usize, usize) {
    let mut table = [Slot::Server(0); Phase::COUNT];
    let (mut server, mut dir, mut i) = (0, 0, 0);
    while i < Phase::COUNT {
        let row = &PHASES[i];
        assert!(row.phase as usize == i, "PHASES is not in the order of Phase");
        match row.scope {
            Scope::Directory | Scope::Filter => {
                table[i] = Slot::Dir(dir as u8);
                dir += 1;
            }
            _ => {
                table[i] = Slot::Server(server as u8);
                server += 1;
            }
        }
        i += 1;
    }
    (table, server, dir)
}

const SLOTS: [Slot; Phase::COUNT] = slots().0;
/// Handler stacks in a server's record.
pub const SERVER_SLOTS: usize = slots().1;
/// Handler stacks in a directory's record.
pub const DIR_SLOTS: usize = slots().2;

/// Lists of hooks per phase: early, middle, late.
const LISTS: usize = 3;

const fn hook_slots() -> ([Option<u8>; Phase::COUNT], usize) {
    let (mut table, mut n, mut i) = ([None; Phase::COUNT], 0, 0);
    while i < Phase::COUNT {
        if PHASES[i].hooks.is_some() {
            table[i] = Some(n as u8);
            n += LISTS;
        }
        i += 1;
    }
    (table, n)
}

const FIRST_HOOK_SLOT: [Option<u8>; Phase::COUNT] = hook_slots().0;
/// Lists of hooks in a directory's record.
pub const HOOK_SLOTS: usize = hook_slots().1;

impl Phase {
    /// How many phases there are.
    pub const COUNT: usize = Phase::Cleanup as usize + 1;

    /// The phase's row.
    #[must_use]
    pub const fn row(self) -> &'static PhaseRow {
        &PHASES[self as usize]
    }

    /// Its short name: `Access`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Name for messages: that of the Perl directive, else the short one.
    #[must_use]
    pub const fn directive_name(self) -> &'static str {
        match self.row().perl {
            Some(ref perl) => perl.directive,
            None => self.name(),
        }
    }

    /// The name for messages about handlers of a language: that of its directive, else the short one.
    #[must_use]
    pub const fn directive_of(self, language: Language) -> &'static str {
        match (self.row().of(language), &self.row().hooks) {
            (Some(row), _) => row.directive,
            (None, Some(hooks)) if matches!(language, Language::Lua) => hooks.directive(),
            _ => self.name(),
        }
    }

    /// Where its list of hooks at a position lies; `None` if there is none.
    #[inline]
    #[must_use]
    pub const fn hook_slot(self, position: Position) -> Option<usize> {
        match (FIRST_HOOK_SLOT[self as usize], position.list()) {
            (Some(first), Some(list)) => Some(first as usize + list),
            _ => None,
        }
    }

    /// Where its handlers lie.
    #[must_use]
    pub const fn slot(self) -> Slot {
        SLOTS[self as usize]
    }

    /// All phases, in order.
    pub fn all() -> impl Iterator<Item = Phase> {
        PHASES.iter().map(|row| row.phase)
    }

    /// The phase a script names, as mod_perl finds it: with or without `Perl`, by prefix (`Trans`, `TransHandler`,
    /// `PerlTransHandler`), case-sensitive; `Handler` or `PerlHandler` alone is the response. Phases without a Perl
    /// directive have no name here.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Phase> {
        let name = name.strip_prefix(b"Perl").or(name.strip_prefix(b"Lua")).unwrap_or(name);
        if name == b"Handler" {
            return Some(Phase::Response);
        }
        PHASES.iter().find(|row| row.perl.is_some() && name.starts_with(row.name.as_bytes())).map(|row| row.phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_of_mod_perl_has_its_hook_scope_and_run_rule() {
        use {Hook as H, Run as R, Scope as S};
        let expected = [
            ("PerlAccessHandler", H::AccessChecker, S::Directory, R::All),
            ("PerlAuthenHandler", H::CheckUserId, S::Directory, R::First),
            ("PerlAuthzHandler", H::AuthChecker, S::Directory, R::First),
            ("PerlChildExitHandler", H::ChildPoolCleanup, S::Process, R::Void),
            ("PerlChildInitHandler", H::ChildInit, S::Process, R::Void),
            ("PerlCleanupHandler", H::RequestPoolCleanup, S::Directory, R::All),
            ("PerlFixupHandler", H::Fixups, S::Directory, R::All),
            ("PerlHeaderParserHandler", H::HeaderParser, S::Directory, R::All),
            ("PerlInputFilterHandler", H::InsertFilter, S::Filter, R::Stream),
            ("PerlLogHandler", H::LogTransaction, S::Directory, R::All),
            ("PerlMapToStorageHandler", H::MapToStorage, S::Server, R::First),
            ("PerlOpenLogsHandler", H::OpenLogs, S::Files, R::Files),
            ("PerlOutputFilterHandler", H::InsertFilter, S::Filter, R::Stream),
            ("PerlPostConfigHandler", H::PostConfig, S::Files, R::Files),
            ("PerlPostReadRequestHandler", H::PostReadRequest, S::Server, R::All),
            ("PerlPreConnectionHandler", H::PreConnection, S::Connection, R::All),
            ("PerlProcessConnectionHandler", H::ProcessConnection, S::Connection, R::First),
            ("PerlResponseHandler", H::Handler, S::Directory, R::First),
            ("PerlTransHandler", H::TranslateName, S::Server, R::First),
            ("PerlTypeHandler", H::TypeChecker, S::Directory, R::First),
        ];
        for (directive, hook, scope, run) in expected {
            let row = PHASES.iter().find(|row| row.perl.is_some_and(|p| p.directive == directive)).expect(directive);
            assert_eq!((row.hook, row.scope, row.run), (hook, scope, run), "{directive}");
            assert_eq!(directive, format!("Perl{}Handler", row.name));
        }
        assert_eq!(PHASES.iter().filter(|row| row.perl.is_some()).count(), expected.len());
    }

    #[test]
    fn phases_without_a_perl_directive_have_rows() {
        for phase in [Phase::QuickHandler, Phase::PreTranslateName, Phase::InsertFilter] {
            assert!(phase.row().perl.is_none());
            assert!(phase.row().lua.is_none() && phase.row().hooks.is_some());
        }
    }

    #[test]
    fn request_phases_stand_really_first_others_first() {
        for row in &PHASES {
            let expected: &[Order] = match row.phase {
                Phase::ChildExit | Phase::Cleanup => &[],
                Phase::Response => &[BEFORE_UPGRADES, Order::Middle],
                Phase::InsertFilter | Phase::InputFilter | Phase::OutputFilter => &[Order::Last],
                Phase::QuickHandler => &[Order::First],
                _ if row.subject == Subject::Request => &[Order::ReallyFirst],
                _ => &[Order::First],
            };
            assert_eq!(row.orders, expected, "{}", row.name);
        }
    }

    #[test]
    fn each_phase_of_perl_but_filters_has_a_lua_directive_that_may_stand_in_the_same_places() {
        for row in &PHASES {
            let (perl, lua) = (row.perl.filter(|_| row.scope != Scope::Filter), row.lua);
            assert_eq!(lua.map(|l| l.directive.replacen("Lua", "Perl", 1)), perl.map(|p| p.directive.to_owned()));
            assert_eq!(lua.map(|l| l.contexts), perl.map(|p| p.contexts));
        }
    }

    #[test]
    fn hooks_of_lua_stand_where_mod_lua_has_them() {
        let at = |phase: Phase, position| {
            phase.row().lua_orders.iter().find(|(p, _)| *p == position).map(|(_, order)| order.number())
        };
        for row in PHASES.iter().filter(|row| row.hooks.is_some()) {
            let middle = match row.phase {
                Phase::QuickHandler | Phase::Log => 0,
                _ => 10,
            };
            let found = [Position::Early, Position::Middle, Position::Late].map(|position| at(row.phase, position));
            let late = if row.phase == Phase::Authen { 19 } else { 21 };
            assert_eq!(found, [Some(-1), Some(middle), Some(late)], "{}", row.name);
            assert_eq!(at(row.phase, Position::Handlers), row.lua.map(|_| -10), "{}", row.name);
        }
        assert_eq!(at(Phase::Fixup, Position::Map), Some(19));
        assert_eq!((at(Phase::Response, Position::Map), at(Phase::Response, Position::Handlers)), (Some(-1), Some(10)));
        for row in &PHASES {
            assert!(row.lua_orders.is_sorted_by_key(|(_, order)| order.number()), "{}", row.name);
            assert_eq!(row.order_count(Language::Lua), row.lua_orders.len());
            assert_eq!(row.order(Language::Lua, 0), row.lua_orders.first().map(|(_, order)| *order));
            assert_eq!(row.order(Language::Perl, 0), row.orders.first().copied());
        }
    }

    #[test]
    fn lists_of_hooks_are_dense_and_distinct() {
        let mut slots: Vec<usize> = Vec::new();
        for phase in Phase::all() {
            slots.extend(
                [Position::Early, Position::Middle, Position::Late].map(|p| phase.hook_slot(p)).iter().flatten(),
            );
            assert_eq!(phase.hook_slot(Position::Handlers), None);
        }
        assert_eq!(slots, (0..HOOK_SLOTS).collect::<Vec<_>>());
    }

    #[test]
    fn slots_are_dense_and_distinct_within_each_record() {
        let mut server: Vec<u8> = vec![];
        let mut dir: Vec<u8> = vec![];
        for phase in Phase::all() {
            match phase.slot() {
                Slot::Server(i) => server.push(i),
                Slot::Dir(i) => dir.push(i),
            }
        }
        assert!(server.iter().enumerate().all(|(i, &s)| i == s as usize));
        assert!(dir.iter().enumerate().all(|(i, &s)| i == s as usize));
        assert_eq!((server.len(), dir.len()), (SERVER_SLOTS, DIR_SLOTS));
    }

    #[test]
    fn names_are_found_by_prefix_with_or_without_perl() {
        for (name, phase) in [
            ("PerlTransHandler", Some(Phase::Trans)),
            ("TransHandler", Some(Phase::Trans)),
            ("Trans", Some(Phase::Trans)),
            ("Translate", Some(Phase::Trans)),
            ("PerlHandler", Some(Phase::Response)),
            ("Handler", Some(Phase::Response)),
            ("PerlResponseHandler", Some(Phase::Response)),
            ("PerlPostReadRequestHandler", Some(Phase::PostReadRequest)),
            ("PostConfig", Some(Phase::PostConfig)),
            ("HandlerX", None),
            ("PerlInitHandler", None),
            ("transhandler", None),
            ("QuickHandler", None),
            ("InsertFilter", None),
            ("", None),
            ("Perl", None),
        ] {
            assert_eq!(Phase::by_name(name.as_bytes()), phase, "{name}");
        }
        for row in PHASES.iter().filter(|row| row.perl.is_some()) {
            assert_eq!(Phase::by_name(row.phase.directive_name().as_bytes()), Some(row.phase));
        }
    }
}
