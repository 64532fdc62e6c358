//! An object as a result, with an owner of its own.

use crate::{HOLDS, Object, Ticket, Val};
use std::{marker::PhantomData, ptr::NonNull};

/// An object with the ticket it is to carry.
pub struct Owned<T> {
    pub(crate) at: NonNull<()>,
    pub(crate) of: PhantomData<fn() -> T>,
    pub(crate) owner: Ticket,
    /// The argument whose object it keeps alive.
    pub(crate) holds: Option<u16>,
}

impl<T: Object> Owned<T> {
    /// `made` dies with `owner`.
    pub fn by(made: &T, owner: Ticket) -> Owned<T> {
        Owned { at: made.address(), of: PhantomData, owner, holds: None }
    }
    pub(crate) fn into_val(self) -> Val {
        let val = Val::object(T::class(), self.at, self.owner);
        match self.holds {
            Some(pad) => Val { flags: HOLDS, pad, ..val },
            None => val,
        }
    }
}
