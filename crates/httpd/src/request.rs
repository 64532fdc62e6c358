//! `request_rec`: what is asked, what is answered.
//!
//! Getters lend what lies in the request's pool. A setter puts the new value beside the old one, so that what was lent
//! before stays readable. Whatever runs a part of a request takes [`Reenter`]: filters, hooks and cleanups of scripts can
//! run in it. The body of the request is read in `body.rs`, the answer sent in `answer.rs`.

use crate::{
    Connection, ModuleRecord, Server, ffi,
    server::pool,
    slot,
    status::{HTTP_BAD_REQUEST, HTTP_MULTIPLE_CHOICES, OK},
};
use apr::{Pool, Reenter, Status, Table, bytes_at, with_cstr};
use std::{
    ffi::{CStr, c_char, c_int},
    ptr,
};

apr::opaque! {
    /// A `request_rec`. What it lends lives as long as the borrow of it, which is the call that httpd made with it.
    ///
    /// It cannot be kept beyond that call:
    /// ```compile_fail
    /// # use httpd::Request;
    /// static KEPT: std::sync::Mutex<Option<&'static Request>> = std::sync::Mutex::new(None);
    /// fn handler(r: &Request) {
    ///     *KEPT.lock().unwrap() = Some(r);
    /// }
    /// ```
    /// not by a closure either that runs when some pool dies,
    /// ```compile_fail,E0277
    /// # use httpd::Request;
    /// fn handler(r: &'static Request, pool: &apr::Pool) {
    ///     let _ = pool.on_death(move || r.set_status(500));
    /// }
    /// ```
    /// unless it is the request's own,
    /// ```
    /// # use httpd::Request;
    /// fn handler(r: &Request) {
    ///     let _ = r.on_death(|r| r.set_status(500));
    /// }
    /// ```
    /// nor go to another thread:
    /// ```compile_fail,E0277
    /// # use httpd::Request;
    /// fn handler(r: &Request) {
    ///     std::thread::scope(|threads| {
    ///         threads.spawn(|| r.status());
    ///     });
    /// }
    /// ```
    /// What it lent goes with it:
    /// ```compile_fail,E0521
    /// # use httpd::Request;
    /// fn handler(r: &Request) -> &'static [u8] {
    ///     r.uri().unwrap_or_default()
    /// }
    /// ```
    pub struct Request(ffi::request_rec);
}

