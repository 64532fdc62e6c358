//! Lines about connections to databases.

use crate::context::{Applied, Context};
use crate::databases::DbPool;
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::lines::first;
use crate::words;

/// The words that a line may say behind the data source.
const NAMES: &[&str] = &["max", "idle", "ping", "wait"];

/// `PerlDBPool`.
pub(crate) fn pool(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let word = first(args);
    let mut sources = word.to_vec();
    match word.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"dbi:") => sources[..4].make_ascii_lowercase(),
        _ if word.starts_with(b"*") => {}
        _ => return Err(Cause::Word(word.into(), Why::NotADataSource)),
    }
    let mut pool = DbPool::new(&sources, cmd.at.clone());
    for word in args.iter().skip(1) {
        let (name, value) = words::setting(word).ok_or_else(|| Cause::Word((*word).into(), Why::NotASetting(NAMES)))?;
        let time = || words::duration(value).map_err(Cause::word(word));
        let time_or = |none: &str| if value == none.as_bytes() { Ok(None) } else { time().map(Some) };
        match name {
            b"max" => pool.max = words::count(value, 1).map_err(Cause::word(word))?,
            b"idle" => pool.idle = time_or("none")?,
            b"ping" => pool.ping = time_or("never")?,
            b"wait" => pool.wait = Some(time()?),
            _ => return Err(Cause::Word((*word).into(), Why::NotASetting(NAMES))),
        }
    }
    let server = cmd.server_mut()?;
    if let Some(same) = server.db_pools.same(&sources) {
        return Err(Cause::Word(word.into(), Why::IsDefined(same.at.to_string())));
    }
    server.db_pools.push(pool);
    Ok(Effect::Done)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::lines::world::{World, refused};
    use crate::place::LinePlace;

    #[test]
    fn a_line_says_what_differs_from_the_defaults() {
        let mut world = World::default();
        world.line(LinePlace::Server, "PerlDBPool DBI:Pg:* max=3 idle=none ping=2min wait=500ms").unwrap();
        world.line(LinePlace::Server, "PerlDBPool dbi:SQLite:*").unwrap();
        let pool = world.server.db_pools.find(b"dbi:Pg:dbname=x").unwrap();
        assert_eq!((pool.max, pool.idle, pool.ping), (3, None, Some(Duration::from_secs(120))));
        assert_eq!(pool.wait, Some(Duration::from_millis(500)));
        let pool = world.server.db_pools.find(b"dbi:SQLite:x").unwrap();
        assert_eq!((pool.max, pool.idle), (10, Some(Duration::from_secs(300))));
        assert_eq!((pool.ping, pool.wait), (Some(Duration::ZERO), None));
    }

    #[test]
    fn wrong_words_are_refused() {
        let mut world = World::default();
        world.line(LinePlace::Server, "PerlDBPool dbi:Pg:*").unwrap();
        for (line, why) in [
            (
                "PerlDBPool Pg",
                "\"Pg\" is not a data source such as dbi:Pg:dbname=shop or dbi:Pg:*, where * stands for anything",
            ),
            ("PerlDBPool dbi:Pg:*", "\"dbi:Pg:*\" is there already (httpd.conf:12)"),
            ("PerlDBPool dbi:x: max=0", "\"max=0\" is too small: at least 1"),
            ("PerlDBPool dbi:x: idle=soon", "\"idle=soon\" is not a time such as 30, 500ms, 5min or 2h"),
            ("PerlDBPool dbi:x: 10", "\"10\" is none of max=, idle=, ping=, wait="),
            ("PerlDBPool dbi:x: min=1", "\"min=1\" is none of max=, idle=, ping=, wait="),
        ] {
            assert_eq!(refused(&mut world, LinePlace::Server, line), format!("PerlDBPool: {why}"));
        }
    }
}
