//! The Rust side of both doors: what C calls, through one table ([`RUST_SIDE`]). One `catch_unwind` for all rows.

use crate::{
    Call, Class, Dropped, Fail, Home, Kind, ObjectClass, Process, RUNTIME, Raise, Result, Row, RowKind, TicketSlot,
    Val, apart, process::PROCESS, registry::class_of, ret, ticket::SLOTS, trace,
};
use std::{
    ffi::c_void,
    mem::MaybeUninit,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::{self, NonNull},
    sync::atomic::AtomicU32,
};

/// The functions C calls (`mi_rust`): handed to each engine's shim when it starts, so that the module exports none.
#[repr(C)]
pub struct RustSide {
    enter: unsafe extern "C" fn(&Call, &mut Val, &mut MaybeUninit<Fail>) -> i32,
    done: unsafe extern "C" fn(&Val),
    err: unsafe extern "C" fn(&Raise, *mut *const u8, *mut usize, *mut i64, *mut *mut c_void) -> i32,
    err_done: unsafe extern "C" fn(Fail),
    status_text: unsafe extern "C" fn(i64, *mut u8, usize) -> usize,
    bad: unsafe extern "C" fn(&Row, i32, i32, i32, *const ObjectClass, *mut u8, usize) -> usize,
    current: unsafe extern "C" fn(&'static ObjectClass, &mut Val) -> i32,
    drop_next: unsafe extern "C" fn(&Home, &mut Dropped) -> i32,
    adopt: unsafe extern "C" fn(&'static ObjectClass, &mut Val) -> i32,
    apart: extern "C" fn(i32),
    slots: &'static TicketSlot,
    process: &'static Process,
}

/// The one table, which both engines are given.
pub static RUST_SIDE: RustSide = RustSide {
    enter,
    done,
    err,
    err_done,
    status_text,
    bad,
    current,
    drop_next,
    adopt,
    apart,
    slots: &SLOTS[0],
    process: &PROCESS,
};

#[cfg(test)]
impl RustSide {
    pub(crate) const OFFSETS: &[(&str, usize)] = &[
        ("mi_rust, enter", std::mem::offset_of!(RustSide, enter)),
        ("mi_rust, done", std::mem::offset_of!(RustSide, done)),
        ("mi_rust, err", std::mem::offset_of!(RustSide, err)),
        ("mi_rust, err_done", std::mem::offset_of!(RustSide, err_done)),
        ("mi_rust, status_text", std::mem::offset_of!(RustSide, status_text)),
        ("mi_rust, bad", std::mem::offset_of!(RustSide, bad)),
        ("mi_rust, current", std::mem::offset_of!(RustSide, current)),
        ("mi_rust, drop_next", std::mem::offset_of!(RustSide, drop_next)),
        ("mi_rust, adopt", std::mem::offset_of!(RustSide, adopt)),
        ("mi_rust, apart", std::mem::offset_of!(RustSide, apart)),
        ("mi_rust, slots", std::mem::offset_of!(RustSide, slots)),
        ("mi_rust, process", std::mem::offset_of!(RustSide, process)),
    ];
}

/// Runs a row. Returns 0 if it has written `result`, and 1 if it has written `error`, which belongs to the caller until `err_done`.
unsafe extern "C" fn enter(call: &Call, result: &mut Val, error: &mut MaybeUninit<Fail>) -> i32 {
    // SAFETY: the door put a bound row there; rows are statics.
    let row = unsafe { &*call.row };
    if trace::on(trace::Topic::Api) {
        told(row);
    }
    let fail = match catch_unwind(AssertUnwindSafe(|| run(row, call, result))) {
        Ok(Ok(())) => return 0,
        Ok(Err(fail)) => named(row, fail),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_string());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            named(row, format!("internal error: {text}").into())
        }
    };
    error.write(fail);
    1
}

/// A call of a row, for the trace; those of our own library are nobody's business.
#[cold]
fn told(row: &Row) {
    let class = class_of(row).map_or("?", Class::name);
    if !class.starts_with("ModInterp::") {
        trace!(Api, "{class}::{}", row.name());
    }
}

