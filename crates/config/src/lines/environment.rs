//! Lines that set variables: those of `dir_config`, and of the environment.

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why, quoted};
use crate::lines::{name_at, second};

/// `PerlSetVar`, `LuaSetVar`.
pub(crate) fn set_var(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, value) = (name_at(args, 0)?, second(args));
    if cmd.place.is_server_level() {
        cmd.server_mut()?.vars.set(name, value);
    }
    cmd.dir_mut()?.vars.set(name, value);
    Ok(Effect::Done)
}

/// `PerlAddVar`, `LuaAddVar`.
pub(crate) fn add_var(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, value) = (name_at(args, 0)?, second(args));
    if cmd.place.is_server_level() {
        cmd.server_mut()?.vars.add(name, value);
    }
    cmd.dir_mut()?.vars.add(name, value);
    Ok(Effect::Done)
}

fn env_name<'a>(args: &[&'a [u8]]) -> Result<&'a [u8], Cause> {
    let name = name_at(args, 0)?;
    if name.contains(&b'=') { Err(Cause::Word(name.into(), Why::NotAVariable)) } else { Ok(name) }
}

fn env_now(cmd: &Context<'_>, name: &[u8], value: &[u8]) -> Effect {
    if cmd.server_runs() { Effect::EnvNow { name: name.into(), value: value.into() } } else { Effect::Done }
}

/// Whether a program that is started with this in its environment loads or runs what the value names: the dynamic linker,
/// a shell, an interpreter.
#[must_use]
pub fn chooses_programs(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"BASH_ENV",
        b"EDITOR",
        b"ENV",
        b"GCONV_PATH",
        b"GLIBC_TUNABLES",
        b"IFS",
        b"JAVA_TOOL_OPTIONS",
        b"LESSOPEN",
        b"NODE_OPTIONS",
        b"NODE_PATH",
        b"OPENSSL_CONF",
        b"OPENSSL_ENGINES",
        b"OPENSSL_MODULES",
        b"PAGER",
        b"PATH",
        b"PERL5DB",
        b"PERL5LIB",
        b"PERL5OPT",
        b"PERLIO",
        b"PERLLIB",
        b"PS4",
        b"RUBYLIB",
        b"RUBYOPT",
        b"SHELLOPTS",
    ];
    const BEGINNINGS: &[&[u8]] = &[b"BASH_FUNC_", b"GIT_", b"LD_", b"LUA_", b"PYTHON"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// `PerlSetEnv`.
pub(crate) fn set_env(row: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, value) = (env_name(args)?, second(args));
    if chooses_programs(name) && !cmd.may_choose_code() {
        let deed = format!("{} decides which code the programs that a script starts run", quoted(name));
        return Err(Cause::Htaccess { deed, language: row.language });
    }
    let mut effect = Effect::Done;
    if cmd.place.is_server_level() {
        cmd.server_mut()?.set_env.set(name, value);
        effect = env_now(cmd, name, value);
    }
    if cmd.place.has_directories() {
        cmd.dir_mut()?.set_env.set(name, value);
    }
    Ok(effect)
}

/// `PerlPassEnv`.
pub(crate) fn pass_env(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let name = env_name(args)?;
    let Some(value) = (cmd.getenv)(name) else { return Ok(Effect::Done) };
    cmd.server_mut()?.pass_env.set(name, &value);
    Ok(env_now(cmd, name, &value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{LOCATION, World};
    use crate::place::LinePlace;

    #[test]
    fn variables_at_server_level_are_the_directories_defaults_too() {
        let mut world = World::default();
        world.line(LinePlace::Server, "PerlSetVar a 1").unwrap();
        world.line(LinePlace::Server, "PerlAddVar a 2 3").unwrap();
        assert_eq!(world.server.vars, world.dir.vars);
        assert_eq!(world.server.vars.vars().get_all(b"a").count(), 3);
        world.line(LOCATION, "PerlSetVar b 1").unwrap();
        assert_eq!(world.server.vars.vars().get(b"b"), None);
        assert_eq!(world.dir.vars.vars().get(b"b"), Some(&b"1"[..]));
    }

    #[test]
    fn environment_of_the_server_reaches_a_running_perl_at_once() {
        let mut world = World::default();
        assert_eq!(world.line(LinePlace::Server, "PerlSetEnv A 1"), Ok(Effect::Done));
        assert_eq!(world.line(LinePlace::Server, "PerlPassEnv HOME"), Ok(Effect::Done));
        assert_eq!(world.line(LinePlace::Server, "PerlPassEnv MISSING"), Ok(Effect::Done));
        assert_eq!(world.server.set_env.get(b"A"), Some(&b"1"[..]));
        assert_eq!(world.dir.set_env.get(b"A"), Some(&b"1"[..]));
        assert_eq!(world.server.pass_env.get(b"HOME"), Some(&b"/root"[..]));
        assert_eq!(world.server.pass_env.len(), 1);
        world.running = true;
        let now = |name: &[u8], value: &[u8]| Ok(Effect::EnvNow { name: name.into(), value: value.into() });
        assert_eq!(world.line(LinePlace::Server, "PerlSetEnv A 2"), now(b"A", b"2"));
        assert_eq!(world.line(LinePlace::Server, "PerlPassEnv HOME"), now(b"HOME", b"/root"));
        assert_eq!(world.line(LOCATION, "PerlSetEnv A 3"), Ok(Effect::Done));
        assert_eq!(world.server.set_env.get(b"A"), Some(&b"2"[..]));
    }
}
