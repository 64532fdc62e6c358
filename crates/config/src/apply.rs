//! What a line of the configuration does: the checks that are the same for all, then what its row says.

use crate::context::{Applied, Context};
use crate::directive::{Action, Directive};
use crate::effect::Effect;
use crate::error::{Cause, LineError};
use crate::lines::{handlers, lua};
use crate::place::{LinePlace, Where};
use crate::settings::Key;
use crate::vocabulary::{Args, Contexts, Language, Threadless};
use crate::words;

impl Directive {
    /// Does what a line says, in the records that `cmd` lends.
    ///
    /// # Errors
    /// The line stands where it must not, would run code where none may run, comes too late, or says what cannot be.
    pub fn apply(&'static self, cmd: &mut Context<'_>, args: &[&[u8]]) -> Result<Effect, LineError> {
        check(self, cmd, args).and_then(|()| run(self, cmd, args)).map_err(|cause| self.error(&cmd.at, cause))
    }

    /// What is wrong with a line of this directive.
    pub(crate) fn error(&self, at: &Where, cause: Cause) -> LineError {
        LineError { directive: self.name, at: at.clone(), cause }
    }
}

/// Refuses a line for where it stands, or for how many words it has.
fn check(row: &'static Directive, cmd: &Context<'_>, args: &[&[u8]]) -> Result<(), Cause> {
    let allowed = match cmd.place {
        LinePlace::Server => row.contexts.has(Contexts::SERVER),
        LinePlace::VirtualHost => row.contexts.has(Contexts::SERVER) && !row.contexts.has(Contexts::GLOBAL_ONLY),
        LinePlace::Class(_) => row.contexts.has(Contexts::CLASS),
        LinePlace::Section(_) => {
            row.contexts.has(Contexts::DIRECTORY) || (row.contexts.has(Contexts::LOCATION) && cmd.place.is_location())
        }
        LinePlace::Htaccess => row.contexts.has(Contexts::HTACCESS),
    };
    if !allowed {
        return Err(Cause::Elsewhere { place: cmd.place.to_string(), belongs: row.contexts });
    }
    if !row.args.fits(args.len()) {
        return Err(Cause::Takes(row.syntax));
    }
    if row.runs_code && !cmd.may_choose_code() {
        return Err(Cause::Htaccess { deed: row.deed.into(), language: row.language });
    }
    Ok(())
}

fn run(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let line = args.first().copied().unwrap_or_default();
    let is_block = matches!(row.action, Action::Hook(_)) && line.contains(&b'\n');
    let cut = match row.args {
        Args::Words { .. } if !is_block => Some(words::all(line)),
        Args::Code => Some(words::handlers(line)),
        _ => None,
    };
    let (min, max) = match row.args {
        Args::Words { min, max } => (min.into(), max.into()),
        _ => (1, usize::MAX),
    };
    if cut.as_ref().is_some_and(|words| !(min..=max).contains(&words.len())) {
        return Err(Cause::Takes(row.syntax));
    }
    let cut: Option<Vec<&[u8]>> = cut.as_ref().map(|words| words.iter().map(Vec::as_slice).collect());
    let args = cut.as_deref().unwrap_or(args);
    let done = match row.action {
        Action::Call(f) => f(row, cmd, args)?,
        Action::Handler(phase) => handlers::push(row, cmd, phase, args)?,
        Action::Hook(phase) => lua::hook(row, cmd, phase, args)?,
        Action::Setting(key) => set(row, cmd, key, args)?,
    };
    if row.language == Language::Lua
        && !cmd.may_choose_code()
        && let Some(dir) = cmd.dir.as_deref_mut()
    {
        dir.keep_outer_code();
    }
    Ok(done)
}

