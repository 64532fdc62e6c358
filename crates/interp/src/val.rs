//! One value on its way through a door: `interp.h`'s, field by field.

use crate::{Kind, Object, ObjectClass, Ticket, TicketSlot};
use std::ptr::{self, NonNull};

/// One value on its way through a door (`mi_val`). `tag` says how to read `w` and `len`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Val {
    /// The kind of value.
    pub tag: Kind,
    /// [`TAINTED`], [`OWNED`], [`TRUE`], [`HOLDS`], [`REF`], [`FIRST`].
    pub flags: u8,
    /// With [`HOLDS`]: which argument.
    pub pad: u16,
    /// Generation of the owner's ticket; of a dual value the integer.
    pub generation: u32,
    /// Integer, bits of a number, or pointer.
    pub w: u64,
    /// Length; of an object its class, of an object argument the address of its cursor.
    pub len: usize,
    /// Slot of the owner's ticket, or null.
    pub slot: *const TicketSlot,
}
/// The value came from outside and is marked where the engine knows taint.
pub const TAINTED: u8 = 1;
/// The receiver frees what the value points to.
pub const OWNED: u8 = 2;
/// What a callback returned is true.
pub const TRUE: u8 = 4;
/// The new object keeps an argument's object alive: what was made in a pool keeps that pool.
pub const HOLDS: u8 = 8;
/// The script gets a reference to the result, where the engine has references to plain values.
pub const REF: u8 = 16;
/// Of a list only the first value is the result, where the engine's caller asks for one.
pub const FIRST: u8 = 32;

impl Val {
    /// The value of an argument that was left out, and of no result.
    pub const NONE: Val = Val { tag: Kind::None, flags: 0, pad: 0, generation: 0, w: 0, len: 0, slot: ptr::null() };
    /// `undef` or `nil`.
    pub const UNDEF: Val = Val { tag: Kind::Undef, ..Val::NONE };

    pub(crate) const fn of(tag: Kind, w: u64, len: usize) -> Val {
        Val { tag, w, len, ..Val::NONE }
    }

    /// An object as a script will hold it: pointer, class, owner.
    pub fn object(class: &'static ObjectClass, ptr: NonNull<()>, owner: Ticket) -> Val {
        let (w, len) = (ptr.as_ptr() as u64, ptr::from_ref(class) as usize);
        Val { generation: owner.generation, slot: owner.slot, ..Val::of(Kind::Obj, w, len) }
    }

    /// The object behind an argument of kind `Obj`, as the door has put it there.
    #[inline(always)]
    pub(crate) fn object_in<T: Object>(&self) -> &T {
        // SAFETY: the door checked the class, that `w` is the record's address, and that its owner lives; it does for the call.
        unsafe { T::lent(&*(&raw const self.w).cast::<NonNull<()>>()) }
    }

    /// Owner of an object.
    pub fn ticket(&self) -> Ticket {
        Ticket { slot: self.slot, generation: self.generation }
    }

    /// # Safety
    /// The value's `w` and `len` describe bytes that stay put and unchanged for `'v`.
    pub(crate) unsafe fn bytes<'v>(&self) -> &'v [u8] {
        let start = if self.len == 0 { NonNull::dangling().as_ptr() } else { self.w as *const u8 };
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(start, self.len) }
    }

    /// # Safety
    /// The value's `w` and `len` describe an array of values that stays put and unchanged for `'v`.
    pub(crate) unsafe fn vals<'v>(&self) -> &'v [Val] {
        let start = if self.len == 0 { NonNull::dangling().as_ptr() } else { self.w as *const Val };
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(start, self.len) }
    }
}
