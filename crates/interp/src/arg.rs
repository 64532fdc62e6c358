//! How a Rust parameter is taken out of a call. A new kind of parameter is one line in `arg!` and one `case` in each door.

use crate::{
    Any, Call, Callable, Fail, HandlerArg, HandlerArgs, Here, IntoVal, Kind, Message, Object, ObjectClass, Out, Owned,
    Plain, TRUE, Ticket, Val, Want,
};
use apr::Reenter;
use std::{
    ptr,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// A type that a Rust function can take from a script. `In<'c>` is the type it has while the call lasts.
#[diagnostic::on_unimplemented(
    message = "a script cannot pass a `{Self}`",
    note = "parameters are i64, i32, u32, f64, bool, &[u8], &T, Obj<T>, Cursor<T>, Any, Callable, HandlerArg, HandlerArgs, Out, Rest, Pieces, Reenter, Here, Want, ClassName, Variable, or Option or Maybe of these"
)]
pub trait Arg {
    /// The kind of value that the door fetches.
    const KIND: Kind;
    /// Whether the argument may be left out.
    const OPTIONAL: bool = false;
    /// Whether `undef` is passed on to the function.
    const NULLABLE: bool = false;
    /// Whether `undef` is one of the type's values, so that `Option` of it is `None` only when the argument is left out.
    const TAKES_UNDEF: bool = false;
    /// The kind of each remaining argument.
    const ELEM: Kind = Kind::None;
    /// The class of an object.
    const CLASS: *const ObjectClass = ptr::null();
    /// Whether a parameter of this type means that script code may run before the function returns.
    const REENTERS: bool = false;
    /// The type of the parameter during a call.
    type In<'c>;
    /// Reads the parameter. The door has put a value of `KIND` there (or `None` where it is optional, `Undef` where nullable).
    fn take<'c>(v: &'c Val, call: &'c Call) -> Self::In<'c>;
}

// One line a type: generics, type, type during a call, kind, how to read it. The line for `i64` becomes
// `impl Arg for i64 { const KIND: Kind = Kind::Int; type In<'c> = i64; fn take<'c>(v: &'c Val, _c: &'c Call) -> i64 { v.w as i64 } }`.
macro_rules! arg {
    ($([$($g:tt)*] $t:ty => $in:ty, $kind:ident $(elem $e:ident)? $(class $c:expr)? $(; reenters $re:expr)? $(; undef $u:expr)?, |$v:ident, $call:ident| $body:expr;)*) => { $(
        impl<$($g)*> Arg for $t {
            const KIND: Kind = Kind::$kind;
            $(const ELEM: Kind = Kind::$e;)?
            $(const CLASS: *const ObjectClass = $c;)?
            $(const REENTERS: bool = $re;)?
            $(const TAKES_UNDEF: bool = $u;)?
            type In<'c> = $in;
            #[inline(always)]
            fn take<'c>($v: &'c Val, $call: &'c Call) -> $in { $body }
        }
    )* };
}

