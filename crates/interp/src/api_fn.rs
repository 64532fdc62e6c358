//! Derives from a function's own signature the parameter table, the result's name, and the thunk that a door can call.

use crate::{Arg, Call, Param, Result, Ret, Thunk, Val};
use std::ptr::NonNull;

/// A function that a row can name: any `fn`, or closure without captures, whose parameters are [`Arg`] and whose result is
/// [`Ret`].
///
/// ```
/// use interp::*;
/// static ROWS: &[Row] = &[function("twice(text, [times])", twice).doc("Repeats.")];
/// fn twice(text: &[u8], times: Option<i64>) -> Vec<u8> {
///     text.repeat(times.unwrap_or(2).max(0) as usize)
/// }
/// assert_eq!(ROWS[0].params().len(), 2);
/// ```
///
/// The signature text must fit the function:
/// ```compile_fail,E0080
/// # use interp::*;
/// static ROWS: &[Row] = &[function("twice(text, times)", |_text: &[u8], _times: Option<i64>| 0i64)];
/// ```
/// What a script lent cannot be kept past the call:
/// ```compile_fail
/// # use interp::*;
/// # use std::sync::Mutex;
/// static KEPT: Mutex<Vec<&'static [u8]>> = Mutex::new(Vec::new());
/// static ROWS: &[Row] = &[function("keep(text)", keep)];
/// fn keep(text: &[u8]) {
///     KEPT.lock().unwrap().push(text)
/// }
/// ```
/// and a function cannot ask for more than the call's lifetime:
/// ```compile_fail
/// # use interp::*;
/// static ROWS: &[Row] = &[function("keep(text)", |text: &'static [u8]| text.len())];
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an API function",
    note = "every parameter must be an `Arg`, the result a `Ret`, and a borrowed result must borrow from a parameter"
)]
pub trait ApiFn<Sig>: Copy {
    /// The function's parameters.
    const PARAMS: &'static [Param];
    /// The function's result, for docs/api.md.
    const RESULT: &'static str;
    /// The thunk that a door calls.
    const THUNK: Thunk;
}

#[doc(hidden)]
pub trait Invoke<'c, Sig> {
    /// Takes the arguments, calls, puts the result.
    ///
    /// # Errors
    /// Those of the function.
    fn invoke(self, call: &'c Call, ret: &mut Val) -> Result<()>;
}

fn thunk<F: Copy + for<'c> Invoke<'c, S>, S>(call: &Call, ret: &mut Val) -> Result<()> {
    const { assert!(size_of::<F>() == 0, "an API function must not capture anything") }
    // SAFETY: F is zero-sized and Copy: reading it reads nothing.
    let f: F = unsafe { NonNull::<F>::dangling().read() };
    f.invoke(call, ret)
}

const fn param<A: Arg>() -> Param {
    Param {
        class: A::CLASS,
        kind: A::KIND,
        optional: A::OPTIONAL,
        elem: A::ELEM,
        reenters: A::REENTERS,
        nullable: A::NULLABLE,
    }
}

// For each number of parameters. The first bound on F infers their types, the second makes it hold for every call's
// lifetime, so `fn f(r: &'static Request)` is refused and a result may borrow from a parameter. For one parameter:
// `impl<F, R: Ret, A: Arg> ApiFn<(A,)> for F where F: Copy + Fn(A) -> R + for<'c> Invoke<'c, (A,)> { .. }`.
macro_rules! api_fn {
    ($($A:ident $i:tt),*) => {
        impl<'c, F, R: Ret, $($A: Arg),*> Invoke<'c, ($($A,)*)> for F
        where
            F: Fn($($A::In<'c>),*) -> R,
        {
            #[inline(always)]
            fn invoke(self, call: &'c Call, ret: &mut Val) -> Result<()> {
                self($($A::take(&call.args[$i], call)),*).put(call, ret)
            }
        }
        impl<F, R: Ret, $($A: Arg),*> ApiFn<($($A,)*)> for F
        where
            F: Copy + Fn($($A),*) -> R + for<'c> Invoke<'c, ($($A,)*)>,
        {
            const PARAMS: &'static [Param] = &[$(param::<$A>()),*];
            const RESULT: &'static str = R::DOC;
            const THUNK: Thunk = thunk::<F, ($($A,)*)>;
        }
    };
}

api_fn!();
api_fn!(A 0);
api_fn!(A 0, B 1);
api_fn!(A 0, B 1, C 2);
api_fn!(A 0, B 1, C 2, D 3);
api_fn!(A 0, B 1, C 2, D 3, E 4);
api_fn!(A 0, B 1, C 2, D 3, E 4, G 5);
api_fn!(A 0, B 1, C 2, D 3, E 4, G 5, H 6);
api_fn!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7);
