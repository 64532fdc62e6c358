//! Safe httpd: requests, connections, servers, log, hooks, directives.
//!
//! The wrappers are pointers, `Copy` and of a pointer's size. Whoever makes one (`from_ptr`, unsafe) promises that it is
//! used only while the record lives and by one thread at a time; all methods are safe on that promise. A module is a
//! [`Host`] and a [`ModuleRecord`]; the tables it is made from are those of `config`.
//!
//! This crate never knows a script language or an interpreter. It emits no library to link: its symbols are those of the
//! httpd that loads the module.

mod connection;
mod directive;
pub mod ffi;
mod hook;
pub mod log;
mod module;
pub mod mpm;
mod objects;
mod request;
mod run;
pub mod server;
mod slot;
pub mod status;
pub mod util;

pub use connection::{Connection, KeepAlive};
pub use directive::{Command, ServerEdit, Slots};
pub use hook::{Own, Pools};
pub use module::{Host, ModuleRecord, Record, pconf};
pub use request::{ReadError, Request, method_number_of};
pub use run::SubRequest;
pub use server::Server;

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
            stopped::<H>(what, panic);
            fallback
        }
    }
}

#[cold]
#[inline(never)]
fn stopped<H: Host>(what: &str, panic: Box<dyn Any + Send>) {
    let text = format!("{what}: stopped by an error in the module itself: {}", panic_text(&*panic));
    // The payload's own drop may panic again; nothing more must happen here.
    std::mem::forget(panic);
    log::server(None, log::Entry::new(log::Level::Crit, H::module()), text.as_bytes());
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
    use config::{Directive, Phase};
    use std::ffi::c_int;

    pub(crate) struct NullHost;

    pub(crate) static TEST_MODULE: ModuleRecord = ModuleRecord::new::<NullHost>(c"mod_test.c");

    impl Host for NullHost {
        type Server = Vec<String>;
        type Dir = Vec<String>;
        type Request = String;
        type Connection = String;

        fn module() -> &'static ModuleRecord {
            &TEST_MODULE
        }
        fn new_server(_: Pool, _: Server) -> Vec<String> {
            Vec::new()
        }
        fn merge_server(base: &Vec<String>, add: &Vec<String>) -> Vec<String> {
            [&base[..], &add[..]].concat()
        }
        fn new_dir(_: Pool, path: Option<&[u8]>) -> Vec<String> {
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
        fn loaded(_: Pool) {}
        fn request(_: Phase, _: usize, _: Request) -> c_int {
            status::DECLINED
        }
        fn connection(_: Phase, _: usize, _: Connection) -> c_int {
            status::DECLINED
        }
        fn start(_: Phase, _: usize, _: Pools, _: Server) -> c_int {
            status::OK
        }
        fn child(_: Phase, _: usize, _: Pool, _: Server) {}
    }
}
