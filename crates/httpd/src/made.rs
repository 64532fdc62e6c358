//! Modules that a script makes while the configuration is read: a record for httpd, with directives whose lines lead to a [`Host`].
//!
//! What such a module keeps with a server or a section is a number ([`Made`]), under which every interpreter has an object of its own.
//! Two of them are merged by a new number that knows both: the object is made when somebody asks for it, in the interpreter that asks.

use crate::{
    Command, ConfVector, Host, ModuleRecord, Request, Server, ffi, guard,
    module::{BLANK, NO_COMMAND},
    pconf::{is_pconf, with_pconf},
    record::{Record, record},
    slot,
    status::OK,
};
use apr::{Pool, bytes_at};
use config::Order;
use std::{
    cell::UnsafeCell,
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

/// What a module keeps with a server or a section.
#[derive(Debug)]
pub struct Made {
    /// Positive where it lasts as long as the configuration; negative where a request made it. Never used again.
    pub number: i64,
    /// The two that it was merged from: the outer one and the inner one.
    pub merged: Option<(Arc<Made>, Arc<Made>)>,
    /// Whether it is a server's, and no section's.
    pub is_of_server: bool,
}

/// The record: that of a section is empty until the first line of the module's directives stands there.
type Slot = Record<Option<Arc<Made>>>;

static NUMBERS: AtomicI64 = AtomicI64::new(1);

impl Made {
    fn new(is_permanent: bool, is_of_server: bool, merged: Option<(Arc<Made>, Arc<Made>)>) -> Arc<Made> {
        let number = NUMBERS.fetch_add(1, Relaxed);
        Arc::new(Made { number: if is_permanent { number } else { -number }, merged, is_of_server })
    }
}

/// A directive that a script defines.
pub struct MadeCommand<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// How it takes its arguments: `TAKE1` and the like.
    pub how: c_int,
    /// Where it may stand: `OR_*`.
    pub places: c_int,
    /// The text that a wrong use shows.
    pub usage: &'a [u8],
    /// What the script has for it: a function's name.
    pub function: &'a [u8],
    /// What the function can ask for.
    pub data: Option<&'a [u8]>,
}

/// A line of such a directive.
pub struct MadeLine<'a> {
    /// The module.
    pub module: &'a [u8],
    /// The function that the script has for the directive.
    pub function: &'a [u8],
    /// What the module keeps with the section around the line.
    pub dir: Arc<Made>,
    /// What it keeps with the server.
    pub server: Option<Arc<Made>>,
}

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// It was carried out.
    Done,
    /// It is left to another module that has a directive of the name.
    Declined,
}

/// A module that a script has made. It lies in the configuration's pool, and does not move.
struct Module {
    record: ModuleRecord,
    name: CString,
    /// Named by the elements of `commands`.
    infos: Box<[Info]>,
    commands: Box<[UnsafeCell<ffi::command_rec>]>,
}

/// What the record of a directive points to.
struct Info {
    module: *const Module,
    name: CString,
    usage: CString,
    function: Vec<u8>,
    data: Option<Vec<u8>>,
}

// SAFETY: the pointers are to parts of the same module, which nobody changes once httpd has it.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

/// A module of this reading of the configuration. Its address is that of a [`Module`] in the configuration's pool.
struct Known {
    module: *const Module,
    index: c_int,
}

// SAFETY: only compared, or followed while the configuration lives, as `Module`.
unsafe impl Send for Known {}

static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

fn known() -> MutexGuard<'static, Vec<Known>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

// ---- room for modules ----

/// Modules that code can make which is no line `PerlLoadModule`.
const BY_CODE: c_int = 8;
/// How many httpd has been told of in this reading of the configuration.
static ROOM: Mutex<c_int> = Mutex::new(0);

/// Has httpd keep room for the modules that the configuration's lines will make: it counts those only that `LoadModule` has loaded before
/// the lines are run. To be called while hooks are registered.
pub fn reserve_room() {
    // SAFETY: httpd is registering hooks; the function lives as long as the library, which is never unloaded.
    unsafe { ffi::ap_hook_pre_config(Some(reserve), ptr::null(), ptr::null(), Order::Middle.number()) }
}

