//! Calls from begin to end with the fake engine, on threads that are nobody's.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use interp::{Load, Ticket};

use crate::testing::{KEPT, Speech, number, parent_alone, stock};
use crate::{Asking, Frame, Hold, Pick, Refused, Standing, Stock, Terms, Tree, at_end, running, terms};

const FAKE: Speech = Speech(0);

/// Somebody without trees, who is no worker.
struct Nobody;

impl Asking<Speech> for Nobody {
    fn trees(&self, _: &mut dyn FnMut(&Tree<Speech>)) {}
    fn stocks(&self, _: &mut dyn FnMut(&Stock<Speech>)) {}
    fn workers(&self) -> Option<usize> {
        None
    }
}

/// Somebody with one tree.
struct With<'a>(&'a Tree<Speech>);

impl Asking<Speech> for With<'_> {
    fn trees(&self, f: &mut dyn FnMut(&Tree<Speech>)) {
        f(self.0);
    }
    fn stocks(&self, _: &mut dyn FnMut(&Stock<Speech>)) {}
    fn workers(&self) -> Option<usize> {
        Some(4)
    }
}

fn lent(stock: &Stock<Speech>) -> u64 {
    stock.tipool().unwrap().stats().lent
}

fn innermost() -> Option<(&'static str, Option<u32>)> {
    Frame::<Speech>::find(|frame| Some((frame.about, frame.phase)))
}

