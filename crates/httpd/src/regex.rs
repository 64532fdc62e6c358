//! httpd's regular expressions.

use crate::ffi;
use apr::with_cstr;
use smallvec::{SmallVec, smallvec};
use std::{ffi::c_int, mem::MaybeUninit};

/// A compiled pattern.
pub struct Regex {
    raw: ffi::ap_regex_t,
    start: Option<Start>,
}

/// The literal text with which every match of a pattern begins, known without a match: most patterns for addresses are such, and most
/// addresses do not match.
#[derive(Debug, PartialEq, Eq)]
struct Start {
    text: Box<[u8]>,
    /// Nothing but `$` follows.
    is_whole: bool,
}

impl Start {
    /// Of `^/name`: what is literal behind the `^`.
    fn of(pattern: &[u8]) -> Option<Start> {
        let rest = pattern.strip_prefix(b"^").filter(|rest| !rest.contains(&b'|'))?;
        let (mut text, mut at) = (Vec::new(), 0);
        while let Some(byte) = rest.get(at) {
            let (byte, next) = match byte {
                b'\\' if rest.get(at + 1).is_some_and(u8::is_ascii_punctuation) => (rest[at + 1], at + 2),
                b'\\' | b'.' | b'^' | b'$' | b'(' | b')' | b'[' | b'?' | b'*' | b'+' | b'{' => break,
                byte => (*byte, at + 1),
            };
            // It may be there any number of times, or not at all.
            if matches!(rest.get(next), Some(b'?' | b'*' | b'+' | b'{')) {
                break;
            }
            text.push(byte);
            at = next;
        }
        (!text.is_empty()).then(|| Start { text: text.into(), is_whole: &rest[at..] == b"$" })
    }
}

// SAFETY: nobody writes to a compiled pattern; what a match needs beside it httpd keeps per thread.
unsafe impl Send for Regex {}
// SAFETY: as above.
unsafe impl Sync for Regex {}

/// `AP_REG_ICASE`.
const ANY_CASE: c_int = 1;

/// What each group of a pattern matched, the whole match first; `None` for a group that took no part.
pub type Groups<'t> = SmallVec<[Option<&'t [u8]>; 2]>;

impl Regex {
    /// Compiles a pattern; `flags` are `AP_REG_*` (1: any case, 2: lines).
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn new(pattern: &[u8], flags: c_int) -> Result<Regex, String> {
        let mut regex = MaybeUninit::<ffi::ap_regex_t>::zeroed();
        // SAFETY: a C string for the call; httpd fills the record if it succeeds.
        let status = with_cstr(pattern, |p| unsafe { ffi::ap_regcomp(regex.as_mut_ptr(), p.as_ptr(), flags) });
        if status == 0 {
            // SAFETY: a number that does not change once the configuration is read.
            let any_case = (flags | unsafe { ffi::ap_regcomp_get_default_cflags() }) & ANY_CASE != 0;
            let start = if any_case || flags != 0 { None } else { Start::of(pattern) };
            // SAFETY: it did.
            return Ok(Regex { raw: unsafe { regex.assume_init() }, start });
        }
        let mut room = [0u8; 256];
        // SAFETY: httpd writes at most as many bytes, a NUL among them; it looks into the record only for the place of the
        // error, and zero is a value of it.
        unsafe { ffi::ap_regerror(status, regex.as_ptr(), room.as_mut_ptr().cast(), room.len()) };
        let length = room.iter().position(|b| *b == 0).unwrap_or(0);
        Err(String::from_utf8_lossy(&room[..length]).trim_end().to_owned())
    }

    /// The first match in `text`.
    pub fn find<'t>(&self, text: &'t [u8]) -> Option<Groups<'t>> {
        if let Some(start) = &self.start {
            let rest = text.strip_prefix(&*start.text)?;
            if start.is_whole && rest.is_empty() {
                return Some(smallvec![Some(text)]);
            }
            // A `$` may stand before one last end of line.
            if start.is_whole && rest != b"\n" {
                return None;
            }
        }
        let count = usize::try_from(self.raw.re_nsub).unwrap_or(0) + 1;
        let mut found = vec![ffi::ap_regmatch_t { rm_so: -1, rm_eo: -1 }; count];
        // SAFETY: the pattern is compiled; httpd reads these bytes and writes as many groups as there is room for.
        let status =
            unsafe { ffi::ap_regexec_len(&self.raw, text.as_ptr().cast(), text.len(), count, found.as_mut_ptr(), 0) };
        let group = |m: &ffi::ap_regmatch_t| text.get(usize::try_from(m.rm_so).ok()?..usize::try_from(m.rm_eo).ok()?);
        (status == 0).then(|| found.iter().map(group).collect())
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: compiled, and used no more.
        unsafe { ffi::ap_regfree(&mut self.raw) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_literal_at_the_start_of_a_pattern_is_known() {
        for (pattern, text, is_whole) in [
            ("^/hello$", "/hello", true),
            ("^/hello", "/hello", false),
            ("^/a\\.b/(.*)$", "/a.b/", false),
            ("^/ab?c", "/a", false),
            ("^/ab{0,2}", "/a", false),
            ("^/ab+", "/a", false),
            ("^/x/[0-9]+$", "/x/", false),
            ("^/a\\d", "/a", false),
            ("^/a\\.*", "/a", false),
            ("^/a$b", "/a", false),
        ] {
            let expected = Start { text: text.as_bytes().into(), is_whole };
            assert_eq!(Start::of(pattern.as_bytes()), Some(expected), "{pattern}");
        }
        for pattern in ["/hello", "^/a|^/b", "^/(a|b)", "^.*", "^(?i)/a", "^a?", "^$", "^", "", "(*UTF)^a"] {
            assert_eq!(Start::of(pattern.as_bytes()), None, "{pattern}");
        }
    }
}