arg! {
    [] i64 => i64, Int, |v, _c| v.w as i64;
    [] i32 => i32, Int, |v, _c| v.w as i32;
    [] u32 => u32, Int, |v, _c| v.w as u32;
    [] f64 => f64, Num, |v, _c| f64::from_bits(v.w);
    [] bool => bool, Bool, |v, _c| v.w != 0;
    // SAFETY: the door lent these bytes for the call; for a row that reenters it holds them.
    ['x] &'x [u8] => &'c [u8], Bytes, |v, _c| unsafe { v.bytes() };
    ['x, T: Object] &'x T => &'c T, Obj class T::CLASS, |v, _c| v.object_in();
    ['x, T: Object] Obj<'x, T> => Obj<'c, T>, Obj class T::CLASS, |v, c| Obj { obj: v.object_in(), val: v, at: index_of(v, c) };
    ['x, T: Object] Cursor<'x, T> => Cursor<'c, T>, Obj class T::CLASS, |v, _c| Cursor { obj: v.object_in(), val: v };
    ['x] Any<'x> => Any<'c>, Any; undef true, |v, c| Any { v, call: c };
    ['x] Callable<'x> => Callable<'c>, Code; reenters true, |v, c| Callable { v, call: c };
    ['x] HandlerArg<'x> => HandlerArg<'c>, Code, |v, c| HandlerArg { v, call: c };
    ['x] Message<'x> => Message<'c>, Code elem Bytes; reenters true, |v, c| Message { v, call: c };
    ['x] HandlerArgs<'x> => HandlerArgs<'c>, Codes; undef true, |v, c| HandlerArgs { v, call: c };
    ['x] Strings<'x> => Strings<'c>, Codes elem Bytes, |v, _c| Strings(v);
    ['x] Plain<'x> => Plain<'c>, Plain; undef true, |v, _c| Plain::of(v);
    [] Switch => Switch, Plain elem Bool; undef true, |v, _c| Switch(v.tag == Kind::Bool && v.w != 0);
    ['x] Fields<'x> => Fields<'c>, Fields; undef true, |v, _c| Fields(v);
    ['x] Plains<'x> => Plains<'c>, Rest elem Plain, |_v, c| Plains(rest_of(c));
    ['x] Out<'x> => Out<'c>, Out; reenters true; undef true, |v, c| Out::new(v, c);
    ['x] Rest<'x> => Rest<'c>, Rest elem Bytes, |_v, c| Rest::of(c);
    ['x] Pieces<'x> => Pieces<'c>, Rest elem Bytes; reenters true, |_v, c| Pieces(rest_of(c));
    // SAFETY: REENTERS marks the row, so the door holds every argument until the function has returned.
    ['x] Reenter<'x> => Reenter<'c>, Want; reenters true, |_v, _c| unsafe { Reenter::assume() };
    ['x] Here<'x> => Here<'c>, Want, |_v, c| Here(c);
    [] Want => Want, Want, |_v, c| c.want;
    [] Autoflush => Autoflush, Want elem Autoflush, |v, _c| Autoflush(v.tag == Kind::Bool && v.w != 0);
    // SAFETY: bytes there are the name of the file whose code calls, which lives until the call returns.
    ['x] Caller<'x> => Caller<'c>, Want elem Place, |v, _c| Caller(if v.tag == Kind::Bytes { (unsafe { v.bytes() }, v.generation) } else { (b"", 0) });
    ['x] Variable<'x> => Variable<'c>, Want elem Any, |v, c| Variable((v.tag == Kind::Any).then_some(Any { v, call: c }));
    // SAFETY: the door lent the class's name for the call.
    ['x] ClassName<'x> => ClassName<'c>, Name, |v, _c| ClassName(unsafe { v.bytes() });
}

/// An argument that may be left out, or be `undef` or `nil`, which mean the same; see [`Maybe`].
impl<T: Arg> Arg for Option<T> {
    const KIND: Kind = T::KIND;
    const ELEM: Kind = T::ELEM;
    const OPTIONAL: bool = true;
    const NULLABLE: bool = T::NULLABLE || !T::TAKES_UNDEF;
    const TAKES_UNDEF: bool = T::TAKES_UNDEF;
    const CLASS: *const ObjectClass = T::CLASS;
    const REENTERS: bool = T::REENTERS;
    type In<'c> = Option<T::In<'c>>;
    #[inline(always)]
    fn take<'c>(v: &'c Val, call: &'c Call) -> Self::In<'c> {
        let absent = v.tag == Kind::None || (v.tag == Kind::Undef && !T::TAKES_UNDEF);
        if absent { None } else { Some(T::take(v, call)) }
    }
}

/// An argument that has to be there but may be `undef` or `nil`; only the invocant of a [`crate::Row::loose`] row can be left out.
/// `Option<Maybe<T>>` tells left out from `undef`.
pub struct Maybe<T>(pub Option<T>);

impl<T: Arg> Arg for Maybe<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
    const TAKES_UNDEF: bool = true;
    const CLASS: *const ObjectClass = T::CLASS;
    const REENTERS: bool = T::REENTERS;
    type In<'c> = Maybe<T::In<'c>>;
    #[inline(always)]
    fn take<'c>(v: &'c Val, call: &'c Call) -> Self::In<'c> {
        Maybe(if matches!(v.tag, Kind::Undef | Kind::None) { None } else { Some(T::take(v, call)) })
    }
}

fn index_of(v: &Val, call: &Call) -> u16 {
    ((ptr::from_ref(v) as usize - call.args.as_ptr() as usize) / size_of::<Val>()) as u16
}

/// An argument object together with its owner's ticket.
pub struct Obj<'c, T> {
    obj: &'c T,
    val: &'c Val,
    /// The number of the argument.
    at: u16,
}

impl<T> std::ops::Deref for Obj<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.obj
    }
}

impl<T: Object> Obj<'_, T> {
    /// `made` lives as long as `owner`; if that is not this object's own owner, it also keeps this object (a pool that the
    /// script made goes with the script's object).
    pub fn made<U: Object>(&self, made: &U, owner: Ticket) -> Owned<U> {
        self.holding(Owned::by(made, owner))
    }
    /// The same with an object that has its ticket already.
    pub fn holding<U: Object>(&self, made: Owned<U>) -> Owned<U> {
        Owned { holds: (made.owner != self.ticket()).then_some(self.at), ..made }
    }
    /// The ticket the argument carries.
    pub fn ticket(&self) -> Ticket {
        self.val.ticket()
    }
    /// Checks that the owner still lives; to be called after a call that may have run script code, which may have ended the owner.
    ///
    /// # Errors
    /// "request is gone".
    pub fn alive(&self) -> Result<(), Fail> {
        if self.val.slot.is_null() || self.ticket().is_alive() { Ok(()) } else { Err("request is gone".into()) }
    }
    /// The object as a value that can be passed to a callback.
    pub fn val(&self) -> Val {
        Owned::by(self.obj, self.ticket()).val(self.ticket())
    }
}

/// An argument object with a position of its own, for tied iteration.
pub struct Cursor<'c, T> {
    obj: &'c T,
    val: &'c Val,
}

impl<'c, T> Cursor<'c, T> {
    /// The object.
    pub fn object(&self) -> &'c T {
        self.obj
    }
    fn cell(&self) -> &AtomicU32 {
        // SAFETY: of an object argument `len` is the address of its cursor, which the door keeps for the call.
        unsafe { AtomicU32::from_ptr(self.val.len as *mut u32) }
    }
    /// The object's position; 0 at first.
    pub fn pos(&self) -> u32 {
        self.cell().load(Relaxed)
    }
    /// Sets the position.
    pub fn set_pos(&self, n: u32) {
        self.cell().store(n, Relaxed);
    }
}

/// A reference to an array of strings, or one string. Elements that are no strings are left out.
#[derive(Clone, Copy)]
pub struct Strings<'c>(&'c Val);

impl<'c> Strings<'c> {
    /// Whether the script passed an array.
    pub fn is_array(self) -> bool {
        self.0.flags & TRUE != 0
    }
    /// The strings, in order.
    pub fn iter(self) -> impl Iterator<Item = &'c [u8]> {
        // SAFETY: the door built the array and keeps it for the call; so it does with the bytes in it.
        unsafe { self.0.vals().iter().filter(|v| v.tag == Kind::Bytes).map(|v| v.bytes()) }
    }
}

/// A boolean of a row that only Lua has, where as with mod_lua nothing but `true` counts: 0 and 1 are both true to Lua.
#[derive(Clone, Copy)]
pub struct Switch(pub bool);

impl Switch {
    /// Whether it was given, and is true.
    pub fn is_on(given: Option<Switch>) -> bool {
        given.is_some_and(|switch| switch.0)
    }
}

/// A table of the script's with named values (Lua: a table, `f{key = "k"}`); or else one plain value.
#[derive(Clone, Copy)]
pub struct Fields<'c>(&'c Val);

impl<'c> Fields<'c> {
    /// The value that was passed, if it was no table.
    pub fn plain(self) -> Option<Plain<'c>> {
        (self.0.tag != Kind::Fields).then(|| Plain::of(self.0))
    }
    /// The value of a name; nothing if there is none.
    pub fn get(self, name: &str) -> Plain<'c> {
        self.iter().find(|(n, _)| *n == name.as_bytes()).map_or(Plain::Nothing, |(_, value)| value)
    }
    /// All names with their values, in no order.
    pub fn iter(self) -> impl Iterator<Item = (&'c [u8], Plain<'c>)> {
        let list = if self.0.tag == Kind::Fields { *self.0 } else { Val::of(Kind::Fields, 0, 0) };
        // SAFETY: the door built the array and keeps it for the call; so it does with the bytes in it.
        let (pairs, _) = unsafe { list.vals() }.as_chunks::<2>();
        // SAFETY: a name is of kind Bytes.
        pairs.iter().map(|[name, value]| (unsafe { name.bytes() }, Plain::of(value)))
    }
}

/// All remaining arguments, as plain values.
#[derive(Clone, Copy)]
pub struct Plains<'c>(&'c [Val]);

impl<'c> Plains<'c> {
    /// In the order given.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Plain<'c>> {
        self.0.iter().map(Plain::of)
    }
}

/// Whether the selected output handle flushes itself (Perl's `$|`; false in Lua).
#[derive(Clone, Copy)]
pub struct Autoflush(pub bool);

/// No argument, but the variable that is the argument before it, if it has a text and may get another. Only Perl has such.
pub struct Variable<'c>(pub Option<Any<'c>>);

/// File and line of the code that calls; an empty name where the engine does not say.
#[derive(Clone, Copy)]
pub struct Caller<'c>(pub (&'c [u8], u32));

/// The class a class method was called on.
pub struct ClassName<'c>(pub &'c [u8]);

fn rest_of(call: &Call) -> &[Val] {
    let list = Val::of(Kind::List, call.rest as u64, call.nrest);
    // SAFETY: the door built the array and keeps it for the call.
    unsafe { list.vals() }
}

/// The length (head: `MI_LONG`) from which the door holds a string of [`Pieces`].
pub const LONG: usize = 32768;

/// All remaining arguments, as strings, of a function that takes them all and then runs script code. To hold a string of some length
/// costs a shared copy of the script's variable, which then needs other memory for its next string. So the door holds only long ones.
pub struct Pieces<'c>(&'c [Val]);

/// One string of [`Pieces`].
pub enum Piece<'a, 'c> {
    /// It is to be copied: it lasts until script code runs.
    Short(&'a [u8]),
    /// It is held as long as the call runs.
    Long(&'c [u8]),
}

impl<'c> Pieces<'c> {
    /// Gives `f` each string, in the order given. From then on script code may run.
    pub fn take(self, mut f: impl for<'a> FnMut(Piece<'a, 'c>)) -> Reenter<'c> {
        for v in self.0 {
            // SAFETY: each element is of kind Bytes; no code has run since the door lent it, and a long one is held.
            let bytes = unsafe { v.bytes() };
            f(if bytes.len() < LONG { Piece::Short(bytes) } else { Piece::Long(bytes) });
        }
        // SAFETY: REENTERS marks the row, so the door holds all arguments but the short strings, of which nobody has one any more.
        unsafe { Reenter::assume() }
    }
}

/// All remaining arguments, as strings.
#[derive(Clone, Copy)]
pub struct Rest<'c>(&'c [Val]);

impl<'c> Rest<'c> {
    fn of(call: &'c Call) -> Rest<'c> {
        Rest(rest_of(call))
    }
    /// In the order given.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'c [u8]> {
        // SAFETY: each element is of kind Bytes, lent as any other argument.
        self.0.iter().map(|v| unsafe { v.bytes() })
    }
    /// Whether there are no such arguments.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
