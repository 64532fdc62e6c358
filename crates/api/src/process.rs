//! `Apache2::Process`: the process's record.

use httpd::{Server, ffi};
use interp::*;
use std::ptr::NonNull;

/// A `process_rec`, known by one of its servers.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Process(NonNull<ffi::server_rec>);
object!(by value Process, "Apache2::Process");

/// The class.
pub static PROCESS: Class = Class::of::<Process>(ROWS).doc("The process's record: one for each process.");

static ROWS: &[Row] = &[
    ro("pool", |p: &Process| p.server().map(|s| s.process_pool())).doc("The pool that dies with the process."),
    ro("pconf", |p: &Process| p.server().map(|s| s.pconf()))
        .doc("The pool that dies when the configuration is read again."),
    ro("short_name", |p: &Process| p.server().and_then(|s| s.program_name().map(<[u8]>::to_vec)))
        .doc("The program's name."),
    ro("argc", |p: &Process| p.server().map(|s| s.program_arguments())).doc("How many arguments the program has."),
];

impl Process {
    /// The record of the process that the server is in.
    pub(super) fn of(s: &Server) -> Option<Process> {
        NonNull::new(s.as_ptr()).map(Process)
    }
    fn server(&self) -> Option<Server> {
        // SAFETY: the object carries the server's ticket, which the door checked.
        unsafe { Server::from_ptr(self.0.as_ptr()) }
    }
}
