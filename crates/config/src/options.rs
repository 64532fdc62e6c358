//! THE tables of `PerlOptions` and `LuaOptions`, and the flags they set. A bit means the same in both.
//!
//! Rules of mod_perl that the flags keep: `+` and `-` survive a merge; a flag without a sign acts where no merge
//! onto an outer scope happens (the main server, and its defaults for directories) and is lost elsewhere, though it
//! counts as mentioned. Names are case-sensitive.

use std::collections::HashMap;

use lazy_static::lazy_static;

use crate::phases::{Language, PHASES, Phase, Scope};

/// Options of a server that are not the switch of a phase.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)] // each is described in its row of SERVER_OPTIONS
pub enum ServerOption {
    Enable,
    Clone,
    Parent,
    Autoload,
    MergeHandlers,
    InheritSwitches,
    ConfigTest,
    Htaccess,
    LogStderr,
}

/// Options of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)] // each is described in its row of DIR_OPTIONS
pub enum DirOption {
    GlobalRequest,
    ParseHeaders,
    SetupEnv,
    MergeHandlers,
    WatchGlobals,
}

/// One option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionRow {
    /// As it is written.
    pub name: &'static str,
    /// Another spelling that is accepted; empty if none.
    pub alias: &'static str,
    /// Its bit in the flags of its scope; 0 for a name that is accepted without effect.
    pub bit: u64,
    /// The phase whose directive it allows, if it is such a switch.
    pub phase: Option<Phase>,
    /// Whether it is on without any line.
    pub default: bool,
    /// Whether it can be switched on only with a perl that has ithreads.
    pub needs_ithreads: bool,
    /// Whether the documents and error messages offer it.
    pub listed: bool,
    /// The default as text, if on or off does not tell all.
    pub default_text: &'static str,
    /// A line for the administrator.
    pub doc: &'static str,
}

impl OptionRow {
    /// Whether it is the row of that option of directories.
    pub(crate) const fn is(&self, option: DirOption) -> bool {
        self.bit == 1 << option as u64
    }
    const fn on(self) -> Self {
        Self { default: true, ..self }
    }
    const fn alias(self, alias: &'static str) -> Self {
        Self { alias, ..self }
    }
    const fn needs_ithreads(self) -> Self {
        Self { needs_ithreads: true, ..self }
    }
    const fn default_text(self, default_text: &'static str) -> Self {
        Self { default_text, ..self }
    }
    const fn unlisted(self) -> Self {
        Self { listed: false, ..self }
    }
}

const fn option(name: &'static str, bit: u64, doc: &'static str) -> OptionRow {
    let (default, needs_ithreads, listed) = (false, false, true);
    OptionRow { name, alias: "", bit, phase: None, default, needs_ithreads, listed, default_text: "", doc }
}

const fn server(name: &'static str, option_: ServerOption, doc: &'static str) -> OptionRow {
    option(name, 1 << option_ as u64, doc)
}

const fn dir(name: &'static str, option_: DirOption, doc: &'static str) -> OptionRow {
    option(name, 1 << option_ as u64, doc)
}

#[rustfmt::skip]
const SERVER_ROWS: &[OptionRow] = &[
    server("Enable", ServerOption::Enable, "Switches the module on for this server. With -Enable a line that names a handler is an error, and a virtual host has no interpreter.").on(),
    server("Clone", ServerOption::Clone, "Gives the virtual host its own interpreters, cloned from the main server's parent.").needs_ithreads(),
    server("Parent", ServerOption::Parent, "Gives the virtual host its own parent interpreter and so its own namespace, switches and modules; implies Clone.").needs_ithreads(),
    // "Autoload" is what mod_perl's code accepts, "AutoLoad" what its manual says.
    server("Autoload", ServerOption::Autoload, "Loads the modules of handlers at start-up; a failure ends the start, and `httpd -t` finds it before. A + before a handler's name does this for that handler alone, a - exempts it.").alias("AutoLoad"),
    server("MergeHandlers", ServerOption::MergeHandlers, "Runs the handlers of the virtual host after those of the main server, in whose place they would run otherwise. It concerns the phases that know no directory yet."),
    server("InheritSwitches", ServerOption::InheritSwitches, "Starts the Perl of a virtual host with +Parent by the main server's PerlSwitches, in place of its own. PerlSwitches +inherit does the same."),
    server("ConfigTest", ServerOption::ConfigTest, "`httpd -t` builds the parent interpreters, loads what PerlRequire and PerlModule name, and resolves early handlers. With -ConfigTest only what a directive forces is run there.").on(),
    server("Htaccess", ServerOption::Htaccess, "Obeys directives that run code (handlers, PerlModule, PerlRequire) in .htaccess files. Whoever may write such a file may then run code as the server's user."),
    server("LogStderr", ServerOption::LogStderr, "What Perl code warns, or prints to STDERR, becomes lines of the error log at level warn, with client and module. With -LogStderr it goes there as it is, as with mod_perl.").on(),
    option("None", 0, "Is accepted and has no effect.").unlisted(),
    option("Unset", 0, "Is accepted and has no effect.").unlisted(),
];

