//! Lists in records, by how an inner scope's meets the outer one's.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::choices::Inherit;
use crate::vocabulary::{Merge, Merges};

/// A list that is a scope's own: an inner one sees nothing of the outer one's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnList<T>(Vec<T>);

/// A list that `LuaInherit` joins to the outer one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedList<T>(Vec<T>);

impl<T: Clone> Merges for OwnList<T> {
    const MERGE: Merge = Merge::Own;
    type How<'a> = ();

    fn merge(_base: &Self, add: &Self, _: &()) -> Self {
        add.clone()
    }
}

impl<T: Clone> Merges for JoinedList<T> {
    const MERGE: Merge = Merge::Joined;
    type How<'a> = Inherit;

    fn merge(base: &Self, add: &Self, how: &Inherit) -> Self {
        Self(how.join(base, add))
    }
}

/// What an inner scope says once.
impl<T> Merges for Option<Arc<T>> {
    const MERGE: Merge = Merge::Inherit;
    type How<'a> = ();

    fn merge(base: &Self, add: &Self, _: &()) -> Self {
        add.clone().or_else(|| base.clone())
    }
}

macro_rules! is_a_list {
    ($name:ident) => {
        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self(Vec::new())
            }
        }

        impl<T> Deref for $name<T> {
            type Target = Vec<T>;

            fn deref(&self) -> &Vec<T> {
                &self.0
            }
        }

        impl<T> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut Vec<T> {
                &mut self.0
            }
        }
    };
}
is_a_list!(OwnList);
is_a_list!(JoinedList);
