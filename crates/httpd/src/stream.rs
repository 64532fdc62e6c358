//! The bytes of a connection, both ways, through its filters: for a handler that speaks a protocol of its own.

use crate::{Connection, ffi};
use apr::{Brigade, BucketKind, Reenter, Socket, Status};
use std::{
    cell::RefCell,
    ffi::{CStr, c_int},
    time::{Duration, Instant},
};

/// Bytes asked for at a time, so that a length which the client made up costs no memory.
const PIECE: usize = 64 << 10;
/// A wait looks so often whether the server, which stops, has closed the socket: `poll` does not notice.
const LOOK: Duration = Duration::from_millis(500);
/// Where a connection's pool keeps its stream.
const KEY: &CStr = c"mod_interp.stream";

/// What a connection's handler has of its bytes beyond a call. It is made by the first use and dies with the connection.
pub struct Stream {
    /// The connection's own, empty between calls.
    brigade: Brigade,
    /// What was taken off the filters, and how much of it was given away: the rest is a line whose end has not come, or under TLS all that has
    /// come.
    taken: Vec<u8>,
    given: usize,
    /// How a line is asked for. mod_ssl loses the beginning of one whose end does not come in time.
    by_line: ffi::ap_input_mode_t,
    /// How long reading waits; `None`: for ever.
    patience: Option<Duration>,
    is_closed: bool,
}

// SAFETY: it is used by whoever has its connection, which is one thread at a time (SAFETY.md, "one thread at a time").
unsafe impl Send for Stream {}

/// Why there are no bytes to be had or given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// The time is up.
    Late,
    /// The client has ended what it sends or is gone, or the connection was closed here.
    Over,
    /// There is more than was allowed.
    TooLong,
}

/// Until when a wait lasts: of a line as a whole, or anew whenever something has come.
#[derive(Clone, Copy)]
enum Until {
    Moment(Option<Instant>),
    Silence,
}

impl Connection {
    /// Runs `f` with the connection's stream; `None` while another call has it, as when a filter is a script, or where the connection has no
    /// socket of its own.
    pub fn with_stream<R>(&self, f: impl FnOnce(&mut Stream) -> R) -> Option<R> {
        let pool = self.pool();
        let kept = match pool.userdata(KEY) {
            Some(kept) => kept,
            None => {
                let made = pool.keep(RefCell::new(Stream::new(self)?)).cast();
                pool.set_userdata(KEY, Some(made));
                made
            }
        };
        // SAFETY: only this keeps something under the key, always a stream that lives as long as the pool.
        let stream = unsafe { kept.cast::<RefCell<Stream>>().as_ref() };
        stream.try_borrow_mut().ok().map(|mut stream| f(&mut stream))
    }

    /// Has the filters begin: TLS shakes hands.
    ///
    /// # Errors
    /// What the filters say, as when the client speaks no TLS.
    pub fn begin(&self, cx: Reenter) -> Result<(), Status> {
        let (Some(filters), Some(brigade)) = (self.input_filters(), self.brigade()) else { return Ok(()) };
        let (mode, block) = (ffi::AP_MODE_INIT as c_int, apr::ffi::APR_BLOCK_READ as c_int);
        let begun = filters.get_brigade(&brigade, mode, block, 0, cx);
        let _ = brigade.cleanup(cx);
        if self.is_aborted() { Err(Status(libc::ECONNABORTED)) } else { begun }
    }

    /// Says the filters that nothing more is sent, which TLS passes on, and lets the client see the end.
    fn end_sending(&self, _cx: Reenter) {
        // SAFETY: lives, on the thread that has it.
        unsafe { ffi::ap_shutdown_conn(self.as_ptr(), 1) };
        if let Some(socket) = self.client_socket() {
            let _is_gone = socket.end_sending();
        }
    }
}

