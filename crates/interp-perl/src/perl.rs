//! One interpreter: how it is owned, entered, cloned and ended.

#[cfg(perl_ithreads)]
use crate::memory;
use crate::{Error, Record, ffi, stack};
use interp::{Home, Inside};
use std::{
    ffi::{c_char, c_int, c_void},
    ptr::{self, NonNull},
    sync::Arc,
};

/// An interpreter. Whoever owns it may enter it, from one thread at a time; dropping it runs its END blocks and destroys it.
#[derive(Debug)]
pub struct Perl {
    me: NonNull<ffi::Interp>,
    home: Arc<Home>,
    is_parent: bool,
    /// The process that made it.
    process: u32,
}

// SAFETY: perl itself knows no threads: an interpreter may be used from any, by one at a time. Not Sync.
unsafe impl Send for Perl {}

impl Perl {
    /// # Safety
    /// `me` is a living interpreter of the shim that nobody else owns.
    pub(crate) unsafe fn own(me: NonNull<ffi::Interp>, is_parent: bool) -> Perl {
        // SAFETY: `me` lives. The home is closed when it is destroyed, and its operations are called by its holder.
        let home = unsafe { Home::new(&ffi::mp_ops, ffi::mp_perl(me.as_ptr())) };
        // SAFETY: the home lives as long as `self`, which owns `me`.
        unsafe { ffi::mp_attach(me.as_ptr(), Arc::as_ptr(&home)) };
        Perl { me, home, is_parent, process: std::process::id() }
    }

    pub(crate) fn raw(&self) -> *mut ffi::Interp {
        self.me.as_ptr()
    }

    /// The interpreter's record, whose address never changes.
    pub fn record(&self) -> NonNull<Record> {
        self.me.cast()
    }

    /// The home of the values that live in it.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Whether the interpreter was started and not cloned.
    pub fn is_parent(&self) -> bool {
        self.is_parent
    }

    /// Makes it the current interpreter of this thread until the guard is dropped; then the previous one is current again.
    /// Entries nest. What others left in its drop box is freed now: DESTROY may run.
    pub fn enter(&self) -> Guard<'_> {
        let inside = Inside::new();
        // SAFETY: the interpreter lives, and `&self` of a type that is not Sync is on one thread only.
        let before = unsafe { ffi::mp_enter(self.raw()) };
        Guard { perl: self, before, _inside: inside }
    }

    /// As [`Perl::enter`] for code that enters and leaves by two calls of its own: the interpreter is this thread's current
    /// one until [`Before::restore`].
    pub fn become_current(&self) -> Before {
        let inside = Inside::new();
        // SAFETY: as in `enter`.
        Before { context: unsafe { ffi::mp_enter(self.raw()) }, _inside: inside }
    }

    /// Makes the interpreter this thread's current one wherever none is entered, for code of other modules in C that asks for none. For
    /// a process with one thread, which has this interpreter as long as it lives.
    pub fn stay_current(&self) {
        // SAFETY: as in `enter`.
        unsafe { ffi::mp_enter(self.raw()) };
    }

    /// A clone: what `perl_clone` copies, with its own random sequence and the handlers resolved so far.
    ///
    /// Made on a thread of its own with a large stack, signals blocked. CLONE methods run in it, CLONE_SKIP in `self`;
    /// a dying CLONE_SKIP counts as "clone". `Entered::seal` was called before.
    ///
    /// # Errors
    /// If a CLONE method dies or exits (the clone is destroyed), the thread cannot be made, or perl has no threads.
    #[cfg(perl_ithreads)]
    pub fn duplicate(&self) -> Result<Perl, Error> {
        if interp::is_forked() {
            return Err(Error::Forked);
        }
        let _inside = Inside::new();
        memory::check().map_err(Error::Memory)?;
        let parent = Carried(self.raw());
        let made = memory::measured(|| {
            stack::run(move || {
                let parent = parent;
                // SAFETY: `self` lends the interpreter for this call and is on no other thread: this one is joined.
                unsafe {
                    let before = ffi::mp_enter(parent.0);
                    ffi::mp_seal(parent.0);
                    let clone = ffi::mp_clone(parent.0);
                    let mut len = 0;
                    let text = ffi::mp_clone_error(&raw mut len);
                    let text = if text.is_null() {
                        Vec::new()
                    } else {
                        std::slice::from_raw_parts(text.cast::<u8>(), len).to_vec()
                    };
                    ffi::mp_clone_done();
                    ffi::mp_leave(before);
                    (Carried(clone), text)
                }
            })
        });
        let (clone, text) = made?;
        // SAFETY: the shim made it for us.
        NonNull::new(clone.0).map(|me| unsafe { Perl::own(me, false) }).ok_or(Error::Clone(text))
    }

    /// Fails: a perl without ithreads cannot clone.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(perl_ithreads))]
    pub fn duplicate(&self) -> Result<Perl, Error> {
        Err(Error::NoThreads)
    }

    /// Runs the END blocks, once; they do not run again when the interpreter is destroyed. Returns what they died of.
    pub fn end(&self) -> Vec<Vec<u8>> {
        let mut errors: Vec<Vec<u8>> = Vec::new();
        if !interp::is_forked() {
            let entered = self.enter();
            // SAFETY: the interpreter is entered; `said` is called back during this call only.
            unsafe { ffi::mp_end(entered.raw(), said, (&raw mut errors).cast()) };
        }
        errors
    }

    /// Forgets the END blocks.
    pub fn forget_end(&self) {
        if !interp::is_forked() {
            let entered = self.enter();
            // SAFETY: the interpreter is entered.
            unsafe { ffi::mp_forget_end(entered.raw()) };
        }
    }

    /// Abandons the interpreter: no END and no DESTROY run, and nothing is freed. For interpreters in use when a process ends.
    pub fn abandon(self) {
        std::mem::forget(self);
    }
}

