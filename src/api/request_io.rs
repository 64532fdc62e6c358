//! `Apache2::RequestIO`: bodies in and out. Writing goes through the host's response buffer; reading through httpd's input
//! filters. Everything here can run a script's filter before it returns.

use apr::{Reenter, Status as AprStatus};
use httpd::{ReadError, Request};
use interp::*;

/// Where a body cannot begin in a buffer: what lies before is filled with zeros, and memory must not end of that.
const FARTHEST: i64 = 1 << 30;

/// Bytes read at a time, so that a length the client made up costs no memory.
const PIECE: usize = 64 * 1024;

fn send(r: &Request, cx: Reenter, data: Rest, function: &'static str, short: &str) -> Result<usize> {
    let (runtime, owner) = (runtime()?, Owner::of(r));
    let mut sent = 0;
    for part in data.iter() {
        sent += runtime.write(cx, owner, part).map_err(|e| e.fail(function, short))?;
    }
    Ok(sent)
}

pub(super) fn print(r: &Request, cx: Reenter, autoflush: Autoflush, data: Rest) -> Result<Dual> {
    let sent = send(r, cx, data, "Apache2::RequestIO::print", "$r->print")?;
    if autoflush.0 {
        runtime()?.flush(cx, Owner::of(r), true).map_err(|e| e.fail("Apache2::RequestIO::print", "$r->print"))?;
    }
    Ok(Dual(sent as i64, if sent == 0 { "0E0" } else { "" }))
}

pub(super) fn puts(r: &Request, cx: Reenter, data: Rest) -> Result<usize> {
    send(r, cx, data, "Apache2::RequestIO::puts", "$r->puts")
}

/// A length of -1 or undef means all that is left behind the offset. What lies outside the string is not sent.
pub(super) fn write(
    r: &Request,
    cx: Reenter,
    buffer: &[u8],
    length: Option<i64>,
    offset: Option<i64>,
) -> Result<usize> {
    let start =
        usize::try_from(offset.unwrap_or(0)).ok().filter(|n| *n <= buffer.len()).ok_or("Offset outside string")?;
    let rest = &buffer[start..];
    let part = match usize::try_from(length.unwrap_or(-1)) {
        Ok(length) => &rest[..length.min(rest.len())],
        Err(_) => rest,
    };
    runtime()?.write(cx, Owner::of(r), part).map_err(|e| e.fail("Apache2::RequestIO::write", "$r->write"))
}

/// A client that went away is no error of the script's.
pub(super) fn rflush(r: &Request, cx: Reenter) -> Result<()> {
    match runtime()?.flush(cx, Owner::of(r), true) {
        Err(Unsent::Failed(AprStatus(libc::ECONNABORTED | libc::ECONNRESET))) => Ok(()),
        other => other.map_err(|e| e.fail("Apache2::RequestIO::rflush", "$r->rflush")),
    }
}

/// Reads until `length` bytes are there or the body ends. A negative offset counts from the buffer's end.
pub(super) fn read(
    r: &Request,
    cx: Reenter,
    mut buffer: Out,
    length: i64,
    offset: Option<i64>,
) -> Result<Tainted<usize>> {
    let wanted = usize::try_from(length).ok().filter(|n| *n > 0).ok_or("The LENGTH argument can't be negative")?;
    let start = match offset.unwrap_or(0) {
        FARTHEST.. => return Err("Offset outside string".into()),
        n @ 0.. => n as usize,
        n => buffer.len().checked_sub(n.unsigned_abs() as usize).ok_or("Offset outside string")?,
    };
    let mut total = 0;
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
    match error {
        ReadError::Filter(status) => Box::new(Raise::Status(status.code(), "Apache2::RequestIO::read")),
        ReadError::EmptyBrigade => format!("Aborting read from client: {error}").into(),
    }
}

/// `undef` at the end of the body.
pub(super) fn getc(r: &Request, cx: Reenter) -> Result<Option<Tainted<Vec<u8>>>> {
    let mut byte = [0];
    let n = r.read(&mut byte, cx).map_err(unread)?;
    Ok((n == 1).then(|| Tainted(byte.to_vec())))
}

pub(super) fn get_client_block(r: &Request, cx: Reenter, mut buffer: Out, size: i64) -> Result<Tainted<i64>> {
    let size = usize::try_from(size).map_err(|_| "the size can't be negative")?;
    let mut room = vec![0; size.min(PIECE)];
    let n = r.get_client_block(&mut room, cx);
    buffer.put(0, &room[..usize::try_from(n).unwrap_or(0).min(room.len())])?;
    Ok(Tainted(n))
}

/// What was printed before goes first.
pub(super) fn sendfile(
    r: &Request,
    cx: Reenter,
    filename: &[u8],
    offset: Option<i64>,
    length: Option<i64>,
) -> Result<Status> {
    const NAME: &str = "Apache2::RequestIO::sendfile";
    match runtime()?.flush(cx, Owner::of(r), false) {
        Ok(()) | Err(Unsent::NotInResponse) => {}
        Err(e) => return Err(e.fail(NAME, "$r->sendfile")),
    }
    let length = length.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let status = match r.sendfile(filename, offset.unwrap_or(0), length, cx) {
        Ok(_) => AprStatus::SUCCESS,
        Err(status) => status,
    };
    Ok(Status(status.code(), NAME))
}

pub(super) fn send_cgi_header(r: &Request, cx: Reenter, text: &[u8]) -> Result<()> {
    let sent = runtime()?.send_cgi_header(cx, Owner::of(r), text);
    sent.map_err(|e| e.fail("Apache2::Response::send_cgi_header", "$r->send_cgi_header"))
}
