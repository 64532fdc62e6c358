//! What a directive is, and how rows become the table of each language.

use crate::context::{Applied, Context};
use crate::phases::Phase;
use crate::settings::{Key, SettingRow};
use crate::vocabulary::{Args, Contexts, Language, Merge, Merges, Threadless, Unlike, When};

/// What a line does.
pub(crate) type ApplyFn = fn(&'static Directive, &mut Context<'_>, &[&[u8]]) -> Applied;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Call(ApplyFn),
    /// A list of handlers.
    Handler(Phase),
    /// mod_lua's: a file and a function, or a block.
    Hook(Phase),
    /// Keeps a value.
    Setting(Key),
}

/// One directive of one language.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// As it is written.
    pub name: &'static str,
    /// The language whose module has it.
    pub language: Language,
    /// How its arguments are cut.
    pub args: Args,
    /// The arguments as the documents show them.
    pub syntax: &'static str,
    /// Where it may stand.
    pub contexts: Contexts,
    /// Whether it makes code run: refused in `.htaccess` unless the server has `PerlOptions +Htaccess`, in Lua
    /// `LuaOptions +Htaccess`.
    pub runs_code: bool,
    /// What it does with code, for the message that refuses it there.
    pub(crate) deed: &'static str,
    /// What it is worth unless the MPM has threads and perl has ithreads.
    pub threadless: Threadless,
    /// What holds without any line; empty for nothing.
    pub default: &'static str,
    /// How scopes meet: what the merge of the records does with what its lines fill.
    pub merge: Merge,
    /// Whether neither mod_perl nor mod_lua has it.
    pub is_ours: bool,
    /// A few lines for the administrator; `{}` stands for the name of the language.
    pub doc: &'static str,
    /// What a line meets that was written for mod_perl or mod_lua.
    pub unlike: Unlike,
    pub(crate) action: Action,
}

impl Directive {
    /// The phase whose handlers the directive adds to, if it does nothing else.
    #[must_use]
    pub const fn phase(&self) -> Option<Phase> {
        match self.action {
            Action::Handler(phase) | Action::Hook(phase) => Some(phase),
            _ => None,
        }
    }

    /// Whether its lines do nothing but set a value.
    #[must_use]
    pub const fn is_setting(&self) -> bool {
        matches!(self.action, Action::Setting(_))
    }

    /// The setting whose value its lines say.
    #[must_use]
    pub const fn setting(&self) -> Option<Key> {
        match self.action {
            Action::Setting(key) => Some(key),
            _ => None,
        }
    }

    /// The name for messages about what a line named: a block's is that of the directive it stands for.
    #[must_use]
    pub fn plain_name(&self) -> &'static str {
        self.name.trim_start_matches('<')
    }
}

/// A row of the table: a directive of one language or of both.
#[derive(Clone, Copy)]
pub(crate) struct DirectiveRow {
    /// Without the name of the language, unless it `is_whole`.
    name: &'static str,
    is_whole: bool,
    has: [bool; 2],
    args: [Args; 2],
    syntax: [&'static str; 2],
    contexts: Contexts,
    deed: &'static str,
    threadless: Threadless,
    default: [&'static str; 2],
    merge: Merge,
    ours: [bool; 2],
    doc: [&'static str; 2],
    unlike: [Unlike; 2],
    action: Action,
}

/// A row for both languages, named without `Perl` or `Lua`, which comes before the name or, in a block's, behind its `<`.
pub(crate) const fn row(
    name: &'static str,
    args: Args,
    syntax: &'static str,
    contexts: Contexts,
    action: Action,
) -> DirectiveRow {
    DirectiveRow {
        name,
        is_whole: false,
        has: [true; 2],
        args: [args; 2],
        syntax: [syntax; 2],
        contexts,
        deed: "",
        threadless: Threadless::Same,
        default: [""; 2],
        merge: Merge::Nothing,
        // mod_lua has nothing of what mod_perl has.
        ours: [false, true],
        doc: [""; 2],
        unlike: [Unlike::NOTHING; 2],
        action,
    }
}

/// A row whose line is a function's affair.
pub(crate) const fn call(
    name: &'static str,
    args: Args,
    syntax: &'static str,
    contexts: Contexts,
    f: ApplyFn,
) -> DirectiveRow {
    row(name, args, syntax, contexts, Action::Call(f))
}

impl DirectiveRow {
    pub(crate) const fn only(self, language: Language) -> Self {
        let is_perl = matches!(language, Language::Perl);
        Self { has: [is_perl, !is_perl], ..self }
    }
    /// mod_lua's own.
    pub(crate) const fn of_mod_lua(self) -> Self {
        Self { ours: [false; 2], ..self.only(Language::Lua) }
    }
    /// mod_perl does not have it, either.
    pub(crate) const fn ours(self) -> Self {
        Self { ours: [true; 2], ..self }
    }
    /// The name is complete as it is.
    pub(crate) const fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }
    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default: [default; 2], ..self }
    }
    pub(crate) const fn runs_code(self) -> Self {
        Self { deed: "runs code", ..self }
    }
    /// It runs none, and may switch some of the server's off.
    pub(crate) const fn chooses_code(self) -> Self {
        Self { deed: "decides which code runs", ..self }
    }
    pub(crate) const fn doc(self, doc: &'static str) -> Self {
        Self { doc: [doc; 2], ..self }
    }
    pub(crate) const fn lua_doc(self, doc: &'static str) -> Self {
        Self { doc: [self.doc[0], doc], ..self }
    }
    /// What a line meets here that was written for mod_perl or, if the row is Lua's alone, for mod_lua.
    pub(crate) const fn unlike(self, when: When, text: &'static str) -> Self {
        let (is, none) = (Unlike::new(when, text), Unlike::NOTHING);
        Self { unlike: if self.has[0] { [is, none] } else { [none, is] }, ..self }
    }
    /// The same of a row of Perl's alone.
    pub(crate) const fn is_unlike(self, unlike: Unlike) -> Self {
        Self { unlike: [unlike, Unlike::NOTHING], ..self }
    }
    /// Its lines fill this field of a record: how scopes meet is what the field's type does when records are merged.
    pub(crate) const fn fills<R, T: Merges>(self, _field: fn(&R) -> &T) -> Self {
        Self { merge: T::MERGE, ..self }
    }
    /// Its lines fill a list of httpd's, which has one for the whole server.
    pub(crate) const fn is_global(self) -> Self {
        Self { merge: Merge::Global, ..self }
    }

