//! The module record that httpd loads, and the configuration records of its host.
//!
//! [`Host`] is what a module is made of; [`ModuleRecord::new`] makes of it the record that httpd wants, with a C callback
//! for everything. A [`Record`] wraps what the host keeps per server and per directory, and remembers merges.

use crate::{
    Command, Connection, Pools, Request, Server, Slots, end, ffi, guard,
    hook::{self, Own},
    kind, provider,
    status::{DECLINED, OK},
};
use apr::{Brigade, Pool, bytes_at};
use config::{Directive, Language, Phase, PhaseRow};
use std::{
    cell::UnsafeCell,
    ffi::{CStr, c_char, c_int, c_void},
    ptr::{self, NonNull},
    sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering},
};

/// What a module is made of. httpd's calls arrive here, each behind a callback that stops panics: one is logged, and
/// counts as 500 in a request, as a failed start while the server starts.
///
/// Everything runs in the process and on the thread on which httpd calls it. Methods with a default need [`Host::OWN`] to
/// name them before they are called.
pub trait Host: Sized + 'static {
    /// The record of a server.
    type Server: Send + Sync + 'static;
    /// The record of a directory (section, `.htaccess` file).
    type Dir: Send + Sync + 'static;
    /// The state of a request.
    type Request: Send + 'static;
    /// The state of a connection.
    type Connection: Send + 'static;

    /// Whose directives, of `config`'s tables, are its own, and whose orders of the phase table it follows.
    const LANGUAGE: Language;

    /// Hooks wanted besides those of the phases.
    const OWN: &'static [Own] = &[];

    /// The module's record, which must be made with this host.
    fn module() -> &'static ModuleRecord;

    /// A server's record before any directive.
    fn new_server(pool: &Pool, server: &Server) -> Self::Server;
    /// Makes the record of a virtual host with directives of its own; `base` is the main server's.
    fn merge_server(base: &Self::Server, add: &Self::Server) -> Self::Server;
    /// A directory's record before any directive; `path` is the section's argument, `None` outside sections.
    fn new_dir(pool: &Pool, path: Option<&[u8]>) -> Self::Dir;
    /// Merges the record of a section, `add`, with that of the section around it, `base`. The result is kept, so it must not depend on
    /// when it is computed.
    fn merge_dir(base: &Self::Dir, add: &Self::Dir) -> Self::Dir;

    /// Called when a directive was read. An error ends the start (or the request, in `.htaccess`); httpd adds file and line.
    ///
    /// # Errors
    /// What the administrator is to read; begins with the directive's name.
    fn directive(row: &'static Directive, cmd: &Command, slots: &Slots<Self>, args: &[&[u8]]) -> Result<(), String>;

    /// The module was loaded, or loaded again at a restart: once per pass, before any of its directives.
    fn loaded(pconf: &Pool);

    /// Whether the host wants this callback of a row from the start; where not, none is registered until
    /// [`crate::add_phase`] asks for it, and the phase costs nothing.
    fn wants(row: &PhaseRow, index: usize) -> bool {
        let _ = (row, index);
        true
    }
    /// Whether nothing is to be done for this request in this phase. Asked before everything else, in the callback itself:
    /// a look at the merged configuration and no more.
    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        let _ = (phase, order, r);
        false
    }
    /// Runs a phase of a request. `order` counts the row's orders. Filter rows arrive when filters are inserted.
    fn request(phase: Phase, order: usize, r: &Request) -> c_int;
    /// Whether the quick handler would answer a subrequest that is looked up, and perhaps never run: `OK` or `DECLINED`. By
    /// default it would not.
    fn look_up(_phase: Phase, _order: usize, _r: &Request) -> c_int {
        DECLINED
    }
    /// Runs a phase of a connection.
    fn connection(phase: Phase, order: usize, c: &Connection) -> c_int;
    /// Runs a phase of the start. Anything but `OK` ends the start.
    fn start(phase: Phase, order: usize, pools: Pools<'_>, s: &Server) -> c_int;
    /// Runs a phase of a child process; its pool dies when the process ends in order.
    fn child(phase: Phase, order: usize, pool: &Pool, s: &Server);

    /// Data passes a filter of a kind that [`crate::kind::register`] made known: a status.
    fn output_filter(_f: kind::OwnFilter<'_>, _bb: Brigade) -> c_int {
        apr::Status::EGENERAL.code()
    }
    /// Data is wanted of such a filter.
    fn input_filter(_f: kind::OwnFilter<'_>, _bb: Brigade, _ask: kind::Ask) -> c_int {
        apr::Status::EGENERAL.code()
    }

    /// Whether a password is right, for the provider `name` that [`crate::provider::register`] made known: an
    /// `authn_status`. The same holds of the three below.
    fn check_password(_r: &Request, _name: &[u8], _user: &[u8], _password: &[u8]) -> c_int {
        provider::AUTH_GENERAL_ERROR
    }
    /// The hash of `user:realm:password` of a user; an `authn_status`, and the hash.
    fn realm_hash(_r: &Request, _name: &[u8], _user: &[u8], _realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
        (provider::AUTH_GENERAL_ERROR, None)
    }
    /// Whether a request may pass, by what its `Require` line says behind the name: an `authz_status`.
    fn check_authorization(_r: &Request, _name: &[u8], _line: &[u8]) -> c_int {
        provider::AUTHZ_GENERAL_ERROR
    }
    /// Whether that is a line it understands. Also called while requests are served, for `.htaccess`.
    ///
    /// # Errors
    /// What the administrator is to read.
    fn check_require_line(_cmd: &Command, _name: &[u8], _line: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// [`Own::PreConfig`]: before the directives of a pass are run.
    fn pre_config(_pools: Pools<'_>) -> c_int {
        OK
    }
    /// [`Own::CheckConfig`]: after the directives of a pass; anything but `OK` ends the start, also of `-t`.
    fn check_config(_pools: Pools<'_>, _s: &Server) -> c_int {
        OK
    }
    /// [`Own::BeforeStart`]: before the open_logs phase of scripts.
    fn before_start(_pools: Pools<'_>, _s: &Server) -> c_int {
        OK
    }
    /// [`Own::AfterStart`]: after the post_config phase of all modules.
    fn after_start(_pools: Pools<'_>, _s: &Server) -> c_int {
        OK
    }
    /// [`Own::BeforeChild`]: before the child_init phase of scripts.
    fn before_child(_pool: &Pool, _s: &Server) {}
    /// [`Own::BeforeError`]: an error page is about to be sent.
    fn before_error(_r: &Request) {}
    /// The answer to a request that asked for it ([`Request::watch_end`]) is complete and on its way.
    fn request_ends(_end: end::End) {}
}

/// The record that httpd finds by its name in the loaded library.
///
/// ```text
/// #[unsafe(no_mangle)]
/// pub static perl_module: ModuleRecord = ModuleRecord::new::<PerlHost>(c"mod_perl.c");
/// ```
#[repr(transparent)]
pub struct ModuleRecord(UnsafeCell<ffi::module>);

// SAFETY: httpd writes number, handle and list pointer while it loads modules, single-threaded; afterwards all only read.
unsafe impl Sync for ModuleRecord {}

impl ModuleRecord {
    /// The record of a host. httpd knows the module by `name` (`<IfModule mod_perl.c>`).
    pub const fn new<H: Host>(name: &'static CStr) -> ModuleRecord {
        ModuleRecord(UnsafeCell::new(ffi::module {
            version: ffi::MODULE_MAGIC_NUMBER_MAJOR as c_int,
            minor_version: ffi::MODULE_MAGIC_NUMBER_MINOR as c_int,
            module_index: -1,
            name: name.as_ptr(),
            dynamic_load_handle: ptr::null_mut(),
            next: ptr::null_mut(),
            magic: ffi::MODULE_MAGIC_COOKIE as _,
            rewrite_args: None,
            create_dir_config: Some(create_dir::<H>),
            merge_dir_config: Some(merge_dir::<H>),
            create_server_config: Some(create_server::<H>),
            merge_server_config: Some(merge_server::<H>),
            cmds: crate::directive::Commands::<H>::FIRST,
            register_hooks: Some(register::<H>),
            flags: 0,
        }))
    }

    /// The module's number in this process; negative while it is not loaded.
    #[inline]
    pub fn index(&self) -> c_int {
        // SAFETY: see `Sync` above.
        unsafe { (*self.0.get()).module_index }
    }

    /// The name it was made with.
    pub fn name(&self) -> &CStr {
        // SAFETY: a static C string; httpd only ever moves the pointer on to the part behind a slash.
        unsafe { CStr::from_ptr((*self.0.get()).name) }
    }

    /// The pointer, for httpd's functions.
    pub fn as_ptr(&self) -> *mut ffi::module {
        self.0.get()
    }

    /// Whether httpd has loaded another library's module of this name.
    pub fn has_namesake(&self) -> bool {
        self.namesake().is_some()
    }

    fn namesake(&self) -> Option<NonNull<ffi::module>> {
        // SAFETY: a C string; httpd's list of modules is complete when nothing loads one.
        let found = NonNull::new(unsafe { ffi::ap_find_linked_module(self.name().as_ptr()) })?;
        (found.as_ptr() != self.as_ptr()).then_some(found)
    }

    /// For a record that httpd has not loaded: while it has another library's of the same name, ours says that one's number,
    /// until `pconf` dies. This library stays in the process from one reading of the configuration to the next, so that
    /// what the other, loaded anew, calls its own record may be resolved to ours.
    pub fn follow_namesake(&'static self, pconf: &Pool) {
        let Some(theirs) = self.namesake().filter(|_| self.index() < 0) else { return };
        // SAFETY: httpd reads its configuration on one thread, and nobody else uses a record that is not loaded.
        unsafe { (*self.0.get()).module_index = theirs.as_ref().module_index };
        // SAFETY: as above: httpd takes modules out in a cleanup of the same pool.
        let _ = pconf.on_death(|| unsafe { (*self.0.get()).module_index = -1 });
    }
}

/// A configuration record in httpd's hands.
///
/// It is edited only while the configuration is read (through [`Slots`]) and shared by all threads afterwards.
pub struct Record<T> {
    value: UnsafeCell<T>,
    /// Set while an edit runs.
    edited: AtomicBool,
    /// Whether the record lives as long as the configuration, and not only as long as a request.
    permanent: bool,
    /// Merges with this record as the added part, newest first. Only permanent records have any, and only of permanent
    /// bases; nothing is ever taken out, so a reader needs no lock.
    merges: AtomicPtr<Merge<T>>,
    merge_count: AtomicI32,
}

struct Merge<T> {
    base: *const Record<T>,
    result: Record<T>,
    next: *mut Merge<T>,
}

/// More merges than this with one record are not kept: a configuration that alternates among so many bases would
/// otherwise collect them until the next restart.
const MOST_MERGES: i32 = 256;

// SAFETY: `value` is edited only through `edit`, while one thread reads the configuration; the list is atomic.
unsafe impl<T: Send + Sync> Sync for Record<T> {}
// SAFETY: it owns its value and its list.
unsafe impl<T: Send + Sync> Send for Record<T> {}

impl<T> Record<T> {
    fn new(value: T, permanent: bool) -> Record<T> {
        Record {
            value: UnsafeCell::new(value),
            edited: AtomicBool::new(false),
            permanent,
            merges: AtomicPtr::new(ptr::null_mut()),
            merge_count: AtomicI32::new(0),
        }
    }

    /// The value. Lent until the next directive is read; nobody holds it across one.
    #[inline]
    pub fn get(&self) -> &T {
        // SAFETY: no edit runs: edits belong to directives, and those are run while nobody holds what `get` lent (SAFETY.md,
        // "configuration records").
        unsafe { &*self.value.get() }
    }

    /// Whether it dies with the configuration (not with a request whose `.htaccess` made it).
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// Changes the value; `None` if a change of it is running already.
    ///
    /// # Safety
    /// Nobody holds what [`Record::get`] lent, and no other thread can see the record: the configuration is being read, or
    /// the record belongs to this request.
    pub(crate) unsafe fn edit<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        struct Done<'a>(&'a AtomicBool);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        if self.edited.swap(true, Ordering::Acquire) {
            return None;
        }
        let _done = Done(&self.edited);
        // SAFETY: the caller's promise; the flag keeps a nested edit out.
        Some(f(unsafe { &mut *self.value.get() }))
    }

    /// The merge of `base` and `self`, if it was computed before.
    #[inline]
    fn known_merge(&self, base: &Record<T>) -> Option<&Record<T>> {
        Self::find(self.merges.load(Ordering::Acquire), base).map(|merge| &merge.result)
    }

    fn find<'r>(mut at: *mut Merge<T>, base: &Record<T>) -> Option<&'r Merge<T>> {
        // SAFETY: a list of boxes that are freed only with the record they hang on.
        while let Some(merge) = unsafe { at.as_ref() } {
            if ptr::eq(merge.base, base) {
                return Some(merge);
            }
            at = merge.next;
        }
        None
    }

    /// Keeps a merge; if another thread was faster, its result.
    fn keep_merge(&self, base: &Record<T>, value: T) -> &Record<T> {
        let new = Box::into_raw(Box::new(Merge { base, result: Record::new(value, true), next: ptr::null_mut() }));
        let mut head = self.merges.load(Ordering::Acquire);
        loop {
            if let Some(other) = Self::find(head, base) {
                // SAFETY: not in the list, so ours alone.
                drop(unsafe { Box::from_raw(new) });
                return &other.result;
            }
            // SAFETY: as above.
            unsafe { (*new).next = head };
            match self.merges.compare_exchange(head, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        self.merge_count.fetch_add(1, Ordering::Relaxed);
        // SAFETY: in the list now, which lives as long as `self`.
        unsafe { &(*new).result }
    }

    fn keeps_merges(&self, base: &Record<T>) -> bool {
        self.permanent && base.permanent && self.merge_count.load(Ordering::Relaxed) < MOST_MERGES
    }
}

impl<T> Drop for Record<T> {
    fn drop(&mut self) {
        let mut at = *self.merges.get_mut();
        while !at.is_null() {
            // SAFETY: made by `keep_merge`; nobody looks any more.
            let merge = unsafe { Box::from_raw(at) };
            at = merge.next;
        }
    }
}

/// The pool of the configuration that is being read or used: what lies in it lives until the next restart.
static PCONF: AtomicPtr<apr::ffi::apr_pool_t> = AtomicPtr::new(ptr::null_mut());

/// Runs `f` with the configuration's pool; `None` before the module was loaded.
pub fn with_pconf<R>(f: impl FnOnce(&Pool) -> R) -> Option<R> {
    // SAFETY: httpd has one pool of this kind in its life, and clears it between passes, not within a call of ours.
    unsafe { Pool::at(PCONF.load(Ordering::Acquire)) }.map(f)
}

/// Whether this is the configuration's pool.
pub fn is_pconf(pool: &Pool) -> bool {
    ptr::eq(PCONF.load(Ordering::Acquire), pool.as_ptr())
}

fn install<T: Send + Sync + 'static>(pool: &Pool, value: T) -> *mut c_void {
    let permanent = is_pconf(pool);
    pool.keep(Record::new(value, permanent)).as_ptr().cast()
}

