//! Pages: text with code of a script between `<%` and `%>`. [`parse`] cuts a page into pieces; `perl` and `lua` make a script of them,
//! whose lines have the numbers that they have in the page.
//!
//! | form | means |
//! |---|---|
//! | `<% code %>` | statements; a block that one opens may be closed by a later one |
//! | `<%= value %>` | prints the value; with the page's escaping on as `<%h` |
//! | `<%h value %>` | prints the value, escaped for HTML |
//! | `<%== value %>` | prints the value as it is, whatever the page's escaping |
//! | `<script language="PerlScript" runat="server"> code </script>` | as `<% code %>`; upper and lower case, quotes and the order are free |
//! | `<%-- comment --%>`, `<%@ ... %>` | nothing |
//! | `%%>` in code, `<%%` in text | `%>`, `<%` |
//!
//! Reads no file and runs nothing. Any bytes are a page, or an error with its line.
#![forbid(unsafe_code)]

mod kept;
mod lua;
mod perl;
mod script;

use std::borrow::Cow;
use std::fmt;

pub use kept::{Page, Version, is_plain, keep, page};
pub use lua::{PLAIN as LUA_PLAIN, lua};
pub use perl::perl;
pub use script::script_of;

/// What a page is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What<'a> {
    /// Sent as it is.
    Text(&'a [u8]),
    /// Statements.
    Code(Cow<'a, [u8]>),
    /// The value of an expression.
    Value(Cow<'a, [u8]>, Escape),
}

/// How a value is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// As the page says.
    Page,
    /// For HTML.
    Html,
    /// As it is.
    None,
}

/// A piece of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// What it is.
    pub what: What<'a>,
    /// The line of the page on which it begins, counted from 1. Of code, the line of its first byte.
    pub line: u32,
}

/// Why something is no page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong there.
    pub why: &'static str,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Error {}

/// The language of a page's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// `language="PerlScript"` or `"Perl"`.
    Perl,
    /// `language="LuaScript"` or `"Lua"`.
    Lua,
}

impl Language {
    fn is_named(self, name: &[u8]) -> bool {
        let names: [&[u8]; 2] = match self {
            Language::Perl => [b"perlscript", b"perl"],
            Language::Lua => [b"luascript", b"lua"],
        };
        names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Cuts a page into its pieces.
///
/// # Errors
/// Code, a comment or a script that is not closed; a value without an expression.
pub fn parse(page: &[u8], language: Language) -> Result<Vec<Piece<'_>>, Error> {
    let mut reader = Reader { rest: page, line: 1, pieces: Vec::new(), language };
    while !reader.rest.is_empty() {
        reader.one()?;
    }
    Ok(reader.pieces)
}

struct Reader<'a> {
    rest: &'a [u8],
    line: u32,
    pieces: Vec<Piece<'a>>,
    language: Language,
}

