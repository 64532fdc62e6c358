//! A connection for a script that wants a descriptor. A connection that is nothing but its socket gives a copy of that. Of one with filters,
//! such as TLS, the script gets one end of a pair of sockets, and a thread carries the bytes between the other end and the filters:
//! `fileno`, `select` and `fork` are there what they are with a socket.

use crate::{Connection, Filter, ffi};
use apr::{Brigade, Bucket, Reenter, Status};
use interp::SignalsBlocked;
use std::{
    ffi::c_int,
    io::{self, ErrorKind, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    thread,
};

/// So much goes from one side to the other at once.
const PIECE: usize = 16 << 10;

/// Filters that every connection has, or that change no byte: the core's, and those that watch how fast requests come and how long they
/// are.
const TRANSPARENT: [&[u8]; 4] = [b"core", b"core_in", b"reqtimeout", b"log_input_output"];
/// mod_ssl's, in both directions.
const TLS: &[u8] = b"ssl/tls filter";

impl Connection {
    fn all_filters(&self) -> impl Iterator<Item = &[u8]> {
        let chain = |first| std::iter::successors(first, |f: &&Filter| f.next());
        let all = chain(self.input_filters()).chain(chain(self.output_filters()));
        all.map(|f| f.kind().and_then(|kind| kind.name()).unwrap_or_default())
    }

    /// Whether its bytes are those of its socket: no filter changes them.
    pub fn is_plain(&self) -> bool {
        self.all_filters().all(|name| TRANSPARENT.contains(&name))
    }

    /// Whether its bytes go through mod_ssl.
    pub fn is_encrypted(&self) -> bool {
        self.all_filters().any(|name| name == TLS)
    }

    /// Runs `f` with a blocking descriptor of the connection, which is good for that long. What is written there and not sent yet when `f` returns
    /// is sent before this returns; nothing that is written later is.
    ///
    /// The connection must have no filter that is a script's: it would run on another thread than what `f` runs.
    ///
    /// # Errors
    /// There is no descriptor or no thread to be had; the filters could not begin, as when the client speaks no TLS. `f` was not called.
    pub fn with_descriptor<R>(&self, f: impl FnOnce(RawFd) -> R) -> io::Result<R> {
        if self.is_plain() { self.with_socket(f) } else { self.with_pump(f) }
    }

    fn with_socket<R>(&self, f: impl FnOnce(RawFd) -> R) -> io::Result<R> {
        let fd = self.client_socket().map_or(-1, |socket| socket.fileno());
        if fd < 0 {
            return Err(ErrorKind::NotConnected.into());
        }
        // SAFETY: the socket is open while its connection is.
        let own = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()?;
        let before = flags(&own)?;
        set_flags(&own, before & !libc::O_NONBLOCK)?;
        let blocking = Blocking { own, before };
        Ok(f(blocking.own.as_raw_fd()))
    }

    fn with_pump<R>(&self, f: impl FnOnce(RawFd) -> R) -> io::Result<R> {
        let (script, mut ours) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let pump = Pump::new(self).ok_or(ErrorKind::NotConnected)?;
        pump.begin().map_err(status)?;
        thread::scope(|scope| {
            let pump = Lent(pump);
            let thread = {
                let _blocked = SignalsBlocked::new();
                thread::Builder::new().spawn_scoped(scope, move || {
                    let Lent(pump) = { pump };
                    pump.run(&mut ours);
                })?
            };
            let result = f(script.as_raw_fd());
            // A process that `f` has forked may have the descriptor still.
            let _is_over = script.shutdown(Shutdown::Both);
            let _panicked = thread.join();
            Ok(result)
        })
    }
}

/// The copy of a socket that blocks while this lives. Blocking is of the socket, not of the descriptor: httpd's own end of the connection would wait.
struct Blocking {
    own: OwnedFd,
    before: c_int,
}

impl Drop for Blocking {
    fn drop(&mut self) {
        let _closed = set_flags(&self.own, self.before);
    }
}

fn flags(fd: &OwnedFd) -> io::Result<c_int> {
    // SAFETY: open.
    match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) } {
        -1 => Err(io::Error::last_os_error()),
        flags => Ok(flags),
    }
}

fn set_flags(fd: &OwnedFd, flags: c_int) -> io::Result<()> {
    // SAFETY: open.
    match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn status(status: Status) -> io::Error {
    io::Error::other(status.message())
}

/// What goes to the pump's thread.
struct Lent<T>(T);

// SAFETY: while the pump runs it alone uses the connection, which belongs to the thread that waits for its end (SAFETY.md, "one thread at a time").
unsafe impl<T> Send for Lent<T> {}

/// Carries bytes between a connection's filters and a socket.
struct Pump<'c> {
    c: &'c Connection,
    socket: RawFd,
    input: &'c Filter,
    output: &'c Filter,
    incoming: Brigade,
    outgoing: Brigade,
    cx: Reenter<'c>,
}

