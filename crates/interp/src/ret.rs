//! How a result is put into a call. A new kind of result is one line in `val!` or one `Ret`, and one `case` in each door.

use crate::{
    Again, Call, FIRST, Fail, HandlerRef, Kind, OWNED, Object, Owned, Owner, Plain, REF, RUNTIME, Raise, Result,
    TAINTED, Ticket, Val, Want, value::find_code,
};
use std::{borrow::Cow, ptr};

/// Something a Rust function can give back.
#[diagnostic::on_unimplemented(message = "a script cannot receive a `{Self}`")]
pub trait Ret {
    /// For docs/api.md.
    const DOC: &'static str;
    /// Writes the value into the call, or raises.
    ///
    /// # Errors
    /// The error that the script sees.
    fn put(self, call: &Call, ret: &mut Val) -> Result<()>;
}

/// One value that cannot fail: a result, or an argument of a callback.
pub trait IntoVal {
    /// For docs/api.md.
    const DOC: &'static str;
    /// The value; an object without owner of its own belongs to `from`.
    fn val(self, from: Ticket) -> Val;
}

// One line a type. The line for `bool` becomes
// `impl IntoVal for bool { const DOC: &'static str = "boolean"; fn val(self, _f: Ticket) -> Val { Val::of(Kind::Bool, self as u64, 0) } }`.
macro_rules! val {
    ($([$($g:tt)*] $t:ty, $d:expr, |$s:ident, $f:ident| $e:expr;)*) => { $(
        impl<$($g)*> IntoVal for $t {
            const DOC: &'static str = $d;
            #[inline(always)]
            fn val($s, $f: Ticket) -> Val { $e }
        }
    )* };
}

val! {
    [] i64, "integer", |self, _f| Val::of(Kind::Int, self as u64, 0);
    [] i32, "integer", |self, _f| Val::of(Kind::Int, i64::from(self) as u64, 0);
    [] u32, "integer", |self, _f| Val::of(Kind::Int, u64::from(self), 0);
    [] usize, "integer", |self, _f| Val::of(Kind::Int, self as u64, 0);
    [] f64, "number", |self, _f| Val::of(Kind::Num, self.to_bits(), 0);
    [] bool, "boolean", |self, _f| Val::of(Kind::Bool, u64::from(self), 0);
    ['x] &'x [u8], "string", |self, _f| Val::of(Kind::Bytes, self.as_ptr() as u64, self.len());
    ['x] &'x str, "string", |self, f| self.as_bytes().val(f);
    [] Vec<u8>, "string", |self, _f| owned_bytes(self.into_boxed_slice());
    [] String, "string", |self, f| self.into_bytes().val(f);
    [] Dual, "dual value", |self, _f| self.into_val();
    [] This, "the invocant", |self, _f| Val::of(Kind::This, 0, 0);
    [T: Object] Owned<T>, "object", |self, _f| self.into_val();
}

/// An object as a value. An owner has a ticket of its own; anything else belongs to what it was reached through.
#[doc(hidden)]
#[inline(always)]
pub fn object_val<T: Object>(object: &T, from: Ticket) -> Val {
    let owner = match RUNTIME.get() {
        Some(runtime) if T::IS_OWNER => runtime.ticket(Owner::of(object)),
        _ => from,
    };
    Val::object(T::class(), object.address(), owner)
}

/// Bytes that the door frees when it has pushed them.
fn owned_bytes(b: Box<[u8]>) -> Val {
    let len = b.len();
    Val { flags: OWNED, ..Val::of(Kind::Bytes, Box::into_raw(b).cast::<u8>() as u64, len) }
}

/// Body or bucket data: marked tainted where the engine knows taint.
pub struct Tainted<T>(pub T);
/// A reference to the value; in a language without references to plain values the value itself.
pub struct ByRef<T>(pub T);
/// An APR status and the function that gave it: in void context a failure is thrown, else it is the result.
pub struct Status<F = &'static str>(pub i32, pub F);
/// All values, as a list.
pub struct List<T>(pub Vec<T>);
/// A reference to a new array (Lua: a sequence).
pub struct Array<T>(pub Vec<T>);
/// A reference to a new hash (Lua: a table).
pub struct Hash<T>(pub Vec<(Vec<u8>, T)>);
/// A value of any plain kind, or a table of such: what a script's language builds without classes.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// `undef`, `nil`.
    Nothing,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Num(f64),
    /// Bytes.
    Text(Vec<u8>),
    /// A sequence.
    Array(Vec<Value>),
    /// A table by name.
    Table(Vec<(Vec<u8>, Value)>),
    /// A table whose keys are numbers, which only Lua has.
    Numbered(Vec<(i64, Value)>),
}

impl From<&[u8]> for Value {
    fn from(text: &[u8]) -> Value {
        Value::Text(text.to_vec())
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}
impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Nothing, Into::into)
    }
}
impl From<Plain<'_>> for Value {
    fn from(value: Plain) -> Value {
        match value {
            Plain::Nothing => Value::Nothing,
            Plain::Bool(b) => Value::Bool(b),
            Plain::Int(n) => Value::Int(n),
            Plain::Num(n) => Value::Num(n),
            Plain::Text(text) => text.into(),
        }
    }
}

