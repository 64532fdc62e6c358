//! Values a script lends or leaves: any value, a callable, an out-buffer, a bag of values; calls of kept ones.

use crate::{Again, Call, Fail, Home, Kept, Kind, Plain, Raise, Result, TRUE, Val, Value};
use std::{ffi::c_void, mem::MaybeUninit, ptr, sync::Arc};

fn home_of(call: &Call) -> Arc<Home> {
    // SAFETY: the door put the home of the calling interpreter there, which the engine made with `Home::new` and keeps for
    // as long as the interpreter runs.
    unsafe {
        Arc::increment_strong_count(call.home);
        Arc::from_raw(call.home)
    }
}

fn keep(v: &Val, c: &Call) -> Kept {
    let home = home_of(c);
    let mut kept = Val::NONE;
    // SAFETY: this is a call from that interpreter, so we hold it; `v` is one of the call's values.
    unsafe { ((*home.ops).keep)(c.ctx, v, &mut kept) };
    Kept { raw: kept.w as *mut c_void, home }
}

/// # Safety
/// The caller holds `home`'s interpreter and has entered it.
unsafe fn call(ctx: *mut c_void, home: &Arc<Home>, code: &Val, args: &[Val]) -> Result<Reply> {
    let mut reply = Val::NONE;
    // SAFETY: the caller's promise.
    unsafe { call_into(ctx, home, code, args, &mut reply) }?;
    Ok(Reply(reply))
}

/// # Safety
/// As [`call`].
unsafe fn call_into(ctx: *mut c_void, home: &Arc<Home>, code: &Val, args: &[Val], reply: &mut Val) -> Result<()> {
    // SAFETY: the caller's promise; the engine's guard lets nothing escape.
    match unsafe { ((*home.ops).call)(ctx, code, args.as_ptr(), args.len(), reply) } {
        0 => Ok(()),
        2 => Err(Box::new(Raise::Exit(reply.w as i64))),
        _ => Err(Box::new(Raise::Script(Kept { raw: reply.w as *mut c_void, home: home.clone() }))),
    }
}

impl Kept {
    /// Calls the value, in the interpreter of `here`.
    ///
    /// # Errors
    /// What the code raised; text when the value lives elsewhere.
    pub fn call(&self, here: Here, args: &[Val]) -> Result<Reply> {
        if !here.is_home_of(self) {
            return Err("the value belongs to another interpreter".into());
        }
        // SAFETY: a call of a row came from this interpreter on this thread, so we hold it.
        unsafe { self.call_held(args) }
    }
    /// Calls it.
    ///
    /// # Safety
    /// The caller holds the interpreter and has entered it.
    ///
    /// # Errors
    /// What the code raised.
    pub unsafe fn call_held(&self, args: &[Val]) -> Result<Reply> {
        // SAFETY: the caller's promise.
        unsafe { call(self.home.ctx, &self.home, &self.val(), args) }
    }
}

/// Any value, lent for the call.
pub struct Any<'c> {
    pub(crate) v: &'c Val,
    pub(crate) call: &'c Call,
}

impl Any<'_> {
    /// The same variable, as a result.
    pub fn again(&self) -> Again {
        Again { raw: self.v.w as *mut c_void, home: self.call.home, owned: false }
    }
    /// Holds it past the call.
    pub fn keep(&self) -> Kept {
        keep(self.v, self.call)
    }
}

/// Code, or the name of a sub, lent for the call and callable during it.
pub struct Callable<'c> {
    pub(crate) v: &'c Val,
    pub(crate) call: &'c Call,
}

impl Callable<'_> {
    /// Holds it past the call.
    pub fn keep(&self) -> Kept {
        keep(self.v, self.call)
    }
    /// Calls it now, in scalar context.
    ///
    /// # Errors
    /// What the code raised.
    pub fn call(&self, args: &[Val]) -> Result<Reply> {
        // SAFETY: this is a call from that interpreter on this thread, so we hold it.
        unsafe { call(self.call.ctx, &home_of(self.call), self.v, args) }
    }
}

impl Callable<'_> {
    /// Calls it now, and takes a copy of the plain value that it returns.
    ///
    /// # Errors
    /// What the code raised; it returned something else than a string, a number, a boolean or nothing.
    pub fn plain(&self, args: &[Val]) -> Result<Value> {
        let mut reply = Val { tag: Kind::Plain, ..Val::NONE };
        // SAFETY: this is a call from that interpreter on this thread, so we hold it.
        unsafe { call_into(self.call.ctx, &home_of(self.call), self.v, args, &mut reply) }?;
        // A text is good until the door is left.
        match reply.tag {
            Kind::None => Err("the code returned neither a string nor a number nor a boolean".into()),
            _ => Ok(Plain::of(&reply).into()),
        }
    }
}

/// A string, or code that returns the string and is called only when it is needed.
pub struct Message<'c> {
    pub(crate) v: &'c Val,
    pub(crate) call: &'c Call,
}

