//! The line that has a program for Net::Server serve a server's connections.

use crate::context::{Applied, Context};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::lines::name_at;
use crate::net_server::NetServer;

/// `PerlNetServer file|Class [call=sub] [word ...]`.
pub(crate) fn net_server(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let program = name_at(args, 0)?;
    let mut server = NetServer { program: program.into(), call: None, words: Vec::new(), at: cmd.at.clone() };
    for word in args.iter().skip(1) {
        match word.strip_prefix(b"call=") {
            Some(sub) if server.call.is_none() => server.call = Some(name_at(&[sub], 0)?.into()),
            _ => server.words.push((*word).into()),
        }
    }
    let of = cmd.server_mut()?;
    if let Some(other) = of.net_servers.first() {
        return Err(Cause::Word(program.into(), Why::IsTheSecond(other.at.to_string())));
    }
    of.net_servers.push(server);
    Ok(Effect::Speaks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{World, refused};
    use crate::place::LinePlace;

    #[test]
    fn a_program_has_a_command_line_and_may_name_the_sub_that_begins() {
        let mut world = World::default();
        let line = "PerlNetServer /usr/sbin/munin-node call=main port=4949 \"--a b\" call=x";
        assert_eq!(world.line(LinePlace::Server, line), Ok(Effect::Speaks));
        let server = world.server.net_servers.first().unwrap();
        assert_eq!((&*server.program, server.call.as_deref()), (&b"/usr/sbin/munin-node"[..], Some(&b"main"[..])));
        assert!(server.words.iter().map(|word| &**word).eq([&b"port=4949"[..], b"--a b", b"call=x"]));
        assert!(server.is_file());
    }

    #[test]
    fn a_server_has_one_program() {
        let mut world = World::default();
        assert_eq!(world.line(LinePlace::Server, "PerlNetServer My::Server"), Ok(Effect::Speaks));
        assert!(!world.server.net_servers.first().unwrap().is_file());
        assert_eq!(
            refused(&mut world, LinePlace::Server, "PerlNetServer Other"),
            "PerlNetServer: \"Other\" is the second program here: the connections of one server are those of one (httpd.conf:12)"
        );
    }
}