unsafe extern "C" fn reserve(
    _: *mut apr::ffi::apr_pool_t,
    _: *mut apr::ffi::apr_pool_t,
    _: *mut apr::ffi::apr_pool_t,
) -> c_int {
    // SAFETY: httpd has read the files, and is about to run their lines, on one thread.
    let room = unsafe { count(ffi::ap_conftree) };
    // SAFETY: httpd's own count.
    unsafe { ffi::ap_reserve_module_slots(room) };
    *ROOM.lock().unwrap_or_else(PoisonError::into_inner) = room;
    OK
}

/// How many modules these lines may make.
///
/// # Safety
/// A node of the configuration's tree, or null.
unsafe fn count(first: *const ffi::ap_directive_t) -> c_int {
    /// Whether there are lines that run code, and how many load a module with directives.
    ///
    /// # Safety
    /// As `count`.
    unsafe fn look(mut at: *const ffi::ap_directive_t, found: &mut (bool, c_int)) {
        // SAFETY: the caller's promise; the tree's pointers are null or nodes.
        while let Some(node) = unsafe { at.as_ref() } {
            // SAFETY: as above; a name is a C string.
            let name = unsafe { bytes_at(node.directive) }.unwrap_or_default().to_ascii_lowercase();
            found.0 |= name.starts_with(b"perl");
            found.1 += c_int::from(name == b"perlloadmodule");
            // SAFETY: as above.
            unsafe { look(node.first_child, found) };
            at = node.next;
        }
    }
    let mut found = (false, 0);
    // SAFETY: the caller's promise.
    unsafe { look(first, &mut found) };
    found.1 + if found.0 { BY_CODE } else { 0 }
}

// ---- making one ----

