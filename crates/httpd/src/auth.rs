//! What a provider of authentication or authorization answers.

use crate::ffi;
use std::ffi::c_int;

/// `AP_AUTH_INTERNAL_PER_CONF`: subrequests whose section says the same are not asked again.
pub const PER_CONF: c_int = ffi::AP_AUTH_INTERNAL_PER_CONF as c_int;
/// `AUTH_DENIED`.
pub const AUTH_DENIED: c_int = ffi::AUTH_DENIED as c_int;
/// `AUTH_GENERAL_ERROR`, the last of its kind: the answer is 500, or 503 after [`crate::provider::is_busy`].
pub const AUTH_GENERAL_ERROR: c_int = ffi::AUTH_GENERAL_ERROR as c_int;
/// `AUTHZ_DENIED`.
pub const AUTHZ_DENIED: c_int = ffi::AUTHZ_DENIED as c_int;
/// `AUTHZ_GENERAL_ERROR`: as [`AUTH_GENERAL_ERROR`].
pub const AUTHZ_GENERAL_ERROR: c_int = ffi::AUTHZ_GENERAL_ERROR as c_int;
/// `AUTHZ_DENIED_NO_USER`, the last of its kind.
pub const AUTHZ_DENIED_NO_USER: c_int = ffi::AUTHZ_DENIED_NO_USER as c_int;
