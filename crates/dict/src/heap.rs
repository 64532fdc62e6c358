//! Blocks of a piece of memory: given out, taken back, and joined with their free neighbours.
//!
//! Sizes and places are counted in *cells* of 8 bytes. Each block begins with a cell: its size, whether it is used, and the size of the
//! block before it. Free blocks are in lists by size. At every moment a walk from the first block, by sizes, comes to the end, so that a
//! process that is killed in the middle of anything leaves what [`crate::table`] can put in order again: who splits a block writes the
//! size of the second part first.

use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// Bytes of a cell.
pub(crate) const CELL: usize = 8;
/// So many lists of free blocks there are.
pub(crate) const BINS: usize = 128;
/// No block is smaller: there would be no entry for it.
pub(crate) const LEAST: u32 = 6;
/// So many blocks of a list are looked at for one that is large enough.
const LOOKS: usize = 32;

/// What the memory holds makes no sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Broken;

pub(crate) type Whole<T> = Result<T, Broken>;

/// The memory: numbers at places in bytes.
pub(crate) struct Memory<'m>(pub(crate) &'m mut [u8]);

impl Memory<'_> {
    pub(crate) fn word(&self, at: usize) -> Whole<u32> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Broken)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    pub(crate) fn set_word(&mut self, at: usize, to: u32) -> Whole<()> {
        *self.0.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()).ok_or(Broken)? = to.to_le_bytes();
        Ok(())
    }

    pub(crate) fn long(&self, at: usize) -> Whole<u64> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk::<8>()).ok_or(Broken)?;
        Ok(u64::from_le_bytes(*bytes))
    }

    pub(crate) fn set_long(&mut self, at: usize, to: u64) -> Whole<()> {
        *self.0.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<8>()).ok_or(Broken)? = to.to_le_bytes();
        Ok(())
    }

    pub(crate) fn byte(&self, at: usize) -> Whole<u8> {
        self.0.get(at).copied().ok_or(Broken)
    }

    pub(crate) fn set_byte(&mut self, at: usize, to: u8) -> Whole<()> {
        *self.0.get_mut(at).ok_or(Broken)? = to;
        Ok(())
    }

    pub(crate) fn bytes(&self, at: usize, length: usize) -> Whole<&[u8]> {
        self.0.get(at..at.checked_add(length).ok_or(Broken)?).ok_or(Broken)
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) -> Whole<()> {
        self.0.get_mut(at..at.checked_add(bytes.len()).ok_or(Broken)?).ok_or(Broken)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn shift(&mut self, from: usize, length: usize, to: usize) -> Whole<()> {
        let end = from.checked_add(length).ok_or(Broken)?;
        if end > self.0.len() || to.checked_add(length).ok_or(Broken)? > self.0.len() {
            return Err(Broken);
        }
        self.0.copy_within(from..end, to);
        Ok(())
    }
}

/// Where the heap lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    /// Where the heads of the lists are, in bytes.
    pub(crate) bins: usize,
    /// The first cell.
    pub(crate) first: u32,
    /// The cell behind the last one.
    pub(crate) end: u32,
}

/// The first byte of a cell.
pub(crate) fn byte_of(cell: u32) -> usize {
    cell as usize * CELL
}

/// Cells for so many bytes.
pub(crate) fn cells(bytes: usize) -> Option<u32> {
    u32::try_from(bytes.div_ceil(CELL)).ok()
}

/// The list for blocks of a size: four for each power of two.
fn bin_of(size: u32) -> usize {
    let log = size.max(4).ilog2();
    (log as usize) * 4 + ((size >> (log - 2)) & 3) as usize
}

impl Heap {
    /// One free block.
    pub(crate) fn format(&self, memory: &mut Memory<'_>) -> Whole<()> {
        for bin in 0..BINS {
            memory.set_word(self.bin(bin), 0)?;
        }
        self.set_tag(memory, self.first, self.end - self.first, false, 0)?;
        self.list(memory, self.first)
    }

    fn bin(&self, bin: usize) -> usize {
        self.bins + bin * 4
    }

    fn set_tag(&self, memory: &mut Memory<'_>, block: u32, size: u32, used: bool, before: u32) -> Whole<()> {
        // In one piece, and not before what was written until now.
        let tag = u64::from(size << 1 | u32::from(used)) | u64::from(before) << 32;
        compiler_fence(SeqCst);
        memory.set_long(byte_of(block), tag)?;
        compiler_fence(SeqCst);
        Ok(())
    }

