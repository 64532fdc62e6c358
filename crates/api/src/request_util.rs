//! `Apache2::RequestUtil`: what the host keeps for a request, and small helpers. Connections and servers share some of it.

use super::host::{AuthProvider, Change, host};
use apr::{Pool, Reenter, Table};
use httpd::{Connection, Request, provider::Group};
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::RequestUtil", ROWS);
/// A request that no client sent.
pub(super) static MADE: Part = Part::new("Apache2::RequestUtil", MADE_ROWS);

static ROWS: &[Row] = &current([
    method("no_cache([flag])", no_cache)
        .doc("Whether the answer must not be cached; sets the headers that say so."),
    method("pnotes([key], [value])", pnotes)
        .doc("Values of the script, kept until the request ends: the hash, a value, or a new value."),
    method("pnotes_kill()", pnotes_kill).doc("Frees these values now."),
    method("dir_config([key], [value])", dir_config)
        .doc("Values of PerlSetVar and PerlAddVar: the table, a value, or a new value."),
    method("push_handlers(phase, handlers)", push_handlers)
        .doc("Adds handlers to a phase of this request."),
    method("set_handlers(phase, handlers)", set_handlers)
        .doc("Replaces the handlers of a phase of this request; undef: none."),
    method("get_handlers(phase)", get_handlers).doc("The handlers of a phase."),
    method("is_perl_option_enabled(flag)", |r: &Request, flag: &[u8]| host()?.config.is_on_for_request(r, flag))
        .doc("Whether a PerlOptions flag is on here."),
    method("add_config(lines, [override], [path], [options])", add_config)
        .doc("Adds configuration lines for this request."),
    method("location_merge(location)", location_merge)
        .doc("Lets the section with exactly this text apply to the request in place of its present configuration; false if there is no such section."),
    method("child_terminate()", child_terminate)
        .doc("Ends the process when the request is over; not with threads."),
    method("location()", |r: &Request| Ok::<_, Fail>(host()?.config.location(r)))
        .doc("The path of the <Location> section whose configuration applies to the request."),
    method("is_initial_req()", Request::is_initial)
        .doc("Whether the request came from the client: false for subrequests and redirects."),
    method("get_server_name()", Request::server_name)
        .doc("The name to use for this server in links."),
    method("get_server_port()", |r: &Request| i32::from(r.server_port()))
        .doc("The port to use for this server in links."),
    method("get_limit_req_body()", Request::limit_req_body)
        .doc("LimitRequestBody, bytes; 0 is unlimited."),
    method("document_root([root])", document_root)
        .doc("DocumentRoot; one that is set lasts until the request ends, and cannot be with threads."),
    method("as_string()", as_string)
        .doc("Request line and headers of both directions, as text."),
    method("slurp_filename([tainted])", slurp_filename)
        .doc("The content of the request's file, as one string."),
    method("psignature(prefix)", |r: &Request, prefix: &[u8]| r.signature(prefix).map(<[u8]>::to_vec))
        .doc("The line that ServerSignature asks for, behind a prefix."),
    method("set_basic_credentials(user, password)", set_basic_credentials)
        .doc("Sets the Authorization header for Basic authentication."),
]);

static MADE_ROWS: &[Row] = &[class_method("new(c, [pool])", new)
    .doc("A request that no client sent, for other protocols: a GET of /, in a pool below that of the connection.")];

/// Functions of the package itself.
pub static REQUEST_UTIL: Class = Class::new(
    "Apache2::RequestUtil",
    &[
        class_method("request([request])", request)
            .only(PERL)
            .doc("The current request (PerlOptions +GlobalRequest). Another that is given, also one that the script made, is the current one from then on, and the former is returned."),
        function("register_auth_provider(pool, group, name, version, callback, second, kind)", register_auth_provider)
            .only(PERL)
            .doc("A provider for AuthBasicProvider, AuthDigestProvider (`authn`) or Require (`authz`), until the configuration is read again; a status. While the server starts."),
        function("get_status_line(status)", status_line).doc("Status line for a status: 404 Not Found."),
    ],
)
.doc("Helpers for requests.");

