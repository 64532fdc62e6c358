//! `APR.so`: the rows of `APR::*` in a perl that is not the server's (`perl -MAPR`). `lib/APR.pm` loads it there.
//!
//! One runtime for all interpreters of the process: there is no request, and what lives belongs to a pool that a script made. A thread of
//! the script's has a home of its own; objects do not go to it (`interp-perl/shim/plain.c`).

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use apr::{Pool, Reenter};
use interp::{Home, Kept, ObjectClass, Owner, Result, Runtime, Ticket};
use interp_perl::plain;

struct Plain;

impl Runtime for Plain {
    fn current(&self, _class: &'static ObjectClass) -> Option<(NonNull<()>, Ticket)> {
        None
    }

    fn adopt(&self, _class: &'static ObjectClass, _address: NonNull<()>) -> Option<Ticket> {
        None
    }

    /// No row of `APR::*` gives an owner that a pool or an allocator does not give a ticket.
    fn ticket(&self, _owner: Owner) -> Ticket {
        Ticket::GONE
    }

    fn cleanup(&self, pool: &Pool, code: Kept, arg: Option<Kept>) -> Result<()> {
        let _ = pool.on_death(move || plain::call_at_end(code, arg));
        Ok(())
    }

    fn root_made(&self, pool: &Pool, home: &Home) {
        roots().push(Root { pool: NonNull::from(pool), home });
    }

    fn root_ends(&self, pool: &Pool) {
        roots().retain(|root| root.pool != NonNull::from(pool));
    }

    fn is_server(&self) -> bool {
        false
    }

    fn status_text(&self, status: i32) -> String {
        format!("({status}) {}", apr::Status(status).message())
    }
}

/// A pool without a parent that a script made, and the interpreter in which its object is.
struct Root {
    pool: NonNull<Pool>,
    home: *const Home,
}

// SAFETY: addresses, of which the pool's is followed by the thread of its interpreter only, before the pool dies.
unsafe impl Send for Root {}

static ROOTS: Mutex<Vec<Root>> = Mutex::new(Vec::new());

/// While this is locked no function of APR and no code of a script is called.
fn roots() -> MutexGuard<'static, Vec<Root>> {
    ROOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> std::result::Result<(), apr::Status> {
    static STARTED: OnceLock<std::result::Result<(), apr::Status>> = OnceLock::new();
    *STARTED.get_or_init(|| {
        apr::cleanups_outlive_forks();
        Pool::initialize()?;
        let _ = interp::RUNTIME.set(&Plain);
        interp::register(&[apr_api::CLASSES], &[]);
        Ok(())
    })
}

/// # Safety
/// `ctx` is the interpreter that loads the library, or a clone of it.
unsafe extern "C" fn begin(ctx: *mut c_void) -> *const Home {
    let begun = AssertUnwindSafe(|| match start() {
        // SAFETY: the caller's promise.
        Ok(()) => unsafe { plain::home(ctx) },
        Err(_) => ptr::null(),
    });
    catch_unwind(begun).unwrap_or(ptr::null())
}

/// # Safety
/// Called by the interpreter whose home this is.
unsafe extern "C" fn stop(home: *const Home) {
    let _ = catch_unwind(|| {
        loop {
            let last = roots().iter().rfind(|root| ptr::eq(root.home, home)).map(|root| root.pool);
            let Some(pool) = last else { return };
            // SAFETY: called by perl between two ops of no script, with nothing borrowed.
            let cx = unsafe { Reenter::assume() };
            // SAFETY: a pool without a parent is in the list as long as it lives, since only its destruction by a script ends it.
            apr_api::end_pool(unsafe { pool.as_ref() }, cx);
        }
    });
}

/// # Safety
/// `home` came from [`begin`]; the shim does not use it afterwards.
unsafe extern "C" fn end(home: *const Home) {
    let _ = catch_unwind(|| {
        // SAFETY: the caller's promise.
        unsafe { plain::end(home) }
    });
}

static HOST: plain::Host = plain::Host { begin, stop, end };

unsafe extern "C" {
    fn mp_plain_boot();
}

/// What perl calls when it loads the library. C does it, since it croaks where the library is for another perl; so this is a jump, which
/// puts [`HOST`] where the C function has an argument more than perl passes.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn boot_APR() {
    #[cfg(all(target_arch = "x86_64", perl_ithreads))]
    std::arch::naked_asm!("lea rdx, [rip + {}]", "jmp {}", sym HOST, sym mp_plain_boot);
    #[cfg(all(target_arch = "x86_64", not(perl_ithreads)))]
    std::arch::naked_asm!("lea rsi, [rip + {}]", "jmp {}", sym HOST, sym mp_plain_boot);
    #[cfg(all(target_arch = "aarch64", perl_ithreads))]
    std::arch::naked_asm!("adrp x2, {host}", "add x2, x2, :lo12:{host}", "b {boot}", host = sym HOST, boot = sym mp_plain_boot);
    #[cfg(all(target_arch = "aarch64", not(perl_ithreads)))]
    std::arch::naked_asm!("adrp x1, {host}", "add x1, x1, :lo12:{host}", "b {boot}", host = sym HOST, boot = sym mp_plain_boot);
}

/// `make install` reads it: the library lies in a folder of this name, where no other perl looks.
#[used]
static BUILT_FOR: [u8; FOR.len()] = {
    let (mut bytes, mut i) = ([0; FOR.len()], 0);
    while i < bytes.len() {
        bytes[i] = FOR.as_bytes()[i];
        i += 1;
    }
    bytes
};
const FOR: &str = concat!("\0APR.so for perl ", env!("BUILT_FOR"), "\0");
