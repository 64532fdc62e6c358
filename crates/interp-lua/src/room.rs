//! A room: one Lua state. Nobody has used it when a use begins; behind the use it is put back (`shim/arena.c`), or closed where it
//! cannot be, or it stays for those who come again.

use crate::{
    env::Env,
    ffi,
    script::{Loaded, Paths, Script},
    world::World,
};
use interp::{Home, Kept, Outcome, Raised};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ffi::{CStr, c_char, c_int},
    ptr::{self, NonNull},
    rc::Rc,
    sync::{
        Arc,
        atomic::{Ordering::Acquire, fence},
    },
};

/// What all rooms of a slot are made with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub lib: Option<Vec<u8>>,
    pub memory: Option<usize>,
    pub c_modules: bool,
    pub watch_globals: bool,
    pub paths: Paths,
    pub root: Option<Arc<[u8]>>,
}

impl Settings {
    /// Whether this is the `LuaRoot` of the slot.
    pub(crate) fn is_root(&self, root: Option<&Arc<[u8]>>) -> bool {
        match (root, &self.root) {
            (Some(root), Some(own)) => Arc::ptr_eq(root, own) || root == own,
            (root, own) => root.is_none() && own.is_none(),
        }
    }
}

/// What scripts did in the rooms of a slot that the host asks for.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub leaks: RefCell<Vec<String>>,
    pub spent: Cell<bool>,
    pub printed: Cell<bool>,
    /// The homes of the slot's rooms.
    pub homes: RefCell<Vec<*const Home>>,
    /// The room whose code runs.
    pub running: Cell<Option<NonNull<ffi::State>>>,
}

/// Who has a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Has {
    /// Nobody: it is as start-up code left it.
    Nobody,
    /// A use, or what the use has left: values that are kept, a filter, the globals of a request or a connection.
    Use,
    /// Whoever comes, for as long as the slot lives.
    All,
}

/// One state. The shim's record and [`Home`] keep its address.
#[derive(Debug)]
pub(crate) struct Room {
    pub me: NonNull<ffi::State>,
    /// The home of what is kept of the use.
    home: RefCell<Arc<Home>>,
    /// The homes of what start-up code has left.
    left: RefCell<Vec<Arc<Home>>>,
    pub settings: Rc<Settings>,
    pub news: Rc<News>,
    pub default_path: Vec<u8>,
    pub default_cpath: Vec<u8>,
    /// The world of modules that directives name.
    pub base: Cell<usize>,
    pub worlds: RefCell<Vec<World>>,
    pub scripts: RefCell<HashMap<Box<[u8]>, Vec<Rc<Loaded>>>>,
    /// The script that ran last.
    pub last: RefCell<Option<Rc<Loaded>>>,
    /// The last message for the shim, which reads it at once.
    pub message: RefCell<Vec<u8>>,
    pub has: Cell<Has>,
    /// The calls that have it, one within the other.
    pub users: Cell<u32>,
    /// Whether the state can be put back, which is known when a use begins.
    is_put_back: Cell<bool>,
}

/// The result of a job, taken off the Lua stack.
#[derive(Debug)]
pub(crate) struct Finished {
    pub outcome: Outcome,
    pub reference: c_int,
    pub yielded: bool,
    pub text: Option<Vec<u8>>,
    /// In place of the text, the bytes of a string that `reference` keeps.
    pub long: Option<(NonNull<u8>, usize)>,
    /// Set if the value that was to be called is no function.
    pub is_missing: bool,
}

impl Room {
    /// A new state with the API bound. Boxed by `Rc`, since the shim keeps its address.
    pub(crate) fn new(settings: &Rc<Settings>, news: &Rc<News>) -> Result<Rc<Room>, String> {
        let refusal = if settings.c_modules { crate::library::refusal() } else { Some(crate::library::SWITCHED_OFF) }
            .map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the table is a static, the refusal lives for ever.
        let me = unsafe { ffi::ml_new(&raw const crate::host_calls::TABLE, refusal, settings.watch_globals.into()) };
        let Some(me) = NonNull::new(me) else { return Err("there is no memory for a state".into()) };
        let home = new_home(me);
        let mut room = Room {
            me,
            home: RefCell::new(home),
            left: RefCell::default(),
            settings: settings.clone(),
            news: news.clone(),
            default_path: Vec::new(),
            default_cpath: Vec::new(),
            base: Cell::new(0),
            worlds: RefCell::default(),
            scripts: RefCell::default(),
            last: RefCell::default(),
            message: RefCell::default(),
            has: Cell::new(Has::Nobody),
            users: Cell::new(0),
            is_put_back: Cell::new(false),
        };
        let mut message = [0u8; 256];
        // SAFETY: the record is new; the message is written with its NUL into as many bytes as there are.
        let rc = unsafe { ffi::ml_open(me.as_ptr(), message.as_mut_ptr().cast(), message.len()) };
        if rc != 0 {
            let text = CStr::from_bytes_until_nul(&message).unwrap_or_default();
            return Err(text.to_string_lossy().into_owned());
        }
        (room.default_path, room.default_cpath) = (room.default(c"path"), room.default(c"cpath"));
        let room = Rc::new(room);
        room.attach();
        // SAFETY: the record lives.
        unsafe { ffi::ml_at_start(me.as_ptr(), 0) };
        let base = room.world(settings.root.as_deref(), &settings.paths).map_err(|e| e.to_string())?;
        room.base.set(base);
        if let Some(limit) = settings.memory {
            // SAFETY: the record lives.
            unsafe { ffi::ml_limit(me.as_ptr(), limit) };
        }
        Ok(room)
    }