/// Makes a module with directives, in the list of modules behind that of the host, and gives its number. One of this name that is there
/// already stays. `merges` says whether it merges what sections have; if not, the inner one takes the place of the outer one.
///
/// # Errors
/// A directive that httpd has no form for; no room for another module; httpd's message.
pub fn make<H: Host>(name: &[u8], merges: bool, commands: &[MadeCommand<'_>]) -> Result<c_int, String> {
    if let Some(index) = index_of(name) {
        return Ok(index);
    }
    let pool: &Pool = match with_pconf(ptr::from_ref) {
        // SAFETY: the configuration's pool lives until the next reading, and this is called in the present one.
        Some(pool) => unsafe { &*pool },
        None => return Err("there is no configuration yet".into()),
    };
    {
        let mut room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
        if *room < 1 {
            return Err(
                "httpd has no room for another module: load this one by a line PerlLoadModule of its own".into()
            );
        }
        *room -= 1;
    }
    let text = |bytes: &[u8]| {
        CString::new(bytes).map_err(|_| format!("{:?} has a zero byte", bytes.escape_ascii().to_string()))
    };
    let infos = commands.iter().map(|command| {
        let (function, data) = (command.function.to_vec(), command.data.map(<[u8]>::to_vec));
        Ok(Info { module: ptr::null(), name: text(command.name)?, usage: text(command.usage)?, function, data })
    });
    let infos: Box<[Info]> = infos.collect::<Result<_, String>>()?;
    let module = pool.keep(Module {
        record: ModuleRecord::made::<H>(merges),
        name: text(name)?,
        infos,
        commands: Box::default(),
    });
    // SAFETY: in the pool for as long as the configuration; nobody else knows it yet.
    let module = unsafe { &mut *module.as_ptr() };
    let at = ptr::from_ref(module);
    let mut records = Vec::with_capacity(commands.len() + 1);
    for (info, command) in module.infos.iter_mut().zip(commands) {
        info.module = at;
        records.push(UnsafeCell::new(ffi::command_rec {
            name: info.name.as_ptr(),
            func: callback::<H>(command.how)
                .ok_or_else(|| format!("args_how={}: a directive takes its arguments in no such way", command.how))?,
            cmd_data: ptr::from_ref(info).cast_mut().cast(),
            // A line is read before the module is there: one to be run on reading would never be run.
            req_override: command.places & !(ffi::EXEC_ON_READ as c_int),
            args_how: command.how as ffi::cmd_how,
            errmsg: info.usage.as_ptr(),
        }));
    }
    records.push(UnsafeCell::new(NO_COMMAND));
    module.commands = records.into_boxed_slice();
    module.add(pool, H::module())
}

impl ModuleRecord {
    /// A record for a module of a script's, still without name and directives.
    fn made<H: Host>(merges: bool) -> ModuleRecord {
        let dir: MergeFn = if merges { merge::<H, false> } else { take };
        ModuleRecord(UnsafeCell::new(ffi::module {
            create_dir_config: Some(create_dir::<H>),
            merge_dir_config: Some(dir),
            create_server_config: Some(create_server::<H>),
            merge_server_config: Some(merge::<H, true>),
            ..BLANK
        }))
    }
}

impl Module {
    /// Gives it to httpd, until the configuration is read again.
    fn add(&'static self, pool: &Pool, behind: &ModuleRecord) -> Result<c_int, String> {
        // SAFETY: httpd reads its configuration, on one thread; the record and what it points to live as long as the pool, in whose
        // cleanup httpd forgets it. The list of modules never ends with the host's, since the core's stands behind it; an element without
        // successor would be put first in the list.
        unsafe {
            let (this, host) = (self.record.as_ptr(), behind.as_ptr());
            (*this).name = self.name.as_ptr();
            (*this).cmds = self.commands.as_ptr().cast();
            let next = (*host).next;
            if !next.is_null() {
                (*this).next = next;
                (*host).next = this;
            }
            let refused = ffi::ap_add_loaded_module(this, pool.as_ptr(), self.name.as_ptr());
            if let Some(message) = bytes_at(refused) {
                if !next.is_null() {
                    (*host).next = next;
                }
                return Err(String::from_utf8_lossy(message).into_owned());
            }
        }
        let index = self.record.index();
        known().push(Known { module: self, index });
        watch_htaccess();
        let _ = pool.on_death(move || {
            known().retain(|known| known.index != index);
            // SAFETY: httpd is about to read its configuration again, on one thread; the module was added above.
            unsafe { ffi::ap_remove_loaded_module(self.record.as_ptr()) };
        });
        // SAFETY: the module is in httpd's list; the main server and its vectors live.
        Server::with_main(|main| unsafe {
            ffi::ap_single_module_configure(pool.as_ptr(), main.as_ptr(), self.record.as_ptr());
        });
        Ok(index)
    }
}

/// The number of a module of a script's.
pub fn index_of(name: &[u8]) -> Option<c_int> {
    // SAFETY: known as long as the configuration lives, as the module.
    known().iter().find(|known| unsafe { &*known.module }.name.as_bytes() == name).map(|known| known.index)
}

/// What a module of a script's keeps in a vector of a server or a section; `None` if it has nothing there, or is none.
pub fn find(index: c_int, vector: &ConfVector) -> Option<Arc<Made>> {
    let known = known();
    let known = known.iter().find(|known| known.index == index)?;
    // SAFETY: known as long as the configuration lives. Only this file's callbacks write to its slot, always such a record; vectors of
    // requests and connections have nothing there.
    unsafe {
        slot::get::<Slot>(vector.as_ptr(), &(*known.module).record).and_then(|record| record.as_ref().get().clone())
    }
}

impl Command {
    /// What the script's module said as data with the directive; `None` if no script made it.
    pub fn cmd_data(&self) -> Option<&[u8]> {
        self.info()?.data.as_deref()
    }

    fn info(&self) -> Option<&Info> {
        let at = self.raw().info.cast::<Info>().cast_const();
        // SAFETY: known as long as the configuration lives, as the module; only compared until it is one of the module's.
        let is_ours = known().iter().any(|known| unsafe { &*known.module }.infos.as_ptr_range().contains(&at));
        // SAFETY: `make` put one there.
        if is_ours { unsafe { at.as_ref() } } else { None }
    }

    /// Runs `f` with the request for which a `.htaccess` file is read; `None` if this line is of none, or no script has made a module.
    pub fn with_request<R>(&self, f: impl FnOnce(&Request) -> R) -> Option<R> {
        let r = self.pool().userdata(REQUEST)?;
        // SAFETY: noted by `note_request`; a request_rec lies in its own pool.
        unsafe { Request::at(r.as_ptr().cast()) }.map(f)
    }
}

// ---- .htaccess ----

const REQUEST: &CStr = c"mod_interp.htaccess";

/// Has httpd tell for which request it opens a file, since the lines of one do not say.
fn watch_htaccess() {
    static WATCHED: Mutex<bool> = Mutex::new(false);
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*watched {
        *watched = true;
        with_pconf(|pconf| pconf.on_death(|| *WATCHED.lock().unwrap_or_else(PoisonError::into_inner) = false));
        // SAFETY: httpd reads its configuration, and sorts its hooks behind it; the function lives as long as the library.
        unsafe { ffi::ap_hook_open_htaccess(Some(note_request), ptr::null(), ptr::null(), Order::ReallyFirst.number()) }
    }
}

unsafe extern "C" fn note_request(
    r: *mut ffi::request_rec,
    _: *const c_char,
    _: *const c_char,
    _: *mut *mut ffi::ap_configfile_t,
    _: *mut *const c_char,
) -> c_int {
    // SAFETY: httpd lends it for the call; the note lies in its own pool, and dies with it.
    if let Some(r) = unsafe { Request::at(r) } {
        r.pool().set_userdata(REQUEST, ptr::NonNull::new(r.as_ptr().cast()));
    }
    ffi::AP_DECLINED as c_int
}

// ---- what httpd calls ----

type MergeFn = unsafe extern "C" fn(*mut apr::ffi::apr_pool_t, *mut c_void, *mut c_void) -> *mut c_void;

fn install(pool: &Pool, made: Option<Arc<Made>>) -> *mut c_void {
    let slot: Slot = Record::new(made, is_pconf(pool));
    pool.keep(slot).as_ptr().cast()
}

unsafe extern "C" fn create_server<H: Host>(p: *mut apr::ffi::apr_pool_t, _: *mut ffi::server_rec) -> *mut c_void {
    // SAFETY: httpd's, and lives.
    let Some(pool) = (unsafe { Pool::at(p) }) else { return ptr::null_mut() };
    // From the start: a line in .htaccess may have an object made for the server, which lasts as long as the request.
    guard::<H, _>("create_server_config", ptr::null_mut(), || {
        install(pool, Some(Made::new(is_pconf(pool), true, None)))
    })
}

unsafe extern "C" fn create_dir<H: Host>(p: *mut apr::ffi::apr_pool_t, _: *mut c_char) -> *mut c_void {
    // SAFETY: httpd's, and lives.
    let Some(pool) = (unsafe { Pool::at(p) }) else { return ptr::null_mut() };
    guard::<H, _>("create_dir_config", ptr::null_mut(), || install(pool, None))
}

/// The inner one takes the place of the outer one, if it has anything.
unsafe extern "C" fn take(_: *mut apr::ffi::apr_pool_t, base: *mut c_void, add: *mut c_void) -> *mut c_void {
    // SAFETY: from `create_*`.
    let has = unsafe { record::<Option<Arc<Made>>>(add) }.is_some_and(|slot| slot.get().is_some());
    if has { add } else { base }
}

unsafe extern "C" fn merge<H: Host, const OF_SERVER: bool>(
    p: *mut apr::ffi::apr_pool_t,
    base: *mut c_void,
    add: *mut c_void,
) -> *mut c_void {
    // SAFETY: both came from `create_*`, or from here.
    let (b, a): (Option<&Slot>, Option<&Slot>) = unsafe { (record(base), record(add)) };
    let (Some(b), Some(a)) = (b, a) else { return if a.is_some() { add } else { base } };
    let (outer, inner) = match (b.get(), a.get()) {
        (_, None) => return base,
        (None, _) => return add,
        (Some(outer), Some(inner)) => (outer, inner),
    };
    if let Some(known) = a.known_merge(b) {
        return ptr::from_ref(known).cast_mut().cast();
    }
    // SAFETY: httpd's, and lives.
    let Some(pool) = (unsafe { Pool::at(p) }) else { return add };
    guard::<H, _>("merge_config", add, || {
        let merged = |is_permanent| Some(Made::new(is_permanent, OF_SERVER, Some((outer.clone(), inner.clone()))));
        if a.keeps_merges(b) {
            ptr::from_ref(a.keep_merge(b, merged(true))).cast_mut().cast()
        } else {
            install(pool, merged(is_pconf(pool)))
        }
    })
}

fn callback<H: Host>(how: c_int) -> Option<ffi::cmd_func> {
    Some(match how as ffi::cmd_how {
        ffi::RAW_ARGS => ffi::cmd_func { raw_args: Some(one::<H>) },
        ffi::TAKE1 | ffi::ITERATE => ffi::cmd_func { take1: Some(one::<H>) },
        ffi::TAKE2 | ffi::TAKE12 | ffi::ITERATE2 => ffi::cmd_func { take2: Some(two::<H>) },
        ffi::TAKE3 | ffi::TAKE23 | ffi::TAKE123 | ffi::TAKE13 => ffi::cmd_func { take3: Some(three::<H>) },
        ffi::FLAG => ffi::cmd_func { flag: Some(flag::<H>) },
        ffi::NO_ARGS => ffi::cmd_func { no_args: Some(none::<H>) },
        _ => return None,
    })
}

unsafe extern "C" fn none<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void) -> *const c_char {
    // SAFETY: httpd's for this line.
    unsafe { run::<H>(cmd, dir, [ptr::null(); 3]) }
}

