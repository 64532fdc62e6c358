//! What a query string or a body holds: names with values. Pure.

use super::text::decode;
use interp::Value;
use std::collections::HashMap;

/// A name and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// A query string. As mod_lua a name without `=` has the value 1, and `+` stays.
pub(super) fn query(text: &[u8]) -> Vec<Pair> {
    let of = |item: &[u8]| match item.iter().position(|b| *b == b'=') {
        Some(at) => (decode(&item[..at], false).0, decode(&item[at + 1..], false).0),
        None => (decode(item, false).0, b"1".to_vec()),
    };
    text.split(|b| *b == b'&').filter(|item| !item.is_empty()).map(of).collect()
}

/// A body of `application/x-www-form-urlencoded`. What has no `=` is left out.
pub(super) fn urlencoded(body: &[u8]) -> Vec<Pair> {
    let of = |item: &[u8]| {
        let at = item.iter().position(|b| *b == b'=')?;
        Some((decode(&item[..at], true).0, decode(&item[at + 1..], true).0))
    };
    body.split(|b| *b == b'&').filter_map(of).collect()
}

/// What kind of form a `Content-Type` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Urlencoded,
    /// With its boundary.
    Multipart(Vec<u8>),
    Other,
}

impl Kind {
    pub(super) fn of(content_type: &[u8]) -> Kind {
        let kind = content_type.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        if kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            return Kind::Urlencoded;
        }
        if kind.eq_ignore_ascii_case(b"multipart/form-data")
            && let Some(boundary) = parameter(content_type, b"boundary").filter(|b| !b.is_empty())
        {
            return Kind::Multipart(boundary);
        }
        Kind::Other
    }
}

/// A parameter of a header field: `name="x"` or `name=x`, behind a semicolon.
fn parameter(field: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = &field[field.iter().position(|b| *b == b';')? + 1..];
    loop {
        let equals = rest.iter().position(|b| *b == b'=' || *b == b';')?;
        let key = rest[..equals].trim_ascii();
        if rest[equals] == b';' {
            rest = &rest[equals + 1..];
            continue;
        }
        let (value, behind) = value(rest[equals + 1..].trim_ascii_start());
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = &behind[behind.iter().position(|b| *b == b';')? + 1..];
    }
}

/// A value, in quotes or not, and what is behind it.
fn value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|b| *b == b';').unwrap_or(text.len());
        return (text[..end].trim_ascii_end().to_vec(), &text[end..]);
    };
    let (mut value, mut i) = (Vec::new(), 0);
    while let Some(&byte) = quoted.get(i) {
        i += 1;
        match byte {
            b'"' => break,
            // Browsers send \ as it is: only what would end the text is escaped.
            b'\\' if matches!(quoted.get(i), Some(b'"' | b'\\')) => {
                value.push(quoted[i]);
                i += 1;
            }
            _ => value.push(byte),
        }
    }
    (value, &quoted[i..])
}

/// A body of `multipart/form-data`. The flag is false if it does not end with its boundary: what is whole is there.
pub(super) fn multipart(body: &[u8], boundary: &[u8]) -> (Vec<Pair>, bool) {
    let delimiter = [b"\r\n--", boundary].concat();
    let mut pairs = Vec::new();
    // The first one may stand at the very beginning.
    let mut at = match body.starts_with(&delimiter[2..]) {
        true => Some(delimiter.len() - 2),
        false => find(body, &delimiter).map(|at| at + delimiter.len()),
    };
    while let Some(start) = at {
        let rest = &body[start..];
        if rest.starts_with(b"--") {
            return (pairs, true);
        }
        // Behind a boundary there may be blanks, then the line ends.
        let Some(line) = find(rest, b"\r\n") else { break };
        let part = &rest[line..];
        let Some(end) = find_delimiter(part, &delimiter) else { break };
        if let Some(pair) = pair_of(&part[..end]) {
            pairs.push(pair);
        }
        at = Some(start + line + end + delimiter.len());
    }
    (pairs, false)
}

