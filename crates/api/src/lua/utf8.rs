//! Whether text is UTF-8, as it comes.

/// Text that comes in pieces, which may end within a character.
#[derive(Default)]
pub(super) struct Utf8 {
    /// The first bytes of a character whose last ones have not come.
    begun: [u8; 4],
    len: usize,
}

impl Utf8 {
    /// Whether these bytes go on as text would. Says no at the first byte that cannot.
    pub(super) fn goes_on(&mut self, mut bytes: &[u8]) -> bool {
        while self.len > 0 {
            let Some((first, rest)) = bytes.split_first() else { return true };
            let Some(place) = self.begun.get_mut(self.len) else { return false };
            *place = *first;
            self.len += 1;
            bytes = rest;
            match std::str::from_utf8(&self.begun[..self.len]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return false,
            }
        }
        let Err(error) = std::str::from_utf8(bytes) else { return true };
        let rest = &bytes[error.valid_up_to()..];
        if error.error_len().is_some() || rest.len() > self.begun.len() {
            return false;
        }
        self.begun[..rest.len()].copy_from_slice(rest);
        self.len = rest.len();
        true
    }

    /// Whether the text may end here.
    pub(super) fn ends(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes of the text pass in pieces of `step`, and whether it may end there.
    fn passes(text: &[u8], step: usize) -> (usize, bool) {
        let mut utf8 = Utf8::default();
        let good = text.chunks(step).take_while(|piece| utf8.goes_on(piece)).map(<[u8]>::len).sum();
        (good, utf8.ends())
    }

    #[test]
    fn text_is_text_however_it_is_cut() {
        let text = "a\u{e4}\u{20ac}\u{1f600}\u{10ffff}\0z".repeat(3);
        for step in 1..=text.len() {
            assert_eq!(passes(text.as_bytes(), step), (text.len(), true), "{step}");
        }
        assert_eq!(passes(b"", 1), (0, true));
    }

    #[test]
    fn what_cannot_become_text_is_known_at_its_first_byte() {
        for (text, good) in [
            (&b"ab\xff"[..], 2),
            (b"ab\x80", 2),
            (b"\xc0\xaf", 0),
            (b"\xe0\x9f\xbf", 1),
            (b"\xed\xa0\x80", 1),
            (b"\xf0\x8f\xbf\xbf", 1),
            (b"\xf4\x90\x80\x80", 1),
            (b"\xf5", 0),
            (b"\xe2\x82a", 2),
        ] {
            assert_eq!(passes(text, 1).0, good, "{text:?}");
            assert_eq!(passes(text, text.len()).0, 0, "{text:?} at once");
        }
    }

    #[test]
    fn text_does_not_end_within_a_character() {
        for text in [&b"\xc3"[..], b"\xe2\x82", b"a\xf0\x9f\x98"] {
            assert_eq!(passes(text, 1), (text.len(), false));
            assert_eq!(passes(text, 9), (text.len(), false));
        }
    }
}
