//! Addresses of sockets.

use crate::{Pool, Status, bytes_at, ffi, with_cstr};
use std::ptr;

crate::opaque! {
    /// An `apr_sockaddr_t`: address and port of one end of a connection.
    pub struct SockAddr(ffi::apr_sockaddr_t);
}

impl SockAddr {
    /// The address as text.
    pub fn ip(&self) -> Option<&[u8]> {
        let mut text = ptr::null_mut();
        // SAFETY: lives; the text lies in its pool.
        unsafe {
            let status = ffi::apr_sockaddr_ip_get(&mut text, self.as_ptr());
            if status == 0 { bytes_at(text) } else { None }
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        // SAFETY: lives.
        unsafe { (*self.as_ptr()).port }
    }

    /// Whether it stands for all addresses of the machine.
    pub fn is_any(&self) -> bool {
        matches!(self.ip(), Some(b"0.0.0.0" | b"::"))
    }

    /// Whether both addresses are the same; the ports are not compared.
    pub fn is_same_host(&self, other: &SockAddr) -> bool {
        // SAFETY: both live.
        unsafe { ffi::apr_sockaddr_equal(self.as_ptr(), other.as_ptr()) != 0 }
    }
}

crate::opaque! {
    /// An `apr_ipsubnet_t`: a range of addresses.
    pub struct IpSubnet(ffi::apr_ipsubnet_t);
}

impl IpSubnet {
    /// The range that an address and a mask, or a number of bits, stand for; without a mask an address, or the beginning of one.
    ///
    /// # Errors
    /// `APR_EBADIP`, `APR_EBADMASK`.
    pub fn new<'p>(pool: &'p Pool, ip: &[u8], mask: Option<&[u8]>) -> Result<&'p IpSubnet, Status> {
        let mut made = ptr::null_mut();
        let mask = mask.map_or(ptr::null(), |m| pool.cstr(m).as_ptr().cast_const());
        // SAFETY: C strings that live longer than the call; APR writes the pointer.
        Status(with_cstr(ip, |ip| unsafe { ffi::apr_ipsubnet_create(&mut made, ip.as_ptr(), mask, pool.as_ptr()) }))
            .ok()?;
        // SAFETY: lives as long as the pool.
        unsafe { IpSubnet::at(made) }.ok_or(Status(libc::ENOMEM))
    }

    /// Whether an address lies in the range.
    pub fn has(&self, address: &SockAddr) -> bool {
        // SAFETY: both live; APR only looks at them.
        unsafe { ffi::apr_ipsubnet_test(self.as_ptr(), address.as_ptr()) != 0 }
    }
}
