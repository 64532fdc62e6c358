//! `apr_table_t`: ordered, case-insensitive, several values per key.

use crate::{Pool, ffi, text::bytes_at, with_cstr};
use std::ffi::{c_char, c_int};

crate::opaque! {
    /// An `apr_table_t`. Keys compare without regard to case; values are C strings.
    ///
    /// What a method lends stays where it is until the table's pool dies, even if the table changes meanwhile: APR writes new
    /// values beside old ones.
    ///
    /// It cannot be kept beyond that:
    /// ```compile_fail
    /// # use apr::Table;
    /// static KEPT: std::sync::Mutex<Option<&'static Table>> = std::sync::Mutex::new(None);
    /// fn handler(table: &Table) {
    ///     *KEPT.lock().unwrap() = Some(table);
    /// }
    /// ```
    /// ```compile_fail
    /// # use apr::{Pool, Reenter, Table};
    /// fn out<'p>(pool: &'p Pool, cx: Reenter) -> &'p Table {
    ///     pool.within(cx, |own| Table::new(own, 1)).unwrap()
    /// }
    /// ```
    pub struct Table(ffi::apr_table_t);
}

/// How several values of one key are treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overlap {
    /// The last one stays.
    Set,
    /// They become one value, joined with ", ".
    Merge,
}

impl Overlap {
    fn flag(self) -> u32 {
        match self {
            Overlap::Set => ffi::APR_OVERLAP_TABLES_SET,
            Overlap::Merge => ffi::APR_OVERLAP_TABLES_MERGE,
        }
    }
}

impl Table {
    /// An empty table with room for `size` entries; it grows.
    pub fn new(pool: &Pool, size: usize) -> &Table {
        // SAFETY: the pool lives.
        let made = unsafe { ffi::apr_table_make(pool.as_ptr(), size.clamp(1, 1 << 16) as c_int) };
        // SAFETY: just made in the pool.
        unsafe { own(made) }
    }

    /// The pool it lies in.
    pub fn pool(&self) -> &Pool {
        // SAFETY: APR sets the pool of every table's array; it lives as long as the table.
        match unsafe { Pool::at(self.array().pool) } {
            Some(pool) => pool,
            None => std::process::abort(),
        }
    }

    fn array(&self) -> &ffi::apr_array_header_t {
        // SAFETY: the first member of a table is its array, and APR says so with this function.
        unsafe { &*ffi::apr_table_elts(self.as_ptr()) }
    }

    /// The first value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        // SAFETY: key is a C string for the call; a value lives as long as the pool.
        with_cstr(key, |key| unsafe { bytes_at(ffi::apr_table_get(self.as_ptr(), key.as_ptr())) })
    }

    /// All values of a key, in order.
    pub fn get_all<'t>(&'t self, key: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
        self.iter().filter(move |(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v)
    }

    /// Replaces all values of a key by this one.
    pub fn set(&self, key: &[u8], value: &[u8]) {
        self.call(key, value, ffi::apr_table_set)
    }

    /// Adds a value, keeps the others.
    pub fn add(&self, key: &[u8], value: &[u8]) {
        self.call(key, value, ffi::apr_table_add)
    }

    /// Appends to the first value of a key with ", ", or adds it.
    pub fn merge(&self, key: &[u8], value: &[u8]) {
        self.call(key, value, ffi::apr_table_merge)
    }

    fn call(
        &self,
        key: &[u8],
        value: &[u8],
        f: unsafe extern "C" fn(*mut ffi::apr_table_t, *const c_char, *const c_char),
    ) {
        // SAFETY: both are C strings for the call; APR copies them.
        with_cstr(key, |key| with_cstr(value, |value| unsafe { f(self.as_ptr(), key.as_ptr(), value.as_ptr()) }))
    }

    /// Removes all values of a key.
    pub fn unset(&self, key: &[u8]) {
        // SAFETY: a C string for the call.
        with_cstr(key, |key| unsafe { ffi::apr_table_unset(self.as_ptr(), key.as_ptr()) })
    }

    /// Removes everything.
    pub fn clear(&self) {
        // SAFETY: the table lives.
        unsafe { ffi::apr_table_clear(self.as_ptr()) }
    }

    /// A copy in `pool`. Its strings are shared if they live long enough for that, else copied too.
    pub fn copy<'p>(&self, pool: &'p Pool) -> &'p Table {
        let shared = self.pool().is_ancestor(pool);
        // SAFETY: both live; strings are shared only with a pool that dies first.
        unsafe {
            own(if shared {
                ffi::apr_table_copy(pool.as_ptr(), self.as_ptr())
            } else {
                ffi::apr_table_clone(pool.as_ptr(), self.as_ptr())
            })
        }
    }

    /// This table, or a copy with its own strings in `pool` if this one could die before it.
    fn outliving<'t>(&'t self, pool: &'t Pool) -> &'t Table {
        if self.pool().is_ancestor(pool) { self } else { self.copy(pool) }
    }

    /// A new table in `pool`: the entries of `over`, then those of this one.
    pub fn overlay<'p>(&self, over: &Table, pool: &'p Pool) -> &'p Table {
        let (base, over) = (self.outliving(pool), over.outliving(pool));
        // SAFETY: all live, and both tables outlive the pool's contents.
        unsafe { own(ffi::apr_table_overlay(pool.as_ptr(), over.as_ptr(), base.as_ptr())) }
    }

    /// Takes the entries of `other` into this table; keys in both are treated as `how` says.
    pub fn overlap(&self, other: &Table, how: Overlap) {
        let other = other.outliving(self.pool());
        // SAFETY: both live, and what is shared outlives this table.
        unsafe { ffi::apr_table_overlap(self.as_ptr(), other.as_ptr(), how.flag()) }
    }

    /// Makes one entry of all that share a key.
    pub fn compress(&self, how: Overlap) {
        // SAFETY: the table lives.
        unsafe { ffi::apr_table_compress(self.as_ptr(), how.flag()) }
    }

    /// Number of entries (not of keys).
    pub fn len(&self) -> usize {
        usize::try_from(self.array().nelts).unwrap_or(0)
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key and value of entry `i`; `None` past the end. Entries have other numbers after script code has changed the table.
    pub fn entry(&self, i: usize) -> Option<(&[u8], &[u8])> {
        let array = self.array();
        if i >= usize::try_from(array.nelts).unwrap_or(0) {
            return None;
        }
        // SAFETY: inside the array, whose elements are entries; their strings live as long as the pool.
        unsafe {
            let entry = &*array.elts.cast::<ffi::apr_table_entry_t>().add(i);
            Some((bytes_at(entry.key).unwrap_or_default(), bytes_at(entry.val).unwrap_or_default()))
        }
    }

    /// All entries in order. The table may change meanwhile: entries are counted anew at each step.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..).map_while(|i| self.entry(i))
    }
}

