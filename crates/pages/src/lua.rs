//! A page as a script in Lua.

use crate::{Escape, Piece, What, lines};

/// The script: a function `handle` of the request `r`, all of whose code stands on the lines that it has in the page. Text pieces are sent by `r:text(page,
/// number)`, with their numbers among all text pieces from 0 on. `escapes`: values are escaped for HTML unless they say otherwise.
#[must_use]
pub fn lua(pieces: &[Piece<'_>], page: u64, escapes: bool) -> Vec<u8> {
    let mut script = b"function handle(r) ".to_vec();
    let (mut texts, mut line) = (0, 1);
    for piece in pieces {
        // A line that ended earlier than the page's, because of a comment, is made up for here as far as there are lines.
        while line < piece.line {
            script.push(b'\n');
            line += 1;
        }
        match &piece.what {
            What::Text(_) => {
                script.extend_from_slice(format!("r:text({page}, {texts}) ").as_bytes());
                texts += 1;
            }
            What::Code(code) => {
                script.extend_from_slice(code);
                line += lines(code) + end(&mut script, code);
            }
            What::Value(code, escape) => {
                let escaped = matches!(escape, Escape::Html) || (escapes && matches!(escape, Escape::Page));
                script.extend_from_slice(if escaped { b"r:puts(r:escape_html(tostring(" } else { b"r:puts(tostring(" });
                script.extend_from_slice(code);
                line += lines(code) + end(&mut script, code);
                script.extend_from_slice(if escaped { b"))) " } else { b")) " });
            }
        }
    }
    script.extend_from_slice(b" end");
    script
}

/// Ends code, which may end with a comment: then with a line.
fn end(script: &mut Vec<u8>, code: &[u8]) -> u32 {
    let last = code.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let may_be_comment = last.windows(2).any(|two| two == b"--");
    script.push(if may_be_comment { b'\n' } else { b' ' });
    u32::from(may_be_comment)
}

#[cfg(test)]
mod tests {
    use crate::{Language, lua, parse};

    fn script(page: &str) -> String {
        String::from_utf8(lua(&parse(page.as_bytes(), Language::Lua).unwrap_or_default(), 7, false)).unwrap_or_default()
    }

    #[test]
    fn code_stands_on_the_lines_of_the_page() {
        assert_eq!(
            script("a\n\n<% if x then -- why %>b\n\n<% end %>"),
            "function handle(r) r:text(7, 0) \n\n if x then -- why \nr:text(7, 1) \n end   end"
        );
        assert_eq!(script("<%= x %>"), "function handle(r) r:puts(tostring( x  ))  end");
    }
}
