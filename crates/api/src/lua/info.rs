//! What a script may ask of the server: MPM, scoreboard, modules, configuration.

use apr::Reenter;
use httpd::{Loaded, Node, Request, Server, ffi, mpm, scoreboard, server, util};
use interp::*;

/// Methods of a request.
pub(crate) static PART: Part = Part::lua(ROWS);

static ROWS: &[Row] = &only(LUA, [
    method("regex(text, pattern, [flags])", regex)
        .doc("Groups of the first match by number, the whole match as 0; false where nothing matches. Flags: 1 any case, 2 lines."),
    method("strcmp_match(text, pattern, [any_case])", strcmp_match)
        .loose()
        .doc("Whether a text matches a pattern with * and ?."),
    method("date_parse_rfc(text)", date_parse_rfc)
        .loose()
        .doc("A date as seconds since 1970; nil if it is none."),
    method("expr(expression)", expr).doc("Whether an expression of httpd's is true; false and why it is none."),
    method("clock()", |_: &Request| apr::now()).doc("Microseconds since 1970."),
    method("usleep(microseconds)", usleep).loose().doc("Waits this many microseconds."),
    method("mpm_query(number)", mpm_query)
        .loose()
        .doc("What the MPM says of itself, AP_MPMQ_*: 14 is 1 with event; 0 for what it does not know."),
    method("state_query(name)", state_query)
        .loose()
        .doc("What httpd says of itself: MAIN_STATE (0), RUN_MODE (1), CONFIG_GEN (2); -1 for anything else."),
    method("exists_config_define(name)", exists_config_define)
        .loose()
        .doc("Whether a name was given with -D or Define."),
    method("module_info(name)", module_info)
        .loose()
        .doc("A module's directives, in a table within a table: commands. Nil if there is no such module, or it has none."),
    method("loaded_modules()", loaded_modules).doc("Names of all modules."),
    method("server_info()", server_info).doc("Executable, ServerRoot, scoreboard and MPM, in a table."),
    method("scoreboard_process(process)", scoreboard_process)
        .doc("A process's line of the scoreboard, from 0; nil if there is none."),
    method("scoreboard_worker(process, thread)", scoreboard_worker)
        .doc("A thread's line of the scoreboard; nil if there is none."),
    method("config()", config)
        .doc("All directives: a table of tables with directive, file, line and, in a section, children."),
    method("activeconfig()", activeconfig).doc("The directives of the request's virtual host, as config."),
]);

/// For functions that scripts call with a dot or with a colon.
type Called<'c> = Maybe<&'c Request>;

/// 0 for what the MPM does not know.
pub(super) fn mpm_query(_r: Called, what: i32) -> i32 {
    util::mpm_query(what).unwrap_or(0)
}

/// `AP_SQ_*`, by number or by name; -1 for what httpd does not know.
pub(super) fn state_query(_r: Called, what: Plain) -> Result<i32> {
    let number = match what {
        Plain::Text(name) => {
            let name = name.to_ascii_uppercase();
            match name.strip_prefix(b"AP_SQ_").unwrap_or(&name) {
                b"MAIN_STATE" => Some(i64::from(ffi::AP_SQ_MAIN_STATE)),
                b"RUN_MODE" => Some(i64::from(ffi::AP_SQ_RUN_MODE)),
                b"CONFIG_GEN" => Some(i64::from(ffi::AP_SQ_CONFIG_GEN)),
                _ => what.int(),
            }
        }
        number => Some(number.int().ok_or("needs a name or a whole number")?),
    };
    Ok(number.and_then(|n| i32::try_from(n).ok()).map_or(-1, util::state_query))
}

pub(super) fn strcmp_match(_r: Called, text: &[u8], pattern: &[u8], any_case: Option<Switch>) -> bool {
    util::matches(text, pattern, Switch::is_on(any_case))
}

pub(super) fn usleep(_r: Called, micros: f64) {
    apr::sleep(micros as i64);
}

/// Seconds since 1970; nothing for what is no date.
pub(super) fn date_parse_rfc(_r: Called, text: &[u8]) -> Option<i64> {
    let time = apr::parse_rfc_date(text);
    (time != 0).then_some(time / apr::SECOND)
}

