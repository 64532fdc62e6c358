//! APR pools: memory that dies together, and what happens when it does.

use crate::{Reenter, Status, ffi, momentary::is_held_here, text::until_nul};
use std::{
    ffi::{CStr, c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::{self, NonNull},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

crate::opaque! {
    /// An `apr_pool_t`. Memory and cleanups of one owner (request, connection, configuration ...).
    ///
    /// What lies in it is lent as long as it is borrowed, at most until it dies:
    /// ```compile_fail
    /// # use apr::Pool;
    /// static KEPT: std::sync::Mutex<&'static [u8]> = std::sync::Mutex::new(b"");
    /// fn handler(pool: &Pool) {
    ///     *KEPT.lock().unwrap() = pool.memdup(b"abc");
    /// }
    /// ```
    /// A pool itself cannot be kept either, nor go to another thread:
    /// ```compile_fail
    /// # use apr::Pool;
    /// static KEPT: std::sync::Mutex<Option<&'static Pool>> = std::sync::Mutex::new(None);
    /// fn handler(pool: &Pool) {
    ///     *KEPT.lock().unwrap() = pool.parent();
    /// }
    /// ```
    /// ```compile_fail,E0277
    /// # use apr::Pool;
    /// fn handler(pool: &Pool) {
    ///     std::thread::scope(|threads| {
    ///         threads.spawn(|| pool.alloc(8));
    ///     });
    /// }
    /// ```
    pub struct Pool(ffi::apr_pool_t);
}

/// A registered closure; see [`Pool::on_death`].
#[derive(Debug)]
#[must_use = "dropping it is fine: the closure stays registered"]
pub struct Cleanup {
    pool: NonNull<ffi::apr_pool_t>,
    data: NonNull<c_void>,
    run: Callback,
    drop: unsafe fn(NonNull<c_void>),
}

// SAFETY: it goes with its pool from thread to thread; the closure behind it is `Send`.
unsafe impl Send for Cleanup {}

type Callback = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The data of a cleanup in its pool: the process that registered it, and what to do.
struct Registered<F> {
    process: u32,
    f: F,
}

/// What `apr_palloc` aligns to.
const ALIGNMENT: usize = 8;

impl Pool {
    /// A pool without a parent: it lives until it is destroyed. Needs `apr_initialize` to have run.
    ///
    /// # Errors
    /// What APR says, out of memory.
    pub fn root() -> Result<&'static Pool, Status> {
        // SAFETY: as long as the pool lives at most, says `destroy`.
        unsafe { create(ptr::null_mut()) }
    }

    /// Starts APR, once; for programs and tests outside httpd, which has done so itself.
    ///
    /// # Errors
    /// What APR says; the same at each call.
    pub fn initialize() -> Result<(), Status> {
        static STARTED: OnceLock<Status> = OnceLock::new();
        // SAFETY: `apr_initialize` may run again, but not in two threads at once: the lock sees to it.
        STARTED.get_or_init(|| Status(unsafe { ffi::apr_initialize() })).ok()
    }

    /// A pool that dies with this one at the latest.
    ///
    /// # Errors
    /// What APR says, out of memory.
    pub fn create(&self) -> Result<&Pool, Status> {
        // SAFETY: the new pool dies with this one at the latest, or earlier as `destroy` says.
        unsafe { create(self.as_ptr()) }
    }

    /// Runs `f` with a pool of its own, which dies when `f` has returned.
    ///
    /// ```no_run
    /// # apr::Pool::initialize().unwrap();
    /// # let pool = apr::Pool::root().unwrap();
    /// # // SAFETY: no script runs here.
    /// # let cx = unsafe { apr::Reenter::assume() };
    /// assert_eq!(pool.within(cx, |own| own.memdup(b"abc").len()), Ok(3));
    /// ```
    /// Nothing that lies in it gets out:
    /// ```compile_fail
    /// fn out<'p>(pool: &'p apr::Pool, cx: apr::Reenter) -> &'p [u8] {
    ///     pool.within(cx, |own| own.memdup(b"abc")).unwrap()
    /// }
    /// ```
    ///
    /// # Errors
    /// What APR says, out of memory.
    pub fn within<R>(&self, cx: Reenter, f: impl FnOnce(&Pool) -> R) -> Result<R, Status> {
        let pool = self.create()?;
        let result = f(pool);
        // SAFETY: `f` has borrowed what it had of the pool, and has returned.
        unsafe { pool.destroy(cx) };
        Ok(result)
    }

    /// The pool this one dies with; `None` for one without.
    pub fn parent(&self) -> Option<&Pool> {
        // SAFETY: a living pool's parent lives longer.
        unsafe { Pool::at(ffi::apr_pool_parent_get(self.as_ptr())) }
    }

    /// Whether this pool is `other` or one of its ancestors, so that what lies here outlives `other`.
    pub fn is_ancestor(&self, other: &Pool) -> bool {
        // SAFETY: both live.
        unsafe { ffi::apr_pool_is_ancestor(self.as_ptr(), other.as_ptr()) != 0 }
    }

    /// Gives the pool a name, for APR's debugging.
    pub fn set_tag(&self, tag: &[u8]) {
        // SAFETY: the copy lives as long as the pool's content; APR looks at it in a pool that lives.
        unsafe { ffi::apr_pool_tag(self.as_ptr(), self.cstr(tag).as_ptr()) }
    }

    /// Runs what is to be done before an `exec`, for every pool of the process (`apr_pool_cleanup_for_exec`): closes what
    /// is not to be inherited. For a process that a script forked.
    pub fn cleanup_for_exec() {
        // SAFETY: no precondition.
        unsafe { ffi::apr_pool_cleanup_for_exec() }
    }

    /// `size` bytes, not initialised, aligned to 8.
    pub fn alloc(&self, size: usize) -> NonNull<c_void> {
        // SAFETY: the pool lives.
        let memory = unsafe { ffi::apr_palloc(self.as_ptr(), size) };
        // httpd's pools abort when memory ends; for a pool that does not, so do we.
        NonNull::new(memory).unwrap_or_else(|| std::process::abort())
    }

    /// `size` zero bytes, aligned to 8, as `apr_pcalloc`.
    pub fn zeroed(&self, size: usize) -> NonNull<c_void> {
        let memory = self.alloc(size);
        // SAFETY: just allocated with this size.
        unsafe { memory.as_ptr().cast::<u8>().write_bytes(0, size) };
        memory
    }

    /// A copy of `bytes` with a NUL behind it that is not part of the result.
    pub fn memdup(&self, bytes: &[u8]) -> &[u8] {
        let memory = self.copy_with_nul(bytes);
        // SAFETY: `bytes.len()` bytes lie there until the pool dies; nobody else knows them.
        unsafe { std::slice::from_raw_parts(memory, bytes.len()) }
    }

    /// A copy of `bytes` as a C string, which ends at the first NUL.
    pub fn strdup(&self, bytes: &[u8]) -> &CStr {
        // SAFETY: a NUL ends the copy.
        unsafe { CStr::from_ptr(self.cstr(bytes).as_ptr()) }
    }

    /// As [`Pool::strdup`], for a field of a C record: the pointer is good until the pool dies.
    pub fn cstr(&self, bytes: &[u8]) -> NonNull<std::ffi::c_char> {
        // SAFETY: `alloc` never gives null, so neither does this.
        unsafe { NonNull::new_unchecked(self.copy_with_nul(until_nul(bytes)).cast()) }
    }

    fn copy_with_nul(&self, bytes: &[u8]) -> *mut u8 {
        let memory = self.alloc(bytes.len() + 1).as_ptr().cast::<u8>();
        // SAFETY: room for all of `bytes` and one more byte, and it is new.
        unsafe {
            memory.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            memory.add(bytes.len()).write(0);
        }
        memory
    }

    /// Moves a value into the pool. It is not dropped; the pointer is good until the pool dies.
    pub fn place<T: 'static>(&self, value: T) -> NonNull<T> {
        self.place_with(|| value)
    }

    /// As [`Pool::place`], for a large value, which is made in its place.
    #[inline(always)]
    pub fn place_with<T: 'static>(&self, make: impl FnOnce() -> T) -> NonNull<T> {
        let at = if align_of::<T>() <= ALIGNMENT {
            self.alloc(size_of::<T>()).cast::<T>()
        } else {
            let start = self.alloc(size_of::<T>() + align_of::<T>()).cast::<u8>();
            // SAFETY: less than the alignment, which was asked for in addition.
            unsafe { start.add(start.align_offset(align_of::<T>())) }.cast::<T>()
        };
        // SAFETY: new memory of the value's size and alignment.
        unsafe { at.write(make()) };
        at
    }

    /// Moves a value into the pool; it is dropped when the pool dies (not in a process forked meanwhile). The pointer is
    /// good until then.
    pub fn keep<T: Send + 'static>(&self, value: T) -> NonNull<T> {
        struct Owned<T>(NonNull<T>);
        // SAFETY: it owns a `T`, which is `Send`.
        unsafe impl<T: Send> Send for Owned<T> {}
        impl<T> Drop for Owned<T> {
            fn drop(&mut self) {
                // SAFETY: placed below and dropped only here, while the pool's memory is still there.
                unsafe { self.0.drop_in_place() };
            }
        }
        let at = self.place(value);
        let owned = Owned(at);
        let _ = self.on_death(move || drop(owned));
        at
    }

    /// As [`Pool::keep`], for a value that is dropped in a process forked meanwhile as well, and when that becomes another program: dropping
    /// it must take no lock and touch nothing of another process. It says that what lies in the pool is gone.
    pub fn keep_in_forks<T: Send + 'static>(&self, value: T) -> NonNull<T> {
        unsafe extern "C" fn end<T>(value: *mut c_void) -> c_int {
            // SAFETY: placed below; APR forgets a cleanup before it runs it.
            let _ = catch_unwind(AssertUnwindSafe(|| unsafe { value.cast::<T>().drop_in_place() }));
            ffi::APR_SUCCESS as c_int
        }
        let at = self.place(value);
        // SAFETY: both take such a value, and one of them runs, once.
        unsafe { ffi::apr_pool_cleanup_register(self.as_ptr(), at.as_ptr().cast(), Some(end::<T>), Some(end::<T>)) };
        at
    }

    /// As [`Pool::keep`], and lends it as long as the pool is borrowed.
    pub fn lend<T: Send + 'static>(&self, value: T) -> &T {
        // SAFETY: lives until the pool dies.
        unsafe { self.keep(value).as_ref() }
    }

    /// Calls `f` once when the pool is cleared or destroyed: after its subpools are gone, the last registered first.
    ///
    /// In a process that did not register it (a script forked) nothing happens: `f` is neither called nor dropped. A
    /// panic in it ends there.
    pub fn on_death<F: FnOnce() + Send + 'static>(&self, f: F) -> Cleanup {
        let cleanup = self.cleanup(f);
        // SAFETY: the callback takes exactly such data, once: APR forgets a cleanup before it runs it.
        unsafe {
            ffi::apr_pool_cleanup_register(
                self.as_ptr(),
                cleanup.data.as_ptr(),
                Some(cleanup.run),
                Some(ffi::apr_pool_cleanup_null),
            )
        };
        cleanup
    }

    /// As [`Pool::on_death`]; `f` is given the pool.
    pub fn on_death_with(&self, f: impl FnOnce(&Pool) + Send + 'static) -> Cleanup {
        struct Dying(NonNull<Pool>);
        // SAFETY: it goes with its pool to the thread on which that dies.
        unsafe impl Send for Dying {}
        let dying = Dying(NonNull::from(self));
        self.on_death(move || {
            let dying = dying;
            // SAFETY: a pool lives until its cleanups have run.
            f(unsafe { dying.0.as_ref() });
        })
    }

    /// As [`Pool::on_death`], but before the subpools go (`apr_pool_pre_cleanup_register`).
    pub fn before_death<F: FnOnce() + Send + 'static>(&self, f: F) -> Cleanup {
        let cleanup = self.cleanup(f);
        // SAFETY: as in `on_death`.
        unsafe { ffi::apr_pool_pre_cleanup_register(self.as_ptr(), cleanup.data.as_ptr(), Some(cleanup.run)) };
        cleanup
    }

    /// Puts a closure into the pool's own memory, which outlives the cleanups.
    fn cleanup<F: FnOnce() + Send + 'static>(&self, f: F) -> Cleanup {
        let data = self.place(Registered { process: process(), f }).cast();
        Cleanup { pool: NonNull::from(self).cast(), data, run: died::<F>, drop: forget::<F> }
    }

    /// A C cleanup, with the data it expects.
    ///
    /// # Safety
    /// `run(data)` may be called when the pool dies, in this process or in a fork of it.
    pub unsafe fn cleanup_register(&self, data: *const c_void, run: Callback) {
        // SAFETY: the caller's promise.
        unsafe {
            ffi::apr_pool_cleanup_register(self.as_ptr(), data, Some(run), Some(ffi::apr_pool_cleanup_null));
        }
    }

    /// The pointer kept under `key`.
    pub fn userdata(&self, key: &CStr) -> Option<NonNull<c_void>> {
        let mut data = ptr::null_mut();
        // SAFETY: both pointers are good for the call.
        unsafe { ffi::apr_pool_userdata_get(&mut data, key.as_ptr(), self.as_ptr()) };
        NonNull::new(data)
    }

    /// Keeps a pointer under `key`, which is not copied, or forgets it. What it points to is the caller's affair; a
    /// cleared pool has forgotten all of them.
    pub fn set_userdata(&self, key: &'static CStr, data: Option<NonNull<c_void>>) {
        let data = data.map_or(ptr::null_mut(), NonNull::as_ptr);
        // SAFETY: the key lives for ever; no cleanup is asked for.
        unsafe { ffi::apr_pool_userdata_setn(data, key.as_ptr(), None, self.as_ptr()) };
    }

    /// Runs the cleanups, destroys the subpools and takes back the memory; the pool itself lives on.
    ///
    /// # Safety
    /// Nothing that lies in the pool or in its subpools is used afterwards.
    pub unsafe fn clear(&self, _cx: Reenter) {
        // SAFETY: the caller's promise.
        unsafe { ffi::apr_pool_clear(self.as_ptr()) }
    }

    /// Runs the cleanups, destroys the subpools and the pool.
    ///
    /// # Safety
    /// Neither the pool nor anything in it or in its subpools is used afterwards.
    pub unsafe fn destroy(&self, _cx: Reenter) {
        // SAFETY: the caller's promise.
        unsafe { ffi::apr_pool_destroy(self.as_ptr()) }
    }
}