/// # Safety
/// Lies in a pool that lives for `'p`.
unsafe fn own<'p>(table: *mut ffi::apr_table_t) -> &'p Table {
    // SAFETY: the caller's promise. APR's table functions return null only where its pools do: out of memory.
    unsafe { Table::at(table) }.unwrap_or_else(|| std::process::abort())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reenter;

    fn pool() -> &'static Pool {
        Pool::initialize().unwrap();
        Pool::root().unwrap()
    }

    fn text(t: &Table) -> String {
        t.iter()
            .map(|(k, v)| format!("{}={}", String::from_utf8_lossy(k), String::from_utf8_lossy(v)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn values_are_found_by_key_in_any_case_and_kept_in_order() {
        let t = Table::new(pool(), 2);
        assert!(t.is_empty());
        t.set(b"Host", b"a");
        t.add(b"X", b"1");
        t.add(b"x", b"2");
        assert_eq!(t.get(b"HOST"), Some(&b"a"[..]));
        assert_eq!(t.get_all(b"X").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(t.get(b"none"), None);
        assert_eq!((t.len(), t.entry(3)), (3, None));
        t.merge(b"X", b"3");
        assert_eq!(text(t), "Host=a X=1, 3 x=2");
        t.compress(Overlap::Merge);
        assert_eq!(text(t), "Host=a X=1, 3, 2");
        t.unset(b"host");
        assert_eq!(t.len(), 1);
        t.clear();
        assert!(t.is_empty());
    }

    #[test]
    fn keys_and_values_end_at_a_nul() {
        let t = Table::new(pool(), 2);
        t.set(b"a\0b", b"c\0d");
        assert_eq!(t.get(b"a\0z"), Some(&b"c"[..]));
    }

    #[test]
    fn bytes_lent_survive_a_change_of_their_entry() {
        let t = Table::new(pool(), 2);
        t.set(b"k", b"old");
        let old = t.get(b"k");
        t.set(b"k", b"new");
        t.unset(b"k");
        assert_eq!(old, Some(&b"old"[..]));
    }

    #[test]
    fn overlay_and_overlap_follow_apr() {
        let p = pool();
        let (a, b) = (Table::new(p, 1), Table::new(p, 1));
        a.set(b"k", b"1");
        b.set(b"k", b"2");
        assert_eq!(text(a.overlay(b, p)), "k=2 k=1");
        a.overlap(b, Overlap::Merge);
        assert_eq!(text(a), "k=1, 2");
        a.overlap(b, Overlap::Set);
        assert_eq!(text(a), "k=2");
    }

    #[test]
    fn a_copy_into_an_older_pool_outlives_the_original() {
        let p = pool();
        let sub = p.create().unwrap();
        let t = Table::new(sub, 1);
        t.set(b"key", b"value");
        let copy = t.copy(p);
        let taken = Table::new(p, 1);
        taken.overlap(t, Overlap::Set);
        // SAFETY: nothing of `sub` is used afterwards; no script runs.
        unsafe { sub.destroy(Reenter::assume()) };
        let again = p.create().unwrap();
        again.memdup(&[b'#'; 4000]);
        assert_eq!(text(copy), "key=value");
        assert_eq!(text(taken), "key=value");
    }
}
