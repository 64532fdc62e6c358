//! THE table of phases: one row per place in httpd's life where a script may run.
//!
//! A row is all there is of a phase: httpd's callbacks, handler slots, the directives `Perl*Handler`, `Lua*Handler` and
//! `LuaHook*`, the switches of `PerlOptions`, the names by which scripts push handlers, and the printed docs are derived from
//! it. A hook of httpd's that no phase has had before is also named in `hooks` and in `httpd::hook`.

use crate::hooks::{Heeds, Hook, Order, Position, Run, Scope};
use crate::vocabulary::{Contexts, Language, Unlike, When};

/// The directive by which one language adds handlers to a phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LangRow {
    /// Name of the directive.
    pub directive: &'static str,
    /// Where the directive may stand.
    pub contexts: Contexts,
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
    /// Which of them httpd looks at.
    pub heeds: Heeds,
    /// The Perl side.
    pub perl: Option<LangRow>,
    /// The Lua side.
    pub lua: Option<LangRow>,
    /// mod_lua's directives.
    pub hooks: Option<HookRow>,
    /// Whether its handlers may make the page: what they print is sent.
    pub may_answer: bool,
    /// Whether mod_perl does not have it.
    pub is_ours: bool,
    /// A line or two for the administrator.
    doc: &'static str,
    /// The same for Perl's, if that differs.
    perl_doc: &'static str,
    /// As [`crate::Directive::unlike`], of Perl's.
    pub(crate) unlike: Unlike,
}

const fn phase(hook: Hook, orders: &'static [Order], scope: Scope) -> PhaseRow {
    let run = match scope {
        Scope::Process | Scope::Interpreter => Run::Void,
        Scope::Files => Run::Files,
        Scope::Connection | Scope::Server | Scope::Directory => Run::All,
        Scope::Filter => Run::Stream,
    };
    let (phase, name, doc, perl_doc) = (Phase::OpenLogs, "", "", "");
    let (may_answer, is_ours) = (false, false);
    let (perl, lua, hooks, lua_orders) = (None, None, None, &[]);
    PhaseRow {
        phase,
        name,
        hook,
        orders,
        lua_orders,
        scope,
        run,
        heeds: Heeds::All,
        perl,
        lua,
        hooks,
        may_answer,
        is_ours,
        doc,
        perl_doc,
        unlike: Unlike::NOTHING,
    }
}

impl PhaseRow {
    const fn run(self, run: Run) -> Self {
        Self { run, ..self }
    }
    const fn heeds(self, heeds: Heeds) -> Self {
        Self { heeds, ..self }
    }
    const fn unlike(self, when: When, text: &'static str) -> Self {
        Self { unlike: Unlike::new(when, text), ..self }
    }
    /// The directive's name comes with the phase's: see [`PhaseRow::with`].
    const fn lang_row(&self) -> Option<LangRow> {
        let contexts = match self.scope {
            Scope::Directory | Scope::Filter => Contexts::ANYWHERE,
            Scope::Interpreter => Contexts::SERVER.and(Contexts::CLASS),
            _ => Contexts::SERVER,
        };
        Some(LangRow { directive: "", contexts })
    }
    const fn perl(self) -> Self {
        Self { perl: self.lang_row(), ..self }
    }
    const fn lua(self) -> Self {
        let lua_orders = match self.orders {
            [] => &[],
            [Order::First] => HANDLERS_FIRST,
            _ => HANDLERS,
        };
        Self { lua: self.lang_row(), lua_orders, ..self }
    }
    /// Both languages have a directive for handlers.
    const fn both(self) -> Self {
        self.perl().lua()
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
    const fn answers(self) -> Self {
        Self { may_answer: true, ..self }
    }
    const fn ours(self) -> Self {
        Self { is_ours: true, ..self }
    }
    const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }
    const fn perl_doc(self, perl_doc: &'static str) -> Self {
        Self { perl_doc, ..self }
    }
    /// The row with its names: that of the phase, of Perl's directive and of Lua's.
    const fn with(self, phase: Phase, name: &'static str, perl: &'static str, lua: &'static str) -> Self {
        const fn named(row: Option<LangRow>, directive: &'static str) -> Option<LangRow> {
            match row {
                Some(row) => Some(LangRow { directive, ..row }),
                None => None,
            }
        }
        Self { phase, name, perl: named(self.perl, perl), lua: named(self.lua, lua), ..self }
    }

