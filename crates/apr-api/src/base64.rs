//! `APR::Base64`: bytes to text and back.

use interp::*;

/// Functions of the package.
pub static BASE64: Class = Class::new(
    "APR::Base64",
    &[
        function("encode(clear)", encode).anywhere().doc("Bytes as text."),
        function("decode(encoded)", decode)
            .anywhere()
            .doc("The bytes of a text; it ends at the first character that does not belong."),
        function("encode_len(length)", |n: i64| (n.max(0) + 2) / 3 * 4)
            .anywhere()
            .doc("Length of the text for so many bytes."),
    ],
)
.doc("Base64.");

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text, padded to groups of four.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let n = (0..3).fold(0u32, |n, i| (n << 8) | u32::from(group.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = DIGITS[((n >> (18 - 6 * i)) & 63) as usize];
            text.push(if i <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// The bytes of a text.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let value = |c: &u8| DIGITS.iter().position(|d| d == c);
    let digits: Vec<_> = text.iter().map_while(value).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let n = (0..4).fold(0, |n, i| (n << 6) | group.get(i).copied().unwrap_or(0));
        let whole = [(n >> 16) as u8, (n >> 8) as u8, n as u8];
        bytes.extend_from_slice(&whole[..group.len().saturating_sub(1)]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_padded_to_groups_of_four() {
        let texts = [&b""[..], b"a", b"ab", b"abc", b"user:secret"].map(encode);
        assert_eq!(texts, ["", "YQ==", "YWI=", "YWJj", "dXNlcjpzZWNyZXQ="]);
    }

    #[test]
    fn what_was_encoded_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for n in 0..all.len() {
            assert_eq!(decode(encode(&all[n..]).as_bytes()), all[n..]);
        }
        assert_eq!(decode(b"YWJj\nZGVm"), b"abc");
    }
}
