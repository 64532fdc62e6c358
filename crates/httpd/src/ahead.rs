//! The body of a request, read whole before anybody asks for it: a client that sends slowly then keeps nothing waiting but its own
//! thread. What was read lies in memory, from a bound on in a temporary file, and a filter in place of the connection gives it to
//! whoever reads the body: the request's other input filters, a request that it is redirected to, its subrequests.

use crate::{
    Host, KeepAlive, Request, ffi, guard,
    status::{HTTP_BAD_REQUEST, HTTP_INTERNAL_SERVER_ERROR},
};
use apr::{Brigade, Bucket, BucketKind, Pool, Reenter, Status};
use std::{
    ffi::{CStr, c_char, c_int},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// The record of the filter, in this reading of the configuration.
static RECORD: AtomicPtr<ffi::ap_filter_rec_t> = AtomicPtr::new(ptr::null_mut());

/// How many bytes of a body stay in memory.
const IN_MEMORY: usize = 256 * 1024;
/// How many are asked for at once.
const PIECE: i64 = 64 * 1024;

/// Makes the filter known. When the configuration is complete, each time it was read.
pub fn register<H: Host>() {
    // Right in front of httpd's own filter that takes the body off the connection, behind all that change it.
    let kind = ffi::AP_FTYPE_PROTOCOL - 1;
    // SAFETY: httpd copies the name and keeps the function, which lives as long as the library.
    let record = unsafe { ffi::ap_register_input_filter(c"MOD_INTERP_BODY".as_ptr(), Some(give::<H>), None, kind) };
    RECORD.store(record, Ordering::Release);
}

/// Why a body was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotRead {
    /// The client is answered with this status: it sent nonsense, too much, too slowly, or has gone.
    Refused(c_int),
    /// There is no room for it here.
    NoRoom(Status),
}

impl Request {
    /// Whether a body may come with the request itself.
    pub fn may_have_body(&self) -> bool {
        // SAFETY: lives.
        self.main().is_none() && unsafe { ffi::ap_request_has_body(self.as_ptr()) } != 0
    }

    /// Reads the whole body, within `LimitRequestBody`. Whoever reads it from now on gets what was read.
    ///
    /// # Errors
    /// The request ends with a status, and its connection with it.
    pub fn read_ahead(&self, cx: Reenter) -> Result<(), NotRead> {
        let record = RECORD.load(Ordering::Acquire);
        if record.is_null() || self.has_read_ahead(record) {
            return Ok(());
        }
        let kept = self.body_from_connection(cx).inspect_err(|_| self.connection().set_keepalive(KeepAlive::Close))?;
        let r = self.as_ptr();
        // SAFETY: the record is that of this configuration; request and brigade live in one pool, which the filter comes from, too. As
        // httpd does with filters of protocols, those of redirected requests and subrequests begin with ours.
        unsafe {
            let filter = ffi::ap_add_input_filter_handle(record, kept.as_ptr().cast(), r, self.connection().as_ptr());
            if !filter.is_null() && ptr::eq((*filter).next, (*r).proto_input_filters) {
                (*r).proto_input_filters = filter;
            }
        }
        Ok(())
    }

    /// Whether that was done before, for this request or one that it came from.
    fn has_read_ahead(&self, record: *mut ffi::ap_filter_rec_t) -> bool {
        // SAFETY: a living request's chain.
        unsafe {
            let mut at = (*self.as_ptr()).input_filters;
            while let Some(filter) = at.as_ref() {
                if ptr::eq(filter.frec, record) {
                    return true;
                }
                at = filter.next;
            }
        }
        false
    }

    fn body_from_connection(&self, cx: Reenter) -> Result<Brigade, NotRead> {
        let alloc = self.connection().bucket_alloc().ok_or(NotRead::Refused(HTTP_INTERNAL_SERVER_ERROR))?;
        let limit = u64::try_from(self.limit_req_body()).unwrap_or(0);
        let (come, kept) = (Brigade::new(self.pool(), alloc), Brigade::new(self.pool(), alloc));
        let (mut file, mut total): (Option<Temporary>, _) = (None, 0_usize);
        loop {
            // SAFETY: both live.
            let status = Status(unsafe {
                let (mode, block) = (ffi::AP_MODE_READBYTES, apr::ffi::APR_BLOCK_READ);
                ffi::ap_get_brigade((*self.as_ptr()).proto_input_filters, come.as_ptr(), mode, block, PIECE)
            });
            status.ok().map_err(refused)?;
            if come.is_empty() {
                return Err(NotRead::Refused(HTTP_BAD_REQUEST));
            }
            for bucket in come.iter() {
                if bucket.kind() == BucketKind::Eos {
                    if let Some(file) = &file {
                        file.append_to(&kept, self.pool())?;
                    }
                    kept.insert_tail(Bucket::eos(alloc));
                    return Ok(kept);
                }
                let bytes = bucket.read(true, cx).map_err(refused)?;
                total += bytes.len();
                if limit > 0 && total as u64 > limit {
                    return Err(refused(Status(apr::ffi::APR_ENOSPC as c_int)));
                }
                match &file {
                    Some(file) => file.write(bytes)?,
                    None if total <= IN_MEMORY => kept.write(bytes).map_err(NotRead::NoRoom)?,
                    None => file.insert(Temporary::new(self)?).write(bytes)?,
                }
            }
            come.cleanup(cx).map_err(NotRead::NoRoom)?;
        }
    }
}

