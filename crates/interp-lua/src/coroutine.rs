//! Coroutines that the host drives: filters.

use crate::{
    env::{Env, NO_JOB, calling, no_function},
    ffi::{self, Job},
    lua::{Entered, Finished},
};
use interp::{Kept, Raised, Val};
use std::{ffi::c_int, ptr};

/// A function of a script between two yields.
#[derive(Debug)]
pub struct Coroutine {
    thread: Kept,
    env: Env,
}

/// How far a coroutine has run, with the text it gave: strings and numbers count as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It waits to be resumed.
    Yielded(Option<Vec<u8>>),
    /// It has returned.
    Returned(Option<Vec<u8>>),
}

impl Step {
    fn of(finished: Finished) -> Step {
        if finished.yielded { Step::Yielded(finished.text) } else { Step::Returned(finished.text) }
    }
}

impl Entered {
    /// Starts the env's global `function` as a coroutine; it runs to its first yield.
    ///
    /// # Errors
    /// As [`Entered::call_in`].
    pub fn start_coroutine(&self, env: &Env, function: &[u8], args: &[Val]) -> Result<(Coroutine, Step), Raised> {
        let job = self.in_env(env, calling(ffi::CALL | ffi::COROUTINE, function, args))?;
        let finished = self.perform(job)?;
        if finished.is_missing {
            return Err(no_function(function, env.file()));
        }
        let coroutine = Coroutine { thread: self.keep(finished.reference), env: env.clone() };
        Ok((coroutine, Step::of(finished)))
    }

    /// Goes on with it: its global `bucket` is set, to nil where there is none.
    ///
    /// # Errors
    /// What it raised, after which it has ended; that it has ended.
    pub fn resume(&self, coroutine: &Coroutine, bucket: Option<&[u8]>) -> Result<Step, Raised> {
        let chunk = coroutine.thread.as_raw() as isize as c_int;
        let (name, name_len) = bucket.map_or((ptr::null(), 0), |b| (b.as_ptr(), b.len()));
        let job = self.in_env(&coroutine.env, Job { what: ffi::RESUME, chunk, name, name_len, ..NO_JOB })?;
        self.perform(job).map(Step::of)
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
            local ok = pcall(function() coroutine.yield(5) end) coroutine.yield({}) return 'after' end
            function fails(r) coroutine.yield() r:puts(nothing.x) end function leaves() os.exit(3) end";
        let env = lua.open(&config("f:1", text)).unwrap();
        let record = Record::default();
        let thing = Thing::of(&record).val(Ticket::FOREVER);
        let some = |s: &str| Some(s.as_bytes().to_vec());
        let (co, step) = lua.start_coroutine(&env, b"filter", &[thing]).unwrap();
        assert_eq!(step, Step::Yielded(some("before")));
        assert_eq!(lua.resume(&co, Some(b"one")), Ok(Step::Yielded(some("ONE0"))));
        record.count.set(7);
        let (other, _) = lua.start_coroutine(&env, b"filter", &[thing]).unwrap();
        assert_eq!(lua.resume(&other, Some(b"x")), Ok(Step::Yielded(some("X7"))));
        assert_eq!(lua.resume(&co, Some(b"")), Ok(Step::Yielded(some("7"))));
        assert_eq!(lua.resume(&co, None), Ok(Step::Yielded(some("5"))));
        assert_eq!(lua.resume(&co, None), Ok(Step::Yielded(None)));
        assert_eq!(lua.resume(&co, None), Ok(Step::Returned(some("after"))));
        assert!(died(lua.resume(&co, None)).starts_with("the coroutine has ended"));
        let (co, step) = lua.start_coroutine(&env, b"fails", &[thing]).unwrap();
        assert_eq!(step, Step::Yielded(None));
        let said = died(lua.resume(&co, Some(b"x")));
        assert!(said.starts_with("f:14: attempt to index ") && said.contains("\nstack traceback:\n\tf:"), "{said}");
        assert!(died(lua.resume(&co, None)).starts_with("the coroutine has ended"));
        assert_eq!(lua.start_coroutine(&env, b"leaves", &[]).map(|c| c.1), Err(Raised::Exit(3)));
        assert!(matches!(lua.start_coroutine(&env, b"none", &[]), Err(Raised::Unresolved(_))));
        assert_eq!(lua.call_in(&env, b"leaves", &[]), Err(Raised::Exit(3)));
    }
}