impl<'a> Reader<'a> {
    /// Takes so many bytes.
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(n.min(self.rest.len()));
        self.rest = rest;
        self.line = self.line.saturating_add(lines(taken));
        taken
    }

    /// Takes text up to the next code, and that.
    fn one(&mut self) -> Result<(), Error> {
        let at = self.next_code();
        let line = self.line;
        let text = self.take(at.unwrap_or(self.rest.len()));
        self.push(What::Text(text), line);
        if at.is_none() {
            return Ok(());
        }
        if let Some(open) = self.server_script() {
            return self.script(open);
        }
        let line = self.line;
        self.take(2);
        let unclosed = |why| Error { line, why };
        if self.rest.starts_with(b"%") {
            self.take(1);
            self.push(What::Text(b"<%"), line);
            return Ok(());
        }
        if self.rest.starts_with(b"--") {
            let end = find(self.rest, b"--%>").ok_or(unclosed("this comment, <%--, is not closed by --%>"))?;
            self.take(end + 4);
            return Ok(());
        }
        let (skip, escape) = match self.rest {
            [b'@', ..] => (1, None),
            [b'=', b'=', ..] => (2, Some(Escape::None)),
            [b'=', ..] => (1, Some(Escape::Page)),
            [b'h' | b'H', c, ..] if c.is_ascii_whitespace() => (1, Some(Escape::Html)),
            _ => (0, None),
        };
        let is_directive = self.rest.starts_with(b"@");
        self.take(skip);
        let code_line = self.line;
        let end = end_of_code(self.rest).ok_or(unclosed("this code, <%, is not closed by %>"))?;
        let code = self.take(end);
        self.take(2);
        if is_directive {
            return Ok(());
        }
        let code = unescaped(code);
        let what = match escape {
            None => What::Code(code),
            Some(_) if code.trim_ascii().is_empty() => return Err(unclosed("<%= has no expression")),
            Some(escape) => What::Value(code, escape),
        };
        self.push(what, code_line);
        Ok(())
    }

    fn push(&mut self, what: What<'a>, line: u32) {
        if what != What::Text(b"") {
            self.pieces.push(Piece { what, line });
        }
    }

    /// Where the next `<%` or `<script` of this server begins.
    fn next_code(&self) -> Option<usize> {
        let mut from = 0;
        loop {
            let at = from + find(self.rest.get(from..)?, b"<")?;
            let here = self.rest.get(at..)?;
            if here.starts_with(b"<%") || script_tag(here, self.language).is_some() {
                return Some(at);
            }
            from = at + 1;
        }
    }

    fn server_script(&self) -> Option<usize> {
        script_tag(self.rest, self.language)
    }

    /// Takes a script, whose tag has `open` bytes.
    fn script(&mut self, open: usize) -> Result<(), Error> {
        const WHY: &str = "this script with runat=server is not closed by </script>";
        let error = Error { line: self.line, why: WHY };
        self.take(open);
        let line = self.line;
        let (mut from, end) = (0, b"</script");
        loop {
            let Some(at) = self.rest.get(from..).and_then(|rest| find(rest, b"<")).map(|at| from + at) else {
                return Err(error);
            };
            let here = self.rest.get(at..).unwrap_or_default();
            from = at + 1;
            if !here.get(..end.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(end)) {
                continue;
            }
            let after = here.get(end.len()..).unwrap_or_default();
            let spaces = after.iter().take_while(|b| b.is_ascii_whitespace()).count();
            if after.get(spaces) == Some(&b'>') {
                let code = self.take(at);
                self.take(end.len() + spaces + 1);
                self.push(What::Code(Cow::Borrowed(code)), line);
                return Ok(());
            }
        }
    }
}

fn lines(text: &[u8]) -> u32 {
    u32::try_from(text.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|b| *b == first)?;
        if text.get(at..)?.starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// The place of the `%>` that ends code: not of one that is written `%%>`.
fn end_of_code(code: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(code.get(from..)?, b"%>")?;
        if at == 0 || code.get(at - 1) != Some(&b'%') {
            return Some(at);
        }
        from = at + 2;
    }
}

