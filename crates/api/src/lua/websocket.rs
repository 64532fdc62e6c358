//! WebSockets of a request: `wsupgrade` switches its connection, the others speak the protocol (`frame.rs`) on it.

use super::frame::{Data, Kind, LIMIT, Lost, Socket, Wire};
use crate::host::{Unsent, host};
use apr::{Reenter, Status};
use httpd::{Request, Wait};
use interp::*;
use std::{cell::RefCell, ffi::CStr};

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(LUA, [
    method("wsupgrade()", wsupgrade).doc("Makes a WebSocket of the connection, if the client asks for one."),
    method("wsread([limit])", wsread)
        .doc("The next frame, whether its message ends with it, and the message's kind, \"text\" or \"binary\"; nil once the \
              connection is closed. Of at most 16 MiB, if no other limit is given. Text is UTF-8, or the connection is closed."),
    method("wswrite(message, [raw], [kind])", wswrite)
        .doc("Sends a message, or raw bytes; false once the connection is closed. A message is sent as text if it is UTF-8, \
              unless its kind is given."),
    method("wspeek()", wspeek).doc("Whether wsread would return without waiting."),
    method("wsping()", wsping).doc("Sends a ping and waits for its pong; false if the connection closes."),
    method("wsclose()", wsclose).doc("Closes the WebSocket."),
]);

/// Where a request's pool keeps the socket.
const KEY: &CStr = c"mod_interp.websocket";
/// What RFC 6455 has the server add to the client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// As httpd numbers versions.
const HTTP_1_1: i32 = 1001;

/// The connection, for one call.
struct Connection<'c> {
    r: &'c Request,
    cx: Reenter<'c>,
}

impl Wire for Connection<'_> {
    fn receive(&mut self, room: &mut [u8]) -> Result<usize, Lost> {
        self.r.connection().receive(room, Wait::Block, self.cx).map_err(lost)
    }
    fn peek(&mut self, room: &mut [u8]) -> Result<usize, Lost> {
        match self.r.connection().receive(room, Wait::Peek, self.cx) {
            Err(Status(libc::EAGAIN)) => Ok(0),
            other => other.map_err(lost),
        }
    }
    fn transmit(&mut self, parts: &[&[u8]]) -> Result<(), Lost> {
        self.r.connection().transmit(parts.iter().copied(), self.cx).map_err(lost)
    }
}

fn lost(status: Status) -> Lost {
    if status == Status::TIMEUP { Lost::Silent } else { Lost::Gone }
}

/// The key of a client that asks for a WebSocket as RFC 6455 (4.2.1) has it.
fn asked(r: &Request) -> Option<Vec<u8>> {
    let headers = r.headers_in();
    let lists = |name: &[u8], what: &[u8]| {
        let of = |value: &[u8]| value.split(|b| *b == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(what));
        headers.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && of(value))
    };
    let key = headers.get(b"Sec-WebSocket-Key")?.trim_ascii();
    // 16 bytes in base64.
    let is_key = key.len() == 24 && key.ends_with(b"==");
    let asks = r.method() == Some(b"GET") && r.proto_num() >= HTTP_1_1 && is_key;
    (asks && lists(b"Upgrade", b"websocket") && lists(b"Connection", b"upgrade")).then(|| key.to_vec())
}

/// The value of `Sec-WebSocket-Accept` for a client's key.
fn accept(key: &[u8]) -> String {
    apr_api::base64::encode(&apr::digest::sha1(&[key, GUID].concat()))
}

/// True if the connection is a WebSocket now; nothing if the client did not ask for one, or cannot have one.
pub(super) fn wsupgrade(r: &Request, cx: Reenter) -> Result<Option<bool>> {
    // What was printed goes out, and then it is too late.
    match host()?.output.flush(cx, r, false) {
        Ok(()) | Err(Unsent::NotInResponse) => Ok(switched(r, cx)),
        Err(Unsent::Failed(_)) => Ok(None),
        Err(Unsent::Raised(fail)) => Err(fail),
    }
}

