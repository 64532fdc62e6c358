//! What a `perl-script` response may change and the next one must not see: `@INC`, `$/`, END blocks.

use crate::{
    ffi,
    perl::{Entered, said},
};
use std::ffi::c_void;

/// `@INC` and `$/` are what they were when this ends, and END blocks compiled meanwhile run then, once.
#[must_use = "dropping it puts everything back"]
#[derive(Debug)]
pub struct Globals<'a> {
    perl: &'a Entered<'a>,
    saved: *mut c_void,
}

impl Entered<'_> {
    /// Sets `@INC`, `$/` and the list of END blocks aside for a response.
    pub fn save_globals(&self) -> Globals<'_> {
        // SAFETY: this interpreter is entered.
        Globals { perl: self, saved: unsafe { ffi::mp_globals_save(self.raw()) } }
    }
}

impl Globals<'_> {
    /// Runs the END blocks of the response and puts everything back. Returns what the blocks died of.
    pub fn end(mut self) -> Vec<Vec<u8>> {
        self.put_back()
    }

    fn put_back(&mut self) -> Vec<Vec<u8>> {
        let mut errors: Vec<Vec<u8>> = Vec::new();
        let saved = std::mem::replace(&mut self.saved, std::ptr::null_mut());
        if !saved.is_null() {
            // SAFETY: the interpreter is still entered (the guard borrows it); `saved` is its own and used once.
            unsafe { ffi::mp_globals_restore(self.perl.raw(), saved, said, (&raw mut errors).cast()) };
        }
        errors
    }
}

impl Drop for Globals<'_> {
    fn drop(&mut self) {
        self.put_back();
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{lock, parent, text};

    #[test]
    fn a_response_leaves_inc_and_the_record_separator_as_they_were_and_runs_its_own_end_blocks() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"eval q(END { $main::ended .= 'server' } 1)", None).unwrap();
        let before = text(&e, "qq(@INC) . $/");
        let globals = e.save_globals();
        text(
            &e,
            "unshift @INC, '/tmp/x', sub { 1 }; $/ = undef; eval q(END { $main::ended .= 'script'; die qq(late\\n) } 1)",
        );
        assert_eq!(globals.end(), [b"late\n".to_vec()]);
        assert_eq!(text(&e, "qq(@INC) . $/"), before);
        assert_eq!(text(&e, "$main::ended"), "script");
        drop(e.save_globals());
        drop(e);
        assert!(perl.end().is_empty());
        assert_eq!(text(&perl.enter(), "$main::ended"), "scriptserver");
    }
}
