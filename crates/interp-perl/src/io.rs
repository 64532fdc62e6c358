//! STDIN and STDOUT of a `perl-script` response: a PerlIO layer named `Apache2`, as mod_perl has it.
//!
//! The layer stays pushed on two handles of the interpreter and is pointed at each response in turn.

use crate::{ffi, perl::Entered};
use interp::Fail;
use interp::Raised;
use std::{
    ffi::c_void,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The source of the script's STDIN and the destination of its STDOUT. An error becomes a Perl exception at the script's line.
pub trait Stdio {
    /// Fills up to all of `to`; 0 is the end. Perl asks byte by byte where it looks for a line end, so the host has to buffer.
    ///
    /// # Errors
    /// What the script shall see.
    fn read(&self, to: &mut [u8]) -> Result<usize, Fail>;
    /// Takes all of `from`. The bytes stay put even if script code (a filter) runs before this returns.
    ///
    /// # Errors
    /// What the script shall see.
    fn write(&self, from: &[u8]) -> Result<(), Fail>;
    /// Called where Perl flushes: `$|`, `$fh->flush`, and before it forks.
    ///
    /// # Errors
    /// What the script shall see.
    fn flush(&self) -> Result<(), Fail>;
    /// Sends a text piece of a page: what `ModInterp::page_text(page, number)` says in the script of one.
    ///
    /// # Errors
    /// What the script shall see.
    fn piece(&self, page: i64, number: i64) -> Result<(), Fail>;
}

/// Makes STDIN and STDOUT the response's until this is dropped. Responses nest: the end of the inner one gives back those of the outer one.
#[must_use = "dropping it gives STDIN and STDOUT back"]
pub struct Redirect<'a> {
    perl: &'a Entered,
    // The address that the shim keeps while the redirection lasts.
    stdio: *mut c_void,
    before: ffi::Before,
    _response: PhantomData<&'a dyn Stdio>,
}

impl Entered {
    /// Points STDIN and STDOUT at `stdio`.
    ///
    /// # Errors
    /// If perl cannot make the two handles.
    pub fn redirect<'a, 's: 'a>(&'a self, stdio: &'a (dyn Stdio + 's)) -> Result<Redirect<'a>, Raised> {
        let stdio: *mut &'a dyn Stdio = Box::into_raw(Box::new(stdio));
        let before =
            ffi::Before { table: std::ptr::null(), ctx: std::ptr::null_mut(), flags: 0, kept: std::ptr::null_mut() };
        let mut guard = Redirect { perl: self, stdio: stdio.cast(), before, _response: PhantomData };
        let before = &raw mut guard.before;
        // SAFETY: this interpreter is entered; the address of `stdio` lives in the guard.
        match unsafe { ffi::mp_io_begin(self.raw(), &raw const TABLE, stdio.cast(), before) } {
            0 => Ok(guard),
            _ => Err(Raised::Died(b"no handles for STDIN and STDOUT".to_vec())),
        }
    }
}

impl Redirect<'_> {
    /// Gives STDIN and STDOUT back; returns what was raised while the handles that the script left there were closed.
    ///
    /// # Errors
    /// What the script's last flush raised.
    pub fn end(self) -> Result<(), Raised> {
        let result = self.give_back();
        // SAFETY: made by Box::into_raw in `redirect`, given back just now.
        drop(unsafe { Box::from_raw(self.stdio.cast::<&dyn Stdio>()) });
        std::mem::forget(self);
        result
    }

    fn give_back(&self) -> Result<(), Raised> {
        let mut out = ffi::Out::EMPTY;
        // SAFETY: the interpreter is still entered (the guard borrows it).
        unsafe { ffi::mp_io_end(self.perl.raw(), &raw const self.before, &raw mut out) };
        self.perl.finish(out).map(drop)
    }
}

impl Drop for Redirect<'_> {
    fn drop(&mut self) {
        let _ = self.give_back();
        // SAFETY: made by Box::into_raw in `redirect`, given back just now.
        drop(unsafe { Box::from_raw(self.stdio.cast::<&dyn Stdio>()) });
    }
}

static TABLE: ffi::StdioTable = ffi::StdioTable { read, write, flush, piece };

