//! `Apache2::SubRequest`: what a URI or file would be served as, and serving it into the request.

use super::host::{Unsent, host};
use super::needs;
use apr::{Finfo, Reenter};
use httpd::{Filter, Request, SubRequest};
use interp::*;

/// Its rows.
pub static SUB_REQUEST: Class = Class::of::<SubRequest>(&[
    method("run()", run).needs(&[&needs::LOOKED_UP]).doc(
        "Runs the subrequest, whose answer becomes part of the request that it was looked up from; returns a status.",
    ),
    method("DESTROY()", destroy).only(PERL).ending().doc("Makes the subrequest end together with its object."),
])
.isa("Apache2::RequestRec")
.doc("A request made by a request.");

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::SubRequest", ROWS);

static ROWS: &[Row] = &current([
    method("lookup_uri(uri, [filters])", lookup_uri).doc("A subrequest that shows what a URI would be served as."),
    method("lookup_file(file, [filters])", lookup_file)
        .needs(&[&needs::FILENAME, &needs::URI])
        .doc("A subrequest that shows what a file would be served as."),
    method("lookup_method_uri(method, uri, [filters])", lookup_method_uri)
        .doc("A subrequest that shows what a URI would be served as, with another method."),
    method("lookup_dirent(entry, [kind], [filters])", lookup_dirent)
        .needs(&[&needs::FILENAME, &needs::URI])
        .doc("A subrequest that shows what an entry of the request's directory would be served as."),
    method("internal_fast_redirect(sub)", internal_fast_redirect)
        .needs(&[&needs::OWN_SUBREQUEST])
        .doc("Answers the request with what a subrequest stands for."),
    method("internal_redirect(uri)", internal_redirect).doc("Answers the request with what another URI stands for."),
    method("internal_redirect_handler(uri)", internal_redirect_handler)
        .doc("Does what internal_redirect does, and keeps the handler of this request."),
]);

/// Behind the end of an answer nothing more can be sent: a client would take it for the next answer.
fn not_over(r: &Request, call: &str) -> Result<()> {
    if host()?.output.may_go_on(r) {
        Ok(())
    } else {
        Err(format!("{call}: the answer to the request is complete").into())
    }
}

/// Another request is made of this one, with its `subprocess_env`.
fn env_goes_along(r: &Request, cx: Reenter) -> Result<()> {
    host()?.output.complete_env(cx, r);
    Ok(())
}

fn internal_redirect(r: &Request, cx: Reenter, uri: &[u8]) -> Result<()> {
    not_over(r, "$r->internal_redirect")?;
    env_goes_along(r, cx)?;
    r.internal_redirect(uri, cx);
    host()?.output.is_over(r);
    Ok(())
}

fn internal_redirect_handler(r: &Request, cx: Reenter, uri: &[u8]) -> Result<()> {
    not_over(r, "$r->internal_redirect_handler")?;
    env_goes_along(r, cx)?;
    r.internal_redirect_handler(uri, cx);
    host()?.output.is_over(r);
    Ok(())
}

fn lookup_uri(r: &Request, cx: Reenter, uri: &[u8], filter: Option<&Filter>) -> Result<Option<Owned<SubRequest>>> {
    env_goes_along(r, cx)?;
    owned(r.lookup_uri(uri, filter, cx))
}
fn lookup_file(r: &Request, cx: Reenter, file: &[u8], filter: Option<&Filter>) -> Result<Option<Owned<SubRequest>>> {
    env_goes_along(r, cx)?;
    owned(r.lookup_file(file, filter, cx))
}
fn lookup_method_uri(
    r: &Request,
    cx: Reenter,
    method: &[u8],
    uri: &[u8],
    filter: Option<&Filter>,
) -> Result<Option<Owned<SubRequest>>> {
    env_goes_along(r, cx)?;
    owned(r.lookup_method_uri(method, uri, filter, cx))
}
fn lookup_dirent(
    r: &Request,
    cx: Reenter,
    entry: &Finfo,
    kind: Option<i32>,
    filter: Option<&Filter>,
) -> Result<Option<Owned<SubRequest>>> {
    env_goes_along(r, cx)?;
    owned(r.lookup_entry(entry, kind.unwrap_or(0), filter, cx))
}

/// The subrequest lives on in the request, so its object ends nothing from now on.
fn internal_fast_redirect(r: &Request, sub: Obj<SubRequest>, cx: Reenter) {
    r.fast_redirect(&sub, cx);
    sub.ticket().void();
}

/// It dies before the request does, so it carries a ticket of its own: that of its `request_rec`.
fn owned(sub: Option<&SubRequest>) -> Result<Option<Owned<SubRequest>>> {
    let runtime = runtime()?;
    let Some(sub) = sub else { return Ok(None) };
    Ok(sub.request().map(|r| Owned::by(sub, runtime.ticket(Owner::of(r)))))
}

/// What the request printed before goes first.
fn run(sub: &SubRequest, cx: Reenter) -> Result<i32> {
    if let Some(main) = sub.request().and_then(|r| r.main()) {
        not_over(main, "$subr->run")?;
        match host()?.output.flush(cx, main, false) {
            Ok(()) | Err(Unsent::NotInResponse) => {}
            Err(e) => return Err(e.fail("Apache2::SubRequest::run", "$subr->run")),
        }
    }
    Ok(sub.run(cx))
}

fn destroy(sub: &SubRequest, cx: Reenter) {
    // SAFETY: its objects carry the ticket of its pool, which is void when that is gone; nothing of ours is kept there.
    unsafe { sub.end(cx) }
}