/// First bit of the phases' switches.
const FIRST_SWITCH: u64 = 16;

const fn switch_bit(phase: Phase) -> u64 {
    1 << (FIRST_SWITCH + phase as u64)
}

const SWITCHES: usize = {
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        n += PHASES[i].perl.is_some() as usize;
        i += 1;
    }
    n
};

/// The options of a server: the rows above, and a switch for each phase that has a directive.
pub static SERVER_OPTIONS: [OptionRow; SERVER_ROWS.len() + SWITCHES] = {
    let mut rows = [SERVER_ROWS[0]; SERVER_ROWS.len() + SWITCHES];
    let mut n = 0;
    while n < SERVER_ROWS.len() {
        rows[n] = SERVER_ROWS[n];
        n += 1;
    }
    let mut i = 0;
    while i < PHASES.len() {
        if let Some(perl) = PHASES[i].perl {
            let doc = "Allows the directive of this phase. Where it is switched off such a line is an error; the option must stand before the lines that it is to forbid.";
            let mut row = option(perl.switch, switch_bit(PHASES[i].phase), doc).on();
            row.listed = !matches!(PHASES[i].scope, Scope::Filter);
            rows[n] = OptionRow { phase: Some(PHASES[i].phase), ..row };
            n += 1;
        }
        i += 1;
    }
    rows
};

/// The options of a server in Lua.
#[rustfmt::skip]
pub static LUA_SERVER_OPTIONS: [OptionRow; 7] = [
    server("Enable", ServerOption::Enable, "Switches the module on for this server. With -Enable a line that names a handler or script is an error, and a virtual host has no interpreter.").on(),
    server("Clone", ServerOption::Clone, "Gives the virtual host its own interpreters, made as the main server's are."),
    server("Parent", ServerOption::Parent, "Gives the virtual host its own parent interpreter and so its own start-up code; implies Clone."),
    server("AutoLoad", ServerOption::Autoload, "Loads the modules and scripts of handlers at start-up; a failure ends the start, and `httpd -t` finds it before. A + before a handler's name does this for that handler alone, a - exempts it.").alias("Autoload"),
    server("MergeHandlers", ServerOption::MergeHandlers, "Runs the handlers of the virtual host after those of the main server, in whose place they would run otherwise. It concerns the phases that know no directory yet."),
    server("ConfigTest", ServerOption::ConfigTest, "`httpd -t` starts the parent interpreters, loads what LuaRequire and LuaModule name, and resolves early handlers. With -ConfigTest only what a directive forces is run there.").on(),
    server("Htaccess", ServerOption::Htaccess, "Directives that run code or say which code runs (handlers, hooks, LuaMapHandler, LuaModule, LuaRequire, LuaInherit, LuaRoot and package paths) are obeyed in .htaccess files, and so is a SetHandler lua-script that such a file chooses, by whatever directive. Whoever may write such a file may then run code as the server's user."),
];

/// The options of a directory in Lua.
#[rustfmt::skip]
pub static LUA_DIR_OPTIONS: [OptionRow; 2] = [
    dir("MergeHandlers", DirOption::MergeHandlers, "Runs the handlers of an inner section after those of the outer one, in whose place they would run otherwise. Hooks follow LuaInherit."),
    dir("WatchGlobals", DirOption::WatchGlobals, "Writes a line into the error log for each global that a script makes, with file and line. It is meant for development."),
];

/// The options of a server in a language.
#[must_use]
pub fn server_options(language: Language) -> &'static [OptionRow] {
    match language {
        Language::Perl => &SERVER_OPTIONS,
        Language::Lua => &LUA_SERVER_OPTIONS,
    }
}

