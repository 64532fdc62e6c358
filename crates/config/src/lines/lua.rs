//! Lines of mod_lua's own directives that name code.

use std::borrow::Cow;
use std::sync::Arc;

use crate::context::{Applied, Context};
use crate::dir;
use crate::directive::Directive;
use crate::effect::{Effect, Group, Named, NamedProvider};
use crate::error::{Cause, Why};
use crate::handler::Handler;
use crate::hooks::Position;
use crate::lines::handlers::{self, check_enabled};
use crate::lines::{first, name_at};
use crate::lua_dir::{Direction, MapHandler, NamedFilter};
use crate::phases::Phase;
use crate::place::Where;
use crate::script::{self, Script, Source, Text};
use crate::words;

/// The function that mod_lua calls where none is named.
pub(crate) const HANDLE: &[u8] = b"handle";

/// `LuaHook*`: the words of a line, or a block with the rest of its first line before the text.
pub(crate) fn hook(row: &'static Directive, cmd: &mut Context<'_>, phase: Phase, args: &[&[u8]]) -> Applied {
    check_enabled(row, cmd)?;
    let text = first(args);
    let (script, word) = match text.iter().position(|b| *b == b'\n') {
        Some(end) if args.len() == 1 => block(&cmd.at, &text[..end], &text[end + 1..])?,
        _ => (Script::file(name_at(args, 0)?, name_at(args, 1)?), args.get(2).map(|word| word.to_vec())),
    };
    let position = word.as_deref().map_or(Ok(Position::Middle), position)?;
    let handler = Handler::of_hook(script, cmd.at.clone());
    cmd.dir_mut()?.lua_mut().push_hook(phase, position, handler.clone());
    Ok(Effect::Handlers(Named { directive: row.plain_name(), phase, position, handlers: vec![handler] }))
}

fn position(word: &[u8]) -> Result<Position, Cause> {
    match word.to_ascii_lowercase().as_slice() {
        b"early" => Ok(Position::Early),
        b"late" => Ok(Position::Late),
        _ => Err(Cause::Word(word.into(), Why::NotAnOrder)),
    }
}

/// The script of a block, and the word that says where its hook stands.
fn block(at: &Where, head: &[u8], text: &[u8]) -> Result<(Script, Option<Vec<u8>>), Cause> {
    let head = head.trim_ascii_end();
    let words = words::all(head.strip_suffix(b">").unwrap_or(head));
    if words.len() > 2 {
        return Err(Cause::Word(head.into(), Why::TooMuchBeforeBlock));
    }
    let first_line = Where { line: at.line.saturating_add(1), ..at.clone() };
    let function = words.first().filter(|name| !name.is_empty()).map(|name| Arc::from(name.as_slice()));
    let text = if function.is_some() { Cow::Borrowed(text) } else { Cow::Owned(script::as_function(text)) };
    let script = Script { source: Source::Chunk(Text::new(&text, first_line)), function };
    Ok((script, words.into_iter().nth(1)))
}

fn path(cmd: &mut Context<'_>, args: &[&[u8]], is_c: bool) -> Applied {
    let path = name_at(args, 0)?;
    let root = dir::root(&cmd.dir_mut()?.settings).cloned().or_else(|| cmd.server().root().cloned());
    cmd.dir_mut()?.lua_mut().push_path(is_c, path, root.as_deref());
    Ok(Effect::Done)
}

/// `LuaPackagePath`.
pub(crate) fn package_path(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    path(cmd, args, false)
}

/// `LuaPackageCPath`.
pub(crate) fn package_cpath(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    path(cmd, args, true)
}

/// `LuaMapHandler`.
pub(crate) fn map_handler(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    check_enabled(row, cmd)?;
    let (pattern, file) = (first(args), name_at(args, 1)?);
    let function = if args.len() > 2 { name_at(args, 2)? } else { HANDLE };
    let map = Arc::new(MapHandler::new(pattern, file, function, cmd.at.clone()));
    cmd.dir_mut()?.lua_mut().maps.push(map.clone());
    Ok(Effect::Map(map))
}

