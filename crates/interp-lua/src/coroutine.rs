//! Coroutines that the host drives: filters.

use crate::{
    env::Env,
    ffi::{self, Job, NO_JOB},
    lua::Entered,
    room::{Finished, Room},
    run::{calling, no_function},
};
use interp::{Kept, Raised, Val};
use std::{
    ffi::c_int,
    ptr::{self, NonNull},
};

/// A coroutine of a script, waiting between two yields.
#[derive(Debug)]
pub struct Coroutine {
    thread: Kept,
    env: Env,
}

/// How far a coroutine has run.
#[derive(Debug)]
pub enum Step {
    /// The coroutine waits to be resumed, and has given this text: a string or a number.
    Yielded(Option<Text>),
    /// The coroutine has returned.
    Returned,
}

/// Text that a coroutine gave. A long one is not copied: it is the string that the state has, kept by this.
#[derive(Debug)]
pub struct Text(Bytes);

#[derive(Debug)]
enum Bytes {
    Own(Vec<u8>),
    InState { string: Kept, at: NonNull<u8>, length: usize },
}

// SAFETY: the bytes of a string do not change; they are looked at by whoever has entered its state.
unsafe impl Send for Text {}

impl Text {
    /// The bytes, in the state that gave them; in another one those of a long text are none. What is long stays in its place
    /// until this is dropped or the state ends.
    pub fn bytes<'t>(&'t self, entered: &'t Entered) -> &'t [u8] {
        match &self.0 {
            Bytes::Own(bytes) => bytes,
            // SAFETY: the string is kept, and its state is entered.
            Bytes::InState { string, at, length } if entered.has_home(string.home()) => unsafe {
                std::slice::from_raw_parts(at.as_ptr(), *length)
            },
            Bytes::InState { .. } => &[],
        }
    }

    /// Whether the text is long, which is the state's own string.
    pub fn is_long(&self) -> bool {
        matches!(self.0, Bytes::InState { .. })
    }
}

impl Step {
    fn of(room: &Room, finished: Finished) -> Step {
        if !finished.yielded {
            return Step::Returned;
        }
        let long =
            finished.long.map(|(at, length)| Bytes::InState { string: room.keep(finished.reference), at, length });
        Step::Yielded(long.or(finished.text.map(Bytes::Own)).map(Text))
    }
}

impl Entered {
    /// Starts the env's global `function` as a coroutine; it runs to its first yield.
    ///
    /// # Errors
    /// As [`Entered::call_in`], but for `os.exit`, which is an error in a coroutine, and so is a yield of something that is no text.
    pub fn start_coroutine(&self, env: &Env, function: &[u8], args: &[Val]) -> Result<(Coroutine, Step), Raised> {
        let used = self.room_of(env.home())?;
        let world = used.room.world_raw(env.world());
        let job = Job { world, ..calling(ffi::CALL | ffi::COROUTINE, function, args) };
        let finished = used.room.perform(job)?;
        if finished.is_missing {
            return Err(no_function(function, env.file()));
        }
        let coroutine = Coroutine { thread: used.room.keep(finished.reference), env: env.clone() };
        let step = Step::of(&used.room, finished);
        Ok((coroutine, step))
    }