/// A call: what it is about, and which interpreter answered.
fn call(
    stock: &Arc<Stock<Speech>>,
    about: &'static str,
) -> Result<(Option<(&'static str, Option<u32>)>, i64), Refused> {
    let hold = Arc::new(stock.lend(Pick::Any, || terms(stock, &Nobody))?);
    Ok(Frame::enter(about, Some(3), stock, &hold, |interp| {
        let answer = interp::enter(interp, |entry| entry.call_handler(0, b"f", Load::Never, &[]));
        (innermost(), answer.unwrap().number)
    }))
}

#[test]
fn a_thread_of_nobodys_runs_a_call_from_begin_to_end() {
    let (stock, _) = stock(FAKE, 1);
    let of = stock.clone();
    let seen = thread::spawn(move || {
        let seen = call(&of, "a job").unwrap();
        assert_eq!((innermost(), running::<Speech>()), (None, None), "the call has left nothing on its thread");
        seen
    });
    assert_eq!(seen.join().unwrap(), (Some(("a job", Some(3))), 1));
    assert_eq!(lent(&stock), 0, "the interpreter is back");
}

#[test]
fn a_call_that_panics_gives_its_interpreter_up_and_leaves_the_chain_as_it_was() {
    let (stock, alive) = stock(FAKE, 1);
    let of = stock.clone();
    let ended = thread::spawn(move || {
        let hold = Arc::new(of.lend(Pick::Any, || terms(&of, &Nobody)).unwrap());
        let run = std::panic::AssertUnwindSafe(|| Frame::enter("a job", None, &of, &hold, |_| panic!("in the call")));
        let panicked = std::panic::catch_unwind(run).is_err();
        panicked && innermost().is_none()
    });
    assert!(ended.join().unwrap());
    assert_eq!((lent(&stock), alive.load(SeqCst)), (0, 2), "caught in time: parent and clone live");
}

#[test]
fn an_interpreter_may_be_lent_on_one_thread_and_run_on_another() {
    let (stock, _) = stock(FAKE, 1);
    let hold = Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    thread::scope(|scope| {
        let there = scope.spawn(|| Frame::enter("there", None, &stock, &hold, |interp| (innermost(), number(interp))));
        assert_eq!(there.join().unwrap(), (Some(("there", None)), 1));
    });
    assert_eq!(innermost(), None, "here no call runs");
    drop(hold);
    assert_eq!(lent(&stock), 0);
}

#[test]
fn a_nested_call_uses_the_interpreter_of_the_call_around_it() {
    let (stock, _) = stock(FAKE, 1);
    let hold = Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    Frame::enter("outer", Some(1), &stock, &hold, |_| {
        let inner = Frame::inside(&stock).unwrap();
        Frame::enter("inner", None, &stock, &inner, |_| assert_eq!(innermost(), Some(("inner", None))));
        assert_eq!(innermost(), Some(("outer", Some(1))));
        let phase = Frame::<Speech>::find(|frame| frame.phase);
        assert_eq!((phase, running()), (Some(1), Some(FAKE)));
        let refused = call(&stock, "a second one").unwrap_err();
        assert_eq!(
            refused.text,
            "FakeInterpMaxWait: no interpreter of the main server came free in 20ms; \"FakeInterpMax 2\" (now 1) would \
             have avoided it"
        );
    });
}

#[test]
fn a_tree_has_one_lease_per_stock_and_asks_for_the_same_interpreter_again() {
    let (stock, _) = stock(FAKE, 3);
    let tree = Tree::new(figures::Figure::Request);
    let hold = || tree.hold(&stock, None, || terms(&stock, &With(&tree))).unwrap();
    let keeps = || tree.has_scope(|scope| scope == 7);
    assert!(!keeps());
    let (first, second) = (hold(), hold());
    assert!(Arc::ptr_eq(&first, &second) && lent(&stock) == 1);
    assert!(keeps() && !tree.has_scope(|scope| scope == 8), "the scope is that of the stock it holds");
    let id = first.id();
    tree.walk(10, 0, &first);
    tree.walk(11, 10, &first);
    tree.walk(12, 11, &first);
    drop((first, second));
    assert_eq!(lent(&stock), 1, "members on their walk hold it");
    tree.end_walk(10);
    assert!(!tree.has_walks() && lent(&stock) == 0 && !keeps(), "the walk of the first ends those of all below");
    let others = [(); 2].map(|()| stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    assert!(others[0].id() == id && others[1].id() != id, "others get the one that was used last first");
    others.into_iter().for_each(drop);
    assert_eq!(hold().id(), id, "the tree gets its own, though another was used later");
}

#[test]
fn walks_end_before_a_wait_and_pins_make_it_short() {
    let (low, _) = stock(Speech(0), 1);
    let (high, _) = stock(Speech(2), 1);
    let tree = Tree::new(figures::Figure::Request);
    let of = |stock| tree.hold(stock, None, || terms(stock, &With(&tree))).unwrap();
    let held = of(&high);
    tree.walk(1, 0, &held);
    drop(held);
    assert!(matches!(terms(&low, &With(&tree)), Terms::Waits { keeps: None, worker: Some(_) }));
    assert_eq!(lent(&high), 0, "what ranks higher goes back before");
    let pin = of(&high);
    let keeps = match terms(&low, &With(&tree)) {
        Terms::Waits { keeps, .. } => keeps,
        Terms::AtEnd { .. } => None,
    };
    assert_eq!(keeps.as_deref(), Some("the main server"));
    assert_eq!(lent(&high), 1);
    drop(pin);
}

#[test]
fn at_the_death_of_a_pool_nothing_waits() {
    let (stock, alive) = stock(FAKE, 1);
    let _busy = stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap();
    at_end(|| {
        let reserve = stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap();
        assert!(reserve.is_last() && alive.load(SeqCst) == 3, "one more than the limit is made");
        let reserve = Arc::new(reserve);
        Frame::enter("its end", None, &stock, &reserve, |_| {
            assert!(matches!(terms(&stock, &Nobody), Terms::AtEnd { nested: true }));
        });
    });
}

#[test]
fn objects_of_a_clone_are_void_when_it_goes_back() {
    let (stock, _) = stock(FAKE, 1);
    let ticket = Ticket::new_owner();
    let hold = Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    Frame::enter("r", Some(0), &stock, &hold, |_| Frame::<Speech>::show(ticket));
    assert!(ticket.is_alive());
    drop(hold);
    assert!(!ticket.is_alive());
}

#[test]
fn without_threads_the_parent_serves_and_objects_end_where_the_language_says_so() {
    for (lang, ends) in [(Speech(0), false), (Speech(1), true)] {
        let stock = parent_alone(lang);
        let ticket = Ticket::new_owner();
        let hold = Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
        assert!(hold.is_parent() && hold.id().is_none() && hold.add_home().is_none() && !hold.spoil());
        Frame::enter("r", Some(0), &stock, &hold, |interp| {
            assert_eq!(number(interp), 0);
            Frame::<Speech>::show(ticket);
        });
        drop(hold);
        assert_eq!(ticket.is_alive(), !ends);
    }
}

#[test]
fn code_of_a_dying_interpreter_runs_in_no_call_but_in_its_language() {
    let stock = parent_alone(Speech(4));
    assert_eq!(stock.parent.end(stock.lang), [b"ended in Some(Speech(4))".to_vec()]);
    assert_eq!(running::<Speech>(), None);
}

#[test]
fn whoever_acts_for_others_is_told_when_they_keep_an_interpreter() {
    let (stock, _) = stock(FAKE, 1);
    let hold = Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    // SAFETY: the interpreter is this test's.
    let count = |by| unsafe { *hold.interp().users().as_mut() += by };
    Frame::enter("r", None, &stock, &hold, |_| count(1));
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    assert!(matches!(&kept[..], [of] if Arc::ptr_eq(of, &hold)));
    count(-1);
    assert!(!hold.is_held_by_others());
}

fn begin(about: &'static str, stock: Arc<Stock<Speech>>, hold: Hold<Speech>) -> Standing<Speech> {
    // SAFETY: a text of the program's.
    unsafe { Standing::begin(about, stock, hold) }
}

#[test]
fn a_standing_frame_is_seen_until_it_ends_whatever_is_inside() {
    let (stock, _) = stock(FAKE, 2);
    let one = || Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    let (outer, inner) = (begin("outer", stock.clone(), one()), begin("inner", stock.clone(), one()));
    assert_eq!(innermost(), Some(("inner", None)));
    outer.end();
    assert_eq!((innermost(), lent(&stock)), (Some(("inner", None)), 1));
    inner.end();
    assert_eq!((innermost(), lent(&stock)), (None, 0));
}

#[test]
fn a_standing_frame_that_is_ended_on_another_thread_is_seen_no_more() {
    struct Moved(Standing<Speech>);
    // SAFETY: it is only abandoned there.
    unsafe impl Send for Moved {}
    let (stock, _) = stock(FAKE, 1);
    let hold = Arc::new(stock.lend(Pick::Any, || terms(&stock, &Nobody)).unwrap());
    let standing = Moved(begin("outer", stock.clone(), hold));
    let abandon = move || {
        let Moved(standing) = { standing };
        standing.abandon();
    };
    thread::spawn(abandon).join().unwrap();
    assert_eq!((innermost(), lent(&stock)), (None, 0));
    assert_eq!(call(&stock, "later").unwrap().0, Some(("later", Some(3))), "the thread goes on");
    assert_eq!(innermost(), None);
}
