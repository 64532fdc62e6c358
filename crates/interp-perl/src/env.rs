//! `%ENV` of a request. Nothing here reaches the C environment.

use crate::{ffi, perl::Entered};
use std::{
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr, slice,
};

/// Where what a script writes to `%ENV` goes as well.
pub trait EnvSink {
    /// `$ENV{key} = value`
    fn set(&self, key: &[u8], value: &[u8]);
    /// `delete $ENV{key}`
    fn unset(&self, key: &[u8]);
    /// `%ENV = ()`
    fn clear(&self);
}

/// `%ENV` shows the request's variables until this is dropped; then it is as it was, whatever the script did to it.
#[must_use = "dropping it gives %ENV back"]
pub struct EnvGuard<'a> {
    perl: &'a Entered,
    nested: bool,
    // The address that the shim keeps meanwhile, and what it kept before.
    sink: Option<(*mut &'a dyn EnvSink, ffi::EnvBefore)>,
}

impl Entered {
    /// `perl-script`: for the response, `%ENV` holds what it held and `vars` (later ones win); what the script writes there
    /// stays in this `%ENV`. References to `%ENV` that older code holds see the same. Values are reused from one response
    /// to the next while nobody else holds them. `taint`: mark the values, under `-T`.
    pub fn request_env<'a, 'v>(
        &'a self,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        taint: bool,
    ) -> EnvGuard<'a> {
        let pairs = pairs(vars);
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        let nested = unsafe { ffi::mp_env_begin(self.raw(), pairs.as_ptr(), pairs.len(), taint as i32) } != 0;
        EnvGuard { perl: self, nested, sink: None }
    }

    /// As [`Entered::request_env`]; what the script writes to `%ENV` goes to `sink`, too. A response inside this one has its
    /// own.
    pub fn request_env_to<'a, 'v, 's: 'a>(
        &'a self,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        taint: bool,
        sink: &'a (dyn EnvSink + 's),
    ) -> EnvGuard<'a> {
        let mut guard = self.request_env(vars, taint);
        let sink: *mut &'a dyn EnvSink = Box::into_raw(Box::new(sink));
        let mut before = ffi::EnvBefore { table: ptr::null(), ctx: ptr::null_mut() };
        // SAFETY: this interpreter is entered; the address lives in the guard, whose end takes it away.
        unsafe { ffi::mp_env_to(self.raw(), &raw const TABLE, sink.cast(), &raw mut before) };
        guard.sink = Some((sink, before));
        guard
    }

    /// Puts variables into `%ENV` as it is now: `PerlSetEnv` before a handler, `+SetupEnv` under `modperl`.
    pub fn set_env<'v>(&self, vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>, taint: bool) {
        let pairs = pairs(vars);
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        unsafe { ffi::mp_env_set(self.raw(), pairs.as_ptr(), pairs.len(), taint as i32) };
    }

    /// Takes variables out of `%ENV`.
    pub fn unset_env<'v>(&self, keys: impl IntoIterator<Item = &'v [u8]>) {
        let pairs = pairs(keys.into_iter().map(|key| (key, &b""[..])));
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        unsafe { ffi::mp_env_delete(self.raw(), pairs.as_ptr(), pairs.len()) };
    }
}

impl Drop for EnvGuard<'_> {
    fn drop(&mut self) {
        if let Some((sink, before)) = self.sink.take() {
            // SAFETY: the interpreter is still entered (the guard borrows it); the box was made in `request_env_to`.
            unsafe {
                ffi::mp_env_to(self.perl.raw(), before.table, before.ctx, ptr::null_mut());
                drop(Box::from_raw(sink));
            }
        }
        if !self.nested {
            // SAFETY: the interpreter is still entered (the guard borrows it).
            unsafe { ffi::mp_env_end(self.perl.raw()) };
        }
    }
}

static TABLE: ffi::EnvTable = ffi::EnvTable { set, unset, clear };

