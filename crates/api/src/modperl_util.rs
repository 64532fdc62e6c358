//! `ModPerl::Util`: the module itself. Most of it is Perl, in `lib/ModPerl/Util.pm`.

use interp::*;

/// Functions of the package.
pub static MODPERL_UTIL: Class = Class::new(
    "ModPerl::Util",
    &[function("current_callback()", || Ok::<_, Fail>(runtime()?.current_phase()))
        .doc("Name of the running phase's directive.")],
)
.doc("The module itself.");