unsafe extern "C" fn create_server<H: Host>(p: *mut apr::ffi::apr_pool_t, s: *mut ffi::server_rec) -> *mut c_void {
    // SAFETY: both are httpd's and live.
    let (Some(pool), Some(server)) = (unsafe { Pool::at(p) }, unsafe { Server::at(s) }) else {
        return ptr::null_mut();
    };
    guard::<H, _>("create_server_config", ptr::null_mut(), || install(pool, H::new_server(pool, server)))
}

unsafe extern "C" fn merge_server<H: Host>(
    p: *mut apr::ffi::apr_pool_t,
    base: *mut c_void,
    add: *mut c_void,
) -> *mut c_void {
    // SAFETY: the pool lives; both came from `create_server` or from here.
    let (Some(pool), Some(b), Some(a)) =
        (unsafe { Pool::at(p) }, unsafe { record::<H::Server>(base) }, unsafe { record::<H::Server>(add) })
    else {
        return add;
    };
    guard::<H, _>("merge_server_config", add, || install(pool, H::merge_server(b.get(), a.get())))
}

unsafe extern "C" fn create_dir<H: Host>(p: *mut apr::ffi::apr_pool_t, path: *mut c_char) -> *mut c_void {
    // SAFETY: the pool lives; the path is null or a C string.
    let (Some(pool), path) = (unsafe { Pool::at(p) }, unsafe { bytes_at(path) }) else {
        return ptr::null_mut();
    };
    guard::<H, _>("create_dir_config", ptr::null_mut(), || install(pool, H::new_dir(pool, path)))
}