fn request(_class: ClassName, new: Option<&Request>, want: Want) -> Result<Option<Owned<Request>>> {
    let current = runtime()?.current_object::<Request>();
    if current.is_none() && want != Want::Void {
        return Err("Global $r object is not available. Set:\n\tPerlOptions +GlobalRequest\nin httpd.conf".into());
    }
    if let Some(r) = new {
        host()?.calls.set_request(r)?;
    }
    Ok(current)
}

/// The pool is mod_perl's: httpd's own list of providers must not die before the configuration. As there, a second callback that
/// is no reference counts as none.
fn register_auth_provider(
    _pool: &Pool,
    group: &[u8],
    name: &[u8],
    version: &[u8],
    callback: HandlerArg,
    second: Maybe<HandlerArg>,
    kind: i32,
) -> Result<i32> {
    let second = second.0.map(|s| s.keep()).filter(|s| matches!(s, HandlerRef::Code(_)));
    let group = Group::by_name(group).ok_or("argument 2 (group) must be \"authn\" or \"authz\"")?;
    host()?.handlers.provide(AuthProvider { group, name, version, check: callback.keep(), second, kind })?;
    Ok(0)
}

/// For a code that httpd does not know, the line of 500.
fn status_line(status: i32) -> Option<Vec<u8>> {
    httpd::Server::with_main(|main| {
        let pool = main.process_pool();
        let known = httpd::status::line_of(pool, status).filter(|line| !line.starts_with(b"Status "));
        known.or_else(|| httpd::status::line_of(pool, 500)).map(<[u8]>::to_vec)
    })?
}

fn pnotes(r: &Request, here: Here, key: Option<&[u8]>, value: Option<Any>) -> Result<Option<Again>> {
    let mut result = Ok(None);
    host()?.notes.of_request(r, &mut |bags| result = note(bags, here, key, value.as_ref()))?;
    result
}
/// The hash, a value or a new value. A value set is the caller's variable itself; the bag belongs to the interpreter that made it.
pub(super) fn note(bags: &mut Vec<Bag>, here: Here, key: Option<&[u8]>, value: Option<&Any>) -> Result<Option<Again>> {
    let bag = here.bag_among(bags, key, value.is_some())?;
    match (key, value) {
        (None, _) => Ok(Some(bag.again())),
        (Some(key), Some(value)) => bag.set(here, key, value).map(|()| Some(value.again())),
        (Some(key), None) => bag.get(here, key).map(|kept| kept.map(Kept::give)),
    }
}
fn pnotes_kill(r: &Request) -> Result<()> {
    host()?.notes.of_request(r, &mut Vec::clear)
}

/// Reads a key of a table, or sets it and gives `undef`; `undef` as value removes it.
pub(super) fn get_or_set(table: &Table, key: &[u8], value: Option<Maybe<&[u8]>>) -> Option<Vec<u8>> {
    match value {
        None => return table.get(key).map(<[u8]>::to_vec),
        Some(Maybe(Some(value))) => table.set(key, value),
        Some(Maybe(None)) => table.unset(key),
    }
    None
}

/// A directory's values first, then its server's.
fn dir_config<'r>(
    r: &'r Request,
    key: Option<&[u8]>,
    value: Option<Maybe<&[u8]>>,
) -> Result<Either<Option<&'r Table>, Option<Vec<u8>>>> {
    let config = host()?.config;
    let table = config.vars_of_request(r, value.is_some())?;
    let Some(key) = key else { return Ok(Either::A(table)) };
    let setting = value.is_some();
    let found = table.and_then(|t| get_or_set(t, key, value));
    if found.is_some() || setting {
        return Ok(Either::B(found));
    }
    let mut found = None;
    config.vars_of_server(r.server(), &mut |vars| found = get_or_set(vars, key, None))?;
    Ok(Either::B(found))
}

fn push_handlers(r: &Request, phase: &[u8], handlers: HandlerArgs) -> Result<bool> {
    host()?.handlers.change_request(r, phase, Change::Push, handlers.keep())
}
fn set_handlers(r: &Request, phase: &[u8], handlers: HandlerArgs) -> Result<bool> {
    host()?.handlers.change_request(r, phase, Change::Set, handlers.keep())
}
fn get_handlers(r: &Request, phase: &[u8]) -> Result<Option<Array<HandlerRef>>> {
    Ok(host()?.handlers.of_request(r, phase)?.filter(|h| !h.is_empty()).map(Array))
}

