//! The chain that unit tests of filters use in httpd's place.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;

use apr::{Brigade, Bucket, BucketAlloc, BucketKind, Pool, Reenter, Status};
use httpd::own_filter::Ask;

use super::Place;

/// A chain that writes down what it is given.
pub struct Chain {
    /// Which of a test's filters stands in it.
    pub verb: &'static str,
    /// Its memory.
    pub pool: &'static Pool,
    /// Where its buckets come from.
    pub alloc: BucketAlloc,
    kept: OnceCell<Box<dyn Any + Send>>,
    /// What has been passed on: bytes, and the names of other buckets; a slash behind each brigade.
    pub sent: RefCell<String>,
    /// What the filter behind this one has for those who read.
    pub source: RefCell<Vec<Brigade>>,
    /// Whether the filter has left it.
    pub has_left: Cell<bool>,
    /// With what the filter has failed.
    pub failed: Cell<Option<c_int>>,
    /// Whether a part of the body will not be read.
    pub is_unread: Cell<bool>,
}

/// A chain, and leave to run code.
pub fn chain(verb: &'static str) -> (Chain, Reenter<'static>) {
    Pool::initialize().unwrap();
    let pool = Pool::root().unwrap();
    let alloc = BucketAlloc::new(pool);
    let (kept, sent, source) = (OnceCell::new(), RefCell::default(), RefCell::default());
    let (has_left, is_unread, failed) = (Cell::new(false), Cell::new(false), Cell::new(None));
    let chain = Chain { verb, pool, alloc, kept, sent, source, has_left, failed, is_unread };
    // SAFETY: nothing is lent.
    (chain, unsafe { Reenter::assume() })
}

/// What is in a brigade: bytes, and the names of other buckets.
pub fn shown(brigade: &Brigade, cx: Reenter) -> String {
    let show = |bucket: Bucket| match bucket.kind() {
        BucketKind::Data => String::from_utf8(bucket.read(true, cx).unwrap().to_vec()).unwrap(),
        _ => format!("<{}>", String::from_utf8_lossy(bucket.type_name())),
    };
    brigade.iter().map(show).collect()
}

impl Chain {
    /// `"ab,cd,|"`: two buckets with bytes, a flush bucket; `.` is the end.
    pub fn brigade(&self, text: &str) -> Brigade {
        let brigade = Brigade::new(self.pool, self.alloc);
        for part in text.split(',').filter(|part| !part.is_empty()) {
            brigade.insert_tail(match part {
                "|" => Bucket::flush(self.alloc),
                "." => Bucket::eos(self.alloc),
                bytes => Bucket::copy_of(bytes.as_bytes(), self.alloc),
            });
        }
        brigade
    }
}

impl Place for Chain {
    fn kept<T: 'static>(&self) -> Option<&T> {
        self.kept.get()?.downcast_ref()
    }
    fn keep<T: Send + 'static>(&self, value: T) -> Option<&T> {
        self.kept.get_or_init(|| Box::new(value)).downcast_ref()
    }
    fn memory(&self) -> Option<(&Pool, BucketAlloc)> {
        Some((self.pool, self.alloc))
    }
    fn pass(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status> {
        self.sent.borrow_mut().push_str(&format!("{}/", shown(brigade, cx)));
        brigade.cleanup(cx)
    }
    fn read(&self, into: &Brigade, _: Ask, _: Reenter) -> Result<(), Status> {
        if !self.source.borrow().is_empty() {
            into.concat(self.source.borrow_mut().remove(0));
        }
        Ok(())
    }
    fn brought(&self) -> u64 {
        self.source.borrow().len() as u64
    }
    fn is_before_content(&self) -> bool {
        self.verb == "upper before content"
    }
    fn changes_content(&self) {
        self.sent.borrow_mut().push_str("changed:");
    }
    fn changes_length(&self) {
        self.sent.borrow_mut().push_str("longer:");
    }
    fn goes_on(&self) -> bool {
        self.verb.ends_with("of a connection")
    }
    fn leave(&self) {
        self.has_left.set(true);
    }
    fn fail(&self, status: c_int, _: Reenter) -> c_int {
        self.failed.set(Some(status));
        -1
    }
    fn leave_unread(&self) {
        self.is_unread.set(true);
    }
}