unsafe extern "C" fn merge_dir<H: Host>(
    p: *mut apr::ffi::apr_pool_t,
    base: *mut c_void,
    add: *mut c_void,
) -> *mut c_void {
    // SAFETY: both came from `create_dir` or from here.
    let (Some(b), Some(a)) = (unsafe { record::<H::Dir>(base) }, unsafe { record::<H::Dir>(add) }) else {
        return add;
    };
    if let Some(known) = a.known_merge(b) {
        return ptr::from_ref(known).cast_mut().cast();
    }
    // SAFETY: the pool lives.
    let Some(pool) = (unsafe { Pool::at(p) }) else { return add };
    guard::<H, _>("merge_dir_config", add, || {
        let merged = H::merge_dir(b.get(), a.get());
        if a.keeps_merges(b) { ptr::from_ref(a.keep_merge(b, merged)).cast_mut().cast() } else { install(pool, merged) }
    })
}

/// # Safety
/// `at` is null or a living `Record<T>`.
pub(crate) unsafe fn record<'a, T>(at: *mut c_void) -> Option<&'a Record<T>> {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<Record<T>>().as_ref() }
}

unsafe extern "C" fn register<H: Host>(p: *mut apr::ffi::apr_pool_t) {
    PCONF.store(p, Ordering::Release);
    guard::<H, _>("register_hooks", (), || {
        hook::register::<H>();
        // SAFETY: httpd's configuration pool.
        if let Some(pool) = unsafe { Pool::at(p) } {
            H::loaded(pool);
        }
    })
}

