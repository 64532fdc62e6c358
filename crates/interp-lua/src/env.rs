//! Envs: the table of globals that a script runs in. One for a single use, or kept as long as its scope lasts.

use crate::{
    ffi::{self, Job},
    lua::{Entered, Finished},
    script::{Loaded, Script},
};
use interp::{Kept, Outcome, Raised, Val};
use std::{ffi::c_int, ptr, rc::Rc, sync::Arc};

/// A script's table of globals after its chunk has run in it. Let go on any thread; freed in its state.
#[derive(Clone, Debug)]
pub struct Env(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kept: Kept,
    world: usize,
    file: Box<[u8]>,
}

impl Env {
    pub(crate) fn reference(&self) -> c_int {
        self.0.kept.as_raw() as isize as c_int
    }
    /// The state it lives in.
    pub fn home(&self) -> &Arc<interp::Home> {
        self.0.kept.home()
    }
    pub(crate) fn file(&self) -> &[u8] {
        &self.0.file
    }
}

pub(crate) const NO_JOB: Job = Job {
    what: 0,
    chunk: ffi::NO_REF,
    env: ffi::NO_REF,
    busy: ptr::null_mut(),
    name: ptr::null(),
    name_len: 0,
    args: ptr::null(),
    nargs: 0,
    world: ptr::null(),
    out: ptr::null_mut(),
    me: ptr::null_mut(),
};

/// Of a job that calls the global `function`.
pub(crate) fn calling(what: c_int, function: &[u8], args: &[Val]) -> Job {
    Job { what, name: function.as_ptr(), name_len: function.len(), args: args.as_ptr(), nargs: args.len(), ..NO_JOB }
}

impl Entered {
    /// One use of a script: a fresh env, its chunk, then its global `function` with `args`.
    ///
    /// # Errors
    /// What the script raised; [`Raised::Unresolved`] without such a file or function.
    pub fn run_once(&self, script: &Script, function: &[u8], args: &[Val]) -> Result<Outcome, Raised> {
        let what = ffi::NEW_ENV | ffi::CHUNK | ffi::CALL;
        let finished = self.run_chunk(script, calling(what, function, args))?;
        called(finished.1, function, script.name)
    }

    /// An env to be kept by the caller: the script's chunk has run in it.
    ///
    /// # Errors
    /// As [`Entered::run_once`].
    pub fn open(&self, script: &Script) -> Result<Env, Raised> {
        let job = Job { what: ffi::NEW_ENV | ffi::CHUNK | ffi::KEEP, ..NO_JOB };
        let (loaded, finished) = self.run_chunk(script, job)?;
        Ok(self.env(finished.reference, loaded.world, script.name))
    }

    /// The env that this state keeps for the script for good; made anew when the file has changed.
    ///
    /// # Errors
    /// As [`Entered::run_once`]; the next call tries again.
    pub fn kept_env(&self, script: &Script) -> Result<Env, Raised> {
        let loaded = self.loaded(script)?;
        if let Some((stamp, env)) = &*loaded.kept.borrow() {
            if *stamp == loaded.stamp() {
                return Ok(env.clone());
            }
        }
        let env = self.open(script)?;
        let before = loaded.kept.replace(Some((loaded.stamp(), env.clone())));
        drop(before);
        Ok(env)
    }

    /// Calls the global `function` of an env.
    ///
    /// # Errors
    /// As [`Entered::run_once`]; [`Raised::Unresolved`] for an env of another state.
    pub fn call_in(&self, env: &Env, function: &[u8], args: &[Val]) -> Result<Outcome, Raised> {
        let finished = self.perform(self.in_env(env, calling(ffi::CALL, function, args))?)?;
        called(finished, function, env.file())
    }

    pub(crate) fn env(&self, reference: c_int, world: usize, file: &[u8]) -> Env {
        Env(Arc::new(Inner { kept: self.keep(reference), world, file: file.into() }))
    }

    pub(crate) fn in_env(&self, env: &Env, job: Job) -> Result<Job, Raised> {
        if !self.owns(&env.0.kept) {
            return Err(Raised::Unresolved(b"the script's globals belong to another interpreter".to_vec()));
        }
        Ok(Job { env: env.reference(), world: self.world_raw(env.0.world), ..job })
    }

    fn run_chunk(&self, script: &Script, job: Job) -> Result<(Rc<Loaded>, Finished), Raised> {
        let loaded = self.loaded(script)?;
        let world = self.world_raw(loaded.world);
        if loaded.busy.get() != 0 {
            let chunk = self.spare_chunk(script)?;
            let finished = self.perform(Job { chunk, world, ..job });
            self.unref(chunk);
            return Ok((loaded, finished?));
        }
        let job = Job { chunk: loaded.chunk.get(), busy: loaded.busy.as_ptr(), world, ..job };
        let finished = self.perform(job)?;
        Ok((loaded, finished))
    }
}

/// The outcome of a call, unless there was no such function.
pub(crate) fn called(finished: Finished, function: &[u8], file: &[u8]) -> Result<Outcome, Raised> {
    if finished.is_missing { Err(no_function(function, file)) } else { Ok(finished.outcome) }
}

pub(crate) fn no_function(function: &[u8], file: &[u8]) -> Raised {
    let mut text = b"there is no function '".to_vec();
    text.extend_from_slice(function);
    text.extend_from_slice(b"' in ");
    text.extend_from_slice(file);
    Raised::Unresolved(text)
}
