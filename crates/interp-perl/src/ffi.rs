//! The shim's functions as its C files have them. Raw names are spoken here and in the files of this crate only.

use interp::{Home, Ops, Row, RustSide, Val};
use std::ffi::{c_char, c_int, c_void};

/// `mp_interp`: only its head is public ([`crate::Record`]).
#[repr(C)]
pub(crate) struct Interp {
    _opaque: [u8; 0],
}

/// `mp_said`: takes one line for the log; the context is a [`Vec`] of them.
pub(crate) type Said = extern "C" fn(*mut c_void, *const c_char, usize);

/// `mp_bound`: one row as the shim binds it.
#[repr(C)]
pub(crate) struct Bound {
    pub module: *const c_char,
    pub package: *const c_char,
    pub name: *const c_char,
    pub isa: *const c_char,
    pub row: *const Row,
}

/// `mp_const`: one constant in one of its groups.
#[repr(C)]
pub(crate) struct ConstRow {
    pub package: *const c_char,
    pub group: *const c_char,
    pub name: *const c_char,
    pub text: *const c_char,
    pub text_len: usize,
    pub number: i64,
}

/// `mp_pair`: one variable.
#[repr(C)]
pub(crate) struct Pair {
    pub key: *const c_char,
    pub value: *const c_char,
    pub key_len: usize,
    pub value_len: usize,
}

/// `mp_stdio`.
#[repr(C)]
pub(crate) struct StdioTable {
    pub read: unsafe extern "C" fn(*mut c_void, *mut u8, usize, *mut *mut c_void) -> isize,
    pub write: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut *mut c_void) -> isize,
    pub flush: unsafe extern "C" fn(*mut c_void, *mut *mut c_void) -> isize,
    pub piece: unsafe extern "C" fn(*mut c_void, i64, i64, *mut *mut c_void) -> isize,
}

/// `mp_saved`: the globals of an interpreter before a response.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Saved {
    pub inc: *mut c_void,
    pub separator: *mut c_void,
    pub had_aside: c_int,
}

/// `mp_io_before`: what STDIN and STDOUT were pointed at.
#[repr(C)]
pub(crate) struct Before {
    pub table: *const StdioTable,
    pub ctx: *mut c_void,
    pub flags: u8,
    pub kept: *mut c_void,
}

/// `mp_env_sink`.
#[repr(C)]
pub(crate) struct EnvTable {
    pub set: unsafe extern "C" fn(*mut c_void, *const u8, usize, *const u8, usize),
    pub unset: unsafe extern "C" fn(*mut c_void, *const u8, usize),
    pub clear: unsafe extern "C" fn(*mut c_void),
    pub get: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut *const u8, *mut usize) -> c_int,
    pub all: unsafe extern "C" fn(*mut c_void, *mut Interp),
}

/// `mp_out`: how a call came back.
#[repr(C)]
pub(crate) struct Out {
    pub tag: c_int,
    pub number: i64,
    pub truth: c_int,
    pub is_wild: c_int,
    pub status: c_int,
    pub sv: *mut c_void,
    pub text: *const c_char,
    pub text_len: usize,
}

impl Out {
    pub(crate) const EMPTY: Out = Out {
        tag: 0,
        number: 0,
        truth: 0,
        is_wild: 0,
        status: 0,
        sv: std::ptr::null_mut(),
        text: std::ptr::null(),
        text_len: 0,
    };
}

/// `mp_boot`: what an interpreter starts with.
#[repr(C)]
pub(crate) struct Boot {
    pub argc: c_int,
    pub argv: *mut *mut c_char,
    pub argv0: *const c_char,
    pub env: *mut *mut c_char,
    pub main: c_int,
}

