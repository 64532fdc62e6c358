//! httpd's regular expressions.

use crate::ffi;
use apr::with_cstr;
use std::{ffi::c_int, mem::MaybeUninit};

/// A compiled pattern.
pub struct Regex(ffi::ap_regex_t);

// SAFETY: nobody writes to a compiled pattern; what a match needs beside it httpd keeps per thread.
unsafe impl Send for Regex {}
// SAFETY: as above.
unsafe impl Sync for Regex {}

/// What each group of a pattern matched, the whole match first; `None` for a group that took no part.
pub type Groups<'t> = Vec<Option<&'t [u8]>>;

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
            // SAFETY: it did.
            return Ok(Regex(unsafe { regex.assume_init() }));
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
        let count = usize::try_from(self.0.re_nsub).unwrap_or(0) + 1;
        let mut found = vec![ffi::ap_regmatch_t { rm_so: -1, rm_eo: -1 }; count];
        // SAFETY: the pattern is compiled; httpd reads these bytes and writes as many groups as there is room for.
        let status =
            unsafe { ffi::ap_regexec_len(&self.0, text.as_ptr().cast(), text.len(), count, found.as_mut_ptr(), 0) };
        let group = |m: &ffi::ap_regmatch_t| text.get(usize::try_from(m.rm_so).ok()?..usize::try_from(m.rm_eo).ok()?);
        (status == 0).then(|| found.iter().map(group).collect())
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: compiled, and used no more.
        unsafe { ffi::ap_regfree(&mut self.0) }
    }
}
