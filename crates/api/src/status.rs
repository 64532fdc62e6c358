//! `ModInterp::Status`: what a script may know of the interpreter it runs in. Ours alone; mod_perl has no such class.

use super::host::host;
use httpd::Server;
use interp::*;

/// Its rows.
pub static STATUS: Class = Class::new(
    "ModInterp::Status",
    &[
        class_method("interpreter()", |_class: ClassName| Ok::<_, Fail>(host()?.figures.interpreter() as i64))
            .doc("Number of the interpreter in its process: counted from 1, 0 for the parent interpreter."),
        class_method("class()", |_class: ClassName| {
            Ok::<_, Fail>(host()?.figures.class().unwrap_or_else(|| b"default".to_vec()))
        })
        .doc("Name of the interpreter's class; default for the server's own interpreters."),
        class_method("setting(name)", |_class: ClassName, name: &[u8]| {
            Ok::<_, Fail>(host()?.figures.setting(name).map(|word| word.as_bytes().to_vec()))
        })
        .doc("The word that holds for this call of a directive such as PerlClassErrorPage, which is named without Perl; None of one that takes no word."),
        class_method("reload()", |_class: ClassName| Ok::<_, Fail>(host()?.figures.reload())).doc(
            "Has this interpreter replaced by another one when its request is done with it. False without threads, where the server's own \
             interpreter is the process.",
        ),
        class_method("reload_all()", |_class: ClassName| {
            host()?.figures.reload_all();
            Ok::<_, Fail>(())
        })
        .doc("Has all interpreters of this one's class replaced, in all child processes: idle ones at once, others when they are done."),
        class_method("server()", |_class: ClassName| Ok::<_, Fail>(runtime()?.current_object::<Server>()))
            .doc("The server whose interpreters run this call; where several share them, the first of these."),
        class_method("end_process()", |_class: ClassName| host()?.figures.end_process()).doc(
            "Has this process take no more connections; it ends when those that it has are over, and the server makes another one. As after MaxConnectionsPerChild. False if that was said before.",
        ),
        class_method("pool()", pool).doc(
            "Names and figures of the process's pool of interpreters, as a list for a hash; empty without threads.",
        ),
        class_method("figures()", figures).doc(
            "What all processes have counted of the interpreters of this one's class, as a list for a hash: docs/figures.md has the names, here without mod_interp_ and _total, and with the label's value behind a point, as in errors.died. Times are seconds.",
        ),
    ],
)
.doc("The interpreter and its pool.");

fn figures(_class: ClassName) -> Result<List<Vec<u8>>> {
    let figures = host()?.figures.figures();
    Ok(List(figures.into_iter().flat_map(|(name, number)| [name.into_bytes(), number.into_bytes()]).collect()))
}

fn pool(_class: ClassName) -> Result<List<Vec<u8>>> {
    let figures = host()?.figures.pool();
    Ok(List(figures.iter().flat_map(|(name, n)| [name.as_bytes().to_vec(), n.to_string().into_bytes()]).collect()))
}
