//! Who waits for an interpreter: what the floor `leases` must know of a request or connection that finds none idle.

use httpd::{Connection, Request};
use leases::{Asking, Terms};

use super::connection::ConnectionState;
use super::executor;
use super::lang::Lang;
use super::languages::languages;
use super::lease::{Stock, Tree};
use super::request::{RequestState, family};

/// Called when no interpreter of `stock` is idle: gives back the interpreters that must not be held during a wait, and returns the terms
/// of the wait.
#[cold]
#[inline(never)]
pub fn terms(stock: &Stock, c: &Connection, r: Option<&Request>) -> Terms {
    leases::terms(stock, &Waiter { c, r })
}

struct Waiter<'a> {
    c: &'a Connection,
    r: Option<&'a Request>,
}

impl Asking<Lang> for Waiter<'_> {
    /// The trees to which the request belongs, those of the requests it came from, and for a connection, whose filters its requests wait
    /// for, those of its requests.
    fn trees(&self, f: &mut dyn FnMut(&Tree)) {
        for lang in languages() {
            let Some(r) = self.r else {
                let of_requests = ConnectionState::find(lang, self.c).map(ConnectionState::trees);
                of_requests.into_iter().flatten().for_each(|tree| f(&tree));
                continue;
            };
            let mut last = None;
            for r in family(r) {
                let Some(state) = RequestState::find(lang, r) else { continue };
                let tree = state.tree();
                if last != Some(std::ptr::from_ref(tree)) {
                    last = Some(std::ptr::from_ref(tree));
                    f(tree);
                }
            }
        }
    }

    fn stocks(&self, f: &mut dyn FnMut(&Stock)) {
        for state in languages().filter_map(|lang| ConnectionState::find(lang, self.c)) {
            state.stocks().iter().for_each(|stock| f(stock));
        }
    }

    /// A stream of HTTP/2 runs on a thread of mod_http2's own, and an executor has threads of ours: these are no workers of the MPM.
    fn workers(&self) -> Option<usize> {
        (self.c.master().is_none() && !executor::is_here())
            .then(|| usize::try_from(httpd::mpm::threads()).unwrap_or(usize::MAX))
    }
}
