//! Lines that switch options.

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::flags::{Sign, signed};
use crate::lines::{first, flag};
use crate::options::{self, DirOption, dir_options, server_options};
use crate::place::LinePlace;

/// `PerlOptions`, `LuaOptions`.
pub(crate) fn options(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    set(row, cmd, first(args))
}

/// `PerlSendHeader`.
pub(crate) fn send_header(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word: &[u8] = if flag(args)? { b"+ParseHeaders" } else { b"-ParseHeaders" };
    set(row, cmd, word)
}

/// `PerlSetupEnv`.
pub(crate) fn setup_env(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word: &[u8] = if flag(args)? { b"+SetupEnv" } else { b"-SetupEnv" };
    set(row, cmd, word)
}

/// At server level a name is first that of a server option, then that of a directory option, whose default it sets.
pub(crate) fn set(row: &'static Directive, cmd: &mut Context<'_>, word: &[u8]) -> Applied {
    let (sign, name) = signed(word);
    let of_server = options::server_option(row.language, name);
    let of_dir = options::dir_option(row.language, name);
    if !cmd.place.has_directories() && of_server.is_none_or(|option| option.name != "Parent") {
        return Err(Cause::NoOptionOfClass(name.into()));
    }
    match (cmd.place.is_server_level(), of_server, of_dir) {
        (true, Some(option), _) => {
            if option.needs_ithreads && !cmd.perl_has_ithreads && sign != Sign::Minus {
                return Err(Cause::Word(name.into(), Why::NeedsIthreads));
            }
            cmd.server_mut()?.options.set(sign, option);
        }
        (_, _, Some(option)) => {
            if option.is(DirOption::MergeHandlers) && !cmd.may_choose_code() {
                let deed = "MergeHandlers decides which handlers run".into();
                return Err(Cause::Htaccess { deed, language: row.language });
            }
            cmd.dir_mut()?.options.set(sign, option);
        }
        (false, Some(_), None) => {
            let (place, allowed) = (cmd.place.to_string(), options::names(dir_options(row.language)));
            return Err(Cause::OptionOfServer { name: name.into(), place, allowed });
        }
        (_, None, None) => return Err(unknown(row, cmd, name)),
    }
    // In the main server's own records no merge takes it away; elsewhere one always does.
    let lost = sign == Sign::Bare && cmd.place != LinePlace::Server && name != b"None" && name != b"Unset";
    if !lost {
        return Ok(Effect::Done);
    }
    Ok(Effect::Note(row.error(&cmd.at, Cause::Lost { name: name.into(), place: cmd.place.to_string() })))
}

fn unknown(row: &Directive, cmd: &Context<'_>, name: &[u8]) -> Cause {
    let language = row.language;
    let of_dir = options::names(dir_options(language));
    let is_meant = |name: &[u8], known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let meant_of_dir = dir_options(language).find(|option| is_meant(name, option.name));
    let (meant, known) = if cmd.place.is_server_level() {
        let of_server = options::names(server_options(language));
        let meant = server_options(language).find(|option| is_meant(name, option.name)).or(meant_of_dir);
        (meant, format!("of a server: {of_server}; of a directory: {of_dir}"))
    } else {
        (meant_of_dir, format!("of a directory: {of_dir}"))
    };
    Cause::NoOption { name: name.into(), meant: meant.map(|option| option.name), known }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{LOCATION, World, noted, refused};
    use crate::options::ServerOption;
    use crate::server::ServerConf;

    #[test]
    fn an_option_of_a_directory_at_server_level_sets_the_default() {
        let mut world = World::default();
        assert_eq!(
            world.line(LinePlace::Server, "PerlOptions +GlobalRequest SetupEnv -ParseHeaders"),
            Ok(Effect::Done)
        );
        assert_eq!(world.dir.options.said(DirOption::GlobalRequest), Some(true));
        assert_eq!(world.dir.options.said(DirOption::SetupEnv), Some(true));
        assert_eq!(world.dir.options.said(DirOption::ParseHeaders), Some(false));
        assert_eq!(world.server, ServerConf::default());
        world.line(LinePlace::Server, "PerlOptions +MergeHandlers").unwrap();
        assert!(world.server.options.is(ServerOption::MergeHandlers), "known to both: the server's");
        assert!(!world.dir.options.is(DirOption::MergeHandlers));
        world.line(LOCATION, "PerlOptions +MergeHandlers").unwrap();
        assert!(world.dir.options.is(DirOption::MergeHandlers));
    }

    #[test]
    fn a_flag_without_sign_is_noted_where_a_merge_will_lose_it() {
        let mut world = World::default();
        assert_eq!(
            noted(world.line(LOCATION, "PerlOptions SetupEnv")),
            "PerlOptions: \"SetupEnv\" is lost in a <Location> section unless it has a + or -"
        );
        assert_eq!(world.line(LinePlace::Server, "PerlOptions SetupEnv"), Ok(Effect::Done));
        assert_eq!(world.line(LOCATION, "PerlOptions None"), Ok(Effect::Done));
    }

    #[test]
    fn options_that_clone_need_ithreads() {
        let mut world = World { ithreads: false, ..World::default() };
        for name in ["Clone", "Parent"] {
            assert_eq!(
                refused(&mut world, LinePlace::VirtualHost, &format!("PerlOptions +{name}")),
                format!("PerlOptions: \"{name}\" needs a perl built with ithreads")
            );
            assert_eq!(world.line(LinePlace::VirtualHost, &format!("PerlOptions -{name}")), Ok(Effect::Done));
        }
    }

    #[test]
    fn mod_perl_1_flags_set_options() {
        let mut world = World::default();
        world.line(LOCATION, "PerlSetupEnv off").unwrap();
        world.line(LOCATION, "PerlSendHeader on").unwrap();
        assert_eq!(world.dir.options.said(DirOption::SetupEnv), Some(false));
        assert_eq!(world.dir.options.said(DirOption::ParseHeaders), Some(true));
    }
}
