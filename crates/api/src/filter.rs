//! `Apache2::Filter`: one filter of a request or connection, whoever wrote it.

use super::{host::host, needs, request_util::note};
use apr::{Brigade, Reenter};
use httpd::{Connection, Filter, Request};
use interp::*;

/// What a setter of a chain raises.
pub(super) const GONE: &str = "the filter could be gone before what it is put into";

/// Its rows.
pub static FILTER: Class = Class::of::<Filter>(&[
    rw("c", Filter::connection, set_c).needs(&[&needs::OWN_CONNECTION]).doc("The filter's connection."),
    rw("r", Filter::request, set_r)
        .needs(&[&needs::OF_SAME_CONNECTION])
        .doc("The filter's request; undef for a filter of a connection."),
    rw("next", Filter::next, set_next).needs(&[&needs::BEHIND]).doc("The next filter in the chain."),
    ro("frec", Filter::kind).doc("What kind of filter it is."),
    method("ctx([value])", ctx).doc("A value of the script, kept with the filter; returns it."),
    method("get_brigade(bb, [mode], [block], [readbytes])", get_brigade)
        .doc("Asks the filter for data; in void context a failure is thrown, else its status is returned."),
    method("pass_brigade(bb)", pass_brigade)
        .doc("Hands data to the filter; in void context a failure is thrown, else its status is returned."),
    method("fflush(bb)", fflush).doc(
        "Hands data to it, to be passed on at once; in void context a failure is thrown, else its status is returned.",
    ),
    method("remove()", Filter::remove).needs(&[&needs::REMOVABLE]).doc("Takes the filter out of its chain."),
])
.called("f")
.doc("One filter in a chain.");

fn set_c(f: &Filter, c: &Connection) -> Result<()> {
    if f.set_connection(c) { Ok(()) } else { Err("the connection could be gone before the filter".into()) }
}
fn set_r(f: &Filter, r: &Request) -> Result<()> {
    if f.set_request(r) { Ok(()) } else { Err("the request could be gone before the filter".into()) }
}
fn set_next(f: &Filter, next: &Filter) -> Result<()> {
    if f.set_next(next) { Ok(()) } else { Err(GONE.into()) }
}

/// One value per filter and interpreter: a bag of its own with one entry.
fn ctx(f: &Filter, here: Here, value: Option<Any>) -> Result<Option<Again>> {
    let mut result = Ok(None);
    host()?.notes.of_filter(f, &mut |bags| result = note(bags, here, Some(b"ctx"), value.as_ref()))?;
    result
}

fn status(result: std::result::Result<(), apr::Status>, function: &'static str) -> Status {
    Status(result.err().map_or(0, |s| s.code()), function)
}

/// As httpd's core asks: 8 KiB, with waiting.
fn get_brigade(
    f: &Filter,
    cx: Reenter,
    bb: &Brigade,
    mode: Option<i32>,
    block: Option<i32>,
    readbytes: Option<i64>,
) -> Status {
    apr_api::passed(bb);
    let got = f.get_brigade(bb, mode.unwrap_or(0), block.unwrap_or(0), readbytes.unwrap_or(8192), cx);
    status(got, "Apache2::Filter::get_brigade")
}
fn pass_brigade(f: &Filter, cx: Reenter, bb: &Brigade) -> Status {
    apr_api::passed(bb);
    status(f.pass_brigade(bb, cx), "Apache2::Filter::pass_brigade")
}
fn fflush(f: &Filter, cx: Reenter, bb: &Brigade) -> Status {
    apr_api::passed(bb);
    status(f.flush(bb, cx), "Apache2::Filter::fflush")
}
