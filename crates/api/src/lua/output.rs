//! Sending the answer: what is wrong is told by the result, as with mod_lua.

use super::log;
use crate::host::{Unsent, host};
use apr::Reenter;
use httpd::{Request, log::Level};
use interp::*;

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(
    LUA,
    [
        method("puts(@texts)", puts).doc("Sends texts."),
        method("write(text)", write).doc("Sends a text; returns how many bytes, -1 if the client is gone."),
        method("send_piece(page, number)", send_piece)
            .doc("Sends a text piece of a page of lua-embed, whose script calls it."),
        method("flush()", flush).doc("Sends what is held back; false if the client is gone."),
        method("sendfile(filename)", sendfile)
            .doc("Sends a file; returns how many bytes, or false if it cannot be read: the log then says why."),
        method("send_interim_response([headers])", |r: &Request, headers: Option<Switch>, cx: Reenter| {
            r.send_interim_response(Switch::is_on(headers), cx)
        })
        .doc("Sends the status (100 to 199) at once, and if asked the headers of the answer, which are gone then."),
        method("add_output_filter(name)", Request::add_output_filter)
            .doc("Puts a filter before those that the answer goes through; false if there is none of that name."),
        method("add_input_filter(name)", Request::add_input_filter)
            .doc("Puts a filter before those that the body comes through; false if there is none of that name."),
    ],
);

/// How many bytes were sent; `None` if the client is gone or a filter failed.
fn send(r: &Request, cx: Reenter, bytes: &[u8]) -> Result<Option<usize>> {
    match host()?.output.write(cx, r, bytes) {
        Ok(n) => Ok(Some(n)),
        Err(Unsent::NotInResponse | Unsent::Failed(_)) => Ok(None),
        Err(Unsent::Raised(fail)) => Err(fail),
    }
}

pub(super) fn puts(r: &Request, cx: Reenter, texts: Rest) -> Result<()> {
    for text in texts.iter() {
        send(r, cx, text)?;
    }
    Ok(())
}

pub(super) fn write(r: &Request, text: &[u8], cx: Reenter) -> Result<i64> {
    Ok(send(r, cx, text)?.map_or(-1, |n| n as i64))
}

/// A client that is gone is no error of the page's.
fn send_piece(r: &Request, cx: Reenter, page: i64, number: i64) -> Result<()> {
    crate::page::with_piece(page, number, |text| send(r, cx, text).map(drop))?
}

fn passed_on(r: &Request, cx: Reenter, hard: bool) -> Result<bool> {
    match host()?.output.flush(cx, r, hard) {
        Ok(()) => Ok(true),
        Err(Unsent::NotInResponse | Unsent::Failed(_)) => Ok(false),
        Err(Unsent::Raised(fail)) => Err(fail),
    }
}

pub(super) fn flush(r: &Request, cx: Reenter) -> Result<bool> {
    passed_on(r, cx, true)
}

/// What was printed before goes first. False if it is no file that can be read; the log then says why.
pub(super) fn sendfile(r: &Request, filename: &[u8], cx: Reenter) -> Result<Either<usize, bool>> {
    let file = match r.open_file(filename) {
        Ok(file) => file,
        Err(why) => {
            let text = format!("r:sendfile: {}: {why}", String::from_utf8_lossy(filename));
            log::line(r, Level::Warn, text.as_bytes());
            return Ok(Either::B(false));
        }
    };
    if !passed_on(r, cx, false)? {
        return Ok(Either::B(false));
    }
    Ok(r.sendfile(&file, 0, None, cx).map_or(Either::B(false), Either::A))
}