/// One place where panics stop.
fn door(ctx: *mut c_void, f: impl FnOnce(&dyn EnvSink)) {
    // SAFETY: `ctx` is the box made in `request_env_to`, which outlives the calls.
    let sink: &dyn EnvSink = unsafe { *ctx.cast::<&dyn EnvSink>() };
    let _ = catch_unwind(AssertUnwindSafe(|| f(sink)));
}

unsafe extern "C" fn set(ctx: *mut c_void, key: *const u8, key_len: usize, value: *const u8, value_len: usize) {
    // SAFETY: the shim passes two texts, borrowed for the call.
    let (key, value) = unsafe { (slice::from_raw_parts(key, key_len), slice::from_raw_parts(value, value_len)) };
    door(ctx, |sink| sink.set(key, value));
}

unsafe extern "C" fn unset(ctx: *mut c_void, key: *const u8, key_len: usize) {
    // SAFETY: as in `set`.
    let key = unsafe { slice::from_raw_parts(key, key_len) };
    door(ctx, |sink| sink.unset(key));
}

unsafe extern "C" fn clear(ctx: *mut c_void) {
    door(ctx, |sink| sink.clear());
}

fn pairs<'v>(vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>) -> Vec<ffi::Pair> {
    vars.into_iter()
        .map(|(key, value)| ffi::Pair {
            key: key.as_ptr().cast(),
            value: value.as_ptr().cast(),
            key_len: key.len(),
            value_len: value.len(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{lock, parent, text};

    const SHOW: &str = "join ',', map { \"$_=$ENV{$_}\" } sort keys %ENV";
    fn var<'a>(k: &'a str, v: &'a str) -> (&'a [u8], &'a [u8]) {
        (k.as_bytes(), v.as_bytes())
    }

    #[test]
    fn a_response_has_its_variables_and_leaves_none_behind() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"$ENV{BASE} = 'b'; our $old = \\%ENV; 1", None).unwrap();
        let base = text(&e, SHOW);
        for round in 0..3 {
            let env = e.request_env([var("A", "1"), var("B", "2"), var("BASE", "mine")], false);
            assert_eq!(text(&e, SHOW), "A=1,B=2,BASE=mine");
            assert_eq!(text(&e, "$old->{A}"), "1", "a reference taken before sees the same");
            assert_eq!(text(&e, "{ local $ENV{A} = 9; local %ENV = (X => 1); keys %ENV } $ENV{A}"), "1");
            text(
                &e,
                "$ENV{NEW} = 5; delete $ENV{B}; $ENV{A} = [1]; $ENV{A} .= 'x'; our $kept = \\$ENV{A}; undef $ENV{BASE}",
            );
            drop(env);
            assert_eq!(text(&e, SHOW), base, "round {round}");
        }
        let env = e.request_env([var("C", "3")], false);
        assert_eq!(text(&e, SHOW), "BASE=b,C=3");
        assert_eq!(text(&e, "$$kept =~ /^ARRAY/ ? 1 : $$kept"), "1", "a value that the script kept is its own");
        drop(env);
        assert_eq!(text(&e, SHOW), base);
    }

    #[test]
    fn a_value_that_a_script_took_out_never_shows_a_later_requests() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        for take in [
            "\\delete $ENV{A}",
            "\\$ENV{A}",
            "\\(my $copy = $ENV{A} + 0)",
            "do { my $r = \\delete $ENV{A}; $ENV{NEW} = 1; $r }",
        ] {
            let env = e.request_env([var("A", "1"), var("B", "2")], false);
            text(&e, &format!("our $taken = {take}"));
            drop(env);
            for _ in 0..2 {
                let env = e.request_env([var("A", "secret"), var("B", "2")], false);
                assert_eq!(text(&e, "\"$$taken $ENV{A} \" . join ',', sort keys %ENV"), "1 secret A,B", "{take}");
                drop(env);
            }
        }
    }

    #[test]
    fn what_a_response_writes_goes_to_its_sink() {
        use std::cell::RefCell;
        #[derive(Default)]
        struct Said(RefCell<Vec<String>>);
        impl super::EnvSink for Said {
            fn set(&self, key: &[u8], value: &[u8]) {
                let text = |b| String::from_utf8_lossy(b).into_owned();
                self.0.borrow_mut().push(format!("{}={}", text(key), text(value)));
            }
            fn unset(&self, key: &[u8]) {
                self.0.borrow_mut().push(format!("-{}", String::from_utf8_lossy(key)));
            }
            fn clear(&self) {
                self.0.borrow_mut().push("clear".into());
            }
        }
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        for _ in 0..3 {
            let (outer, inner) = (Said::default(), Said::default());
            let got = |said: &Said| said.0.take().join(" ");
            let env = e.request_env_to([var("A", "1"), var("B", "2")], false, &outer);
            assert_eq!(got(&outer), "", "the request's own variables are there already");
            text(&e, "$ENV{NEW} = 5; $ENV{A} .= 2; $ENV{A}++; delete $ENV{B}; delete $ENV{NONE}");
            assert_eq!(got(&outer), "NEW=5 A=12 A=13 -B -NONE");
            text(&e, "{ local $ENV{A} = 'x' } { local $ENV{L} = 1 }");
            assert_eq!(got(&outer), "A=x A=13 L=1 -L");
            assert_eq!(
                text(&e, "{ local %ENV = (X => 1); } join ',', map { qq($_$ENV{$_}) } sort keys %ENV"),
                "A13,NEW5"
            );
            let back = got(&outer);
            assert!(back.starts_with("clear X=1 ") && back.contains("A=13") && back.contains("NEW=5"), "{back}");
            let nested = e.request_env_to([var("C", "3")], false, &inner);
            text(&e, "$ENV{C} = 4; $ENV{A} = 'inner'");
            drop(nested);
            assert_eq!((got(&outer), got(&inner)), (String::new(), "C=4 A=inner".into()));
            text(&e, "$ENV{A} = 'outer'; our $kept = \\$ENV{A}");
            assert_eq!(got(&outer), "A=outer");
            drop(env);
            text(&e, "$$kept = 1; $ENV{LATE} = 1; delete $ENV{LATE}");
            assert_eq!(got(&outer), "");
        }
    }

    #[test]
    fn nothing_of_a_request_reaches_the_c_environment() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.set_env([var("MI_SET", "1")], false);
        assert_eq!(text(&e, "$ENV{MI_SET} . `printenv MI_SET`"), "1");
        e.unset_env([&b"MI_SET"[..]]);
        assert_eq!(text(&e, "exists $ENV{MI_SET} ? 1 : 0"), "0");
        let env = e.request_env([var("MI_REQ", "1")], false);
        assert_eq!(text(&e, "$ENV{MI_OWN} = 2; $ENV{MI_REQ} . `printenv MI_REQ MI_OWN`"), "1");
        drop(env);
    }

    /// `PERL_CALLS=n valgrind --tool=callgrind <this test>`: instructions per response with 35 variables and one print.
    #[test]
    #[ignore = "for measuring"]
    fn responses_with_thirty_five_variables() {
        let _one = lock();
        let perl = parent();
        let n = std::env::var("PERL_CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
        let vars: Vec<(String, String)> = (0..35).map(|i| (format!("HTTP_VARIABLE_{i}"), "value ".repeat(i))).collect();
        let sink = crate::testing::Sink;
        let e = perl.enter();
        for _ in 0..n {
            let env = e.request_env(vars.iter().map(|(k, v)| (k.as_bytes(), v.as_bytes())), false);
            let io = e.redirect(&sink).unwrap();
            e.call_handler(1, b"sub { print 'hello world'; 0 }", interp::Load::Never, &[]).unwrap();
            io.end().unwrap();
            drop(env);
        }
    }
}