#[inline(always)]
fn run(row: &Row, call: &Call, result: &mut Val) -> Result<()> {
    if row.is_needy() {
        check_needs(row, call)?;
    }
    (row.thunk)(call, result)?;
    match row.set {
        // A setter puts a new value beside the old one, so what the getter lent is still there to be pushed.
        Some(set) if call.argc > 1 => set(call, &mut Val::NONE.clone()),
        _ => Ok(()),
    }
}

/// Checks all that the row needs. Only called for a row that needs something.
///
/// # Errors
/// The text of what does not hold.
#[cold]
fn check_needs(row: &Row, call: &Call) -> Result<()> {
    let is_set = row.kind() != RowKind::Rw || call.argc > 1;
    let mut taken = row.params().iter().zip(call.args.iter()).filter(|(p, _)| p.kind != Kind::Want).map(|(_, v)| v);
    let this = taken.next();
    let given = taken.next().filter(|_| is_set);
    match row.needed().iter().find(|need| !need.holds(this, given)) {
        Some(need) => Err(Fail::from(format!("needs {}", need.text()))),
        None => Ok(()),
    }
}

/// Puts the name of the function that failed before its text.
#[cold]
fn named(row: &Row, mut fail: Fail) -> Fail {
    if let Raise::Text(text) = &mut *fail {
        *text = format!("{}::{}: {text}", class_of(row).map_or("?", Class::name), row.name());
    }
    fail
}

unsafe extern "C" fn done(result: &Val) {
    // SAFETY: the door calls this once for a result that `enter` wrote, after pushing it.
    unsafe { ret::free(result) }
}

unsafe extern "C" fn err(
    e: &Raise,
    text: *mut *const u8,
    len: *mut usize,
    code: *mut i64,
    kept: *mut *mut c_void,
) -> i32 {
    // SAFETY: the door passes the addresses of four variables of its own.
    unsafe {
        match e {
            Raise::Text(t) => {
                *text = t.as_ptr();
                *len = t.len();
                0
            }
            Raise::Status(rc, function) => {
                *text = function.as_ptr();
                *len = function.len();
                *code = i64::from(*rc);
                1
            }
            Raise::Script(k) => {
                *kept = k.as_raw();
                2
            }
            Raise::Exit(status) => {
                *code = *status;
                3
            }
        }
    }
}

unsafe extern "C" fn err_done(e: Fail) {
    drop(e);
}

/// Writes what a status code means.
unsafe extern "C" fn status_text(status: i64, buf: *mut u8, n: usize) -> usize {
    let said = catch_unwind(|| Some(RUNTIME.get()?.status_text(i32::try_from(status).ok()?)));
    let text = said.ok().flatten().unwrap_or_else(|| format!("status {status}"));
    let len = text.len().min(n);
    // SAFETY: the door passes a buffer of n bytes.
    unsafe { ptr::copy_nonoverlapping(text.as_ptr(), buf, len) };
    len
}

/// How Perl calls a row: `$bb->flatten($buf, [$wanted])`. Lua tells of each argument by itself.
fn usage(row: &Row) -> String {
    let class = class_of(row);
    let (name, before) = (row.name(), class.map_or("?", Class::name));
    let parameters = row.signature().get(name.len()..).unwrap_or_default();
    let mut call = match row.kind() {
        RowKind::Ro | RowKind::Rw | RowKind::Method => format!("${}->{name}", class.map_or("obj", Class::variable)),
        RowKind::ClassMethod => format!("{before}->{name}"),
        RowKind::Function => format!("{before}::{name}"),
    };
    let mut last = ' ';
    for c in parameters.chars() {
        if c.is_alphabetic() && matches!(last, '(' | '[' | ' ') {
            call.push('$');
        }
        call.push(c);
        last = c;
    }
    call
}

