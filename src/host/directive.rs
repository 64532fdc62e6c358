//! What a line of the configuration does: the row changes the records, and what is left to be done at once is done here.

use std::cell::Cell;

use config::{Access, Context, Directive, Effect, Key, Phase, Queued, Scope, ServerOption};
use httpd::auth::PER_CONF;
use httpd::log::Level;
use httpd::{Command, Host, Server, ServerEdit, Slots};

use interp::trace;

use super::about::{About, in_parent};
use super::call::enter_any;
use super::filter::insert::way_of;
use super::lang::Lang;
use super::lease::Frame;
use super::provider::Provider;
use super::server::{ServerRecord, choose};
use super::site::{ClassUse, Early};
use super::start_error::StartError;
use super::token::Token;
use super::{dicts, lives, parents, providers, report, site};

/// A host whose configuration has the common records.
pub trait CommonHost: Host<Server = ServerRecord, Dir = config::DirConf> {}
impl<H: Host<Server = ServerRecord, Dir = config::DirConf>> CommonHost for H {}

thread_local! {
    /// How many times code (`add_config`) has fed lines that are being read, one within another.
    static FROM_CODE: Cell<u32> = const { Cell::new(0) };
}

/// Lines that code feeds, within lines that code feeds: more of them end with the stack.
const DEEPEST: u32 = 20;

/// Runs `f`, which feeds lines of configuration that a script made.
///
/// # Errors
/// The lines make such lines themselves, and so on without an end; what `f` says.
pub fn as_code<E: From<&'static str>>(f: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    struct Back(u32);
    impl Drop for Back {
        fn drop(&mut self) {
            FROM_CODE.set(self.0);
        }
    }
    if FROM_CODE.get() == DEEPEST {
        return Err("lines that code adds have added lines twenty times, one within another: a line adds itself".into());
    }
    let _back = Back(FROM_CODE.replace(FROM_CODE.get() + 1));
    f()
}

/// Called for each directive of ours that httpd reads.
///
/// # Errors
/// What the administrator is to read.
pub fn directive<H: CommonHost>(
    lang: Lang,
    row: &'static Directive,
    cmd: &Command,
    slots: &Slots<'_, H>,
    args: &[&[u8]],
) -> Result<(), StartError> {
    let s = cmd.server();
    if trace::on(trace::Topic::Directives) {
        told(row, cmd, args);
    }
    let at = config::Where::new(&*String::from_utf8_lossy(cmd.file().unwrap_or(b"")), cmd.line());
    let running = parents::main_stock(lang).is_some();
    let server_running = choose(lang, &About::Server(s)).is_some() || (!s.is_virtual() && running);
    let effect = slots
        .edit(|server, dir| {
            let mut context = Context {
                server: match server {
                    ServerEdit::Write(record) => Access::Write(&mut record.conf),
                    ServerEdit::Read(record) => Access::Read(&record.conf),
                },
                dir,
                place: cmd.place(),
                at: at.clone(),
                from_code: FROM_CODE.get() > 0,
                mpm_threaded: httpd::mpm::is_threaded(),
                perl_has_ithreads: lang.facts.has_threads,
                running,
                server_running,
                at_terminal: httpd::server::is_defined(b"DEBUG"),
                getenv: config::process_env,
            };
            row.apply(&mut context, args)
        })
        .map_err(StartError::NoChange)?
        .map_err(|e| StartError::Line(Box::new(e)))?;
    if !cmd.is_serving() {
        note_handlers(lang, cmd, slots, &effect);
    }
    if row.setting() == Some(Key::Threads) && !cmd.is_serving() {
        lang.call_before_responses();
    }
    let record = slots.server();
    if !cmd.is_serving() && record.is_some_and(|record| record.conf.options.is(ServerOption::Htaccess)) {
        // A .htaccess file may name any of them, when no callback can be registered any more.
        Phase::all().filter(|phase| phase.row().of(lang.facts.tongue).is_some()).for_each(|phase| {
            lang.call_for(phase);
        });
    }
    match effect {
        Effect::Done => Ok(()),
        Effect::Note(note) => {
            let level = if note.is_contradiction() && !cmd.is_serving() { Level::Warn } else { Level::Info };
            report::server(lang, Some(s), level, &format!("{note} ({})", note.at));
            Ok(())
        }
        Effect::Trace(level) => {
            trace::set(trace::level(&level).map_err(|text| StartError::Refused("PerlTrace", text))?);
            Ok(())
        }
        Effect::Run(item) => run_now(lang, s, record, &item),
        Effect::RunCode(code) => {
            let stock = parents::stock_now(lang, s, record)?;
            in_parent(s, &stock, |entry| lang.run_config(entry, cmd, &code))
        }
        Effect::TokenFile(path) => {
            site::with(lang, |site| site.token = Token::File(path));
            Ok(())
        }
        Effect::Dict(conf) => dicts::define(&conf),
        Effect::UsesClass(class) => {
            if !cmd.is_serving() {
                let server = s.keep();
                site::with(lang, |site| site.class_uses.push(ClassUse { server, class }));
            }
            Ok(())
        }
        Effect::Speaks => {
            lang.call_for(Phase::ProcessConnection);
            lang.in_use.mark(Phase::ProcessConnection);
            // The program has hooks for these.
            lives::PHASES.into_iter().for_each(|phase| lang.in_use.mark(phase));
            Ok(())
        }
        Effect::Provider(config::NamedProvider { directive, group, name, handler }) => {
            let provider = Provider { group, name, check: handler, second: None };
            providers::register(lang, provider, b"0", PER_CONF).map_err(|s| StartError::Refused(directive, s.message()))
        }
        effect @ (Effect::Handlers(_) | Effect::Map(_) | Effect::Filter(_) | Effect::Job(_)) => {
            if let Effect::Handlers(named) = &effect {
                if !lang.call_for(named.phase) {
                    return Err(StartError::NotCalled(named.directive));
                }
                lang.in_use.mark(named.phase);
            }
            lang.act(effect)
        }
        Effect::EnvNow { name, value } => {
            let stock = parents::stock_now(lang, s, record)?;
            in_parent(s, &stock, |entry| lang.set_env(entry, &name, &value));
            Ok(())
        }
    }
}

