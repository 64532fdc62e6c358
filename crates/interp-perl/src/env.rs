//! `%ENV` of a request. Nothing here reaches the C environment.

use crate::{ffi, perl::Entered};
use interp::trace;
use smallvec::SmallVec;
use std::{
    ffi::{c_char, c_int, c_void},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr, slice,
};

/// Takes what a script changes in `%ENV`.
pub trait EnvSink {
    /// `$ENV{key} = value`
    fn set(&self, key: &[u8], value: &[u8]);
    /// `delete $ENV{key}`
    fn unset(&self, key: &[u8]);
    /// `%ENV = ()`
    fn clear(&self);
    /// The variable that a lazy `%ENV` has under a name which it does not show yet. It lives until the sink is told of a change.
    fn get(&self, _key: &[u8]) -> Option<&[u8]> {
        None
    }
    /// All variables of a lazy `%ENV`, which live as long.
    fn all(&self) -> Vec<(&[u8], &[u8])> {
        Vec::new()
    }
}

/// Gives the code that runs a `%ENV` of its own until this is dropped; then `%ENV` is what it was, whatever scripts did to it. Such
/// guards nest.
#[must_use = "dropping it gives %ENV back"]
pub struct EnvGuard<'a> {
    perl: &'a Entered,
    began: bool,
}

impl Entered {
    /// Makes a `%ENV` with what it held before and `vars` (later ones win). What scripts change in it ends with the guard, and is told to
    /// `sink`. References to `%ENV` that older code holds see the same. Values are reused from one such `%ENV` to the next
    /// while nobody else holds them. `owner` is for [`Entered::env_owner`]; `taint`: mark the values, under `-T`.
    pub fn own_env<'a, 'v, 's: 'a>(
        &'a self,
        owner: NonZeroUsize,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        taint: bool,
        sink: &'a &'s dyn EnvSink,
    ) -> EnvGuard<'a> {
        self.begin_env(owner, None, &pairs(vars), taint, sink)
    }

    /// The same without some of those it held before. With `under` it is lazy: `sink` has more variables, each of which is shown from its
    /// first use on, and all before the process forks; those in `under` stand behind those it held before. CGI's variables come in
    /// that way only.
    pub fn script_env<'a, 'v, 's: 'a, U: IntoIterator<Item = (&'v [u8], &'v [u8])>>(
        &'a self,
        owner: NonZeroUsize,
        under: Option<U>,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        without: &[&[u8]],
        sink: &'a &'s dyn EnvSink,
    ) -> EnvGuard<'a> {
        let Some(under) = under else {
            let mut all = pairs(vars);
            all.extend(without.iter().map(name));
            return self.begin_env(owner, None, &all, true, sink);
        };
        let under: SmallVec<[ffi::Pair; 32]> = under.into_iter().map(pair).collect();
        let mut vars: SmallVec<[ffi::Pair; 16]> = vars.into_iter().map(pair).collect();
        if trace::on(trace::Topic::Environment) {
            told(&under);
            told(&vars);
        }
        vars.extend(without.iter().map(name));
        self.begin_env(owner, Some(&under), &vars, true, sink)
    }

    fn begin_env<'a, 's: 'a>(
        &'a self,
        owner: NonZeroUsize,
        under: Option<&[ffi::Pair]>,
        pairs: &[ffi::Pair],
        taint: bool,
        sink: &'a &'s dyn EnvSink,
    ) -> EnvGuard<'a> {
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call, the sink until the guard is dropped.
        let began = unsafe {
            let sink: *const &dyn EnvSink = sink;
            let owner = ptr::without_provenance(owner.get());
            ffi::mp_env_begin(
                self.raw(),
                owner,
                under.map_or(ptr::null(), <[_]>::as_ptr),
                under.map_or(0, <[_]>::len),
                pairs.as_ptr(),
                pairs.len(),
                taint as i32,
                &raw const TABLE,
                sink.cast_mut().cast(),
            )
        };
        EnvGuard { perl: self, began: began != 0 }
    }

    /// The owner of the variables that `%ENV` shows: that of the innermost [`Entered::own_env`], else of [`Entered::show_env`].
    #[inline]
    pub fn env_owner(&self) -> Option<NonZeroUsize> {
        // SAFETY: this interpreter is entered.
        NonZeroUsize::new(unsafe { ffi::mp_env_owner(self.raw()) }.addr())
    }

    /// Puts variables into `%ENV` for the call of `owner` that runs: within [`Entered::own_env`] into that one, otherwise into
    /// the interpreter's, beside variables of its own, until [`Entered::hide_env`]. Without an owner they stay for good.
    ///
    /// # Safety
    /// The texts live until then.
    pub unsafe fn show_env<'v>(
        &self,
        owner: Option<NonZeroUsize>,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        taint: bool,
    ) {
        let pairs: SmallVec<[ffi::Pair; 16]> = vars.into_iter().map(pair).collect();
        if trace::on(trace::Topic::Environment) {
            told(&pairs);
        }
        let owner = ptr::without_provenance(owner.map_or(0, NonZeroUsize::get));
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call, their texts longer, says the caller.
        unsafe { ffi::mp_env_put(self.raw(), owner, pairs.as_ptr(), pairs.len(), taint as i32) };
    }

    /// Takes the variables of [`Entered::show_env`] out of the interpreter's `%ENV`, and puts back what was there. The sink hears
    /// of those that a script changed or deleted meanwhile.
    pub fn hide_env(&self, sink: &dyn EnvSink) {
        let sink: *const &dyn EnvSink = &raw const sink;
        // SAFETY: this interpreter is entered; the sink is borrowed for the call.
        unsafe { ffi::mp_env_leave(self.raw(), &raw const TABLE, sink.cast_mut().cast()) };
    }

    /// The text that `%ENV` has now under a name; `None` for nothing, and for a reference.
    pub fn env(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut length = 0;
        // SAFETY: this interpreter is entered; the name is borrowed for the call, and the text is good until code runs.
        unsafe {
            let text = ffi::mp_env_get(self.raw(), name.as_ptr(), name.len(), &raw mut length);
            if text.is_null() { None } else { Some(std::slice::from_raw_parts(text, length).to_vec()) }
        }
    }

    /// Puts variables into `%ENV` as it is now, for good.
    pub fn set_env<'v>(&self, vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>, taint: bool) {
        let pairs = pairs(vars);
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        unsafe { ffi::mp_env_set(self.raw(), pairs.as_ptr(), pairs.len(), taint as i32) };
    }
}

