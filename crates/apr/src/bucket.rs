//! Brigades and buckets: what bodies and responses travel in.

use crate::{Pool, Reenter, Status, ffi, text::bytes_at};
use std::{
    ffi::{c_int, c_void},
    mem::{MaybeUninit, offset_of, size_of},
    ptr::{self, NonNull},
};

/// An `apr_bucket_alloc_t`: where a connection's buckets come from. By value, as [`Bucket`].
///
/// ```compile_fail,E0277
/// static KEPT: std::sync::Mutex<Option<apr::BucketAlloc>> = std::sync::Mutex::new(None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct BucketAlloc(NonNull<ffi::apr_bucket_alloc_t>);

/// An `apr_bucket_brigade`: a ring of buckets. By value, as [`Bucket`].
///
/// ```compile_fail,E0277
/// static KEPT: std::sync::Mutex<Option<apr::Brigade>> = std::sync::Mutex::new(None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Brigade(NonNull<ffi::apr_bucket_brigade>);

/// An `apr_bucket`.
///
/// This is its address, by value, and no opaque record behind a reference: a bucket ends by being given away ([`Brigade::insert_tail`]
/// and what httpd does with the brigade) or consumed ([`Bucket::delete`]), which no borrow follows. Who knows buckets beyond that compares
/// addresses, and has a ticket for each (`shelf` in crate `apr-api`). It is not `Send`, so that none is kept in a static or goes
/// to another thread by itself:
/// ```compile_fail,E0277
/// static KEPT: std::sync::Mutex<Option<apr::Bucket>> = std::sync::Mutex::new(None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Bucket(NonNull<ffi::apr_bucket>);

crate::opaque! {
    /// An `apr_bucket_type_t`: what kind of bucket it is. Static.
    pub struct BucketType(ffi::apr_bucket_type_t);
}

/// What a bucket is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BucketKind {
    /// It has bytes.
    Data,
    /// End of the stream.
    Eos,
    /// All before it is to be sent now.
    Flush,
    /// Another bucket without bytes (end of request, error ...).
    Metadata,
}

impl BucketAlloc {
    /// The wrapper.
    ///
    /// # Safety
    /// `alloc` lives, and the wrapper is used only as long, by one thread at a time.
    pub unsafe fn from_ptr(alloc: *mut ffi::apr_bucket_alloc_t) -> Option<BucketAlloc> {
        NonNull::new(alloc).map(BucketAlloc)
    }

    /// A new allocator that dies with `pool`.
    pub fn new(pool: &Pool) -> BucketAlloc {
        // SAFETY: the pool lives.
        BucketAlloc(unsafe { some(ffi::apr_bucket_alloc_create(pool.as_ptr())) })
    }

    /// The pointer.
    pub fn as_ptr(self) -> *mut ffi::apr_bucket_alloc_t {
        self.0.as_ptr()
    }
}

impl BucketAlloc {
    /// Frees the allocator, with all buckets that came from it.
    ///
    /// # Safety
    /// Neither the allocator nor a bucket that came from it is used afterwards, and no brigade has such a bucket.
    pub unsafe fn destroy(self) {
        // SAFETY: the caller's promise.
        unsafe { ffi::apr_bucket_alloc_destroy(self.as_ptr()) }
    }
}

impl BucketType {
    /// Whether it is the type at this address.
    pub fn is(&self, other: *const ffi::apr_bucket_type_t) -> bool {
        ptr::eq(self.as_ptr(), other)
    }

    /// `HEAP`, `FILE`, `EOS` ...
    pub fn name(&self) -> &[u8] {
        // SAFETY: type records are static, and so are their names.
        unsafe { bytes_at((*self.as_ptr()).name) }.unwrap_or_default()
    }
}

/// The data of a bucket made by a script. Its own memory: it needs no setting aside, whoever keeps it in whatever thread.
#[repr(C)]
struct OwnBytes {
    /// APR counts in it; it must come first.
    count: ffi::apr_bucket_refcount,
    /// Offset of the first byte kept, in the data the script had.
    base: i64,
    bytes: Box<[u8]>,
}

struct Record(ffi::apr_bucket_type_t);
// SAFETY: never written; its pointers are to statics.
unsafe impl Sync for Record {}

