//! `Apache2::RequestIO`: bodies in and out. Writing goes through the host's response buffer; reading through httpd's input
//! filters. Everything here can run a script's filter before it returns.

use std::borrow::Cow;

use super::host::{Unsent, host};
use apr::{Reenter, Status as AprStatus};
use httpd::{ReadError, Request};
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::RequestIO", ROWS);
/// What perl calls where a request is tied to a handle.
pub(super) static HANDLE: Part = Part::new("Apache2::RequestIO", HANDLE_ROWS);

static ROWS: &[Row] = &current([
    method("print(@data)", print).doc("Sends strings; returns how many bytes, 0E0 for none. Flushes if $| is set."),
    method("puts(@data)", puts).doc("Sends strings; returns how many bytes."),
    method("write(buffer, [length], [offset])", write).doc("Sends a part of a string; returns how many bytes."),
    method("rflush()", rflush).doc("Sends what is held back."),
    method("read(buffer, length, [offset])", read)
        .doc("Reads body bytes into a buffer; returns how many, 0 at the end."),
    method("sendfile(filename, [offset], [length])", sendfile)
        .doc("Sends a file; in void context a failure is thrown, else its status is returned."),
    method("discard_request_body()", Request::discard_request_body)
        .doc("Reads and throws away what is left of the body."),
    method("setup_client_block([policy])", |r: &Request, policy: Option<i32>| {
        r.setup_client_block(policy.unwrap_or(1))
    })
    .doc("Prepares reading with get_client_block; a status."),
    method("should_client_block()", Request::should_client_block).doc("Whether there is a body to read."),
    method("get_client_block(buffer, size)", get_client_block)
        .doc("Reads a piece of the body; returns how many bytes."),
]);

static HANDLE_ROWS: &[Row] = &only(
    PERL,
    [
        method("PRINT(@data)", print).doc("As print, for a tied handle."),
        method("WRITE(buffer, [length], [offset])", write).doc("As write, for a tied handle."),
        method("READ(buffer, length, [offset])", read).doc("As read, for a tied handle."),
        method("GETC()", getc).doc("One byte of the body, for a tied handle."),
        method("EOF([kind])", |r: &Request, cx: Reenter, _kind: Option<i64>| is_at_end(r, cx))
            .doc("Whether the body has ended, for a tied handle."),
        method("TELL()", |_: &Request| -1).doc("-1: a body has no places."),
        method("read_line([separator])", read_line)
            .doc("What is left of the body up to a separator, a newline if none is given; undef at the end."),
        method("BINMODE([layer])", |_: &Request, _layer: Option<&[u8]>| true).doc("Does nothing: bodies are bytes."),
        method("CLOSE()", |_: &Request| true).doc("Does nothing: the body ends with the request."),
        method("UNTIE(count)", |_: &Request, _count: i64| true).doc("Does nothing."),
    ],
);

/// Where a body cannot begin in a buffer: what lies before is filled with zeros, and memory must not end of that.
const FARTHEST: i64 = 1 << 30;

/// Bytes read at a time, so that a length the client made up costs no memory.
const PIECE: usize = 64 * 1024;

/// Bytes asked for at a time where lines or single bytes are read.
const LINE: usize = 8 * 1024;

fn send(r: &Request, cx: Reenter, data: Rest, function: &'static str, short: &str) -> Result<usize> {
    let output = host()?.output;
    let mut sent = 0;
    for part in data.iter() {
        sent += output.write(cx, r, part).map_err(|e| e.fail(function, short))?;
    }
    Ok(sent)
}

fn print(r: &Request, cx: Reenter, autoflush: Autoflush, data: Rest) -> Result<Dual> {
    let sent = send(r, cx, data, "Apache2::RequestIO::print", "$r->print")?;
    if autoflush.0 {
        host()?.output.flush(cx, r, true).map_err(|e| e.fail("Apache2::RequestIO::print", "$r->print"))?;
    }
    Ok(Dual(sent as i64, if sent == 0 { "0E0" } else { "" }))
}

fn puts(r: &Request, cx: Reenter, data: Rest) -> Result<usize> {
    send(r, cx, data, "Apache2::RequestIO::puts", "$r->puts")
}

/// A length of -1 or undef means all that is left behind the offset. What lies outside the string is not sent.
fn write(r: &Request, cx: Reenter, buffer: &[u8], length: Option<i64>, offset: Option<i64>) -> Result<usize> {
    let start =
        usize::try_from(offset.unwrap_or(0)).ok().filter(|n| *n <= buffer.len()).ok_or("Offset outside string")?;
    let rest = &buffer[start..];
    let part = match usize::try_from(length.unwrap_or(-1)) {
        Ok(length) => &rest[..length.min(rest.len())],
        Err(_) => rest,
    };
    host()?.output.write(cx, r, part).map_err(|e| e.fail("Apache2::RequestIO::write", "$r->write"))
}

/// A client that went away is no error of the script's.
fn rflush(r: &Request, cx: Reenter) -> Result<()> {
    match host()?.output.flush(cx, r, true) {
        Err(Unsent::Failed(AprStatus(libc::ECONNABORTED | libc::ECONNRESET))) => Ok(()),
        other => other.map_err(|e| e.fail("Apache2::RequestIO::rflush", "$r->rflush")),
    }
}

