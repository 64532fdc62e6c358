//! `APR::Pool`: memory that dies together. A pool that a script made belongs to the script's object; all others to httpd.

use apr::{Pool, Reenter, Status};
use interp::*;
use std::{
    cell::Cell,
    ffi::CStr,
    ptr::{self, NonNull},
    sync::Arc,
};

/// Its rows.
pub static POOL: Class = Class::of::<Pool>(&[
    class_method("new()", new)
        .ending()
        .doc("A pool of the script's own, on the object of a living pool one below that; it is destroyed when the object goes."),
    method("clear()", clear).doc("Runs the cleanups and frees what is in the pool; what was made from it is gone."),
    method("destroy()", destroy).ending().doc("Destroys a pool that the script made; does nothing to httpd's."),
    method("DESTROY()", end_of_object)
        .only(PERL)
        .ending()
        .doc("Destroys the pool with the object that `new` returned."),
    method("parent_get()", Pool::parent).doc("The pool it dies with; undef for one without."),
    method("is_ancestor(pool)", |p: &Pool, other: &Pool| i32::from(p.is_ancestor(other)))
        .doc("Whether `pool` dies with this one."),
    method("cleanup_register(callback, [arg])", cleanup_register)
        .needs(&[&ENDS])
        .doc("Calls `callback` with `arg` when the pool is cleared or destroyed."),
    method("cleanup_for_exec()", cleanup_for_exec)
        .needs(&[&FORKED])
        .doc("For a process that was forked: closes what is not to be inherited by a program it becomes."),
    method("tag(tag)", Pool::set_tag).doc("Names it, for APR's own debugging."),
])
.called("pool")
.doc("Memory, and things to be cleaned up, that end together.");

/// What scripts' pools hold outside a server is nothing that another program could inherit, and APR would forget the cleanups.
fn cleanup_for_exec(_: &Pool) {
    if RUNTIME.get().is_none_or(|runtime| runtime.is_server()) {
        Pool::cleanup_for_exec();
    }
}

/// `apr_pool_cleanup_for_exec` closes the descriptors of all pools, those that the server listens on among them.
static FORKED: Need =
    Need::this("a process that the script has forked: it closes what the server has open", |_: &Pool| {
        is_forked() || RUNTIME.get().is_some_and(|runtime| !runtime.is_server())
    });

/// The code is called in this interpreter, which serves nobody else before that.
static ENDS: Need =
    Need::this("a pool that ends with the connection at the latest, once the server serves", |p: &Pool| {
        RUNTIME.get().is_none_or(|runtime| !runtime.outlives_connection(p))
    });

/// An object that is made in a pool which a script passed.
pub trait Owns {
    /// `made` lives as long as the pool's contents do. If the script made the pool, `made` keeps it.
    fn owns<T: Object>(&self, made: &T) -> Owned<T>;
}

impl Owns for Obj<'_, Pool> {
    fn owns<T: Object>(&self, made: &T) -> Owned<T> {
        self.made(made, mine(self).map_or(self.ticket(), |m| m.contents))
    }
}

const KEY: &CStr = c"mod_interp.pool";

/// The data in a pool that a script made.
struct Mine {
    /// The ticket of the object that `new` returned. It is taken out while the pool is cleared, so that it stays valid.
    own: Cell<Option<Ticket>>,
    /// The ticket of all objects that were made from the pool.
    contents: Ticket,
    /// The interpreter that made the pool. A clone has a copy of the object, whose end does not end the pool.
    home: Arc<Home>,
}

impl Drop for Mine {
    fn drop(&mut self) {
        self.contents.void();
        if let Some(own) = self.own.take() {
            own.void();
        }
    }
}

fn mine(pool: &Pool) -> Option<&Mine> {
    // SAFETY: only `adorn` sets this key, to a `Mine` that lives until the pool's end; callers use it before that.
    pool.userdata(KEY).map(|p| unsafe { p.cast::<Mine>().as_ref() })
}

/// Makes `pool` a pool of the script's own.
fn adorn(pool: &Pool, own: Ticket, home: Arc<Home>) {
    let mine = Mine { own: Cell::new(Some(own)), contents: Ticket::new_owner(), home };
    let kept: NonNull<Mine> = pool.keep_in_forks(mine);
    pool.set_userdata(KEY, Some(kept.cast()));
}

/// A pool below another keeps that one's object. Where objects have no end of their own, one without ends with the request.
fn new(parent: Maybe<Obj<Pool>>, here: Here) -> Result<Owned<Pool>> {
    let own = Ticket::new_owner();
    let adorned = |pool: std::result::Result<&Pool, Status>| {
        let pool = pool.map_err(|s| Raise::status(s.code(), "APR::Pool::new"))?;
        adorn(pool, own, here.home());
        Ok(Owned::by(pool, own))
    };
    if let Some(parent) = parent.0 {
        return adorned(parent.create()).map(|pool| parent.holding(pool));
    }
    let mut made = None;
    if let Some(runtime) = RUNTIME.get() {
        runtime.with_ending_pool(&mut |below| made = Some(adorned(below.create())));
    }
    if let Some(made) = made {
        return made;
    }
    let pool = Pool::root();
    let made = adorned(pool)?;
    if let (Ok(pool), Some(runtime)) = (pool, RUNTIME.get()) {
        runtime.root_made(pool, &here.home());
    }
    Ok(made)
}

fn clear(pool: &Pool, cx: Reenter) -> Result<()> {
    let Some(m) = mine(pool) else { return Err("this pool is not the script's own".into()) };
    let own = m.own.take();
    let home = m.home.clone();
    // SAFETY: what scripts made from the pool carries the ticket `contents`, which `Mine`'s drop voids; nothing of ours is kept there.
    unsafe { pool.clear(cx) };
    if let Some(own) = own {
        adorn(pool, own, home);
    }
    Ok(())
}

/// Destroys a pool that a script made, as the end of its object would.
pub fn end_pool(pool: &Pool, cx: Reenter) {
    destroy(pool, cx);
}

fn destroy(pool: &Pool, cx: Reenter) {
    if let Some(m) = mine(pool) {
        m.contents.void();
        if let Some(runtime) = RUNTIME.get() {
            runtime.root_ends(pool);
        }
        // SAFETY: the script's object and all that was made from the pool are void; nothing of ours is kept there.
        unsafe { pool.destroy(cx) };
    }
}

/// An object of a pool reached otherwise (`$table->pool`) does not carry the pool's own ticket.
fn end_of_object(pool: Obj<Pool>, here: Here, cx: Reenter) {
    let ends = mine(&pool).is_some_and(|m| {
        m.own.get() == Some(pool.ticket()) && ptr::eq(Arc::as_ptr(&m.home), Arc::as_ptr(&here.home()))
    });
    if ends {
        destroy(&pool, cx);
    }
}

fn cleanup_register(pool: &Pool, callback: HandlerArg, arg: Option<Any>) -> Result<()> {
    runtime()?.cleanup(pool, callback.keep_value(), arg.map(|a| a.keep()))
}
