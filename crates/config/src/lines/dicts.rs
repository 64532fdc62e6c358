//! The line that makes a dictionary.

use std::sync::Arc;
use std::time::Duration;

use crate::context::{Applied, Context};
use crate::dicts::{DictConf, DictPlace, LEAST_MEMORY, RedisServer};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::lines::{first, second};
use crate::words;

/// What begins the place of a dictionary.
const PLACES: &[&str] = &["shm:size", "redis://host:port/db", "rediss://host:port/db"];
/// The words that a line may say behind the place.
const OF_MEMORY: &[&str] = &["full"];
const OF_SERVER: &[&str] = &["max", "timeout"];
const OF_TLS: &[&str] = &["max", "timeout", "ca"];

/// Redis's own port.
const PORT: u16 = 6379;
/// What holds where the line says nothing.
const MAX: u32 = 10;
const TIMEOUT: Duration = Duration::from_secs(1);

/// `InterpDict`.
pub(crate) fn dict(_: &'static Directive, cmd: &mut Context<'_>, args: &[&[u8]]) -> Applied {
    let (name, word) = (first(args), second(args));
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let named = std::str::from_utf8(name).ok().filter(|_| !name.is_empty() && name.iter().all(is_plain));
    let named = named.ok_or_else(|| Cause::Word(name.into(), Why::NotADictName))?;
    let rest = args.get(2..).unwrap_or_default();
    let place = place(word, rest)?;
    let conf = DictConf { name: named.into(), place, at: cmd.at.clone() };
    let server = cmd.server_mut()?;
    if let Some(other) = server.dicts.iter().find(|other| other.name == conf.name) {
        return Err(Cause::Word(name.into(), Why::IsDefined(other.at.to_string())));
    }
    server.dicts.push(conf.clone());
    Ok(Effect::Dict(Arc::new(conf)))
}

/// Where the entries are kept, and what else the line says of that.
fn place(word: &[u8], rest: &[&[u8]]) -> Result<DictPlace, Cause> {
    let wrong = |why| Cause::Word(word.into(), why);
    let (scheme, behind) = word.split_at(word.iter().position(|b| *b == b':').unwrap_or(0));
    match scheme.to_ascii_lowercase().as_slice() {
        b"shm" | b"shmcb" => {
            let size = words::size(behind.get(1..).unwrap_or_default(), "none").map_err(wrong)?;
            if size < LEAST_MEMORY {
                return Err(wrong(Why::MemoryTooSmall(LEAST_MEMORY >> 10)));
            }
            let mut evicts = true;
            for (word, name, value) in settings(rest) {
                match (name, value) {
                    (b"full", b"evict") => evicts = true,
                    (b"full", b"error") => evicts = false,
                    (b"full", _) => return Err(Cause::Word(word.into(), Why::NoneOf(&["full=evict", "full=error"]))),
                    _ => return Err(Cause::Word(word.into(), Why::NotASetting(OF_MEMORY))),
                }
            }
            Ok(DictPlace::Memory { size, evicts })
        }
        b"redis" | b"valkey" => server(word, behind, false, rest),
        b"rediss" | b"valkeys" => server(word, behind, true, rest),
        _ => Err(wrong(Why::NoneOf(PLACES))),
    }
}

/// A server's address: `://[[user]:password@]host[:port][/db]`.
fn server(word: &[u8], behind: &[u8], is_tls: bool, rest: &[&[u8]]) -> Result<DictPlace, Cause> {
    let wrong = || Cause::Word(without_password(word).into(), Why::NotAServer);
    let address = behind.strip_prefix(b"://").and_then(|text| std::str::from_utf8(text).ok()).ok_or_else(wrong)?;
    let (login, place) = address.rsplit_once('@').unwrap_or(("", address));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, db) = place.split_once('/').unwrap_or((place, ""));
    let (host, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some(""))),
        None => host.split_once(':').map_or((host, Some("")), |(host, port)| (host, Some(port))),
    };
    let port = match port.and_then(digits).ok_or_else(wrong)? {
        "" => PORT,
        port => port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?,
    };
    let db = match digits(db).ok_or_else(wrong)? {
        "" => 0,
        db => db.parse().map_err(|_| wrong())?,
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._:%".contains(&b);
    if host.is_empty() || !host.bytes().all(is_name) {
        return Err(wrong());
    }
    let plain = |text: &str| decoded(text).ok_or_else(wrong);
    let mut server = RedisServer {
        host: host.into(),
        port,
        db,
        user: plain(user)?,
        password: plain(password)?,
        is_tls,
        ca: None,
        max: MAX,
        timeout: TIMEOUT,
    };
    let names = if is_tls { OF_TLS } else { OF_SERVER };
    for (word, name, value) in settings(rest) {
        let of = Cause::word(word);
        match name {
            b"max" => server.max = words::count(value, 1).map_err(of)?,
            b"timeout" => server.timeout = words::time(value).map_err(of)?,
            b"ca" if is_tls => match std::str::from_utf8(value) {
                Ok(path) if path.starts_with('/') => server.ca = Some(path.into()),
                _ => return Err(of(Why::NotAnAbsolutePath)),
            },
            _ => return Err(of(Why::NotASetting(names))),
        }
    }
    Ok(DictPlace::Redis(Arc::new(server)))
}

/// A text of digits, or of nothing.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(text)
}

