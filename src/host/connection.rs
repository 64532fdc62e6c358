//! What is kept per connection.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use figures::Figure;
use httpd::{Connection, Records, Request};
use interp::{Bag, Ticket, Ticketed};
use leases::Drains;
use tipool::ItemId;

use super::lang::Lang;
use super::lease::{Hold, Stock, Tree};

/// One connection's data. Made when the first handler of ours needs it.
pub struct ConnectionState {
    /// The ticket of the connection's objects, void when the connection ends.
    pub ticket: Ticket,
    /// The leases of its own calls.
    pub tree: Tree,
    /// The trees of its requests, whose interpreters its own calls share: noted by [`ConnectionState::note_tree`].
    trees: RefCell<Vec<Weak<Tree>>>,
    /// Whether calls of its own may come while a request of it holds an interpreter: it has filters that scripts are.
    pub is_filtered: Cell<bool>,
    /// `PerlInterpScope connection`: the interpreters that the connection keeps, one per stock.
    kept: RefCell<Vec<(Arc<Stock>, Hold)>>,
    /// The interpreters in which the connection has left values, one per stock.
    homes: RefCell<Vec<(Arc<Stock>, ItemId)>>,
    /// Says to those who wait that this connection keeps an interpreter.
    drains: Drains,
    /// Without threads: the parents in which the connection has left values.
    parents: RefCell<Vec<Arc<Stock>>>,
    /// Whether handlers of the connection's protocol have left it to httpd.
    pub is_left_to_httpd: Cell<bool>,
    /// A request that a script made and chose to be the current one.
    pub chosen: Cell<Option<Ticketed<Request>>>,
    /// pnotes, one bag per interpreter.
    pub pnotes: RefCell<Vec<Bag>>,
    /// What scripts keep with its filters, by the filter's address.
    pub filters: RefCell<BTreeMap<usize, Vec<Bag>>>,
    /// Values that the language keeps for this connection, by the name of a script.
    pub scripts: RefCell<Vec<(Arc<[u8]>, Box<dyn Any + Send>)>>,
}

// SAFETY: httpd works on a connection on one thread at a time (SAFETY.md, "one thread at a time"). Its end may come on
// event's listener thread: all that happens there is short locks (a lease back to its tipool, values into drop boxes).
unsafe impl Send for ConnectionState {}

impl ConnectionState {
    /// The state of a connection, if it has one.
    #[inline(always)]
    pub fn find(lang: Lang, c: &Connection) -> Option<&ConnectionState> {
        states(lang).get(c)
    }

    /// The state of a connection, made if there is none yet. `None` only if httpd has no slot for us.
    pub fn of(lang: Lang, c: &Connection) -> Option<&ConnectionState> {
        if let Some(state) = ConnectionState::find(lang, c) {
            return Some(state);
        }
        let state = ConnectionState {
            ticket: Ticket::new_owner(),
            tree: Tree::new(Figure::Connection),
            trees: RefCell::default(),
            is_filtered: Cell::new(false),
            kept: RefCell::default(),
            homes: RefCell::default(),
            drains: Drains::default(),
            parents: RefCell::default(),
            is_left_to_httpd: Cell::new(false),
            chosen: Cell::new(None),
            pnotes: RefCell::default(),
            filters: RefCell::default(),
            scripts: RefCell::default(),
        };
        states(lang).put(c, state)
    }

    /// The stocks of the interpreters that the connection holds and keeps.
    pub fn stocks(&self) -> Vec<Arc<Stock>> {
        self.tree.stocks().into_iter().chain(self.kept.borrow().iter().map(|(stock, _)| stock.clone())).collect()
    }

    /// Gives back the interpreters that the connection keeps.
    pub fn give_back(&self) {
        let kept = self.kept.take();
        drop(kept);
        self.drains.set(false);
    }

    /// The interpreter in which this connection has left values, and in which alone it can be served.
    pub fn home(&self, stock: &Arc<Stock>) -> Option<ItemId> {
        self.homes.borrow().iter().find(|(of, _)| Arc::ptr_eq(of, stock)).map(|(_, id)| *id)
    }

    /// Makes this interpreter the connection's home until the connection ends. A home is no lease: others may use the interpreter.
    pub fn settle(&self, stock: &Arc<Stock>, hold: &Hold) {
        if self.home(stock).is_none()
            && let Some(id) = hold.add_home()
        {
            self.homes.borrow_mut().push((stock.clone(), id));
        }
        let mut parents = self.parents.borrow_mut();
        if hold.is_parent() && !parents.iter().any(|of| Arc::ptr_eq(of, stock)) {
            parents.push(stock.clone());
        }
    }

    /// Notes the tree of a request of this connection, once.
    pub fn note_tree(&self, tree: &Arc<Tree>) {
        let mut trees = self.trees.borrow_mut();
        if !trees.iter().any(|t| t.as_ptr() == Arc::as_ptr(tree)) {
            trees.retain(|t| t.strong_count() > 0);
            trees.push(Arc::downgrade(tree));
        }
    }

    /// The trees of its living requests that were noted.
    pub fn trees(&self) -> Vec<Arc<Tree>> {
        self.trees.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// The interpreter that the connection or one of its requests holds, of those in which the connection can be served: a call of
    /// either needs no second one, for which they would wait for each other.
    pub fn held(&self, stock: &Arc<Stock>) -> Option<Hold> {
        let home = self.home(stock);
        let fits = |hold: &Hold| home.is_none() || hold.id() == home;
        let held = |t: &Weak<Tree>| t.upgrade().and_then(|tree| tree.held(stock)).filter(fits);
        self.tree.held(stock).filter(fits).or_else(|| self.trees.borrow().iter().find_map(held))
    }

    /// The interpreter that the connection keeps of a stock.
    pub fn kept(&self, stock: &Arc<Stock>) -> Option<Hold> {
        self.kept.borrow().iter().find(|(of, _)| Arc::ptr_eq(of, stock)).map(|(_, hold)| hold.clone())
    }

    /// Keeps an interpreter until the connection ends.
    pub fn keep(&self, stock: &Arc<Stock>, hold: &Hold) {
        let mut kept = self.kept.borrow_mut();
        if !kept.iter().any(|(of, _)| Arc::ptr_eq(of, stock)) {
            kept.push((stock.clone(), hold.clone()));
            self.drains.set(true);
        }
    }
}

#[inline(always)]
fn states(lang: Lang) -> Records<Connection, ConnectionState> {
    // SAFETY: so does each language's module (SAFETY.md, "parts of a request's state").
    unsafe { Records::new(lang.module()) }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.ticket.void();
        // The values go to their interpreters' drop boxes before anybody else can be lent these interpreters.
        interp::leave_apart(|| drop((self.pnotes.take(), self.filters.take(), self.scripts.take())));
        for (stock, id) in self.homes.take() {
            if let Some(tipool) = stock.tipool() {
                tipool.drop_home(id);
            }
        }
        // Without threads nobody else is in the parent, unless a signal has interrupted a call there.
        if !httpd::mpm::is_threaded() && interp::inside() == 0 && !interp::is_forked() {
            for stock in self.parents.take() {
                stock.parent.run(|interp| interp.with(&mut |_| {}));
            }
        }
    }
}
