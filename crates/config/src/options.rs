//! THE tables of `PerlOptions` and `LuaOptions`: one row per option, for each language that has it. Names are case-sensitive.

use std::collections::HashMap;

use lazy_static::lazy_static;

use crate::phases::{PHASES, Phase};
use crate::vocabulary::{Language, Unlike, When};

/// One option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionRow {
    /// As it is written.
    pub name: &'static str,
    /// Another spelling that is accepted; empty if none.
    pub alias: &'static str,
    /// Its bit in the flags of its scope; 0 for a name that is accepted without effect.
    pub(crate) bit: u64,
    /// Whether it switches off what it has the bits of, and has none of its own.
    pub(crate) clears: bool,
    /// The phase whose directive it allows, if it is such a switch.
    pub phase: Option<Phase>,
    /// Whether it is on without any line.
    pub default: bool,
    /// Whether a Perl without ithreads cannot have it.
    pub needs_ithreads: bool,
    /// Whether the documents and error messages offer it.
    pub listed: bool,
    /// Whether mod_perl does not have it.
    pub is_ours: bool,
    /// The default as text, if on or off does not tell all.
    pub(crate) default_text: &'static str,
    has: [bool; 2],
    docs: [&'static str; 2],
    /// What the option meets here that was written for mod_perl.
    pub unlike: Unlike,
}

const fn option(doc: &'static str) -> OptionRow {
    OptionRow {
        name: "",
        alias: "",
        bit: 0,
        clears: false,
        phase: None,
        default: false,
        needs_ithreads: false,
        listed: true,
        is_ours: false,
        default_text: "",
        has: [true; 2],
        docs: [doc; 2],
        unlike: Unlike::NOTHING,
    }
}

impl OptionRow {
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
    const fn ours(self) -> Self {
        Self { is_ours: true, ..self }
    }
    const fn clears(self) -> Self {
        Self { clears: true, ..self }
    }
    const fn only(self, language: Language) -> Self {
        let is_perl = matches!(language, Language::Perl);
        Self { has: [is_perl, !is_perl], ..self }
    }
    /// `{}` stands for the name of the language.
    const fn lua_doc(self, doc: &'static str) -> Self {
        Self { docs: [self.docs[0], doc], ..self }
    }
    const fn unlike(self, text: &'static str) -> Self {
        Self { unlike: Unlike::new(When::Always, text), ..self }
    }
    const fn with(self, name: &'static str, bit: u64) -> Self {
        Self { name, bit, ..self }
    }

    /// Whether it is the row of that option of directories.
    pub(crate) const fn is(&self, option: DirOption) -> bool {
        self.bit == 1 << option as u64
    }

    /// Whether a language has it.
    #[must_use]
    pub const fn is_of(&self, language: Language) -> bool {
        self.has[language as usize]
    }

    /// A line for the administrator.
    pub(crate) const fn doc_of(&self, language: Language) -> &'static str {
        self.docs[language as usize]
    }
}

