//! `ModPerl::Util`: the module itself. Most of it is Perl, in `lib/ModPerl/Util.pm`.

use super::host::host;
use interp::*;

/// Functions of the package.
pub static MODPERL_UTIL: Class = Class::new(
    "ModPerl::Util",
    &[function("current_callback()", || Ok::<_, Fail>(host()?.calls.phase()))
        .doc("Name of the running phase's directive.")],
)
.doc("The module itself.");
