//! Lines about the start of an interpreter: its switches, and what it loads.

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::Cause;
use crate::lines::{first, flag, name_at, options};
use crate::server::{Queued, What};

fn queued(row: &'static Directive, cmd: &Context<'_>, what: What, name: &[u8]) -> Queued {
    Queued { what, name: name.into(), directive: row.plain_name(), at: cmd.at.clone() }
}

fn push_switch(cmd: &mut Context<'_>, switch: &[u8]) -> Applied {
    if cmd.server_running {
        return Err(Cause::PerlRuns(switch.into()));
    }
    let at = cmd.at.clone();
    cmd.server_mut()?.switches.push(switch, &at).map_err(Cause::word(switch))?;
    Ok(Effect::Done)
}

/// `PerlSwitches`.
pub(crate) fn switches(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let switch = first(args);
    let inherit = b"+inherit";
    if !cmd.server_running && switch.len() >= inherit.len() && switch[..inherit.len()].eq_ignore_ascii_case(inherit) {
        return options::set(row, cmd, b"+InheritSwitches");
    }
    push_switch(cmd, switch)
}

/// `PerlTaintCheck`.
pub(crate) fn taint_check(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    if flag(args)? { push_switch(cmd, b"-T") } else { Ok(Effect::Done) }
}

/// `PerlWarn`.
pub(crate) fn warn(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    if flag(args)? { push_switch(cmd, b"-w") } else { Ok(Effect::Done) }
}

/// `PerlRequire`, `LuaRequire`.
pub(crate) fn require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let file = queued(row, cmd, What::File, name_at(args, 0)?);
    if cmd.running {
        return Ok(Effect::Run(file));
    }
    cmd.server_mut()?.requires.push(file);
    Ok(Effect::Done)
}

/// `PerlModule`, `LuaModule`.
pub(crate) fn module(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let module = queued(row, cmd, What::Module, name_at(args, 0)?);
    if cmd.running {
        return Ok(Effect::Run(module));
    }
    cmd.server_mut()?.modules.push(module);
    Ok(Effect::Done)
}

/// `PerlConfigRequire`.
pub(crate) fn config_require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    Ok(Effect::Run(queued(row, cmd, What::File, name_at(args, 0)?)))
}

/// `PerlPostConfigRequire`.
pub(crate) fn post_config_require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let file = queued(row, cmd, What::File, name_at(args, 0)?);
    cmd.server_mut()?.post_config_requires.push(file);
    Ok(Effect::Done)
}

/// `Perl`, `<Perl>`.
pub(crate) fn code(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    Ok(Effect::Run(queued(row, cmd, What::Code, first(args))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{World, refused};
    use crate::options::ServerOption;
    use crate::place::{LinePlace, Where};

    #[test]
    fn files_and_modules_wait_for_the_parent_or_are_loaded_at_once() {
        let mut world = World::default();
        for line in ["PerlModule A B", "PerlRequire a.pl", "PerlPostConfigRequire p.pl"] {
            assert_eq!(world.line(LinePlace::Server, line), Ok(Effect::Done));
        }
        let names =
            |list: &[Queued]| list.iter().map(|q| String::from_utf8_lossy(&q.name).into_owned()).collect::<Vec<_>>();
        assert_eq!(names(&world.server.modules), ["A", "B"]);
        assert_eq!(names(&world.server.requires), ["a.pl"]);
        assert_eq!(names(&world.server.post_config_requires), ["p.pl"]);
        let mut now = |running, line: &str, directive, what, name: &str| {
            world.running = running;
            let at = Where::new("httpd.conf", 12);
            let queued = Queued { what, name: name.as_bytes().into(), directive, at };
            assert_eq!(world.line(LinePlace::Server, line), Ok(Effect::Run(queued)), "{line}");
        };
        now(false, "PerlConfigRequire c.pl", "PerlConfigRequire", What::File, "c.pl");
        now(false, "Perl $x = 1;", "Perl", What::Code, "$x = 1;");
        now(true, "PerlModule C", "PerlModule", What::Module, "C");
        now(true, "PerlRequire d.pl", "PerlRequire", What::File, "d.pl");
        assert_eq!(world.line(LinePlace::Server, "PerlPostConfigRequire q.pl"), Ok(Effect::Done));
        assert_eq!((world.server.modules.len(), world.server.post_config_requires.len()), (2, 2));
    }

    #[test]
    fn switches_are_kept_in_order_and_refused_once_perl_runs() {
        let mut world = World::default();
        for line in ["PerlSwitches -w -I/lib", "PerlTaintCheck on", "PerlWarn off", "PerlSwitches +Inherit"] {
            assert_eq!(world.line(LinePlace::Server, line), Ok(Effect::Done));
        }
        assert!(world.server.switches.iter().eq([&b"-w"[..], b"-I/lib", b"-T"]));
        assert!(world.server.options.is(ServerOption::InheritSwitches));
        world.running = true;
        let late = "perl runs already. It must stand before the first line that starts perl, such as PerlConfigRequire";
        for (line, switch) in
            [("PerlSwitches -w", "-w"), ("PerlTaintCheck on", "-T"), ("PerlSwitches +inherit", "+inherit")]
        {
            let name = line.split(' ').next().unwrap();
            assert_eq!(
                refused(&mut world, LinePlace::Server, line),
                format!("{name}: too late for \"{switch}\": {late}")
            );
        }
        assert_eq!(world.line(LinePlace::Server, "PerlTaintCheck off"), Ok(Effect::Done));
    }
}