/// A part of an address in which `%40` stands for `@`.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// An address for messages.
fn without_password(word: &[u8]) -> Vec<u8> {
    let Some(at) = word.iter().rposition(|b| *b == b'@') else { return word.to_vec() };
    let (login, place) = word.split_at(at);
    let begin = login.windows(3).position(|part| part == b"://").map_or(0, |begin| begin + 3);
    let (scheme, login) = login.split_at(begin);
    let user = login.split(|b| *b == b':').next().unwrap_or_default();
    [scheme, user, b":...", place].concat()
}

/// The words of a line as names and values; a word that is none of these has an empty name.
fn settings<'l>(words: &[&'l [u8]]) -> impl Iterator<Item = (&'l [u8], &'l [u8], &'l [u8])> {
    words.iter().map(|word| {
        let (name, value) = words::setting(word).unwrap_or_default();
        (*word, name, value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::world::{LOCATION, World, refused};
    use crate::place::LinePlace;

    const NOT_A_SERVER: &str = "is not the address of a server such as redis://10.0.0.5:6379/0";

    fn made(line: &str) -> DictConf {
        let mut world = World::default();
        world.line(LinePlace::Server, line).unwrap();
        world.server.dicts.last().unwrap().clone()
    }

    #[test]
    fn a_line_says_name_and_memory() {
        let dict = made("InterpDict sessions shm:10m");
        assert_eq!((&*dict.name, &dict.place), ("sessions", &DictPlace::Memory { size: 10 << 20, evicts: true }));
        let place = |line: &str| made(line).place;
        assert_eq!(place("InterpDict a shmcb:64K full=error"), DictPlace::Memory { size: 64 << 10, evicts: false });
        assert_eq!(place("InterpDict a SHM:65536 full=evict"), DictPlace::Memory { size: 64 << 10, evicts: true });
    }

    #[test]
    fn a_line_says_a_server_and_how_long_to_wait_for_it() {
        let server = |line: &str| match made(line).place {
            DictPlace::Redis(server) => (*server).clone(),
            other => panic!("{other:?}"),
        };
        let plain = server("InterpDict a redis://db.example.org");
        assert_eq!((plain.host.as_str(), plain.port, plain.db, plain.is_tls), ("db.example.org", 6379, 0, false));
        assert_eq!((plain.max, plain.timeout, plain.password.as_str()), (10, Duration::from_secs(1), ""));
        let full = server("InterpDict a rediss://me:p%40ss:word@[::1]:7000/3 max=4 timeout=200ms ca=/etc/ca.pem");
        assert_eq!((full.host.as_str(), full.port, full.db, full.is_tls), ("::1", 7000, 3, true));
        assert_eq!((full.user.as_str(), full.password.as_str()), ("me", "p@ss:word"));
        assert_eq!((full.max, full.timeout, full.ca.as_deref()), (4, Duration::from_millis(200), Some("/etc/ca.pem")));
        assert_eq!(server("InterpDict a valkey://:x@127.0.0.1/").password, "x");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_word() {
        let mut world = World::default();
        world.line(LinePlace::Server, "InterpDict there shm:1m").unwrap();
        for (line, message) in [
            ("InterpDict a", "takes name shm:size|redis://host:port/db|rediss://host:port/db [name=value ...]"),
            ("InterpDict a/b shm:1m", "\"a/b\" is not the name of a dictionary: letters, digits, _, - and ."),
            ("InterpDict '' shm:1m", "\"\" is not the name of a dictionary: letters, digits, _, - and ."),
            ("InterpDict there shm:1m", "\"there\" is there already (httpd.conf:12)"),
            ("InterpDict a 10m", "\"10m\" is none of shm:size, redis://host:port/db, rediss://host:port/db"),
            ("InterpDict a dbm:x", "\"dbm:x\" is none of shm:size, redis://host:port/db, rediss://host:port/db"),
            ("InterpDict a redis:x", &format!("\"redis:x\" {NOT_A_SERVER}")),
            ("InterpDict a redis://", &format!("\"redis://\" {NOT_A_SERVER}")),
            ("InterpDict a redis://me:secret@h:99999", &format!("\"redis://me:...@h:99999\" {NOT_A_SERVER}")),
            ("InterpDict a redis://h/x", &format!("\"redis://h/x\" {NOT_A_SERVER}")),
            ("InterpDict a redis://h full=error", "\"full=error\" is none of max=, timeout="),
            ("InterpDict a redis://h ca=/x", "\"ca=/x\" is none of max=, timeout="),
            ("InterpDict a rediss://h ca=x", "\"ca=x\" is not an absolute path"),
            ("InterpDict a redis://h max=0", "\"max=0\" is too small: at least 1"),
            ("InterpDict a redis://h timeout=0", "\"timeout=0\" is not a time such as 30, 500ms, 5min or 2h"),
            ("InterpDict a shm:", "\"shm:\" is not a size such as 65536, 64K or 1M"),
            ("InterpDict a shm:10q", "\"shm:10q\" is not a size such as 65536, 64K or 1M"),
            ("InterpDict a shm:63k", "\"shm:63k\" is too small: at least 64K"),
            ("InterpDict a shm:1m full=no", "\"full=no\" is none of full=evict, full=error"),
            ("InterpDict a shm:1m evict", "\"evict\" is none of full="),
        ] {
            assert_eq!(refused(&mut world, LinePlace::Server, line), format!("InterpDict: {message}"), "{line}");
        }
        for place in [LOCATION, LinePlace::VirtualHost, LinePlace::Htaccess] {
            assert!(refused(&mut world, place, "InterpDict a shm:1m").contains("not allowed in"));
        }
    }
}
