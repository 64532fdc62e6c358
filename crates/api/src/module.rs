//! `Apache2::Module`: the modules of httpd.

use httpd::{Loaded, Server};
use interp::*;

/// Its rows.
pub static MODULE_CLASS: Class = Class::of::<Loaded>(&[
    function("top_module()", first).doc("The first module of httpd's."),
    function("find_linked_module(name)", named).doc("The module whose source has this name: mod_mime.c."),
    ro("name", Loaded::name).doc("The name of the module's source file: mod_mime.c."),
    ro("next", Loaded::next).doc("The next one."),
    ro("module_index", Loaded::index).doc("Its number."),
    ro("cmds", Loaded::commands).doc("The first of the module's directives; undef if it has none."),
    method("is_shared()", |m: &Loaded| i64::from(m.is_shared())).doc("Whether the module was loaded by LoadModule."),
    method("ap_api_major_version()", Loaded::api_major)
        .doc("The major number of the httpd that the module was compiled for."),
    method("ap_api_minor_version()", Loaded::api_minor)
        .doc("The minor number of the httpd that the module was compiled for."),
    method("remove_loaded_module()", |_: &Loaded| Err::<(), _>(Fail::from(HAS_HOOKS)))
        .only(PERL)
        .doc("Dies: httpd keeps the hooks of a module in C."),
])
.doc("A module of httpd.");

/// The process would end at the first of them.
const HAS_HOOKS: &str = "httpd keeps the hooks of a module in C, so none can be taken away";

/// Modules last as long as a configuration, as its servers do.
fn of_server(module: Option<&Loaded>) -> Result<Option<Owned<Loaded>>> {
    let Some(module) = module else { return Ok(None) };
    let ticket = Server::with_main(|main| Ok::<_, Fail>(runtime()?.ticket(Owner::of(main))));
    Ok(Some(Owned::by(module, ticket.ok_or("there is no server yet")??)))
}

fn first() -> Result<Option<Owned<Loaded>>> {
    Server::with_main(|main| of_server(Loaded::first(main))).ok_or("there is no server yet")?
}

fn named(name: &[u8]) -> Result<Option<Owned<Loaded>>> {
    Server::with_main(|main| of_server(Loaded::named(main, name))).ok_or("there is no server yet")?
}
