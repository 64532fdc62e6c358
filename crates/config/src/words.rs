//! Parsers for what a line says. Each tells what is wrong with its word.

use std::time::Duration;

use crate::error::Why;

/// httpd's space (`apr_isspace`).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The next word of a line and what follows it, as `ap_getword_conf`: a word in quotes may hold spaces and, behind a
/// backslash, its quote; of two backslashes one stays. `None` at the end of the line.
pub fn next(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let start = line.iter().position(|b| !is_space(*b))?;
    let line = &line[start..];
    let quote = line.first().copied().filter(|b| matches!(b, b'"' | b'\''));
    let text = if quote.is_some() { &line[1..] } else { line };
    let (mut word, mut rest) = (Vec::new(), text);
    loop {
        rest = match rest {
            [b'\\', b'\\', rest @ ..] => {
                word.push(b'\\');
                rest
            }
            [b'\\', b, rest @ ..] if Some(*b) == quote => {
                word.push(*b);
                rest
            }
            [b, rest @ ..] if Some(*b) == quote => return Some((word, rest)),
            [b, ..] if quote.is_none() && is_space(*b) => return Some((word, rest)),
            [b, rest @ ..] => {
                word.push(*b);
                rest
            }
            [] => return Some((word, rest)),
        };
    }
}

/// A value without the quotes around it.
pub fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [first @ (b'"' | b'\''), inner @ .., last] if first == last => inner,
        _ => value,
    }
}

/// The name and the value of a word such as `max=5`.
pub fn setting(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = word.split_at_checked(word.iter().position(|b| *b == b'=')?)?;
    Some((name, value.get(1..)?))
}

/// All words of a line.
pub fn all(mut line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    while let Some((word, rest)) = next(line) {
        words.push(word);
        line = rest;
    }
    words
}

/// The handlers of a line: its words, but one that begins with the Lua keyword `function` (a sign may stand before it) is,
/// unquoted, the whole rest of the line.
pub fn handlers(mut line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    loop {
        line = line.trim_ascii();
        if is_function(line.strip_prefix(b"+").or(line.strip_prefix(b"-")).unwrap_or(line)) {
            words.push(line.to_vec());
            return words;
        }
        let Some((word, rest)) = next(line) else { return words };
        words.push(word);
        line = rest;
    }
}

/// Whether this is a Lua function, written out.
pub fn is_function(code: &[u8]) -> bool {
    code.strip_prefix(b"function").is_some_and(|rest| {
        let first = rest.first().copied().unwrap_or_default();
        is_space(first) || first == b'('
    })
}

fn digits(word: &[u8]) -> (&str, &[u8]) {
    let end = word.iter().position(|b| !b.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    (std::str::from_utf8(number).unwrap_or_default(), unit)
}

/// A whole number of at least `min`.
pub fn count(word: &[u8], min: u32) -> Result<u32, Why> {
    let unsigned = word.strip_prefix(b"-").unwrap_or(word);
    let (number, rest) = digits(unsigned);
    if number.is_empty() || !rest.is_empty() {
        return Err(Why::NotANumber(min));
    }
    if unsigned.len() < word.len() {
        return Err(Why::NumberTooSmall(min));
    }
    match number.parse::<u32>() {
        Ok(n) if n < min => Err(Why::NumberTooSmall(min)),
        Ok(n) if n <= i32::MAX as u32 => Ok(n),
        _ => Err(Why::NumberTooLarge),
    }
}

/// A time: a number with `ms`, `s`, `min` (`m`, `mi`), `h` or `d`; seconds if no unit stands there.
pub fn duration(word: &[u8]) -> Result<Duration, Why> {
    let (number, unit) = digits(word);
    let milliseconds = match unit.to_ascii_lowercase().as_slice() {
        b"ms" => 1,
        b"" | b"s" => 1000,
        b"m" | b"mi" | b"min" => 60 * 1000,
        b"h" => 3600 * 1000,
        b"d" => 24 * 3600 * 1000,
        _ => 0,
    };
    if number.is_empty() || milliseconds == 0 {
        return Err(Why::NotATime);
    }
    // A century is enough for anyone, and adding it to a clock never overflows.
    let most = 100 * 365 * 24 * 3600 * 1000_u64;
    match number.parse::<u64>().ok().and_then(|n| n.checked_mul(milliseconds)) {
        Some(ms) if ms <= most => Ok(Duration::from_millis(ms)),
        _ => Err(Why::TimeTooLong),
    }
}

/// A time that passes: not none at all.
pub fn time(word: &[u8]) -> Result<Duration, Why> {
    duration(word).and_then(|time| if time.is_zero() { Err(Why::NotATime) } else { Ok(time) })
}

/// A size in bytes: a number with `K`, `M` or `G`; bytes if no unit stands there. `lifted` is the word for no size at all.
pub fn size(word: &[u8], lifted: &'static str) -> Result<u64, Why> {
    let (number, unit) = digits(word);
    let factor = match unit.to_ascii_uppercase().as_slice() {
        b"" | b"B" => 1,
        b"K" | b"KB" => 1 << 10,
        b"M" | b"MB" => 1 << 20,
        b"G" | b"GB" => 1 << 30,
        _ => 0,
    };
    if number.is_empty() || factor == 0 {
        return Err(Why::NotASize);
    }
    match number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)) {
        Some(0) => Err(Why::SizeTooSmall(lifted)),
        Some(bytes) if bytes <= 1 << 40 => Ok(bytes),
        _ => Err(Why::SizeTooLarge),
    }
}

