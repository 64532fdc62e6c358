//! THE table of phases: one row per place in httpd's life where a script may run.
//!
//! A phase is one row of [`PHASES`] and one name in [`Phase`]; httpd callbacks, handler slots, the directives
//! `Perl*Handler`, the switches of `PerlOptions` and the printed docs are derived from it.

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
    /// Before the URI is decoded and translated.
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

/// What a language's directive for a phase takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// A list of handlers.
    List,
    /// A file and a function; as a third word `early` or `late` where `placed` is true.
    FileFunction {
        /// Whether `early` or `late` may follow.
        placed: bool,
    },
    /// As [`Form::FileFunction`], or a block whose text is the handler.
    Block {
        /// Whether `early` or `late` may follow.
        placed: bool,
    },
    /// A name for the filter, a file and a function.
    FilterFunction,
}

/// What one language offers for a phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LangRow {
    /// Name of the directive.
    pub directive: &'static str,
    /// Where the directive may stand.
    pub contexts: Contexts,
    /// What follows the directive.
    pub form: Form,
    /// Handlers without any line: none, in all phases so far.
    pub default: &'static str,
    /// The option (`PerlOptions -Access`) that forbids the directive; empty where there is none.
    pub switch: &'static str,
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
    /// One callback for each. [`Phase::Response`] has two: the first only sees whether a handler that is not ours is
    /// about to run, and lets the interpreter go.
    pub orders: &'static [Order],
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
    /// The Lua side (mod_lua's directive).
    pub lua: Option<LangRow>,
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
    PhaseRow { phase, name, hook, orders, scope, run, subject, origin, perl: None, lua: None, doc: "" }
}

impl PhaseRow {
    const fn run(self, run: Run) -> Self {
        Self { run, ..self }
    }
    const fn perl(self, directive: &'static str) -> Self {
        let contexts = match self.scope {
            Scope::Directory | Scope::Filter => Contexts::ANYWHERE,
            _ => Contexts::SERVER,
        };
        let row = LangRow { directive, contexts, form: Form::List, default: "", switch: self.name };
        Self { perl: Some(row), ..self }
    }
    const fn lua(self, directive: &'static str, form: Form) -> Self {
        let row = LangRow { directive, contexts: Contexts::ANYWHERE, form, default: "", switch: "" };
        Self { lua: Some(row), ..self }
    }
    const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// Whether some language has a directive for it.
    #[must_use]
    pub const fn has_directive(&self) -> bool {
        self.perl.is_some() || self.lua.is_some()
    }
}

const FUNCTION: Form = Form::Block { placed: false };
const PLACED: Form = Form::Block { placed: true };
const FIRST: &[Order] = &[Order::First];
const REALLY_FIRST: &[Order] = &[Order::ReallyFirst];
const LAST: &[Order] = &[Order::Last];