impl Drop for EnvGuard<'_> {
    fn drop(&mut self) {
        if self.began {
            // SAFETY: the interpreter is still entered (the guard borrows it).
            unsafe { ffi::mp_env_end(self.perl.raw()) };
        }
    }
}

static TABLE: ffi::EnvTable = ffi::EnvTable { set, unset, clear, get, all };

/// One place where panics stop.
fn door<R>(ctx: *mut c_void, f: impl FnOnce(&dyn EnvSink) -> R) -> Option<R> {
    // SAFETY: `ctx` is the address that `own_env` or `hide_env` gave the shim, which calls no longer than that lives.
    let sink: &dyn EnvSink = unsafe { *ctx.cast::<&dyn EnvSink>() };
    catch_unwind(AssertUnwindSafe(|| f(sink))).ok()
}

unsafe extern "C" fn set(ctx: *mut c_void, key: *const u8, key_len: usize, value: *const u8, value_len: usize) {
    // SAFETY: the shim passes two texts, borrowed for the call.
    let (key, value) = unsafe { (slice::from_raw_parts(key, key_len), slice::from_raw_parts(value, value_len)) };
    let _ = door(ctx, |sink| sink.set(key, value));
}

unsafe extern "C" fn unset(ctx: *mut c_void, key: *const u8, key_len: usize) {
    // SAFETY: as in `set`.
    let key = unsafe { slice::from_raw_parts(key, key_len) };
    let _ = door(ctx, |sink| sink.unset(key));
}

unsafe extern "C" fn clear(ctx: *mut c_void) {
    let _ = door(ctx, |sink| sink.clear());
}

unsafe extern "C" fn get(
    ctx: *mut c_void,
    key: *const u8,
    key_len: usize,
    value: *mut *const u8,
    value_len: *mut usize,
) -> c_int {
    // SAFETY: as in `set`; the shim copies the value at once.
    unsafe {
        let key = slice::from_raw_parts(key, key_len);
        let found = door(ctx, |sink| sink.get(key).map(|found| (found.as_ptr(), found.len()))).flatten();
        let Some((text, length)) = found else { return 0 };
        (*value, *value_len) = (text, length);
        1
    }
}

unsafe extern "C" fn all(ctx: *mut c_void, me: *mut ffi::Interp) {
    let _ = door(ctx, |sink| {
        let pairs: Vec<ffi::Pair> = sink.all().into_iter().map(pair).collect();
        // SAFETY: the shim passes the interpreter in which it calls; the pairs are borrowed for the call.
        unsafe { ffi::mp_env_add(me, pairs.as_ptr(), pairs.len()) };
    });
}