#[allow(improper_ctypes)] // the shim reads the repr(C) heads that interp.h has, and nothing behind them
unsafe extern "C" {
    pub(crate) static mp_ops: Ops;
    // bind.c
    pub(crate) fn mp_tables(
        rust: *const RustSide,
        rows: *const Bound,
        nrows: usize,
        consts: *const ConstRow,
        nconsts: usize,
    );
    // plain.c
    pub(crate) fn mp_plain_current() -> *mut c_void;
    pub(crate) fn mp_plain_died(exception: *mut c_void);
    // life.c
    pub(crate) fn mp_init();
    pub(crate) fn mp_new(boot: *const Boot, status: *mut c_int) -> *mut Interp;
    pub(crate) fn mp_attach(me: *mut Interp, home: *const Home);
    pub(crate) fn mp_perl(me: *const Interp) -> *mut c_void;
    pub(crate) fn mp_record_of(perl: *mut c_void) -> *mut Interp;
    pub(crate) fn mp_enter(me: *mut Interp) -> *mut c_void;
    pub(crate) fn mp_leave(context: *mut c_void);
    pub(crate) fn mp_forget_srand(me: *mut Interp);
    pub(crate) fn mp_own_process(me: *mut Interp);
    pub(crate) fn mp_caller(me: *mut Interp, line: *mut u32) -> *const c_char;
    pub(crate) fn mp_forget_end(me: *mut Interp);
    pub(crate) fn mp_end(me: *mut Interp, said: Said, ctx: *mut c_void);
    pub(crate) fn mp_free(me: *mut Interp) -> c_int;
    // clone.c
    #[cfg(perl_ithreads)]
    pub(crate) fn mp_clone(me: *mut Interp) -> *mut Interp;
    #[cfg(perl_ithreads)]
    pub(crate) fn mp_clone_error(len: *mut usize) -> *const c_char;
    #[cfg(perl_ithreads)]
    pub(crate) fn mp_clone_done();
    pub(crate) fn mp_seal(me: *mut Interp);
    // owned.c
    pub(crate) fn mp_owned_tell(me: *mut Interp, said: Said, ctx: *mut c_void);
    // guard.c
    pub(crate) fn mp_name_of(me: *mut Interp, code: *const Val, out: *mut Out);
    pub(crate) fn mp_call_value(me: *mut Interp, code: *const Val, args: *const Val, n: usize, out: *mut Out);
    pub(crate) fn mp_eval(me: *mut Interp, code: *const c_char, len: usize, want_text: c_int, out: *mut Out);
    pub(crate) fn mp_cleanup_died_of(me: *mut Interp, text: *const c_char, len: usize);
    pub(crate) fn mp_out_done(me: *mut Interp, out: *mut Out);
    pub(crate) fn mp_drain_now(me: *mut Interp);
    // handler.c
    pub(crate) fn mp_resolve(me: *mut Interp, id: u32, name: *const c_char, len: usize, load: c_int, out: *mut Out);
    pub(crate) fn mp_handler(me: *mut Interp, id: u32, args: *const Val, n: usize, out: *mut Out);
    pub(crate) fn mp_handler_is_method(me: *const Interp, id: u32) -> c_int;
    // io.c
    pub(crate) fn mp_io_begin(
        me: *mut Interp,
        table: *const StdioTable,
        ctx: *mut c_void,
        before: *mut Before,
    ) -> c_int;
    pub(crate) fn mp_io_end(me: *mut Interp, before: *const Before, out: *mut Out);
    // leftovers.c
    pub(crate) fn mp_serve_begin(me: *mut Interp, owner: u64, out: *mut Out);
    pub(crate) fn mp_serve_end(me: *mut Interp, owner: u64, out: *mut Out);
    // process.c
    pub(crate) fn mp_alarm_init(set: extern "C" fn(*mut c_void, f64, f64) -> f64);
    pub(crate) fn mp_alarm_goes_off(perl: *mut c_void);
    pub(crate) fn mp_alarm_is_seen(perl: *mut c_void) -> c_int;
    // stderr.c
    pub(crate) fn mp_err_init(
        said: unsafe extern "C" fn(*const c_char, usize) -> c_int,
        printed: unsafe extern "C" fn(),
    );
    pub(crate) fn mp_err_here();
    // env.c
    pub(crate) fn mp_env_set(me: *mut Interp, pairs: *const Pair, n: usize, taint: c_int);
    pub(crate) fn mp_env_get(me: *mut Interp, key: *const u8, klen: usize, n: *mut usize) -> *const u8;
    pub(crate) fn mp_env_begin(
        me: *mut Interp,
        owner: *const c_void,
        under: *const Pair,
        under_n: usize,
        pairs: *const Pair,
        n: usize,
        taint: c_int,
        sink: *const EnvTable,
        ctx: *mut c_void,
    ) -> c_int;
    pub(crate) fn mp_env_add(me: *mut Interp, pairs: *const Pair, n: usize);
    pub(crate) fn mp_env_end(me: *mut Interp);
    pub(crate) fn mp_env_owner(me: *const Interp) -> *const c_void;
    pub(crate) fn mp_env_put(me: *mut Interp, owner: *const c_void, pairs: *const Pair, n: usize, taint: c_int);
    pub(crate) fn mp_env_leave(me: *mut Interp, sink: *const EnvTable, ctx: *mut c_void);
    // util.c
    pub(crate) fn mp_globals_save(me: *mut Interp, saved: *mut Saved);
    pub(crate) fn mp_globals_restore(me: *mut Interp, saved: *mut Saved);
    // abi.c
    pub(crate) fn mp_abi_init(host: *const crate::abi::Host);
    // libs.c
    pub(crate) fn mp_has_libs(me: *mut Interp) -> c_int;
    pub(crate) fn mp_libs(me: *mut Interp) -> *mut *mut c_void;
    pub(crate) fn mp_libs_close(libs: *mut *mut c_void);
    // trim.c
    pub(crate) fn mp_trim(me: *mut Interp, limit: usize, report_only: c_int) -> usize;
}