/// Named as mod_perl's, since scripts can see it.
static OWN: Record = Record(ffi::apr_bucket_type_t {
    name: c"mod_perl SV bucket".as_ptr(),
    num_func: 5,
    is_metadata: ffi::APR_BUCKET_DATA,
    destroy: Some(own_destroy),
    read: Some(own_read),
    setaside: Some(ffi::apr_bucket_setaside_noop),
    split: Some(ffi::apr_bucket_shared_split),
    copy: Some(ffi::apr_bucket_shared_copy),
});

unsafe extern "C" fn own_destroy(data: *mut c_void) {
    // SAFETY: APR destroys a bucket's data once per reference; with the last one it is ours again.
    unsafe {
        if ffi::apr_bucket_shared_destroy(data) != 0 {
            drop(Box::from_raw(data.cast::<OwnBytes>()));
        }
    }
}

unsafe extern "C" fn own_read(
    bucket: *mut ffi::apr_bucket,
    bytes: *mut *const std::ffi::c_char,
    length: *mut usize,
    _block: ffi::apr_read_type_e,
) -> ffi::apr_status_t {
    // SAFETY: a bucket of type OWN has such data; APR's splitting keeps start and length within it.
    unsafe {
        let own = &*(*bucket).data.cast::<OwnBytes>();
        *bytes = own.bytes.as_ptr().wrapping_offset(((*bucket).start - own.base) as isize).cast();
        *length = (*bucket).length;
    }
    0
}

impl Brigade {
    /// The wrapper.
    ///
    /// # Safety
    /// `brigade` lives, and the wrapper is used only as long, by one thread at a time.
    pub unsafe fn from_ptr(brigade: *mut ffi::apr_bucket_brigade) -> Option<Brigade> {
        NonNull::new(brigade).map(Brigade)
    }

    /// An empty brigade that dies with `pool`.
    pub fn new(pool: &Pool, alloc: BucketAlloc) -> Brigade {
        // SAFETY: both live.
        Brigade(unsafe { some(ffi::apr_brigade_create(pool.as_ptr(), alloc.as_ptr())) })
    }

    /// The pointer.
    pub fn as_ptr(self) -> *mut ffi::apr_bucket_brigade {
        self.0.as_ptr()
    }

    /// The pool with which the array dies.
    pub fn pool(&self) -> &Pool {
        // SAFETY: a living brigade has a living pool.
        match unsafe { Pool::at((*self.as_ptr()).p) } {
            Some(pool) => pool,
            None => std::process::abort(),
        }
    }

    /// Where its buckets come from.
    pub fn bucket_alloc(&self) -> BucketAlloc {
        // SAFETY: a living brigade has one.
        BucketAlloc(unsafe { some((*self.as_ptr()).bucket_alloc) })
    }

    /// The ring's end, which is no bucket: `APR_BRIGADE_SENTINEL`.
    fn sentinel(&self) -> *mut ffi::apr_bucket {
        // SAFETY: only an address is computed: that at which a bucket would lie if the list's head were its link.
        unsafe {
            ptr::addr_of_mut!((*self.as_ptr()).list).cast::<u8>().wrapping_sub(offset_of!(ffi::apr_bucket, link)).cast()
        }
    }

    fn at(&self, bucket: *mut ffi::apr_bucket) -> Option<Bucket> {
        if bucket == self.sentinel() { None } else { NonNull::new(bucket).map(Bucket) }
    }

    /// The first bucket.
    pub fn first(&self) -> Option<Bucket> {
        // SAFETY: the brigade lives.
        self.at(unsafe { (*self.as_ptr()).list.next })
    }

    /// The last bucket.
    pub fn last(&self) -> Option<Bucket> {
        // SAFETY: the brigade lives.
        self.at(unsafe { (*self.as_ptr()).list.prev })
    }

    /// The bucket behind this one, which is in this brigade.
    pub fn next(&self, bucket: Bucket) -> Option<Bucket> {
        // SAFETY: a living bucket's neighbours are buckets or the ring's end.
        self.at(unsafe { (*bucket.as_ptr()).link.next })
    }

    /// The bucket before this one, which is in this brigade.
    pub fn prev(&self, bucket: Bucket) -> Option<Bucket> {
        // SAFETY: as `next`.
        self.at(unsafe { (*bucket.as_ptr()).link.prev })
    }

    /// The buckets in order; one may be removed after it was given out only if the iterator is not used again.
    pub fn iter(&self) -> impl Iterator<Item = Bucket> {
        std::iter::successors(self.first(), |b| self.next(*b))
    }