/// One place where panics stop.
fn door(ctx: *mut c_void, err: *mut *mut c_void, f: impl FnOnce(&dyn Stdio) -> Result<usize, Fail>) -> isize {
    // SAFETY: `ctx` is the box made in `redirect`, which outlives the redirection.
    let stdio: &dyn Stdio = unsafe { *ctx.cast::<&dyn Stdio>() };
    let fail = match catch_unwind(AssertUnwindSafe(|| f(stdio))) {
        Ok(Ok(n)) => return isize::try_from(n).unwrap_or(isize::MAX),
        Ok(Err(fail)) => fail,
        Err(_) => "Rust panic in the Apache2 layer".into(),
    };
    // SAFETY: the shim passes the address of a pointer and hands the box to the Rust side's `err` and `err_done`.
    unsafe { err.write(Box::into_raw(fail).cast()) };
    -1
}

unsafe extern "C" fn read(ctx: *mut c_void, to: *mut u8, n: usize, err: *mut *mut c_void) -> isize {
    // SAFETY: the shim passes Perl's buffer of n bytes.
    let to = unsafe { std::slice::from_raw_parts_mut(to, n) };
    door(ctx, err, |stdio| stdio.read(to))
}

unsafe extern "C" fn write(ctx: *mut c_void, from: *const u8, n: usize, err: *mut *mut c_void) -> isize {
    // SAFETY: the shim passes n bytes and holds them.
    let from = unsafe { std::slice::from_raw_parts(from, n) };
    door(ctx, err, |stdio| stdio.write(from).map(|()| n))
}

unsafe extern "C" fn flush(ctx: *mut c_void, err: *mut *mut c_void) -> isize {
    door(ctx, err, |stdio| stdio.flush().map(|()| 0))
}

