//! A fake engine, and a floor above: languages of numbers, with calls about words.

use std::any::Any;
use std::cell::Cell;
use std::ffi::c_int;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::LocalKey;
use std::time::Duration;

use interp::{Entry, Interp, Kept, Load, Outcome, Place, Raised, Val};
use tipool::Bell;

use crate::{Above, Chain, Hold, Limits, Parent, Rank, Stock, Trim};

/// A language, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speech(pub u32);

thread_local! {
    static CHAIN: Chain<Speech> = const { Chain::new() };
}

/// Holds that calls have ended with while others kept the interpreter.
pub static KEPT: Mutex<Vec<Hold<Speech>>> = Mutex::new(Vec::new());

impl Above for Speech {
    type About<'a> = &'static str;
    type Phase = u32;
    type Scope = u8;

    fn name(self) -> &'static str {
        "Fake"
    }

    fn rank(self) -> Rank {
        self.0
    }

    fn warn(self, text: &str) {
        panic!("{text}");
    }

    fn ends_objects(self) -> bool {
        self.0 == 1
    }

    fn keep_for_others(self, hold: &Hold<Speech>) {
        KEPT.lock().unwrap().push(hold.clone());
    }

    fn chain() -> &'static LocalKey<Chain<Speech>> {
        &CHAIN
    }
}

/// An interpreter that counts.
pub struct Fake {
    /// 0 is the parent.
    pub number: u64,
    users: Cell<c_int>,
    made: Arc<AtomicU64>,
    alive: Arc<AtomicUsize>,
}

impl Fake {
    fn new(number: u64, made: &Arc<AtomicU64>, alive: &Arc<AtomicUsize>) -> Box<Fake> {
        alive.fetch_add(1, SeqCst);
        Box::new(Fake { number, users: Cell::new(0), made: made.clone(), alive: alive.clone() })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, SeqCst);
    }
}

impl Interp for Fake {
    fn duplicate(&self) -> Result<Box<dyn Interp>, String> {
        Ok(Fake::new(self.made.fetch_add(1, SeqCst) + 1, &self.made, &self.alive))
    }

    fn with(&self, f: &mut dyn FnMut(&dyn Entry)) {
        f(&Inside(self.number));
    }

    fn end(&self) -> Vec<Vec<u8>> {
        let about = crate::running::<Speech>();
        vec![format!("ended in {about:?}").into_bytes()]
    }

    fn users(&self) -> NonNull<c_int> {
        // SAFETY: a cell's content is not null.
        unsafe { NonNull::new_unchecked(self.users.as_ptr()) }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The number of the interpreter.
pub fn number(interp: &dyn Interp) -> u64 {
    interp.as_any().downcast_ref::<Fake>().unwrap().number
}

struct Inside(u64);

fn answer(number: u64) -> Outcome {
    Outcome { number: number as i64, truth: true, is_number: true, is_wild: false }
}

impl Entry for Inside {
    fn resolve(&self, _: u32, _: &[u8], _: Load) -> Result<(), Raised> {
        Ok(())
    }
    fn call_handler(&self, _: u32, _: &[u8], _: Load, _: &[Val]) -> Result<Outcome, Raised> {
        Ok(answer(self.0))
    }
    fn call_kept(&self, _: &Kept, _: &[Val]) -> Result<Outcome, Raised> {
        Ok(answer(self.0))
    }
    fn require_file(&self, _: &[u8], _: Option<Place<'_>>) -> Result<(), Raised> {
        Ok(())
    }
    fn require_module(&self, _: &[u8], _: Option<Place<'_>>) -> Result<(), Raised> {
        Ok(())
    }
    fn run(&self, _: &[u8], _: Option<Place<'_>>) -> Result<Outcome, Raised> {
        Ok(answer(self.0))
    }
    fn drain(&self) {}
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A stock of at most `max` clones that all exist, and a count of the interpreters alive.
pub fn stock(lang: Speech, max: usize) -> (Arc<Stock<Speech>>, Arc<AtomicUsize>) {
    let (made, alive) = (Arc::default(), Arc::default());
    let stock = Stock::new(lang, "the main server".into(), Parent::new(Fake::new(0, &made, &alive)));
    let numbers = tipool::Limits { start: max, max, ..tipool::Limits::default() };
    let trim = Some(Trim { limit: 1, report_only: false });
    let limits = Limits {
        numbers,
        max_by: "InterpMax",
        max_wait: Duration::from_millis(20),
        trim,
        total: false,
        once: false,
        reload: (0, 0),
        scope: 7,
    };
    stock.open(limits, true, &Bell::default()).unwrap();
    stock.tipool().unwrap().start().unwrap();
    (stock, alive)
}

/// A stock without threads: its parent serves.
pub fn parent_alone(lang: Speech) -> Arc<Stock<Speech>> {
    let stock = Stock::new(lang, "the main server".into(), Parent::new(Fake::new(0, &Arc::default(), &Arc::default())));
    let limits = Limits {
        numbers: tipool::Limits::default(),
        max_by: "InterpMax",
        max_wait: Duration::ZERO,
        trim: None,
        total: false,
        once: false,
        reload: (0, 0),
        scope: 7,
    };
    stock.open(limits, false, &Bell::default()).unwrap();
    stock
}
