//! The words in which all tables are written: languages, places in the configuration, how a line is cut, how scopes meet.

use std::fmt;

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
    /// All of them.
    pub const ALL: [Language; 2] = [Language::Perl, Language::Lua];

    /// Its name, with which the names of its own directives begin.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Language::Perl => "Perl",
            Language::Lua => "Lua",
        }
    }
}

/// Where a directive may stand, and when it is run: a set of bits.
///
/// [`Directive::apply`](crate::Directive::apply) refuses a line that stands elsewhere, with a message that says where it
/// belongs; httpd may be told `OR_ALL` for every row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Contexts(u8);

impl Contexts {
    /// Server level, in the main server or a `<VirtualHost>`.
    pub const SERVER: Self = Self(1);
    /// Inside `<Directory>`, `<Location>`, `<Files>`, `<If>` and the like.
    pub const DIRECTORY: Self = Self(2);
    /// In `.htaccess`.
    pub const HTACCESS: Self = Self(4);
    /// Run while the file is being read (httpd's `EXEC_ON_READ`).
    pub const EXEC_ON_READ: Self = Self(8);
    /// Not in a `<VirtualHost>`.
    pub const GLOBAL_ONLY: Self = Self(16);
    /// Inside `<Location>` and `<Proxy>` and their `Match` forms, not in other sections.
    pub const LOCATION: Self = Self(32);
    /// Inside the section of an interpreter class.
    pub const CLASS: Self = Self(64);
    /// Server level, sections and `.htaccess`.
    pub const ANYWHERE: Self = Self(1 | 2 | 4);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in here.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Tells where the directive belongs: `at server level, outside of <VirtualHost> and sections`.
impl fmt::Display for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::CLASS {
            return f.write_str("in the section of a class");
        }
        let section = self.has(Self::DIRECTORY);
        let mut places = Vec::new();
        if self.has(Self::SERVER) {
            places.push("at server level");
            if !self.has(Self::GLOBAL_ONLY) {
                places.push("in a <VirtualHost>");
            }
        }
        if section {
            places.push("in a section");
        } else if self.has(Self::LOCATION) {
            places.push("in a <Location> section");
        }
        if self.has(Self::HTACCESS) {
            places.push("in .htaccess");
        }
        if let Some(last) = places.pop() {
            let rest = places.join(", ");
            f.write_str(&if rest.is_empty() { last.to_owned() } else { format!("{rest} or {last}") })?;
        }
        match (section || self.has(Self::LOCATION), self.has(Self::GLOBAL_ONLY)) {
            (false, true) => f.write_str(", outside of <VirtualHost> and sections"),
            (false, false) => f.write_str(", outside of sections"),
            _ => Ok(()),
        }
    }
}

/// How httpd cuts a line into arguments, and what [`Directive::apply`](crate::Directive::apply) is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Args {
    /// The rest of the line as one argument (`RAW_ARGS`).
    Raw,
    /// `On` or `Off`, given as `on` or `off` (`FLAG`).
    Flag,
    /// One (`TAKE1`).
    Take1,
    /// One or two (`TAKE12`).
    Take12,
    /// Two (`TAKE2`).
    Take2,
    /// Any number, applied one by one (`ITERATE`).
    Iterate,
    /// A first one, applied with each of the others (`ITERATE2`).
    Iterate2,
    /// A block: the lines up to `</Name>` become the argument of the directive `Name`, which httpd meets in its place. The argument's first
    /// line is what the line that opens the block says, up to its `>`, so that the directive `Name` can tell a block from what was written on
    /// one line.
    Headed,
    /// A section: what stands behind its name, up to its `>`; the lines within are walked through afterwards.
    Section,
    /// Text that is no configuration: the lines that it [covers](crate::covers) are skipped, and the directive is run when its own is read.
    Text,
    /// That many, cut by [`Directive::apply`](crate::Directive::apply) as httpd cuts words (`RAW_ARGS` for httpd).
    Words {
        /// No fewer.
        min: u8,
        /// No more.
        max: u8,
    },
    /// Any number, cut by [`Directive::apply`](crate::Directive::apply): a word that begins with `function` takes the rest of
    /// the line (`RAW_ARGS` for httpd).
    Code,
}

