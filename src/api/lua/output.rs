//! Sending the answer: what is wrong is told by the result, as with mod_lua.

use apr::{Finfo, Reenter, ffi};
use httpd::Request;
use interp::*;

/// How many bytes were sent; `None` if the client is gone or a filter failed.
fn send(r: &Request, cx: Reenter, bytes: &[u8]) -> Result<Option<usize>> {
    match runtime()?.write(cx, Owner::of(r), bytes) {
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

fn passed_on(r: &Request, cx: Reenter, hard: bool) -> Result<bool> {
    match runtime()?.flush(cx, Owner::of(r), hard) {
        Ok(()) => Ok(true),
        Err(Unsent::NotInResponse | Unsent::Failed(_)) => Ok(false),
        Err(Unsent::Raised(fail)) => Err(fail),
    }
}

pub(super) fn flush(r: &Request, cx: Reenter) -> Result<bool> {
    passed_on(r, cx, true)
}

/// What was printed before goes first. False if it is no file that can be read.
pub(super) fn sendfile(r: &Request, filename: &[u8], cx: Reenter) -> Result<Either<usize, bool>> {
    let info = Finfo::stat(filename, ffi::APR_FINFO_MIN as i32, r.pool()).ok();
    let is_file = info.is_some_and(|info| ![ffi::APR_NOFILE, ffi::APR_DIR].contains(&(info.file_type() as u32)));
    if !is_file || !passed_on(r, cx, false)? {
        return Ok(Either::B(false));
    }
    Ok(r.sendfile(filename, 0, None, cx).map_or(Either::B(false), Either::A))
}
