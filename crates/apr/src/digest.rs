//! MD5 and SHA-1.

use crate::ffi;
use std::mem::MaybeUninit;

/// The MD5 digest.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    // SAFETY: APR reads these bytes and writes 16.
    unsafe { ffi::apr_md5(digest.as_mut_ptr(), bytes.as_ptr().cast(), bytes.len()) };
    digest
}

/// The SHA-1 digest.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let (mut context, mut digest) = (MaybeUninit::uninit(), [0; 20]);
    // SAFETY: APR fills the context before it is used, reads these bytes, and writes 20. A length that does not fit is fed
    // in parts.
    unsafe {
        ffi::apr_sha1_init(context.as_mut_ptr());
        for part in bytes.chunks(1 << 30) {
            ffi::apr_sha1_update(context.as_mut_ptr(), part.as_ptr().cast(), part.len() as u32);
        }
        ffi::apr_sha1_final(digest.as_mut_ptr(), context.as_mut_ptr());
    }
    digest
}

/// Two digits per byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|n| char::from(DIGITS[usize::from(n)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards_and_take_any_byte() {
        assert_eq!(hex(&md5(b"This is a test")), "ce114e4501d2f4e2dcea3e17b546f339");
        assert_eq!(hex(&sha1(b"This is a test")), "a54d88e06612d820bc3be72877c74f257b561b19");
        assert_eq!(hex(&md5(b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(&sha1(b"\0\0")), "1489f923c4dca729178b3e3233458550d8dddf29");
    }
}