/// First value in scalar context, all in list context: the function asks [`Want`] which to look for.
pub enum FirstOrAll<T> {
    /// One value, or `undef`.
    First(Option<T>),
    /// A list, perhaps empty.
    All(Vec<T>),
}
/// A value; or `undef` (`nil`) and a word that says why there is none. Perl's scalar context sees the `undef` alone.
pub struct OrWhy<T>(pub std::result::Result<T, &'static str>);
/// One of two kinds of result.
pub enum Either<A, B> {
    /// The first kind.
    A(A),
    /// The second kind.
    B(B),
}
/// A number that reads as text: `0E0`. With empty text just the number. The number must fit 32 bits, or the text is empty.
pub struct Dual(pub i64, pub &'static str);
/// The invocant itself.
pub struct This;
impl Dual {
    fn into_val(self) -> Val {
        match (self.1.len(), i32::try_from(self.0)) {
            (1.., Ok(n)) => Val { generation: n as u32, ..Val::of(Kind::Dual, self.1.as_ptr() as u64, self.1.len()) },
            _ => Val::of(Kind::Int, self.0 as u64, 0),
        }
    }
}

impl<T: IntoVal> Ret for T {
    const DOC: &'static str = T::DOC;
    #[inline(always)]
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        *ret = self.val(call.args[0].ticket());
        Ok(())
    }
}

impl Ret for () {
    const DOC: &'static str = "none";
    #[inline(always)]
    fn put(self, _: &Call, ret: &mut Val) -> Result<()> {
        ret.tag = Kind::None;
        ret.flags = 0;
        Ok(())
    }
}

impl<T: Ret> Ret for Option<T> {
    const DOC: &'static str = T::DOC;
    #[inline(always)]
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        match self {
            Some(v) => v.put(call, ret),
            None => {
                *ret = Val::UNDEF;
                Ok(())
            }
        }
    }
}

impl<T: Ret, E: Into<Fail>> Ret for std::result::Result<T, E> {
    const DOC: &'static str = T::DOC;
    #[inline(always)]
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        self.map_err(Into::into)?.put(call, ret)
    }
}

impl<T: Ret> Ret for OrWhy<T> {
    const DOC: &'static str = T::DOC;
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        match self.0 {
            Ok(value) => value.put(call, ret),
            Err(why) => {
                put_all(vec![Value::Nothing, why.into()], Kind::List, call, ret)?;
                ret.flags |= FIRST;
                Ok(())
            }
        }
    }
}

impl<A: Ret, B: Ret> Ret for Either<A, B> {
    const DOC: &'static str = A::DOC;
    #[inline(always)]
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        match self {
            Either::A(a) => a.put(call, ret),
            Either::B(b) => b.put(call, ret),
        }
    }
}

impl<T: Ret> Ret for Tainted<T> {
    const DOC: &'static str = T::DOC;
    #[inline(always)]
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        self.0.put(call, ret)?;
        ret.flags |= TAINTED;
        Ok(())
    }
}

impl<T: Ret> Ret for ByRef<T> {
    const DOC: &'static str = "reference to a value";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        self.0.put(call, ret)?;
        ret.flags |= REF;
        Ok(())
    }
}

impl<F: Into<Cow<'static, str>>> Ret for Status<F> {
    const DOC: &'static str = "status, thrown in void context";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        if self.0 != 0 && call.want == Want::Void {
            return Err(Raise::status(self.0, self.1));
        }
        self.0.put(call, ret)
    }
}

