//! The response phase: `SetHandler lua-script` (the request's file is the script), `SetHandler lua` (`LuaResponseHandler`),
//! and `LuaMapHandler`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::{Arc, PoisonError, RwLock};

use apr::Reenter;
use config::script::interpolate;
use config::{ContentRow, DirOption, Form, HandlerId, MapHandler, Phase, Source};
use httpd::log::Level;
use httpd::status::{DECLINED, HTTP_INTERNAL_SERVER_ERROR, HTTP_NOT_FOUND, OK};
use httpd::{Groups, Regex, Request};
use interp::{Outcome, Raised};
use interp_lua::{Content, Entered};
use lazy_static::lazy_static;

use super::super::about::{About, OfRequest};
use super::super::call::Call;
use super::super::content::{Own, Work};
use super::super::start_error::StartError;
use super::super::{configured, content, hint, report};
use super::scope;
use super::script::{self, Use};
use super::{LUA, LuaLanguage, entered};

lazy_static! {
    /// Patterns of `LuaMapHandler`, each compiled when its line was read, or first met.
    static ref PATTERNS: RwLock<HashMap<HandlerId, Arc<Regex>>> = RwLock::default();
}

/// Called when a new reading of the configuration begins.
pub fn forget() {
    PATTERNS.write().unwrap_or_else(PoisonError::into_inner).clear();
}

/// The pattern of a line, kept with the line; the pattern of a line in a `.htaccess` file, which is read for each request, is looked up.
fn pattern(map: &MapHandler) -> Result<&Regex, &str> {
    match map.made.get(|| compiled(map)) {
        Some(Ok(regex)) => Ok(regex),
        Some(Err(why)) => Err(why),
        None => Err("the compiled pattern is of another kind"),
    }
}

fn compiled(map: &MapHandler) -> Result<Arc<Regex>, String> {
    if let Some(regex) = PATTERNS.read().unwrap_or_else(PoisonError::into_inner).get(&map.id) {
        return Ok(regex.clone());
    }
    let regex = Arc::new(Regex::new(&map.pattern, 0)?);
    PATTERNS.write().unwrap_or_else(PoisonError::into_inner).insert(map.id, regex.clone());
    Ok(regex)
}

/// Compiles a line's pattern, or finds it compiled already.
///
/// # Errors
/// What is wrong with it.
pub fn compile(map: &MapHandler) -> Result<(), StartError> {
    let wrong = |why: &str| StartError::Pattern {
        directive: "LuaMapHandler",
        pattern: (*map.pattern).into(),
        why: why.to_owned(),
    };
    pattern(map).map(drop).map_err(wrong)
}

/// What is done around an answer in Lua.
#[inline(always)]
pub fn answer(call: &Call<'_, OfRequest<'_>>, entry: &dyn interp::Entry, work: impl Work) -> c_int {
    let r = call.about.r;
    let entered = entered(entry);
    entered.inspect(|entered| entered.forget_print());
    let status = work.run(call, entry);
    if status == OK && entered.is_some_and(Entered::has_printed) {
        printed(r);
    }
    // SAFETY: in the response phase, inside the interpreter; nothing is lent here.
    api::lua::end_websocket(r, unsafe { Reenter::assume() });
    status
}