    /// A line or two for the administrator who writes a language's directive.
    #[must_use]
    pub const fn doc_of(&self, language: Language) -> &'static str {
        match language {
            Language::Perl if !self.perl_doc.is_empty() => self.perl_doc,
            _ => self.doc,
        }
    }

    /// Whether httpd heeds a result of this phase that is neither `OK` nor `DECLINED`.
    #[must_use]
    pub fn is_heeded(&self, result: i32) -> bool {
        match self.heeds {
            Heeds::All => true,
            Heeds::ErrorsAndDone => result == DONE || is_error(result),
            Heeds::OnlyDeclined | Heeds::Nothing => false,
        }
    }

    /// What httpd is told for the result of a phase.
    #[must_use]
    pub const fn told(&self, result: i32) -> i32 {
        match self.heeds {
            Heeds::OnlyDeclined if result != DECLINED => OK,
            _ => result,
        }
    }

    /// Whether httpd ends a request for this result, which is neither `OK` nor `DECLINED`.
    #[must_use]
    pub fn ends_request(&self, result: i32) -> bool {
        match self.heeds {
            Heeds::All => self.run != Run::Void,
            Heeds::ErrorsAndDone => is_error(result),
            Heeds::OnlyDeclined | Heeds::Nothing => false,
        }
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

/// httpd's `OK` and `DECLINED`.
const OK: i32 = 0;
const DECLINED: i32 = -1;
/// httpd's `DONE`.
const DONE: i32 = -2;

/// `ap_is_HTTP_ERROR`.
fn is_error(result: i32) -> bool {
    (400..600).contains(&result)
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

/// `phases! { Name = row; ... }` is the enum [`Phase`] with these names, and [`PHASES`], the rows with the names of their
/// directives, `PerlNameHandler` and `LuaNameHandler`.
macro_rules! phases {
    ($($name:ident = $row:expr;)*) => {
        /// The phases, in the order in which a server and then a request meets them. The number indexes [`PHASES`].
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[allow(missing_docs)] // each is described in its row
        pub enum Phase { $($name),* }

        const COUNT: usize = [$(Phase::$name),*].len();

        /// The phases. Scope settles the run rule unless the row says otherwise.
        pub static PHASES: [PhaseRow; COUNT] = [$($row.with(
            Phase::$name,
            stringify!($name),
            concat!("Perl", stringify!($name), "Handler"),
            concat!("Lua", stringify!($name), "Handler"),
        )),*];
    };
}

phases! {
    OpenLogs = phase(Hook::OpenLogs, FIRST, Scope::Files)
        .both()
        .doc("Runs when httpd opens its log files. Only entries of the main server run; each must return OK, else the server does not start.");
    PostConfig = phase(Hook::PostConfig, FIRST, Scope::Files)
        .both()
        .doc("Runs when the configuration is complete. Only entries of the main server run; each must return OK, else the server does not start.");
    ChildInit = phase(Hook::ChildInit, FIRST, Scope::Process)
        .both()
        .doc("Runs when a child process starts, in its parent interpreter. Only entries of the main server run.");
    ChildExit = phase(Hook::ChildPoolCleanup, &[], Scope::Process)
        .both()
        .unlike(When::WithoutThreads, "It is skipped where a signal ends the child in the middle of a handler; with mod_perl it may then run in the middle of a statement.")
        .perl_doc("Runs when a child process ends, before END blocks. Only entries of the main server run.")
        .doc("Runs when a child process ends. Only entries of the main server run.");
    InterpSpawn = phase(Hook::Interpreter, &[], Scope::Interpreter)
        .both().ours()
        .doc("Runs in the parent interpreter before others are made of it: when the server starts, and whenever a process makes more of them. It is called with the server and how many are about to be made. Without threads, where each process has the parent itself, it runs once at the start.");
    InterpInit = phase(Hook::Interpreter, &[], Scope::Interpreter)
        .both().ours()
        .doc("Runs in each interpreter before it is used first, in the process in which it is used. It is called with the server and a word: request in an interpreter that serves requests, job in one for a run of a job.");
    InterpExit = phase(Hook::Interpreter, &[], Scope::Interpreter)
        .both().ours()
        .perl_doc("Runs once in each interpreter that InterpInit has run in, when it ends, before END blocks and DESTROY: with its process, or when another one takes its place. It is called as PerlInterpInitHandler.")
        .doc("Runs once in each interpreter that InterpInit has run in, when it ends: with its process, or when another one takes its place. It is called as LuaInterpInitHandler.");
    PreConnection = phase(Hook::PreConnection, FIRST, Scope::Connection)
        .both()
        .doc("Runs when a connection was accepted. The handlers are those of the first server of its port.");
    ProcessConnection = phase(Hook::ProcessConnection, FIRST, Scope::Connection)
        .run(Run::First)
        .both()
        .doc("Speaks the connection's protocol; OK means that it did, DECLINED leaves the connection to httpd. It is asked once for a connection, and not for the streams of HTTP/2. The handlers are those of the first server of its port.");
    Quick = phase(Hook::QuickHandler, REALLY_FIRST, Scope::Server)
        .run(Run::First).answers()
        .perl().ours().hooks(&["<LuaQuickHandler"], NO_DIRECTORY).lua_orders(QUICK)
        .perl_doc("Runs before any other phase of a request, with no URI translated and nobody's access checked. The handler may print; OK means that the page was made. It is called with the request and a second argument: true where a subrequest is only looked up, so that nothing that it prints is sent, and OK means that the page would be made.")
        .doc("Runs before any other phase of a request; OK means that the page was made. It does not run where a subrequest is only looked up.");
    PostReadRequest = phase(Hook::PostReadRequest, REALLY_FIRST, Scope::Server)
        .both()
        .perl_doc("Runs when the request's headers were read. PerlInitHandler at server level is the same.")
        .doc("Runs when the request's headers were read.");
    PreTranslate = phase(Hook::PreTranslateName, REALLY_FIRST, Scope::Server)
        .run(Run::First).heeds(Heeds::ErrorsAndDone)
        // The first is what mod_lua has, the other what its manual says.
        .both().ours().hooks(&["<LuaHookPreTranslateName", "<LuaHookPreTranslate"], ANYWHERE)
        .doc("Runs before the URI is decoded and translated, where httpd heeds no redirect: that belongs to the next phase. DONE leaves the URI as it is, undecoded. It does not run for subrequests.");
    Trans = phase(Hook::TranslateName, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .both().ordered_hooks(&["<LuaHookTranslateName"], NO_DIRECTORY)
        .doc("Translates the URI to a file name.");
    MapToStorage = phase(Hook::MapToStorage, REALLY_FIRST, Scope::Server)
        .run(Run::First)
        .both().hooks(&["<LuaHookMapToStorage"], ANYWHERE)
        .doc("Finds the directory's configuration; OK skips <Directory> sections and .htaccess, DONE ends the request.");
    PostPerdirConfig = phase(Hook::PostPerdirConfig, REALLY_FIRST, Scope::Directory)
        .both().ours()
        .doc("Runs when the configuration of the section is known, for subrequests, too.");
    HeaderParser = phase(Hook::HeaderParser, REALLY_FIRST, Scope::Directory)
        .both()
        .perl_doc("Runs first of the phases that know their section; it does not run for subrequests. PerlInitHandler in a section is the same.")
        .doc("Runs first of the phases that know their section; it does not run for subrequests.");
    Access = phase(Hook::AccessChecker, REALLY_FIRST, Scope::Directory)
        .both().ordered_hooks(&["<LuaHookAccessChecker"], ANYWHERE)
        .doc("Allows or refuses by address, time and the like.");
    AccessEx = phase(Hook::AccessCheckerEx, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .both().ours()
        .doc("Runs after the access handlers. OK lets the request in without a user: what asks for one is skipped.");
    ForceAuthn = phase(Hook::ForceAuthn, REALLY_FIRST, Scope::Directory)
        .run(Run::First).heeds(Heeds::OnlyDeclined)
        .both().ours()
        .doc("Runs where a request is let in without a user. OK has the user found out nevertheless, by the handlers of the next two phases; so has a handler that fails or finds no interpreter.");
    Authen = phase(Hook::CheckUserId, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .both().ordered_hooks(&["<LuaHookCheckUserID"], ANYWHERE).lua_orders(AUTHEN)
        .doc("Finds out who the user is; it runs only where a Require line asks for a user.");
    Authz = phase(Hook::AuthChecker, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .both().ordered_hooks(&["<LuaHookAuthChecker"], ANYWHERE)
        .doc("Finds out whether the user may see the page.");
    Type = phase(Hook::TypeChecker, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .both().hooks(&["<LuaHookTypeChecker"], ANYWHERE)
        .doc("Sets content type, language and handler.");
    Fixup = phase(Hook::Fixups, REALLY_FIRST, Scope::Directory)
        .both().hooks(&["<LuaHookFixups"], ANYWHERE).lua_orders(FIXUP)
        .doc("Runs last before the response.");
    InsertFilter = phase(Hook::InsertFilter, REALLY_FIRST, Scope::Directory)
        .run(Run::Void)
        .both().ours().hooks(&["<LuaHookInsertFilter"], ANYWHERE)
        .doc("Runs when filters are put in place, before the response; what the handler returns has no effect.");
    InsertErrorFilter = phase(Hook::InsertErrorFilter, REALLY_FIRST, Scope::Directory)
        .run(Run::Void)
        .both().ours()
        .doc("Runs when httpd is about to send an error page of its own, and filters are put in place for it; what the handler returns has no effect.");
    NoteAuthFailure = phase(Hook::NoteAuthFailure, REALLY_FIRST, Scope::Directory)
        .run(Run::First)
        .both().ours()
        .doc("Runs where the client is asked to authenticate by an AuthType; OK means that the handler has set the header that asks.");
    // Filters of a connection (those of server level) are put in place before its first phase, PreConnection.
    InputFilter = phase(Hook::InsertFilter, LAST, Scope::Filter)
        .perl()
        .doc("Filters what is read: a request's body, or with the attribute FilterConnectionHandler, at server level, all that comes from a client. Each handler is a filter of its own, the first one is the nearest to the script that reads.");
    OutputFilter = phase(Hook::InsertFilter, LAST, Scope::Filter)
        .perl()
        .doc("Filters what is sent: an answer's content, or with the attribute FilterConnectionHandler, at server level, all that goes to a client. Each handler is a filter of its own, the first one gets the content first.");
    Response = phase(Hook::Handler, &[BEFORE_UPGRADES, Order::Middle], Scope::Directory)
        .run(Run::First).answers()
        .both().lua_orders(RESPONSE)
        .perl_doc("Makes the page, under SetHandler modperl or perl-script. If all decline, another module may make it.")
        .doc("Makes the page, under SetHandler lua. If all decline, another module may make it.");
    Log = phase(Hook::LogTransaction, REALLY_FIRST, Scope::Directory)
        .both().hooks(&["<LuaHookLog"], ANYWHERE).lua_orders(LOG)
        .unlike(When::WithThreads, "It runs when the answer is complete and on its way, not when a slow client has read its last byte: $r->connection->aborted does not know what the client does later.")
        .doc("Runs when the page was sent.");
    Cleanup = phase(Hook::RequestPoolCleanup, &[], Scope::Directory)
        .heeds(Heeds::Nothing)
        .both()
        .unlike(When::WithThreads, "It runs when the answer is complete and on its way, not when a slow client has read its last byte.")
        .doc("Runs when the request is over and its memory is about to be freed.");
}

impl Phase {
    /// How many phases there are.
    pub const COUNT: usize = COUNT;

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

    /// All phases, in order.
    pub fn all() -> impl Iterator<Item = Phase> {
        PHASES.iter().map(|row| row.phase)
    }

    /// The phase a script names, as mod_perl finds it: with or without `Perl`, by prefix (`Trans`, `TransHandler`,
    /// `PerlTransHandler`, `LuaTransHandler`), case-sensitive; `Handler` or `PerlHandler` alone is the response. A phase for which the
    /// language has no directive has no name here. Of two names the longer one is meant.
    #[must_use]
    pub fn by_name(language: Language, name: &[u8]) -> Option<Phase> {
        let name = name.strip_prefix(b"Perl").or(name.strip_prefix(b"Lua")).unwrap_or(name);
        if name == b"Handler" {
            return Some(Phase::Response);
        }
        let named = PHASES.iter().filter(|row| row.of(language).is_some() && name.starts_with(row.name.as_bytes()));
        named.max_by_key(|row| row.name.len()).map(|row| row.phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_place_in_the_order_of_phases_and_its_callbacks_in_theirs() {
        for (place, row) in PHASES.iter().enumerate() {
            assert_eq!(row.phase as usize, place, "{}", row.name);
            assert!(row.lua_orders.is_sorted_by_key(|(_, order)| order.number()), "{}", row.name);
            assert!(!row.doc_of(Language::Perl).is_empty() && !row.doc_of(Language::Lua).is_empty(), "{}", row.name);
        }
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
            ("PerlQuickHandler", Some(Phase::Quick)),
            ("PerlAccessHandler", Some(Phase::Access)),
            ("PerlAccessExHandler", Some(Phase::AccessEx)),
            ("", None),
            ("Perl", None),
        ] {
            assert_eq!(Phase::by_name(Language::Perl, name.as_bytes()), phase, "{name}");
        }
        for row in PHASES.iter().filter(|row| row.perl.is_some()) {
            assert_eq!(Phase::by_name(Language::Perl, row.phase.directive_name().as_bytes()), Some(row.phase));
            assert_eq!(Phase::by_name(Language::Perl, row.name.as_bytes()), Some(row.phase));
        }
    }
}
