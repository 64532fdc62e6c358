//! `APR::SockAddr`: address and port of one end of a connection.

use apr::SockAddr;
use interp::*;

/// Its rows.
pub static SOCK_ADDR: Class = Class::of::<SockAddr>(&[
    method("ip_get()", SockAddr::ip).doc("The address as text."),
    ro("port", |a: &SockAddr| i64::from(a.port())).doc("The port."),
    method("equal(other)", |a: &SockAddr, other: &SockAddr| i64::from(a.is_same_host(other)))
        .doc("Whether both are the same address, whatever the ports."),
])
.doc("Address of a socket.");
