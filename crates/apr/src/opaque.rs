//! Records of C, seen from Rust only behind a reference.

use std::{cell::Cell, fmt, ptr::NonNull};

/// A record noted beside others, in the same pool or in one that lives longer.
pub struct Beside<T>(Cell<Option<NonNull<T>>>);

// SAFETY: it goes from thread to thread together with the record, says `set`.
unsafe impl<T> Send for Beside<T> {}

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Beside(Cell::new(None))
    }
}

impl<T> Beside<T> {
    /// The record, if one is noted.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: lives as long as this does, says `set`.
        self.0.get().map(|at| unsafe { at.as_ref() })
    }

    /// Notes a record in place of the one before.
    ///
    /// # Safety
    /// The record lives as long as this does, and whoever works on the one works on the other.
    pub unsafe fn set(&self, record: &T) {
        self.0.set(Some(NonNull::from(record)));
    }

    /// Notes none.
    pub fn forget(&self) {
        self.0.set(None);
    }
}

impl<T> fmt::Debug for Beside<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.get().fmt(f)
    }
}

/// `opaque! { /// A table. pub struct Table(ffi::apr_table_t); }`: a C record that Rust never has by value, as `SslRef` is to
/// openssl. A `&Table` is a pointer whose borrow says how long the record lives. The expansion is the struct; `unsafe fn at`,
/// the only way to get a reference; `as_ptr`, the way back; `Debug`, and equality, which is that of addresses.
///
/// A record is neither `Copy` nor `Sync`, so its references cannot leave the thread, nor the borrow that they were made for:
///
/// ```
/// apr::opaque! {
///     /// A thing of C's.
///     pub struct Thing(i32);
/// }
/// let mut raw = 0;
/// // SAFETY: lives until the end of the example, on this thread.
/// let thing = unsafe { Thing::at(&mut raw) }.unwrap();
/// assert_eq!(thing.as_ptr(), &raw mut raw);
/// ```
/// ```compile_fail,E0277
/// # apr::opaque! { /// A thing of C's.
/// # pub struct Thing(i32); }
/// fn elsewhere(thing: &Thing) {
///     std::thread::scope(|threads| {
///         threads.spawn(|| thing.as_ptr());
///     });
/// }
/// ```
/// ```compile_fail,E0507
/// # apr::opaque! { /// A thing of C's.
/// # pub struct Thing(i32); }
/// fn out_of_its_place(thing: &Thing) -> Thing {
///     *thing
/// }
/// ```
#[macro_export]
macro_rules! opaque {
    ($(#[$doc:meta])* $vis:vis struct $name:ident($raw:ty);) => {
        $(#[$doc])*
        #[repr(transparent)]
        $vis struct $name(std::cell::UnsafeCell<$raw>);

        impl $name {
            /// The record at an address; `None` for null.
            ///
            /// # Safety
            /// `at` is null, or the record there lives for `'a` and is used by one thread at a time meanwhile.
            #[inline(always)]
            pub unsafe fn at<'a>(at: *mut $raw) -> Option<&'a $name> {
                // SAFETY: the caller's promise; the struct is transparent over the record, which may change behind an `UnsafeCell`.
                unsafe { at.cast::<$name>().as_ref() }
            }

            /// Its address, for C.
            #[inline(always)]
            pub const fn as_ptr(&self) -> *mut $raw {
                self.0.get()
            }
        }

        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &$name) -> bool {
                std::ptr::eq(self, other)
            }
        }
        impl Eq for $name {}
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:p})"), self)
            }
        }
    };
}

/// What a record names. A row `main: Request = main;` under `Request:` becomes `fn main(&self) -> Option<&Request>`, which lends what the
/// field points to; a row `uri: text = uri;` one that lends a text.
///
/// The field of a row is null or names a record, or a C string, that lives at least as long as the record it stands in.
#[macro_export]
macro_rules! lends {
    ($owner:ty: $($(#[$meta:meta])* $get:ident: $what:ident = $field:ident;)*) => {
        impl $owner { $(
            $crate::lends!(@ $(#[$meta])* $get $what $field);
        )* }
    };
    (@ $(#[$meta:meta])* $get:ident text $field:ident) => {
        $(#[$meta])*
        pub fn $get(&self) -> Option<&[u8]> {
            // SAFETY: what is said of rows.
            unsafe { $crate::bytes_at((*self.as_ptr()).$field) }
        }
    };
    (@ $(#[$meta:meta])* $get:ident $what:ident $field:ident) => {
        $(#[$meta])*
        #[inline]
        pub fn $get(&self) -> Option<&$what> {
            // SAFETY: what is said of rows.
            unsafe { $what::at((*self.as_ptr()).$field) }
        }
    };
}

/// Functions of C that want nothing but a record that lives. A row `is_initial(): bool = ffi::ap_is_initial_req;` under `Request:` becomes
/// `fn is_initial(&self) -> bool`; one with `cx` in the brackets takes [`crate::Reenter`], since script code may run in it; `text` is a text
/// that lives as long as the record.
#[macro_export]
macro_rules! calls {
    ($owner:ty: $($(#[$meta:meta])* $name:ident($($cx:ident)?): $type:ident = $function:path;)*) => {
        impl $owner { $(
            $crate::calls!(@ $(#[$meta])* $name ($($cx)?) $type $function);
        )* }
    };
    (@ $(#[$meta:meta])* $name:ident ($($cx:ident)?) bool $function:path) => {
        $(#[$meta])*
        pub fn $name(&self $(, $cx: $crate::Reenter)?) -> bool {
            $(let _ = $cx;)?
            // SAFETY: what is said of rows.
            unsafe { $function(self.as_ptr()) != 0 }
        }
    };
    (@ $(#[$meta:meta])* $name:ident ($($cx:ident)?) text $function:path) => {
        $(#[$meta])*
        pub fn $name(&self $(, $cx: $crate::Reenter)?) -> Option<&[u8]> {
            $(let _ = $cx;)?
            // SAFETY: what is said of rows.
            unsafe { $crate::bytes_at($function(self.as_ptr())) }
        }
    };
    (@ $(#[$meta:meta])* $name:ident ($($cx:ident)?) nothing $function:path) => {
        $(#[$meta])*
        pub fn $name(&self $(, $cx: $crate::Reenter)?) {
            $(let _ = $cx;)?
            // SAFETY: what is said of rows.
            unsafe { $function(self.as_ptr()) }
        }
    };
    (@ $(#[$meta:meta])* $name:ident ($($cx:ident)?) $type:ident $function:path) => {
        $(#[$meta])*
        pub fn $name(&self $(, $cx: $crate::Reenter)?) -> $type {
            $(let _ = $cx;)?
            // SAFETY: what is said of rows.
            unsafe { $function(self.as_ptr()) }
        }
    };
}
