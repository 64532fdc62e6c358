//! The line that makes a dictionary.

use std::sync::Arc;

use crate::context::{Applied, Context};
use crate::dicts::{DictConf, DictPlace, LEAST_MEMORY};
use crate::directive::Directive;
use crate::effect::Effect;
use crate::error::{Cause, Why};
use crate::lines::{first, second};
use crate::words;

/// What begins the place of a dictionary.
const PLACES: &[&str] = &["shm:size"];
/// The words that a line may say behind the place.
const OF_MEMORY: &[&str] = &["full"];

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
        _ => Err(wrong(Why::NoneOf(PLACES))),
    }
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
    fn what_is_wrong_is_told_with_its_word() {
        let mut world = World::default();
        world.line(LinePlace::Server, "InterpDict there shm:1m").unwrap();
        for (line, message) in [
            ("InterpDict a", "takes name shm:size [full=evict|error]"),
            ("InterpDict a/b shm:1m", "\"a/b\" is not the name of a dictionary: letters, digits, _, - and ."),
            ("InterpDict '' shm:1m", "\"\" is not the name of a dictionary: letters, digits, _, - and ."),
            ("InterpDict there shm:1m", "\"there\" is there already (httpd.conf:12)"),
            ("InterpDict a 10m", "\"10m\" is none of shm:size"),
            ("InterpDict a dbm:x", "\"dbm:x\" is none of shm:size"),
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
