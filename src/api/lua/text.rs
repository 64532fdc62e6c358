//! Escapes, as mod_lua's functions of these names do them, but for any bytes.

/// As part of a URL: a space becomes `+`, what is no letter, digit or one of `.-*_` becomes `%xx`.
pub(super) fn escape(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b' ' => escaped.push(b'+'),
            b'.' | b'-' | b'*' | b'_' => escaped.push(byte),
            _ if byte.is_ascii_alphanumeric() => escaped.push(byte),
            _ => escaped.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    escaped
}

/// What [`escape`] has made of it. `None` for what it can't have made: a `%` without two digits, or `%00`.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let (plain, is_whole) = decode(text, true);
    (is_whole && !plain.contains(&0)).then_some(plain)
}

/// `%xx` decoded, and with `plus` each `+` a space. What is no such thing stays, and the flag is false.
pub(super) fn decode(text: &[u8], plus: bool) -> (Vec<u8>, bool) {
    let digit = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut plain, mut is_whole, mut i) = (Vec::with_capacity(text.len()), true, 0);
    while let Some(&byte) = text.get(i) {
        i += 1;
        match (byte, digit(i), digit(i + 1)) {
            (b'+', ..) if plus => plain.push(b' '),
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                i += 2;
            }
            _ => {
                is_whole &= byte != b'%';
                plain.push(byte);
            }
        }
    }
    (plain, is_whole)
}

/// As text of a page.
pub(super) fn escape_html(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'<' => escaped.extend_from_slice(b"&lt;"),
            b'>' => escaped.extend_from_slice(b"&gt;"),
            b'&' => escaped.extend_from_slice(b"&amp;"),
            b'"' => escaped.extend_from_slice(b"&quot;"),
            other => escaped.push(*other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_back_as_it_was_and_any_byte_passes() {
        let url = b"http://foo.bar/1 2 3 & 4 + 5";
        let escaped = escape(url);
        assert_eq!(escaped, b"http%3a%2f%2ffoo.bar%2f1+2+3+%26+4+%2b+5");
        assert_eq!(unescape(&escaped).unwrap(), url);
        let all: Vec<u8> = (1..=255).collect();
        assert_eq!(unescape(&escape(&all)).unwrap(), all);
    }

    #[test]
    fn what_is_no_escape_is_refused_or_stays() {
        assert_eq!((unescape(b"%zz"), unescape(b"a%4"), unescape(b"a%00")), (None, None, None));
        assert_eq!(decode(b"a%zz+%41%", false), (b"a%zz+A%".to_vec(), false));
        assert_eq!(decode(b"a+b%2F", true), (b"a b/".to_vec(), true));
    }

    #[test]
    fn text_of_a_page_holds_no_markup() {
        assert_eq!(escape_html(b"<a href=\"x\">&</a>\0"), b"&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;\0");
    }
}