/// Reads until `length` bytes are there or the body ends. A negative offset counts from the buffer's end.
fn read(r: &Request, cx: Reenter, mut buffer: Out, length: i64, offset: Option<i64>) -> Result<Tainted<usize>> {
    let wanted = match usize::try_from(length) {
        Ok(0) => return Err("The LENGTH argument can't be 0".into()),
        Ok(n) => n,
        Err(_) => return Err("The LENGTH argument can't be negative".into()),
    };
    let start = match offset.unwrap_or(0) {
        FARTHEST.. => return Err("Offset outside string".into()),
        n @ 0.. => n as usize,
        n => buffer.len().checked_sub(n.unsigned_abs() as usize).ok_or("Offset outside string")?,
    };
    let ahead = host()?.input.take_ahead(r, wanted);
    let mut total = ahead.len();
    if total > 0 {
        buffer.put(start, &ahead)?;
    }
    while total < wanted {
        let piece = PIECE.min(wanted - total);
        let n = buffer.fill(start + total, piece, |room| r.read_into(room, cx).map_err(unread))?;
        total += n;
        if n < piece {
            break;
        }
    }
    Ok(Tainted(total))
}

fn unread(error: ReadError) -> Fail {
    const NAME: &str = "Apache2::RequestIO::read";
    match error {
        ReadError::Filter(status) => Raise::status(status.code(), NAME),
        ReadError::Script(what) => Raise::status(httpd::status::FILTER_FAILED, format!("{NAME} ({what})")),
        ReadError::EmptyBrigade => format!("Aborting read from client: {error}").into(),
    }
}

/// `undef` at the end of the body.
fn getc(r: &Request, cx: Reenter) -> Result<Option<Tainted<Vec<u8>>>> {
    let mut byte = host()?.input.take_ahead(r, 1);
    if byte.is_empty() {
        read_on(r, cx, &mut byte)?;
        let rest = byte.split_off(byte.len().min(1));
        host()?.input.put_back(r, &rest)?;
    }
    Ok((!byte.is_empty()).then_some(Tainted(byte)))
}

fn is_at_end(r: &Request, cx: Reenter) -> Result<bool> {
    let mut ahead = host()?.input.take_ahead(r, 1);
    if ahead.is_empty() {
        read_on(r, cx, &mut ahead)?;
    }
    host()?.input.put_back(r, &ahead)?;
    Ok(ahead.is_empty())
}

fn read_line(r: &Request, cx: Reenter, separator: Option<&[u8]>) -> Result<Option<Tainted<Vec<u8>>>> {
    let separator = separator.unwrap_or(b"\n");
    if separator.is_empty() {
        return Err("the separator can't be empty".into());
    }
    let mut line = host()?.input.take_ahead(r, usize::MAX);
    let mut seen = 0;
    loop {
        if let Some(at) = line.get(seen..).and_then(|new| new.windows(separator.len()).position(|w| w == separator)) {
            let rest = line.split_off(seen + at + separator.len());
            host()?.input.put_back(r, &rest)?;
            return Ok(Some(Tainted(line)));
        }
        seen = (line.len() + 1).saturating_sub(separator.len());
        if read_on(r, cx, &mut line)? == 0 {
            return Ok((!line.is_empty()).then_some(Tainted(line)));
        }
    }
}

/// Reads what comes next of the body, to stand behind what is there; 0 at the end.
fn read_on(r: &Request, cx: Reenter, bytes: &mut Vec<u8>) -> Result<usize> {
    bytes.reserve(LINE);
    let n = r.read_some(bytes.spare_capacity_mut(), cx).map_err(unread)?.len();
    // SAFETY: as many bytes were read behind what was there.
    unsafe { bytes.set_len(bytes.len() + n) };
    Ok(n)
}

fn get_client_block(r: &Request, cx: Reenter, mut buffer: Out, size: i64) -> Result<Tainted<i64>> {
    let size = usize::try_from(size).map_err(|_| "the size can't be negative")?;
    let mut room = vec![0; size.min(PIECE)];
    let n = r.get_client_block(&mut room, cx);
    buffer.put(0, &room[..usize::try_from(n).unwrap_or(0).min(room.len())])?;
    Ok(Tainted(n))
}

/// What was printed before goes first, unless the file cannot be opened.
fn sendfile(
    r: &Request,
    cx: Reenter,
    filename: &[u8],
    offset: Option<i64>,
    length: Option<i64>,
) -> Result<Status<Cow<'static, str>>> {
    const NAME: &str = "Apache2::RequestIO::sendfile";
    let file = match r.open_file(filename) {
        Ok(file) => file,
        Err(status) => {
            let what = format!("{NAME}('{}')", String::from_utf8_lossy(filename));
            return Ok(Status(status.code(), what.into()));
        }
    };
    match host()?.output.flush(cx, r, false) {
        Ok(()) | Err(Unsent::NotInResponse) => {}
        Err(e) => return Err(e.fail(NAME, "$r->sendfile")),
    }
    let length = length.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let sent = r.sendfile(&file, offset.unwrap_or(0), length, cx);
    Ok(Status(sent.err().map_or(0, |status| status.code()), NAME.into()))
}
