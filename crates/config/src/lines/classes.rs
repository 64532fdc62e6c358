//! Lines that make interpreter classes, and that say which scripts belong to one.

use std::sync::Arc;

use crate::classes::{ClassRef, SERVERS_OWN};
use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::lines::first;
use crate::names::intern;
use crate::place::LinePlace;
use crate::server::{ClassConf, ClassLog, ServerConf};
use crate::words;

/// The name on a line: letters, digits, `_`, `-`, `.`; `default` is the class of all scripts that no other claims.
fn class_name(word: &[u8]) -> Result<&str, Cause> {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let name = std::str::from_utf8(word).ok().filter(|_| !word.is_empty() && word.iter().all(is_plain));
    name.ok_or_else(|| Cause::Word(word.into(), Why::NotAClassName))
}

/// `<PerlInterpClass name>`, `<LuaInterpClass name>`: opens the class; the lines within are then its own.
pub(crate) fn open(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word = words::unquoted(first(args).trim_ascii());
    let name = class_name(word)?;
    if name == SERVERS_OWN {
        return Err(Cause::Word(word.into(), Why::IsTheServer));
    }
    let at = cmd.at.clone();
    let server = cmd.server_mut()?;
    if let Some(class) = server.classes.find(name) {
        return Err(Cause::Word(word.into(), Why::IsDefined(class.at.to_string())));
    }
    let conf = ServerConf::new(server.language());
    server.classes.push(ClassConf { name: name.into(), at, locations: Vec::new(), conf });
    Ok(Effect::Done)
}

/// `PerlClassLocation`, within a class.
pub(crate) fn location(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let path = first(args);
    if !path.starts_with(b"/") {
        return Err(Cause::Word(path.into(), Why::NotAnAbsolutePath));
    }
    cmd.class_mut()?.locations.push(path.into());
    Ok(Effect::Done)
}

/// `PerlClassLog`, `LuaClassLog`.
pub(crate) fn log(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let log = ClassLog { path: first(args).into(), at: cmd.at.clone() };
    cmd.server_mut()?.log = Some(Arc::new(log));
    Ok(Effect::Done)
}

/// `PerlClassImpersonate`.
pub(crate) fn impersonate(_: &'static Directive, _: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word = first(args);
    match words::flag(word).map_err(|why| Cause::Word(word.into(), why))? {
        true => Err(Cause::OneUser),
        false => Ok(Effect::Done),
    }
}

/// `PerlUseClass`.
pub(crate) fn use_class(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word = first(args);
    let name = class_name(word)?;
    // What stands in a .htaccess is read when the classes are known.
    if cmd.place == LinePlace::Htaccess && name != SERVERS_OWN && cmd.server().classes.find(name).is_none() {
        return Err(Cause::Word(word.into(), Why::NoSuchClass));
    }
    let class = ClassRef { name: name.into(), number: intern(word), at: cmd.at.clone() };
    cmd.dir_mut()?.class = Some(class.clone().into());
    Ok(Effect::UsesClass(class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{LOCATION, World, refused};

    const CLASS: LinePlace<'_> = LinePlace::Class("reports");

    fn world() -> World {
        let mut world = World::default();
        world.line(LinePlace::Server, "<PerlInterpClass reports").unwrap();
        world
    }

    #[test]
    fn lines_within_a_class_are_its_own() {
        let mut world = world();
        for line in
            ["PerlClassLocation /srv/a /srv/b", "PerlSwitches -T", "PerlInterpMax 2", "PerlSetEnv A 1", "PerlModule My"]
        {
            assert_eq!(world.line(CLASS, line), Ok(Effect::Done), "{line}");
        }
        world.running = true;
        assert_eq!(world.line(CLASS, "PerlRequire a.pl"), Ok(Effect::Done), "its parent does not run yet");
        let class = world.server.classes.find("reports").unwrap();
        assert_eq!((class.locations.len(), class.at.line), (2, 12));
        assert!(class.conf.switches.iter().eq([b"-T"]));
        assert_eq!((class.conf.modules.len(), class.conf.requires.len()), (1, 1));
        assert_eq!(class.conf.set_env.get(b"A"), Some(&b"1"[..]));
        assert!(world.server.settings.is_empty() && world.server.set_env.is_empty() && world.dir.set_env.is_empty());
    }

    #[test]
    fn a_class_is_made_once_and_has_a_name_that_can_be_written() {
        let mut world = world();
        for (line, why) in [
            ("<PerlInterpClass reports", "\"reports\" is there already (httpd.conf:12)"),
            (
                "<PerlInterpClass default",
                "\"default\" is the class of the server itself: write its lines at server level",
            ),
            ("<PerlInterpClass a/b", "\"a/b\" is not the name of a class: letters, digits, _, - and ."),
            ("<PerlInterpClass ''", "\"\" is not the name of a class: letters, digits, _, - and ."),
        ] {
            assert_eq!(refused(&mut world, LinePlace::Server, line), format!("<PerlInterpClass>: {why}"));
        }
    }

    #[test]
    fn what_is_no_affair_of_a_class_is_refused_in_it() {
        let mut world = world();
        let message = refused(&mut world, CLASS, "PerlTransHandler My::Handler");
        assert!(message.starts_with("PerlTransHandler: not allowed in the class reports: it belongs "), "{message}");
        let message = refused(&mut world, CLASS, "PerlClassLocation a/b");
        assert_eq!(message, "PerlClassLocation: \"a/b\" is not an absolute path");
        let message = refused(&mut world, LinePlace::Server, "PerlClassLocation /a");
        assert_eq!(message, "PerlClassLocation: not allowed in the main server: it belongs in the section of a class");
    }

    #[test]
    fn a_directory_says_to_which_class_its_scripts_belong() {
        let mut world = world();
        assert!(matches!(world.line(LOCATION, "PerlUseClass reports"), Ok(Effect::UsesClass(_))));
        assert_eq!(&*world.dir.class.as_ref().unwrap().name, "reports");
        assert!(refused(&mut world, LinePlace::Htaccess, "PerlUseClass reports").contains("decides which code runs"));
        world.line(LinePlace::Server, "PerlOptions +Htaccess").unwrap();
        assert!(world.line(LinePlace::Htaccess, "PerlUseClass reports").is_ok());
        assert_eq!(
            refused(&mut world, LinePlace::Htaccess, "PerlUseClass other"),
            "PerlUseClass: \"other\" is no class of this server"
        );
    }
}
