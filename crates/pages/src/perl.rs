//! A page as a script in Perl.

use crate::{Escape, Piece, What};

/// The script. Text pieces are sent by `ModInterp::PageText::text($__r, page, number)`, where `$__r` is the request,, with their numbers among all text pieces from 0 on. `escapes`: values are
/// escaped for HTML unless they say otherwise.
#[must_use]
pub fn perl(pieces: &[Piece<'_>], page: u64, escapes: bool) -> Vec<u8> {
    let mut script = Vec::new();
    let mut texts = 0;
    for piece in pieces {
        // Perl counts from the number that such a line says.
        let mark = |script: &mut Vec<u8>| script.extend_from_slice(format!("\n#line {}\n", piece.line).as_bytes());
        match &piece.what {
            What::Text(_) => {
                script.extend_from_slice(format!("ModInterp::PageText::text($__r, {page}, {texts});").as_bytes());
                texts += 1;
            }
            // The end of a line, since the code may end with a comment.
            What::Code(code) => {
                mark(&mut script);
                script.extend_from_slice(code);
                script.extend_from_slice(b"\n;");
            }
            What::Value(code, escape) => {
                let escaped = matches!(escape, Escape::Html) || (escapes && matches!(escape, Escape::Page));
                script.extend_from_slice(if escaped { b"print ModInterp::Page::html(" } else { b"print(" });
                mark(&mut script);
                script.extend_from_slice(code);
                script.extend_from_slice(b"\n);");
            }
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use crate::{Language, parse, perl};

    fn script(page: &str, escapes: bool) -> String {
        String::from_utf8(perl(&parse(page.as_bytes(), Language::Perl).unwrap_or_default(), 7, escapes))
            .unwrap_or_default()
    }

    #[test]
    fn code_keeps_the_lines_of_the_page() {
        assert_eq!(
            script("a\n<% if (1) { # why %>b<% } %>", false),
            "ModInterp::PageText::text($__r, 7, 0);\n#line 2\n if (1) { # why \n;ModInterp::PageText::text($__r, 7, 1);\n#line 2\n } \n;"
        );
    }

    #[test]
    fn values_are_escaped_where_they_or_the_page_say_so() {
        assert_eq!(script("<%= $x %>", false), "print(\n#line 1\n $x \n);");
        assert_eq!(script("<%h $x %>", false), "print ModInterp::Page::html(\n#line 1\n $x \n);");
        assert_eq!(script("<%= $x %>", true), "print ModInterp::Page::html(\n#line 1\n $x \n);");
        assert_eq!(script("<%== $x %>", true), "print(\n#line 1\n $x \n);");
    }
}
