//! Bytes that are collected in a pool.

use crate::Pool;
use std::ptr::NonNull;

/// Room for bytes in a pool. The memory is freed when the pool dies, not when this is dropped.
#[derive(Debug)]
pub struct Buffer {
    start: NonNull<u8>,
    len: usize,
    room: usize,
}

impl Buffer {
    /// An empty one for up to `room` bytes.
    pub fn new(pool: &Pool, room: usize) -> Buffer {
        Buffer { start: pool.alloc(room).cast(), len: 0, room }
    }

    /// Adds all of `bytes`, or nothing if there is no room for them.
    #[must_use]
    pub fn add(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > self.room - self.len {
            return false;
        }
        // SAFETY: there is room; the memory is ours as long as the pool lives, and nobody else knows it.
        unsafe { self.start.add(self.len).as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.len += bytes.len();
        true
    }

    /// The bytes that were added.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes were written; the memory lives as long as the pool.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Forgets the bytes that were added.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// How many bytes it can hold in all.
    pub fn room(&self) -> usize {
        self.room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pool;

    #[test]
    fn it_takes_what_fits_and_nothing_else() {
        Pool::initialize().unwrap();
        let mut buffer = Buffer::new(Pool::root().unwrap(), 5);
        assert!(buffer.add(b"abc") && !buffer.add(b"def") && buffer.add(b"de") && buffer.add(b""));
        assert_eq!((buffer.bytes(), buffer.room()), (&b"abcde"[..], 5));
        buffer.clear();
        assert!(buffer.bytes().is_empty() && buffer.add(b"x"));
    }
}