    /// Whether there is no bucket.
    pub fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// How many bytes the brigade has; `None` if a bucket does not know its length before it is read. With `read_all` such buckets are
    /// read to find out.
    pub fn length(&self, read_all: bool, _cx: Reenter) -> Result<Option<u64>, Status> {
        let mut length = 0;
        // SAFETY: the brigade lives; APR writes the number.
        Status(unsafe { ffi::apr_brigade_length(self.as_ptr(), c_int::from(read_all), &mut length) }).ok()?;
        Ok(u64::try_from(length).ok())
    }

    /// Copies the first bytes, at most `room.len()`, and returns how many; they stay in the brigade.
    pub fn flatten<'r>(&self, room: &'r mut [u8], _cx: Reenter) -> Result<&'r [u8], Status> {
        let mut length = room.len();
        // SAFETY: APR writes at most `length` bytes and says how many.
        Status(unsafe { ffi::apr_brigade_flatten(self.as_ptr(), room.as_mut_ptr().cast(), &mut length) }).ok()?;
        Ok(&room[..length.min(room.len())])
    }

    /// As [`Brigade::flatten`] into memory that holds nothing yet.
    pub fn flatten_into<'r>(&self, room: &'r mut [MaybeUninit<u8>], _cx: Reenter) -> Result<&'r mut [u8], Status> {
        let mut length = room.len();
        // SAFETY: APR writes at most `length` bytes and says how many.
        Status(unsafe { ffi::apr_brigade_flatten(self.as_ptr(), room.as_mut_ptr().cast(), &mut length) }).ok()?;
        // SAFETY: as many were written.
        Ok(unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), length.min(room.len())) })
    }

    /// Puts a bucket, which is in no brigade, at the end.
    pub fn insert_tail(&self, bucket: Bucket) {
        self.link(self.last().map_or(self.sentinel(), Bucket::as_ptr), bucket)
    }

    /// Puts a bucket, which is in no brigade, at the start.
    pub fn insert_head(&self, bucket: Bucket) {
        self.link(self.sentinel(), bucket)
    }

    fn link(&self, after: *mut ffi::apr_bucket, bucket: Bucket) {
        let new = bucket.as_ptr();
        // SAFETY: `after` is a bucket of the ring or its end, whose link is the list's head; `new` is in no ring.
        unsafe {
            let next = (*after).link.next;
            (*new).link.next = next;
            (*new).link.prev = after;
            (*next).link.prev = new;
            (*after).link.next = new;
        }
    }

    /// Moves all buckets of `other` to the end of this one.
    pub fn concat(&self, other: Brigade) {
        if other == *self {
            return;
        }
        while let Some(bucket) = other.first() {
            bucket.remove();
            self.insert_tail(bucket);
        }
    }

    /// Splits before `bucket`: it and all behind it go to a new brigade.
    pub fn split(&self, bucket: Bucket) -> Brigade {
        // SAFETY: both live and the bucket is in this brigade.
        Brigade(unsafe { some(ffi::apr_brigade_split(self.as_ptr(), bucket.as_ptr())) })
    }

    /// Makes a bucket begin at byte `at` and returns it; `None` if that is the end.
    pub fn partition(&self, at: u64, _cx: Reenter) -> Result<Option<Bucket>, Status> {
        let mut bucket = ptr::null_mut();
        let at = i64::try_from(at).map_err(|_| Status(libc::EINVAL))?;
        // SAFETY: the brigade lives; APR writes the bucket or the ring's end.
        let status = Status(unsafe { ffi::apr_brigade_partition(self.as_ptr(), at, &mut bucket) });
        if status == Status::INCOMPLETE {
            return Ok(None);
        }
        status.ok()?;
        Ok(self.at(bucket))
    }

    /// Appends a copy of `bytes`.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Status> {
        // SAFETY: bytes are good for the call, and copied since no flush function is given.
        Status(unsafe {
            ffi::apr_brigade_write(self.as_ptr(), None, ptr::null_mut(), bytes.as_ptr().cast(), bytes.len())
        })
        .ok()
    }

    /// Destroys the buckets. An end-of-request bucket destroys its request with it.
    pub fn cleanup(&self, _cx: Reenter) -> Result<(), Status> {
        // SAFETY: the brigade lives.
        Status(unsafe { ffi::apr_brigade_cleanup(self.as_ptr().cast::<c_void>()) }).ok()
    }

    /// Destroys the buckets, and takes the brigade's cleanup out of its pool.
    ///
    /// # Safety
    /// Neither the brigade nor its buckets are used afterwards.
    pub unsafe fn destroy(self, _cx: Reenter) -> Result<(), Status> {
        // SAFETY: the caller's promise.
        Status(unsafe { ffi::apr_brigade_destroy(self.as_ptr()) }).ok()
    }
}

