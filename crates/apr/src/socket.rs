//! Sockets.

use crate::{Pool, SockAddr, Status, ffi};
use std::ffi::{c_char, c_int};

crate::opaque! {
    /// An `apr_socket_t`. Reading and writing wait as long as its timeout says.
    pub struct Socket(ffi::apr_socket_t);
}

impl Socket {
    /// The pool with which the socket is closed.
    pub fn pool(&self) -> Option<&Pool> {
        // SAFETY: a living socket's pool lives.
        unsafe { Pool::at(ffi::apr_socket_pool_get(self.as_ptr())) }
    }

    /// Its file descriptor; -1 once it is closed.
    pub fn fileno(&self) -> c_int {
        let mut fd = -1;
        // SAFETY: lives; APR writes the number.
        let status = unsafe { ffi::apr_os_sock_get(&mut fd, self.as_ptr()) };
        if status == 0 { fd } else { -1 }
    }

    /// Closes it.
    ///
    /// # Errors
    /// What the system says.
    pub fn close(&self) -> Result<(), Status> {
        // SAFETY: lives; the record stays with its pool.
        Status(unsafe { ffi::apr_socket_close(self.as_ptr()) }).ok()
    }

    /// Ends both directions, which the peer sees; the descriptor stays open.
    ///
    /// # Errors
    /// What the system says.
    pub fn shut_down(&self) -> Result<(), Status> {
        // SAFETY: lives.
        Status(unsafe { ffi::apr_socket_shutdown(self.as_ptr(), ffi::APR_SHUTDOWN_READWRITE) }).ok()
    }

    /// Ends what is sent, which the peer sees; what it sends can still be read.
    ///
    /// # Errors
    /// What the system says.
    pub fn end_sending(&self) -> Result<(), Status> {
        // SAFETY: lives.
        Status(unsafe { ffi::apr_socket_shutdown(self.as_ptr(), ffi::APR_SHUTDOWN_WRITE) }).ok()
    }

