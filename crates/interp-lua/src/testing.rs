//! What the tests of this crate share: a class of objects, a package, constants, a folder of scripts.

use crate::Content;
use crate::{CodeCache, Entered, Lua, Paths, Raised, Script, Start};
use interp::*;
use std::{
    cell::RefCell,
    path::PathBuf,
    ptr::NonNull,
    sync::atomic::{AtomicIsize, AtomicUsize, Ordering::*},
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

thread_local! {
    pub(crate) static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
    /// What `again()` does: enters the state from within.
    pub(crate) static AGAIN: RefCell<Option<Box<dyn Fn() -> i64>>> = const { RefCell::new(None) };
    pub(crate) static BAGS: RefCell<Vec<Bag>> = const { RefCell::new(Vec::new()) };
    /// What `keep_text` was given.
    pub(crate) static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A record such as httpd's.
#[derive(Default)]
pub(crate) struct Record {
    pub content_type: RefCell<Vec<u8>>,
    pub body: RefCell<Vec<u8>>,
    pub count: std::cell::Cell<i64>,
    pub notes: RefCell<Vec<(Vec<u8>, Vec<u8>)>>,
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Thing(NonNull<Record>);
impl Thing {
    fn record(&self) -> &Record {
        // SAFETY: the tests' records outlive the tickets of the objects.
        unsafe { self.0.as_ref() }
    }
    pub(crate) fn of(record: &Record) -> Thing {
        Thing(NonNull::from(record))
    }
}
interp::object!(by value Thing, "Test::Thing");

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Map(NonNull<Record>);
interp::object!(by value Map, "Test::Map");

fn content_type(t: &Thing) -> Vec<u8> {
    t.record().content_type.borrow().clone()
}
fn set_content_type(t: &Thing, value: Option<&[u8]>) {
    *t.record().content_type.borrow_mut() = value.unwrap_or(b"none").to_vec();
}
fn puts(t: &Thing, words: Rest, _may: Reenter) -> i64 {
    let mut body = t.record().body.borrow_mut();
    words.iter().for_each(|w| body.extend_from_slice(w));
    words.iter().len() as i64
}
fn note(_: &Thing, here: Here, key: &[u8], value: Option<Any>) -> interp::Result<Option<Again>> {
    BAGS.with_borrow_mut(|bags| {
        let bag = here.bag_among(bags, Some(key), value.is_some())?;
        if let Some(v) = value {
            bag.set(here, key, &v)?;
        }
        Ok(bag.get(here, key)?.map(Kept::give))
    })
}
fn nested() -> Hash<Array<Vec<u8>>> {
    Hash(vec![(b"a".to_vec(), Array(vec![b"1".to_vec(), b"2".to_vec()])), (b"b".to_vec(), Array(vec![]))])
}
fn lookup(m: &Map, key: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: as in `record`.
    let record = unsafe { m.0.as_ref() };
    record.notes.borrow().iter().find(|n| n.0 == key).map(|n| n.1.clone())
}
fn store(m: &Map, key: &[u8], value: Option<&[u8]>) {
    // SAFETY: as in `record`.
    let record = unsafe { m.0.as_ref() };
    record.notes.borrow_mut().retain(|n| n.0 != key);
    if let Some(value) = value {
        record.notes.borrow_mut().push((key.to_vec(), value.to_vec()));
    }
}
fn pour(_: &Thing, mut buffer: Out, at: u32, text: &[u8], code: Callable) -> interp::Result<usize> {
    buffer.fill(at as usize, text.len(), |room| {
        code.call(&[])?;
        let room = &mut room[..text.len()];
        for (to, from) in room.iter_mut().zip(text) {
            to.write(*from);
        }
        // SAFETY: all of it is written.
        Ok::<_, interp::Fail>(unsafe { &mut *(std::ptr::from_mut(room) as *mut [u8]) })
    })
}

static THING: Class = Class::of::<Thing>(&[
    rw("content_type", content_type, set_content_type).doc("A text."),
    rw("count", |t: &Thing| t.record().count.get(), |t: &Thing, n: i64| t.record().count.set(n)).doc("A number."),
    ro("length", |t: &Thing| t.record().body.borrow().len()).doc("Bytes."),
    ro("map", |t: &Thing| Map(t.0)).doc("An object of the same owner."),
    method("puts(@words)", puts).doc("Writes."),
    method("write(text)", |_: &Thing, _: &[u8]| 1i64).only(PERL).doc("Perl's."),
    method("print(text)", |_: &Thing, _: &[u8]| 2i64).lua("write").only(LUA).doc("Lua's."),
    method("read(buffer, length)", |_: &Thing, mut b: Out, n: i64| -> interp::Result<i64> {
        b.put(2, &vec![b'x'; n as usize])?;
        Ok(n)
    })
    .doc("Fills a buffer."),
    method("pour(buffer, at, text, code)", pour).doc("Fills a buffer, and calls back when half done."),
    method("calls(code, [n])", |_: &Thing, code: Callable, n: Option<i64>| -> interp::Result<i64> {
        let _held = Counted::new();
        code.call(&[n.unwrap_or(41).val(Ticket::FOREVER)]).map(|reply| reply.int())
    })
    .doc("Calls back."),
    method("message(text)", |_: &Thing, m: Message| m.text()).doc("Text, or code that gives it."),
    method("handlers(list)", |_: &Thing, list: HandlerArgs| list.keep().len()).doc("Counts handlers."),
    method("handler(sub)", |_: &Thing, sub: HandlerArg| sub.keep()).doc("A handler, kept and given back."),
    method("fail(text)", |_: &Thing, text: &[u8]| -> interp::Result<()> {
        let _held = Counted::new();
        Err(String::from_utf8_lossy(text).into_owned().into())
    })
    .doc("Fails."),
    method("status(rc)", |_: &Thing, rc: i32| -> interp::Result<()> { Err(Raise::status(rc, "Test::Thing::status")) })
        .doc("Fails with a status."),
    method("panics()", |_: &Thing| -> i64 {
        let _held = Counted::new();
        panic!("boom")
    })
    .doc("Panics."),
    method("list()", |_: &Thing| List(vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()])).doc("Three values."),
    method("nested()", |_: &Thing| nested()).doc("A table of tables."),
    method("maybe(s)", |_: &Thing, s: Maybe<&[u8]>| s.0.map_or(-1, |s| s.len() as i64)).doc("Nil or a string."),
    method("me()", |_: &Thing| This).doc("Itself."),
    method("note(key, [value])", note).doc("Keeps a value."),
    method("keep(value)", |_: &Thing, value: Any| KEPT.with_borrow_mut(|k| k.push(value.keep()))).doc("Keeps."),
    method("keep_text(text)", |_: &Thing, text: &[u8]| SAID.set(String::from_utf8_lossy(text).into_owned()))
        .doc("Tells the test."),
    method("big(n)", |_: &Thing, n: i64| vec![b'x'; n as usize]).doc("Many bytes."),
    method("DESTROY()", |_: &Thing| 7i64).ending().doc("Does nothing when it is gone."),
    method("warn(@words)", |t: Maybe<&Thing>, words: Rest| words.iter().len() as i64 + 100 * t.0.is_some() as i64)
        .loose()
        .doc("With or without an object."),
    method("__call(n)", |_: &Thing, n: i64| n + 1).only(LUA).doc("The object called."),
    method("__len()", |_: &Thing| 3i64).only(LUA).doc("Its length."),
    method("__tostring()", |_: &Thing| "a thing").only(LUA).doc("As text."),
    method("__pairs(number)", |_: &Thing, n: i64| {
        List(if n < 3 { vec![format!("k{n}"), format!("v{n}")] } else { vec![] })
    })
    .only(LUA)
    .doc("Key and value by number."),
]);
static MAP: Class = Class::of::<Map>(&[
    method("get(key)", |m: &Map, key: &[u8]| lookup(m, key)).doc("A value."),
    method("__index(key)", |m: &Map, key: &[u8]| lookup(m, key)).only(LUA).doc("A value."),
    method("__newindex(key, [value])", store).only(LUA).doc("Sets."),
]);
static PACKAGE: Class = Class::new(
    "Test::Functions",
    &[
        function("add(a, b)", |a: i64, b: i64| a + b).doc("Adds."),
        function("join(sep, @words)", |sep: &[u8], words: Rest, _may: Reenter| {
            words.iter().collect::<Vec<_>>().join(sep)
        })
        .doc("Joins."),
        function("again()", |_may: Reenter| {
            let f = AGAIN.take();
            let n = f.as_ref().map_or(-1, |f| f());
            AGAIN.set(f);
            n
        })
        .doc("Enters the state again."),
        function("half(n)", |n: f64| n / 2.0).doc("Halves."),
        class_method("name()", |class: ClassName| class.0.to_vec()).doc("The class."),
    ],
);
static CONSTS: Consts = Consts {
    package: "Apache2::Const",
    langs: interp::PERL | interp::LUA,
    groups: &[
        ("common", &[("OK", Const::Int(0)), ("DECLINED", Const::Int(-1))]),
        ("types", &[("DIR_MAGIC_TYPE", Const::Text("httpd/unix-directory"))]),
    ],
};

pub(crate) fn register() {
    interp::register(&[&[&THING, &MAP, &PACKAGE]], &[&[&CONSTS]]);
}

pub(crate) fn lua() -> Lua {
    started(&Start::default())
}

pub(crate) fn started(start: &Start) -> Lua {
    register();
    Lua::start(start).unwrap()
}

/// The text of what `code` gives, or of what it died of.
pub(crate) fn text(lua: &Entered, code: &str) -> String {
    match lua.run_text(code.as_bytes()) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(raised) => format!("{raised}"),
    }
}

pub(crate) fn died<T: std::fmt::Debug>(raised: Result<T, Raised>) -> String {
    match raised {
        Err(Raised::Died(text)) => String::from_utf8(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A folder of scripts that goes with the test.
pub(crate) struct Folder(pub PathBuf);
impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("interp-lua-{}-{}", std::process::id(), COUNT.fetch_add(1, SeqCst));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
    pub(crate) fn write(&self, name: &str, text: &str) -> Vec<u8> {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().as_bytes().to_vec()
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn paths() -> &'static Paths {
    static PATHS: std::sync::OnceLock<Paths> = std::sync::OnceLock::new();
    PATHS.get_or_init(Paths::default)
}
pub(crate) fn script(name: &[u8]) -> Script<'_> {
    Script { name, text: None, first_line: 1, content: Content::Script, cache: CodeCache::Stat, paths: paths() }
}
pub(crate) fn config<'a>(name: &'a str, text: &'a str) -> Script<'a> {
    Script {
        name: name.as_bytes(),
        text: Some(text.as_bytes()),
        first_line: 12,
        content: Content::Script,
        cache: CodeCache::Stat,
        paths: paths(),
    }
}

/// Runs `function handle(r) <code> end` once on a fresh record: what it returned, as text.
pub(crate) fn handle(lua: &Entered, code: &str) -> String {
    let record = Record::default();
    let owner = Ticket::new_owner();
    let thing = Thing::of(&record).val(owner);
    let text = format!("function handle(r) {code} end");
    let name = format!("test.conf:{}", code.len());
    let job = config(&name, &text);
    let env = lua.open(&job);
    let result = env.and_then(|env| {
        lua.call_in(&env, b"handle", &[thing]).map(|o| match (o.is_number, o.truth) {
            (true, _) => o.number.to_string(),
            (_, truth) => truth.to_string(),
        })
    });
    owner.void();
    match result {
        Ok(text) => text + &String::from_utf8_lossy(&record.body.borrow()),
        Err(raised) => raised.to_string(),
    }
}