/// The options of a directory in a language.
#[must_use]
pub fn dir_options(language: Language) -> &'static [OptionRow] {
    match language {
        Language::Perl => &DIR_OPTIONS,
        Language::Lua => &LUA_DIR_OPTIONS,
    }
}

/// The options of a directory.
#[rustfmt::skip]
pub static DIR_OPTIONS: [OptionRow; 6] = [
    dir("GlobalRequest", DirOption::GlobalRequest, "Lets Apache2::RequestUtil->request give the current request.").default_text("on for perl-script, else off"),
    dir("ParseHeaders", DirOption::ParseHeaders, "Takes what a response prints first as a block of CGI headers."),
    dir("SetupEnv", DirOption::SetupEnv, "%ENV has the CGI variables while the response runs.").default_text("on for perl-script, else off"),
    dir("MergeHandlers", DirOption::MergeHandlers, "Runs the handlers of an inner section after those of the outer one, in whose place they would run otherwise."),
    option("None", 0, "Is accepted and has no effect.").unlisted(),
    option("Unset", 0, "Is accepted and has no effect.").unlisted(),
];

type ByName = HashMap<&'static str, &'static OptionRow>;

fn by_name(rows: &'static [OptionRow]) -> ByName {
    let names = |row: &'static OptionRow| [row.name, row.alias].into_iter().filter(|n| !n.is_empty());
    rows.iter().flat_map(|row| names(row).map(move |name| (name, row))).collect()
}

lazy_static! {
    static ref SERVER_BY_NAME: ByName = by_name(&SERVER_OPTIONS);
    static ref DIR_BY_NAME: ByName = by_name(&DIR_OPTIONS);
    static ref LUA_SERVER_BY_NAME: ByName = by_name(&LUA_SERVER_OPTIONS);
    static ref LUA_DIR_BY_NAME: ByName = by_name(&LUA_DIR_OPTIONS);
}

fn find(map: &ByName, name: &[u8]) -> Option<&'static OptionRow> {
    map.get(std::str::from_utf8(name).ok()?).copied()
}

/// The row of a server's option, as `is_perl_option_enabled` of a server looks it up.
#[must_use]
pub fn server_option(name: &[u8]) -> Option<&'static OptionRow> {
    find(&SERVER_BY_NAME, name)
}

/// The row of a directory's option.
#[must_use]
pub fn dir_option(name: &[u8]) -> Option<&'static OptionRow> {
    find(&DIR_BY_NAME, name)
}

/// The row of a server's option in a language.
#[must_use]
pub fn server_option_of(language: Language, name: &[u8]) -> Option<&'static OptionRow> {
    match language {
        Language::Perl => server_option(name),
        Language::Lua => find(&LUA_SERVER_BY_NAME, name),
    }
}

/// The row of a directory's option in a language.
#[must_use]
pub fn dir_option_of(language: Language, name: &[u8]) -> Option<&'static OptionRow> {
    match language {
        Language::Perl => dir_option(name),
        Language::Lua => find(&LUA_DIR_BY_NAME, name),
    }
}

/// The sign before an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// Nothing: as `+` here, and lost in a merge.
    Bare,
}

