//! THE table of content handlers: the names of ours that `SetHandler` may give a request, and what each does around the code
//! that makes the page.

use std::ffi::CStr;

use crate::options::DirOption;
use crate::vocabulary::Language;

/// What makes the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The handlers of the response phase.
    Handlers,
    /// The request's own file, which is a script.
    File,
    /// The request's own file, which is a page with code in it.
    Page,
    /// The server's figures, and what it is told to do. No code of anybody's runs.
    Status,
    /// The server's figures, as Prometheus reads them.
    Metrics,
}

/// One content handler.
#[derive(Debug)]
pub struct ContentRow {
    /// As it is written.
    pub name: &'static CStr,
    /// The languages whose modules answer, whichever is asked first.
    languages: &'static [Language],
    /// What makes the page.
    pub form: Form,
    /// Whether STDIN and STDOUT are the request's, and other globals are given back to their values, around the code.
    pub takes_over: bool,
    /// Options that are on here unless a line says otherwise.
    on: &'static [DirOption],
}

impl ContentRow {
    /// Whether the module of a language answers.
    #[must_use]
    pub fn is_of(&self, language: Language) -> bool {
        self.languages.contains(&language)
    }

    /// Whether an option is on here where no line says anything of it.
    #[must_use]
    pub fn turns_on(&self, option: DirOption) -> bool {
        self.on.contains(&option)
    }

    /// What is written in `SetHandler`.
    #[must_use]
    pub fn written(&self) -> &'static str {
        self.name.to_str().unwrap_or_default()
    }
}

const fn content(name: &'static CStr, languages: &'static [Language], form: Form) -> ContentRow {
    ContentRow { name, languages, form, takes_over: false, on: &[] }
}

const PERL: &[Language] = &[Language::Perl];
const LUA: &[Language] = &[Language::Lua];

impl ContentRow {
    const fn takes_over(self) -> Self {
        Self { takes_over: true, ..self }
    }
    const fn on(self, on: &'static [DirOption]) -> Self {
        Self { on, ..self }
    }
}

/// The content handlers.
pub static CONTENT_HANDLERS: &[ContentRow] = &[
    content(c"modperl", PERL, Form::Handlers),
    content(c"perl-script", PERL, Form::Handlers).takes_over().on(&[DirOption::SetupEnv, DirOption::GlobalRequest]),
    content(c"perl-class", PERL, Form::File).takes_over().on(&[
        DirOption::SetupEnv,
        DirOption::LazyEnv,
        DirOption::GlobalRequest,
        DirOption::ParseHeaders,
    ]),
    content(c"perl-embed", PERL, Form::Page).takes_over().on(&[
        DirOption::SetupEnv,
        DirOption::LazyEnv,
        DirOption::GlobalRequest,
    ]),
    content(c"lua", LUA, Form::Handlers),
    content(c"lua-script", LUA, Form::File),
    content(c"lua-embed", LUA, Form::Page),
    content(c"interp-status", &Language::ALL, Form::Status),
    content(c"interp-metrics", &Language::ALL, Form::Metrics),
];

/// Those of a language.
pub fn content_handlers(language: Language) -> impl Iterator<Item = &'static ContentRow> {
    CONTENT_HANDLERS.iter().filter(move |row| row.is_of(language))
}

/// The row of a name.
#[must_use]
pub fn content_handler(name: &[u8]) -> Option<&'static ContentRow> {
    CONTENT_HANDLERS.iter().find(|row| row.name.to_bytes() == name)
}

/// The letters with which the names of a language begin, one bit each from `a` on: most requests are told by theirs.
#[must_use]
pub const fn first_letters(language: Language) -> u32 {
    let (mut letters, mut i) = (0, 0);
    while i < CONTENT_HANDLERS.len() {
        let first = CONTENT_HANDLERS[i].name.to_bytes()[0];
        assert!(first.is_ascii_lowercase(), "a content handler's name begins with a small letter");
        let (languages, mut of) = (CONTENT_HANDLERS[i].languages, 0);
        while of < languages.len() {
            if languages[of] as u8 == language as u8 {
                letters |= 1 << (first - b'a');
            }
            of += 1;
        }
        i += 1;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_told_by_their_first_letter() {
        for row in CONTENT_HANDLERS {
            assert!(content_handler(row.name.to_bytes()).is_some_and(|found| std::ptr::eq(found, row)));
            for language in Language::ALL.into_iter().filter(|language| row.is_of(*language)) {
                assert!(first_letters(language) & 1 << (row.name.to_bytes()[0] - b'a') != 0);
                assert_eq!(content_handlers(language).filter(|other| other.name == row.name).count(), 1);
            }
            assert_eq!(row.written().as_bytes(), row.name.to_bytes());
        }
        assert!(content_handler(b"modperl2").is_none() && content_handler(b"").is_none());
    }
}
