//! `ap_filter_t`: one filter in the chain of a request or connection.

use crate::{Connection, Request, ffi, status::HTTP_BAD_GATEWAY};
use apr::{Brigade, BucketKind, Reenter, Status};
use std::{cell::Cell, ffi::c_int, ptr};

thread_local! {
    /// See [`Filter::brought`]. No destructor: one in the main thread would keep the library mapped.
    static BROUGHT: Cell<u64> = const { Cell::new(0) };
}

apr::opaque! {
    /// An `ap_filter_t`. Lives as long as the request or connection it was added to.
    ///
    /// It cannot be kept beyond that:
    /// ```compile_fail
    /// # use httpd::Filter;
    /// static KEPT: std::sync::Mutex<Option<&'static Filter>> = std::sync::Mutex::new(None);
    /// fn filter(f: &Filter) {
    ///     *KEPT.lock().unwrap() = f.next();
    /// }
    /// ```
    pub struct Filter(ffi::ap_filter_t);
}

apr::opaque! {
    /// An `ap_filter_rec_t`: a kind of filter, registered for the life of the configuration.
    pub struct FilterRec(ffi::ap_filter_rec_t);
}

impl FilterRec {
    fn raw(&self) -> &ffi::ap_filter_rec_t {
        // SAFETY: lives as long as the configuration; nobody changes it after start-up.
        unsafe { &*self.as_ptr() }
    }
}

apr::lends! { FilterRec:
    /// The next filter that a filter harness (mod_filter) chooses from.
    next: FilterRec = next;
    /// The name it was registered under, in lower case.
    name: text = name;
}

impl Filter {
    /// Gives it to another request; false if that could die before the one it belongs to.
    #[must_use]
    pub fn set_request(&self, r: &Request) -> bool {
        let fits = self.request().is_none_or(|old| r.pool().is_ancestor(old.pool()));
        if fits {
            // SAFETY: both live, the request at least as long.
            unsafe { (*self.as_ptr()).r = r.as_ptr() };
        }
        fits
    }

    /// Gives it to another connection; false if that could die before the one it belongs to.
    #[must_use]
    pub fn set_connection(&self, c: &Connection) -> bool {
        let fits = self.connection().is_none_or(|old| c.pool().is_ancestor(old.pool()));
        if fits {
            // SAFETY: both live, the connection at least as long.
            unsafe { (*self.as_ptr()).c = c.as_ptr() };
        }
        fits
    }

    /// Whether it works on the answer's content, as DEFLATE does: not on the protocol or the connection.
    pub fn is_of_content(&self) -> bool {
        self.kind().is_some_and(|kind| kind.raw().ftype < ffi::AP_FTYPE_PROTOCOL)
    }

    /// Puts another behind it; false if that one could die before this.
    #[must_use]
    pub fn set_next(&self, next: &Filter) -> bool {
        let fits = self.lives_no_longer_than(next);
        if fits {
            // SAFETY: both live, the next at least as long.
            unsafe { (*self.as_ptr()).next = next.as_ptr() };
        }
        fits
    }

    fn lives_no_longer_than(&self, other: &Filter) -> bool {
        match (self.request(), other.request()) {
            (_, None) => true,
            (Some(mine), Some(theirs)) => theirs.pool().is_ancestor(mine.pool()),
            (None, Some(_)) => false,
        }
    }

    /// Whether it lives at least as long as a request.
    fn outlives(&self, r: &Request) -> bool {
        self.request().is_none_or(|own| own.pool().is_ancestor(r.pool()))
    }

    /// Whether it stands in the chain that begins here.
    pub fn is_in(&self, first: Option<&Filter>) -> bool {
        std::iter::successors(first, |f| f.next()).any(|f| f == self)
    }