/// A delimiter ends a part if a line ends behind it, or `--` follows.
fn find_delimiter(part: &[u8], delimiter: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(&part[from..], delimiter)?;
        let behind = &part[at + delimiter.len()..];
        let blanks = behind.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if behind.starts_with(b"--") || behind[blanks..].starts_with(b"\r\n") {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Headers, each behind a line's end, a blank line, the value.
fn pair_of(part: &[u8]) -> Option<Pair> {
    let end = find(part, b"\r\n\r\n")?;
    let headers = &part[..end];
    let disposition = headers.split(|b| *b == b'\n').find_map(|line| {
        let at = line.iter().position(|b| *b == b':')?;
        line[..at].trim_ascii().eq_ignore_ascii_case(b"Content-Disposition").then(|| line[at + 1..].trim_ascii())
    })?;
    let name = parameter(disposition, b"name").filter(|name| !name.is_empty())?;
    Some((name, part[end + 4..].to_vec()))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|b| *b == first)?;
        if text[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Which of several values of a name stands in the first of the two tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
}

/// The two tables: a value for each name, and all values of each name in order.
pub(super) fn tables(pairs: Vec<Pair>, keep: Keep) -> [Value; 2] {
    let mut places = HashMap::new();
    let mut all: Vec<(Vec<u8>, Vec<Value>)> = Vec::new();
    for (name, value) in pairs {
        let place = *places.entry(name.clone()).or_insert_with(|| {
            all.push((name, Vec::new()));
            all.len() - 1
        });
        all[place].1.push(Value::Text(value));
    }
    let kept = |values: &Vec<Value>| match keep {
        Keep::First => values.first().cloned(),
        Keep::Last => values.last().cloned(),
    };
    let simple = all.iter().filter_map(|(name, values)| Some((name.clone(), kept(values)?))).collect();
    let multi = all.into_iter().map(|(name, values)| (name, Value::Array(values))).collect();
    [Value::Table(simple), Value::Table(multi)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<Pair> {
        list.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_query_string_comes_apart_as_with_mod_lua() {
        assert_eq!(
            query(b"a=1&b=x%20y&&c&d=&a=2&e=x+y&f=a%3Db"),
            pairs(&[("a", "1"), ("b", "x y"), ("c", "1"), ("d", ""), ("a", "2"), ("e", "x+y"), ("f", "a=b")])
        );
        assert_eq!(query(b""), []);
    }

    #[test]
    fn a_form_is_decoded_and_keeps_empty_values() {
        assert_eq!(urlencoded(b"a=1+2&b=&lost&a=%c3%a4"), pairs(&[("a", "1 2"), ("b", ""), ("a", "\u{e4}")]));
    }

    #[test]
    fn the_first_table_has_one_value_and_the_second_has_all_in_order() {
        let of = |keep| tables(pairs(&[("a", "1"), ("b", "x"), ("a", "2")]), keep);
        let table = |list: &[(&str, Value)]| {
            Value::Table(list.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.clone())).collect())
        };
        let all = table(&[("a", Value::Array(vec!["1".into(), "2".into()])), ("b", Value::Array(vec!["x".into()]))]);
        assert_eq!(of(Keep::Last), [table(&[("a", "2".into()), ("b", "x".into())]), all.clone()]);
        assert_eq!(of(Keep::First), [table(&[("a", "1".into()), ("b", "x".into())]), all]);
    }

    #[test]
    fn a_content_type_names_the_kind_and_a_boundary_may_be_quoted() {
        assert_eq!(Kind::of(b"application/x-www-form-urlencoded; charset=utf-8"), Kind::Urlencoded);
        assert_eq!(Kind::of(b"Multipart/Form-Data; charset=x; boundary=\"a b;c\""), Kind::Multipart(b"a b;c".to_vec()));
        assert_eq!(Kind::of(b"multipart/form-data;boundary=--x ; y=z"), Kind::Multipart(b"--x".to_vec()));
        assert_eq!(Kind::of(b"multipart/form-data"), Kind::Other);
        assert_eq!(Kind::of(b"text/plain; boundary=x"), Kind::Other);
    }

    #[test]
    fn parts_may_be_empty_hold_any_byte_and_what_looks_like_a_boundary() {
        let body = b"preamble\r\n--X\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--X\r\n\
            Content-Type: application/octet-stream\r\ncontent-disposition: form-data; filename=\"a.bin\"; name=\"file\"\r\n\r\n\
            \0\xff\r\n--XY\r\n\r\n--\r\n--X \t\r\nContent-Disposition: form-data; name=\"a \\\"b\\\"\"\r\n\r\nlast\r\n--X--\r\nepilogue";
        let (found, is_whole) = multipart(body, b"X");
        assert!(is_whole);
        assert_eq!(
            found,
            [
                (b"empty".to_vec(), b"".to_vec()),
                (b"file".to_vec(), b"\0\xff\r\n--XY\r\n\r\n--".to_vec()),
                (b"a \"b\"".to_vec(), b"last".to_vec())
            ]
        );
    }

    #[test]
    fn a_body_that_is_cut_gives_what_is_whole_and_says_so() {
        let body = b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--X\r\nContent-Disposition: form-data; name=b\r\n\r\n2";
        assert_eq!(multipart(body, b"X"), (pairs(&[("a", "1")]), false));
        assert_eq!(multipart(b"", b"X"), (vec![], false));
        assert_eq!(multipart(b"--X--", b"X"), (vec![], true));
    }
}
