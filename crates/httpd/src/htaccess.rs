//! What `.htaccess` files have to do with a request: whoever may write one must not choose the code that answers.
//!
//! httpd keeps no record of who said `SetHandler`: it may have been core, mod_mime (by extension or type), mod_rewrite, an
//! `<If>`, in the server's configuration or in a file that it read on the way. So the question is put to httpd anew: the
//! walks through the configuration are made on a copy of the request for which every directory's `.htaccess` is known to be
//! absent, and the modules say what type and handler that copy has.

use crate::{Loaded, ModuleRecord, Request, ffi, opaque::core, slot};
use apr::{Pool, Reenter, Table, bytes_at};
use std::{
    ffi::{CStr, c_char},
    ptr,
};

/// Where mod_rewrite leaves what `[T=]` and `[H=]` say, for its own fixup.
const FORCED_TYPE: &[u8] = b"rewrite-forced-mimetype";
const FORCED_HANDLER: &[u8] = b"rewrite-forced-handler";

impl Request {
    /// Whether some `.htaccess` file says something for this request, or for one that it came from.
    pub fn has_htaccess(&self) -> bool {
        self.htaccess().next().is_some()
    }

    /// The files' own vectors.
    fn htaccess(&self) -> impl Iterator<Item = *mut ffi::ap_conf_vector_t> {
        self.htaccess_results().map(|at| at.htaccess).filter(|vector| !vector.is_null())
    }

    fn htaccess_results(&self) -> impl Iterator<Item = &ffi::htaccess_result> {
        // SAFETY: a list in the request's pool, to whose head httpd adds and which it changes no more.
        let first = unsafe { self.raw().htaccess.as_ref() };
        // SAFETY: as above.
        std::iter::successors(first, |at| unsafe { at.next.as_ref() })
    }

    /// The handler that the server's own configuration, without any `.htaccess`, gives this request's file; `None` if it
    /// gives none. `blind` are modules that are not asked: those that would run scripts. Costs a look at each directory of
    /// the path. Conditions of `<If>` can look up a subrequest.
    ///
    /// `[H=]` and `[T=]` of mod_rewrite count as the server's unless some `.htaccess` here has lines of mod_rewrite, or
    /// sections, in which such lines may stand.
    pub fn handler_without_htaccess(&self, blind: &[&ModuleRecord], cx: Reenter) -> Option<Vec<u8>> {
        let asked = self.pool().within(cx, |pool| {
            let copy = self.copy_without_htaccess(pool);
            walk(copy).then(|| handler_of(copy, blind, self.server_rewrites())).flatten()
        });
        asked.ok()?
    }