    /// Asks this filter for data. `mode` is `AP_MODE_*`, `block` `APR_BLOCK_READ` or `APR_NONBLOCK_READ`.
    ///
    /// # Errors
    /// What the filters say.
    pub fn get_brigade(
        &self,
        brigade: &Brigade,
        mode: c_int,
        block: c_int,
        bytes: i64,
        _cx: Reenter,
    ) -> Result<(), Status> {
        // SAFETY: both live.
        let status = unsafe {
            ffi::ap_get_brigade(self.as_ptr(), brigade.as_ptr(), mode as ffi::ap_input_mode_t, block as u32, bytes)
        };
        if status == 0 && brigade.last().is_none_or(|last| last.kind() != BucketKind::Eos) {
            BROUGHT.set(BROUGHT.get() + 1);
        }
        Status(status).ok()
    }

    /// How often [`Filter::get_brigade`] was answered on this thread otherwise than with the end. Who compares two of these numbers
    /// knows whether a filter was asked in between that may have more.
    pub fn brought() -> u64 {
        BROUGHT.get()
    }

    /// Hands data to this filter.
    ///
    /// # Errors
    /// What the filters say.
    pub fn pass_brigade(&self, brigade: &Brigade, _cx: Reenter) -> Result<(), Status> {
        // SAFETY: both live.
        Status(unsafe { ffi::ap_pass_brigade(self.as_ptr(), brigade.as_ptr()) }).ok()
    }

    /// Hands data to this filter, and has it passed on at once.
    ///
    /// # Errors
    /// What the filters say.
    pub fn flush(&self, brigade: &Brigade, cx: Reenter) -> Result<(), Status> {
        brigade.insert_tail(apr::Bucket::flush(brigade.bucket_alloc()));
        self.pass_brigade(brigade, cx)
    }

    /// Answers a request, of whose output this filter is one, with the page of an error; if the answer is under way the connection
    /// breaks off. What the filter is to return: `AP_FILTER_ERROR`.
    ///
    /// httpd's own way, an error bucket down the chain, would lose the headers that are for errors: its filter for headers has put them
    /// among the answer's by then, which an error's page does not have. An answer that is under way gets what a proxy says whose server
    /// has broken off: no end of chunks is sent, and a stream of HTTP/2 is reset.
    pub fn fail(&self, r: &Request, status: c_int, cx: Reenter) -> c_int {
        if self.can_answer(r) {
            r.die(status, cx);
            // Who made the answer may take the connection for lost now, as a proxy does: the page goes out before.
            if let (Some(alloc), Some(first)) = (r.connection().bucket_alloc(), r.connection().output_filters()) {
                let _ = first.flush(&Brigade::new(r.pool(), alloc), cx);
            }
            return ffi::AP_FILTER_ERROR;
        }
        if let (Some(alloc), Some(next)) = (r.connection().bucket_alloc(), self.next()) {
            let brigade = Brigade::new(r.pool(), alloc);
            // SAFETY: pool and allocator live, and no text is given; the new bucket is in no brigade yet.
            let error = unsafe {
                let (text, pool) = (ptr::null(), r.pool().as_ptr());
                apr::Bucket::from_ptr(ffi::ap_bucket_error_create(HTTP_BAD_GATEWAY, text, pool, alloc.as_ptr()))
            };
            if let Some(error) = error {
                brigade.insert_tail(error);
            }
            let _ = next.pass_brigade(&brigade, cx);
        }
        r.connection().abort();
        ffi::AP_FILTER_ERROR
    }

    /// Whether nothing of the request's answer was sent yet, so that the page of an error can take its place.
    pub fn can_answer(&self, r: &Request) -> bool {
        // A proxy takes the answer for sent before it sends anything; httpd's filter of headers leaves when it does so.
        r.raw().sent_bodyct == 0 || self.is_before(b"http_header")
    }

    /// Whether a filter of that kind stands behind it.
    fn is_before(&self, name: &[u8]) -> bool {
        std::iter::successors(self.next(), |f| f.next()).any(|f| f.kind().and_then(|kind| kind.name()) == Some(name))
    }