    fn default(&self, field: &CStr) -> Vec<u8> {
        let mut path = vec![0u8; 4096];
        // SAFETY: the record lives; at most as many bytes are written as there are.
        let length = unsafe { ffi::ml_default_path(self.raw(), field.as_ptr(), path.as_mut_ptr(), path.len()) };
        path.truncate(length);
        path
    }

    pub(crate) fn raw(&self) -> *mut ffi::State {
        self.me.as_ptr()
    }

    /// The bytes that the state has allocated.
    pub(crate) fn used(&self) -> usize {
        // SAFETY: the record lives.
        unsafe { ffi::ml_used(self.raw()) }
    }

    pub(crate) fn unref(&self, reference: c_int) {
        // SAFETY: this state is entered; the reference was ours.
        unsafe { ffi::ml_unref(self.raw(), reference) };
    }

    /// Keeps the value of a reference, which the caller gives away.
    pub(crate) fn keep(&self, reference: c_int) -> Kept {
        // SAFETY: a reference that this state counted for us.
        unsafe { Kept::from_raw(reference as isize as *mut std::ffi::c_void, self.home()) }
    }

    fn home(&self) -> Arc<Home> {
        self.home.borrow().clone()
    }

    /// Tells the shim the home. The room is in an `Rc`.
    fn attach(&self) {
        let home = Arc::as_ptr(&self.home.borrow());
        self.news.homes.borrow_mut().push(home);
        // SAFETY: the room owns the home and is in an `Rc`: both stay where they are as long as the record lives.
        unsafe { ffi::ml_attach(self.raw(), home, ptr::from_ref(self).cast()) };
    }

    pub(crate) fn owns(&self, home: &Arc<Home>) -> bool {
        Arc::ptr_eq(home, &self.home.borrow()) || self.left.borrow().iter().any(|left| Arc::ptr_eq(home, left))
    }

    /// Whether others have left something in a drop box. What start-up code kept is let go between uses only.
    #[inline]
    pub(crate) fn has_drops(&self) -> bool {
        let has_left = || self.left.borrow().iter().any(|home| home.has_drops());
        self.home.borrow().has_drops() || (self.has.get() != Has::Use && has_left())
    }

    /// Frees what others left in the drop boxes.
    pub(crate) fn drain(&self) {
        let home = self.home();
        // SAFETY: the slot is entered by this thread.
        unsafe { ffi::ml_drain_of(self.raw(), Arc::as_ptr(&home)) };
        if self.has.get() != Has::Use {
            for left in self.left.borrow().clone() {
                // SAFETY: as above.
                unsafe { ffi::ml_drain_of(self.raw(), Arc::as_ptr(&left)) };
            }
        }
    }

    pub(crate) fn collect(&self) {
        // SAFETY: the slot is entered by this thread.
        unsafe { ffi::ml_collect(self.raw()) };
    }