/// Writes the message about a wrong argument. No other place has the words, except for an invocant that leads to no object.
unsafe extern "C" fn bad(
    row: &Row,
    i: i32,
    argno: i32,
    why: i32,
    class: *const ObjectClass,
    buf: *mut u8,
    n: usize,
) -> usize {
    let i = usize::try_from(i).unwrap_or(0);
    let this = row.has_this() && i == 0;
    let name = row.param_name(i);
    let arg = match (this, name) {
        (true, _) => "invocant".to_string(),
        (_, "") => format!("argument {argno}"),
        _ => format!("argument {argno} ({name})"),
    };
    let text = match why {
        2 => {
            // SAFETY: a class, which is a static, or null.
            let class = unsafe { class.as_ref() }.map_or("?", ObjectClass::name);
            match name {
                _ if this => format!("{arg} must be an object of class {class}"),
                // Code written for mod_perl looks for the end of these.
                "" => format!("{arg} is not of type {class}"),
                name => format!("argument {argno}: {name} is not of type {class}"),
            }
        }
        // SAFETY: as above. Code written for mod_perl looks for these words.
        3 if this && unsafe { class.as_ref() }.is_some_and(|c| c.name() == "APR::Pool") => {
            "invalid pool object: request is gone".into()
        }
        3 if this => "request is gone".into(),
        3 => format!("{arg}: request is gone"),
        4 => format!("usage: {}", usage(row)),
        5 => format!("{arg} is read-only and cannot be modified"),
        _ => {
            let param = row.params().get(i).map(|p| if p.kind == Kind::Rest { p.elem } else { p.kind });
            let elem = row.params().get(i).map(|p| p.elem);
            let what = match param {
                Some(Kind::Int) => "an integer",
                Some(Kind::Num) => "a number",
                Some(Kind::Bytes) => "a string",
                Some(Kind::Code) => "a code reference or the name of a sub",
                // perl's own words for it, for which code written for mod_perl looks.
                Some(Kind::Codes) if elem == Some(Kind::Bytes) => {
                    "a string or an array of them: Not an array reference"
                }
                Some(Kind::Codes) => "a code reference, the name of a handler, an array of these, or undef",
                Some(Kind::Name) => "a class",
                Some(Kind::Fields) => "a table",
                Some(Kind::Plain) => "a string, a number or a boolean",
                _ => "of another type",
            };
            format!("{arg} must be {what}")
        }
    };
    let text = format!("{}::{}: {text}", class_of(row).map_or("?", Class::name), row.name());
    let len = text.len().min(n);
    // SAFETY: the door passes a buffer of n bytes.
    unsafe { ptr::copy_nonoverlapping(text.as_ptr(), buf, len) };
    len
}

unsafe extern "C" fn current(class: &'static ObjectClass, v: &mut Val) -> i32 {
    let asked = catch_unwind(AssertUnwindSafe(|| RUNTIME.get().and_then(|r| r.current(class))));
    let Ok(Some((ptr, owner))) = asked else { return 1 };
    *v = Val { len: SPARE_CURSOR.as_ptr() as usize, ..Val::object(class, ptr, owner) };
    0
}
/// Cursor of an object that has no script's object around it. Threads may share it: a class is never a tied hash.
static SPARE_CURSOR: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn adopt(class: &'static ObjectClass, v: &mut Val) -> i32 {
    let Some(ptr) = NonNull::new(v.w as *mut ()) else { return 1 };
    let asked = catch_unwind(AssertUnwindSafe(|| RUNTIME.get().and_then(|r| r.adopt(class, ptr))));
    let Ok(Some(owner)) = asked else { return 1 };
    (v.slot, v.generation) = (owner.slot, owner.generation);
    0
}

/// Called when code that somebody left in a drop box begins (1) or has ended (-1): it is not about the request whose call found it.
extern "C" fn apart(by: i32) {
    apart::count(by);
}

unsafe extern "C" fn drop_next(home: &Home, out: &mut Dropped) -> i32 {
    match home.take() {
        Some(d) => {
            *out = d;
            1
        }
        None => 0,
    }
}