impl Cleanup {
    /// Forgets the closure without calling it; it is dropped now.
    ///
    /// # Safety
    /// The pool has not died since, so the closure has not run.
    pub unsafe fn cancel(self) {
        // SAFETY: the pool lives, so the closure is still registered, and ours once it no longer is.
        unsafe {
            ffi::apr_pool_cleanup_kill(self.pool.as_ptr(), self.data.as_ptr(), Some(self.run));
            (self.drop)(self.data);
        }
    }

    /// Calls the closure now, and not when the pool dies.
    ///
    /// # Safety
    /// As [`Cleanup::cancel`].
    pub unsafe fn run(self, _cx: Reenter) {
        // SAFETY: as in `cancel`; `run` takes the closure over.
        unsafe {
            ffi::apr_pool_cleanup_kill(self.pool.as_ptr(), self.data.as_ptr(), Some(self.run));
            (self.run)(self.data.as_ptr());
        }
    }
}

/// # Safety
/// The result is used only as long as the new pool lives.
unsafe fn create<'p>(parent: *mut ffi::apr_pool_t) -> Result<&'p Pool, Status> {
    let mut pool = ptr::null_mut();
    // SAFETY: the parent is null or lives; APR writes the result.
    Status(unsafe { ffi::apr_pool_create_ex(&mut pool, parent, None, ptr::null_mut()) }).ok()?;
    // SAFETY: just made; the caller's promise.
    unsafe { Pool::at(pool) }.ok_or(Status(libc::ENOMEM))
}

