//! What an interpreter does now: written by the one who has it, read by anybody.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

/// Bytes of text; what is longer is cut.
const TEXT: usize = 112;
const WORDS: usize = TEXT / 8;
/// So often a reader begins again whose text was changed meanwhile.
const ATTEMPTS: usize = 8;

/// A place for one interpreter's work: two cache lines.
#[derive(Default)]
#[repr(C, align(64))]
pub(crate) struct Doing {
    /// Odd while it is written.
    turn: AtomicU64,
    since: AtomicU64,
    text: [AtomicU64; WORDS],
}

/// What an interpreter does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Now {
    /// Since when: microseconds since 1970.
    pub since: u64,
    /// What it is.
    pub text: Vec<u8>,
}

impl Doing {
    /// To be called by nobody but who has the interpreter.
    pub(crate) fn write(&self, since: u64, text: &[u8]) {
        let turn = self.turn.load(Relaxed) | 1;
        self.turn.store(turn, Relaxed);
        fence(Release);
        self.since.store(since, Relaxed);
        let text = text.get(..TEXT).unwrap_or(text);
        let (whole, rest) = text.as_chunks::<8>();
        let mut words = self.text.iter();
        for (bytes, word) in whole.iter().zip(words.by_ref()) {
            word.store(u64::from_le_bytes(*bytes), Relaxed);
        }
        if let Some(word) = words.next() {
            let mut last = [0; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            word.store(u64::from_le_bytes(last), Relaxed);
        }
        self.turn.store(turn.wrapping_add(1), Release);
    }

    /// `None` where nothing was written yet, or where each attempt found it being written.
    pub(crate) fn read(&self) -> Option<Now> {
        (0..ATTEMPTS).find_map(|_| {
            let turn = self.turn.load(Acquire);
            if turn == 0 || turn % 2 == 1 {
                return None;
            }
            let since = self.since.load(Relaxed);
            let mut text: Vec<u8> = self.text.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
            fence(Acquire);
            (self.turn.load(Relaxed) == turn).then(|| {
                text.truncate(text.iter().position(|byte| *byte == 0).unwrap_or(TEXT));
                Now { since, text }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written_last() {
        let doing = Doing::default();
        assert_eq!(doing.read(), None);
        let longest = [b'x'; TEXT];
        for text in [&b""[..], b"/", b"/1234567", b"/12345678", b"/short", &longest] {
            doing.write(7, text);
            assert_eq!(doing.read(), Some(Now { since: 7, text: text.into() }));
        }
        doing.write(8, &[b'y'; TEXT + 1]);
        assert_eq!(doing.read(), Some(Now { since: 8, text: vec![b'y'; TEXT] }));
    }

    #[test]
    fn no_reader_sees_two_texts_mixed() {
        static DOING: std::sync::LazyLock<Doing> = std::sync::LazyLock::new(Doing::default);
        let writer = std::thread::spawn(|| {
            for round in 0..20_000 {
                let letter = b'a' + (round % 26) as u8;
                DOING.write(u64::from(letter), &[letter; 60]);
            }
        });
        while !writer.is_finished() {
            if let Some(now) = DOING.read() {
                assert!(now.text.iter().all(|byte| u64::from(*byte) == now.since), "{now:?}");
            }
        }
        writer.join().unwrap();
    }
}
