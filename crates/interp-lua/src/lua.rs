//! One state: how it is owned, entered, made again and ended.

use crate::{
    ffi,
    resolved::Resolved,
    script::{Loaded, Paths},
    start_up::StartUp,
    world::World,
};
use interp::{Home, Inside, Kept, Outcome, Raised};
use std::{
    cell::{Cell, RefCell, UnsafeCell},
    collections::HashMap,
    ffi::{c_int, c_void},
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull,
    rc::Rc,
    sync::Arc,
};

/// A state. Whoever owns it may enter it, from one thread at a time; dropping it ends it.
pub struct Lua {
    /// The shim's record keeps its address.
    pub(crate) entered: Box<Entered>,
}

// SAFETY: Lua knows no threads: a state may be used from any, by one at a time. Whatever counts without atomics (`Rc`) is
// reached from here only. Not Sync.
unsafe impl Send for Lua {}

/// A state that is entered, and so can run code.
pub struct Entered {
    pub(crate) me: NonNull<ffi::State>,
    pub(crate) home: Arc<Home>,
    pub(crate) lua: ManuallyDrop<mlua::Lua>,
    pub(crate) lib: Option<Vec<u8>>,
    pub(crate) memory: Option<usize>,
    pub(crate) c_modules: bool,
    pub(crate) watch_globals: bool,
    pub(crate) paths: Paths,
    pub(crate) root: Option<Arc<[u8]>>,
    pub(crate) default_path: Vec<u8>,
    pub(crate) default_cpath: Vec<u8>,
    /// The world of modules that directives name.
    pub(crate) base: Cell<usize>,
    pub(crate) worlds: RefCell<Vec<World>>,
    pub(crate) scripts: RefCell<HashMap<Box<[u8]>, Vec<Rc<Loaded>>>>,
    /// The script that ran last.
    pub(crate) last: RefCell<Option<Rc<Loaded>>>,
    /// References to names of functions in the state.
    pub(crate) names: RefCell<Vec<(Box<[u8]>, c_int)>>,
    pub(crate) handlers: RefCell<Vec<Option<Rc<Resolved>>>>,
    /// The start-up code that has run, to be run again in other states.
    pub(crate) done: RefCell<Vec<StartUp>>,
    pub(crate) leaks: RefCell<Vec<String>>,
    /// The last message for the shim, which reads it at once.
    pub(crate) message: RefCell<Vec<u8>>,
    pub(crate) spent: Cell<bool>,
    pub(crate) printed: Cell<bool>,
    /// Freed memory that the shim keeps for reuse.
    pub(crate) blocks: Cell<*mut c_void>,
    pub(crate) users: UnsafeCell<c_int>,
}

impl fmt::Debug for Lua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lua").field(&self.entered.me).finish()
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entered").field(&self.me).finish()
    }
}

/// Keeps a state entered until it is dropped. Stays on its thread.
#[derive(Debug)]
pub struct Guard<'l> {
    entered: &'l Entered,
    _inside: Inside,
    _here: PhantomData<*const ()>,
}

impl Deref for Guard<'_> {
    type Target = Entered;
    fn deref(&self) -> &Entered {
        self.entered
    }
}

impl Lua {
    /// Enters it. Entries nest. What others left in its drop box is freed now: `__gc` and cleanups may run.
    pub fn enter(&self) -> Guard<'_> {
        let guard = Guard { entered: &self.entered, _inside: Inside::new(), _here: PhantomData };
        guard.drain();
        guard
    }

    /// The bytes that the state has allocated.
    pub fn memory_used(&self) -> usize {
        self.entered.lua.used_memory()
    }
}

impl Drop for Lua {
    fn drop(&mut self) {
        if interp::is_forked() {
            return;
        }
        let _inside = Inside::new();
        self.entered.last.take();
        self.entered.scripts.borrow_mut().clear();
        self.entered.handlers.borrow_mut().clear();
        self.entered.drain();
        // SAFETY: the state lives, and is made to end now.
        unsafe { ffi::ml_return_blocks(self.entered.raw(), self.entered.blocks.replace(std::ptr::null_mut())) };
        // SAFETY: dropped once, here. `__gc` methods run now, and may call rows: the record and the home are still there.
        unsafe { ManuallyDrop::drop(&mut self.entered.lua) };
        self.entered.home.close();
        // SAFETY: the state is closed and the home empty: nothing uses the record any more.
        unsafe { ffi::ml_free(self.entered.me.as_ptr()) };
    }
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

impl Entered {
    pub(crate) fn raw(&self) -> *mut ffi::State {
        self.me.as_ptr()
    }