/// Text fields. One row,
///
/// ```text
/// /// Path part of the URI.
/// uri, set_uri: uri;
/// ```
///
/// becomes `fn uri(&self) -> Option<&[u8]>`, which lends the field (`None`: null), and
/// `fn set_uri(&self, value: Option<&[u8]>)`, which points it to a copy in the request's pool.
macro_rules! texts {
    ($($(#[$doc:meta])* $get:ident $(, $set:ident)?: $field:ident;)*) => {
        impl Request { $(
            $(#[$doc])*
            pub fn $get(&self) -> Option<&[u8]> {
                // SAFETY: null or a C string that lies in the request's pool or is static.
                unsafe { bytes_at(self.raw().$field) }
            }
            $(
                #[doc = concat!("Sets [`Request::", stringify!($get), "`] to a copy; `None`: null.")]
                pub fn $set(&self, value: Option<&[u8]>) {
                    let value = value.map_or(ptr::null_mut(), |v| self.pool().cstr(v).as_ptr());
                    // SAFETY: lives; the copy lies in its pool.
                    unsafe { (*self.as_ptr()).$field = value };
                }
            )?
        )* }
    };
}

texts! {
    /// Path part of the URI, decoded.
    uri, set_uri: uri;
    /// The URI as it was sent.
    unparsed_uri, set_unparsed_uri: unparsed_uri;
    /// The file it stands for.
    filename, set_filename: filename;
    /// The file's name after httpd made it canonical.
    canonical_filename, set_canonical_filename: canonical_filename;
    /// What follows the file in the URI.
    path_info, set_path_info: path_info;
    /// The query string.
    args, set_args: args;
    /// The first line of the request.
    the_request, set_the_request: the_request;
    /// Name of the method.
    method, set_method: method;
    /// `HTTP/1.1` and the like.
    protocol, set_protocol: protocol;
    /// The host asked for.
    hostname, set_hostname: hostname;
    /// The status line of the answer, if it is not httpd's own for the status.
    status_line, set_status_line: status_line;
    /// Type of the answer. Set it with [`Request::set_content_type`].
    content_type: content_type;
    /// The handler that makes the answer (`SetHandler`).
    handler, set_handler: handler;
    /// Encoding of the answer.
    content_encoding, set_content_encoding: content_encoding;
    /// The name of an authenticated user.
    user, set_user: user;
    /// How they were authenticated.
    ap_auth_type, set_ap_auth_type: ap_auth_type;
    /// The `Range` header, once looked at.
    range: range;
    /// Address of the client, as text; behind a proxy that of its client (mod_remoteip).
    useragent_ip, set_useragent_ip: useragent_ip;
    /// What the error log calls the request, if it was logged already.
    log_id: log_id;
}

/// Numbers. A row `status, set_status: status as c_int;` becomes a getter and a setter of that type.
macro_rules! numbers {
    ($($(#[$doc:meta])* $get:ident $(, $set:ident)?: $field:ident as $type:ty;)*) => {
        impl Request { $(
            $(#[$doc])*
            pub fn $get(&self) -> $type {
                self.raw().$field
            }
            $(
                #[doc = concat!("Sets [`Request::", stringify!($get), "`].")]
                pub fn $set(&self, value: $type) {
                    // SAFETY: lives.
                    unsafe { (*self.as_ptr()).$field = value };
                }
            )?
        )* }
    };
}

numbers! {
    /// Status of the answer.
    status, set_status: status as c_int;
    /// Number of the method (`M_GET` is 0; HEAD is GET with [`Request::is_header_only`]).
    method_number, set_method_number: method_number as c_int;
    /// The protocol as a number: 1001 for HTTP/1.1.
    proto_num, set_proto_num: proto_num as c_int;
    /// `PROXYREQ_*`: 0 if it is for this server.
    proxyreq, set_proxyreq: proxyreq as c_int;
    /// Not 0 for HTTP/0.9 and where no headers are to be sent.
    assbackwards, set_assbackwards: assbackwards as c_int;
    /// Not 0 if the answer must not be cached.
    no_cache, set_no_cache: no_cache as c_int;
    /// Not 0 if `If-Modified-Since` and its kin do not count.
    no_local_copy, set_no_local_copy: no_local_copy as c_int;
    /// Methods allowed, as bits.
    allowed, set_allowed: allowed as i64;
    /// Bytes of body sent so far.
    bytes_sent: bytes_sent as i64;
    /// Length of the answer, if it is known.
    clength: clength as i64;
    /// When it came, microseconds since 1970.
    request_time, set_request_time: request_time as i64;
    /// When what it stands for was last changed, microseconds since 1970.
    mtime, set_mtime: mtime as i64;
    /// `AP_REQ_*_PATH_INFO`: whether path info is an error.
    used_path_info, set_used_path_info: used_path_info as c_int;
    /// Not 0 once an end of stream was sent.
    eos_sent: eos_sent as c_int;
    /// `REQUEST_*`: how bodies are read, as given to [`Request::setup_client_block`].
    read_body: read_body as c_int;
    /// Not 0 if the body of the request comes in chunks.
    read_chunked: read_chunked as c_int;
}

/// Tables. A row becomes a getter and a setter; a table that could die before the request is copied.
macro_rules! tables {
    ($($(#[$doc:meta])* $get:ident, $set:ident;)*) => {
        impl Request { $(
            $(#[$doc])*
            pub fn $get(&self) -> &Table {
                // SAFETY: httpd makes all of a request's tables before anyone sees it; they die with it.
                match unsafe { Table::at(self.raw().$get) } {
                    Some(table) => table,
                    None => std::process::abort(),
                }
            }
            #[doc = concat!("Replaces [`Request::", stringify!($get), "`].")]
            pub fn $set(&self, table: &Table) {
                let table = if table.pool().is_ancestor(self.pool()) { table } else { table.copy(self.pool()) };
                // SAFETY: lives; the table lives as long.
                unsafe { (*self.as_ptr()).$get = table.as_ptr() };
            }
        )* }
    };
}

tables! {
    /// Headers of the request.
    headers_in, set_headers_in;
    /// Headers of the answer.
    headers_out, set_headers_out;
    /// Headers that are sent with an error and after an internal redirect too.
    err_headers_out, set_err_headers_out;
    /// Environment for CGI and its kin.
    subprocess_env, set_subprocess_env;
    /// Notes from module to module.
    notes, set_notes;
}

impl Request {
    #[inline]
    pub(crate) fn raw(&self) -> &ffi::request_rec {
        // SAFETY: lives as long as it is borrowed; nobody keeps this over a change of the record.
        unsafe { &*self.as_ptr() }
    }

    /// The pool that dies with it.
    pub fn pool(&self) -> &Pool {
        pool(self, self.raw().pool)
    }

    /// The connection it came on.
    pub fn connection(&self) -> &Connection {
        // SAFETY: every request has one, which lives longer.
        match unsafe { Connection::at(self.raw().connection) } {
            Some(connection) => connection,
            None => std::process::abort(),
        }
    }

    /// The server it is for.
    pub fn server(&self) -> &Server {
        // SAFETY: every request has one, which lives longer.
        match unsafe { Server::at(self.raw().server) } {
            Some(server) => server,
            None => std::process::abort(),
        }
    }

    /// Whether only headers are asked for.
    pub fn is_header_only(&self) -> bool {
        self.raw().header_only != 0
    }

    /// Whether httpd is about to make another protocol of the connection, as this request asks (`Upgrade`): what its own first handler
    /// looks at.
    pub fn will_upgrade(&self) -> bool {
        let Some(upgrade) = self.headers_in().get(b"Upgrade") else { return false };
        let Some(connection) = self.headers_in().get(b"Connection") else { return false };
        let (c, pool) = (self.connection(), self.pool());
        if upgrade.is_empty() || c.master().is_some() {
            return false;
        }
        let (upgrade, connection) = (pool.cstr(upgrade), pool.cstr(connection));
        let mut offers = ptr::null_mut();
        // SAFETY: all live; the texts and the list lie in the request's pool. httpd asks its modules, which look at the request only.
        unsafe {
            if ffi::ap_find_token(pool.as_ptr(), connection.as_ptr(), c"upgrade".as_ptr()) == 0
                || !ffi::ap_parse_token_list_strict(pool.as_ptr(), upgrade.as_ptr(), &mut offers, 0).is_null()
                || offers.is_null()
            {
                return false;
            }
            let chosen = ffi::ap_select_protocol(c.as_ptr(), self.as_ptr(), ptr::null_mut(), offers);
            !chosen.is_null() && CStr::from_ptr(chosen) != CStr::from_ptr(ffi::ap_get_protocol(c.as_ptr()))
        }
    }

    /// Sets the type of the answer; `None`: there is none.
    pub fn set_content_type(&self, value: Option<&[u8]>) {
        let value = value.map_or(ptr::null(), |v| self.pool().cstr(v).as_ptr().cast_const());
        // SAFETY: lives; the copy lies in its pool.
        unsafe { ffi::ap_set_content_type(self.as_ptr(), value) };
    }

    /// Languages of the answer.
    pub fn content_languages(&self) -> Vec<&[u8]> {
        // SAFETY: null or an array of C strings that lie in the request's pool.
        unsafe {
            let Some(array) = self.raw().content_languages.as_ref() else { return Vec::new() };
            let first = array.elts.cast::<*const c_char>();
            let count = usize::try_from(array.nelts).unwrap_or(0);
            (0..count).filter_map(|i| bytes_at(first.add(i).read())).collect()
        }
    }

    /// Sets the languages of the answer.
    pub fn set_content_languages(&self, languages: &[&[u8]]) {
        let pool = self.pool();
        let size = size_of::<*const c_char>() as c_int;
        let count = c_int::try_from(languages.len()).unwrap_or(c_int::MAX);
        // SAFETY: array and texts lie in the request's pool.
        unsafe {
            let array = apr::ffi::apr_array_make(pool.as_ptr(), count, size);
            for language in languages {
                apr::ffi::apr_array_push(array).cast::<*const c_char>().write(pool.cstr(language).as_ptr());
            }
            (*self.as_ptr()).content_languages = array;
        }
    }

    /// What httpd knows of the file; `filetype` is 0 if there is none.
    pub fn finfo(&self) -> &apr::ffi::apr_finfo_t {
        &self.raw().finfo
    }

    /// The URI in parts.
    pub fn parsed_uri(&self) -> &apr::ffi::apr_uri_t {
        &self.raw().parsed_uri
    }

    pub(crate) fn log_conf(&self) -> &ffi::ap_logconf {
        // SAFETY: each is null or lives as long as its owner.
        unsafe {
            let own = self.raw().log.as_ref();
            match own.or_else(|| (*self.raw().connection).log.as_ref()) {
                Some(log) => log,
                None => &(*self.raw().server).log,
            }
        }
    }

    /// Whether its handler's name begins with one of these letters, see [`config::content::first_letters`]: asked of each
    /// request.
    #[inline(always)]
    pub fn handler_begins_with(&self, letters: u32) -> bool {
        let at = self.raw().handler.cast::<u8>();
        // SAFETY: null or a C string.
        !at.is_null() && letters.checked_shr(unsafe { at.read() }.wrapping_sub(b'a').into()).unwrap_or(0) & 1 != 0
    }

    /// The byte behind this beginning of its file's name, 0 at the end; `None` if it begins otherwise.
    #[inline]
    pub fn filename_behind(&self, beginning: &CStr) -> Option<u8> {
        let mut at = self.raw().filename.cast::<u8>().cast_const();
        if at.is_null() {
            return None;
        }
        // SAFETY: a C string, which is left at its NUL at the latest: the beginning has none.
        unsafe {
            for byte in beginning.to_bytes() {
                if at.read() != *byte {
                    return None;
                }
                at = at.add(1);
            }
            Some(at.read())
        }
    }

    /// The content handler of a language that it is to be answered by (`SetHandler`).
    #[inline]
    pub fn content_handler(&self, language: config::Language) -> Option<&'static config::ContentRow> {
        config::content_handlers(language).find(|row| self.has_handler(row.name))
    }

    /// Whether that is its handler (`SetHandler`).
    #[inline]
    pub fn has_handler(&self, name: &CStr) -> bool {
        let at = self.raw().handler.cast::<u8>();
        let mut name = name.to_bytes_with_nul().iter().enumerate();
        // SAFETY: null or a C string, which is read up to the first difference, its NUL at the latest.
        !at.is_null() && name.all(|(i, byte)| unsafe { at.add(i).read() } == *byte)
    }

    /// Sets [`Request::handler`] to a name that needs no copy.
    pub fn set_handler_to(&self, name: &'static CStr) {
        // SAFETY: lives; httpd reads the name only.
        unsafe { (*self.as_ptr()).handler = name.as_ptr() };
    }

    /// Whether a module has a record of the request's directory.
    pub fn is_configured(&self, module: &ModuleRecord) -> bool {
        // SAFETY: the vector is httpd's.
        unsafe { slot::get::<u8>(self.raw().per_dir_config, module) }.is_some()
    }

    // Environment.

    // Elsewhere.

    /// Serves another URI in this one's place.
    pub fn internal_redirect(&self, uri: &[u8], _cx: Reenter) {
        let uri = self.pool().cstr(uri);
        // SAFETY: lives; the copy lies in its pool.
        unsafe { ffi::ap_internal_redirect(uri.as_ptr(), self.as_ptr()) }
    }

    /// As [`Request::internal_redirect`], and keeps the handler.
    pub fn internal_redirect_handler(&self, uri: &[u8], _cx: Reenter) {
        let uri = self.pool().cstr(uri);
        // SAFETY: lives; the copy lies in its pool.
        unsafe { ffi::ap_internal_redirect_handler(uri.as_ptr(), self.as_ptr()) }
    }

    /// To be called before httpd is given a status to answer with. Its page for a redirect names the address, and without
    /// headers (HTTP/0.9, `assbackwards`) it takes for granted that there is one.
    #[cold]
    pub fn will_answer(&self, status: c_int) {
        let headers = [self.headers_out(), self.err_headers_out()];
        let is_redirect = (HTTP_MULTIPLE_CHOICES..HTTP_BAD_REQUEST).contains(&status);
        if is_redirect && self.assbackwards() != 0 && headers.iter().all(|table| table.get(b"Location").is_none()) {
            headers[0].set(b"Location", b"");
        }
    }

    /// Ends the request with a status, as if a phase had returned it.
    pub fn die(&self, status: c_int, _cx: Reenter) {
        self.will_answer(status);
        // SAFETY: lives.
        unsafe { ffi::ap_die(status, self.as_ptr()) }
    }

    /// A URI with scheme, host and port before it.
    pub fn construct_url(&self, uri: &[u8]) -> Option<&[u8]> {
        let pool = self.pool();
        // SAFETY: lives; text for the call; the result lies in its pool.
        with_cstr(uri, |uri| unsafe { bytes_at(ffi::ap_construct_url(pool.as_ptr(), uri.as_ptr(), self.as_ptr())) })
    }

    /// `OK` and the password of Basic authentication, or a status.
    pub fn basic_auth_pw(&self) -> (c_int, Option<&[u8]>) {
        let mut password = ptr::null();
        // SAFETY: lives; httpd sets the pointer if it returns OK; the text lies in its pool.
        unsafe {
            let status = ffi::ap_get_basic_auth_pw(self.as_ptr(), &mut password);
            (status, if status == OK { bytes_at(password) } else { None })
        }
    }

    /// A request that no client sent, for whoever speaks another protocol on a connection: a GET of `/`, in a pool of its
    /// own below `pool`. Modules see it made (`create_request`).
    ///
    /// # Errors
    /// What APR says, out of memory.
    pub fn made_up<'p>(c: &Connection, pool: &'p Pool, _cx: Reenter) -> Result<&'p Request, Status> {
        let p = pool.create()?;
        let r = p.zeroed(size_of::<ffi::request_rec>()).cast::<ffi::request_rec>();
        let table = || Table::new(p, 1).as_ptr();
        let text = |text: &[u8]| p.cstr(text).as_ptr();
        // SAFETY: zero is a value of this plain record; what it points to lies in its pool or lives longer.
        unsafe {
            let server = (*c.as_ptr()).base_server;
            let rec = &mut *r.as_ptr();
            (rec.pool, rec.connection, rec.server) = (p.as_ptr(), c.as_ptr(), server);
            rec.request_time = apr::ffi::apr_time_now();
            rec.allowed_methods = ffi::ap_make_method_list(p.as_ptr(), 1);
            (rec.headers_in, rec.headers_out, rec.err_headers_out) = (table(), table(), table());
            (rec.subprocess_env, rec.notes) = (table(), table());
            (rec.trailers_in, rec.trailers_out) = (table(), table());
            rec.request_config = ffi::ap_create_request_config(p.as_ptr());
            (rec.proto_output_filters, rec.output_filters) =
                ((*c.as_ptr()).output_filters, (*c.as_ptr()).output_filters);
            (rec.proto_input_filters, rec.input_filters) = ((*c.as_ptr()).input_filters, (*c.as_ptr()).input_filters);
            (rec.useragent_addr, rec.useragent_ip) = ((*c.as_ptr()).client_addr, (*c.as_ptr()).client_ip);
            ffi::ap_run_create_request(r.as_ptr());
            let rec = &mut *r.as_ptr();
            rec.per_dir_config = (*server).lookup_defaults;
            (rec.status, rec.read_body, rec.method_number) = (200, ffi::REQUEST_NO_BODY as c_int, ffi::M_GET as c_int);
            (rec.the_request, rec.protocol) = (text(b"UNKNOWN"), text(b"UNKNOWN"));
            (rec.method, rec.uri, rec.unparsed_uri) = (text(b"GET"), text(b"/"), text(b"/"));
            rec.hostname = (*server).server_hostname;
            rec.filename = ffi::ap_server_root_relative(p.as_ptr(), rec.uri);
            rec.assbackwards = 1;
        }
        // SAFETY: lives in its pool, below `pool`.
        Ok(unsafe { r.cast::<Request>().as_ref() })
    }
}

apr::lends! { Request:
    /// The request that this one is a subrequest of.
    main: Request = main;
    /// The request that was redirected to this one.
    prev: Request = prev;
    /// The request that this one was redirected to.
    next: Request = next;
}

apr::calls! { Request:
    /// Whether it came from the client: neither a subrequest nor an internal redirect (`ap_is_initial_req`).
    is_initial(): bool = ffi::ap_is_initial_req;
    /// Fills [`Request::subprocess_env`] with what CGI and SSI share.
    add_common_vars(): nothing = ffi::ap_add_common_vars;
    /// Fills [`Request::subprocess_env`] with the rest of CGI's. Can look the path info up: a subrequest.
    add_cgi_vars(cx): nothing = ffi::ap_add_cgi_vars;
    /// The port to use for this server in links.
    server_port(): u16 = ffi::ap_get_server_port;
    /// Whether a `Require` line asks for a user.
    some_auth_required(): bool = ffi::ap_some_auth_required;
    /// Asks the client for Basic authentication, whatever `AuthType` says.
    note_basic_auth_failure(cx): nothing = ffi::ap_note_basic_auth_failure;
    /// Asks the client for Digest authentication, whatever `AuthType` says.
    note_digest_auth_failure(cx): nothing = ffi::ap_note_digest_auth_failure;
    /// Asks the client to authenticate, in the header that fits `AuthType`.
    note_auth_failure(cx): nothing = ffi::ap_note_auth_failure;
    /// The name to use for this server in links.
    server_name(): text = ffi::ap_get_server_name;
    /// `DocumentRoot`.
    document_root(): text = ffi::ap_document_root;
    /// `AuthName`.
    auth_name(): text = ffi::ap_auth_name;
    /// `AuthType`.
    auth_type(): text = ffi::ap_auth_type;
}

/// The number of a method's name; `M_INVALID` (26) if it has none.
pub fn method_number_of(name: &[u8]) -> c_int {
    // SAFETY: a C string for the call.
    with_cstr(name, |name| unsafe { ffi::ap_method_number_of(name.as_ptr()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, NullHost};
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    #[test]
    fn a_text_lent_before_it_is_set_anew_stays_readable() {
        let r = Fake::new().request;
        assert_eq!(r.uri(), None);
        r.set_uri(Some(b"/old\0cut"));
        let old = r.uri();
        r.set_uri(Some(b"/new"));
        assert_eq!((old, r.uri()), (Some(&b"/old"[..]), Some(&b"/new"[..])));
        r.set_uri(None);
        assert_eq!(r.uri(), None);
    }

    #[test]
    fn numbers_and_languages_read_back() {
        let r = Fake::new().request;
        r.set_status(404);
        r.set_mtime(1 << 50);
        assert_eq!((r.status(), r.mtime()), (404, 1 << 50));
        assert!(r.content_languages().is_empty());
        r.set_content_languages(&[b"de", b"en"]);
        assert_eq!(r.content_languages(), [b"de", b"en"]);
    }

    #[test]
    fn a_table_from_a_shorter_life_is_copied_when_set() {
        let r = Fake::new().request;
        let sub = r.pool().create().unwrap();
        let table = Table::new(sub, 1);
        table.set(b"A", b"1");
        r.set_headers_out(table);
        assert_ne!(r.headers_out(), table);
        let same = Table::new(r.connection().pool(), 1);
        r.set_headers_out(same);
        assert_eq!(r.headers_out(), same);
        // SAFETY: nothing of it is used afterwards; no script runs.
        unsafe { sub.destroy(Reenter::assume()) };
    }

    #[test]
    fn state_is_set_once_and_gone_for_older_cleanups() {
        let r = Fake::new().request;
        assert!(r.state::<NullHost>().is_none());
        let saw_none = Arc::new(AtomicBool::new(false));
        let saw = saw_none.clone();
        let _ = r.on_death(move |r| saw.store(r.state::<NullHost>().is_none(), Ordering::Relaxed));
        assert_eq!(r.set_state::<NullHost>(|| "first".into()).unwrap(), "first");
        assert_eq!(r.set_state::<NullHost>(|| "second".into()).unwrap(), "first");
        // SAFETY: the request's own fields lie in another pool here; no script runs.
        unsafe { r.pool().clear(Reenter::assume()) };
        assert!(saw_none.load(Ordering::Relaxed));
        assert!(r.state::<NullHost>().is_none());
    }
}
