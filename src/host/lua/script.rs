//! A script, a function in it, and how long its globals live.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use config::script::{Script, Source, resolve};
use config::{CodeCache, DirConf, Handler, Package, ScriptScope};
use httpd::{Request, Server};
use interp::{Entry, Load, Outcome, Raised, Val};
use interp_lua::{Content, Entered, Env, Paths};

use super::super::about::About;
use super::super::connection::ConnectionState;
use super::super::lease::Frame;
use super::super::request::RequestState;
use super::super::server::ServerRecord;
use super::{LUA, entered};

/// One use of a script: its file or text, the function, and the configuration that holds there.
pub struct Use<'a> {
    /// The file's path, or the line of the configuration at which its text stands.
    pub name: &'a [u8],
    /// The text, if it stands in the configuration.
    pub text: Option<&'a config::Text>,
    /// What the file has in it.
    pub content: Content,
    /// The function that is called.
    pub function: &'a [u8],
    /// What the directory says of scripts.
    pub dir: &'a DirConf,
}

/// Calls a handler.
///
/// # Errors
/// Whatever it raised; [`Raised::Unresolved`] if it cannot be found.
pub fn call(about: &About, entry: &dyn Entry, handler: &Handler, args: &[Val]) -> Result<Outcome, Raised> {
    let by_name = || entry.call_handler(handler.id.index() as u32, &handler.name, Load::IfMissing, args);
    let (Some(script), Some(entered)) = (handler.script.as_deref(), entered(entry)) else { return by_name() };
    match &script.source {
        Source::Module(_) | Source::Function(_) => in_directory(about, |dir, server| {
            let root = root(dir, server);
            entered.call_at(handler.id.index() as u32, &handler.name, root, paths(dir.lua().package()), args)
        }),
        Source::File(_) | Source::Chunk(_) => in_directory(about, |dir, server| {
            let file = file(script, dir, server);
            let function = function(script);
            let one = match &script.source {
                Source::Chunk(text) => {
                    Use { name: &handler.name, text: Some(text), content: Content::Script, function, dir }
                }
                _ => Use { name: &file, text: None, content: Content::Script, function, dir },
            };
            run(about, entered, &one, args)
        }),
    }
}

/// Finds a handler at start-up: its module, or its file (relative to the `LuaRoot` of its section) and the function there.
///
/// # Errors
/// Why it cannot be found.
pub fn resolve_early(
    entry: &dyn Entry,
    handler: &Handler,
    s: &Server,
    section: Option<&DirConf>,
) -> Result<(), Raised> {
    let by_name = || entry.resolve(handler.id.index() as u32, &handler.name, Load::IfMissing);
    let (Some(script), Some(entered)) = (handler.script.as_deref(), entered(entry)) else { return by_name() };
    let defaults = || dir_of(LUA.dir_defaults(s));
    let merged;
    let dir = match section {
        Some(section) => {
            merged = DirConf::merge(defaults(), section);
            &merged
        }
        None => defaults(),
    };
    let (name, text) = match &script.source {
        Source::Module(_) | Source::Function(_) => {
            let (id, package) = (handler.id.index() as u32, paths(dir.lua().package()));
            return entered.resolve_at(id, &handler.name, Load::IfMissing, root(dir, s), package);
        }
        Source::File(_) => (file(script, dir, s), None),
        Source::Chunk(text) => (Cow::Borrowed(&*handler.name), Some(text)),
    };
    let script_of = of(&Use { name: &name, text, content: Content::Script, function: b"", dir });
    match function(script) {
        b"" => entered.open(&script_of).map(drop),
        function => entered.find_in(&script_of, function),
    }
}

/// Loads a module at start-up, from where a server's `LuaRoot` and paths say.
///
/// # Errors
/// As [`Entry::require_module`].
pub fn start_module(s: &Server, entry: &dyn Entry, name: &[u8]) -> Result<(), Raised> {
    let Some(entered) = entered(entry) else { return entry.require_module(name, None) };
    let dir = dir_of(LUA.dir_defaults(s));
    entered.start_module(name, root(dir, s), paths(dir.lua().package()))
}

/// Checks a line that names a handler: code that stands in the line must compile.
///
/// # Errors
/// Lua's message.
pub fn check(handler: &Handler) -> Result<(), String> {
    let Some(script) = handler.script.as_deref() else { return Ok(()) };
    let (Source::Chunk(text) | Source::Function(text)) = &script.source else { return Ok(()) };
    let code = match &script.source {
        Source::Function(_) => [b"return ", &text.code[..]].concat(),
        _ => text.code.to_vec(),
    };
    interp_lua::check(&code, &text.at.file, text.at.line)
}

/// The function that a script's line names: `handle` unless it says so. A block without one runs itself.
pub fn function(script: &Script) -> &[u8] {
    match (&script.function, &script.source) {
        (Some(function), _) => function,
        (None, Source::Chunk(_)) => config::script::BLOCK,
        (None, _) => b"handle",
    }
}

fn in_directory<R>(about: &About, f: impl FnOnce(&DirConf, &Server) -> R) -> R {
    match about {
        About::Request(r) => f(dir_of(LUA.dir(r)), r.server()),
        About::Connection(c) => f(dir_of(LUA.dir_defaults(c.base_server())), c.base_server()),
        About::Server(s) => f(dir_of(LUA.dir_defaults(s)), s),
    }
}

/// The configuration of a directory; that nothing is written where there is no record.
pub fn dir_of(dir: Option<&DirConf>) -> &DirConf {
    dir.unwrap_or_else(|| DirConf::nothing())
}

/// `LuaRoot`: that of the section, else that of the server.
fn root<'d>(dir: &'d DirConf, server: &'d Server) -> Option<&'d Arc<[u8]>> {
    dir.root().or_else(|| ServerRecord::find(LUA, server).and_then(|record| record.conf.root()))
}

