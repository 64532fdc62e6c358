//! One interpreter: owned, entered, cloned, ended.

use crate::{
    ffi,
    process::{self, Inside},
    stack,
};
use interp::Home;
use std::{
    ffi::{c_char, c_int, c_void},
    fmt,
    ptr::{self, NonNull},
    sync::Arc,
};

/// What cannot be done with an interpreter, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The interpreter could not be built: perl's status. Perl has written why to stderr, which is the error log.
    Start(i32),
    /// A switch, path or variable holds a NUL byte.
    Nul(Vec<u8>),
    /// A thread with a stack of this many bytes could not be made.
    Thread(usize, String),
    /// CLONE methods died while an interpreter was cloned: what the first one said.
    Clone(Vec<u8>),
    /// This perl was built without interpreter threads.
    NoThreads,
    /// In a process that a script forked, no interpreter is built or cloned.
    Forked,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Start(status) => {
                write!(f, "perl could not start (status {status}); its message is in the error log")
            }
            Error::Nul(text) => write!(f, "\"{}\" holds a NUL byte", String::from_utf8_lossy(text)),
            Error::Thread(size, why) => write!(f, "no thread with a stack of {size} bytes: {why}"),
            Error::Clone(text) => write!(f, "CLONE died: {}", String::from_utf8_lossy(text).trim_end()),
            Error::NoThreads => f.write_str("this perl was built without ithreads: it cannot clone interpreters"),
            Error::Forked => f.write_str("this process was forked by a script"),
        }
    }
}

impl std::error::Error for Error {}

/// The head of an interpreter's record: mod_perl's `modperl_interp_t`, which third-party XS reads.
#[repr(C)]
#[derive(Debug)]
pub struct Record {
    /// mod_perl's interpreter pool. Null; the host may point it at what it likes.
    pub mip: *mut c_void,
    /// The interpreter.
    pub perl: *mut c_void,
    /// mod_perl counts selections here; unused.
    pub num_requests: c_int,
    /// mod_perl's flags; unused.
    pub flags: u8,
    /// mod_perl's connection configuration; unused.
    pub ccfg: *mut c_void,
    /// Users of the interpreter. Third-party XS raises it while it keeps the interpreter.
    pub refcnt: c_int,
}

/// An interpreter. Whoever owns it may enter it, from one thread at a time; dropping it runs its END blocks and destroys it.
#[derive(Debug)]
pub struct Perl {
    me: NonNull<ffi::Interp>,
    home: Arc<Home>,
    is_parent: bool,
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
        Perl { me, home, is_parent }
    }

    pub(crate) fn raw(&self) -> *mut ffi::Interp {
        self.me.as_ptr()
    }

    /// Its record: the address is the same for the interpreter's whole life.
    pub fn record(&self) -> NonNull<Record> {
        self.me.cast()
    }

    /// The home of the values that live in it.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Whether it was started, not cloned.
    pub fn is_parent(&self) -> bool {
        self.is_parent
    }

    /// Makes it the current interpreter of this thread until the guard is dropped; then the previous one is current again.
    /// Entries nest. What others left in its drop box is freed now: DESTROY may run.
    pub fn enter(&self) -> Entered<'_> {
        let inside = Inside::new();
        // SAFETY: the interpreter lives, and `&self` of a type that is not Sync is on one thread only.
        let before = unsafe { ffi::mp_enter(self.raw()) };
        Entered { perl: self, before, _inside: inside }
    }

    /// A clone: what `perl_clone` copies, with its own random sequence and the handlers resolved so far.
    ///
    /// Made on a thread of its own with a large stack, signals blocked. CLONE methods run in it, CLONE_SKIP in `self`;
    /// a dying CLONE_SKIP counts as "clone". [`Perl::seal`] is done first.
    ///
    /// # Errors
    /// If a CLONE method dies or exits (the clone is destroyed), the thread cannot be made, or perl has no threads.
    #[cfg(perl_ithreads)]
    pub fn duplicate(&self) -> Result<Perl, Error> {
        if process::is_forked() {
            return Err(Error::Forked);
        }
        let _inside = Inside::new();
        let parent = Carried(self.raw());
        let (clone, text) = stack::run(move || {
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
                ffi::mp_leave(before);
                (Carried(clone), text)
            }
        })?;
        // SAFETY: the shim made it for us.
        NonNull::new(clone.0).map(|me| unsafe { Perl::own(me, false) }).ok_or(Error::Clone(text))
    }

    /// A clone: this perl cannot.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(perl_ithreads))]
    pub fn duplicate(&self) -> Result<Perl, Error> {
        Err(Error::NoThreads)
    }

    /// Runs the END blocks, once; they do not run again when the interpreter is destroyed. Returns what they died of.
    pub fn end(&self) -> Vec<Vec<u8>> {
        extern "C" fn said(ctx: *mut c_void, text: *const c_char, len: usize) {
            // SAFETY: `ctx` is the vector below, the text is borrowed for this call.
            unsafe { (*ctx.cast::<Vec<Vec<u8>>>()).push(std::slice::from_raw_parts(text.cast(), len).to_vec()) };
        }
        let mut errors: Vec<Vec<u8>> = Vec::new();
        if !process::is_forked() {
            let entered = self.enter();
            // SAFETY: the interpreter is entered; `said` is called back during this call only.
            unsafe { ffi::mp_end(entered.raw(), said, (&raw mut errors).cast()) };
        }
        errors
    }

    /// Leaves it to the kernel: no END, no DESTROY, nothing freed. For interpreters in use when a process ends.
    pub fn abandon(self) {
        std::mem::forget(self);
    }
}

impl Drop for Perl {
    fn drop(&mut self) {
        if process::is_forked() {
            return;
        }
        self.end();
        let _inside = Inside::new();
        let me = Carried(self.raw());
        // Data nested deep needs the large stack to be freed, too. Without it the interpreter is left to the kernel.
        // SAFETY: `self` owns the interpreter, and nothing uses it after this.
        let _ = stack::run(move || unsafe { ffi::mp_free({ me }.0) });
        self.home.close();
    }
}

/// A pointer on its way to the big-stack thread, which is joined before anybody else looks at it.
pub(crate) struct Carried(pub(crate) *mut ffi::Interp);
// SAFETY: see the type.
unsafe impl Send for Carried {}

/// An interpreter that is this thread's current one. Stays on its thread.
#[derive(Debug)]
pub struct Entered<'p> {
    perl: &'p Perl,
    before: *mut c_void,
    _inside: Inside,
}

impl Entered<'_> {
    pub(crate) fn raw(&self) -> *mut ffi::Interp {
        self.perl.raw()
    }

    pub(crate) fn owns(&self, value: &interp::Kept) -> bool {
        Arc::ptr_eq(value.home(), &self.perl.home)
    }

    /// The interpreter.
    pub fn perl(&self) -> &Perl {
        self.perl
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

    /// The next `rand` seeds itself anew. Called for the parent in each child; clones are made so.
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

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // SAFETY: the context that was current when the interpreter was entered on this thread.
        unsafe { ffi::mp_leave(self.before) };
    }
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
