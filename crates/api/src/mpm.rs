//! `Apache2::MPM`: the multi-processing module.

use httpd::mpm;
use interp::*;

/// Functions of the package.
pub static MPM: Class = Class::new(
    "Apache2::MPM",
    &[
        class_method("is_threaded()", |_class: ClassName| mpm::is_threaded())
            .doc("Whether requests are served by threads."),
        class_method("query(what)", |_class: ClassName, what: i32| httpd::util::mpm_query(what))
            .doc("What the MPM says of itself: MPMQ_*; undef for what it does not know."),
        class_method("show()", |_class: ClassName| mpm::name()).doc("Name of the MPM, prefork or event."),
    ],
)
.doc("The multi-processing module.");
