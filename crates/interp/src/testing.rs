//! An engine of the tests: its values are boxed integers, its code adds one to its argument or raises.

use crate::{Home, Kind, Ops, Row, Val, Want};
use std::{
    collections::HashMap,
    ffi::c_void,
    ptr,
    sync::{Arc, atomic::AtomicI64, atomic::Ordering::SeqCst},
};

/// Counted values alive.
pub static ALIVE: AtomicI64 = AtomicI64::new(0);

unsafe extern "C" fn call(_: *mut c_void, code: *const Val, args: *const Val, n: usize, ret: *mut Val) -> i32 {
    unsafe {
        let arg = if n > 0 { (*args).w as i64 } else { 0 };
        let fail = (*code).tag == Kind::Bytes;
        *ret = Val::of(if fail { Kind::Kept } else { Kind::Int }, (arg + 1) as u64, 0);
        (*ret).flags = 4;
        i32::from(fail)
    }
}
unsafe extern "C" fn keep(_: *mut c_void, v: *const Val, kept: *mut Val) {
    ALIVE.fetch_add(1, SeqCst);
    unsafe { *kept = Val::of(Kind::Kept, (*v).w, 0) }
}
unsafe extern "C" fn put(_: *mut c_void, out: *mut Val, at: usize, s: *const u8, n: usize) -> i32 {
    unsafe {
        let buffer = &mut *((*out).w as *mut Vec<u8>);
        buffer.resize(at, 0);
        buffer.extend_from_slice(std::slice::from_raw_parts(s, n));
        (*out).len = buffer.len();
    }
    0
}
unsafe extern "C" fn room(_: *mut c_void, out: *mut Val, at: usize, n: usize) -> *mut u8 {
    unsafe {
        let buffer = &mut *((*out).w as *mut Vec<u8>);
        buffer.resize(at, 0);
        buffer.reserve(n);
        buffer.as_mut_ptr().add(at)
    }
}
unsafe extern "C" fn fill(_: *mut c_void, out: *mut Val, end: usize) -> i32 {
    unsafe {
        (*((*out).w as *mut Vec<u8>)).set_len(end);
        (*out).len = end;
    }
    0
}
type Map = HashMap<Vec<u8>, usize>;
unsafe extern "C" fn bag(_: *mut c_void) -> *mut c_void {
    Box::into_raw(Box::<Map>::default()).cast()
}
unsafe extern "C" fn bag_set(_: *mut c_void, b: *mut c_void, k: *const u8, n: usize, v: *mut c_void) -> i32 {
    unsafe { (*b.cast::<Map>()).insert(std::slice::from_raw_parts(k, n).to_vec(), v as usize) };
    0
}
unsafe extern "C" fn bag_get(_: *mut c_void, b: *mut c_void, k: *const u8, n: usize) -> *mut c_void {
    let found = unsafe { (*b.cast::<Map>()).get(std::slice::from_raw_parts(k, n)).copied() };
    found.map_or(ptr::null_mut(), |v| v as *mut c_void)
}

unsafe extern "C" fn find(_: *mut c_void, _: *const u8, _: usize) -> *mut c_void {
    std::ptr::null_mut()
}
unsafe extern "C" fn text(_: *mut c_void, _: *mut c_void, _: *mut usize) -> *const u8 {
    std::ptr::null()
}
static OPS: Ops = Ops { call, keep, put, room, fill, bag, bag_set, bag_get, find, text, bag_move: None };

/// A new interpreter of this engine.
pub fn home() -> Arc<Home> {
    // SAFETY: these functions ignore their ctx.
    unsafe { Home::new(&OPS, ptr::null_mut()) }
}

/// What the door would do: calls `row` with these arguments; the error comes back as its text.
pub fn call_row(home: &Arc<Home>, row: &'static Row, want: Want, args: &[Val]) -> Result<Val, String> {
    let mut all = [Val::NONE; 8];
    all[..args.len()].copy_from_slice(args);
    let argc = args.len() as u8;
    let (ctx, home) = (ptr::null_mut(), Arc::as_ptr(home));
    let call = crate::Call { row, home, ctx, want, argc, rest: ptr::null(), nrest: 0, args: all };
    crate::door::enter_for_test(&call)
}

/// Registers the classes of all tests of this crate.
pub fn register() {
    crate::register(&[&[&crate::door::tests::THING_CLASS]], &[]);
}
