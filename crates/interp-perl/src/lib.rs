//! Perl 5: parent interpreters, clones, calls, and what only Perl has (PerlIO, `%ENV`, stashes).
//!
//! Outside this crate everything is safe Rust; all that is raw perl is here and in `shim/`. Perl's errors never cross a Rust
//! frame: the shim's guard turns die, exit and CORE::exit into a tag ([`interp::Raised`]); its one XSUB croaks after Rust has
//! returned. This crate knows no server: what a handler is called with, and what its result means, is the host's.
//!
//! ```no_run
//! use interp::Load;
//! use interp_perl::{Perl, Start};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let parent = Perl::start(&Start { argv0: b"httpd", main: true, ..Start::default() })?;
//! parent.enter().require_module(b"My::Handler", None)?;
//! let clone = parent.duplicate()?;
//! let outcome = clone.enter().call_handler(7, b"My::Handler", Load::IfMissing, &[])?;
//! # let _ = outcome;
//! # Ok(())
//! # }
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `start` | [`Start`]: what a parent begins with |
//! | `perl` | [`Perl`], [`Entered`]: own, enter, clone, end |
//! | `record`, `error` | [`Record`]: what C reads of an interpreter; [`Error`]: why none could be made |
//! | `call` | handlers: resolve and call |
//! | `engine` | what the host asks of any engine |
//! | `code` | start-up code: require, eval |
//! | `io`, `env`, `globals` | STDIN, STDOUT, `%ENV`, `@INC`, `$/` and END of a `perl-script` response |
//! | `alarm` | `alarm` where the process's own would never come |
//! | `leftovers` | what a request must not leave to the next one |
//! | `stderr` | STDERR: lines for the log |
//! | `plain` | a perl that is not the server's |
//! | `stack` | the thread that clones and destroys |
//! | `abi` | what XS modules call in C, as far as it needs the host |

pub mod abi;
mod alarm;
mod bind;
mod call;
mod code;
mod engine;
mod env;
mod error;
mod ffi;
mod globals;
mod io;
mod leftovers;
#[cfg(perl_ithreads)]
mod memory;
mod perl;
pub mod plain;
mod record;
mod stack;
mod start;
mod stderr;

pub use call::Resolved;
pub use env::{EnvGuard, EnvSink};
pub use error::Error;
pub use globals::Globals;
pub use io::{Redirect, Stdio};
pub use leftovers::Serving;
pub use perl::{Before, Entered, Guard, OwnedObjects, Perl, record_of};
pub use record::Record;
pub use start::Start;
pub use stderr::{ErrorLog, set_error_log, stderr_is_the_log};

/// Whether this perl has interpreter threads, hence clones.
pub const HAS_ITHREADS: bool = cfg!(perl_ithreads);

// The module links libperl itself; only tests do it here.
#[cfg(test)]
#[link(name = "perl")]
unsafe extern "C" {}

#[cfg(test)]
mod testing;
