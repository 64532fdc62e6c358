//! `Apache2::Filter`: one filter of a request or connection, whoever wrote it.

use super::{host::host, needs, request_util::note};
use apr::{Brigade, Reenter};
use httpd::{Connection, Filter, Request, kind::Way};
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
    method("read(buffer, [wanted])", read).only(PERL).doc(
        "For a filter's own handler: reads what has come into a buffer, 8192 bytes if not told; returns how many, 0 at the end of this brigade.",
    ),
    method("print(@data)", print).only(PERL).doc(
        "For a filter's own handler: gives strings to the next filter, or to the reader; returns how many bytes.",
    ),
    method("seen_eos([set])", seen_eos).only(PERL).doc(
        "For a filter's own handler: whether the end of the data has come; a value says so in place of what came.",
    ),
    method("remove()", |f: &Filter| host().map(|host| host.filters.remove(f)))
        .needs(&[&needs::REMOVABLE])
        .doc("Takes the filter out of its chain."),
    method("PRINT(@data)", print).only(PERL).doc("As print, for a tied handle."),
])
.called("f")
.doc("One filter in a chain.");

/// Methods of a request.
pub(super) static OF_REQUEST: Part = Part::new(
    "Apache2::Filter",
    &only(
        PERL,
        [
            method("add_input_filter(handler)", |r: &Request, _cx: Reenter, handler: HandlerArg| {
                host()?.filters.add(Way::Input, Some(r), r.connection(), handler.keep())
            })
            .doc("Puts a handler into the request's input filters."),
            method("add_output_filter(handler)", |r: &Request, _cx: Reenter, handler: HandlerArg| {
                host()?.filters.add(Way::Output, Some(r), r.connection(), handler.keep())
            })
            .doc("Puts a handler into the request's output filters."),
        ],
    ),
);

/// Methods of a connection.
pub(super) static OF_CONNECTION: Part = Part::new(
    "Apache2::Filter",
    &only(
        PERL,
        [
            method("add_input_filter(handler)", |c: &Connection, _cx: Reenter, handler: HandlerArg| {
                host()?.filters.add(Way::Input, None, c, handler.keep())
            })
            .doc("Puts a handler with the attribute FilterConnectionHandler into the connection's input filters."),
            method("add_output_filter(handler)", |c: &Connection, _cx: Reenter, handler: HandlerArg| {
                host()?.filters.add(Way::Output, None, c, handler.keep())
            })
            .doc("Puts a handler with the attribute FilterConnectionHandler into the connection's output filters."),
        ],
    ),
);

fn read(f: &Filter, cx: Reenter, mut buffer: Out, wanted: Option<i64>) -> Result<Tainted<usize>> {
    host()?.filters.read(cx, f, &mut buffer, wanted).map(Tainted)
}

fn print(f: &Filter, data: Pieces) -> Result<usize> {
    host()?.filters.print(f, data)
}

fn seen_eos(f: &Filter, set: Option<bool>) -> Result<bool> {
    host()?.filters.seen_eos(f, set)
}

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

/// A filter's handler may return what it was told here.
fn status(result: std::result::Result<(), apr::Status>, function: &'static str) -> Result<Status> {
    let Err(status) = result else { return Ok(Status(0, function)) };
    host()?.filters.told(status);
    Ok(Status(status.code(), function))
}

/// As httpd's core asks: 8 KiB, with waiting.
fn get_brigade(
    f: &Filter,
    cx: Reenter,
    here: Here,
    bb: &Brigade,
    mode: Option<i32>,
    block: Option<i32>,
    readbytes: Option<i64>,
) -> Result<Status> {
    apr_api::given(bb, here, cx);
    let got = f.get_brigade(bb, mode.unwrap_or(0), block.unwrap_or(0), readbytes.unwrap_or(8192), cx);
    status(got, "Apache2::Filter::get_brigade")
}
fn pass_brigade(f: &Filter, cx: Reenter, here: Here, bb: &Brigade) -> Result<Status> {
    apr_api::given(bb, here, cx);
    status(f.pass_brigade(bb, cx), "Apache2::Filter::pass_brigade")
}
fn fflush(f: &Filter, cx: Reenter, here: Here, bb: &Brigade) -> Result<Status> {
    apr_api::given(bb, here, cx);
    status(f.flush(bb, cx), "Apache2::Filter::fflush")
}