/// Keeps the value of a setting: for the server, and, if directories may have it, for the directory.
fn set(row: &'static Directive, cmd: &mut Context<'_>, key: Key, args: &[&[u8]]) -> Applied {
    let setting = key.row();
    let kind = setting.kind(row.language);
    let value = kind.parse(args)?;
    let has_threads = cmd.mpm_threaded && cmd.perl_has_ithreads;
    let note = match (kind.doubt(&value, args), row.threadless) {
        (None, Threadless::Nothing) if !has_threads => Some(Cause::NoThreads),
        (None, Threadless::InClasses) if !has_threads && !cmd.place.is_class() => Some(Cause::ForClasses),
        (doubt, _) => doubt,
    };
    let at = cmd.at.clone();
    if cmd.place.is_server_level() {
        cmd.server_mut()?.settings.set(key, value.clone(), &at);
    }
    if setting.is_of_directories() {
        cmd.dir_mut()?.settings.set(key, value, &at);
    }
    Ok(note.map_or(Effect::Done, |cause| Effect::Note(row.error(&at, cause))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dir::DirConf;
    use crate::directives::directives;
    use crate::lines::world::{LOCATION, World, noted, refused};
    use crate::options::{DirOption, dir_options, names, server_options};
    use crate::server::ServerConf;
    use crate::value::SettingValue;
    use crate::value::Trim;

    #[test]
    fn wrong_lines_are_refused_with_what_was_written_and_why() {
        let of_server = names(server_options(Language::Perl));
        let of_dir = names(dir_options(Language::Perl));
        let cases: &[(LinePlace<'_>, &str, &str)] = &[
            (
                LinePlace::Server,
                "PerlInterpMax abc",
                "PerlInterpMax: \"abc\" is not a number: write a whole number of at least 1",
            ),
            (LinePlace::Server, "PerlInterpMax -1", "PerlInterpMax: \"-1\" is too small: at least 1"),
            (
                LOCATION,
                "PerlResponseHandler sub",
                "PerlResponseHandler: \"sub\" is only the beginning of a sub: put the code in quotes, \"sub { ... }\"",
            ),
            (
                LOCATION,
                "PerlAccessHandler +sub{",
                "PerlAccessHandler: \"+sub{\" is only the beginning of a sub: put the code in quotes, \"sub { ... }\"",
            ),
            (LinePlace::Server, "PerlInterpMax 0", "PerlInterpMax: \"0\" is too small: at least 1"),
            (
                LinePlace::Server,
                "PerlInterpMax 10x",
                "PerlInterpMax: \"10x\" is not a number: write a whole number of at least 1",
            ),
            (
                LinePlace::Server,
                "PerlInterpMax 2147483648",
                "PerlInterpMax: \"2147483648\" is too large: at most 2147483647",
            ),
            (
                LinePlace::Server,
                "PerlInterpStart ''",
                "PerlInterpStart: \"\" is not a number: write a whole number of at least 0",
            ),
            (
                LinePlace::Server,
                "PerlInterpMinSpare 1.5",
                "PerlInterpMinSpare: \"1.5\" is not a number: write a whole number of at least 0",
            ),
            (
                LinePlace::Server,
                "PerlInterpMaxSpare many",
                "PerlInterpMaxSpare: \"many\" is not a number: write a whole number of at least 0",
            ),
            (
                LinePlace::Server,
                "PerlInterpMaxRequests 1e3",
                "PerlInterpMaxRequests: \"1e3\" is not a number: write a whole number of at least 0",
            ),
            (
                LinePlace::Server,
                "PerlInterpMaxQueue off",
                "PerlInterpMaxQueue: \"off\" is not a number: write a whole number of at least 0, or none",
            ),
            (
                LinePlace::Server,
                "PerlInterpMaxWait soon",
                "PerlInterpMaxWait: \"soon\" is not a time such as 30, 500ms, 5min or 2h",
            ),
            (LinePlace::Server, "PerlInterpMaxWait 99999999d", "PerlInterpMaxWait: \"99999999d\" is too long a time"),
            (
                LinePlace::Server,
                "PerlInterpMaxAge -5",
                "PerlInterpMaxAge: \"-5\" is not a time such as 30, 500ms, 5min or 2h",
            ),
            (
                LinePlace::Server,
                "PerlInterpScope thread",
                "PerlInterpScope: \"thread\" is none of handler, response, subrequest, request, connection",
            ),
            (LinePlace::Server, "PerlInterpTrim big", "PerlInterpTrim: \"big\" is not a size such as 65536, 64K or 1M"),
            (LinePlace::Server, "PerlInterpTrim 0", "PerlInterpTrim: \"0\" is too small: at least 1 byte, or off"),
            (LinePlace::Server, "PerlInterpTrim report", "PerlInterpTrim: \"report\" lacks the size to report"),
            (LinePlace::Server, "PerlInterpTrim tell 1M", "PerlInterpTrim: \"tell\" before a size is not \"report\""),
            (
                LinePlace::Server,
                "PerlInterpTrim report x",
                "PerlInterpTrim: \"x\" is not a size such as 65536, 64K or 1M",
            ),
            (
                LOCATION,
                "PerlInterpMax 5",
                "PerlInterpMax: not allowed in a <Location> section: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                LinePlace::Htaccess,
                "PerlInterpMax 5",
                "PerlInterpMax: not allowed in .htaccess: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                LinePlace::Section(""),
                "PerlTransHandler A",
                "PerlTransHandler: not allowed in a section: it belongs at server level or in a <VirtualHost>, outside of sections",
            ),
            (
                LinePlace::Section("<Directory"),
                "PerlModule A",
                "PerlModule: not allowed in a <Directory> section: it belongs at server level, in a <VirtualHost> or in .htaccess, outside of sections",
            ),
            (
                LinePlace::Section("<Files"),
                "PerlRequire a.pl",
                "PerlRequire: not allowed in a <Files> section: it belongs at server level, in a <VirtualHost> or in .htaccess, outside of sections",
            ),
            (LinePlace::Server, "PerlTransHandler +", "PerlTransHandler: \"+\" does not name a handler"),
            (LOCATION, "PerlFixupHandler ''", "PerlFixupHandler: \"\" does not name a handler"),
            (LinePlace::Server, "PerlModule ''", "PerlModule: \"\" is not a name"),
            (LinePlace::Server, "PerlSetVar ''  x", "PerlSetVar: takes name value"),
            (LinePlace::Server, "PerlSetVar '' x", "PerlSetVar: \"\" is not a name"),
            (LinePlace::Server, "PerlSetVar a", "PerlSetVar: takes name value"),
            (LinePlace::Server, "PerlSetEnv A=B c", "PerlSetEnv: \"A=B\" is not the name of a variable"),
            (LinePlace::Server, "PerlPassEnv ''", "PerlPassEnv: \"\" is not a name"),
            (LinePlace::Server, "PerlWarn maybe", "PerlWarn: \"maybe\" is neither On nor Off"),
            (
                LinePlace::Server,
                "PerlOptions +Foo",
                &format!(
                    "PerlOptions: \"Foo\" is not an option. Options of a server: {of_server}; of a directory: {of_dir}"
                ),
            ),
            (
                LOCATION,
                "PerlOptions +setupenv",
                &format!(
                    "PerlOptions: \"setupenv\" is not an option (did you mean SetupEnv?). Options of a directory: {of_dir}"
                ),
            ),
            (
                LOCATION,
                "PerlOptions +Parent",
                &format!(
                    "PerlOptions: \"Parent\" belongs to the server: not allowed in a <Location> section; allowed there: {of_dir}"
                ),
            ),
            (
                LinePlace::Htaccess,
                "PerlOptions +Htaccess",
                &format!(
                    "PerlOptions: \"Htaccess\" belongs to the server: not allowed in .htaccess; allowed there: {of_dir}"
                ),
            ),
        ];
        for (place, line, message) in cases {
            assert_eq!(refused(&mut World::default(), *place, line), *message);
        }
        assert!(cases.iter().all(|(_, line, message)| message.starts_with(&line[..line.find(' ').unwrap()])));
    }

    #[test]
    fn every_directive_refuses_the_places_it_does_not_belong_to() {
        for row in directives(Language::Perl).iter().chain(directives(Language::Lua)) {
            for (place, bit) in
                [(LinePlace::Section("<Directory"), Contexts::DIRECTORY), (LinePlace::Htaccess, Contexts::HTACCESS)]
            {
                if !row.contexts.has(bit) {
                    let message = refused(&mut World::default(), place, &format!("{} a b", row.name));
                    let name = if row.name.starts_with('<') { format!("{}>", row.name) } else { row.name.into() };
                    assert!(message.starts_with(&format!("{name}: not allowed in {place}: it belongs ")));
                }
            }
        }
    }

    #[test]
    fn htaccess_runs_no_code_unless_the_server_says_so() {
        let rows = directives(Language::Perl).iter().chain(directives(Language::Lua));
        for row in rows.filter(|row| row.contexts.has(Contexts::HTACCESS) && row.runs_code) {
            let (name, language) = (row.name, row.language.name());
            let words = match row.args {
                _ if name == "LuaInherit" => "none",
                Args::Words { .. } => "a b",
                Args::Headed => continue, // its text arrives by the directive without <
                _ if name.ends_with("UseClass") => "default",
                _ if language == "Lua" => "/a.lua",
                _ => "My::Name",
            };
            let line = format!("{name} {words}");
            assert_eq!(
                refused(&mut World::default(), LinePlace::Htaccess, &line),
                format!(
                    "{name}: {}, which .htaccess may do only where the server's configuration says \"{language}Options +Htaccess\"",
                    row.deed
                )
            );
            let mut world = World::default();
            assert_eq!(world.line(LinePlace::Server, &format!("{language}Options +Htaccess")), Ok(Effect::Done));
            assert!(world.line(LinePlace::Htaccess, &line).is_ok());
            let mut world = World { from_code: true, ..World::default() };
            assert!(world.line(LinePlace::Htaccess, &line).is_ok());
        }
    }

    #[test]
    fn htaccess_switches_no_handlers_and_hooks_of_the_server_off() {
        for (line, deed) in [
            ("LuaInherit none", "decides which code runs"),
            ("LuaInherit parent-last", "decides which code runs"),
            ("LuaOptions -MergeHandlers", "MergeHandlers decides which handlers run"),
            ("PerlOptions MergeHandlers", "MergeHandlers decides which handlers run"),
            ("PerlSetEnv LD_PRELOAD /a.so", "\"LD_PRELOAD\" decides which code the programs that a script starts run"),
            ("PerlSetEnv PATH /a", "\"PATH\" decides which code the programs that a script starts run"),
        ] {
            let message = refused(&mut World::default(), LinePlace::Htaccess, line);
            assert!(message.contains(&format!(": {deed}, which .htaccess may do only where")), "{line}: {message}");
            let language = if line.starts_with("Lua") { "Lua" } else { "Perl" };
            let mut world = World::default();
            assert_eq!(world.line(LinePlace::Server, &format!("{language}Options +Htaccess")), Ok(Effect::Done));
            assert!(world.line(LinePlace::Htaccess, line).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_harmless_line_in_htaccess_does_not_meet_an_outer_luainherit_none() {
        let mut outer = World::default();
        outer.line(LOCATION, "LuaInherit none").unwrap();
        outer.line(LOCATION, "LuaMapHandler /x /a.lua").unwrap();
        let mut inner = World::default();
        inner.line(LinePlace::Htaccess, "LuaScope once").unwrap();
        assert_eq!(DirConf::merge(&outer.dir, &inner.dir).lua().maps.len(), 1);
        let mut section = World::default();
        section.line(LOCATION, "LuaScope once").unwrap();
        assert_eq!(DirConf::merge(&outer.dir, &section.dir).lua().maps.len(), 0, "as mod_lua in a section");
    }

    #[test]
    fn htaccess_takes_variables_and_options_always() {
        let mut world = World::default();
        for line in
            ["PerlSetVar a b", "PerlAddVar a c d", "PerlSetEnv E 1", "PerlOptions +SetupEnv", "PerlSendHeader on"]
        {
            assert_eq!(world.line(LinePlace::Htaccess, line), Ok(Effect::Done), "{line}");
        }
        assert_eq!(world.dir.vars.vars().get_all(b"a").count(), 3);
        assert_eq!(world.dir.set_env.get(b"E"), Some(&b"1"[..]));
        assert!(world.dir.options.is(DirOption::ParseHeaders));
        assert_eq!(world.server, ServerConf::default());
        for line in ["LuaSetVar a b", "LuaOptions +WatchGlobals", "LuaScope server 2 4", "LuaCodeCache never"] {
            assert_eq!(world.line(LinePlace::Htaccess, line), Ok(Effect::Done), "{line}");
        }
    }

    #[test]
    fn a_setting_of_threads_is_kept_and_noted_without_them() {
        let mut world = World::default();
        assert_eq!(world.line(LinePlace::Server, "PerlInterpTrim report 64K"), Ok(Effect::Done));
        assert_eq!(world.server.settings.get(Key::Trim), Some(&SettingValue::Trim(Trim::Report(65536))));
        world.threaded = false;
        let note = noted(world.line(LinePlace::Server, "PerlInterpMax 7"));
        assert_eq!(note, "PerlInterpMax: this line has no effect without threads");
        assert_eq!(world.server.settings.get(Key::Max), Some(&SettingValue::Count(7)));
        world.line(LinePlace::Server, "<PerlInterpClass a").unwrap();
        for line in ["PerlInterpMaxRequests 9", "PerlInterpMaxWait 1", "PerlClassInterpreters 2", "PerlClassReload 3 1"]
        {
            let note = noted(world.line(LinePlace::Server, line));
            let name = line.split(' ').next().unwrap();
            assert_eq!(note, format!("{name}: without threads this line holds in interpreter classes alone"));
            assert_eq!(world.line(LinePlace::Class("a"), line), Ok(Effect::Done), "{line}");
        }
        assert_eq!(world.server.settings.at(), Some(&Where::new("httpd.conf", 12)));
        assert_eq!(world.line(LinePlace::Server, "LuaInterpMaxMemory 8M"), Ok(Effect::Done));
    }

    #[test]
    fn a_setting_of_directories_is_kept_where_it_stands() {
        let mut world = World::default();
        world.line(LOCATION, "LuaCodeCache never").unwrap();
        assert!(world.server.settings.is_empty());
        world.line(LinePlace::Server, "LuaRoot /srv").unwrap();
        assert_eq!((world.server.root(), world.server.settings.at()), (world.dir.root(), None));
        assert!(world.dir.root().is_some());
    }
}
