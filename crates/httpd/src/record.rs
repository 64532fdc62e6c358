//! A configuration record in httpd's hands, which remembers merges.

use std::{
    cell::UnsafeCell,
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering},
};

/// A configuration record in httpd's hands.
///
/// It is edited only while the configuration is read (through [`crate::Slots`]) and shared by all threads afterwards.
pub struct Record<T> {
    value: UnsafeCell<T>,
    /// Set while an edit runs.
    edited: AtomicBool,
    /// Whether the record lives as long as the configuration, and not only as long as a request.
    permanent: bool,
    /// Merges with this record as the added part, newest first. Only permanent records have any, and only of permanent
    /// bases; nothing is ever taken out, so a reader needs no lock.
    merges: AtomicPtr<Merge<T>>,
    merge_count: AtomicI32,
}

struct Merge<T> {
    base: *const Record<T>,
    result: Record<T>,
    next: *mut Merge<T>,
}

/// More merges than this with one record are not kept: a configuration that alternates among so many bases would
/// otherwise collect them until the next restart.
const MOST_MERGES: i32 = 256;

// SAFETY: `value` is edited only through `edit`, while one thread reads the configuration; the list is atomic.
unsafe impl<T: Send + Sync> Sync for Record<T> {}
// SAFETY: it owns its value and its list.
unsafe impl<T: Send + Sync> Send for Record<T> {}

impl<T> Record<T> {
    pub(crate) fn new(value: T, permanent: bool) -> Record<T> {
        Record {
            value: UnsafeCell::new(value),
            edited: AtomicBool::new(false),
            permanent,
            merges: AtomicPtr::new(ptr::null_mut()),
            merge_count: AtomicI32::new(0),
        }
    }

    /// The value. Lent until the next directive is read; nobody holds it across one.
    #[inline]
    pub fn get(&self) -> &T {
        // SAFETY: no edit runs: edits belong to directives, and those are run while nobody holds what `get` lent (SAFETY.md,
        // "configuration records").
        unsafe { &*self.value.get() }
    }

    /// Whether it dies with the configuration (not with a request whose `.htaccess` made it).
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// Changes the value; `None` if a change of it is running already.
    ///
    /// # Safety
    /// Nobody holds what [`Record::get`] lent, and no other thread can see the record: the configuration is being read, or
    /// the record belongs to this request.
    pub(crate) unsafe fn edit<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        struct Done<'a>(&'a AtomicBool);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        if self.edited.swap(true, Ordering::Acquire) {
            return None;
        }
        let _done = Done(&self.edited);
        // SAFETY: the caller's promise; the flag keeps a nested edit out.
        Some(f(unsafe { &mut *self.value.get() }))
    }

    /// The merge of `base` and `self`, if it was computed before.
    #[inline]
    pub(crate) fn known_merge(&self, base: &Record<T>) -> Option<&Record<T>> {
        Self::find(self.merges.load(Ordering::Acquire), base).map(|merge| &merge.result)
    }

    fn find<'r>(mut at: *mut Merge<T>, base: &Record<T>) -> Option<&'r Merge<T>> {
        // SAFETY: a list of boxes that are freed only with the record they hang on.
        while let Some(merge) = unsafe { at.as_ref() } {
            if ptr::eq(merge.base, base) {
                return Some(merge);
            }
            at = merge.next;
        }
        None
    }

    /// Keeps a merge; if another thread was faster, its result.
    pub(crate) fn keep_merge(&self, base: &Record<T>, value: T) -> &Record<T> {
        let new = Box::into_raw(Box::new(Merge { base, result: Record::new(value, true), next: ptr::null_mut() }));
        let mut head = self.merges.load(Ordering::Acquire);
        loop {
            if let Some(other) = Self::find(head, base) {
                // SAFETY: not in the list, so ours alone.
                drop(unsafe { Box::from_raw(new) });
                return &other.result;
            }
            // SAFETY: as above.
            unsafe { (*new).next = head };
            match self.merges.compare_exchange(head, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        self.merge_count.fetch_add(1, Ordering::Relaxed);
        // SAFETY: in the list now, which lives as long as `self`.
        unsafe { &(*new).result }
    }

    /// Whether a merge of the two may be kept.
    pub(crate) fn keeps_merges(&self, base: &Record<T>) -> bool {
        self.permanent && base.permanent && self.merge_count.load(Ordering::Relaxed) < MOST_MERGES
    }
}

impl<T> Drop for Record<T> {
    fn drop(&mut self) {
        let mut at = *self.merges.get_mut();
        while !at.is_null() {
            // SAFETY: made by `keep_merge`; nobody looks any more.
            let merge = unsafe { Box::from_raw(at) };
            at = merge.next;
        }
    }
}

/// # Safety
/// `at` is null or a living `Record<T>`.
pub(crate) unsafe fn record<'a, T>(at: *mut c_void) -> Option<&'a Record<T>> {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<Record<T>>().as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, atomic::AtomicUsize};

    type Text = Record<String>;

    fn text(s: &str) -> Text {
        Record::new(s.to_owned(), true)
    }

    #[test]
    fn a_merge_is_kept_per_base_and_found_again() {
        let (a, b, add) = (text("a"), text("b"), text("+"));
        assert!(add.known_merge(&a).is_none());
        let first: *const Text = add.keep_merge(&a, "a+".into());
        add.keep_merge(&b, "b+".into());
        assert!(ptr::eq(first, add.known_merge(&a).unwrap()));
        assert_eq!(add.known_merge(&b).unwrap().get(), "b+");
        assert!(ptr::eq(first, add.keep_merge(&a, "late".into()).get_record()), "the first result stays");
        assert!(add.known_merge(&a).unwrap().is_permanent());
    }

    impl Text {
        fn get_record(&self) -> *const Text {
            self
        }
    }

    #[test]
    fn merges_are_freed_with_their_record_and_only_then() {
        struct Counted(Arc<AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let make = || Record::new(Counted(dropped.clone()), true);
        let (base, add) = (make(), make());
        add.keep_merge(&base, Counted(dropped.clone()));
        drop(base);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        drop(add);
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn threads_that_merge_at_once_end_with_one_result_per_base() {
        let add = text("+");
        let bases: Vec<Text> = (0..8).map(|i| text(&i.to_string())).collect();
        let seen: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        bases
                            .iter()
                            .map(|base| {
                                let found = add.known_merge(base);
                                let merge = found.unwrap_or_else(|| add.keep_merge(base, format!("{}+", base.get())));
                                assert_eq!(*merge.get(), format!("{}+", base.get()));
                                ptr::from_ref(merge).addr()
                            })
                            .collect()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        for addresses in seen {
            for (base, address) in bases.iter().zip(addresses) {
                assert_eq!(ptr::from_ref(add.known_merge(base).unwrap()).addr(), address);
            }
        }
    }

    #[test]
    fn a_request_time_record_keeps_no_merges() {
        let (permanent, passing) = (text("p"), Record::new(String::new(), false));
        assert!(permanent.keeps_merges(&permanent));
        assert!(!permanent.keeps_merges(&passing) && !passing.keeps_merges(&permanent));
    }

    #[test]
    fn an_edit_inside_an_edit_is_refused() {
        let record = text("x");
        // SAFETY: one thread, and nothing is lent.
        unsafe {
            let inner = record.edit(|s| {
                s.push('y');
                record.edit(|_| ())
            });
            assert_eq!(inner, Some(None));
            assert_eq!(record.edit(|s| s.clone()), Some("xy".to_owned()));
        }
    }
}