impl Bucket {
    /// The wrapper.
    ///
    /// # Safety
    /// `bucket` lives, and the wrapper is used only as long, by one thread at a time.
    pub unsafe fn from_ptr(bucket: *mut ffi::apr_bucket) -> Option<Bucket> {
        NonNull::new(bucket).map(Bucket)
    }

    /// A bucket with a copy of `bytes`.
    pub fn copy_of(bytes: &[u8], alloc: BucketAlloc) -> Bucket {
        // SAFETY: without a free function APR copies at once.
        Bucket(unsafe { some(ffi::apr_bucket_heap_create(bytes.as_ptr().cast(), bytes.len(), None, alloc.as_ptr())) })
    }

    /// A bucket with a copy of a part of `bytes`; `None` if they have no such part.
    pub fn of_script(bytes: &[u8], start: usize, length: usize, alloc: BucketAlloc) -> Option<Bucket> {
        let part = bytes.get(start..)?.get(..length)?;
        let base = i64::try_from(start).ok()?;
        let own = OwnBytes { count: ffi::apr_bucket_refcount { refcount: 0 }, base, bytes: part.into() };
        // SAFETY: a new bucket, filled in as the macro APR_BUCKET_INIT and APR's own makers do; `shared_make` counts the
        // data's first reference.
        unsafe {
            let new: *mut ffi::apr_bucket =
                some(ffi::apr_bucket_alloc(size_of::<ffi::apr_bucket>(), alloc.as_ptr())).as_ptr().cast();
            (*new).link.next = new;
            (*new).link.prev = new;
            (*new).list = alloc.as_ptr();
            (*new).free = Some(ffi::apr_bucket_free);
            ffi::apr_bucket_shared_make(new, Box::into_raw(Box::new(own)).cast(), base, length);
            (*new).type_ = &raw const OWN.0;
            Some(Bucket(some(new)))
        }
    }

    /// Takes its bytes anew out of `data`, of which they are a part since [`Bucket::of_script`]. Nothing happens if there is no such part any
    /// more, or if another bucket shares the bytes.
    pub fn take_again(&self, data: &[u8], _cx: Reenter) {
        if !self.bucket_type().is(&raw const OWN.0) {
            return;
        }
        // SAFETY: a bucket of type OWN has such data. Nobody borrows its bytes where scripts may run, and no other bucket has them.
        let own = unsafe { &mut *(*self.as_ptr()).data.cast::<OwnBytes>() };
        let now = usize::try_from(own.base).ok().and_then(|base| data.get(base..)?.get(..own.bytes.len()));
        if let (1, Some(now)) = (own.count.refcount, now) {
            own.bytes.copy_from_slice(now);
        }
    }

    /// What kind it is.
    pub fn bucket_type(&self) -> &BucketType {
        // SAFETY: every bucket has a type record.
        unsafe { some((*self.as_ptr()).type_.cast_mut()).cast::<BucketType>().as_ref() }
    }

    /// The allocator it came from.
    pub fn alloc(&self) -> *mut ffi::apr_bucket_alloc_t {
        // SAFETY: the bucket lives.
        unsafe { (*self.as_ptr()).list }
    }

    /// Offset of its bytes in its store.
    pub fn start(&self) -> i64 {
        // SAFETY: the bucket lives.
        unsafe { (*self.as_ptr()).start }
    }

    /// Address of its store.
    pub fn data(&self) -> usize {
        // SAFETY: the bucket lives.
        unsafe { (*self.as_ptr()).data as usize }
    }

    /// Puts `new`, which is in no brigade, behind it.
    pub fn insert_after(&self, new: Bucket) {
        let (this, new) = (self.as_ptr(), new.as_ptr());
        // SAFETY: this one's neighbours are buckets or the ring's end; `new` is in no ring.
        unsafe {
            let next = (*this).link.next;
            (*new).link.next = next;
            (*new).link.prev = this;
            (*next).link.prev = new;
            (*this).link.next = new;
        }
    }

