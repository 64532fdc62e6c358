//! Handlers: how they are found and called, and what a call into Perl returns.

use crate::{ffi, perl::Entered};
use interp::{HandlerRef, IntoVal, Kept, Load, Outcome, Raised, Ticket, Val};
use std::ptr;

/// A resolved handler of one interpreter: its number there, and how it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The process-wide number under which it was resolved.
    pub id: u32,
    /// Called as a method: the class or the object comes before the arguments.
    pub is_method: bool,
}

impl Entered {
    /// Finds the handler `name` (as the administrator wrote it, without a leading `+` or `-`) and keeps it under `id`, once
    /// per interpreter. A clone made afterwards has it already; a sub that is defined anew later is looked up again.
    ///
    /// Tried in this order: text that starts with `sub `, compiled; `Class->method`; `$Package::object->method`, the variable
    /// read at each call; the full name of a sub; a package's `handler`, its module loaded if it is not there. With the
    /// `method` attribute a package's `handler` is called on the package; a full sub name never is.
    ///
    /// # Errors
    /// [`Raised::Unresolved`] if there is no such handler; what loading its module raised.
    pub fn resolve(&self, id: u32, name: &[u8], load: Load) -> Result<Resolved, Raised> {
        let (mut out, load) = (ffi::Out::EMPTY, (load == Load::IfMissing) as i32);
        // SAFETY: this interpreter is entered; the name is borrowed for the call.
        unsafe { ffi::mp_resolve(self.raw(), id, name.as_ptr().cast(), name.len(), load, &raw mut out) };
        self.finish(out)?;
        // SAFETY: as above.
        let is_method = unsafe { ffi::mp_handler_is_method(self.raw(), id) } != 0;
        Ok(Resolved { id, is_method })
    }

    /// Calls a handler in scalar context inside an eval, resolving it first if this interpreter has not yet.
    /// Objects among `args` are made for the call.
    ///
    /// # Errors
    /// Whatever the handler raised; [`Raised::Unresolved`] if it cannot be found.
    #[inline]
    pub fn call_handler(&self, id: u32, name: &[u8], load: Load, args: &[Val]) -> Result<Outcome, Raised> {
        let mut out = ffi::Out::EMPTY;
        // SAFETY: this interpreter is entered; args are borrowed for the call.
        unsafe { ffi::mp_handler(self.raw(), id, args.as_ptr(), args.len(), &raw mut out) };
        if out.tag == TAG_UNRESOLVED {
            self.resolve(id, name, load)?;
            out = ffi::Out::EMPTY;
            // SAFETY: as above.
            unsafe { ffi::mp_handler(self.raw(), id, args.as_ptr(), args.len(), &raw mut out) };
        }
        self.finish(out)
    }

    /// Calls a code reference (or the name of a sub) that was kept, as [`Entered::call_handler`] does.
    ///
    /// # Errors
    /// Whatever the code raised.
    pub fn call_kept(&self, code: &Kept, args: &[Val]) -> Result<Outcome, Raised> {
        let mut out = ffi::Out::EMPTY;
        if !self.owns(code) {
            return Err(Raised::Unresolved(b"the code belongs to another interpreter".to_vec()));
        }
        let code = code.val();
        // SAFETY: this interpreter is entered and the value is its own.
        unsafe { ffi::mp_call_value(self.raw(), &raw const code, args.as_ptr(), args.len(), &raw mut out) };
        self.finish(out)
    }

    /// The name by which every interpreter finds this code: `Package::sub`. A name without a package is one of the package whose code
    /// calls. `None` for what is found by none.
    pub fn name_of(&self, code: &HandlerRef) -> Option<Vec<u8>> {
        let code = match code {
            HandlerRef::Name(name) => name[..].val(Ticket::FOREVER),
            HandlerRef::Code(code) if self.owns(code) => code.val(),
            HandlerRef::Code(_) => return None,
        };
        let mut out = ffi::Out::EMPTY;
        // SAFETY: this interpreter is entered and the value is its own, or a text that outlives the call; what comes back lives until
        // `mp_out_done`.
        unsafe {
            ffi::mp_name_of(self.raw(), &raw const code, &raw mut out);
            let name =
                (!out.text.is_null()).then(|| std::slice::from_raw_parts(out.text.cast::<u8>(), out.text_len).to_vec());
            ffi::mp_out_done(self.raw(), &raw mut out);
            name
        }
    }