fn unescaped(code: &[u8]) -> Cow<'_, [u8]> {
    if find(code, b"%%>").is_none() {
        return Cow::Borrowed(code);
    }
    let (mut plain, mut rest) = (Vec::with_capacity(code.len()), code);
    while let Some(at) = find(rest, b"%%>") {
        plain.extend_from_slice(rest.get(..at).unwrap_or_default());
        plain.extend_from_slice(b"%>");
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// How long the tag is, if this begins with one of a script that the server runs.
fn script_tag(text: &[u8], language: Language) -> Option<usize> {
    const OPEN: &[u8] = b"<script";
    if !text.get(..OPEN.len())?.eq_ignore_ascii_case(OPEN) || !text.get(OPEN.len())?.is_ascii_whitespace() {
        return None;
    }
    let (mut at, mut runs_here, mut is_ours) = (OPEN.len(), false, false);
    loop {
        at += text.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if text.get(at)? == &b'>' {
            return (runs_here && is_ours).then_some(at + 1);
        }
        let name = text.get(at..)?;
        let length = name.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-_:".contains(b)).count();
        if length == 0 {
            return None;
        }
        let name = name.get(..length)?;
        at += length;
        let spaces = text.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if text.get(at + spaces) != Some(&b'=') {
            continue;
        }
        at += spaces + 1;
        at += text.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let value = match text.get(at)? {
            quote @ (b'"' | b'\'') => {
                let value = text.get(at + 1..)?;
                let value = value.get(..value.iter().position(|b| b == quote)?)?;
                at += value.len() + 2;
                value
            }
            _ => {
                let value = text.get(at..)?;
                let value = value.get(..value.iter().position(|b| b.is_ascii_whitespace() || *b == b'>')?)?;
                at += value.len();
                value
            }
        };
        runs_here |= name.eq_ignore_ascii_case(b"runat") && value.eq_ignore_ascii_case(b"server");
        is_ours |= name.eq_ignore_ascii_case(b"language") && language.is_named(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(page: &str) -> Vec<String> {
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match parse(page.as_bytes(), Language::Perl) {
            Err(error) => vec![error.to_string()],
            Ok(pieces) => pieces
                .iter()
                .map(|piece| match &piece.what {
                    What::Text(text) => format!("{}:T{}", piece.line, show(text)),
                    What::Code(code) => format!("{}:C{}", piece.line, show(code)),
                    What::Value(code, escape) => format!("{}:V{escape:?}{}", piece.line, show(code)),
                })
                .collect(),
        }
    }

    #[test]
    fn a_page_is_cut_into_text_code_and_values() {
        assert_eq!(
            shown("a\n<% for (1..3) { %><b><%= $_ %></b>\n<% } %>z"),
            ["1:Ta\n", "2:C for (1..3) { ", "2:T<b>", "2:VPage $_ ", "2:T</b>\n", "3:C } ", "3:Tz"]
        );
        assert_eq!(shown("<%h $x %><%== $y %><%hello() %>"), ["1:VHtml $x ", "1:VNone $y ", "1:Chello() "]);
        assert_eq!(shown("<%-- no\n <% code --%>x<%@ LANGUAGE=\"PerlScript\" %>\ny"), ["2:Tx", "2:T\ny"]);
        assert_eq!(shown("<% $x %%> 1; %> <%% "), ["1:C $x %> 1; ", "1:T ", "1:T<%", "1:T "]);
        assert_eq!(shown(""), [""; 0]);
    }

    #[test]
    fn a_script_runs_here_where_its_tag_says_so() {
        assert_eq!(
            shown("a<SCRIPT LANGUAGE=\"PerlScript\" RUNAT=\"Server\">\ncode </b\n</Script >b"),
            ["1:Ta", "1:C\ncode </b\n", "3:Tb"]
        );
        assert_eq!(shown("<script runat=server language='perl'>c</script>"), ["1:Cc"]);
        for browser in [
            "<script>x</script>",
            "<script language=\"PerlScript\">x</script>",
            "<script runat=server>x</script>",
            "<script language=javascript runat=server>x</script>",
            "<scripts language=perl runat=server>",
            "<script language=perl runat=server",
            "<script language=\"perl runat=server>",
        ] {
            assert_eq!(shown(browser), [format!("1:T{browser}")]);
        }
        assert_eq!(shown("<script a=\"<% 1 %>\">"), ["1:T<script a=\"", "1:C 1 ", "1:T\">"]);
    }

    #[test]
    fn what_is_not_closed_is_told_with_its_line() {
        for (page, error) in [
            ("a\n<% b\nc", "line 2: this code, <%, is not closed by %>"),
            ("\n\n<%-- b %>", "line 3: this comment, <%--, is not closed by --%>"),
            ("<%= %>", "line 1: <%= has no expression"),
            (
                "x\n<script runat=server language=perl>y",
                "line 2: this script with runat=server is not closed by </script>",
            ),
            ("<%", "line 1: this code, <%, is not closed by %>"),
            ("<% a %%>", "line 1: this code, <%, is not closed by %>"),
        ] {
            assert_eq!(shown(page), [error], "{page}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_page_or_an_error(page in "(<%|%>|%%>|<%=|<%h |--|<script |runat=server |language=perl>|</script>|[\"'<>%=\n a\\x00-\\xff]){0,40}") {
            for language in [Language::Perl, Language::Lua] {
                if let Ok(pieces) = parse(page.as_bytes(), language) {
                    let texts = pieces.iter().filter(|piece| matches!(piece.what, What::Text(_))).count();
                    let script = if language == Language::Perl { perl(&pieces, 7, false) } else { lua(&pieces, 7, false) };
                    prop_assert_eq!(script.windows(3).filter(|w| w == b"7, ").count() >= texts, true);
                }
            }
        }

        #[test]
        fn any_bytes_at_all(page in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&page, Language::Perl);
        }
    }
}