/// This process goes on with what its parent registered, as the daemon does that httpd detaches in the middle of its start:
/// cleanups registered before the fork run here.
pub fn adopt_cleanups() {
    FORKS.store(0, Relaxed);
}

/// In forks of this process cleanups run as well, as those of a program's own pools do in C: for a process that is no server. Before the
/// first cleanup is registered.
pub fn cleanups_outlive_forks() {
    let _ = WATCHED.set(());
}

static FORKS: AtomicU32 = AtomicU32::new(0);
static WATCHED: OnceLock<()> = OnceLock::new();

/// How often this process's ancestors were forked since the first cleanup was registered: a number that no two of them
/// share. Cheaper than asking the kernel for its id, twice per request.
fn process() -> u32 {
    extern "C" fn forked() {
        FORKS.fetch_add(1, Relaxed);
    }
    WATCHED.get_or_init(|| {
        // SAFETY: the handler only counts. It stays registered for ever, as does this library.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    FORKS.load(Relaxed)
}

/// # Safety
/// `data` is a `Registered<F>` that [`Pool::cleanup`] placed, and is not used again.
unsafe extern "C" fn died<F: FnOnce()>(data: *mut c_void) -> c_int {
    let data = data.cast::<Registered<F>>();
    // SAFETY: the caller's promise; in another process, or in a signal's handler, the closure stays where it is.
    if unsafe { (*data).process } == process() && !is_held_here() {
        // SAFETY: the caller's promise.
        let Registered { f, .. } = unsafe { data.read() };
        // The panic hook has said what there is to say; C must not see it.
        let _ = catch_unwind(AssertUnwindSafe(f));
    }
    ffi::APR_SUCCESS as c_int
}

/// # Safety
/// As [`died`].
unsafe fn forget<F>(data: NonNull<c_void>) {
    // SAFETY: the caller's promise.
    drop(unsafe { data.cast::<Registered<F>>().read() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn pool() -> &'static Pool {
        Pool::initialize().unwrap();
        Pool::root().unwrap()
    }

    fn destroy(pool: &Pool) {
        // SAFETY: a test runs no script, and uses nothing of the pool afterwards.
        unsafe { pool.destroy(Reenter::assume()) }
    }

    #[test]
    fn a_pool_of_its_own_dies_when_its_function_has_returned() {
        // SAFETY: a test runs no script.
        let cx = unsafe { Reenter::assume() };
        let died = Arc::new(Mutex::new(false));
        let noted = died.clone();
        let length = pool().within(cx, |own| {
            let _ = own.on_death(move || *noted.lock().unwrap() = true);
            own.memdup(b"abc").len()
        });
        assert_eq!((length, *died.lock().unwrap()), (Ok(3), true));
    }

    #[test]
    fn closures_run_last_first_and_early_ones_before_the_subpools_go() {
        let p = pool();
        let log = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let log = log.clone();
            move || log.lock().unwrap().push(what)
        };
        let _ = p.on_death(note("first"));
        let _ = p.on_death(note("second"));
        let _ = p.create().unwrap().on_death(note("subpool"));
        let _ = p.before_death(note("early"));
        destroy(p);
        assert_eq!(*log.lock().unwrap(), ["early", "subpool", "second", "first"]);
    }

    #[test]
    fn a_cancelled_closure_is_dropped_and_not_called() {
        let p = pool();
        let value = Arc::new(());
        let held = value.clone();
        let cleanup = p.on_death(move || {
            let _held = held;
            panic!("must not run");
        });
        // SAFETY: the pool lives.
        unsafe { cleanup.cancel() };
        assert_eq!(Arc::strong_count(&value), 1);
        let early = p.before_death(|| panic!("must not run"));
        // SAFETY: the pool lives.
        unsafe { early.cancel() };
        destroy(p);
    }

    #[test]
    fn a_kept_value_is_dropped_when_the_pool_dies() {
        let p = pool();
        let value = Arc::new(7);
        let kept = p.keep(value.clone());
        // SAFETY: the pool lives.
        assert_eq!(**unsafe { kept.as_ref() }, 7);
        destroy(p);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn a_value_is_placed_as_aligned_as_it_asks() {
        #[repr(align(64))]
        struct Wide(u8);
        let p = pool();
        p.alloc(3);
        let at = p.place(Wide(7));
        assert!(at.as_ptr().is_aligned());
        // SAFETY: the pool lives.
        assert_eq!(unsafe { at.as_ref() }.0, 7);
        destroy(p);
    }

    #[test]
    fn a_forked_process_runs_no_closure_of_its_parent() {
        let p = pool();
        let mut pipe = [0; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
        let write = pipe[1];
        let _ = p.on_death(move || {
            // SAFETY: an open descriptor and one byte.
            unsafe { libc::write(write, b"x".as_ptr().cast(), 1) };
        });
        // SAFETY: the child only destroys the pool and leaves.
        let child = unsafe { libc::fork() };
        if child == 0 {
            destroy(p);
            // SAFETY: leaves at once.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        let mut room = [0u8; 4];
        // SAFETY: our own child and descriptors.
        let got = unsafe {
            libc::waitpid(child, &mut status, 0);
            destroy(p);
            libc::close(write);
            libc::read(pipe[0], room.as_mut_ptr().cast(), room.len())
        };
        assert_eq!((status, got), (0, 1), "only the parent wrote");
    }

    #[test]
    fn a_panic_in_a_closure_does_not_stop_the_others() {
        let p = pool();
        let log = Arc::new(Mutex::new(0));
        let count = log.clone();
        let _ = p.on_death(move || *count.lock().unwrap() += 1);
        let _ = p.on_death(|| panic!("on purpose"));
        destroy(p);
        assert_eq!(*log.lock().unwrap(), 1);
    }

    #[test]
    fn text_is_copied_up_to_a_nul_and_bytes_whole() {
        let p = pool();
        assert_eq!(p.strdup(b"ab\0c"), c"ab");
        assert_eq!(p.memdup(b"ab\0c"), b"ab\0c");
        // SAFETY: eight bytes were asked for.
        assert_eq!(unsafe { p.zeroed(8).cast::<u64>().read() }, 0);
        destroy(p);
    }

    #[test]
    fn family_and_user_data() {
        let p = pool();
        let sub = p.create().unwrap();
        assert_eq!(sub.parent(), Some(p));
        assert!(p.is_ancestor(sub) && p.is_ancestor(p) && !sub.is_ancestor(p));
        assert_eq!(p.userdata(c"key"), None);
        let data = NonNull::from(&mut 5u8).cast();
        p.set_userdata(c"key", Some(data));
        assert_eq!(p.userdata(c"key"), Some(data));
        destroy(p);
    }
}
