//! `Apache2::Access`: who may see what, and how that is asked.

use super::{host::host, log};
use apr::Reenter;
use httpd::{Request, log::Level};
use interp::*;

/// Methods of a request.
pub(super) static PART: Part = Part::new("Apache2::Access", ROWS);

static ROWS: &[Row] = &current([
    method("auth_name([name])", auth_name).doc("AuthName; sets it for this request."),
    method("auth_type([type])", auth_type).doc("AuthType, none if there is none; sets it for this request."),
    method("some_auth_required()", Request::some_auth_required).doc("Whether a Require line asks for a user."),
    method("get_basic_auth_pw()", basic_auth_pw)
        .doc("OK and the password of Basic authentication, or a status and undef."),
    method("note_auth_failure()", Request::note_auth_failure).doc("Asks the client to authenticate, as AuthType says."),
    method("note_basic_auth_failure()", Request::note_basic_auth_failure)
        .doc("Asks the client for Basic authentication."),
    method("note_digest_auth_failure()", Request::note_digest_auth_failure)
        .doc("Asks the client for Digest authentication."),
    method("allow_options()", Request::allow_options).doc("Options here, as bits."),
    method("allow_override_opts()", Request::allow_override_opts)
        .doc("The options that AllowOverride Options= permits here, as bits."),
    method("allow_overrides()", Request::allow_overrides).doc("AllowOverride here, as bits."),
    method("allow_methods(reset, @methods)", |r: &Request, reset: bool, methods: Rest| {
        r.allow_methods(reset, methods.iter())
    })
    .doc("Adds to the methods that the Allow header names, or begins them anew."),
    method("get_remote_logname()", get_remote_logname).doc("The name that the client's identd gave."),
    method("satisfies()", Request::satisfies).doc("Satisfy here."),
]);

/// As with mod_perl a value that httpd refuses is a warning. One in quotes is taken as it is.
fn set_auth(r: &Request, directive: &str, value: &[u8]) -> Result<()> {
    const OR_AUTHCFG: i32 = 8;
    let value: Vec<u8> = value.iter().copied().filter(|b| *b != b'\n').collect();
    let value = match value.first() {
        Some(b'"' | b'\'') => value,
        _ => in_quotes(&value),
    };
    let line = [directive.as_bytes(), b" ", &value].concat();
    if host()?.config.add_to_request(r, &[&line], Some(OR_AUTHCFG), None, None).is_err() {
        let text = format!("Can't change {directive} to '{}'", String::from_utf8_lossy(&value));
        log::text(r.server(), Level::Warn, text.as_bytes());
    }
    Ok(())
}

/// As one word of a line. A quote that has a backslash already, and any other pair of these, stays as it is.
fn in_quotes(value: &[u8]) -> Vec<u8> {
    let mut word = vec![b'"'];
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => word.extend(b"\\\""),
            b'\\' => word.extend([b'\\', bytes.next().unwrap_or(b'\\')]),
            byte => word.push(byte),
        }
    }
    word.push(b'"');
    word
}

fn auth_name(r: &Request, name: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
    if let Some(name) = name {
        set_auth(r, "AuthName", name)?;
    }
    Ok(r.auth_name().map(<[u8]>::to_vec))
}

fn auth_type(r: &Request, kind: Option<&[u8]>) -> Result<Vec<u8>> {
    if let Some(kind) = kind {
        set_auth(r, "AuthType", kind)?;
    }
    Ok(r.auth_type().unwrap_or(b"none").to_vec())
}

/// Without an AuthType the directory's becomes Basic.
fn basic_auth_pw(r: &Request) -> Result<List<Either<i32, Option<Vec<u8>>>>> {
    if r.auth_type().is_none() {
        set_auth(r, "AuthType", b"Basic")?;
    }
    let (status, password) = r.basic_auth_pw();
    Ok(List(vec![Either::A(status), Either::B(password.map(<[u8]>::to_vec))]))
}

fn get_remote_logname<'r>(r: &'r Request, cx: Reenter) -> Option<&'r [u8]> {
    r.remote_logname(cx)
}
