//! `%ENV` of a request. Nothing here reaches the C environment.

use crate::{ffi, perl::Entered};

/// `%ENV` shows the request's variables until this is dropped; then it is as it was, whatever the script did to it.
#[must_use = "dropping it gives %ENV back"]
pub struct EnvGuard<'a> {
    perl: &'a Entered<'a>,
    nested: bool,
}

impl<'a> Entered<'a> {
    /// `perl-script`: for the response, `%ENV` holds what it held and `vars` (later ones win); what the script writes there
    /// stays in this `%ENV`. References to `%ENV` that older code holds see the same. Values are reused from one response
    /// to the next while nobody else holds them. `taint`: mark the values, under `-T`.
    pub fn request_env<'v>(
        &'a self,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        taint: bool,
    ) -> EnvGuard<'a> {
        let pairs = pairs(vars);
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        let nested = unsafe { ffi::mp_env_begin(self.raw(), pairs.as_ptr(), pairs.len(), taint as i32) } != 0;
        EnvGuard { perl: self, nested }
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
        if !self.nested {
            // SAFETY: the interpreter is still entered (the guard borrows it).
            unsafe { ffi::mp_env_end(self.perl.raw()) };
        }
    }
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
            e.call_handler(1, b"sub { print 'hello world'; 0 }", crate::Load::Never, &[]).unwrap();
            io.end().unwrap();
            drop(env);
        }
    }
}
