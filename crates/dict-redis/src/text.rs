//! Values, as the server has them: numbers and texts as they are, so that other programs can read them.
//!
//! What would be taken for something else has a NUL in front, and a letter: `t` a text, `b` a boolean, `n` a number that is written by
//! its bits. A value that may be had as old has `f` and the time, in milliseconds and 16 digits of base 16, at which it is old.

use dict::store::millis;
use dict::{Life, Stored, Value};

/// Bytes in front of a value that may be had as old.
const TIMED: usize = 18;

/// A value as the server has it.
pub(crate) fn of(value: &Value) -> Vec<u8> {
    match value {
        Value::Bool(is) => vec![0, b'b', if *is { b'1' } else { b'0' }],
        Value::Int(n) => n.to_string().into_bytes(),
        Value::Num(n) if n.is_finite() => {
            let text = format!("{n:?}");
            text.into_bytes()
        }
        Value::Num(n) => format!("\0n{:016x}", n.to_bits()).into_bytes(),
        Value::Text(text) if text.first() == Some(&0) || number(text).is_some() => [b"\0t", text.as_slice()].concat(),
        Value::Text(text) => text.clone(),
    }
}

/// The same, with the time at which it is old, if it may be had after that.
pub(crate) fn with_time(value: &Value, life: Life, now: u64) -> Vec<u8> {
    match life.ttl {
        Some(ttl) if !life.stale.is_zero() => {
            let until = now.saturating_add(millis(ttl));
            [format!("\0f{until:016x}").as_bytes(), &of(value)].concat()
        }
        _ => of(value),
    }
}

/// What the server has.
pub(crate) fn stored(bytes: &[u8], now: u64) -> Stored {
    let timed = bytes.strip_prefix(b"\0f").and_then(|_| bytes.split_at_checked(TIMED));
    let until = |head: &[u8]| u64::from_str_radix(std::str::from_utf8(head.get(2..)?).ok()?, 16).ok();
    match timed.and_then(|(head, rest)| Some((until(head)?, rest))) {
        Some((until, rest)) => Stored { value: value(rest), is_old: until <= now },
        None => Stored { value: value(bytes), is_old: false },
    }
}

/// A value of the server's.
pub(crate) fn value(bytes: &[u8]) -> Value {
    if let [0, kind, rest @ ..] = bytes {
        let bits = || u64::from_str_radix(std::str::from_utf8(rest).ok()?, 16).ok();
        match (kind, rest) {
            (b't', text) => return Value::Text(text.to_vec()),
            (b'b', [b'0' | b'1']) => return Value::Bool(rest == b"1"),
            (b'n', _) => {
                if let Some(bits) = bits() {
                    return Value::Num(f64::from_bits(bits));
                }
            }
            _ => {}
        }
    }
    number(bytes).unwrap_or_else(|| Value::Text(bytes.to_vec()))
}

/// The number that a text is as [`of`] writes one, or as the server's own commands do.
fn number(text: &[u8]) -> Option<Value> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits.first()?.is_ascii_digit()
        || (digits.len() > 1 && digits.starts_with(b"0") && digits.get(1) != Some(&b'.'))
    {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if digits.iter().all(u8::is_ascii_digit) {
        return text.parse().ok().filter(|n: &i64| n.to_string() == text).map(Value::Int);
    }
    let is_float = |b: &u8| b.is_ascii_digit() || b".e-+".contains(b);
    if !digits.iter().all(is_float) {
        return None;
    }
    text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Num)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_value_comes_back_as_what_it_was() {
        let texts = [
            "",
            "x",
            "42",
            "-1",
            "-",
            "1.5",
            "1e9",
            "1e",
            "0",
            "-0",
            "007",
            "\0t",
            "\0",
            "2026-01-01",
            "9999999999999999999",
            "inf",
            "1.2.3",
        ];
        let values = texts.iter().map(|text| Value::Text((*text).into())).chain([
            Value::Text(vec![0xff, 0]),
            Value::Int(0),
            Value::Int(i64::MIN),
            Value::Int(i64::MAX),
            Value::Num(0.0),
            Value::Num(2.0),
            Value::Num(-0.1),
            Value::Num(1e300),
            Value::Num(f64::MIN_POSITIVE),
            Value::Num(f64::INFINITY),
            Value::Bool(true),
            Value::Bool(false),
        ]);
        for value in values {
            let bytes = of(&value);
            assert_eq!(super::value(&bytes), value, "{bytes:?}");
            let life = Life { ttl: Some(Duration::from_secs(1)), stale: Duration::from_secs(1) };
            let timed = with_time(&value, life, 5000);
            assert_eq!(stored(&timed, 5999), Stored { value: value.clone(), is_old: false });
            assert_eq!(stored(&timed, 6000), Stored { value: value.clone(), is_old: true });
            assert_eq!(stored(&with_time(&value, Life::of(life.ttl), 0), 1 << 60), Stored { value, is_old: false });
        }
    }

    #[test]
    fn others_can_read_what_needs_no_mark() {
        let shown = |value| String::from_utf8_lossy(&of(&value)).into_owned();
        assert_eq!(shown(Value::Int(-42)), "-42");
        assert_eq!(shown(Value::Num(1.5)), "1.5");
        assert_eq!(shown(Value::Text("a text".into())), "a text");
        assert_eq!(shown(Value::Text("42".into())), "\0t42");
    }
}
