//! CGI headers in front of a body, as `mod_cgi` reads them.

use crate::{Request, ffi};
use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;

/// Where the headers end: the length of the block, its blank line included; all of it if there is no blank line.
pub fn header_length(bytes: &[u8]) -> usize {
    end_of_header(bytes).unwrap_or(bytes.len())
}

/// The length of a block of headers, its blank line included; `None` if there is no blank line yet.
pub fn end_of_header(bytes: &[u8]) -> Option<usize> {
    let mut newlines = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => newlines += 1,
            b'\r' => {}
            _ => newlines = 0,
        }
        if newlines == 2 {
            return Some(at + 1);
        }
    }
    None
}

/// # Safety
/// httpd passes a buffer of `size` bytes, and the slice that [`Request::take_cgi_headers`] gave.
unsafe extern "C" fn line(buffer: *mut c_char, size: c_int, rest: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; nobody else uses the slice meanwhile.
    let rest = unsafe { &mut *rest.cast::<&[u8]>() };
    let room = usize::try_from(size).unwrap_or(0).saturating_sub(1);
    if rest.is_empty() || room == 0 {
        return 0;
    }
    let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1).min(room);
    let (line, behind) = rest.split_at(end);
    // SAFETY: room for `end` bytes and a NUL.
    unsafe {
        buffer.cast::<u8>().copy_from_nonoverlapping(line.as_ptr(), end);
        buffer.cast::<u8>().add(end).write(0);
    }
    *rest = behind;
    1
}

impl Request {
    /// Takes a block of headers over into the answer; `OK`, or the status of a block that is none (logged already).
    pub fn take_cgi_headers(&self, block: &[u8]) -> c_int {
        let mut rest = block;
        let r = self.as_ptr();
        let mut bad = MaybeUninit::<[c_char; ffi::HUGE_STRING_LEN as usize]>::uninit();
        // SAFETY: lives; the slice and the buffer, which is as large as httpd expects, live until the block is read, which is before
        // this returns; httpd reads of the buffer what it has written. With one it says which line is bad. What it says begins with
        // the name of a file, which is there for that long if the request has none yet.
        unsafe {
            let filename = (*r).filename;
            if filename.is_null() {
                (*r).filename = c"-".as_ptr().cast_mut();
            }
            let status =
                ffi::ap_scan_script_header_err_core(r, bad.as_mut_ptr().cast(), Some(line), (&raw mut rest).cast());
            (*r).filename = filename;
            status
        }
    }

    /// Makes it a GET without a body, for a redirect inside the server.
    pub fn become_get(&self) {
        self.set_method(Some(b"GET"));
        self.set_method_number(ffi::M_GET as c_int);
        self.headers_in().unset(b"Content-Length");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_at_the_first_blank_line() {
        assert_eq!(header_length(b"A: b\n\nbody"), 6);
        assert_eq!(header_length(b"A: b\r\n\r\nbody\n\n"), 8);
        assert_eq!(header_length(b"no end"), 6);
        assert_eq!(header_length(b"A: b\n\n"), 6);
        assert_eq!(header_length(b""), 0);
    }

    #[test]
    fn lines_are_given_one_by_one_and_cut_to_the_room() {
        let mut rest = &b"A: b\nlong"[..];
        let mut room = [0u8; 6];
        let mut next = || {
            // SAFETY: buffer and size agree; the slice is this test's.
            let got = unsafe { line(room.as_mut_ptr().cast(), 6, (&raw mut rest).cast()) };
            (got, room.split(|b| *b == 0).next().unwrap().to_vec())
        };
        assert_eq!(next(), (1, b"A: b\n".to_vec()));
        assert_eq!(next(), (1, b"long".to_vec()));
        assert_eq!(next().0, 0);
    }
}
