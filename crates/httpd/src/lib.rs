//! Safe httpd: requests, connections, servers, log, hooks, directives.
//!
//! httpd's records are seen behind references only ([`apr::opaque!`]). Whoever makes one (`at`, unsafe) promises that the record
//! lives as long and is used by one thread at a time; all methods are safe on that promise, and what they lend is borrowed
//! from the record (SAFETY.md, "borrowed records"). A module is a
//! [`Host`] and a [`ModuleRecord`]; the tables it is made from are those of `config`.
//!
//! This crate never knows a script language or an interpreter. It emits no library to link: its symbols are those of the
//! httpd that loads the module.

pub mod adopt;
mod ahead;
mod answer;
pub mod auth;
mod body;
pub mod cgi;
mod command;
mod connection;
mod context;
pub mod dbd;
mod death;
mod directive;
mod end;
mod end_filter;
pub mod error_log;
pub mod ffi;
mod filter;
pub mod helper;
mod hook;
mod host;
mod htaccess;
pub mod kind;
mod lines;
mod listen;
mod load;
mod loaded;
pub mod log;
pub mod made;
mod module;
pub mod mpm;
mod objects;
mod opaque;
pub mod own_filter;
mod pass;
mod pconf;
pub mod provider;
mod pump;
mod raw;
mod reader;
mod record;
mod records;
mod regex;
mod request;
pub mod retained;
mod run;
pub mod scoreboard;
mod sent;
pub mod server;
pub mod skipped;
mod slot;
mod slots;
pub mod status;
mod stream;
mod tree;
pub mod util;

pub use ahead::{NotRead, register as register_read_ahead};
pub use body::{BodyError, ReadError};
pub use command::Command;
pub use config::{Form, Language, content_handler};
pub use connection::{Connection, KeepAlive};
pub use end::End;
pub use end_filter::register as register_end;
pub use filter::{Filter, FilterRec};
pub use hook::add_phase;
pub use host::Host;
pub use lines::Rules;
pub use listen::{Listener, accept_no_more};
pub use loaded::{CommandRec, Loaded};
pub use module::ModuleRecord;
pub use opaque::{ConfVector, MethodList, ScoreHandle, ServerAddr, ServerContext};
pub use pass::{Own, Pools};
pub use pconf::{is_pconf, with_pconf};
pub use raw::Wait;
pub use reader::Reader;
pub use record::Record;
pub use records::{Directory, Records};
pub use regex::{Groups, Regex};
pub use request::{Request, method_number_of};
pub use run::SubRequest;
pub use sent::register as register_sent;
pub use server::{KeptServer, Server};
pub use slots::{Section, ServerEdit, Slots};
pub use stream::{Lost, Stream};
pub use tree::Node;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Runs what httpd called for; a panic is logged and becomes `fallback`.
#[inline]
fn guard<H: Host, R>(what: &str, fallback: R, f: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => result,
        Err(panic) => {
            stopped(H::module(), what, panic);
            fallback
        }
    }
}

/// The same for a module that is no [`Host`].
fn guard_of<R>(module: &'static ModuleRecord, what: &str, fallback: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        stopped(module, what, panic);
        fallback
    })
}

#[cold]
#[inline(never)]
fn stopped(module: &'static ModuleRecord, what: &str, panic: Box<dyn Any + Send>) {
    let text = format!("{what}: stopped by an error in the module itself: {}", panic_text(&*panic));
    // The payload's own drop may panic too; that one's payload is left alone.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    log::server(None, log::Entry::new(log::Level::Crit, module), text.as_bytes());
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic")
}

#[cfg(test)]
mod testing {
    //! A host that does nothing, for tests that need one.

    use super::*;
    use apr::Pool;
    use config::{Directive, Language, Phase};
    use std::ffi::c_int;

    /// Records as httpd would lend them, in a pool that is never destroyed.
    pub(crate) struct Fake {
        pub(crate) pool: &'static Pool,
        pub(crate) request: &'static Request,
    }