/// `LuaAuthzProvider`.
pub(crate) fn authz_provider(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    check_enabled(row, cmd)?;
    let name = name_at(args, 0)?.into();
    let script = Script::file(name_at(args, 1)?, name_at(args, 2)?);
    let handler = Handler::of_hook(script, cmd.at.clone());
    Ok(Effect::Provider(NamedProvider { directive: row.plain_name(), group: Group::Authz, name, handler }))
}

/// `LuaConnectionHandler`: as all handlers, or a file and a function, as in mod_lua's lines.
pub(crate) fn connection_handler(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let source = |word: &[u8]| Script::parse(word, &cmd.at).filter(|script| script.function.is_none());
    if let [file, function] = args
        && source(file).is_some_and(|script| matches!(script.source, Source::File(_)))
        && source(function).is_some_and(|script| matches!(script.source, Source::Module(_)))
    {
        let both = [file, &b":"[..], function].concat();
        return handlers::push(row, cmd, Phase::ProcessConnection, &[&both]);
    }
    handlers::push(row, cmd, Phase::ProcessConnection, args)
}

fn filter(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]], direction: Direction) -> Applied {
    check_enabled(row, cmd)?;
    let (name, script) = (name_at(args, 0)?, Script::file(name_at(args, 1)?, name_at(args, 2)?));
    let filter = Arc::new(NamedFilter { name: name.into(), direction, script: Arc::new(script), at: cmd.at.clone() });
    cmd.dir_mut()?.lua_mut().filters.push(filter.clone());
    Ok(Effect::Filter(filter))
}

/// `LuaInputFilter`.
pub(crate) fn input_filter(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    filter(row, cmd, args, Direction::Input)
}

