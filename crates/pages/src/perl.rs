//! A page as a script in Perl.

use crate::{Escape, Piece, What, lines};

/// The script. Text pieces are sent by `ModInterp::page_text(page, number)`, with their numbers among all text pieces from 0 on. `escapes`: values are escaped for HTML unless they say otherwise.
#[must_use]
pub fn perl(pieces: &[Piece<'_>], page: u64, escapes: bool) -> Vec<u8> {
    let mut script = Vec::new();
    let mut texts = 0;
    for piece in pieces {
        // Perl counts from the number that such a line says.
        let mark = |script: &mut Vec<u8>| script.extend_from_slice(format!("\n#line {}\n", piece.line).as_bytes());
        match &piece.what {
            What::Text(_) => {
                script.extend_from_slice(format!("ModInterp::page_text({page}, {texts});").as_bytes());
                texts += 1;
            }
            // The end of a line, since the code may end with a comment.
            What::Code(code) => {
                mark(&mut script);
                script.extend_from_slice(code);
                script.extend_from_slice(if ends_in_pod(code) { b"\n;\n\n=pod\n\n=cut\n\n" } else { b"\n;" });
            }
            What::Value(code, escape) => {
                let escaped = matches!(escape, Escape::Html) || (escapes && matches!(escape, Escape::Page));
                // perl says of a statement the line on which it begins.
                mark(&mut script);
                script.extend_from_slice(if escaped { b"print ModInterp::Page::html(" } else { b"print(" });
                script.extend_from_slice(code);
                script.extend_from_slice(b"\n);");
            }
        }
    }
    // What is found wrong at the end of all is found in the page's last line, though what the script is put into ends one line later.
    let last = pieces.last().map_or(1, |piece| piece.line.saturating_add(lines_of(&piece.what)));
    script.extend_from_slice(format!("\n#line {}\n", last - 1).as_bytes());
    script
}

fn lines_of(what: &What<'_>) -> u32 {
    match what {
        What::Text(text) => lines(text),
        What::Code(code) | What::Value(code, _) => lines(code),
    }
}

/// Whether code may end within a pod, which ends with the piece: perl takes a file's end for a pod's, and a page goes on.
fn ends_in_pod(code: &[u8]) -> bool {
    let command = |line: &&[u8]| line.first() == Some(&b'=') && line.get(1).is_some_and(u8::is_ascii_alphabetic);
    let last = code.split(|b| *b == b'\n').rfind(command);
    last.is_some_and(|line| {
        line.strip_prefix(b"=cut").is_none_or(|rest| rest.first().is_some_and(u8::is_ascii_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use crate::{Language, parse, perl};

    fn script(page: &str, escapes: bool) -> String {
        let script = perl(&parse(page.as_bytes(), Language::Perl).unwrap_or_default(), 7, escapes);
        String::from_utf8(script).unwrap_or_default()
    }

    /// Without the mark at the end.
    fn body(page: &str, escapes: bool) -> String {
        script(page, escapes).rsplit_once("\n#line ").map_or_else(String::new, |(body, _)| body.to_owned())
    }

    #[test]
    fn code_keeps_the_lines_of_the_page() {
        assert!(
            script("a\n<% 1\n; %>", false).ends_with("\n#line 2\n") && script("x\n\n", false).ends_with("\n#line 2\n")
        );
        assert_eq!(
            body("a\n<% if (1) { # why %>b<% } %>", false),
            "ModInterp::page_text(7, 0);\n#line 2\n if (1) { # why \n;ModInterp::page_text(7, 1);\n#line 2\n } \n;"
        );
    }

    #[test]
    fn a_pod_ends_with_its_piece() {
        let pod = "\n;\n\n=pod\n\n=cut\n\n";
        for (code, ends) in
            [("\n\n=pod\n\nx", pod), ("\n=head1 x\n\n=cut\n1", "\n;"), ("\n=cuts\n", pod), ("$x\n= 1", "\n;")]
        {
            assert_eq!(body(&format!("<%{code}%>"), false), format!("\n#line 1\n{code}{ends}"));
        }
    }

    #[test]
    fn values_are_escaped_where_they_or_the_page_say_so() {
        assert_eq!(body("<%= $x %>", false), "\n#line 1\nprint( $x \n);");
        assert_eq!(body("<%h $x %>", false), "\n#line 1\nprint ModInterp::Page::html( $x \n);");
        assert_eq!(body("<%= $x %>", true), "\n#line 1\nprint ModInterp::Page::html( $x \n);");
        assert_eq!(body("<%== $x %>", true), "\n#line 1\nprint( $x \n);");
    }
}
