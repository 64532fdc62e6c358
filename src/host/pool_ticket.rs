//! The ticket of a pool's objects.

use std::cell::Cell;

use apr::Pool;
use interp::Ticket;

use super::lang::Lang;
use super::lease::Frame;
use super::running;

/// A pool's ticket: void when the pool dies. The configuration's pool and those above it outlive every interpreter, so that
/// no object of theirs can ever be stale.
pub fn pool_ticket(lang: Lang, pool: &Pool) -> Ticket {
    if httpd::with_pconf(|pconf| pconf == pool || pool.is_ancestor(pconf)) == Some(true) {
        return Ticket::FOREVER;
    }
    struct Mark(Cell<Ticket>);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.get().void();
        }
    }
    let mark = pool.userdata(lang.facts.pool_key).unwrap_or_else(|| {
        let mark = pool.keep(Mark(Cell::new(Ticket::new_owner()))).cast();
        pool.set_userdata(lang.facts.pool_key, Some(mark));
        mark
    });
    // SAFETY: only this function sets the key, to a `Mark` that lives as long as the pool.
    let mark = &unsafe { mark.cast::<Mark>().as_ref() }.0;
    if running::with_request(|r| r.pool() == pool) == Some(true) {
        if !mark.get().is_alive() {
            mark.set(Ticket::new_owner());
        }
        Frame::show(mark.get());
    }
    mark.get()
}
