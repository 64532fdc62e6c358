//! Records that a script can hold. The crate that defines one says so (`apr`'s stand in `objects.rs`, `httpd`'s in its
//! `objects.rs`), since only that crate or this one may; the rows of a class stand with the API, above both.

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// A class of objects as C sees it (`mi_class` of `interp.h`). One static for each kind of record; its address is its identity.
#[repr(C)]
#[derive(Debug)]
pub struct ObjectClass {
    name: *const u8,
    name_len: usize,
    id: AtomicU32,
    shape: AtomicU32,
}

// SAFETY: the name is a 'static str; the rest is atomic.
unsafe impl Sync for ObjectClass {}

impl ObjectClass {
    /// A class that no engine knows yet.
    pub const fn new(name: &'static str) -> ObjectClass {
        let (id, shape) = (AtomicU32::new(0), AtomicU32::new(0));
        ObjectClass { name: name.as_ptr(), name_len: name.len(), id, shape }
    }
    /// `APR::Table`.
    pub fn name(&self) -> &'static str {
        // SAFETY: pointer and length are those of the &'static str given to `new`.
        unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(self.name, self.name_len)) }
    }
    /// Its number, from 1; 0 until it is registered with the engines.
    pub fn id(&self) -> u32 {
        self.id.load(Relaxed)
    }
    /// Gives it its number, and says how engines lay its objects out. Before the first object is made.
    pub fn register(&self, id: u32, shape: u32) {
        self.id.store(id, Relaxed);
        self.shape.store(shape, Relaxed);
    }
    /// Byte offsets of the fields C reads: name, length, id, shape.
    pub const OFFSETS: [usize; 4] = [
        std::mem::offset_of!(ObjectClass, name),
        std::mem::offset_of!(ObjectClass, name_len),
        std::mem::offset_of!(ObjectClass, id),
        std::mem::offset_of!(ObjectClass, shape),
    ];
}

/// A C record that scripts can hold. Implement it with [`crate::object!`].
///
/// # Safety
/// `address` returns the record's address, and `lent` gives back what `address` was asked of.
pub unsafe trait Object: 'static {
    /// Name of its class.
    const NAME: &'static str;
    /// Its class, as a constant for parameter tables.
    const CLASS: *const ObjectClass;
    /// Whether it is an owner, with a beginning and end of its own (request, connection, server), and not a part of what
    /// it was reached through.
    const IS_OWNER: bool = false;
    /// Its class.
    fn class() -> &'static ObjectClass;
    /// The record's address.
    fn address(&self) -> NonNull<()>;
    /// The record at an address, for as long as the address is borrowed.
    ///
    /// # Safety
    /// It is the address of a record of this class, which lives meanwhile and is used by one thread at a time.
    unsafe fn lent(at: &NonNull<()>) -> &Self;
}