    /// Binds the socket to an address of this machine.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(&self, address: &SockAddr) -> Result<(), Status> {
        // SAFETY: both live; APR keeps a pointer to the address only in the socket, which dies with its pool.
        Status(unsafe { ffi::apr_socket_bind(self.as_ptr(), address.as_ptr()) }).ok()
    }

    /// Begins to take connections.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(&self, backlog: i32) -> Result<(), Status> {
        // SAFETY: lives.
        Status(unsafe { ffi::apr_socket_listen(self.as_ptr(), backlog) }).ok()
    }

    /// Connects the socket to an address.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(&self, address: &SockAddr) -> Result<(), Status> {
        // SAFETY: as in `bind`.
        Status(unsafe { ffi::apr_socket_connect(self.as_ptr(), address.as_ptr()) }).ok()
    }

    /// An option, `APR_SO_*`.
    ///
    /// # Errors
    /// For one that cannot be asked for.
    pub fn option(&self, option: i32) -> Result<i32, Status> {
        let mut value = 0;
        // SAFETY: lives; APR writes the number.
        Status(unsafe { ffi::apr_socket_opt_get(self.as_ptr(), option, &mut value) }).ok()?;
        Ok(value)
    }

    /// Sets an option, `APR_SO_*`.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_option(&self, option: i32, value: i32) -> Result<(), Status> {
        // SAFETY: lives.
        Status(unsafe { ffi::apr_socket_opt_set(self.as_ptr(), option, value) }).ok()
    }

    /// How long reading and writing wait, in microseconds; a negative number: for ever.
    ///
    /// # Errors
    /// What APR says.
    pub fn timeout(&self) -> Result<i64, Status> {
        let mut timeout = 0;
        // SAFETY: lives; APR writes the number.
        Status(unsafe { ffi::apr_socket_timeout_get(self.as_ptr(), &mut timeout) }).ok()?;
        Ok(timeout)
    }

    /// Sets how long reading and writing wait, in microseconds; a negative number: for ever.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_timeout(&self, timeout: i64) -> Result<(), Status> {
        // SAFETY: lives.
        Status(unsafe { ffi::apr_socket_timeout_set(self.as_ptr(), timeout) }).ok()
    }

    /// Reads what there is, at most `room.len()` bytes; 0 at the end.
    ///
    /// # Errors
    /// What the system says; `EAGAIN` with a timeout of 0, `TIMEUP` with another.
    pub fn recv(&self, room: &mut [u8]) -> Result<usize, Status> {
        let mut len = room.len();
        // SAFETY: APR writes at most `len` bytes and says how many.
        match unsafe { ffi::apr_socket_recv(self.as_ptr(), room.as_mut_ptr().cast(), &mut len) } {
            0 => Ok(len),
            n if n == ffi::APR_EOF as c_int => Ok(0),
            n => Err(Status(n)),
        }
    }

    /// Sends bytes; returns how many went out.
    ///
    /// # Errors
    /// What the system says.
    pub fn send(&self, bytes: &[u8]) -> Result<usize, Status> {
        let mut len = bytes.len();
        // SAFETY: the bytes are there for the call.
        Status(unsafe { ffi::apr_socket_send(self.as_ptr(), bytes.as_ptr().cast::<c_char>(), &mut len) }).ok()?;
        Ok(len)
    }

    /// Reads one datagram, at most `room.len()` bytes of it, and puts the sender's address into `from`.
    ///
    /// # Errors
    /// What the system says.
    pub fn recv_from(&self, from: &SockAddr, flags: i32, room: &mut [u8]) -> Result<usize, Status> {
        let mut len = room.len();
        // SAFETY: both live; APR writes at most `len` bytes and says how many.
        let status = unsafe {
            ffi::apr_socket_recvfrom(from.as_ptr(), self.as_ptr(), flags, room.as_mut_ptr().cast(), &mut len)
        };
        Status(status).ok()?;
        Ok(len)
    }

    /// Sends one datagram.
    ///
    /// # Errors
    /// What the system says.
    pub fn send_to(&self, to: &SockAddr, flags: i32, bytes: &[u8]) -> Result<usize, Status> {
        let mut len = bytes.len();
        // SAFETY: all live for the call.
        let status =
            unsafe { ffi::apr_socket_sendto(self.as_ptr(), to.as_ptr(), flags, bytes.as_ptr().cast(), &mut len) };
        Status(status).ok()?;
        Ok(len)
    }

    /// Waits (microseconds; negative: for ever) until one of the events `APR_POLL*` comes.
    ///
    /// # Errors
    /// `TIMEUP` when none came.
    pub fn poll(&self, pool: &Pool, timeout: i64, events: i16) -> Result<(), Status> {
        // SAFETY: all zero is a value of this plain record.
        let mut fd: ffi::apr_pollfd_t = unsafe { std::mem::zeroed() };
        (fd.p, fd.desc_type, fd.reqevents) = (pool.as_ptr(), ffi::APR_POLL_SOCKET, events);
        fd.desc.s = self.as_ptr();
        let mut count = 0;
        // SAFETY: one record, which lives for the call.
        Status(unsafe { ffi::apr_poll(&mut fd, 1, &mut count, timeout) }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd, IntoRawFd};

    #[test]
    fn bytes_arrive_and_a_wait_ends() {
        Pool::initialize().unwrap();
        let pool = Pool::root().unwrap();
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut raw = std::ptr::null_mut();
        // SAFETY: a descriptor of ours; APR makes the record in the pool.
        unsafe { ffi::apr_os_sock_put(&mut raw, &mut ours.into_raw_fd(), pool.as_ptr()) };
        // SAFETY: lives in the pool.
        let socket = unsafe { Socket::at(raw) }.unwrap();
        assert!(socket.fileno() >= 0 && socket.fileno() != theirs.as_raw_fd());
        socket.set_timeout(0).unwrap();
        assert_eq!(socket.timeout(), Ok(0));
        let mut room = [0; 8];
        assert_eq!(socket.recv(&mut room), Err(Status(libc::EAGAIN)));
        assert_eq!(socket.poll(pool, 0, ffi::APR_POLLIN as i16), Err(Status(ffi::APR_TIMEUP as i32)));
        std::io::Write::write_all(&mut &theirs, b"abc").unwrap();
        assert_eq!(socket.poll(pool, 1_000_000, ffi::APR_POLLIN as i16), Ok(()));
        assert_eq!((socket.recv(&mut room), &room[..3]), (Ok(3), &b"abc"[..]));
        assert_eq!(socket.send(b"hello"), Ok(5));
        drop(theirs);
        assert_eq!((socket.close(), socket.fileno()), (Ok(()), -1));
    }
}