/// A line of ours that is read, for the trace.
fn told(row: &Directive, cmd: &Command, args: &[&[u8]]) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    // Of a section, the line that opens it.
    let words: Vec<_> = args.iter().map(|word| text(word.split(|b| *b == b'\n').next().unwrap_or_default())).collect();
    let opens = if args.iter().any(|word| word.contains(&b'\n')) { "<" } else { "" };
    let (name, file) = (row.plain_name(), text(cmd.file().unwrap_or_default()));
    trace!(Directives, "{opens}{name} {}, {file}:{} ({})", words.join(" "), cmd.line(), site::name_of(cmd.server()));
}

/// Notes the handlers that a line named, since they may have to be resolved at start-up.
fn note_handlers<H: CommonHost>(lang: Lang, cmd: &Command, slots: &Slots<'_, H>, effect: &Effect) {
    let script;
    let (directive, named) = match effect {
        // These are found in the interpreters of their server or class, by `lives`.
        Effect::Handlers(named) if named.phase.row().scope == Scope::Interpreter => return,
        Effect::Handlers(named) => (named.directive, &named.handlers[..]),
        Effect::Provider(provider) => (provider.directive, std::slice::from_ref(&provider.handler)),
        Effect::Map(map) => {
            script = map.as_handler();
            ("LuaMapHandler", script.as_slice())
        }
        Effect::Filter(filter) => {
            script = Some(filter.as_handler());
            (filter.direction.directive(), script.as_slice())
        }
        _ => return,
    };
    let filters = match effect {
        Effect::Handlers(named) if named.phase.row().scope == Scope::Filter => Some(way_of(named.phase)),
        _ => None,
    };
    for handler in named {
        let (server, handler, section) = (cmd.server().keep(), handler.clone(), slots.section());
        let is_outside = cmd.place().is_server_level();
        site::note_handler(lang, Early { server, directive, handler, filters, is_outside, section });
    }
}

/// Runs start-up code at once: in the interpreter whose code has fed the line, else in the server's. A virtual host that code has made
/// with an interpreter of its own has it run there.
fn run_now(lang: Lang, s: &Server, record: Option<&ServerRecord>, item: &Queued) -> Result<(), StartError> {
    let of_lang = |frame: &Frame<'_>| std::ptr::eq(frame.stock.lang, lang).then(|| frame.hold.clone());
    let has_own = s.is_virtual() && record.is_some_and(|record| record.conf.has_own_parent());
    let feeding = if FROM_CODE.get() > 0 && !has_own { Frame::find(of_lang) } else { None };
    match feeding {
        Some(hold) => enter_any(&hold, |entry| parents::run_in(lang, s, entry, item)),
        None => parents::run(s, &parents::stock_now(lang, s, record)?, item),
    }
}