    /// Resumes the coroutine, with the global `bucket` set; to nil where there is no bucket.
    ///
    /// # Errors
    /// As [`Entered::start_coroutine`], after which it has ended; that it has ended.
    pub fn resume(&self, coroutine: &Coroutine, bucket: Option<&[u8]>) -> Result<Step, Raised> {
        let chunk = coroutine.thread.as_raw() as isize as c_int;
        let (name, name_len) = bucket.map_or((ptr::null(), 0), |b| (b.as_ptr(), b.len()));
        let used = self.room_of(coroutine.thread.home())?;
        let world = used.room.world_raw(coroutine.env.world());
        let job = Job { what: ffi::RESUME | ffi::KEEP_LONG, chunk, name, name_len, world, ..NO_JOB };
        used.room.perform(job).map(|finished| Step::of(&used.room, finished))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use interp::{IntoVal, Ticket};

    #[test]
    fn a_filter_runs_from_yield_to_yield_with_its_bucket() {
        let lua = lua();
        let lua = lua.enter();
        let text = "function filter(r) coroutine.yield('before') while bucket ~= nil do coroutine.yield(bucket:upper() .. r.count) end
            local ok = pcall(function() coroutine.yield(5) end) coroutine.yield(nil) return 'after' end
            function fails(r) coroutine.yield() r:puts(nothing.x) end function leaves() os.exit(3) end
            function gives_none() coroutine.yield() coroutine.yield({}) end
            function leaves_later() coroutine.yield() pcall(os.exit, 3) end";
        let env = lua.open(&config("f:1", text)).unwrap();
        let record = Record::default();
        let thing = Thing::of(&record).val(Ticket::FOREVER);
        let shown = |step: Step| match step {
            Step::Yielded(Some(text)) => format!("yielded {}", String::from_utf8_lossy(text.bytes(&lua))),
            Step::Yielded(None) => "yielded nil".to_owned(),
            Step::Returned => "returned".to_owned(),
        };
        let resumed = |co: &Coroutine, bucket: Option<&[u8]>| shown(lua.resume(co, bucket).unwrap());
        let (co, step) = lua.start_coroutine(&env, b"filter", &[thing]).unwrap();
        assert_eq!(shown(step), "yielded before");
        assert_eq!(resumed(&co, Some(b"one")), "yielded ONE0");
        record.count.set(7);
        let (other, _) = lua.start_coroutine(&env, b"filter", &[thing]).unwrap();
        assert_eq!(resumed(&other, Some(b"x")), "yielded X7");
        assert_eq!(resumed(&co, Some(b"")), "yielded 7");
        assert_eq!(resumed(&co, None), "yielded 5");
        assert_eq!(resumed(&co, None), "yielded nil");
        assert_eq!(resumed(&co, None), "returned");
        assert!(died(lua.resume(&co, None)).starts_with("the coroutine has ended"));
        let (co, step) = lua.start_coroutine(&env, b"fails", &[thing]).unwrap();
        assert_eq!(shown(step), "yielded nil");
        let said = died(lua.resume(&co, Some(b"x")));
        assert!(said.starts_with("f:14: attempt to index ") && said.contains("\nstack traceback:\n\tf:"), "{said}");
        assert!(died(lua.resume(&co, None)).starts_with("the coroutine has ended"));
        let said = died(lua.start_coroutine(&env, b"leaves", &[]));
        assert!(
            said.starts_with("f:14: os.exit was called in a filter") && said.contains("\nstack traceback:"),
            "{said}"
        );
        for (function, begins) in
            [("leaves_later", "f:16: os.exit was"), ("gives_none", "f:15: a filter yielded a table: ")]
        {
            let (co, _) = lua.start_coroutine(&env, function.as_bytes(), &[]).unwrap();
            let said = died(lua.resume(&co, None));
            assert!(said.starts_with(begins), "{said}");
            assert!(died(lua.resume(&co, None)).starts_with("the coroutine has ended"));
        }
        assert!(matches!(lua.start_coroutine(&env, b"none", &[]), Err(Raised::Unresolved(_))));
        assert_eq!(lua.call_in(&env, b"leaves", &[]), Err(Raised::Exit(3)));
    }

    #[test]
    fn a_long_text_is_not_copied_and_stays_while_it_is_held() {
        let (lua, elsewhere) = (lua(), lua());
        let lua = lua.enter();
        let text = "function filter() coroutine.yield() while bucket do coroutine.yield(bucket:upper()) end end";
        let env = lua.open(&config("f:1", text)).unwrap();
        let (co, _) = lua.start_coroutine(&env, b"filter", &[]).unwrap();
        let held: Vec<Text> = (0..20)
            .map(|_| match lua.resume(&co, Some(&[b'x'; 20_000])) {
                Ok(Step::Yielded(Some(text))) => text,
                other => panic!("{other:?}"),
            })
            .collect();
        lua.run_once(&config("g:1", "collectgarbage()"), b"print", &[]).unwrap();
        assert!(held.iter().all(|text| text.is_long() && text.bytes(&lua) == [b'X'; 20_000]));
        assert_eq!(held[0].bytes(&elsewhere.enter()), b"");
        drop(held);
        lua.drain();
        drop((co, env));
    }
}