/// The phases. Scope settles run rule, subject and origin unless the row says otherwise.
#[rustfmt::skip]
pub static PHASES: [PhaseRow; Phase::COUNT] = [
    phase(Phase::OpenLogs, "OpenLogs", Hook::OpenLogs, FIRST, Scope::Files)
        .perl("PerlOpenLogsHandler")
        .doc("When log files are opened. Only entries of the main server run; each must return OK, else the server does not start."),
    phase(Phase::PostConfig, "PostConfig", Hook::PostConfig, FIRST, Scope::Files)
        .perl("PerlPostConfigHandler")
        .doc("When the configuration is complete. Only entries of the main server run; each must return OK, else the server does not start."),
    phase(Phase::ChildInit, "ChildInit", Hook::ChildInit, FIRST, Scope::Process)
        .perl("PerlChildInitHandler")
        .doc("When a child process starts, in its parent interpreter. Only entries of the main server run."),
    phase(Phase::ChildExit, "ChildExit", Hook::ChildPoolCleanup, &[], Scope::Process)
        .perl("PerlChildExitHandler")
        .doc("When a child process ends, before END blocks. Only entries of the main server run."),
    phase(Phase::PreConnection, "PreConnection", Hook::PreConnection, FIRST, Scope::Connection)
        .perl("PerlPreConnectionHandler")
        .doc("When a connection was accepted. Entries are those of the port's first server."),
    phase(Phase::ProcessConnection, "ProcessConnection", Hook::ProcessConnection, FIRST, Scope::Connection)
        .run(Run::First)
        .perl("PerlProcessConnectionHandler")
        .doc("Speaks the connection's protocol; OK means it did. Entries are those of the port's first server."),
    phase(Phase::QuickHandler, "QuickHandler", Hook::QuickHandler, FIRST, Scope::Server)
        .run(Run::First)
        .lua("LuaQuickHandler", FUNCTION)
        .doc("Before any other phase of a request; OK means the page was made."),
    phase(Phase::PostReadRequest, "PostReadRequest", Hook::PostReadRequest, REALLY_FIRST, Scope::Server)
        .perl("PerlPostReadRequestHandler")
        .doc("When the request's headers were read. PerlInitHandler at server level is the same."),
    phase(Phase::PreTranslateName, "PreTranslateName", Hook::PreTranslateName, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .lua("LuaHookPreTranslateName", FUNCTION)
        .doc("Before the URI is decoded and translated."),
    phase(Phase::Trans, "Trans", Hook::TranslateName, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .perl("PerlTransHandler").lua("LuaHookTranslateName", PLACED)
        .doc("Translates the URI to a file name."),
    phase(Phase::MapToStorage, "MapToStorage", Hook::MapToStorage, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .perl("PerlMapToStorageHandler").lua("LuaHookMapToStorage", FUNCTION)
        .doc("Finds the directory's configuration; OK skips <Directory> sections and .htaccess, DONE ends the request."),
    phase(Phase::HeaderParser, "HeaderParser", Hook::HeaderParser, REALLY_FIRST, Scope::Directory)
        .perl("PerlHeaderParserHandler")
        .doc("First phase that knows its section; not run for subrequests. PerlInitHandler in a section is the same."),
    phase(Phase::Access, "Access", Hook::AccessChecker, REALLY_FIRST, Scope::Directory)
        .perl("PerlAccessHandler").lua("LuaHookAccessChecker", PLACED)
        .doc("Allows or refuses by address, time and the like."),
    phase(Phase::Authen, "Authen", Hook::CheckUserId, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .perl("PerlAuthenHandler").lua("LuaHookCheckUserID", PLACED)
        .doc("Finds out who the user is; run only where a Require line asks for one."),
    phase(Phase::Authz, "Authz", Hook::AuthChecker, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .perl("PerlAuthzHandler").lua("LuaHookAuthChecker", PLACED)
        .doc("Finds out whether the user may see the page."),
    phase(Phase::Type, "Type", Hook::TypeChecker, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .perl("PerlTypeHandler").lua("LuaHookTypeChecker", FUNCTION)
        .doc("Sets content type, language and handler."),
    phase(Phase::Fixup, "Fixup", Hook::Fixups, REALLY_FIRST, Scope::Directory)
        .perl("PerlFixupHandler").lua("LuaHookFixups", FUNCTION)
        .doc("Last phase before the response."),
    phase(Phase::InsertFilter, "InsertFilter", Hook::InsertFilter, LAST, Scope::Directory)
        .run(Run::Void)
        .lua("LuaHookInsertFilter", Form::FileFunction { placed: false })
        .doc("When filters are put in place."),
    // Connection filters (those of server level) are put in place at pre_connection, at the same order.
    phase(Phase::InputFilter, "InputFilter", Hook::InsertFilter, LAST, Scope::Filter)
        .perl("PerlInputFilterHandler").lua("LuaInputFilter", Form::FilterFunction)
        .doc("Filters what is read."),
    phase(Phase::OutputFilter, "OutputFilter", Hook::InsertFilter, LAST, Scope::Filter)
        .perl("PerlOutputFilterHandler").lua("LuaOutputFilter", Form::FilterFunction)
        .doc("Filters what is sent."),
    phase(Phase::Response, "Response", Hook::Handler, &[Order::ReallyFirst, Order::Middle], Scope::Directory)
        .run(Run::First)
        .perl("PerlResponseHandler")
        .doc("Makes the page, under SetHandler modperl or perl-script. If all decline, another module may make it."),
    phase(Phase::Log, "Log", Hook::LogTransaction, REALLY_FIRST, Scope::Directory)
        .perl("PerlLogHandler").lua("LuaHookLog", Form::FileFunction { placed: false })
        .doc("When the page was sent."),
    phase(Phase::Cleanup, "Cleanup", Hook::RequestPoolCleanup, &[], Scope::Directory)
        .perl("PerlCleanupHandler")
        .doc("When the request is over and its memory about to be freed; the result is of no effect."),
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
        let name = name.strip_prefix(b"Perl").unwrap_or(name);
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
            assert!(phase.row().lua.is_some());
        }
    }

    #[test]
    fn request_phases_stand_really_first_others_first() {
        for row in &PHASES {
            let expected: &[Order] = match row.phase {
                Phase::ChildExit | Phase::Cleanup => &[],
                Phase::Response => &[Order::ReallyFirst, Order::Middle],
                Phase::InsertFilter | Phase::InputFilter | Phase::OutputFilter => &[Order::Last],
                Phase::QuickHandler => &[Order::First],
                _ if row.subject == Subject::Request => &[Order::ReallyFirst],
                _ => &[Order::First],
            };
            assert_eq!(row.orders, expected, "{}", row.name);
        }
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