unsafe extern "C" fn piece(ctx: *mut c_void, page: i64, number: i64, err: *mut *mut c_void) -> isize {
    door(ctx, err, |stdio| stdio.piece(page, number).map(|()| 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock, parent, text};
    use std::cell::{Cell, RefCell};

    #[derive(Default)]
    struct Fake {
        input: RefCell<Vec<u8>>,
        output: RefCell<Vec<u8>>,
        flushes: Cell<usize>,
        broken: Cell<bool>,
    }
    impl Fake {
        fn with(input: &str) -> Fake {
            Fake { input: RefCell::new(input.bytes().rev().collect()), ..Fake::default() }
        }
        fn sent(&self) -> String {
            String::from_utf8_lossy(&self.output.take()).into_owned()
        }
    }
    impl Stdio for Fake {
        fn read(&self, to: &mut [u8]) -> Result<usize, Fail> {
            let mut input = self.input.borrow_mut();
            let n = to.len().min(input.len());
            to[..n].iter_mut().for_each(|b| *b = input.pop().unwrap());
            Ok(n)
        }
        fn write(&self, from: &[u8]) -> Result<(), Fail> {
            if self.broken.get() {
                return Err(interp::Raise::status(103, "Apache2 IO write"));
            }
            self.output.borrow_mut().extend_from_slice(from);
            Ok(())
        }
        fn flush(&self) -> Result<(), Fail> {
            self.flushes.set(self.flushes.get() + 1);
            Ok(())
        }
        fn piece(&self, page: i64, number: i64) -> Result<(), Fail> {
            self.write(format!("[{page}, {number}]").as_bytes())
        }
    }

    #[test]
    fn stdin_and_stdout_are_the_responses_and_are_given_back() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let fd = text(&e, "fileno(STDOUT) . $|");
        for round in 0..3 {
            let fake = Fake::with("line one\nline two\nrest");
            let r = e.redirect(&fake).unwrap();
            assert_eq!(
                text(&e, "my $a = <STDIN>; my $b = <STDIN>; local $/; \"$a$b\" . <STDIN> . (eof(STDIN) ? 1 : 0)"),
                "line one\nline two\nrest1"
            );
            text(&e, "print 'a', 'b'; printf '%03d', 7; print STDOUT 'x' x 5000; join ',', PerlIO::get_layers(STDOUT)");
            assert_eq!(fake.sent(), format!("ab007{}", "x".repeat(5000)), "round {round}");
            assert_eq!(text(&e, "join ',', PerlIO::get_layers(STDOUT)"), "Apache2");
            text(&e, "$| = 1; print 1; print 2; $| = 0");
            assert!(fake.flushes.get() >= 2);
            r.end().unwrap();
        }
        assert_eq!(text(&e, "fileno(STDOUT) . $|"), fd);
    }

    #[test]
    fn what_a_script_does_to_the_handles_ends_with_its_response() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let fd = text(&e, "fileno(STDOUT)");
        for code in [
            "binmode STDOUT, ':encoding(UTF-8)'; print qq(\\x{e4})",
            "print 'before'; close STDOUT",
            "open STDOUT, '>', '/dev/null'; print 'lost'",
            "open STDIN, '<', '/dev/null'; binmode STDOUT, ':utf8'",
            "$| = 1; local *STDOUT; print 'nowhere'",
        ] {
            let fake = Fake::default();
            e.redirect(&fake).unwrap().end().unwrap();
            let r = e.redirect(&fake).unwrap();
            text(&e, code);
            r.end().unwrap();
            if code.contains("encoding") {
                assert_eq!(fake.output.take(), [0xc3, 0xa4]);
            }
            assert_eq!(text(&e, "fileno(STDOUT)"), fd, "after {code}");
            let fake = Fake::default();
            let r = e.redirect(&fake).unwrap();
            assert_eq!(
                text(&e, "print qq(\\xe4); $| . join ',', PerlIO::get_layers(STDOUT)"),
                "0Apache2",
                "after {code}"
            );
            assert_eq!(fake.output.take(), [0xe4]);
            r.end().unwrap();
        }
    }

    #[test]
    fn a_response_inside_another_has_handles_whatever_the_outer_one_did_to_its_own() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        for _ in 0..2 {
            for (before, after, sent) in [
                ("close STDIN; close STDOUT", "", "1"),
                ("open OLD, '>&', \\*STDOUT; close STDOUT", "open STDOUT, '>&', \\*OLD; print 3", "13"),
                ("our $file = ''; close STDOUT; open STDOUT, '>', \\$file", "print 3; print STDERR '' if $file", "1"),
                ("binmode STDOUT, ':encoding(UTF-16BE)'", "print 3; binmode STDOUT, ':pop'", "1\u{0}3"),
            ] {
                let (outer, inner) = (Fake::default(), Fake::default());
                inner.input.borrow_mut().extend(b"i");
                let r = e.redirect(&outer).unwrap();
                text(&e, &format!("print 1; {before}"));
                {
                    let nested = e.redirect(&inner).unwrap();
                    text(&e, "my $in = <STDIN>; print 2; print $in");
                    nested.end().unwrap();
                }
                text(&e, after);
                r.end().unwrap();
                assert_eq!((outer.sent(), inner.sent()), (sent.into(), "2i".into()), "{before}");
            }
        }
        assert_eq!(text(&e, "fileno(STDOUT) . fileno(STDIN)"), "10");
    }

    #[test]
    fn text_of_a_page_is_sent_in_its_place_by_an_op_of_its_own() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let fake = Fake::default();
        let r = e.redirect(&fake).unwrap();
        let code = "sub page { for (1, 2) { ModInterp::page_text(7, 0); print 'x'; } ModInterp::page_text(7, $_[0]); my $n = ModInterp::page_text(7, 2); $n }";
        assert_eq!(text(&e, &format!("{code} page(1)")), "1");
        assert_eq!(fake.sent(), "[7, 0]x[7, 0]x[7, 1][7, 2]");
        text(
            &e,
            "binmode STDOUT, ':encoding(UTF-8)'; print qq(\\x{e4}); ModInterp::page_text(8, 0); print qq(\\x{e4})",
        );
        r.end().unwrap();
        assert_eq!(fake.sent(), "\u{e4}[8, 0]\u{e4}");
        let r = e.redirect(&fake).unwrap();
        fake.broken.set(true);
        assert_eq!(text(&e, "eval { ModInterp::page_text(7, 0); 1 } ? 'sent' : ref $@"), "APR::Error");
        r.end().unwrap();
        assert!(
            text(&e, "eval { ModInterp::page_text(7, 0) }; $@").starts_with("ModInterp::page_text: no response runs")
        );
    }

    #[test]
    fn responses_nest_and_errors_are_exceptions() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let (outer, inner) = (Fake::default(), Fake::default());
        let r = e.redirect(&outer).unwrap();
        text(&e, "print 1");
        {
            let _inner = e.redirect(&inner).unwrap();
            text(&e, "print 2");
        }
        text(&e, "print 3");
        assert_eq!((outer.sent(), inner.sent()), ("13".into(), "2".into()));
        outer.broken.set(true);
        assert_eq!(
            text(&e, "eval { print 'x' }; ref($@) . ' ' . $@->{rc} . ' ' . $@->{func}"),
            "APR::Error 103 Apache2 IO write"
        );
        r.end().unwrap();
    }
}
