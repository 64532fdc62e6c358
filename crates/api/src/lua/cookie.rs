//! Cookies that are set. Reading one is httpd's own affair.

use super::text::escape;
use httpd::Request;
use interp::*;
use std::borrow::Cow;

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [
        method("getcookie(key)", Request::cookie).doc("A cookie's value, as it was sent."),
        method("setcookie(cookie, [value], [secure], [expires])", setcookie).doc(
            "Sets a cookie: a table with key, value, expires (seconds since 1970), secure, httponly, path, domain.",
        ),
    ],
);

/// What a `Set-Cookie` header says.
#[derive(Default, Debug)]
struct Cookie<'a> {
    key: &'a [u8],
    value: &'a [u8],
    /// Seconds since 1970; 0: with the browser's session.
    expires: i64,
    secure: bool,
    http_only: bool,
    path: &'a [u8],
    domain: &'a [u8],
}

impl Cookie<'_> {
    /// The header's value; name and value are escaped as parts of a URL.
    fn header(&self) -> Result<Vec<u8>> {
        if self.key.is_empty() {
            return Err("a cookie needs a key".into());
        }
        for text in [self.path, self.domain] {
            if text.iter().any(|b| b.is_ascii_control() || *b == b';') {
                return Err("path and domain of a cookie must not contain a semicolon or a control character".into());
            }
        }
        let mut parts = vec![[&escape(self.key)[..], b"=", &escape(self.value)].concat()];
        if self.secure {
            parts.push(b"Secure".to_vec());
        }
        if self.expires > 0
            && let Some(date) = self.expires.checked_mul(apr::SECOND).and_then(apr::rfc822_date)
        {
            parts.push(format!("Expires={date}").into());
        }
        if self.http_only {
            parts.push(b"HttpOnly".to_vec());
        }
        for (name, text) in [(&b"Domain="[..], self.domain), (b"Path=", self.path)] {
            if !text.is_empty() {
                parts.push([name, text].concat());
            }
        }
        Ok([&parts.join(&b"; "[..])[..], b";"].concat())
    }
}

/// `setcookie{key = .., value = ..}`, or as older scripts write it `setcookie(key, value, secure, expires)`.
pub(super) fn setcookie(
    r: &Request,
    cookie: Fields,
    value: Option<Plain>,
    secure: Option<Switch>,
    expires: Option<i64>,
) -> Result<()> {
    let header = match cookie.plain() {
        Some(key) => {
            let (key, value) = (text(key, "the key")?, text(value.unwrap_or(Plain::Nothing), "the value")?);
            let (secure, expires) = (Switch::is_on(secure), expires.unwrap_or(0));
            Cookie { key: &key, value: &value, secure, expires, ..Cookie::default() }.header()?
        }
        None => {
            let (key, value) = (text(cookie.get("key"), "key")?, text(cookie.get("value"), "value")?);
            let or = |name, default: &'static [u8]| match cookie.get(name) {
                Plain::Nothing => Ok(default.into()),
                value => text(value, name),
            };
            let expires = match cookie.get("expires") {
                Plain::Nothing => 0,
                value => value.int().ok_or("expires must be a number")?,
            };
            Cookie {
                key: &key,
                value: &value,
                expires,
                secure: cookie.get("secure") == Plain::Bool(true),
                http_only: cookie.get("httponly") == Plain::Bool(true),
                path: &or("path", b"/")?,
                domain: &or("domain", b"")?,
            }
            .header()?
        }
    };
    r.err_headers_out().add(b"Set-Cookie", &header);
    Ok(())
}

fn text<'c>(value: Plain<'c>, what: &str) -> Result<Cow<'c, [u8]>> {
    value.text().ok_or_else(|| format!("{what} must be a string").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_says_what_it_was_given_and_no_more() {
        let cookie = Cookie { key: b"a b", value: b"1;2", ..Cookie::default() };
        assert_eq!(cookie.header().unwrap(), b"a+b=1%3b2;");
        let cookie = Cookie {
            key: b"k",
            value: b"",
            expires: 1_000_000_000,
            secure: true,
            http_only: true,
            path: b"/x",
            domain: b"example.com",
        };
        let header = String::from_utf8(cookie.header().unwrap()).unwrap();
        let date = "Sun, 09 Sep 2001 01:46:40 GMT";
        assert_eq!(header, format!("k=; Secure; Expires={date}; HttpOnly; Domain=example.com; Path=/x;"));
    }

    #[test]
    fn no_other_header_hides_in_a_cookie() {
        let path = |path| Cookie { key: b"k", path, ..Cookie::default() }.header();
        assert!(path(b"/\r\nX: y").is_err());
        assert!(path(b"/; Secure").is_err());
        assert!(Cookie::default().header().is_err());
    }
}