/// What a client is answered whose body did not come whole.
fn refused(status: Status) -> NotRead {
    // SAFETY: numbers only.
    NotRead::Refused(unsafe { ffi::ap_map_http_request_error(status.code(), HTTP_BAD_REQUEST) })
}

/// A file for what does not stay in memory. It has no name any more, and goes with the request.
struct Temporary(*mut apr::ffi::apr_file_t);

impl Temporary {
    /// # Errors
    /// What the system says.
    fn new(r: &Request) -> Result<Temporary, NotRead> {
        let pool = r.pool().as_ptr();
        let (mut folder, mut file): (*const c_char, _) = (ptr::null(), ptr::null_mut());
        // SAFETY: the pool lives; the template is a copy of our own in it, which APR writes the name into. 0: made anew, to be read and
        // written, and removed when it is closed; it is removed at once.
        let status = Status(unsafe {
            match apr::ffi::apr_temp_dir_get(&raw mut folder, pool) {
                0 => {
                    let name = [CStr::from_ptr(folder).to_bytes(), b"/mod_interp.XXXXXX\0"].concat();
                    let name = r.pool().memdup(&name).as_ptr().cast_mut().cast::<c_char>();
                    let made = apr::ffi::apr_file_mktemp(&raw mut file, name, 0, pool);
                    if made == 0 {
                        apr::ffi::apr_file_remove(name, pool);
                    }
                    made
                }
                failed => failed,
            }
        });
        status.ok().map_err(NotRead::NoRoom)?;
        Ok(Temporary(file))
    }

    fn write(&self, bytes: &[u8]) -> Result<(), NotRead> {
        // SAFETY: an open file of a living pool; the bytes are borrowed for the call.
        let status =
            unsafe { apr::ffi::apr_file_write_full(self.0, bytes.as_ptr().cast(), bytes.len(), ptr::null_mut()) };
        Status(status).ok().map_err(NotRead::NoRoom)
    }

    /// All that was written, as buckets.
    fn append_to(&self, kept: &Brigade, pool: &Pool) -> Result<(), NotRead> {
        let mut length = 0;
        // SAFETY: an open file, which lives as long as the brigade.
        let status = unsafe {
            let status = apr::ffi::apr_file_seek(self.0, apr::ffi::APR_CUR as c_int, &raw mut length);
            apr::ffi::apr_brigade_insert_file(kept.as_ptr(), self.0, 0, length, pool.as_ptr());
            status
        };
        Status(status).ok().map_err(NotRead::NoRoom)
    }
}

unsafe extern "C" fn give<H: Host>(
    f: *mut ffi::ap_filter_t,
    bb: *mut apr::ffi::apr_bucket_brigade,
    mode: ffi::ap_input_mode_t,
    block: apr::ffi::apr_read_type_e,
    bytes: apr::ffi::apr_off_t,
) -> c_int {
    // SAFETY: httpd lends both for this call; the context is the brigade with which the filter was added.
    unsafe {
        let kept = Brigade::from_ptr((*f).ctx.cast());
        let (Some(kept), Some(to)) = (kept, Brigade::from_ptr(bb)) else { return Status::EGENERAL.code() };
        match mode {
            ffi::AP_MODE_READBYTES | ffi::AP_MODE_SPECULATIVE | ffi::AP_MODE_EXHAUSTIVE | ffi::AP_MODE_GETLINE => {}
            _ => return ffi::ap_get_brigade((*f).next, bb, mode, block, bytes),
        }
        guard::<H, _>("input filter", Status::EGENERAL.code(), || {
            // Buckets of memory and of a file: no script runs.
            match given(&kept, &to, mode, bytes, Reenter::assume()) {
                Ok(()) => 0,
                Err(status) => status.code(),
            }
        })
    }
}

/// Moves what was asked for. The end stays and is told each time.
fn given(kept: &Brigade, to: &Brigade, mode: ffi::ap_input_mode_t, bytes: i64, cx: Reenter) -> Result<(), Status> {
    let is_end = |bucket: &Bucket| bucket.kind() == BucketKind::Eos;
    if mode == ffi::AP_MODE_GETLINE && !kept.first().is_some_and(|first| is_end(&first)) {
        const LONGEST: apr::ffi::apr_off_t = 8192;
        // SAFETY: both live.
        return Status(unsafe {
            let block = apr::ffi::APR_BLOCK_READ;
            apr::ffi::apr_brigade_split_line(to.as_ptr(), kept.as_ptr(), block, LONGEST)
        })
        .ok();
    }
    let stop = match mode {
        ffi::AP_MODE_EXHAUSTIVE => None,
        _ => kept.partition(u64::try_from(bytes).unwrap_or(0), cx)?,
    };
    let mut at = kept.first();
    while let Some(bucket) = at.filter(|bucket| stop.is_none_or(|stop| stop.as_ptr() != bucket.as_ptr())) {
        at = kept.next(bucket);
        if is_end(&bucket) {
            to.insert_tail(Bucket::eos(kept.bucket_alloc()));
        } else if mode == ffi::AP_MODE_SPECULATIVE {
            to.write(bucket.read(true, cx)?)?;
        } else {
            bucket.remove();
            to.insert_tail(bucket);
        }
    }
    Ok(())
}
