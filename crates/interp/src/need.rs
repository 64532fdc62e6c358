//! What httpd or APR expects of what a row hands them: stated in the row, checked at the door. Their code follows pointers that
//! are null until some phase has set them, and takes a chain for one that ends; where a script could make it otherwise, the row
//! says what must hold.
//!
//! ```
//! use interp::*;
//! static TEXT: Need = Need::given("a string");
//! assert_eq!(TEXT.text(), "a string");
//! ```

use crate::{Kind, Object, Val};
use std::ptr::NonNull;

/// One thing that must hold when a row is called.
#[derive(Debug)]
pub struct Need {
    text: &'static str,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// A claim about the object on which the row is called.
    This(fn(&Val) -> bool),
    /// The claim that the first argument is not `undef`.
    Given,
    /// The range of a whole number that is given.
    Within(i64, i64),
    /// A claim about an object that is given and the object on which the row is called.
    Fits(fn(&Val, &Val) -> bool),
}

impl Need {
    /// Something of the object. `text` follows the word "needs".
    pub const fn this<T: Object, F: Copy + Fn(&T) -> bool>(text: &'static str, _f: F) -> Need {
        Need { text, test: Test::This(of_this::<T, F>) }
    }
    /// A first parameter, or a field's new value, that is not `undef` or `nil`.
    pub const fn given(text: &'static str) -> Need {
        Need { text, test: Test::Given }
    }
    /// A first parameter, or a field's new value, from `least` to `most`, if it is given.
    pub const fn within(text: &'static str, least: i64, most: i64) -> Need {
        Need { text, test: Test::Within(least, most) }
    }
    /// An object as first parameter, or as a field's new value, that fits the one it is given to.
    pub const fn fits<T: Object, V: Object, F: Copy + Fn(&T, &V) -> bool>(text: &'static str, _f: F) -> Need {
        Need { text, test: Test::Fits(of_both::<T, V, F>) }
    }
    /// What is needed, for messages and docs/api.md.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Whether it holds, for the object a row is called on and what is given to it.
    pub(crate) fn holds(&self, this: Option<&Val>, given: Option<&Val>) -> bool {
        match (&self.test, this, given) {
            (Test::This(f), Some(this), _) => f(this),
            (Test::Given, _, Some(given)) => !matches!(given.tag, Kind::Undef | Kind::None),
            (Test::Within(least, most), _, Some(given)) if given.tag == Kind::Int => {
                (*least..=*most).contains(&(given.w as i64))
            }
            (Test::Fits(f), Some(this), Some(given)) if given.tag == Kind::Obj => f(this, given),
            _ => true,
        }
    }
}

fn closure<F: Copy>() -> F {
    const { assert!(size_of::<F>() == 0, "a need must not capture anything") }
    // SAFETY: F is zero-sized and Copy: reading it reads nothing.
    unsafe { NonNull::<F>::dangling().read() }
}

fn of_this<T: Object, F: Copy + Fn(&T) -> bool>(this: &Val) -> bool {
    closure::<F>()(this.object_in::<T>())
}

fn of_both<T: Object, V: Object, F: Copy + Fn(&T, &V) -> bool>(this: &Val, given: &Val) -> bool {
    closure::<F>()(this.object_in::<T>(), given.object_in::<V>())
}