impl Stream {
    fn new(c: &Connection) -> Option<Stream> {
        let (socket, brigade) = (c.client_socket()?, c.brigade()?);
        let patience = socket.timeout().ok().and_then(|usecs| u64::try_from(usecs).ok()).map(Duration::from_micros);
        // The limits of mod_reqtimeout are those of HTTP.
        // SAFETY: the connection lives, and whoever has it changes its filters.
        unsafe { ffi::ap_remove_input_filter_byhandle((*c.as_ptr()).input_filters, c"reqtimeout".as_ptr()) };
        let by_line = if c.is_plain() { ffi::AP_MODE_GETLINE } else { ffi::AP_MODE_READBYTES };
        Some(Stream { brigade, taken: Vec::new(), given: 0, by_line, patience, is_closed: false })
    }

    /// The next line, with its end, of at most `most` bytes; the last one may have none. All of it must come within the time-out.
    ///
    /// # Errors
    /// [`Lost`]. What has come of the line stays there to be read.
    pub fn line(&mut self, c: &Connection, most: usize, cx: Reenter) -> Result<Vec<u8>, Lost> {
        let until = self.moment();
        let mut seen = 0;
        loop {
            let ahead = self.ahead();
            let new = ahead.get(seen..).unwrap_or_default();
            let end = new.iter().position(|b| *b == b'\n').map(|at| seen + at + 1);
            if end.unwrap_or(ahead.len()) > most {
                return Err(Lost::TooLong);
            }
            if let Some(end) = end {
                return Ok(self.take(end));
            }
            seen = ahead.len();
            match self.more(c, self.by_line, PIECE, until, cx) {
                Err(Lost::Over) if seen > 0 => return Ok(self.take(seen)),
                done => done?,
            }
        }
    }

    /// As many bytes; fewer at the end of the connection, and at least one unless none are asked for.
    ///
    /// # Errors
    /// [`Lost`]. What has come stays there to be read.
    pub fn exactly(&mut self, c: &Connection, count: usize, cx: Reenter) -> Result<Vec<u8>, Lost> {
        while self.ahead().len() < count.max(1) {
            let wanted = count.max(1).saturating_sub(self.ahead().len());
            match self.more(c, ffi::AP_MODE_READBYTES, wanted, Until::Silence, cx) {
                Err(Lost::Over) if !self.ahead().is_empty() => break,
                done => done?,
            }
        }
        Ok(self.take(count))
    }

    /// All that the client sends until it ends that, at most `most` bytes.
    ///
    /// # Errors
    /// [`Lost`]. What has come stays there to be read.
    pub fn all(&mut self, c: &Connection, most: usize, cx: Reenter) -> Result<Vec<u8>, Lost> {
        loop {
            if self.ahead().len() > most {
                return Err(Lost::TooLong);
            }
            match self.more(c, ffi::AP_MODE_READBYTES, PIECE, Until::Silence, cx) {
                Err(Lost::Over) if !self.is_closed => return Ok(self.take(usize::MAX)),
                done => done?,
            }
        }
    }

    /// What has come, once there is something: at most `most` bytes.
    ///
    /// # Errors
    /// [`Lost`].
    pub fn some(&mut self, c: &Connection, most: usize, cx: Reenter) -> Result<Vec<u8>, Lost> {
        if self.ahead().is_empty() {
            self.more(c, ffi::AP_MODE_READBYTES, most, self.moment(), cx)?;
        }
        Ok(self.take(most))
    }

