//! `Apache2::FilterRec`: a kind of filter.

use httpd::FilterRec;
use interp::*;

/// Its rows.
pub static FILTER_REC: Class = Class::of::<FilterRec>(&[
    ro("name", FilterRec::name).doc("The name under which the filter was registered, in lower case."),
    ro("next", FilterRec::next).doc("The next one of a harness."),
])
.doc("A kind of filter.");
