//! Arguments and body of a request. A body is read whole through the input filters, chunked or not.

use super::form::{self, Keep, Kind};
use super::log;
use apr::{Reenter, Table};
use httpd::{BodyError, Request, log::Level};
use interp::*;
use std::{borrow::Cow, ffi::OsStr, fs::OpenOptions, io::Write as _, os::unix::ffi::OsStrExt};

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(LUA, [
    method("headers_in_table()", |r: &Request| tables_of(r.headers_in()))
        .doc("Headers of the request, as two tables: first values, and all of them."),
    method("headers_out_table()", |r: &Request| tables_of(r.headers_out()))
        .doc("Headers of the answer, as two tables: first values, and all of them."),
    method("err_headers_out_table()", |r: &Request| tables_of(r.err_headers_out()))
        .doc("Headers that are sent with an error too, as two tables: first values, and all of them."),
    method("notes_table()", |r: &Request| tables_of(r.notes()))
        .doc("Notes from module to module, as two tables: first values, and all of them."),
    method("subprocess_env_table()", |r: &Request| tables_of(r.subprocess_env()))
        .doc("Environment for CGI and its kin, as two tables: first values, and all of them."),
    method("parseargs()", parseargs)
        .doc("The query string as two tables: the last value of each name, and all values of each name."),
    method("parsebody([limit])", parsebody)
        .doc("A form that was sent, as two tables: a value of each name, and all of each; of at most 8192 bytes, if no \
              other limit is given (0: none). A third result says what is wrong."),
    method("requestbody([filename], [limit])", requestbody)
        .doc("The body and its length; with a file, stores it there and gives its length. If it is larger than a limit, nil and why."),
]);

/// Bytes that `parsebody` reads if it is told no other limit.
const DEFAULT_LIMIT: i64 = 8192;

pub(super) fn parseargs(r: &Request) -> List<Value> {
    List(form::tables(form::query(r.args().unwrap_or_default()), Keep::Last).into())
}

/// With a third result where something is wrong: then the tables have what could be read.
pub(super) fn parsebody(r: &Request, limit: Option<i64>, cx: Reenter) -> List<Value> {
    let kind = Kind::of(r.headers_in().get(b"Content-Type").unwrap_or_default());
    let empty = |error: Option<String>| {
        let tables = form::tables(Vec::new(), Keep::Last).into_iter();
        List(tables.chain(error.as_deref().map(Value::from)).collect())
    };
    if kind == Kind::Other {
        return empty(None);
    }
    let most = u64::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(0);
    let body = match r.read_all(most, cx) {
        Ok(body) => body,
        Err(error @ BodyError::TooLarge(_)) => {
            // A script that names a limit looks at the third result; the others mostly do not know of one.
            let level = if limit.is_some() { Level::Info } else { Level::Warn };
            let text = format!("r:parsebody: {error}, the tables are empty: r:parsebody(bytes) takes more");
            log::line(r, level, text.as_bytes());
            return empty(Some(error.to_string()));
        }
        Err(error) => return empty(Some(error.to_string())),
    };
    match kind {
        Kind::Multipart(boundary) => {
            let (pairs, is_whole) = form::multipart(&body, &boundary);
            let error =
                (!is_whole && !body.is_empty()).then(|| "the request body does not end with its boundary".into());
            List(form::tables(pairs, Keep::First).into_iter().chain(error).collect())
        }
        _ => List(form::tables(form::urlencoded(&body), Keep::Last).into()),
    }
}

/// The body and its length; with a file its length. Nothing where there is no body.
pub(super) fn requestbody<'r>(
    r: &'r Request,
    filename: Option<&[u8]>,
    limit: Option<i64>,
    cx: Reenter,
) -> List<Either<&'r [u8], Value>> {
    let limit = u64::try_from(limit.unwrap_or(0)).unwrap_or(0);
    if let Some(filename) = filename {
        return List(stored(r, filename, limit, cx).0.into_iter().map(Either::B).collect());
    }
    match r.read_all(limit, cx) {
        Ok(body) if body.is_empty() => List(Vec::new()),
        Ok(body) => {
            let length = Either::B(Value::Int(body.len() as i64));
            match body {
                Cow::Borrowed(body) => List(vec![Either::A(body), length]),
                Cow::Owned(body) => List(vec![Either::B(Value::Text(body)), length]),
            }
        }
        Err(error) => List(vec![Either::B(Value::Nothing), Either::B(Value::Text(error.to_string().into()))]),
    }
}

fn stored(r: &Request, filename: &[u8], limit: u64, cx: Reenter) -> List<Value> {
    match store(r, filename, limit, cx) {
        Ok(length) => List(vec![Value::Int(length as i64)]),
        Err(error @ BodyError::TooLarge(_)) => List(vec![Value::Nothing, Value::Text(error.to_string().into())]),
        Err(error) => List(vec![Value::Bool(false), Value::Text(error.to_string().into())]),
    }
}

fn store(r: &Request, filename: &[u8], limit: u64, cx: Reenter) -> Result<u64, BodyError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(OsStr::from_bytes(filename))
        .map_err(|e| BodyError::Kept(e.to_string()))?;
    r.read_pieces(limit, cx, |piece| file.write_all(piece))
}

/// Two tables as of arguments: the first value of each key, and all of them.
pub(super) fn tables_of(table: &Table) -> List<Value> {
    let pairs = table.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    List(form::tables(pairs, Keep::First).into())
}