    pub(crate) fn finish(&self, mut out: ffi::Out) -> Result<Outcome, Raised> {
        let text = || {
            if out.text.is_null() {
                return Vec::new();
            }
            // SAFETY: the shim points at bytes of an SV that lives until `mp_out_done`.
            unsafe { std::slice::from_raw_parts(out.text.cast::<u8>(), out.text_len) }.to_vec()
        };
        let result = match out.tag {
            TAG_OK => {
                let (truth, is_wild) = (out.truth != 0, out.is_wild != 0);
                Ok(Outcome { number: out.number, truth, is_number: out.number != 0 || !truth || is_wild, is_wild })
            }
            TAG_EXIT => Err(Raised::Exit(out.status)),
            TAG_CORE_EXIT => Err(Raised::CoreExit(out.status)),
            TAG_UNRESOLVED => Err(Raised::Unresolved(text())),
            _ => Err(Raised::Died(text())),
        };
        if !ptr::eq(out.sv, ptr::null()) {
            // SAFETY: this interpreter is entered; `out` is what the shim filled.
            unsafe { ffi::mp_out_done(self.raw(), &raw mut out) };
        }
        result
    }
}

// shim.h: MP_OK ...
const TAG_OK: i32 = 0;
const TAG_EXIT: i32 = 2;
const TAG_CORE_EXIT: i32 = 3;
const TAG_UNRESOLVED: i32 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ALIVE, fork, lock, parent, text};
    use std::sync::atomic::Ordering::*;

    const IF_MISSING: Load = Load::IfMissing;

    fn died(raised: Result<Outcome, Raised>) -> String {
        match raised {
            Err(Raised::Died(text)) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_way_out_of_perl_becomes_a_tag() {
        let _one = lock();
        let perl = parent();
        let perl = perl.enter();
        let run = |code: &str| perl.run(code.as_bytes(), None);
        assert_eq!(died(run("die qq(x\\n)")), "x\n");
        assert_eq!(died(run("die { a => 1 }")), "{a => 1}");
        assert_eq!(died(run("die bless [1, { b => undef }, 'x'], 'C'")), "C=[1, {b => undef}, \"x\"]");
        assert_eq!(died(run("my $self = {}; $self->{me} = $self; die $self")), "{me => {me => {me => ...}}}");
        assert_eq!(
            died(run("package T; sub TIEHASH { bless [] } sub FIRSTKEY { die 'no' } tie my %h, 'T'; die \\%h")),
            "HASH"
        );
        assert_eq!(died(run("package O; use overload '\"\"' => sub { 'as text' }; die bless []")), "as text");
        let odd = died(run("package P; use overload '\"\"' => sub { die 'no' }; die bless []"));
        assert_eq!(odd, "an exception of class P that has no text");
        assert_eq!(died(run("package Q; use overload '\"\"' => sub { CORE::exit(3) }; die bless []")).len(), odd.len());
        assert_eq!(run("exit"), Err(Raised::Exit(0)));
        assert_eq!(run("exit 7"), Err(Raised::Exit(7)));
        let shown = text(&perl, "eval { exit 7 }; $@ == 120000 ? $@ : 'no'");
        assert!(shown.starts_with("ModPerl::Util::exit: (120000) exit was called at (eval "), "{shown}");
        assert_eq!(run("eval { CORE::exit(9) }; 1"), Err(Raised::CoreExit(9)));
        assert!(died(run("sub { last }->()")).starts_with("Can't \"last\" outside a loop block"));
        assert_eq!(died(run("local $SIG{__DIE__} = sub { die \"wrapped $_[0]\" }; die qq(x\\n)")), "wrapped x\n");
        assert_eq!(run("1").map(|o| o.number), Ok(1));
        // Its interpreter is not freed: a perl without threads would build the next one on what is left.
        if crate::HAS_ITHREADS {
            assert_eq!(run("package D; sub DESTROY { CORE::exit(5) } bless []").map(|o| o.truth), Ok(true));
        }
        assert_eq!(run("2").map(|o| o.number), Ok(2));
    }

    #[test]
    fn a_buffer_is_filled_whatever_a_callback_makes_of_the_variable_meanwhile() {
        let _one = lock();
        let perl = parent();
        let perl = perl.enter();
        perl.run(b"require Apache2::XSLoader; Apache2::XSLoader::load('Apache2::Test'); 1", None).unwrap();
        for (before, code, after) in [
            ("'abcdef'", "1", "3 abXYZ"),
            ("undef", "1", "3 ..XYZ"),
            ("'abc'", "undef $b", "3 abXYZ"),
            ("'a'", "$b = 'other' x 1000", "3 a.XYZ"),
            ("'abc'", "substr $b, 0, 0, 'x'; $b =~ s/x//", "3 abXYZ"),
            ("'abcdef'", "Apache2::Test::pour($b, 0, 'inner' x 100, sub {})", "3 abXYZ"),
            ("'abcdef'", "die qq(no\n)", "no ab"),
            ("'abcdef'", "$b = 7; die qq(no\n)", "no ab"),
        ] {
            let got = format!(
                "my $b = {before}; my $n = eval {{ Apache2::Test::pour($b, 2, 'XYZ', sub {{ {code} }}) }}; chomp(my $e = $@); $b =~ tr/\0/./; $n // $e, ' ', $b"
            );
            assert_eq!(text(&perl, &format!("join '', do {{ {got} }}")), after, "{before} {code}");
        }
        let changed =
            text(&perl, "my $b = 'abc'; eval { Apache2::Test::pour($b, 2, 'XYZ', sub { $b = [1] }) }; ref($b) . $@");
        assert!(changed.starts_with("ARRAYApache2::Test::pour: the buffer was changed"), "{changed}");
    }

    #[derive(Clone, Copy)]
    #[repr(transparent)]
    struct Thing(std::ptr::NonNull<u8>);
    interp::object!(by value Thing, "Apache2::Thing");

    #[test]
    fn an_object_that_a_handler_lets_go_of_is_the_next_ones_and_one_that_it_keeps_is_not() {
        use interp::IntoVal;
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let byte = 7u8;
        let thing = Thing(std::ptr::NonNull::from(&byte)).val(interp::Ticket::FOREVER);
        let names = std::cell::Cell::new(50);
        let call = |code: &str| {
            names.set(names.get() + 1);
            e.call_handler(names.get(), format!("sub {{ {code} }}").as_bytes(), IF_MISSING, &[thing]).map(|o| o.number)
        };
        text(&e, "require Scalar::Util; our ($kept, $weak, $ref, $n, $at)");
        let same = "Scalar::Util::refaddr($_[0]) == $at ? 1 : 0";
        let note = "$at = Scalar::Util::refaddr($_[0]); 0";
        assert_eq!((call(note), call(same), call("my $o = shift; 0"), call(same)), (Ok(0), Ok(1), Ok(0), Ok(1)));
        assert_eq!((call("$kept = shift; 0"), call(same)), (Ok(0), Ok(0)));
        assert_eq!((call(note), call("$ref = \\$_[0]; 0"), call(same)), (Ok(0), Ok(0), Ok(0)));
        assert_eq!((call("Scalar::Util::weaken($weak = shift); 0"), call("defined $weak ? 1 : 0")), (Ok(0), Ok(0)));
        assert_eq!((call("my $text = \"${$_[0]}\"; 0"), call("length ${$_[0]} > 3 ? 1 : 0")), (Ok(0), Ok(1)));
        text(&e, "sub Apache2::Other::DESTROY { $n++ }");
        assert_eq!((call("bless $_[0], 'Apache2::Other'; 0"), text(&e, "$n").as_str()), (Ok(0), "1"));
        assert_eq!(call("ref $_[0] eq 'Apache2::Thing' ? 1 : 0"), Ok(1));
        assert!(call("die 'no'").is_err() && call("CORE::exit(1)").is_err());
        text(&e, "sub UNIVERSAL::DESTROY { $n += 10 if ref $_[0] eq 'Apache2::Thing' }");
        assert_eq!((call("0"), call("0"), text(&e, "$n").as_str()), (Ok(0), Ok(0), "21"));
        text(&e, "undef *UNIVERSAL::DESTROY");
    }

    #[test]
    fn rust_values_are_dropped_whichever_way_a_nested_call_ends() {
        let _one = lock();
        let perl = parent();
        let perl = perl.enter();
        assert_eq!(
            text(
                &perl,
                "require Apache2::XSLoader; Apache2::XSLoader::load('Apache2::Test'); *t = \\&Apache2::Test::calls; Apache2::Test::add(40, 2)"
            ),
            "42"
        );
        let run = |code: &str| perl.run(code.as_bytes(), None);
        assert_eq!(run("t(sub { t(sub { 5 }) })").map(|o| o.number), Ok(5));
        assert_eq!(died(run("t(sub { t(sub { die qq(deep\\n) }) })")), "deep\n");
        assert_eq!(
            run("my $n = 0; eval { t(sub { eval { t(sub { die 1 }) }; $n = 2; die 3 }) }; $n").map(|o| o.number),
            Ok(2)
        );
        assert_eq!(run("t(sub { exit 4 })"), Err(Raised::Exit(4)));
        assert_eq!(run("eval { t(sub { eval { t(sub { CORE::exit(8) }) }; 1 }) }; 1"), Err(Raised::CoreExit(8)));
        assert_eq!(
            text(&perl, "eval { Apache2::Test::panics() }; $@ =~ /(.*) at/; $1"),
            "Apache2::Test::panics: internal error: boom"
        );
        assert_eq!(text(&perl, "eval { Apache2::Test::fail('why') }; $@ =~ /(.*) at/; $1"), "Apache2::Test::fail: why");
        assert_eq!(
            text(&perl, "eval { Apache2::Test::status(2) }; ref($@) . ' ' . $@->{rc} . ' ' . $@->{func}"),
            "APR::Error 2 Apache2::Test::status"
        );
        assert_eq!(text(&perl, "my $n = 0; for (1..2) { eval { no warnings; t(sub { last }) }; $n++ } $n"), "2");
        assert_eq!(text(&perl, "eval { die qq(mine\\n) }; t(sub { eval { die 2 }; 1 }); $@"), "mine\n");
        assert_eq!(
            text(&perl, "Apache2::Test::join('-', 1 .. 10) . Apache2::Test->name"),
            "1-2-3-4-5-6-7-8-9-10Apache2::Test"
        );
        assert_eq!(
            text(&perl, "eval { Apache2::Test::add({}, 1) }; $@ =~ /(.*) at/; $1"),
            "Apache2::Test::add: argument 1 (a) must be an integer"
        );
        assert_eq!(
            text(
                &perl,
                "use warnings; my @w; local $SIG{__WARN__} = sub { push @w, $_[0] =~ /(.*) at/ };
                 join '|', Apache2::Test::add('x', 1), Apache2::Test::add('2y', 1), @w"
            ),
            "1|3|Argument \"x\" isn't numeric in subroutine entry|Argument \"2y\" isn't numeric in subroutine entry"
        );
        assert_eq!(ALIVE.load(SeqCst), 0);
    }

    #[test]
    fn handlers_are_found_by_every_form_of_name() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(
            b"package H; sub handler { 'H' eq ($_[0] // '') ? 1 : 10 } sub plain { scalar @_ }
              package M; sub handler : method { $_[0] eq 'M' ? 2 : 20 } sub other : method { ref $_[0] || $_[0] || 'none' }
              package K; our @ISA = 'M'; sub named { $_[0] eq 'K' ? 3 : 30 }
              package main; our $obj = bless { n => 4 }, 'K'; sub K::n { $_[0]{n} }
              $INC{'H.pm'} = $INC{'M.pm'} = $INC{'K.pm'} = 'here'",
            None,
        )
        .unwrap();
        let call = |id, name: &str| e.call_handler(id, name.as_bytes(), IF_MISSING, &[]).map(|o| o.number);
        assert_eq!(call(1, "H"), Ok(10), "a package's handler is a function");
        assert_eq!(call(2, "M"), Ok(2), "unless it has the method attribute");
        assert_eq!(call(3, "K->named"), Ok(3));
        assert_eq!(call(4, "$main::obj->n"), Ok(4));
        assert_eq!(call(5, "H::plain"), Ok(0));
        assert_eq!(call(6, "M::handler"), Ok(20), "a full sub name is a plain function");
        assert_eq!(call(7, "sub { 7 }"), Ok(7));
        assert_eq!(call(8, "K"), Ok(20), "inherited, called on the class it was looked up in");
        assert!(
            !e.resolve(1, b"H", IF_MISSING).unwrap().is_method && e.resolve(2, b"M", IF_MISSING).unwrap().is_method
        );
        let why = |id, name: &str| match e.resolve(id, name.as_bytes(), IF_MISSING) {
            Err(Raised::Unresolved(text)) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        };
        assert!(why(20, "No::Such").starts_with("failed to load No::Such package: Can't locate No/Such.pm in @INC"));
        assert!(why(21, "$main::nobody->x").contains("$main::nobody is not an object"));
        assert!(why(22, "H->missing").contains("H has no sub missing"), "{}", why(22, "H->missing"));
        assert!(why(23, "sub { ").contains("syntax error") || why(23, "sub { ").contains("Missing right curly"));
        assert!(why(24, "a b;c").contains("is not the name of a package"));
        e.run(b"$main::obj = bless { n => 5 }, 'K'; no warnings; eval 'sub H::handler { 11 }'", None).unwrap();
        assert_eq!(call(4, "$main::obj->n"), Ok(5), "the variable is read at each call");
        assert_eq!(call(1, "H"), Ok(11), "a sub that is defined anew is found");
        drop(e);
        if !crate::HAS_ITHREADS {
            return;
        }
        let clone = perl.duplicate().unwrap();
        let e = clone.enter();
        for (id, want) in [(1, 11), (2, 2), (3, 3), (4, 5), (5, 0), (6, 20), (7, 7)] {
            let got = e.call_handler(id, b"not looked up again", Load::Never, &[]).map(|o| o.number);
            assert_eq!(got, Ok(want), "handler {id} in a clone");
        }
    }

    #[test]
    fn a_process_that_a_script_forks_ends_at_the_door() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"sub END { print STDERR 'END ran' } package D; sub DESTROY { print STDERR 'DESTROY ran' } our $d = bless [];", None).unwrap();
        for (code, status, said) in [
            ("1", 0, ""),
            ("die qq(gone wrong\\n)", 255, "gone wrong\n"),
            ("package T; use overload '\"\"' => sub { 'object' }; die bless []", 255, "object"),
            ("exit 3", 3, ""),
            ("CORE::exit(4)", 4, ""),
            ("require POSIX; POSIX::_exit(6)", 6, ""),
        ] {
            let (got, text) = fork(|| drop(e.run(code.as_bytes(), None)));
            assert_eq!((libc::WEXITSTATUS(got), text.as_str()), (status, said), "{code}");
        }
        let pid = std::process::id();
        let forked = text(&e, "my $p = fork; if (!$p) { exit 5 } waitpid $p, 0; $? >> 8");
        assert_eq!((forked.as_str(), std::process::id()), ("5", pid));
    }

    #[test]
    fn leaving_a_hundred_thousand_times_leaves_nothing_behind() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"require Apache2::XSLoader; Apache2::XSLoader::load('Apache2::Test'); 1", None).unwrap();
        e.run(b"sub nested { Apache2::Test::calls(sub { Apache2::Test::calls(\\&out) }) } sub out { my @x = (1) x 10; CORE::exit(3) }", None).unwrap();
        let rss = || {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
            statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
        };
        let round = || {
            for _ in 0..20_000 {
                let call = |id, name: &str| e.call_handler(id, name.as_bytes(), Load::Never, &[]);
                assert_eq!(call(1, "main::nested"), Err(Raised::CoreExit(3)));
                assert_eq!(call(2, "main::out"), Err(Raised::CoreExit(3)));
                assert!(matches!(call(3, "sub { die 'x' }"), Err(Raised::Died(_))));
                assert_eq!(call(4, "sub { exit 2 }"), Err(Raised::Exit(2)));
                assert_eq!(call(5, "sub { my @l = map { $_ } 1 .. 3; $l[2] }").map(|o| o.number), Ok(3));
            }
        };
        round();
        let before = rss();
        round();
        assert!(rss() < before + 64, "{before} kB before, {} kB after", rss());
        assert_eq!(ALIVE.load(SeqCst), 0);
    }

    /// `PERL_CALLS=n valgrind --tool=callgrind <this test>`: instructions per call.
    #[test]
    #[ignore = "for measuring"]
    fn calls_of_an_empty_handler() {
        let _one = lock();
        let perl = parent();
        let n = std::env::var("PERL_CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
        for _ in 0..n {
            perl.enter().call_handler(1, b"sub { 0 }", IF_MISSING, &[]).unwrap();
        }
    }
}