impl Drop for Perl {
    fn drop(&mut self) {
        if interp::is_forked() {
            return;
        }
        self.end();
        let _inside = Inside::new();
        // In a child the interpreter ends with the process.
        let goes_with_libs = self.is_parent && self.process == std::process::id();
        // SAFETY: `self` owns the interpreter, which lives.
        let libs = if goes_with_libs { unsafe { ffi::mp_libs(self.raw()) } } else { ptr::null_mut() };
        let me = Carried(self.raw());
        // Data nested deep needs the large stack to be freed, too. Without it the interpreter is left to the kernel.
        // SAFETY: `self` owns the interpreter, and nothing uses it after this.
        let freed = stack::run(move || unsafe { ffi::mp_free({ me }.0) });
        if matches!(freed, Ok(0)) {
            // SAFETY: the interpreter is gone, and its clones went before it: whoever makes them holds the parent.
            unsafe { ffi::mp_libs_close(libs) };
        }
        self.home.close();
    }
}

/// For the shim: adds a line to the vector that `ctx` is.
pub(crate) extern "C" fn said(ctx: *mut c_void, text: *const c_char, len: usize) {
    // SAFETY: whoever passes this function passes such a vector, and the text is borrowed for this call.
    unsafe { (*ctx.cast::<Vec<Vec<u8>>>()).push(std::slice::from_raw_parts(text.cast(), len).to_vec()) };
}

/// A pointer on its way to the big-stack thread, which is joined before anybody else looks at it.
pub(crate) struct Carried(pub(crate) *mut ffi::Interp);
// SAFETY: see the type.
unsafe impl Send for Carried {}

/// What a thread's current interpreter was before [`Perl::become_current`]. Dropped without being restored, the thread keeps
/// the later one, as after mod_perl's own selections.
#[derive(Debug)]
pub struct Before {
    context: *mut c_void,
    _inside: Inside,
}

impl Before {
    /// Makes that interpreter current again; to be called on the same thread.
    pub fn restore(self) {
        // SAFETY: the context that was current on this thread.
        unsafe { ffi::mp_leave(self.context) };
    }
}

/// An interpreter that is this thread's current one, as [`Guard`] and the host lend it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Entered(Perl);

/// Makes an interpreter current until it is dropped. Stays on its thread.
#[derive(Debug)]
pub struct Guard<'p> {
    perl: &'p Perl,
    before: *mut c_void,
    _inside: Inside,
}

impl std::ops::Deref for Guard<'_> {
    type Target = Entered;
    fn deref(&self) -> &Entered {
        // SAFETY: transparent over Perl; it is entered as long as the guard lives.
        unsafe { &*ptr::from_ref(self.perl).cast::<Entered>() }
    }
}

impl Entered {
    pub(crate) fn raw(&self) -> *mut ffi::Interp {
        self.0.raw()
    }

    pub(crate) fn owns(&self, value: &interp::Kept) -> bool {
        Arc::ptr_eq(value.home(), &self.0.home)
    }

    /// Whether code has loaded shared objects of XS modules that call httpd's or mod_perl's functions.
    pub fn calls_server(&self) -> bool {
        // SAFETY: the interpreter is entered.
        unsafe { ffi::mp_has_libs(self.raw()) != 0 }
    }