    /// Whether a chain can do without it: not httpd's own filters of a connection, through which all its requests go. mod_reqtimeout's,
    /// which is made to be removed, is none of these.
    pub fn is_removable(&self) -> bool {
        let Some(kind) = self.kind() else { return false };
        self.own().is_some() || kind.raw().ftype < ffi::AP_FTYPE_CONNECTION || kind.name() == Some(b"reqtimeout")
    }

    /// Takes it out of its chain; what it holds back is lost. One that stands in none stays as it is.
    pub fn remove(&self) {
        let r = self.request();
        let c = self.connection();
        let reads = match r {
            Some(r) => self.is_in(r.input_filters()) || self.is_in(r.proto_input_filters()),
            None => self.is_in(c.and_then(|c| c.input_filters())),
        };
        let writes = match r {
            Some(r) => self.is_in(r.output_filters()) || self.is_in(r.proto_output_filters()),
            None => self.is_in(c.and_then(|c| c.output_filters())),
        };
        // SAFETY: lives, and stands in a chain in which httpd looks for it.
        unsafe {
            if reads {
                ffi::ap_remove_input_filter(self.as_ptr());
            } else if writes {
                ffi::ap_remove_output_filter(self.as_ptr());
            }
        }
    }
}

apr::lends! { Filter:
    /// The request it belongs to; `None` for a filter of a connection.
    request: Request = r;
    /// Its connection.
    connection: Connection = c;
    /// The filter behind it.
    next: Filter = next;
    /// What kind of filter it is.
    kind: FilterRec = frec;
}

/// The beginnings of a request's chains. A row becomes a getter, and a setter that is false if the filter could die before
/// the request.
macro_rules! chains {
    ($($(#[$doc:meta])* $get:ident, $set:ident;)*) => {
        impl Request { $(
            $(#[$doc])*
            pub fn $get(&self) -> Option<&Filter> {
                // SAFETY: null or a filter that lives as long.
                unsafe { Filter::at(self.raw().$get) }
            }
            #[doc = concat!("Sets [`Request::", stringify!($get), "`]; false if the filter could die before the request.")]
            #[must_use]
            pub fn $set(&self, filter: &Filter) -> bool {
                let fits = filter.outlives(self);
                if fits {
                    // SAFETY: both live, the filter as long.
                    unsafe { (*self.as_ptr()).$get = filter.as_ptr() };
                }
                fits
            }
        )* }
    };
}

chains! {
    /// The first filter that its body comes through.
    input_filters, set_input_filters;
    /// The first filter that its answer goes through.
    output_filters, set_output_filters;
    /// The first of the input filters that a redirect keeps.
    proto_input_filters, set_proto_input_filters;
    /// The first of the output filters that a redirect keeps.
    proto_output_filters, set_proto_output_filters;
}

impl Connection {
    /// Sets [`Connection::input_filters`]; false for a filter of a request, which dies before the connection.
    #[must_use]
    pub fn set_input_filters(&self, filter: &Filter) -> bool {
        let fits = filter.request().is_none();
        if fits {
            // SAFETY: both live, the filter as long.
            unsafe { (*self.as_ptr()).input_filters = filter.as_ptr() };
        }
        fits
    }

    /// Sets [`Connection::output_filters`]; false for a filter of a request, which dies before the connection.
    #[must_use]
    pub fn set_output_filters(&self, filter: &Filter) -> bool {
        let fits = filter.request().is_none();
        if fits {
            // SAFETY: both live, the filter as long.
            unsafe { (*self.as_ptr()).output_filters = filter.as_ptr() };
        }
        fits
    }
}

apr::lends! { Connection:
    /// The first filter that what is read comes through.
    input_filters: Filter = input_filters;
    /// The first filter that what is written goes through.
    output_filters: Filter = output_filters;
}