impl Message<'_> {
    /// Whether it is code.
    pub fn is_code(&self) -> bool {
        self.v.tag != Kind::Bytes
    }
    /// The text.
    ///
    /// # Errors
    /// What the code raised.
    pub fn text(&self) -> Result<Vec<u8>> {
        if self.v.tag == Kind::Bytes {
            // SAFETY: lent for the call, and held: a message marks its row as reentering.
            return Ok(unsafe { self.v.bytes() }.to_vec());
        }
        let mut reply = Val { tag: Kind::Bytes, ..Val::NONE };
        // SAFETY: this is a call from that interpreter on this thread, so we hold it; a text is good until the door is left.
        unsafe {
            call_into(self.call.ctx, &home_of(self.call), self.v, &[], &mut reply)?;
            Ok(if reply.tag == Kind::Bytes { reply.bytes().to_vec() } else { Vec::new() })
        }
    }
}

/// The code that a handler's name stands for in the calling interpreter; its module is loaded if it is not there.
pub(crate) fn find_code(name: &[u8], c: &Call) -> Option<Kept> {
    let home = home_of(c);
    // SAFETY: this is a call from that interpreter, so we hold it; the counted reference is ours.
    let raw = unsafe { ((*home.ops).find)(c.ctx, name.as_ptr(), name.len()) };
    (!raw.is_null()).then(|| Kept { raw, home })
}

pub(crate) fn keep_code(v: &Val, c: &Call) -> Kept {
    keep(v, c)
}

/// What a callback returned, in scalar context.
#[derive(Clone, Copy, Debug)]
pub struct Reply(Val);

impl Reply {
    /// Whether it is true.
    pub fn truth(&self) -> bool {
        self.0.flags & TRUE != 0
    }
    /// As an integer; 0 for anything else.
    pub fn int(&self) -> i64 {
        self.0.w as i64
    }
}

/// A buffer of the script's (Perl: the caller's scalar; Lua: what the call returns).
pub struct Out<'c> {
    v: *mut Val,
    call: &'c Call,
}

impl<'c> Out<'c> {
    pub(crate) fn new(v: &'c Val, call: &'c Call) -> Out<'c> {
        Out { v: ptr::from_ref(v).cast_mut(), call }
    }
    /// Bytes in it.
    pub fn len(&self) -> usize {
        // SAFETY: an argument of the call; read through the raw pointer since `put` has the engine write it.
        unsafe { (&raw const (*self.v).len).read_volatile() }
    }
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Writes at `at`, growing and padding with NULs; what was behind is cut off.
    ///
    /// # Errors
    /// When a callback has changed the variable's type meanwhile.
    pub fn put(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        // SAFETY: this is a call from that interpreter, so we hold it; the value is one of the call's.
        let rc = unsafe { ((*(*self.call.home).ops).put)(self.call.ctx, self.v, at, bytes.as_ptr(), bytes.len()) };
        if rc == 0 { Ok(()) } else { Err(CHANGED.into()) }
    }
    /// Has `f` write up to `n` bytes at `at` where they are to stay; otherwise as [`Out::put`]. `f` returns what it wrote, from
    /// the start of its room. Script code may run in it: it finds the variable without these bytes, and without what was
    /// there. Returns how many there are.
    ///
    /// # Errors
    /// Those of `f`, after which nothing is behind `at`; as [`Out::put`].
    pub fn fill<E: Into<Fail>>(
        &mut self,
        at: usize,
        n: usize,
        f: impl for<'r> FnOnce(&'r mut [MaybeUninit<u8>]) -> std::result::Result<&'r mut [u8], E>,
    ) -> Result<usize> {
        let (ctx, v) = (self.call.ctx, self.v);
        // SAFETY: as in `put`.
        let (ops, start) = unsafe { (&*(*self.call.home).ops, ((*(*self.call.home).ops).room)(ctx, v, at, n)) };
        if start.is_null() {
            return Err(CHANGED.into());
        }
        // SAFETY: the engine gave `n` bytes that nobody else knows until `fill`.
        let room = unsafe { std::slice::from_raw_parts_mut(start.cast::<MaybeUninit<u8>>(), n) };
        let written = f(room).map(|written| written.len().min(n));
        // SAFETY: as in `put`. The bytes up to `at` were there, and `f` could only get initialised bytes from its room.
        let rc = unsafe { (ops.fill)(ctx, v, at + written.as_ref().copied().unwrap_or(0)) };
        match written {
            Err(error) => Err(error.into()),
            Ok(_) if rc != 0 => Err(CHANGED.into()),
            Ok(written) => Ok(written),
        }
    }
}

const CHANGED: &str = "the buffer was changed while it was being filled";

/// A hash of the script's (Perl: hash reference, Lua: table), kept past the call: pnotes.
#[derive(Debug)]
pub struct Bag(Kept);