/// Answers by a script. The first script that runs may decide which interpreter that is (`LuaScope server`).
fn respond(
    row: Option<&ContentRow>,
    r: &Request,
    script: impl FnOnce() -> Vec<u8>,
    f: impl FnOnce(&OfRequest<'_>, &dyn interp::Entry) -> c_int,
) -> c_int {
    let hold = |call: &Call<'_, OfRequest<'_>>| scope::hold(&call.about, call.stock, script);
    content::respond::<LuaLanguage>(row, r, hold, Own(f)).unwrap_or(DECLINED)
}

/// A handler has printed to STDOUT: says so if it sent nothing.
#[cold]
fn printed(r: &Request) {
    if r.bytes_sent() != 0 || r.has_begun_to_write() {
        return;
    }
    let of_file = |directive: &str, file: &[u8]| format!("{directive} {}", String::from_utf8_lossy(file));
    let what = match content::of::<LuaLanguage>(r).map(|row| (row, row.form)) {
        Some((row, Form::File | Form::Page)) => {
            of_file(&format!("SetHandler {}", row.written()), r.filename().unwrap_or_default())
        }
        Some((_, Form::Handlers)) => configured::of_request(LUA, Phase::Response, r)
            .first()
            .map_or_else(String::new, |handler| report::name_of(LUA, Phase::Response, handler)),
        Some((_, Form::Status | Form::Metrics)) | None => of_file(
            "LuaMapHandler",
            &matching(r, 0).and_then(|(_, map, groups)| map_file(r, map, &groups)).unwrap_or_default(),
        ),
    };
    hint::printed_astray(LUA, r, &what);
}

/// `SetHandler lua-script` and `lua-embed`: runs the function `handle` of the request's own file, or the page that it is.
pub fn own_file(row: &'static ContentRow, r: &Request) -> c_int {
    if let Some(status) = content::not_run(LUA, row, r) {
        return status;
    }
    let name = r.filename().unwrap_or_default().to_vec();
    respond(
        Some(row),
        r,
        || name.clone(),
        |of, entry| {
            let dir = script::dir_of(LUA.dir(r));
            let escapes = dir.options.said(DirOption::EmbedEscape).unwrap_or(false);
            let content = if row.form == Form::Page { Content::Page { escapes } } else { Content::Script };
            let one = Use { name: &name, text: None, content, function: b"handle", dir };
            status(r, &format!("SetHandler {}", row.written()), &one, script_result(of, entry, &one))
        },
    )
}

fn script_result(of: &OfRequest<'_>, entry: &dyn interp::Entry, one: &Use<'_>) -> Result<Outcome, Raised> {
    let Some(entered) = entered(entry) else { return Err(Raised::Unresolved(b"there is no Lua state".to_vec())) };
    script::run(&About::Request(of.r), entered, one, &[of.state.subject(of.r)])
}

/// The status that a script's result stands for: a script that returns no number has answered the request.
fn status(r: &Request, directive: &str, one: &Use<'_>, done: Result<Outcome, Raised>) -> c_int {
    let step = || format!("{directive} {}", String::from_utf8_lossy(one.name));
    match done {
        Ok(outcome) if outcome.is_number => {
            let number = c_int::try_from(outcome.number).unwrap_or(HTTP_INTERNAL_SERVER_ERROR);
            if !matches!(number, OK | DECLINED) {
                hint::script_result(LUA, r, Phase::Response, &step(), &outcome, number);
            }
            httpd::status::of_script(number)
        }
        Ok(_) | Err(Raised::Exit(_)) => OK,
        Err(raised) => {
            report::script(LUA, r, &step(), &raised);
            HTTP_INTERNAL_SERVER_ERROR
        }
    }
}

/// The first `LuaMapHandler` that matches the URI, and what its groups matched.
fn matching(r: &Request, from: usize) -> Option<(usize, &Arc<MapHandler>, Groups<'_>)> {
    let maps = &LUA.dir(r)?.lua().maps;
    let uri = r.uri().unwrap_or_default();
    maps.iter().enumerate().skip(from).find_map(|(i, map)| {
        let regex = match pattern(map) {
            Ok(regex) => regex,
            Err(e) => {
                let text = format!("LuaMapHandler: \"{}\" ({}): {e}", String::from_utf8_lossy(&map.pattern), map.at);
                report::request(LUA, r, Level::Error, &text);
                return None;
            }
        };
        Some((i, map, regex.find(uri)?))
    })
}

/// Whether there is any `LuaMapHandler` for a request's directory.
pub fn has_maps(r: &Request) -> bool {
    LUA.dir(r).is_some_and(|dir| !dir.lua().maps.is_empty())
}

/// Fixup: takes a request that has no handler yet if a map matches, so that `FallbackResource` leaves it alone.
pub fn claim(r: &Request) -> c_int {
    if r.handler().is_some() || matching(r, 0).is_none() {
        return DECLINED;
    }
    r.set_handler_to(c"lua-map-handler");
    OK
}

/// Runs the `LuaMapHandler` lines that match, until one does not decline.
pub fn mapped(r: &Request) -> c_int {
    let Some(mut next) = matching(r, 0) else { return DECLINED };
    let first = || matching(r, 0).and_then(|(_, map, groups)| map_file(r, map, &groups).map(Cow::into_owned));
    let script = || first().unwrap_or_default();
    respond(None, r, script, |of, entry| {
        loop {
            let (i, map, groups) = next;
            let status = map_one(of, entry, map, &groups);
            if status != DECLINED {
                return status;
            }
            match matching(r, i + 1) {
                Some(more) => next = more,
                None => return DECLINED,
            }
        }
    })
}

/// The path of a map's file, with what its pattern matched put in for `$1` and the like.
fn map_file<'m>(r: &Request, map: &'m MapHandler, groups: &Groups<'_>) -> Option<Cow<'m, [u8]>> {
    match (&map.path, &map.script.source) {
        (Some(path), _) => Some(Cow::Borrowed(&**path)),
        (None, Source::File(name)) => {
            let written = interpolate(name, |n| groups.get(n).copied().flatten().unwrap_or_default());
            Some(Cow::Owned(script::path(&written, script::dir_of(LUA.dir(r)), r.server()).into_owned()))
        }
        _ => None,
    }
}

fn map_one(of: &OfRequest<'_>, entry: &dyn interp::Entry, map: &MapHandler, groups: &Groups<'_>) -> c_int {
    let group = |n: usize| groups.get(n).copied().flatten().unwrap_or_default();
    let dir = script::dir_of(LUA.dir(of.r));
    let name = script::function(&map.script);
    let function = if map.is_literal { Cow::Borrowed(name) } else { interpolate(name, group) };
    let Some(file) = map_file(of.r, map, groups) else { return DECLINED };
    let one = Use { name: &file, text: None, content: Content::Script, function: &function, dir };
    match script_result(of, entry, &one) {
        Ok(outcome) if !outcome.is_number => {
            let text = format!(
                "LuaMapHandler {} in {}: did not return a number, taken for apache2.OK",
                String::from_utf8_lossy(&function),
                String::from_utf8_lossy(&file)
            );
            report::request(LUA, of.r, Level::Warn, &text);
            OK
        }
        done => {
            let is_missing = matches!(done, Err(Raised::Unresolved(_))) && is_no_file(&file);
            let status = status(of.r, "LuaMapHandler", &one, done);
            if is_missing { HTTP_NOT_FOUND } else { status }
        }
    }
}

/// Whether a script is not there: what its address named may come from the client.
fn is_no_file(path: &[u8]) -> bool {
    match std::fs::metadata(OsStr::from_bytes(path)) {
        Ok(found) => found.is_dir(),
        Err(e) => matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::ENAMETOOLONG)),
    }
}