/// What came of an attempt to move bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moved {
    Some,
    Nothing,
    /// There will be no more.
    Over,
}

impl<'c> Pump<'c> {
    fn new(c: &'c Connection) -> Option<Pump<'c>> {
        let (input, output, alloc) = (c.input_filters()?, c.output_filters()?, c.bucket_alloc()?);
        // SAFETY: nobody has borrowed anything from a script here.
        let cx = unsafe { Reenter::assume() };
        let brigade = || Brigade::new(c.pool(), alloc);
        let socket = c.client_socket()?.fileno();
        Some(Pump { c, socket, input, output, incoming: brigade(), outgoing: brigade(), cx })
    }

    /// Has the filters begin: TLS shakes hands.
    fn begin(&self) -> Result<(), Status> {
        self.c.begin(self.cx)
    }

    fn run(self, script: &mut UnixStream) {
        let mut room = vec![0; PIECE];
        let mut waiting: Vec<u8> = Vec::with_capacity(PIECE);
        let mut client_sends = true;
        loop {
            let mut moved = Moved::Nothing;
            if client_sends && waiting.is_empty() {
                match self.take(&mut waiting) {
                    Ok(did) => moved = did,
                    Err(status) => {
                        // The end of what the client sends is no end of what it reads.
                        let how = if status == Status::EOF { Shutdown::Write } else { Shutdown::Both };
                        let _is_gone = script.shutdown(how);
                        client_sends = false;
                    }
                }
            }
            match give(script, &mut waiting) {
                Moved::Some => moved = Moved::Some,
                Moved::Nothing => {}
                Moved::Over => {
                    waiting.clear();
                    client_sends = false;
                }
            }
            match self.send(script, &mut room) {
                Moved::Over => break,
                Moved::Some => moved = Moved::Some,
                Moved::Nothing => {}
            }
            if moved == Moved::Nothing {
                wait(client_sends && waiting.is_empty(), self.socket, !waiting.is_empty(), script);
            }
        }
        // SAFETY: made by this; nobody else knows them.
        let _ = unsafe { (self.incoming.destroy(self.cx), self.outgoing.destroy(self.cx)) };
    }

    /// Takes what the client has sent.
    fn take(&self, into: &mut Vec<u8>) -> Result<Moved, Status> {
        let (mode, block) = (ffi::AP_MODE_READBYTES as c_int, apr::ffi::APR_NONBLOCK_READ as c_int);
        match self.input.get_brigade(&self.incoming, mode, block, PIECE as i64, self.cx) {
            Err(Status(libc::EAGAIN)) => return Ok(Moved::Nothing),
            done => done?,
        }
        // Filters say in their own ways that nothing is there.
        if self.incoming.is_empty() {
            return Ok(Moved::Nothing);
        }
        into.resize(PIECE, 0);
        let flat = self.incoming.flatten(into, self.cx).map(|bytes| bytes.len());
        let ends = self.incoming.last().is_some_and(|last| last.kind() == apr::BucketKind::Eos);
        let _ = self.incoming.cleanup(self.cx);
        let length = flat.as_ref().map_or(0, |length| *length);
        into.truncate(length);
        match flat? {
            0 if ends => Err(Status::EOF),
            0 => Ok(Moved::Nothing),
            _ => Ok(Moved::Some),
        }
    }

    /// Sends what the script has written.
    fn send(&self, script: &mut UnixStream, room: &mut [u8]) -> Moved {
        let length = match script.read(room) {
            Ok(0) => return Moved::Over,
            Ok(length) => length,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Moved::Nothing,
            Err(_) => return Moved::Over,
        };
        let bytes = room.get(..length).unwrap_or_default();
        self.outgoing.insert_tail(Bucket::transient(bytes, self.outgoing.bucket_alloc()));
        let sent = self.output.flush(&self.outgoing, self.cx);
        let _ = self.outgoing.cleanup(self.cx);
        if sent.is_err() || self.c.is_aborted() {
            let _is_gone = script.shutdown(Shutdown::Both);
            return Moved::Over;
        }
        Moved::Some
    }
}

/// Gives the script what waits for it.
fn give(script: &mut UnixStream, waiting: &mut Vec<u8>) -> Moved {
    if waiting.is_empty() {
        return Moved::Nothing;
    }
    match script.write(waiting) {
        Ok(length) => {
            waiting.drain(..length);
            Moved::Some
        }
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Moved::Nothing,
        Err(_) => Moved::Over,
    }
}

/// Waits until something can be moved.
fn wait(client: bool, socket: RawFd, writes: bool, script: &UnixStream) {
    let event = if writes { libc::POLLIN | libc::POLLOUT } else { libc::POLLIN };
    let mut fds = [
        libc::pollfd { fd: script.as_raw_fd(), events: event, revents: 0 },
        libc::pollfd { fd: if client { socket } else { -1 }, events: libc::POLLIN, revents: 0 },
    ];
    // SAFETY: both descriptors are open.
    unsafe { libc::poll(fds.as_mut_ptr(), 2, -1) };
}