impl Ret for Again {
    const DOC: &'static str = "kept value";
    #[inline(always)]
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        if !ptr::eq(self.home, call.home) {
            return Err("the value belongs to another interpreter".into());
        }
        *ret = Val { flags: u8::from(self.owned) * OWNED, ..Val::of(Kind::Kept, self.raw as u64, 0) };
        Ok(())
    }
}

impl Ret for HandlerRef {
    const DOC: &'static str = "handler";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        match self {
            HandlerRef::Name(name) => match find_code(&name, call) {
                Some(code) => code.give().put(call, ret),
                None => {
                    *ret = Val::UNDEF;
                    Ok(())
                }
            },
            // What is dropped here is freed through the drop box, after the result was pushed.
            HandlerRef::Code(code) => code.again().put(call, ret),
        }
    }
}

/// The values of a list that is being built; on an error what they own is freed.
struct Vals(Vec<Val>);

impl Vals {
    fn add(&mut self, value: impl Ret, call: &Call) -> Result<()> {
        let mut v = Val::NONE;
        value.put(call, &mut v)?;
        self.0.push(v);
        Ok(())
    }
    fn put(mut self, kind: Kind, ret: &mut Val) {
        let list = std::mem::take(&mut self.0).into_boxed_slice();
        let len = list.len();
        *ret = Val { flags: OWNED, ..Val::of(kind, Box::into_raw(list).cast::<Val>() as u64, len) };
    }
}

impl Drop for Vals {
    fn drop(&mut self) {
        for v in &self.0 {
            // SAFETY: these values were made by `Ret::put` and given to nobody.
            unsafe { free(v) }
        }
    }
}

/// Frees what a result owns (`mi_done`).
///
/// # Safety
/// `v` was written by a [`Ret`] of this file, and this is called once.
pub(crate) unsafe fn free(v: &Val) {
    if v.flags & OWNED == 0 {
        return;
    }
    match v.tag {
        // SAFETY: OWNED bytes were made by `owned_bytes` from a boxed slice of this length.
        Kind::Bytes => drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(v.w as *mut u8, v.len)) }),
        Kind::List | Kind::Array | Kind::Hash => {
            // SAFETY: OWNED lists were made by `Vals::put` from a boxed slice of this length.
            let list = unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(v.w as *mut Val, v.len)) };
            for v in &list {
                // SAFETY: its elements were written by a Ret, and die with the list.
                unsafe { free(v) }
            }
        }
        _ => {}
    }
}

fn put_all<T: Ret>(list: Vec<T>, kind: Kind, call: &Call, ret: &mut Val) -> Result<()> {
    let mut vals = Vals(Vec::with_capacity(list.len()));
    for v in list {
        vals.add(v, call)?;
    }
    vals.put(kind, ret);
    Ok(())
}

impl<T: Ret> Ret for List<T> {
    const DOC: &'static str = "list";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        put_all(self.0, Kind::List, call, ret)
    }
}

impl<T: Ret> Ret for Array<T> {
    const DOC: &'static str = "array";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        put_all(self.0, Kind::Array, call, ret)
    }
}

impl<T: Ret> Ret for Hash<T> {
    const DOC: &'static str = "hash";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        put_pairs(self.0, call, ret)
    }
}

impl Ret for Value {
    const DOC: &'static str = "any";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        match self {
            Value::Nothing => *ret = Val::UNDEF,
            Value::Bool(b) => b.put(call, ret)?,
            Value::Int(n) => n.put(call, ret)?,
            Value::Num(n) => n.put(call, ret)?,
            Value::Text(text) => text.put(call, ret)?,
            Value::Array(list) => put_all(list, Kind::Array, call, ret)?,
            Value::Table(pairs) => Hash(pairs).put(call, ret)?,
            Value::Numbered(pairs) => put_pairs(pairs, call, ret)?,
        }
        Ok(())
    }
}

fn put_pairs<K: Ret, T: Ret>(pairs: Vec<(K, T)>, call: &Call, ret: &mut Val) -> Result<()> {
    let mut vals = Vals(Vec::with_capacity(pairs.len() * 2));
    for (k, v) in pairs {
        vals.add(k, call)?;
        vals.add(v, call)?;
    }
    vals.put(Kind::Hash, ret);
    Ok(())
}

impl<T: Ret> Ret for FirstOrAll<T> {
    const DOC: &'static str = "first value, or list";
    fn put(self, call: &Call, ret: &mut Val) -> Result<()> {
        match self {
            FirstOrAll::First(v) => v.put(call, ret),
            FirstOrAll::All(v) => List(v).put(call, ret),
        }
    }
}