    /// The number that `TEST_MODULE` gets.
    const INDEX: usize = 2;

    impl Fake {
        /// A request with its connection and server: all zero but for pools, tables and empty vectors.
        pub(crate) fn new() -> Fake {
            Pool::initialize().unwrap();
            let pool = Pool::root().unwrap();
            // SAFETY: zero is a value of these plain records; every pointer that this crate relies on is set.
            unsafe {
                (*TEST_MODULE.as_ptr()).module_index = INDEX as c_int;
                let r = pool.zeroed(size_of::<ffi::request_rec>()).cast::<ffi::request_rec>().as_ptr();
                let c = pool.zeroed(size_of::<ffi::conn_rec>()).cast::<ffi::conn_rec>().as_ptr();
                let s = pool.zeroed(size_of::<ffi::server_rec>()).cast::<ffi::server_rec>().as_ptr();
                let process = pool.zeroed(size_of::<ffi::process_rec>()).cast::<ffi::process_rec>().as_ptr();
                let vector = || pool.zeroed((INDEX + 1) * size_of::<*const ()>()).cast().as_ptr();
                let table = || apr::Table::new(pool, 2).as_ptr();
                (*process).pconf = pool.as_ptr();
                (*process).pool = pool.as_ptr();
                (*s).process = process;
                (*s).module_config = vector();
                (*s).lookup_defaults = vector();
                (*c).pool = pool.as_ptr();
                (*c).base_server = s;
                (*c).conn_config = vector();
                (*c).bucket_alloc = apr::BucketAlloc::new(pool).as_ptr();
                (*r).pool = pool.create().unwrap().as_ptr();
                (*r).connection = c;
                (*r).server = s;
                (*r).per_dir_config = vector();
                (*r).request_config = vector();
                (*r).headers_in = table();
                (*r).headers_out = table();
                Fake { pool, request: Request::at(r).unwrap() }
            }
        }
    }

    pub(crate) struct NullHost;

    pub(crate) static TEST_MODULE: ModuleRecord = ModuleRecord::new::<NullHost>(c"mod_test.c");

    impl Host for NullHost {
        type Server = Vec<String>;
        type Dir = Vec<String>;
        type Request = String;
        type Connection = String;

        const LANGUAGE: Language = Language::Perl;

        fn module() -> &'static ModuleRecord {
            &TEST_MODULE
        }
        fn new_server(_: &Pool, _: &Server) -> Vec<String> {
            Vec::new()
        }
        fn merge_server(base: &Vec<String>, add: &Vec<String>) -> Vec<String> {
            [&base[..], &add[..]].concat()
        }
        fn new_dir(_: &Pool, path: Option<&[u8]>) -> Vec<String> {
            path.map(|p| String::from_utf8_lossy(p).into_owned()).into_iter().collect()
        }
        fn merge_dir(base: &Vec<String>, add: &Vec<String>) -> Vec<String> {
            [&base[..], &add[..]].concat()
        }
        fn directive(row: &'static Directive, _: &Command, slots: &Slots<Self>, args: &[&[u8]]) -> Result<(), String> {
            let line = format!("{} {}", row.name, String::from_utf8_lossy(&args.join(&b' ')));
            if line.ends_with("panic") {
                panic!("on purpose");
            }
            if line.ends_with("refused") {
                return Err(format!("{}: refused", row.name));
            }
            slots.edit(|server, dir| match (server, dir) {
                (_, Some(dir)) => dir.push(line),
                (ServerEdit::Write(server), None) => server.push(line),
                (ServerEdit::Read(_), None) => {}
            })
        }
        fn loaded(_: &Pool) {}
        fn request(_: Phase, _: usize, _: &Request) -> c_int {
            status::DECLINED
        }
        fn connection(_: Phase, _: usize, _: &Connection) -> c_int {
            status::DECLINED
        }
        fn start(_: Phase, _: usize, _: Pools<'_>, _: &Server) -> c_int {
            status::OK
        }
        fn child(_: Phase, _: usize, _: &Pool, _: &Server) {}
    }
}
