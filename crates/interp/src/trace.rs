//! Tracing: lines that tell an administrator, in the error log, what the module does. Which kinds of them are written is one word for
//! the whole process, which `PerlTrace` or the environment variable MOD_PERL_TRACE sets; while it is 0, a place that could write a line
//! costs a load and a branch.
//!
//! ```
//! use interp::trace;
//!
//! trace::set(trace::level(b"hi").unwrap());
//! assert!(trace::on(trace::Topic::Handlers) && !trace::on(trace::Topic::Io));
//! trace!(Io, "never made: {}", panic!()); // nothing of a line is made unless its kind is written
//! # trace::set(0);
//! ```

use std::fmt;
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// What a line is about. The kinds, their letters and their numbers are mod_perl's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "TOPICS says it of each")]
pub enum Topic {
    Api,
    Configuration,
    Directives,
    Environment,
    Filters,
    Globals,
    Handlers,
    Interpreters,
    Memory,
    Io,
    Runtime,
    Sections,
    Timings,
}

/// The letter of each topic, and what its lines tell, in the order of [`Topic`].
pub const TOPICS: [(u8, &str); 13] = [
    (b'a', "calls of the API"),
    (b'c', "directives in Perl: their objects"),
    (b'd', "directives, as they are read"),
    (b'e', "variables put into %ENV"),
    (b'f', "filters"),
    (b'g', "what a perl starts with, and its end"),
    (b'h', "handlers, and what they return"),
    (b'i', "interpreters: made, lent, given back, ended"),
    (b'm', "memory of the process, as interpreters are made and ended"),
    (b'o', "what is read of a body and written of an answer"),
    (b'r', "start-up code, files and modules that perl loads"),
    (b's', "<Perl> sections and the lines they make"),
    (b't', "how long handlers and start-up code take"),
];

static LEVEL: AtomicU32 = AtomicU32::new(0);
static TO: OnceLock<fn(u8, fmt::Arguments<'_>)> = OnceLock::new();

/// Whether lines about this are written.
#[inline(always)]
#[must_use]
pub fn on(topic: Topic) -> bool {
    LEVEL.load(Relaxed) & (1 << topic as u32) != 0
}

/// Whether lines about one of these are written.
#[inline(always)]
#[must_use]
pub fn on_one_of<const N: usize>(topics: [Topic; N]) -> bool {
    LEVEL.load(Relaxed) & topics.iter().fold(0, |bits, topic| bits | 1 << *topic as u32) != 0
}

/// The bits of a level: `all`, letters, or a number, as mod_perl counts them.
///
/// # Errors
/// The text of what is none.
pub fn level(text: &[u8]) -> Result<u32, String> {
    if text.eq_ignore_ascii_case(b"all") {
        return Ok((1 << TOPICS.len()) - 1);
    }
    if let Some(number) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok()) {
        return Ok(number & ((1 << TOPICS.len()) - 1));
    }
    text.iter().try_fold(0, |bits, letter| match TOPICS.iter().position(|(known, _)| known == letter) {
        Some(at) => Ok(bits | 1 << at),
        None => {
            let known: String = TOPICS.iter().map(|(letter, _)| char::from(*letter)).collect();
            let (shown, letter) =
                (String::from_utf8_lossy(text), String::from_utf8_lossy(std::slice::from_ref(letter)));
            Err(format!("\"{shown}\" has \"{letter}\", which stands for nothing: all, a number, or letters of {known}"))
        }
    })
}

/// Sets which lines are written from now on; of what a level says, see [`level`].
pub fn set(level: u32) {
    LEVEL.store(level, Relaxed);
    let traced = TOPICS.iter().enumerate().filter(|(at, _)| level & (1 << at) != 0);
    traced.for_each(|(_, (letter, what))| write(*letter, format_args!("traced: {what}")));
}

/// Says once where lines go: what is called with a line's letter and text.
pub fn to(write: fn(u8, fmt::Arguments<'_>)) {
    let _ = TO.set(write);
}

/// Writes a line, for [`trace!`](crate::trace!).
#[cold]
#[inline(never)]
pub fn say(topic: Topic, text: fmt::Arguments<'_>) {
    write(TOPICS[topic as usize].0, text);
}

fn write(letter: u8, text: fmt::Arguments<'_>) {
    if let Some(to) = TO.get().filter(|_| !crate::is_forked()) {
        to(letter, text);
    }
}

/// Writes a line about a topic, if lines about it are written: `trace!(Handlers, "{name} returned {status}")`.
#[macro_export]
macro_rules! trace {
    ($topic:ident, $($text:tt)*) => {
        if $crate::trace::on($crate::trace::Topic::$topic) {
            $crate::trace::say($crate::trace::Topic::$topic, format_args!($($text)*));
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_all_letters_or_a_number() {
        assert_eq!(level(b"ALL"), Ok(0x1fff));
        assert_eq!((level(b"a"), level(b"t"), level(b"dh")), (Ok(1), Ok(1 << 12), Ok(4 | 64)));
        assert_eq!((level(b"0"), level(b"65")), (Ok(0), Ok(65)));
        let wrong = level(b"dx").unwrap_err();
        assert_eq!(wrong, "\"dx\" has \"x\", which stands for nothing: all, a number, or letters of acdefghimorst");
    }

    #[test]
    fn a_topic_has_the_bit_of_its_letters_place() {
        assert_eq!(TOPICS[Topic::Timings as usize].0, b't');
        assert!(TOPICS.windows(2).all(|two| two[0].0 < two[1].0));
    }
}