/// `LuaOutputFilter`.
pub(crate) fn output_filter(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    filter(row, cmd, args, Direction::Output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choices::{CodeCache, Inherit};
    use crate::dir::DirConf;
    use crate::error::LineError;
    use crate::lines::world::{LOCATION, World, noted, refused};
    use crate::options::{DirOption, ServerOption, dir_options, names, server_options};
    use crate::place::LinePlace;
    use crate::settings::Key;
    use crate::value::ScriptScope;
    use crate::vocabulary::Language;

    const DIRECTORY: LinePlace<'_> = LinePlace::Section("<Directory");

    fn handlers_of(applied: Result<Effect, LineError>) -> (Phase, Position, Vec<Handler>) {
        match applied {
            Ok(Effect::Handlers(named)) => (named.phase, named.position, named.handlers),
            other => panic!("{other:?}"),
        }
    }

    fn name(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn a_connection_handler_is_as_all_or_a_file_and_a_function() {
        for (line, expected) in [
            ("LuaConnectionHandler echo.lua", &["echo.lua"][..]),
            ("LuaConnectionHandler echo.lua serve", &["echo.lua:serve"]),
            ("LuaConnectionHandler /srv/echo serve", &["/srv/echo:serve"]),
            ("LuaConnectionHandler echo.lua:serve", &["echo.lua:serve"]),
            ("LuaConnectionHandler echo.lua other.lua", &["echo.lua", "other.lua"]),
            ("LuaConnectionHandler echo serve", &["echo", "serve"]),
            ("LuaConnectionHandler function(c) c:close() end", &["function(c) c:close() end"]),
            ("LuaProcessConnectionHandler echo.lua serve", &["echo.lua", "serve"]),
        ] {
            let mut world = World::default();
            let (phase, _, handlers) = handlers_of(world.line(LinePlace::VirtualHost, line));
            assert_eq!((phase, world.server.handlers(phase)), (Phase::ProcessConnection, &handlers[..]));
            assert_eq!(handlers.iter().map(Handler::display_name).collect::<Vec<_>>(), expected, "{line}");
        }
    }

    #[test]
    fn wrong_lines_are_refused_with_the_reason() {
        let (of_server, of_dir) = (names(server_options(Language::Lua)), names(dir_options(Language::Lua)));
        let options = format!("Options of a server: {of_server}; of a directory: {of_dir}");
        let cases: &[(LinePlace<'_>, &str, &str)] = &[
            (LinePlace::Server, "LuaRoot lua", "LuaRoot: \"lua\" is not an absolute path"),
            (LOCATION, "LuaRoot ''", "LuaRoot: \"\" is not an absolute path"),
            (
                LinePlace::Server,
                "LuaScope forever",
                "LuaScope: \"forever\" is none of once, request, conn, thread, server",
            ),
            (LinePlace::Server, "LuaScope", "LuaScope: takes once|request|conn|thread|server [min [max]]"),
            (LOCATION, "LuaScope server 1 2 3", "LuaScope: takes once|request|conn|thread|server [min [max]]"),
            (LOCATION, "LuaScope server few", "LuaScope: \"few\" is not a number: write a whole number of at least 0"),
            (LOCATION, "LuaScope server 1 -2", "LuaScope: \"-2\" is too small: at least 0"),
            (LinePlace::Server, "LuaPackagePath ''", "LuaPackagePath: \"\" is not a name"),
            (LinePlace::Server, "LuaPackageCPath ''", "LuaPackageCPath: \"\" is not a name"),
            (LinePlace::Server, "LuaCodeCache always", "LuaCodeCache: \"always\" is none of stat, forever, never"),
            (LOCATION, "LuaInherit parent", "LuaInherit: \"parent\" is none of none, parent-first, parent-last"),
            (LinePlace::Server, "LuaMapHandler /x", "LuaMapHandler: takes pattern file [function]"),
            (LinePlace::Server, "LuaMapHandler /x a.lua f g", "LuaMapHandler: takes pattern file [function]"),
            (LinePlace::Server, "LuaMapHandler /x ''", "LuaMapHandler: \"\" is not a name"),
            (LinePlace::Server, "LuaMapHandler /x a.lua ''", "LuaMapHandler: \"\" is not a name"),
            (LinePlace::Server, "LuaAuthzProvider a a.lua", "LuaAuthzProvider: takes name file function"),
            (LinePlace::Server, "LuaAuthzProvider '' a.lua f", "LuaAuthzProvider: \"\" is not a name"),
            (
                LinePlace::VirtualHost,
                "LuaAuthzProvider a a.lua f",
                "LuaAuthzProvider: not allowed in a <VirtualHost>: it belongs at server level, outside of <VirtualHost> and sections",
            ),
            (LOCATION, "LuaInputFilter a a.lua", "LuaInputFilter: takes name file function"),
            (LOCATION, "LuaOutputFilter a a.lua f g", "LuaOutputFilter: takes name file function"),
            (LinePlace::Server, "LuaOutputFilter a '' f", "LuaOutputFilter: \"\" is not a name"),
            (
                DIRECTORY,
                "LuaOutputFilter a a.lua f",
                "LuaOutputFilter: not allowed in a <Directory> section: it belongs at server level, in a <VirtualHost> or in a <Location> section",
            ),
            (
                DIRECTORY,
                "LuaQuickHandler a.lua f",
                "LuaQuickHandler: not allowed in a <Directory> section: it belongs at server level, in a <VirtualHost> or in a <Location> section",
            ),
            (
                LinePlace::Section("<Files"),
                "LuaHookTranslateName a.lua f",
                "LuaHookTranslateName: not allowed in a <Files> section: it belongs at server level, in a <VirtualHost> or in a <Location> section",
            ),
            (LinePlace::Server, "LuaQuickHandler a.lua", "LuaQuickHandler: takes file function"),
            (LOCATION, "LuaHookFixups a.lua f early", "LuaHookFixups: takes file function"),
            (LOCATION, "LuaHookAuthChecker a.lua f early late", "LuaHookAuthChecker: takes file function [early|late]"),
            (LOCATION, "LuaHookAuthChecker a.lua f soon", "LuaHookAuthChecker: \"soon\" is neither early nor late"),
            (LOCATION, "LuaHookAuthChecker a.lua f ''", "LuaHookAuthChecker: \"\" is neither early nor late"),
            (LOCATION, "LuaHookLog '' f", "LuaHookLog: \"\" is not a name"),
            (LOCATION, "LuaHookLog a.lua ''", "LuaHookLog: \"\" is not a name"),
            (
                LOCATION,
                "LuaHookAccessChecker f soon>\nreturn 1\n",
                "LuaHookAccessChecker: \"soon\" is neither early nor late",
            ),
            (
                LOCATION,
                "LuaHookAccessChecker f early late>\nreturn 1\n",
                "LuaHookAccessChecker: \"f early late>\" is too much before a block: [function [early|late]]",
            ),
            (
                LOCATION,
                "LuaFixupHandler My::Module",
                "LuaFixupHandler: \"My::Module\" does not name a handler, as module, module.function, file.lua:function or \
                 function(r) ... end would",
            ),
            (
                LOCATION,
                "LuaResponseHandler a.lua: b",
                "LuaResponseHandler: \"a.lua:\" does not name a handler, as module, module.function, file.lua:function or \
                 function(r) ... end would",
            ),
            (LOCATION, "LuaAccessHandler", "LuaAccessHandler: takes handler ..."),
            (
                LOCATION,
                "LuaTransHandler a",
                "LuaTransHandler: not allowed in a <Location> section: it belongs at server level or in a <VirtualHost>, outside of \
                 sections",
            ),
            (LinePlace::Server, "LuaModule ''", "LuaModule: \"\" is not a name"),
            (LinePlace::Server, "LuaRequire ''", "LuaRequire: \"\" is not a name"),
            (
                LOCATION,
                "LuaRequire a.lua",
                "LuaRequire: not allowed in a <Location> section: it belongs at server level, in a <VirtualHost> or in .htaccess, \
                 outside of sections",
            ),
            (LinePlace::Server, "LuaSetVar a", "LuaSetVar: takes name value"),
            (LinePlace::Server, "LuaAddVar '' x", "LuaAddVar: \"\" is not a name"),
            (
                LinePlace::Server,
                "LuaOptions +GlobalRequest",
                &format!("LuaOptions: \"GlobalRequest\" is not an option. {options}"),
            ),
            (
                LinePlace::Server,
                "LuaOptions +watchglobals",
                &format!("LuaOptions: \"watchglobals\" is not an option (did you mean WatchGlobals?). {options}"),
            ),
            (
                LOCATION,
                "LuaOptions +Htaccess",
                &format!(
                    "LuaOptions: \"Htaccess\" belongs to the server: not allowed in a <Location> section; allowed there: {of_dir}"
                ),
            ),
            (
                LinePlace::Server,
                "LuaInterpStart x",
                "LuaInterpStart: \"x\" is not a number: write a whole number of at least 0",
            ),
            (LinePlace::Server, "LuaInterpMax 0", "LuaInterpMax: \"0\" is too small: at least 1, or none"),
            (
                LinePlace::Server,
                "LuaInterpMax many",
                "LuaInterpMax: \"many\" is not a number: write a whole number of at least 1, or none",
            ),
            (LinePlace::Server, "LuaInterpMinSpare -1", "LuaInterpMinSpare: \"-1\" is too small: at least 0"),
            (
                LinePlace::Server,
                "LuaInterpMaxSpare 1.5",
                "LuaInterpMaxSpare: \"1.5\" is not a number: write a whole number of at least 0",
            ),
            (
                LinePlace::Server,
                "LuaInterpMaxRequests ''",
                "LuaInterpMaxRequests: \"\" is not a number: write a whole number of at least 0",
            ),
            (
                LinePlace::Server,
                "LuaInterpMaxAge soon",
                "LuaInterpMaxAge: \"soon\" is not a time such as 30, 500ms, 5min or 2h",
            ),
            (
                LinePlace::Server,
                "LuaInterpMaxQueue all",
                "LuaInterpMaxQueue: \"all\" is not a number: write a whole number of at least 0, or none",
            ),
            (
                LinePlace::Server,
                "LuaInterpMaxWait ever",
                "LuaInterpMaxWait: \"ever\" is not a time such as 30, 500ms, 5min or 2h",
            ),
            (
                LinePlace::Server,
                "LuaInterpMaxMemory lots",
                "LuaInterpMaxMemory: \"lots\" is not a size such as 65536, 64K or 1M",
            ),
            (
                LinePlace::Server,
                "LuaInterpMaxMemory 0",
                "LuaInterpMaxMemory: \"0\" is too small: at least 1 byte, or none",
            ),
            (
                LinePlace::Server,
                "<LuaInterpClass a/b",
                "<LuaInterpClass>: \"a/b\" is not the name of a class: letters, digits, _, - and .",
            ),
            (
                LinePlace::Server,
                "LuaJob a interval=1 handler=a..b",
                "LuaJob: \"a..b\" does not name a handler, as module, module.function, file.lua:function or function(r) ... end would",
            ),
            (
                LinePlace::Server,
                "LuaConnectionHandler a..b",
                "LuaConnectionHandler: \"a..b\" does not name a handler, as module, module.function, file.lua:function or function(r) ... end would",
            ),
            (
                LOCATION,
                "LuaUseClass a/b",
                "LuaUseClass: \"a/b\" is not the name of a class: letters, digits, _, - and .",
            ),
            (LinePlace::Server, "LuaInterpTokenFile a", "LuaInterpTokenFile: \"a\" is not an absolute path"),
            (
                LinePlace::Server,
                "LuaClassLocation /a",
                "LuaClassLocation: not allowed in the main server: it belongs in the section of a class",
            ),
            (
                LOCATION,
                "LuaClassLog a",
                "LuaClassLog: not allowed in a <Location> section: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                LinePlace::Server,
                "InterpDict a 10m",
                "InterpDict: \"10m\" is none of shm:size, redis://host:port/db, rediss://host:port/db",
            ),
            (
                LinePlace::Server,
                "LuaInterpScope thread",
                "LuaInterpScope: \"thread\" is none of handler, response, subrequest, request, connection",
            ),
        ];
        for (place, line, message) in cases {
            let mut world = World::default();
            assert_eq!(refused(&mut world, *place, line), *message);
            assert!(message.starts_with(line.split(' ').next().unwrap()));
            assert_eq!((world.dir, world.server), Default::default(), "{line}: changes nothing");
        }
        for row in
            crate::directives(crate::Language::Lua).iter().filter(|row| row.phase().is_none() && !row.is_setting())
        {
            assert!(cases.iter().any(|(_, line, _)| line.starts_with(&format!("{} ", row.name))), "{}", row.name);
        }
    }

    #[test]
    fn nothing_that_runs_is_accepted_where_lua_is_switched_off() {
        for line in [
            "LuaFixupHandler a",
            "LuaHookFixups a.lua f",
            "LuaHookFixups f>\nreturn 1",
            "LuaMapHandler /x a.lua",
            "LuaAuthzProvider a a.lua f",
            "LuaInputFilter a a.lua f",
            "LuaOutputFilter a a.lua f",
        ] {
            let mut world = World::default();
            world.line(LinePlace::Server, "LuaOptions -Enable").unwrap();
            let name = line.split(' ').next().unwrap();
            assert_eq!(
                refused(&mut world, LinePlace::Server, line),
                format!("{name}: Lua is switched off for this server by LuaOptions -Enable")
            );
        }
    }

    #[test]
    fn hooks_go_to_the_list_that_their_third_word_says() {
        let mut world = World::default();
        for (line, phase, position) in [
            ("LuaHookTranslateName /h.lua f", Phase::Trans, Position::Middle),
            ("LuaHookTranslateName /h.lua g EARLY", Phase::Trans, Position::Early),
            ("LuaHookCheckUserID /h.lua f late", Phase::Authen, Position::Late),
            ("LuaHookPreTranslateName /h.lua f", Phase::PreTranslate, Position::Middle),
            ("LuaHookPreTranslate /h.lua g", Phase::PreTranslate, Position::Middle),
            ("LuaQuickHandler \"/my hooks.lua\" f", Phase::Quick, Position::Middle),
            ("LuaHookInsertFilter /h.lua f", Phase::InsertFilter, Position::Middle),
            ("LuaHookLog /h.lua f", Phase::Log, Position::Middle),
            ("LuaHookAuthChecker /h.lua f late", Phase::Authz, Position::Late),
        ] {
            let (its_phase, its_position, handlers) = handlers_of(world.line(LOCATION, line));
            assert_eq!((its_phase, its_position), (phase, position), "{line}");
            assert_eq!(world.dir.hooks(phase, position).last(), handlers.first(), "{line}");
            assert_eq!(handlers[0].at.to_string(), "httpd.conf:12");
        }
        let names = |list: &[Handler]| list.iter().map(Handler::display_name).collect::<Vec<_>>();
        assert_eq!(names(world.dir.hooks(Phase::PreTranslate, Position::Middle)), ["/h.lua:f", "/h.lua:g"]);
        assert_eq!(names(world.dir.hooks(Phase::Quick, Position::Middle)), ["/my hooks.lua:f"]);
        assert!(world.dir.has_no_handlers() && world.server.all_handlers().next().is_none());
    }

    #[test]
    fn a_block_is_a_script_whose_first_line_is_the_next_one() {
        for (head, function, position) in [
            (">", None, Position::Middle),
            ("fix>", Some("fix"), Position::Middle),
            ("fix early>", Some("fix"), Position::Early),
            ("'fix' LATE >", Some("fix"), Position::Late),
        ] {
            let mut world = World::default();
            let line = format!("LuaHookFixups {head}\nfunction fix(r)\nend\n");
            let (_, its_position, handlers) = handlers_of(world.line(DIRECTORY, &line));
            assert_eq!(its_position, position, "{head}");
            let script = handlers[0].script.clone().unwrap();
            assert_eq!(script.function.as_deref().map(name).as_deref(), function, "{head}");
            let Source::Chunk(text) = &script.source else { panic!("{script:?}") };
            match function {
                Some(_) => assert_eq!(name(&text.code), "function fix(r)\nend\n"),
                None => assert!(name(&text.code).contains("function fix(r)\nend\n")),
            }
            assert_eq!(text.at, Where::new("httpd.conf", 13));
            let end = function.map(|f| format!(":{f}")).unwrap_or_default();
            assert_eq!(handlers[0].display_name(), format!("httpd.conf:12{end}"));
        }
        let mut world = World::default();
        let (_, _, handlers) = handlers_of(world.line(DIRECTORY, "LuaHookFixups f>\n"));
        assert!(matches!(&handlers[0].script.as_ref().unwrap().source, Source::Chunk(text) if text.code.is_empty()));
    }

    #[test]
    fn a_line_of_handlers_may_end_in_an_unquoted_function() {
        let mut world = World::default();
        let line = "LuaFixupHandler app +app.fix /srv/fix.lua:all function(r) return 404 end";
        let (phase, position, handlers) = handlers_of(world.line(LOCATION, line));
        assert_eq!((phase, position), (Phase::Fixup, Position::Handlers));
        let names: Vec<String> = handlers.iter().map(Handler::display_name).collect();
        assert_eq!(names, ["app", "app.fix", "/srv/fix.lua:all", "function(r) return 404 end"]);
        assert_eq!(world.dir.handlers(Phase::Fixup), handlers);
        let (phase, _, handlers) =
            handlers_of(world.line(LinePlace::Server, "LuaTransHandler function(r) return -1 end"));
        assert_eq!(world.server.handlers(phase), handlers);
        assert!(matches!(handlers[0].script.as_ref().unwrap().source, Source::Function(_)));
        assert_eq!(refused(&mut world, LOCATION, "LuaFixupHandler a b:"), {
            let form = "module, module.function, file.lua:function or function(r) ... end";
            format!("LuaFixupHandler: \"b:\" does not name a handler, as {form} would")
        });
        assert_eq!(world.dir.handlers(Phase::Fixup).len(), 4, "of a wrong line nothing is kept");
    }

    #[test]
    fn handlers_replace_or_join_outer_ones_while_hooks_follow_inherit() {
        let dir = |lines: &[&str]| {
            let mut world = World::default();
            for line in lines {
                world.line(LOCATION, line).unwrap();
            }
            world.dir
        };
        let shown = |dir: &DirConf| {
            let names = |list: &[Handler]| list.iter().map(Handler::display_name).collect::<Vec<_>>().join(" ");
            format!("{} | {}", names(dir.handlers(Phase::Fixup)), names(dir.hooks(Phase::Fixup, Position::Middle)))
        };
        let outer = dir(&["LuaFixupHandler a", "LuaHookFixups o f"]);
        let merged = |lines: &[&str]| shown(&DirConf::merge(&outer, &dir(lines)));
        assert_eq!(merged(&["LuaFixupHandler b", "LuaHookFixups i f"]), "b | o:f i:f");
        assert_eq!(merged(&["LuaFixupHandler b", "LuaHookFixups i f", "LuaInherit parent-last"]), "b | i:f o:f");
        assert_eq!(merged(&["LuaOptions +MergeHandlers", "LuaFixupHandler b", "LuaInherit none"]), "a b | ");
        assert_eq!(merged(&["LuaSetVar a b"]), "a | o:f");
    }

    #[test]
    fn settings_are_kept_as_their_words_say_in_any_case() {
        use ScriptScope::{Conn, Once, Request, Server, Thread};
        for (line, scope) in [
            ("LuaScope once", Once),
            ("LuaScope Request", Request),
            ("LuaScope conn", Conn),
            ("LuaScope thread", Thread),
            ("LuaScope server", Server { min: 1, max: 1 }),
            ("LuaScope server 0", Server { min: 1, max: 1 }),
            ("LuaScope server 5", Server { min: 5, max: 5 }),
            ("LuaScope server 2 5", Server { min: 2, max: 5 }),
        ] {
            let mut world = World::default();
            assert_eq!(world.line(DIRECTORY, line), Ok(Effect::Done), "{line}");
            assert_eq!(world.dir.script_scope(), scope, "{line}");
        }
        let mut world = World::default();
        let note = noted(world.line(DIRECTORY, "LuaScope server 5 2"));
        assert_eq!(note, "LuaScope: the minimum \"5\" is above the maximum \"2\": both are taken as 5");
        assert_eq!(world.dir.script_scope(), Server { min: 5, max: 5 });
        let mut world = World::default();
        let note = noted(world.line(LOCATION, "LuaScope thread 2 3"));
        assert_eq!(note, "LuaScope: \"2\" is of no effect after \"thread\"");
        for line in ["LuaCodeCache Forever", "LuaInherit Parent-Last"] {
            assert_eq!(world.line(LOCATION, line), Ok(Effect::Done), "{line}");
        }
        let inherit = Inherit::of(world.dir.settings.get(Key::Inherit));
        assert_eq!(
            (world.dir.script_scope(), world.dir.code_cache(), inherit),
            (Thread, CodeCache::Forever, Inherit::ParentLast)
        );
    }

    #[test]
    fn package_paths_lie_below_the_root_that_is_known() {
        let mut world = World::default();
        world.line(LinePlace::Server, "LuaPackagePath early/?.lua").unwrap();
        world.line(LinePlace::Server, "LuaRoot /srv").unwrap();
        world.line(LinePlace::Server, "LuaPackagePath lib/?.lua").unwrap();
        world.line(LinePlace::Server, "LuaPackageCPath /usr/lib/?.so").unwrap();
        let package = world.dir.lua().package().clone();
        assert_eq!(package.path.iter().map(|p| name(p)).collect::<Vec<_>>(), ["early/?.lua", "/srv/lib/?.lua"]);
        assert_eq!(package.cpath.iter().map(|p| name(p)).collect::<Vec<_>>(), ["/usr/lib/?.so"]);
        world.dir = DirConf::default();
        world.line(DIRECTORY, "LuaPackagePath in/?.lua").unwrap();
        assert_eq!(name(&world.dir.lua().package().path[0]), "/srv/in/?.lua", "the server's root");
        world.dir = DirConf::default();
        world.line(DIRECTORY, "LuaRoot /own").unwrap();
        world.line(DIRECTORY, "LuaPackagePath in/?.lua").unwrap();
        assert_eq!(name(&world.dir.lua().package().path[0]), "/own/in/?.lua", "the section's own");
        assert_eq!(world.server.root().map(|root| &**root), Some(&b"/srv"[..]));
    }

    #[test]
    fn maps_filters_and_providers_are_kept_and_handed_to_the_host() {
        let mut world = World::default();
        let Ok(Effect::Map(map)) = world.line(DIRECTORY, "LuaMapHandler \"^/(\\w+)\" /s/$1.lua") else { panic!() };
        assert_eq!(*world.dir.lua().maps, std::slice::from_ref(&map));
        assert_eq!((name(&map.pattern).as_str(), map.script.function.as_deref()), ("^/(\\w+)", Some(HANDLE)));
        let Ok(Effect::Map(other)) = world.line(DIRECTORY, "LuaMapHandler ^/x /s.lua show_$1") else { panic!() };
        assert_eq!(*other.script, Script::file(b"/s.lua", b"show_$1"));
        assert_ne!(map.id, other.id);
        let Ok(Effect::Filter(out)) = world.line(LOCATION, "LuaOutputFilter Upper /f.lua up") else { panic!() };
        let Ok(Effect::Filter(input)) = world.line(LinePlace::Server, "LuaInputFilter Upper /f.lua down") else {
            panic!()
        };
        assert_eq!(world.dir.lua().filter(Direction::Output, b"UPPER"), Some(&out));
        assert_eq!(world.dir.lua().filter(Direction::Input, b"upper"), Some(&input));
        let provider = world.line(LinePlace::Server, "LuaAuthzProvider who /a.lua ask");
        let Ok(Effect::Provider(NamedProvider { group: Group::Authz, name: who, handler, .. })) = provider else {
            panic!("{provider:?}")
        };
        assert_eq!((name(&who).as_str(), handler.display_name().as_str()), ("who", "/a.lua:ask"));
        assert_eq!(*handler.script.unwrap(), Script::file(b"/a.lua", b"ask"));
    }

    #[test]
    fn options_modules_and_variables_are_those_of_perl() {
        let mut world = World::default();
        for line in ["LuaOptions -ConfigTest +AutoLoad +WatchGlobals", "LuaModule app db", "LuaRequire start.lua"] {
            assert_eq!(world.line(LinePlace::Server, line), Ok(Effect::Done), "{line}");
        }
        let options = world.server.options;
        assert!(options.is(ServerOption::AutoLoad) && !options.is(ServerOption::ConfigTest));
        assert!(world.dir.options.is(DirOption::WatchGlobals));
        assert_eq!((world.server.modules.len(), world.server.requires.len()), (2, 1));
        world.line(LOCATION, "LuaSetVar a 1").unwrap();
        world.line(LOCATION, "LuaAddVar a 2 3").unwrap();
        assert_eq!(world.dir.vars.vars().get_all(b"a").count(), 3);
        assert_eq!(world.line(LinePlace::VirtualHost, "LuaOptions +Clone"), Ok(Effect::Done));
    }
}
