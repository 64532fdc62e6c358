//! Lines about the start of an interpreter: its switches, and what it loads.

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::lines::{first, flag, name_at, options};
use crate::place::Where;
use crate::server::{Code, Queued, What};
use crate::{text, words};

fn queued(row: &'static Directive, cmd: &Context<'_>, what: What, name: &[u8]) -> Queued {
    Queued { what, name: name.into(), directive: row.plain_name(), at: cmd.at.clone() }
}

fn push_switch(cmd: &mut Context<'_>, switch: &[u8]) -> Applied {
    if cmd.server_runs() {
        return Err(Cause::PerlRuns(switch.into()));
    }
    let at = cmd.at.clone();
    let at_terminal =
        cmd.at_terminal || [&b"PERLDB_OPTS"[..], b"PERL5DB"].into_iter().any(|of| (cmd.getenv)(of).is_some());
    cmd.server_mut()?.switches.push(switch, &at, at_terminal).map_err(Cause::word(switch))?;
    Ok(Effect::Done)
}

/// `PerlSwitches`.
pub(crate) fn switches(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let switch = first(args);
    let inherit = b"+inherit";
    if !cmd.server_runs() && switch.len() >= inherit.len() && switch[..inherit.len()].eq_ignore_ascii_case(inherit) {
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

/// `PerlTrace`.
pub(crate) fn trace(_: &'static Directive, _: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    Ok(Effect::Trace(first(args).into()))
}

/// `PerlInterpTokenFile`, `LuaInterpTokenFile`.
pub(crate) fn token_file(_: &'static Directive, _: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let path = first(args);
    if !path.starts_with(b"/") {
        return Err(Cause::Word(path.into(), Why::NotAnAbsolutePath));
    }
    Ok(Effect::TokenFile(path.into()))
}

/// `PerlRequire`, `LuaRequire`.
pub(crate) fn require(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let file = queued(row, cmd, What::File, name_at(args, 0)?);
    if cmd.runs() {
        return Ok(Effect::Run(file));
    }
    cmd.server_mut()?.requires.push(file);
    Ok(Effect::Done)
}

/// `PerlModule`, `LuaModule`.
pub(crate) fn module(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let module = queued(row, cmd, What::Module, name_at(args, 0)?);
    if cmd.runs() {
        return Ok(Effect::Run(module));
    }
    cmd.server_mut()?.modules.push(module);
    Ok(Effect::Done)
}

/// `PerlClassStartup`: as a module, behind those of the server.
pub(crate) fn class_startup(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let code = queued(row, cmd, What::Code, words::unquoted(first(args).trim_ascii()));
    if cmd.runs() {
        return Ok(Effect::Run(code));
    }
    cmd.server_mut()?.modules.push(code);
    Ok(Effect::Done)
}

/// `PerlLoadModule`.
pub(crate) fn load_module(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let name = words::unquoted(first(args).trim_ascii());
    Ok(Effect::Run(queued(row, cmd, What::Module, name_at(&[name], 0)?)))
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
pub(crate) fn code(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let line = first(args);
    let Some((head, text)) = line.iter().position(|b| *b == b'\n').map(|end| (&line[..end], &line[end + 1..])) else {
        return Ok(Effect::RunCode(Code { text: line.into(), at: cmd.at.clone(), section: None }));
    };
    let head = head.trim_ascii_end().strip_suffix(b">").unwrap_or(head);
    let at = Where::new(&*cmd.at.file, cmd.at.line + 1);
    Ok(Effect::RunCode(Code { text: text.into(), at, section: Some(attributes(head)?) }))
}

/// What the line that opens a section says: `handler=My::Sections, package=My::Package`.
fn attributes(head: &[u8]) -> Result<Vec<(Box<[u8]>, Box<[u8]>)>, Cause> {
    let attribute = |word: &[u8]| {
        let at = word.iter().position(|b| *b == b'=').filter(|at| *at > 0);
        let (name, value) = at.map_or((word, &b""[..]), |at| (&word[..at], &word[at + 1..]));
        let (name, value) = (name.trim_ascii(), words::unquoted(value.trim_ascii()));
        let is_whole = !name.is_empty() && !value.is_empty();
        if is_whole {
            Ok((name.into(), value.into()))
        } else {
            Err(Cause::Word(word.trim_ascii().into(), Why::NotAnAttribute))
        }
    };
    head.split(|b| *b == b',').filter(|word| !word.trim_ascii().is_empty()).map(attribute).collect()
}

/// `=pod`, `=back`, `__END__`: what they cover has been skipped.
pub(crate) fn text(_: &'static Directive, _: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word = first(args).trim_ascii();
    if word.is_empty() || text::is_for_httpd(word) {
        Ok(Effect::Done)
    } else {
        Err(Cause::Word(word.into(), Why::NotForHttpd))
    }
}

/// `__END__`, with any text behind it.
pub(crate) fn end_of_file(_: &'static Directive, _: &mut Context<'_>, _: &[&[u8]]) -> Applied {
    Ok(Effect::Done)
}

/// `=cut`, `=over`: met outside of POD.
pub(crate) fn outside_of_pod(_: &'static Directive, _: &mut Context<'_>, _: &[&[u8]]) -> Applied {
    Err(Cause::OutsideOfPod)
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
        now(true, "PerlModule C", "PerlModule", What::Module, "C");
        now(true, "PerlRequire d.pl", "PerlRequire", What::File, "d.pl");
        assert_eq!(world.line(LinePlace::Server, "PerlPostConfigRequire q.pl"), Ok(Effect::Done));
        assert_eq!((world.server.modules.len(), world.server.post_config_requires.len()), (2, 2));
    }

    #[test]
    fn code_is_run_with_what_its_section_says() {
        let mut world = World::default();
        let mut code = |line: &str| match world.line(LinePlace::Server, line) {
            Ok(Effect::RunCode(code)) => code,
            other => panic!("{line}: {other:?}"),
        };
        let (text, at): (&[u8], _) = (b"$x = 1;", Where::new("httpd.conf", 12));
        assert_eq!(code("Perl $x = 1;"), Code { text: text.into(), at, section: None });
        let mut section = |head: &str| {
            let found = code(&format!("Perl {head}\n  1;\n"));
            assert_eq!((&*found.text, found.at), (&b"  1;\n"[..], Where::new("httpd.conf", 13)));
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            found.section.unwrap().iter().map(|(k, v)| (text(k), text(v))).collect::<Vec<_>>()
        };
        assert!(section(">").is_empty() && section(" > ").is_empty());
        let pairs = |of: &[(&str, &str)]| of.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect::<Vec<_>>();
        assert_eq!(section("handler=A::B>"), pairs(&[("handler", "A::B")]));
        assert_eq!(section("handler = \"A\", n=1=2 >"), pairs(&[("handler", "A"), ("n", "1=2")]));
        for head in ["handler>", "handler=>", "=A>", "a=1, b>"] {
            let refused = refused(&mut world, LinePlace::Server, &format!("Perl {head}\n1\n"));
            assert!(refused.ends_with("is not name=value"), "{refused}");
        }
    }

    #[test]
    fn pod_is_for_httpd_or_for_nobody_and_ends_only_where_it_began() {
        let mut world = World::default();
        for line in ["=pod", "=pod for apache", "=back", "=back httpd", "__END__", "__END__ of it"] {
            assert_eq!(world.line(LinePlace::Server, line), Ok(Effect::Done), "{line}");
        }
        let text =
            "=back: \"html\" is not apache or httpd: configuration in POD begins with =over apache and ends with =back";
        assert_eq!(refused(&mut world, LinePlace::Server, "=back html"), text);
        assert_eq!(refused(&mut world, LinePlace::Server, "=cut"), "=cut: there is no =pod before it");
        assert_eq!(refused(&mut world, LinePlace::Server, "=over apache"), "=over: there is no =pod before it");
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
