//! `Apache2::Command`: a directive of a module of httpd's.

use httpd::CommandRec;
use interp::*;

/// Its rows.
pub static COMMAND: Class = Class::of::<CommandRec>(&[
    ro("name", CommandRec::name).doc("Its name."),
    ro("errmsg", CommandRec::usage).doc("The text that a wrong use of the directive shows."),
    ro("args_how", CommandRec::arguments).doc("How the directive takes its arguments: TAKE1 and the like."),
    ro("req_override", CommandRec::places).doc("Where the directive may stand: OR_*."),
    ro("next", CommandRec::next).doc("The next directive of the same module."),
])
.doc("A directive of a module.");
