//! `Apache2::Module`: the modules of httpd; `Apache2::Command`: their directives; `Apache2::CmdParms`: a line that is read.

use httpd::{CmdParms, CommandRec, Loaded, Server};
use interp::*;

/// Its rows.
pub static MODULE_CLASS: Class = Class::of::<Loaded>(&[
    function("top_module()", || of_server(Loaded::first())).doc("The first module of httpd's."),
    function("find_linked_module(name)", |name: &[u8]| of_server(Loaded::named(name)))
        .doc("The module whose source has this name: mod_mime.c."),
    ro("name", Loaded::name).doc("The name of the module's source file: mod_mime.c."),
    ro("next", Loaded::next).doc("The next one."),
    ro("module_index", Loaded::index).doc("Its number."),
    ro("cmds", Loaded::commands).doc("The first of the module's directives; undef if it has none."),
    method("is_shared()", |m: &Loaded| i64::from(m.is_shared())).doc("Whether the module was loaded by LoadModule."),
    method("ap_api_major_version()", Loaded::api_major)
        .doc("The major number of the httpd that the module was compiled for."),
    method("ap_api_minor_version()", Loaded::api_minor)
        .doc("The minor number of the httpd that the module was compiled for."),
])
.doc("A module of httpd.");

/// Its rows.
pub static COMMAND: Class = Class::of::<CommandRec>(&[
    ro("name", CommandRec::name).doc("Its name."),
    ro("errmsg", CommandRec::usage).doc("The text that a wrong use of the directive shows."),
    ro("args_how", CommandRec::arguments).doc("How the directive takes its arguments: TAKE1 and the like."),
    ro("req_override", CommandRec::places).doc("Where the directive may stand: OR_*."),
    ro("next", CommandRec::next).doc("The next directive of the same module."),
])
.doc("A directive of a module.");

/// Its rows: no code of Lua's runs while the configuration is read.
pub static CMD_PARMS: Class = Class::of::<CmdParms>(&[
    ro("override", |p: &CmdParms| i64::from(p.command().override_bits()))
        .only(PERL)
        .doc("What is allowed in the place where the line stands: OR_*."),
    ro("path", |p: &CmdParms| p.command().path().map(<[u8]>::to_vec))
        .only(PERL)
        .doc("What the section around it is for."),
    ro("server", |p: &CmdParms| p.command().server()).only(PERL).doc("The server that the line belongs to."),
])
.doc("A line of the configuration while it is read.");

/// Modules last as long as a configuration, as its servers do.
fn of_server(module: Option<Loaded>) -> Result<Option<Owned<Loaded>>> {
    let Some(module) = module else { return Ok(None) };
    let server = Server::main().ok_or("there is no server yet")?;
    Ok(Some(Owned::by(module, runtime()?.ticket(Owner::of(&server)))))
}
