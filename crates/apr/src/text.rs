//! Bytes to C strings and back.

use std::{
    ffi::{CStr, c_char},
    mem::MaybeUninit,
};

/// Longest text that [`with_cstr`] puts on the stack.
const SHORT: usize = 256;

/// The bytes before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    // SAFETY: looks at these bytes only.
    let nul = unsafe { libc::memchr(bytes.as_ptr().cast(), 0, bytes.len()) };
    if nul.is_null() { bytes } else { &bytes[..nul.addr() - bytes.as_ptr().addr()] }
}

/// Calls `f` with `bytes` as a C string, which ends at the first NUL. Short ones are copied to the stack, longer ones to
/// the heap.
pub fn with_cstr<R>(bytes: &[u8], f: impl FnOnce(&CStr) -> R) -> R {
    let bytes = until_nul(bytes);
    if bytes.len() < SHORT {
        let mut room = [const { MaybeUninit::<u8>::uninit() }; SHORT];
        let start = room.as_mut_ptr().cast::<u8>();
        // SAFETY: there is room for the bytes and a NUL, which is the first, as the bytes have none.
        let text = unsafe {
            start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            start.add(bytes.len()).write(0);
            CStr::from_ptr(start.cast())
        };
        return f(text);
    }
    let mut room = Vec::with_capacity(bytes.len() + 1);
    room.extend_from_slice(bytes);
    room.push(0);
    f(CStr::from_bytes_until_nul(&room).unwrap_or_default())
}

/// The bytes of a C string, without its NUL; `None` for a null pointer.
///
/// # Safety
/// `text` is null or a C string that lives and is not written to for `'a`.
#[inline]
pub unsafe fn bytes_at<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller promises the rest.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_string_ends_at_the_first_nul_on_the_stack_and_on_the_heap() {
        with_cstr(b"a\0b", |s| assert_eq!(s, c"a"));
        with_cstr(b"\0", |s| assert_eq!(s, c""));
        with_cstr(b"", |s| assert_eq!(s, c""));
        for len in [SHORT - 1, SHORT, 3 * SHORT] {
            let mut long = vec![b'x'; len];
            with_cstr(&long, |s| assert_eq!(s.to_bytes(), long));
            long[len / 2] = 0;
            with_cstr(&long, |s| assert_eq!(s.to_bytes().len(), len / 2));
        }
    }
}