fn no_cache(r: &Request, flag: Option<i32>) -> i32 {
    let old = r.no_cache();
    if let Some(flag) = flag {
        r.set_no_cache(flag);
    }
    let headers = r.headers_out();
    for name in [&b"Pragma"[..], b"Cache-Control"] {
        match (r.no_cache() != 0, flag) {
            (true, _) => headers.set(name, b"no-cache"),
            (false, Some(_)) => headers.unset(name),
            (false, None) => {}
        }
    }
    old
}

fn add_config(
    r: &Request,
    _cx: Reenter,
    lines: Strings,
    overrides: Option<i32>,
    path: Option<&[u8]>,
    options: Option<i32>,
) -> Result<()> {
    if !lines.is_array() {
        return Err("$r->add_config() has failed: not an array reference".into());
    }
    let lines: Vec<_> = lines.iter().collect();
    let given = |bits: Option<i32>| bits.filter(|bits| *bits != -1);
    host()?
        .config
        .add_to_request(r, &lines, given(overrides), path, given(options))
        .map_err(|e| e.prefixed("$r->add_config() has failed: "))
}

/// The section's values count from now on.
fn location_merge(r: &Request, location: &[u8]) -> Result<bool> {
    let merged = r.merge_location(location);
    if merged {
        host()?.config.is_changed(r);
    }
    Ok(merged)
}

/// On the connection's pool, or on one that the script made, whose object it then keeps.
fn new(_class: ClassName, c: &Connection, cx: Reenter, pool: Option<Obj<Pool>>) -> Result<Owned<Request>> {
    let base = pool.as_deref().unwrap_or_else(|| c.pool());
    let made = Request::made_up(c, base, cx);
    let r = made.map_err(|s| Raise::status(s.code(), "Apache2::RequestRec::new"))?;
    let ticket = runtime()?.ticket(Owner::of(r));
    Ok(match pool {
        Some(ref pool) => pool.made(r, ticket),
        None => Owned::by(r, ticket),
    })
}

fn child_terminate(r: &Request) -> Result<()> {
    if httpd::mpm::is_threaded() {
        return Err("Can't run '$r->child_terminate' in a threaded mpm".into());
    }
    r.terminate_child();
    Ok(())
}

fn document_root(r: &Request, root: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
    let old = r.document_root().map(<[u8]>::to_vec);
    if let Some(root) = root {
        super::server_rec::changeable("$r->document_root")?;
        r.set_document_root(root);
    }
    Ok(old)
}

fn as_string(r: &Request) -> Vec<u8> {
    fn line(text: &mut Vec<u8>, parts: &[&[u8]]) {
        parts.iter().for_each(|p| text.extend_from_slice(p));
        text.push(b'\n');
    }
    fn headers(text: &mut Vec<u8>, table: &Table) {
        for (key, value) in table.iter() {
            line(text, &[key, b": ", value]);
        }
    }
    let mut text = Vec::new();
    line(&mut text, &[r.the_request().unwrap_or_default()]);
    headers(&mut text, r.headers_in());
    line(&mut text, &[]);
    line(&mut text, &[r.protocol().unwrap_or_default(), b" ", r.status_line().unwrap_or_default()]);
    headers(&mut text, r.headers_out());
    headers(&mut text, r.err_headers_out());
    text.push(b'\n');
    text
}

/// Lua has no references to scalars: there it is the string.
fn slurp_filename(r: &Request, tainted: Option<bool>) -> Result<ByRef<Either<Tainted<Vec<u8>>, Vec<u8>>>> {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(r.filename().unwrap_or_default());
    let content = std::fs::read(name).map_err(|e| {
        Raise::status(
            e.raw_os_error().unwrap_or(libc::EIO),
            format!("Apache2::RequestUtil::slurp_filename('{}')", name.display()),
        )
    })?;
    Ok(ByRef(if tainted.unwrap_or(true) { Either::A(Tainted(content)) } else { Either::B(content) }))
}

fn set_basic_credentials(r: &Request, user: &[u8], password: &[u8]) {
    let value = [b"Basic ", apr_api::base64::encode(&[user, b":", password].concat()).as_bytes()].concat();
    r.headers_in().set(b"Authorization", &value);
}