    /// The interpreter.
    pub fn perl(&self) -> &Perl {
        &self.0
    }

    /// Frees what others left in the drop box. Also done on entry and after each call out of Perl.
    pub fn drain(&self) {
        // SAFETY: this interpreter is entered.
        unsafe { ffi::mp_drain_now(self.raw()) };
    }

    /// Wraps every CLONE and CLONE_SKIP method so that dying or exiting in one cannot end the process. Done before each
    /// clone; at the end of start-up it costs the clones less.
    pub fn seal(&self) {
        // SAFETY: this interpreter is entered.
        unsafe { ffi::mp_seal(self.raw()) };
    }

    /// Objects of compiled classes whose memory a clone would free a second time: one entry for each class. Clones have undef
    /// in their place.
    pub fn owned_objects(&self) -> Vec<OwnedObjects> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        // SAFETY: this interpreter is entered; `said` is called back during this call only.
        unsafe { ffi::mp_owned_tell(self.raw(), said, (&raw mut lines).cast()) };
        let entry = |line: Vec<u8>| {
            let text = String::from_utf8_lossy(&line).into_owned();
            let mut words = text.splitn(3, '\n').map(str::to_owned);
            let (class, count) = (words.next()?, words.next()?.parse().ok()?);
            Some(OwnedObjects { class, count, variable: words.next().filter(|name| !name.is_empty()) })
        };
        lines.into_iter().filter_map(entry).collect()
    }

    /// Has the next `rand` seed itself anew. Called for the parent in each child; clones are made so.
    pub fn forget_srand(&self) {
        // SAFETY: this interpreter is entered.
        unsafe { ffi::mp_forget_srand(self.raw()) };
    }

    /// Gives back buffers above `limit` bytes that no value lives in: those of temporaries and of lexicals without a value,
    /// in every sub. The interpreter must be idle. Returns the bytes freed; with `report_only` those that would be.
    pub fn trim(&self, limit: usize, report_only: bool) -> usize {
        // SAFETY: this interpreter is entered.
        unsafe { ffi::mp_trim(self.raw(), limit, report_only as c_int) }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // SAFETY: the context that was current when the interpreter was entered on this thread.
        unsafe { ffi::mp_leave(self.before) };
    }
}

/// Objects of one class that a clone cannot have: see [`Entered::owned_objects`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedObjects {
    /// The class of the objects.
    pub class: String,
    /// How many objects of the class there are.
    pub count: usize,
    /// A variable that leads to one of them, if one was found: `$My::sha`, `$My::cache->{sha}`, `my $sha`.
    pub variable: Option<String>,
}

