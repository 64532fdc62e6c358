//! `APR::SockAddr`: address and port of one end of a connection; `APR::IpSubnet`: a range of addresses.

use crate::Owns;
use apr::{IpSubnet, Pool, SockAddr};
use interp::*;

/// Its rows.
pub static SOCK_ADDR: Class = Class::of::<SockAddr>(&[
    method("ip_get()", SockAddr::ip).doc("The address as text."),
    ro("port", |a: &SockAddr| i64::from(a.port())).doc("The port."),
    method("equal(other)", |a: &SockAddr, other: &SockAddr| i64::from(a.is_same_host(other)))
        .doc("Whether both are the same address, whatever the ports."),
])
.doc("Address of a socket.");

/// Its rows.
pub static IP_SUBNET: Class = Class::of::<IpSubnet>(&[
    class_method("new(pool, ip, [mask])", new_subnet)
        .doc("The range of an address and a mask or a number of bits, or of the beginning of an address."),
    method("test(address)", |n: &IpSubnet, address: &SockAddr| i64::from(n.has(address)))
        .doc("Whether an address lies in this range."),
])
.doc("A range of addresses.");

fn new_subnet(_class: ClassName, pool: Obj<Pool>, ip: &[u8], mask: Option<&[u8]>) -> Result<Owned<IpSubnet>> {
    let made = IpSubnet::new(&pool, ip, mask);
    Ok(pool.owns(made.map_err(|s| Raise::status(s.code(), "APR::IpSubnet::new"))?))
}