#[inline]
fn pair((key, value): (&[u8], &[u8])) -> ffi::Pair {
    ffi::Pair { key: key.as_ptr().cast(), value: value.as_ptr().cast(), key_len: key.len(), value_len: value.len() }
}

/// A name without a value.
fn name(key: &&[u8]) -> ffi::Pair {
    ffi::Pair { key: key.as_ptr().cast(), value: ptr::null(), key_len: key.len(), value_len: 0 }
}

fn pairs<'v>(vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>) -> Vec<ffi::Pair> {
    let mut pairs = Vec::with_capacity(48);
    pairs.extend(vars.into_iter().map(pair));
    if trace::on(trace::Topic::Environment) {
        told(&pairs);
    }
    pairs
}

/// Variables that are put into `%ENV`, for the trace.
#[cold]
fn told(pairs: &[ffi::Pair]) {
    for pair in pairs {
        // SAFETY: both texts are borrowed for longer than this call, by whoever made the pair.
        let text = |at: *const c_char, length| unsafe { slice::from_raw_parts(at.cast::<u8>(), length) };
        let (key, value) = (text(pair.key, pair.key_len), text(pair.value, pair.value_len));
        trace!(Environment, "$ENV{{{}}} = {:?}", String::from_utf8_lossy(key), String::from_utf8_lossy(value));
    }
}

#[cfg(test)]
mod tests {
    use super::EnvSink;
    use crate::testing::{lock, own_env, parent, text};
    use std::cell::RefCell;
    use std::num::NonZeroUsize;

