//! Requests that are answered on another thread than the MPM's, and the connections that come to us with them.
//!
//! Under event a response handler may return `SUSPENDED`; the MPM then forgets the connection and takes its thread back. httpd 2.4
//! has nothing by which a suspended connection goes back to the MPM, so whoever suspends one keeps it until it ends: it is *adopted*
//! (SAFETY.md, "adopted connections").
//!
//! | file | holds |
//! |---|---|
//! | `hooks` | how connections come here |
//! | `gate` | when the worker that suspended a connection has let go of it |
//! | `suspended` | a request that waits for its answer |
//! | `adopted` | a connection that is ours, and how it goes on |
//! | `watch` | connections that wait for their clients |
//! | `worker` | threads that have connections |

mod adopted;
mod gate;
mod hooks;
pub(crate) mod suspended;
mod watch;
mod worker;

pub use hooks::register;
pub use suspended::{Suspended, Taker};
pub use watch::{after, begin, end};
pub use worker::{leave_thread, on_worker, stack_size};
