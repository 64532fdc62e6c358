//! Wrappers whose pointer a script can hold. The crate that defines a wrapper says so (`apr`'s stand here, `httpd`'s in its
//! `objects.rs`), since only that crate or this one may; the rows of a class stand with the API, above both.

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// A class of objects as C sees it (`mi_class` of `interp.h`). One static for each wrapper; its address is its identity.
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

/// A C record that scripts can hold: a `Copy`, transparent wrapper of its pointer. Implement it with [`crate::object!`].
///
/// # Safety
/// `Self` is `repr(transparent)` over a `NonNull`, and `address` returns that pointer: the doors make the wrapper from the
/// pointer's bits.
pub unsafe trait Object: Copy + Sized + 'static {
    /// Name of its class.
    const NAME: &'static str;
    /// Its class, as a constant for parameter tables.
    const CLASS: *const ObjectClass;
    /// Whether it is an owner, with a beginning and end of its own (request, connection, server), and not a part of what
    /// it was reached through.
    const IS_OWNER: bool = false;
    /// Its class.
    fn class() -> &'static ObjectClass;
    /// The pointer it wraps.
    fn address(self) -> NonNull<()>;
}

/// `object!(Table, "APR::Table")`, `object!(Request, "Apache2::RequestRec", owner)`: makes a wrapper something scripts can
/// hold. The expansion is one static and the `impl Object` that names it.
#[macro_export]
macro_rules! object {
    ($t:ty, $name:literal $(, $owner:ident)?) => {
        const _: () = {
            static CLASS: $crate::ObjectClass = $crate::ObjectClass::new($name);
            assert!(size_of::<$t>() == size_of::<*mut ()>(), "an object is a transparent pointer wrapper");
            // SAFETY: the wrappers this is used for are repr(transparent) over NonNull; the size is asserted above.
            unsafe impl $crate::Object for $t {
                const NAME: &'static str = $name;
                const CLASS: *const $crate::ObjectClass = &raw const CLASS;
                $(const IS_OWNER: bool = { stringify!($owner); true };)?
                fn class() -> &'static $crate::ObjectClass {
                    &CLASS
                }
                fn address(self) -> std::ptr::NonNull<()> {
                    // SAFETY: transparent over NonNull, which is never null.
                    unsafe { std::mem::transmute::<$t, std::ptr::NonNull<()>>(self) }
                }
            }
        };
    };
}

object!(apr::Pool, "APR::Pool");
object!(apr::Table, "APR::Table");
object!(apr::Brigade, "APR::Brigade");
object!(apr::Bucket, "APR::Bucket");
object!(apr::BucketAlloc, "APR::BucketAlloc");
object!(apr::BucketType, "APR::BucketType");
object!(apr::Finfo, "APR::Finfo");
object!(apr::SockAddr, "APR::SockAddr");
object!(apr::Socket, "APR::Socket");
object!(apr::ArrayHeader, "APR::ArrayHeader");
object!(apr::Uri, "APR::URI");
object!(apr::IpSubnet, "APR::IpSubnet");
object!(apr::ThreadMutex, "APR::ThreadMutex");
object!(apr::ThreadRwLock, "APR::ThreadRWLock");
