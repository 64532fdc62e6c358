//! What the tests of this crate share: one class, one set of constants, one interpreter at a time.

use crate::{Entered, Perl, Start};
use interp::{Any, Callable, Class, ClassName, Const, Consts, Kept, Out, Reenter, Rest, class_method, function};
use std::{
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicIsize, Ordering::*},
    },
};

/// Values that Rust functions under test hold: back at 0 means that every Drop ran.
pub(crate) static ALIVE: AtomicIsize = AtomicIsize::new(0);
pub(crate) struct Counted;
impl Counted {
    pub(crate) fn new() -> Counted {
        ALIVE.fetch_add(1, SeqCst);
        Counted
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, SeqCst);
    }
}

pub(crate) static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// What lib/APR/Error.pm asks of `apr-api`.
static ERROR: Class = Class::new(
    "APR::Error",
    &[function("strerror(status)", |status: i32| match status {
        120_000 => "exit was called".to_owned(),
        status => format!("status {status}"),
    })
    .anywhere()
    .doc("Text of a status.")],
);

static TEST: Class = Class::new(
    "Apache2::Test",
    &[
        function("add(a, b)", |a: i64, b: i64| a + b).doc("Adds."),
        function("fail(text)", |text: &[u8]| -> interp::Result<()> {
            let _held = Counted::new();
            Err(String::from_utf8_lossy(text).into_owned().into())
        })
        .doc("Fails."),
        function("status(rc)", |rc: i32| -> interp::Result<()> {
            Err(interp::Raise::status(rc, "Apache2::Test::status"))
        })
        .doc("Fails with a status."),
        function("panics()", || -> i64 {
            let _held = Counted::new();
            panic!("boom")
        })
        .doc("Panics."),
        function("calls(code)", |code: Callable| -> interp::Result<i64> {
            let _held = Counted::new();
            code.call(&[]).map(|reply| reply.int())
        })
        .doc("Calls back."),
        function("join(sep, @words)", |sep: &[u8], words: Rest, _may: Reenter| {
            words.iter().collect::<Vec<_>>().join(sep)
        })
        .doc("Joins."),
        function("pour(buffer, at, text, code)", |mut buffer: Out, at: u32, text: &[u8], code: Callable| {
            buffer.fill(at as usize, text.len(), |room| {
                code.call(&[])?;
                let room = &mut room[..text.len()];
                for (to, from) in room.iter_mut().zip(text) {
                    to.write(*from);
                }
                // SAFETY: all of it is written.
                Ok::<_, interp::Fail>(unsafe { &mut *(std::ptr::from_mut(room) as *mut [u8]) })
            })
        })
        .doc("Fills a buffer, and calls back when it is half done."),
        function("keep(value)", |value: Any| KEPT.lock().unwrap().push(value.keep())).doc("Keeps."),
        class_method("name()", |class: ClassName| class.0.to_vec()).doc("The class."),
    ],
);
static CONSTS: Consts = Consts {
    package: "Apache2::Const",
    langs: interp::PERL | interp::LUA,
    groups: &[
        ("common", &[("OK", Const::Int(0)), ("DECLINED", Const::Int(-1))]),
        ("http", &[("NOT_FOUND", Const::Int(404)), ("OK", Const::Int(0))]),
        ("types", &[("DIR_MAGIC_TYPE", Const::Text("httpd/unix-directory"))]),
    ],
};

/// Tests with interpreters run one after the other: starting a parent is the business of one thread.
pub(crate) fn lock() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    interp::register(&[&[&TEST, &ERROR]], &[&[&CONSTS]]);
    guard
}

pub(crate) fn lib() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../lib"))
}

pub(crate) fn parent() -> Perl {
    let lib = lib();
    Perl::start(&Start { argv0: b"httpd", lib: Some(&lib), main: true, ..Start::default() }).unwrap()
}

/// The text of what `code` gives, or of what it died of.
pub(crate) fn text(perl: &Entered, code: &str) -> String {
    match perl.run_text(code.as_bytes(), None) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(raised) => format!("{raised:?}: {raised}"),
    }
}

/// Runs `code` in a new process that a script could have forked: gives its wait status and what it wrote to stderr.
pub(crate) fn fork(code: impl FnOnce()) -> (i32, String) {
    let mut pipe = [0; 2];
    // SAFETY: plain system calls on this process's own descriptors.
    unsafe {
        assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
        let pid = libc::fork();
        if pid == 0 {
            libc::dup2(pipe[1], 2);
            libc::close(pipe[0]);
            libc::close(pipe[1]);
            code();
            libc::_exit(99);
        }
        libc::close(pipe[1]);
        let mut said = Vec::new();
        let mut block = [0u8; 4096];
        loop {
            let n = libc::read(pipe[0], block.as_mut_ptr().cast(), block.len());
            if n <= 0 {
                break;
            }
            said.extend_from_slice(&block[..n as usize]);
        }
        libc::close(pipe[0]);
        let mut status = 0;
        libc::waitpid(pid, &raw mut status, 0);
        (status, String::from_utf8_lossy(&said).into_owned())
    }
}

/// Takes everything, gives nothing.
pub(crate) struct Sink;
impl crate::Stdio for Sink {
    fn read(&self, _: &mut [u8]) -> Result<usize, interp::Fail> {
        Ok(0)
    }
    fn write(&self, _: &[u8]) -> Result<(), interp::Fail> {
        Ok(())
    }
    fn flush(&self) -> Result<(), interp::Fail> {
        Ok(())
    }
    fn piece(&self, _: i64, _: i64) -> Result<(), interp::Fail> {
        Ok(())
    }
}

impl crate::EnvSink for Sink {
    fn set(&self, _: &[u8], _: &[u8]) {}
    fn unset(&self, _: &[u8]) {}
    fn clear(&self) {}
}

/// A `%ENV` of its own whose writes go nowhere else.
pub fn own_env<'a, 'v>(
    e: &'a crate::Entered,
    vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
    taint: bool,
) -> crate::EnvGuard<'a> {
    const NOWHERE: &&dyn crate::EnvSink = &(&Sink as &dyn crate::EnvSink);
    e.own_env(std::num::NonZeroUsize::MIN, vars, taint, NOWHERE)
}
