//! A page as a script in Lua.

use crate::{Escape, Piece, What, lines};

/// What the page's code finds: `print`, and what prints pieces and values. Names of its own, since the page may use any other. A value that is nil prints
/// nothing.
const HEAD: &[u8] = b"\
local __tostring, __select, __concat = tostring, select, table.concat \
local function __texts(v, ...) \
if v == nil then v = '' else v = __tostring(v) end \
if __select('#', ...) == 0 then return v end \
return v, __texts(...) end \
local function __print(r) return function(...) \
local n, all = __select('#', ...), {...} \
for i = 1, n do all[i] = __tostring(all[i]) end \
r:puts(__concat(all, '\\t'), '\\n') end end \
function handle(r) local __r, print = r, __print(r) ";

/// The script of a page without any code: httpd sends the file.
pub const PLAIN: &[u8] = b"function handle() return -1 end";

/// The script: a function `handle` of the request `r`, all of whose code stands on the lines that it has in the page. Text pieces are sent by
/// `__r:send_piece(page, number)`, with their numbers among all text pieces from 0 on. `escapes`: values are escaped for HTML unless they say otherwise.
#[must_use]
pub fn lua(pieces: &[Piece<'_>], page: u64, escapes: bool) -> Vec<u8> {
    let mut script = HEAD.to_vec();
    let (mut texts, mut line) = (0, 1);
    for piece in pieces {
        // A line that ended earlier than the page's, because of a comment, is made up for here as far as there are lines.
        while line < piece.line {
            script.push(b'\n');
            line += 1;
        }
        match &piece.what {
            What::Text(_) => {
                script.extend_from_slice(format!("__r:send_piece({page}, {texts});").as_bytes());
                texts += 1;
            }
            What::Code(code) => line += put(&mut script, code),
            What::Value(code, escape) => {
                let escaped = matches!(escape, Escape::Html) || (escapes && matches!(escape, Escape::Page));
                let (open, close): (&[u8], &[u8]) = match escaped {
                    true => (b"__r:puts(__r:escape_html(__concat{__texts(", b")}));"),
                    false => (b"__r:puts(__texts(", b"));"),
                };
                script.extend_from_slice(open);
                line += put(&mut script, code);
                script.extend_from_slice(close);
            }
        }
    }
    script.extend_from_slice(b" end");
    script
}

/// Puts code in, and the end of a line if it may end with a comment; returns how many lines.
fn put(script: &mut Vec<u8>, code: &[u8]) -> u32 {
    let last = code.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let may_be_comment = last.windows(2).any(|two| two == b"--");
    script.extend_from_slice(code);
    script.push(if may_be_comment { b'\n' } else { b' ' });
    lines(code) + u32::from(may_be_comment)
}

#[cfg(test)]
mod tests {
    use super::HEAD;
    use crate::{Language, lua, parse};

    fn script(page: &str, escapes: bool) -> String {
        let script = lua(&parse(page.as_bytes(), Language::Lua).unwrap_or_default(), 7, escapes);
        String::from_utf8_lossy(script.strip_prefix(HEAD).unwrap_or_default()).into_owned()
    }

    #[test]
    fn code_stands_on_the_lines_of_the_page() {
        assert!(!HEAD.contains(&b'\n'));
        assert_eq!(
            script("a\n\n<% if x then -- why %>b\n\n<% end %>", false),
            "__r:send_piece(7, 0);\n\n if x then -- why \n__r:send_piece(7, 1);\n end   end"
        );
    }

    #[test]
    fn values_are_escaped_where_they_or_the_page_say_so() {
        let (plain, escaped) =
            ("__r:puts(__texts( x  )); end", "__r:puts(__r:escape_html(__concat{__texts( x  )})); end");
        for (page, escapes, expected) in [
            ("<%= x %>", false, plain),
            ("<%h x %>", false, escaped),
            ("<%= x %>", true, escaped),
            ("<%== x %>", true, plain),
        ] {
            assert_eq!(script(page, escapes), expected);
        }
    }
}