    /// Size in cells, whether it is used, and the size of the block before it.
    pub(crate) fn tag(&self, memory: &Memory<'_>, block: u32) -> Whole<(u32, bool, u32)> {
        let tag = memory.long(byte_of(block))?;
        let (size, before) = (tag as u32 >> 1, (tag >> 32) as u32);
        if size < LEAST || block < self.first || self.end.checked_sub(block).ok_or(Broken)? < size {
            return Err(Broken);
        }
        Ok((size, tag & 1 == 1, before))
    }

    /// Tells the block behind this one how large it is.
    fn tell_next(&self, memory: &mut Memory<'_>, block: u32, size: u32) -> Whole<()> {
        let next = block + size;
        if next < self.end {
            let (its, used, _) = self.tag(memory, next)?;
            self.set_tag(memory, next, its, used, size)?;
        }
        Ok(())
    }

    /// Puts a free block into its list.
    pub(crate) fn list(&self, memory: &mut Memory<'_>, block: u32) -> Whole<()> {
        let (size, _, _) = self.tag(memory, block)?;
        let (head, at) = (self.bin(bin_of(size)), byte_of(block));
        let next = memory.word(head)?;
        memory.set_word(at + 8, next)?;
        memory.set_word(at + 12, 0)?;
        if next != 0 {
            memory.set_word(byte_of(next) + 12, block)?;
        }
        memory.set_word(head, block)
    }

    fn unlist(&self, memory: &mut Memory<'_>, block: u32, size: u32) -> Whole<()> {
        let at = byte_of(block);
        let (next, before) = (memory.word(at + 8)?, memory.word(at + 12)?);
        if next != 0 {
            memory.set_word(byte_of(next) + 12, before)?;
        }
        if before != 0 {
            memory.set_word(byte_of(before) + 8, next)
        } else {
            memory.set_word(self.bin(bin_of(size)), next)
        }
    }

    /// A free block of at least this size, and its size.
    fn find(&self, memory: &Memory<'_>, size: u32) -> Whole<Option<(u32, u32)>> {
        let first = bin_of(size);
        let (mut block, mut looks) = (memory.word(self.bin(first))?, 0);
        while block != 0 && looks < LOOKS {
            let (its, _, _) = self.tag(memory, block)?;
            if its >= size {
                return Ok(Some((block, its)));
            }
            block = memory.word(byte_of(block) + 8)?;
            looks += 1;
        }
        for bin in first + 1..BINS {
            let block = memory.word(self.bin(bin))?;
            if block != 0 {
                return Ok(Some((block, self.tag(memory, block)?.0)));
            }
        }
        Ok(None)
    }

    /// Gives a block of at least so many cells, and its size; `None` where there is no such piece.
    pub(crate) fn take(&self, memory: &mut Memory<'_>, wanted: u32) -> Whole<Option<(u32, u32)>> {
        let wanted = wanted.max(LEAST);
        let Some((block, size)) = self.find(memory, wanted)? else {
            return Ok(None);
        };
        let (_, _, before) = self.tag(memory, block)?;
        self.unlist(memory, block, size)?;
        let rest = size - wanted;
        let taken = if rest < LEAST { size } else { wanted };
        if taken < size {
            self.set_tag(memory, block + taken, rest, false, taken)?;
        }
        // What is there is no entry until its owner says so.
        memory.set_long(byte_of(block) + 8, 0)?;
        self.set_tag(memory, block, taken, true, before)?;
        if taken < size {
            self.tell_next(memory, block + taken, rest)?;
            self.list(memory, block + taken)?;
        }
        Ok(Some((block, taken)))
    }

    /// Takes a block back.
    pub(crate) fn free(&self, memory: &mut Memory<'_>, block: u32) -> Whole<()> {
        let (mut size, used, before) = self.tag(memory, block)?;
        if !used {
            return Err(Broken);
        }
        let (mut start, mut before) = (block, before);
        if start + size < self.end {
            let (its, used, _) = self.tag(memory, start + size)?;
            if !used {
                self.unlist(memory, start + size, its)?;
                size += its;
            }
        }
        if before != 0 {
            let at = start.checked_sub(before).ok_or(Broken)?;
            let (its, used, its_before) = self.tag(memory, at)?;
            if !used && its == before {
                self.unlist(memory, at, its)?;
                (start, size, before) = (at, size + its, its_before);
            }
        }
        self.set_tag(memory, start, size, false, before)?;
        self.tell_next(memory, start, size)?;
        self.list(memory, start)
    }