    /// Puts `new`, which is in no brigade, before it.
    pub fn insert_before(&self, new: Bucket) {
        let (this, new) = (self.as_ptr(), new.as_ptr());
        // SAFETY: as `insert_after`.
        unsafe {
            let prev = (*this).link.prev;
            (*new).link.prev = prev;
            (*new).link.next = this;
            (*prev).link.next = new;
            (*this).link.prev = new;
        }
    }

    /// Makes its bytes last as long as `pool`.
    ///
    /// # Errors
    /// What its kind says; `ENOTIMPL` for one that cannot.
    pub fn setaside(&self, pool: &Pool) -> Result<(), Status> {
        let Some(setaside) = self.kind_record().setaside else { return Err(Status::ENOTIMPL) };
        // SAFETY: the bucket's own function on the bucket.
        Status(unsafe { setaside(self.as_ptr(), pool.as_ptr()) }).ok()
    }

    /// A bucket that points at `bytes`. A filter that keeps the bucket copies them (`apr_bucket_setaside`). The caller must not keep it
    /// longer than `bytes`.
    pub fn transient(bytes: &[u8], alloc: BucketAlloc) -> Bucket {
        // SAFETY: the allocator lives; filters set a transient bucket aside (a copy) before they keep it.
        Bucket(unsafe { some(ffi::apr_bucket_transient_create(bytes.as_ptr().cast(), bytes.len(), alloc.as_ptr())) })
    }

    /// An end of stream.
    pub fn eos(alloc: BucketAlloc) -> Bucket {
        // SAFETY: the allocator lives.
        Bucket(unsafe { some(ffi::apr_bucket_eos_create(alloc.as_ptr())) })
    }

    /// A flush.
    pub fn flush(alloc: BucketAlloc) -> Bucket {
        // SAFETY: the allocator lives.
        Bucket(unsafe { some(ffi::apr_bucket_flush_create(alloc.as_ptr())) })
    }

    /// The pointer.
    pub fn as_ptr(self) -> *mut ffi::apr_bucket {
        self.0.as_ptr()
    }

    fn kind_record(&self) -> &ffi::apr_bucket_type_t {
        // SAFETY: every bucket has a type record, which is static.
        unsafe { &*(*self.as_ptr()).type_ }
    }

    /// The name of its type: `HEAP`, `FILE`, `EOS` ...
    pub fn type_name(&self) -> &[u8] {
        // SAFETY: a static C string.
        unsafe { bytes_at(self.kind_record().name) }.unwrap_or_default()
    }

    /// What it is for.
    pub fn kind(&self) -> BucketKind {
        let record = ptr::from_ref(self.kind_record());
        if record == &raw const ffi::apr_bucket_type_eos {
            BucketKind::Eos
        } else if record == &raw const ffi::apr_bucket_type_flush {
            BucketKind::Flush
        } else if self.kind_record().is_metadata == ffi::APR_BUCKET_METADATA {
            BucketKind::Metadata
        } else {
            BucketKind::Data
        }
    }

    /// Bytes in it; `None` if it does not know before it is read.
    pub fn length(&self) -> Option<usize> {
        // SAFETY: the bucket lives.
        let length = unsafe { (*self.as_ptr()).length };
        (length != usize::MAX).then_some(length)
    }

    /// The bucket's bytes, which are good until it is destroyed. Reading may split the bucket: what does not fit goes to a new one behind
    /// it.
    ///
    /// # Errors
    /// What the source says; `EAGAIN` if `block` is false and nothing is there yet.
    pub fn read(&self, block: bool, _cx: Reenter) -> Result<&[u8], Status> {
        let (mut data, mut length) = (ptr::null(), 0);
        let mode = if block { ffi::APR_BLOCK_READ } else { ffi::APR_NONBLOCK_READ };
        let Some(read) = self.kind_record().read else { return Err(Status::ENOTIMPL) };
        // SAFETY: the bucket's own function on the bucket; it writes both results.
        Status(unsafe { read(self.as_ptr(), &mut data, &mut length, mode) }).ok()?;
        if data.is_null() || length == 0 {
            return Ok(&[]);
        }
        // SAFETY: what APR's contract of `read` says about both.
        Ok(unsafe { std::slice::from_raw_parts(data.cast(), length) })
    }

