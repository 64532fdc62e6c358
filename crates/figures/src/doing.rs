//! What an interpreter does now: written by the one who has it, read by anybody.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

/// Bytes of text; what is longer is cut.
const TEXT: usize = 104;
const WORDS: usize = TEXT / 8;
/// So often a reader begins again whose text was changed meanwhile.
const ATTEMPTS: usize = 8;

/// A place for one interpreter's work: two cache lines.
#[derive(Default)]
#[repr(C, align(64))]
pub(crate) struct Doing {
    /// Odd while it is written.
    turn: AtomicU64,
    /// The lease, as its item counts them.
    lease: AtomicU64,
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
    /// Whether it is written of this lease. To be asked by nobody but who has the interpreter.
    #[inline]
    pub(crate) fn is_of(&self, lease: u64) -> bool {
        self.lease.load(Relaxed) == lease
    }

    /// To be called by nobody but who has the interpreter.
    pub(crate) fn write(&self, lease: u64, since: u64, text: &[u8]) {
        let turn = self.turn.load(Relaxed) | 1;
        self.turn.store(turn, Relaxed);
        fence(Release);
        self.lease.store(lease, Relaxed);
        self.since.store(since, Relaxed);
        let mut rest = text;
        for word in &self.text {
            match rest.split_first_chunk::<8>() {
                Some((bytes, more)) => {
                    word.store(u64::from_le_bytes(*bytes), Relaxed);
                    rest = more;
                }
                None => {
                    // Behind the last byte there is a 0.
                    let mut last = [0; 8];
                    if let Some(to) = last.get_mut(..rest.len()) {
                        to.copy_from_slice(rest);
                    }
                    word.store(u64::from_le_bytes(last), Relaxed);
                    break;
                }
            }
        }
        self.turn.store(turn.wrapping_add(1), Release);
    }

    /// `None` where nothing was written of this lease, or where each attempt found it being written.
    pub(crate) fn read(&self, lease: u64) -> Option<Now> {
        (0..ATTEMPTS).find_map(|_| {
            let turn = self.turn.load(Acquire);
            if turn == 0 || turn % 2 == 1 {
                return None;
            }
            let (of, since) = (self.lease.load(Relaxed), self.since.load(Relaxed));
            let mut text: Vec<u8> = self.text.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
            fence(Acquire);
            if self.turn.load(Relaxed) != turn {
                return None;
            }
            (of == lease).then(|| {
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
        assert_eq!(doing.read(0), None);
        let longest = [b'x'; TEXT];
        for text in [&b""[..], b"/", b"/1234567", b"/12345678", b"/short", &longest] {
            doing.write(3, 7, text);
            assert_eq!(doing.read(3), Some(Now { since: 7, text: text.into() }));
        }
        doing.write(4, 8, &[b'y'; TEXT + 1]);
        assert_eq!(doing.read(4), Some(Now { since: 8, text: vec![b'y'; TEXT] }));
        assert_eq!(doing.read(5), None, "what an earlier lease did is not what this one does");
    }

    #[test]
    fn no_reader_sees_two_texts_mixed() {
        static DOING: std::sync::LazyLock<Doing> = std::sync::LazyLock::new(Doing::default);
        let writer = std::thread::spawn(|| {
            for round in 0..20_000 {
                let letter = b'a' + (round % 26) as u8;
                DOING.write(0, u64::from(letter), &[letter; 60]);
            }
        });
        while !writer.is_finished() {
            if let Some(now) = DOING.read(0) {
                assert!(now.text.iter().all(|byte| u64::from(*byte) == now.since), "{now:?}");
            }
        }
        writer.join().unwrap();
    }
}
