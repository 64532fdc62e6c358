//! The package `apache2`: mod_lua's constants, and beside them all of `Apache2::Const`'s.

use crate::consts;
use httpd::{ffi, server};
use interp::{
    Const::{self, Int},
    Consts, LUA,
};

type Group = (&'static str, &'static [(&'static str, Const)]);

/// mod_lua's own.
static MOD_LUA: &[(&str, Const)] = &[
    ("OK", Int(ffi::OK as i64)),
    ("DECLINED", Int(ffi::DECLINED as i64)),
    ("DONE", Int(ffi::DONE as i64)),
    ("HTTP_MOVED_TEMPORARILY", Int(ffi::HTTP_MOVED_TEMPORARILY as i64)),
    ("PROXYREQ_NONE", Int(ffi::PROXYREQ_NONE as i64)),
    ("PROXYREQ_PROXY", Int(ffi::PROXYREQ_PROXY as i64)),
    ("PROXYREQ_REVERSE", Int(ffi::PROXYREQ_REVERSE as i64)),
    ("PROXYREQ_RESPONSE", Int(ffi::PROXYREQ_RESPONSE as i64)),
    ("AUTHZ_DENIED", Int(0)),
    ("AUTHZ_GRANTED", Int(1)),
    ("AUTHZ_NEUTRAL", Int(2)),
    ("AUTHZ_GENERAL_ERROR", Int(3)),
    ("AUTHZ_DENIED_NO_USER", Int(4)),
    ("HTTP_CONTINUE", Int(ffi::HTTP_CONTINUE as i64)),
    ("HTTP_SWITCHING_PROTOCOLS", Int(ffi::HTTP_SWITCHING_PROTOCOLS as i64)),
    ("HTTP_PROCESSING", Int(ffi::HTTP_PROCESSING as i64)),
    ("HTTP_OK", Int(ffi::HTTP_OK as i64)),
    ("HTTP_CREATED", Int(ffi::HTTP_CREATED as i64)),
    ("HTTP_ACCEPTED", Int(ffi::HTTP_ACCEPTED as i64)),
    ("HTTP_NON_AUTHORITATIVE", Int(ffi::HTTP_NON_AUTHORITATIVE as i64)),
    ("HTTP_NO_CONTENT", Int(ffi::HTTP_NO_CONTENT as i64)),
    ("HTTP_RESET_CONTENT", Int(ffi::HTTP_RESET_CONTENT as i64)),
    ("HTTP_PARTIAL_CONTENT", Int(ffi::HTTP_PARTIAL_CONTENT as i64)),
    ("HTTP_MULTI_STATUS", Int(ffi::HTTP_MULTI_STATUS as i64)),
    ("HTTP_ALREADY_REPORTED", Int(ffi::HTTP_ALREADY_REPORTED as i64)),
    ("HTTP_IM_USED", Int(ffi::HTTP_IM_USED as i64)),
    ("HTTP_MULTIPLE_CHOICES", Int(ffi::HTTP_MULTIPLE_CHOICES as i64)),
    ("HTTP_MOVED_PERMANENTLY", Int(ffi::HTTP_MOVED_PERMANENTLY as i64)),
    ("HTTP_SEE_OTHER", Int(ffi::HTTP_SEE_OTHER as i64)),
    ("HTTP_NOT_MODIFIED", Int(ffi::HTTP_NOT_MODIFIED as i64)),
    ("HTTP_USE_PROXY", Int(ffi::HTTP_USE_PROXY as i64)),
    ("HTTP_TEMPORARY_REDIRECT", Int(ffi::HTTP_TEMPORARY_REDIRECT as i64)),
    ("HTTP_PERMANENT_REDIRECT", Int(ffi::HTTP_PERMANENT_REDIRECT as i64)),
    ("HTTP_BAD_REQUEST", Int(ffi::HTTP_BAD_REQUEST as i64)),
    ("HTTP_UNAUTHORIZED", Int(ffi::HTTP_UNAUTHORIZED as i64)),
    ("HTTP_PAYMENT_REQUIRED", Int(ffi::HTTP_PAYMENT_REQUIRED as i64)),
    ("HTTP_FORBIDDEN", Int(ffi::HTTP_FORBIDDEN as i64)),
    ("HTTP_NOT_FOUND", Int(ffi::HTTP_NOT_FOUND as i64)),
    ("HTTP_METHOD_NOT_ALLOWED", Int(ffi::HTTP_METHOD_NOT_ALLOWED as i64)),
    ("HTTP_NOT_ACCEPTABLE", Int(ffi::HTTP_NOT_ACCEPTABLE as i64)),
    ("HTTP_PROXY_AUTHENTICATION_REQUIRED", Int(ffi::HTTP_PROXY_AUTHENTICATION_REQUIRED as i64)),
    ("HTTP_REQUEST_TIME_OUT", Int(ffi::HTTP_REQUEST_TIME_OUT as i64)),
    ("HTTP_CONFLICT", Int(ffi::HTTP_CONFLICT as i64)),
    ("HTTP_GONE", Int(ffi::HTTP_GONE as i64)),
    ("HTTP_LENGTH_REQUIRED", Int(ffi::HTTP_LENGTH_REQUIRED as i64)),
    ("HTTP_PRECONDITION_FAILED", Int(ffi::HTTP_PRECONDITION_FAILED as i64)),
    ("HTTP_REQUEST_ENTITY_TOO_LARGE", Int(ffi::HTTP_REQUEST_ENTITY_TOO_LARGE as i64)),
    ("HTTP_REQUEST_URI_TOO_LARGE", Int(ffi::HTTP_REQUEST_URI_TOO_LARGE as i64)),
    ("HTTP_UNSUPPORTED_MEDIA_TYPE", Int(ffi::HTTP_UNSUPPORTED_MEDIA_TYPE as i64)),
    ("HTTP_RANGE_NOT_SATISFIABLE", Int(ffi::HTTP_RANGE_NOT_SATISFIABLE as i64)),
    ("HTTP_EXPECTATION_FAILED", Int(ffi::HTTP_EXPECTATION_FAILED as i64)),
    ("HTTP_UNPROCESSABLE_ENTITY", Int(ffi::HTTP_UNPROCESSABLE_ENTITY as i64)),
    ("HTTP_LOCKED", Int(ffi::HTTP_LOCKED as i64)),
    ("HTTP_FAILED_DEPENDENCY", Int(ffi::HTTP_FAILED_DEPENDENCY as i64)),
    ("HTTP_UPGRADE_REQUIRED", Int(ffi::HTTP_UPGRADE_REQUIRED as i64)),
    ("HTTP_PRECONDITION_REQUIRED", Int(ffi::HTTP_PRECONDITION_REQUIRED as i64)),
    ("HTTP_TOO_MANY_REQUESTS", Int(ffi::HTTP_TOO_MANY_REQUESTS as i64)),
    ("HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE", Int(ffi::HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE as i64)),
    ("HTTP_INTERNAL_SERVER_ERROR", Int(ffi::HTTP_INTERNAL_SERVER_ERROR as i64)),
    ("HTTP_NOT_IMPLEMENTED", Int(ffi::HTTP_NOT_IMPLEMENTED as i64)),
    ("HTTP_BAD_GATEWAY", Int(ffi::HTTP_BAD_GATEWAY as i64)),
    ("HTTP_SERVICE_UNAVAILABLE", Int(ffi::HTTP_SERVICE_UNAVAILABLE as i64)),
    ("HTTP_GATEWAY_TIME_OUT", Int(ffi::HTTP_GATEWAY_TIME_OUT as i64)),
    ("HTTP_VERSION_NOT_SUPPORTED", Int(ffi::HTTP_VERSION_NOT_SUPPORTED as i64)),
    ("HTTP_VARIANT_ALSO_VARIES", Int(ffi::HTTP_VARIANT_ALSO_VARIES as i64)),
    ("HTTP_INSUFFICIENT_STORAGE", Int(ffi::HTTP_INSUFFICIENT_STORAGE as i64)),
    ("HTTP_LOOP_DETECTED", Int(ffi::HTTP_LOOP_DETECTED as i64)),
    ("HTTP_NOT_EXTENDED", Int(ffi::HTTP_NOT_EXTENDED as i64)),
    ("HTTP_NETWORK_AUTHENTICATION_REQUIRED", Int(ffi::HTTP_NETWORK_AUTHENTICATION_REQUIRED as i64)),
];

const COUNT: usize = consts::CONST.groups.len() + 1;

static GROUPS: [Group; COUNT] = {
    let mut groups: [Group; COUNT] = [("mod_lua", MOD_LUA); COUNT];
    let mut i = 1;
    while i < COUNT {
        groups[i] = consts::CONST.groups[i - 1];
        i += 1;
    }
    groups
};

/// All of them. A name that stands in several groups has the same value in each.
pub static CONST: Consts = Consts { package: "apache2", langs: LUA, groups: &GROUPS };

/// `apache2.version`: what the `Server` header says. Known once the configuration is read.
pub fn version() -> &'static [u8] {
    server::banner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_name_has_one_value_and_mod_luas_are_there() {
        let mut values = HashMap::new();
        for (name, value) in CONST.groups.iter().flat_map(|g| g.1) {
            assert_eq!(values.insert(name, value).unwrap_or(value), value, "{name}");
        }
        assert_eq!(CONST.get("HTTP_MOVED_TEMPORARILY"), Some(Int(302)));
        assert_eq!((CONST.get("DECLINED"), CONST.get("PROXYREQ_REVERSE")), (Some(Int(-1)), Some(Int(2))));
        assert_eq!((CONST.get("AUTHZ_DENIED_NO_USER"), CONST.get("M_POST")), (Some(Int(4)), Some(Int(2))));
    }
}