/// Splits `+Name` into sign and name.
#[must_use]
pub fn signed(word: &[u8]) -> (Sign, &[u8]) {
    match word {
        [b'+', name @ ..] => (Sign::Plus, name),
        [b'-', name @ ..] => (Sign::Minus, name),
        name => (Sign::Bare, name),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Flags {
    on: u64,
    added: u64,
    removed: u64,
    seen: u64,
}

impl Flags {
    fn set(&mut self, sign: Sign, bit: u64) {
        self.seen |= bit;
        match sign {
            Sign::Plus => {
                self.on |= bit;
                self.added |= bit;
                self.removed &= !bit;
            }
            Sign::Minus => {
                self.on &= !bit;
                self.removed |= bit;
                self.added &= !bit;
            }
            Sign::Bare => self.on |= bit,
        }
    }

    fn merge(base: Self, add: Self) -> Self {
        let added = (base.added & !add.removed) | add.added;
        let removed = (base.removed & !add.added) | add.removed;
        Self { on: (base.on & !removed) | added, added, removed, seen: base.seen | add.seen }
    }
}

const SERVER_DEFAULTS: u64 = {
    let (mut bits, mut i) = (0, 0);
    while i < SERVER_OPTIONS.len() {
        if SERVER_OPTIONS[i].default {
            bits |= SERVER_OPTIONS[i].bit;
        }
        i += 1;
    }
    bits
};

/// The flags of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerOptions(Flags);

impl Default for ServerOptions {
    fn default() -> Self {
        Self(Flags { on: SERVER_DEFAULTS, ..Flags::default() })
    }
}

impl ServerOptions {
    /// Whether an option is on.
    #[inline]
    #[must_use]
    pub const fn is(&self, option: ServerOption) -> bool {
        self.0.on & (1 << option as u64) != 0
    }

    /// Whether the option of a row is on; false for one without effect.
    #[must_use]
    pub const fn has(&self, row: &OptionRow) -> bool {
        self.0.on & row.bit != 0
    }

    /// Whether the directive of a phase is allowed; true for phases without a switch.
    #[must_use]
    pub const fn allows(&self, phase: Phase) -> bool {
        phase.row().perl.is_none() || self.0.on & switch_bit(phase) != 0
    }

    /// Sets an option as one written with that sign.
    pub fn set(&mut self, sign: Sign, row: &OptionRow) {
        self.0.set(sign, row.bit);
    }

    /// What a virtual host sees of the main server's flags and its own.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        Self(Flags::merge(base.0, add.0))
    }
}

/// The flags of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DirOptions(Flags);

impl DirOptions {
    /// Whether an option is on.
    #[inline]
    #[must_use]
    pub const fn is(&self, option: DirOption) -> bool {
        self.0.on & (1 << option as u64) != 0
    }

    /// Whether the option of a row is on; false for one without effect.
    #[must_use]
    pub const fn has(&self, row: &OptionRow) -> bool {
        self.0.on & row.bit != 0
    }

    /// What some line said of an option, or `None` if none did: then `perl-script` has its own defaults.
    #[inline]
    #[must_use]
    pub const fn said(&self, option: DirOption) -> Option<bool> {
        if self.0.seen & (1 << option as u64) != 0 { Some(self.is(option)) } else { None }
    }

    /// Sets an option as one written with that sign.
    pub fn set(&mut self, sign: Sign, row: &OptionRow) {
        self.0.set(sign, row.bit);
    }

    /// What an inner scope sees of the outer one's flags and its own.
    #[must_use]
    pub fn merge(base: &Self, add: &Self) -> Self {
        Self(Flags::merge(base.0, add.0))
    }
}

/// Names for a message, in order, without those that should not be offered.
#[must_use]
pub fn names(rows: &[OptionRow]) -> String {
    let mut names: Vec<&str> = rows.iter().filter(|row| row.listed).map(|row| row.name).collect();
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_of(words: &[&str]) -> ServerOptions {
        let mut options = ServerOptions::default();
        for word in words {
            let (sign, name) = signed(word.as_bytes());
            options.set(sign, server_option(name).unwrap());
        }
        options
    }

    fn dir_of(words: &[&str]) -> DirOptions {
        let mut options = DirOptions::default();
        for word in words {
            let (sign, name) = signed(word.as_bytes());
            options.set(sign, dir_option(name).unwrap());
        }
        options
    }

    #[test]
    fn every_option_of_mod_perl_is_there_with_its_default() {
        let on = "Access Authen Authz ChildExit ChildInit Cleanup Enable Fixup HeaderParser InputFilter Log MapToStorage \
                  OpenLogs OutputFilter PostConfig PostReadRequest PreConnection ProcessConnection Response Trans Type";
        let off = "AutoLoad Autoload Clone InheritSwitches MergeHandlers None Parent Unset Htaccess";
        let defaults = ServerOptions::default();
        for name in on.split_whitespace() {
            assert!(defaults.has(server_option(name.as_bytes()).expect(name)), "{name}");
        }
        for name in off.split_whitespace() {
            assert!(!defaults.has(server_option(name.as_bytes()).expect(name)), "{name}");
        }
        assert!(defaults.is(ServerOption::ConfigTest));
        for name in ["GlobalRequest", "ParseHeaders", "SetupEnv", "MergeHandlers", "None", "Unset"] {
            assert!(!DirOptions::default().has(dir_option(name.as_bytes()).expect(name)), "{name}");
        }
        assert_eq!(SERVER_OPTIONS.len(), 21 + 6 + 1 + 3); // on, off (Autoload once, without Htaccess), ConfigTest, Htaccess, LogStderr and Unset
    }

    #[test]
    fn options_of_lua_have_the_bits_and_defaults_of_perls() {
        for (lua, perl) in [(&LUA_SERVER_OPTIONS[..], &SERVER_OPTIONS[..]), (&LUA_DIR_OPTIONS[..], &DIR_OPTIONS[..])] {
            for row in lua.iter().filter(|row| row.name != "WatchGlobals") {
                let same = perl.iter().find(|p| [p.name, p.alias].contains(&row.name)).expect(row.name);
                assert_eq!((row.bit, row.default), (same.bit, same.default), "{}", row.name);
                assert!(!row.needs_ithreads);
            }
        }
        assert!(server_option_of(Language::Lua, b"Autoload").is_some());
        assert_eq!(server_option_of(Language::Lua, b"Access"), None);
        assert_eq!(dir_option_of(Language::Lua, b"SetupEnv"), None);
        assert!(server_option_of(Language::Perl, b"Access").is_some() && dir_option(b"WatchGlobals").is_none());
    }

    #[test]
    fn no_two_options_share_a_bit() {
        for rows in [&SERVER_OPTIONS[..], &DIR_OPTIONS[..], &LUA_SERVER_OPTIONS, &LUA_DIR_OPTIONS] {
            let mut all = 0;
            for row in rows {
                assert_eq!(all & row.bit, 0, "{}", row.name);
                all |= row.bit;
            }
        }
        assert_eq!(server_option(b"Clone").map(|r| r.bit), Some(1 << ServerOption::Clone as u64));
        assert_eq!(dir_option(b"SetupEnv").map(|r| r.bit), Some(1 << DirOption::SetupEnv as u64));
    }

    #[test]
    fn names_are_case_sensitive() {
        assert_eq!(server_option(b"enable"), None);
        assert_eq!(dir_option(b"setupenv"), None);
    }

    #[test]
    fn signs_survive_a_merge_and_the_inner_one_wins() {
        let merged = ServerOptions::merge(&server_of(&["+Autoload", "-Access"]), &server_of(&["-Autoload", "+Clone"]));
        assert!(!merged.is(ServerOption::Autoload));
        assert!(merged.is(ServerOption::Clone));
        assert!(!merged.allows(Phase::Access));
        assert!(merged.allows(Phase::Authen));
        let merged = ServerOptions::merge(&server_of(&["-Access"]), &server_of(&["+Access"]));
        assert!(merged.allows(Phase::Access));
    }

    #[test]
    fn a_flag_without_sign_is_kept_in_the_outer_scope_and_lost_in_the_inner_one() {
        let outer = DirOptions::merge(&dir_of(&["SetupEnv"]), &dir_of(&[]));
        assert_eq!(outer.said(DirOption::SetupEnv), Some(true));
        let inner = DirOptions::merge(&dir_of(&[]), &dir_of(&["SetupEnv"]));
        assert_eq!(inner.said(DirOption::SetupEnv), Some(false), "lost, yet mentioned");
    }

    #[test]
    fn what_no_line_said_stays_unsaid() {
        let options = DirOptions::merge(&dir_of(&["+ParseHeaders"]), &dir_of(&["-SetupEnv"]));
        assert_eq!(options.said(DirOption::GlobalRequest), None);
        assert_eq!(options.said(DirOption::SetupEnv), Some(false));
        assert_eq!(options.said(DirOption::ParseHeaders), Some(true));
    }

    #[test]
    fn none_and_unset_change_nothing() {
        assert_eq!(server_of(&["+None", "-None", "None", "-Unset"]), ServerOptions::default());
        assert_eq!(dir_of(&["+None", "Unset"]), DirOptions::default());
    }

    #[test]
    fn later_words_of_one_scope_win() {
        assert!(!dir_of(&["+SetupEnv", "-SetupEnv"]).is(DirOption::SetupEnv));
        let merged = DirOptions::merge(&dir_of(&["+SetupEnv"]), &dir_of(&["+SetupEnv", "-SetupEnv"]));
        assert!(!merged.is(DirOption::SetupEnv));
    }

    #[test]
    fn phases_without_a_switch_are_always_allowed() {
        assert!(server_of(&["-Access"]).allows(Phase::QuickHandler));
    }
}