pub(super) fn exists_config_define(_r: Called, name: &[u8]) -> bool {
    server::is_defined(name)
}

/// Its directives, each with what a wrong use of it is told; nothing for a module that has none.
pub(super) fn module_info(_r: Called, name: &[u8]) -> Value {
    let info = Server::with_main(|main| {
        let first = Loaded::named(main, name)?.commands()?;
        let commands = std::iter::successors(Some(first), |command| command.next())
            .filter_map(|c| Some((c.name()?.to_vec(), c.usage().unwrap_or_default().into())));
        Some(Value::Table(vec![(b"commands".to_vec(), Value::Table(commands.collect()))]))
    });
    info.flatten().unwrap_or(Value::Nothing)
}

pub(super) fn loaded_modules(r: &Request) -> Array<Vec<u8>> {
    Array(Loaded::all(r.server()).filter_map(|module| module.name().map(<[u8]>::to_vec)).collect())
}

pub(super) fn server_info(_r: &Request) -> Value {
    let fields = [
        ("server_executable", server::executable()),
        ("server_root", server::server_root()),
        ("scoreboard_fname", scoreboard::file()),
        ("server_mpm", Some(mpm::name())),
    ];
    Value::Table(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

/// Nothing for a place that does not exist.
pub(super) fn scoreboard_process(_r: &Request, process: i64) -> Option<Hash<i64>> {
    scoreboard::process(process).map(|figures| Hash(figures.into_iter().map(|(k, v)| (k.into(), v)).collect()))
}

/// Nothing for a place that does not exist.
pub(super) fn scoreboard_worker(_r: &Request, process: i64, thread: i64) -> Value {
    let Some(worker) = scoreboard::worker(process, thread) else { return Value::Nothing };
    let numbers = worker.numbers.into_iter().map(|(name, n)| (name.into(), Value::Int(n)));
    let texts = worker.texts.into_iter().map(|(name, text)| (name.into(), Value::Text(text)));
    Value::Table(numbers.chain(texts).collect())
}

fn tree(first: Option<&Node>) -> Value {
    let nodes = first.into_iter().flat_map(|node| node.and_next()).map(|node| {
        let mut fields = vec![
            (b"directive".to_vec(), Value::Text([node.name(), b" ", node.arguments()].concat())),
            (b"file".to_vec(), node.file().into()),
            (b"line".to_vec(), Value::Int(node.line())),
        ];
        if node.child().is_some() {
            fields.push((b"children".to_vec(), tree(node.child())));
        }
        Value::Table(fields)
    });
    Value::Array(nodes.collect())
}

pub(super) fn config(r: &Request) -> Value {
    tree(Node::first(r.server()))
}

/// The directives of the request's virtual host; of the main server all.
pub(super) fn activeconfig(r: &Request) -> Value {
    tree(Node::of_server(r.server()))
}

/// Whether an expression is true; false and a text if there is something wrong with it.
pub(super) fn expr(r: &Request, text: &[u8], cx: Reenter) -> Either<bool, List<Value>> {
    let module = super::module::module().map_or(-1, httpd::ModuleRecord::index);
    match r.expression(text, module, cx) {
        Ok(truth) => Either::A(truth),
        Err(error) => Either::B(List(vec![Value::Bool(false), Value::Text(error.into())])),
    }
}

/// Groups by number, the whole match as 0; false where nothing matches, with a text if there is something wrong.
pub(super) fn regex(_r: &Request, text: &[u8], pattern: &[u8], flags: Option<i32>) -> Either<Value, List<Value>> {
    let regex = match httpd::Regex::new(pattern, flags.unwrap_or(0)) {
        Ok(regex) => regex,
        Err(error) => return Either::B(List(vec![Value::Bool(false), Value::Text(error.into())])),
    };
    match regex.find(text) {
        None => Either::A(Value::Bool(false)),
        Some(groups) => {
            let groups = (0..).zip(groups).filter_map(|(i, group)| Some((i, group?.into())));
            Either::A(Value::Numbered(groups.collect()))
        }
    }
}
