//! The shim's functions as its C files have them. Raw names are spoken here and in the files of this crate only.

use interp::{Home, ObjectClass, Ops, Row, RustSide, Val};
use std::{
    ffi::{c_char, c_int, c_void},
    ptr,
};

/// `ml_state`: the shim's own.
#[repr(C)]
pub(crate) struct State {
    _opaque: [u8; 0],
}

/// `ml_row`: a row under its Lua name.
#[repr(C)]
pub(crate) struct BoundRow {
    pub name: *const c_char,
    pub len: usize,
    pub row: *const Row,
    pub field: c_int,
}

/// `ml_class`.
#[repr(C)]
pub(crate) struct BoundClass {
    pub name: *const c_char,
    pub module: *const c_char,
    pub class: *const ObjectClass,
    /// Of the class that it inherits from.
    pub parent: *const ObjectClass,
    pub rows: *const BoundRow,
    pub nrows: usize,
}

/// `ml_const`.
#[repr(C)]
pub(crate) struct BoundConst {
    pub set: *const c_char,
    pub name: *const c_char,
    pub text: *const c_char,
    pub text_len: usize,
    pub number: i64,
    pub is_first: c_int,
}

/// `ml_tables`.
#[repr(C)]
pub(crate) struct Tables {
    pub classes: *const BoundClass,
    pub nclasses: usize,
    pub consts: *const BoundConst,
    pub nconsts: usize,
}

/// `ml_host`: what C asks of this crate.
#[repr(C)]
pub(crate) struct HostTable {
    pub load: FindFn,
    pub find: FindFn,
    pub leak: unsafe extern "C" fn(*mut c_void, *const u8, usize),
    pub printed: unsafe extern "C" fn(*mut c_void),
    pub is_near: unsafe extern "C" fn(*mut c_void, *const Home) -> c_int,
}
/// Name, its length; a reference, or a message and its length.
pub(crate) type FindFn =
    unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut c_int, *mut *const u8, *mut usize) -> c_int;

/// `ml_world`: references to a script directory's `package.loaded`, `path` and `cpath`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct World {
    pub loaded: c_int,
    pub path: c_int,
    pub cpath: c_int,
}

/// `ml_out`: how a job came back.
#[repr(C)]
pub(crate) struct Out {
    pub tag: c_int,
    pub truth: c_int,
    pub is_number: c_int,
    pub is_wild: c_int,
    pub yielded: c_int,
    pub number: i64,
    pub text: *const u8,
    pub text_len: usize,
    pub reference: c_int,
    pub top: c_int,
    pub is_kept: c_int,
}

impl Out {
    pub(crate) const EMPTY: Out = Out {
        tag: 0,
        truth: 0,
        is_number: 0,
        is_wild: 0,
        yielded: 0,
        number: 0,
        text: ptr::null(),
        text_len: 0,
        reference: NO_REF,
        top: 0,
        is_kept: 0,
    };
}

/// `LUA_NOREF`.
pub(crate) const NO_REF: c_int = -2;

// shim.h: ML_OK ...
pub(crate) const OK: c_int = 0;
pub(crate) const EXIT: c_int = 2;
pub(crate) const NO_FUNCTION: c_int = 3;
pub(crate) const MEMORY: c_int = 4;

// shim.h: ML_CHUNK ...
pub(crate) const CHUNK: c_int = 1;
pub(crate) const CALL: c_int = 2;
pub(crate) const FUNCTION: c_int = 4;
pub(crate) const COROUTINE: c_int = 8;
pub(crate) const RESUME: c_int = 16;
pub(crate) const KEEP_RESULT: c_int = 32;
pub(crate) const FIND: c_int = 64;
pub(crate) const KEEP_LONG: c_int = 128;

/// `ml_job`: what is to be done in one protected call.
#[repr(C)]
pub(crate) struct Job {
    pub what: c_int,
    pub chunk: c_int,
    pub name: *const u8,
    pub name_len: usize,
    pub args: *const Val,
    pub nargs: usize,
    pub world: *const World,
    pub out: *mut Out,
    pub me: *mut State,
}

/// A job that does nothing.
pub(crate) const NO_JOB: Job = Job {
    what: 0,
    chunk: NO_REF,
    name: ptr::null(),
    name_len: 0,
    args: ptr::null(),
    nargs: 0,
    world: ptr::null(),
    out: ptr::null_mut(),
    me: ptr::null_mut(),
};

/// `ml_source`: a chunk to load.
#[repr(C)]
pub(crate) struct Source {
    pub name: *const c_char,
    pub pieces: [*const u8; 2],
    pub lens: [usize; 2],
    pub binary: c_int,
    pub reference: c_int,
    pub dump: *mut u8,
    pub dump_len: usize,
    pub dump_cap: usize,
}

#[allow(improper_ctypes)] // the shim reads the repr(C) heads that interp.h has, and nothing behind them
unsafe extern "C" {
    pub(crate) fn ml_lines_go_out();
    pub(crate) static ml_ops: Ops;
    // liblua
    pub(crate) fn lua_newstate();
    #[cfg(feature = "luajit")]
    pub(crate) fn luaJIT_setmode();
    // bind.c
    pub(crate) fn ml_init(rust: *const RustSide, tables: *const Tables);
    // base.c
    pub(crate) fn ml_new(host: *const HostTable, refusal: *const c_char, watch: c_int) -> *mut State;
    pub(crate) fn ml_attach(me: *mut State, home: *const Home, rust: *const c_void);
    pub(crate) fn ml_at_start(me: *mut State, yes: c_int);
    pub(crate) fn ml_free(me: *mut State);
    pub(crate) fn ml_open(me: *mut State, message: *mut c_char, room: usize) -> c_int;
    pub(crate) fn ml_limit(me: *mut State, limit: usize);
    pub(crate) fn ml_close(me: *mut State);
    pub(crate) fn ml_used(me: *const State) -> usize;
    pub(crate) fn ml_default_path(me: *mut State, field: *const c_char, to: *mut u8, room: usize) -> usize;
    // arena.c
    pub(crate) fn ml_image(me: *mut State, world: *const World) -> *const c_char;
    pub(crate) fn ml_begin(me: *mut State);
    pub(crate) fn ml_put_back(me: *mut State);
    pub(crate) fn ml_stay(me: *mut State);
    // run.c
    pub(crate) fn ml_world_new(
        me: *mut State,
        path: *const u8,
        path_len: usize,
        cpath: *const u8,
        cpath_len: usize,
        world: *mut World,
    ) -> c_int;
    pub(crate) fn ml_load(me: *mut State, source: *mut Source, out: *mut Out);
    pub(crate) fn ml_load_done(source: *mut Source);
    pub(crate) fn ml_unref(me: *mut State, reference: c_int);
    pub(crate) fn ml_done(me: *mut State, out: *const Out);
    pub(crate) fn ml_run(job: *mut Job);
    pub(crate) fn ml_resolve(
        me: *mut State,
        name: *const u8,
        len: usize,
        load: c_int,
        world: *const World,
        out: *mut Out,
    );
    pub fn ml_caller(me: *mut State, file: *mut c_char, room: usize) -> c_int;
    pub(crate) fn ml_constant(me: *mut State, k: *const u8, kn: usize, v: *const u8, vn: usize) -> c_int;
    pub(crate) fn ml_drain_of(me: *mut State, home: *const Home);
    pub(crate) fn ml_collect(me: *mut State);
}
