//! The numbers of names: of handlers, and of what is known by a text like them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lazy_static::lazy_static;

/// The number of a handler's name: the same name has the same number as long as the process lives, restarts included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct HandlerId(u32);

impl HandlerId {
    /// Numbers are dense from 0, so that a table can be indexed by them.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Default)]
struct Names {
    by_name: HashMap<Arc<[u8]>, HandlerId>,
    by_id: Vec<Arc<[u8]>>,
}

lazy_static! {
    /// Guards the numbering only; nothing but a look-up or an insertion happens under it.
    static ref NAMES: Mutex<Names> = Mutex::default();
}

fn names() -> MutexGuard<'static, Names> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a name; a new one on first sight. Names are never forgotten: do not pass text made up per request.
pub fn intern(name: &[u8]) -> HandlerId {
    intern_with_name(name).0
}

pub(crate) fn intern_with_name(name: &[u8]) -> (HandlerId, Arc<[u8]>) {
    let mut names = names();
    if let Some((name, id)) = names.by_name.get_key_value(name) {
        return (*id, name.clone());
    }
    let name: Arc<[u8]> = name.into();
    let id = HandlerId(u32::try_from(names.by_id.len()).unwrap_or(u32::MAX));
    names.by_id.push(name.clone());
    names.by_name.insert(name.clone(), id);
    (id, name)
}

/// The name of a number, or `None` if no such number was given out.
#[must_use]
pub fn name_of(id: HandlerId) -> Option<Arc<[u8]>> {
    names().by_id.get(id.index()).cloned()
}

/// How many numbers were given out: the length of a table indexed by [`HandlerId::index`].
#[must_use]
pub fn handler_count() -> usize {
    names().by_id.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_a_number_its_name() {
        let (a, b) = (intern(b"Numbered::A"), intern(b"Numbered::B"));
        assert_ne!(a, b);
        assert_eq!(intern(b"Numbered::A"), a);
        assert_eq!(name_of(a).as_deref(), Some(&b"Numbered::A"[..]));
        assert!(a.index() < handler_count());
        assert_eq!(name_of(HandlerId(u32::MAX)), None);
    }

    #[test]
    fn numbers_given_out_by_several_threads_agree() {
        let ids: Vec<Vec<HandlerId>> = (0..4)
            .map(|_| std::thread::spawn(|| (0..50).map(|i| intern(format!("T::{i}").as_bytes())).collect()))
            .map(|t| t.join().unwrap())
            .collect();
        assert!(ids.iter().all(|v| v == &ids[0]));
    }
}