/// The path of a script's file, as written: relative to `LuaRoot`, else to `ServerRoot`.
pub fn path<'n>(name: &'n [u8], dir: &DirConf, server: &Server) -> Cow<'n, [u8]> {
    resolve(root(dir, server).map(|root| &**root), httpd::server::server_root().unwrap_or_default(), name)
}

/// The path of a script's file; empty where it stands in the configuration.
pub fn file<'s>(script: &'s Script, dir: &DirConf, server: &Server) -> Cow<'s, [u8]> {
    match &script.source {
        Source::File(name) => path(name, dir, server),
        _ => Cow::Borrowed(b""),
    }
}

/// The path of a handler's file; `None` where it is no file.
pub fn file_of(handler: &Handler, r: &Request) -> Option<Vec<u8>> {
    let script = handler.script.as_deref()?;
    Some(file(script, dir_of(LUA.dir(r)), r.server()).into_owned()).filter(|path| !path.is_empty())
}

/// Runs a function of a script.
///
/// # Errors
/// Whatever it raised; [`Raised::Unresolved`] if the file or the function is not there.
pub fn run(about: &About, entered: &Entered, one: &Use<'_>, args: &[Val]) -> Result<Outcome, Raised> {
    let script = of(one);
    match (one.dir.script_scope(), about) {
        (ScriptScope::Once, About::Request(_) | About::Connection(_)) => entered.run_once(&script, one.function, args),
        (ScriptScope::Thread | ScriptScope::Server { .. }, _) => entered.run_kept(&script, one.function, args),
        _ => entered.call_in(&env(about, entered, one)?, one.function, args),
    }
}

/// The use in the engine's form.
fn of<'a>(one: &Use<'a>) -> interp_lua::Script<'a> {
    let cache = match one.dir.code_cache() {
        CodeCache::Stat => interp_lua::CodeCache::Stat,
        CodeCache::Forever => interp_lua::CodeCache::Forever,
        CodeCache::Never => interp_lua::CodeCache::Never,
    };
    interp_lua::Script {
        name: one.name,
        text: one.text.map(|text| &*text.code),
        first_line: one.text.map_or(1, |text| text.at.line),
        content: one.content,
        cache,
        paths: paths(one.dir.lua().package()),
    }
}

/// The paths of modules in the engine's form.
pub fn paths(package: &Package) -> &Paths {
    static NONE: Paths = Paths { path: Vec::new(), cpath: Vec::new(), id: 0 };
    let copy = |list: &[Arc<[u8]>]| list.iter().map(|path| path.to_vec().into()).collect();
    let make = || Paths { path: copy(&package.path), cpath: copy(&package.cpath), id: package.id as u64 };
    package.made.get(make).unwrap_or(&NONE)
}

/// The globals of a script for this use, its chunk run if they are new.
///
/// # Errors
/// What the chunk raised.
pub fn env(about: &About, entered: &Entered, one: &Use<'_>) -> Result<Env, Raised> {
    let script = of(one);
    match (one.dir.script_scope(), about) {
        (ScriptScope::Once, _) => entered.open(&script),
        (ScriptScope::Request, About::Request(r)) => of_request(r, entered, &script),
        (ScriptScope::Conn, About::Request(r)) => of_connection(r.connection(), entered, &script),
        (ScriptScope::Request | ScriptScope::Conn, About::Connection(c)) => of_connection(c, entered, &script),
        _ => entered.kept_env(&script),
    }
}

type Scripts = RefCell<Vec<(Arc<[u8]>, Box<dyn Any + Send>)>>;

/// The globals that somebody keeps for a script in this state, if the script has not changed since.
fn kept(scripts: &Scripts, entered: &Entered, script: &interp_lua::Script<'_>) -> Result<Option<Env>, Raised> {
    let of = |env: &Box<dyn Any + Send>| env.downcast_ref::<Env>().filter(|env| entered.has(env)).cloned();
    let found = scripts.borrow().iter().filter(|(of, _)| **of == *script.name).find_map(|(_, env)| of(env));
    let Some(env) = found else { return Ok(None) };
    if entered.is_current(&env, script)? {
        return Ok(Some(env));
    }
    let mut scripts = scripts.borrow_mut();
    let at = scripts.iter().position(|(name, env)| **name == *script.name && of(env).is_some());
    let old = at.map(|at| scripts.swap_remove(at));
    drop(scripts);
    drop(old);
    Ok(None)
}

fn of_request(r: &Request, entered: &Entered, script: &interp_lua::Script<'_>) -> Result<Env, Raised> {
    let (Some(state), Some(hold)) = (RequestState::of(LUA, r), Frame::find(|f| Some(f.hold.clone()))) else {
        return entered.open(script);
    };
    if let Some(env) = kept(&state.extras().scripts, entered, script)? {
        return Ok(env);
    }
    let env = entered.open(script)?;
    state.pin(r, &hold);
    state.extras().scripts.borrow_mut().push((script.name.into(), Box::new(env.clone())));
    Ok(env)
}

fn of_connection(c: &httpd::Connection, entered: &Entered, script: &interp_lua::Script<'_>) -> Result<Env, Raised> {
    let place = Frame::find(|f| Some((f.stock.clone(), f.hold.clone())));
    let (Some(state), Some((stock, hold))) = (ConnectionState::of(LUA, c), place) else { return entered.open(script) };
    if let Some(env) = kept(&state.scripts, entered, script)? {
        return Ok(env);
    }
    let env = entered.open(script)?;
    state.settle(&stock, &hold);
    state.scripts.borrow_mut().push((script.name.into(), Box::new(env.clone())));
    Ok(env)
}