    /// Makes the lists anew, of all blocks for which `keep` is not true; neighbours that are free become one. Gives how many cells are used.
    pub(crate) fn rebuild(
        &self,
        memory: &mut Memory<'_>,
        mut keep: impl FnMut(&mut Memory<'_>, u32, u32) -> Whole<bool>,
    ) -> Whole<u64> {
        for bin in 0..BINS {
            memory.set_word(self.bin(bin), 0)?;
        }
        let (mut block, mut before, mut used_cells) = (self.first, 0, 0);
        // The free block that grows, if the last one was free.
        let mut free: Option<(u32, u32)> = None;
        while block < self.end {
            let (size, used, _) = self.tag(memory, block)?;
            if used && keep(memory, block, size)? {
                if let Some((start, length)) = free.take() {
                    self.set_tag(memory, start, length, false, before)?;
                    self.list(memory, start)?;
                    before = length;
                }
                self.set_tag(memory, block, size, true, before)?;
                (before, used_cells) = (size, used_cells + u64::from(size));
            } else {
                free = Some(free.map_or((block, size), |(start, length)| (start, length + size)));
            }
            block += size;
        }
        if let Some((start, length)) = free {
            self.set_tag(memory, start, length, false, before)?;
            self.list(memory, start)?;
        }
        Ok(used_cells)
    }

    /// Walks over all blocks that are used.
    pub(crate) fn walk(&self, memory: &Memory<'_>, mut f: impl FnMut(&Memory<'_>, u32, u32) -> Whole<()>) -> Whole<()> {
        let mut block = self.first;
        while block < self.end {
            let (size, used, _) = self.tag(memory, block)?;
            if used {
                f(memory, block, size)?;
            }
            block += size;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAP: Heap = Heap { bins: 64, first: 80, end: 4096 };

    fn fresh(bytes: &mut Vec<u8>) -> Memory<'_> {
        bytes.resize(4096 * CELL, 0);
        let mut memory = Memory(bytes);
        HEAP.format(&mut memory).unwrap();
        memory
    }

    /// What must hold at any time: sizes add up, no two free neighbours, each block knows the one before it.
    fn check(memory: &Memory<'_>) -> u64 {
        let (mut block, mut last, mut used_cells) = (HEAP.first, (0, true), 0);
        while block < HEAP.end {
            let (size, used, before) = HEAP.tag(memory, block).unwrap();
            assert_eq!(before, last.0);
            assert!(used || last.1, "two free neighbours");
            used_cells += if used { u64::from(size) } else { 0 };
            last = (size, used);
            block += size;
        }
        assert_eq!(block, HEAP.end);
        used_cells
    }

    proptest! {
        #[test]
        fn blocks_never_overlap_and_all_memory_comes_back(steps in prop::collection::vec((1u32..400, any::<prop::sample::Index>(), any::<bool>()), 1..300)) {
            let mut bytes = Vec::new();
            let mut memory = fresh(&mut bytes);
            let mut blocks: Vec<(u32, u32)> = Vec::new();
            for (size, which, frees) in steps {
                if frees && !blocks.is_empty() {
                    let (block, _) = blocks.swap_remove(which.index(blocks.len()));
                    HEAP.free(&mut memory, block).unwrap();
                } else if let Some((block, taken)) = HEAP.take(&mut memory, size).unwrap() {
                    prop_assert!(taken >= size);
                    prop_assert!(blocks.iter().all(|(other, its)| block + taken <= *other || other + its <= block));
                    blocks.push((block, taken));
                }
                let used: u64 = blocks.iter().map(|(_, size)| u64::from(*size)).sum();
                prop_assert_eq!(check(&memory), used);
            }
            // As after a kill: the lists are nonsense, and made anew.
            let kept: Vec<u32> = blocks.iter().map(|(block, _)| *block).step_by(2).collect();
            memory.0[64..64 + BINS * 4].fill(0xff);
            HEAP.rebuild(&mut memory, |_, block, _| Ok(kept.contains(&block))).unwrap();
            check(&memory);
            for block in kept {
                HEAP.free(&mut memory, block).unwrap();
            }
            prop_assert_eq!(check(&memory), 0);
            prop_assert!(HEAP.take(&mut memory, HEAP.end - HEAP.first).unwrap().is_some());
        }
    }
}