    /// Takes the bucket out of its brigade; it is not destroyed.
    pub fn remove(&self) {
        let this = self.as_ptr();
        // SAFETY: its neighbours are buckets or the ring's end; of itself the bucket is a ring of one.
        unsafe {
            let (next, prev) = ((*this).link.next, (*this).link.prev);
            (*prev).link.next = next;
            (*next).link.prev = prev;
            (*this).link.next = this;
            (*this).link.prev = this;
        }
    }

    /// Takes it out of its brigade and destroys its data: an empty bucket in no brigade is left.
    pub fn hollow(&self, _cx: Reenter) {
        self.remove();
        let this = self.as_ptr();
        // SAFETY: the data is destroyed as `apr_bucket_destroy` does, and replaced at once.
        unsafe {
            if let Some(destroy) = (*(*this).type_).destroy {
                destroy((*this).data);
            }
            ffi::apr_bucket_immortal_make(this, c"".as_ptr(), 0);
        }
    }

    /// Takes it out of its brigade and destroys it.
    ///
    /// # Safety
    /// The bucket is in a brigade, or was taken out of one with [`Bucket::remove`], and is not used afterwards.
    pub unsafe fn delete(self, _cx: Reenter) {
        self.remove();
        let this = self.as_ptr();
        // SAFETY: what the macro `apr_bucket_destroy` does, on a bucket that nobody else will use.
        unsafe {
            if let Some(destroy) = (*(*this).type_).destroy {
                destroy((*this).data);
            }
            if let Some(free) = (*this).free {
                free(this.cast());
            }
        }
    }
}

/// # Safety
/// None of its own; `pointer` is what APR returned, null only without memory.
unsafe fn some<T>(pointer: *mut T) -> NonNull<T> {
    NonNull::new(pointer).unwrap_or_else(|| std::process::abort())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brigade() -> (Brigade, Reenter<'static>) {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        // SAFETY: a test runs no script.
        (Brigade::new(pool, BucketAlloc::new(pool)), unsafe { Reenter::assume() })
    }

    #[test]
    fn buckets_come_out_in_the_order_they_went_in() {
        let (b, cx) = brigade();
        assert!(b.is_empty());
        b.insert_tail(Bucket::copy_of(b"two", b.bucket_alloc()));
        b.insert_head(Bucket::copy_of(b"one ", b.bucket_alloc()));
        b.write(b" three").unwrap();
        b.insert_tail(Bucket::eos(b.bucket_alloc()));
        let mut room = [0; 64];
        assert_eq!(b.flatten(&mut room, cx).unwrap(), b"one two three");
        assert_eq!(b.length(false, cx).unwrap(), Some(13));
        let kinds: Vec<_> = b.iter().map(|x| x.kind()).collect();
        assert_eq!(kinds, [BucketKind::Data, BucketKind::Data, BucketKind::Data, BucketKind::Eos]);
        assert_eq!(b.last().unwrap().type_name(), b"EOS");
        assert_eq!(b.prev(b.last().unwrap()).unwrap().read(true, cx).unwrap(), b" three");
    }

    #[test]
    fn a_removed_bucket_is_in_no_brigade_and_can_join_another() {
        let (a, cx) = brigade();
        let b = Brigade::new(a.pool(), a.bucket_alloc());
        a.write(b"abc").unwrap();
        let bucket = a.first().unwrap();
        bucket.remove();
        assert!(a.is_empty());
        b.insert_tail(bucket);
        b.insert_tail(Bucket::flush(b.bucket_alloc()));
        a.concat(b);
        assert!(b.is_empty());
        assert_eq!(a.iter().count(), 2);
        let rest = a.split(a.last().unwrap());
        assert_eq!((a.iter().count(), rest.first().unwrap().kind()), (1, BucketKind::Flush));
        // SAFETY: in a brigade and not used again.
        unsafe { rest.first().unwrap().delete(cx) };
        assert!(rest.is_empty());
        a.cleanup(cx).unwrap();
        assert!(a.is_empty());
    }

    #[test]
    fn a_brigade_is_cut_at_any_byte() {
        let (b, cx) = brigade();
        b.write(b"abcdef").unwrap();
        let at = b.partition(2, cx).unwrap().unwrap();
        assert_eq!(at.read(true, cx).unwrap(), b"cdef");
        assert_eq!(b.first().unwrap().length(), Some(2));
        assert_eq!(b.partition(99, cx).unwrap(), None);
    }
}
