//! `Apache2::Util` and `ModPerl::Util`: what fits nowhere else.

use interp::*;

/// Functions of the package.
pub static UTIL: Class = Class::new("Apache2::Util", &[]).doc("Helpers.");

/// Functions of the package.
pub static MODPERL_UTIL: Class = Class::new(
    "ModPerl::Util",
    &[function("current_callback()", || Ok::<_, Fail>(runtime()?.current_phase()))
        .doc("Name of the running phase's directive.")],
)
.doc("The module itself.");