    /// Why the state cannot be put back after a use. Takes its image if that is not there or is old.
    pub(crate) fn refusal(&self, world: *const ffi::World) -> Option<&'static str> {
        // SAFETY: the slot is entered by this thread, and no use runs in this state; the shim's texts are statics.
        unsafe {
            let why: *const c_char = ffi::ml_image(self.raw(), world);
            if why.is_null() { None } else { CStr::from_ptr(why).to_str().ok() }
        }
    }

    /// A use begins in a room that nobody has.
    pub(crate) fn begin(&self, world: *const ffi::World) {
        if Arc::strong_count(&self.home.borrow()) > 1 {
            // Start-up code has left values, which are told from those of the use by their home.
            self.left.borrow_mut().push(self.home.replace(new_home(self.me)));
            self.attach();
        }
        self.is_put_back.set(self.refusal(world).is_none());
        self.has.set(Has::Use);
        // SAFETY: as in `refusal`.
        unsafe { ffi::ml_begin(self.raw()) };
    }

    /// The room is everybody's from now on.
    pub(crate) fn stay(&self) {
        if self.has.get() == Has::Nobody {
            // SAFETY: as in `refusal`.
            unsafe { ffi::ml_begin(self.raw()) };
        }
        self.has.set(Has::All);
        // SAFETY: as in `refusal`.
        unsafe { ffi::ml_stay(self.raw()) };
    }

    /// The room stays no longer; it is not put back.
    pub(crate) fn end_stay(&self) {
        self.has.set(Has::Use);
        self.is_put_back.set(false);
    }

    /// Runs start-up code, which no use finds halfway.
    pub(crate) fn alone<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.has.get();
        if before == Has::Nobody {
            self.has.set(Has::Use);
        }
        self.users.set(self.users.get() + 1);
        let result = f();
        self.users.set(self.users.get() - 1);
        self.has.set(before);
        result
    }

    /// Whether a use that has ended has left something that is kept.
    pub(crate) fn is_held(&self) -> bool {
        let is_held = Arc::strong_count(&self.home.borrow()) > 1;
        // What was dropped on another thread is in the drop box, which whoever sees the count sees, too.
        fence(Acquire);
        is_held
    }

    /// The use and all that it left are over: closes what it opened, and puts the state back. False: it must be closed instead.
    pub(crate) fn put_back(&self) -> bool {
        if !self.is_put_back.get() {
            return false;
        }
        // SAFETY: the slot is entered by this thread, no job runs in this state, and nothing of it is kept.
        unsafe { ffi::ml_put_back(self.raw()) };
        self.has.set(Has::Nobody);
        true
    }

    pub(crate) fn out_of_memory(&self) -> Raised {
        let text: &[u8] = if self.settings.memory.is_some() {
            b"not enough memory (LuaInterpMaxMemory)"
        } else {
            b"not enough memory"
        };
        Raised::Died(text.to_vec())
    }

    /// Runs a job and returns its result.
    pub(crate) fn perform(&self, job: ffi::Job) -> Result<Finished, Raised> {
        let mut out = ffi::Out::EMPTY;
        let mut job = ffi::Job { out: &raw mut out, me: self.raw(), ..job };
        let before = self.news.running.replace(Some(self.me));
        // SAFETY: this state is entered; what the job points to is borrowed for the call.
        unsafe { ffi::ml_run(&raw mut job) };
        self.news.running.set(before);
        self.finish(&out)
    }

    pub(crate) fn finish(&self, out: &ffi::Out) -> Result<Finished, Raised> {
        let text = (!out.text.is_null() && out.is_kept == 0).then(|| {
            // SAFETY: the shim points at bytes on the Lua stack, which stay until `ml_done`.
            unsafe { std::slice::from_raw_parts(out.text, out.text_len) }.to_vec()
        });
        // SAFETY: this state is entered; `out` is what the shim filled.
        unsafe { ffi::ml_done(self.raw(), out) };
        let result = match out.tag {
            ffi::OK | ffi::NO_FUNCTION => Ok(Finished {
                outcome: Outcome {
                    number: out.number,
                    truth: out.truth != 0,
                    is_number: out.is_number != 0,
                    is_wild: out.is_wild != 0,
                },
                reference: out.reference,
                yielded: out.yielded != 0,
                text,
                long: NonNull::new(out.text.cast_mut()).filter(|_| out.is_kept != 0).map(|at| (at, out.text_len)),
                is_missing: out.tag == ffi::NO_FUNCTION,
            }),
            ffi::EXIT => Err(Raised::Exit(out.number as i32)),
            ffi::MEMORY => {
                let limit = self.settings.memory.unwrap_or(usize::MAX);
                if self.has.get() == Has::All && self.used() > limit - limit / 4 {
                    self.news.spent.set(true);
                }
                Err(self.out_of_memory())
            }
            _ => {
                let mut text = text.unwrap_or_default();
                if text.starts_with(b"not enough memory") && self.settings.memory.is_some() {
                    text.splice(17..17, b" (LuaInterpMaxMemory)".iter().copied());
                }
                Err(Raised::Died(text))
            }
        };
        if interp::is_forked() {
            end_fork(&result);
        }
        result
    }

    /// The globals of a script whose chunk has run here.
    pub(crate) fn env(&self, world: usize, script: &Script, stamp: Option<crate::cache::Stamp>) -> Env {
        Env::new(self.home(), world, script, stamp)
    }
}

fn new_home(me: NonNull<ffi::State>) -> Arc<Home> {
    // SAFETY: the operations are called with `me` by whoever holds the state; the room closes the home before it frees the record.
    unsafe { Home::new(&ffi::ml_ops, me.as_ptr().cast()) }
}

impl Drop for Room {
    fn drop(&mut self) {
        if interp::is_forked() {
            return;
        }
        let homes: Vec<_> = self.left.take().into_iter().chain([self.home()]).collect();
        self.news.homes.borrow_mut().retain(|home| !homes.iter().any(|own| Arc::as_ptr(own) == *home));
        // SAFETY: nobody has the state any more: it is closed. `__gc` methods run now, and may call rows: the record and the home
        // are still there.
        unsafe { ffi::ml_close(self.raw()) };
        homes.iter().for_each(|home| home.close());
        // SAFETY: the state is closed and the home empty: nothing uses the record any more.
        unsafe { ffi::ml_free(self.raw()) };
    }
}

/// A process that a script forked ends here, with the script's status and nothing of the server run.
#[cold]
fn end_fork(result: &Result<Finished, Raised>) -> ! {
    let status = match result {
        Ok(_) => 0,
        Err(Raised::Exit(status)) => *status,
        Err(raised) => {
            let text = format!("{raised}\n");
            // SAFETY: a plain write of bytes that live.
            unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
            255
        }
    };
    // SAFETY: ends the process.
    unsafe { libc::_exit(status) }
}