#[cfg(test)]
pub(crate) fn enter_for_test(call: &Call) -> Result<Val, String> {
    let (mut ret, mut fail) = (Val::NONE, MaybeUninit::uninit());
    // SAFETY: `fail` is written when `enter` returns 1.
    match unsafe { enter(call, &mut ret, &mut fail) } {
        0 => Ok(ret),
        // SAFETY: it was.
        _ => Err(match *unsafe { fail.assume_init() } {
            Raise::Text(t) => t,
            other => format!("{other:?}"),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::undocumented_unsafe_blocks, reason = "a fake engine: every pointer comes from the test itself")]
pub(crate) mod tests {
    use super::*;
    use crate::{testing::*, *};
    use std::sync::atomic::Ordering::SeqCst;

    #[derive(Clone, Copy)]
    #[repr(transparent)]
    struct Thing(NonNull<std::cell::Cell<i32>>);
    impl Thing {
        fn get(&self) -> i32 {
            unsafe { self.0.as_ref() }.get()
        }
        fn set(&self, n: i32) {
            unsafe { self.0.as_ref() }.set(n)
        }
    }
    object!(by value Thing, "Test::Thing");
    pub static THING_CLASS: Class = Class::of::<Thing>(&[
        rw("count", Thing::get, Thing::set).doc("A number."),
        method("fail()", |_: &Thing| -> Result<()> { Err("no luck".into()) }).doc("Fails."),
        method("panic()", |_: &Thing| -> () { panic!("boom") }).doc("Panics."),
        method("names([prefix], @more)", names).doc("A list."),
        method("call(sub, n)", |_: &Thing, sub: Callable, n: i64| {
            Ok::<_, Fail>(sub.call(&[n.val(Ticket::FOREVER)])?.int())
        })
        .doc("Calls back."),
        method("note(key, [value])", note).doc("Keeps a value."),
        method("handler(sub)", |_: &Thing, sub: HandlerArg| sub.keep()).doc("A handler, kept and given back."),
        method("table(fields)", |_: &Thing, f: Fields| match f.plain() {
            Some(plain) => Value::from(plain),
            None => Value::Array(vec![f.get("a").into(), f.get("none").into(), Value::Numbered(vec![(0, "x".into())])]),
        })
        .doc("What a table holds."),
        method("maybe(s)", |_: &Thing, s: Maybe<&[u8]>| s.0.map_or(-1, |s| s.len() as i64)).doc("Undef or a string."),
    ])
    .parts(&[&THING_IO]);
    static THING_IO: Part =
        Part::new("Test::IO", &crate::current([method("fill(buffer, data)", fill).doc("Fills a buffer.")]));

    fn names(_: &Thing, prefix: Option<&[u8]>, _more: Rest) -> List<Vec<u8>> {
        List(vec![prefix.unwrap_or(b"-").to_vec(), b"two".to_vec()])
    }
    fn fill(_: &Thing, mut buffer: Out, data: &[u8]) -> Result<Tainted<i64>> {
        buffer.put(2, data)?;
        Ok(Tainted(buffer.len() as i64))
    }
    fn note(_: &Thing, here: Here, key: &[u8], value: Option<Any>) -> Result<Option<Again>> {
        let mut bags = Vec::new();
        let bag = here.bag_of(&mut bags);
        if let Some(v) = value {
            bag.set(here, key, &v)?;
        }
        Ok(bag.get(here, key)?.map(Kept::give))
    }

    fn row(name: &str) -> &'static Row {
        crate::testing::register();
        THING_CLASS.rows().find(|r| r.name() == name).unwrap()
    }
    fn thing() -> Val {
        Thing(NonNull::from(Box::leak(Box::new(std::cell::Cell::new(7))))).val(Ticket::new_owner())
    }
    fn text(s: &'static str) -> Val {
        s.val(Ticket::FOREVER)
    }

    #[test]
    fn a_field_gives_its_old_value_when_it_is_set() {
        let (h, t) = (home(), thing());
        assert_eq!(call_row(&h, row("count"), Want::One, &[t, 9i64.val(Ticket::FOREVER)]).unwrap().w, 7);
        assert_eq!(call_row(&h, row("count"), Want::One, &[t]).unwrap().w, 9);
    }

    #[test]
    fn an_error_names_the_function_and_a_panic_becomes_an_error() {
        let (h, t) = (home(), thing());
        assert_eq!(call_row(&h, row("fail"), Want::One, &[t]).unwrap_err(), "Test::Thing::fail: no luck");
        assert_eq!(
            call_row(&h, row("panic"), Want::One, &[t]).unwrap_err(),
            "Test::Thing::panic: internal error: boom"
        );
    }

    #[test]
    fn reentering_is_derived_from_the_parameters() {
        let reentering: Vec<_> = THING_CLASS.rows().filter(|r| r.reenters()).map(Row::name).collect();
        assert_eq!(reentering, ["call", "fill"]);
    }

    #[test]
    fn a_list_owns_its_strings_until_the_door_is_done() {
        let (h, t) = (home(), thing());
        let list = call_row(&h, row("names"), Want::Many, &[t, text("x")]).unwrap();
        assert_eq!((list.tag, list.len), (Kind::List, 2));
        assert_eq!(unsafe { list.vals()[1].bytes() }, b"two");
        unsafe { done(&list) };
    }

    #[test]
    fn a_table_is_read_by_name_and_a_result_may_hold_tables() {
        let (h, t) = (home(), thing());
        let list = [text("b"), text("no"), text("a"), 7i64.val(Ticket::FOREVER)];
        let fields = Val::of(Kind::Fields, list.as_ptr() as u64, list.len());
        let made = call_row(&h, row("table"), Want::One, &[t, fields]).unwrap();
        let values = unsafe { made.vals() };
        assert_eq!((made.tag, values[0].w, values[1].tag, values[2].tag), (Kind::Array, 7, Kind::Undef, Kind::Hash));
        let inner = unsafe { values[2].vals() };
        assert_eq!((inner[0].tag, inner[0].w, unsafe { inner[1].bytes() }), (Kind::Int, 0, &b"x"[..]));
        unsafe { done(&made) };
        let plain = call_row(&h, row("table"), Want::One, &[t, text("one")]).unwrap();
        assert_eq!(unsafe { plain.bytes() }, b"one");
        unsafe { done(&plain) };
    }

    #[test]
    fn a_row_that_only_lua_has_wins_there_over_another_of_its_name() {
        static OTHER: Class = Class::of::<Thing>(&[
            method("name()", |_: &Thing| 1i64).doc("Both."),
            method("perl()", |_: &Thing| 1i64).only(PERL).doc("Perl's."),
        ])
        .parts(&[&OF_LUA]);
        static OF_LUA: Part = Part::lua(&only(LUA, [method("name()", |_: &Thing| 2i64).doc("Lua's.")]));
        let names = |lang| OTHER.rows_of(lang).map(|r| (r.name(), r.is_lua_only())).collect::<Vec<_>>();
        assert_eq!(names(PERL), [("name", false), ("perl", false)]);
        assert_eq!(names(LUA), [("name", true)]);
        assert_eq!(OTHER.rows().count(), 3);
        assert!(OTHER.rows().all(|row| OTHER.module_of(row) == Some("Test::Thing")));
    }

    #[test]
    fn what_a_callback_raises_passes_on_unchanged() {
        let (h, t) = (home(), thing());
        let code = Val { tag: Kind::Code, ..thing() };
        let args = |code| [t, code, 41i64.val(Ticket::FOREVER)];
        assert_eq!(call_row(&h, row("call"), Want::One, &args(code)).unwrap().w, 42);
        let err = call_row(&h, row("call"), Want::One, &args(text("no_such_sub"))).unwrap_err();
        assert!(err.starts_with("Script("), "{err}");
        assert!(h.has_drops(), "the exception goes through the drop box");
    }

    #[test]
    fn an_out_buffer_is_padded_and_marked() {
        let (h, t) = (home(), thing());
        let mut buffer = b"abcdef".to_vec();
        let out = Val::of(Kind::Out, (&raw mut buffer) as u64, 6);
        let v = call_row(&h, row("fill"), Want::One, &[t, out, text("XY")]).unwrap();
        assert_eq!((v.w, v.flags & TAINTED, &buffer[..]), (4, TAINTED, &b"abXY"[..]));
    }

    #[test]
    fn a_kept_value_is_refused_in_another_interpreter() {
        let (h, t) = (home(), thing());
        let any = Val::of(Kind::Any, 5, 0);
        let again = call_row(&h, row("note"), Want::One, &[t, Val::NONE, text("k"), any]).unwrap();
        assert_eq!((again.tag, again.w, again.flags), (Kind::Kept, 5, OWNED));
        let k = unsafe { Kept::from_raw(5 as *mut c_void, home()) };
        let args = [Val::NONE; 8];
        let call = Call {
            row: row("note"),
            home: std::sync::Arc::as_ptr(&h),
            ctx: ptr::null_mut(),
            want: Want::One,
            argc: 0,
            rest: ptr::null(),
            nrest: 0,
            args,
        };
        assert!(k.call(Here(&call), &[]).is_err());
        assert!(k.again().put(&call, &mut Val::NONE.clone()).is_err());
    }

    #[test]
    fn a_handler_is_kept_by_name_or_as_code() {
        let (h, t) = (home(), thing());
        let before = ALIVE.load(SeqCst);
        let name = call_row(&h, row("handler"), Want::One, &[t, text("My::log")]).unwrap();
        assert_eq!(name.tag, Kind::Undef, "a name is given back as the code it names, and this engine finds none");
        let code = call_row(&h, row("handler"), Want::One, &[t, Val { tag: Kind::Code, ..thing() }]).unwrap();
        assert_eq!(code.tag, Kind::Kept);
        assert!(h.has_drops() && ALIVE.load(SeqCst) > before, "freed by the door when it has pushed the result");
    }

    #[test]
    fn undef_reaches_a_parameter_that_may_be_undef() {
        let (h, t) = (home(), thing());
        assert!(row("maybe").params()[1].nullable);
        assert_eq!(call_row(&h, row("maybe"), Want::One, &[t, Val::UNDEF]).unwrap().w as i64, -1);
        assert_eq!(call_row(&h, row("maybe"), Want::One, &[t, text("four")]).unwrap().w, 4);
    }

    #[test]
    fn undef_for_an_optional_parameter_is_as_good_as_none_unless_undef_is_a_value() {
        let (h, t) = (home(), thing());
        let list = call_row(&h, row("names"), Want::Many, &[t, Val::UNDEF]).unwrap();
        // SAFETY: a list of two strings, from `names`.
        assert_eq!(unsafe { list.vals()[0].bytes() }, b"-");
        // SAFETY: not used again.
        unsafe { done(&list) };
        assert!(row("names").params()[1].nullable && !row("note").params()[3].nullable);
    }

    #[test]
    fn messages_name_function_and_argument() {
        let say = |name, i, argno, why| {
            let mut buf = [0; 200];
            let n = unsafe { bad(row(name), i, argno, why, Thing::CLASS, buf.as_mut_ptr(), buf.len()) };
            String::from_utf8(buf[..n].to_vec()).unwrap()
        };
        assert_eq!(say("call", 2, 2, 1), "Test::Thing::call: argument 2 (n) must be an integer");
        assert_eq!(
            say("call", 1, 1, 1),
            "Test::Thing::call: argument 1 (sub) must be a code reference or the name of a sub"
        );
        assert_eq!(say("call", 0, 0, 3), "Test::Thing::call: request is gone");
        assert_eq!(say("call", 0, 0, 2), "Test::Thing::call: invocant must be an object of class Test::Thing");
        assert_eq!(say("note", 2, 1, 5), "Test::Thing::note: argument 1 (key) is read-only and cannot be modified");
        assert_eq!(say("call", 0, 0, 4), "Test::Thing::call: usage: $obj->call($sub, $n)");
        assert_eq!(say("count", 1, 1, 1), "Test::Thing::count: argument 1 must be an integer");
    }

    #[test]
    fn a_row_knows_the_module_that_brings_it() {
        let modules = ["count", "fill"].map(|name| THING_CLASS.module_of(row(name)));
        assert_eq!(modules, [Some("Test::Thing"), Some("Test::IO")]);
    }
}