/// For tests: held by whoever depends on [`with_pconf`], since there is one per process.
#[cfg(test)]
pub(crate) static PCONF_IN_USE: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(test)]
pub(crate) fn set_pconf(pool: &Pool) {
    PCONF.store(pool.as_ptr(), Ordering::Release);
}

/// For tests: what httpd does before a directive. Makes both records and returns the directory's.
#[cfg(test)]
pub(crate) fn install_in<H: Host>(s: &Server, server_pool: &Pool, dir_pool: &Pool) -> *mut c_void {
    // SAFETY: as httpd calls them; the vector has room for the module's number.
    unsafe {
        let record = create_server::<H>(server_pool.as_ptr(), s.as_ptr());
        crate::slot::at((*s.as_ptr()).module_config, H::module()).unwrap().write(record);
        create_dir::<H>(dir_pool.as_ptr(), ptr::null_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, NullHost};
    use std::sync::{Arc, atomic::AtomicUsize};

    type Text = Record<String>;

    fn text(s: &str) -> Text {
        Record::new(s.to_owned(), true)
    }

    #[test]
    fn a_merge_is_kept_per_base_and_found_again() {
        let (a, b, add) = (text("a"), text("b"), text("+"));
        assert!(add.known_merge(&a).is_none());
        let first: *const Text = add.keep_merge(&a, "a+".into());
        add.keep_merge(&b, "b+".into());
        assert!(ptr::eq(first, add.known_merge(&a).unwrap()));
        assert_eq!(add.known_merge(&b).unwrap().get(), "b+");
        assert!(ptr::eq(first, add.keep_merge(&a, "late".into()).get_record()), "the first result stays");
        assert!(add.known_merge(&a).unwrap().is_permanent());
    }

    impl Text {
        fn get_record(&self) -> *const Text {
            self
        }
    }

    #[test]
    fn merges_are_freed_with_their_record_and_only_then() {
        struct Counted(Arc<AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let make = || Record::new(Counted(dropped.clone()), true);
        let (base, add) = (make(), make());
        add.keep_merge(&base, Counted(dropped.clone()));
        drop(base);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        drop(add);
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn threads_that_merge_at_once_end_with_one_result_per_base() {
        let add = text("+");
        let bases: Vec<Text> = (0..8).map(|i| text(&i.to_string())).collect();
        let seen: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        bases
                            .iter()
                            .map(|base| {
                                let found = add.known_merge(base);
                                let merge = found.unwrap_or_else(|| add.keep_merge(base, format!("{}+", base.get())));
                                assert_eq!(*merge.get(), format!("{}+", base.get()));
                                ptr::from_ref(merge).addr()
                            })
                            .collect()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        for addresses in seen {
            for (base, address) in bases.iter().zip(addresses) {
                assert_eq!(ptr::from_ref(add.known_merge(base).unwrap()).addr(), address);
            }
        }
    }

    #[test]
    fn a_request_time_record_keeps_no_merges() {
        let (permanent, passing) = (text("p"), Record::new(String::new(), false));
        assert!(permanent.keeps_merges(&permanent));
        assert!(!permanent.keeps_merges(&passing) && !passing.keeps_merges(&permanent));
    }

    #[test]
    fn sections_are_merged_once_and_those_of_htaccess_each_time() {
        let _one_at_a_time = PCONF_IN_USE.lock().unwrap();
        let fake = Fake::new();
        set_pconf(fake.pool);
        let request_pool = fake.pool.create().unwrap();
        // SAFETY: as httpd calls them.
        unsafe {
            let dir = |pool: &Pool, path: &CStr| create_dir::<NullHost>(pool.as_ptr(), path.as_ptr().cast_mut());
            let merge = |base, add| merge_dir::<NullHost>(request_pool.as_ptr(), base, add);
            let (a, b, passing) = (dir(fake.pool, c"a"), dir(fake.pool, c"b"), dir(request_pool, c".htaccess"));
            let ab = merge(a, b);
            assert_eq!(ab, merge(a, b));
            assert_eq!(merge(ab, a), merge(ab, a), "a kept result is a base like any other");
            assert_ne!(merge(ab, passing), merge(ab, passing));
            let text = |at| record::<Vec<String>>(at).unwrap().get().join("+");
            assert_eq!(text(merge(ab, passing)), "a+b+.htaccess");
            request_pool.destroy(apr::Reenter::assume());
            assert_eq!(text(ab), "a+b", "a kept result outlives the request that asked for it");
            fake.pool.clear(apr::Reenter::assume());
        }
    }

    #[test]
    fn an_edit_inside_an_edit_is_refused() {
        let record = text("x");
        // SAFETY: one thread, and nothing is lent.
        unsafe {
            let inner = record.edit(|s| {
                s.push('y');
                record.edit(|_| ())
            });
            assert_eq!(inner, Some(None));
            assert_eq!(record.edit(|s| s.clone()), Some("xy".to_owned()));
        }
    }
}
