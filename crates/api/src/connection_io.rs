//! `Apache2::ConnectionIO`: the bytes of a connection whose protocol a handler speaks, through the connection's filters, TLS among them.
//! Ours alone; mod_perl has no such module.

use super::needs;
use apr::Reenter;
use httpd::{Connection, Lost, Stream};
use interp::*;
use std::time::Duration;

/// Methods of a connection.
pub(super) static PART: Part = Part::new("Apache2::ConnectionIO", ROWS);

static ROWS: &[Row] = &[
    method("read([what], [limit])", read).needs(SPEAKS).doc(
        "The next line without its end, \\n or \\r\\n; with L the line as it is, with a number so many bytes, or fewer at the end, with a all up to \
         the end. Undef, or nil, and a word where there is none: closed when the client has sent its last or is gone, timeout, or too long \
         beyond the limit, of a line 65536 bytes unless given, of all 16 MiB; what has come is there for the next read.",
    ),
    method("receive([most])", receive).needs(SPEAKS).doc(
        "What the client has sent, as soon as there is something: at most 8192 bytes, unless another number is given. Otherwise as read.",
    ),
    method("write(@data)", write).needs(SPEAKS).doc(
        "Sends strings at once; true. Undef, or nil, and a word if the client cannot be reached any more: closed, or timeout, after which it is closed.",
    ),
    method("flush()", |c: &Connection, cx: Reenter| send(c, cx, std::iter::empty()))
        .needs(SPEAKS)
        .doc("Sends what filters hold back, which write does as well."),
    method("timeout([seconds])", timeout).needs(SPEAKS).doc(
        "How long read and write wait, in seconds, as Timeout says unless another number is given here: a line has to come within it, and \
         of anything else the next byte. With 0 read takes what is there. Returns what held before.",
    ),
    method("close()", close)
        .needs(SPEAKS)
        .doc("Ends the connection, which the client sees at once. The end of the handler does so, too."),
];

static SPEAKS: &[&Need] = &[&needs::SPEAKS];

/// What a line may have, where a script does not say.
const LINE: i64 = 64 << 10;
/// What all may have.
const ALL: i64 = 16 << 20;
/// What is received at once.
const PIECE: i64 = 8 << 10;
/// The longest time in seconds that the system's call can wait.
const LONGEST: f64 = 2_000_000.0;

/// What is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Line { whole: bool },
    Bytes(usize),
    All,
}

/// As Lua's `io` names them, in its older form too: `*l`. A number may be a float that is whole.
fn what(asked: Option<&[u8]>) -> Option<What> {
    let Some(text) = asked else { return Some(What::Line { whole: false }) };
    match text.strip_prefix(b"*").unwrap_or(text) {
        [b'l', ..] => Some(What::Line { whole: false }),
        [b'L', ..] => Some(What::Line { whole: true }),
        [b'a', ..] => Some(What::All),
        digits => {
            let digits = std::str::from_utf8(digits).ok()?;
            digits.strip_suffix(".0").unwrap_or(digits).parse().ok().map(What::Bytes)
        }
    }
}

type Got<T> = std::result::Result<T, Lost>;

fn with<R>(c: &Connection, f: impl FnOnce(&mut Stream) -> R) -> Result<R> {
    c.with_stream(f).ok_or_else(|| "the connection is in use, or has no socket of its own".into())
}

fn told<T>(got: Got<T>) -> OrWhy<T> {
    OrWhy(got.map_err(|lost| match lost {
        Lost::Late => "timeout",
        Lost::Over => "closed",
        Lost::TooLong => "too long",
    }))
}

fn bytes(got: Got<Vec<u8>>) -> OrWhy<Tainted<Vec<u8>>> {
    told(got.map(Tainted))
}

fn size(given: Option<i64>, or: i64) -> Result<usize> {
    match usize::try_from(given.unwrap_or(or)) {
        Ok(size @ 1..) => Ok(size),
        _ => Err("the limit is a number of at least 1".into()),
    }
}

fn read(c: &Connection, cx: Reenter, asked: Option<&[u8]>, limit: Option<i64>) -> Result<OrWhy<Tainted<Vec<u8>>>> {
    let what = what(asked).ok_or("what is read is \"l\", \"L\", \"a\", or a number of bytes")?;
    let most = size(limit, if what == What::All { ALL } else { LINE })?;
    let got = with(c, |stream| match what {
        What::Line { .. } => stream.line(c, most, cx),
        What::Bytes(count) => stream.exactly(c, count, cx),
        What::All => stream.all(c, most, cx),
    })?;
    let is_bare = what == What::Line { whole: false };
    Ok(bytes(got.map(|line| if is_bare { without_end(line) } else { line })))
}

fn without_end(mut line: Vec<u8>) -> Vec<u8> {
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    line
}

fn receive(c: &Connection, cx: Reenter, most: Option<i64>) -> Result<OrWhy<Tainted<Vec<u8>>>> {
    let most = size(most, PIECE)?;
    with(c, |stream| stream.some(c, most, cx)).map(bytes)
}

fn write(c: &Connection, cx: Reenter, data: Rest) -> Result<OrWhy<bool>> {
    send(c, cx, data.iter())
}

fn send<'d>(c: &Connection, cx: Reenter, parts: impl Iterator<Item = &'d [u8]>) -> Result<OrWhy<bool>> {
    with(c, |stream| stream.send(c, parts, cx)).map(|sent| told(sent.map(|()| true)))
}

fn timeout(c: &Connection, seconds: Option<f64>) -> Result<Option<Value>> {
    let set = match seconds {
        None => None,
        Some(seconds) if (0.0..=LONGEST).contains(&seconds) => Some(Duration::from_secs_f64(seconds)),
        Some(_) => return Err("the time is a number of seconds from 0 to 2000000".into()),
    };
    let (before, done) = with(c, |stream| (stream.timeout(), set.map(|time| stream.set_timeout(c, time))))?;
    if let Some(Err(status)) = done {
        return Err(Raise::status(status.code(), "Apache2::Connection::timeout"));
    }
    Ok(before.map(|time| match time.subsec_nanos() {
        0 => Value::Int(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)),
        _ => Value::Num(time.as_secs_f64()),
    }))
}

fn close(c: &Connection, cx: Reenter) -> Result<()> {
    with(c, |stream| stream.close(c, cx))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_named_as_in_io() {
        let text = |text: &'static str| what(Some(text.as_bytes()));
        assert_eq!(what(None), text("l"));
        assert_eq!((text("*line"), text("*L")), (Some(What::Line { whole: false }), Some(What::Line { whole: true })));
        assert_eq!(
            (text("*a"), text("12"), text("3.0")),
            (Some(What::All), Some(What::Bytes(12)), Some(What::Bytes(3)))
        );
        for wrong in ["-1", "0.5", "nan", "inf", "", "*", "x", "1x"] {
            assert_eq!(text(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_line_loses_its_end_alone() {
        for (line, bare) in [("a\r\n", "a"), ("a\n", "a"), ("a", "a"), ("a\r", "a\r"), ("\r\n", ""), ("a\r\r\n", "a\r")]
        {
            assert_eq!(without_end(line.into()), bare.as_bytes(), "{line:?}");
        }
    }
}