    /// The home of the values that live in it.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    pub(crate) fn owns(&self, kept: &Kept) -> bool {
        Arc::ptr_eq(kept.home(), &self.home)
    }

    pub(crate) fn unref(&self, reference: c_int) {
        // SAFETY: this state is entered; the reference was ours.
        unsafe { ffi::ml_unref(self.raw(), reference) };
    }

    /// The reference that real `_G` has.
    pub(crate) fn globals(&self) -> c_int {
        // SAFETY: the record lives.
        unsafe { ffi::ml_globals_ref(self.raw()) }
    }

    /// Keeps the value of a reference, which the caller gives away.
    pub(crate) fn keep(&self, reference: c_int) -> Kept {
        // SAFETY: a reference that this state counted for us.
        unsafe { Kept::from_raw(reference as isize as *mut std::ffi::c_void, self.home.clone()) }
    }

    /// File and line of the script's code that called the row that runs.
    pub fn caller(&self) -> Option<(Vec<u8>, u32)> {
        let mut file = [0u8; 512];
        // SAFETY: the record lives; the shim writes at most as many bytes, a NUL among them.
        let line = unsafe { ffi::ml_caller(self.raw(), file.as_mut_ptr().cast(), file.len()) };
        let length = file.iter().position(|b| *b == 0)?;
        Some((file[..length].to_vec(), u32::try_from(line).ok().filter(|line| *line > 0)?))
    }

    /// Frees what others left in the drop box. Also done on entry and after each call out of Lua.
    pub fn drain(&self) {
        // SAFETY: this state is entered.
        unsafe { ffi::ml_drain_now(self.raw()) };
    }

    /// Whether the state ran out of memory and still uses nearly all that it may: it should be replaced.
    pub fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// Whether a script has printed to STDOUT since [`Entered::forget_print`].
    pub fn has_printed(&self) -> bool {
        self.printed.get()
    }

    /// What was printed before counts no longer.
    pub fn forget_print(&self) {
        self.printed.set(false);
    }

    /// Whether the state notes globals that handlers make.
    pub fn watches_globals(&self) -> bool {
        self.watch_globals
    }

    /// Globals that handlers made since this was last asked, with file and line. Empty unless the state watches them.
    pub fn take_leaks(&self) -> Vec<String> {
        self.leaks.take()
    }

    /// Sets a text field of the table `apache2`, here and in states made of this one.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn set_constant(&self, name: &[u8], value: &[u8]) -> Result<(), Raised> {
        let step = StartUp::Constant(name.into(), value.into());
        // SAFETY: this state is entered; both texts are borrowed for the call.
        let rc = unsafe { ffi::ml_constant(self.raw(), name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
        if rc != 0 {
            return Err(self.out_of_memory());
        }
        self.done.borrow_mut().push(step);
        Ok(())
    }

    pub(crate) fn out_of_memory(&self) -> Raised {
        let text: &[u8] =
            if self.memory.is_some() { b"not enough memory (LuaInterpMaxMemory)" } else { b"not enough memory" };
        Raised::Died(text.to_vec())
    }

    /// Runs a job and returns its result.
    pub(crate) fn perform(&self, job: ffi::Job) -> Result<Finished, Raised> {
        let mut out = ffi::Out::EMPTY;
        let mut job = ffi::Job { out: &raw mut out, me: self.raw(), ..job };
        // SAFETY: this state is entered; what the job points to is borrowed for the call.
        unsafe { ffi::ml_run(&raw mut job) };
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
                let limit = self.memory.unwrap_or(usize::MAX);
                self.spent.set(self.lua.used_memory() > limit - limit / 4);
                Err(self.out_of_memory())
            }
            _ => {
                let mut text = text.unwrap_or_default();
                if text.starts_with(b"not enough memory") && self.memory.is_some() {
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
