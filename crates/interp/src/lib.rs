//! What an interpreter is, whatever its language: classes and their rows, calls through the doors, values that live in an
//! interpreter, owners that die.
//!
//! This crate names no language and no server. Engines (`interp-perl`, `interp-lua`) bind the rows and implement
//! [`Ops`]; class files (`apr-api`, the module's `api`) write the rows; the host implements [`Runtime`].
//! `interp.h` is the C half; a test asserts that the two agree.
//!
//! | file | holds |
//! |---|---|
//! | `row`, `class`, `consts` | [`Row`], [`Class`], [`Consts`]: what an API offers, as plain data |
//! | `make`, `api_fn` | the const functions that make rows of functions, from the functions' signatures ([`ApiFn`]) |
//! | `need` | [`Need`]: what must hold when a row is called |
//! | `registry` | the classes and constants of this process |
//! | `object`, `objects` | [`Object`]: what scripts can hold; [`object!`], and the records of crate `apr` |
//! | `val`, `kind`, `call` | [`Val`] and its [`Kind`], [`Call`]: what crosses a door |
//! | `arg`, `ret` | how a Rust parameter is taken out, how a result is put in |
//! | `plain`, `owned` | [`Plain`]: a string, number or boolean; [`Owned`]: an object with an owner of its own |
//! | `home`, `kept`, `value` | [`Home`] and its drop box; [`Kept`]; [`Any`], [`Callable`], [`Out`], [`Bag`] |
//! | `apart` | code that is not about the request on whose thread it runs |
//! | `ticket` | [`Ticket`]: slots that die with their owner |
//! | `engine` | [`Interp`], [`Entry`]: what the host asks of any engine's interpreter |
//! | `process` | forked processes, the count of entries |
//! | `handler` | [`HandlerRef`]: what `push_handlers` keeps |
//! | `trace` | lines that `PerlTrace` asks for |
//! | `raise` | [`Raise`]: what an API function may raise |
//! | `runtime` | [`Runtime`]: what doors and APR ask of whoever runs them |
//! | `door` | the Rust side of both doors |

/// Permission to run script code before returning; as a parameter it marks its row.
pub use apr::Reenter;

mod apart;
mod api_fn;
mod arg;
mod call;
mod class;
mod consts;
mod door;
mod engine;
mod handler;
mod home;
mod kept;
mod kind;
#[cfg(test)]
mod layout;
mod make;
mod need;
mod object;
mod objects;
mod owned;
mod plain;
mod process;
mod raise;
mod registry;
mod ret;
mod row;
mod runtime;
#[cfg(test)]
#[allow(clippy::undocumented_unsafe_blocks, reason = "a fake engine: every pointer comes from the test itself")]
mod testing;
mod ticket;
pub mod trace;
mod val;
mod value;

pub use apart::{is_apart, leave_apart};
pub use api_fn::{ApiFn, Invoke};
pub use arg::{
    Arg, Autoflush, Caller, ClassName, Cursor, Fields, LONG, Maybe, Obj, Piece, Pieces, Plains, Rest, Strings, Switch,
    Variable,
};
pub use call::{Call, Thunk, Want};
pub use class::{Class, Part, Shape};
pub use consts::{Const, Consts};
pub use door::{RUST_SIDE, RustSide};
pub use engine::{Entry, Interp, Load, Outcome, Place, Raised, enter};
pub use handler::{HandlerArg, HandlerArgs, HandlerRef};
pub use home::{Dropped, Home, Ops};
pub use kept::{Again, Kept};
pub use kind::{Kind, Param};
pub use make::{class_method, current, function, method, only, ro, rw};
pub use need::Need;
pub use object::{Object, ObjectClass};
pub use owned::Owned;
pub use plain::Plain;
pub use process::{Inside, Process, SignalsBlocked, SignalsKept, adopt_process, count_forks, inside, is_forked};
pub use raise::{Fail, Raise, Result};
pub use registry::{classes, constants, register};
pub use ret::{
    Array, ByRef, Dual, Either, FirstOrAll, Hash, IntoVal, List, OrWhy, Ret, Status, Tainted, This, Value, object_val,
};
pub use row::{LUA, PERL, Row, RowKind};
pub use runtime::{Owner, RUNTIME, Runtime, runtime};
pub use ticket::{Ticket, TicketSlot, Ticketed};
pub use val::{FIRST, HOLDS, OWNED, REF, TAINTED, TRUE, Val};
pub use value::{Any, Bag, Callable, Here, Message, Out, Reply};
