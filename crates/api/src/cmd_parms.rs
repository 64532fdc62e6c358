//! `Apache2::CmdParms`: a line of the configuration while it is read.

use httpd::Command;
use interp::*;

/// Its rows: no code of Lua's runs while the configuration is read.
pub static CMD_PARMS: Class = Class::of::<Command>(&[
    ro("override", |p: &Command| i64::from(p.override_bits()))
        .only(PERL)
        .doc("What is allowed in the place where the line stands: OR_*."),
    ro("path", |p: &Command| p.path().map(<[u8]>::to_vec)).only(PERL).doc("What the section around it is for."),
    ro("server", Command::server).only(PERL).doc("The server that the line belongs to."),
])
.doc("A line of the configuration while it is read.");
