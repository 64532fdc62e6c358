//! `ModInterp::Interp`: the interpreter that a call of a request runs in. Ours alone; mod_perl has no such class.

use std::ptr::NonNull;

use super::host::host;
use httpd::Request;
use interp::*;

/// `$r->interp`.
#[repr(transparent)]
pub struct Serving(Request);
object!(Serving, "ModInterp::Interp");

const MODULE: &str = "ModInterp::Interp";

/// A method of a request.
pub(super) static OF_REQUEST: Part =
    Part::new(MODULE, &[method("interp()", of_request).doc("The interpreter that this call runs in.")]);

/// Its rows.
pub static INTERP: Class = Class::of::<Serving>(&[
    ro("id", |_: &Serving| id()).doc(
        "Names the interpreter among those of all processes: the number of its process and its own, 4711-3. Never used again while the process lives.",
    ),
    ro("number", |_: &Serving| Ok::<_, Fail>(host()?.figures.interpreter() as i64))
        .doc("Number of the interpreter in its process: counted from 1, 0 for the parent interpreter."),
    ro("class", |_: &Serving| Ok::<_, Fail>(host()?.figures.class().unwrap_or_else(|| b"default".to_vec())))
        .doc("Name of the interpreter's class; default for the server's own interpreters."),
    ro("uses", |_: &Serving| Ok::<_, Fail>(host()?.figures.uses() as i64))
        .doc("How often the interpreter was lent, this time included; 0 for the parent interpreter."),
    method("reload()", |_: &Serving| Ok::<_, Fail>(host()?.figures.reload()))
        .doc("Has this interpreter replaced by another one when its request is done with it. False for the parent interpreter, which cannot be replaced."),
    method("reload_all()", |_: &Serving| {
        host()?.figures.reload_all();
        Ok::<_, Fail>(())
    })
    .doc("Has all interpreters of this one's class replaced, in all child processes: idle ones at once, others when they are done."),
])
.module(MODULE)
.doc("The interpreter that a call of a request runs in.");

fn of_request(r: Obj<Request>) -> Owned<Serving> {
    // SAFETY: transparent over the request.
    r.made(unsafe { NonNull::from(&*r).cast::<Serving>().as_ref() }, r.ticket())
}

fn id() -> Result<Vec<u8>> {
    Ok(format!("{}-{}", std::process::id(), host()?.figures.interpreter()).into_bytes())
}
