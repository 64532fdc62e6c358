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
