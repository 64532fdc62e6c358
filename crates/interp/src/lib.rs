//! What an interpreter is, whatever its language: classes and their rows, calls through the doors, values that live in an
//! interpreter, owners that die.
//!
//! This crate names no language and no server. Engines (`interp-perl`, `interp-lua`) bind the rows and implement
//! [`Ops`]; class files (`apr-api`, the module's `api`) write the rows; the host implements [`Runtime`].
//! `interp.h` is the C half; a test asserts that the two agree.
//!
//! | file | holds |
//! |---|---|
//! | `row` | [`Class`], [`Row`] and the const functions that build them; [`Consts`] |
//! | `object` | [`Object`]: what scripts can hold |
//! | `val` | [`Val`], [`Call`]: what crosses a door |
//! | `arg`, `ret` | how a Rust parameter is taken out, how a result is put in |
//! | `api_fn` | [`ApiFn`]: parameters, result and thunk of a row from its function's signature |
//! | `home`, `value` | [`Home`] and its drop box; [`Kept`], [`Callable`], [`Out`], [`Bag`] |
//! | `ticket` | [`Ticket`]: slots that die with their owner |
//! | `engine` | [`Interp`], [`Entry`]: what the host asks of any engine's interpreter |
//! | `process` | forked processes, the count of entries |
//! | `handler` | [`HandlerRef`]: what `push_handlers` keeps |
//! | `runtime` | [`Runtime`]: what doors and APR ask of whoever runs them; [`Raise`] |
//! | `door` | the Rust side of both doors |

/// Permission to run script code before returning; as a parameter it marks its row.
pub use apr::Reenter;

mod api_fn;
mod arg;
mod door;
mod engine;
mod handler;
mod home;
#[cfg(test)]
mod layout;
mod need;
mod object;
mod process;
mod ret;
mod row;
mod runtime;
#[cfg(test)]
#[allow(clippy::undocumented_unsafe_blocks, reason = "a fake engine: every pointer comes from the test itself")]
mod testing;
mod ticket;
mod val;
mod value;

pub use api_fn::{ApiFn, Invoke};
pub use arg::{Arg, Autoflush, Caller, ClassName, Cursor, Fields, Maybe, Obj, Plain, Plains, Rest, Strings, Switch};
pub use door::{RUST_SIDE, RustSide, classes, constants, is_apart, leave_apart, register};
pub use engine::{Entry, Interp, Load, Outcome, Place, Raised, enter};
pub use handler::{HandlerArg, HandlerArgs, HandlerRef};
pub use home::{Dropped, Home, Ops};
pub use need::Need;
pub use object::{Object, ObjectClass};
pub use process::{Inside, Process, SignalsBlocked, adopt_process, count_forks, inside, is_forked};
pub use ret::{
    Again, Array, ByRef, Dual, Either, FirstOrAll, Hash, IntoVal, List, Owned, Ret, Status, Tainted, This, Value,
    object_val,
};
pub use row::{
    Class, Const, Consts, Kind, LUA, PERL, Param, Part, Row, RowKind, Shape, class_method, current, function, method,
    only, ro, rw,
};
pub use runtime::{Fail, Owner, RUNTIME, Raise, Result, Runtime, runtime};
pub use ticket::{Ticket, TicketSlot, Ticketed};
pub use val::{Call, HOLDS, OWNED, REF, TAINTED, TRUE, Thunk, Val, Want};
pub use value::{Any, Bag, Callable, Here, Kept, Message, Out, Reply};