/// `On` or `Off`, as httpd writes a flag.
pub fn flag(word: &[u8]) -> Result<bool, Why> {
    match word.to_ascii_lowercase().as_slice() {
        b"on" | b"1" => Ok(true),
        b"off" | b"0" => Ok(false),
        _ => Err(Why::NotAFlag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_units_and_mean_seconds_without() {
        for (word, ms) in [
            ("0", 0),
            ("30", 30_000),
            ("5s", 5000),
            ("250ms", 250),
            ("2min", 120_000),
            ("1MI", 60_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(word.as_bytes()), Ok(Duration::from_millis(ms)), "{word}");
        }
        assert!(duration(b"1d").is_ok());
        for word in ["", "s", "-1", "1.5", "5 s", "5x", "999999999999999999d"] {
            assert!(duration(word.as_bytes()).is_err(), "{word}");
        }
    }

    #[test]
    fn sizes_take_units_and_mean_bytes_without() {
        for (word, bytes) in [("4096", 4096), ("64k", 65536), ("1M", 1 << 20), ("2GB", 2 << 30)] {
            assert_eq!(size(word.as_bytes(), "off"), Ok(bytes), "{word}");
        }
        for word in ["", "0", "M", "1T", "-1", "99999999999999999999"] {
            assert!(size(word.as_bytes(), "off").is_err(), "{word}");
        }
    }

    #[test]
    fn lines_are_cut_as_httpd_cuts_them() {
        for (line, expected) in [
            ("a  b\tc ", &["a", "b", "c"][..]),
            ("'a b' \"c d\"", &["a b", "c d"]),
            (r#""a\"b" 'c\'d' "e\f" "g\\h""#, &["a\"b", "c'd", r"e\f", r"g\h"]),
            (r"a\\b c\'d a'b'", &[r"a\b", r"c\'d", "a'b'"]),
            ("'' \"\"", &["", ""]),
            ("'open", &["open"]),
            ("'a'b", &["a", "b"]),
            (" ", &[]),
        ] {
            let words: Vec<String> = all(line.as_bytes()).iter().map(|w| String::from_utf8_lossy(w).into()).collect();
            assert_eq!(words, expected, "{line}");
        }
    }

    #[test]
    fn a_function_takes_the_rest_of_its_line() {
        for (line, expected) in [
            ("a b", &["a", "b"][..]),
            ("function(r) return 404 end ", &["function(r) return 404 end"]),
            ("function (r) return 'a b' end", &["function (r) return 'a b' end"]),
            ("a +function(r) end", &["a", "+function(r) end"]),
            ("'function(r) end' b", &["function(r) end", "b"]),
            ("function b", &["function b"]),
            ("functions b", &["functions", "b"]),
            ("function", &["function"]),
            ("", &[]),
        ] {
            let words: Vec<String> =
                handlers(line.as_bytes()).iter().map(|w| String::from_utf8_lossy(w).into()).collect();
            assert_eq!(words, expected, "{line}");
        }
    }

    #[test]
    fn counts_are_plain_digits() {
        assert_eq!(count(b"007", 1), Ok(7));
        for word in ["", "-1", "+1", "1e3", " 1", "10abc", "0", "4294967296", "2147483648", "\u{ff}"] {
            assert!(count(word.as_bytes(), 1).is_err(), "{word}");
        }
    }
}