    /// A copy to make walks with: of the same file, with nothing known of its configuration.
    fn copy_without_htaccess<'p>(&self, pool: &'p Pool) -> &'p Request {
        let to = pool.zeroed(size_of::<ffi::request_rec>()).cast::<ffi::request_rec>();
        let table = |table: &Table| table.copy(pool).as_ptr();
        // SAFETY: both are records of the same kind; what is written lies in `pool`, or lives as long as the request.
        unsafe {
            to.as_ptr().copy_from_nonoverlapping(self.as_ptr(), 1);
            let rec = &mut *to.as_ptr();
            rec.pool = pool.as_ptr();
            rec.request_config = ffi::ap_create_request_config(pool.as_ptr());
            (rec.notes, rec.headers_out) = (table(self.notes()), table(self.headers_out()));
            (rec.subprocess_env, rec.err_headers_out) = (table(self.subprocess_env()), table(self.err_headers_out()));
            (rec.handler, rec.content_type, rec.content_encoding) = (ptr::null(), ptr::null(), ptr::null());
            rec.content_languages = ptr::null_mut();
            rec.per_dir_config = (*rec.server).lookup_defaults;
            rec.htaccess = ptr::null();
            for known in self.htaccess_results() {
                let absent = pool.zeroed(size_of::<ffi::htaccess_result>()).cast::<ffi::htaccess_result>();
                absent.write(ffi::htaccess_result { htaccess: ptr::null_mut(), next: rec.htaccess, ..*known });
                rec.htaccess = absent.as_ptr();
            }
            // As a subrequest: modules add no filters to it. The walks are then made as of a request of its own, since they
            // would begin with what they found for the one above.
            rec.main = self.as_ptr();
            ffi::ap_run_create_request(to.as_ptr());
            let rec = &mut *to.as_ptr();
            (rec.main, rec.prev) = (ptr::null_mut(), ptr::null_mut());
        }
        // SAFETY: made above; used until the pool dies, by this thread.
        match unsafe { Request::at(to.as_ptr()) } {
            Some(copy) => copy,
            None => std::process::abort(),
        }
    }

    /// Whether what mod_rewrite has noted was said by the server.
    fn server_rewrites(&self) -> bool {
        let Some(rewrite) = Loaded::named(self.server(), b"mod_rewrite.c") else { return true };
        self.htaccess().all(|vector| {
            // SAFETY: vectors of directories, in which the core keeps this record.
            unsafe {
                let has_sections = core::<ffi::core_dir_config>(vector)
                    .is_some_and(|dir| !dir.as_ref().sec_file.is_null() || !dir.as_ref().sec_if.is_null());
                !slot::is_set(vector, rewrite.index()) && !has_sections
            }
        })
    }

    /// Notes that a script chose the handler that the request has now: see [`Request::is_handler_of_script`].
    pub fn note_handler_of_script(&self) {
        self.note_of_script(self.raw().handler);
    }

    /// The same of a `SetHandler` among lines of a script's (`add_config`), if it is another one than before.
    pub(crate) fn note_configured_handler(&self, before: *const ffi::ap_expr_info_t) {
        let now = self.configured_handler();
        if now != before {
            self.note_of_script(now.cast());
        }
    }

    /// `SetHandler` of the directory: an expression, constant or not.
    pub(crate) fn configured_handler(&self) -> *const ffi::ap_expr_info_t {
        // SAFETY: the vector lives; the core keeps this record in those of directories.
        unsafe {
            let dir = core::<ffi::core_dir_config>(self.raw().per_dir_config);
            dir.map_or(ptr::null(), |dir| dir.as_ref().expr_handler.cast_const())
        }
    }

    /// Whether a script chose the handler, and not the configuration: known by its place in memory.
    pub fn is_handler_of_script(&self) -> bool {
        let handler = self.raw().handler;
        let Some(chosen) = self.top().chosen().filter(|_| !handler.is_null()) else { return false };
        if chosen.contains(&handler) {
            return true;
        }
        let configured = self.configured_handler();
        // SAFETY: request and expression live.
        chosen.contains(&configured.cast())
            && unsafe { evaluated(self.as_ptr(), configured) }.as_deref() == self.handler()
    }

    fn top(&self) -> &Request {
        std::iter::successors(Some(self), |r| r.main()).last().unwrap_or(self)
    }

    fn note_of_script(&self, handler: *const c_char) {
        if handler.is_null() {
            return;
        }
        let pool = self.top().pool();
        let list = pool.userdata(CHOSEN).unwrap_or_else(|| {
            let list = pool.keep(Chosen(Vec::new())).cast();
            pool.set_userdata(CHOSEN, Some(list));
            list
        });
        // SAFETY: only this function sets the key, to a list that lives as long as the pool; one thread at a time has it.
        let list = unsafe { &mut list.cast::<Chosen>().as_mut().0 };
        if list.len() < MOST_CHOSEN {
            list.push(handler);
        }
    }

    fn chosen(&self) -> Option<Vec<*const c_char>> {
        // SAFETY: as in `note_of_script`.
        self.pool().userdata(CHOSEN).map(|list| unsafe { list.cast::<Chosen>().as_ref() }.0.clone())
    }
}

const CHOSEN: &CStr = c"mod_interp.handlers_of_scripts";
/// The most choices of a request's scripts that are noted.
const MOST_CHOSEN: usize = 64;