unsafe extern "C" fn one<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, a: *const c_char) -> *const c_char {
    // SAFETY: httpd's for this line.
    unsafe { run::<H>(cmd, dir, [a, ptr::null(), ptr::null()]) }
}

unsafe extern "C" fn two<H: Host>(
    cmd: *mut ffi::cmd_parms,
    dir: *mut c_void,
    a: *const c_char,
    b: *const c_char,
) -> *const c_char {
    // SAFETY: httpd's for this line.
    unsafe { run::<H>(cmd, dir, [a, b, ptr::null()]) }
}

unsafe extern "C" fn three<H: Host>(
    cmd: *mut ffi::cmd_parms,
    dir: *mut c_void,
    a: *const c_char,
    b: *const c_char,
    c: *const c_char,
) -> *const c_char {
    // SAFETY: httpd's for this line.
    unsafe { run::<H>(cmd, dir, [a, b, c]) }
}

unsafe extern "C" fn flag<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, on: c_int) -> *const c_char {
    let word = if on != 0 { c"1" } else { c"0" };
    // SAFETY: httpd's for this line.
    unsafe { run::<H>(cmd, dir, [word.as_ptr(), ptr::null(), ptr::null()]) }
}

/// What httpd takes to mean that another module's directive of the name is to be asked.
const DECLINE: &CStr = c"\x07\x08";

