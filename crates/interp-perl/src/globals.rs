//! What a `perl-script` response may change and the next one must not see: `@INC` and `$/`.
//!
//! As with mod_perl: during the response an END block goes to its package's list in `%ModInterp::END`, if it has one
//! (`ModPerl::Global::special_list_register`); all others run when the interpreter ends.

use crate::{ffi, perl::Entered};
use std::ptr::null_mut;

/// Gives `@INC` and `$/` their former values back when it is dropped.
#[must_use = "dropping it puts everything back"]
#[derive(Debug)]
pub struct Globals<'a> {
    perl: &'a Entered,
    saved: ffi::Saved,
}

impl Entered {
    /// Remembers `@INC` and `$/` for a response.
    pub fn save_globals(&self) -> Globals<'_> {
        let mut saved = ffi::Saved { inc: null_mut(), separator: null_mut(), had_aside: 0 };
        // SAFETY: this interpreter is entered; `saved` is written for the guard, whose own it becomes.
        unsafe { ffi::mp_globals_save(self.raw(), &raw mut saved) };
        Globals { perl: self, saved }
    }
}

impl Drop for Globals<'_> {
    fn drop(&mut self) {
        // SAFETY: the interpreter is still entered (the guard borrows it); `saved` is its own and used once.
        unsafe { ffi::mp_globals_restore(self.perl.raw(), &raw mut self.saved) };
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{lock, parent, text};

    #[test]
    fn a_response_leaves_inc_and_the_record_separator_as_they_were() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let before = text(&e, "qq(@INC) . $/");
        let globals = e.save_globals();
        text(&e, "unshift @INC, '/tmp/x', sub { 1 }; $/ = undef");
        drop(globals);
        assert_eq!(text(&e, "qq(@INC) . $/"), before);
    }

    #[test]
    fn end_blocks_of_a_registered_package_are_set_aside_during_a_response() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"our $n = 0; our $ended = ''; $ModInterp::END{Mine} = []; 1", None).unwrap();
        let define = "$n++; eval qq(package Mine; END { \\$main::ended .= 'mine$n' } package Other; END { \\$main::ended .= 'other$n' } 1)";
        text(&e, define);
        for _ in 0..2 {
            let outer = e.save_globals();
            text(&e, define);
            drop(e.save_globals());
            text(&e, define);
            drop(outer);
        }
        assert_eq!(
            text(&e, "join ',', map { $ended = ''; $_->(); $ended } @{ $ModInterp::END{Mine} }"),
            "mine2,mine3,mine4,mine5"
        );
        text(&e, "$ended = ''");
        drop(e);
        assert!(perl.end().is_empty());
        assert_eq!(text(&perl.enter(), "$ended"), "other5other4other3other2other1mine1");
    }
}