    const ME: NonZeroUsize = NonZeroUsize::MIN;
    #[derive(Default)]
    struct Said(RefCell<Vec<String>>);
    impl EnvSink for Said {
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
            let env = own_env(&e, [var("A", "1"), var("B", "2"), var("BASE", "mine")], false);
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
        let env = own_env(&e, [var("C", "3")], false);
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
            let env = own_env(&e, [var("A", "1"), var("B", "2")], false);
            text(&e, &format!("our $taken = {take}"));
            drop(env);
            for _ in 0..2 {
                let env = own_env(&e, [var("A", "secret"), var("B", "2")], false);
                assert_eq!(text(&e, "\"$$taken $ENV{A} \" . join ',', sort keys %ENV"), "1 secret A,B", "{take}");
                drop(env);
            }
        }
    }

    #[test]
    fn what_a_response_writes_goes_to_its_sink() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        for _ in 0..3 {
            let (outer, inner) = (Said::default(), Said::default());
            let got = |said: &Said| said.0.take().join(" ");
            let (to_outer, to_inner): (&dyn EnvSink, &dyn EnvSink) = (&outer, &inner);
            let env = e.own_env(ME, [var("A", "1"), var("B", "2")], false, &to_outer);
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
            assert!(back.starts_with("clear X=1 clear ") && back.contains("A=13") && back.contains("NEW=5"), "{back}");
            let nested = e.own_env(ME, [var("C", "3")], false, &to_inner);
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

    fn got(said: &Said) -> String {
        said.0.take().join(" ")
    }

    #[test]
    fn a_response_inside_another_begins_with_what_that_has_and_leaves_nothing_in_it() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"$ENV{BASE} = 'b'; our $old = \\%ENV; 1", None).unwrap();
        for change in [
            "$ENV{A} = 'x'; $ENV{OWN} = 1; delete $ENV{B}; $ENV{BASE} = 2",
            "%ENV = ()",
            "undef %ENV",
            "%ENV = (A => 'all')",
            "*ENV = { A => 'glob' }",
            "my $r = \\$ENV{A}; $$r = 'x'; our $kept = $r",
            "$_ = 'x' for values %ENV",
            "each %ENV; $ENV{A} .= 'x'",
            "eval { local %ENV = (L => 1); die }; delete local $ENV{B}; delete $ENV{A}",
            "bless \\%ENV, 'Mine'; delete $ENV{A}",
            "utf8::upgrade($ENV{A}); $ENV{\"\\x{263a}\"} = \"\\x{263a}\"; $ENV{A} = [1]",
        ] {
            for depth in [1, 3] {
                let outer = own_env(&e, [var("A", "1"), var("B", "2")], false);
                let before = text(&e, SHOW);
                let mut inner = Vec::new();
                for i in 0..depth {
                    inner.push(own_env(&e, [var("A", "inner"), var("C", "3")], false));
                    if i == 0 {
                        assert_eq!(text(&e, SHOW), "A=inner,B=2,BASE=b,C=3", "after {change}");
                        assert_eq!(text(&e, "join ',', map { $old->{$_} } sort keys %$old"), "inner,2,b,3");
                    }
                    text(&e, change);
                }
                while let Some(last) = inner.pop() {
                    drop(last);
                }
                assert_eq!(text(&e, SHOW), before, "{change}");
                drop(outer);
                assert_eq!(text(&e, SHOW), "BASE=b", "{change}");
            }
        }
    }

    #[test]
    fn a_reference_that_is_left_writes_to_nobody() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let (outer, inner) = (Said::default(), Said::default());
        let (to_outer, to_inner): (&dyn EnvSink, &dyn EnvSink) = (&outer, &inner);
        let env = e.own_env(ME, [var("A", "1")], false, &to_outer);
        text(&e, "our $ref = \\$ENV{A}");
        let nested = e.own_env(ME, [var("A", "2")], false, &to_inner);
        text(&e, "$$ref = 'x'");
        assert_eq!((got(&outer), got(&inner)), ("A=x".into(), String::new()), "it is the outer one's still");
        drop(nested);
        assert_eq!(text(&e, "$ENV{A}"), "x");
        drop(env);
        let env = e.own_env(ME, [var("A", "3")], false, &to_outer);
        text(&e, "$$ref = 'y'");
        assert_eq!((got(&outer), text(&e, "$ENV{A}")), (String::new(), "3".into()));
        drop(env);
    }

    #[test]
    fn weak_references_and_half_done_loops_survive_and_do_not_go_on_in_the_next() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"require Scalar::Util; Scalar::Util::weaken(our $before = \\%ENV); $ENV{BASE} = 1; 1", None).unwrap();
        for _ in 0..3 {
            let env = own_env(&e, [var("A", "1"), var("B", "2"), var("C", "3")], false);
            assert_eq!(text(&e, "my $n = 0; while (each %ENV) { $n++ } $n"), "4");
            assert_eq!(text(&e, "our $left; each %ENV; Scalar::Util::weaken($left = \\%ENV); $before == $left"), "1");
            drop(env);
            assert_eq!(text(&e, "our $left; undef $left; $before == \\%ENV"), "1");
            let env = own_env(&e, [var("A", "1"), var("B", "2"), var("C", "3")], false);
            assert_eq!(text(&e, "my $n = 0; $n++ while each %ENV; $n"), "4", "each begins at the beginning");
            text(&e, "each %ENV");
            drop(env);
        }
        assert_eq!(text(&e, "undef $before; ref \\%ENV"), "HASH");
    }

    #[test]
    fn what_a_call_is_shown_goes_with_it_and_what_was_there_comes_back() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"$ENV{BASE} = 'b'; $ENV{EQUAL} = 'e'; our $base = \\$ENV{BASE}; 1", None).unwrap();
        let said = Said::default();
        for _ in 0..2 {
            for vars in [&[var("BASE", "mine"), var("EQUAL", "e"), var("NEW", "n")][..], &[var("NEW", "m")]] {
                // SAFETY: constants.
                unsafe { e.show_env(Some(ME), vars.iter().copied(), false) };
            }
            assert_eq!(e.env_owner(), Some(ME));
            assert_eq!(text(&e, SHOW), "BASE=mine,EQUAL=e,NEW=m");
            e.hide_env(&said);
            assert_eq!((e.env_owner(), got(&said)), (None, String::new()));
            assert_eq!(text(&e, &format!("\\$ENV{{BASE}} == $base ? {SHOW} : 'another'")), "BASE=b,EQUAL=e");
        }
        // SAFETY: constants.
        unsafe { e.show_env(Some(ME), [var("BASE", "mine"), var("EQUAL", "e"), var("NEW", "n")], false) };
        text(&e, "$ENV{BASE} = 'x'; $ENV{EQUAL} = 'y'; delete $ENV{NEW}; $ENV{OTHER} = 'stays'");
        let env = own_env(&e, [var("A", "1")], false);
        assert_eq!(text(&e, SHOW), "A=1,BASE=x,EQUAL=y,OTHER=stays");
        drop(env);
        e.hide_env(&said);
        assert_eq!(got(&said), "-NEW EQUAL=y BASE=x", "the last first");
        assert_eq!(text(&e, SHOW), "BASE=b,EQUAL=e,OTHER=stays");
    }

    /// A sink that has variables of its own, and counts how often it is asked.
    #[derive(Default)]
    struct Request(RefCell<Vec<(String, String)>>, RefCell<Vec<String>>);
    impl EnvSink for Request {
        fn set(&self, key: &[u8], value: &[u8]) {
            let text = |b| String::from_utf8_lossy(b).into_owned();
            self.0.borrow_mut().retain(|(k, _)| k.as_bytes() != key);
            self.0.borrow_mut().push((text(key), text(value)));
        }
        fn unset(&self, key: &[u8]) {
            self.0.borrow_mut().retain(|(k, _)| k.as_bytes() != key);
        }
        fn clear(&self) {
            self.0.borrow_mut().clear();
            self.1.borrow_mut().push("clear".into());
        }
        fn get(&self, key: &[u8]) -> Option<&[u8]> {
            self.1.borrow_mut().push(String::from_utf8_lossy(key).into_owned());
            match key {
                b"HTTP_A" => Some(&b"a"[..]),
                b"HTTP_B" => Some(&b"b"[..]),
                _ => None,
            }
            .filter(|_| self.0.borrow().iter().any(|(k, _)| k.as_bytes() == key))
        }
        fn all(&self) -> Vec<(&[u8], &[u8])> {
            self.1.borrow_mut().push("all".into());
            vec![var("HTTP_A", "a"), var("HTTP_B", "b")]
        }
    }
    fn request() -> Request {
        let vars = [("HTTP_A", "a"), ("HTTP_B", "b")];
        Request(RefCell::new(vars.map(|(k, v)| (k.into(), v.into())).to_vec()), RefCell::default())
    }

    #[test]
    fn a_lazy_one_asks_for_each_variable_once_and_forgets_it() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"$ENV{BASE} = 'b'; $ENV{HTTP_A} = 'of start-up'; 1", None).unwrap();
        for _ in 0..3 {
            let r = request();
            let sink: &dyn EnvSink = &r;
            let under = [var("BASE", "process"), var("LANG", "C"), var("HTTP_B", "process")];
            let env = e.script_env(ME, Some(under), [var("SET", "s")], &[b"GONE"], &sink);
            assert_eq!(text(&e, SHOW), "BASE=b,LANG=C,SET=s");
            assert_eq!(
                text(&e, "my @v = @ENV{qw(HTTP_A HTTP_A HTTP_C BASE)}; join ',', map { $_ // 'undef' } @v"),
                "a,a,undef,b"
            );
            assert_eq!(text(&e, SHOW), "BASE=b,HTTP_A=a,LANG=C,SET=s");
            assert_eq!(r.1.take(), ["HTTP_A", "HTTP_C"]);
            assert_eq!(text(&e, "{ local %ENV = (X => 1); keys %ENV } $ENV{HTTP_B}"), "b");
            assert_eq!(r.1.take()[0], "all", "what is put aside is whole");
            drop(env);
            assert_eq!(text(&e, SHOW), "BASE=b,HTTP_A=of start-up");
            let env = own_env(&e, [var("HTTP_A", "1"), var("HTTP_D", "2")], false);
            assert_eq!(text(&e, SHOW), "BASE=b,HTTP_A=1,HTTP_D=2", "another kind of frame at the same depth");
            drop(env);
        }
    }

    #[test]
    fn what_is_emptied_stays_empty_whichever_way() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        for empty in ["%ENV = ()", "undef %ENV", "delete $ENV{$_} for keys %ENV", "$ENV{HTTP_A}; %ENV = ()"] {
            let r = request();
            let sink: &dyn EnvSink = &r;
            let env = e.script_env(ME, Some([var("LANG", "C")]), [], &[], &sink);
            assert_eq!(text(&e, &format!("{empty}; $ENV{{HTTP_B}} // keys %ENV")), "0", "{empty}");
            assert_eq!(text(&e, "$ENV{NEW} = 1; join ',', keys %ENV"), "NEW", "{empty}");
            drop(env);
        }
    }

    #[test]
    fn nothing_of_a_request_reaches_the_c_environment() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.set_env([var("MI_SET", "1")], false);
        assert_eq!(text(&e, "$ENV{MI_SET} . `printenv MI_SET`"), "1");
        text(&e, "delete $ENV{MI_SET}");
        let env = own_env(&e, [var("MI_REQ", "1")], false);
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
            let env = own_env(&e, vars.iter().map(|(k, v)| (k.as_bytes(), v.as_bytes())), false);
            let io = e.redirect(&sink).unwrap();
            e.call_handler(1, b"sub { print 'hello world'; 0 }", interp::Load::Never, &[]).unwrap();
            io.end().unwrap();
            drop(env);
        }
    }
}