    const fn is_of(&self, language: Language) -> bool {
        self.has[language as usize]
    }

    /// The directive of a language, by that name.
    const fn of(&self, language: Language, name: &'static str) -> Directive {
        let at = language as usize;
        Directive {
            name,
            language,
            args: self.args[at],
            syntax: self.syntax[at],
            contexts: self.contexts,
            runs_code: !self.deed.is_empty(),
            deed: self.deed,
            threadless: self.threadless,
            default: self.default[at],
            merge: self.merge,
            is_ours: self.ours[at],
            doc: self.doc[at],
            unlike: self.unlike[at],
            action: self.action,
        }
    }

    /// How long its name is in a language.
    const fn name_length(&self, language: Language) -> usize {
        self.name.len() + if self.is_whole { 0 } else { language.name().len() }
    }
}

/// The row of a setting.
pub(crate) const fn setting(of: &SettingRow) -> DirectiveRow {
    let kinds = [of.kind(Language::Perl), of.kind(Language::Lua)];
    DirectiveRow {
        name: of.name,
        is_whole: false,
        has: [of.is_of(Language::Perl), of.is_of(Language::Lua)],
        args: [kinds[0].args(), kinds[1].args()],
        syntax: [kinds[0].syntax(), kinds[1].syntax()],
        contexts: of.contexts,
        deed: of.deed,
        threadless: of.threadless,
        default: [of.default(Language::Perl), of.default(Language::Lua)],
        merge: of.merge,
        ours: of.ours,
        doc: [of.doc_of(Language::Perl), of.doc_of(Language::Lua)],
        unlike: of.unlike,
        action: Action::Setting(of.key),
    }
}

/// How many of these rows a language has.
pub(crate) const fn count(parts: &[&[DirectiveRow]], language: Language) -> usize {
    let (mut n, mut part) = (0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            n += parts[part][i].is_of(language) as usize;
            i += 1;
        }
        part += 1;
    }
    n
}

/// How long the names of a language's directives are together.
pub(crate) const fn names_length(parts: &[&[DirectiveRow]], language: Language) -> usize {
    let (mut length, mut part) = (0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            if parts[part][i].is_of(language) {
                length += parts[part][i].name_length(language);
            }
            i += 1;
        }
        part += 1;
    }
    length
}

const fn put<const N: usize>(mut all: [u8; N], at: usize, text: &[u8]) -> [u8; N] {
    let mut i = 0;
    while i < text.len() {
        all[at + i] = text[i];
        i += 1;
    }
    all
}

/// The names of a language's directives, one after the other, each with the name of the language in its place.
pub(crate) const fn names<const N: usize>(parts: &[&[DirectiveRow]], language: Language) -> [u8; N] {
    let (mut all, mut at, mut part) = ([0; N], 0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            let row = &parts[part][i];
            if row.is_of(language) {
                let name = row.name.as_bytes();
                let is_block = !name.is_empty() && name[0] == b'<';
                let (open, rest) = name.split_at(if row.is_whole || !is_block { 0 } else { 1 });
                all = put(all, at, open);
                at += open.len();
                if !row.is_whole {
                    all = put(all, at, language.name().as_bytes());
                    at += language.name().len();
                }
                all = put(all, at, rest);
                at += rest.len();
            }
            i += 1;
        }
        part += 1;
    }
    all
}

/// The table of a language, from all rows, and from its [`names`].
pub(crate) const fn table<const N: usize>(
    parts: &[&[DirectiveRow]],
    language: Language,
    names: &'static [u8],
) -> [Directive; N] {
    let mut all = [parts[0][0].of(language, ""); N];
    let (mut names, mut n, mut part) = (names, 0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            let row = &parts[part][i];
            if row.is_of(language) {
                let (name, rest) = names.split_at(row.name_length(language));
                names = rest;
                all[n] = row.of(
                    language,
                    match std::str::from_utf8(name) {
                        Ok(name) => name,
                        Err(_) => "",
                    },
                );
                assert!(!all[n].name.is_empty(), "a directive has a name");
                n += 1;
            }
            i += 1;
        }
        part += 1;
    }
    assert!(n == N && names.is_empty(), "the table has a row for every place");
    all
}
