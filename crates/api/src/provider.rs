//! `Apache2::Provider`: httpd's register of what modules offer one another.

use interp::*;

/// Functions of the package.
pub static PROVIDER: Class = Class::new(
    "Apache2::Provider",
    &[function("register_provider(pool, group, name, version, provider)", register)
        .only(PERL)
        .doc("Dies: a provider is a structure of C's. Apache2::RequestUtil::register_auth_provider takes code.")],
)
.doc("Providers of httpd's.");

fn register(_pool: &apr::Pool, _group: &[u8], _name: &[u8], _version: &[u8], _provider: Any) -> Result<i32> {
    Err("a provider is a structure of C's, which a script has not: Apache2::RequestUtil::register_auth_provider takes code"
        .into())
}
