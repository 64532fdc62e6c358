//! `APR::Socket`: a socket of httpd's or of the script's.

use apr::{Pool, SockAddr, Socket};
use interp::*;

/// Its rows.
pub static SOCKET: Class = Class::of::<Socket>(&[
    method("bind(sa)", |s: &Socket, sa: &SockAddr| code(s.bind(sa))).doc("Gives it an address of ours; a status."),
    method("close()", |s: &Socket| code(if is_forked() { s.close() } else { s.shut_down() })).doc(
        "Ends it for the peer; a status. The descriptor is closed by httpd, which watches it, and at once in a process that the script has forked.",
    ),
    method("connect(sa)", |s: &Socket, sa: &SockAddr| code(s.connect(sa))).doc("Connects it; a status."),
    method("fileno()", Socket::fileno).doc("Its file descriptor."),
    method("listen(backlog)", |s: &Socket, backlog: i32| code(s.listen(backlog)))
        .doc("Takes connections from now on; a status."),
    method("opt_get(opt)", |s: &Socket, opt: i32| s.option(opt).map_err(|e| raise(e, "APR::Socket::opt_get")))
        .doc("An option, SO_*."),
    method("opt_set(opt, val)", |s: &Socket, opt: i32, val: i32| {
        s.set_option(opt, val).map_err(|e| raise(e, "APR::Socket::opt_set"))
    })
    .doc("Sets an option, SO_*."),
    method("poll(pool, timeout, events)", poll)
        .doc("Waits, microseconds, for one of the events POLL*; a status: SUCCESS, or TIMEUP when none came."),
    method("recv(buffer, wanted)", recv)
        .doc("Reads what there is into a buffer; returns how many bytes, 0 at the end."),
    method("recvfrom(sock, flags, buffer, len)", recvfrom)
        .doc("Reads a datagram into a buffer and its sender into the address; a status."),
    method("send(buffer, [length])", send).doc("Sends bytes; returns how many went out."),
    method("sendto(where, flags, buffer, len)", sendto).doc("Sends a datagram; a status."),
    method("timeout_get()", |s: &Socket| s.timeout().map_err(|e| raise(e, "APR::Socket::timeout_get")))
        .doc("How long it waits, microseconds; negative: for ever."),
    method("timeout_set(usecs)", |s: &Socket, usecs: i64| {
        s.set_timeout(usecs).map_err(|e| raise(e, "APR::Socket::timeout_set"))
    })
    .doc("Sets how long it waits, microseconds; negative: for ever."),
])
.doc("A socket.");

/// Bytes read at a time, so that a length the script made up costs no memory.
const PIECE: i64 = 64 * 1024;

fn code(result: std::result::Result<(), apr::Status>) -> i32 {
    result.err().map_or(0, |s| s.code())
}
fn raise(status: apr::Status, function: &'static str) -> Fail {
    Raise::status(status.code(), function)
}

fn poll(s: &Socket, pool: &Pool, timeout: i64, events: i32) -> Result<i32> {
    let events = i16::try_from(events).map_err(|_| "there are no such events")?;
    Ok(code(s.poll(pool, timeout, events)))
}

fn recv(s: &Socket, mut buffer: Out, wanted: i64) -> Result<Tainted<usize>> {
    let wanted = usize::try_from(wanted.min(PIECE)).map_err(|_| "the length can't be negative")?;
    let mut room = vec![0; wanted];
    let n = s.recv(&mut room).map_err(|e| raise(e, "APR::Socket::recv"))?;
    buffer.put(0, &room[..n])?;
    Ok(Tainted(n))
}

/// A method of the address that is filled in, as in mod_perl.
fn recvfrom(s: &Socket, from: &SockAddr, flags: i32, mut buffer: Out, len: i64) -> Result<i32> {
    let len = usize::try_from(len.min(PIECE)).map_err(|_| "the length can't be negative")?;
    let mut room = vec![0; len];
    match s.recv_from(from, flags, &mut room) {
        Ok(n) => buffer.put(0, &room[..n]).map(|()| 0),
        Err(status) => Ok(status.code()),
    }
}

fn send(s: &Socket, buffer: &[u8], length: Option<i64>) -> Result<usize> {
    let part = match length {
        None => buffer,
        Some(length) => usize::try_from(length)
            .ok()
            .and_then(|n| buffer.get(..n))
            .ok_or_else(|| format!("the length ({length}) is bigger than that of the data ({})", buffer.len()))?,
    };
    s.send(part).map_err(|e| raise(e, "APR::Socket::send"))
}

fn sendto(s: &Socket, to: &SockAddr, flags: i32, buffer: &[u8], len: i64) -> Result<i32> {
    let part =
        usize::try_from(len).ok().and_then(|n| buffer.get(..n)).ok_or("the length is bigger than that of the data")?;
    Ok(code(s.send_to(to, flags, part).map(drop)))
}