    /// Sends bytes, one part behind the other, at once.
    ///
    /// # Errors
    /// [`Lost`]. One that is late has lost the connection: nobody knows what has arrived.
    pub fn send<'p>(&self, c: &Connection, parts: impl Iterator<Item = &'p [u8]>, cx: Reenter) -> Result<(), Lost> {
        if self.is_closed {
            return Err(Lost::Over);
        }
        c.transmit(parts, cx).map_err(lost)?;
        if c.is_aborted() { Err(Lost::Over) } else { Ok(()) }
    }

    /// Ends the connection, as the client sees it. Nothing more is read or sent.
    pub fn close(&mut self, c: &Connection, cx: Reenter) {
        if !std::mem::replace(&mut self.is_closed, true) {
            (self.taken, self.given) = (Vec::new(), 0);
            c.end_sending(cx);
        }
    }

    /// How long reading and writing wait; `None`: for ever.
    pub fn timeout(&self) -> Option<Duration> {
        self.patience
    }

    /// Sets how long reading and writing wait. With none at all reading takes what is there, and writing waits as before.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_timeout(&mut self, c: &Connection, timeout: Duration) -> Result<(), Status> {
        if let Some(socket) = c.client_socket().filter(|_| !timeout.is_zero()) {
            socket.set_timeout(i64::try_from(timeout.as_micros()).unwrap_or(i64::MAX))?;
        }
        self.patience = Some(timeout);
        Ok(())
    }

    fn moment(&self) -> Until {
        Until::Moment(self.patience.and_then(|patience| Instant::now().checked_add(patience)))
    }

    /// What was taken off the filters and given to nobody yet.
    fn ahead(&self) -> &[u8] {
        self.taken.get(self.given..).unwrap_or_default()
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let ahead = self.ahead();
        match ahead.get(..count) {
            Some(part) if part.len() < ahead.len() => {
                let part = part.to_vec();
                self.given += count;
                part
            }
            _ => {
                let mut all = std::mem::take(&mut self.taken);
                all.drain(..std::mem::take(&mut self.given));
                all
            }
        }
    }

    /// Waits until more has come and puts it behind what is there.
    fn more(
        &mut self,
        c: &Connection,
        mode: ffi::ap_input_mode_t,
        wanted: usize,
        until: Until,
        cx: Reenter,
    ) -> Result<(), Lost> {
        let until = match until {
            Until::Moment(moment) => moment,
            Until::Silence => self.patience.and_then(|patience| Instant::now().checked_add(patience)),
        };
        while self.pull(c, mode, wanted.min(PIECE), cx)? == 0 {
            wait(c, until)?;
        }
        Ok(())
    }

    /// Takes what has come, without waiting; how many bytes that is. Filters that have given nothing have nothing left: what comes next
    /// shows on the socket.
    fn pull(&mut self, c: &Connection, mode: ffi::ap_input_mode_t, wanted: usize, cx: Reenter) -> Result<usize, Lost> {
        let Some(filters) = c.input_filters().filter(|_| !self.is_closed) else { return Err(Lost::Over) };
        let (mode, block) = (mode as c_int, apr::ffi::APR_NONBLOCK_READ as c_int);
        let asked = filters.get_brigade(&self.brigade, mode, block, i64::try_from(wanted).unwrap_or(i64::MAX), cx);
        let taken = asked.and_then(|()| self.append(cx));
        let ends = self.brigade.last().is_some_and(|last| last.kind() == BucketKind::Eos);
        let _ = self.brigade.cleanup(cx);
        match taken {
            Ok(0) if ends => Err(Lost::Over),
            Err(Status(libc::EAGAIN)) => Ok(0),
            taken => taken.map_err(lost),
        }
    }

    fn append(&mut self, cx: Reenter) -> Result<usize, Status> {
        let length = self.brigade.length(true, cx)?.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        self.taken.drain(..std::mem::take(&mut self.given));
        self.taken.reserve_exact(length);
        let room = self.taken.spare_capacity_mut();
        let count = match room.get_mut(..length) {
            Some(room) => self.brigade.flatten_into(room, cx)?.len(),
            None => 0,
        };
        // SAFETY: as many bytes were written behind what was there.
        unsafe { self.taken.set_len(self.taken.len() + count) };
        Ok(count)
    }
}

fn lost(status: Status) -> Lost {
    if status == Status::TIMEUP { Lost::Late } else { Lost::Over }
}

/// Waits until the socket has something.
fn wait(c: &Connection, until: Option<Instant>) -> Result<(), Lost> {
    loop {
        let left = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(Lost::Late);
        }
        let open = |socket: &&Socket| socket.fileno() >= 0;
        let Some(socket) = c.client_socket().filter(open) else { return Err(Lost::Over) };
        // Less than a millisecond would not wait at all.
        let usecs = i64::try_from(left.min(LOOK).as_micros()).unwrap_or(i64::MAX).max(1000);
        match socket.poll(c.pool(), usecs, apr::ffi::APR_POLLIN as i16) {
            Ok(()) => return Ok(()),
            Err(Status::TIMEUP | Status(libc::EINTR)) => {}
            Err(_) => return Err(Lost::Over),
        }
    }
}
