//! Escapes, as mod_lua's functions of these names do them, but for any bytes; and digests.

use apr::{Algorithm, digest};
use httpd::{Request, util};
use interp::*;

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(LUA, [
    method("escape(text)", |_: &Request, t: &[u8]| escape(t)).doc("A text as part of a URL."),
    method("unescape(text)", |_: &Request, t: &[u8]| unescape(t))
        .doc("The text that escape made this from; nil for a text that escape cannot have made."),
    method("escape_html(text)", |_: &Request, t: &[u8]| escape_html(t)).doc("A text as part of a page."),
    method("escape_logitem(text)", |r: &Request, t: &[u8]| util::escape_logitem(r.pool(), t))
        .doc("A text as the logs show it."),
    method("os_escape_path(path, [partial])", |r: &Request, path: &[u8], partial: Option<Switch>| {
        util::escape_path(r.pool(), path, Switch::is_on(partial))
    })
    .doc("A path as part of a URL; partial: a colon before the first slash needs no ./ before it."),
    method("base64_encode(bytes)", |_: &Request, bytes: &[u8]| apr_api::base64::encode(bytes)).doc("Bytes as text."),
    method("base64_decode(text)", |_: &Request, t: &[u8]| apr_api::base64::decode(t)).doc("The bytes of a text."),
    method("md5(bytes)", |_: &Request, bytes: &[u8]| digest::hex(&digest::md5(bytes))).doc("The MD5 digest, as text."),
    method("sha1(bytes)", |_: &Request, bytes: &[u8]| digest::hex(&digest::sha1(bytes)))
        .doc("The SHA-1 digest, as text."),
    method("htpassword(password, [algorithm], [cost])", htpassword)
        .doc("A password's hash by algorithm: 0 APR's MD5, 1 SHA-1, 2 bcrypt (with a cost, else 5), 3 crypt; false and why there is none."),
]);

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

/// What bcrypt costs if nothing is said.
const COST: i32 = 5;

fn htpassword(
    _r: &Request,
    password: &[u8],
    algorithm: Option<i32>,
    cost: Option<i32>,
) -> Either<Vec<u8>, List<Value>> {
    let algorithm = match algorithm.unwrap_or(0) {
        0 => Ok(Algorithm::Md5),
        1 => Ok(Algorithm::Sha1),
        2 => Ok(Algorithm::Bcrypt(cost.filter(|cost| *cost != 0).unwrap_or(COST))),
        3 => Ok(Algorithm::Crypt),
        other => Err(format!("there is no algorithm {other}")),
    };
    match algorithm.and_then(|algorithm| apr::password_hash(password, algorithm)) {
        Ok(hash) => Either::A(hash),
        Err(error) => Either::B(List(vec![Value::Bool(false), Value::Text(error.into())])),
    }
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