/// `options! { /// docs Enum ROWS: Name = row; ... }` is the enum with these names, and the rows with their bits.
macro_rules! options {
    ($(#[$doc:meta])* $enum:ident $rows:ident: $($name:ident = $row:expr;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        #[allow(missing_docs)] // each is described in its row
        pub enum $enum { $($name),* }

        const $rows: &[OptionRow] = &[$($row.with(stringify!($name), 1 << $enum::$name as u64)),*];
    };
}

const MERGED_ONCE: &str =
    "Each handler runs once; mod_perl runs the inner ones again for each outer one beyond the first.";

options! {
    /// Options of a server that are not the switch of a phase.
    ServerOption SERVER_ROWS:
    Enable = option("Switches the module on for this server. With -Enable a line that names a handler or script is an error, and a virtual host has no interpreter.").on();
    Clone = option("Gives the virtual host its own interpreters, cloned from the main server's parent.").needs_ithreads()
        .lua_doc("Gives the virtual host its own interpreters, made as the main server's are.");
    Parent = option("Gives the virtual host its own parent interpreter and so its own namespace, switches and modules; implies Clone.").needs_ithreads()
        .lua_doc("Gives the virtual host its own parent interpreter and so its own start-up code; implies Clone.");
    // "AutoLoad" is what mod_perl's manual says, "Autoload" what its code accepts.
    AutoLoad = option("Loads the modules and scripts of handlers at start-up; a failure ends the start, and `httpd -t` finds it before. A + before a handler's name does this for that handler alone, a - exempts it.").alias("Autoload");
    MergeHandlers = option("Runs the handlers of the virtual host after those of the main server, in whose place they would run otherwise. It concerns the phases that know no directory yet.").unlike(MERGED_ONCE);
    InheritSwitches = option("Starts the Perl of a virtual host with +Parent by the main server's PerlSwitches, in place of its own. PerlSwitches +inherit does the same.").only(Language::Perl);
    ConfigTest = option("`httpd -t` starts the parent interpreters, loads what {}Require and {}Module name, and resolves early handlers. With -ConfigTest only what a directive forces is run there.").on().ours();
    Htaccess = option("Obeys directives that run code (handlers, PerlModule, PerlRequire) in .htaccess files. Whoever may write such a file may then run code as the server's user.").ours()
        .lua_doc("Directives that run code or say which code runs (handlers, hooks, LuaMapHandler, LuaModule, LuaRequire, LuaInherit, LuaRoot and package paths) are obeyed in .htaccess files, and so is a SetHandler lua-script or lua-embed that such a file chooses, by whatever directive. Whoever may write such a file may then run code as the server's user.");
    LogStderr = option("What Perl code warns, or prints to STDERR, becomes lines of the error log at level warn, with client and module. With -LogStderr it goes there as it is, as with mod_perl.").on().ours().only(Language::Perl);
}

options! {
    /// Options of a directory.
    DirOption DIR_ROWS:
    GlobalRequest = option("Lets Apache2::RequestUtil->request give the current request.").default_text("on for perl-script, else off").only(Language::Perl);
    ParseHeaders = option("Takes what a response prints first as a block of CGI headers.").only(Language::Perl);
    SetupEnv = option("%ENV has the CGI variables while the response runs.").default_text("on for perl-script, else off").only(Language::Perl);
    MergeHandlers = option("Runs the handlers of an inner section after those of the outer one, in whose place they would run otherwise.").unlike(MERGED_ONCE)
        .lua_doc("Runs the handlers of an inner section after those of the outer one, in whose place they would run otherwise. Hooks follow LuaInherit.");
    LazyEnv = option("Puts each CGI variable into %ENV when a script first asks for it, or when a process is started; the variables of httpd's own environment are there, too.").default_text("on for perl-class and perl-embed, else off").ours().only(Language::Perl);
    EmbedEscape = option("Escapes what <%= prints in a page of perl-embed for HTML, unless it is written <%==.").ours()
        .lua_doc("Escapes what <%= prints in a page of lua-embed for HTML, unless it is written <%==.");
    WatchGlobals = option("Writes a line into the error log for each global that a script makes, with file and line. It is meant for development.").only(Language::Lua);
}

const NONE: &str =
    "PerlOptions None switches off all phases that no option behind it switches on; mod_perl switches nothing off.";

/// A name that mod_perl accepts.
const fn idle(name: &'static str) -> OptionRow {
    option("Is accepted and has no effect.").unlisted().only(Language::Perl).with(name, 0)
}

/// `None` and `Unset`; mod_perl's manual has the one for a server, where its code does nothing with it.
const SERVER_WORDS: &[OptionRow] = &[
    option("Switches off the directives of all phases. What stands behind it switches on those that are wanted: `PerlOptions None +Response`.")
        .clears().only(Language::Perl).unlike(NONE).with("None", SWITCH_BITS),
    idle("Unset"),
];
const DIR_WORDS: &[OptionRow] = &[idle("None"), idle("Unset")];

/// First bit of the phases' switches.
const FIRST_SWITCH: u64 = 16;
const _: () = assert!(SERVER_ROWS.len() <= FIRST_SWITCH as usize && FIRST_SWITCH as usize + Phase::COUNT <= 64);

pub(crate) const fn switch_bit(phase: Phase) -> u64 {
    1 << (FIRST_SWITCH + phase as u64)
}

/// Of all phases' switches.
const SWITCH_BITS: u64 = {
    let (mut bits, mut i) = (0, 0);
    while i < PHASES.len() {
        if PHASES[i].perl.is_some() {
            bits |= switch_bit(PHASES[i].phase);
        }
        i += 1;
    }
    bits
};

const SWITCHES: usize = {
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        n += PHASES[i].perl.is_some() as usize;
        i += 1;
    }
    n
};

