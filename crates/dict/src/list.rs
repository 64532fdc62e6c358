//! A list in the value of an entry: items one behind the other, each between two copies of its length, so that both ends are at hand.
//!
//! The value is `[begin][end][count]` and then room, in which the items stand from `begin` to `end`. What is taken off leaves room, which
//! is used again when an end has none.

use crate::heap::{Broken, Memory, Whole};
use crate::store::End;
use crate::value::Value;

/// Bytes before the room.
pub(crate) const HEAD: usize = 12;
/// Bytes of an item beside its text: two lengths and its kind.
const AROUND: usize = 9;

/// A list that lies in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// Its first byte.
    pub(crate) at: usize,
    /// How many bytes of room it has.
    pub(crate) room: usize,
}

/// Bytes that an item takes.
pub(crate) fn size_of_item(item: &Value) -> usize {
    item.parts().1.get().len() + AROUND
}

impl List {
    /// A list without items.
    pub(crate) fn format(self, memory: &mut Memory<'_>) -> Whole<()> {
        self.set(memory, 0, 0, 0)
    }

    fn set(self, memory: &mut Memory<'_>, begin: usize, end: usize, count: u32) -> Whole<()> {
        memory.set_word(self.at, begin as u32)?;
        memory.set_word(self.at + 4, end as u32)?;
        memory.set_word(self.at + 8, count)
    }

    fn bounds(self, memory: &Memory<'_>) -> Whole<(usize, usize)> {
        let (begin, end) = (memory.word(self.at)? as usize, memory.word(self.at + 4)? as usize);
        if begin <= end && end <= self.room { Ok((begin, end)) } else { Err(Broken) }
    }

    /// How many items there are.
    pub(crate) fn count(self, memory: &Memory<'_>) -> Whole<u32> {
        memory.word(self.at + 8)
    }

    /// Bytes that its items take.
    pub(crate) fn used(self, memory: &Memory<'_>) -> Whole<usize> {
        self.bounds(memory).map(|(begin, end)| end - begin)
    }

    /// Takes the place of another list, whose items it has then. There must be room.
    pub(crate) fn become_copy_of(self, memory: &mut Memory<'_>, other: List) -> Whole<()> {
        let (begin, end) = other.bounds(memory)?;
        let count = other.count(memory)?;
        if end - begin > self.room {
            return Err(Broken);
        }
        memory.shift(other.at + HEAD + begin, end - begin, self.at + HEAD)?;
        self.set(memory, 0, end - begin, count)
    }

    /// Adds an item; false if there is no room.
    pub(crate) fn push(self, memory: &mut Memory<'_>, at: End, item: &Value) -> Whole<bool> {
        let (mut begin, mut end) = self.bounds(memory)?;
        let count = self.count(memory)?;
        let (kind, bytes) = item.parts();
        let bytes = bytes.get();
        let size = bytes.len() + AROUND;
        if end - begin + size > self.room {
            return Ok(false);
        }
        let has_room = match at {
            End::Left => begin >= size,
            End::Right => self.room - end >= size,
        };
        if !has_room {
            // All free room goes to the end that needs it.
            let to = match at {
                End::Left => self.room - (end - begin),
                End::Right => 0,
            };
            memory.shift(self.at + HEAD + begin, end - begin, self.at + HEAD + to)?;
            (begin, end) = (to, to + (end - begin));
        }
        let place = match at {
            End::Left => {
                begin -= size;
                begin
            }
            End::Right => {
                end += size;
                end - size
            }
        };
        let place = self.at + HEAD + place;
        memory.set_word(place, bytes.len() as u32)?;
        memory.set_byte(place + 4, kind)?;
        memory.put(place + 5, bytes)?;
        memory.set_word(place + 5 + bytes.len(), bytes.len() as u32)?;
        self.set(memory, begin, end, count.checked_add(1).ok_or(Broken)?)?;
        Ok(true)
    }

    /// Takes an item off; `None` if there is none.
    pub(crate) fn pop(self, memory: &mut Memory<'_>, at: End) -> Whole<Option<Value>> {
        let (mut begin, mut end) = self.bounds(memory)?;
        let count = self.count(memory)?;
        if count == 0 {
            return Ok(None);
        }
        let first = self.at + HEAD;
        let length = match at {
            End::Left => memory.word(first + begin)?,
            End::Right => memory.word(first + end.checked_sub(4).ok_or(Broken)?)?,
        } as usize;
        let size = length + AROUND;
        if size > end - begin {
            return Err(Broken);
        }
        let place = match at {
            End::Left => {
                begin += size;
                begin - size
            }
            End::Right => {
                end -= size;
                end
            }
        };
        let kind = memory.byte(first + place + 4)?;
        let value = Value::of_parts(kind, memory.bytes(first + place + 5, length)?).ok_or(Broken)?;
        self.set(memory, begin, end, count - 1)?;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn a_list_is_what_a_deque_is(steps in prop::collection::vec((any::<bool>(), any::<bool>(), 0usize..60), 1..200)) {
            let mut bytes = vec![0; 700];
            let mut memory = Memory(&mut bytes);
            let list = List { at: 10, room: 600 };
            list.format(&mut memory).unwrap();
            let mut model = VecDeque::new();
            for (pushes, left, length) in steps {
                let end = if left { End::Left } else { End::Right };
                if pushes {
                    let item = Value::Text(vec![length as u8; length]);
                    let used: usize = model.iter().map(size_of_item).sum();
                    let fits = used + size_of_item(&item) <= 600;
                    prop_assert_eq!(list.push(&mut memory, end, &item).unwrap(), fits);
                    match end {
                        _ if !fits => {}
                        End::Left => model.push_front(item),
                        End::Right => model.push_back(item),
                    }
                } else {
                    let expected = if left { model.pop_front() } else { model.pop_back() };
                    prop_assert_eq!(list.pop(&mut memory, end).unwrap(), expected);
                }
                prop_assert_eq!(list.count(&memory).unwrap() as usize, model.len());
                prop_assert_eq!(list.used(&memory).unwrap(), model.iter().map(size_of_item).sum::<usize>());
            }
        }
    }
}