/// # Safety
/// httpd calls for a line of a directive that `make` made; arguments are null or C strings.
unsafe fn run<H: Host>(cmd: *mut ffi::cmd_parms, dir: *mut c_void, args: [*const c_char; 3]) -> *const c_char {
    // SAFETY: httpd lends it for this call.
    let Some(cmd) = (unsafe { Command::at(cmd) }) else { return c"httpd names no server for this line".as_ptr() };
    let name = String::from_utf8_lossy(cmd.name()).into_owned();
    let fallback = Err(format!("{name}: an error in the module itself"));
    let done = guard::<H, _>("a directive of a script's", fallback, || {
        let info = cmd.info().ok_or_else(|| format!("{name}: its module is gone"))?;
        // SAFETY: the module lives as long as its directives.
        let module = unsafe { &*info.module };
        let (s, is_serving) = (cmd.server().as_ptr(), cmd.is_serving());
        // SAFETY: made by `create_dir`.
        let dir = unsafe { record(dir) };
        // SAFETY: only this file's callbacks write to the slot; a record lives as long as its server.
        let server = unsafe { slot::get::<Slot>((*s).module_config, &module.record).map(|server| server.as_ref()) };
        let dir = made(dir, is_serving).ok_or_else(|| format!("{name}: too late here"))?;
        let server = server.and_then(|server: &Slot| server.get().clone());
        // SAFETY: null or C strings that live for the call.
        let args: Vec<&[u8]> = args.iter().map_while(|arg| unsafe { bytes_at(*arg) }).collect();
        H::made_line(&MadeLine { module: module.name.as_bytes(), function: &info.function, dir, server }, cmd, &args)
    });
    match done {
        Ok(Line::Done) => ptr::null(),
        Ok(Line::Declined) => DECLINE.as_ptr(),
        Err(message) => cmd.pool().cstr(message.as_bytes()).as_ptr(),
    }
}

/// What a section's record holds, which is made with the first line. What lasts as long as the configuration is no more changed once requests
/// are served.
fn made(slot: Option<&Slot>, is_serving: bool) -> Option<Arc<Made>> {
    let slot = slot?;
    if let Some(made) = slot.get() {
        return Some(made.clone());
    }
    if is_serving && slot.is_permanent() {
        return None;
    }
    // SAFETY: the configuration is being read, or the record is of this request; nobody holds what it lends.
    unsafe { slot.edit(|made| made.get_or_insert_with(|| Made::new(slot.is_permanent(), false, None)).clone()) }
}