/// The switches of Perl's phases.
const SWITCH_ROWS: [OptionRow; SWITCHES] = {
    let doc = "Allows the directive of this phase. Where it is switched off such a line is an error; the option must stand before the lines that it is to forbid.";
    let mut rows = [option(doc).on().only(Language::Perl); SWITCHES];
    let (mut n, mut i) = (0, 0);
    while i < PHASES.len() {
        let phase = &PHASES[i];
        if phase.perl.is_some() {
            let row = rows[n].with(phase.name, switch_bit(phase.phase));
            rows[n] = OptionRow { phase: Some(phase.phase), is_ours: phase.is_ours, ..row };
            n += 1;
        }
        i += 1;
    }
    rows
};

const fn joined<const N: usize>(parts: &[&[OptionRow]]) -> [OptionRow; N] {
    let mut rows = [idle(""); N];
    let (mut n, mut part) = (0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            rows[n] = parts[part][i];
            n += 1;
            i += 1;
        }
        part += 1;
    }
    rows
}

/// The options of a server.
pub static SERVER_OPTIONS: [OptionRow; SERVER_ROWS.len() + SERVER_WORDS.len() + SWITCHES] =
    joined(&[SERVER_ROWS, SERVER_WORDS, &SWITCH_ROWS]);
/// The options of a directory.
pub static DIR_OPTIONS: [OptionRow; DIR_ROWS.len() + DIR_WORDS.len()] = joined(&[DIR_ROWS, DIR_WORDS]);

/// The options of a server in a language.
pub fn server_options(language: Language) -> impl Iterator<Item = &'static OptionRow> {
    SERVER_OPTIONS.iter().filter(move |row| row.is_of(language))
}

/// The options of a directory in a language.
pub fn dir_options(language: Language) -> impl Iterator<Item = &'static OptionRow> {
    DIR_OPTIONS.iter().filter(move |row| row.is_of(language))
}

type ByName = HashMap<&'static str, &'static OptionRow>;

fn by_name(rows: &'static [OptionRow]) -> ByName {
    let names = |row: &'static OptionRow| [row.name, row.alias].into_iter().filter(|n| !n.is_empty());
    rows.iter().flat_map(|row| names(row).map(move |name| (name, row))).collect()
}

lazy_static! {
    static ref SERVER_BY_NAME: ByName = by_name(&SERVER_OPTIONS);
    static ref DIR_BY_NAME: ByName = by_name(&DIR_OPTIONS);
}

fn find(map: &ByName, language: Language, name: &[u8]) -> Option<&'static OptionRow> {
    map.get(std::str::from_utf8(name).ok()?).copied().filter(|row| row.is_of(language))
}

/// The row of a server's option in a language.
#[must_use]
pub fn server_option(language: Language, name: &[u8]) -> Option<&'static OptionRow> {
    find(&SERVER_BY_NAME, language, name)
}

/// The row of a directory's option in a language.
#[must_use]
pub fn dir_option(language: Language, name: &[u8]) -> Option<&'static OptionRow> {
    find(&DIR_BY_NAME, language, name)
}

/// Names for a message, in order, without those that should not be offered.
#[must_use]
pub(crate) fn names(rows: impl Iterator<Item = &'static OptionRow>) -> String {
    let mut names: Vec<&str> = rows.filter(|row| row.listed).map(|row| row.name).collect();
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_options_share_a_bit_or_a_name() {
        for rows in [&SERVER_OPTIONS[..], &DIR_OPTIONS[..]] {
            let mut all = 0;
            for row in rows.iter().filter(|row| !row.clears) {
                assert_eq!(all & row.bit, 0, "{}", row.name);
                all |= row.bit;
            }
            let names = rows.iter().flat_map(|row| [row.name, row.alias]).filter(|name| !name.is_empty());
            assert_eq!(by_name(rows).len(), names.count());
        }
    }

    #[test]
    fn every_option_is_documented_where_it_is_known() {
        for row in SERVER_OPTIONS.iter().chain(&DIR_OPTIONS) {
            for language in Language::ALL.into_iter().filter(|language| row.is_of(*language)) {
                assert!(row.doc_of(language).ends_with('.'), "{}", row.name);
            }
        }
    }

    #[test]
    fn names_are_case_sensitive_and_known_to_their_language() {
        assert_eq!(server_option(Language::Perl, b"enable"), None);
        assert_eq!(dir_option(Language::Perl, b"setupenv"), None);
        assert_eq!(server_option(Language::Lua, b"Autoload"), server_option(Language::Perl, b"AutoLoad"));
        assert_eq!(server_option(Language::Lua, b"Access"), None);
        assert_eq!(dir_option(Language::Lua, b"SetupEnv"), None);
        assert_eq!(dir_option(Language::Perl, b"WatchGlobals"), None);
    }
}
