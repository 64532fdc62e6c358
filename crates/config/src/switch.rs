//! perl's command line: what a word of `PerlSwitches` asks for, and what of it a server cannot do.

use crate::error::Why;

/// What follows a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Letter {
    /// Another letter may follow in the same word.
    Alone,
    /// A number, after which another letter may follow.
    Number,
    /// The rest of the word belongs to it, also where that is empty.
    Rest,
    /// The rest of the word, or the next word, is its argument.
    Argument,
    /// The rest of the word is a module.
    Module,
    /// `:Module`, for a debugger other than perl's own.
    Debugger,
    /// It does this, which a server cannot do.
    Refused(&'static str),
}
use Letter::*;

const ENDS: &str = "prints text about perl and ends the process";
const LINES: &str = "runs a program for each line of STDIN";

/// The letters that perl 5 knows.
static LETTERS: &[(&[u8], Letter)] = &[
    (b"wWXUtTfsSg", Alone),
    (b"0l", Number),
    (b"CD", Rest),
    (b"IeE", Argument),
    (b"Mm", Module),
    (b"d", Debugger),
    (b"h?vV", Refused(ENDS)),
    (b"npaF", Refused(LINES)),
    (b"c", Refused("compiles a program and does not run it")),
    (b"i", Refused("edits files in place")),
    (b"u", Refused("writes a core dump and ends the process")),
    (b"x", Refused("looks for a program in a file")),
    (b"-", Refused("ends the list of switches")),
];

/// Whether the next word is this one's argument, as behind `-I`.
///
/// Perl's own debugger is for one who has a terminal: `at_terminal`.
///
/// # Errors
/// What is wrong with the word.
pub(crate) fn takes_next(word: &[u8], at_terminal: bool) -> Result<bool, Why> {
    let mut rest = word.strip_prefix(b"-").ok_or(Why::NotASwitch)?;
    if rest.is_empty() {
        return Err(Why::SwitchRefused('-', "reads a program from STDIN"));
    }
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first == b' ' {
            // Another switch in the same word: "-w -T".
            let more = rest.trim_ascii_start();
            rest = more.strip_prefix(b"-").unwrap_or(more);
            continue;
        }
        let name = char::from(*first);
        let letter = LETTERS.iter().find(|(letters, _)| letters.contains(first)).map(|(_, letter)| *letter);
        match letter.ok_or(Why::NoSuchSwitch(name))? {
            Alone => {}
            Number => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                rest = &rest[digits..];
            }
            Argument => return Ok(rest.is_empty()),
            Module if rest.is_empty() => return Err(Why::SwitchLacks(name, "the name of a module")),
            Debugger if !at_terminal && !rest.starts_with(b":") && !rest.starts_with(b"t:") => {
                let why = "starts perl's debugger, which waits at a terminal: run httpd -X, or say in PERLDB_OPTS what it shall do";
                return Err(Why::SwitchRefused(name, why));
            }
            Rest | Module | Debugger => return Ok(false),
            Refused(what) => return Err(Why::SwitchRefused(name, what)),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_for_a_server_pass_and_some_take_the_next_word() {
        for word in [
            "-w",
            "-wT",
            "-w -T",
            "-T",
            "-I/lib",
            "-MPOSIX=floor",
            "-M-strict",
            "-mPOSIX",
            "-C0",
            "-CSD",
            "-0777w",
            "-l012",
            "-d:NYTProf=a,b",
            "-dt:Mod",
            "-Dt",
            "-e1",
            "-wMstrict",
            "-t",
            "-f",
            "-W",
            "-X",
            "-U",
            "-s",
        ] {
            assert_eq!(takes_next(word.as_bytes(), false), Ok(false), "{word}");
        }
        for word in ["-I", "-wI", "-e", "-E"] {
            assert_eq!(takes_next(word.as_bytes(), false), Ok(true), "{word}");
        }
    }

    #[test]
    fn what_a_server_cannot_do_is_refused_by_the_letter() {
        for (word, letter) in [
            ("-u", 'u'),
            ("-wu", 'u'),
            ("-h", 'h'),
            ("-w -v", 'v'),
            ("-V:version", 'V'),
            ("-d", 'd'),
            ("-dt", 'd'),
            ("-c", 'c'),
            ("-ne", 'n'),
            ("-p", 'p'),
            ("-a", 'a'),
            ("-F:", 'F'),
            ("-i.bak", 'i'),
            ("-x", 'x'),
            ("--", '-'),
            ("-", '-'),
            ("--help", '-'),
            ("-?", '?'),
        ] {
            assert!(
                matches!(takes_next(word.as_bytes(), false), Err(Why::SwitchRefused(l, _)) if l == letter),
                "{word}"
            );
        }
        assert_eq!((takes_next(b"-d", true), takes_next(b"-wdt", true)), (Ok(false), Ok(false)));
        assert_eq!(takes_next(b"-wz", false), Err(Why::NoSuchSwitch('z')));
        assert_eq!(takes_next(b"-M", false), Err(Why::SwitchLacks('M', "the name of a module")));
        for word in [&b"foo"[..], b"", b"+w"] {
            assert_eq!(takes_next(word, false), Err(Why::NotASwitch));
        }
    }
}
