//! Running parts of a request by hand: single hooks, the handler, subrequests; and what only authors of such code ask.

use crate::{ConfVector, Connection, Filter, Request, ffi};
use apr::{Finfo, Reenter, SockAddr, Uri, bytes_at, with_cstr};
use std::{ffi::c_int, ptr};

apr::opaque! {
    /// A subrequest that its maker must end: a `request_rec` whose pool is its own.
    pub struct SubRequest(ffi::request_rec);
}

impl SubRequest {
    /// The subrequest as a request.
    pub fn request(&self) -> Option<&Request> {
        // SAFETY: it is one.
        unsafe { Request::at(self.as_ptr()) }
    }

    /// Ends it: its pool dies.
    ///
    /// # Safety
    /// Neither it nor anything in its pool is used afterwards.
    pub unsafe fn end(&self, _cx: Reenter) {
        // SAFETY: the caller's promise.
        unsafe { ffi::ap_destroy_sub_req(self.as_ptr()) }
    }
}

apr::calls! { SubRequest:
    /// Serves it into the request it was looked up from; a status.
    run(cx): c_int = ffi::ap_run_sub_req;
}

/// Hooks. A row `run_fixups: ap_run_fixups;` becomes a method that runs it and returns its status.
macro_rules! hooks {
    ($($(#[$doc:meta])* $run:ident: $hook:ident;)*) => {
        impl Request { $(
            $(#[$doc])*
            pub fn $run(&self, _cx: Reenter) -> c_int {
                // SAFETY: lives.
                unsafe { ffi::$hook(self.as_ptr()) }
            }
        )* }
    };
}

hooks! {
    /// Runs the hook access_checker.
    run_access_checker: ap_run_access_checker;
    /// Runs the hook auth_checker.
    run_auth_checker: ap_run_auth_checker;
    /// Runs the hook check_user_id.
    run_check_user_id: ap_run_check_user_id;
    /// Runs the hook fixups.
    run_fixups: ap_run_fixups;
    /// Runs the hook handler.
    run_handler: ap_run_handler;
    /// Runs the hook header_parser.
    run_header_parser: ap_run_header_parser;
    /// Runs the hook log_transaction.
    run_log_transaction: ap_run_log_transaction;
    /// Runs the hook map_to_storage.
    run_map_to_storage: ap_run_map_to_storage;
    /// Runs the hook post_read_request.
    run_post_read_request: ap_run_post_read_request;
    /// Runs the hook translate_name.
    run_translate_name: ap_run_translate_name;
    /// Runs the hook type_checker.
    run_type_checker: ap_run_type_checker;
    /// Inserts filters and runs the handler, as for a request of its own.
    invoke_handler: ap_invoke_handler;
}

impl Request {
    /// Looks up what `uri` would be served as, without serving it. What it sends goes to `filter`; without one past this
    /// request's own filters.
    pub fn lookup_uri(&self, uri: &[u8], filter: Option<&Filter>, _cx: Reenter) -> Option<&SubRequest> {
        let filter = self.filter_or_proto(filter);
        // SAFETY: all live; httpd copies the text.
        with_cstr(uri, |uri| unsafe { SubRequest::at(ffi::ap_sub_req_lookup_uri(uri.as_ptr(), self.as_ptr(), filter)) })
    }

    /// As [`Request::lookup_uri`], for a file.
    pub fn lookup_file(&self, file: &[u8], filter: Option<&Filter>, _cx: Reenter) -> Option<&SubRequest> {
        let filter = self.filter_or_proto(filter);
        // SAFETY: all live; httpd copies the text.
        with_cstr(file, |file| unsafe {
            SubRequest::at(ffi::ap_sub_req_lookup_file(file.as_ptr(), self.as_ptr(), filter))
        })
    }

    /// As [`Request::lookup_uri`], with another method.
    pub fn lookup_method_uri(
        &self,
        method: &[u8],
        uri: &[u8],
        filter: Option<&Filter>,
        _cx: Reenter,
    ) -> Option<&SubRequest> {
        let (filter, method) = (self.filter_or_proto(filter), self.pool().cstr(method));
        // SAFETY: all live; the method lies in this request's pool, which the subrequest's does not outlive.
        with_cstr(uri, |uri| unsafe {
            SubRequest::at(ffi::ap_sub_req_method_uri(method.as_ptr(), uri.as_ptr(), self.as_ptr(), filter))
        })
    }

    /// As [`Request::lookup_file`], for an entry of this request's directory. `kind` is `AP_SUBREQ_*`; without a filter
    /// nothing can be sent. `None` for an entry without a name.
    pub fn lookup_entry(
        &self,
        entry: &Finfo,
        kind: c_int,
        filter: Option<&Filter>,
        _cx: Reenter,
    ) -> Option<&SubRequest> {
        entry.name()?;
        self.filename()?;
        let filter = filter.map_or(ptr::null_mut(), |f| f.as_ptr());
        // SAFETY: all live; httpd copies what it needs of the entry.
        unsafe { SubRequest::at(ffi::ap_sub_req_lookup_dirent(entry.as_ptr(), self.as_ptr(), kind, filter)) }
    }

    fn filter_or_proto(&self, filter: Option<&Filter>) -> *mut ffi::ap_filter_t {
        filter.or_else(|| self.proto_output_filters()).map_or(ptr::null_mut(), Filter::as_ptr)
    }

    /// Becomes the subrequest, so to say: what that stands for is served here. From now on the subrequest lives as long as
    /// this request, and must not be ended.
    pub fn fast_redirect(&self, sub: &SubRequest, _cx: Reenter) {
        // SAFETY: both live.
        unsafe { ffi::ap_internal_fast_redirect(sub.as_ptr(), self.as_ptr()) }
    }

    /// Sees whether the request is one for a proxy, if nobody has said so, and makes it one.
    pub fn detect_proxy(&self) {
        let uri = self.parsed_uri();
        if self.proxyreq() != 0 || uri.scheme.is_null() {
            return;
        }
        // SAFETY: lives; texts of the URI are C strings or null.
        let is_ours = unsafe {
            let port = if uri.port_str.is_null() { ffi::ap_run_default_port(self.as_ptr()) } else { uri.port };
            bytes_at(uri.scheme) == bytes_at(ffi::ap_run_http_scheme(self.as_ptr()))
                && !uri.hostname.is_null()
                && ffi::ap_matches_request_vhost(self.as_ptr(), uri.hostname, port) != 0
        };
        if !is_ours {
            self.set_proxyreq(ffi::PROXYREQ_PROXY as c_int);
            let uri = self.unparsed_uri().map(<[u8]>::to_vec);
            self.set_uri(uri.as_deref());
            self.set_filename(Some(&[b"modperl-proxy:", uri.as_deref().unwrap_or_default()].concat()));
        }
    }

    /// Ends the process when the request is over. For servers without threads only.
    pub fn terminate_child(&self) {
        // What was registered on the pool before this does not run, as with mod_perl; Perl's cleanup handlers have run.
        let _ = self.pool().on_death(|| std::process::exit(0));
    }

    /// Sends httpd's page for the request's status. `recursive` is a status that came up while that was tried before, or 0.
    pub fn send_error_response(&self, recursive: c_int, _cx: Reenter) {
        self.will_answer(self.status());
        // SAFETY: lives.
        unsafe { ffi::ap_send_error_response(self.as_ptr(), recursive) }
    }

    /// Adds to the methods that the `Allow` header names, or begins them anew.
    pub fn allow_methods<'m>(&self, reset: bool, methods: impl Iterator<Item = &'m [u8]>) {
        // SAFETY: lives; httpd made the list with the request.
        unsafe {
            let list = (*self.as_ptr()).allowed_methods;
            if reset {
                ffi::ap_clear_method_list(list);
            }
            for method in methods {
                ffi::ap_method_list_add(list, self.pool().cstr(method).as_ptr());
            }
        }
    }

    /// An entity tag for the file.
    pub fn make_etag(&self, force_weak: bool) -> Option<&[u8]> {
        // SAFETY: lives; the text lies in its pool.
        unsafe { bytes_at(ffi::ap_make_etag(self.as_ptr(), c_int::from(force_weak))) }
    }

    /// What `ServerSignature` asks for, after a prefix.
    pub fn signature(&self, prefix: &[u8]) -> Option<&[u8]> {
        let prefix = self.pool().cstr(prefix);
        // SAFETY: lives; the text lies in its pool.
        unsafe { bytes_at(ffi::ap_psignature(prefix.as_ptr(), self.as_ptr())) }
    }

    /// Host and, unless it is the usual one, port, for links.
    pub fn construct_server(&self, host: &[u8], port: u16) -> Option<&[u8]> {
        let (pool, host) = (self.pool(), self.pool().cstr(host));
        // SAFETY: all live; the text lies in the pool.
        unsafe { bytes_at(ffi::ap_construct_server(pool.as_ptr(), host.as_ptr(), port, self.as_ptr())) }
    }

    /// The URI in parts: a copy, which its user may change.
    pub fn uri_parts(&self) -> &Uri {
        // SAFETY: lives; the texts lie in its pool.
        unsafe { Uri::copy_of(&(*self.as_ptr()).parsed_uri, (*self.as_ptr()).path_info, self.pool()) }
    }

    /// What httpd knows of the file, in place.
    pub fn file_info(&self) -> Option<&Finfo> {
        // SAFETY: a part of the request, which lives.
        unsafe { Finfo::at(&raw mut (*self.as_ptr()).finfo) }
    }

    /// Whether `Options ExecCGI` is on here.
    pub fn allows_scripts(&self) -> bool {
        self.allow_options() & ffi::OPT_EXECCGI as c_int != 0
    }

    /// Takes another file's; what it points to must live as long as the request, so texts are copied.
    pub fn set_file_info(&self, info: &Finfo) {
        let copy = |text: Option<&[u8]>| text.map_or(ptr::null(), |t| self.pool().cstr(t).as_ptr().cast_const());
        // SAFETY: both live; the copies lie in the request's pool.
        unsafe {
            let mut new = *info.as_ptr();
            new.valid = info.valid() as _;
            (new.fname, new.name, new.pool) = (copy(info.path()), copy(info.name()), self.pool().as_ptr());
            (*self.as_ptr()).finfo = new;
        }
    }

    /// Sets [`Request::uri`], [`Request::args`] and the URI's parts from a text.
    pub fn parse_uri(&self, uri: &[u8]) {
        // SAFETY: lives; the copy lies in its pool.
        unsafe { ffi::ap_parse_uri(self.as_ptr(), self.pool().cstr(uri).as_ptr()) }
    }

    /// The client's name, or address, as `how` (`REMOTE_*`) says and HostnameLookups here allows.
    pub fn remote_host(&self, how: c_int, _cx: Reenter) -> Option<&[u8]> {
        // SAFETY: connection and configuration live; the text lies in the connection's pool.
        unsafe {
            let r = self.as_ptr();
            bytes_at(ffi::ap_get_remote_host((*r).connection, (*r).per_dir_config.cast(), how, ptr::null_mut()))
        }
    }
}

apr::lends! { Request:
    /// Address of the client; behind a proxy that of its client (mod_remoteip).
    useragent_addr: SockAddr = useragent_addr;
}

apr::calls! { Request:
    /// `Options` here, as bits.
    allow_options(): c_int = ffi::ap_allow_options;
    /// `AllowOverride` here, as bits.
    allow_overrides(): c_int = ffi::ap_allow_overrides;
    /// `Satisfy` here: `SATISFY_*`.
    satisfies(): c_int = ffi::ap_satisfies;
    /// The name that the client's identd gave.
    remote_logname(cx): text = ffi::ap_get_remote_logname;
}

impl Connection {
    /// The client's name, or address, as `how` (`REMOTE_*`) says; HostnameLookups is that of `dir`, else off.
    pub fn look_up_remote_host(&self, how: c_int, dir: Option<&ConfVector>, _cx: Reenter) -> Option<&[u8]> {
        let dir = dir.map_or(ptr::null_mut(), |d| d.as_ptr().cast());
        // SAFETY: all live; the text lies in the connection's pool.
        unsafe { bytes_at(ffi::ap_get_remote_host(self.as_ptr(), dir, how, ptr::null_mut())) }
    }
}

apr::lends! { Connection:
    /// Address of the client.
    client_addr: SockAddr = client_addr;
    /// Our own address.
    local_addr: SockAddr = local_addr;
}
