//! What a dictionary does, against a map; and what is left of one when a process is killed within it.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const RULES: Rules = Rules { seed: 7, evicts: true };
const STRICT: Rules = Rules { seed: 7, evicts: false };

struct Dict {
    bytes: Vec<u8>,
    rules: Rules,
    now: u64,
}

impl Dict {
    fn new(size: usize, rules: Rules) -> Dict {
        Dict { bytes: vec![0; size], rules, now: 1_000_000 }
    }
    fn step<R>(&mut self, f: impl FnOnce(&mut Table<'_>) -> Step<R>) -> Result<R> {
        let (done, mended) = step(&mut self.bytes, self.rules, self.now, f);
        assert_eq!(mended, None);
        done
    }
    fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        self.step(|t| t.set(key.as_bytes(), &text(value), Life::default(), When::Always))
    }
    fn get(&mut self, key: &str) -> Option<Value> {
        self.step(|t| t.get(key.as_bytes())).unwrap().filter(|found| !found.is_old).map(|found| found.value)
    }
    fn size(&mut self) -> Size {
        self.step(|t| t.size()).unwrap()
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn seconds(n: u64) -> Option<Duration> {
    Some(Duration::from_secs(n))
}

#[test]
fn values_are_set_added_replaced_raised_and_removed() {
    let mut d = Dict::new(SMALLEST, RULES);
    assert_eq!(d.get("a"), None);
    assert_eq!(d.set("a", "1"), Ok(true));
    assert_eq!(d.get("a"), Some(text("1")));
    let when = |d: &mut Dict, key: &str, when| d.step(|t| t.set(key.as_bytes(), &Value::Int(1), Life::default(), when));
    assert_eq!(when(&mut d, "a", When::Absent), Ok(false));
    assert_eq!(when(&mut d, "b", When::Present), Ok(false));
    assert_eq!(when(&mut d, "b", When::Absent), Ok(true));
    let incr = |d: &mut Dict, key: &str, by| d.step(|t| t.incr(key.as_bytes(), by, Number::Int(10), None));
    assert_eq!(incr(&mut d, "b", Number::Int(2)), Ok(Number::Int(3)));
    assert_eq!(incr(&mut d, "b", Number::Num(0.5)), Ok(Number::Num(3.5)));
    assert_eq!(incr(&mut d, "c", Number::Int(1)), Ok(Number::Int(11)));
    assert_eq!(incr(&mut d, "a", Number::Int(1)), Err(Error::Kind(Error::NO_NUMBER)));
    assert_eq!(incr(&mut d, "c", Number::Int(i64::MAX)), Err(Error::Overflow));
    assert_eq!(d.get("c"), Some(Value::Int(11)));
    assert_eq!(d.step(|t| t.delete(b"a")), Ok(true));
    assert_eq!(d.step(|t| t.delete(b"a")), Ok(false));
    assert_eq!(d.step(|t| t.get(b"")), Err(Error::Key(LONGEST_KEY)));
    assert_eq!(d.size().entries, Some(2));
}

#[test]
fn time_ends_entries_and_what_is_old_is_not_there_but_for_who_asks() {
    let mut d = Dict::new(SMALLEST, RULES);
    let life = Life { ttl: seconds(10), stale: Duration::from_secs(5) };
    d.step(|t| t.set(b"a", &text("x"), life, When::Always)).unwrap();
    assert_eq!(d.step(|t| t.ttl(b"a")), Ok(Some(seconds(10))));
    d.now += 10_000;
    assert_eq!(d.step(|t| t.get(b"a")), Ok(Some(Stored { value: text("x"), is_old: true })));
    assert_eq!(d.step(|t| t.ttl(b"a")), Ok(None));
    assert_eq!(d.step(|t| t.expire(b"a", None)), Ok(false));
    assert_eq!(d.step(|t| t.keys(10)), Ok(vec![]));
    d.now += 5_000;
    assert_eq!(d.step(|t| t.get(b"a")), Ok(None));
    assert_eq!((d.size().entries, d.size().expired), (Some(0), Some(1)));
    d.set("b", "x").unwrap();
    assert_eq!(d.step(|t| t.ttl(b"b")), Ok(Some(None)));
    assert_eq!(d.step(|t| t.expire(b"b", seconds(1))), Ok(true));
    d.now += 1_000;
    assert_eq!(d.get("b"), None);
    let incr = |d: &mut Dict| d.step(|t| t.incr(b"n", Number::Int(1), Number::Int(0), seconds(1)));
    assert_eq!((incr(&mut d), incr(&mut d)), (Ok(Number::Int(1)), Ok(Number::Int(2))));
    d.now += 1_000;
    assert_eq!(incr(&mut d), Ok(Number::Int(1)), "a counter whose time is over begins anew");
}

#[test]
fn lists_grow_shrink_and_are_gone_without_items() {
    let mut d = Dict::new(SMALLEST, RULES);
    for n in 0..200 {
        assert_eq!(d.step(|t| t.push(b"l", End::Right, &Value::Int(n))), Ok(n as u64 + 1));
    }
    assert_eq!(d.step(|t| t.push(b"l", End::Left, &text("first"))), Ok(201));
    assert_eq!(d.step(|t| t.length(b"l")), Ok(201));
    assert_eq!(d.step(|t| t.get(b"l")), Err(Error::Kind(Error::NO_PLAIN)));
    assert_eq!(d.step(|t| t.incr(b"l", Number::Int(1), Number::Int(0), None)), Err(Error::Kind(Error::NO_NUMBER)));
    assert_eq!(d.step(|t| t.pop(b"l", End::Left)), Ok(Some(text("first"))));
    assert_eq!(d.step(|t| t.pop(b"l", End::Right)), Ok(Some(Value::Int(199))));
    for n in 0..199 {
        assert_eq!(d.step(|t| t.pop(b"l", End::Left)), Ok(Some(Value::Int(n))));
    }
    assert_eq!(d.step(|t| t.pop(b"l", End::Left)), Ok(None));
    assert_eq!((d.size().entries, d.size().bytes), (Some(0), Some(0)));
    d.set("a", "x").unwrap();
    assert_eq!(d.step(|t| t.push(b"a", End::Left, &text("x"))), Err(Error::Kind(Error::NO_LIST)));
    assert_eq!(d.step(|t| t.length(b"none")), Ok(0));
}

#[test]
fn a_list_that_fills_the_dictionary_stays() {
    for rules in [RULES, STRICT] {
        let mut d = Dict::new(SMALLEST, rules);
        d.set("other", "x").unwrap();
        let mut pushed = 0;
        let refused = loop {
            match d.step(|t| t.push(b"l", End::Right, &Value::Int(pushed))) {
                Ok(count) => {
                    pushed += 1;
                    assert_eq!(count, pushed as u64);
                }
                Err(why) => break why,
            }
        };
        assert!(matches!(refused, Error::Full(_) | Error::TooLarge(..)), "{refused:?}");
        assert_eq!(d.step(|t| t.length(b"l")), Ok(pushed as u64), "nothing of it is lost");
        assert_eq!(d.step(|t| t.pop(b"l", End::Left)), Ok(Some(Value::Int(0))));
        assert_eq!(d.step(|t| t.pop(b"l", End::Right)), Ok(Some(Value::Int(pushed - 1))));
    }
}

#[test]
fn a_lock_is_had_by_one_and_its_number_grows() {
    let mut d = Dict::new(SMALLEST, RULES);
    let lock = |d: &mut Dict| d.step(|t| t.lock(b"job", LockOf::Script, Duration::from_secs(5))).unwrap();
    assert_eq!(lock(&mut d), Some(1));
    assert_eq!(lock(&mut d), None);
    assert_eq!(d.step(|t| t.lock(b"job", LockOf::Once, Duration::from_secs(5))), Ok(Some(2)), "a name of its own");
    assert_eq!(d.step(|t| t.unlock(b"job", LockOf::Script, 2)), Ok(false));
    assert_eq!(d.step(|t| t.unlock(b"job", LockOf::Script, 1)), Ok(true));
    assert_eq!(lock(&mut d), Some(3));
    d.now += 5_000;
    assert_eq!(lock(&mut d), Some(4), "whose time is over has lost it");
    assert_eq!(d.step(|t| t.unlock(b"job", LockOf::Script, 3)), Ok(false));
    d.step(|t| t.clear()).unwrap();
    assert_eq!(lock(&mut d), None, "clearing takes no lock away");
}

#[test]
fn what_was_not_used_for_the_longest_time_makes_way_and_locks_never_do() {
    let mut d = Dict::new(SMALLEST, RULES);
    d.step(|t| t.lock(b"job", LockOf::Script, Duration::from_secs(5))).unwrap();
    let value = "x".repeat(1000);
    for n in 0..200 {
        d.set(&format!("k{n}"), &value).unwrap();
        assert!(d.get("k0").is_some(), "what is used stays");
    }
    assert!(d.size().evictions > Some(100));
    assert!(d.get("k1").is_none() && d.get("k199").is_some());
    assert_eq!(d.step(|t| t.lock(b"job", LockOf::Script, Duration::from_secs(5))), Ok(None));
    let keys = d.step(|t| t.keys(3)).unwrap();
    assert_eq!(keys, [b"k199".to_vec(), b"k0".to_vec(), b"k198".to_vec()], "the last used first");
}

#[test]
fn where_nothing_may_be_dropped_a_full_dictionary_says_so_and_keeps_all() {
    let mut d = Dict::new(SMALLEST, STRICT);
    let value = "x".repeat(1000);
    let mut n = 0;
    let full = loop {
        if let Err(error) = d.set(&format!("k{n}"), &value) {
            break error;
        }
        n += 1;
    };
    assert_eq!(full, Error::Full(1048 + 1 + format!("k{n}").len()));
    assert!((0..n).all(|n| d.get(&format!("k{n}")).is_some()));
    assert_eq!(d.size().evictions, Some(0));
    assert_eq!(d.set("k0", &"y".repeat(1100)).map_err(|e| matches!(e, Error::Full(_))), Err(true));
    assert_eq!(d.get("k0"), Some(text(&value)), "what could not be replaced is there still");
    d.step(|t| t.expire(b"k1", seconds(1))).unwrap();
    d.now += 1000;
    assert_eq!(d.set("new", &value), Ok(true), "what has lived its time makes way");
    assert!(matches!(d.set("huge", &"x".repeat(SMALLEST)), Err(Error::TooLarge(..))));
}

#[test]
fn nine_tenths_of_the_memory_hold_keys_and_values() {
    for (length, least) in [(1000, 0.90), (4000, 0.90), (10_000, 0.90)] {
        let mut d = Dict::new(1 << 20, STRICT);
        let (mut n, mut bytes) = (0, 0);
        while d.set(&format!("key-{n:06}"), &"x".repeat(length)).is_ok() {
            bytes += 10 + length;
            n += 1;
        }
        let share = bytes as f64 / f64::from(1 << 20);
        assert!(share >= least, "{length}: {share}");
    }
}

#[test]
fn a_counter_that_is_raised_all_the_time_displaces_nothing() {
    let mut d = Dict::new(1 << 20, RULES);
    (0..2000).for_each(|n| assert_eq!(d.set(&format!("k{n}"), &"x".repeat(100)), Ok(true)));
    for _ in 0..100_000 {
        d.step(|t| t.incr(b"n", Number::Int(1), Number::Int(0), None)).unwrap();
    }
    assert!((0..2000).all(|n| d.get(&format!("k{n}")).is_some()));
    assert_eq!(d.get("n"), Some(Value::Int(100_000)));
}

#[test]
fn memory_that_makes_no_sense_is_emptied_and_locks_go_on() {
    let mut d = Dict::new(SMALLEST, RULES);
    d.set("a", "x").unwrap();
    d.step(|t| t.lock(b"job", LockOf::Script, Duration::from_secs(5))).unwrap();
    let first = d.bytes.len() / 2;
    d.bytes[BUCKETS..first].fill(0xff);
    let (done, mended) = step(&mut d.bytes, RULES, d.now, |t| t.get(b"a"));
    assert_eq!(done, Err(Error::Away("the memory made no sense and is empty now".into())));
    assert_eq!(mended, Some(Mended { kept: 0, is_emptied: true }));
    assert_eq!(d.get("a"), None);
    assert_eq!(d.step(|t| t.lock(b"job", LockOf::Script, Duration::from_secs(5))), Ok(Some(2)));
}

#[derive(Clone, Debug)]
enum Op {
    Set(u8, usize, When),
    Get(u8),
    Delete(u8),
    Incr(u8),
    Push(u8, usize, bool),
    Pop(u8, bool),
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0u8..20;
    let when = prop_oneof![Just(When::Always), Just(When::Absent), Just(When::Present)];
    prop_oneof![
        (key.clone(), 0usize..300, when).prop_map(|(key, length, when)| Op::Set(key, length, when)),
        key.clone().prop_map(Op::Get),
        key.clone().prop_map(Op::Delete),
        key.clone().prop_map(Op::Incr),
        (key.clone(), 0usize..60, any::<bool>()).prop_map(|(key, length, left)| Op::Push(key, length, left)),
        (key, any::<bool>()).prop_map(|(key, left)| Op::Pop(key, left)),
    ]
}

#[derive(Clone, PartialEq, Debug)]
enum Model {
    Plain(Value),
    List(std::collections::VecDeque<Value>),
}

/// Does the same with a map, and says what a dictionary should.
fn model(map: &mut BTreeMap<u8, Model>, op: &Op) -> String {
    let end = |left: bool| if left { End::Left } else { End::Right };
    match op {
        Op::Set(key, length, when) => {
            let is_there = map.contains_key(key);
            let done = match when {
                When::Always => true,
                When::Absent => !is_there,
                When::Present => is_there,
            };
            if done {
                map.insert(*key, Model::Plain(Value::Text(vec![*key; *length])));
            }
            format!("{:?}", Ok::<_, Error>(done))
        }
        Op::Get(key) => match map.get(key) {
            Some(Model::List(_)) => format!("{:?}", Err::<(), _>(Error::Kind(Error::NO_PLAIN))),
            Some(Model::Plain(value)) => {
                format!("{:?}", Ok::<_, Error>(Some(Stored { value: value.clone(), is_old: false })))
            }
            None => format!("{:?}", Ok::<_, Error>(None::<Stored>)),
        },
        Op::Delete(key) => format!("{:?}", Ok::<_, Error>(map.remove(key).is_some())),
        Op::Incr(key) => match map.entry(*key).or_insert(Model::Plain(Value::Int(0))) {
            Model::Plain(Value::Int(n)) => {
                *n += 1;
                format!("{:?}", Ok::<_, Error>(Number::Int(*n)))
            }
            _ => format!("{:?}", Err::<(), _>(Error::Kind(Error::NO_NUMBER))),
        },
        Op::Push(key, length, left) => match map.entry(*key).or_insert(Model::List(Default::default())) {
            Model::List(items) => {
                let item = Value::Text(vec![*key; *length]);
                match end(*left) {
                    End::Left => items.push_front(item),
                    End::Right => items.push_back(item),
                }
                format!("{:?}", Ok::<_, Error>(items.len() as u64))
            }
            Model::Plain(_) => format!("{:?}", Err::<(), _>(Error::Kind(Error::NO_LIST))),
        },
        Op::Pop(key, left) => match map.get_mut(key) {
            None => format!("{:?}", Ok::<_, Error>(None::<Value>)),
            Some(Model::Plain(_)) => format!("{:?}", Err::<(), _>(Error::Kind(Error::NO_LIST))),
            Some(Model::List(items)) => {
                let item = if *left { items.pop_front() } else { items.pop_back() };
                if items.is_empty() {
                    map.remove(key);
                }
                format!("{:?}", Ok::<_, Error>(item))
            }
        },
    }
}

fn done(table: &mut Table<'_>, op: &Op) -> Step<String> {
    let end = |left: bool| if left { End::Left } else { End::Right };
    let shown = match op {
        Op::Set(key, length, when) => {
            show(table.set(&[*key], &Value::Text(vec![*key; *length]), Life::default(), *when))?
        }
        Op::Get(key) => show(table.get(&[*key]))?,
        Op::Delete(key) => show(table.delete(&[*key]))?,
        Op::Incr(key) => show(table.incr(&[*key], Number::Int(1), Number::Int(0), None))?,
        Op::Push(key, length, left) => show(table.push(&[*key], end(*left), &Value::Text(vec![*key; *length])))?,
        Op::Pop(key, left) => show(table.pop(&[*key], end(*left)))?,
    };
    Ok(shown)
}

fn show<T: std::fmt::Debug>(done: Step<T>) -> Step<String> {
    match done {
        Ok(done) => Ok(format!("{:?}", Ok::<_, Error>(done))),
        Err(Fault::Error(error)) => Ok(format!("{:?}", Err::<(), _>(error))),
        Err(Fault::Broken) => Err(Fault::Broken),
    }
}

proptest! {
    #[test]
    fn a_dictionary_is_what_a_map_is(ops in prop::collection::vec(op(), 1..300)) {
        let mut d = Dict::new(1 << 18, STRICT);
        let mut map = BTreeMap::new();
        for op in &ops {
            let expected = model(&mut map, op);
            prop_assert_eq!(d.step(|t| done(t, op)).unwrap(), expected, "{:?}", op);
            prop_assert_eq!(d.size().entries, Some(map.len() as u64));
        }
        // As after a kill between two steps: everything is there when it was put in order.
        d.bytes[BUSY] = 1;
        let (found, mended) = step(&mut d.bytes, STRICT, d.now, |t| t.size());
        prop_assert_eq!(found.unwrap().entries, Some(map.len() as u64));
        prop_assert_eq!(mended, Some(Mended { kept: map.len() as u64, is_emptied: false }));
        for (key, value) in &map {
            if let Model::Plain(value) = value {
                prop_assert_eq!(d.step(|t| t.get(&[*key])).unwrap().map(|found| found.value), Some(value.clone()));
            }
        }
    }

    /// Entries that make way for others, of any size: nothing gets lost, no memory with it.
    #[test]
    fn a_full_dictionary_goes_on(ops in prop::collection::vec((any::<u16>(), 0usize..8000), 1..300)) {
        let mut d = Dict::new(SMALLEST, RULES);
        for (key, length) in ops {
            let key = key.to_le_bytes();
            prop_assert_eq!(d.step(|t| t.set(&key, &Value::Text(vec![key[0]; length]), Life::default(), When::Always)), Ok(true));
            let found = d.step(|t| t.get(&key)).unwrap();
            prop_assert_eq!(found.map(|found| found.value), Some(Value::Text(vec![key[0]; length])));
        }
        d.step(|t| t.clear()).unwrap();
        prop_assert_eq!((d.size().entries, d.size().bytes), (Some(0), Some(0)));
    }
}