impl Args {
    /// Whether one application may be given that many arguments.
    #[must_use]
    pub const fn fits(self, n: usize) -> bool {
        match self {
            Args::Raw | Args::Flag | Args::Take1 | Args::Iterate => n == 1,
            Args::Headed | Args::Section | Args::Text | Args::Words { .. } | Args::Code => n == 1,
            Args::Take12 => n == 1 || n == 2,
            Args::Take2 | Args::Iterate2 => n == 2,
        }
    }
}

/// What a `<VirtualHost>` or an inner section sees of what the outer scope says.
///
/// It is not written for a directive, but follows from what does the merging: the type of the value that its lines fill
/// ([`Merges::MERGE`]), or the row of the setting.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Merge {
    /// Nothing is kept that could be merged.
    Nothing,
    /// The host's own only.
    Own,
    /// All `PerlInterp*` numbers of a host are its own, as one block.
    Block,
    /// The inner value if there is one, else the outer one.
    Inherit,
    /// By name; the inner value wins.
    Overlap,
    /// By name; `PerlSetVar` replaces outer values, `PerlAddVar` extends them.
    Vars,
    /// `+` and `-` change the outer flags; a flag without sign is lost.
    Flags,
    /// The inner list replaces the outer one; with `MergeHandlers` it runs after it.
    Handlers,
    /// `LuaInherit` tells how inner and outer list are joined.
    Joined,
    /// The inner list comes before the outer one.
    Before,
    /// One list for the whole server.
    Global,
}

impl Merge {
    /// Tells an administrator how outer and inner lines meet.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        let name = language.name();
        match self {
            Merge::Nothing => "acts where it stands".into(),
            Merge::Own => "not inherited by virtual hosts".into(),
            Merge::Block => format!("a virtual host's {name}Interp* numbers are its own, as one block"),
            Merge::Inherit => "inherited unless written again".into(),
            Merge::Overlap => "by name; the inner value wins".into(),
            Merge::Vars => format!("by name; {name}SetVar replaces outer values, {name}AddVar extends them"),
            Merge::Flags => "`+` and `-` change the outer flags; a flag without sign is lost in an inner scope".into(),
            Merge::Handlers => {
                format!("the inner list replaces the outer one; with {name}Options +MergeHandlers it runs after it")
            }
            Merge::Joined => "LuaInherit says how the inner list is joined to the outer one".into(),
            Merge::Before => "the lines of an inner scope come before those of the outer one".into(),
            Merge::Global => "one list for the whole server; a name written again means what was written last".into(),
        }
    }
}

/// What a line meets here that was written for mod_perl or mod_lua, if that is something else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unlike {
    /// Where that is so.
    pub(crate) when: When,
    /// What is different; empty if nothing is.
    pub text: &'static str,
}

/// What a line is worth where nothing has threads: a process then has its parent, and one clone of each interpreter class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threadless {
    /// As much as with threads.
    Same,
    /// It holds for classes.
    InClasses,
    /// It has no effect.
    Nothing,
}

/// Where a line meets something else than in the other module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    Always,
    /// Not at server level.
    InSections,
    /// Under worker and event.
    WithThreads,
    /// Under prefork.
    WithoutThreads,
}

impl Unlike {
    /// It is the same.
    pub(crate) const NOTHING: Unlike = Unlike { when: When::Always, text: "" };

    pub(crate) const fn new(when: When, text: &'static str) -> Unlike {
        Unlike { when, text }
    }
}

/// A value of a record, which knows how an inner scope meets the outer one.
pub(crate) trait Merges {
    /// What [`Merges::merge`] does, for the documents.
    const MERGE: Merge;
    /// What says how: for most there is nothing to say.
    type How<'a>;

    /// What holds in the inner scope, `add`, within the outer one, `base`.
    fn merge(base: &Self, add: &Self, how: &Self::How<'_>) -> Self;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_tell_where_a_directive_belongs() {
        let (server, htaccess) = (Contexts::SERVER, Contexts::HTACCESS);
        for (contexts, text) in [
            (server, "at server level or in a <VirtualHost>, outside of sections"),
            (server.and(Contexts::GLOBAL_ONLY), "at server level, outside of <VirtualHost> and sections"),
            (server.and(htaccess), "at server level, in a <VirtualHost> or in .htaccess, outside of sections"),
            (Contexts::ANYWHERE, "at server level, in a <VirtualHost>, in a section or in .htaccess"),
            (Contexts::CLASS, "in the section of a class"),
            (server.and(Contexts::LOCATION), "at server level, in a <VirtualHost> or in a <Location> section"),
        ] {
            assert_eq!(contexts.to_string(), text);
        }
    }
}