/// Addresses of names and expressions that scripts chose, compared and never followed.
struct Chosen(Vec<*const c_char>);

// SAFETY: addresses only.
unsafe impl Send for Chosen {}

/// Collects the configuration as httpd does for a request with a file; false if it refuses.
fn walk(copy: &Request) -> bool {
    let r = copy.as_ptr();
    // SAFETY: the copy is complete, and lives.
    unsafe {
        ffi::ap_directory_walk(r) == 0
            && ffi::ap_file_walk(r) == 0
            && ffi::ap_location_walk(r) == 0
            && ffi::ap_if_walk(r) == 0
    }
}

/// What type checkers and core's fixup say.
fn handler_of(copy: &Request, blind: &[&ModuleRecord], server_rewrites: bool) -> Option<Vec<u8>> {
    let (r, pool) = (copy.as_ptr(), copy.pool().as_ptr());
    // SAFETY: the copy lives, its vector is one of directories, in which the core keeps this record.
    unsafe {
        let nothing = ffi::ap_create_per_dir_config(pool);
        (*r).per_dir_config = ffi::ap_merge_per_dir_configs(pool, nothing, (*r).per_dir_config);
        for module in blind {
            if let Some(slot) = slot::at((*r).per_dir_config, module) {
                slot.write(ptr::null_mut());
            }
        }
        ffi::ap_run_type_checker(r);
        let dir = core::<ffi::core_dir_config>((*r).per_dir_config)?;
        let dir = dir.as_ref();
        if said(dir.mime_type) {
            (*r).content_type = dir.mime_type;
        }
        if !dir.expr_handler.is_null() {
            if let Some(value) = evaluated(r, dir.expr_handler) {
                (*r).handler = copy.pool().cstr(&value).as_ptr();
            }
        } else if said(dir.handler) {
            (*r).handler = dir.handler;
        }
        if server_rewrites {
            let noted = |name| copy.notes().get(name).filter(|value| !value.is_empty()).map(<[u8]>::to_vec);
            if let Some(forced) = noted(FORCED_TYPE) {
                (*r).content_type = copy.pool().cstr(&forced).as_ptr();
            }
            if let Some(forced) = noted(FORCED_HANDLER) {
                return Some(forced);
            }
        }
        let handler = bytes_at((*r).handler);
        handler.or_else(|| bytes_at((*r).content_type).map(without_parameters)).map(<[u8]>::to_vec)
    }
}

/// What `SetHandler` says; `None` for `none`, and if it cannot be said.
///
/// # Safety
/// Request and expression live.
unsafe fn evaluated(r: *mut ffi::request_rec, handler: *const ffi::ap_expr_info_t) -> Option<Vec<u8>> {
    let mut error = ptr::null();
    // SAFETY: the caller's promise; the text lies in the request's pool.
    let value = unsafe { bytes_at(ffi::ap_expr_str_exec(r, handler, &mut error)) };
    value.filter(|value| error.is_null() && *value != b"none").map(<[u8]>::to_ascii_lowercase)
}

/// # Safety
/// Null or a C string.
unsafe fn said(value: *const c_char) -> bool {
    // SAFETY: the caller's promise.
    unsafe { bytes_at(value) }.is_some_and(|value| value != b"none")
}

/// httpd takes a type for a handler's name where there is none, without what stands behind a semicolon.
fn without_parameters(kind: &[u8]) -> &[u8] {
    kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fake;

    #[test]
    fn a_handler_that_a_script_chose_is_known_by_its_place() {
        let r = Fake::new().request;
        r.set_handler(Some(b"lua-script"));
        assert!(!r.is_handler_of_script());
        r.note_handler_of_script();
        assert!(r.is_handler_of_script());
    }

    #[test]
    fn a_type_names_a_handler_without_its_parameters() {
        assert_eq!(without_parameters(b"lua-script ; charset=utf-8"), b"lua-script");
        assert_eq!(without_parameters(b"text/html"), b"text/html");
    }
}