impl Bag {
    /// The hash itself, as a result.
    pub fn again(&self) -> Again {
        self.0.again()
    }
    /// The interpreter it lives in.
    pub fn home(&self) -> &Arc<Home> {
        self.0.home()
    }
    /// Stores the variable itself, not a copy, under `key`.
    ///
    /// # Errors
    /// When the bag is another interpreter's.
    pub fn set(&self, here: Here, key: &[u8], value: &Any) -> Result<()> {
        here.check(&self.0)?;
        let (raw, _home) = value.keep().into_parts();
        // SAFETY: `here` says we hold this interpreter; the count in `raw` goes to the bag.
        let rc = unsafe { ((*self.0.home.ops).bag_set)(here.0.ctx, self.0.raw, key.as_ptr(), key.len(), raw) };
        if rc == 0 { Ok(()) } else { Err("out of memory".into()) }
    }
    /// What is stored under `key`.
    ///
    /// # Errors
    /// When the bag is another interpreter's.
    pub fn get(&self, here: Here, key: &[u8]) -> Result<Option<Kept>> {
        here.check(&self.0)?;
        // SAFETY: `here` says we hold this interpreter.
        let raw = unsafe { ((*self.0.home.ops).bag_get)(here.0.ctx, self.0.raw, key.as_ptr(), key.len()) };
        Ok((!raw.is_null()).then(|| Kept { raw, home: self.0.home.clone() }))
    }
}

/// The interpreter this call came from, held by this thread while the call lasts.
#[derive(Clone, Copy)]
pub struct Here<'c>(pub(crate) &'c Call);

impl Here<'_> {
    /// Its home.
    pub fn home(self) -> Arc<Home> {
        home_of(self.0)
    }
    /// This interpreter's bag among those of a request that several interpreters serve; made if there is none.
    pub fn bag_of(self, bags: &mut Vec<Bag>) -> &Bag {
        let i = bags.iter().position(|b| self.is_home_of(&b.0)).unwrap_or_else(|| {
            bags.push(self.bag());
            bags.len() - 1
        });
        &bags[i]
    }
    /// This home's bag, with what other homes of the same interpreter have under `key` (`None`: all) moved into it: where each use has
    /// a home of its own, a request's next use finds there what an earlier one has left. `is_set`: the value is about to be replaced.
    ///
    /// # Errors
    /// When there is no memory, or a value cannot leave its home: a function.
    pub fn bag_among<'b>(self, bags: &'b mut Vec<Bag>, key: Option<&[u8]>, is_set: bool) -> Result<&'b Bag> {
        self.bag_of(bags);
        let (own, others): (Vec<&Bag>, Vec<&Bag>) = bags.iter().partition(|bag| self.is_home_of(&bag.0));
        let Some(&own) = own.first() else { return Err("out of memory".into()) };
        // SAFETY: the operations are statics.
        let Some(bag_move) = (unsafe { (*own.0.home.ops).bag_move }) else { return Ok(own) };
        let (at, length) = key.map_or((ptr::null(), 0), |key| (key.as_ptr(), key.len()));
        for other in others {
            let home = Arc::as_ptr(&other.0.home);
            // SAFETY: `here` says we hold this interpreter, and the engine looks into the other home only if that is its own, too.
            match unsafe { bag_move(self.0.ctx, own.0.raw, home, other.0.raw, at, length, is_set.into()) } {
                0 => {}
                1 => return Err("out of memory".into()),
                _ => {
                    let what =
                        key.map_or("a value of them".into(), |key| format!("'{}'", String::from_utf8_lossy(key)));
                    return Err(format!(
                        "{what} has a function or an object of a module, which lives only in the use of a script that has kept it: \
                         others can read strings, numbers, booleans, tables of these, and objects such as r"
                    )
                    .into());
                }
            }
        }
        Ok(own)
    }
    /// A new bag.
    pub fn bag(self) -> Bag {
        let home = self.home();
        // SAFETY: this is a call from that interpreter, so we hold it; the counted reference is ours.
        let raw = unsafe { ((*home.ops).bag)(self.0.ctx) };
        Bag(Kept { raw, home })
    }
    /// Shows `f` the text that a kept variable of this interpreter has now. `None` for another's, and where code would have to run to
    /// have it (a tied variable, an object).
    pub fn text_of<R>(self, kept: &Kept, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if !self.is_home_of(kept) {
            return None;
        }
        let mut length = 0;
        // SAFETY: this is a call from that interpreter, so we hold it. The text is good until code of the script runs, which `f`, who
        // has nothing of the interpreter, cannot have done.
        unsafe {
            let text = ((*kept.home.ops).text)(self.0.ctx, kept.raw, &raw mut length);
            if text.is_null() { None } else { Some(f(std::slice::from_raw_parts(text, length))) }
        }
    }
    /// Whether `kept` lives in this interpreter.
    pub fn is_home_of(self, kept: &Kept) -> bool {
        ptr::eq(self.0.home, Arc::as_ptr(&kept.home))
    }
    fn check(self, kept: &Kept) -> Result<()> {
        if self.is_home_of(kept) { Ok(()) } else { Err("the value belongs to another interpreter".into()) }
    }
}