fn switched(r: &Request, cx: Reenter) -> Option<bool> {
    let (key, pool) = (asked(r)?, r.pool());
    if pool.userdata(KEY).is_some() {
        return None;
    }
    // A client of another version is told ours, whatever the script answers (RFC 6455, 4.4).
    if r.headers_in().get(b"Sec-WebSocket-Version").map(<[u8]>::trim_ascii) != Some(b"13") {
        r.err_headers_out().set(b"Sec-WebSocket-Version", b"13");
        return None;
    }
    let out = r.headers_out();
    let before = (r.status(), out.get(b"Connection").map(<[u8]>::to_vec));
    out.set(b"Upgrade", b"websocket");
    out.set(b"Connection", b"Upgrade");
    out.set(b"Sec-WebSocket-Accept", accept(&key).as_bytes());
    for name in [&b"Transfer-Encoding"[..], b"Content-Length", b"Content-Type"] {
        out.unset(name);
    }
    if !r.switch_protocols(cx) {
        out.unset(b"Upgrade");
        out.unset(b"Sec-WebSocket-Accept");
        match before.1 {
            Some(connection) => out.set(b"Connection", &connection),
            None => out.unset(b"Connection"),
        }
        r.set_status(before.0);
        return None;
    }
    pool.set_userdata(KEY, Some(pool.keep(RefCell::new(Socket::default())).cast()));
    Some(true)
}

/// Calls `f` with the request's socket.
fn with<'c, R>(r: &'c Request, cx: Reenter<'c>, f: impl FnOnce(&mut Socket, &mut Connection<'c>) -> R) -> Result<R> {
    let kept =
        r.pool().userdata(KEY).ok_or("the connection is no WebSocket: wsupgrade was not called, or has failed")?;
    // SAFETY: only `wsupgrade` keeps something under this key, always a socket that lives as long as the pool.
    let socket = unsafe { kept.cast::<RefCell<Socket>>().as_ref() };
    let mut socket = socket.try_borrow_mut().map_err(|_| "the WebSocket is in use")?;
    Ok(f(&mut socket, &mut Connection { r, cx }))
}

/// A frame's bytes, whether its message ends with it, and the message's kind; nothing once the connection is closed.
pub(super) fn wsread(r: &Request, limit: Option<i64>, cx: Reenter) -> Result<List<Value>> {
    let limit = limit.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(LIMIT);
    let data = with(r, cx, |socket, wire| socket.read(wire, limit))?;
    let values = |data: Data| vec![Value::Text(data.bytes), Value::Bool(data.is_final), data.kind.name().into()];
    Ok(List(data.map_or(Vec::new(), values)))
}

pub(super) fn wswrite(
    r: &Request,
    message: &[u8],
    raw: Option<Switch>,
    kind: Option<&[u8]>,
    cx: Reenter,
) -> Result<bool> {
    let kind = match kind {
        None => None,
        Some(name) => Some(Kind::by_name(name).ok_or("the kind of a message is \"text\" or \"binary\"")?),
    };
    with(r, cx, |socket, wire| match Switch::is_on(raw) {
        true => socket.write_raw(wire, message),
        false => socket.write(wire, message, kind),
    })
}

pub(super) fn wspeek(r: &Request, cx: Reenter) -> Result<bool> {
    with(r, cx, |socket, wire| socket.is_ready(wire))
}

pub(super) fn wsping(r: &Request, cx: Reenter) -> Result<bool> {
    with(r, cx, |socket, wire| socket.ping(wire, LIMIT))
}

pub(super) fn wsclose(r: &Request, cx: Reenter) -> Result<()> {
    with(r, cx, |socket, wire| socket.close(wire))
}

/// Closes a WebSocket that the script has left open: for whoever ran the script, when it has returned.
pub fn end(r: &Request, cx: Reenter) {
    if r.status() != 101 {
        return;
    }
    let _ = with(r, cx, |socket, wire| socket.close(wire));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_accepted_as_the_rfc_says() {
        assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
