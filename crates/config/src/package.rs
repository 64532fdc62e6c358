//! Where a script's `require` looks: `LuaPackagePath` and `LuaPackageCPath`, numbered so that equal lists are one.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lazy_static::lazy_static;

/// The paths of a directory, in order.
#[derive(PartialEq, Eq, Debug)]
pub struct Package {
    /// Dense from 0, which has no path at all; equal for equal lists as long as the process lives.
    pub id: usize,
    /// `LuaPackagePath`. What is relative here was so in the configuration, with no `LuaRoot` to go by.
    pub path: Vec<Arc<[u8]>>,
    /// `LuaPackageCPath`, likewise.
    pub cpath: Vec<Arc<[u8]>>,
    /// What an engine makes of it, once.
    pub made: Made,
}

/// A value that follows from what it stands beside.
#[derive(Default)]
pub struct Made(OnceLock<Box<dyn Any + Send + Sync>>);

impl Made {
    /// The value; made by the first who asks. All ask for the same type.
    pub fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl PartialEq for Made {
    fn eq(&self, _other: &Made) -> bool {
        true
    }
}

impl Eq for Made {}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Made")
    }
}

type Lists = (Vec<Arc<[u8]>>, Vec<Arc<[u8]>>);

lazy_static! {
    /// Guards the numbering only; nothing but a look-up or an insertion happens under it.
    static ref PACKAGES: Mutex<HashMap<Lists, Arc<Package>>> = {
        let none = Package { id: 0, path: vec![], cpath: vec![], made: Made::default() };
        Mutex::new(HashMap::from([(Lists::default(), Arc::new(none))]))
    };
}

/// The lists under their number, a new one on first sight. They are never forgotten.
pub(crate) fn intern(path: &[Arc<[u8]>], cpath: &[Arc<[u8]>]) -> Arc<Package> {
    let mut packages = PACKAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (path.to_vec(), cpath.to_vec());
    if let Some(known) = packages.get(&key) {
        return known.clone();
    }
    let new =
        Arc::new(Package { id: packages.len(), path: key.0.clone(), cpath: key.1.clone(), made: Made::default() });
    packages.insert(key, new.clone());
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lists_have_one_number_and_none_is_zero() {
        let list = |paths: &[&str]| paths.iter().map(|p| Arc::from(p.as_bytes())).collect::<Vec<Arc<[u8]>>>();
        let a = intern(&list(&["/a/?.lua", "/b/?.lua"]), &[]);
        assert!(Arc::ptr_eq(&a, &intern(&list(&["/a/?.lua", "/b/?.lua"]), &[])));
        assert_ne!(a.id, intern(&list(&["/b/?.lua", "/a/?.lua"]), &[]).id);
        assert_ne!(a.id, intern(&[], &list(&["/a/?.lua", "/b/?.lua"])).id);
        assert_eq!(intern(&[], &[]).id, 0);
    }
}