/// The record of the interpreter that C code calls `perl`.
///
/// # Safety
/// `perl` is a living interpreter that this crate made.
pub unsafe fn record_of(perl: *mut c_void) -> *mut Record {
    if perl.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    unsafe { ffi::mp_record_of(perl) }.cast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fork, lock, parent, text};
    use interp::{Dual, IntoVal, Ticket};

    #[cfg(perl_ithreads)]
    #[test]
    fn a_clone_has_the_parents_data_and_a_record_of_its_own() {
        let _one = lock();
        let perl = parent();
        perl.enter().run(b"our $x = 5; our @l = (1 .. 3); sub f { $x * $_[0] }", None).unwrap();
        let a = perl.duplicate().unwrap();
        let b = a.duplicate().unwrap();
        drop(perl);
        assert_eq!(text(&a.enter(), "$x++; f(scalar @l)"), "18");
        assert_eq!(text(&b.enter(), "f(2)"), "10");
        assert_ne!(a.record(), b.record());
        // SAFETY: the records live as long as their interpreters.
        unsafe {
            assert_eq!(record_of(a.record().as_ref().perl), a.record().as_ptr());
            assert_eq!(a.record().as_ref().refcnt, 0);
        }
    }

    #[cfg(perl_ithreads)]
    #[test]
    fn entries_nest_and_give_the_previous_interpreter_back() {
        let _one = lock();
        let a = parent();
        let b = a.duplicate().unwrap();
        let outer = a.enter();
        assert_eq!(text(&outer, "our $who = 'a'"), "a");
        {
            let inner = b.enter();
            assert_eq!(text(&inner, "our $who = 'b'"), "b");
            assert_eq!(text(&a.enter(), "$who"), "a");
            assert_eq!(text(&inner, "$who"), "b");
            assert!(interp::inside() >= 2);
        }
        assert_eq!(text(&outer, "$who"), "a");
        drop(outer);
        assert_eq!(interp::inside(), 0);
    }

    #[cfg(perl_ithreads)]
    #[test]
    fn data_nested_twenty_thousand_deep_is_cloned_and_freed() {
        let _one = lock();
        let perl = parent();
        perl.enter()
            .run(
                b"our $deep = 1; $deep = [$deep] for 1 .. 20_000; our $h = 1; $h = { k => $h } for 1 .. 20_000; 1",
                None,
            )
            .unwrap();
        let clone = perl.duplicate().unwrap();
        assert_eq!(text(&clone.enter(), "my ($n, $r) = (0, $deep); $n++, $r = $r->[0] while ref $r; $n"), "20000");
    }

    #[cfg(perl_ithreads)]
    #[test]
    fn a_dying_clone_method_spoils_only_that_clone() {
        let _one = lock();
        let perl = parent();
        perl.enter()
            .run(
                b"package C; our $how = ''; sub CLONE { die qq(not me\\n) if $how eq 'die'; exit if $how eq 'exit'; CORE::exit(3) if $how eq 'core'; our $cloned .= $_[0] }
                  package E; our @ISA = 'C';
                  package S; sub CLONE_SKIP { die 'skip' if $C::how eq 'skip'; $C::how eq 'away' } package main; our $s = bless [], 'S'; 1",
                None,
            )
            .unwrap();
        let with = |how: &str| {
            perl.enter().run(format!("$C::how = '{how}'").as_bytes(), None).unwrap();
            perl.duplicate()
        };
        assert_eq!(text(&with("").unwrap().enter(), "join ' ', sort $C::cloned =~ /./g"), "C E");
        assert_eq!(with("die").unwrap_err(), Error::Clone(b"not me\n".to_vec()));
        assert!(
            matches!(with("exit").unwrap_err(), Error::Clone(text) if text.starts_with(b"ModPerl::Util::exit: (120000)"))
        );
        assert_eq!(with("core").unwrap_err(), Error::Clone(b"CORE::exit was called".to_vec()));
        assert_eq!(text(&with("skip").unwrap().enter(), "ref $s"), "S", "a dying CLONE_SKIP counts as clone");
        assert_eq!(text(&with("away").unwrap().enter(), "ref $s"), "SCALAR");
        assert_eq!(text(&perl.enter(), "ref $s"), "S");
    }

    #[cfg(perl_ithreads)]
    #[test]
    fn each_interpreter_has_its_own_random_sequence() {
        let _one = lock();
        let perl = parent();
        perl.enter().run(b"rand", None).unwrap();
        perl.enter().forget_srand();
        let mut seen: Vec<String> = (0..5).map(|_| text(&perl.duplicate().unwrap().enter(), "rand")).collect();
        seen.push(text(&perl.enter(), "rand"));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn end_blocks_run_once_and_say_what_they_died_of() {
        let _one = lock();
        let perl = parent();
        perl.enter()
            .run(b"our $n = 0; eval q(END { $n++; die qq(at the end\\n) } END { $n++ } END { exit 3 } 1) or die", None)
            .unwrap();
        assert_eq!(perl.end(), [b"at the end\n".to_vec()]);
        assert_eq!(perl.end(), Vec::<Vec<u8>>::new());
        assert_eq!(text(&perl.enter(), "\"$n ${^GLOBAL_PHASE}\""), "2 END");
    }

    #[test]
    fn in_a_forked_process_nothing_is_torn_down() {
        let _one = lock();
        let perl = parent();
        perl.enter().run(b"eval q(END { print STDERR 'END' }); package D; sub DESTROY { print STDERR 'DESTROY' } our $d = bless []; 1", None).unwrap();
        let (status, said) = fork(move || {
            assert!(perl.end().is_empty());
            assert!(perl.duplicate().is_err());
            drop(perl);
        });
        assert_eq!((libc::WEXITSTATUS(status), said.as_str()), (99, ""));
    }

    #[test]
    fn a_value_kept_and_dropped_on_another_thread_is_freed_at_the_next_entry() {
        let _one = lock();
        let perl = parent();
        perl.enter().run(b"our $gone = 0; package D; sub DESTROY { $main::gone++ } 1", None).unwrap();
        let e = perl.enter();
        e.run(b"require Apache2::XSLoader; Apache2::XSLoader::load('Apache2::Test'); 1", None).unwrap();
        let before = text(&e, "Apache2::Test::keep(bless [], 'D'); $gone");
        drop(e);
        std::thread::spawn(|| crate::testing::KEPT.lock().unwrap().clear()).join().unwrap();
        assert_eq!((before.as_str(), text(&perl.enter(), "$gone").as_str()), ("0", "1"));
    }

    #[test]
    fn the_memory_that_nothing_lives_in_is_given_back() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        e.run(b"my $cache = 'c' x 3_000_000; sub cache { length $cache } sub big { my $x = 'x' x 5_000_000; my $y = $x . 'y'; length $y } big() + cache()", None).unwrap();
        let would = e.trim(1 << 20, true);
        assert!(would >= 5_000_000, "{would}");
        assert_eq!(e.trim(1 << 20, false), would);
        assert_eq!(e.trim(1 << 20, true), 0);
        assert_eq!(text(&e, "big() . ' ' . cache()"), "5000001 3000000");
    }

    #[test]
    fn arguments_arrive_as_what_they_are() {
        let _one = lock();
        let perl = parent();
        let e = perl.enter();
        let args =
            [7i64.val(Ticket::FOREVER), (&b"a\0b"[..]).val(Ticket::FOREVER), Dual(3, "three").val(Ticket::FOREVER)];
        let got =
            e.call_handler(0, b"sub { $_[0] + length($_[1]) + $_[2] + length $_[2] }", interp::Load::Never, &args);
        assert_eq!(got.unwrap().number, 7 + 3 + 3 + 5);
    }

    #[cfg(all(perl_ithreads, target_env = "gnu"))]
    #[test]
    fn clones_leave_no_memory_behind() {
        let _one = lock();
        let perl = parent();
        perl.enter().run(b"require POSIX; require Data::Dumper; sub h { my %h = (a => 1); 0 } 1", None).unwrap();
        perl.enter().resolve(3, b"main::h", interp::Load::Never).unwrap();
        // SAFETY: asks the allocator.
        let used = || unsafe { libc::mallinfo2().uordblks };
        let round = |n: usize| {
            for _ in 0..n {
                let clone = perl.duplicate().unwrap();
                let e = clone.enter();
                e.run(b"POSIX::floor(3.5)", None).unwrap();
                e.call_handler(3, b"main::h", interp::Load::Never, &[]).unwrap();
                e.call_handler(4, b"sub { eval { exit }; 0 }", interp::Load::Never, &[]).unwrap();
                drop(crate::testing::own_env(&e, [(&b"A"[..], &b"1"[..])], false));
                e.redirect(&crate::testing::Sink).unwrap().end().unwrap();
            }
        };
        round(100);
        let before = used();
        round(100);
        let grown = used().saturating_sub(before);
        assert!(grown < 16 << 10, "{grown} bytes in 100 clones");
    }

    #[cfg(perl_ithreads)]
    #[test]
    fn what_start_up_code_usually_loads_works_in_clones() {
        let _one = lock();
        let perl = parent();
        let loaded = text(
            &perl.enter(),
            "join ' ', map { eval \"require $_; 1\" ? () : $@ } qw(threads threads::shared POSIX Storable Socket IO::File
                File::Spec Data::Dumper JSON::PP Encode Time::HiRes List::Util Scalar::Util Digest::MD5 B)",
        );
        assert_eq!(loaded, "");
        perl.enter()
            .run(b"our %all; threads::shared::share(%all); $all{n} = 1; our $md5 = Digest::MD5->new; 1", None)
            .unwrap();
        let clones: Vec<Perl> = (0..4).map(|_| perl.duplicate().unwrap()).collect();
        std::thread::scope(|scope| {
            for clone in clones {
                scope.spawn(move || {
                    let e = clone.enter();
                    let got = text(&e, "{ lock(%all); $all{n}++ } Encode::encode('UTF-8', JSON::PP->new->encode([POSIX::floor(2.5), List::Util::sum(1, 2)]))");
                    assert_eq!(got, "[2,3]");
                });
            }
        });
        assert_eq!(text(&perl.enter(), "$all{n}"), "5");
    }

    #[test]
    fn under_taint_mode_a_requests_variables_are_tainted_and_a_call_starts_clean() {
        let _one = lock();
        let lib = crate::testing::lib();
        let start = crate::Start { switches: &[b"-T"], lib: Some(&lib), ..crate::Start::default() };
        let perl = Perl::start(&start).unwrap();
        let e = perl.enter();
        let env = crate::testing::own_env(&e, [(&b"QUERY"[..], &b"x"[..])], true);
        let tainted = "(eval { eval('#' . substr($ENV{QUERY}, 0, 0)); 1 } ? 0 : 1)";
        assert_eq!(text(&e, &format!("${{^TAINT}} . {tainted}")), "11");
        assert_eq!(text(&e, &format!("require ModPerl::Util; ModPerl::Util::untaint($ENV{{QUERY}}); {tainted}")), "0");
        drop(env);
    }
}
