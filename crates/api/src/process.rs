//! `Apache2::Process`: the process's record.

use httpd::Server;
use interp::*;
use std::ptr::NonNull;

/// A `process_rec`, known by one of its servers.
#[repr(transparent)]
pub struct Process(Server);
object!(Process, "Apache2::Process");

/// The class.
pub static PROCESS: Class = Class::of::<Process>(ROWS).doc("The process's record: one for each process.");

static ROWS: &[Row] = &[
    ro("pool", process_pool).doc("The pool that dies with the process."),
    ro("pconf", pconf).doc("The pool that dies when the configuration is read again."),
    ro("short_name", |p: &Process| p.0.program_name().map(<[u8]>::to_vec)).doc("The program's name."),
    ro("argc", |p: &Process| p.0.program_arguments()).doc("How many arguments the program has."),
];

impl Process {
    /// The record of the process that the server is in.
    pub(super) fn of(s: &Server) -> &Process {
        // SAFETY: transparent over the server.
        unsafe { NonNull::from(s).cast::<Process>().as_ref() }
    }
}

fn process_pool(p: &Process) -> &apr::Pool {
    p.0.process_pool()
}

fn pconf(p: &Process) -> &apr::Pool {
    p.0.pconf()
}
